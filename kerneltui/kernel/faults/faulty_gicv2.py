"""Faults of the GIC's driver.  Sections are those of IHI 0048B."""

from __future__ import annotations

from kerneltui.kernel.arch.aarch64 import IRQ_MASK
from kerneltui.kernel.arch.cpu import Aarch64Cpu
from kerneltui.kernel.drivers.gicv2 import (
    FIRST_SPI,
    GICC_EOIR,
    GICC_IAR,
    GICD_IPRIORITYR,
    INTID_MASK,
    LAST_INTID,
    Gicv2,
)
from kerneltui.kernel.irq import Irq

GICD_IGROUPR = 0x080
SECURE_TIMER, TIMER = 29, 30
PRIORITY = 0xF0


class DistributorOff(Gicv2):
    """The distributor is taken to be on already: it forwards nothing to any core (4.3.1)."""

    DISTRIBUTOR_CONTROL = 0


class CpuInterfaceOff(Gicv2):
    """GICD_CTLR is set, GICC_CTLR is overlooked: two registers, each with its enable (4.4.1)."""

    INTERFACE_CONTROL = 0


class PmrZero(Gicv2):
    """The priority mask is left as it is out of reset: nothing is above priority 0 (4.4.2)."""

    PRIORITY_MASK = 0


class LowPriority(Gicv2):
    """Priorities as low as the mask: only what is higher, a lower number, gets through (4.4.2)."""

    PRIORITY_MASK = PRIORITY

    def enable(self, irq: Irq) -> None:
        """Give it the mask's priority, then enable it."""
        self._cpu.write(self._gicd + GICD_IPRIORITYR + irq.number, PRIORITY, 1)
        super().enable(irq)


class RunningPriority(Gicv2):
    """Handlers let interrupts in, so that the console stays alive during a slow one.

    But no priorities are set, and what is equal does not preempt (3.3.2): it waits for the end.
    """

    _cpu: Aarch64Cpu

    def handle_pending(self) -> None:
        """With IRQs let in meanwhile."""
        acknowledge = self._cpu.read(self._gicc + GICC_IAR)
        intid = acknowledge & INTID_MASK
        if intid <= LAST_INTID:
            self._cpu.unmask(IRQ_MASK)
            self._table.call(intid, self._cpu)
            self._cpu.mask(IRQ_MASK)
            self._cpu.write(self._gicc + GICC_EOIR, acknowledge)


class WrongGroup(Gicv2):
    """Interrupts are made group 1, as a kernel in the non-secure world has them (4.3.4).

    Distributor and CPU interface have an enable for each group, and that of group 0 alone is set.
    """

    def enable(self, irq: Irq) -> None:
        """Move it to group 1, then enable it."""
        address = self._gicd + GICD_IGROUPR + irq.number // 32 * 4
        self._cpu.write(address, self._cpu.read(address) | 1 << irq.number % 32)
        super().enable(irq)


class NotEnabled(Gicv2):
    """Private interrupts are taken to be always enabled, as software-generated ones may be."""

    def enable(self, irq: Irq) -> None:
        """Only what is shared."""
        if irq.number >= FIRST_SPI:
            super().enable(irq)


class Ppi29(Gicv2):
    """The physical timer has two interrupts: 29 is the secure one's, 30 the non-secure one's."""

    def enable(self, irq: Irq) -> None:
        """One bit too low."""
        super().enable(Irq("gic", SECURE_TIMER) if irq.number == TIMER else irq)


class SpiOffset(Gicv2):
    """Manuals and device trees number SPIs from 0, the GIC's registers from 32."""

    def enable(self, irq: Irq) -> None:
        """The SPI's number in the place of the ID."""
        super().enable(Irq("gic", irq.number - FIRST_SPI) if irq.number >= FIRST_SPI else irq)


class NoTarget(Gicv2):
    """ITARGETSR is left empty, as it is out of reset: pending for ever, for nobody (4.3.12).

    The core's own timer works all the same: what is private needs no target.
    """

    def _own_mask(self) -> int:
        return 0

    def target(self, irq: Irq, cpus: int) -> None:
        """Forgotten."""


class OtherCore(Gicv2):
    """The target is written as a core's number, and read as a mask, or counted from 1."""

    def _own_mask(self) -> int:
        return 1 << 1

    def target(self, irq: Irq, cpus: int) -> None:
        """One bit too high."""
        super().target(irq, cpus << 1)


class NoEoi(Gicv2):
    """Returning from the exception is taken to end the interrupt.

    It stays active, and its priority the running one: nothing of that priority comes any more.
    """

    def handle_pending(self) -> None:
        """Acknowledge and handle."""
        intid = self._cpu.read(self._gicc + GICC_IAR) & INTID_MASK
        if intid <= LAST_INTID:
            self._table.call(intid, self._cpu)


class WrongEoi(Gicv2):
    """What is written to EOIR is not what was read from IAR, but an index into some table."""

    def handle_pending(self) -> None:
        """End the next one."""
        acknowledge = self._cpu.read(self._gicc + GICC_IAR)
        intid = acknowledge & INTID_MASK
        if intid <= LAST_INTID:
            self._table.call(intid, self._cpu)
            self._cpu.write(self._gicc + GICC_EOIR, acknowledge + 1)


class SpuriousHandled(Gicv2):
    """The loop goes on until a handler says that there is no more, and asks once too often.

    With nothing pending the answer is 1023 (4.4.4), which is beyond the table of handlers.
    """

    def handle_pending(self) -> None:
        """Two are served for each exception."""
        for _ in range(2):
            acknowledge = self._cpu.read(self._gicc + GICC_IAR)
            self._table.call(acknowledge & INTID_MASK, self._cpu)
            self._cpu.write(self._gicc + GICC_EOIR, acknowledge)
