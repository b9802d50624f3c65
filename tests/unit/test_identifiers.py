import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core import identifiers
from gateway.core.identifiers import Kind, Series

FIRST = (3, 7, 6, 1, 8, 9, 4, 5, 2)
SECOND = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


def check_digit(digits: str, weights: tuple[int, ...]) -> str | None:
    """As the Population Register describes it: eleven less the remainder; ten is not used."""
    left = (11 - sum(w * int(d) for w, d in zip(weights, digits, strict=True)) % 11) % 11
    return None if left == 10 else str(left)


def number(day: int, month: int, year: int, individual: int) -> str | None:
    nine = f"{day:02}{month:02}{year:02}{individual:03}"
    if (first := check_digit(nine, FIRST)) is None or (second := check_digit(nine + first, SECOND)) is None:
        return None
    return nine + first + second


def some(day: int, month: int, year: int) -> str:
    return next(found for individual in range(100, 200) if (found := number(day, month, year, individual)))


@pytest.mark.parametrize(("added", "series"), [(40, Series.DOLLY), (65, Series.NHN), (80, Series.TENOR)])
@pytest.mark.parametrize(("day", "kind"), [(17, Kind.NATIONAL_NUMBER), (57, Kind.D_NUMBER)])
def test_synthetic_numbers_are_known_by_their_month_and_d_numbers_by_their_day(added, series, day, kind):
    made = some(day, 5 + added, 71)
    assert identifiers.kind_of(made) is kind
    assert identifiers.series_of(made) is series
    assert identifiers.is_synthetic(made)


def test_a_number_without_an_addition_is_of_the_real_series():
    nobody = some(1, 1, 0)
    assert identifiers.series_of(nobody) is Series.REAL
    assert not identifiers.is_synthetic(nobody)
    assert identifiers.series_of("889640782") is None


@pytest.mark.parametrize("example", ["02013299997", "30108299920", "02013299903", "30108299939"])
def test_the_register_s_own_examples_of_numbers_from_2032_are_well_formed(example):
    assert identifiers.is_valid(example, Kind.NATIONAL_NUMBER)


@pytest.mark.parametrize(
    ("day", "month", "year"), [(31, 84, 71), (29, 82, 71), (0, 81, 71), (1, 80, 71), (1, 93, 71), (32, 81, 71)]
)
def test_a_day_that_is_not_makes_no_number(day, month, year):
    assert identifiers.kind_of(some(day, month, year)) is None


def test_a_leap_day_is_a_day_in_leap_years():
    assert identifiers.kind_of(some(29, 82, 72)) is Kind.NATIONAL_NUMBER


@given(
    st.integers(1, 28),
    st.integers(1, 12),
    st.integers(0, 99),
    st.integers(0, 999),
    st.sampled_from([40, 65, 80]),
    st.data(),
)
def test_any_single_wrong_digit_is_found(day, month, year, individual, added, data):
    made = number(day, month + added, year, individual)
    if made is None:
        return
    assert identifiers.kind_of(made) is Kind.NATIONAL_NUMBER
    at = data.draw(st.integers(0, 10))
    other = data.draw(st.sampled_from([d for d in "0123456789" if d != made[at]]))
    assert identifiers.kind_of(made[:at] + other + made[at + 1 :]) is None


@given(st.text(max_size=12) | st.text("0123456789", min_size=8, max_size=12))
def test_any_text_is_of_at_most_one_kind_that_shows(text):
    kind = identifiers.kind_of(text)
    shown = [one for one in Kind if one not in {Kind.HPR, Kind.HER}]
    assert [k for k in shown if identifiers.is_valid(text, k)] == ([kind] if kind else [])
    assert (identifiers.series_of(text) is not None) == (kind in {Kind.NATIONAL_NUMBER, Kind.D_NUMBER})


def test_an_organisation_number_has_a_check_digit():
    assert identifiers.kind_of("889640782") is Kind.ORGANISATION
    assert identifiers.kind_of("889640781") is None


def test_a_test_organisation_begins_with_2_or_3():
    tested = next(n for n in map(str, range(310000000, 310000011)) if identifiers.kind_of(n) is Kind.ORGANISATION)
    assert identifiers.is_synthetic_organisation(tested)
    assert not identifiers.is_synthetic_organisation("889640782")


def test_hpr_and_her_numbers_are_short_digits_that_do_not_show_their_kind():
    assert identifiers.is_valid("9144900", Kind.HPR)
    assert identifiers.is_valid("009144900", Kind.HPR)
    assert identifiers.is_valid("79768", Kind.HER)
    assert identifiers.kind_of("79768") is None


@pytest.mark.parametrize("bad", ["", "0", "12a", "1234567890", "79768".translate(ARABIC), "-1", " 1"])
@pytest.mark.parametrize("kind", [Kind.HPR, Kind.HER])
def test_what_is_not_a_short_row_of_digits_is_no_hpr_or_her_number(bad, kind):
    assert not identifiers.is_valid(bad, kind)


def test_digits_of_other_scripts_are_not_digits():
    assert identifiers.kind_of(some(17, 85, 71).translate(ARABIC)) is None
