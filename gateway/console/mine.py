"""The patient's own page: who was given what, why, and what the patient has said yes and no to.

Rule ids, field paths and what staff wrote are left out; each event is told in the words that its rules have for it.
"""

import asyncio
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

import orjson
from starlette.exceptions import HTTPException
from starlette.responses import Response

from gateway.console import consent_words
from gateway.console.desk import Desk
from gateway.console.sessions import Standing
from gateway.console.visit import Visit
from gateway.console.words import Words
from gateway.core.audit import AuditAction, AuditEntry, Outcome
from gateway.core.errors import Issue, NotAcceptable
from gateway.core.identifiers import ORGANISATION_SYSTEM, Kind, kind_of
from gateway.core.vocabulary import Purpose, Role
from gateway.edge.audit.search import Filter
from gateway.edge.identity.access import Caller
from gateway.edge.identity.parties import Party
from gateway.policy.consent import purpose_coding

SHOWN: Final = 500
TOLD: Final = {
    AuditAction.DISCLOSED: "shared",
    AuditAction.GLASS_OPENED: "glass",
    AuditAction.CONSENT: "consent",
    AuditAction.ERASED: "erased",
}
"""The events that a patient is told of one by one, as words of `events`."""
LOOKS: Final = frozenset({AuditAction.LOG_READ, AuditAction.LOG_EXPORT, AuditAction.REVIEW_READ})
MAY_BE_GIVEN: Final = frozenset({Role.EMPLOYER, Role.OCCUPATIONAL_HEALTH, Role.COORDINATOR, Role.CAREGIVER})
FOR: Final = (Purpose.SICK_LEAVE_FOLLOW_UP, Purpose.COORDINATION, Purpose.TREATMENT)
NUMBERS: Final[Mapping[Kind | None, str]] = {
    Kind.NATIONAL_NUMBER: "urn:oid:2.16.578.1.12.4.1.4.1",
    Kind.D_NUMBER: "urn:oid:2.16.578.1.12.4.1.4.2",
    Kind.PERSONNUMMER: "http://electronichealth.se/identifier/personnummer",
    Kind.SAMORDNINGSNUMMER: "http://electronichealth.se/identifier/samordningsnummer",
}
"""How FHIR names the kinds of number that a person has."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened: a word of `events`, when (epoch seconds), to whom, and why, in plain words."""

    what: str
    at: float
    party: str
    why: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Told:
    """The answer to «who has got information about me»: how often each, and each event, the newest first.

    `looks` are when officers looked (epoch seconds), the newest first; `all` says that nothing older was left out.
    """

    often: tuple[tuple[str, int], ...]
    glass: int
    looks: tuple[float, ...]
    events: tuple[Event, ...]
    all: bool


def mine(visit: Visit) -> Response:
    """Give the patient's own page; the look is in the log as well."""
    who = visit.session.person
    visit.desk.look(visit.session, "mine", patient=who)
    return visit.page(
        "mine",
        told=told(visit.desk, who, visit.words),
        consents=consent_words.given_by(visit.desk, who),
        parties=[one for one in visit.desk.registry.parties.values() if one.roles & MAY_BE_GIVEN and one.organisation],
        purposes=FOR,
        wrong="",
    )


def told(desk: Desk, patient: str, words: Words) -> Told:
    """Tell what happened to a patient's data."""
    found = [one.entry for one in desk.entries(Filter(patient=patient), SHOWN)]
    decided = {one.message: one for one in reversed(found) if one.action is AuditAction.DECIDED}
    told_of = [one for one in found if one.action in TOLD and one.outcome is not Outcome.DENIED]
    looks = tuple(one.recorded_at for one in found if one.action in LOOKS and one.actor != "patient")
    once = {_once(one): one for one in reversed(told_of)}
    events = [_event(desk, one, decided.get(one.message), words) for one in reversed(once.values())]
    often = Counter(one.party for one in events if one.what == "shared")
    glass = sum(one.what == "glass" for one in events)
    return Told(tuple(often.most_common()), glass, looks, tuple(events), len(found) < SHOWN)


