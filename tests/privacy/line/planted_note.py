"""A sick note with a word of its own in every text that it can hold, so that each can be looked for anywhere."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from gateway.core.vocabulary import STRICTNESS, DataClass
from gateway.model import (
    Coding,
    Graded,
    Identifier,
    NotPossible,
    Period,
    SickLeaveCertificate,
    TravelOnly,
    TreatmentDays,
)
from gateway.model.codes import LISTS
from gateway.model.walk import Field, class_of, fields_of, values_of

PATIENT, CERTIFIER = "02917923100", "11827020089"
"""Synthetic national numbers (month + 80), of the sandbox's messages."""

TODAY = datetime.now(UTC).date()
ORGANISATION = "315000009"
CONSONANTS, VOWELS = "bdfgjklmnprtv", "aeiou"
NEVER = frozenset(one for one in DataClass if STRICTNESS[one] > 1)
"""What an employer never gets."""


def word(number: int) -> str:
    """Give an invented word that is like no other and no part of another, and means nothing."""
    made = "Qz"
    for _ in range(3):
        number, consonant = divmod(number, len(CONSONANTS))
        number, vowel = divmod(number, len(VOWELS))
        made += CONSONANTS[consonant] + VOWELS[vowel]
    return made + "qx"


class Planting:
    """Makes records with every field filled; `salt` keeps the words of two notes apart."""

    def __init__(self, salt: int = 0) -> None:
        self._next = salt * 1000

    def record(self, kind: type, inherited: DataClass | None = None) -> Any:
        """Give a record of a class with all its fields."""
        return kind(**{f.name: self._field(f, class_of(kind, f, inherited)) for f in fields_of(kind).values()})

    def period(self, kind: type) -> Any:
        """Give what a period says, of a kind; treatment days as many as NAV takes."""
        made = self.record(kind, DataClass.ABSENCE)
        return replace(made, per_week=1) if isinstance(made, TreatmentDays) else made

    def _field(self, field: Field, data_class: DataClass) -> Any:
        kinds = field.kinds if field.many else field.kinds[:1]
        items = [self.record(k, data_class) if field.is_record else self._scalar(k, field) for k in kinds]
        return tuple(items) if field.many else items[0]

    def _scalar(self, kind: type, field: Field) -> Any:
        if field.codes:
            return min(LISTS[field.codes])
        known = {bool: True, int: 50, date: TODAY, datetime: datetime.combine(TODAY, time(), UTC)}
        if kind in known:
            return known[kind]
        self._next += 1
        return word(self._next)


def coded(diagnosis: Coding, number: int) -> Coding:
    """Give a diagnosis whose code has the form of ICPC-2B, in a chapter that there is not, and stands nowhere else."""
    return replace(diagnosis, system="icpc-2b", code=f"Q{10 + number % 90}.{7001 + number}")


def planted(salt: int = 0, *kinds: type) -> SickLeaveCertificate:
    """Give a note with every text planted, acceptable as it stands, with periods of these kinds.

    Without any it has all kinds but the pending one, which NAV takes alone.
    """
    planting = Planting(salt)
    made: SickLeaveCertificate = planting.record(SickLeaveCertificate)
    periods = tuple(
        Period(start=TODAY + timedelta(7 * i), end=TODAY + timedelta(7 * i + 6), kind=planting.period(kind))
        for i, kind in enumerate(kinds or (Graded, NotPossible, TreatmentDays, TravelOnly))
    )
    diagnosis = replace(
        made.diagnosis,
        main=coded(made.diagnosis.main, 10 * salt),
        others=tuple(coded(one, 10 * salt + i) for i, one in enumerate(made.diagnosis.others, 1)),
    )
    sender = replace(made.sender, identifiers=(Identifier(kind="orgnr", value=ORGANISATION),))
    return replace(
        made,
        sender=sender,
        ruleset="3",
        patient=replace(
            made.patient, id=Identifier(kind="national-number", value=PATIENT), birth_date=date(1979, 11, 2)
        ),
        periods=periods,
        diagnosis=diagnosis,
        employer_orgnr=None,
        employee_number=None,
        legal_orgnr=None,
        received_at=None,
        self_certified=(),
    )


def words_of(record: Any) -> dict[str, tuple[str, DataClass]]:
    """Give every planted word of a record, with the path it stands at and its class."""
    return {
        value: (path, data_class)
        for path, value, data_class in values_of(record)
        if isinstance(value, str) and re.fullmatch(r"Qz[a-z]+qx|Q\d\d\.\d{4}", value)
    }


def bare(path: str) -> str:
    """Give a path without its indices and kinds."""
    return re.sub(r"\[\d+\]|\(\w+\)", "", path)


def found(words: Iterator[str] | Any, *places: bytes | str) -> set[str]:
    """Give the words that stand in any of these places, whatever the case, in UTF-8 or UTF-16."""
    haystack = b"\n".join(one if isinstance(one, bytes) else one.encode() for one in places).lower()
    return {one for one in words if one.lower().encode() in haystack or one.lower().encode("utf-16-le") in haystack}


def contents(folder: Path) -> list[bytes]:
    """Give the bytes and the name of every file below a folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [*(path.read_bytes() for path in files), *(str(path.relative_to(folder)).encode() for path in files)]
