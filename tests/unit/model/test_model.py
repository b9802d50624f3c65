"""The canonical model as data: a class on every field, children never less strict than what they stand in."""

import dataclasses
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import pytest

from gateway.core.vocabulary import STRICTNESS, DataClass
from gateway.edge.library import Library
from gateway.model import (
    Graded,
    HumanName,
    NotPossible,
    Patient,
    Pending,
    Period,
    Prognosis,
    SickLeaveCertificate,
    Telecom,
    messages,
)
from gateway.model.codes import LISTS
from gateway.model.labels import DiagnosisData, Envelope, Identity, Inherited, coded
from gateway.model.walk import class_of, fields_of, leaves_of, values_of, without_indices

ROOTS = tuple(messages.RECORDS.values())


def within(record: type) -> set[type]:
    """Give a record class and every one that stands in it."""
    below = (kind for field in fields_of(record).values() if field.is_record for kind in field.kinds)
    return {record}.union(*map(within, below))


RECORDS = sorted(set().union(*map(within, ROOTS)), key=lambda one: one.__name__)
LEAVES = [leaf for root in ROOTS for leaf in leaves_of(root)]


@pytest.mark.parametrize("record", RECORDS, ids=lambda one: one.__name__)
def test_every_field_says_a_class_or_that_it_takes_its_holders(record: type) -> None:
    assert len(fields_of(record)) == len(dataclasses.fields(record))


@pytest.mark.parametrize("record", RECORDS, ids=lambda one: one.__name__)
def test_records_are_frozen_have_slots_and_name_their_fields(record: type) -> None:
    assert record.__dataclass_params__.frozen
    assert all(field.kw_only for field in dataclasses.fields(record))
    assert "__slots__" in vars(record)


@pytest.mark.parametrize("root", ROOTS, ids=lambda one: one.__name__)
def test_no_field_is_less_strict_than_the_record_it_stands_in(root: type) -> None:
    def look(record: type, inherited: DataClass | None) -> None:
        for field in fields_of(record).values():
            data_class = class_of(record, field, inherited)
            assert inherited is None or STRICTNESS[data_class] >= STRICTNESS[inherited]
            for kind in field.kinds if field.is_record else ():
                look(kind, data_class)

    look(root, None)


def test_a_field_that_is_stricter_than_its_record_can_be_withheld() -> None:
    for record in RECORDS:
        for field in fields_of(record).values():
            if field.required and field.data_class is not None:
                siblings = {f.data_class for f in fields_of(record).values() if f.data_class}
                assert STRICTNESS[field.data_class] <= min(map(STRICTNESS.__getitem__, siblings)), record.__name__


def test_a_child_that_is_less_strict_is_a_type_error() -> None:
    @dataclass
    class Inner:
        shown: Envelope[str | None] = None

    @dataclass
    class Outer:
        hidden: DiagnosisData[Inner | None] = None

    with pytest.raises(TypeError, match=r"Inner\.shown is envelope, less strict than the diagnosis it is in"):
        list(leaves_of(Outer))
    with pytest.raises(TypeError, match="less strict"):
        list(values_of(Outer(hidden=Inner(shown="x"))))


def test_a_field_without_a_class_is_a_type_error() -> None:
    @dataclass
    class Bare:
        name: str = ""

    with pytest.raises(TypeError, match=r"Bare\.name says no data class"):
        fields_of(Bare)


def test_a_class_that_is_inherited_from_nobody_is_a_type_error() -> None:
    with pytest.raises(TypeError, match=r"HumanName\.family inherits a data class from nobody"):
        list(leaves_of(HumanName))


