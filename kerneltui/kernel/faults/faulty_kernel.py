"""Faults of the kernel above its drivers."""

from __future__ import annotations

from kerneltui.kernel.driver import DriverManager
from kerneltui.kernel.irq import IrqManager
from kerneltui.kernel.time.time_manager import TimeManager


class NoRearmAfterSpurious(TimeManager):
    """An interrupt with nothing due is answered by a message alone.

    The comparator was switched off at the handler's start: the timeout that it stood for is lost.
    """

    def _rearm_after_spurious(self) -> None:
        """Forgotten."""


class NoHandler(DriverManager):
    """Interrupts are enabled where devices are set up, handlers registered elsewhere: not yet."""

    def init_drivers(self, irq_manager: IrqManager) -> None:
        """Enable all, register none."""
        for entry in self._entries:
            entry.driver.init()
        for entry in self._entries:
            if entry.irq is not None:
                irq_manager.enable(entry.irq)
