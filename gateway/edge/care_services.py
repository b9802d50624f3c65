"""The Swedish services for blocks (spärr) and consents (samtycke), asked before care reads what other care has written.

RIV-TA informationsecurity:authorization:blocking 4 (CheckBlocks) and :consent 2 (CheckConsent). Anything but a clear
answer is none, which the rules take as unknown.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from lxml import etree

from gateway.edge.riv_calls import Calls, done, secure, text
from gateway.model.intyg import Insured, Intyg, days

BLOCKING: Final = "urn:riv:informationsecurity:authorization:blocking:4"
CHECK_BLOCKS: Final = "urn:riv:informationsecurity:authorization:blocking:CheckBlocksResponder:4"
CONSENT: Final = "urn:riv:informationsecurity:authorization:consent:2"
CHECK_CONSENT: Final = "urn:riv:informationsecurity:authorization:consent:CheckConsentResponder:2"
PERSON_ROOTS: Final = {"personnummer": "1.2.752.129.2.1.3.1", "samordningsnummer": "1.2.752.129.2.1.3.3"}


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: an employee of a care unit of a care provider, by HSA-id, at a party of the register.

    `treats` is the caller's word that the employee takes part in the patient's care.
    """

    party: str
    employee: str = field(repr=False)
    unit: str
    provider: str
    treats: bool


def own_unit(certificate: Intyg, reader: Reader) -> str | None:
    """Give the fact `own-unit`: whether the reader's own unit has issued a certificate; nothing when it names none."""
    unit = certificate.sender
    if unit is None or not unit.hsa or not unit.provider_hsa:
        return None
    return "true" if (unit.hsa, unit.provider_hsa) == (reader.unit, reader.provider) else "false"


class CareServices:
    """Asks both services; a URL that is empty is asked nothing."""

    def __init__(self, calls: Calls, blocks: str, consents: str) -> None:
        """Take the URLs. Raises `ConfigurationError` for one that is not https."""
        self._calls, self._blocks, self._consents = calls, secure(blocks), secure(consents)

    def blocks(self, certificates: Sequence[Intyg], reader: Reader) -> list[str | None]:
        """Give the fact `block` (active or none) of each certificate of one patient; nothing when nobody can tell."""
        call = check_blocks(certificates, reader)
        answer = self._ask(self._blocks, call) if call else None
        return blocks_in(answer, len(certificates)) if answer else [None] * len(certificates)

    def consent(self, patient: Insured, reader: Reader) -> str | None:
        """Give the fact `consent` (permit or none) of a patient to a reader; nothing when nobody can tell."""
        call = check_consent(patient, reader)
        answer = self._ask(self._consents, call) if call else None
        return consent_in(answer) if answer else None

    def _ask(self, url: str, call: bytes) -> bytes | None:
        return self._calls.ask(url, call) if url else None


def check_blocks(certificates: Sequence[Intyg], reader: Reader) -> bytes | None:
    """Write the call about certificates of one patient; nothing when the service could not know of whom or what.

    A row has its certificate's place, from 1; one that lacks what the service must know has none. The kind of
    information is not said: some kinds can be exempted from blocks, and a certificate is none of them.
    """
    rows = [(place, known) for place, one in enumerate(certificates, 1) if (known := _held(one)) is not None]
    call = _call(CHECK_BLOCKS, "CheckBlocks", BLOCKING, certificates[0].patient, reader) if rows else None
    if call is None:
        return None
    for place, known in rows:
        held = etree.SubElement(call, f"{{{CHECK_BLOCKS}}}informationEntities")
        _texts(held, BLOCKING, **known, rowNumber=str(place))
    return etree.tostring(call)


def _held(certificate: Intyg) -> dict[str, str] | None:
    about, unit = days(certificate), certificate.sender
    if about is None or unit is None or not unit.hsa or not unit.provider_hsa:
        return None
    return {
        "informationStartDate": f"{about[0]}T00:00:00",
        "informationEndDate": f"{about[1]}T23:59:59",
        "informationCareUnitId": unit.hsa,
        "informationCareProviderId": unit.provider_hsa,
    }


def check_consent(patient: Insured, reader: Reader) -> bytes | None:
    """Write the call about a patient; nothing for one who has no Swedish number."""
    call = _call(CHECK_CONSENT, "CheckConsent", CONSENT, patient, reader)
    return None if call is None else etree.tostring(call)


def blocks_in(answer: bytes, count: int) -> list[str | None]:
    """Read an answer about `count` rows: none is none only where the very row is there once, and OK.

    Where a row that nobody asked about is blocked, nothing is known of any.
    """
    said = done(answer, f"{{{CHECK_BLOCKS}}}CheckBlocksResponse", "{*}checkBlocksResult")
    rows = [] if said is None else said.findall("{*}checkResults")
    told: dict[str, list[str]] = {str(place): [] for place in range(1, count + 1)}
    strange = [row for row in rows if text(row, "rowNumber") not in told]
    if any(text(row, "status") != "OK" for row in strange):
        return [None] * count
    for row in rows:
        told.get(text(row, "rowNumber"), []).append(text(row, "status"))
    return ["active" if "BLOCKED" in one else "none" if one == ["OK"] else None for one in told.values()]


def consent_in(answer: bytes) -> str | None:
    """Read an answer: a consent permits; a note of an emergency is no consent, and opens nothing by itself."""
    said = done(answer, f"{{{CHECK_CONSENT}}}CheckConsentResponse", "{*}checkResult")
    if said is None:
        return None
    match text(said, "hasConsent"), text(said, "assertionType"):
        case (("true" | "1"), "Consent"):
            return "permit"
        case (("true" | "1"), "Emergency") | (("false" | "0"), _):
            return "none"
    return None


def _call(namespace: str, name: str, core: str, patient: Insured, reader: Reader) -> Any:
    root = PERSON_ROOTS.get(patient.number_kind or "")
    if root is None or not patient.number:
        return None
    call = etree.Element(f"{{{namespace}}}{name}", nsmap={"call": namespace, "core": core})
    actor = etree.SubElement(call, f"{{{namespace}}}accessingActor")
    _texts(actor, core, employeeId=reader.employee, careProviderId=reader.provider, careUnitId=reader.unit)
    _texts(etree.SubElement(call, f"{{{namespace}}}patientId"), core, root=root, extension=patient.number)
    return call


def _texts(parent: Any, namespace: str, **texts: str) -> None:
    for name, said in texts.items():
        etree.SubElement(parent, f"{{{namespace}}}{name}").text = said
