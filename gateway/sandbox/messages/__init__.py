"""Bundles as an EHR would send them, about persons of the synthetic series: the messages of `samspill demo`.

`graded`, `full` (a second diagnosis and a note to NAV) and `faulty` (an unknown diagnosis and activity, a missing end
date, wrong types) are message bundles, `treatment-days` is NAV's batch pair (QuestionnaireResponse and
DocumentReference under one id), and `clinical` says the diagnoses as Conditions of an Encounter, as an
ordinary EHR holds them, and only the periods in a form.
"""

from importlib import resources

NAMES = ("graded", "full", "treatment-days", "clinical", "faulty")


def load(name: str) -> bytes:
    """Give the bundle `name` as FHIR JSON. Raises `FileNotFoundError` when there is none."""
    return (resources.files(__name__) / f"{name}.json").read_bytes()
