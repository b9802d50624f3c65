"""Certificates of RIV-TA between their two forms. Pure.

On the wire an answer is an element `svar` whose attribute says which question it answers, so that no schema can say
what an answer has to be. Here the number becomes the name (`svar-6`, `delsvar-6.2`), and a schema and a mapping see
each answer as what it is; `generic` is the way back. The two forms hold the same, in the order of the numbers.

RIV-TA clinicalprocess:healthcond:certificate 3. Times there are local and have no zone; percentages are written `N.0`.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from lxml import etree

from adapters.se.call import inside, localise
from adapters.se.demands import Answers, broken
from adapters.se.prepared import Prepared
from gateway.core.errors import Issue, NotAcceptable
from gateway.core.message import Read
from gateway.mapping.load.questions import Questions

CERTIFICATE = "urn:riv:clinicalprocess:healthcond:certificate:3"
VALUES = "urn:riv:clinicalprocess:healthcond:certificate:types:3"
SUPPLEMENTS = 9001
"""From here on the questions are Försäkringskassan's own, beyond the form."""

_NUMBER = re.compile(r"[0-9]{1,5}(\.[0-9]{1,3})?")
_PERCENT = re.compile(r"([0-9]+)\.0")
_STEP = re.compile(r"(?:del)?svar-([0-9.]*[0-9])")


class Certificates:
    """One kind of certificate: its questions, and `schema`, which says where a document strays from it."""

    def __init__(self, questions: Questions, schema: Callable[[Any], tuple[Issue, ...]]) -> None:
        self._questions = questions
        self._schema = schema

    def typed(self, root: Any) -> Prepared:
        """Give a certificate by the numbers of its questions, with all that it strays from; changes what it is given.

        It may stand in an envelope (SOAP), which stays behind.
        """
        root = inside(root, "RegisterCertificate")
        wrong = [*self._numbers(root), *map(self._said, _by_number(root))]
        answers = Answers(root)
        dropped = list(self._dropped(answers))
        rows = tuple(Read(at, "dropped", "", "", why) for at, _, why in dropped)
        wrong += [self._said(issue) for issue in self._schema(root)]
        if not wrong:
            wrong += broken(self._questions, Answers(root))
        return Prepared(root, tuple(wrong), rows, tuple(said for _, said, _ in dropped))

    def generic(self, body: bytes) -> bytes:
        """Give a certificate as it goes on the wire. Raises `NotAcceptable` with the questions that are wrong."""
        root = etree.fromstring(body)
        wrong = broken(self._questions, Answers(root))
        if wrong:
            raise NotAcceptable(wrong)
        seen: dict[str, int] = defaultdict(int)
        for svar in list(root.iter("{*}svar-9000", *(f"{{{CERTIFICATE}}}svar-{n}" for n in self._questions.texts))):
            _unnamed(svar, self._questions.numbered, seen)
        for value in root.iter(f"{{{VALUES}}}value"):
            value.text = f"{value.text}.0"
        localise(root)
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8")

    def said(self, issues: tuple[Issue, ...]) -> tuple[Issue, ...]:
        """Give issues with the questions named."""
        return tuple(map(self._said, issues))

    def _said(self, issue: Issue) -> Issue:
        named = {number: self._questions.named(number) for number in _STEP.findall(issue.at)[-1:]}
        about = f"{next(iter(named.values()))}: " if named else ""
        mend = _STEP.sub(lambda step: self._questions.named(step[1]), issue.mend)
        return Issue(issue.code, issue.at, about + issue.what, mend, issue.severity, issue.field)

    def _numbers(self, root: Any) -> Iterator[Issue]:
        """Demand a number (instans) of each answer that may be given several times, and give none to others."""
        for svar in root.iter(f"{{{CERTIFICATE}}}svar"):
            number, found = svar.get("id", ""), svar.findall(f"{{{CERTIFICATE}}}instans")
            if len(found) != 1 and (found or number in self._questions.numbered):
                yield Issue("required", _at(svar), f"{self._named(number)} has no number", "give it one `instans`")
            if any(not (one.text or "").strip().isdigit() or int(one.text) < 1 for one in found):
                yield Issue("value", _at(svar), f"{self._named(number)} has a number below 1", "count from 1")

    def _named(self, number: str) -> str:
        return self._questions.named(number) if number in self._questions.texts else "an unknown question"

    def _dropped(self, answers: Answers) -> Iterator[tuple[str, str, str]]:
        """Take out the answers that the patient has not let go; give of each leaf its place, what it said, and why."""
        for demand in self._questions.demands:
            if demand.rule != "dropped" or not answers.holds(demand):
                continue
            for number in demand.of:
                for svar in answers.elements(number):
                    leaves = [one for one in svar.iter() if len(one) == 0 and (one.text or "").strip()]
                    yield from ((_at(one), one.text, demand.why) for one in leaves)
                    svar.getparent().remove(svar)


