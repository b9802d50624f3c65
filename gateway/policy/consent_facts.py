"""From the Consents about a patient to the facts that the rule table reads: `consent`, by class, and `patient-act`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from gateway.core.vocabulary import DataClass
from gateway.policy.consent import Outcome, Result, evaluate
from gateway.policy.labels import Security
from gateway.policy.provision import Coding, Json, Request, Unreadable, items, names_in, names_of, span

CLASS_SYSTEM = "https://samspill.example/fhir/CodeSystem/data-class"
"""Our data classes as security labels, so that a provision can name them (PCF forbids `class` and `code`)."""

NONE = "none"
"""The fact `consent` where no Consent says anything."""

_WITHDRAWN = frozenset({"inactive", "rejected", "entered-in-error"})


def consent_fact(results: Iterable[Result]) -> str | None:
    """Give the fact `consent` from the results of every Consent about the patient, or none when it is unknown.

    Any explicit deny is a deny, whatever else there is and whichever is newer; then any doubt is unknown; then any
    permit is a permit. «Not covered» is no deny, else two consents for two purposes would cancel each other.
    """
    every = tuple(results)
    if any(one.explicit_deny for one in every):
        return "deny"
    if any(one.unsure for one in every):
        return None
    return "permit" if any(one.outcome is Outcome.PERMIT for one in every) else NONE


def consent_facts(
    consents: Sequence[Any] | None,
    request: Request,
    message: str | None = None,
    labels: Mapping[str, Security] | None = None,
) -> dict[str, dict[str, str]]:
    """Give the fact `consent` for each data class; without an answer from the consent store (none) nothing is known.

    A class is put to a Consent as a resource named after the message (`Bundle/<message>`) that carries the class as a
    label of `CLASS_SYSTEM`, besides its confidentiality and sensitivities (`labels`, by class).
    """
    facts: dict[str, dict[str, str]] = {}
    if consents is not None and not consents:
        return {data_class: {"consent": NONE} for data_class in DataClass}
    for data_class in DataClass if consents is not None else ():
        security = (labels or {}).get(data_class, Security())
        asked = replace(request, resource=_message(message, ((CLASS_SYSTEM, data_class), *security.codings())))
        fact = consent_fact(evaluate(consent, asked) for consent in consents or ())
        if fact is not None:
            facts[data_class] = {"consent": fact}
    return facts


def _message(message: str | None, labels: Iterable[Coding]) -> Json:
    marks = [{"system": system, "code": code} for system, code in labels]
    return {"resourceType": "Bundle", **({"id": message} if message else {}), "meta": {"security": marks}}


def patient_act(consents: Sequence[Any] | None, request: Request, message: str) -> str | None:
    """Give the fact `patient-act`: whether the patient has sent this very message to this recipient.

    The act is a Consent that is in force and permits the request, without exceptions, with the patient as its only
    performer, the recipient among its actors, and the message as its datum (`data`, meaning `instance`, by
    `Bundle/<message>`, `urn:uuid:<message>` or an identifier of that value). Withdrawn (such a Consent, no longer
    active, and none that is) is `false`; none at all, or no answer from the store, is unknown.
    """
    acts = [one for one in consents or () if isinstance(one, Mapping) and _is_act(one, request, message)]
    asked = replace(request, resource=_message(message, ()))
    if any(evaluate(one, asked).outcome is Outcome.PERMIT for one in acts):
        return "true"
    return "false" if any(one.get("status") in _WITHDRAWN for one in acts) else None


def _is_act(consent: Json, request: Request, message: str) -> bool:
    try:
        root = consent.get("provision")
        if not isinstance(root, Mapping) or root.get("type") != "permit" or root.get("provision"):
            return False
        patient = names_in(consent.get("patient"))
        performers = [names_in(one) for one in items(consent.get("performer", []))]
        actors = [name for one in items(root.get("actor", [])) for name in names_in(one.get("reference"))]
        data = items(root.get("data", []))
    except Unreadable:
        return False
    itself = names_of({"resourceType": "Bundle", "id": message})
    return (
        bool(performers)
        and all(any(name in patient for name in names) for names in performers)
        and any(actor in request.actors for actor in actors)
        and bool(data)
        and all(one.get("meaning") == "instance" for one in data)
        and any(
            name in itself or name.endswith(f"|{message}") for one in data for name in names_in(one.get("reference"))
        )
    )


def changes_at(consents: Iterable[Any], after: datetime) -> datetime | None:
    """Give the first moment after `after` at which a period in any active Consent begins or ends."""
    moments: list[datetime] = []
    for consent in consents:
        if isinstance(consent, Mapping) and consent.get("status") == "active":
            for period in _periods(consent.get("provision")):
                try:
                    moments += [span(period["start"])[0]] if period.get("start") else []
                    moments += [span(period["end"])[1]] if period.get("end") else []
                except Unreadable:
                    continue
    return min((moment for moment in moments if moment > after), default=None)


def _periods(provision: object) -> Iterator[Json]:
    if isinstance(provision, Mapping):
        if isinstance(provision.get("period"), Mapping):
            yield provision["period"]
        below = provision.get("provision")
        for one in below if isinstance(below, list) else ():
            yield from _periods(one)
