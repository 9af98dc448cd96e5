"""The commands of bookmarks: set one, go to the next, go to the one before."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from kerneltui.debugger.bookmarks import Bookmark
from kerneltui.tui.requests import Ask, Request, SetBookmark
from kerneltui.tui.runner import GOING
from kerneltui.tui.steering import Steering

if TYPE_CHECKING:
    from kerneltui.machine.position import Position

NOTE, NAME = "Note", "Name, for --at bookmark:NAME (may be empty)"
WHAT = "The bookmark of this moment"
CHOICES = "keep", "delete"
SHOWN_S = 120
"""A note stays so long, or to the next command."""
BEYOND = {
    1: "There is no bookmark after this moment. m sets one here.",
    -1: "There is no bookmark before this moment. m sets one here.",
}


class Bookmarking(Steering):
    """Stands before the app's own base class, with what it steers."""

    if TYPE_CHECKING:  # the app's

        def carry_out(self, request: Request | None) -> None:
            """Do what a dialog wants done."""

    def action_bookmark(self) -> None:
        """Ask for a note for this moment; of one that has a bookmark, change or delete that."""
        self.runner.stop()
        self.carry_out(ask_for_bookmark(self.session.bookmark_here, self.session.bookmarks))

    def set_bookmark(self, wanted: SetBookmark) -> None:
        """Set one here, or put it in place of that of this moment; or delete that."""
        session, old = self.session, wanted.old
        if wanted.is_gone:
            if old is not None:
                session.bookmarks.remove(old)
            self.notify("The bookmark is deleted.")
        else:
            new = session.bookmark(wanted.note, wanted.name)
            if old is not None:
                session.bookmarks.put(old, replace(old, note=wanted.note, name=wanted.name))
            else:
                session.bookmarks.add(new)
            here = session.bookmark_here or new
            number = session.bookmarks.number_of(here)
            said = (
                f"Bookmark {number} of {len(session.bookmarks)} is set. < and > go to the others."
            )
            self.notify(said)
        self.refresh_view()

    def action_next_bookmark(self) -> None:
        """To the next one."""
        self._go_beside(1)

    def action_previous_bookmark(self) -> None:
        """To the one before."""
        self._go_beside(-1)

    def _go_beside(self, direction: int) -> None:
        found = self.session.bookmark_beside(direction)
        if found is None:
            self.notify(BEYOND[direction])
        else:
            self.go_to_bookmark(found)

    def go_to_bookmark(self, item: Bookmark) -> None:
        """Travel to where one is, or run to it."""
        session = self.session

        def travel() -> Generator[Position, None, bool]:
            session.leave_mark()
            yield from session.travel_to_bookmark(item)
            self.tell_bookmark()
            return True

        number = session.bookmarks.number_of(item)
        self.runner.follow(f"bookmark {number}", travel(), self._in_vain_there, GOING)
        self.refresh_view()

    def _in_vain_there(self, why: str) -> None:
        self.notify(why, severity="error", markup=False)

    def tell_bookmark(self) -> None:
        """Show the note of the moment on show, to the next command."""
        session = self.session
        here = session.bookmark_here
        if here is not None:
            number = session.bookmarks.number_of(here)
            title = f"★ {number} of {len(session.bookmarks)}"
            if here.name:
                title += f": {here.name}"
            self.tell_in_passing(here.note or "This bookmark has no note.", SHOWN_S, title)


def ask_for_bookmark(old: Bookmark | None, known: Iterable[Bookmark]) -> Request:
    """Ask for the note and the name; no two of ``known`` have the same name."""
    from kerneltui.scenarios.spec import LONGEST_NAME, LONGEST_NOTE
    from kerneltui.tui.screens.ask import AskScreen, Field, Mistake

    fields: dict[str, Field] = {
        NOTE: "" if old is None else old.note, NAME: "" if old is None else old.name,
    }  # fmt: skip
    if old is not None:
        fields[WHAT] = CHOICES

    def check(words: Sequence[str]) -> Mistake | None:
        note, name = words[0].strip(), words[1].strip()
        if len(note) > LONGEST_NOTE:
            return Mistake(0, f"A note has at most {LONGEST_NOTE} letters, this one {len(note)}.")
        if any(not letter.isprintable() for letter in note):
            return Mistake(0, "A note has no control characters.")
        if len(name) > LONGEST_NAME:
            return Mistake(1, f"A name has at most {LONGEST_NAME} letters.")
        if any(item.name.lower() == name.lower() for item in known if name and item != old):
            return Mistake(1, "Another bookmark has that name.")
        if name and (name.isdecimal() or not name.replace("-", "").replace("_", "").isalnum()):
            return Mistake(1, "A name has letters, digits, - and _, and is no number.")
        return None

    def chosen(words: tuple[str, ...] | None) -> Request | None:
        if words is None:
            return None
        note, name, *more = (word.strip() for word in words)
        return SetBookmark(old, note, name, is_gone=more == [CHOICES[1]])

    title = "Bookmark this moment" if old is None else "Bookmark"
    return Ask(AskScreen(title, fields, check, asked=1), chosen, halts=True)
