"""A driver of the GICv2, as the lesson "Write a GIC's driver" leads to it."""

from kerneltui.kernel.irq import HandlerTable, tell_spurious

GICD_CTLR = 0x000
GICD_ISENABLER = 0x100
GICD_ITARGETSR = 0x800
GICC_CTLR = 0x000
GICC_PMR = 0x004
GICC_IAR = 0x00C
GICC_EOIR = 0x010
LAST_ID = 1019
FIRST_SHARED = 32


class MyGic:
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
        """Distributor on, every priority let through, CPU interface on."""
        self._cpu.write(self._gicd + GICD_CTLR, 1)
        self._cpu.write(self._gicc + GICC_PMR, 0xFF)
        self._cpu.write(self._gicc + GICC_CTLR, 1)

    def enable(self, irq):
        """The bit of the interrupt; a device's interrupt goes to core 0."""
        number = irq.number
        if number >= FIRST_SHARED:
            self._cpu.write(self._gicd + GICD_ITARGETSR + number, 1, 1)
        self._cpu.write(self._gicd + GICD_ISENABLER + number // 32 * 4, 1 << number % 32)

    def handle_pending(self):
        """Acknowledge, handle, end; nothing of that for a spurious one."""
        acknowledged = self._cpu.read(self._gicc + GICC_IAR)
        number = acknowledged & 0x3FF
        if number > LAST_ID:
            tell_spurious(self._cpu, "gic", number)
            return
        self._table.call(number, self._cpu)
        self._cpu.write(self._gicc + GICC_EOIR, acknowledged)
