"""What all cores have in common: states, costs, reasons to stop, and who is told what they do."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Any, ClassVar, Protocol

import msgspec

FOREVER = 1 << 63
"""An instruction count that is never reached."""


class Costs(msgspec.Struct, frozen=True):
    """What each kind of instruction takes, in ns; given by the board."""

    load: int
    store: int
    sysreg: int
    exception_entry: int
    exception_return: int
    wait: int
    port: int = 700
    """an access to an I/O port"""


class CoreState(StrEnum):
    """What a core is doing."""

    OFF = "off"
    """never released"""
    RUNNING = "running"
    WAITING = "waiting"
    """in WFI or HLT, until an interrupt"""
    HALTED = "halted"
    """stopped for good by the kernel (panic) or by an error in it"""


class StopReason(StrEnum):
    """Why a run ended."""

    STEP = "step"
    """the wanted instructions have retired"""
    BUDGET = "budget"
    """the granted number of instructions is used up"""
    TURN = "turn"
    """another core is behind in time: not an end, only the end of a turn"""
    TIME = "time"
    """virtual time reached the limit"""
    INTERRUPT = "interrupt"
    """an interrupt was taken; the handler has not begun"""
    TRACEPOINT = "tracepoint"
    """the kernel passed the awaited tracepoint"""
    HANDLER_DONE = "handler done"
    """the handler returned to what it had interrupted"""
    IDLE = "idle"
    """the core began to wait for an interrupt"""
    REST = "rest"
    """all state is plain data: see :attr:`Machine.at_rest`"""
    BREAKPOINT = "breakpoint"
    """something has happened that a breakpoint waits for"""
    MEANINGFUL = "meaningful"
    """something has happened that a story of the machine tells"""
    REACHED = "reached"
    """the wanted position"""
    NOTHING_DUE = "nothing due"
    """the core waits and no event is due, ever: only input can wake it"""
    HALTED = "halted"
    """the kernel has halted"""


class ResumePoint(IntEnum):
    """Where a core can go on with nothing but plain data: its program is entered anew there."""

    NOWHERE = 0
    WOKEN = 1
    """a wait is over, of whose end interrupts are being taken; none is in progress"""
    TASK = 2
    """in :meth:`InstructionCore.run_task`, also between two interrupts taken from it"""


class Pending(msgspec.Struct, frozen=True):
    """The instruction that a halted core executes next."""

    kind: str
    """the mnemonic, or what is taken: ``ldr``, ``in``, ``compute``, ``wfi``, ``irq``"""
    target: int = 0
    value: int = 0
    size: int = 4


class Core(Protocol):
    """A core, as those see it that give it turns and record what it does."""

    WAIT: ClassVar[str]
    """the mnemonic of a wait for an interrupt"""
    index: int
    state: CoreState
    ready_at: int
    """local time (ns): when the next instruction begins; NEVER while off, asleep or halted"""
    until: int
    """virtual time (ns) at which the debugger wants a halt"""
    is_interruptible: bool
    """asleep, or in a stretch of computing: an interrupt makes it ready at once"""
    halt_reason: str
    """why it has halted for good, or empty"""
    retired: int
    """instructions so far"""
    stop_at: int
    """the debugger wants a halt before the instruction after so many"""
    interrupts_taken: int
    depth: int
    """exceptions in progress"""
    inputs: int
    """the interrupt inputs that are high, as bits"""
    pending: Pending | None
    """what it executes next, while it is halted before an instruction"""

    @property
    def return_address(self) -> int:
        """Where the exception in progress has come from."""

    def run(self) -> StopReason:
        """Execute until a limit, or until something asks to halt."""

    def set_horizon(self, horizon: int) -> None:
        """Instructions from this time (ns) on are another core's to begin first."""

    @property
    def at_rest(self) -> bool:
        """Whether all state is plain data: outside any handler, in a wait or a task."""

    def request_stop(self, reason: StopReason) -> None:
        """Halt before the next instruction."""


class Observer(Protocol):
    """Who is told what happens; absent when nobody records."""

    def instruction(self, core: Core, kind: str, target: int, value: int) -> None:
        """An instruction was executed; it has not retired yet."""

    def exception(self, core: Core, kind: str, vector: int) -> None:
        """An exception was taken."""

    def activity(self, core: Core) -> None:
        """It has been switched on or off, fallen asleep, woken or returned from an exception."""

    def tracepoint(self, core: Core, name: str, facts: dict[str, Any]) -> None:
        """The kernel passed a tracepoint."""

    def unmodelled(self, text: str) -> None:
        """An access to something that is declared but not modelled, or not there."""

    def reset_begins(self, owner: str, cpu: int) -> None:
        """A core, or what core ``cpu`` has of a device, is about to be reset, not by power-on.

        ``owner`` is the device's name or ``core N``.
        """


class Program(Protocol):
    """A kernel, as the core sees it."""

    def boot(self) -> None:
        """From reset to the first idle."""

    def idle(self) -> None:
        """Wait for interrupts for ever, or run tasks.

        It is entered anew where a core goes on from saved state: it must then come to the wait or
        to the ``run_task`` that it was in, by the same calls, and execute nothing before.
        """
