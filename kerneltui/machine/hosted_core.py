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
from collections.abc import Callable
from typing import Any, ClassVar, Never

from greenlet import getcurrent, greenlet

from kerneltui.hw.bus import AddressSpace, BusFault
from kerneltui.hw.clock import NEVER, Clock
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
from kerneltui.machine.turns import Turns


class HostedCore(Architecture):
    """What cores of every architecture share.

    ``TRANSIENT`` names the attributes that a snapshot leaves out and :meth:`_detach` makes.
    """

    TRANSIENT: ClassVar[frozenset[str]] = frozenset((
        "observer", "stop_at", "until", "horizon", "_limit", "stop_on_interrupt", "stop_on_idle",
        "stop_on_wait",
        "stop_on_tracepoint", "stop_below_depth", "stop_reason", "rest_after", "pending",
        "_greenlet", "_enters_anew",
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
        self.halt_reason = ""
        self.retired = 0
        self.interrupts_taken = 0
        self.depth = 0
        self.inputs = 0
        self.program: Program | None = None
        self.booted = False
        self.resume_point = ResumePoint.NOWHERE
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
        self.stop_below_depth = 0
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
        self.close()
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
            return StopReason.TIME
        self._limit = min(self.until, self.horizon)
        if self._greenlet is None:
            self._greenlet = greenlet(self._main)
        self._greenlet.parent = getcurrent()
        self._greenlet.switch()
        return self.stop_reason

    def set_horizon(self, horizon: int) -> None:
        """Instructions from this time on are another core's to begin first."""
        self.horizon = horizon
        self._limit = min(self.until, horizon)

    @property
    def at_rest(self) -> bool:
        """Whether all state is plain data: outside any handler, in a wait or a task."""
        if self.state is CoreState.OFF:
            return True
        if self.depth or not self.booted or self.state is CoreState.HALTED:
            return False
        return self.is_asleep or self.resume_point is not ResumePoint.NOWHERE

    @property
    def is_asleep(self) -> bool:
        """Whether it is in a wait, or halted just before one."""
        next_is_wait = self.pending is not None and self.pending.kind == self.WAIT
        return self.state is CoreState.WAITING or next_is_wait

    def _look_for_rest(self) -> None:
        if self.turns.at_rest:
            self.rest_after = FOREVER
            self.request_stop(StopReason.REST)

    def enter_anew(self) -> None:
        """The core's state has been replaced: come to where that was saved, and halt there."""
        self.pending = None
        if self.state in {CoreState.OFF, CoreState.HALTED}:
            return
        self._enters_anew = True
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
        running = self._greenlet
        return kernel_image.call_stack(running.gr_frame if running is not None else None)

    def close(self) -> None:
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
                return  # close() has ended it
            if blame.is_the_hosts(error, self.observer):
                raise
            self._halted(f"kernel error: {blame.told(error, self.observer)}")

    def _halted(self, reason: str) -> None:
        self.state = CoreState.HALTED
        self.ready_at = NEVER
        self.is_interruptible = False
        self.halt_reason = reason
        self.stop_reason = StopReason.HALTED

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
        while clock.next_due <= to and clock.next_due < self.horizon:
            clock.advance(clock.next_due)
        if to < self.horizon:
            clock.advance(to)
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

    # -- instructions: the kernel's side ----------------------------------------------------------

    def read(self, address: int, size: int = 4) -> int:
        """Load ``size`` bytes."""
        if self.retired >= self.stop_at:
            self._pause(self.LOAD, address, 0, size)
        port = self.memory.ports.get(address)
        if port is not None and port.size == size:
            value = port.read(port.index, self.index)
        else:
            try:
                target, offset = self.memory.access(address, size)
                value = target.read(offset, size, self.index)
            except BusFault as fault:
                value = self._fault(fault, size)
        if self.observer is not None:
            self.observer.instruction(self, self.LOAD, address, value)
        # As in _retire, without the call: most instructions end here.
        self.retired += 1
        clock = self.clock
        now = clock.now + self._load_ns
        if now < clock.next_due and now < self._limit:
            clock.now = now
        else:
            self._pass_time(now)
        if self.inputs:
            self._sample()
        return value

    def write(self, address: int, value: int, size: int = 4) -> None:
        """Store ``size`` bytes."""
        if self.retired >= self.stop_at:
            self._pause(self.STORE, address, value, size)
        if self.observer is not None:
            self.observer.instruction(self, self.STORE, address, value)
        port = self.memory.ports.get(address)
        if port is not None and port.size == size:
            port.store(value, self.index)
        else:
            try:
                target, offset = self.memory.access(address, size)
                target.write(offset, value, size, self.index)
            except BusFault as fault:
                self._fault(fault, size)
        # As in _retire, without the call: most instructions end here.
        self.retired += 1
        clock = self.clock
        now = clock.now + self._store_ns
        if now < clock.next_due and now < self._limit:
            clock.now = now
        else:
            self._pass_time(now)
        if self.inputs:
            self._sample()

    def compute(self, ns: int) -> None:
        """Execute for ``ns`` without touching hardware; interrupts are taken on the way."""
        if self.retired >= self.stop_at:
            self._pause("compute", value=ns)
        if self.observer is not None:
            self.observer.instruction(self, "compute", 0, ns)
        clock = self.clock
        end = clock.now + ns
        if end < clock.next_due and end < self._limit and not self.inputs:
            clock.now = end
        else:
            self._compute_with_events(ns)
        self.retired += 1
        if self.inputs:
            self._sample()

    def run_task(self, ns: int) -> int:
        """As :meth:`compute`, until an interrupt's handler has returned; the time left over.

        What runs next may have been decided anew in that handler.
        """
        if self._enters_anew:
            self._entered()
        else:
            if self.retired >= self.stop_at:
                self._pause("compute", value=ns)
            if self.observer is not None:
                self.observer.instruction(self, "compute", 0, ns)
            self._task_taken = self.interrupts_taken
            self._task_ns, self._task_since = ns, self.clock.now
            self._pass_first_moment()
            self.resume_point = ResumePoint.TASK
        while self._task_goes_on():
            self._compute_until(self._task_since + self._task_ns)
        self.resume_point = ResumePoint.NOWHERE
        ns = self._task_ns
        self.retired += 1
        if self.inputs:
            self._sample()
        return ns

    def _pass_first_moment(self) -> None:
        """What the instruction before has just let in (STI) is taken after the first moment."""
        if self.inputs and self._task_ns:
            self._compute_until(self.clock.now + 1)

    def _task_goes_on(self) -> bool:
        """Take the interrupts that have come; whether the task has the core still."""
        clock = self.clock
        self._task_ns -= clock.now - self._task_since
        self._task_since = clock.now
        if self.inputs and self._task_ns:
            self._sample()
            if self.interrupts_taken != self._task_taken:
                return False
        if not self._task_ns:
            return False
        if self.retired >= self.rest_after:
            self._look_for_rest()
        if self.retired >= self.stop_at:
            self._pause("compute", value=self._task_ns)
        return True

    def _compute_with_events(self, ns: int) -> None:
        """Something happens on the way: compute from event to event, interruptible at each."""
        clock = self.clock
        # What the instruction before has just let in (STI) is taken after the first moment.
        until = clock.now + (1 if self.inputs else ns)
        while ns > 0:
            started = clock.now
            self._compute_until(until)
            ns -= clock.now - started
            if self.inputs and ns:
                self._sample()
            if ns and self.retired >= self.stop_at:
                self._pause("compute", value=ns)
            until = clock.now + ns

    def _compute_until(self, end: int) -> None:
        """Compute until ``end``, or until the first event on the way."""
        clock = self.clock
        event = max(min(clock.next_due, self.until), clock.now + 1)
        self.is_interruptible = True
        self._pass_time(min(end, event))
        self.is_interruptible = False

    def wait_for_interrupt(self) -> None:
        """Sleep until an interrupt input is high, masked or not."""
        if self._enters_anew:
            self._entered()
        if self.resume_point is ResumePoint.NOWHERE:
            self._wait_for_input()
            self._end_wait()
        if self.inputs:
            self._sample()
        self.resume_point = ResumePoint.NOWHERE

    def _end_wait(self) -> None:
        """The wait's own end; then interrupts are taken."""
        self._woke()
        self.retired += 1
        self._pass_time(self.clock.now + self.costs.wait)
        self.resume_point = ResumePoint.WOKEN

    def _wait_for_input(self) -> None:
        if self.state is not CoreState.WAITING:
            if self.retired >= self.stop_at:
                self._pause(self.WAIT)
            if self.observer is not None:
                self.observer.instruction(self, self.WAIT, 0, 0)
            self.state = CoreState.WAITING
            if self.observer is not None:
                self.observer.activity(self)
            self._fell_asleep()
            if self.retired >= self.rest_after:
                self._look_for_rest()
            if self.stop_on_wait or (self.stop_on_idle and self.at_rest):
                self.request_stop(StopReason.IDLE)
        self.is_interruptible = True
        while not self.inputs & self.wakes_on:
            # Anew each time: what woke the core may have gone before its turn came.
            self.ready_at = NEVER
            if self.retired >= self.stop_at:
                self._pause(self.WAIT)
            elif self.horizon < NEVER:
                self._end_turn()
            else:
                self._sleep()
        self.is_interruptible = False
        self.state = CoreState.RUNNING
        if self.observer is not None:
            self.observer.activity(self)

    def _sleep(self) -> None:
        """All cores sleep: time leaps to what is due next."""
        due = self.clock.next_due
        if due <= self.until and due < NEVER:
            self.clock.advance(due)
        elif self.until < NEVER:
            self.clock.advance(self.until)
            self.request_stop(StopReason.TIME)
        else:
            self.request_stop(StopReason.NOTHING_DUE)

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
        return kernel_image.code_address(sys._getframe(1))  # noqa: SLF001 - the documented way to a frame
