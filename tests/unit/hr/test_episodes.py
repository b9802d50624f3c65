"""Days, spells and episodes of a sick-leave case, and what the law asks for in it."""

from datetime import date, timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.edge.library import default_folder
from gateway.model import Period, SickLeaveCertificate, episode
from gateway.model.absence import Absence
from gateway.model.certificate import TravelOnly
from gateway.model.episode import certified, episodes
from gateway.model.measures import absence_by_month
from gateway.model.messages import absent
from gateway.model.timeline import Due, Law, Point, Signal, sick_pay, signals, timeline
from gateway.wiring.followup import load

D = date.fromisoformat
NORWAY = load(default_folder(), "norway").calendar
SWEDEN_OFF = load(default_folder(), "sweden").calendar
spells = partial(episode.spells, calendar=NORWAY)
is_day_off, working_days = NORWAY.is_off, NORWAY.working_days


def day(text, kind="sick-unspecified", degree="100", end=""):
    return Absence(start=D(text), end=None if end is None else D(end or text), kind=kind, degree=degree)


def note(start, end):
    return SickLeaveCertificate(periods=(Period(start=D(start), end=D(end), kind=TravelOnly()),))


@pytest.mark.parametrize(
    ("easter", "off"),
    [("2025-04-20", True), ("2026-04-05", True), ("2000-04-23", True), ("2038-04-25", True)],
)
def test_the_days_around_easter_are_known(easter, off):
    sunday = D(easter)
    assert [is_day_off(sunday + timedelta(days=n)) for n in (-4, -3, -2, -1, 0, 1, 2, 39, 50)] == [
        *(False, off, off, off, off, off, False, off, off)
    ]


@given(st.dates(D("1990-01-01"), D("2030-12-31")), st.integers(-3, 900))
def test_working_days_reckoned_by_weeks_are_those_counted_one_by_one(first, more):
    last = first + timedelta(days=more)
    assert working_days(first, last) == sum(not is_day_off(first + timedelta(days=n)) for n in range(more + 1))


def test_working_days_leave_out_weekends_and_holidays():
    assert working_days(D("2026-05-11"), D("2026-05-17")) == 4  # Ascension Day is a Thursday
    assert working_days(D("2026-12-24"), D("2026-12-27")) == 1


@pytest.mark.parametrize(
    ("rows", "joined"),
    [
        (["2026-01-09", "2026-01-12"], 1),  # Friday and Monday
        (["2026-01-09", "2026-01-13"], 2),
        (["2026-04-01", "2026-04-07"], 1),  # over Easter
        (["2026-01-12", "2026-01-09", "2026-01-12"], 1),
        (["2026-01-05", "2026-01-06", "2026-01-07", "2026-01-09"], 2),
    ],
)
def test_rows_of_days_are_one_spell_over_days_off(rows, joined):
    assert len(spells(map(day, rows))) == joined


def test_rows_of_another_kind_or_degree_are_spells_of_their_own():
    assert len(spells([day("2026-01-05"), day("2026-01-06", degree="50"), day("2026-01-07", "vacation")])) == 3


def test_an_absence_that_goes_on_takes_up_what_follows():
    (one,) = spells([day("2026-01-05", end=None), day("2026-02-05")])
    assert one.end is None


@given(st.lists(st.dates(D("2026-01-01"), D("2026-12-31")), min_size=1, max_size=40))
def test_joining_loses_no_day_and_adds_only_days_off(days):
    found = spells(day(one.isoformat()) for one in days)
    covered = {s.start + timedelta(days=n) for s in found for n in range((s.end - s.start).days + 1)}
    assert set(days) <= covered
    assert all(is_day_off(one) for one in covered - set(days))


def test_only_an_overlapping_certificate_makes_an_unspecified_illness_certified():
    found = spells([day("2026-01-05", end="2026-01-09"), day("2026-02-02", "sick-self"), day("2026-03-02", "vacation")])
    assert [s.kind for s in certified(found, [])] == ["sick-unspecified", "sick-self", "vacation"]
    assert certified(found, absent(note("2026-01-10", "2026-03-30")))[0].kind == "sick-unspecified"
    every = certified(found, absent(note("2026-01-09", "2026-03-30")))
    assert [s.kind for s in every] == ["sick-certified", "sick-self", "vacation"]


def test_a_new_episode_begins_after_more_than_sixteen_days():
    first = day("2026-01-05", end="2026-01-09")
    assert len(episodes(spells([first, day("2026-01-26")]), 16)) == 1
    assert len(episodes(spells([first, day("2026-01-27")]), 16)) == 2
    assert len(episodes(spells([first, day("2026-01-20", "vacation")]), 16)) == 1
    assert episodes([], 16) == []


POINT = Point("p", 28, "employer", "x", "memory", "", "")


