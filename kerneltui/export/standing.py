"""What stands and what goes on in a run, as it is found by looking: who has a core, what waits.

Each event is told before its effects, or after them: a store and an edge before, a load after.  So
what an event has changed is looked up when the next one comes, and told with the time of the first.
Chips are asked, not known.
"""

from __future__ import annotations

from collections import defaultdict

from kerneltui.debugger.latencies import EACH_CORE, Key
from kerneltui.debugger.numbering import interrupt_label
from kerneltui.debugger.session import Session
from kerneltui.debugger.timeline import IDLE, IRQ, KERNEL, OFF
from kerneltui.export import teller as told
from kerneltui.export.forms import CORE, LINE, TASK, TIMEOUT
from kerneltui.export.forms import IRQ as AN_IRQ
from kerneltui.export.selection import Selection, irq_names
from kerneltui.export.teller import (
    CallbackRun,
    CallRun,
    HandlerRun,
    RunTeller,
    ToldIrq,
    ToldTimeout,
)
from kerneltui.hw.clock import NEVER
from kerneltui.machine.core import CoreState

_STATES = {IDLE: told.ASLEEP, IRQ: told.HANDLER, KERNEL: told.KERNEL, OFF: told.OFF}


class _ToldCore:
    """What goes on on a core."""

    def __init__(self) -> None:
        self.occupant: int | None = None
        self.state, self.name = told.OFF, ""
        self.is_masked: bool | None = None
        self.privilege = ""
        self.taken: list[int | None] = []
        """of each exception in progress, when it was taken; None for what is no interrupt"""
        self.runs: list[HandlerRun | CallbackRun | CallRun] = []
        """the handlers, callbacks and calls in progress, the innermost last"""


