"""How fast counters really run: their rate, measured against true virtual time.

A rate needs two looks at a counter.  Views are pictures of one moment; what stands between them is
kept here.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from kerneltui.hw.clock import NS_PER_S

COUNT_DOWN_NS = 1_000_000
"""As :data:`WINDOW_NS`, of a counter that is soon loaded anew."""
WINDOW_NS = 100_000_000
"""Virtual time between two looks that are compared, at least: a tick of 1 MHz is then 10 ppm."""

NOT_ROUND = 128
"""Bits of a counter that is not going to come round."""
STANDS_STILL = "stands still"


class CounterReading(msgspec.Struct, frozen=True):
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


class Rate(msgspec.Struct, frozen=True):
    """``hz`` and ``error_ppm`` (of the nominal rate) are None while ``note`` says why."""

    hz: int | None
    error_ppm: int | None
    note: str


Look = tuple[int, dict[tuple[str, str], int]]
"""When (ns), and what each counter showed, by device and name."""
RateState = tuple[tuple[Look, ...], dict[tuple[str, str], Rate]]


class RateMeter:
    """The last looks at the counters, and the rates that lie between them.

    Looks are taken where the machine tells, never where a person halts it: what is measured at a
    moment is the same, whatever the way there.
    """

    def __init__(self) -> None:
        self.due_ns = 0
        """a look is welcome from then on"""
        self._looks: tuple[Look, ...] = ()
        """the last two, newest first"""
        self._rates: dict[tuple[str, str], Rate] = {}

    def save(self) -> RateState:
        """What :meth:`load` needs."""
        return self._looks, self._rates

    def load(self, state: RateState) -> None:
        """Go to another moment."""
        self._looks, self._rates = state
        self.due_ns = _next_look(self._looks[0][0]) if self._looks else 0

    def look(self, now_ns: int, counters: Iterable[CounterReading]) -> None:
        """Remember what the counters show."""
        found = list(counters)
        measured = zip(found, self.measure(now_ns, found), strict=True)
        self._rates = {
            (counter.device, counter.name): rate for counter, rate in measured if rate.hz
        }
        values = {(counter.device, counter.name): counter.value for counter in found}
        self._looks = ((now_ns, values), *self._looks[:1])
        self.due_ns = _next_look(now_ns)

    def measure(self, now_ns: int, counters: Iterable[CounterReading]) -> list[Rate]:
        """The rates of ``counters``, whose values are those of virtual time ``now_ns``."""
        return [self._measure(now_ns, counter) for counter in counters]

    def _measure(self, now_ns: int, counter: CounterReading) -> Rate:
        """Between the last look that is far enough back and now."""
        if counter.held:
            return Rate(0, None, f"{STANDS_STILL}: {counter.held}")
        key = counter.device, counter.name
        apart_ns = COUNT_DOWN_NS if counter.bits is None else WINDOW_NS
        for at_ns, values in self._looks:
            elapsed_ns = now_ns - at_ns
            if elapsed_ns >= apart_ns and key in values:
                before = values[key]
                if counter.bits is not None:
                    ticks = (counter.value - before) % (1 << counter.bits)
                    return _rate(ticks, elapsed_ns, counter.hz, counter.bits)
                # No load lies between the two where the nominal rate fits; that alone can tell.
                ticks = before - counter.value
                if ticks > 0:
                    rate = _rate(ticks, elapsed_ns, counter.hz, NOT_ROUND)
                    if rate.error_ppm == 0:
                        return rate
        nothing = Rate(None, None, "counts down" if counter.bits is None else "not yet measured")
        return self._rates.get(key, nothing)


def _next_look(now_ns: int) -> int:
    """More often at first, while counters and cores are being switched on."""
    return now_ns + min(max(now_ns, COUNT_DOWN_NS), WINDOW_NS)


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
