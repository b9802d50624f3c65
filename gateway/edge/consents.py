"""Consents over HTTP: taken in only when they can be evaluated, kept by version, and acted on.

A Consent that is the patient's own act («send this note to that employer») also sends the note: it adds the employer
as a recipient, and the rules then decide like any others.
"""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from gateway.core.errors import Issue, NotAcceptable, Refused, Severity
from gateway.core.vocabulary import Role
from gateway.edge.acts import Acts
from gateway.edge.http.consent_search import Query
from gateway.edge.http.services import ConsentVersion, Stale
from gateway.edge.identity.access import Access, Caller, match, reach, role_for
from gateway.edge.intake import Intake
from gateway.edge.store.operate import NotThere
from gateway.edge.store.register import ConsentRegister
from gateway.edge.store.register import ConsentVersion as Kept
from gateway.policy.consent import admissible
from gateway.policy.provision import Unreadable, span

NUMBER_SYSTEMS: Final = frozenset(
    {
        "urn:oid:2.16.578.1.12.4.1.4.1",
        "urn:oid:2.16.578.1.12.4.1.4.2",
        "http://hl7.no/fhir/NamingSystem/FNR",
        "http://hl7.no/fhir/NamingSystem/DNR",
        "http://electronichealth.se/identifier/personnummer",
        "http://electronichealth.se/identifier/samordningsnummer",
    }
)


_READ: Final = match("GET", "/fhir/Consent/id")
_GIVE: Final = match("POST", "/fhir/Consent")
_CHANGE: Final = match("PUT", "/fhir/Consent/id")
_SEARCH: Final = match("GET", "/fhir/Consent")


class ConsentService:
    """Implements the HTTP edge's `Consents`."""

    def __init__(self, register: ConsentRegister, intake: Intake, acts: Acts) -> None:
        self._register = register
        self._intake = intake
        self._acts = acts

    async def put(
        self, consent_id: str | None, resource: Mapping[str, Any], caller: Caller, expected: int | None
    ) -> ConsentVersion:
        """Store a version and let it take effect. Raises `NotAcceptable`, `NotThere`, `Stale` or `Busy`."""
        issues = [one for one in admissible(resource, datetime.now(UTC)) if one.severity is Severity.ERROR]
        number = _patient_number(resource)
        if not number:
            what = "the Consent does not say by which number the patient is known"
            issues.append(Issue("required", "Consent.patient.identifier", what, "give the national number or D-number"))
        if issues:
            raise NotAcceptable(issues)
        known = self._reached(consent_id, caller, _CHANGE) if consent_id else []
        if consent_id and not known:
            raise NotThere("no consent has this id")
        if role_for(caller, _CHANGE if consent_id else _GIVE) is Role.PATIENT:
            _own(resource, number, caller)
        if known and _patient_number(orjson.loads(known[-1].resource)) != number:
            what = "the Consent is another patient's, and stays that"
            mend = "withdraw it, and post one of its own"
            raise NotAcceptable([Issue("business-rule", "Consent.patient", what, mend)])
        if known and known[-1].status != "active" and resource.get("status") == "active":
            what = "the Consent was withdrawn, and stays so"
            raise NotAcceptable([Issue("business-rule", "Consent.status", what, "post one of its own")])
        if expected is not None and (not known or known[-1].version != expected):
            raise Stale("the consent has another version now")
        name = consent_id or str(uuid.uuid4())
        stored = {**resource, "id": name}
        status = str(resource.get("status"))
        recorded = await self._register.put(name, orjson.dumps(stored), number, status, caller.party.id)
        if status == "active":
            for message, destination in self._acts.of_consent(resource, number):
                await self._intake.add_destination(message, destination)
        return ConsentVersion(name, recorded.version, stored, datetime.now(UTC).timestamp())

    async def get(self, consent_id: str, caller: Caller) -> ConsentVersion | None:
        """Give the newest version."""
        versions = await self.history(consent_id, caller)
        return versions[0] if versions else None

    async def history(self, consent_id: str, caller: Caller) -> list[ConsentVersion]:
        """Give every version, newest first, if this caller may see it."""
        return [
            ConsentVersion(consent_id, one.version, orjson.loads(one.resource), one.recorded_at)
            for one in reversed(self._reached(consent_id, caller, _READ))
        ]

    def search(self, query: Query, caller: Caller) -> tuple[str, list[ConsentVersion]]:
        """Give the pseudonym of the patient asked about, and each matching consent that the caller may see."""
        who = self._register.pseudonym(query.number) if query.number else query.pseudonym
        if role_for(caller, _SEARCH) is Role.PATIENT:
            mine = self._register.pseudonym(caller.person) if caller.person else ""
            if not mine or who not in {"", mine}:
                raise Refused("a patient sees their own consents only", ["route-owner"])
            who = mine
        found = []
        for one in self._register.for_patient(who):
            resource = orjson.loads(one.resource)
            if _matches(resource, query) and self._reached(str(resource["id"]), caller, _SEARCH):
                found.append(ConsentVersion(str(resource["id"]), one.version, resource, one.recorded_at))
        return who, sorted(found, key=lambda one: (-one.recorded_at, one.id))

    def _reached(self, consent_id: str, caller: Caller, access: Access) -> list[Kept]:
        """Give every version, oldest first, if it is the patient's or the recording party's own; else none."""
        versions = self._register.history(consent_id)
        owners = {owner for one in versions for owner in (one.party, _patient_number(orjson.loads(one.resource)))}
        return versions if any(_reaches(caller, access, owner) for owner in owners) else []


def _own(consent: Mapping[str, Any], number: str, caller: Caller) -> None:
    """Raise `Refused` unless a Consent is about the person who records it, and given by nobody else."""
    performers = [_number(one) for one in consent["performer"]]
    if not caller.person or {number, *performers} != {caller.person}:
        raise Refused("a patient gives their own consents only", ["route-owner"])


def _matches(consent: Mapping[str, Any], query: Query) -> bool:
    if query.statuses and consent.get("status") not in query.statuses:
        return False
    since, until = query.dated
    if since is None and until is None:
        return True
    try:
        given = span(consent.get("dateTime"))[0].timestamp()
    except Unreadable:
        return False
    return (since is None or since <= given) and (until is None or given < until)


def _reaches(caller: Caller, access: Access, owner: str) -> bool:
    try:
        reach(caller, access, owner)
    except Refused:
        return False
    return True


def _patient_number(consent: Mapping[str, Any]) -> str:
    return _number(consent.get("patient"))


def _number(reference: object) -> str:
    """Give the national number that a reference names somebody by; empty when it does not."""
    identifier = reference.get("identifier") if isinstance(reference, Mapping) else None
    if not isinstance(identifier, Mapping) or identifier.get("system") not in NUMBER_SYSTEMS:
        return ""
    value = identifier.get("value")
    return value if isinstance(value, str) else ""
