"""Our reading of numbers beside python-stdnum's, an independent one: where they differ, the reason is known."""

import random

import pytest
from stdnum.exceptions import InvalidChecksum, InvalidComponent, ValidationError
from stdnum.no import fodselsnummer, orgnr
from stdnum.se import personnummer

from gateway.core.identifiers import Kind, Series, is_valid, kind_of, series_of

DICE = random.Random(20261124)  # noqa: S311 - numbers to compare, no secrets
SECOND, FIRST = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2), (3, 7, 6, 1, 8, 9, 4, 5, 2)


def with_checks(nine: str) -> str:
    """Give nine digits with the check digits of the legacy rule; nothing where one would be ten."""
    for weights in (FIRST, SECOND):
        check = -sum(w * int(d) for w, d in zip(weights, nine, strict=True)) % 11
        if check > 9:
            return ""
        nine += str(check)
    return nine


def births(count: int, *, to_day: int = 0, to_month: int = 0) -> list[str]:
    """Give numbers of people born before 2000, whose year both readings understand."""
    found: list[str] = []
    while len(found) < count:
        day, month, year = DICE.randrange(1, 29), DICE.randrange(1, 13), DICE.randrange(40, 100)
        number = with_checks(f"{day + to_day:02}{month + to_month:02}{year:02}{DICE.randrange(500):03}")
        found += [number] if number else []
    return found


@pytest.mark.parametrize(
    ("to_day", "to_month", "kind", "series"),
    [
        (0, 0, Kind.NATIONAL_NUMBER, Series.REAL),
        (40, 0, Kind.D_NUMBER, Series.REAL),
        (0, 40, Kind.NATIONAL_NUMBER, Series.DOLLY),
    ],
)
def test_what_stdnum_takes_is_taken(to_day: int, to_month: int, kind: Kind, series: Series) -> None:
    for number in births(300, to_day=to_day, to_month=to_month):
        fodselsnummer.validate(number)
        assert (kind_of(number), series_of(number)) == (kind, series)


@pytest.mark.parametrize("to_month", [65, 80])
def test_of_the_synthetic_series_stdnum_knows_neither(to_month: int) -> None:
    for number in births(50, to_month=to_month):
        assert series_of(number) in (Series.NHN, Series.TENOR)
        with pytest.raises(InvalidComponent):
            fodselsnummer.validate(number)


def test_any_eleven_digits_that_stdnum_takes_are_taken_and_those_taken_beyond_are_synthetic_or_of_2032() -> None:
    beyond = 0
    for _ in range(60_000):
        number = f"{DICE.randrange(1, 32):02}{DICE.randrange(1, 13):02}{DICE.randrange(10**7):07}"
        ours = kind_of(number) is Kind.NATIONAL_NUMBER
        try:
            fodselsnummer.validate(number)
        except InvalidChecksum:
            beyond += ours  # by the check digits of 2032
        except ValidationError:
            continue  # a year of birth that is not yet, which no number shows any longer
        else:
            assert ours
    assert beyond > 100


def test_organisation_numbers_are_the_same_to_both() -> None:
    for _ in range(20_000):
        number = f"{DICE.randrange(10**9):09}"
        assert is_valid(number, Kind.ORGANISATION) == orgnr.is_valid(number)


def test_swedish_personal_numbers_are_the_same_to_both() -> None:
    taken = 0
    for _ in range(20_000):
        year, month, day = DICE.randrange(1900, 2020), DICE.randrange(14), DICE.randrange(33)
        number = f"{year}{month:02}{day:02}{DICE.randrange(10**4):04}"
        assert is_valid(number, Kind.PERSONNUMMER) == personnummer.is_valid(number)
        taken += is_valid(number, Kind.PERSONNUMMER)
    assert taken > 1000


def test_a_common_help_number_begins_with_8_or_9_and_names_nobody_in_a_register() -> None:
    for first in "89":
        found = [with_checks(f"{first}{DICE.randrange(10**8):08}") for _ in range(200)]
        for number in filter(None, found):
            assert kind_of(number) is Kind.FH_NUMBER
            assert series_of(number) is None
            assert kind_of(f"{number[:-1]}{(int(number[-1]) + 1) % 10}") is None
            with pytest.raises(InvalidComponent, match="FH"):
                fodselsnummer.validate(number)
