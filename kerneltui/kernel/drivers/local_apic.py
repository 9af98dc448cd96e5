"""Driver of the local APIC of the core that runs it, but for its timer.

Offsets and bits from the Intel SDM, volume 3A, chapter 10 ("Advanced Programmable Interrupt
Controller"), cited by section.
"""

from __future__ import annotations

from kerneltui.kernel.arch.cpu import X86Cpu
from kerneltui.kernel.arch.x86_64 import irq_lock

APIC_ID = 0x020
TPR = 0x080
EOI = 0x0B0
LDR = 0x0D0
DFR = 0x0E0
SVR = 0x0F0
ESR = 0x280
ICR_LOW = 0x300
ICR_HIGH = 0x310
LVT_LINT0 = 0x350
LVT_LINT1 = 0x360
LVT_ERROR = 0x370

IA32_APIC_BASE = 0x1B
APIC_BASE_ENABLE = 1 << 11
CPUID_FEATURES, CPUID_EDX_APIC = 1, 1 << 9

SVR_ENABLE = 1 << 8
DFR_FLAT = 0xFFFF_FFFF
LVT_MASKED = 1 << 16
DELIVER_NMI = 0b100 << 8
DELIVER_INIT = 0b101 << 8
DELIVER_STARTUP = 0b110 << 8
ICR_SEND_PENDING = 1 << 12
ICR_ASSERT = 1 << 14
TO_SELF, TO_ALL, TO_OTHERS = 0b01 << 18, 0b10 << 18, 0b11 << 18

ERROR_VECTOR = 0xFE
SPURIOUS_VECTOR = 0xFF


class LocalApicDriver:
    """The local APIC in xAPIC mode, with its registers at ``base``."""

    def __init__(self, cpu: X86Cpu, base: int) -> None:
        self._cpu = cpu
        self._lock = irq_lock(cpu)
        self.base = base

    @staticmethod
    def present(cpu: X86Cpu) -> bool:
        """Whether the processor has one, and it is not switched off (10.4.2, 10.4.3)."""
        return cpu.cpuid(CPUID_FEATURES)[3] & CPUID_EDX_APIC != 0

    @staticmethod
    def disable(cpu: X86Cpu) -> None:
        """As if there were none: its pins are INTR, where the 8259s are, and NMI (10.4.3)."""
        cpu.write_msr(IA32_APIC_BASE, cpu.read_msr(IA32_APIC_BASE) & ~APIC_BASE_ENABLE)

    def enable(self, number: int) -> None:
        """Switch it on, for core ``number``, 0 to 7: the flat model has a bit for each of eight.

        Destination and priority first, as they must be right when the first interrupt can come
        (10.6.2.2); local entries last, as they stay masked until the APIC is enabled (10.4.7.2).
        """
        msr = self._cpu.read_msr(IA32_APIC_BASE)
        self._cpu.write_msr(IA32_APIC_BASE, msr | APIC_BASE_ENABLE)
        self._write(DFR, DFR_FLAT)
        self._write(LDR, 1 << number << 24)
        self._write(TPR, 0)
        self._write(SVR, SVR_ENABLE | SPURIOUS_VECTOR)
        self._write(LVT_LINT0, LVT_MASKED)
        self._write(LVT_LINT1, DELIVER_NMI)
        self.errors()
        self._write(LVT_ERROR, ERROR_VECTOR)

    def id(self) -> int:
        """What physical destinations name it by (10.4.6)."""
        return self._cpu.read(self.base + APIC_ID) >> 24

    def eoi(self) -> None:
        """End the interrupt of highest priority in service (10.8.5)."""
        self._cpu.write(self.base + EOI, 0)

    def set_task_priority(self, priority: int) -> None:
        """Hold back vectors up to class ``priority``, 0 to 15; 0 holds back none (10.8.3.1)."""
        self._write(TPR, priority << 4)

    def errors(self) -> int:
        """The error bits since the last call; a write has the register show them (10.5.3)."""
        self._write(ESR, 0)
        return self._cpu.read(self.base + ESR)

    # -- interprocessor interrupts ---------------------------------------------------------------

    def send_ipi(self, apic_id: int, vector: int) -> None:
        """Interrupt one core; a vector below 16 is an error that the APIC reports (10.6.1)."""
        self._send_to(apic_id, vector)

    def send_self(self, vector: int) -> None:
        """Interrupt the core that runs this."""
        self._send(TO_SELF | vector)

    def send_all(self, vector: int) -> None:
        """Interrupt every core, this one too."""
        self._send(TO_ALL | vector)

    def send_others(self, vector: int) -> None:
        """Interrupt every core but this one."""
        self._send(TO_OTHERS | vector)

    def send_init(self, apic_id: int) -> None:
        """Reset a core; it needs 10 ms before its start-up message (8.4.4.1)."""
        self._send_to(apic_id, DELIVER_INIT)

    def send_startup(self, apic_id: int, page: int) -> None:
        """Start a core at address ``page`` * 4096, ``page`` being 0 to 255 (8.4.4.1).

        To be sent again after 200 us if the core has not come up.
        """
        self._send_to(apic_id, DELIVER_STARTUP | page)

    def _send_to(self, apic_id: int, command: int) -> None:
        """With interrupts off: a handler that sends between the two stores would turn this one."""
        with self._lock:
            self._wait_until_sent()
            self._write(ICR_HIGH, apic_id << 24)
            self._write(ICR_LOW, command | ICR_ASSERT)

    def _send(self, command: int) -> None:
        """A shorthand needs no destination."""
        self._wait_until_sent()
        self._write(ICR_LOW, command | ICR_ASSERT)

    def _wait_until_sent(self) -> None:
        """The register holds one message: the last must have left it (10.6.1)."""
        while self._cpu.read(self.base + ICR_LOW) & ICR_SEND_PENDING:
            pass

    def _write(self, offset: int, value: int) -> None:
        self._cpu.write(self.base + offset, value)
