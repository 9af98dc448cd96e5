"""Faults of the two ways in which a PC takes interrupts."""

from __future__ import annotations

from kerneltui.kernel.drivers.local_apic import (
    LVT_LINT0,
    SPURIOUS_VECTOR,
    SVR,
    SVR_ENABLE,
)
from kerneltui.kernel.drivers.pc_interrupts import ApicInterrupts, Route
from kerneltui.kernel.irq import Irq

DELIVER_EXTINT = 0b111 << 8
SVR_SUPPRESS_BROADCAST = 1 << 12
HIGHEST = 15
LOG_NS = 20_000


class IgnoreOverrides(ApicInterrupts):
    """Every ISA interrupt is taken to be the GSI of its number.

    What the board has wired otherwise, as MADT entries say, never arrives.
    """

    def _isa_route(self, irq: int) -> Route:
        return Route(irq, active_low=False, level=False)


class PinMasked(ApicInterrupts):
    """The entry is written with its mask, and the second step is forgotten."""

    def enable(self, irq: Irq) -> None:
        """Route it, no more."""
        super().enable(irq)
        if irq.domain != "vector":
            self.io_apics.mask(self._route(irq).gsi)


class MaskWhileHandling(ApicInterrupts):
    """A handler's pin is masked while it runs, as for a level-triggered interrupt.

    An edge that comes meanwhile is lost (82093AA, 3.2.4), and with a device that holds its line
    until it is served there is never another one.
    """

    def handle_vector(self, vector: int) -> None:
        """Mask, handle, note down what happened, unmask."""
        handler = self._handlers.get(vector)
        if handler is None or handler.irq.domain == "vector":
            super().handle_vector(vector)
            return
        gsi = self._route(handler.irq).gsi
        self.io_apics.mask(gsi)
        super().handle_vector(vector)
        self._cpu.compute(LOG_NS)
        self.io_apics.unmask(gsi)


class NoApicEoi(ApicInterrupts):
    """Returning from the interrupt is taken to end it.

    It stays in service, and holds back all vectors of its class and below (Intel SDM 3A 10.8.3.1).
    """

    def handle_vector(self, vector: int) -> None:
        """Handle it, no more."""
        handler = self._handlers[vector]
        handler.count += 1
        handler.handle()


class EarlyEoi(ApicInterrupts):
    """The EOI comes first, to be short; the source still holds its line.

    A level-triggered pin sends its message again at once: every interrupt comes twice, the second
    time with nothing to do.
    """

    def handle_vector(self, vector: int) -> None:
        """End it, then handle it."""
        self.local_apic.eoi()
        handler = self._handlers[vector]
        handler.count += 1
        handler.handle()


class HighTpr(ApicInterrupts):
    """The task's priority was raised for a critical section, and never lowered."""

    def init_core(self) -> None:
        """Set up, then raise it."""
        super().init_core()
        self.local_apic.set_task_priority(HIGHEST)


class SvrOff(ApicInterrupts):
    """SVR is stored anew for its vector, without the enable bit.

    That masks all local entries, and they can only be unmasked while the APIC is on (10.4.7.2).
    """

    def init_core(self) -> None:
        """Set up, then switch it off."""
        super().init_core()
        self._cpu.write(self.local_apic.base + SVR, SPURIOUS_VECTOR)


class NoBroadcast(ApicInterrupts):
    """EOI broadcasts are suppressed, and the I/O APIC's own EOI register is not used (10.8.5).

    Its remote IRR stays set: a level-triggered pin sends no second message.
    """

    def init_core(self) -> None:
        """Set up, then suppress them."""
        super().init_core()
        control = SVR_SUPPRESS_BROADCAST | SVR_ENABLE | SPURIOUS_VECTOR
        self._cpu.write(self.local_apic.base + SVR, control)


class PicBesideApic(ApicInterrupts):
    """The 8259s stay as the firmware had them: unmasked, and let through by LINT0.

    A device that is wired to both sends two interrupts, and one of them nobody expects.
    """

    def init_core(self) -> None:
        """Virtual wire mode stays on."""
        super().init_core()
        self._cpu.write(self.local_apic.base + LVT_LINT0, DELIVER_EXTINT)

    def enable(self, irq: Irq) -> None:
        """At both."""
        super().enable(irq)
        if irq.domain == "isa" and self.pic is not None:
            self.pic.unmask(irq.number)
