"""Faults of the driver of the local APIC's timer."""

from __future__ import annotations

from fractions import Fraction

from kerneltui.kernel.drivers.apic_timer import (
    DIV_CONF,
    INIT_COUNT,
    LVT_MASKED,
    LVT_PERIODIC,
    NS_PER_S,
    ApicTimerDriver,
)

IA32_TSC_DEADLINE = 0x6E0
LVT_TSC_DEADLINE = 0b10 << 17
DIVIDE_BY_2 = 0b0000


class TrustApicTimer(ApicTimerDriver):
    """The timer is taken though it stops in deep idle: a core that sleeps long never wakes."""

    def _has_arat(self) -> bool:
        return True


class LvtMasked(ApicTimerDriver):
    """The mode is set with the mask that calibration needed: the count ends, nothing comes."""

    def _set_lvt(self, mode: int) -> None:
        super()._set_lvt(mode | LVT_MASKED)


class CountFirst(ApicTimerDriver):
    """The count is stored, then the mode: the change of mode disarms what runs (10.5.4.1)."""

    def start_periodic(self, hz: int) -> Fraction:
        """In the wrong order."""
        count = round(self.hz / hz)
        self._cpu.write(self._base + INIT_COUNT, count)
        self._set_lvt(LVT_PERIODIC)
        return count * NS_PER_S / self.hz


class DivideBy2(ApicTimerDriver):
    """The divide register's zero divides by 2, not by 1; the rate was measured with 1.

    Everything comes, at twice the time.
    """

    def set_oneshot(self, delay_ns: int) -> None:
        """With the divider that looks like none."""
        self._cpu.write(self._base + DIV_CONF, DIVIDE_BY_2)
        super().set_oneshot(delay_ns)


class DeadlinePast(ApicTimerDriver):
    """TSC-deadline mode wants a value of the TSC, and gets how long to wait.

    All is well while the uptime is short.  Then each deadline has passed when it is stored: it
    interrupts at once, is set anew, and so on.
    """

    TSC_HZ = 2_400_000_000
    """as the PC's is; a kernel would measure it"""
    CONVERT_NS = 20_000

    def set_oneshot(self, delay_ns: int) -> None:
        """The delay in ticks, and the counter is not added."""
        self._set_lvt(LVT_TSC_DEADLINE)
        self._cpu.compute(self.CONVERT_NS)
        self._cpu.write_msr(IA32_TSC_DEADLINE, max(delay_ns * self.TSC_HZ // NS_PER_S, 1))
