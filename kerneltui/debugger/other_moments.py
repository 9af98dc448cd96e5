"""The part of a session that goes to other moments: by time, event and bookmark, and back."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from kerneltui.debugger.bookmarks import Bookmark, Bookmarks
from kerneltui.debugger.breakpoints.breakpoint import BreakpointHit, FoundHits
from kerneltui.debugger.breakpoints.table import Breakpoints
from kerneltui.debugger.changes import ChangeMarks, before_last_instruction, last_instruction
from kerneltui.debugger.history import STRETCH, History
from kerneltui.debugger.pursuit import Pursuit, said
from kerneltui.debugger.register_marks import RegisterMarks
from kerneltui.debugger.storyteller import DONE, LAST, Storyteller
from kerneltui.debugger.trace import RawEvent
from kerneltui.debugger.traveller import Input
from kerneltui.debugger.watch import BOOT, PREVIOUS_HIT, STEP, Watch, until_time
from kerneltui.hw.clock import NEVER
from kerneltui.machine.core import FOREVER, StopReason
from kerneltui.machine.machine import Machine
from kerneltui.machine.poke import Poke
from kerneltui.machine.position import Position

Page = tuple[Position, int]
"""A moment, and which of its steps is on show there: see :attr:`Storyteller.phase`."""


class OtherMoments:
    """Stands below :class:`kerneltui.debugger.session.Session`, which makes what is named here."""

    history: History
    story: Storyteller
    bookmarks: Bookmarks
    breakpoints: Breakpoints
    registers: RegisterMarks
    generation: int
    follows_story: bool
    is_taught: bool
    last_stop: str
    hits: tuple[BreakpointHit, ...]
    _booted: tuple[Position, str] | None
    _jumps: list[Page]
    _pursuit: Pursuit
    _changes: ChangeMarks
    _left_off: tuple[Watch, Position] | None
    _in_vain: bool

    if TYPE_CHECKING:  # the session's

        @property
        def machine(self) -> Machine:
            """The machine, at the moment on show."""

        @property
        def runs_image(self) -> bool:
            """Whether the kernel is an image of machine code."""

        @property
        def focus(self) -> int:
            """The core on show."""

        @property
        def typed(self) -> list[Input]:
            """What a person has typed and poked."""

        def boot(self) -> StopReason:
            """From reset to the first idle."""

        def advance(
            self, goal: Watch, *, instructions: int = FOREVER, until: int = NEVER
        ) -> StopReason:
            """Run towards a goal."""

        def _tell_hits(self, hits: tuple[BreakpointHit, ...]) -> None:
            """Say which breakpoints were hit."""

        def _tell_step(self) -> None:
            """Say which meaningful step is on show."""

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

    @property
    def page(self) -> Page:
        """The moment on show, and which of its steps."""
        return self.here, self.story.phase

    def go_to_page(self, page: Page) -> None:
        """As :meth:`go_to`, to what was on show there; that shows the first step of a moment."""
        position, phase = page
        self.go_to(position)
        self.story.show(phase)

    def go_to_reset(self) -> None:
        """Go to before the first instruction."""
        self.history.seek_reset()
        self._arrived("at reset")

    def go_to_booted(self) -> None:
        """Go to where the kernel slept for the first time; boot, where that is not known.

        Of an image, to where it had booted: see :meth:`Session.boot`.
        """
        if self.runs_image:
            if self._booted is None:
                self.go_to_reset()
                self.boot()
            else:
                self.go_to(self._booted[0])
                self.last_stop = self._booted[1]
        elif self.history.first is None:
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
            self.story.show(LAST)  # behind all steps of that moment

    def leave_mark(self) -> None:
        """A jump follows: :meth:`jump_back` comes back to this moment."""
        self._jumps.append(self.page)

    def jump_back(self) -> bool:
        """Go to where one was before the last jump, and to the step that was on show there.

        False when there was none.
        """
        if not self._jumps:
            return False
        self.go_to_page(self._jumps.pop())
        self.last_stop = self.machine.halt_reason or "returned from the jump"
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
        started = self.page
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
        if goal is PREVIOUS_HIT:  # it can be far away
            self._jumps.append(started)
        yield from self.history.travel(found)
        self._arrived("gone back")
        if found.step < 0 and self.machine.cores[found.core].retired > found.retired:
            # What a task computes ends with the handler that interrupts it: after the return from
            # there nothing halts until the next instruction.
            self.go_to(Position(-1, 0, False, found.core, found.retired - 1))
        self.last_stop = said(goal, goal.ends, self.machine)
        if goal.leaves_handlers:
            self.story.show(DONE)
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
        """Before the first event lies where the kernel fell asleep for the first time.

        Of an image, which is known from its first instruction on, that is reset.
        """
        first = self.history.first
        is_strict = goal is STEP or goal is PREVIOUS_HIT
        if is_strict or first is None or self.here <= first:
            return False
        if self.runs_image:
            self.go_to_reset()
        else:
            self.go_to_booted()
        return True

    def _arrived(self, said: str) -> None:
        self.last_stop = self.machine.halt_reason or said
        self.story.show(0)
        self._pursuit.forget()
        self._left_off = None
        self._in_vain = False
        self.hits = ()
        self.generation += 1
