"""A CPU core that runs a kernel written in Python.

Its instruction is one hardware access: a load, a store, a system-register access, a stretch of
computing, an exception entry or return, or a wait for an interrupt.  Each retires with a cost in
nanoseconds; at its end due events fire and the interrupt inputs are sampled.  The kernel runs on a
greenlet, so the debugger can halt it *before* any instruction and read its frames; as long as
nothing asks to halt there is no switch and an access is a direct call.

Subclasses add the architecture: system registers and the exception model.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Never, Protocol

from greenlet import getcurrent, greenlet

from kerneltui.hw.bus import AddressSpace, BusFault
from kerneltui.hw.scheduler import NEVER, Scheduler
from kerneltui.machine.kernel_image import SourceFrame, call_stack, code_address, origin

FOREVER = 1 << 63
"""An instruction count that is never reached."""


@dataclass(frozen=True)
class Costs:
    """What each kind of instruction takes, in ns; given by the board."""

    load: int
    store: int
    sysreg: int
    exception_entry: int
    exception_return: int
    wait: int


class CoreState(StrEnum):
    """What a core is doing."""

    OFF = "off"
    """never released"""
    RUNNING = "running"
    WAITING = "waiting"
    """in WFI, until an interrupt"""
    HALTED = "halted"
    """stopped for good by the kernel (panic) or by an error in it"""


class StopReason(StrEnum):
    """Why a run ended."""

    BUDGET = "budget"
    """the granted number of instructions is used up"""
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
    NOTHING_DUE = "nothing due"
    """the core waits and no event is due, ever: only input can wake it"""
    HALTED = "halted"
    """the kernel has halted"""


@dataclass(frozen=True, slots=True)
class Pending:
    """The instruction that a halted core executes next."""

    kind: str
    """``ldr``, ``str``, ``mrs``, ``msr``, ``compute``, ``wfi``, ``eret``, ``irq``, ``fiq`` ..."""
    target: int = 0
    value: int = 0
    size: int = 4


class Observer(Protocol):
    """Who is told what happens; absent when nobody records."""

    def instruction(self, core: HostedCore, kind: str, target: int, value: int) -> None:
        """An instruction was executed; it has not retired yet."""

    def exception(self, core: HostedCore, kind: str, vector: int) -> None:
        """An exception was taken."""

    def tracepoint(self, core: HostedCore, name: str, facts: dict[str, Any]) -> None:
        """The kernel passed a tracepoint."""


class Program(Protocol):
    """A kernel, as the core sees it."""

    def boot(self) -> None:
        """From reset to the first idle."""

    def idle(self) -> None:
        """Wait for interrupts for ever; may be entered anew at any idle instruction."""


class HostedCore(ABC):
    """What cores of every architecture share.

    ``TRANSIENT`` names the attributes that a snapshot leaves out and :meth:`_detach` makes.
    """

    TRANSIENT: ClassVar[frozenset[str]] = frozenset((
        "observer", "stop_at", "until", "stop_on_interrupt", "stop_on_idle", "stop_on_tracepoint",
        "stop_below_depth", "stop_reason", "pending", "_greenlet",
    ))  # fmt: skip

    def __init__(
        self, index: int, scheduler: Scheduler, memory: AddressSpace, costs: Costs
    ) -> None:
        self.index = index
        self.scheduler = scheduler
        self.memory = memory
        self.costs = costs
        self._load_ns, self._store_ns = costs.load, costs.store
        self.state = CoreState.OFF
        self.halt_reason = ""
        self.retired = 0
        self.interrupts_taken = 0
        self.depth = 0
        self.inputs = 0
        self.program: Program | None = None
        self.booted = False
        self._detach()

    def _detach(self) -> None:
        """What a snapshot does not carry: the debugger's wishes and the greenlet."""
        self.observer: Observer | None = None
        self.stop_at = FOREVER
        self.until = NEVER
        self.stop_on_interrupt = False
        self.stop_on_idle = False
        self.stop_on_tracepoint = ""
        self.stop_below_depth = 0
        self.stop_reason = StopReason.BUDGET
        self.pending: Pending | None = None
        self._greenlet: greenlet | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key not in self.TRANSIENT}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._detach()

    # -- the debugger's side --------------------------------------------------------------------

    def run(self) -> StopReason:
        """Execute until one of the ``stop_*`` wishes, ``stop_at`` or ``until`` says halt."""
        if self.state is CoreState.HALTED:
            return StopReason.HALTED
        self.stop_reason = StopReason.BUDGET
        if self.scheduler.now >= self.until:
            return StopReason.TIME
        if self._greenlet is None:
            self._greenlet = greenlet(self._main)
        self._greenlet.parent = getcurrent()
        self._greenlet.switch()
        return self.stop_reason

    @property
    def at_rest(self) -> bool:
        """At an idle instruction with no exception in progress: all state is plain data."""
        restored = self._greenlet is None and self.state is CoreState.RUNNING
        next_is_wait = self.pending is not None and self.pending.kind == "wfi"
        idle = self.state is CoreState.WAITING or next_is_wait or restored
        return self.depth == 0 and self.booted and idle

    def request_stop(self, reason: StopReason) -> None:
        """Halt before the next instruction."""
        self.stop_at = self.retired
        self.stop_reason = reason

    def frames(self) -> list[SourceFrame]:
        """The kernel's functions on the halted core's stack, innermost first."""
        return call_stack(self._greenlet.gr_frame if self._greenlet is not None else None)

    def close(self) -> None:
        """Let go of the kernel's stack."""
        running, self._greenlet = self._greenlet, None
        if running is not None and not running.dead:
            running.parent = getcurrent()
            running.throw()

    def _main(self) -> None:
        program = self.program
        if program is None:
            raise RuntimeError(f"core {self.index} has no program")
        try:
            if not self.booted:
                self.state = CoreState.RUNNING
                program.boot()
                self.booted = True
            program.idle()
            self._halted("the kernel returned from its idle loop")
        except OSError:
            # Not the kernel's, which asks nothing of the host: an observer could not write.
            raise
        except Exception as error:
            self._halted(f"kernel error: {type(error).__name__}: {error} ({origin(error)})")

    def _halted(self, reason: str) -> None:
        self.state = CoreState.HALTED
        self.halt_reason = reason
        self.stop_reason = StopReason.HALTED

    def _pause(self, kind: str, target: int = 0, value: int = 0, size: int = 4) -> None:
        """Halt before an instruction, until the debugger lets go."""
        while self.retired >= self.stop_at:
            self.pending = Pending(kind, target, value, size)
            self._to_debugger()
            self.pending = None

    def _to_debugger(self) -> None:
        debugger = getcurrent().parent
        if debugger is None:
            raise RuntimeError("only the kernel's own code executes instructions")
        debugger.switch()

    def _retire(self, cost: int) -> None:
        """The end of an instruction: time passes, due events fire, interrupts are sampled."""
        self.retired += 1
        scheduler = self.scheduler
        now = scheduler.now + cost
        if now < scheduler.next_due and now < self.until:
            scheduler.now = now
        else:
            self._pass_time(now)
        if self.inputs:
            self._sample()

    def _pass_time(self, to: int) -> None:
        """Advance to ``to``, with what falls due on the way and the debugger's limit."""
        self.scheduler.advance(to)
        if to >= self.until:
            self.request_stop(StopReason.TIME)

    @abstractmethod
    def _sample(self) -> None:
        """Take the interrupts that the core's mask lets in."""

    @abstractmethod
    def _fault(self, fault: BusFault) -> None:
        """Nothing answered at an address: take the architecture's exception."""

    # -- instructions: the kernel's side ----------------------------------------------------------

    def read(self, address: int, size: int = 4) -> int:
        """Load ``size`` bytes."""
        if self.retired >= self.stop_at:
            self._pause("ldr", address, 0, size)
        try:
            memory = self.memory
            target, offset = memory.known.get(address) or memory.resolve(address)
            value = target.read(offset, size, self.index)
        except BusFault as fault:
            value = 0
            self._fault(fault)
        if self.observer is not None:
            self.observer.instruction(self, "ldr", address, value)
        self._retire(self._load_ns)
        return value

    def write(self, address: int, value: int, size: int = 4) -> None:
        """Store ``size`` bytes."""
        if self.retired >= self.stop_at:
            self._pause("str", address, value, size)
        if self.observer is not None:
            self.observer.instruction(self, "str", address, value)
        try:
            memory = self.memory
            target, offset = memory.known.get(address) or memory.resolve(address)
            target.write(offset, value, size, self.index)
        except BusFault as fault:
            self._fault(fault)
        self._retire(self._store_ns)

    def compute(self, ns: int) -> None:
        """Execute for ``ns`` without touching hardware; interrupts are taken on the way."""
        if self.retired >= self.stop_at:
            self._pause("compute", value=ns)
        if self.observer is not None:
            self.observer.instruction(self, "compute", 0, ns)
        scheduler = self.scheduler
        end = scheduler.now + ns
        if end < scheduler.next_due and end < self.until:
            scheduler.now = end
        else:
            self._compute_with_events(ns)
        self.retired += 1
        if self.inputs:
            self._sample()

    def _compute_with_events(self, ns: int) -> None:
        """Something happens on the way: compute from event to event, interruptible at each."""
        scheduler = self.scheduler
        while ns > 0:
            event = max(min(scheduler.next_due, self.until), scheduler.now + 1)
            stretch = min(ns, event - scheduler.now)
            ns -= stretch
            self._pass_time(scheduler.now + stretch)
            if self.inputs and ns:
                self._sample()
            if ns and self.retired >= self.stop_at:
                self._pause("compute", value=ns)

    def wait_for_interrupt(self) -> None:
        """Sleep until an interrupt input is high, masked or not."""
        if self.state is not CoreState.WAITING:
            if self.retired >= self.stop_at:
                self._pause("wfi")
            if self.observer is not None:
                self.observer.instruction(self, "wfi", 0, 0)
            self.state = CoreState.WAITING
            if self.stop_on_idle and self.at_rest:
                self.request_stop(StopReason.IDLE)
        while not self.inputs:
            if self.retired >= self.stop_at:
                self._pause("wfi")
                continue
            due = self.scheduler.next_due
            if due <= self.until and due < NEVER:
                self.scheduler.advance(due)
            elif self.until < NEVER:
                self.scheduler.advance(self.until)
                self.request_stop(StopReason.TIME)
            else:
                self.request_stop(StopReason.NOTHING_DUE)
        self.state = CoreState.RUNNING
        self._retire(self.costs.wait)

    def halt(self, reason: str) -> Never:
        """Stop this core for good, with everything left inspectable."""
        self._halted(reason)
        while True:
            self._to_debugger()

    def tracepoint(self, name: str, /, **facts: Any) -> None:
        """Tell the debugger of a point that the kernel passes; takes no time."""
        if self.observer is not None:
            self.observer.tracepoint(self, name, facts)
        if name == self.stop_on_tracepoint:
            self.request_stop(StopReason.TRACEPOINT)

    def _program_counter(self) -> int:
        """The address of the kernel line that is executing."""
        return code_address(sys._getframe(1))  # noqa: SLF001 - the documented way to a frame
