"""The profiles of HR and payroll systems, read from `mappings/hr/`, and files read by them."""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO
from uuid import NAMESPACE_OID, uuid5

from adapters.hr.load import load
from adapters.hr.profile import Profile
from adapters.hr.propose import propose
from adapters.hr.read import read
from adapters.hr.rows import COLUMN_OF, INCOME, REGISTERED, Outcome, Values, absence_of, income_of
from adapters.hr.tally import KIND, Tally, error_lines, told
from gateway.core.errors import ConfigurationError, Fault, Issue, NotAcceptable
from gateway.core.message import Parsed
from gateway.core.ports import Format
from gateway.edge.absences.files import Reads, Said
from gateway.flow import convert
from gateway.mapping.nearest import nearest
from gateway.model.absence import Absence
from gateway.model.episode import SICK
from gateway.model.walk import values_of

__all__ = ["Profiles", "Tally", "account", "error_lines", "outcomes", "propose", "reads", "records", "refusals"]


class Profiles:
    """Every profile under `hr/` of a folder of mapping data, by its name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def _loaded(self) -> tuple[dict[str, Profile], list[Fault]]:
        found: dict[str, Profile] = {}
        faults: list[Fault] = []
        for path in sorted(self.folder.glob("hr/*/profile.yaml")):
            profile, wrong = load(path.read_text("utf-8"), self._name(path))
            faults += wrong
            if profile is not None:
                if profile.name in found:
                    faults.append(profile.spot.fault(f"there is a profile {profile.name} already"))
                found[profile.name] = profile
        return found, faults

    def _name(self, path: Path) -> str:
        return f"{self.folder.name}/{path.relative_to(self.folder).as_posix()}"

    @property
    def known(self) -> dict[str, Profile]:
        """Every profile by its name, checked or not."""
        return self._loaded[0]

    def get(self, name: str) -> Profile:
        """Give a profile by its name, or by the path of a file. Raises `ConfigurationError`."""
        path = Path(name)
        if path.suffix in (".yaml", ".yml") or (name not in self.known and path.is_file()):
            profile, faults = load(_text(path), name)
        else:
            profile, faults = self.known.get(name), self._faults_of(name)
            if profile is None and not faults:
                raise ConfigurationError([f"there is no profile {name}; {nearest(name, self.known)}".rstrip("; ")])
        if faults or profile is None:
            raise ConfigurationError(faults)
        return profile

    def _faults_of(self, name: str) -> list[Fault]:
        profile = self.known.get(name)
        return [one for one in self._loaded[1] if profile is not None and one.file == profile.spot.file]

    def faults(self) -> list[str]:
        """Give everything that is wrong with the profiles, and each example that does not hold."""
        wrong = [str(fault) for fault in self._loaded[1]]
        return wrong or [fault for profile in self.known.values() for fault in self._examples(profile)]

    def _examples(self, profile: Profile) -> Iterator[str]:
        folder = (self.folder.parent / profile.spot.file).parent / "examples"
        given = sorted(folder.glob("*.in.*"))
        if not given:
            yield f"{profile.spot.file}:1:1: there is no example beside this profile"
        for path in given:
            expected = folder / f"{path.name.partition('.in.')[0]}.out.json"
            with path.open("rb") as source:
                found = list(account(source, profile, synthetic=True))
            if not expected.is_file() or json.loads(expected.read_text("utf-8")) != found:
                yield f"{self._name(path)}:1:1: it is not read as {expected.name} says"


def _text(path: Path) -> str:
    """Read a profile's file. Raises `ConfigurationError` for one that is no text."""
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        raise ConfigurationError([f"{path}: the file is not text in UTF-8"]) from None


def outcomes(source: BinaryIO, profile: Profile, tally: Tally, *, synthetic: bool) -> Iterator[Outcome]:
    """Give the outcome of each row of a file, counted in `tally`; never raises for what stands in it."""
    return told(read(source, profile, synthetic=synthetic), tally)


