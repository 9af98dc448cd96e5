"""The role of an interrupt controller's driver: on a Raspberry Pi, and for a PC's pair of 8259s."""

from __future__ import annotations

from typing import Protocol

from kerneltui.kernel.irq import Irq, IrqHandler, KernelError


class InterruptControllerDriver(Protocol):
    """The driver that the IRQ vector asks which interrupt it is.

    There is one for each core, made with that core; all of its methods execute there.
    """

    compatible: str

    def init(self) -> None:
        """Bring the controller up, for this core too; every interrupt is still off."""

    def register_handler(self, handler: IrqHandler) -> None:
        """Note who handles ``handler.irq``.  Raises KernelError when somebody does already."""

    def enable(self, irq: Irq) -> None:
        """Let ``irq`` through the controller, to this core."""

    def handle_pending(self) -> None:
        """Serve what has interrupted: find out the number, run its handler, end it.

        Interrupts are masked.  Where nothing is pending, nothing is to be handled or ended.
        """

    def handlers(self) -> list[tuple[str, list[IrqHandler]]]:
        """Registered handlers by group, for the boot log: a title, and the handlers."""


class InterruptControllerRest:
    """What programs with several cores, or with priorities, want besides."""

    has_priorities = False

    def init_core(self) -> None:
        """Switch on what belongs to a further core."""

    def send_ipi(self, core: int) -> None:
        """Interrupt another core."""
        raise KernelError(f"{type(self).__name__} has no send_ipi: no call reaches core {core}")

    def software_irq(self, number: int, priority: int) -> Irq:  # noqa: ARG002
        """An interrupt that this core raises itself."""
        raise KernelError(f"{type(self).__name__} has no software_irq: there is no number {number}")

    def raise_software_irq(self, irq: Irq) -> None:
        """Raise one of them."""
        raise KernelError(f"{type(self).__name__} has no raise_software_irq for {irq.number}")

    def hold_back(self, priority: int) -> None:
        """Let through only what is above a priority; without priorities all goes through."""


class PicDriver(Protocol):
    """The driver of a PC's pair of 8259s.

    The kernel numbers ISA interrupts from 0 to 15, without 2, which joins the two chips.  It keeps
    the handlers itself: the driver moves bits alone.
    """

    vector_base: int
    """a multiple of 8 from 32 on: ISA interrupt n comes as vector ``vector_base`` + n"""

    def init(self) -> None:
        """Initialize both chips: vectors, cascade, ends by software.  All are masked then."""

    def unmask(self, irq: int) -> None:
        """Let an ISA interrupt through, of the second chip through both."""

    def end_of_interrupt(self, irq: int) -> None:
        """The handler of an ISA interrupt is done: tell every chip that it has come through."""

    def is_spurious(self, irq: int) -> bool:
        """Whether an interrupt 7 or 15 is nobody's: no such interrupt is in service."""

    def end_spurious(self, irq: int) -> None:
        """After a spurious one: the second chip's has come through the first all the same."""


class PicRest:
    """Where a driver does not say otherwise."""

    vector_base = 0x20
