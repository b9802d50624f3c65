"""Which caller may use which route: the table, and the functions that read it.

`docs/security/authorisation.md` is written from this table; a test holds the two equal and tries every cell.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from gateway.core.errors import Refused
from gateway.core.vocabulary import Role
from gateway.edge.identity.parties import Party
from gateway.edge.identity.scopes import grants


class Own(StrEnum):
    """Whose things a role may reach by a route."""

    ANY = "any"  # the route is about no one party's things, or the role may see everybody's
    PARTY = "party"  # only what belongs to the calling party
    PERSON = "person"  # only what belongs to the person who is logged in


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request, as far as it was proved.

    `scopes` is what the token grants and the registry allows. `person` is the national number of whoever is logged in;
    it is a person's value and stays out of representations and logs. `proof` says how the party was known.
    """

    party: Party
    scopes: frozenset[str]
    proof: str
    person: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Access:
    """One route: its method and path template, the scope it asks for, and the roles it is open to.

    A route without roles is open to everybody, named or not.
    """

    method: str
    path: str
    scope: str
    roles: Mapping[Role, Own]

    def __str__(self) -> str:
        """`POST /nav/messages`."""
        return f"{self.method} {self.path}"

    @property
    def public(self) -> bool:
        """Whether everybody may use it."""
        return not self.roles


def _open(*roles: Role, own: Own = Own.ANY) -> Mapping[Role, Own]:
    return dict.fromkeys(roles, own)


_SENDERS = _open(Role.CERTIFIER, Role.CAREGIVER)
_CONSENT = {Role.CERTIFIER: Own.PARTY, Role.CAREGIVER: Own.PARTY, Role.PATIENT: Own.PERSON, Role.OFFICER: Own.ANY}
_RECIPIENTS = _open(*(role for role in Role if role not in {Role.PATIENT, Role.OFFICER, Role.GATEWAY}), own=Own.PARTY)
_LOG = {Role.PATIENT: Own.PERSON, Role.OFFICER: Own.ANY}
_EMPLOYER = _open(Role.EMPLOYER, own=Own.PARTY)
_CLAIMS = {Role.PATIENT: Own.PERSON, Role.EMPLOYER: Own.ANY}

ROUTES: Final = (
    Access("POST", "/fhir/$process-message", "system/Bundle.c", _SENDERS),
    Access("POST", "/fhir", "system/Bundle.c", _SENDERS),
    Access("POST", "/fhir/Bundle", "system/Bundle.c", _SENDERS),
    Access("POST", "/fhir/$validate", "system/Bundle.c", _SENDERS),
    Access("GET", "/fhir/Task/{id}", "system/Task.r", {**_RECIPIENTS, Role.OFFICER: Own.ANY}),
    Access("POST", "/fhir/Consent", "system/Consent.c", _CONSENT),
    Access("GET", "/fhir/Consent", "system/Consent.s", _CONSENT),
    Access("POST", "/fhir/Consent/_search", "system/Consent.s", _CONSENT),
    Access("GET", "/fhir/Consent/{id}", "system/Consent.r", _CONSENT),
    Access("GET", "/fhir/Consent/{id}/_history", "system/Consent.r", _CONSENT),
    Access("PUT", "/fhir/Consent/{id}", "system/Consent.u", _CONSENT),
    Access("GET", "/fhir/AuditEvent", "system/AuditEvent.s", _LOG),
    Access("POST", "/fhir/AuditEvent/_search", "system/AuditEvent.s", _LOG),
    Access("GET", "/fhir/Communication", "system/Communication.s", {Role.PATIENT: Own.PERSON}),
    Access("POST", "/glass", "samspill:glass", _SENDERS),
    Access("POST", "/glass/{opening}/{id}", "samspill:glass", _SENDERS),
    Access("POST", "/nav/messages", "samspill:nav/messages.write", _open(Role.NAV, Role.CERTIFIER, Role.CAREGIVER)),
    Access("POST", "/nav/income-requests", "samspill:nav/messages.write", _open(Role.NAV)),
    Access("POST", "/riv-ta", "samspill:riv-ta.write", _open(Role.FORSAKRINGSKASSAN, Role.CERTIFIER, Role.CAREGIVER)),
    Access("POST", "/riv-ta/sick-leaves", "samspill:riv-ta.read", _SENDERS),
    Access("POST", "/ebms", "samspill:nav/messages.write", _open(Role.NAV, Role.CERTIFIER, Role.CAREGIVER)),
    Access("POST", "/hr/messages/{format}", "samspill:hr/messages.write", _CLAIMS),
    Access("POST", "/hr/absences", "samspill:hr/absences.write", _open(Role.EMPLOYER)),
    Access("GET", "/hr/absences/{id}", "samspill:hr/absences.read", _EMPLOYER),
    Access("GET", "/hr/absences/{id}/errors.csv", "samspill:hr/absences.read", _EMPLOYER),
    Access("POST", "/hr/cases", "samspill:hr/absences.read", _EMPLOYER),
    Access("GET", "/inbox/{recipient}", "samspill:inbox.read", _RECIPIENTS),
    Access("POST", "/inbox/{recipient}/{id}/ack", "samspill:inbox.write", _RECIPIENTS),
    Access("GET", "/metrics", "", {}),
    Access("GET", "/health/live", "", {}),
    Access("GET", "/health/ready", "", {}),
    Access("GET", "/fhir/metadata", "", {}),
    Access("GET", "/.well-known/smart-configuration", "", {}),
    Access("GET", "/fhir/.well-known/smart-configuration", "", {}),
)


def match(method: str, path: str) -> Access:
    """Give the route of a request's method and path (without query). Raises `KeyError` when there is none."""
    segments = path.rstrip("/").split("/")
    for access in ROUTES:
        if access.method == method and _fits(access.path.split("/"), segments):
            return access
    raise KeyError(f"{method} at this path")


def authorise(caller: Caller | None, access: Access) -> None:
    """Raise `Refused` unless the caller's role and scopes open the route; whose thing it is comes after (`reach`)."""
    if access.public:
        return
    if caller is None or not _owns(caller, access):
        raise Refused("this party may not do this", ["route-role"])
    if not grants(caller.scopes, access.scope):
        raise Refused("the token does not grant the scope that this needs", ["route-scope"])


def reach(caller: Caller, access: Access, owner: str | None) -> None:
    """Raise `Refused` unless the caller may reach what belongs to `owner` by this route.

    `owner` is the id of the party that the thing belongs to or, for a role that sees only its own person's, that
    person's national number. Absent means that it is not known; then only roles that see everybody's get through.
    """
    authorise(caller, access)
    if not access.public and not any(_reaches(caller, own, owner) for own in _owns(caller, access)):
        raise Refused("this belongs to another party", ["route-owner"])


def role_for(caller: Caller, access: Access) -> Role:
    """Give the role in which the caller uses the route: the first, in the order of the table. Raises `Refused`."""
    for role in access.roles:
        if role in caller.party.roles:
            return role
    raise Refused("this party may not do this", ["route-role"])


def _fits(template: list[str], segments: list[str]) -> bool:
    return len(template) == len(segments) and all(
        bool(given) if expected.startswith("{") else expected == given
        for expected, given in zip(template, segments, strict=True)
    )


def _owns(caller: Caller, access: Access) -> list[Own]:
    return [access.roles[role] for role in caller.party.roles if role in access.roles]


def _reaches(caller: Caller, own: Own, owner: str | None) -> bool:
    if own is Own.ANY:
        return True
    mine = caller.party.id if own is Own.PARTY else caller.person
    return bool(mine) and owner == mine
