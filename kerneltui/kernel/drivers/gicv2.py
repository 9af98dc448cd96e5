"""GICv2 driver.  Offsets from the GIC architecture specification, IHI 0048B, tables 4-1 and 4-2."""

from __future__ import annotations

from kerneltui.kernel.arch.cpu import Cpu
from kerneltui.kernel.irq import HandlerTable, Irq, IrqHandler, tell_spurious

GICD_CTLR = 0x000
GICD_TYPER = 0x004
GICD_ISENABLER = 0x100
GICD_IPRIORITYR = 0x400
GICD_ITARGETSR = 0x800
GICD_SGIR = 0xF00
GICC_CTLR = 0x000
GICC_PMR = 0x004
GICC_IAR = 0x00C
GICC_EOIR = 0x010

ENABLE = 1
INTID_MASK = 0x3FF
FIRST_SPI = 32
LAST_INTID = 1019
"""IDs from 1020 on are special: nothing to handle."""
LOWEST_PRIORITY = 0xFF
CALL_SGI = 1
"""The software-generated interrupt, 0 to 15, that calls from core to core come as."""
FIRST_SOFTWARE_SGI = 2
TARGET_LIST_SHIFT = 16
TO_SELF = 0b10 << 24


class Gicv2:
    """One distributor, and the interface of the core that runs the driver.

    Two ways to serve an interrupt are in use.  By default one is acknowledged, handled and ended
    for each exception.  With ``drain`` the handler goes on until nothing is pending, and ends each
    before handling it.  What ends an interrupt is the whole value that acknowledged it, as an SGI
    is only ended with its sender (4.4.5).
    """

    compatible = "GICv2 (ARM Generic Interrupt Controller v2)"
    has_priorities = True

    DISTRIBUTOR_CONTROL = INTERFACE_CONTROL = ENABLE
    PRIORITY_MASK = LOWEST_PRIORITY

    def __init__(self, cpu: Cpu, gicd: int, gicc: int, *, drain: bool = False) -> None:
        self._cpu = cpu
        self._gicd = gicd
        self._gicc = gicc
        self._drain = drain
        self._table = HandlerTable(LAST_INTID)

    def init(self) -> None:
        """All SPIs to this core, distributor on, then this core's interface."""
        lines = self._cpu.read(self._gicd + GICD_TYPER) & 0x1F
        mask = self._own_mask()
        for intid in range(FIRST_SPI, 32 * (lines + 1), 4):
            self._cpu.write(self._gicd + GICD_ITARGETSR + intid, mask * 0x0101_0101)
        self._cpu.write(self._gicd + GICD_CTLR, self.DISTRIBUTOR_CONTROL)
        self.init_core()

    def _own_mask(self) -> int:
        """A private interrupt targets the core that reads (4.3.12)."""
        return self._cpu.read(self._gicd + GICD_ITARGETSR) & 0xFF

    def init_core(self) -> None:
        """Every priority let through, interface on: both are banked, each core has its own."""
        self._cpu.write(self._gicc + GICC_PMR, self.PRIORITY_MASK)
        self._cpu.write(self._gicc + GICC_CTLR, self.INTERFACE_CONTROL)

    def register_handler(self, handler: IrqHandler) -> None:
        """Raises KernelError when the INTID has a handler already."""
        self._table.register(handler)

    def enable(self, irq: Irq) -> None:
        """Set-enable: zeros leave the other 31 alone, so nothing needs to be read first."""
        offset = GICD_ISENABLER + irq.number // 32 * 4
        self._cpu.write(self._gicd + offset, 1 << irq.number % 32)

    def target(self, irq: Irq, cpus: int) -> None:
        """Add cores to an SPI's targets; this register has no set view, so read and write back."""
        address = self._gicd + GICD_ITARGETSR + irq.number // 4 * 4
        held = self._cpu.read(address)
        self._cpu.write(address, held | cpus << irq.number % 4 * 8)

    def send_ipi(self, core: int) -> None:
        """An SGI to one core; the receiver's acknowledge register names the sender (4.3.15)."""
        self._cpu.write(self._gicd + GICD_SGIR, 1 << TARGET_LIST_SHIFT + core | CALL_SGI)

    def set_priority(self, irq: Irq, priority: int) -> None:
        """0 to 15, higher first: four bits, which every GIC has (3.3).

        The register has a byte for each interrupt, and there the lower value comes first (4.3.11).
        It is 0 out of reset: what nobody has set stands above all.
        """
        address = self._gicd + GICD_IPRIORITYR + irq.number
        self._cpu.write(address, _as_register(priority), 1)

    def software_irq(self, number: int, priority: int) -> Irq:
        """An SGI."""
        irq = Irq("gic", FIRST_SOFTWARE_SGI + number)
        self.set_priority(irq, priority)
        return irq

    def raise_software_irq(self, irq: Irq) -> None:
        """An SGI to the sender alone (4.3.15)."""
        self._cpu.write(self._gicd + GICD_SGIR, TO_SELF | irq.number)

    def hold_back(self, priority: int) -> None:
        """The mask lets lower values through, not its own (4.4.2)."""
        mask = _as_register(priority) if priority else LOWEST_PRIORITY
        self._cpu.write(self._gicc + GICC_PMR, mask)

    def handle_pending(self) -> None:
        """Serve the highest pending interrupt, or with ``drain`` all of them."""
        served = False
        while True:
            acknowledge = self._cpu.read(self._gicc + GICC_IAR)
            intid = acknowledge & INTID_MASK
            if intid > LAST_INTID:
                if not served:
                    tell_spurious(self._cpu, "gic", intid)
                return
            served = True
            if self._drain:
                self._cpu.write(self._gicc + GICC_EOIR, acknowledge)
            self._table.call(intid, self._cpu)
            if not self._drain:
                self._cpu.write(self._gicc + GICC_EOIR, acknowledge)
                return

    def handlers(self) -> list[tuple[str, list[IrqHandler]]]:
        """All handlers, in one group."""
        return [("Peripheral handler", list(self._table))]


def _as_register(priority: int) -> int:
    return 15 - priority << 4
