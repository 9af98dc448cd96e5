"""Calibration: how fast do the APIC timer and the time-stamp counter run?

Their rate is told nowhere, so it is measured against a device whose rate is known: both counters
are read before and after a window of time.  One reading of the reference is wrong by up to a tick
(70 ns for the HPET, 279 ns for the PM timer, 838 ns for the PIT): 14 parts in a million for the PM
timer in 20 ms, where one part in three million already makes 1 ms an hour.  So at both ends of the
window many pairs are read, with pauses of uneven length in between, so that they fall everywhere
within a tick.  Of one end's pairs, compared with a straight line, the one that lies highest was
read just after the reference had ticked, the one that lies lowest just before: the truth is half a
tick from both, and midway between them the error is down to a tick divided by the number of pairs.
How long it takes to read a pair does not matter, as it takes as long at both ends; interrupts would
disturb that, so calibrate with interrupts masked.  All counters are measured in one window: what is
left of the reference's error is then the same for all, and they agree among themselves.

The window is 20 ms, or longer for a reference that ticks slowly: 50.3 ms with the PIT, which wraps
after 54.9 ms; all readings must lie within one wrap.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Protocol

from kerneltui.kernel.arch.cpu import Cpu
from kerneltui.kernel.irq import KernelError
from kerneltui.kernel.pc.clock_selection import choose
from kerneltui.kernel.time.clocksource import ClockSource

WINDOWS_PER_S = 50
LEAST_WINDOW_TICKS = 60_000
PAIRS = 256
"""Read at each end."""
UNEVEN_NS, PAUSE_BELOW_NS = 389, 1009
"""Two primes: multiples of the one, modulo the other, are the pauses."""
POLL_NS = 50_000
MOST_POLLS = 2_000
"""Twice as long as the longest window: a reference that has not got there stands still."""
PER_MILLIHERTZ = 1000

Readings = list[tuple[int, ...]]
"""What was read in turn: the reference since the start, then each subject."""


class Subject(Protocol):
    """A counter of unknown rate."""

    compatible: str
    hz: Fraction

    def read(self) -> int:
        """The counter; it must not wrap during calibration."""


def reference_among(sources: Sequence[ClockSource]) -> ClockSource:
    """The best device of known rate.  Raises KernelError, with all reasons, without any."""
    return choose("timer", None, [source for source in sources if source.name != "tsc"])[0]


def calibrate(cpu: Cpu, reference: ClockSource, subjects: Sequence[Subject]) -> None:
    """Measure the subjects' ``hz``, to the millihertz; all devices have been brought up.

    Raises KernelError when a counter stands still.
    """
    window = max(int(reference.hz) // WINDOWS_PER_S, LEAST_WINDOW_TICKS)
    start = reference.read()
    before = _read_pairs(cpu, reference, subjects, start)
    _wait(cpu, reference, start, window)
    after = _read_pairs(cpu, reference, subjects, start)
    for number, subject in enumerate(subjects, 1):
        ratio = _ratio(
            [(pair[0], pair[number]) for pair in before],
            [(pair[0], pair[number]) for pair in after],
        )
        if ratio <= 0:
            raise KernelError(f"Calibration: {subject.compatible} does not count")
        subject.hz = Fraction(round(reference.hz * ratio * PER_MILLIHERTZ), PER_MILLIHERTZ)


def _read_pairs(
    cpu: Cpu, reference: ClockSource, subjects: Sequence[Subject], start: int
) -> Readings:
    readings: Readings = []
    for number in range(PAIRS):
        since = reference.read() - start & reference.mask
        readings.append((since, *(subject.read() for subject in subjects)))
        cpu.compute(number * UNEVEN_NS % PAUSE_BELOW_NS)
    return readings


def _wait(cpu: Cpu, reference: ClockSource, start: int, ticks: int) -> None:
    for _ in range(MOST_POLLS):
        if reference.read() - start & reference.mask >= ticks:
            return
        cpu.compute(POLL_NS)
    raise KernelError(f"Calibration: {reference.compatible} does not count")


def _ratio(before: list[tuple[int, int]], after: list[tuple[int, int]]) -> Fraction:
    """Subject counts for each tick of the reference; 0 when the subject stands still.

    First the line from the first pair to the last one, then its slope's correction by the heights
    of both ends above it.  Heights are times ``counts``, and heights and times are doubled, for the
    sake of integers.
    """
    origin, earliest = before[0]
    ticks, counts = after[-1][0] - origin, after[-1][1] - earliest
    heights = []
    times = []
    for pairs in (before, after):
        above = [
            (reference - origin) * counts - (subject - earliest) * ticks
            for reference, subject in pairs
        ]
        heights.append(max(above) + min(above))
        times.append(pairs[0][1] + pairs[-1][1])
    apart = times[1] - times[0]
    slope = ticks * apart + heights[1] - heights[0]
    return Fraction(counts * apart, slope) if slope else Fraction(0)
