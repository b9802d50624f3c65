"""What care asks for in the lists of sick leaves: ListSickLeavesForPerson 1 and ListActiveSickLeavesForCareUnit 1.

Who reads stands in a header of our own, since the contracts have no place for it and the rules cannot do without.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from gateway.core.errors import Issue, NotAcceptable
from gateway.core.identifiers import Kind, is_valid
from gateway.edge import soap
from gateway.edge.care_services import Reader

DOMAIN: Final = "urn:riv:clinicalprocess:healthcond:rehabilitation"
READER: Final = "{urn:samspill:riv-ta:1}Reader"
MOST_DAYS: Final = 14


class Contract(StrEnum):
    """The service contracts that are answered."""

    FOR_PERSON = "ListSickLeavesForPerson"
    FOR_UNIT = "ListActiveSickLeavesForCareUnit"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for, and who reads: a person's sick leaves, or those of a unit that go on, a person's or all.

    Those that ended at most `ended` days ago still count as going on.
    """

    contract: Contract
    reader: Reader
    number: str = field(default="", repr=False)
    ended: int = 0


def asked(raw: bytes, party: str) -> Asked:
    """Read a call of a party's. Raises `NotAcceptable` with everything that is wrong with it."""
    call = soap.content(raw)
    contract = next((one for one in Contract if call is not None and call.tag == _tag(one)), None)
    if contract is None:
        what, mend = "this service is not provided here", f"{' 1 and '.join(Contract)} 1 are answered"
        raise NotAcceptable([Issue("not-supported", "", what, mend)])
    reader, issues = _reader(soap.header(raw, READER), party)
    number = _text(call, "person-id/{*}extension")
    if (number or contract is Contract.FOR_PERSON) and not _is_person(number):
        issues.append(Issue("value", "person-id/extension", "this is no personnummer or samordningsnummer"))
    days = _text(call, "max-dagar-sedan-avslut") or "0"
    if contract is Contract.FOR_UNIT:
        issues += _unit(call, reader, days)
    if issues:
        raise NotAcceptable(issues)
    return Asked(contract, reader, number, int(days))


def _tag(contract: Contract) -> str:
    return f"{{{DOMAIN}:{contract}Responder:1}}{contract}"


def _reader(said: Any, party: str) -> tuple[Reader, list[Issue]]:
    read = {name: _text(said, name) for name in ("employee-id", "care-unit-id", "care-provider-id")}
    what, mend = "who reads is to be told by HSA-id in the header", "see docs/sweden.md"
    wrong = [name for name, value in read.items() if not is_valid(value, Kind.HSA)]
    issues = [Issue("required", f"Reader/{name}", what, mend) for name in wrong]
    if _text(said, "treats") not in ("true", "1"):
        what = "nobody says that the employee takes part in the care of those who are asked about"
        issues.append(Issue("required", "Reader/treats", what, "say true, if it is so"))
    employee, unit, provider = read.values()
    return Reader(party, employee, unit, provider, treats=True), issues


def _unit(call: Any, reader: Reader, days: str) -> list[Issue]:
    issues = []
    if _text(call, "enhets-id/{*}extension") != reader.unit:
        what = "a unit's sick leaves are told to those who work at that very unit"
        issues.append(Issue("forbidden", "enhets-id/extension", what, "ask about the unit in the header"))
    if not (days.isascii() and days.isdecimal() and len(days) <= len(str(MOST_DAYS)) and int(days) <= MOST_DAYS):
        issues.append(Issue("value", "max-dagar-sedan-avslut", f"this is no number of days from 0 to {MOST_DAYS}"))
    return issues


def _is_person(number: str) -> bool:
    return any(is_valid(number, kind) for kind in (Kind.PERSONNUMMER, Kind.SAMORDNINGSNUMMER))


def _text(said: Any, name: str) -> str:
    return "" if said is None else (said.findtext(f"{{*}}{name}") or "").strip()
