"""The borders of NAV's rules on days never tried: leap days, ends of months and years, and the days clocks change."""

import calendar
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nav_notes import met

LEAP = date(2028, 2, 29)
AWKWARD = [LEAP, date(2027, 2, 28), date(2026, 12, 31), date(2027, 1, 1), date(2027, 1, 31), date(2027, 3, 31)]
SPRING, AUTUMN = date(2027, 3, 28), date(2026, 10, 25)
"""The nights in which Norway's clocks go on and back."""

BACK = {"INNTIL_8_DAGER", "MINDRE_ENN_1_MAANED", "OVER_1_MND", "OVER_1_MND_MED_BEGRUNNELSE"}
BACK |= {"MINDRE_ENN_1_MAANED_MED_BEGRUNNELSE"}


def months_later(day: date, months: int) -> date:
    """Go on month by month as `LocalDate.plusMonths` does: the same day, or the last that the month has."""
    year, month = day.year, day.month
    for _ in range(abs(months)):
        month += 1 if months > 0 else -1
        year, month = (year + 1, 1) if month > 12 else (year - 1, 12) if month < 1 else (year, month)
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def said(first: date, signed: date, **more: Any) -> dict[str, Any]:
    """Say a note of a week, signed and received on one morning."""
    at = f"{signed}T09:00"
    spans = [[str(first), str(first + timedelta(days=6)), "graded", 50]]
    return {"periods": spans, "signed": at, "received": at, "treated": at, **more}


def dated_back(first: date, signed: date, words: int) -> str:
    """Read the tree of section 2.1 for a first note, by counting days."""
    if (signed - first).days <= 4:
        return ""
    if signed < first + timedelta(days=9):
        return "" if words else "INNTIL_8_DAGER"
    if signed < months_later(first, 1) + timedelta(days=1):
        return "MINDRE_ENN_1_MAANED_MED_BEGRUNNELSE" if words else "MINDRE_ENN_1_MAANED"
    return "OVER_1_MND_MED_BEGRUNNELSE" if words >= 3 else "OVER_1_MND"


days = st.one_of(st.sampled_from(AWKWARD), st.dates(date(2024, 1, 1), date(2033, 12, 31)))
near = st.sampled_from([-1, 0, 1, 4, 5, 8, 9, 27, 28, 29, 30, 31, 32, 33])


@settings(max_examples=150, deadline=None)
@given(days, near, st.sampled_from([0, 1, 3]))
def test_dating_back_ends_on_navs_day_in_every_month(first: date, later: int, words: int) -> None:
    signed = first + timedelta(days=later)
    found = met(said(first, signed, why=" ".join(["ord"] * words))) & BACK
    assert found == {dated_back(first, signed, words)} - {""}


@pytest.mark.parametrize("today", [*AWKWARD, SPRING, AUTUMN])
def test_three_years_back_and_thirty_days_ahead_end_on_navs_day(today: date) -> None:
    oldest = months_later(today, -36)
    assert "TILBAKEDATERT_MER_ENN_3_AR" not in met(said(oldest, today))
    assert "TILBAKEDATERT_MER_ENN_3_AR" in met(said(oldest - timedelta(days=1), today))
    assert "FREMDATERT" not in met(said(today + timedelta(days=30), today))
    assert "FREMDATERT" in met(said(today + timedelta(days=31), today))


@pytest.mark.parametrize("born", [date(2012, 2, 29), date(2013, 12, 31), date(2014, 1, 1), date(2013, 3, 28)])
def test_thirteen_years_are_full_on_the_birthday_or_the_last_day_of_february(born: date) -> None:
    full = months_later(born, 13 * 12)
    first = full - timedelta(days=6)
    assert "PASIENT_YNGRE_ENN_13" not in met(said(first, first, born=born))
    assert "PASIENT_YNGRE_ENN_13" in met(said(first - timedelta(days=1), first, born=born))


@pytest.mark.parametrize("first", [LEAP, date(2027, 12, 31), SPRING, AUTUMN, date(2027, 2, 28)])
def test_a_note_of_a_day_of_a_year_and_of_nine_months_and_a_day_more(first: date) -> None:
    def over(days: int, **more: Any) -> set[str]:
        spans = [[str(first), str(first + timedelta(days=days)), "graded", 50]]
        return met({**said(first, first, **more), "periods": spans})

    assert over(0) == set()
    assert "TOTAL_VARIGHET_OVER_ETT_AAR" not in over(365)
    assert "TOTAL_VARIGHET_OVER_ETT_AAR" in over(366)
    late = "MANGLENDE_DYNAMISKE_SPOERSMAL_VERSJON2_UKE_39"
    assert late not in over(273, ruleset="2")
    assert late in over(274, ruleset="2")


@pytest.mark.parametrize("night", [SPRING, AUTUMN])
def test_a_day_is_a_day_of_the_wall_clock_also_when_it_has_23_or_25_hours(night: date) -> None:
    eve = datetime.combine(night - timedelta(days=1), datetime.min.time()).replace(hour=12)
    noon = (eve + timedelta(days=1)).isoformat()
    later = (eve + timedelta(days=1, minutes=1)).isoformat()
    at = {"signed": eve.isoformat(), "received": eve.isoformat()}
    assert "BEHANDLINGSDATO_ETTER_MOTTATTDATO" not in met({**said(night, night), **at, "treated": noon})
    assert "BEHANDLINGSDATO_ETTER_MOTTATTDATO" in met({**said(night, night), **at, "treated": later})


@pytest.mark.parametrize("friday", [date(2026, 12, 25), date(2027, 1, 1), date(2028, 2, 25), date(2027, 3, 26)])
def test_a_weekend_between_periods_is_no_gap_and_a_holiday_on_a_weekday_is_one(friday: date) -> None:
    def gap(again: date) -> bool:
        spans = [[str(friday), str(friday), "graded", 50], [str(again), str(again), "graded", 50]]
        return "OPPHOLD_MELLOM_PERIODER" in met({**said(friday, friday), "periods": spans})

    assert [gap(friday + timedelta(days=n)) for n in (1, 2, 3, 4)] == [False, False, False, True]


@pytest.mark.parametrize(("length", "most"), [(0, 1), (6, 1), (7, 2), (13, 2), (14, 3), (365, 53)])
def test_treatment_days_are_one_for_each_week_begun(length: int, most: int) -> None:
    def many(count: int) -> bool:
        spans = [[str(LEAP), str(LEAP + timedelta(days=length)), "treatment-days", count]]
        return "FOR_MANGE_BEHANDLINGSDAGER_PER_UKE" in met({**said(LEAP, LEAP), "periods": spans})

    assert [many(most), many(most + 1)] == [False, True]


def test_a_note_signed_before_the_treatment_is_judged_by_its_signature() -> None:
    spans = [["2026-11-12", "2026-11-29", "graded", 50]]
    note = {"periods": spans, "signed": "2026-11-16T09:00", "received": "2026-11-18T10:00"}
    assert met({**note, "treated": "2026-11-19T10:00"}) == set()
    assert met({**note, "treated": "2026-11-19T10:01"}) == {"BEHANDLINGSDATO_ETTER_MOTTATTDATO"}
    assert met({**note, "signed": "2026-11-17T09:00", "treated": "2026-11-18T09:00"}) == {"INNTIL_8_DAGER"}
