"""AArch64: exception vectors and entry code, interrupt masking.

Encodings and offsets from Arm DDI 0487, C5.2 and D1.3.1.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Never

from kerneltui.kernel.arch.cpu import (
    WORD_MASK,
    Aarch64Cpu,
    IrqAccounting,
    SyscallHandler,
    signed,
)
from kerneltui.kernel.irq import KernelError
from kerneltui.kernel.locks import IrqLock


def sysreg(op0: int, op1: int, crn: int, crm: int, op2: int) -> int:
    """The encoding of a system register, as MRS and MSR carry it."""
    return op0 << 14 | op1 << 11 | crn << 7 | crm << 3 | op2


CURRENT_EL = sysreg(3, 0, 4, 2, 2)
DAIF = sysreg(3, 3, 4, 2, 1)
ELR_EL1 = sysreg(3, 0, 4, 0, 1)
ESR_EL1 = sysreg(3, 0, 5, 2, 0)
FAR_EL1 = sysreg(3, 0, 6, 0, 0)
VBAR_EL1 = sysreg(3, 0, 12, 0, 0)

DAIF_BITS = {"Debug": 1 << 9, "SError": 1 << 8, "IRQ": 1 << 7, "FIQ": 1 << 6}
IRQ_MASK = 0b0010
"""The I bit, as DAIFSet and DAIFClr take it."""

SAVE_CONTEXT_NS = 20
"""Pushing and popping the interrupted context: 34 registers to cached memory."""

VECTOR_SYNC = 0x200
"""From the current EL, SP_ELx."""
EC_SVC = 0x15
NUMBER_REGISTER, RESULT_REGISTER = "x8", "x0"
ARGUMENT_REGISTERS = ("x0", "x1", "x2", "x3", "x4", "x5")
"""What carries a system call on Linux."""

EXCEPTION_CLASSES = {0x00: "Unknown reason", 0x15: "SVC", 0x25: "Data abort, current EL"}


class Vectors:
    """The exception vectors of a kernel and the code behind them."""

    ALIGNMENT = 0x800
    """in bytes: bits 10:0 of VBAR_EL1 are RES0 (D19.2.153)"""

    def __init__(
        self, cpu: Aarch64Cpu, irq: Callable[[], None], panic: Callable[[str], Never]
    ) -> None:
        self._cpu = cpu
        self._irq = irq
        self._panic = panic
        self.accounting: IrqAccounting | None = None

    def install(self) -> None:
        """Point VBAR_EL1 to the table: entries for exceptions from the current EL, SP_ELx."""
        table = {VECTOR_SYNC: self.sync, 0x280: self.irq, 0x300: self.fiq, 0x380: self.serror}
        self._cpu.write_sysreg(VBAR_EL1, self._cpu.place_vectors(table, self.ALIGNMENT))

    def irq(self) -> None:
        """An IRQ: save the context, let the interrupt controller's driver handle it, return."""
        cpu = self._cpu
        context = cpu.save_context()
        cpu.compute(SAVE_CONTEXT_NS)
        if self.accounting is not None:
            self.accounting.enter_irq()
        try:
            self._irq()
        except KernelError as error:
            self._panic(str(error))
        if self.accounting is not None:
            self.accounting.leave_irq()
        cpu.compute(SAVE_CONTEXT_NS)
        cpu.restore_context(context)
        cpu.return_from_exception()

    def sync(self) -> None:
        """A synchronous exception: this kernel provokes none on purpose."""
        esr = self._cpu.read_sysreg(ESR_EL1)
        elr = self._cpu.read_sysreg(ELR_EL1)
        far = self._cpu.read_sysreg(FAR_EL1)
        name = EXCEPTION_CLASSES.get(esr >> 26, "unexpected class")
        text = f"CPU exception: {name}: ESR_EL1 {esr:#010x}, FAR_EL1 {far:#018x}"
        self._panic(f"{text}, ELR_EL1 {elr:#018x}")

    def fiq(self) -> None:
        """No driver uses FIQs."""
        self._panic("CPU exception: FIQ, but no driver handles FIQs")

    def serror(self) -> None:
        """An asynchronous error."""
        self._panic("CPU exception: SError")


