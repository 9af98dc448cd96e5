"""Driver of the time-stamp counter, as a timer device.

CPUID leaves from the Intel SDM, volume 2A; the counter from volume 3B, 17.17.
"""

from __future__ import annotations

from fractions import Fraction

from kerneltui.kernel.arch.cpu import X86Cpu

EXTENDED_LEAVES = 0x8000_0000
POWER_MANAGEMENT = 0x8000_0007
EDX_INVARIANT_TSC = 1 << 8


class Tsc:
    """The counter of the core that reads it; its rate has to be calibrated."""

    name = "tsc"
    compatible = "Time-stamp counter"

    def __init__(self, cpu: X86Cpu) -> None:
        self._cpu = cpu
        self.hz = Fraction(0)
        self.mask = (1 << 64) - 1

    def missing(self) -> str:
        """Only an invariant TSC keeps its rate in all power states (17.17.1)."""
        highest = self._cpu.cpuid(EXTENDED_LEAVES)[0]
        if highest >= POWER_MANAGEMENT and self._cpu.cpuid(POWER_MANAGEMENT)[3] & EDX_INVARIANT_TSC:
            return ""
        return "the TSC is not invariant (CPUID.80000007H:EDX[8] = 0): its rate may change"

    def init(self) -> None:
        """Nothing to bring up: the counter runs since reset."""

    def read(self) -> int:
        """The counter."""
        return self._cpu.read_tsc()
