"""Faults of the Arm generic timer's driver."""

from __future__ import annotations

from kerneltui.kernel.drivers.arch_timer import (
    CNTP_CTL_EL0,
    CTL_ENABLE,
    CTL_IMASK,
    NS_PER_S,
    ArchTimer,
)


class RoundDueDown(ArchTimer):
    """The division rounds down: the compare value can be a tick before the due time."""

    def _ticks(self, due_ns: int, hz: int) -> int:
        return due_ns * hz // NS_PER_S


class TimerOff(ArchTimer):
    """Whoever has set the compare value thinks that this is all: ENABLE is clear out of reset."""

    def _switch_on(self) -> None:
        """Forgotten."""


class Imask(ArchTimer):
    """IMASK reads like an enable bit, and both are set.

    The timer runs and its status shows that the condition is met, but its output stays low.
    """

    def _switch_on(self) -> None:
        self._cpu.write_sysreg(CNTP_CTL_EL0, CTL_ENABLE | CTL_IMASK)


class NeverDue(ArchTimer):
    """Time is kept in ns, the counter counts ticks, and nobody converts.

    The compare value is right for 1 GHz: what was to come in a second comes in half a minute.
    """

    def _ticks(self, due_ns: int, hz: int) -> int:  # noqa: ARG002 - that is what is wrong
        return due_ns
