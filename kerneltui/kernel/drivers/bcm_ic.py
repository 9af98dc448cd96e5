"""Interrupt controllers of the Raspberry Pi 3: the cores' local one and the peripheral one.

Offsets from BCM2836 ARM-local peripherals (QA7, rev 3.4), sections 3.3, 4.6, 4.7 and 4.10, and
BCM2835 ARM Peripherals, section 7.5.
"""

from __future__ import annotations

from collections.abc import Iterator

from kerneltui.kernel.arch.cpu import Cpu
from kerneltui.kernel.irq import HandlerTable, Irq, IrqHandler, tell_spurious

CORE0_TIMER_INTERRUPT_CONTROL = 0x40
CORE0_MAILBOX_INTERRUPT_CONTROL = 0x50
CORE0_INTERRUPT_SOURCE = 0x60
MAILBOX0_SET = 0x80
MAILBOX0_CLEAR = 0xC0
PER_CORE = 4
"""Between the registers of one core and the next."""
MAILBOXES_PER_CORE = 16
"""The same for its four mailboxes."""
PER_MAILBOX = 4
MAILBOX_IRQ = 4
"""In the source register: mailbox 0 of the core.  It is the one for calls from other cores."""
FIRST_SOFTWARE_IRQ = 5
"""Mailboxes 1 to 3 are for what the core raises itself."""
PERIPHERAL_IRQ = 1 << 8
"""In the source register: something waits in the peripheral controller."""
LAST_LOCAL_IRQ = 7
MAILBOX_IRQS = range(MAILBOX_IRQ, LAST_LOCAL_IRQ + 1)

IRQ_BASIC_PENDING = 0x00
IRQ_PENDING_1 = 0x04
ENABLE_IRQS_1 = 0x10
ARM_SOURCES = 0xFF
"""In the basic pending register: the eight sources that belong to no GPU."""
LAST_PERIPHERAL_IRQ = 71
"""0-63 are the GPU's, 64-71 the ARM sources."""


def _bits(word: int) -> Iterator[int]:
    while word:
        yield (word & -word).bit_length() - 1
        word &= word - 1


class BcmInterruptController:
    """Both controllers behind one interface, as core ``number``, 0 to 3, sees them.

    Peripherals interrupt core 0 alone.
    """

    compatible = "BCM Interrupt Controller"
    has_priorities = False

    def __init__(self, cpu: Cpu, local: int, peripheral: int, number: int = 0) -> None:
        self._cpu = cpu
        self._local = local
        self._peripheral = peripheral
        self._number = number
        self._source = local + CORE0_INTERRUPT_SOURCE + PER_CORE * number
        self._local_table = HandlerTable(LAST_LOCAL_IRQ)
        self._peripheral_table = HandlerTable(LAST_PERIPHERAL_IRQ)

    def init(self) -> None:
        """Out of reset everything is disabled and routed to core 0."""

    def init_core(self) -> None:
        """A core has nothing to be switched on but its interrupts."""

    def register_handler(self, handler: IrqHandler) -> None:
        """Raises KernelError when the interrupt has a handler already."""
        local = handler.irq.domain == "local"
        (self._local_table if local else self._peripheral_table).register(handler)

    def enable(self, irq: Irq) -> None:
        """Local: the core's timer or mailbox control; peripheral: a set-enable register."""
        if irq.domain == "local":
            is_mailbox = irq.number >= MAILBOX_IRQ
            control = (
                CORE0_MAILBOX_INTERRUPT_CONTROL if is_mailbox else CORE0_TIMER_INTERRUPT_CONTROL
            )
            address = self._local + control + PER_CORE * self._number
            self._cpu.write(address, self._cpu.read(address) | 1 << irq.number % MAILBOX_IRQ)
        else:
            # ENABLE_BASIC_IRQS follows the two words of GPU enables.
            offset = ENABLE_IRQS_1 + irq.number // 32 * 4
            self._cpu.write(self._peripheral + offset, 1 << irq.number % 32)

    def send_ipi(self, core: int) -> None:
        """Set a bit in a core's mailbox: this core's, so that it tells who calls (3.3)."""
        address = self._local + MAILBOX0_SET + MAILBOXES_PER_CORE * core
        self._cpu.write(address, 1 << self._number)

    def software_irq(self, number: int, priority: int) -> Irq:  # noqa: ARG002 - there is none
        """A mailbox of this core."""
        return Irq("local", FIRST_SOFTWARE_IRQ + number)

    def raise_software_irq(self, irq: Irq) -> None:
        """Any bit will do: nobody else uses this mailbox."""
        self._cpu.write(self._mailbox(MAILBOX0_SET, irq.number), 1)

    def hold_back(self, priority: int) -> None:
        """The controller has nothing of the kind."""

    def _mailbox(self, register: int, irq: int) -> int:
        place = MAILBOXES_PER_CORE * self._number + PER_MAILBOX * (irq - MAILBOX_IRQ)
        return self._local + register + place

    def _empty_mailbox(self, irq: int) -> bool:
        """It interrupts as long as a bit is set; one that is set after the read stays.

        False when it was empty: a handler that let interrupts in has been interrupted by this one.
        """
        address = self._mailbox(MAILBOX0_CLEAR, irq)
        letters = self._cpu.read(address)
        if letters:
            self._cpu.write(address, letters)
        return letters != 0

    def handle_pending(self) -> None:
        """Local interrupts first, then peripheral ones, each in order of number."""
        source = self._cpu.read(self._source)
        if not source:
            tell_spurious(self._cpu, "local", 0)
        for number in _bits(source & ~PERIPHERAL_IRQ):
            if number in MAILBOX_IRQS and not self._empty_mailbox(number):
                continue
            self._local_table.call(number, self._cpu)
        if source & PERIPHERAL_IRQ:
            arm = self._cpu.read(self._peripheral + IRQ_BASIC_PENDING) & ARM_SOURCES
            low = self._cpu.read(self._peripheral + IRQ_PENDING_1)
            high = self._cpu.read(self._peripheral + IRQ_PENDING_1 + 4)
            for number in _bits(arm << 64 | high << 32 | low):
                self._peripheral_table.call(number, self._cpu)

    def handlers(self) -> list[tuple[str, list[IrqHandler]]]:
        """Handlers of both controllers."""
        return [
            ("Local handler", list(self._local_table)),
            ("Peripheral handler", list(self._peripheral_table)),
        ]
