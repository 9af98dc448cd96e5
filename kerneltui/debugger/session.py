"""A session: one machine with its past, and the commands that drive it.

The dashboard and the command line talk to this object alone.  Virtual time never reads the wall
clock here; pacing is the dashboard's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, cast

from kerneltui.debugger import views
from kerneltui.debugger.bookmarks import Bookmarks
from kerneltui.debugger.breakpoints.breakpoint import BreakpointHit
from kerneltui.debugger.breakpoints.table import Breakpoints
from kerneltui.debugger.changes import ChangeMarks
from kerneltui.debugger.history import History
from kerneltui.debugger.in_vain import is_in_vain
from kerneltui.debugger.in_vain import story_of as story_in_vain
from kerneltui.debugger.naming import inspector_of
from kerneltui.debugger.other_moments import OtherMoments, Page
from kerneltui.debugger.pursuit import Pursuit
from kerneltui.debugger.recorder import Recorder
from kerneltui.debugger.register_marks import RegisterMarks, RegisterValues
from kerneltui.debugger.setup import Setup
from kerneltui.debugger.sight import Sight, Story
from kerneltui.debugger.stored_now import in_short, stores_now
from kerneltui.debugger.storyteller import DONE, LAST, Storyteller
from kerneltui.debugger.timeline import Window
from kerneltui.debugger.trace import EventNames, RawEvent
from kerneltui.debugger.traveller import Input
from kerneltui.debugger.views.clocks import read_counters
from kerneltui.debugger.watch import (
    BOOT,
    CALLBACK_DONE,
    NEXT_ACCESS,
    NEXT_INTERRUPT,
    NEXT_STEP,
    NEXT_TIMER_EVENT,
    NEXT_TIMER_INTERRUPT,
    STEP,
    Watch,
    end_of_handler,
    until_time,
)
from kerneltui.debugger.way import Glance
from kerneltui.errors import UserError
from kerneltui.hw.clock import NEVER
from kerneltui.kernel.inspector import Inspector
from kerneltui.kernel.kernel import Kernel
from kerneltui.machine.core import FOREVER, Core, CoreState, StopReason
from kerneltui.machine.machine import Machine
from kerneltui.machine.poke import Poke
from kerneltui.machine.position import Position

if TYPE_CHECKING:  # who sets no breakpoint, or marks no moment, does not wait for them
    from kerneltui.debugger.breakpoints.sentry import Sentry
    from kerneltui.debugger.moment import Moment

LONGEST_INPUT = 4096
LONGEST_BOOT_NS = 10_000_000


class Session(OtherMoments):
    """See the module.  A session starts at reset; :meth:`boot` runs to the first idle."""

    def __init__(self, setup: Setup, sink: Callable[[RawEvent], None] | None = None) -> None:
        """``sink`` gets every trace event.  Raises :class:`UserError` for an impossible board."""
        self.setup = setup
        self.generation = 0
        self.pinned: int | None = None
        """the core on show, where a person has chosen one"""
        self.last_stop = "at reset"
        self._booted: tuple[Position, str] | None = None
        """where an image had booted, and why it was halted there; None where that is not known"""
        self._jumps: list[Page] = []
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
        """the command that a limit has ended, and where: the next slice goes on with it"""
        self._in_vain = False
        """the last command has waited for the timer, and nothing has come"""
        self._sentry: Sentry | None = None
        """who has watched that slice"""
        self.story = Storyteller(self.history, lambda: self.inspector)
        """the meaningful steps"""
        self.follows_story = False
        """somebody wants to see the story at each stop: it is listened to on the way"""
        self.is_taught = False
        """the goals of a lesson ask for the story, whether it is on show or not"""
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
        """From reset to the first idle; of an image, for :data:`LONGEST_BOOT_NS` at most.

        It may wait in some other way, for ever.
        """
        if not self.runs_image:
            return self.advance(BOOT)
        is_whole = not any(self._progress())
        reason = self.advance(BOOT, until=LONGEST_BOOT_NS)
        if is_whole and reason is not StopReason.BREAKPOINT:
            self._booted = self.here, self.last_stop
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
        """Run until a callback has run and its interrupt's handler, with all others, is over.

        Of an image: until a timer has interrupted, and that handler is over.
        """
        return self.advance(self.timer_event_goal)

    @property
    def runs_image(self) -> bool:
        """Whether the kernel is an image of machine code."""
        return self.machine.core.can_rest_anywhere

    @property
    def timer_event_goal(self) -> Watch:
        """What :meth:`next_timer_event` waits for."""
        return NEXT_TIMER_INTERRUPT if self.runs_image else NEXT_TIMER_EVENT

    @property
    def access_goal(self) -> Watch:
        """The next access to hardware: of a kernel in Python that is each step."""
        return NEXT_ACCESS if self.runs_image else STEP

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
            self.story.show(0)  # whichever step of this moment was on show when it was met before
        self.last_stop = self._pursuit.said
        if goal.leaves_handlers:
            self.story.show(DONE)
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
        step, stores = self.story.step(), stores_now(self.history)
        if stores and self.story.shows_stores:
            self.last_stop = in_short(stores)
        elif step is not None:
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
    def core(self) -> Core:
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
        phase = self.story.phase
        self._keep_jumps()
        self.history.forget_rest()
        self._other_story("what came after this moment is forgotten")
        self.story.show(phase)

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
        self._jumps = [page for page in self._jumps if page[0] <= self.here]
        if self.marked is not None and self.marked.here > self.here:
            self.marked = None
        self.bookmarks.lose_after(self.here)

    def _give(self, given: bytes | Poke, written: str = "") -> None:
        self._keep_jumps()
        self.history.give(given, written)
        self.story.forget()
        if isinstance(given, Poke):
            self.story.show(LAST)  # behind all steps of this moment
            self.last_stop = in_short(stores_now(self.history))
        self._changes.forget()
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
        is_followed = "path" in parts and marks and self.follows_story
        story = self._told() if is_followed else None
        before = None if story is None else self._registers_before(story)
        sight = Sight(
            self.setup, self.machine, Glance(self.machine), self.inspector, self.focus,
            self.generation, self.last_stop, self.recorder, self.names, self.registers,
            self.recorder.rates, story, is_followed, before, tuple(self.bookmarks),
        )  # fmt: skip
        return views.build(sight, parts, timeline)

    def _registers_before(self, story: Story) -> RegisterValues | None:
        """What they held before a step, or before the stores of a person that it is about."""
        history = self.history
        stores = [
            number for number, item in enumerate(history.inputs[: history.given])
            if isinstance(item.given, Poke)
        ]  # fmt: skip
        if story.stored:
            return self._changes.values_before_given(stores[-len(stores_now(history))], self.focus)
        since = story.since
        if since is None:
            return None
        here = self.here
        later = [at for number in stores if since < (at := history.inputs[number].position) < here]
        return self._changes.values_at(max(later, default=since), self.focus)

    def _told(self) -> Story | None:
        stores = stores_now(self.history)
        if not stores and self._in_vain:
            return story_in_vain(self.machine, self.inspector, self.last_stop)
        return self.story.told(self.focus)

    def moment(self) -> Moment:
        """The present moment as it can be compared with another; looking changes nothing."""
        console = self.recorder.console
        from kerneltui.debugger.moment import moment_at

        return moment_at(
            self.here, self.machine, self.inspector, self.names, console.data, console.total
        )

    def troubles(self) -> list[str]:
        """What looks like a hang in an image of machine code, in words."""
        return [text for core in self.machine.cores if (text := core.trouble)]

    def close(self) -> None:
        """End the session."""
        self.history.close()
