"""Timekeeping: system time from a counter that wraps, alone or together with ticks.

Without ticks system time is the timer device's alone.  In tick mode it goes on by the exact length
of a tick at each tick, and the timer device tells how far the next one is under way.  Nothing is
rounded but the result: counts and ticks are kept as integers since the mode began.
"""

from __future__ import annotations

from fractions import Fraction

from kerneltui.kernel.time.clocksource import ClockSource

NS_PER_S = 1_000_000_000
PULL_SHIFT = 6
"""How slowly the estimate of when the device ticks gives way to ticks that come late."""


class Timekeeper:
    """System time, from the moment of creation; it begins at ``already_ns``.

    ``source`` has been brought up and calibrated.  :meth:`update` or :meth:`on_tick` must be called
    at least every ``max_idle_ns``, half a wrap of the counter, with interrupts masked;
    :meth:`uptime_ns` may be called anywhere.
    """

    def __init__(self, source: ClockSource, already_ns: int = 0) -> None:
        self.compatible = source.compatible
        self.source_name = source.name
        self.ticks = 0
        """counted since tick mode began, lost ones among them"""
        self.lost_ticks = 0
        """ticks without an interrupt of their own, as the timer device told, in all"""
        self._source = source
        self._mask = source.mask
        self._ns_per_hz = NS_PER_S * source.hz.denominator
        self._hz = source.hz.numerator
        self.max_idle_ns = (source.mask >> 1) * self._ns_per_hz // self._hz
        self._last = source.read()
        self._count = 0
        """counts from when the mode began to ``_last``"""
        self._updates = 0
        self._origin_ns = self._latest_ns = already_ns
        self._tick: Fraction | None = None
        self._tick_ns = 0
        self._ticked_ns = 0
        """when the device ticked last, by the timer device, since the mode began"""

    @property
    def is_ticking(self) -> bool:
        """Whether ticks carry system time."""
        return self._tick is not None

    def uptime_ns(self) -> int:
        """System time, rounded down to ns; never less than before."""
        now_ns = self._latest_ns = self.uptime_by(self._source)
        return now_ns

    def uptime_by(self, source: ClockSource) -> int:
        """The same, as another core reads its counter, which shows what this core's does.

        An update by an interrupt, or by the other core, during the reading voids it.
        """
        while True:
            updates = self._updates
            raw = source.read()
            if updates == self._updates:
                return self.uptime_at(raw)

    def update(self) -> int:
        """Take over what the counter shows before it wraps; returns the uptime in ns."""
        raw = self._source.read()
        self._count += raw - self._last & self._mask
        self._last = raw
        self._updates += 1
        now_ns = self._latest_ns = self._time_after(self._count * self._ns_per_hz // self._hz)
        return now_ns

    def uptime_at(self, raw: int) -> int:
        """What the uptime is when the counter shows ``raw``; notes nothing, for the debugger."""
        count = self._count + (raw - self._last & self._mask)
        return self._time_after(count * self._ns_per_hz // self._hz)

    def _time_after(self, elapsed_ns: int) -> int:
        """In tick mode time does not go beyond the next tick until that comes."""
        tick = self._tick
        if tick is not None:
            under_way_ns = min(max(elapsed_ns - self._ticked_ns, 0), self._tick_ns - 1)
            elapsed_ns = self.ticks * tick.numerator // tick.denominator + under_way_ns
        return max(self._origin_ns + elapsed_ns, self._latest_ns)

    def start_ticks(self, tick: Fraction) -> None:
        """From now on ticks carry system time.

        ``tick`` is their exact length in ns; the first one is under way.
        """
        self._begin()
        self._tick = tick
        self._tick_ns = int(tick)

    def stop_ticks(self) -> None:
        """From now on the timer device carries system time alone."""
        self._begin()
        self._tick = None

    def _begin(self) -> None:
        """A mode begins with the time at which the other ended: time does not jump."""
        self._origin_ns = self.update()
        self._count = self.ticks = self._ticked_ns = 0

    def on_tick(self) -> None:
        """The device has ticked, in tick mode: as often as the timer device says.

        Interrupts may come late, but not early; so the time at which the device ticks is known from
        those that come earliest.  A tick that was counted as lost and then comes counts no more.
        """
        self.update()
        now_ns = self._count * self._ns_per_hz // self._hz
        tick_ns = self._tick_ns
        ticks = (now_ns - self._ticked_ns + tick_ns // 8) // tick_ns
        self._ticked_ns += ticks * tick_ns
        late_ns = now_ns - self._ticked_ns
        self._ticked_ns += late_ns >> PULL_SHIFT if late_ns > 0 else late_ns
        self.ticks += ticks
        self.lost_ticks += max(ticks - 1, 0)
