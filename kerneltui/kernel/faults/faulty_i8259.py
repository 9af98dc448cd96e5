"""Faults of the 8259s' driver."""

from __future__ import annotations

from kerneltui.kernel.drivers.i8259 import (
    CASCADE,
    MASTER,
    OCW2_SPECIFIC_EOI,
    I8259Driver,
)


class NoSlaveEoi(I8259Driver):
    """The first chip is told, the second is forgotten.

    It keeps the level in service, and holds back all of its own that are not above it.
    """

    def end_of_interrupt(self, irq: int) -> None:
        """At the master alone."""
        self._cpu.write_port(MASTER, OCW2_SPECIFIC_EOI | (CASCADE if irq > 7 else irq))