def account(source: BinaryIO, profile: Profile, *, synthetic: bool) -> Iterator[dict[str, Any]]:
    """Give what becomes of each row: an absence with its fields, or why it is refused or none; last, why it stopped."""
    tally = Tally()
    for number, values, issues in outcomes(source, profile, tally, synthetic=synthetic):
        if values is None:
            yield {"row": number, "refused": [str(issue) for issue in issues]}
        elif values[6].ignore:
            yield {"row": number, "ignored": values[6].ignore}
        else:
            income = values[KIND] is INCOME
            record = income_of(values) if income else absence_of(values, profile)
            fields = {path: str(value) for path, value, _ in values_of(record)}
            yield {"row": number, "income" if income else "absence": fields}
    for title, found in (("noted", tally.noted), ("stopped", tally.stopped)):
        if found:
            yield {title: [str(issue) for issue in found]}


def records(source: BinaryIO, profile: Profile, *, synthetic: bool) -> Iterator[tuple[int, Absence]]:
    """Give each absence of a file with its row. Raises `NotAcceptable` where the file stops being readable."""
    tally = Tally()
    for number, values, _ in outcomes(source, profile, tally, synthetic=synthetic):
        if values is not None and not values[KIND].ignore and values[KIND] is not INCOME:
            yield number, absence_of(values, profile)
    if tally.stopped:
        raise NotAcceptable(tally.stopped)


def refusals(found: Iterator[Outcome]) -> Iterator[Issue]:
    """Give each issue of each refused row."""
    for _, values, issues in found:
        if values is None:
            yield from issues


def reads(profiles: Profiles, canonical: Format, *, synthetic: bool) -> Reads:
    """Give what reads uploaded files, for `gateway.edge.absences.files`."""

    def read_by(source: BinaryIO, name: str) -> Iterator[Said]:
        profile, tally = profiles.get(name), Tally()
        last: Said | None = None
        for number, values, issues in outcomes(source, profile, tally, synthetic=synthetic):
            if last is not None:
                yield last
            if values is None:
                last = Said(number, issues)
            elif values[KIND].ignore:
                registered = values[KIND] is REGISTERED
                last = Said(number, worker=_worker(Values._make(values)) if registered else (), register=registered)
            elif values[KIND] is INCOME:
                last = _report(number, values, profile, canonical)
            else:
                last = _said(number, Values._make(values), absence_of(values, profile), canonical)
        if tally.stopped:
            if last is not None:
                yield last
            last = Said(last.row + 1 if last else 1, tally.stopped, stops=True)
        if last is not None:
            yield replace(last, noted=tuple(tally.noted))

    return read_by


def _report(number: int, values: tuple[Any, ...], profile: Profile, canonical: Format) -> Said:
    """Give an income report as a message of its own, whose id is that of the row or made of what it says."""
    record = income_of(values)
    body = convert(Parsed(record), canonical).rendered.body
    named = replace(record, id=values[0] or str(uuid5(NAMESPACE_OID, sha256(body).hexdigest())))
    columns = {one.field: one.name for one in profile.columns}
    return Said(
        row=number,
        worker=(values[1], values[2].value) if values[1] else (),
        message=convert(Parsed(named), canonical).rendered.body,
        columns={path: columns[field] for path, field in COLUMN_OF.items() if field in columns},
    )


def _said(number: int, row: Values, record: Absence, canonical: Format) -> Said:
    person = (row.person.value,) if row.person else ("employee", row.employee or "")
    told = (row.id, row.employee, row.person and row.person.value, row.start, row.end, row.kind.kind, row.kind.cause)
    same = (*told, row.degree, row.hours, row.days, row.quantity, row.unit)
    return Said(
        row=number,
        person=person,
        same=tuple("" if one is None else str(one) for one in same),
        source=_source(row),
        worker=_worker(row),
        record=convert(Parsed(record), canonical).rendered.body,
    )


def _worker(row: Values) -> tuple[str, ...]:
    """Give both numbers of a person, where the row has both."""
    return (row.employee, row.person.value) if row.employee and row.person else ()


def _source(row: Values) -> tuple[str, ...]:
    """Give what a corrected row keeps: its id or, without one, who is away from which day on, and whether ill."""
    if row.id is not None:
        return ("id", row.id)
    kind = "sick" if row.kind.kind in SICK else row.kind.kind
    return (row.employee or "", row.person.value if row.person else "", str(row.start), kind)