class Standing:
    """What stands and goes on, as far as it has been told; :meth:`_settle` finds what is new."""

    def __init__(self, session: Session, teller: RunTeller, selection: Selection) -> None:
        self._session = session
        self._real = teller
        self._teller = RunTeller(session, teller.out, selection)
        self._selection = selection
        self._begins_at = selection.from_ns
        machine = session.machine
        self._last = machine.now
        """when something has happened last"""
        self._controllers = machine.controllers
        self._latencies = session.recorder.latencies
        self._levels: dict[str, bool] = {}
        self._irqs: dict[Key, ToldIrq] = {}
        self._irqs_at: defaultdict[str, list[ToldIrq]] = defaultdict(list)
        self._changed: dict[str, bool] = {}
        """controllers whose interrupts may have changed, and whether others than those known"""
        self._risen: list[str] = []
        """lines that have changed at this moment"""
        self._entered: tuple[HandlerRun, str, int] | None = None
        self._cores = [_ToldCore() for _ in machine.cores]
        self._lanes = list(zip(session.recorder.timeline.lanes, self._cores, strict=True))
        self._turned = session.recorder.timeline.changed
        self._turned[:] = [0]  # who has the cores now is to be told in any case
        self._is_settled = False
        """nothing is to be looked up but who has the cores"""
        self._unmasked: set[int] = set(range(len(machine.cores)))
        self._looks_at_kernel = True
        self._timeouts: dict[int, ToldTimeout] = {}
        self._armed: int | None = None
        self._queued = 0
        self._ends = {
            line: tuple({end.partition(" ")[0] for end in ends} & self._controllers.keys())
            for line, ends in machine.wiring.items()
        }
        self._samples = selection.wants_kind(AN_IRQ)

    # -- what stands already --------------------------------------------------------------------

    def _begin(self) -> None:
        """From now on all is told; first what stands already."""
        t, self._begins_at = self._begins_at, NEVER
        tell = self._teller = self._real
        tell.begin(t)
        wants = self._selection.wants
        for name, level in self._levels.items():
            if level and wants(LINE, name):
                tell.line(t, name, level)
        for irq in self._irqs.values():
            if wants(AN_IRQ, *irq.names):
                tell.irq(t, irq)
        for index, core in enumerate(self._cores):
            if core.occupant is not None:
                self._tell_core(t, index)
            if core.is_masked is not None and wants(CORE, str(index)):
                tell.masked(t, index, core.is_masked, core.privilege)
            for run in core.runs:
                self._tell_run(t, run)
        for timeout in self._timeouts.values():
            if wants(TIMEOUT, timeout.name, str(timeout.ident)):
                tell.waits(t, timeout)
        if wants(TIMEOUT):
            tell.queued(t, self._queued)
        self._tell_armed(t)

    # -- what has changed since -------------------------------------------------------------------

    def _settle(self, now: int, *, is_line: bool = False) -> None:
        """Tell what the event before has done; ``now`` is when the next one comes.

        ``is_line``: that is a line's edge.  It comes before the acknowledge that makes it fall, and
        what that has made active can be seen already.
        """
        is_same = not self._turned
        if is_same and self._is_settled:
            return
        last = self._last
        self._is_settled = True
        if self._entered is not None:
            self._tell_entered(last)
        begun: list[ToldIrq] = []
        if self._changed:
            begun = self._sample(last, splits=is_line)
            if now > last:  # else more may come of the same edge
                self._changed.clear()
                self._risen.clear()
            else:
                self._is_settled = False
        if self._unmasked:
            self._tell_masks(last)
        if not is_same:
            self._tell_lanes()
        if begun:
            self._tell_begun(now, begun)
        if self._looks_at_kernel:
            self._looks_at_kernel = False
            self._look_at_kernel(now)

    def _dated(self, t: int) -> RunTeller:
        """Who is told of something at ``t``."""
        if t >= self._begins_at:
            self._begin()
        return self._teller

    def _tell_entered(self, t: int) -> None:
        """A handler has begun; the latencies know by now since when it could have."""
        assert self._entered is not None
        run, domain, number = self._entered
        self._entered = None
        begin = self._latencies.last_begin(run.core)
        if begin is not None and begin.at_ns == run.begin_ns and begin.what[1] == number:
            run.controller = str(begin.what[0])
            run.raised_ns = begin.since_ns
        run.number, run.label = number, interrupt_label(domain, number)
        run.names = irq_names(domain, number)
        self._cores[run.core].runs.append(run)
        self._tell_run(t, run)

    def _tell_run(self, t: int, run: HandlerRun | CallbackRun | CallRun) -> None:
        wants, tell = self._selection.wants, self._dated(t)
        if isinstance(run, HandlerRun):
            if wants(AN_IRQ, *run.names):
                tell.handler(t, run)
        elif isinstance(run, CallbackRun):
            if wants(TIMEOUT, run.name, str(run.ident)):
                tell.callback(t, run)
        elif wants(TASK, run.task):
            tell.call(t, run)

    def _sample(self, t: int, *, splits: bool) -> list[ToldIrq]:
        """Ask controllers, and tell what has changed at ``t``.

        With ``splits`` what is active since is not told, but answered: that has happened later.
        """
        for line in self._risen:
            for key, _ in self._latencies.ends.get(line, ()):
                self._known(key)
        begun: list[ToldIrq] = []
        for name, searches in self._changed.items():
            if searches:
                self._search(name)
            controller = self._controllers[name]
            for irq in self._irqs_at[name]:
                state = controller.interrupt(irq.number, max(irq.core, 0))
                is_pending = state is not None and state.pending
                is_active = state is not None and bool(state.active)
                if is_pending is not irq.pending or is_active is not irq.active:
                    tell = self._dated(t)
                    is_late = splits and is_active and not irq.active
                    irq.pending, irq.active = is_pending, is_active
                    if is_late:
                        begun.append(irq)
                    elif self._selection.wants(AN_IRQ, *irq.names):
                        tell.irq(t, irq)
        return begun

    def _tell_begun(self, t: int, begun: list[ToldIrq]) -> None:
        tell = self._dated(t)
        for irq in begun:
            if self._selection.wants(AN_IRQ, *irq.names):
                tell.irq(t, irq)

    def _search(self, name: str) -> None:
        """Which interrupts are pending or active that nobody has told of."""
        controller = self._controllers[name]
        for index, core in enumerate(self._session.machine.cores):
            if index and not core.booted and not core.depth:
                continue
            for state in controller.notable(index, set()):
                if (state.pending or state.active) and not (
                    (name, state.number, EACH_CORE) in self._irqs
                    or (name, state.number, index) in self._irqs
                ):
                    is_own = state.is_message or state.line is None or len(state.targets) == 1
                    self._known((name, state.number, index if is_own else EACH_CORE))

    def _known(self, key: Key) -> ToldIrq:
        irq = self._irqs.get(key)
        if irq is None:
            name, number, core = key
            numbering = self._controllers[name].NUMBERING
            irq = ToldIrq(
                name, number, core, interrupt_label(numbering, number),
                irq_names(numbering, number),
            )  # fmt: skip
            self._irqs[key] = irq
            self._irqs_at[name].append(irq)
        return irq

    def _tell_masks(self, t: int) -> None:
        for index in sorted(self._unmasked):
            core, found = self._session.machine.cores[index], self._cores[index]
            if core.state is CoreState.OFF:
                continue
            _, is_masked = core.masks()
            if is_masked is not found.is_masked:
                tell = self._dated(t)
                found.is_masked, found.privilege = is_masked, core.privilege()
                if self._selection.wants(CORE, str(index)):
                    tell.masked(t, index, is_masked, found.privilege)
        self._unmasked.clear()

    def _let_in(self, index: int) -> None:
        """The core takes an interrupt at once, and has masked the next already: it was open."""
        self._unmasked.discard(index)
        found = self._cores[index]
        if found.is_masked:
            tell = self._dated(self._last)
            found.is_masked = False
            if self._selection.wants(CORE, str(index)):
                tell.masked(self._last, index, False, found.privilege)

    def _tell_lanes(self) -> None:
        """Who has the cores, each since when."""
        self._turned.clear()
        changed = [
            (max(lane.since, self._last), index)
            for index, (lane, core) in enumerate(self._lanes)
            if lane.occupant != core.occupant
        ]
        if len(changed) > 1:
            changed.sort()
        for t, index in changed:
            self._dated(t)
            self._last = t
            lane, core = self._lanes[index]
            occupant = lane.occupant
            if core.occupant is None or core.state == told.OFF:
                self._unmasked.add(index)  # it has been switched on
                self._is_settled = False
            core.occupant = occupant
            core.state = told.OFF if occupant is None else _STATES.get(occupant, told.TASK)
            is_task = occupant is not None and occupant > 0
            core.name = self._task_name(occupant or 0) if is_task else ""
            if core.state == told.OFF:
                core.taken.clear()
                for run in reversed(core.runs):
                    self._end_run(t, run)
                core.runs.clear()
            self._tell_core(t, index)

    def _tell_core(self, t: int, index: int) -> None:
        core, wants = self._cores[index], self._selection.wants
        if wants(CORE, str(index)) or wants(TASK, *((core.name,) if core.name else ())):
            self._teller.core(t, index, core.state, core.name)

    def _task_name(self, ident: int) -> str:
        run_queue = self._session.inspector.scheduling()
        task = None if run_queue is None else run_queue.tasks.get(ident)
        return f"task {ident}" if task is None else task.name

    def _look_at_kernel(self, t: int) -> None:
        inspector = self._session.inspector
        queue = inspector.timeouts()
        count, armed = len(queue), inspector.armed_timeout()
        if count < len(self._timeouts) - (inspector.handled_timeout() is not None):
            self._find_cancelled(t)
        if count != self._queued:
            tell = self._dated(t)
            self._queued = count
            if self._selection.wants(TIMEOUT):
                tell.queued(t, count)
        if armed != self._armed:
            self._dated(t)
            self._armed = armed
            self._tell_armed(t)
        if armed is None and count and inspector.handled_timeout() is None:
            # It is about to be armed, and no access need tell when.
            self._looks_at_kernel, self._is_settled = True, False

    def _find_cancelled(self, t: int) -> None:
        inspector = self._session.inspector
        there = {item.ident for item in inspector.timeouts()}
        handled = inspector.handled_timeout()
        if handled is not None:
            there.add(handled.ident)
        for ident in [ident for ident in self._timeouts if ident not in there]:
            self._take_out(t, ident, is_cancelled=True)

    def _take_out(self, t: int, ident: int, *, is_cancelled: bool) -> None:
        tell, timeout = self._dated(t), self._timeouts.pop(ident, None)
        if timeout is not None and self._selection.wants(TIMEOUT, timeout.name, str(ident)):
            tell.taken_out(t, timeout, is_cancelled)

    def _tell_armed(self, t: int) -> None:
        timeout = self._timeouts.get(self._armed) if self._armed is not None else None
        wants = self._selection.wants
        if timeout is not None and not wants(TIMEOUT, timeout.name, str(timeout.ident)):
            timeout = None
        if self._selection.wants_kind(TIMEOUT):
            self._teller.armed(t, timeout)

    def _end_run(self, t: int, run: HandlerRun | CallbackRun | CallRun) -> None:
        wants, tell = self._selection.wants, self._teller
        if isinstance(run, HandlerRun):
            run.end_ns = t
            if wants(AN_IRQ, *run.names):
                tell.handler_end(t, run)
        elif isinstance(run, CallbackRun):
            run.end_ns = t
            if run.handler is not None and run.handler.callback_end_ns is None:
                run.handler.callback_end_ns = t
            if wants(TIMEOUT, run.name, str(run.ident)):
                tell.callback_end(t, run)
        elif wants(TASK, run.task):
            tell.call_end(t, run)