@pytest.mark.parametrize(
    ("end", "today", "due"),
    [
        (None, "2026-02-02", Due.AHEAD),
        (None, "2026-02-03", Due.PASSED),
        ("2026-02-01", "2026-02-03", Due.NOT_REACHED),
        ("2026-02-02", "2026-02-03", Due.PASSED),
    ],
)
def test_a_point_is_so_many_weeks_after_the_first_day(end, today, due):
    (entry,) = timeline(spells([day("2026-01-05", end=end)]), Law(16, (POINT,), ()), D(today))
    assert (entry.by, entry.due) == (D("2026-02-02"), due)


def test_a_signal_is_met_at_its_number_and_not_before():
    short = Signal("s", "", "memory", "", "", at_least=4, within_days=365)
    rows = ["2026-01-05", "2026-02-02", "2026-03-02", "2026-04-13"]
    assert signals(spells(map(day, rows)), [short], D("2026-05-01")) == [short]
    assert signals(spells(map(day, rows[:3])), [short], D("2026-05-01")) == []
    assert signals(spells(map(day, rows)), [short], D("2027-01-06")) == []
    full = Signal("f", "", "memory", "", "", full_weeks=8)
    assert signals(spells([day("2026-01-05", end=None)]), [full], D("2026-03-01")) == [full]
    assert signals(spells([day("2026-01-05", end=None)]), [full], D("2026-02-28")) == []
    assert signals(spells([day("2026-01-05", end=None, degree="50")]), [full], D("2026-06-01")) == []


# Sweden: days off, and the sick-pay period


@pytest.mark.parametrize(
    ("day", "off"),
    [
        ("2026-05-17", True),  # a Sunday
        ("2027-05-17", False),  # Norway's day, a Monday
        ("2025-06-06", True),
        ("2026-06-19", True),  # midsommarafton
        ("2026-06-18", False),
        ("2025-06-20", True),
        ("2026-01-06", True),
        ("2026-04-02", False),  # Maundy Thursday
        ("2026-04-03", True),
        ("2026-05-25", False),  # Whit Monday
        ("2026-12-31", True),
        ("2026-10-30", False),
        ("2026-10-31", True),
    ],
)
def test_swedens_days_off_are_swedens(day, off):
    assert SWEDEN_OFF.is_off(D(day)) is off


def test_rows_of_days_are_joined_over_the_days_off_of_their_own_country():
    rows = [day("2025-06-05"), day("2025-06-09")]  # 6 June is a Friday
    assert (len(episode.spells(rows, SWEDEN_OFF)), len(episode.spells(rows, NORWAY))) == (1, 2)


REPORT = Point("report", 7, "employer", "x", "memory", "", "", after_sick_pay=True)
SWEDEN = Law(4, (REPORT,), (), sick_pay_days=14)


def test_an_illness_within_five_days_goes_on_with_the_same_period_and_its_sick_pay():
    first = day("2026-01-05", end="2026-01-14")  # ten days
    (same,) = episodes(spells([first, day("2026-01-19", end="2026-01-30")]), SWEDEN.between)
    assert len(episodes(spells([first, day("2026-01-20", end="2026-01-30")]), SWEDEN.between)) == 2
    paid = sick_pay(same, 14)
    assert (len(paid), paid[9], paid[10], paid[-1]) == (14, D("2026-01-14"), D("2026-01-19"), D("2026-01-22"))


@pytest.mark.parametrize(
    ("end", "by", "due"),
    [
        (None, "2026-01-25", Due.AHEAD),
        ("2026-01-19", "2026-01-25", Due.AHEAD),
        ("2026-01-18", "2026-01-25", Due.NOT_REACHED),
        ("2026-01-07", "2026-01-14", Due.NOT_REACHED),
    ],
)
def test_what_follows_the_sick_pay_period_is_asked_for_only_when_the_illness_outlasts_it(end, by, due):
    (entry,) = timeline(spells([day("2026-01-05", end=end)]), SWEDEN, D("2026-01-10"))
    assert (entry.by, entry.due) == (D(by), due)


# measures without persons


def test_absence_by_month_says_nothing_of_months_with_few_people():
    january = [spells([day("2026-01-30", end="2026-02-01" if n == 0 else "2026-01-31")]) for n in range(5)]
    first, second = absence_by_month([*january, spells([day("2026-01-10", "vacation")])], D("2026-12-31"))
    assert (first.people, first.days) == (5, 10)
    assert (second.first, second.people, second.days) == (D("2026-02-01"), None, None)


def test_two_spells_on_one_day_count_once_and_what_goes_on_counts_to_the_day():
    both = spells([day("2026-01-05", end="2026-01-06"), day("2026-01-06", "sick-self", end=None)])
    (month,) = absence_by_month([both] * 5, D("2026-01-08"))
    assert month.days == 20
