"""A CPU core that runs a kernel written in Python.

The kernel runs on a greenlet, so the debugger can halt it *before* any instruction and read its
frames; as long as nothing asks to halt there is no switch and an instruction is a direct call.
Each retires with a cost in nanoseconds; at its end due events fire and the interrupt inputs are
sampled.  The instructions of every core are in :mod:`kerneltui.machine.instruction_core`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from types import FrameType
from typing import Any, ClassVar

from greenlet import getcurrent, greenlet
from msgspec.structs import replace

from kerneltui.hw.bus import AddressSpace
from kerneltui.hw.clock import NEVER, Clock
from kerneltui.hw.rule import Gate, Opens, Rule
from kerneltui.machine import blame, kernel_image
from kerneltui.machine.architecture import Architecture
from kerneltui.machine.core import (
    FOREVER,
    CoreState,
    Costs,
    Observer,
    Pending,
    Program,
    ResumePoint,
    StopReason,
)
from kerneltui.machine.meter import METER
from kerneltui.machine.turns import Turns

LANDINGS_APART = 8_000
"""Instructions between two landings that count.  The boots of most scenarios are shorter: what has
to be done for the first one costs them nothing."""


class HostedCore(Architecture):
    """What cores of every architecture share.

    ``TRANSIENT`` names the attributes that saved state leaves out and :meth:`_detach` makes.
    The slots make each access to them faster: an object may have about thirty attributes without.
    """

    __slots__ = (
        "_enters_anew", "_greenlet", "_limit", "_load_ns", "_next_landing", "_store_ns", "_task_ns",
        "_task_since", "_task_taken", "booted", "clock", "costs", "depth", "halt_reason", "horizon",
        "image", "index", "inputs", "interrupts_taken", "is_interruptible", "is_landed",
        "is_traced", "memory", "observer", "pending", "program", "ready_at", "rest_after",
        "resume_point", "retired", "state", "stop_at", "stop_below_depth", "stop_on_access",
        "stop_on_idle", "stop_on_interrupt", "stop_on_tracepoint", "stop_on_wait", "stop_reason",
        "trouble", "turns", "until", "wakes_on",
    )  # fmt: skip
    can_rest_anywhere: ClassVar[bool] = False
    TRANSIENT: ClassVar[frozenset[str]] = frozenset((
        "observer", "stop_at", "until", "horizon", "_limit", "stop_on_interrupt", "stop_on_idle",
        "stop_on_wait",
        "stop_on_tracepoint", "stop_below_depth", "stop_on_access", "stop_reason", "rest_after",
        "pending", "_greenlet", "_enters_anew", "is_traced",
    ))  # fmt: skip

    def __init__(self, index: int, clock: Clock, memory: AddressSpace, costs: Costs) -> None:
        self.index = index
        self.clock = clock
        self.memory = memory
        self.costs = costs
        self._load_ns, self._store_ns = costs.load, costs.store
        self.state = CoreState.OFF
        self.ready_at = NEVER
        """local time: when the next instruction begins; NEVER while off, asleep or halted"""
        self.is_interruptible = False
        """asleep, or in a stretch of computing: an interrupt makes it ready at once"""
        self.wakes_on = -1
        """the inputs that end a wait"""
        self.turns = Turns(clock)
        self.turns.cores.append(self)
        self.image = kernel_image.KernelImage()
        self.halt_reason = self.trouble = ""
        self.retired = 0
        self.interrupts_taken = 0
        self.depth = 0
        self.inputs = 0
        self.program: Program | None = None
        self.booted = False
        self.resume_point = ResumePoint.NOWHERE
        self.is_landed = False
        self._next_landing = LANDINGS_APART
        """instructions before the next landing that counts"""
        self._task_ns = self._task_since = self._task_taken = 0
        """of the task that runs: the time left at a moment, that moment, interrupts taken before"""
        self._detach()

    def _detach(self) -> None:
        """What saved state does not carry: the debugger's wishes and the greenlet."""
        self.observer: Observer | None = None
        self.stop_at = FOREVER
        self.until = NEVER
        self.horizon = NEVER
        self._limit = NEVER
        self.stop_on_interrupt = False
        self.stop_on_idle = self.stop_on_wait = False
        self.stop_on_tracepoint = ""
        self.is_traced = True
        """somebody may observe the core, or it may have to stop at a tracepoint"""
        self.stop_below_depth = 0
        self.stop_on_access = False
        self.stop_reason = StopReason.BUDGET
        self.rest_after = FOREVER
        """from so many instructions on, halt where all state is plain data"""
        self.pending: Pending | None = None
        self._greenlet: greenlet | None = None
        self._enters_anew = False

    # -- power ------------------------------------------------------------------------------------

    def power_on(self, program: Program) -> None:
        """Begin to execute ``program``, now."""
        self.program = program
        self.booted = False
        self.state = CoreState.RUNNING
        if self.observer is not None:
            self.observer.activity(self)
        self.turns.wake(self)

    def power_off(self) -> None:
        """Execute nothing until the next :meth:`power_on`; another core's doing."""
        self.leave()
        self.state = CoreState.OFF
        self.is_interruptible = False
        self.turns.rest(self)
        self.depth = 0
        self.pending = None
        if self.observer is not None:
            self.observer.activity(self)

    # -- the debugger's side --------------------------------------------------------------------

    def run(self) -> StopReason:
        """Execute until one of the ``stop_*`` wishes, ``stop_at`` or ``until`` says halt.

        With TURN another core has its turn before this one can go on.
        """
        if self.state in {CoreState.HALTED, CoreState.OFF}:
            return StopReason.HALTED
        self.stop_reason = StopReason.BUDGET
        if self.clock.now >= self.until:
            if not self._is_inside_instruction:
                return StopReason.TIME
            self.request_stop(StopReason.TIME)
        self._limit = min(self.until, self.horizon)
        if self._greenlet is None:
            self._greenlet = greenlet(self._main)
        self._greenlet.parent = getcurrent()
        if METER.is_used:
            METER.begin(self)
        self._greenlet.switch()
        METER.is_running = False
        return self.stop_reason

    def general_registers(self) -> dict[str, int]:
        """None: they are Python's variables."""
        return {}

    @property
    def work(self) -> int:
        """The instructions so far."""
        return self.retired

    def limit(self, work: int) -> None:
        """Halt before the instruction after so many."""
        self.stop_at = self.retired + work

    @property
    def _is_inside_instruction(self) -> bool:
        """Whether it has waited for its turn at the end of one, which is to be over first."""
        is_open = self.is_interruptible or self.pending is not None or self._greenlet is None
        return self.state is CoreState.RUNNING and not is_open

    def set_horizon(self, horizon: int) -> None:
        """Instructions from this time on are another core's to begin first."""
        self.horizon = horizon
        self._limit = min(self.until, horizon)

    @property
    def at_rest(self) -> bool:
        """Whether all state is plain data: outside any handler, in a wait, a task or a landing."""
        if self.state is CoreState.OFF or self.is_landed:
            return True
        if self.depth or not self.booted or self.state is CoreState.HALTED:
            return False
        return self.is_asleep or self.resume_point is not ResumePoint.NOWHERE

    @property
    def is_asleep(self) -> bool:
        """Whether it is in a wait, or halted just before one."""
        next_is_wait = self.pending is not None and self.pending.kind == self.WAIT
        return self.state is CoreState.WAITING or next_is_wait

    def landing(self) -> None:
        """Halt here if somebody wants to save state; see :meth:`Program.boot`."""
        if self._enters_anew:
            self._entered()
        elif self.retired >= self._next_landing and not self.depth:
            self._next_landing = self.retired + LANDINGS_APART
            if self.rest_after <= self.retired < self.stop_at:
                self._land()
        self.is_landed = False

    def _land(self) -> None:
        self.is_landed = True
        self._look_for_rest()
        while self.retired >= self.stop_at:
            self.ready_at = self.clock.now
            self._to_debugger()

    def _look_for_rest(self) -> None:
        """Halt where all cores rest; between two instructions a stop asked for comes before it."""
        if self.turns.at_rest:
            self.rest_after = FOREVER
            self.request_stop(StopReason.REST)

    def enter_anew(self) -> None:
        """The core's state has been replaced: come to where that was saved, and halt there."""
        self.pending = None
        if self.state in {CoreState.OFF, CoreState.HALTED}:
            return
        self._enters_anew = True
        if METER.is_used:
            METER.begin(self)
        self._greenlet = greenlet(self._main)
        self._greenlet.switch()

    def _entered(self) -> None:
        """The program has come to where the state was saved."""
        self._enters_anew = False
        self._to_debugger()

    def request_stop(self, reason: StopReason) -> None:
        """Halt before the next instruction."""
        self.stop_at = self.retired
        self.stop_reason = reason

    def frames(self) -> list[kernel_image.SourceFrame]:
        """The kernel's functions on the halted core's stack, innermost first."""
        return [kernel_image.source_of(frame) for frame in self.kernel_frames()]

    def kernel_frames(self) -> Iterator[FrameType]:
        """The same, as they run."""
        running = self._greenlet
        return kernel_image.kernel_frames(running.gr_frame if running is not None else None)

    def close(self) -> None:
        """Let go of the kernel's stack."""
        self.leave()

    def leave(self) -> None:
        """Let go of the kernel's stack."""
        running, self._greenlet = self._greenlet, None
        if running is not None and not running.dead:
            wishes = self.stop_at, self.rest_after, self.until, self.horizon
            # What it does on its way out must not halt anywhere.
            self.stop_at, self.rest_after, self.until = FOREVER, FOREVER, NEVER
            self.set_horizon(NEVER)
            running.parent = getcurrent()
            running.throw()
            self.stop_at, self.rest_after, self.until, horizon = wishes
            self.set_horizon(horizon)

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
        except BaseException as error:
            if self._greenlet is None:
                return  # leave() has ended it
            if blame.is_the_hosts(error, self.observer):
                raise
            self._halted(f"kernel error: {blame.told(error, self.observer)}")

    def _halted(self, reason: str) -> None:
        self.state = CoreState.HALTED
        self.ready_at = NEVER
        self.is_interruptible = False
        self.halt_reason = reason
        self.stop_reason = StopReason.HALTED

    def give_up(self, reason: str) -> None:
        """Halt for good: the kernel has done what the machine cannot go on with."""
        self.close()
        self._halted(f"kernel error: {reason}")

    def _pause(self, kind: str, target: int = 0, value: int = 0, size: int = 4) -> None:
        """Halt before an instruction, until the debugger lets go."""
        while self.retired >= self.stop_at:
            self.pending = Pending(kind, target, value, size)
            if self.state is not CoreState.WAITING:
                self.ready_at = self.clock.now
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
        clock = self.clock
        now = clock.now + cost
        if now < clock.next_due and now < self._limit:
            clock.now = now
        else:
            self._pass_time(now)
        if self.inputs:
            self._sample()

    def _pass_time(self, to: int) -> None:
        """Advance to ``to``, with what falls due on the way, other cores, and the debugger's limit.

        Event by event: each may wake another core, which then has its turn first.
        """
        clock = self.clock
        if to < clock.next_due and to < self._limit:
            clock.now = to
            return
        while clock.next_due <= to and clock.next_due < self.horizon:
            clock.advance(clock.next_due)
        if to < self.horizon:
            if to > clock.now:
                clock.now = to  # nothing is due on the way any more
        else:
            self.ready_at = to
            self._end_turn()
        if clock.now >= self.until:
            self.request_stop(StopReason.TIME)

    def _end_turn(self) -> None:
        """Let cores that are behind catch up; comes back when this one is the next."""
        # A stop that was asked for has happened already: it comes before time passes.
        self.stop_reason = StopReason.TURN
        self._to_debugger()

    def _interrupted(self) -> None:
        """An interrupt input has risen: whoever sleeps or computes notices it now."""
        if self.is_interruptible:
            self.turns.wake(self)

    def masks_on_entry(self, vector: int) -> bool:
        """Whether an exception through a vector writes the mask bits."""
        return True

    def poke_bus(self, space: AddressSpace, address: int, value: int, size: int) -> None:
        """What a store of this core does, but no instruction (:mod:`kerneltui.machine.poke`).

        Raises :class:`BusFault` as :meth:`poke_target` does.
        """
        target, offset = self.poke_target(space, address, value)
        target.write(offset, value, size, self.index)

    def look_again(self) -> None:
        """Somebody has poked a register: what could not be taken may be now."""
        if self.inputs:
            self._interrupted()

    # -- the image --------------------------------------------------------------------------------

    def place_program(self, entry: Callable[[Any], Program]) -> int:
        """Link start-up code for further cores into the image; answers its address.

        ``entry(core)`` makes the program of a core that starts there.
        """
        return self.image.place_program(entry)

    def _start_at(self, address: int) -> None:
        """Begin to execute the start-up code at an address."""
        entry = self.image.programs.get(address)
        if entry is None:
            self._halted(f"started at {address:#x}, but no code is there")
            if self.turns.current is not None:
                self.turns.current.request_stop(StopReason.HALTED)
        else:
            self.power_on(entry(self))

    def _program_counter(self) -> int:
        """The address of the kernel line that is executing."""
        return kernel_image.code_address(sys._getframe(1))  # noqa: SLF001 - the documented way to a frame

    # -- explanation ------------------------------------------------------------------------------

    def _judged(self, rules: Iterable[Rule], number: int) -> list[Gate]:
        """How rules stand on this core.  What is masked while a handler runs, its end opens."""
        is_on = self.state not in {CoreState.OFF, CoreState.HALTED}
        needs, says = "the kernel to start this core", "this core has not been started"
        if self.halt_reason:
            says = f"the kernel on this core has stopped for good: {self.halt_reason}"
            needs = "a start from reset"
        on = Gate(
            "core is on", is_on, f"core {self.index}", "state", int(is_on), needs, "", says=says
        )
        gates = [on]
        or_return = f"the handler to return ({self.RETURN}), or " if self.depth else ""
        for rule in rules:
            gate = rule.gate(self, self.regs, number, 0, or_return=or_return)
            if self.depth and gate.register == self.MASK_REGISTER:
                gate = replace(gate, opens=Opens.END)
            gates.append(gate)
        return gates
