"""A session: one machine with its past, and the commands that drive it.

The dashboard and the command line talk to this object alone.  Virtual time never reads the wall
clock here; pacing is the dashboard's business.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, cast

from kerneltui.debugger import views
from kerneltui.debugger.history import History
from kerneltui.debugger.register_marks import RegisterLook, RegisterMarks, RegisterValues
from kerneltui.debugger.setup import Setup
from kerneltui.debugger.sight import Sight
from kerneltui.debugger.timeline import Window
from kerneltui.debugger.trace import EVENTS_BEHIND, EventNames, RawEvent, Recorder
from kerneltui.debugger.traveller import DivergedError, Input
from kerneltui.debugger.views.clocks import read_counters
from kerneltui.debugger.watch import (
    BOOT,
    CALLBACK_DONE,
    NEXT_INTERRUPT,
    NEXT_TIMER_EVENT,
    STEP,
    Watch,
    end_of_handler,
)
from kerneltui.hw.clock import NEVER
from kerneltui.kernel.inspector import Inspector
from kerneltui.kernel.kernel import Kernel
from kerneltui.machine.core import FOREVER, CoreState, ResumePoint, StopReason
from kerneltui.machine.hosted_core import HostedCore
from kerneltui.machine.instructions import INSTRUCTIONS
from kerneltui.machine.machine import Machine, Position
from kerneltui.units import format_duration

LONGEST_INPUT = 4096
PATIENCE_NS = 10_000_000_000
"""So long after an event was due at the latest, in virtual time, it is not waited for any more."""
FARTHEST_MARK = 100_000
"""Changes are not told where the present step began so many steps after any checkpoint."""

_EVENTS = {StopReason.INTERRUPT, StopReason.TRACEPOINT, StopReason.STORED, StopReason.HALTED}
"""Reasons to stop that belong to one core."""
_SAID = {
    StopReason.STEP: "stepped",
    StopReason.BUDGET: "stepped",
    StopReason.TIME: "reached the time",
    StopReason.INTERRUPT: "interrupt taken",
    StopReason.HANDLER_DONE: "handler finished",
    StopReason.STORED: "store done",
    StopReason.IDLE: "idle",
    StopReason.NOTHING_DUE: "idle, and nothing is due",
}


def _until(time_ns: int) -> Watch:
    return Watch(f"time {format_duration(time_ns)}", {"until": time_ns})


class Session:
    """See the module.  A session starts at reset; :meth:`boot` runs to the first idle."""

    def __init__(self, setup: Setup, sink: Callable[[RawEvent], None] | None = None) -> None:
        """``sink`` gets every trace event.  Raises :class:`UserError` for an impossible board."""
        self.setup = setup
        self.generation = 0
        self.pinned: int | None = None
        """the core on show, where a person has chosen one"""
        self.last_stop = "at reset"
        self._began: tuple[Watch, int] | None = None
        """the watch that is pursued, and since when (virtual time)"""
        self._completing: tuple[int, int] | None = None
        """the core that has run a callback of the goal, and how many handlers it was in"""
        self._gave_up = False
        self._seen: tuple[tuple[int, ...], RegisterValues] = (), {}
        """where the registers were looked at last, and what they held"""
        self._scouted: RegisterLook | None = None
        self._jumps: list[Position] = []
        """where one was before each jump"""
        self.history = History(self._power_on, sink, self._replaced)
        self.recorder.read_counters = lambda: read_counters(self.machine, 0)
        self._replaced()

    def _power_on(self) -> Machine:
        machine = Machine(self.setup.board, self.setup.kernel)
        machine.terminal.play([(item.at_ns, item.data) for item in self.setup.inputs])
        return machine

    def _replaced(self) -> None:
        """The machine has been made, or made anew."""
        machine = self.machine
        self.kernel = cast("Kernel", machine.program)
        self.names = EventNames(machine)
        self.registers = RegisterMarks(machine)
        self.generation += 1

    @property
    def machine(self) -> Machine:
        """The machine, at the moment on show."""
        return self.history.machine

    @property
    def recorder(self) -> Recorder:
        """What was recorded up to that moment."""
        return self.history.recorder

    @property
    def typed(self) -> list[Input]:
        """What a person has typed."""
        return self.history.inputs

    @property
    def focus(self) -> int:
        """The core on show, which is the one that steps."""
        return self.machine.stopped if self.pinned is None else self.pinned

    # -- commands ---------------------------------------------------------------------------------

    def restart(self) -> None:
        """Back to reset; what was is forgotten, and inputs of the scenario are due again."""
        self.history.restart()
        self._jumps.clear()
        self._arrived("at reset")

    def boot(self) -> StopReason:
        """From reset to the first idle."""
        return self.advance(BOOT)

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

    def finish_goal(self) -> Watch:
        """What :meth:`finish` waits for at this moment."""
        return end_of_handler(self.core.depth)

    def run_until(self, time_ns: int) -> StopReason:
        """Run until virtual time ``time_ns``."""
        return self.advance(_until(time_ns))

    def advance(
        self, goal: Watch, *, instructions: int = FOREVER, until: int = NEVER
    ) -> StopReason:
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
        if reason is not StopReason.NOTHING_DUE or not self._gave_up:
            self._say(goal, reason)
        return reason

    def _run_to_the_end(self, goal: Watch, conditions: dict[str, Any]) -> StopReason:
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
        reason = self.history.run(**limits)
        return StopReason.TRACEPOINT if reason is StopReason.HANDLER_DONE else reason

    def _run(self, goal: Watch, conditions: dict[str, Any]) -> StopReason:
        """Run on; towards an event only as long as one can come.

        Asked whenever all cores sleep, before time leaps to what is due next, and else when nothing
        has happened for :data:`PATIENCE_NS`.
        """
        self._gave_up = False
        if not goal.conditions or "until" in goal.conditions or goal is BOOT:
            return self.history.run(**conditions)
        if self._began is None or self._began[0] is not goal:
            self._began = goal, self.machine.now
        until, begun = conditions["until"], self._retired()
        while not self._nothing_to_wait_for():
            patience = self._patience(self._began[1])
            conditions["until"] = min(until, patience)
            reason = self.history.run(**conditions, rest="steps" not in conditions)
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

    def pin_next_core(self) -> None:
        """Show the next core that has been started; after the last, that of the last event."""
        cores = self.machine.cores
        started = [core.index for core in cores if core.state is not CoreState.OFF]
        after = [index for index in started if self.pinned is None or index > self.pinned]
        self.pinned = after[0] if after and len(started) > 1 else None
        self.generation += 1

    def _nothing_to_wait_for(self) -> bool:
        """Whether only a comparator that nobody listens to could end the core's sleep.

        Waiting for that would leap over an hour of virtual time and show nothing.
        """
        machine = self.machine
        idle = machine.at_rest and not any(core.inputs for core in machine.cores)
        return idle and self.machine.terminal.is_done and not self.inspector.expects_timer_event()

    def type(self, data: bytes) -> int:
        """Type characters at the terminal, now; answers how many had to be dropped.

        At most :data:`LONGEST_INPUT` wait to be sent.  In the past, what was known to come after
        this moment is forgotten.
        """
        room = max(LONGEST_INPUT - self.machine.terminal.waiting, 0)
        lost, data = max(len(data) - room, 0), data[:room]
        if data:
            self.history.type(data)
            self.generation += 1
        return lost

    def _say(self, goal: Watch, reason: StopReason) -> None:
        if reason is StopReason.HALTED:
            self.last_stop = self.machine.halt_reason
        elif reason is StopReason.TRACEPOINT:
            self.last_stop = f"{goal.awaits} done"
        else:
            self.last_stop = _SAID[reason]

    # -- other moments ----------------------------------------------------------------------------

    @property
    def here(self) -> Position:
        """The moment on show."""
        return self.history.here

    def go_to(self, position: Position) -> None:
        """Go to a known moment.

        Raises :class:`DivergedError` where the kernel does not come there again.
        """
        self.history.seek(position)
        self._arrived("here before")

    def go_to_reset(self) -> None:
        """Go to before the first instruction."""
        self.history.seek_reset()
        self._arrived("at reset")

    def go_to_booted(self) -> None:
        """Go to where the kernel slept for the first time; boot, where that is not known."""
        if self.history.first is None:
            self.boot()
        else:
            self.go_to(self.history.first)
            self._say(BOOT, StopReason.IDLE)

    def go_to_end(self) -> None:
        """Go to the end of what is known."""
        self.history.seek(self.history.end)
        self._arrived("the end of what is known")

    def go_to_time(self, time_ns: int) -> None:
        """Go to a virtual time; one that is still to come is run to."""
        self.history.seek_time(time_ns)
        self._arrived(_SAID[StopReason.TIME])

    def go_to_step(self, step: int) -> None:
        """Go to a step, by its number; one that is still to come is run to."""
        self.history.seek_step(step)
        self._arrived("reached the step")

    def before_event(self, event: RawEvent) -> Position:
        """The moment before the instruction that an event belongs to."""
        retired, now_ns, core, *_ = event
        return Position(-1, now_ns, False, core, retired)

    def leave_mark(self) -> None:
        """A jump follows: :meth:`jump_back` comes back to this moment."""
        self._jumps.append(self.here)

    def jump_back(self) -> bool:
        """Go to where one was before the last jump; False when there was none."""
        if not self._jumps:
            return False
        self.go_to(self._jumps.pop())
        return True

    def back(self, goal: Watch) -> Generator[Position, None, bool]:
        """Go to where ``goal`` stopped the machine last before this moment.

        Yields where it has searched; ends with False, and where it was, where there is none.
        """
        if goal is STEP:
            found = self._before_last_instruction()
        else:
            found = yield from self.history.search(goal, self.focus, self.here)
        if found is None:
            return False
        self.go_to(found)
        self._say(goal, goal.ends)
        return True

    def _before_last_instruction(self) -> Position | None:
        """Of the core on show; None at its first."""
        core = self.core
        event = self._last_instruction()
        if event is not None and event[0] == core.retired:
            return self.before_event(event)  # it has begun, and is not over
        # That of a core that sleeps or computes may be farther back than events are kept.
        goes_on = core.state is CoreState.WAITING or core.resume_point is ResumePoint.TASK
        retired = core.retired if event is None and goes_on else core.retired - 1
        return None if retired < 0 else Position(-1, 0, False, core.index, retired)

    def _last_instruction(self) -> RawEvent | None:
        """The event of the last instruction that the core on show has begun."""
        focus = self.focus
        for event in reversed(self.recorder.last(EVENTS_BEHIND)):
            known = INSTRUCTIONS.get(event[3])
            if event[2] == focus and known is not None and not known.is_exception:
                return event
        return None

    def _arrived(self, said: str) -> None:
        self.last_stop = self.machine.halt_reason or said
        self._began = self._completing = None
        self.generation += 1

    # -- looking ----------------------------------------------------------------------------------

    def view(
        self,
        parts: frozenset[str] = views.PARTS,
        timeline: Window | None = None,
        *,
        marks: bool = True,
    ) -> views.MachineView:
        """A picture of the present moment; looking changes nothing.

        It holds those of :data:`views.PARTS` that are asked for, and a window of the timeline.
        ``marks`` asks for what has changed, which is of no use while the machine runs.
        """
        if "blocks" in parts:
            if marks:
                self._mark_changes()
            else:
                self.registers.unmark()
            self.registers.look(self.focus)
            self._seen = self._place(self.here), self.registers.values
        sight = Sight(
            self.setup, self.machine, self.inspector, self.focus, self.generation, self.last_stop,
            self.recorder, self.names, self.registers, self.recorder.rates,
        )  # fmt: skip
        return views.build(sight, parts, timeline)

    def _place(self, position: Position) -> tuple[int, ...]:
        """What tells whether the registers have been looked at there, as the core on show."""
        return position.core, position.retired, position.now_ns, self.focus

    def _mark_changes(self) -> None:
        """Marks are a matter of the moment: what has changed since its step began."""
        began = self._step_began()
        if began is None:
            self.registers.unmark()
            return
        position, event = began
        seen, values = self._seen
        if seen != self._place(position):
            found = self._values_at(position)
            if found is None:
                self.registers.unmark()
                return
            values = found
        self.registers.mark(values, self.recorder.touched(event))

    def _step_began(self) -> tuple[Position, int] | None:
        """Before the last instruction, or the last interrupt where its handling is over.

        With the number of the event.
        """
        core, entry = self.core, self.recorder.entered[self.focus]
        waits = core.pending is not None and core.pending.kind == core.WAIT
        event = self._last_instruction()
        if entry is not None and core.depth == 0:
            returned = event is not None and INSTRUCTIONS[event[3]].is_return
            if returned or waits or core.state is CoreState.WAITING:
                return entry
        if event is not None:
            return self.before_event(event), self._number_of(event)
        position = self._before_last_instruction()
        return None if position is None else (position, self.recorder.recorded - EVENTS_BEHIND)

    def _number_of(self, event: RawEvent) -> int:
        """Which of all recorded events it is."""
        events = self.recorder.events
        back = next(back for back, item in enumerate(reversed(events), 1) if item is event)
        return self.recorder.recorded - back

    def _values_at(self, position: Position) -> RegisterValues | None:
        """The registers at a moment shortly before; None where that is not to be had."""
        if self.history.distance_to(position) > FARTHEST_MARK:
            return None
        try:
            machine = self.history.look_at(position)
        except DivergedError:
            return None
        if self._scouted is None or self._scouted.machine is not machine:
            self._scouted = RegisterLook(machine)
        return self._scouted.values(self.focus)

    def close(self) -> None:
        """End the session."""
        self.history.close()
