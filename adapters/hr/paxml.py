"""PAXml, the Swedish payroll standard, read as a stream and tolerantly.

2.0 as DataVara's schema and prose have it, files that say 2.1 or 2.2 (whose schemas are not public), and where a
file strays from 2.0 and can be understood, that is said. The profile maps the elements of `tidtrans` like columns, and
drops, each with a reason, the elements and the sections that are not carried; one that it does not name stops the file.

The prose (PAXml 2.0, p. 7 and 8) says what the schema cannot: dates from and to only with `omfattning`, never hours;
`omfattning` never with hours; without either it is the whole of the schedule.
"""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from lxml import etree

from adapters.hr.profile import Profile
from adapters.hr.rows import Outcome, outcomes, plan
from gateway.core.errors import Issue, NotAcceptable, Severity

TRANSACTION = "tidtrans"
SECTION = "tidtransaktioner"
VERSION = "2.0"
READ = frozenset({VERSION, "2.1", "2.2"})
DATE_TIME = re.compile(r"-?[0-9]{4,}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})?")
NAMES = ("postid", "anstid", "persnr", "tidkod", "datumfrom", "datumtom", "omfattning", "timmar")
"""What a transaction comes to as a row; `datum`, `starttid` and `sluttid` are both ends of it."""

ENDS = frozenset({"datum", "starttid", "sluttid"})
TIMED = ("starttid", "sluttid")
DAY = len("yyyy-mm-dd")


def read(source: BinaryIO, profile: Profile, *, synthetic: bool) -> Iterator[Outcome]:
    """Give the outcome of each `tidtrans`, numbered from 1. Raises `NotAcceptable` when it is no PAXml."""
    how = plan(NAMES, profile, synthetic=synthetic)
    number = 0
    walk = _Walk(profile)
    for element in walk.transactions(source):
        number += 1
        if noted := walk.deviations():
            yield number, None, noted
        try:
            row = _row(element, profile)
        except NotAcceptable as wrong:
            issues = tuple(Issue(i.code, f"row {number}", i.what, i.mend) for i in wrong.issues)
            if any(issue.code == "structure" for issue in issues):
                raise NotAcceptable(issues) from None
            yield number, None, issues
            continue
        yield from outcomes([row], how, number)
    if noted := walk.deviations():
        yield number + 1, None, noted


class _Walk:
    """Walks a document: gives the transactions, notes where it strays from 2.0, forgets what it has passed."""

    def __init__(self, profile: Profile) -> None:
        self._sections = frozenset(profile.drop) | {SECTION, "header"}
        self._noted: list[Issue] = []
        self._told: set[str] = set()

    def deviations(self) -> tuple[Issue, ...]:
        """Give what was noted since the last time."""
        noted, self._noted = tuple(self._noted), []
        return noted

    def transactions(self, source: BinaryIO) -> Iterator[Any]:
        """Give each `tidtrans`, whole."""
        depth = 0
        try:
            for event, element in etree.iterparse(
                source, events=("start", "end"), resolve_entities=False, no_network=True, load_dtd=False
            ):
                if event == "start":
                    depth += 1
                    self._enter(element, depth)
                    continue
                depth -= 1
                name = _local(element)
                if name == TRANSACTION:
                    yield element
                elif name == "version":
                    self._version(element)
                elif name == "tidpunkt" and not DATE_TIME.fullmatch((element.text or "").strip()):
                    self._note("tidpunkt", "a tidpunkt is not an xs:dateTime")
                if depth == 2:  # noqa: PLR2004 - below root and section
                    element.clear()
                    while element.getprevious() is not None:
                        del element.getparent()[0]
        except etree.XMLSyntaxError as wrong:
            line, column = wrong.position
            at = f"line {line}, column {column}"
            mend = "it may be cut, or in another encoding than it says"
            raise NotAcceptable([Issue("structure", at, "the XML cannot be read from here on", mend)]) from None

    def _enter(self, element: Any, depth: int) -> None:
        name = _local(element)
        if depth == 1:
            info = element.getroottree().docinfo
            if info.doctype or info.internalDTD is not None:
                what = "a document type declaration is not allowed"
                raise NotAcceptable([Issue("security", "line 1", what, "remove the DOCTYPE")])
            if name != "paxml":
                raise NotAcceptable([Issue("structure", "line 1", "the root is not paxml", "is it the right profile?")])
        elif depth == 2 and name not in self._sections:  # noqa: PLR2004
            mend = "drop it with a reason in the profile; until then the file is not read"
            raise NotAcceptable(
                [Issue("structure", f"line {element.sourceline}", "a section is neither read nor dropped", mend)]
            )
        elif depth == 3 and _local(element.getparent()) == SECTION and name != TRANSACTION:  # noqa: PLR2004
            mend = "only tidtrans stands in tidtransaktioner; ask whoever made the file what it is"
            raise NotAcceptable(
                [Issue("structure", f"line {element.sourceline}", "an element stands between the transactions", mend)]
            )

    def _version(self, element: Any) -> None:
        said = (element.text or "").strip()
        if said not in READ:
            raise NotAcceptable([Issue("not-supported", "header/version", "this version of PAXml is not read")])
        if said != VERSION:
            self._note("version", "the file says a later version than 2.0, which has no public schema")

    def _note(self, key: str, what: str) -> None:
        if key not in self._told:
            self._told.add(key)
            self._noted.append(Issue("structure", "(file)", what, severity=Severity.WARNING))


