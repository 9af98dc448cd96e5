"""Calendar: against Python's where that reaches, and against its own inverse everywhere."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerneltui.kernel.time.calendar import (
    DateTime,
    date_to_unix,
    date_to_xt,
    days_in_month,
    is_leap,
    normalise,
    unix_to_date,
    unix_to_xt,
    weekday,
    xt_to_date,
    xt_to_unix,
)

FIRST = DateTime(1601, 1, 1)
LAST = DateTime(30827, 12, 31, 23, 59, 59)
FIRST_UNIX, LAST_UNIX = -11_644_473_600, 910_670_515_199
XT_PER_S = 10_000_000
LAST_XT = (LAST_UNIX - FIRST_UNIX + 1) * XT_PER_S - 1
EPOCH = datetime(1601, 1, 1)  # noqa: DTZ001
PYTHONS_LAST = datetime(9999, 12, 31, 23, 59, 59)  # noqa: DTZ001

pythons = st.datetimes(EPOCH, PYTHONS_LAST)
any_unix = st.integers(FIRST_UNIX, LAST_UNIX)


def fields(moment):
    return moment.timetuple()[:6]


# -- the six directions ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("date", "unix", "xt"),
    [
        (FIRST, FIRST_UNIX, 0),
        (DateTime(1969, 12, 31, 23, 59, 59), -1, 116_444_735_990_000_000),
        (DateTime(1970, 1, 1), 0, 116_444_736_000_000_000),
        (DateTime(2001, 9, 9, 1, 46, 40), 1_000_000_000, 126_444_736_000_000_000),
        (DateTime(2038, 1, 19, 3, 14, 8), 1 << 31, 137_919_572_480_000_000),
        (LAST, LAST_UNIX, LAST_XT - 9_999_999),
    ],
)
def test_well_known_moments(date, unix, xt):
    assert (date_to_unix(date), date_to_xt(date)) == (unix, xt)
    assert (unix_to_date(unix), unix_to_xt(unix)) == (date, xt)
    assert (xt_to_date(xt), xt_to_unix(xt)) == (date, unix)


@given(pythons)
def test_python_agrees_as_far_as_it_goes(moment):
    date = DateTime(*fields(moment))
    seconds = (moment - EPOCH) // timedelta(seconds=1)
    assert date_to_xt(date) == seconds * XT_PER_S
    assert date_to_unix(date) == seconds + FIRST_UNIX
    assert xt_to_date(seconds * XT_PER_S) == date
    assert weekday(date) == moment.isoweekday() % 7
    assert str(date) == moment.isoformat(" ", "seconds")


@given(any_unix, st.integers(0, XT_PER_S - 1))
def test_all_directions_are_inverse_over_the_whole_range(unix, fraction):
    date = unix_to_date(unix)
    assert date_to_unix(date) == unix
    xt = unix_to_xt(unix) + fraction
    assert (xt_to_unix(xt), xt_to_date(xt)) == (unix, date), "a fraction belongs to its second"
    assert date_to_xt(date) == xt - fraction


@given(st.integers(FIRST_UNIX, LAST_UNIX - 1))
def test_the_next_second_is_a_later_date(unix):
    assert unix_to_date(unix) < unix_to_date(unix + 1)


@given(any_unix)
def test_the_week_goes_on_through_every_border(unix):
    assert weekday(unix_to_date(unix)) == (4 + unix // 86_400) % 7, "1970-01-01 was a Thursday"


# -- leap years ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("year", "leap"),
    [(1700, False), (1900, False), (2000, True), (2023, False), (2024, True), (30800, True)],
)
def test_a_century_is_a_leap_year_only_every_fourth_time(year, leap):
    assert is_leap(year) is leap
    assert days_in_month(year, 2) == 28 + leap


def test_at_the_end_of_february_and_of_the_year_every_year_goes_on_by_one_day():
    day = 0
    for year in range(1601, 30828):
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        borders = {0: (1, 1), 58: (2, 28), 59: (2, 29) if leap else (3, 1), 364 + leap: (12, 31)}
        if leap:
            borders[60] = (3, 1)
        for days, (month, date) in borders.items():
            expected = DateTime(year, month, date)
            xt = (day + days) * 86_400 * XT_PER_S
            assert (xt_to_date(xt), date_to_xt(expected)) == (expected, xt)
        day += 365 + leap
    assert day * 86_400 * XT_PER_S == LAST_XT + 1


# -- what does not exist ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("date", "message"),
    [
        ((1600, 12, 31), "year must be 1601 to 30827, not 1600"),
        ((30828, 1, 1), "year must be 1601 to 30827, not 30828"),
        ((2024, 0, 1), "month must be 1 to 12, not 0"),
        ((2024, 13, 1), "month must be 1 to 12, not 13"),
        ((2023, 2, 29), "2023-02 has 28 days: there is no day 29"),
        ((2024, 4, 31), "2024-04 has 30 days: there is no day 31"),
        ((2024, 1, 0), "2024-01 has 31 days: there is no day 0"),
        ((2024, 1, 1, 24, 0, 0), "hour must be 0 to 23, not 24"),
        ((2024, 1, 1, 0, 60, 0), "minute must be 0 to 59, not 60"),
        ((2016, 12, 31, 23, 59, 60), "second must be 0 to 59, not 60"),
        ((2024, 1, 1, 0, 0, -1), "second must be 0 to 59, not -1"),
    ],
)
def test_a_date_that_does_not_exist_is_refused_in_words(date, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        DateTime(*date)


@pytest.mark.parametrize("unix", [FIRST_UNIX - 1, LAST_UNIX + 1])
@pytest.mark.parametrize("convert", [unix_to_date, unix_to_xt])
def test_a_unix_time_beyond_the_calendar_is_refused(convert, unix):
    with pytest.raises(ValueError, match="outside the years 1601 to 30827"):
        convert(unix)


@pytest.mark.parametrize("xt", [-1, LAST_XT + 1, (1 << 63) - 1])
@pytest.mark.parametrize("convert", [xt_to_date, xt_to_unix])
def test_an_xt_time_beyond_the_calendar_is_refused(convert, xt):
    with pytest.raises(ValueError, match="outside the years 1601 to 30827"):
        convert(xt)


def test_every_whole_year_that_63_bits_reach_is_known():
    assert LAST_XT < (1 << 63) - 1 < LAST_XT + 366 * 86_400 * XT_PER_S


# -- carrying over ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_fields", "date"),
    [
        ((2016, 12, 31, 23, 59, 60), DateTime(2017, 1, 1)),
        ((2024, 13, 1, 0, 0, 0), DateTime(2025, 1, 1)),
        ((2024, 0, 1, 0, 0, 0), DateTime(2023, 12, 1)),
        ((2024, -11, 1, 0, 0, 0), DateTime(2023, 1, 1)),
        ((2023, 2, 29, 0, 0, 0), DateTime(2023, 3, 1)),
        ((2024, 2, 31, 0, 0, 0), DateTime(2024, 3, 2)),
        ((2024, 3, 0, 0, 0, 0), DateTime(2024, 2, 29)),
        ((2024, 1, 1, 24, 0, 0), DateTime(2024, 1, 2)),
        ((2024, 1, 1, 0, 60, 0), DateTime(2024, 1, 1, 1)),
        ((2024, 1, 1, 0, 0, -1), DateTime(2023, 12, 31, 23, 59, 59)),
        ((1600, 13, 1, 0, 0, 0), FIRST),
        ((30827, 12, 31, 23, 59, 59), LAST),
    ],
)
def test_fields_out_of_range_carry_over(given_fields, date):
    assert normalise(*given_fields) == date


@given(any_unix)
def test_what_is_in_range_stays_as_it_is(unix):
    date = unix_to_date(unix)
    assert normalise(date.year, date.month, date.day, date.hour, date.minute, date.second) == date


@given(
    pythons, st.integers(-99, 99), st.integers(-99, 99), st.integers(-99, 99), st.integers(-99, 99)
)
def test_carrying_over_is_adding(moment, days, hours, minutes, seconds):
    year, month, day, hour, minute, second = fields(moment)
    try:
        total = moment + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        return
    carried = (day + days, hour + hours, minute + minutes, second + seconds)
    if total < EPOCH:
        with pytest.raises(ValueError, match="outside"):
            normalise(year, month, *carried)
    else:
        assert normalise(year, month, *carried) == DateTime(*fields(total))


@pytest.mark.parametrize(
    "beyond", [(1601, 1, 1, 0, 0, -1), (1601, 0, 1, 0, 0, 0), (30827, 12, 31, 23, 59, 60)]
)
def test_carrying_over_the_ends_of_the_calendar_is_refused(beyond):
    with pytest.raises(ValueError, match="outside the years 1601 to 30827"):
        normalise(*beyond)
