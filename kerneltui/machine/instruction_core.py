"""The instructions that cores of every architecture have.

An instruction is one hardware access: a load or a store, a stretch of computing, a wait for an
interrupt.  Subclasses add the architecture: system registers and the exception model.
"""

from __future__ import annotations

from typing import Any, Never

from kerneltui.hw.bus import BusFault
from kerneltui.hw.clock import NEVER
from kerneltui.machine.core import NOWHERE, RUNNING, TASK, WAITING, WOKEN, StopReason
from kerneltui.machine.hosted_core import HostedCore
from kerneltui.machine.meter import DriverMistakeError


def misfit(value: int, size: int) -> Never:
    """A store of ``size`` bytes has only so many bits: no other value can be in it."""
    shown = hex(value) if value >= 0 else str(value)
    raise DriverMistakeError(
        f"a store of {8 * size} bits cannot hold {shown}: it takes 0 to {(1 << 8 * size) - 1:#x}; "
        "nothing has been stored"
    )


class InstructionCore(HostedCore):
    """The kernel's side of a core."""

    def read(self, address: int, size: int = 4) -> int:
        """Load ``size`` bytes."""
        if self.retired >= self.stop_at:
            self._pause(self.LOAD, address, 0, size)
        port = self.memory.ports.get(address)
        if port is not None and port.size == size:
            value = port.read(port.index, self.index)
        else:
            try:
                target, offset = self.memory.access(address)
                if address % size:
                    self._unaligned(target, "load", address, size)
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
        if value >> (size << 3):
            misfit(value, size)
        if self.retired >= self.stop_at:
            self._pause(self.STORE, address, value, size)
        if self.observer is not None:
            self.observer.instruction(self, self.STORE, address, value)
        port = self.memory.ports.get(address)
        if port is not None and port.size == size:
            port.store(value, self.index)
        else:
            try:
                target, offset = self.memory.access(address)
                if address % size:
                    self._unaligned(target, "store", address, size)
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
        takes_none = not self.inputs or not self.inputs & self._open()
        if end < clock.next_due and end < self._limit and takes_none:
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
            self.resume_point = TASK
        while self._task_goes_on():
            self._compute_until(self._task_since + self._task_ns)
        self.resume_point = NOWHERE
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
        while True:
            self._task_ns -= clock.now - self._task_since
            self._task_since = clock.now
            if self.inputs and self._task_ns:
                self._sample()
                if self.interrupts_taken != self._task_taken:
                    return False
            if not self._task_ns:
                return False
            if self.rest_after <= self.retired < self.stop_at:
                self._look_for_rest()
            if self.retired < self.stop_at:
                return True
            self._pause("compute", value=self._task_ns)
            # A poke may have let something in meanwhile.
            self._pass_first_moment()

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
            first = ns
            if ns and self.retired >= self.stop_at:
                self._pause("compute", value=ns)
                first = 1 if self.inputs else ns  # a poke may have let something in meanwhile
            until = clock.now + first

    def _compute_until(self, end: int) -> None:
        """Compute until ``end``, or until the first event on the way."""
        # Compared by hand: it is done for each character that a UART sends meanwhile.
        clock = self.clock
        event, soonest = clock.next_due, clock.now + 1
        if event > self.until:
            event = self.until
        if event < soonest:
            event = soonest
        self.is_interruptible = True
        self._pass_time(end if end < event else event)  # noqa: FURB136 - as above
        self.is_interruptible = False

    def wait_for_interrupt(self) -> None:
        """Sleep until an interrupt input is high, masked or not."""
        if self._enters_anew:
            self._entered()
        if self.resume_point is NOWHERE:
            self._wait_for_input()
            self._end_wait()
        if self.inputs:
            self._sample()
        self.resume_point = NOWHERE

    def _end_wait(self) -> None:
        """The wait's own end; then interrupts are taken."""
        self._woke()
        self.retired += 1
        self._pass_time(self.clock.now + self.costs.wait)
        self.resume_point = WOKEN

    def _wait_for_input(self) -> None:
        if self.state is not WAITING:
            if self.retired >= self.stop_at:
                self._pause(self.WAIT)
            if self.observer is not None:
                self.observer.instruction(self, self.WAIT, 0, 0)
            self.state = WAITING
            # One that is over at once leaves the core to whoever has it.
            if self.observer is not None and not self.inputs & self.wakes_on:
                self.observer.activity(self)
            self._fell_asleep()
            # The last one counts.  Who goes to a position inside this wait rests here on the way.
            if self.stop_on_wait:
                self.request_stop(StopReason.IDLE)
            if self.retired >= self.rest_after:
                self._look_for_rest()
            if self.stop_on_idle and self.at_rest:
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
        self.state = RUNNING
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
