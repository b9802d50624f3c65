"""Bundles as an EHR would send them, about persons of the synthetic series: the messages of `samspill demo`.

`graded`, `full` (a second diagnosis and a note to NAV) and `faulty` (an unknown diagnosis and activity, a missing end
date, wrong types) are message bundles, `treatment-days` is NAV's batch pair (QuestionnaireResponse and
DocumentReference under one id), and `clinical` says the diagnoses as Conditions of an Encounter, as an
ordinary EHR holds them, and only the periods in a form.
"""

import re
from datetime import date, timedelta
from importlib import resources
from typing import Final

NAMES = ("graded", "full", "treatment-days", "clinical", "faulty")


WRITTEN: Final = date(2026, 11, 21)
"""The day after the last of them was signed. NAV rejects notes from tomorrow, and those of three years ago."""

_DAY = re.compile(rb"20(?:26|27)-\d\d-\d\d")


def load(name: str) -> bytes:
    """Give the bundle `name` as FHIR JSON. Raises `FileNotFoundError` when there is none."""
    return (resources.files(__name__) / f"{name}.json").read_bytes()


def dated(message: bytes, today: date) -> bytes:
    """Give a message of the autumn of 2026 as if it were signed within two weeks before `today`.

    Its days are moved by whole weeks, so that each stays the day of the week that it was.
    """
    moved = timedelta(weeks=(today - WRITTEN).days // 7)

    def move(day: re.Match[bytes]) -> bytes:
        try:
            return (date.fromisoformat(day[0].decode()) + moved).isoformat().encode()
        except ValueError:
            return day[0]  # a fault that the message is there to show

    return _DAY.sub(move, message)