def _once(entry: AuditEntry) -> str:
    """Give what makes an entry the same event as another: a message goes once, however often it was tried.

    What somebody reads, of a message or of a case, is an event each time.
    """
    return entry.message if TOLD[entry.action] == "shared" and entry.message and not entry.person else entry.id


def _event(desk: Desk, entry: AuditEntry, decided: AuditEntry | None, words: Words) -> Event:
    disclosure = entry.disclosure or (decided.disclosure if decided else None)
    rules = {rule.id: rule for rule in desk.rulebook.table.rules}
    said = [rules[one] for one in (disclosure.permitted if disclosure else ()) if one in rules]
    what = TOLD[entry.action]
    return Event(
        what=what,
        at=entry.recorded_at,
        party=desk.party(entry.recipient or entry.actor),
        why=tuple(getattr(rule, words.language, rule.nb) for rule in said) if what in {"shared", "glass"} else (),
        reason=entry.reason if what == "glass" else "",
    )


def withdraw(visit: Visit) -> Response:
    """Withdraw one of the patient's own consents; what waits on it is decided anew before this answers."""
    who, number = visit.session.person, visit.session.number
    wanted = visit.form.get("consent", "")
    for one in visit.desk.register.for_patient(who):
        resource: dict[str, Any] = orjson.loads(one.resource)
        if visit.session.pseudonym(wanted) == str(resource.get("id")) and one.status == "active":
            raw = orjson.dumps({**resource, "status": "inactive"})
            asyncio.run(visit.desk.register.put(str(resource["id"]), raw, number, "inactive", "patient"))
            return visit.go("/mine", "withdrawn")
    raise HTTPException(404)


def give(visit: Visit) -> Response:
    """Give a consent: to one organisation, for one purpose, until a day."""
    party = visit.desk.registry.party(visit.form.get("party", ""))
    purpose = next((one for one in FOR if one == visit.form.get("purpose")), None)
    until = _until(visit.form.get("until", ""))
    if party is None or not party.roles & MAY_BE_GIVEN or purpose is None:
        raise NotAcceptable([Issue("value", "", "this consent cannot be given here")])
    resource = consent(visit.session.number, party.organisation, purpose, until)
    patient = Party(id="patient", name="", roles=frozenset({Role.PATIENT}))
    caller = Caller(patient, frozenset(), "console", visit.session.number)
    asyncio.run(visit.desk.consents.put(None, resource, caller, None))
    return visit.go("/mine", "given")


def _until(text: str) -> date:
    """Read a day that is still to come: `1.4.2027` or `2027-04-01`."""
    try:
        parts = [int(one) for one in text.replace("-", ".").split(".")]
        day = date(*parts) if parts[0] > 31 else date(parts[2], parts[1], parts[0])  # noqa: PLR2004 - a year, then
    except (ValueError, IndexError, TypeError):
        raise NotAcceptable([Issue("value", "until", "this is no day", "write 1.4.2027")]) from None
    if day <= datetime.now(UTC).date():
        raise NotAcceptable([Issue("value", "until", "this day is over", "write one that is to come")])
    return day


def consent(number: str, organisation: str, purpose: Purpose, until: date) -> Mapping[str, Any]:
    """Give the FHIR Consent that a form on the patient's page says. `number` is one that names a person."""
    who = {"identifier": {"system": NUMBERS[kind_of(number)], "value": number}}
    system, code = purpose_coding(purpose)
    role = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"}]}
    organised = {"identifier": {"system": ORGANISATION_SYSTEM, "value": organisation}}
    scope = {"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}
    opt_in = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "OPTIN"}
    return {
        "resourceType": "Consent",
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{uuid.uuid4()}"}],
        "status": "active",
        "scope": {"coding": [scope]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": who,
        "dateTime": datetime.now(UTC).isoformat(timespec="seconds"),
        "performer": [who],
        "policyRule": {"coding": [opt_in]},
        "provision": {
            "type": "permit",
            "period": {"end": until.isoformat()},
            "actor": [{"role": role, "reference": organised}],
            "purpose": [{"system": system, "code": code}],
        },
    }


PATIENT = (Standing.PATIENT,)
PAGES = (
    ("GET", "/mine", PATIENT, mine),
    ("POST", "/mine/withdraw", PATIENT, withdraw),
    ("POST", "/mine/give", PATIENT, give),
)
