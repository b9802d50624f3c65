"""The translation report: what was read, released and written, joined on the canonical path into one account.

Every populated leaf of the input has exactly one of six outcomes. A leaf that was carried into the model, released and
written is `carried`; one that the rules did not release is `withheld`; one that the output has no place for is
`dropped`, with the reason of the output's mapping.
"""

from collections.abc import Iterable
from collections.abc import Mapping as Dict
from dataclasses import asdict, dataclass, field
from typing import Any

from gateway.core.message import Deviation, Parsed, Released, Written
from gateway.model.walk import values_of

OUTCOMES = ("carried", "withheld", "dropped", "fixed", "unmapped", "refused")


@dataclass(slots=True)
class Report:
    """One account of one translation; its rows are dictionaries of paths, names and reasons, never values."""

    leaves: int = 0
    carried: list[dict[str, Any]] = field(default_factory=list)
    withheld: list[dict[str, Any]] = field(default_factory=list)
    dropped: list[dict[str, Any]] = field(default_factory=list)
    fixed: list[dict[str, Any]] = field(default_factory=list)
    unmapped: list[dict[str, Any]] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)
    deviations: list[dict[str, Any]] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def adds_up(self) -> bool:
        """Whether the six outcomes hold each leaf once."""
        return self.leaves == sum(len(getattr(self, outcome)) for outcome in OUTCOMES)

    def as_json(self) -> dict[str, Any]:
        """Give the report as it is written to a file."""
        return asdict(self)


def join(
    parsed: Parsed[Any],
    released: Released[Any] | None = None,
    written: Iterable[Written] = (),
    lacks: Dict[str, str] | None = None,
    versions: Dict[str, str] | None = None,
) -> Report:
    """Join the three sides. Without a release only the reading is told: what was carried has no output yet."""
    report = Report(leaves=parsed.leaves, versions=dict(versions or {}))
    report.deviations = [_deviation(one) for one in parsed.deviations]
    places = _places(written)
    labels = {path: data_class for path, _, data_class in values_of(parsed.record)} if parsed.record is not None else {}
    withheld = {one.field: one for one in released.withheld} if released else {}
    for row in parsed.rows:
        if row.outcome != "carried":
            getattr(report, row.outcome).append(_plain(row.at, row.outcome, row.where, row.why))
            continue
        data_class = str(_class_of(row.field, labels))
        base = {"from": row.at, "field": row.field, "class": data_class}
        held = withheld.get(row.field)
        place = places.get(row.field) or places.get(_list_of(row.field))
        if held is not None:
            report.withheld.append({**base, "rules": list(held.rules)})
        elif released is None:
            report.carried.append({**base, "to": None, "rule": None, "at": row.where})
        elif place is not None and not (place.why and place.why != "record"):
            rules = released.rules.get(data_class, ())
            report.carried.append({**base, "to": place.to, "rule": rules[0] if rules else None, "at": place.where})
        else:
            reason = place.why if place else _reason(row.field, lacks or {})
            report.dropped.append({**base, "reason": reason, "at": place.where if place else row.where})
    return report


def _places(written: Iterable[Written]) -> dict[str, Written]:
    places: dict[str, Written] = {}
    for one in written:
        known = places.get(one.field)
        if known is None or known.why == "record":
            places[one.field] = one
    return places


def _class_of(field_path: str, labels: Dict[str, Any]) -> str:
    """Give the class of a leaf, or of the record that a row names by its own path."""
    if field_path in labels:
        return str(labels[field_path])
    return next((str(c) for path, c in labels.items() if path.startswith((field_path + ".", field_path + "["))), "")


def _list_of(field_path: str) -> str:
    """Give the list that an item stands in: an output may tell whether the list holds something, as a whole."""
    return field_path.rpartition("[")[0] if field_path.endswith("]") else ""


def _reason(field_path: str, lacks: Dict[str, str]) -> str:
    bare = _without_indices(field_path)
    for listed, reason in lacks.items():
        if bare == _without_indices(listed) or bare.startswith(_without_indices(listed) + "."):
            return reason
    return "this format has no place for it"


def _without_indices(path: str) -> str:
    out, depth = "", 0
    for char in path:
        depth += (char in "[(") - (char in "])")
        if depth == 0 and char not in "])":
            out += char
    return out


def _plain(at: str, outcome: str, where: str, why: str) -> dict[str, Any]:
    if outcome == "fixed":
        return {"from": at, "at": where}
    if outcome == "dropped":
        return {"from": at, "reason": why, "at": where}
    if outcome == "unmapped":
        return {"from": at, "severity": "warning", "why": why, "at": where}
    return {"from": at, "why": why, "at": where}


def _deviation(one: Deviation) -> dict[str, Any]:
    return {"at": one.at, "what": one.what, "repaired": one.repaired}
