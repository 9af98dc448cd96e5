"""The clocks of one x86 core, and the idle model.

The model in one paragraph: a core that has been in HLT for ``deep_idle_after`` falls into deep
idle, where its clocks stop: the time-stamp counter unless the processor has ``invtsc``, and the
local APIC's timer unless it has ``arat``.  Whatever ends the HLT ends deep idle at once, and the
clocks go on from where they stood.

Document: Intel SDM, volume 3B, 17.17 (invariant TSC) and volume 3A, 10.5.4 (ARAT).
"""

from __future__ import annotations

from typing import Protocol

from kerneltui.hw.clock import NS_PER_S, Clock
from kerneltui.hw.device import CounterState

TSC_BITS = 64
TSC_MASK = (1 << TSC_BITS) - 1
NEEDED = frozenset(("arat", "invtsc"))
"""With both features nothing stops, and deep idle makes no difference."""


class Sleeper(Protocol):
    """The timers of the local APICs."""

    def enter_deep_idle(self, cpu: int, *, timer_stops: bool, tsc_stops: bool) -> None: ...

    def leave_deep_idle(self, cpu: int, tsc_lost_ns: int) -> None: ...

    def shift_tsc(self, cpu: int, offset: int) -> None: ...


class CoreClocks:
    """A time-stamp counter, and what happens to it and to the APIC's timer in HLT."""

    def __init__(
        self,
        index: int,
        clock: Clock,
        features: frozenset[str],
        tsc_hz: int,
        deep_idle_after_ns: int,
    ) -> None:
        self.tsc_hz = tsc_hz
        self.local_apic: Sleeper | None = None
        self.in_deep_idle = False
        self._index = index
        self._clock = clock
        self._timer_stops = "arat" not in features
        self._tsc_stops = "invtsc" not in features
        self._is_affected = not features >= NEEDED
        self._deep_idle_after_ns = deep_idle_after_ns
        self._deep_idle = clock.deadline(f"core{index}.deep_idle", self._enter)
        self._slept_at = 0
        self._lost_ns = 0
        self._offset = 0

    def tsc(self) -> int:
        """The time-stamp counter; it began with virtual time."""
        now = self._slept_at if self.in_deep_idle and self._tsc_stops else self._clock.now
        # ns_to_ticks: this is the path of every look at the time.
        return (now - self._lost_ns) * self.tsc_hz // NS_PER_S + self._offset & TSC_MASK

    def counter(self) -> CounterState:
        """The time-stamp counter, and whether deep idle holds it."""
        held = "deep idle" if self.in_deep_idle and self._tsc_stops else ""
        return CounterState("TSC", self.tsc(), self.tsc_hz, TSC_BITS, held)

    def set_tsc(self, value: int) -> None:
        """WRMSR of the counter."""
        self._offset += value - self.tsc()
        if self.local_apic is not None:
            self.local_apic.shift_tsc(self._index, self._offset)

    def halt(self) -> None:
        """HLT begins."""
        if self._is_affected and not self.in_deep_idle:
            self._deep_idle.arm(self._clock.now + self._deep_idle_after_ns)

    def wake(self) -> None:
        """HLT ends."""
        if self._is_affected:
            self._deep_idle.cancel()
        if not self.in_deep_idle:
            return
        self.in_deep_idle = False
        if self._tsc_stops:
            self._lost_ns += self._clock.now - self._slept_at
        if self.local_apic is not None:
            self.local_apic.leave_deep_idle(self._index, self._lost_ns)

    def _enter(self) -> None:
        self.in_deep_idle = True
        self._slept_at = self._clock.now
        if self.local_apic is not None:
            self.local_apic.enter_deep_idle(
                self._index, timer_stops=self._timer_stops, tsc_stops=self._tsc_stops
            )
