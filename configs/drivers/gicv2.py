"""My driver: the GICv2, the interrupt controller of the Raspberry Pi 4.

It has two parts.  The distributor (GICD) is one for all cores: which interrupts are let through,
and to which core.  The CPU interface (GICC) is each core's own: which priorities are let through,
which interrupt it is (acknowledge), and that it is over (end).  IDs 0 to 31 are a core's own (its
timer is 30), from 32 on they are the devices' (the UART is 153).

Where to look the registers up:
    kerneltui docs registers --block GICD        (or GICC)
    in the dashboard: panel 1 (key 1); / finds one, and h on it tells where it is and what it does
Load and store with self._cpu.read(address) and self._cpu.write(address, value): 32 bits each.
self._cpu.write(address, value, 1) stores one byte, where a register lets bytes in.
What you print() is an event of the trace (panel 6), with the line that printed it.
"""

from kerneltui.kernel.irq import HandlerTable, tell_spurious

GICD_CTLR = ...
GICD_ISENABLER = ...
GICD_ITARGETSR = ...
"""Offsets from the distributor's base, to be looked up: control; set-enable bits, 32 in a
register; target cores, a byte for each interrupt, of which bit 0 is core 0."""
GICC_CTLR = ...
GICC_PMR = ...
GICC_IAR = ...
GICC_EOIR = ...
"""Offsets from the CPU interface's base: control, priority mask, acknowledge, end."""
LAST_ID = 1019
"""What the acknowledge register answers beyond this is no interrupt: 1023 is a spurious one."""


class MyDriver:
    """One for each core.  gicd and gicc are the bases of the two parts."""

    compatible = "My GICv2"

    def __init__(self, cpu, gicd, gicc):
        self._cpu = cpu
        self._gicd = gicd
        self._gicc = gicc
        self._table = HandlerTable(LAST_ID)

    def register_handler(self, handler):
        """Note who handles handler.irq.number."""
        self._table.register(handler)

    def handlers(self):
        """All handlers, for the boot log."""
        return [("Handler", list(self._table))]

    def init(self):
        """Bring both parts up.

        The distributor is off out of reset, and so is the CPU interface, whose mask lets no
        priority through: an interrupt goes on only if its priority is lower as a number than the
        mask.
        """
        raise NotImplementedError("switch the distributor and the CPU interface on")

    def enable(self, irq):
        """Let interrupt irq.number through, to this core.

        Set-enable: a one lets an interrupt through, a zero leaves it as it is.  A device's
        interrupt needs a target too; those below 32 are the core's own and have none to be set.
        """
        raise NotImplementedError("set the bit of the interrupt, and its target")

    def handle_pending(self):
        """The core was interrupted: find out by whom, have it handled, end it.

        self._table.call(number, self._cpu) runs the handler.  Where there is no interrupt:
        tell_spurious(self._cpu, "gic", number), and nothing else.  What ends an interrupt is the
        value that acknowledged it.
        """
        raise NotImplementedError("acknowledge, handle, end")
