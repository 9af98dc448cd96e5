"""A session: one machine with its past, and the commands that drive it.

The dashboard and the command line talk to this object alone.  Virtual time never reads the wall
clock here; pacing is the dashboard's business.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, cast

from kerneltui.debugger import views
from kerneltui.debugger.bookmarks import Bookmark, Bookmarks
from kerneltui.debugger.breakpoints.breakpoint import BreakpointHit, FoundHits
from kerneltui.debugger.breakpoints.table import Breakpoints
from kerneltui.debugger.changes import ChangeMarks, before_last_instruction, last_instruction
from kerneltui.debugger.history import STRETCH, History
from kerneltui.debugger.in_vain import is_in_vain, story_of
from kerneltui.debugger.naming import inspector_of
from kerneltui.debugger.pursuit import Pursuit, said
from kerneltui.debugger.recorder import Recorder
from kerneltui.debugger.register_marks import RegisterMarks
from kerneltui.debugger.setup import Setup
from kerneltui.debugger.sight import Sight, Story
from kerneltui.debugger.storyteller import LAST, Storyteller
from kerneltui.debugger.timeline import Window
from kerneltui.debugger.trace import EventNames, RawEvent
from kerneltui.debugger.traveller import Input
from kerneltui.debugger.views.clocks import read_counters
from kerneltui.debugger.watch import (
    BOOT,
    CALLBACK_DONE,
    NEXT_INTERRUPT,
    NEXT_STEP,
    NEXT_TIMER_EVENT,
    PREVIOUS_HIT,
    STEP,
    Watch,
    end_of_handler,
    until_time,
)
from kerneltui.errors import UserError
from kerneltui.hw.clock import NEVER
from kerneltui.kernel.inspector import Inspector
from kerneltui.kernel.kernel import Kernel
from kerneltui.machine.core import FOREVER, CoreState, StopReason
from kerneltui.machine.hosted_core import HostedCore
from kerneltui.machine.machine import Machine, Position
from kerneltui.machine.poke import Poke

if TYPE_CHECKING:  # who sets no breakpoint, or marks no moment, does not wait for them
    from kerneltui.debugger.breakpoints.sentry import Sentry
    from kerneltui.debugger.moment import Moment

LONGEST_INPUT = 4096


class Session:
    """See the module.  A session starts at reset; :meth:`boot` runs to the first idle."""

    def __init__(self, setup: Setup, sink: Callable[[RawEvent], None] | None = None) -> None:
        """``sink`` gets every trace event.  Raises :class:`UserError` for an impossible board."""
        self.setup = setup
        self.generation = 0
        self.pinned: int | None = None
        """the core on show, where a person has chosen one"""
        self.last_stop = "at reset"
        self._jumps: list[Position] = []
        """where one was before each jump"""
        self.marked: Moment | None = None
        """what others are compared with"""
        self.history = History(self._power_on, sink, self._replaced)
        self._pursuit = Pursuit(self.history, lambda: self.inspector)
        self._changes = ChangeMarks(self.history)
        self.breakpoints = Breakpoints()
        self.bookmarks = Bookmarks(setup.bookmarks)
        self.hits: tuple[BreakpointHit, ...] = ()
        """the breakpoints that have halted the machine just here"""
        self._left_off: tuple[Watch, Position] | None = None
        self._in_vain = False
        """the last command has waited for the timer, and nothing has come"""
        """the command that a limit has ended, and where: the next slice goes on with it"""
        self._sentry: Sentry | None = None
        """who has watched that slice"""
        self.story = Storyteller(self.history, lambda: self.inspector)
        self.follows_story = False
        """somebody wants to see the story at each stop: it is listened to on the way"""
        self.is_taught = False
        """the goals of a lesson ask for the story, whether it is on show or not"""
        """the meaningful steps"""
        self.recorder.read_counters = lambda: read_counters(self.machine, 0)
        self._replaced()

    def _power_on(self) -> Machine:
        machine = Machine(self.setup.board, self.setup.kernel)
        machine.terminal.play([(item.at_ns, item.data) for item in self.setup.inputs])
        if self.setup.pokes:
            from kerneltui.debugger.pokes import script  # most scenarios have none

            machine.poker.play(script(machine, self.setup.pokes))
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
        """What a person has typed and poked."""
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
        self._changes.forget()
        self.marked = None
        self.bookmarks.lose_after(self.here)
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
        return self.advance(until_time(time_ns))

    def advance(
        self, goal: Watch, *, instructions: int = FOREVER, until: int = NEVER
    ) -> StopReason:
        """Run towards ``goal``, for at most so many instructions and no further than ``until``.

        Answers BUDGET or TIME when a limit ended the slice before the goal was reached; call again
        to go on.
        """
        before = self._progress()
        sentry = self.breakpoints.sentry(self.machine)
        goes_on = self._left_off == (goal, self.here)
        if not goes_on:
            self.hits = ()
        if sentry is not None and not (goes_on and sentry is self._sentry):
            sentry.start(self.recorder.console.data)
        self._sentry = sentry
        with self._attention(goal, sentry):
            reason = self._pursuit.run(goal, self.focus, instructions, until)
        is_limit = reason in {StopReason.BUDGET, StopReason.TIME}
        self._left_off = (goal, self.here) if is_limit else None
        self._in_vain = is_in_vain(goal, reason)
        if self._progress() != before:
            self.generation += 1
        self.last_stop = self._pursuit.said
        if reason is StopReason.BREAKPOINT and sentry is not None:
            self._tell_hits(tuple(sentry.hits))
        elif reason is StopReason.MEANINGFUL:
            self._tell_step()
        return reason

    @contextmanager
    def _attention(self, goal: Watch, sentry: Sentry | None) -> Iterator[None]:
        """Whoever steps sees the story; a machine that runs freely is looked at when it halts."""
        with ExitStack() as stack:
            marker = None
            is_heard = goal.is_near and (self.follows_story or self.is_taught)
            if goal.meaningful:
                marker = stack.enter_context(self.story.looking())
            elif is_heard or (sentry and sentry.needs_marks):
                marker = stack.enter_context(self.story.listening())
            if sentry is not None:
                stack.enter_context(sentry.installed(marker))
            yield

    def _tell_hits(self, hits: tuple[BreakpointHit, ...]) -> None:
        self.hits = hits
        self.breakpoints.were_hit(hits)
        self.last_stop = "; ".join(hit.text for hit in hits)

    # -- meaningful steps -------------------------------------------------------------------------

    def turn_page(self, direction: int) -> bool:
        """Show another step of this moment, the one after or before (1, -1).

        False where that is at another moment: see :data:`NEXT_STEP`.
        """
        if not self.story.turn(direction):
            return False
        self.generation += 1
        self._tell_step()
        return True

    def next_step(self) -> StopReason:
        """Go on to the next meaningful step."""
        return StopReason.MEANINGFUL if self.turn_page(1) else self.advance(NEXT_STEP)

    def previous_step(self) -> bool:
        """Go back to the meaningful step before; False where there is none."""
        if self.turn_page(-1):
            return True
        search = self.back(NEXT_STEP)
        while True:
            try:
                next(search)
            except StopIteration as end:
                return bool(end.value)

    def _tell_step(self) -> None:
        step = self.story.step()
        if step is not None:
            said = "" if self.follows_story else f": {step.sentence}"
            self.last_stop = step.heading + said

    @property
    def inspector(self) -> Inspector:
        """What the kernel lets one see: nothing, in a program that offers no inspector."""
        return inspector_of(self.machine)

    def _progress(self) -> tuple[int, ...]:
        return self.machine.now, *(core.retired for core in self.machine.cores)

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
        """Show the next core that runs; the one that halted is followed, any other is kept."""
        cores = self.machine.cores
        count = len(cores)
        order = [(self.focus + ahead) % count for ahead in range(1, count + 1)]
        core = next(index for index in order if cores[index].state is not CoreState.OFF)
        self.pinned = None if core == self.machine.stopped else core
        self.generation += 1

    def type(self, data: bytes) -> int:
        """Type characters at the terminal, now; answers how many had to be dropped.

        At most :data:`LONGEST_INPUT` wait to be sent.  In the past, what was known to come after
        this moment is forgotten.
        """
        room = max(LONGEST_INPUT - self.machine.terminal.waiting, 0)
        lost, data = max(len(data) - room, 0), data[:room]
        if data:
            self._give(data)
        return lost

    def poke(self, text: str, core: int | None = None) -> None:
        """Store to a register as a core would, now; without one it is the core on show.

        :mod:`kerneltui.debugger.pokes` says what may be in ``text``; raises :class:`UserError`.  In
        the past, what was known to come after this moment is forgotten.
        """
        from kerneltui.debugger.pokes import parse

        try:
            poke = parse(self.machine, text, self.focus if core is None else core)
        except ValueError as error:
            raise UserError(f"poke {text}: {error}") from None
        self._give(poke, text)

    def forget_rest(self) -> None:
        """Forget what is known to come after this moment: what a person did there is undone."""
        self._keep_jumps()
        self.history.forget_rest()
        self._other_story("what came after this moment is forgotten")

    def take_back(self) -> None:
        """Undo what a person stored or typed last, and go to where that was.

        Raises IndexError where there is nothing before this moment.
        """
        self.history.take_back()
        self._keep_jumps()
        self._other_story("taken back")

    def _other_story(self, said: str) -> None:
        self.story.forget()
        self._changes.forget()
        self._arrived(said)

    def _keep_jumps(self) -> None:
        self._jumps = [position for position in self._jumps if position <= self.here]
        if self.marked is not None and self.marked.here > self.here:
            self.marked = None
        self.bookmarks.lose_after(self.here)

    def _give(self, given: bytes | Poke, written: str = "") -> None:
        self._keep_jumps()
        self.history.give(given, written)
        self.story.forget()
        self._changes.forget()
        self.generation += 1

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
        self._arrived("gone back")

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
            self.last_stop = said(BOOT, StopReason.IDLE, self.machine)

    def go_to_end(self) -> None:
        """Go to the end of what is known."""
        self.history.seek(self.history.end)
        self._arrived("the end of what is known")

    def go_to_time(self, time_ns: int) -> None:
        """Go to a virtual time; one that is still to come is run to."""
        self.history.seek_time(time_ns)
        self._arrived("reached the time")

    def go_to_instruction(self, number: int) -> bool:
        """Go to where the core on show has executed so many instructions, as the trace counts.

        False where that is still to come.
        """
        if number >= self.history.end_retired[self.focus]:
            return False
        self.go_to(Position(-1, 0, False, self.focus, number))
        return True

    def go_to_event(self, event: RawEvent) -> None:
        """Go to where an event has just happened: its instruction is the last one of its core.

        A poke is none: to the moment of that.
        """
        retired, now_ns, core, kind, *_ = event
        if kind == "poke":
            self._go_to_poke(now_ns)
        elif retired >= self.history.end_retired[core]:
            self.go_to_end()
        else:
            self.go_to(Position(-1, now_ns, False, core, retired + 1))

    def is_just_after(self, event: RawEvent) -> bool:
        """Whether :meth:`go_to_event` would go nowhere."""
        here = self.here
        if event[3] == "poke":
            position = self._poked_at(event[1])
            return here.now_ns == event[1] if position is None else here == position
        if event[0] >= self.history.end_retired[event[2]]:
            return here == self.history.end
        last = last_instruction(self.history, event[2])
        return here.core == event[2] and last is not None and last[0] <= event[0] < here.retired

    def _poked_at(self, now_ns: int) -> Position | None:
        """Where a person has poked last at a virtual time; None: that was given its time before."""
        found = (item.position for item in reversed(self.typed) if isinstance(item.given, Poke))
        return next((position for position in found if position.now_ns == now_ns), None)

    def _go_to_poke(self, now_ns: int) -> None:
        position = self._poked_at(now_ns)
        if position is None:
            self.go_to_time(now_ns)
        else:
            self.go_to(position)

    def leave_mark(self) -> None:
        """A jump follows: :meth:`jump_back` comes back to this moment."""
        self._jumps.append(self.here)

    def jump_back(self) -> bool:
        """Go to where one was before the last jump; False when there was none."""
        if not self._jumps:
            return False
        self.go_to(self._jumps.pop())
        self._arrived("returned from the jump")
        return True

    # -- bookmarks --------------------------------------------------------------------------------

    def bookmark(self, note: str, name: str = "") -> Bookmark:
        """One for this moment, and this step of it: not yet in the list."""
        here = self.here
        return Bookmark(here.now_ns, note, name, here, self._phase())

    def _phase(self) -> int:
        """Which of the meaningful steps of this moment is on show, or was chosen.

        One that a bookmark has chosen counts also where the moment has fewer steps to show, or none
        is on show: else the bookmark would be the next one for ever.
        """
        phase = self.story.phase
        if phase >= 0:
            return phase
        return self.story.place() if self.follows_story else 0

    @property
    def bookmark_here(self) -> Bookmark | None:
        """The one of the moment on show."""
        return self.bookmarks.at(self.here, self._phase()) if len(self.bookmarks) else None

    def bookmark_beside(self, direction: int) -> Bookmark | None:
        """The nearest one after this moment, or before it (1, -1)."""
        return self.bookmarks.beside(self.here, self._phase(), direction)

    def travel_to_bookmark(self, item: Bookmark) -> Generator[Position, None, bool]:
        """Go to the moment of one; where only its time is known, run to that, if it is to come.

        Yields how far it has come.  Raises :class:`DivergedError` where the kernel does not come
        there again.
        """
        if item.position is not None:
            yield from self.history.travel(item.position)
            self._arrived("gone to the bookmark")
        elif item.at_ns <= self.history.end.now_ns:
            self.go_to_time(item.at_ns)
        else:
            self.go_to_end()
            goal = until_time(item.at_ns)
            while self.advance(goal, instructions=STRETCH) is StopReason.BUDGET:
                yield self.here
            if self.here.now_ns < item.at_ns:
                return True  # a breakpoint, or the end of the kernel
        self._show_bookmark(item)
        return True

    def go_to_bookmark(self, item: Bookmark) -> None:
        """The same, without telling how far it has come."""
        for _ in self.travel_to_bookmark(item):
            pass

    def _show_bookmark(self, item: Bookmark) -> None:
        """The machine has come there: from now on the moment is known, not only its time."""
        if item.position is None:
            item = self.bookmarks.learn(item, self.here)
        self.story.show(item.phase)
        number = self.bookmarks.number_of(item)
        self.last_stop = f"bookmark {number} of {len(self.bookmarks)}: {item.title}"

    # -- back -------------------------------------------------------------------------------------

    def back(self, goal: Watch) -> Generator[Position, None, bool]:
        """Go to where ``goal`` stopped the machine last before this moment.

        Yields how far it has come; ends with False, and where it was, where there is none.
        """
        hits: FoundHits | None = None
        if goal is STEP:
            found = before_last_instruction(self.history, self.focus)
        elif goal is PREVIOUS_HIT:
            hits = yield from self.breakpoints.search(self.history, self.here)
            found = None if hits is None else hits.position
        elif goal.meaningful:
            found = yield from self.story.search(self.here)
        else:
            found = yield from self.history.search(goal, self.focus, self.here)
        if found is None:
            return self._back_to_first(goal)
        if goal is STEP:
            yield from self._look_before(found)
        yield from self.history.travel(found)
        self._arrived("gone back")
        if found.step < 0 and self.machine.cores[found.core].retired > found.retired:
            # What a task computes ends with the handler that interrupts it: after the return from
            # there nothing halts until the next instruction.
            self.go_to(Position(-1, 0, False, found.core, found.retired - 1))
        self.last_stop = said(goal, goal.ends, self.machine)
        if goal.meaningful:
            self.story.show(LAST)
            self._tell_step()
        if hits is not None:
            self._tell_hits(hits.hits)
        return True

    def _look_before(self, found: Position) -> Generator[Position, None, None]:
        """On the way there, look at the registers where the step before began.

        The picture will ask for what has changed since then.
        """
        if found.retired:
            yield from self.history.travel(Position(-1, 0, False, found.core, found.retired - 1))
            self._changes.look(self.registers, self.focus, marks=False)

    def _back_to_first(self, goal: Watch) -> bool:
        """Before the first event lies where the kernel fell asleep for the first time."""
        first = self.history.first
        is_strict = goal is STEP or goal is PREVIOUS_HIT
        if is_strict or first is None or self.here <= first:
            return False
        self.go_to_booted()
        return True

    def _arrived(self, said: str) -> None:
        self.last_stop = self.machine.halt_reason or said
        self._pursuit.forget()
        self._left_off = None
        self._in_vain = False
        self.hits = ()
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
        if parts & {"blocks", "path"}:
            self._changes.look(self.registers, self.focus, marks=marks)
        story = self._told() if "path" in parts and marks and self.follows_story else None
        before = None
        if story is not None and story.since is not None:
            before = self._changes.values_at(story.since, self.focus)
        sight = Sight(
            self.setup, self.machine, self.inspector, self.focus, self.generation, self.last_stop,
            self.recorder, self.names, self.registers, self.recorder.rates, story,
            before, tuple(self.bookmarks),
        )  # fmt: skip
        return views.build(sight, parts, timeline)

    def _told(self) -> Story | None:
        if self._in_vain:
            return story_of(self.machine, self.inspector, self.last_stop)
        return self.story.told()

    def moment(self) -> Moment:
        """The present moment as it can be compared with another; looking changes nothing."""
        console = self.recorder.console
        from kerneltui.debugger.moment import moment_at

        return moment_at(
            self.here, self.machine, self.inspector, self.names, console.data, console.total
        )

    def close(self) -> None:
        """End the session."""
        self.history.close()
