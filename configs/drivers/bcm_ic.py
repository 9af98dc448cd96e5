"""My driver: the two interrupt controllers of the Raspberry Pi 3.

The local one belongs to the cores: it tells of each core's timer, its mailboxes and, as one bit,
that something waits in the other.  That other is for the peripherals; it interrupts core 0 alone.

Where to look the registers up:
    kerneltui docs registers --block BCM2836_LOCAL        (or BCM2835_IC)
    in the dashboard: panel 1 (key 1); / finds one, and h on it tells where it is and what it does
Load and store with self._cpu.read(address) and self._cpu.write(address, value): 32 bits each.
What you print() is an event of the trace (panel 6), with the line that printed it.
"""

from kerneltui.kernel.irq import HandlerTable, tell_spurious

CORE0_TIMER_INTERRUPT_CONTROL = ...
CORE0_INTERRUPT_SOURCE = ...
"""Offsets from the local controller's base, to be looked up; the other cores' follow, four bytes
each: bits that let the timers of a core in; bits of what interrupts it (bit 8: a peripheral)."""
IRQ_PENDING_1 = ...
ENABLE_IRQS_1 = ...
"""Offsets from the peripherals' base; the second word of each follows: interrupts 0 to 31."""
LAST_LOCAL, LAST_PERIPHERAL = 7, 63


class MyDriver:
    """One for each core: number is the core's.  local and peripheral are the two bases."""

    compatible = "My interrupt controllers"

    def __init__(self, cpu, local, peripheral, number=0):
        self._cpu = cpu
        self._local = local
        self._peripheral = peripheral
        self._number = number
        self._local_table = HandlerTable(LAST_LOCAL)
        self._peripheral_table = HandlerTable(LAST_PERIPHERAL)

    def register_handler(self, handler):
        """Note who handles handler.irq: its domain is "local" or "peripheral"."""
        is_local = handler.irq.domain == "local"
        (self._local_table if is_local else self._peripheral_table).register(handler)

    def handlers(self):
        """All handlers, for the boot log."""
        return [
            ("Local handler", list(self._local_table)),
            ("Peripheral handler", list(self._peripheral_table)),
        ]

    def init(self):
        """Out of reset everything is disabled: is there anything to do?"""
        raise NotImplementedError("bring the controllers up")

    def enable(self, irq):
        """Let irq.number in, of irq.domain "local" (0 to 3 are the timers) or "peripheral".

        The local control register holds the bits of all of a core's timers: keep the others.
        """
        raise NotImplementedError("set the bit of the interrupt")

    def handle_pending(self):
        """The core was interrupted: look what waits, local ones first, and have each handled.

        self._local_table.call(number, self._cpu) runs a handler.  Where nothing waits:
        tell_spurious(self._cpu, "local", 0).  Nothing is to be ended here: a line falls when its
        device is served.
        """
        raise NotImplementedError("look at the source and pending registers")