class SyscallEntry:
    """The synchronous vector of a kernel with system calls: SVC is one, all else is an error.

    Interrupts stay masked during a call, as the processor leaves them at every entry (D1.3.1).
    """

    def __init__(
        self, cpu: Aarch64Cpu, handler: SyscallHandler, panic: Callable[[str], Never]
    ) -> None:
        """Takes the vector over, at once."""
        self._cpu = cpu
        self._handler = handler
        self._panic = panic
        self._otherwise = cpu.replace_vector(VECTOR_SYNC, self.sync)

    def sync(self) -> None:
        """A synchronous exception: number and arguments lie in the saved registers."""
        cpu = self._cpu
        if cpu.read_sysreg(ESR_EL1) >> 26 != EC_SVC:
            self._otherwise()
            return
        context = cpu.save_context()
        cpu.compute(SAVE_CONTEXT_NS)
        number = signed(context.get(NUMBER_REGISTER, 0))
        arguments = tuple(signed(context.get(name, 0)) for name in ARGUMENT_REGISTERS)
        cpu.tracepoint("sys_enter", id=number)
        try:
            result = self._handler(number, arguments)
        except KernelError as error:
            self._panic(str(error))
        cpu.tracepoint("sys_exit", id=number, ret=result)
        cpu.compute(SAVE_CONTEXT_NS)
        cpu.restore_context({**context, RESULT_REGISTER: result & WORD_MASK})
        cpu.return_from_exception()


def irq_lock(cpu: Aarch64Cpu) -> IrqLock:
    """By DAIF."""
    return IrqLock(
        partial(cpu.read_sysreg, DAIF), partial(cpu.mask, IRQ_MASK), partial(cpu.write_sysreg, DAIF)
    )


SHOWN_REGISTERS = {
    "CurrentEL": CURRENT_EL, "DAIF": DAIF, "VBAR_EL1": VBAR_EL1, "ESR_EL1": ESR_EL1,
    "ELR_EL1": ELR_EL1, "FAR_EL1": FAR_EL1,
}  # fmt: skip


class Aarch64:
    """What the kernel asks of the processor, whichever it is."""

    def __init__(self, cpu: Aarch64Cpu) -> None:
        self._cpu = cpu

    def irq_lock(self) -> IrqLock:
        """A lock that keeps IRQs out."""
        return irq_lock(self._cpu)

    def enable_irqs(self) -> None:
        """Let IRQs in."""
        self._cpu.unmask(IRQ_MASK)

    def disable_irqs(self) -> None:
        """Keep IRQs out."""
        self._cpu.mask(IRQ_MASK)

    def registers(self) -> dict[str, int]:
        """By MRS."""
        return {name: self._cpu.read_sysreg(number) for name, number in SHOWN_REGISTERS.items()}

    def admit_irqs(self) -> None:
        """A pending IRQ is taken when the first of these ends."""
        self.enable_irqs()
        self.disable_irqs()

    def prepare_wait(self) -> None:
        """Nothing: WFI wakes for masked interrupts too (DDI 0487, D1.6.2)."""

    def finish_wait(self) -> None:
        """The one that ended WFI is taken now."""
        self.admit_irqs()

    def install_syscalls(self, handler: SyscallHandler, panic: Callable[[str], Never]) -> None:
        """System calls come by SVC."""
        SyscallEntry(self._cpu, handler, panic)

    def syscall(self, number: int, *arguments: int) -> int:
        """SVC, with the registers that Linux takes."""
        registers = self._cpu.registers
        registers[NUMBER_REGISTER] = number & WORD_MASK
        for name, argument in zip(ARGUMENT_REGISTERS, arguments, strict=False):
            registers[name] = argument & WORD_MASK
        self._cpu.supervisor_call()
        return signed(self._cpu.registers[RESULT_REGISTER])

    def privilege(self) -> str:
        """The current exception level."""
        return f"EL{self._cpu.read_sysreg(CURRENT_EL) >> 2 & 3}"

    def exception_masks(self) -> dict[str, bool]:
        """Which exceptions are masked, by the names that the boot log prints."""
        daif = self._cpu.read_sysreg(DAIF)
        return {name: bool(daif & bit) for name, bit in DAIF_BITS.items()}
