"""What a measurement answers, and the baseline that makes machines comparable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from time import process_time


@dataclass(frozen=True)
class Figure:
    """One row of the report: what was measured, and what it stands against in the same run."""

    name: str
    value: str
    against: str
    target: str = ""


@dataclass(frozen=True)
class Rate:
    """The medians of paired repetitions: how often a second, and what that is in plain calls."""

    per_s: float
    calls: float

    def figure(self, name: str, unit: str, target: str = "") -> Figure:
        """As a row."""
        against = f"one costs {self.calls:,.{0 if self.calls > 99 else 1}f} plain calls"
        return Figure(name, f"{self.per_s:,.0f} {unit}/s", against, target)


class _Thing:
    """What the baseline calls."""

    def touch(self, number: int) -> int:
        """As little as a method can do."""
        return number


def plain_call_s(count: int = 200_000) -> float:
    """CPU seconds for one turn of a Python loop that looks up and calls a method."""
    thing = _Thing()
    started = process_time()
    for number in range(count):
        thing.touch(number)
    return (process_time() - started) / count


def rate(work: Callable[[], int], repeat: int) -> Rate:
    """``work()`` does something and answers how often; each time is paired with the baseline.

    CPU time is counted: what else the machine does then matters less.
    """
    work()
    speeds, calls = [], []
    for _ in range(repeat):
        baseline = plain_call_s()
        started = process_time()
        count = work()
        spent = process_time() - started
        baseline = (baseline + plain_call_s()) / 2
        speeds.append(count / spent)
        calls.append(spent / count / baseline)
    return Rate(median(speeds), median(calls))


def paired(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the ratios of measurements that were made side by side."""
    return median(a / b for a, b in zip(ours, theirs, strict=True))


def as_table(figures: Sequence[Figure]) -> str:
    """Rows of equal columns."""
    rows = [
        ("what", "measured", "against, in the same run", "target"),
        *((item.name, item.value, item.against, item.target) for item in figures),
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)
