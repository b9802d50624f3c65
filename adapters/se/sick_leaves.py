"""A list of sick leaves for care, as RIV-TA clinicalprocess:healthcond:rehabilitation 1 has it. Pure.

The two contracts have the same list, and end differently. It is written from released certificates alone. `enkeltIntyg`
is always false: nothing of ours is one. Work (`sysselsattning`) and positions are not told.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from lxml import etree

from adapters.se.call import SWEDEN
from gateway.core.message import Released
from gateway.model.intyg import BenefitCertificate, CareUnit

CORE: Final = "urn:riv:clinicalprocess:healthcond:rehabilitation:1"
TYPES: Final = "urn:riv:clinicalprocess:healthcond:certificate:types:2"
HSA: Final = "1.2.752.129.2.1.4.1"
ROOTS: Final = {"personnummer": "1.2.752.129.2.1.3.1", "samordningsnummer": "1.2.752.129.2.1.3.3"}


def write(contract: str, certificates: Iterable[Released[BenefitCertificate]], to: tuple[str, str], told: str) -> bytes:
    """Write the answer by a contract to a care provider, given by HSA-id and name; `told` goes with it as information.

    The contracts are `ListSickLeavesForPerson` and `ListActiveSickLeavesForCareUnit`.
    """
    own = f"urn:riv:clinicalprocess:healthcond:rehabilitation:{contract}Responder:1"
    names: Any = {None: own, "core": CORE, "types": TYPES}
    answer = etree.Element(f"{{{own}}}{contract}Response", nsmap=names)
    _provider(answer, own, *to)
    listed = etree.SubElement(answer, f"{{{own}}}intygsLista")
    for one in certificates:
        _certificate(listed, one.record)
    if contract == "ListSickLeavesForPerson":
        result = etree.SubElement(answer, f"{{{own}}}result")
        code, why = (result, "resultCode"), (result, "resultMessage")
    else:
        code, why = (answer, "resultCode"), (answer, "comment")
    _text(*code, "INFO", own)
    _text(*why, told, own)
    return etree.tostring(answer)


def _certificate(listed: Any, record: BenefitCertificate) -> None:
    data = etree.SubElement(listed, f"{{{CORE}}}intygsData")
    _text(data, "intygsId", record.id)
    patient = etree.SubElement(data, f"{{{CORE}}}patient")
    who = record.patient
    _id(patient, "personId", ROOTS.get(who.number_kind or "", ""), who.number)
    _text(patient, "fullstandigtNamn", " ".join(filter(None, (who.given, who.middle, who.family))))
    signed = etree.SubElement(data, f"{{{CORE}}}skapadAv")
    _id(signed, "personalId", HSA, record.signatory.hsa)
    if record.signatory.name:
        _text(signed, "fullstandigtNamn", record.signatory.name)
    etree.SubElement(signed, f"{{{CORE}}}befattningar")
    _unit(signed, record.sender or CareUnit())
    codes = [one.code for one in record.told]
    _text(data, "diagnoskod", codes[0] if codes else "")
    for code in codes[1:]:
        _text(data, "bidiagnoser", code)
    ability = etree.SubElement(data, f"{{{CORE}}}arbetsformaga")
    for part in record.reductions:
        held = etree.SubElement(ability, f"{{{CORE}}}formaga")
        _text(held, "startdatum", part.start.isoformat() if part.start else None)
        _text(held, "slutdatum", part.end.isoformat() if part.end else None)
        _text(held, "nedsattning", part.degree)
    _text(data, "enkeltIntyg", "false")
    _text(data, "signeringsTidpunkt", _local(record.signed_at))


def _unit(parent: Any, unit: CareUnit) -> None:
    held = etree.SubElement(parent, f"{{{CORE}}}enhet")
    _id(held, "enhetsId", HSA, unit.hsa)
    _text(held, "enhetsnamn", unit.name)
    if unit.provider_hsa:
        _provider(held, CORE, unit.provider_hsa, unit.provider_name)


def _provider(parent: Any, namespace: str, hsa: str, name: str | None) -> None:
    held = etree.SubElement(parent, f"{{{namespace}}}vardgivare")
    _id(held, "vardgivarId", HSA, hsa)
    _text(held, "vardgivarnamn", name)


def _id(parent: Any, name: str, root: str, extension: str | None) -> None:
    held = etree.SubElement(parent, f"{{{CORE}}}{name}")
    _text(held, "root", root, TYPES)
    _text(held, "extension", extension, TYPES)


def _text(parent: Any, name: str, text: str | None, namespace: str = CORE) -> None:
    etree.SubElement(parent, f"{{{namespace}}}{name}").text = text or ""


def _local(moment: datetime | None) -> str:
    """Give a time as RIV-TA has it: Swedish, to the second, without a zone."""
    if moment is None:
        return ""
    local = moment.astimezone(SWEDEN) if moment.tzinfo else moment
    return local.replace(tzinfo=None, microsecond=0).isoformat()
