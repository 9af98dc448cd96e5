"""x86-64: interrupt descriptor table, entry code with one frame for all, interrupt masking.

Numbers from Intel SDM, volume 3A, chapter 6.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Never

from kerneltui.kernel.arch.cpu import WORD_MASK, IrqAccounting, SyscallHandler, X86Cpu, signed
from kerneltui.kernel.irq import KernelError
from kerneltui.kernel.locks import IrqLock

RFLAGS_IF = 1 << 9
IA32_APIC_BASE = 0x1B
IDT = 0x2_0000
IDT_SIZE = 0x1000
"""Tables of 256 gates of 16 bytes, one for each core."""
VECTORS = 256
KERNEL_CS = 0x08
INTERRUPT_GATE = 0x8E00
"""Present, privilege level 0, 64-bit interrupt gate (6.14.1)."""
TRAP_GATE = 0x8F00
"""The same, but IF stays as it was (6.12.1.2)."""
FIRST_EXTERNAL = 32
SYSCALL_VECTOR = 0x80
NUMBER_REGISTER = RESULT_REGISTER = "rax"
ARGUMENT_REGISTERS = ("rdi", "rsi", "rdx", "r10", "r8", "r9")
"""What carries a system call on Linux; the vector is that of its 32-bit programs."""

SAVE_CONTEXT_NS = 20
"""Pushing and popping the interrupted context: 15 registers to cached memory."""

NOP_NS = 1

EXCEPTIONS = {
    0: "Divide error", 1: "Debug", 2: "Non-maskable interrupt", 3: "Breakpoint", 4: "Overflow",
    5: "Bound range exceeded", 6: "Invalid opcode", 7: "Device not available", 8: "Double fault",
    10: "Invalid TSS", 11: "Segment not present", 12: "Stack fault", 13: "General protection",
    14: "Page fault", 16: "x87 error", 17: "Alignment check", 18: "Machine check",
    19: "SIMD error", 20: "Virtualization", 21: "Control protection",
}  # fmt: skip
"""Names of the processor's own vectors (table 6-1)."""
WITH_ERROR_CODE = frozenset((8, 10, 11, 12, 13, 14, 17, 21))
WORD = 8


def write_gate(
    cpu: X86Cpu, table: int, vector: int, enter: Callable[[], None], kind: int = INTERRUPT_GATE
) -> None:
    """Have ``vector`` of the table at ``table`` lead to ``enter`` (6.14.1)."""
    code = cpu.place_code(enter)
    low = code & 0xFFFF | KERNEL_CS << 16 | kind << 32 | code >> 16 << 48
    cpu.write(table + 16 * vector, low & WORD_MASK, WORD)
    cpu.write(table + 16 * vector + WORD, code >> 32, WORD)


class Vectors:
    """The interrupt descriptor table of a core and the code behind it.

    Whatever comes finds the same frame: the entry code pushes a zero where the processor has pushed
    no error code, and then the vector.  From the stack pointer upwards lie vector, error code, RIP,
    CS, RFLAGS, RSP and SS.
    """

    def __init__(
        self,
        cpu: X86Cpu,
        irq: Callable[[int], None],
        panic: Callable[[str], Never],
        number: int = 0,
    ) -> None:
        """``irq`` gets the vector; ``number`` is the core's."""
        self._cpu = cpu
        self._irq = irq
        self._panic = panic
        self.accounting: IrqAccounting | None = None
        self._base = IDT + IDT_SIZE * number

    def install(self) -> None:
        """Write a gate for every vector, and load the table."""
        for vector in range(VECTORS):
            enter = self.exception if vector < FIRST_EXTERNAL else self.interrupt
            write_gate(self._cpu, self._base, vector, partial(enter, vector))
        self._cpu.load_idt(self._base, 16 * VECTORS - 1)

    def interrupt(self, vector: int) -> None:
        """An external interrupt: save the context, let the kernel handle it, return."""
        cpu = self._cpu
        saved = dict(cpu.registers)
        cpu.push(0)
        cpu.push(vector)
        cpu.compute(SAVE_CONTEXT_NS)
        if self.accounting is not None:
            self.accounting.enter_irq()
        try:
            self._irq(vector)
        except KernelError as error:
            self._panic(str(error))
        if self.accounting is not None:
            self.accounting.leave_irq()
        cpu.compute(SAVE_CONTEXT_NS)
        cpu.registers = saved
        cpu.release_stack(2 * WORD)
        cpu.return_from_interrupt()

    def exception(self, vector: int) -> None:
        """One of the processor's own: this kernel provokes none on purpose."""
        cpu = self._cpu
        if vector not in WITH_ERROR_CODE:
            cpu.push(0)
        cpu.push(vector)
        frame = cpu.stack_pointer()
        error, rip = cpu.read(frame + WORD, WORD), cpu.read(frame + 2 * WORD, WORD)
        name = EXCEPTIONS.get(vector, "reserved vector")
        self._panic(f"CPU exception {vector}: {name}: error code {error:#x}, RIP {rip:#018x}")


