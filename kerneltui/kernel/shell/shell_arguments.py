"""What the arguments of the shell's commands say: durations, and what a task is to do."""

from __future__ import annotations

import re
from fractions import Fraction

from kerneltui.kernel.tasks.task import Kind, Operation, TaskRequest, takes_no_time, waits_in_vain
from kerneltui.kernel.time.timers import NS_PER_MS

UNITS_NS = {
    "ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000,
    "min": 60_000_000_000, "h": 3_600_000_000_000,
}  # fmt: skip
LONGEST_NS = 366 * 24 * UNITS_NS["h"]
EXAMPLES = "like 250us, 1.5s or 2m"
FOREVER = "forever"
TIMED = ("compute", "sleep", "every")
PRINT = "print"
PLAIN = {"wait": ("", "timer"), "cancel": ("", "timer"), "yield": ("",), "exit": ("",)}
"""Operations without a duration, and what may be said after each."""


class UsageError(Exception):
    """A command cannot be carried out; ``str()`` says why, in one line."""


def duration_ns(text: str) -> int:
    """Raises UsageError for what is no duration of up to a year, or finer than a nanosecond."""
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?([a-z]*)", text)
    if found is None:
        raise UsageError(f"'{text}' is no duration {EXAMPLES}")
    number, unit = found.groups()
    if not unit:
        raise UsageError(f"'{text}' needs a unit, {EXAMPLES}")
    if unit not in UNITS_NS:
        raise UsageError(f"'{unit}' is no unit; there are {', '.join(UNITS_NS)}")
    exact = Fraction(number) * UNITS_NS[unit]
    if exact > LONGEST_NS:
        raise UsageError(f"'{text}' is more than a year")
    if exact.denominator != 1:
        raise UsageError(f"'{text}' is finer than a nanosecond")
    return int(exact)


def task_request(name: str, text: str) -> TaskRequest:
    """A task from ``compute 30ms; sleep 50ms; print hello``, perhaps with ``forever`` at the end.

    Raises UsageError.
    """
    parts = [part.strip() for part in text.split(";")]
    forever = parts[-1] == FOREVER
    if forever:
        del parts[-1]
    if not parts:
        raise UsageError("a task needs something to do")
    operations = tuple(_operation(part) for part in parts)
    if waits_in_vain(operations) is not None:
        raise UsageError("no interval timer runs here; put 'every 1s' before 'wait'")
    if forever and takes_no_time(operations):
        raise UsageError(
            "a task that repeats for ever must take time; add 'compute 1ms' or 'sleep 1ms'"
        )
    return TaskRequest(name, operations, repeat=None if forever else 1)


def _operation(text: str) -> Operation:
    word, _, rest = text.partition(" ")
    rest = rest.strip()
    if word in TIMED:
        return Operation(Kind(word), _whole_ms(word, rest) if word != Kind.COMPUTE else _ns(rest))
    if word == Kind.PRINT:
        if not rest:
            raise UsageError("print what?")
        return Operation(Kind.PRINT, text=rest)
    if word not in PLAIN:
        raise UsageError(
            f"'{word}' is no operation; there are {', '.join((*TIMED, PRINT, *PLAIN))}"
        )
    if rest not in PLAIN[word]:
        raise UsageError(f"'{word}' does not take '{rest}'")
    return Operation(Kind(word))


def _ns(text: str) -> int:
    if not text:
        raise UsageError(f"a duration is missing, {EXAMPLES}")
    return duration_ns(text)


def _whole_ms(word: str, text: str) -> int:
    """As a system call takes it."""
    delay_ns = _ns(text)
    if delay_ns % NS_PER_MS or not delay_ns:
        raise UsageError(f"'{word}' is a system call: whole milliseconds, from 1 on")
    return delay_ns
