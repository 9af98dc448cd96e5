"""The timer of one core's local APIC.

Document: Intel SDM, volume 3A, section 10.5.4, "APIC Timer".  The count is computed from the time
at which it was last known, never ticked.  The divider starts anew whenever the count is loaded or
the divide value changes.

Without ARAT the timer stands still, in every mode, while its core is in deep idle
(CPUID.06H:EAX[2]); a deadline that the time-stamp counter has passed meanwhile interrupts as the
core wakes.  That counter stands still there too, unless it is invariant.
"""

from __future__ import annotations

from collections.abc import Callable

from kerneltui.devices.x86.local_apic_registers import LOCAL_APIC, ONE_SHOT, PERIODIC, TSC_DEADLINE
from kerneltui.hw.clock import NS_PER_S, Clock, ns_to_ticks, ticks_to_ns
from kerneltui.hw.device import ComparatorState, CounterState

TSC_MASK = (1 << 64) - 1
DIVIDE_LOW, DIVIDE_HIGH = (
    LOCAL_APIC["DIV_CONF"]["DIVIDE_LOW"],
    LOCAL_APIC["DIV_CONF"]["DIVIDE_HIGH"],
)


def divisor(configuration: int) -> int:
    """What a value of DIV_CONF divides by: 000b is 2, 110b is 128, 111b is 1 (10.5.4)."""
    code = (
        DIVIDE_LOW.extract(configuration) | DIVIDE_HIGH.extract(configuration) << DIVIDE_LOW.width
    )
    return 1 << (code + 1 & 7)


