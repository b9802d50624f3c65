"""XML messages to the canonical model. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import islice
from typing import Any, Protocol

from adapters.xml.document import read
from adapters.xml.heeded import unheeded
from gateway.core.errors import Issue, NotAcceptable
from gateway.core.message import Deviation, Parsed, Read
from gateway.mapping.wire.xml import local

Reads = Callable[..., Parsed[Any]]
"""A reading program: `read(root, report=…)`."""


class Prepared(Protocol):
    """A document as its program reads it, what is wrong with it, and an account of what was left out of it."""

    @property
    def root(self) -> Any:
        """The root element."""

    @property
    def issues(self) -> tuple[Issue, ...]:
        """What makes it unacceptable."""

    @property
    def rows(self) -> tuple[Read, ...]:
        """The leaves that were left out."""

    @property
    def unsaid(self) -> tuple[str, ...]:
        """What they said."""


class XmlParser:
    """Reads documents that `reads` has a program for, after `prepare`, for those that stand otherwise on the wire.

    `alone` are the names, without their namespaces, of elements that are a message each. A document holds one of them:
    what else it held would be lost.
    """

    def __init__(
        self, reads: Reads, prepare: Callable[[Any], Prepared] | None = None, alone: Iterable[str] = ()
    ) -> None:
        self._reads = reads
        self._prepare = prepare
        self._alone = tuple(f"{{*}}{name}" for name in sorted(alone))

    def __call__(self, raw: bytes, *, report: bool = False) -> Parsed[Any]:
        """Read a document. Never raises for what a sender sent."""
        try:
            root = read(raw)
        except NotAcceptable as error:
            return Parsed(None, error.issues)
        messages = [*islice(root.iter(*self._alone), 2)] if self._alone else []
        if len(messages) > 1:
            return Parsed(None, (_several(messages[1]),))
        wrong = [replace(issue, at=_place(at)) for one in messages for at, issue in unheeded(one)]
        if wrong:
            return Parsed(None, tuple(wrong))
        number = _brought_forward(messages[0]) if messages else 1
        if number > 1:
            return _as_it_came(self._reads(root, report=report), number)
        if self._prepare is None:
            return self._reads(root, report=report)
        prepared = self._prepare(root)
        if prepared.issues:
            return Parsed(None, prepared.issues)
        parsed = replace(self._reads(prepared.root, report=report), unsaid=prepared.unsaid)
        if not report:
            return parsed
        return replace(parsed, rows=(*parsed.rows, *prepared.rows), leaves=parsed.leaves + len(prepared.rows))

    def again(self, raw: bytes) -> Parsed[Any]:
        """Read bytes that were accepted before."""
        return self(raw)


def _brought_forward(message: Any) -> int:
    """Put the document that a message stands in before its header's others; gives which of them it was.

    A program reads the first of a kind. What stands in the others is in no message, and is told of as such.
    """
    document = next((one for one in message.iterancestors("{*}Document")), None)
    if document is None:
        return 1
    documents = [*document.getparent().iterchildren(document.tag)]
    number = documents.index(document) + 1
    documents[0].addprevious(document)
    return number


def _as_it_came(parsed: Parsed[Any], number: int) -> Parsed[Any]:
    """Give what was read with every place as the document had it before `number` was brought forward."""

    def place(at: str) -> str:
        head, found, rest = at.rpartition("/Document[")
        read, bracket, inside = rest.partition("]")
        if not found or not read.isdigit() or int(read) > number:
            return at
        return f"{head}{found}{number if read == '1' else int(read) - 1}{bracket}{inside}"

    named = next((place(row.at) for row in parsed.rows if "/Document[1]/" in row.at), "/MsgHead/Document")
    moved = Deviation(named.rpartition("/Document[")[0] + f"/Document[{number}]", "a message after other documents")
    return replace(
        parsed,
        rows=tuple(row._replace(at=place(row.at)) for row in parsed.rows),
        issues=tuple(replace(issue, at=place(issue.at)) for issue in parsed.issues),
        deviations=(moved, *(replace(one, at=place(one.at)) for one in parsed.deviations)),
    )


def _several(second: Any) -> Issue:
    what = "a second message stands in this document, and one is expected"
    return Issue("business-rule", _place(second), what, "send each in a document of its own")


def _place(element: Any) -> str:
    """Give the path of an element by names, with its place among those of one name where there are several."""
    steps = []
    while element is not None:
        alike = [*element.getparent().iterchildren(element.tag)] if element.getparent() is not None else []
        number = f"[{alike.index(element) + 1}]" if len(alike) > 1 else ""
        steps.append(local(element.tag) + number)
        element = element.getparent()
    return "/" + "/".join(reversed(steps))