def test_what_a_field_holds_is_read_from_its_type() -> None:
    @dataclass
    class Every:
        one: Identity[str]
        maybe: Identity[int | None] = None
        several: Identity[tuple[date, ...]] = ()
        code: Annotated[Identity[str | None], coded("has-employer")] = None
        inherits: Inherited[str | None] = None

    fields = fields_of(Every)
    assert fields["one"].required
    assert (fields["maybe"].kinds, fields["maybe"].optional) == ((int,), True)
    assert (fields["several"].kinds, fields["several"].many) == ((date,), True)
    assert fields["code"].codes == "has-employer"
    assert fields["inherits"].data_class is None
    kind = fields_of(Period)["kind"]
    assert kind.is_one_of
    assert kind.is_record
    assert len(kind.kinds) == 5
    assert fields_of(Prognosis)["outlook"].optional


def test_leaves_have_a_path_of_their_own_and_a_class() -> None:
    for root in ROOTS:
        paths = [leaf.path for leaf in leaves_of(root)]
        assert len(paths) == len(set(paths)) > 12
    by_path = {leaf.path: leaf for leaf in leaves_of(SickLeaveCertificate)}
    assert by_path["patient.address.city"].data_class is DataClass.CONTACT
    assert by_path["periods[].kind(NotPossible).medical.text"].data_class is DataClass.DIAGNOSIS
    assert by_path["periods[].kind(NotPossible).workplace.text"].data_class is DataClass.WORKPLACE
    assert by_path["certifier.identifiers[].value"].data_class is DataClass.CERTIFIER_DETAIL
    assert by_path["answers[].answers[].text"].free_text


def test_values_are_those_that_are_there_with_instance_paths() -> None:
    period = Period(start=date(2026, 11, 2), end=date(2026, 11, 3), kind=Graded(degree=50))
    note = SickLeaveCertificate(
        id="1",
        patient=Patient(name=HumanName(family="Fjellrype"), telecoms=(Telecom(value="tel:1"),)),
        periods=(period,),
    )
    assert {path: data_class.value for path, _, data_class in values_of(note)} == {
        "id": "envelope",
        "patient.name.family": "identity",
        "patient.telecoms[0].value": "contact",
        "periods[0].start": "absence",
        "periods[0].end": "absence",
        "periods[0].kind.degree": "absence",
    }


@pytest.mark.parametrize("kind", [Pending(), NotPossible()])
def test_a_record_that_says_something_by_being_there_is_a_value(kind: Pending | NotPossible) -> None:
    note = SickLeaveCertificate(periods=(Period(start=date(2026, 1, 1), end=date(2026, 1, 1), kind=kind),))
    assert ("periods[0].kind", kind, DataClass.ABSENCE) in list(values_of(note))


def test_scalars_are_of_few_kinds() -> None:
    assert {leaf.kind for leaf in LEAVES} == {str, int, bool, date, datetime}


def test_each_coded_leaf_is_a_text_of_a_list_that_exists_and_each_list_is_used() -> None:
    used = {leaf.codes for leaf in LEAVES if leaf.codes}
    assert used == set(LISTS)
    assert all(leaf.kind is str for leaf in LEAVES if leaf.codes)
    assert all(LISTS.values())


def test_what_people_type_is_marked_as_free_text() -> None:
    typed = {leaf.path.rpartition(".")[2] for leaf in LEAVES if leaf.free_text}
    assert {"text", "advice", "considerations", "message_to_employer", "reason_none", "display"} <= typed
    assert all(leaf.kind is str for leaf in LEAVES if leaf.free_text)


def test_the_tables_that_translate_a_list_know_only_its_words() -> None:
    library = Library(Path(__file__).parents[3] / "mappings")
    assert library.faults() == []
    named = {name: table for name, table in library.tables.items() if name in LISTS}
    assert len(named) > 5
    for name, table in named.items():
        assert set(table.to_wire) <= LISTS[name], name
        assert set(table.to_wire.values()), name


@pytest.mark.parametrize(
    ("field", "bare"),
    [("", ""), ("id", "id"), ("periods[0].start", "periods.start"), ("a[1].b[2].c", "a.b.c"), ("x[10]", "x")],
)
def test_a_field_without_its_indices_is_what_places_are_told_by(field: str, bare: str) -> None:
    assert without_indices(field) == bare
