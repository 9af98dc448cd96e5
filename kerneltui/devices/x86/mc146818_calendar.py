"""How the MC146818 writes time: its bytes to seconds and back, and when an alarm is met."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kerneltui.devices.x86.mc146818_registers import CMOS

SECONDS_A_DAY = 86_400
H24, DM = CMOS["REGISTER_B"].masks("H24", "DM")
"""The bits of register B that choose the notation."""
PM = 0x80
ANY = 0xC0
THURSDAY = 5

# The registers of the time and of the alarm, in the order in which the functions here take them.
TIME = (
    "SECONDS", "MINUTES", "HOURS", "DAY_OF_WEEK", "DATE_OF_MONTH", "MONTH", "YEAR", "CENTURY",
)  # fmt: skip
ALARM = ("SECONDS_ALARM", "MINUTES_ALARM", "HOURS_ALARM")
SECOND, MINUTE, HOUR, WEEKDAY, DATE, MONTH, YEAR, CENTURY = range(len(TIME))


def to_number(byte: int, mode: int) -> int:
    """A byte's value in BCD or binary; no digit is checked, as the chip does not."""
    return byte if mode & DM else (byte >> 4) * 10 + (byte & 0x0F)


def to_byte(number: int, mode: int) -> int:
    """The byte for a value of at most two digits."""
    return number if mode & DM else number // 10 << 4 | number % 10


def _days(year: int, month: int, date: int) -> int:
    """Days from 0000-03-01: a year that begins in March has its leap day at the end.

    Bytes that are no date at all count on from the nearest one that is.
    """
    years, month = divmod(month - 3, 12)
    year += years
    return year * 365 + year // 4 - year // 100 + year // 400 + (153 * month + 2) // 5 + date - 1


def _date(days: int) -> tuple[int, int, int]:
    """Year, month and date of a day counted from 0000-03-01 (the inverse of ``_days``)."""
    era, day = divmod(days, 146_097)
    year = (day - day // 1460 + day // 36_524 - day // 146_096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    date = day - (153 * month + 2) // 5 + 1
    year += 400 * era
    return (year, month + 3, date) if month < 10 else (year + 1, month - 9, date)


def hour_of(byte: int, mode: int) -> int:
    """An hour byte as 0 to 23."""
    if mode & H24:
        return to_number(byte, mode)
    return to_number(byte & ~PM, mode) % 12 + (12 if byte & PM else 0)


def hour_byte(hour: int, mode: int) -> int:
    """Hours 0 to 23 as a byte; with twelve hours, noon and midnight are 12."""
    if mode & H24:
        return to_byte(hour, mode)
    return to_byte(hour % 12 or 12, mode) | (PM if hour >= 12 else 0)


def time_of_day(time: Sequence[int], mode: int) -> int:
    """Seconds since midnight."""
    hour, minute = hour_of(time[HOUR], mode), to_number(time[MINUTE], mode)
    return (hour * 60 + minute) * 60 + to_number(time[SECOND], mode)


def advanced(time: Sequence[int], seconds: int, mode: int) -> list[int]:
    """The bytes so many updates later.

    The day of the week has a counter of its own, that software may have set to anything.
    """
    year, month, date = (to_number(time[which], mode) for which in (YEAR, MONTH, DATE))
    total = time_of_day(time, mode) + seconds
    days, second = divmod(total, SECONDS_A_DAY)
    year += 100 * to_number(time[CENTURY], mode)
    year, month, date = _date(_days(year, month, date) + days)
    weekday = (time[WEEKDAY] - 1 + days) % 7 + 1 if days else time[WEEKDAY]
    year %= 10_000
    return [
        to_byte(second % 60, mode),
        to_byte(second // 60 % 60, mode),
        hour_byte(second // 3600, mode),
        weekday,
        to_byte(date, mode),
        to_byte(month, mode),
        to_byte(year % 100, mode),
        to_byte(year // 100, mode),
    ]


def from_unix(seconds: int, mode: int) -> list[int]:
    """The bytes for a Unix time."""
    weekday = to_byte(THURSDAY, mode)
    epoch = [0, 0, hour_byte(0, mode), weekday, 1, 1, to_byte(70, mode), to_byte(19, mode)]
    return advanced(epoch, seconds, mode)


def _matching(byte: int, limit: int, encode: Callable[[int, int], int], mode: int) -> list[int]:
    """The values below ``limit`` that an alarm byte stands for: all of them, one, or none."""
    return [value for value in range(limit) if byte >= ANY or encode(value, mode) == byte]


def seconds_to_alarm(time: Sequence[int], alarm: Sequence[int], mode: int) -> int | None:
    """How many updates until time and alarm meet; None when no time has these bytes.

    ``alarm`` is second, minute, hour.  Bytes are compared: in the wrong mode they never meet.
    """
    seconds = _matching(alarm[SECOND], 60, to_byte, mode)
    minutes = _matching(alarm[MINUTE], 60, to_byte, mode)
    hours = _matching(alarm[HOUR], 24, hour_byte, mode)
    if not (seconds and minutes and hours):
        return None
    now = time_of_day(time, mode) % SECONDS_A_DAY
    hour, minute, second = now // 3600, now // 60 % 60, now % 60
    found = None
    if hour in hours:
        if minute in minutes:
            found = next((hour * 3600 + minute * 60 + s for s in seconds if s > second), None)
        if found is None:
            found = next((hour * 3600 + m * 60 + seconds[0] for m in minutes if m > minute), None)
    if found is None:
        first = minutes[0] * 60 + seconds[0]
        found = next((h * 3600 + first for h in hours if h > hour), None)
        if found is None:
            found = SECONDS_A_DAY + hours[0] * 3600 + first
    return found - now
