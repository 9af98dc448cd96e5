"""Driver of the Arm generic timer: the non-secure physical timer of the core that runs it.

Encodings and bits from Arm DDI 0487, D19.8.
"""

from __future__ import annotations

from kerneltui.kernel.arch.aarch64 import sysreg
from kerneltui.kernel.arch.cpu import Aarch64Cpu
from kerneltui.kernel.time.time_manager import NEVER

CNTFRQ_EL0 = sysreg(3, 3, 14, 0, 0)
CNTPCT_EL0 = sysreg(3, 3, 14, 0, 1)
CNTP_CTL_EL0 = sysreg(3, 3, 14, 2, 1)
CNTP_CVAL_EL0 = sysreg(3, 3, 14, 2, 2)
CTL_ENABLE = 1 << 0
CTL_IMASK = 1 << 1

NS_PER_S = 1_000_000_000


class ArchTimer:
    """Clock and comparator of one core."""

    compatible = "ARM Architectural Timer"

    def __init__(self, cpu: Aarch64Cpu) -> None:
        self._cpu = cpu
        self._hz = 0

    def _frequency(self) -> int:
        if not self._hz:
            self._hz = self._cpu.read_sysreg(CNTFRQ_EL0)
        return self._hz

    def resolution_ns(self) -> int:
        """The length of a counter tick, rounded down."""
        return NS_PER_S // self._frequency()

    def uptime_ns(self) -> int:
        """Time since the counter started, rounded down to ns."""
        hz = self._hz or self._frequency()
        return self._cpu.read_sysreg(CNTPCT_EL0) * NS_PER_S // hz

    def set_timeout_irq(self, due_ns: int) -> None:
        """Interrupt at the first counter tick not before ``due_ns``; never for NEVER."""
        if due_ns >= NEVER:
            self.conclude_timeout_irq()
            return
        hz = self._hz or self._frequency()
        self._cpu.write_sysreg(CNTP_CVAL_EL0, self._ticks(due_ns, hz))
        self._switch_on()

    def _ticks(self, due_ns: int, hz: int) -> int:
        """What the counter shows at the due time or first after it."""
        return -(-due_ns * hz // NS_PER_S)

    def _switch_on(self) -> None:
        control = self._cpu.read_sysreg(CNTP_CTL_EL0)
        self._cpu.write_sysreg(CNTP_CTL_EL0, (control | CTL_ENABLE) & ~CTL_IMASK)

    def conclude_timeout_irq(self) -> None:
        """Switch the comparator off: that de-asserts the interrupt."""
        control = self._cpu.read_sysreg(CNTP_CTL_EL0)
        self._cpu.write_sysreg(CNTP_CTL_EL0, control & ~CTL_ENABLE)
