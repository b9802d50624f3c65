"""The Swedish services for blocks (spärr) and consents (samtycke), asked before care reads what other care has written.

RIV-TA informationsecurity:authorization:blocking 4 (CheckBlocks) and :consent 2 (CheckConsent). Anything but a clear
answer is none, which the rules take as unknown. A number goes in the body, so that no log of addresses ever holds it.
"""

from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import structlog
from lxml import etree

from gateway.core.errors import ConfigurationError
from gateway.edge import soap
from gateway.model.intyg import Insured, Intyg, days

BLOCKING: Final = "urn:riv:informationsecurity:authorization:blocking:4"
CHECK_BLOCKS: Final = "urn:riv:informationsecurity:authorization:blocking:CheckBlocksResponder:4"
CONSENT: Final = "urn:riv:informationsecurity:authorization:consent:2"
CHECK_CONSENT: Final = "urn:riv:informationsecurity:authorization:consent:CheckConsentResponder:2"
PERSON_ROOTS: Final = {"personnummer": "1.2.752.129.2.1.3.1", "samordningsnummer": "1.2.752.129.2.1.3.3"}
_ROW: Final = "1"

log = structlog.get_logger(__name__)


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


class CareServices:
    """Asks both services. A URL that is empty is asked nothing; both are called at a logical address."""

    def __init__(self, client: httpx.Client, blocks: str, consents: str, address: str) -> None:
        """Take the client and the URLs. Raises `ConfigurationError` for one that is not https."""
        if any(url and not url.startswith("https://") for url in (blocks, consents)):
            raise ConfigurationError(["the services for blocks and consents are to be asked over https"])
        if not address:
            raise ConfigurationError(["the services for blocks and consents need SAMSPILL_CARE_SERVICES_ADDRESS"])
        self._client, self._blocks, self._consents, self._address = client, blocks, consents, address

    def block(self, certificate: Intyg, reader: Reader) -> str | None:
        """Give the fact `block` (active or none) of a certificate for a reader; nothing when nobody can tell."""
        call = check_blocks(certificate, reader)
        answer = self._ask(self._blocks, call) if call else None
        return blocks_in(answer) if answer else None

    def consent(self, patient: Insured, reader: Reader) -> str | None:
        """Give the fact `consent` (permit or none) of a patient to a reader; nothing when nobody can tell."""
        call = check_consent(patient, reader)
        answer = self._ask(self._consents, call) if call else None
        return consent_in(answer) if answer else None

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    def _ask(self, url: str, call: bytes) -> bytes | None:
        if not url:
            return None
        sent = soap.close(call, self._address)
        headers = {"Content-Type": f"{soap.MEDIA_TYPE}; charset=utf-8", "SOAPAction": f'"{soap.action(sent)}"'}
        try:
            answer = self._client.post(url, content=sent, headers=headers)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            log.warning("care-service-away", call=soap.action(sent), error=type(error).__name__)
            return None
        return answer.content


def check_blocks(certificate: Intyg, reader: Reader) -> bytes | None:
    """Write the call about one certificate; nothing when it lacks what the service must know.

    The kind of information is not said: some kinds can be exempted from blocks, and a certificate is none of them.
    """
    about, unit = days(certificate), certificate.sender
    if about is None or unit is None or not unit.hsa or not unit.provider_hsa:
        return None
    call = _call(CHECK_BLOCKS, "CheckBlocks", BLOCKING, certificate.patient, reader)
    if call is None:
        return None
    held = etree.SubElement(call, f"{{{CHECK_BLOCKS}}}informationEntities")
    _texts(held, BLOCKING, informationStartDate=f"{about[0]}T00:00:00", informationEndDate=f"{about[1]}T23:59:59")
    _texts(held, BLOCKING, informationCareUnitId=unit.hsa, informationCareProviderId=unit.provider_hsa, rowNumber=_ROW)
    return etree.tostring(call)


def check_consent(patient: Insured, reader: Reader) -> bytes | None:
    """Write the call about a patient; nothing for one who has no Swedish number."""
    call = _call(CHECK_CONSENT, "CheckConsent", CONSENT, patient, reader)
    return None if call is None else etree.tostring(call)


def blocks_in(answer: bytes) -> str | None:
    """Read an answer: any block is active, and none is none only where the very row that was asked about is OK."""
    said = _done(answer, CHECK_BLOCKS, "CheckBlocksResponse", "{*}checkBlocksResult")
    if said is None:
        return None
    rows = [(_text(row, "rowNumber"), _text(row, "status")) for row in said.iterfind("{*}checkResults")]
    if any(status == "BLOCKED" for _, status in rows):
        return "active"
    return "none" if rows == [(_ROW, "OK")] else None


def consent_in(answer: bytes) -> str | None:
    """Read an answer: a consent permits; a note of an emergency is no consent, and opens nothing by itself."""
    said = _done(answer, CHECK_CONSENT, "CheckConsentResponse", "{*}checkResult")
    if said is None:
        return None
    match _text(said, "hasConsent"), _text(said, "assertionType"):
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
    for name, text in texts.items():
        etree.SubElement(parent, f"{{{namespace}}}{name}").text = text


def _done(answer: bytes, namespace: str, name: str, at: str) -> Any:
    """Give the result in an answer to the very call, if the service says that it was done."""
    content = soap.content(answer)
    if content is None or content.tag != f"{{{namespace}}}{name}":
        return None
    found = content.findall(at)
    if len(found) != 1 or _text(found[0], "result/{*}resultCode") not in (soap.OK, soap.INFO):
        return None
    return found[0]


def _text(element: Any, name: str) -> str:
    """Give the text of the one element of a name; nothing when there are several."""
    found = element.findall(f"{{*}}{name}")
    return (found[0].text or "").strip() if len(found) == 1 else ""