def _by_number(root: Any) -> Iterator[Issue]:
    """Name each answer by its question's number, in the order of the numbers; say which value has no right form."""
    for intyg in root.iter("{*}intyg"):
        answers = intyg.findall(f"{{{CERTIFICATE}}}svar")
        place = intyg.index(answers[0]) if answers else 0
        for svar in answers:
            intyg.remove(svar)
        for number, svar in enumerate(sorted(answers, key=_order)):
            _named(svar)
            intyg.insert(place + number, svar)
    for value in root.iter(f"{{{VALUES}}}value"):
        whole = _PERCENT.fullmatch(value.text or "")
        if whole:
            value.text = whole[1]
        else:
            yield Issue("value", _at(value), "a percentage that is not whole", "write it as N.0, from 0.0 to 100.0")


def _order(svar: Any) -> tuple[int, int]:
    number = svar.get("id", "")
    instans = (svar.findtext(f"{{{CERTIFICATE}}}instans") or "0").strip()
    return (int(number) if number.isdigit() else 0, int(instans) if instans.isdigit() else 0)


def _named(svar: Any) -> None:
    number = svar.get("id", "")
    if not _NUMBER.fullmatch(number):
        return
    for instans in svar.findall(f"{{{CERTIFICATE}}}instans"):
        svar.remove(instans)
    parts = [part for part in svar.findall(f"{{{CERTIFICATE}}}delsvar") if _NUMBER.fullmatch(part.get("id", ""))]
    extra = number.isdigit() and int(number) >= SUPPLEMENTS
    for part in sorted(parts, key=lambda part: [*map(int, part.get("id", "").split("."))]):
        own = part.attrib.pop("id")
        part.tag = f"{{{CERTIFICATE}}}delsvar-{'9000.1' if extra and own == f'{number}.1' else own}"
        svar.append(part)
    if not extra:
        del svar.attrib["id"]
    svar.tag = f"{{{CERTIFICATE}}}svar-{'9000' if extra else number}"


def _unnamed(svar: Any, numbered: frozenset[str], seen: dict[str, int]) -> None:
    number = svar.get("id") or etree.QName(svar).localname.removeprefix("svar-")
    seen[number] += 1
    svar.tag = f"{{{CERTIFICATE}}}svar"
    svar.set("id", number)
    for part in svar:
        own = etree.QName(part).localname.removeprefix("delsvar-")
        part.tag = f"{{{CERTIFICATE}}}delsvar"
        part.set("id", own if svar.get("id") and not own.startswith("9000") else f"{number}.1")
    if number in numbered:
        instans = etree.Element(f"{{{CERTIFICATE}}}instans")
        instans.text = str(seen[number])
        svar.insert(0, instans)


def _at(element: Any) -> str:
    """Give the place of an element in names that the schema has, by the number of its question."""
    steps = []
    while element is not None:
        name = etree.QName(element).localname
        number = element.get("id", "")
        steps.append(f"{name}-{number}" if name in ("svar", "delsvar") and _NUMBER.fullmatch(number) else name)
        element = None if name == "RegisterCertificate" else element.getparent()
    return "/" + "/".join(reversed(steps))
