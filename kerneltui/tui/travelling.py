"""The commands that go to other moments: back by a step, to a place in time, back from there."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from typing import TYPE_CHECKING

from kerneltui.debugger.traveller import DivergedError
from kerneltui.debugger.watch import (
    NEXT_ACCESS,
    NEXT_INTERRUPT,
    NEXT_STEP,
    NEXT_TIMER_EVENT,
    PREVIOUS_HIT,
    STEP,
    Watch,
    until_time,
)
from kerneltui.errors import UserError
from kerneltui.machine.poke import Poke
from kerneltui.scenarios.changes import UNCHANGED
from kerneltui.tui.requests import (
    CutAndPoke,
    CutAndType,
    ForgetRest,
    GoTo,
    GoToPlace,
    GoToWrite,
    Request,
    TakeBack,
    UseSession,
)
from kerneltui.tui.runner import NOT_FOUND
from kerneltui.tui.steering import Steering

if TYPE_CHECKING:
    from kerneltui.debugger.bookmarks import Bookmark
    from kerneltui.debugger.moment import Moment
    from kerneltui.debugger.trace import RawEvent
    from kerneltui.hw.rule import Spot
    from kerneltui.machine.position import Position

NOTHING_BEFORE = {
    STEP.title: "There is no instruction before this one.",
    NEXT_STEP.title: "There is no step before this one.",
    NEXT_ACCESS.title: "No access to hardware was before this moment.",
    NEXT_TIMER_EVENT.title: "No timer event was done before this moment.",
    NEXT_INTERRUPT.title: "No interrupt was taken before this moment.",
    PREVIOUS_HIT.title: "No breakpoint was hit before this moment.",
}
MARK_LOST = "The marked moment will not come any more, so the mark is gone."
TOLD_S = 5
"""What belongs to one moment is told so long, or to the next command."""
NOT_ENDED = "No handler had returned before this moment."


class Travelling(Steering):
    """Stands before the app's own base class, with what it steers."""

    given = 0
    """how many of a person's inputs had been given when that was looked at last"""

    if TYPE_CHECKING:  # the app's
        board: str

        def go_to_bookmark(self, item: Bookmark) -> None:
            """Travel to where one is, or run to it."""

        def carry_out(self, request: Request | None) -> None:
            """Do what a dialog wants done."""

    # -- back by a step ---------------------------------------------------------------------------

    def action_step_back(self) -> None:
        """To before the last instruction of the core on show."""
        self._back(STEP)

    def action_access_back(self) -> None:
        """To the access to hardware before; of a kernel in Python each step is one."""
        self._back(self.session.access_goal)

    def action_previous_step(self) -> None:
        """Show the meaningful step before: of this moment, or of the last that had one."""
        if not self.runner.running and self.session.turn_page(-1):
            self.refresh_view()
        else:
            self._back(NEXT_STEP)

    def action_timer_event_back(self) -> None:
        """To the end of the timer event before."""
        self._back(self.session.timer_event_goal)

    def action_interrupt_back(self) -> None:
        """To where the interrupt before was taken."""
        self._back(NEXT_INTERRUPT)

    def action_finish_back(self) -> None:
        """To where a handler returned last."""
        self._back(self.session.finish_goal())

    def _back(self, goal: Watch) -> None:
        if self.frames.has_room_for(("back", goal.title)):
            self.runner.search(goal, partial(self._in_vain, goal))
            self.refresh_view()

    def _in_vain(self, goal: Watch, why: str) -> None:
        said = NOTHING_BEFORE.get(goal.title, NOT_ENDED) if why == NOT_FOUND else why
        passed = self.session.breakpoints.passed_over
        if goal is PREVIOUS_HIT and why == NOT_FOUND and passed:
            hits = "hit was" if passed == 1 else "hits were"
            said = f"{passed} {hits} passed over, as 'ignore' says; no other one was before this."
        self._tell(said)

    def _tell(self, text: str) -> None:
        if not self.frames.is_repeated(text):
            self.notify(text)

    # -- to a place in time -----------------------------------------------------------------------

    def action_restart(self) -> None:
        """To where the dashboard opened: booted, asleep, at the speed x1.

        Where the file of a driver has changed, boot anew with it, and do the same again.
        """
        if any(driver.has_changed for driver in self.session.setup.drivers):
            self.reload()
        else:
            self._jump(self.session.go_to_booted)
        self.runner.set_speed(1.0)
        self._tell_what_stays()

    def reload(self) -> None:
        """Go on with the drivers as their files are now."""
        from kerneltui.scenarios.reloading import changed_drivers, reloaded

        self.runner.stop()
        before = self.session
        names = " and ".join(driver.path.name for driver in changed_drivers(before))
        try:
            found = reloaded(before)
        except UserError as error:
            self.notify(f"{error}. Nothing was reloaded.", severity="error", markup=False)
            return
        self.carry_out(UseSession(found.session, self.board, before.setup.changes or UNCHANGED))
        told = [f"{names} has changed: booted anew with it."]
        if found.given:
            told.append(f"{found.given} input{'s' * (found.given != 1)} given again.")
        if found.left_out:
            told.append(f"{found.left_out} not: the machine does not come there.")
        self.notify(" ".join(told), markup=False)

    def action_reset(self) -> None:
        """To reset, before the first instruction."""
        self._jump(self.session.go_to_reset)

    def action_jump_back(self) -> None:
        """To where one was before the last jump."""
        self.runner.stop()
        if not self._come(self.session.jump_back):
            self._tell("There was no jump to come back from.")
        self.refresh_view()

    def go_to(self, words: str) -> None:
        """Go to where ``words`` say, or say what they can be."""
        from kerneltui.tui.places import BOOKMARK, INSTRUCTION, TIME, read_place

        session = self.session
        try:
            kind, number = read_place(session, words)
        except ValueError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        if kind == TIME:
            self._go_to_time(number)
        elif kind == INSTRUCTION:
            self._jump(lambda: session.go_to_instruction(number))
        elif kind == BOOKMARK:
            self.go_to_bookmark(session.bookmarks.named(str(number)))
        else:
            self._jump({
                "start": session.go_to_reset, "booted": session.go_to_booted,
                "end": session.go_to_end,
            }[kind])  # fmt: skip

    def _go_to_time(self, time_ns: int) -> None:
        """What is still to come is run to, slice by slice."""
        session = self.session
        if time_ns <= session.history.end.now_ns:
            self._jump(lambda: session.go_to_time(time_ns))
        else:
            self._jump(session.go_to_end)
            self.runner.start(until_time(time_ns))

    def go_there(self, place: GoTo | GoToPlace | GoToWrite) -> None:
        """Go to a moment that somebody wants to see."""
        match place:
            case GoTo(event):
                self.go_to_event(event)
            case GoToPlace(words):
                self.go_to(words)
            case GoToWrite(owner, spot, name):
                self.go_to_last_write(owner, spot, name)

    def go_to_event(self, event: RawEvent) -> None:
        """Go to where an event of the trace has just happened."""
        self._jump(lambda: self.session.go_to_event(event))

    def go_to_last_write(self, owner: str, spot: Spot, name: str) -> None:
        """Go to where bits of a register were written last; ``name`` is the register's."""
        session = self.session

        def search() -> Generator[Position, None, bool]:
            from kerneltui.debugger.last_write import find_last_write
            from kerneltui.debugger.writers import event_of

            event = event_of((yield from find_last_write(session.history, owner, spot)))
            if event is not None and session.is_just_after(event):
                self.tell_in_passing(f"You are there: that was the last write of {name}.", TOLD_S)
            elif event is not None:
                session.leave_mark()
                session.go_to_event(event)
            return event is not None

        def in_vain(why: str) -> None:
            nobody = f"Nobody has written {name}: there is no moment to go to."
            self.notify(nobody if why == NOT_FOUND else why, markup=False)

        self.runner.follow(f"the last write of {name}", search(), in_vain)
        self.refresh_view()

    def _jump(self, go: Callable[[], object]) -> None:
        self.runner.stop()
        self.session.leave_mark()
        self._come(go)
        self.refresh_view()

    def _come(self, go: Callable[[], object]) -> object:
        try:
            return go()
        except DivergedError as error:
            self.notify(str(error), severity="error", markup=False)
            return True

    # -- what a person has done -------------------------------------------------------------------

    def tell_of_given(self) -> None:
        """Going back over what somebody stored or typed, say that it comes again; and when it does.

        What was said of it before is no longer so.
        """
        history = self.session.history
        before, self.given = self.given, history.given
        if self.given == before or before > len(history.inputs):
            return
        passed = history.inputs[before : self.given]
        if passed and not any(isinstance(item.given, Poke) for item in passed):
            return  # the console shows what is typed again
        from kerneltui.debugger.meaning.stored import all_in_words, given_in_words

        if not passed:
            said, *others = all_in_words(history.inputs[self.given :])
            more = f", and {len(others)} more" if others else ""
            told = f"Still to come: {said}{more}"
        else:
            said = given_in_words(next(item for item in passed if isinstance(item.given, Poke)))
            told = f"Done again: {said}"
        self.tell_in_passing(f"{told}. Ctrl+P, undo takes it back.", TOLD_S)

    def _tell_what_stays(self) -> None:
        """Say so where something was stored at this very moment: coming here does not undo that."""
        history = self.session.history
        given = history.inputs[: history.given]
        stays = [item for item in given if item.position == self.session.here]
        if any(isinstance(item.given, Poke) for item in stays):
            from kerneltui.debugger.meaning.stored import all_in_words

            said = "; ".join(all_in_words(stays))
            self.tell_in_passing(f"At this moment {said}. Ctrl+P, undo takes it back.", TOLD_S)

    def undo(self, what: ForgetRest | TakeBack) -> None:
        """What is known to come after this moment, or was stored or typed last, is no longer."""
        self.runner.stop()
        session = self.session
        self._come(session.take_back if isinstance(what, TakeBack) else session.forget_rest)
        self.given = self.session.history.given
        self.tell_in_passing("Undone: nothing is known to come after this moment.", TOLD_S)
        self.refresh_view()

    def change_past(self, what: CutAndType | CutAndPoke) -> None:
        """Type or store at this moment, whatever that makes of what comes after."""
        if isinstance(what, CutAndType):
            self.type_now(what.data)
        else:
            self.poke_now(what.stores)

    # -- typing in the past -----------------------------------------------------------------------

    def type(self, data: bytes) -> None:
        """Type into the UART; what is too much is told.

        In the past, ask first: what is known to come after this moment will be another story.
        """
        if self.session.history.in_past:
            from kerneltui.tui.dialogs import ask_to_cut

            self.carry_out(ask_to_cut(data))
        else:
            self.type_now(data)

    def poke(self, stores: tuple[str, ...]) -> None:
        """Store to registers, as a core would; in the past, ask first."""
        self.runner.stop()
        if self.session.history.in_past:
            from kerneltui.tui.dialogs import ask_to_poke

            self.carry_out(ask_to_poke(stores))
        else:
            self.poke_now(stores)

    def poke_now(self, stores: tuple[str, ...]) -> None:
        """Store to registers, whatever that makes of the future."""
        from kerneltui.debugger.meaning.stored import poke_in_words

        marked, said = self.session.marked, []
        try:
            for store in stores:
                self.session.poke(store)
                said.append(poke_in_words(self.session))
        except UserError as error:  # the machine is not any more as it was when that was asked
            self.notify(str(error), severity="error", markup=False)
        else:
            self.tell_in_passing(" ".join(said), TOLD_S)
        self.given = self.session.history.given
        self._tell_of_mark(marked)
        self.refresh_view()

    def type_now(self, data: bytes) -> None:
        """Type into the UART, whatever that makes of the future."""
        marked = self.session.marked
        lost = self.session.type(data)
        self._tell_of_mark(marked)
        if lost:
            self.notify(f"{lost} characters dropped: too many wait to be sent", severity="warning")
        self.given = self.session.history.given
        self.refresh_view()

    def _tell_of_mark(self, before: Moment | None) -> None:
        """Say so where the moment that was marked will not come any more."""
        if before is not None and self.session.marked is None:
            self.notify(MARK_LOST, severity="warning")
