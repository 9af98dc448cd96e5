"""Driver of the PC's pair of 8259A interrupt controllers.

Commands from Intel 8259A (231468-003), cited by heading; ports from Intel 82371AB (PIIX4), 4.2.
"""

from __future__ import annotations

from kerneltui.kernel.arch.cpu import X86Cpu

MASTER, SLAVE = 0x20, 0xA0
"""The command port of each chip; its data port follows."""
DATA = 1

ICW1_INIT = 1 << 4
ICW1_ICW4_FOLLOWS = 1 << 0
ICW3_MASTER_CASCADE_AT_IR2 = 1 << 2
ICW3_SLAVE_AT_IR2 = 2
ICW4_8086 = 1 << 0
OCW2_SPECIFIC_EOI = 0b011 << 5
OCW3_READ_ISR = 0b0000_1011

CASCADE = 2
ALL = 0xFF
VECTOR_BASE = 0x20


class I8259Driver:
    """Both chips: ISA interrupt n, 0 to 15 without 2, comes as vector ``vector_base`` + n.

    ``vector_base`` is a multiple of 8: a chip adds three bits of its own (ICW2).
    """

    def __init__(self, cpu: X86Cpu, vector_base: int = VECTOR_BASE) -> None:
        self._cpu = cpu
        self.vector_base = vector_base

    def init(self) -> None:
        """The four command words of each chip, then all masked (Initialization command words).

        A PC's firmware leaves the vectors of exceptions, and ICW1 clears the masks.
        """
        base = self.vector_base
        for port, first, icw3 in (
            (MASTER, base, ICW3_MASTER_CASCADE_AT_IR2),
            (SLAVE, base + 8, ICW3_SLAVE_AT_IR2),
        ):
            self._cpu.write_port(port, ICW1_INIT | ICW1_ICW4_FOLLOWS)
            self._cpu.write_port(port + DATA, first)
            self._cpu.write_port(port + DATA, icw3)
            self._cpu.write_port(port + DATA, ICW4_8086)
        self.mask_all()

    def mask_all(self) -> None:
        """Nothing gets through, nor the slave (OCW1)."""
        self._cpu.write_port(MASTER + DATA, ALL)
        self._cpu.write_port(SLAVE + DATA, ALL)

    def mask(self, irq: int) -> None:
        """Keep an ISA interrupt out."""
        port, bit = _chip(irq)
        self._cpu.write_port(port + DATA, self._cpu.read_port(port + DATA) | bit)

    def unmask(self, irq: int) -> None:
        """Let an ISA interrupt through; one of the slave's needs the cascade too."""
        if irq > 7:
            self.unmask(CASCADE)
        port, bit = _chip(irq)
        self._cpu.write_port(port + DATA, self._cpu.read_port(port + DATA) & ~bit)

    def end_of_interrupt(self, irq: int) -> None:
        """A specific end, at both chips if it was the slave's (OCW2).

        A non-specific one would end whatever is in service at the highest priority.
        """
        if irq > 7:
            self._cpu.write_port(SLAVE, OCW2_SPECIFIC_EOI | irq - 8)
            irq = CASCADE
        self._cpu.write_port(MASTER, OCW2_SPECIFIC_EOI | irq)

    def is_spurious(self, irq: int) -> bool:
        """Whether an interrupt 7 or 15 is nobody's (Interrupt sequence).

        A request that is gone before its acknowledge comes as level 7 of its chip, with no bit set
        in the ISR, which an OCW3 brings to the command port (Reading the 8259A status).
        """
        port, bit = _chip(irq)
        self._cpu.write_port(port, OCW3_READ_ISR)
        return not self._cpu.read_port(port) & bit

    def end_spurious(self, irq: int) -> None:
        """The slave has nothing in service, but the master has the slave."""
        if irq > 7:
            self.end_of_interrupt(CASCADE)


def _chip(irq: int) -> tuple[int, int]:
    return (SLAVE, 1 << irq - 8) if irq > 7 else (MASTER, 1 << irq)
