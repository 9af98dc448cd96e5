"""The PC's timer device for timeouts: a clock device that interrupts, a timekeeper that measures.

In tick mode the clock device interrupts at its rate, and what is due is seen to at each tick; it is
late by up to a tick.  In tickless mode the clock device is set for the next due time.
"""

from __future__ import annotations

from kerneltui.kernel.time.clockevent import ClockEvent
from kerneltui.kernel.time.clocksource import ClockSource
from kerneltui.kernel.time.time_manager import NEVER
from kerneltui.kernel.time.timekeeping import Timekeeper

FOR_EVER_NS = 1 << 55
"""More than a year: a counter that can be left alone so long never needs to be looked after."""


class PcTimer:
    """Both are brought up; the timer is tickless at first, and nothing is set."""

    def __init__(self, clock: ClockEvent, timekeeper: Timekeeper) -> None:
        self.compatible = f"{clock.compatible}, {timekeeper.compatible}"
        self.timekeeper = timekeeper
        self._clock = clock
        self._due_ns = NEVER
        self._rests = timekeeper.max_idle_ns >= FOR_EVER_NS

    def uptime_ns(self) -> int:
        """System time."""
        return self.timekeeper.uptime_ns()

    def start_ticks(self, hz: int) -> None:
        """Tick mode; call it with interrupts masked.

        Raises KernelError for a rate out of the clock device's range: nothing has changed then.
        """
        self.timekeeper.start_ticks(self._clock.start_periodic(hz))

    def start_tickless(self) -> None:
        """Tickless mode, set for what was set before; call it with interrupts masked."""
        self._clock.stop()
        self.timekeeper.stop_ticks()
        self.set_timeout_irq(self._due_ns)

    def set_timeout_irq(self, due_ns: int) -> None:
        """In tick mode the next tick will do.

        The device may have to interrupt earlier: when ``due_ns`` is beyond its range, and before
        the timekeeper's counter wraps; with a counter that does not, NEVER stops the device.
        """
        self._due_ns = due_ns
        timekeeper = self.timekeeper
        if timekeeper.is_ticking:
            return
        delay_ns = due_ns - timekeeper.update()
        if due_ns >= NEVER and self._rests:
            self._clock.stop()
        else:
            self._clock.set_oneshot(min(max(delay_ns, 0), timekeeper.max_idle_ns))

    def conclude_timeout_irq(self) -> None:
        """De-assert the interrupt; in tick mode time goes on."""
        self._clock.conclude()
        if self.timekeeper.is_ticking:
            self.timekeeper.on_tick()


class CoreTimer:
    """A further core's: the boot core keeps time, and this one reads it by a counter of its own.

    The clock device is brought up by that core when it is first set.  It need not run in deep idle:
    it only ends what a core is busy with.
    """

    def __init__(self, clock: ClockEvent, timekeeper: Timekeeper, source: ClockSource) -> None:
        """``clock`` and ``source`` are that core's, whose rates are known."""
        self.compatible = f"{clock.compatible}, {source.compatible}"
        self._clock = clock
        self._timekeeper = timekeeper
        self._source = source
        self._is_up = False

    def uptime_ns(self) -> int:
        """System time."""
        return self._timekeeper.uptime_by(self._source)

    def set_timeout_irq(self, due_ns: int) -> None:
        """Earlier, when that is beyond what the device can count."""
        clock = self._clock
        if due_ns >= NEVER:
            clock.stop()
            return
        if not self._is_up:
            self._is_up = True
            clock.init()
            # The mode too: later only the count has to be written, with nothing before it.
            clock.set_oneshot(clock.max_oneshot_ns)
        clock.set_oneshot(max(due_ns - self.uptime_ns(), 0))

    def conclude_timeout_irq(self) -> None:
        """De-assert the interrupt."""
        self._clock.conclude()
