"""Raspberry Pi 3 and 4: memory and interrupt maps, and how their drivers come up.

Addresses from BCM2835 ARM Peripherals (rebased as in BCM2837), BCM2836 ARM-local peripherals (QA7)
and BCM2711 ARM Peripherals, in the ARM's low-peripheral view.
"""

from __future__ import annotations

from dataclasses import dataclass

from kerneltui.kernel.arch.cpu import Cpu
from kerneltui.kernel.drivers.bcm_ic import BcmInterruptController
from kerneltui.kernel.drivers.gicv2 import Gicv2
from kerneltui.kernel.irq import Irq


@dataclass(frozen=True)
class BoardSupport:
    """What the kernel knows of a board.  Interrupt controllers: a GIC, or the Pi 3's pair."""

    board_name: str
    pl011_uart: int
    system_timer: int
    irq_timer: Irq
    """the non-secure physical timer"""
    irq_pl011: Irq
    irq_system_timer_3: Irq
    gicd: int = 0
    gicc: int = 0
    local_ic: int = 0
    peripheral_ic: int = 0

    def interrupt_controller(self, cpu: Cpu, *, drain: bool) -> Gicv2 | BcmInterruptController:
        """The driver of the board's interrupt controller.

        ``drain`` matters to the GIC alone: the Pi 3's pair shows all pending interrupts at once.
        """
        if self.gicd:
            return Gicv2(cpu, self.gicd, self.gicc, drain=drain)
        return BcmInterruptController(cpu, self.local_ic, self.peripheral_ic)


BOARDS = {
    "rpi3": BoardSupport(
        board_name="Raspberry Pi 3",
        pl011_uart=0x3F20_1000,
        system_timer=0x3F00_3000,
        irq_timer=Irq("local", 1),
        irq_pl011=Irq("peripheral", 57),
        irq_system_timer_3=Irq("peripheral", 3),
        local_ic=0x4000_0000,
        peripheral_ic=0x3F00_B200,
    ),
    "rpi4": BoardSupport(
        board_name="Raspberry Pi 4",
        pl011_uart=0xFE20_1000,
        system_timer=0xFE00_3000,
        irq_timer=Irq("gic", 30),
        irq_pl011=Irq("gic", 153),
        irq_system_timer_3=Irq("gic", 99),
        gicd=0xFF84_1000,
        gicc=0xFF84_2000,
    ),
}
