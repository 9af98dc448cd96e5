"""A session: one machine, the commands that drive it, and what was recorded.

The dashboard and the command line talk to this object alone.  Virtual time never reads the wall
clock here; pacing is the dashboard's business.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import msgspec

from kerneltui.debugger import views
from kerneltui.debugger.rates import WINDOW_NS, RateMeter
from kerneltui.debugger.register_marks import RegisterMarks
from kerneltui.debugger.setup import Setup
from kerneltui.debugger.sight import Sight
from kerneltui.debugger.timeline import Window
from kerneltui.debugger.trace import EventNames, RawEvent, Recorder
from kerneltui.debugger.views.clocks import counter_views
from kerneltui.hw.clock import NEVER
from kerneltui.kernel.inspector import Inspector
from kerneltui.kernel.kernel import Kernel
from kerneltui.machine.core import FOREVER, CoreState, StopReason
from kerneltui.machine.hosted_core import HostedCore
from kerneltui.machine.machine import Machine
from kerneltui.units import format_duration

LONGEST_INPUT = 4096
PATIENCE_NS = 10_000_000_000
"""So long after an event was due at the latest, in virtual time, it is not waited for any more."""


class Goal(msgspec.Struct, frozen=True):
    """What a command waits for.  ``title`` says it in words while it is under way."""

    title: str
    conditions: dict[str, Any] = msgspec.field(default_factory=dict)
    awaits: str = "event"
    """what it says to have waited for in vain"""
    completes: bool = False
    """where the tracepoint is passed inside a handler, that one returns first"""


STEP = Goal("one instruction", {"steps": 1})
NEXT_INTERRUPT = Goal("the next interrupt", {"interrupt": True}, "interrupt")
_CALLBACK: dict[str, Any] = {"tracepoint": "timer_callback_done"}
CALLBACK_DONE = Goal("the end of a timer callback", _CALLBACK, "timer callback")
NEXT_TIMER_EVENT = Goal("the next timer event", _CALLBACK, "timer event", completes=True)
FREE = Goal("running")
BOOT = Goal("the first idle", {"idle": True})

_EVENTS = {StopReason.INTERRUPT, StopReason.TRACEPOINT, StopReason.HALTED}
"""Reasons to stop that belong to one core."""
_SAID = {
    StopReason.STEP: "stepped",
    StopReason.BUDGET: "stepped",
    StopReason.TIME: "reached the time",
    StopReason.INTERRUPT: "interrupt taken",
    StopReason.HANDLER_DONE: "handler finished",
    StopReason.IDLE: "idle",
    StopReason.NOTHING_DUE: "idle, and nothing is due",
}


def _until(time_ns: int) -> Goal:
    return Goal(f"time {format_duration(time_ns)}", {"until": time_ns})


class Snapshot(msgspec.Struct, frozen=True):
    """A moment that a session can return to."""

    machine: bytes
    events: int
    console: int
    typed: int


class Session:
    """See the module.  A session starts at reset; :meth:`boot` runs to the first idle."""

    def __init__(self, setup: Setup, sink: Callable[[RawEvent], None] | None = None) -> None:
        """``sink`` gets every trace event.  Raises :class:`UserError` for an impossible board."""
        self.setup = setup
        self.sink = sink
        self.generation = 0
        self._power_on()

    def _power_on(self) -> None:
        self._use(Machine(self.setup.board, self.setup.kernel))
        self.recorder = Recorder(self.machine, self.sink)
        self.machine.terminal.play([(item.at_ns, item.data) for item in self.setup.inputs])
        self.typed: list[tuple[int, bytes]] = []
        """what was typed by hand: (instructions retired, characters)"""
        self.last_stop = "at reset"
        self.focus = 0
        """the core on show, which is the one that steps; it follows where something happens"""
        self.registers = RegisterMarks(self.machine, self.recorder)
        self._began: tuple[Goal, int] | None = None
        """the goal that is pursued, and since when (virtual time)"""
        self._completing: tuple[int, int] | None = None
        """the core that has run a callback of the goal, and how many handlers it was in"""
        self._gave_up = False
        self.rates = RateMeter()
        self._counted_ns = 0
        """when the counters were looked at last (virtual time)"""
        self.generation += 1
        self._viewed = -1

    def _use(self, machine: Machine) -> None:
        self.machine = machine
        self.kernel = cast("Kernel", machine.program)
        self.names = EventNames(machine)

    # -- commands ---------------------------------------------------------------------------------

    def restart(self) -> None:
        """Back to reset; inputs of the scenario are due again."""
        tracing = self.recorder.tracing
        self.machine.close()
        self._power_on()
        self.recorder.trace(tracing)

    def boot(self) -> StopReason:
        """From reset to the first idle."""
        reason = self.advance(BOOT)
        self.mark()
        return reason

    def step(self) -> StopReason:
        """Execute one instruction: one access to the hardware, an exception entry, a wait.

        A wait ends when the core wakes.  Beside other cores that can be never: there the step is
        over after the next interrupt or timer event of any core, and :attr:`last_stop` says that
        the core sleeps on.  A core that is off executes nothing: NOTHING_DUE.
        """
        return self.advance(STEP)

    def next_interrupt(self) -> StopReason:
        """Run until an interrupt is taken; its handler has not begun."""
        return self.advance(NEXT_INTERRUPT)

    def next_timer_event(self) -> StopReason:
        """Run until a callback has run and its interrupt's handler, with all others, is over."""
        return self.advance(NEXT_TIMER_EVENT)

    def next_callback(self) -> StopReason:
        """Run until a timer callback has run; of its interrupt's handler the rest is to come."""
        return self.advance(CALLBACK_DONE)

    def finish(self) -> StopReason:
        """Run until the handler in progress has returned; outside any, to the end of the next."""
        return self.advance(self.finish_goal())

    def finish_goal(self) -> Goal:
        """What :meth:`finish` waits for at this moment."""
        return Goal("the end of the handler", {"below_depth": max(self.core.depth, 1)}, "interrupt")

    def run_until(self, time_ns: int) -> StopReason:
        """Run until virtual time ``time_ns``.

        On the way, if that is long enough, with a look at the counters: a rate needs two.
        """
        look_at_ns = time_ns - 2 * WINDOW_NS
        if look_at_ns > self.machine.now:
            reason = self.advance(_until(look_at_ns))
            if reason is not StopReason.TIME:
                return reason
            list(counter_views(self.machine, self.rates, self.focus))
        return self.advance(_until(time_ns))

    def advance(self, goal: Goal, *, instructions: int = FOREVER, until: int = NEVER) -> StopReason:
        """Run towards ``goal``, for at most so many instructions and no further than ``until``.

        Answers BUDGET or TIME when a limit ended the slice before the goal was reached; call again
        to go on.
        """
        stepping = "steps" in goal.conditions
        if stepping and self.core.state is CoreState.OFF:
            self.last_stop = f"core {self.focus} is off"
            return StopReason.NOTHING_DUE
        conditions = {**goal.conditions, "instructions": instructions, "focus": self.focus}
        conditions["until"] = min(conditions.get("until", NEVER), until)
        dozes = stepping and self._waits_beside_others()
        if dozes:
            conditions |= NEXT_INTERRUPT.conditions | CALLBACK_DONE.conditions
        before = self._progress()
        reason = self._run_to_the_end(goal, conditions)
        if self._progress() != before:
            self.generation += 1
        if reason not in {StopReason.BUDGET, StopReason.TIME}:
            self._began = self._completing = None
        if dozes and reason in {StopReason.INTERRUPT, StopReason.TRACEPOINT}:
            self.last_stop = f"core {self.focus} sleeps on"
            return reason
        if reason in _EVENTS:
            self.focus = self.machine.stopped
        if reason is not StopReason.NOTHING_DUE or not self._gave_up:
            self._say(goal, reason)
        return reason

    def _run_to_the_end(self, goal: Goal, conditions: dict[str, Any]) -> StopReason:
        """Run on; a goal that completes is reached when the handler in progress has returned."""
        limits = dict(conditions)
        if self._completing is None:
            begun = self._retired()
            reason = self._run(goal, conditions)
            depth = self.machine.cores[self.machine.stopped].depth
            if reason is not StopReason.TRACEPOINT or not goal.completes or not depth:
                return reason
            self._completing = self.machine.stopped, depth
            limits["instructions"] -= self._retired_since(begun)
        if limits["instructions"] <= 0:
            return StopReason.BUDGET
        core, depth = self._completing
        limits |= {"tracepoint": "", "focus": core, "below_depth": depth}
        reason = self.machine.run(**limits)
        return StopReason.TRACEPOINT if reason is StopReason.HANDLER_DONE else reason

    def _run(self, goal: Goal, conditions: dict[str, Any]) -> StopReason:
        """Run on; towards an event only as long as one can come.

        Asked whenever all cores sleep, before time leaps to what is due next, and else when nothing
        has happened for :data:`PATIENCE_NS`.
        """
        self._gave_up = False
        if not goal.conditions or "until" in goal.conditions or goal is BOOT:
            return self.machine.run(**conditions)
        if self._began is None or self._began[0] is not goal:
            self._began = goal, self.machine.now
        until, begun = conditions["until"], self._retired()
        while not self._nothing_to_wait_for():
            patience = self._patience(self._began[1])
            conditions["until"] = min(until, patience)
            reason = self.machine.run(**conditions, rest="steps" not in conditions)
            if reason is StopReason.TIME and self.machine.now >= patience:
                if self._patience(self._began[1]) > patience:
                    continue
                self._gave_up = True
                self.last_stop = f"no {goal.awaits} in {format_duration(PATIENCE_NS)}"
                return StopReason.NOTHING_DUE
            if reason is not StopReason.IDLE:
                return reason
            conditions["instructions"] -= self._retired_since(begun)
            begun = self._retired()
            if conditions["instructions"] <= 0:
                return StopReason.BUDGET
        return StopReason.NOTHING_DUE

    def _patience(self, begun_ns: int) -> int:
        """Until when (virtual time) to wait for an event: from the latest moment that had one due.

        Input to come has its times; what is pending should come when it is due.
        """
        if not self.machine.terminal.is_done:
            return NEVER
        head = next(iter(self.inspector.timeouts()), None)
        return max(begun_ns, 0 if head is None else head.due_ns) + PATIENCE_NS

    @property
    def inspector(self) -> Inspector:
        """What the kernel lets one see: nothing, in a program that offers no inspector."""
        offered: Inspector | None = getattr(self.machine.program, "inspector", None)
        return offered or Inspector()

    def _waits_beside_others(self) -> bool:
        """Whether the core on show sleeps, or is about to, while others may never wake it."""
        core = self.core
        waits = core.pending is not None and core.pending.kind == core.WAIT
        return bool(self._others()) and (waits or core.state is CoreState.WAITING)

    def _others(self) -> list[HostedCore]:
        """The cores that are on, without the one on show."""
        cores = self.machine.cores
        return [core for core in cores if core is not self.core and core.state is not CoreState.OFF]

    def _progress(self) -> tuple[int, ...]:
        return self.machine.now, *self._retired()

    def _retired(self) -> list[int]:
        return [core.retired for core in self.machine.cores]

    def _retired_since(self, begun: list[int]) -> int:
        return max(now - then for now, then in zip(self._retired(), begun, strict=True))

    def happened(self) -> tuple[int, ...]:
        """Differs from the answer before if anything but the passing of time has happened."""
        machine = self.machine
        return (
            self.recorder.recorded, self.focus, machine.terminal.waiting,
            *(core.retired for core in machine.cores),
        )  # fmt: skip

    @property
    def core(self) -> HostedCore:
        """The core on show."""
        return self.machine.cores[self.focus]

    def focus_next_core(self) -> None:
        """Show the next core that has been started."""
        count = len(self.machine.cores)
        order = [(self.focus + ahead) % count for ahead in range(1, count + 1)]
        self.focus = next(n for n in order if self.machine.cores[n].state is not CoreState.OFF)
        self.generation += 1

    def _nothing_to_wait_for(self) -> bool:
        """Whether only a comparator that nobody listens to could end the core's sleep.

        Waiting for that would leap over an hour of virtual time and show nothing.
        """
        machine = self.machine
        idle = machine.at_rest and not any(core.inputs for core in machine.cores)
        return idle and self.machine.terminal.is_done and not self.inspector.expects_timer_event()

    def mark(self) -> None:
        """Take the present register values as those that changes are marked against.

        Of all cores: any of them may be the one on show after the next stop.
        """
        self._began = self._completing = None
        if self._viewed >= 0:
            if self._viewed != self.generation:
                self.registers.look(self.focus)
            self.registers.mark([core.index for core in self._others()])
        self.recorder.touched.clear()

    def type(self, data: bytes) -> int:
        """Type characters at the terminal, now; answers how many had to be dropped.

        At most :data:`LONGEST_INPUT` wait to be sent.
        """
        room = max(LONGEST_INPUT - self.machine.terminal.waiting, 0)
        lost, data = max(len(data) - room, 0), data[:room]
        if data:
            self.typed.append((self.machine.core.retired, data))
            self.machine.terminal.type(data)
            self.generation += 1
        return lost

    def _say(self, goal: Goal, reason: StopReason) -> None:
        if reason is StopReason.HALTED:
            self.last_stop = self.machine.halt_reason
        elif reason is StopReason.TRACEPOINT:
            self.last_stop = f"{goal.awaits} done"
        else:
            self.last_stop = _SAID[reason]

    # -- looking ----------------------------------------------------------------------------------

    def view(
        self, parts: frozenset[str] = views.PARTS, timeline: Window | None = None
    ) -> views.MachineView:
        """A picture of the present moment; looking changes nothing.

        It holds those of :data:`views.PARTS` that are asked for, and a window of the timeline.  The
        counters come along every now and then in any case: a rate needs two looks.
        """
        if "blocks" in parts:
            self.registers.look(self.focus)
            self._viewed = self.generation
        else:
            self._viewed = max(self._viewed, 0)
        if self.machine.now - self._counted_ns >= WINDOW_NS:
            self._counted_ns = self.machine.now
            parts = parts | {"counters"}
        sight = Sight(
            self.setup, self.machine, self.inspector, self.focus, self.generation, self.last_stop,
            self.recorder, self.names, self.registers, self.rates,
        )  # fmt: skip
        return views.build(sight, parts, timeline)

    # -- snapshots --------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """A moment to return to.  Raises ValueError unless the core is idle."""
        recorder = self.recorder
        state = self.machine.snapshot()
        return Snapshot(state, recorder.recorded, recorder.console.total, len(self.typed))

    def restore(self, snapshot: Snapshot) -> None:
        """Return to a snapshot of this session; what was recorded since is forgotten."""
        self.machine.close()
        self._use(Machine.restore(snapshot.machine))
        self.recorder.attach(self.machine)
        self.registers.attach(self.machine)
        self.recorder.cut(snapshot.events, snapshot.console)
        del self.typed[snapshot.typed :]
        # Up to the idle instruction, without executing it: the kernel's stack is there again.
        self.machine.run(instructions=0)
        self.focus = 0
        self.rates = RateMeter()
        self.generation += 1
        self.last_stop = "restored"

    def close(self) -> None:
        """End the session."""
        self.machine.close()
