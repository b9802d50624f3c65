"""A stored FHIR Consent as a row of a page: codes and names of organisations, never a name of a person."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from gateway.console.desk import Desk
from gateway.core.identifiers import ORGANISATION_SYSTEM
from gateway.core.vocabulary import Purpose, Role
from gateway.edge.acts import act_of
from gateway.edge.identity.parties import Party
from gateway.edge.store.register import ConsentVersion
from gateway.policy.consent import purpose_coding
from gateway.policy.consent_facts import CLASS_SYSTEM

IN_FORCE: Final = "active"


@dataclass(frozen=True, slots=True)
class Given:
    """One consent. `kind` is `act` (this note to that organisation), `permit` or `deny`; dates are as FHIR has them.

    `parties` are names of organisations, and `roles` those that the known ones have; `purposes` and `classes` are our
    words. Where a list is empty the Consent does not limit it. `clear` says whether this row tells all of it: a Consent
    may say more than a row can.
    """

    id: str
    version: int
    kind: str
    status: str
    parties: tuple[str, ...]
    purposes: tuple[str, ...]
    classes: tuple[str, ...]
    until: str
    recorded_at: float
    by: str
    clear: bool
    roles: frozenset[Role]


def given_by(desk: Desk, pseudonym: str) -> list[Given]:
    """Give every consent of a patient in its newest version, the newest first."""
    found = [_given(desk, one) for one in desk.register.for_patient(pseudonym)]
    return sorted(found, key=lambda one: -one.recorded_at)


def _given(desk: Desk, one: ConsentVersion) -> Given:
    resource: Mapping[str, Any] = orjson.loads(one.resource)
    provision = resource.get("provision") or {}
    kind = "act" if act_of(resource) else "deny" if provision.get("type") == "deny" else "permit"
    period = provision.get("period") or {}
    parties = [_known(desk, actor) for actor in provision.get("actor", ())]
    return Given(
        id=str(resource.get("id", "")),
        version=one.version,
        kind=kind,
        status=one.status,
        parties=tuple(
            party.name if party else _number(actor)
            for party, actor in zip(parties, provision.get("actor", ()), strict=True)
        ),
        purposes=tuple(filter(None, map(_purpose, provision.get("purpose", ())))),
        classes=tuple(c["code"] for c in provision.get("securityLabel", ()) if c.get("system") == CLASS_SYSTEM),
        until=str(period.get("end", ""))[:10],
        recorded_at=one.recorded_at,
        by=one.party,
        clear="provision" not in provision,
        roles=frozenset(role for party in parties for role in (party.roles if party else ())),
    )


def versions(desk: Desk, pseudonym: str, consent: str) -> list[Given]:
    """Give every version of one of a patient's consents, the newest first; none when it is not theirs."""
    mine = {given.id for given in given_by(desk, pseudonym)}
    return [_given(desk, one) for one in reversed(desk.register.history(consent))] if consent in mine else []


def _number(actor: Mapping[str, Any]) -> str:
    """Give the organisation number of an actor; nothing when it is named otherwise."""
    identifier = actor.get("reference", {}).get("identifier", {})
    return str(identifier.get("value")) if identifier.get("system") == ORGANISATION_SYSTEM else ""


def _known(desk: Desk, actor: Mapping[str, Any]) -> Party | None:
    number = _number(actor)
    return next((one for one in desk.registry.parties.values() if number and one.organisation == number), None)


def _purpose(coding: Mapping[str, Any]) -> str:
    named = {purpose_coding(one): one.value for one in Purpose}
    return named.get((str(coding.get("system")), str(coding.get("code"))), "")