class ApicTimer:
    """One-shot, periodic or TSC-deadline; ``expired()`` is called at each expiry, masked or not.

    While ``masked``, expiries of the counting modes go by unseen, and none is scheduled.
    """

    __slots__ = (
        "_at", "_clock", "_expired", "_expiry", "_hz", "_left", "_period", "_step", "_stopped",
        "_tsc_hz", "_tsc_lost_ns", "_tsc_offset", "_tsc_stopped", "deadline", "initial", "masked",
        "mode",
    )  # fmt: skip

    def __init__(
        self, clock: Clock, name: str, hz: int, tsc_hz: int, expired: Callable[[], None]
    ) -> None:
        self._clock = clock
        self._hz = hz
        self._tsc_hz = tsc_hz
        self._expired = expired
        self._expiry = clock.deadline(f"{name}.CUR_COUNT", self._due)
        self._stopped: int | None = None
        self._tsc_stopped: int | None = None
        self._tsc_lost_ns = 0
        self._tsc_offset = 0
        self.reset()

    def reset(self) -> None:
        """Stopped, one-shot, divide by 2, masked (10.4.7.1)."""
        self.mode = ONE_SHOT
        self.masked = True
        self.initial = 0
        self.deadline = 0
        self._period = 0
        self._left = 0
        self._at = 0
        self._step = divisor(0) * NS_PER_S
        self._expiry.cancel()

    # -- what it shows ------------------------------------------------------------------------

    def tsc(self) -> int:
        """The core's time-stamp counter: 64 bits, from the start of time unless it is written."""
        return self._tsc_ticks() + self._tsc_offset & TSC_MASK

    def _tsc_ticks(self) -> int:
        """How often it has counted."""
        now = self._clock.now if self._tsc_stopped is None else self._tsc_stopped
        return ns_to_ticks(now - self._tsc_lost_ns, self._tsc_hz)

    def shift_tsc(self, offset: int) -> None:
        """The counter was written: it is so many counts ahead of one that never was."""
        self._tsc_offset = offset
        self._arm()

    def _now(self) -> int:
        """The time on the timer's own clock."""
        return self._clock.now if self._stopped is None else self._stopped

    def _elapsed(self) -> int:
        """Counts since ``_left`` were left."""
        now = self._clock.now if self._stopped is None else self._stopped
        return (now - self._at) * self._hz // self._step

    def count(self) -> int:
        """The current count: at zero a one-shot stays there, a periodic timer reloads at once."""
        elapsed = self._elapsed()
        if elapsed < self._left:
            return self._left - elapsed
        if self.mode == PERIODIC and self._period:
            return self._period - (elapsed - self._left) % self._period
        return 0

    def comparator(self) -> ComparatorState:
        """Either the count on its way to zero, or the time-stamp counter on its to the deadline."""
        due = self._next_due()
        if self.mode == TSC_DEADLINE:
            armed, name, hz = self.deadline != 0, "IA32_TSC_DEADLINE", self._tsc_hz
            counter, compare = self.tsc(), self.deadline
            met = armed and counter >= compare
        else:
            armed, name, hz = self._period != 0, "CUR_COUNT", self._hz * NS_PER_S // self._step
            counter, compare = self.count(), 0
            met = armed and counter == 0
        return ComparatorState(
            name=name,
            counter=counter,
            compare=compare,
            hz=hz,
            enabled=armed,
            masked=self.masked,
            met=met,
            due_ns=due,
            counts_down=name == "CUR_COUNT",
            whole_ns=self._period * self._step // self._hz if name == "CUR_COUNT" else None,
            divider="DIV_CONF" if name == "CUR_COUNT" else "",
        )

    def counters(self) -> list[CounterState]:
        """The count while it runs; in TSC-deadline mode it is the processor's counter that does."""
        state = self.comparator()
        if not (state.enabled and state.counts_down):
            return []
        held = "deep idle" if self._stopped is not None else ""
        return [
            CounterState(
                name=state.name,
                value=state.counter,
                hz=state.hz,
                bits=None,
                held=held,
            )
        ]

    # -- what software does -------------------------------------------------------------------

    def load(self, initial: int) -> None:
        """Start from a new initial count; zero stops.  Ignored in TSC-deadline mode (10.5.4.1)."""
        if self.mode >= TSC_DEADLINE:
            return
        self.initial = self._period = self._left = initial
        self._at = self._clock.now if self._stopped is None else self._stopped
        self._arm()

    def divide(self, configuration: int) -> None:
        """Count on at another rate, from where the count stands."""
        self._left = self.count()
        self._at = self._now()
        self._step = divisor(configuration) * NS_PER_S
        self._arm()

    def configure(self, mode: int, *, masked: bool) -> None:
        """Take over LVT_TIMER; a change of mode disarms the timer (10.5.4.1)."""
        if mode != self.mode:
            self.mode = mode
            self._period = self._left = self.deadline = 0
        self.masked = masked
        self._arm()

    def set_deadline(self, tsc: int) -> None:
        """Arm, or with zero disarm; ignored outside TSC-deadline mode (10.5.4.1)."""
        if self.mode == TSC_DEADLINE:
            self.deadline = tsc
            self._arm()

    # -- deep idle ----------------------------------------------------------------------------

    def stop_clock(self, *, timer_stops: bool, tsc_stops: bool) -> None:
        """The core has fallen into deep idle."""
        now = self._clock.now
        self._stopped = now if timer_stops else None
        self._tsc_stopped = now if tsc_stops else None
        self._arm()

    def start_clock(self, tsc_lost_ns: int) -> None:
        """The core is awake again: what stood still goes on from where it was."""
        if self._stopped is not None:
            self._at += self._clock.now - self._stopped
        self._stopped = self._tsc_stopped = None
        self._tsc_lost_ns = tsc_lost_ns
        self._arm()

    # -- expiry -------------------------------------------------------------------------------

    def _next_due(self) -> int | None:
        """When the timer expires next, in ns; None when it does not."""
        if self.mode == TSC_DEADLINE:
            if not self.deadline or self._stopped is not None or self._tsc_stopped is not None:
                return None
            ahead = self.deadline - self.tsc()
            if ahead <= 0:
                return self._clock.now
            return ticks_to_ns(self._tsc_ticks() + ahead, self._tsc_hz) + self._tsc_lost_ns
        if not self._period or self._stopped is not None:
            return None
        wanted, elapsed = self._left, self._elapsed()
        if elapsed >= wanted:
            if self.mode != PERIODIC:
                return None
            wanted += ((elapsed - wanted) // self._period + 1) * self._period
        return self._at - (-wanted * self._step // self._hz)

    def _arm(self) -> None:
        due = None if self.masked and self.mode != TSC_DEADLINE else self._next_due()
        if due is None:
            self._expiry.cancel()
        else:
            self._expiry.arm(due)

    def _due(self) -> None:
        self.deadline = 0
        if self.mode == PERIODIC:
            self._arm()
        self._expired()
