"""Durations as people write them: ``250us``, ``1.5s``, ``2m``; in the program, integer ns."""

from __future__ import annotations

import re
from decimal import Decimal

NS_PER_UNIT = {
    "ns": 1,
    "us": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "min": 60_000_000_000,
    "h": 3_600_000_000_000,
}
LONGEST_NS = 366 * 24 * NS_PER_UNIT["h"]
"""Beyond a year a duration is taken for a slip of the keyboard."""
UNITS = "ns, us, ms, s, m (or min), h"
_WHOLE = r"[0-9][0-9_]*"
_PARTS = r"(\.([0-9]+|[0-9]{3}( [0-9]{3})+))?"
PATTERN = rf"^{_WHOLE}{_PARTS} ?({'|'.join(NS_PER_UNIT)})$"
"""Decimals may stand in groups of three, as :func:`format_time` prints them."""


def parse_duration(text: str) -> int:
    """``1.5s`` -> ns.  Raises ValueError, in words, for anything that is not 0 to 366 days.

    Whatever the program prints as a duration can be read: ``10 min``, ``1.008 266 116 s``.
    """
    number = text.rstrip("".join(NS_PER_UNIT) + " ")
    unit = text[len(number) :]
    exact: int | Decimal
    if unit in NS_PER_UNIT and number.isascii() and number.isdecimal():
        exact = int(number) * NS_PER_UNIT[unit]  # at start most are such: no pattern is compiled
    elif re.fullmatch(PATTERN, text):
        exact = Decimal(re.sub("[_ ]", "", number)) * NS_PER_UNIT[unit.strip()]
    else:
        raise ValueError(_mistake(text))
    if exact > LONGEST_NS:
        raise ValueError(f"'{text}' is more than a year; the longest duration is 8784h")
    if exact != int(exact):
        raise ValueError(f"'{text}' is finer than a nanosecond")
    return int(exact)


def time_before(text: str, form: str) -> tuple[int, str]:
    """``T:WHAT`` -> the time in ns, and the rest.  Raises ValueError, in words, with the form."""
    time, colon, rest = text.partition(":")
    if not time.startswith("-") and not time[:1].isdecimal():
        raise ValueError(f"a time is missing; write {form}")
    if not colon and "=" in time:
        raise ValueError(f"a time is missing; write {form}")
    at_ns = parse_duration(time.strip())
    if not rest:
        raise ValueError(f"nothing stands behind the time; write {form}")
    return at_ns, rest


def _mistake(text: str) -> str:
    """Why a text is not a duration."""
    if text.lstrip().startswith("-"):
        return f"a duration cannot be negative: '{text}'"
    number = re.match(rf"{_WHOLE}{_PARTS}", text)
    if number is not None and number.end() == len(text):
        return f"'{text}' needs a unit ({UNITS}), as in 250us, 1.5s or 2m"
    word = re.fullmatch(r" ?([^\W\d_]+)", text[number.end() :]) if number is not None else None
    if word is not None:
        return f"'{word[1]}' is not a unit of time; the units are {UNITS}"
    return f"'{text}' is not a duration like 250us, 1.5s or 2m; the units are {UNITS}"


def write_duration(ns: int) -> str:
    """As people write it in a file, exactly: ``20us``, ``1500ms``, ``8784h``."""
    names = [unit for unit in reversed(NS_PER_UNIT) if unit != "min" and not ns % NS_PER_UNIT[unit]]
    unit = names[0] if ns else "s"
    return f"{ns // NS_PER_UNIT[unit]}{unit}"


def format_duration(ns: int) -> str:
    """For reading: at most three decimals, ``1.5 s``, ``250 us``; from 10 minutes on in minutes."""
    if ns < 0:
        return f"-{format_duration(-ns)}"
    if ns >= 10 * NS_PER_UNIT["m"]:
        return f"{_trim(ns, NS_PER_UNIT['m'])} min"
    for unit in ("s", "ms", "us"):
        size = NS_PER_UNIT[unit]
        if ns >= size:
            return f"{_trim(ns, size)} {unit}"
    return f"{ns} ns"


def format_briefly(ns: int) -> str:
    """A duration in at most eight cells: four digits, ``999.6 us``, ``12.34 ms``."""
    for unit in ("s", "ms", "us"):
        size = NS_PER_UNIT[unit]
        if ns >= size:
            number = f"{ns // size}.{ns % size * 1000 // size:03}"
            return f"{number[: max(5, number.index('.'))].rstrip('.')} {unit}"
    return f"{ns} ns"


def _trim(ns: int, size: int) -> str:
    thousandths = ns * 1000 // size
    return f"{thousandths // 1000}.{thousandths % 1000:03}".rstrip("0").rstrip(".")


def format_time(ns: int) -> str:
    """A point in virtual time in seconds, grouped for reading: ``1.000 123 456``."""
    seconds, rest = divmod(ns, 1_000_000_000)
    return f"{seconds}.{rest // 1_000_000:03} {rest // 1000 % 1000:03} {rest % 1000:03}"
