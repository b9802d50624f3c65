"""An entry of the disclosure log as a FHIR AuditEvent (R4), after IHE BALP. Pure.

Disclosures follow BALP PrivacyDisclosure.Source, decisions that a consent took part in BALP AuthZconsent. BALP's
AuthZconsent closes the slicing of `entity` and demands a consent, so a decision by statute alone cannot be one; that,
and everything that BALP has no event for, is of our own profile (`PROFILE`), open in the same way. What is ours stands
in `entity.detail`. A patient's own view holds no rule ids, no staff and no codes that staff typed.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from gateway.core.audit import AuditAction, AuditEntry, Disclosure, Outcome

BALP: Final = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."
SOURCE_PROFILE: Final = f"{BALP}PrivacyDisclosure.Source"
CONSENT_PROFILE: Final = f"{BALP}AuthZconsent"
PROFILE: Final = "https://samspill.example/fhir/StructureDefinition/log-entry"
ACTIONS: Final = "https://samspill.example/fhir/CodeSystem/log-action"
PSEUDONYM: Final = "https://samspill.example/fhir/NamingSystem/patient-pseudonym"
PARTY: Final = "https://samspill.example/fhir/NamingSystem/party"
MESSAGE: Final = "https://samspill.example/fhir/NamingSystem/message"
AUTHZ: Final = "https://profiles.ihe.net/ITI/BALP/CodeSystem/AuthZsubType"
DCM: Final = "http://dicom.nema.org/resources/ontology/DCM"
LIFECYCLE: Final = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle"
ENTITY_TYPE: Final = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
ENTITY_ROLE: Final = "http://terminology.hl7.org/CodeSystem/object-role"
ACT_REASON: Final = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
GLASS: Final = frozenset({AuditAction.GLASS_ASKED, AuditAction.GLASS_OPENED})
OUTCOMES: Final = {Outcome.SUCCESS: "0", Outcome.DENIED: "4", Outcome.FAILURE: "8"}
_KINDS: Final = {
    AuditAction.ACCEPTED: ("110107", "Import", "C"),
    AuditAction.DECIDED: ("110113", "Security Alert", "E"),
    AuditAction.DISCLOSED: ("110106", "Export", "R"),
    AuditAction.HANDED_OVER: ("110106", "Export", "E"),
    AuditAction.RECEIPT: ("110107", "Import", "C"),
    AuditAction.CONSENT: ("110110", "Patient Record", "U"),
    AuditAction.GLASS_ASKED: ("110113", "Security Alert", "E"),
    AuditAction.GLASS_OPENED: ("110106", "Export", "R"),
    AuditAction.ERASED: ("110110", "Patient Record", "D"),
    AuditAction.LOG_READ: ("110101", "Audit Log Used", "R"),
    AuditAction.LOG_EXPORT: ("110101", "Audit Log Used", "R"),
}
_OTHER: Final = ("110100", "Application Activity", "E")


@dataclass(frozen=True, slots=True)
class Who:
    """A party as the log names it: its id, its name, and the address that it is reached at (empty: not known)."""

    id: str
    name: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """How entries are shown. `gateway` is the address of this gateway, `parties` those it knows, by id.

    `purpose` gives the coding (system and code) of a purpose. `own` is the patient's own view.
    """

    gateway: str
    purpose: Callable[[str], tuple[str, str]]
    parties: Mapping[str, Who] = field(default_factory=dict)
    own: bool = False

    def who(self, party: str) -> Who:
        """Give a party; of staff the patient is told only that they are."""
        name = party.partition(":")[0] if self.own else party
        return self.parties.get(name, Who(name))


@dataclass(frozen=True, slots=True)
class Placed:
    """Where an entry stands in the tree, and its leaf."""

    index: int
    leaf: bytes


def audit_event(entry: AuditEntry, shown: Shown, placed: Placed | None = None) -> dict[str, Any]:
    """Give one entry as an AuditEvent."""
    code, display, action = _KINDS.get(entry.action, _OTHER)
    event: dict[str, Any] = {
        "resourceType": "AuditEvent",
        "id": entry.id,
        "meta": {"profile": [_profile(entry)]},
        "type": _coding(DCM, code, display),
        "subtype": _subtypes(entry),
        "action": action,
        "recorded": datetime.fromtimestamp(entry.recorded_at, UTC).isoformat(timespec="milliseconds"),
        "outcome": OUTCOMES[entry.outcome],
    }
    if entry.reason and not shown.own:
        event["outcomeDesc"] = entry.reason
    if purposes := _purposes(entry, shown):
        event["purposeOfEvent"] = purposes
    event["agent"] = _agents(entry, shown)
    event["source"] = {"observer": _gateway(shown), "type": [_source_type()]}
    event["entity"] = _entities(entry, shown, placed)
    return event


def search_bundle(events: Iterable[Mapping[str, Any]], base: str, links: Mapping[str, str]) -> dict[str, Any]:
    """Give a page of a search. It says no total, which would count what the reader is not shown."""
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "link": [{"relation": relation, "url": url} for relation, url in links.items()],
        "entry": [
            {"fullUrl": f"{base}/AuditEvent/{one['id']}", "resource": one, "search": {"mode": "match"}}
            for one in events
        ],
    }


def _purposes(entry: AuditEntry, shown: Shown) -> list[dict[str, Any]]:
    """Give what it was for; breaking the glass stands first, so that nobody takes it for ordinary treatment."""
    broken = [_concept(ACT_REASON, "BTG", "break the glass")] if entry.action in GLASS else []
    return broken + ([_concept(*shown.purpose(entry.purpose))] if entry.purpose else [])


def _profile(entry: AuditEntry) -> str:
    if entry.action is AuditAction.DISCLOSED and entry.patient:
        return SOURCE_PROFILE
    return CONSENT_PROFILE if _by_consent(entry) else PROFILE


def _by_consent(entry: AuditEntry) -> bool:
    decided = entry.action is AuditAction.DECIDED and entry.disclosure is not None
    return bool(decided and entry.patient and entry.disclosure and entry.disclosure.consents)


def _subtypes(entry: AuditEntry) -> list[dict[str, Any]]:
    own = _coding(ACTIONS, entry.action.value)
    match entry.action:
        case AuditAction.DECIDED:
            return [_coding(AUTHZ, "AuthZ-Consent" if _by_consent(entry) else "AuthZ-Role"), own]
        case AuditAction.DISCLOSED | AuditAction.GLASS_OPENED:
            return [_coding(LIFECYCLE, "disclose", "Disclose Record Lifecycle Event"), own]
        case AuditAction.ERASED:
            return [_coding(LIFECYCLE, "destroy", "Destroy/Delete Record Lifecycle Event"), own]
    return [own]


def _agents(entry: AuditEntry, shown: Shown) -> list[dict[str, Any]]:
    actor, recipient = shown.who(entry.actor), shown.who(entry.recipient)
    if entry.action is AuditAction.DECIDED:
        return _deciders(entry, shown, actor, recipient)
    if entry.action is AuditAction.DISCLOSED:
        return [
            _agent(_dcm("110153", "Source Role ID"), _gateway(shown), requestor=False, network=shown.gateway),
            _agent(_dcm("110152", "Destination Role ID"), _party(recipient), requestor=False, network=_at(recipient)),
        ]
    agents = [_agent(_dcm("110150", "Application"), _party(actor), requestor=True)]
    if entry.person and not shown.own:
        who = {"identifier": {"system": PSEUDONYM, "value": entry.person}}
        agents.append(_agent(_concept("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "AUT"), who))
    if entry.recipient and entry.recipient != entry.actor:
        agents.append(_agent(_dcm("110152", "Destination Role ID"), _party(recipient), network=recipient.address))
    if entry.action in GLASS:
        agents[0]["purposeOfUse"] = [_concept(ACT_REASON, "BTG", "break the glass")]
    return agents


def _deciders(entry: AuditEntry, shown: Shown, actor: Who, recipient: Who) -> list[dict[str, Any]]:
    """Give the four agents of AuthZconsent: who asked, who is to have it, their organisation, and who decided."""
    asked = _agent(_dcm("110150", "Application"), _party(actor), requestor=False, network=_at(actor))
    receiver = _agent(
        _concept("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP", "information recipient"),
        _party(recipient),
        requestor=True,
    )
    if entry.purpose:
        receiver["purposeOfUse"] = [_concept(*shown.purpose(entry.purpose))]
    organisation = _agent(_concept("http://terminology.hl7.org/CodeSystem/v3-RoleClass", "PROV"), _party(recipient))
    server = _concept("http://terminology.hl7.org/CodeSystem/extra-security-role-type", "authserver")
    return [asked, receiver, organisation, _agent(server, _gateway(shown))]


def _entities(entry: AuditEntry, shown: Shown, placed: Placed | None) -> list[dict[str, Any]]:
    details = _details(entry, shown, placed)
    entities: list[dict[str, Any]] = []
    if entry.patient:
        entities.append(
            {
                "what": {"type": "Patient", "identifier": {"system": PSEUDONYM, "value": entry.patient}},
                "type": _coding(ENTITY_TYPE, "1", "Person"),
                "role": _coding(ENTITY_ROLE, "1", "Patient"),
            }
        )
    if _by_consent(entry) and entry.disclosure:
        entities += [_consent(one) for one in entry.disclosure.consents]
    elif entry.message:
        entities.append(
            {
                "what": {"identifier": {"system": MESSAGE, "value": entry.message}},
                "type": _coding(ENTITY_TYPE, "2", "System Object"),
                "role": _coding(ENTITY_ROLE, "3", "Report"),
            }
        )
    if not entities:
        entities.append({"what": {"display": "disclosure log"}, "type": _coding(ENTITY_TYPE, "2", "System Object")})
    entities[-1]["detail"] = details
    return entities


def _consent(named: str) -> dict[str, Any]:
    return {
        "what": {"type": "Consent", "identifier": {"value": named}},
        "type": _coding("http://hl7.org/fhir/resource-types", "Consent", "Consent"),
    }


def _details(entry: AuditEntry, shown: Shown, placed: Placed | None) -> list[dict[str, str]]:
    disclosure = entry.disclosure or Disclosure()
    told = [("message", entry.message)] if _by_consent(entry) else []
    told += [("withheld", path) for path in disclosure.withheld]
    told += [("legal-basis", code) for code in disclosure.basis]
    if not shown.own:
        told += [("policy", disclosure.policy), ("digest", entry.digest)]
        told += [("sought", name) for name in entry.sought]
        for name in ("permitted", "forbade", "obligations"):
            told += [(name, one) for one in getattr(disclosure, name)]
    if not _by_consent(entry):
        told += [("consent", one) for one in disclosure.consents]
    if placed is not None and not shown.own:
        told += [("log-index", str(placed.index)), ("log-leaf", placed.leaf.hex())]
    return [{"type": name, "valueString": value} for name, value in [*told, ("action", entry.action.value)] if value]


def _agent(
    kind: Mapping[str, Any], who: Mapping[str, Any], *, requestor: bool = False, network: str = ""
) -> dict[str, Any]:
    agent: dict[str, Any] = {"type": kind, "who": who, "requestor": requestor}
    if network:
        agent["network"] = {"address": network, "type": "5"}
    return agent


def _gateway(shown: Shown) -> dict[str, Any]:
    return {"identifier": {"system": PARTY, "value": "gateway"}, "display": shown.gateway}


def _party(who: Who) -> dict[str, Any]:
    named: dict[str, Any] = {"identifier": {"system": PARTY, "value": who.id or "gateway"}}
    return named | ({"display": who.name} if who.name else {})


def _at(who: Who) -> str:
    """Give a party's address, or its name as one: BALP demands a network, and some parties fetch what is theirs."""
    return who.address or f"urn:samspill:party:{who.id or 'gateway'}"


def _source_type() -> dict[str, Any]:
    return _coding("http://terminology.hl7.org/CodeSystem/security-source-type", "4", "Application Server")


def _dcm(code: str, display: str) -> dict[str, Any]:
    return _concept(DCM, code, display)


def _concept(system: str, code: str, display: str = "") -> dict[str, Any]:
    return {"coding": [_coding(system, code, display)]}


def _coding(system: str, code: str, display: str = "") -> dict[str, Any]:
    return {"system": system, "code": code} | ({"display": display} if display else {})