def _row(element: Any, profile: Profile) -> list[Any]:
    """Give a transaction as a row with the columns `NAMES`.

    Raises `NotAcceptable`: `structure` for what stops the file, else for what is wrong with this transaction.
    """
    found = {**{name: value.strip() for name, value in element.attrib.items()}}
    for child in element:
        name = _local(child)
        if name in found:
            raise NotAcceptable([Issue("value", "", "an element stands twice in a transaction")])
        found[name] = (child.text or "").strip()
    known = set(NAMES) | ENDS | set(profile.drop)
    if not known.issuperset(found):
        mend = "drop it with a reason in the profile; until then the file is not read"
        raise NotAcceptable([Issue("structure", "", "an element is neither mapped nor dropped", mend)])
    _hold_to_prose(found)
    return _made(found)


def _hold_to_prose(found: dict[str, str]) -> None:
    hours, share = "timmar" in found, "omfattning" in found
    if hours and share:
        raise NotAcceptable([Issue("invariant", "", "timmar and omfattning stand together", "give one of them")])
    if hours and ("datumfrom" in found or "datumtom" in found):
        raise NotAcceptable([Issue("invariant", "", "timmar stands with a span of days", "give datum, or omfattning")])
    if (hours or share) and any(name in found for name in TIMED):
        raise NotAcceptable(
            [Issue("invariant", "", "times of day stand with timmar or omfattning", "give one of them")]
        )
    ways = [bool(ENDS & {"datum"} & set(found)), "datumfrom" in found or "datumtom" in found, TIMED[0] in found]
    if sum(ways) != 1:
        raise NotAcceptable([Issue("required", "", "a transaction has one day, one span or two times", "give one")])


def _made(found: dict[str, str]) -> list[Any]:
    """Bring the ways of telling days together, and say what leaving out the amount means."""
    if "datum" in found:
        found["datumfrom"] = found["datumtom"] = found["datum"]
    elif TIMED[0] in found:
        found["datumfrom"], found["datumtom"] = found[TIMED[0]][:DAY], found.get(TIMED[1], "")[:DAY]
    elif "timmar" not in found:
        found.setdefault("omfattning", "100")
    if "datum" in found and "timmar" not in found:
        found.setdefault("omfattning", "100")
    return [found.get(name, "") for name in NAMES]


def _local(element: Any) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
