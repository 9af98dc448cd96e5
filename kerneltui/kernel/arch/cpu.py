"""The processor that the kernel runs on, as the kernel sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Never, Protocol

SyscallHandler = Callable[[int, tuple[int, ...]], int]
"""Gets a system call's number and what the argument registers hold; answers the result."""
WORD_MASK = (1 << 64) - 1


def signed(word: int) -> int:
    """What a register of 64 bits holds, read as a number that can be negative."""
    return (word & WORD_MASK ^ 1 << 63) - (1 << 63)


class Cpu(Protocol):
    """What every architecture offers.  Each call is an instruction, but ``tracepoint`` and
    ``landing``.

    ``registers`` are the general registers that a system call goes through, by name; there are none
    until code sets them.  To look at one or set it costs nothing.
    """

    registers: dict[str, int]

    def read(self, address: int, size: int = 4) -> int:
        """Load ``size`` bytes from a physical address."""

    def write(self, address: int, value: int, size: int = 4) -> None:
        """Store ``size`` bytes to a physical address."""

    def compute(self, ns: int) -> None:
        """Be busy for ``ns`` nanoseconds without touching hardware."""

    def run_task(self, ns: int) -> int:
        """As :meth:`compute`, but only until an interrupt has been handled; answers the ns left."""

    def wait_for_interrupt(self) -> None:
        """Sleep until an interrupt is signalled, masked or not."""

    def halt(self, reason: str) -> Never:
        """Stop for good."""

    def place_program(self, entry: Callable[[Any], Any]) -> int:
        """Link start-up code for further cores into the image and return its address."""

    def tracepoint(self, name: str, /, **facts: Any) -> None:
        """Tell an attached debugger where the kernel is; takes no time."""

    def landing(self) -> None:
        """Let an attached debugger save the kernel's state in the middle of its boot.

        The boot is entered anew with that state: it must come here again, by the same calls and
        with no instruction before.  Takes no time.
        """

    @property
    def is_traced(self) -> bool:
        """Whether anybody listens: where every handler passes, facts are gathered only then."""


class Aarch64Cpu(Cpu, Protocol):
    """AArch64 instructions."""

    def read_sysreg(self, encoding: int) -> int:
        """MRS."""

    def write_sysreg(self, encoding: int, value: int) -> None:
        """MSR (register)."""

    def mask(self, bits: int) -> None:
        """MSR DAIFSet."""

    def unmask(self, bits: int) -> None:
        """MSR DAIFClr."""

    def return_from_exception(self) -> None:
        """ERET."""

    def supervisor_call(self, immediate: int = 0) -> None:
        """SVC: enter the synchronous exception's vector, whatever is masked."""

    def save_context(self) -> dict[str, int]:
        """General registers and the way back, as entry code pushes them; ``compute`` the time."""

    def restore_context(self, context: Mapping[str, int]) -> None:
        """What entry code pops."""

    def send_event(self) -> None:
        """SEV: parked cores look whether they are released."""

    def place_vectors(self, table: Mapping[int, Callable[[], None]], align: int) -> int:
        """Link a vector table into the image and return its address."""

    def replace_vector(self, offset: int, entry: Callable[[], None]) -> Callable[[], None]:
        """Change an entry of the vector table in use; returns what was there."""


class X86Cpu(Cpu, Protocol):
    """x86-64 instructions.  ``wait_for_interrupt`` is HLT."""

    def read_port(self, port: int, size: int = 1) -> int:
        """IN: ``size`` bytes from an I/O port."""

    def write_port(self, port: int, value: int, size: int = 1) -> None:
        """OUT."""

    def read_msr(self, number: int) -> int:
        """RDMSR."""

    def write_msr(self, number: int, value: int) -> None:
        """WRMSR."""

    def read_tsc(self) -> int:
        """RDTSC: this core's time-stamp counter."""

    def cpuid(self, leaf: int, subleaf: int = 0) -> tuple[int, int, int, int]:
        """CPUID: EAX, EBX, ECX, EDX."""

    def read_flags(self) -> int:
        """PUSHF: RFLAGS."""

    def write_flags(self, value: int) -> None:
        """POPF."""

    def cli(self) -> None:
        """Mask interrupts: RFLAGS.IF = 0."""

    def sti(self) -> None:
        """Unmask interrupts, after the next instruction: ``STI; HLT`` loses none."""

    def load_idt(self, base: int, limit: int) -> None:
        """LIDT: where the interrupt descriptor table lies, and its last byte."""

    def stack_pointer(self) -> int:
        """RSP; looking at a general register costs nothing."""

    def push(self, word: int) -> None:
        """PUSH of eight bytes."""

    def release_stack(self, size: int) -> None:
        """ADD RSP: forget ``size`` pushed bytes."""

    def interrupt(self, vector: int) -> None:
        """INT n: enter the vector's gate, whatever RFLAGS.IF says."""

    def return_from_interrupt(self) -> None:
        """IRET: pops the interrupt frame."""

    def place_code(self, entry: Callable[[], None]) -> int:
        """Link entry code into the image and return its address."""


class IrqAccounting(Protocol):
    """Who is told when interrupt handlers begin and end, with interrupts masked."""

    def enter_irq(self) -> None:
        """The interrupted context has been saved."""

    def leave_irq(self) -> None:
        """It is about to be restored."""


class Arch(Protocol):
    """What the kernel asks of a processor, whichever it is."""

    def irq_lock(self) -> AbstractContextManager[object]:
        """A lock that keeps interrupts out."""

    def enable_irqs(self) -> None:
        """Let interrupts in."""

    def disable_irqs(self) -> None:
        """Keep interrupts out."""

    def registers(self) -> dict[str, int]:
        """A few system registers, read now."""

    def admit_irqs(self) -> None:
        """A moment with interrupts let in, and masked again: what is pending is taken."""

    def prepare_wait(self) -> None:
        """With interrupts masked: from here to the wait for one none is taken unnoticed."""

    def finish_wait(self) -> None:
        """After the wait: what ended it has been taken, and interrupts are masked again."""

    def privilege(self) -> str:
        """The level that the kernel runs at."""

    def install_syscalls(self, handler: SyscallHandler, panic: Callable[[str], Never]) -> None:
        """From now on system calls on this core are ``handler``'s; vectors are installed."""

    def syscall(self, number: int, *arguments: int) -> int:
        """A system call by a trap, as a user's program makes it: up to six arguments.

        Numbers are 64 bits, with sign.  A negative result is an error's number.
        """

    def exception_masks(self) -> dict[str, bool]:
        """Which exceptions are masked, by the names that the boot log prints."""
