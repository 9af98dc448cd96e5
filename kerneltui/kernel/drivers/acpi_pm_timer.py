"""Driver of the ACPI power management timer, as a timer device.

ACPI Specification 6.5, 4.8.2.1 (the timer) and 5.2.9 (how the FADT describes it).
"""

from __future__ import annotations

from fractions import Fraction

from kerneltui.kernel.arch.cpu import X86Cpu

HZ = 3_579_545
TMR_VAL = (1 << 24) - 1
E_TMR_VAL = (1 << 32) - 1


class AcpiPmTimerDriver:
    """The counter at the I/O port that the FADT names (PM_TMR_BLK).

    ``port`` is None when there is no FADT, and 0 when it names no timer block.  ``is_wide`` is its
    flag TMR_VAL_EXT: the counter has 32 bits, not 24.
    """

    name = "acpi"
    compatible = "ACPI power management timer"

    def __init__(self, cpu: X86Cpu, port: int | None, *, is_wide: bool = False) -> None:
        self._cpu = cpu
        self._port = port or 0
        self._has_fadt = port is not None
        self.hz = Fraction(HZ)
        self.mask = E_TMR_VAL if is_wide else TMR_VAL

    def missing(self) -> str:
        """The timer is found by the FADT alone, where a block of 0 stands for none (5.2.9)."""
        if not self._has_fadt:
            return "there is no ACPI FADT"
        return "" if self._port else "the FADT names no PM timer block"

    def init(self) -> None:
        """Nothing to bring up: the counter runs since power-on."""

    def read(self) -> int:
        """The counter; what a narrow one shows in bits 31:24 is masked (4.8.3.3)."""
        return self._cpu.read_port(self._port, 4) & self.mask