class SyscallEntry:
    """The code behind the gate of system calls: the same frame as for all vectors.

    It is a trap gate: a call that came with interrupts let in runs with them let in.
    """

    def __init__(
        self,
        cpu: X86Cpu,
        handler: SyscallHandler,
        panic: Callable[[str], Never],
        number: int = 0,
    ) -> None:
        """``number`` is the core's."""
        self._cpu = cpu
        self._handler = handler
        self._panic = panic
        self._base = IDT + IDT_SIZE * number

    def install(self) -> None:
        """Write the gate into the core's table."""
        write_gate(self._cpu, self._base, SYSCALL_VECTOR, self.enter, TRAP_GATE)

    def enter(self) -> None:
        """A system call: number and arguments lie in the saved registers."""
        cpu = self._cpu
        saved = dict(cpu.registers)
        cpu.push(0)
        cpu.push(SYSCALL_VECTOR)
        cpu.compute(SAVE_CONTEXT_NS)
        number = signed(saved.get(NUMBER_REGISTER, 0))
        arguments = tuple(signed(saved.get(name, 0)) for name in ARGUMENT_REGISTERS)
        cpu.tracepoint("sys_enter", id=number)
        try:
            result = self._handler(number, arguments)
        except KernelError as error:
            self._panic(str(error))
        cpu.tracepoint("sys_exit", id=number, ret=result)
        cpu.compute(SAVE_CONTEXT_NS)
        cpu.registers = {**saved, RESULT_REGISTER: result & WORD_MASK}
        cpu.release_stack(2 * WORD)
        cpu.return_from_interrupt()


def irq_lock(cpu: X86Cpu) -> IrqLock:
    """By RFLAGS.IF."""
    return IrqLock(cpu.read_flags, cpu.cli, cpu.write_flags)


class X86Arch:
    """What the kernel asks of the processor, whichever it is."""

    def __init__(self, cpu: X86Cpu, number: int = 0) -> None:
        """``number`` is the core's."""
        self._cpu = cpu
        self._number = number

    def irq_lock(self) -> IrqLock:
        """A lock that keeps interrupts out."""
        return irq_lock(self._cpu)

    def enable_irqs(self) -> None:
        """Let interrupts in."""
        self._cpu.sti()

    def disable_irqs(self) -> None:
        """Keep interrupts out."""
        self._cpu.cli()

    def registers(self) -> dict[str, int]:
        """By PUSHF, RDTSC and RDMSR."""
        cpu = self._cpu
        return {
            "RFLAGS": cpu.read_flags(),
            "TSC": cpu.read_tsc(),
            "IA32_APIC_BASE": cpu.read_msr(IA32_APIC_BASE),
            "RSP": cpu.stack_pointer(),
        }

    def admit_irqs(self) -> None:
        """STI lets nothing in before the end of the next instruction (SDM 2B, STI): a NOP."""
        self.enable_irqs()
        self._cpu.compute(NOP_NS)
        self.disable_irqs()

    def prepare_wait(self) -> None:
        """STI lets interrupts in only after the next instruction, HLT (Intel SDM 2B, STI)."""
        self.enable_irqs()

    def finish_wait(self) -> None:
        """What ended HLT has been taken."""
        self.disable_irqs()

    def install_syscalls(self, handler: SyscallHandler, panic: Callable[[str], Never]) -> None:
        """System calls come by INT 80h."""
        SyscallEntry(self._cpu, handler, panic, self._number).install()

    def syscall(self, number: int, *arguments: int) -> int:
        """INT 80h, with the registers that Linux takes on x86-64."""
        registers = self._cpu.registers
        registers[NUMBER_REGISTER] = number & WORD_MASK
        for name, argument in zip(ARGUMENT_REGISTERS, arguments, strict=False):
            registers[name] = argument & WORD_MASK
        self._cpu.interrupt(SYSCALL_VECTOR)
        return signed(self._cpu.registers[RESULT_REGISTER])

    def privilege(self) -> str:
        """The level that the kernel runs at: there is no other here."""
        return "ring 0"

    def exception_masks(self) -> dict[str, bool]:
        """Which interrupts are masked, by the names that the boot log prints."""
        return {"IRQ": not self._cpu.read_flags() & RFLAGS_IF}
