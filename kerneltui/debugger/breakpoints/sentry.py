"""Watches a machine while it runs, and halts it where a breakpoint is hit.

What devices, cores and the kernel tell of is heard at once, and the core that did it halts after
its instruction.  What nobody tells of is looked at where something may have changed: the machine
halts there too, and goes on by itself if nothing has.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, NamedTuple

from kerneltui.debugger.breakpoints.breakpoint import Breakpoint, BreakpointHit
from kerneltui.debugger.breakpoints.condition import Condition, Event
from kerneltui.debugger.breakpoints.happenings import ConsoleTrigger
from kerneltui.debugger.breakpoints.trigger import Moved, Trigger, overriding
from kerneltui.debugger.ear import place_in_kernel
from kerneltui.debugger.marker import Marker
from kerneltui.debugger.marks import Mark
from kerneltui.debugger.onlooker import Onlooker
from kerneltui.debugger.watch import Address
from kerneltui.hw.clock import NEVER
from kerneltui.hw.device import InterruptController
from kerneltui.hw.line import Line
from kerneltui.machine.core import Core, CoreState, StopReason
from kerneltui.machine.instructions import SPACES, STORES, WRITES
from kerneltui.machine.kernel_image import SourceFrame
from kerneltui.machine.machine import Machine, Stopper
from kerneltui.machine.poke import Poke

_MAY_CHANGE = frozenset((*SPACES, *WRITES))
"""Instructions after which something that is looked at may be another."""


class Bound(NamedTuple):
    """A breakpoint on one machine."""

    number: int
    """in the list, from 1"""
    breakpoint: Breakpoint
    trigger: Trigger
    condition: Condition | None


class Sentry(Onlooker):
    """For some breakpoints, on one machine."""

    def __init__(self, machine: Machine, bound: Sequence[Bound]) -> None:
        self.machine = machine
        self.hits: list[BreakpointHit] = []
        """those of the last halt"""
        self._has_told = False
        """the machine has halted for them"""
        self._bound = tuple(bound)
        triggers = [item.trigger for item in bound]
        for item in bound:
            item.trigger.tell = partial(self._happened, item)
        self._triggers = triggers
        self._asked_for = [trigger for trigger in triggers if trigger.is_asked]
        self._always = any(trigger.is_asked_always for trigger in triggers)
        self._executed = overriding(triggers, "executed")
        self._exceptions = overriding(triggers, "exception")
        self._tracepoints = overriding(triggers, "tracepoint")
        self._lines = overriding(triggers, "line")
        self._pending = overriding(triggers, "pending")
        self._sent = overriding(triggers, "sent")
        self._marked = overriding(triggers, "mark")
        self._timed = overriding(triggers, "due_ns")
        self._stored_to: dict[int, list[Trigger]] = {}
        for trigger in overriding(triggers, "before"):
            for _, address in trigger.places or ():
                self._stored_to.setdefault(address, []).append(trigger)
        self._passed: dict[int, int] = {}
        """how many hits of each breakpoint have been passed over since the command began"""
        self._asked: set[int] = set()
        """the cores that are to halt for a hit: the first that does, does for all"""
        self._held: dict[int, int] = {}
        """the cores that halt to be looked at, and how many instructions they had left"""
        self._places: dict[int, SourceFrame | None] = {}
        """where the instructions stand that may have changed something, by core"""
        self._due_ns = NEVER
        self._stopper: Stopper | None = None

    @property
    def places(self) -> frozenset[Address] | None:
        """Where the machine accesses none of these, none is hit; None: not known."""
        places = [trigger.places for trigger in self._triggers]
        if any(item is None for item in places):
            return None
        return frozenset().union(*(item for item in places if item is not None))

    @property
    def needs_marks(self) -> bool:
        """Whether a :class:`Marker` has to look on."""
        return bool(self._marked)

    def start(self, sent: bytes = b"") -> None:
        """A command begins where the machine stands; ``sent`` is what the board has sent last."""
        self._passed.clear()
        self._asked.clear()
        self._held.clear()
        self.hits = []
        for trigger in self._triggers:
            trigger.begin()
            if isinstance(trigger, ConsoleTrigger):
                trigger.resume(sent)

    @contextmanager
    def installed(self, marker: Marker | None = None) -> Iterator[None]:
        """The machine is watched; ``marker`` looks on already, where one does."""
        machine = self.machine
        with ExitStack() as stack:
            if self._marked and marker is None:
                marker = Marker(machine)
                stack.enter_context(marker.installed(machine.observer, halts=False))
            for trigger in self._triggers:
                stack.enter_context(trigger.listening())
            hooks = (machine.observer, machine.stopper, machine.terminal.on_output,
                     machine.poker.on_poke, machine.clock.on_fired)  # fmt: skip
            stack.callback(self._let_go, marker, *hooks)
            self._inner, self._stopper, sent, poked, _ = hooks
            machine.observe(self)
            machine.stopper = self
            if self._sent:
                machine.terminal.on_output = partial(self._hear_byte, sent)
            machine.poker.on_poke = partial(self._poked, poked)
            if self._asked_for:
                machine.clock.on_fired = self._fired
            if marker is not None and self._marked:
                marker.on_mark = self._mark
            yield

    def _let_go(self, marker: Marker | None, observer: Any, stopper: Any, *hooks: Any) -> None:
        machine = self.machine
        machine.observe(observer)
        machine.stopper = stopper
        machine.terminal.on_output, machine.poker.on_poke, machine.clock.on_fired = hooks
        if marker is not None:
            marker.on_mark = None
        self._inner = self._stopper = None

    # -- halting ----------------------------------------------------------------------------------

    def begin(self) -> None:
        """See :class:`~kerneltui.machine.machine.Stopper`."""
        if self._stopper is not None:
            self._stopper.begin()
        self._held.clear()
        for core in self._asked:
            self.machine.cores[core].request_stop(StopReason.BREAKPOINT)
        if self._always:
            for item in self.machine.cores:
                self._hold(item)
        self._due_ns = NEVER
        for trigger in self._timed:
            due_ns = trigger.due_ns()
            if due_ns is not None:
                self._due_ns = min(self._due_ns, due_ns)
        for item in self.machine.cores:
            item.until = min(item.until, self._due_ns)

    def judge(self, core: int, reason: StopReason) -> StopReason | None:
        """See :class:`~kerneltui.machine.machine.Stopper`."""
        halted = self.machine.cores[core]
        given: StopReason | None = reason
        if self._stopper is not None:
            given = self._stopper.judge(core, reason)
        left = self._held.pop(core, None)
        if left is not None:
            for trigger in self._asked_for:
                trigger.look(halted)
        if reason is StopReason.TIME and self.machine.now >= self._due_ns:
            for trigger in self._timed:
                trigger.arrived()
        if core in self._asked:
            self._asked.clear()
            self._has_told = True
            return StopReason.BREAKPOINT
        if left is not None and given is StopReason.BUDGET and halted.retired < left:
            halted.stop_at = left
            if self._always:
                self._hold(halted, at=halted.retired + 1)
            return None
        return given

    def _hold(self, core: Core, at: int | None = None) -> None:
        """Halt a core before its next instruction, to look whether something has changed."""
        if core.index not in self._held:
            self._held[core.index] = core.stop_at
        core.stop_at = min(core.stop_at, core.retired if at is None else at)

    def _look_later(self) -> None:
        """Something may change now: look when the instruction is over, or at once in a sleep."""
        current = self.machine.turns.current
        if current is not None:
            self._hold(current)
            return
        for core in self.machine.cores:
            if core.state is not CoreState.OFF:
                self._hold(core)

    def _happened(
        self, bound: Bound, text: str, core: int | None = None, moved: Moved | None = None,
        place: SourceFrame | None = None,
    ) -> None:  # fmt: skip
        """See :class:`~kerneltui.debugger.breakpoints.trigger.HitSink`."""
        machine, breakpoint_ = self.machine, bound.breakpoint
        if breakpoint_.core is not None and core is not None and core != breakpoint_.core:
            return
        current = machine.turns.current
        if bound.trigger.has_doer and core is not None:
            place = place or self._places.get(core)
        index = core if core is not None else current.index if current is not None else 0
        condition = bound.condition
        if condition is not None and not condition.holds(Event(index, *(moved or ()))):
            return
        passed = self._passed.get(bound.number, 0)
        self._passed[bound.number] = passed + 1
        if passed < breakpoint_.ignore:
            return
        if self._has_told:
            self.hits, self._has_told = [], False
        self.hits.append(
            BreakpointHit(
                bound.number,
                breakpoint_,
                text,
                index,
                machine.cores[index].retired,
                machine.now,
                None if moved is None else moved.value,
                None if moved is None else moved.old,
                place,
                bound.trigger.reference,
            )
        )
        self._ask()

    def _ask(self) -> None:
        current = self.machine.turns.current
        cores: Sequence[Core] = self.machine.cores if current is None else [current]
        for core in cores:
            self._asked.add(core.index)
            core.request_stop(StopReason.BREAKPOINT)

    # -- what is heard ----------------------------------------------------------------------------

    def instruction(self, core: Core, kind: str, target: int, value: int) -> None:
        """See :class:`~kerneltui.machine.core.Observer`."""
        super().instruction(core, kind, target, value)
        if self._asked_for and (self._always or kind in _MAY_CHANGE):
            self._hold(core)
            inner, caller = place_in_kernel(sys._getframe(1))  # noqa: SLF001 - the documented way
            self._places[core.index] = caller or inner
        if target in self._stored_to and kind in STORES:
            for trigger in self._stored_to[target]:
                trigger.before(target, core.index)
        for trigger in self._executed:
            trigger.executed(core, kind, target, value)

    def exception(self, core: Core, kind: str, vector: int) -> None:
        """See :class:`~kerneltui.machine.core.Observer`."""
        super().exception(core, kind, vector)
        self._places.pop(core.index, None)
        if self._asked_for:
            self._hold(core)
        for trigger in self._exceptions:
            trigger.exception(core, kind, vector)

    def tracepoint(self, core: Core, name: str, facts: dict[str, Any]) -> None:
        """See :class:`~kerneltui.machine.core.Observer`."""
        super().tracepoint(core, name, facts)
        for trigger in self._tracepoints:
            trigger.tracepoint(core, name, facts)

    def line(self, line: Line) -> None:
        """See :class:`~kerneltui.machine.machine.MachineObserver`."""
        super().line(line)
        for trigger in self._lines:
            trigger.line(line)

    def pending(self, controller: InterruptController, number: int, cpu: int, again: bool) -> None:
        """See :class:`~kerneltui.machine.machine.MachineObserver`."""
        super().pending(controller, number, cpu, again)
        for trigger in self._pending:
            trigger.pending(controller, number, cpu)

    def _mark(self, mark: Mark) -> None:
        for trigger in self._marked:
            trigger.mark(mark)

    def _hear_byte(self, before: Callable[[int], None] | None, byte: int) -> None:
        if before is not None:
            before(byte)
        for trigger in self._sent:
            trigger.sent(byte)

    def _poked(
        self,
        before: Callable[[Poke, str, bool], None] | None,
        poke: Poke,
        name: str,
        is_scripted: bool,
    ) -> None:
        if before is not None:
            before(poke, name, is_scripted)
        for trigger in self._stored_to.get(poke.address, ()):
            trigger.before(poke.address, poke.core)

    def _fired(self) -> None:
        self._places.clear()  # what changes now can be a device's doing
        self._look_later()
