"""Security labels: what a diagnosis code says about how sensitive a record is (HL7 v3-Confidentiality, v3-ActCode).

Labels of our own raise and never lower what came with a message: confidentiality is the higher of the two, and
sensitivities add up. Source: FHIR Data Segmentation for Privacy; the ranges are ours, in `mappings/policy/labels.yaml`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from yaml.nodes import Node

from gateway.core.vocabulary import DataClass
from gateway.model import Coding
from gateway.model.statement import Incapacity
from gateway.model.walk import fields_of
from gateway.policy.nodes import Reader

CONFIDENTIALITY_SYSTEM = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
SENSITIVITY_SYSTEM = "http://terminology.hl7.org/CodeSystem/v3-ActCode"

CONFIDENTIALITY = ("U", "L", "M", "N", "R", "V")
"""From unrestricted to very restricted."""

SENSITIVITIES = frozenset({"ETH", "ETHUD", "GDIS", "HIV", "OPIOIDUD", "PSY", "SDV", "SEX", "SICKLE", "STD"})

FAMILY = {"icpc-2b": "icpc-2", "ksh97-p": "icd-10"}
"""Code systems whose codes begin with those of another: ICPC-2B, and Sweden's KSH97-P of primary care."""

HEALTH = frozenset({DataClass.DIAGNOSIS, DataClass.CLINICAL, DataClass.AUTHORITY_NOTE})
"""The classes that are restricted by themselves."""


@dataclass(frozen=True, slots=True)
class Security:
    """How confidential something is, and which kinds of sensitive information it holds."""

    confidentiality: str = "N"
    sensitivities: frozenset[str] = frozenset()

    def raised_by(self, other: "Security") -> "Security":
        """Give the stricter of the two in every respect; a confidentiality nobody knows counts as the highest."""
        level = max(_level(self.confidentiality), _level(other.confidentiality))
        return Security(CONFIDENTIALITY[level], self.sensitivities | other.sensitivities)

    def codings(self) -> tuple[tuple[str, str], ...]:
        """Give them as (system, code), as `meta.security` carries them."""
        marks = ((SENSITIVITY_SYSTEM, code) for code in sorted(self.sensitivities))
        return ((CONFIDENTIALITY_SYSTEM, self.confidentiality), *marks)


def _level(code: str) -> int:
    return CONFIDENTIALITY.index(code) if code in CONFIDENTIALITY else len(CONFIDENTIALITY) - 1


@dataclass(frozen=True, slots=True)
class Range:
    """Codes of one system from `first` to `last`, both included, and what they reveal."""

    system: str
    first: str
    last: str
    security: Security


@dataclass(frozen=True, slots=True)
class Labels:
    """The labelling step: codes and classes → security labels."""

    ranges: tuple[Range, ...] = ()
    systems: tuple[str, ...] = ()

    def of_code(self, system: str | None, code: str | None) -> Security:
        """Give the labels of one diagnosis code; one of a system nobody knows, or unreadable, is very restricted."""
        if system not in self.systems or not code or len(code) < 3:  # noqa: PLR2004
            return Security("V")
        chapter = code[:3].upper()
        family = FAMILY.get(system or "", system)
        security = Security("R")
        for one in self.ranges:
            if one.system == family and one.first <= chapter <= one.last:
                security = security.raised_by(one.security)
        return security

    def of_record(self, record: Any) -> Security:
        """Give the labels of all diagnosis codes that a record holds, wherever they stand."""
        security = Security()
        for system, code in _codes(record):
            security = security.raised_by(self.of_code(system, code))
        return security

    def by_class(self, record: Any) -> dict[str, Security]:
        """Give the labels of every data class of a record: health is restricted, and as sensitive as its codes."""
        health = Security("R").raised_by(self.of_record(record))
        return {one: health if one in HEALTH else Security() for one in DataClass}


def _codes(record: Any) -> Iterator[tuple[str | None, str | None]]:
    """Give each diagnosis code below a record, with its system."""
    if isinstance(record, Coding):
        yield record.system, record.code
        return
    if isinstance(record, Incapacity):
        yield from ((record.system, one.code) for one in record.diagnoses)
        return
    for field in fields_of(type(record)).values():
        held = getattr(record, field.name)
        if held is None or not field.is_record:
            continue
        for item in held if field.many else (held,):
            yield from _codes(item)


def read_labels(reader: Reader, node: Node | None) -> Labels:
    """Read `labels.yaml`; words outside HL7's lists and ranges that run backwards are mistakes."""
    entries = reader.mapping(node, {"systems", "ranges"}, {"systems", "ranges"})
    systems = tuple(reader.text(item) for item in reader.sequence(entries.get("systems")))
    return Labels(tuple(_range(reader, item, systems) for item in reader.sequence(entries.get("ranges"))), systems)


def _range(reader: Reader, node: Node, systems: tuple[str, ...]) -> Range:
    keys = {"system", "from", "to", "sensitivity", "confidentiality"}
    entries = reader.mapping(node, keys, keys)
    first, last = reader.text(entries.get("from")), reader.text(entries.get("to"))
    if first > last or len(first) != 3 or len(last) != 3:  # noqa: PLR2004
        reader.fault(node, "the range does not run from one three-character code to a later one")
    return Range(
        system=reader.word(entries.get("system"), systems, "code system of this file"),
        first=first,
        last=last,
        security=Security(
            reader.word(entries.get("confidentiality"), CONFIDENTIALITY, "v3-Confidentiality code"),
            frozenset({reader.word(entries.get("sensitivity"), SENSITIVITIES, "v3-ActCode sensitivity")}),
        ),
    )
