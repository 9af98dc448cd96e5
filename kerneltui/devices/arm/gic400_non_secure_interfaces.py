"""The CPU interfaces of a GIC-400 as non-secure accesses see them: a view of the secure registers.

It keeps no state of its own.  What secure software reaches by the aliases (GICC_AIAR and so on) is
what non-secure software has at the plain names.  Section numbers are those of Arm IHI 0048B.
"""

from __future__ import annotations

from kerneltui.devices.arm.gic400_interfaces import ID, OUT_OF_SIGHT, CpuInterfaces
from kerneltui.devices.arm.gic400_non_secure_registers import GICC_NS
from kerneltui.devices.arm.gic400_registers import GICC, SECURE_CONTROL
from kerneltui.devices.arm.gic400_shared import LOWER_HALF, LOWEST, Config
from kerneltui.devices.arm.gic400_signalling import CBPR
from kerneltui.hw.register_file import RegisterFile

WORD = 0xFFFF_FFFF
CONTROL, MASK, BINARY_POINT, ALIASED_BINARY_POINT, ACTIVE = (
    GICC[name].offset for name in ("GICC_CTLR", "GICC_PMR", "GICC_BPR", "GICC_ABPR", "GICC_NSAPR")
)
_LSB = {field.name: field.lsb for field in SECURE_CONTROL}
FIELDS = tuple((field.lsb, _LSB[field.name]) for field in GICC_NS["GICC_CTLR"].fields)
"""Of the bits of GICC_CTLR: where non-secure accesses see them, and where they are."""


class NonSecureInterfaces:
    """The registers GICC_NS, over those of the CPU interfaces."""

    def __init__(self, config: Config, interfaces: CpuInterfaces) -> None:
        self._interfaces = interfaces
        self._secure = interfaces.regs
        store = self._secure.store
        self._control, self._mask = store("GICC_CTLR"), store("GICC_PMR")
        self._bpr, self._abpr = store("GICC_BPR"), store("GICC_ABPR")
        self._nsapr = store("GICC_NSAPR")
        levels = interfaces.levels
        self._half = levels // 2
        """so many priority levels are those of secure software alone"""
        changes = {
            "GICC_PMR": {"implemented": config.priority_mask << 1 & 0xFF},
            "GICC_BPR": {"reset": self._abpr[0]},
            "GICC_APR": {"count": max(1, self._half // 32), "implemented": (1 << self._half) - 1},
            "GICC_NSAPR": {"count": max(1, levels // 32)},
        }
        self.regs = RegisterFile(self, GICC_NS, cpus=self._secure.cpus, changes=changes)

    def peek_GICC_CTLR(self, index: int, cpu: int) -> int:
        """The bits of group 1 (table 4-30)."""
        held = self._control[cpu]
        return sum((held >> place & 1) << seen for seen, place in FIELDS)

    def write_GICC_CTLR(self, index: int, cpu: int, value: int) -> None:
        """The bits of group 1 (table 4-30)."""
        driven = self.regs.driven
        bits = sum((value >> seen & 1) << place for seen, place in FIELDS)
        lanes = sum((driven >> seen & 1) << place for seen, place in FIELDS)
        self._secure.write_lanes(CONTROL, bits, lanes, cpu)

    def peek_GICC_PMR(self, index: int, cpu: int) -> int:
        """A mask in the upper half reads as zero (4.4.2)."""
        return _seen(self._mask[cpu])

    def write_GICC_PMR(self, index: int, cpu: int, value: int) -> None:
        """It stays in the lower half; where secure software holds it above that, it stays (4.4.2).

        So what secure software has masked is never let in.
        """
        if self._mask[cpu] & LOWER_HALF and self.regs.driven & 0xFF:
            self._secure.write(MASK, value >> 1 | LOWER_HALF, cpu=cpu)

    def peek_GICC_BPR(self, index: int, cpu: int) -> int:
        """The binary point of group 1; with CBPR that of group 0, as group 1 counts (4.4.3)."""
        if self._control[cpu] & CBPR:
            return min(self._bpr[cpu] + 1, 7)
        return self._abpr[cpu]

    def write_GICC_BPR(self, index: int, cpu: int, value: int) -> None:
        """Ignored where secure software has made the binary point a common one (4.4.3)."""
        if not self._control[cpu] & CBPR:
            self._secure.write_lanes(ALIASED_BINARY_POINT, value, self.regs.driven & WORD, cpu)

    def peek_GICC_IAR(self, index: int, cpu: int) -> int:
        """What a read would acknowledge; 1023 for group 0 (4.4.4)."""
        return self._interfaces.peek_GICC_AIAR(0, cpu)

    def read_GICC_IAR(self, index: int, cpu: int) -> int:
        """Acknowledge, unless there is nothing of group 1 to (4.4.4)."""
        return self._interfaces.acknowledge_group1(
            cpu, "the interrupt is of group 0, which non-secure accesses cannot see"
        )

    def write_GICC_EOIR(self, index: int, cpu: int, value: int) -> None:
        """End a group 1 interrupt; that of another group is ignored (4.4.5)."""
        self._interfaces.end_group1(cpu, value & ID, OUT_OF_SIGHT)

    def peek_GICC_RPR(self, index: int, cpu: int) -> int:
        """A priority in the upper half reads as zero (4.4.6)."""
        running = self._interfaces.running(cpu)
        return 0xFF if running == LOWEST else _seen(running)

    def peek_GICC_HPPIR(self, index: int, cpu: int) -> int:
        """1023 for group 0 (4.4.7)."""
        return self._interfaces.peek_GICC_AHPPIR(0, cpu)

    def peek_GICC_APR(self, index: int, cpu: int) -> int:
        """The lower half of the levels that are active in group 1 (4.4.12)."""
        return self._nsapr[cpu] >> self._half + 32 * index & WORD

    def write_GICC_APR(self, index: int, cpu: int, value: int) -> None:
        """The lower half of the levels that are active in group 1 (4.4.12)."""
        element, shift = divmod(self._half + 32 * index, 32)
        driven = self.regs.driven & WORD >> shift
        self._secure.write_lanes(ACTIVE + 4 * element, value << shift, driven << shift, cpu)

    def peek_GICC_IIDR(self, index: int, cpu: int) -> int:
        """The same as for secure accesses."""
        return self._secure.peek(GICC["GICC_IIDR"].offset, cpu=cpu)

    def write_GICC_DIR(self, index: int, cpu: int, value: int) -> None:
        """Deactivate a group 1 interrupt (4.4.15)."""
        self._interfaces.deactivate_group1(cpu, value & ID)


def _seen(priority: int) -> int:
    """A priority in the lower half, without the bit that says so; else zero (3.5)."""
    return priority << 1 & 0xFF if priority & LOWER_HALF else 0
