"""Calendar: dates, Unix time and the kernel's own XT time, each from each other.

XT time counts units of 100 ns since 1601-01-01T00:00:00Z, Unix time seconds since
1970-01-01T00:00:00Z.  Days have 86400 seconds in both: leap seconds do not count.  The calendar is
the Gregorian one throughout.  All functions know the years 1601 to 30827, the whole years that a
signed 64-bit XT time reaches, and raise ValueError beyond.

1601 begins one of the Gregorian calendar's cycles of 400 years, so that counting from there the
leap day is always the last thing in a cycle, a century, four years and a year of them.
"""

from __future__ import annotations

from bisect import bisect_right

import msgspec

FIRST_YEAR = 1601
LAST_YEAR = 30_827
XT_PER_S = 10_000_000
XT_NS = 100
"""The length of an XT unit."""
UNIX_EPOCH_S = 11_644_473_600
"""The Unix epoch in seconds after the XT epoch: 134774 days."""
UNIX_EPOCH_XT = UNIX_EPOCH_S * XT_PER_S

SECONDS_A_DAY = 86_400
DAYS_IN_YEAR = 365
DAYS_IN_4_YEARS = 1_461
DAYS_IN_CENTURY = 36_524
DAYS_IN_CYCLE = 146_097
FIRST_WEEKDAY = 1
"""1601-01-01 was a Monday."""

DAYS_BEFORE_MONTH = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
DAYS_BEFORE_MONTH_LEAP = (0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335)


class DateTime(msgspec.Struct, frozen=True, order=True):
    """A second of the calendar, in UTC.  Raises ValueError for one that does not exist."""

    year: int
    month: int
    day: int
    hour: int = 0
    minute: int = 0
    second: int = 0

    def __post_init__(self) -> None:
        if not FIRST_YEAR <= self.year <= LAST_YEAR:
            raise ValueError(f"year must be {FIRST_YEAR} to {LAST_YEAR}, not {self.year}")
        if not 1 <= self.month <= 12:
            raise ValueError(f"month must be 1 to 12, not {self.month}")
        days = days_in_month(self.year, self.month)
        if not 1 <= self.day <= days:
            month = f"{self.year:04}-{self.month:02}"
            raise ValueError(f"{month} has {days} days: there is no day {self.day}")
        for name, last in (("hour", 23), ("minute", 59), ("second", 59)):
            value = getattr(self, name)
            if not 0 <= value <= last:
                raise ValueError(f"{name} must be 0 to {last}, not {value}")

    def __str__(self) -> str:
        date = f"{self.year:04}-{self.month:02}-{self.day:02}"
        return f"{date} {self.hour:02}:{self.minute:02}:{self.second:02}"


def is_leap(year: int) -> bool:
    """Every fourth year, of the centuries every fourth."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _days_before_month(year: int) -> tuple[int, ...]:
    return DAYS_BEFORE_MONTH_LEAP if is_leap(year) else DAYS_BEFORE_MONTH


def days_in_month(year: int, month: int) -> int:
    """28 to 31; ``month`` is 1 to 12."""
    before = _days_before_month(year)
    end = before[month] if month < 12 else DAYS_IN_YEAR + is_leap(year)
    return end - before[month - 1]


def weekday(date: DateTime) -> int:
    """0 is Sunday, 6 is Saturday."""
    return (_day_number(date.year, date.month) + date.day - 1 + FIRST_WEEKDAY) % 7


def normalise(year: int, month: int, day: int, hour: int, minute: int, second: int) -> DateTime:
    """The date that these fields come to when each carries over into the next greater one.

    Second 60 is second 0 of the next minute, month 13 January of the next year, day 0 the last of
    the month before.  Raises ValueError when that lies outside the years 1601 to 30827.
    """
    years, month = divmod(month - 1, 12)
    days = _day_number(year + years, month + 1) + day - 1
    return _date(((days * 24 + hour) * 60 + minute) * 60 + second)


def date_to_xt(date: DateTime) -> int:
    """The XT time at which the second begins."""
    return _seconds(date) * XT_PER_S


def xt_to_date(xt: int) -> DateTime:
    """The second in which an XT time lies."""
    return _date(xt // XT_PER_S)


def date_to_unix(date: DateTime) -> int:
    """Unix time, negative before 1970."""
    return _seconds(date) - UNIX_EPOCH_S


def unix_to_date(unix_s: int) -> DateTime:
    """The date of a Unix time, negative before 1970."""
    return _date(unix_s + UNIX_EPOCH_S)


def unix_to_xt(unix_s: int) -> int:
    """The XT time at which the second begins."""
    return _checked(unix_s + UNIX_EPOCH_S) * XT_PER_S


def xt_to_unix(xt: int) -> int:
    """The Unix time of the second in which an XT time lies."""
    return _checked(xt // XT_PER_S) - UNIX_EPOCH_S


def _day_number(year: int, month: int) -> int:
    """Days from 1601-01-01 to the first of a month."""
    years = year - FIRST_YEAR
    leap_days = years // 4 - years // 100 + years // 400
    return years * DAYS_IN_YEAR + leap_days + _days_before_month(year)[month - 1]


def _seconds(date: DateTime) -> int:
    """Seconds from 1601-01-01."""
    days = _day_number(date.year, date.month) + date.day - 1
    return ((days * 24 + date.hour) * 60 + date.minute) * 60 + date.second


END_S = _day_number(LAST_YEAR + 1, 1) * SECONDS_A_DAY
"""Where the calendar ends, in seconds from 1601-01-01."""


def _checked(seconds: int) -> int:
    if not 0 <= seconds < END_S:
        years = f"the years {FIRST_YEAR} to {LAST_YEAR}"
        raise ValueError(f"{seconds} s from {FIRST_YEAR}-01-01 lie outside {years}")
    return seconds


def _date(seconds: int) -> DateTime:
    """The inverse of :func:`_seconds`.

    The last century of a cycle and the last year of four are a day longer than the others: their
    leap day would open a fifth.
    """
    days, second = divmod(_checked(seconds), SECONDS_A_DAY)
    cycles, days = divmod(days, DAYS_IN_CYCLE)
    centuries = min(days // DAYS_IN_CENTURY, 3)
    fours, days = divmod(days - centuries * DAYS_IN_CENTURY, DAYS_IN_4_YEARS)
    years = min(days // DAYS_IN_YEAR, 3)
    days -= years * DAYS_IN_YEAR
    year = FIRST_YEAR + 400 * cycles + 100 * centuries + 4 * fours + years
    before = _days_before_month(year)
    month = bisect_right(before, days)
    day = days - before[month - 1] + 1
    return DateTime(year, month, day, second // 3600, second // 60 % 60, second % 60)
