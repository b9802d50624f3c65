"""What became of a file's rows, counted, and the table of those that were refused, to hand back."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from adapters.hr.profile import FIELDS
from adapters.hr.rows import Outcome
from gateway.core.errors import Issue, NotAcceptable, Severity

HEADINGS = ("rad / row", "kolonne / column", "feil / fault", "slik rettes det / how to mend it")
KIND = FIELDS.index("kind")
BOM = "\ufeff"
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
"""What a spreadsheet would take for the beginning of a formula (OWASP, CSV injection)."""


@dataclass(slots=True)
class Tally:
    """How many rows were good, refused and no absence; what was noted of the file; why it stopped, if it did."""

    good: int = 0
    refused: int = 0
    ignored: int = 0
    noted: list[Issue] = field(default_factory=list)
    stopped: tuple[Issue, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether every row was good, to the end."""
        return not self.refused and not self.stopped


def told(outcomes: Iterable[Outcome], tally: Tally) -> Iterator[Outcome]:
    """Pass outcomes on, and count them; that the file stops ends them, and is told in `tally.stopped`."""
    try:
        for outcome in outcomes:
            _, values, issues = outcome
            if values is not None:
                if values[KIND].ignore:
                    tally.ignored += 1
                else:
                    tally.good += 1
            elif _is_note(issues):
                tally.noted += issues
                continue
            else:
                tally.refused += 1
            yield outcome
    except NotAcceptable as wrong:
        tally.stopped = wrong.issues


def _is_note(issues: tuple[Issue, ...]) -> bool:
    return all(issue.severity is not Severity.ERROR for issue in issues)


def error_lines(issues: Iterable[Issue]) -> Iterator[str]:
    """Give the lines of `errors.csv`: semicolons, quotes, CRLF, a mark of UTF-8 first, no value of the file.

    Nothing in it begins as a formula does, whatever headings and profiles say.
    """
    yield BOM + _line(HEADINGS)
    for issue in issues:
        place, _, column = issue.at.partition(", column ")
        yield _line((place.removeprefix("row "), column, issue.what, issue.mend))


def _line(cells: Iterable[str]) -> str:
    return ";".join('"' + safe(cell).replace('"', '""') + '"' for cell in cells) + "\r\n"


def safe(cell: str) -> str:
    """Give a cell that no spreadsheet takes for a formula, with an apostrophe before one that it would."""
    return f"'{cell}" if cell.lstrip().startswith(DANGEROUS) or cell.startswith(DANGEROUS) else cell
