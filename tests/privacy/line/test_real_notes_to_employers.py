"""Every real sick note, with words planted in all that an employer may not see, taken the whole line to an employer."""

import dataclasses
import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from planted_note import NEVER, found, word, words_of

from gateway import flow
from gateway.core.errors import NotAcceptable
from gateway.core.message import Route
from gateway.core.vocabulary import DataClass, MessageKind, Purpose, Role
from gateway.edge.library import Library
from gateway.model.walk import class_of, fields_of
from gateway.policy.facts import Facts, from_json
from gateway.policy.pdp import releasable
from gateway.wiring.formats import Formats, rules

DATA = Path(__file__).parents[3] / "../shared/data/nav"
NOTES = sorted((DATA / "sykmelding").glob("*.xml"))
ROUTE = Route(Role.CERTIFIER, Role.EMPLOYER, MessageKind.SYKMELDING, Purpose.SICK_LEAVE_FOLLOW_UP)
TO = flow.Addressee(employer="313000001", received_at=datetime(2026, 11, 24, tzinfo=UTC))
BARCODE = "Qzstrekkodeqx"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="NAV's sample messages are not in ../shared/data")


@cache
def parts() -> tuple[Any, flow.Rules, Facts]:
    library = Library()
    table = rules(library.folder)
    known = {"patient-act": True, "address-grading": "none", "sender-discloses": False, "officer-cleared": False}
    facts = Facts(from_json(table.kinds, known), {one: {"consent": "none"} for one in DataClass})
    return Formats(library), flow.Rules(table, ROUTE, releasable(table, ROUTE)), facts


@cache
def official() -> etree.XMLSchema:
    return etree.XMLSchema(
        etree.parse(DATA / "xsd/syfo-xml-codegen/sykmelding-arbeidsgiver/sykmeldingArbeidsgiver.xsd")
    )


def planted(record: Any, inherited: DataClass | None = None, start: int = 1) -> tuple[Any, int]:
    """Give a record with a word in each text of a class that no employer gets, and how many there are."""
    changes: dict[str, Any] = {}
    for field in fields_of(type(record)).values():
        data_class, held = class_of(type(record), field, inherited), getattr(record, field.name)
        if held is None or not (field.is_record or (field.kinds == (str,) and not field.codes and data_class in NEVER)):
            continue
        items = []
        for item in held if field.many else (held,):
            made, start = planted(item, data_class, start) if field.is_record else (word(start), start + 1)
            items.append(made)
        changes[field.name] = tuple(items) if field.many else items[0]
    return dataclasses.replace(record, **changes), start


@pytest.mark.parametrize("path", NOTES, ids=lambda path: path.stem)
def test_the_employers_copy_is_valid_and_holds_nothing_that_was_planted(path: Path) -> None:
    known, _, _ = parts()
    raw = re.sub(rb"(Strekkode>)[^<]+(<)", rb"\g<1>" + BARCODE.encode() + rb"\g<2>", path.read_bytes())
    try:
        parsed = flow.parse(known["nav-sykmelding"], raw)
    except NotAcceptable:
        pytest.skip("this sample is refused on reading; tests/contract says why")
    parsed = dataclasses.replace(parsed, record=planted(parsed.record)[0])
    words = words_of(parsed.record)
    assert {data_class for _, data_class in words.values()} <= NEVER
    assert len(words) > 3
    for wire in ("nav-employer", "nav-employer-json"):
        done = forwarded(parsed, wire)
        if isinstance(done, NotAcceptable):
            assert {issue.code for issue in done.issues} == {"required"}
            assert not found([*words, BARCODE], str(done))
            continue
        assert not found([*words, BARCODE], done.rendered.body)
        assert not {one.data_class for one in done.released.withheld} & {"identity", "absence"}
        assert wire != "nav-employer" or official().validate(etree.fromstring(done.rendered.body))


def forwarded(parsed: Any, wire: str) -> flow.Translation | NotAcceptable:
    known, ruled, facts = parts()
    try:
        return flow.forward(parsed, known[wire], ruled, facts, TO)
    except NotAcceptable as wrong:
        return wrong


def test_the_samples_are_there_and_most_of_them_reach_the_employer() -> None:
    known, ruled, facts = parts()
    reached = 0
    for path in NOTES:
        try:
            parsed = flow.parse(known["nav-sykmelding"], path.read_bytes())
            reached += bool(flow.forward(parsed, known["nav-employer"], ruled, facts, TO).rendered.body)
        except NotAcceptable:
            continue
    assert reached >= 15
