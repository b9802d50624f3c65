"""Checks of a rule's options by themselves: what a word in a file may be, whatever place the rule stands at."""

from collections.abc import Iterator
from datetime import date, datetime
from zoneinfo import ZoneInfo, available_timezones

from gateway.core.errors import Fault
from gateway.mapping.check.tree import Target
from gateway.mapping.compile.codecs import TEXTS
from gateway.mapping.compile.derive import DERIVATIONS
from gateway.mapping.language import Derived, FieldRule, Spot, Step
from gateway.mapping.nearest import nearest
from gateway.mapping.wire.schema import Scalar
from gateway.model.codes import FORMS, LISTS
from gateway.model.walk import fields_of

CANONICAL = {
    str: "a text",
    bool: "a yes or no",
    int: "a whole number",
    date: "a date",
    datetime: "a time",
}
WIRE = {
    Scalar.BOOLEAN: "a yes or no",
    Scalar.JSON_BOOLEAN: "a yes or no",
    Scalar.INTEGER: "a number",
    Scalar.DECIMAL: "a decimal number",
    Scalar.JSON_NUMBER: "a decimal number",
    Scalar.JSON_INTEGER: "a number",
    Scalar.DATE: "a date",
    Scalar.JSON_DATE: "a date",
    Scalar.DATETIME: "a time",
    Scalar.JSON_DATETIME: "a time",
} | dict.fromkeys(TEXTS, "a text")

LONE = (("columns", "codes"), ("value", "each"), ("parts", "codes"), ("unknown", "codes"))


def faults_of(rule: FieldRule, target: Target, record: type) -> Iterator[Fault]:
    """Give what is wrong with the options of a rule for a canonical field, each at the option's own position."""
    field = target.field
    for option, needs in LONE:
        if option in rule.spots and needs not in rule.spots and not rule.one_of:
            yield rule.spot_of(option).fault(f"`{option}:` means nothing without `{needs}:`", f"give `{needs}:`")
    for option in ("joined", "prefix"):
        if option in rule.spots and not getattr(rule, option):
            yield rule.spot_of(option).fault(f"`{option}:` is empty", f"give a text, or take `{option}:` away")
    if rule.of:
        yield from _of_system(rule, record)
    if rule.parts and rule.at != (Step("."),):
        yield rule.spot_of("at").fault("`parts:` are properties of the record itself", "give `at: .`")
    if rule.zone and not _is_zone(rule.zone):
        yield rule.spot_of("zone").fault(
            f"there is no time zone {rule.zone}", nearest(rule.zone, available_timezones())
        )
    elif rule.zone and field.kinds[0] is not datetime:
        yield rule.spot_of("zone").fault(f"{rule.field} is not a time, and has no zone", "take `zone:` away")
    if rule.contains and rule.contains not in LISTS.get(field.codes, frozenset()):
        yield rule.spot_of("contains").fault(
            f"{rule.contains} is not in the canonical list {field.codes or 'that a coded field has'}",
            nearest(rule.contains, LISTS.get(field.codes, ())),
        )
    if (field.is_record or rule.each) and target.index is None and rule.absent not in (None, "empty"):
        yield rule.spot_of("absent").fault(
            f"{rule.field} is written whole or not at all", "`absent: empty` writes an empty element"
        )


def _of_system(rule: FieldRule, record: type) -> Iterator[Fault]:
    """Give what is wrong with the field that is to say of which code system a code is."""
    known = {name: field for name, field in fields_of(record).items() if field.codes in FORMS}
    if rule.of not in known:
        what = f"{record.__name__} has no field {rule.of} that says of which code system {rule.field} is"
        yield rule.spot_of("of").fault(what, nearest(rule.of, known))


def _is_zone(name: str) -> bool:
    try:
        return bool(ZoneInfo(name))
    except (KeyError, ValueError, OSError):
        return False


def derivation_faults(name: str, spot: Spot) -> Iterator[Fault]:
    """Give what is wrong with the name of a derivation."""
    if name not in DERIVATIONS:
        yield spot.fault(f"there is no derivation {name}", nearest(name, DERIVATIONS))


def derived_faults(derived: Derived, record: type, spot: Spot) -> Iterator[Fault]:
    """Give what is wrong with a value that another field of `record` is to imply."""
    yield from derivation_faults(derived.by, spot)
    known = fields_of(record)
    if derived.source not in known:
        yield spot.fault(f"{record.__name__} has no field {derived.source}", nearest(derived.source, known))
