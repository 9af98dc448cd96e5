"""Faults of the driver of the Raspberry Pi 3's interrupt controllers."""

from __future__ import annotations

from kerneltui.kernel.drivers.bcm_ic import MAILBOX_IRQ, BcmInterruptController
from kerneltui.kernel.irq import Irq


def _is_timer(irq: Irq) -> bool:
    return irq.domain == "local" and irq.number < MAILBOX_IRQ


class NoRoute(BcmInterruptController):
    """The timer is set up, the vectors are, and the core's timer control is forgotten."""

    def enable(self, irq: Irq) -> None:
        """All but the core's timers."""
        if not _is_timer(irq):
            super().enable(irq)


class WrongController(BcmInterruptController):
    """The peripherals' controller is the one that every tutorial of older boards enables.

    The core's timers do not go through it: bit 1 there is match 1 of the System Timer.
    """

    def enable(self, irq: Irq) -> None:
        """The right bit of the wrong register."""
        super().enable(Irq("peripheral", irq.number) if _is_timer(irq) else irq)
