"""What all cores have in common: states, costs, reasons to stop, and who is told what they do."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum, StrEnum
from types import FrameType
from typing import Any, ClassVar, Protocol

import msgspec

from kerneltui.hw.bus import AddressSpace, Target
from kerneltui.hw.device import CounterState
from kerneltui.hw.line import Sink
from kerneltui.hw.register_file import RegisterFile
from kerneltui.hw.rule import Gate
from kerneltui.machine.kernel_image import SourceFrame

FOREVER = 1 << 63
"""An instruction count that is never reached."""
ANY_LEVEL = "ELx"
"""In place of the level that handles exceptions, where that is not the same for all of them."""


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


OFF, RUNNING, WAITING, HALTED = CoreState
"""For what is done at each interrupt: a module's name is found several times faster than a member.
"""


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


NOWHERE, WOKEN, TASK = ResumePoint


class Pending(msgspec.Struct, frozen=True):
    """The instruction that a halted core executes next."""

    kind: str
    """the mnemonic, or what is taken: ``ldr``, ``in``, ``compute``, ``wfi``, ``irq``"""
    target: int = 0
    value: int = 0
    size: int = 4
    text: str = ""
    """of machine code, as a disassembly"""


class Core(Protocol):
    """A core, as the machine runs it and as the debugger looks at it."""

    LOAD: ClassVar[str]
    STORE: ClassVar[str]
    WAIT: ClassVar[str]
    """the mnemonics of a load, a store, and a wait for an interrupt"""
    PINS: ClassVar[dict[str, int]]
    """the interrupt inputs, and the bit of each in ``inputs``"""
    MASK_REGISTER: ClassVar[str]
    """where ordinary interrupts are kept out, as :meth:`gates` names it"""
    WAKES_FOR_MASKED: ClassVar[bool]
    """an interrupt ends a wait, too, where the core's masks keep it out"""
    CAN_BE_RESET: ClassVar[bool]
    """without power-on: it tells its observer (:meth:`Observer.reset_begins`)"""
    CALL_REGISTERS: ClassVar[tuple[str, str, str]]
    """the general registers of a system call's number and its first two arguments"""
    EXCEPTION_LEVEL: ClassVar[str]
    """the level that handles exceptions, as ``EL1``; ``ELx`` where each may have its own"""
    index: int
    state: CoreState
    ready_at: int
    """local time (ns): when the next instruction begins; NEVER while off, asleep or halted"""
    is_interruptible: bool
    """asleep, or in a stretch of computing: an interrupt makes it ready at once"""
    turns: Any
    """the :class:`~kerneltui.machine.turns.Turns` that it takes with others"""
    halt_reason: str
    """why it has halted for good, or empty"""
    retired: int
    """instructions so far"""
    interrupts_taken: int
    can_rest_anywhere: ClassVar[bool]
    """its state can be saved between any two instructions"""
    depth: int
    """exceptions in progress"""
    booted: bool
    """its program has come to where it waits for interrupts; machine code has none such place"""
    resume_point: ResumePoint
    is_landed: bool
    """halted in :meth:`Program.boot`, where that can be entered anew, between two instructions"""
    trouble: str
    """what is wrong on it, where that looks like a hang; in words, or empty"""
    inputs: int
    """the interrupt inputs that are high, as bits"""
    program: Any
    """what runs on it: a :class:`Program`, or an image of machine code; None while it is off"""
    regs: RegisterFile
    """the registers that matter to interrupts"""
    registers: dict[str, int]
    """general registers that a system call has used: its number, arguments and result"""
    memory: AddressSpace
    """what its accesses meet, in its present state"""

    # what the debugger wants of the next run
    observer: Observer | None
    is_traced: bool
    """somebody may observe the core, or it may have to stop at a tracepoint"""
    until: int
    """virtual time (ns) at which to halt"""
    stop_at: int
    """halt before the instruction after so many"""
    stop_on_interrupt: bool
    stop_on_idle: bool
    stop_on_wait: bool
    stop_on_tracepoint: str
    stop_below_depth: int
    stop_on_access: bool
    rest_after: int
    """from so much :attr:`work` on, halt where all state can be saved"""

    @property
    def pending(self) -> Pending | None:
        """What it executes next, while it is halted before an instruction."""

    @property
    def work(self) -> int:
        """How long it takes to do again what it has done, in instructions of a kernel in Python."""

    def general_registers(self) -> dict[str, int]:
        """Those of machine code, by name; a kernel in Python has none."""

    @property
    def return_address(self) -> int:
        """Where the exception in progress has come from."""

    @property
    def at_rest(self) -> bool:
        """Whether its state can be saved."""

    @property
    def is_asleep(self) -> bool:
        """Whether it is in a wait, or halted just before one."""

    def power_on(self, program: Any) -> None:
        """Begin to execute ``program``, now."""

    def limit(self, work: int) -> None:
        """Halt before the next instruction after so much more :attr:`work`."""

    def run(self) -> StopReason:
        """Execute until a limit, or until something asks to halt."""

    def set_horizon(self, horizon: int) -> None:
        """Instructions from this time (ns) on are another core's to begin first."""

    def request_stop(self, reason: StopReason) -> None:
        """Halt before the next instruction."""

    def give_up(self, reason: str) -> None:
        """Halt for good: its program has done what the machine cannot go on with."""

    def enter_anew(self) -> None:
        """The core's state has been replaced: come to where that was saved, and halt there."""

    def leave(self) -> None:
        """The core's state is about to be replaced: let go of what it was doing."""

    def close(self) -> None:
        """Let go of what it holds of this computer; the core is of no use any more."""

    # the hardware's side
    def input(self, pin: str) -> Sink:
        """The end of a wire, by a name of :data:`PINS`."""

    def counters(self) -> list[CounterState]:
        """Counters of the core itself, while it is on."""

    def poke_bus(self, space: AddressSpace, address: int, value: int, size: int) -> None:
        """What a store of this core does, but no instruction.  Raises :class:`BusFault`."""

    def poke_target(self, space: AddressSpace, address: int, value: int) -> tuple[Target, int]:
        """What answers to a store of this core, and at which offset.

        Raises :class:`BusFault` where nothing does, or not to that value.
        """

    def poke_register(self, address: int, value: int) -> None:
        """Store to a register of :attr:`regs`; no instruction."""

    def look_again(self) -> None:
        """Somebody has poked a register: what could not be taken may be now."""

    # the debugger's side
    def privilege(self) -> str:
        """The level that code runs at, as ``EL1`` or ``ring 0``."""

    def why_synchronous(self) -> str:
        """Why the latest exception came that is no interrupt, in a sentence."""

    def masks(self) -> tuple[str, bool]:
        """What keeps interrupts out, as text; and whether ordinary ones are kept out."""

    def masks_on_entry(self, vector: int) -> bool:
        """Whether an exception through a vector writes the mask bits."""

    def gates(self, pin: str, vector: int | None = None) -> list[Gate]:
        """The conditions for taking what comes at an interrupt input, as ``vector`` where known."""

    def frames(self) -> list[SourceFrame]:
        """The kernel's functions on the halted core's stack, innermost first."""

    def kernel_frames(self) -> Iterator[FrameType]:
        """The same, of a kernel in Python, as they run; none of machine code."""


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
        """From reset to the first idle.

        It is entered anew where a core goes on from state that was saved at one of its landings
        (``landing()`` of the core): it must then come to that one by the same calls, and execute
        nothing before.
        """

    def idle(self) -> None:
        """Wait for interrupts for ever, or run tasks.

        It is entered anew where a core goes on from saved state: it must then come to the wait or
        to the ``run_task`` that it was in, by the same calls, and execute nothing before.
        """
