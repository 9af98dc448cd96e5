"""How fast counters really run: their rate, measured against true virtual time.

A rate needs two looks at a counter.  Views are pictures of one moment; what stands between them is
kept here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from kerneltui.hw.clock import NS_PER_S

COUNT_DOWN_NS = 1_000_000
"""As :data:`WINDOW_NS`, of a counter that is soon loaded anew."""
WINDOW_NS = 100_000_000
"""Virtual time between two looks that are compared, at least: a tick of 1 MHz is then 10 ppm."""

NOT_ROUND = 128
"""Bits of a counter that is not going to come round."""
STANDS_STILL = "stands still"


class CounterReading(NamedTuple):
    """What a counter shows at one moment.

    ``bits`` is None for one that does not run freely, but down from what software loads.  ``held``
    says why it stands still now, where that is known without measuring.
    """

    device: str
    name: str
    value: int
    hz: int
    bits: int | None
    held: str = ""


class Rate(NamedTuple):
    """``hz`` and ``error_ppm`` (of the nominal rate) are None while ``note`` says why."""

    hz: int | None
    error_ppm: int | None
    note: str


class RateMeter:
    """The last look at each counter, and what came of the one before."""

    def __init__(self) -> None:
        self._looks: dict[tuple[str, str], tuple[int, int]] = {}
        self._rates: dict[tuple[str, str], Rate] = {}

    def measure(self, now_ns: int, counters: Iterable[CounterReading]) -> list[Rate]:
        """The rates of ``counters``, whose values are those of virtual time ``now_ns``."""
        return [self._measure(now_ns, counter) for counter in counters]

    def _measure(self, now_ns: int, counter: CounterReading) -> Rate:
        if counter.held:
            return Rate(0, None, f"{STANDS_STILL}: {counter.held}")
        key = counter.device, counter.name
        if counter.bits is None:
            return self._measure_down(now_ns, counter, key)
        at_ns, value = self._looks.setdefault(key, (now_ns, counter.value))
        elapsed_ns = now_ns - at_ns
        if elapsed_ns >= WINDOW_NS:
            self._looks[key] = now_ns, counter.value
            ticks = (counter.value - value) % (1 << counter.bits)
            self._rates[key] = _rate(ticks, elapsed_ns, counter.hz, counter.bits)
        return self._rates.get(key, Rate(None, None, "not yet measured"))

    def _measure_down(self, now_ns: int, counter: CounterReading, key: tuple[str, str]) -> Rate:
        """By two looks with no load between them, which the nominal rate alone can tell.

        Any other difference, none too, is what a load makes (a period may fit in evenly).
        """
        at_ns, value = self._looks.setdefault(key, (now_ns, counter.value))
        elapsed_ns, ticks = now_ns - at_ns, value - counter.value
        if elapsed_ns >= COUNT_DOWN_NS:
            self._looks[key] = now_ns, counter.value
            if ticks > 0:
                rate = _rate(ticks, elapsed_ns, counter.hz, NOT_ROUND)
                if rate.error_ppm == 0:
                    self._rates[key] = rate
        return self._rates.get(key, Rate(None, None, "counts down"))


def _rate(ticks: int, elapsed_ns: int, hz: int, bits: int) -> Rate:
    """So many ticks in so much time; an error of one tick is none, as both looks fall between two.

    Past half its range a counter may have come round: nobody can tell, looking as rarely as that.
    """
    expected = elapsed_ns * hz
    if 2 * expected >= NS_PER_S << bits:
        return Rate(None, None, "came round unseen")
    counted = ticks * NS_PER_S
    if counted > 2 * expected + NS_PER_S:
        return Rate(None, None, "was set")
    if not ticks:
        return Rate(0, None, STANDS_STILL)
    error = counted - expected
    ppm = 0 if abs(error) <= NS_PER_S else round(error * 1_000_000 / expected)
    return Rate(round(counted / elapsed_ns), ppm, "")
