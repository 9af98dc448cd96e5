"""A second machine at the same moment: what would come, without touching the first."""

from __future__ import annotations

from collections.abc import Callable

from kerneltui.debugger.session import Session
from kerneltui.debugger.watch import NEXT_INTERRUPT, NEXT_TIMER_EVENT, STEP, Watch
from kerneltui.errors import UserError, suggestion


def _back(goal: Watch) -> Callable[[Session], object]:
    def go(session: Session) -> None:
        for _ in session.back(goal):
            pass

    return go


STEPPING: dict[str, Callable[[Session], object]] = {
    "s": Session.step,
    ".": Session.next_step,
    "n": Session.next_timer_event,
    "i": Session.next_interrupt,
    "f": Session.finish,
}
"""The keys that go on, and what they do."""
BACK: dict[str, Callable[[Session], object]] = {
    "S": _back(STEP),
    ",": Session.previous_step,
    "N": _back(NEXT_TIMER_EVENT),
    "I": _back(NEXT_INTERRUPT),
    "r": Session.go_to_booted,
}
"""Those that go back."""


def twin(session: Session) -> Session:
    """A session of its own that stands where the other one does.  To be closed.

    Raises :class:`DivergedError` where the kernel does not do the same again.
    """
    found = Session(session.setup)
    history = session.history
    found.history.on = False
    found.follows_story = True
    found.history.expect(history.inputs[: history.given])
    for _ in found.history.do_again(session.here):
        pass
    found.pinned = session.pinned
    if session.story.phase:
        found.story.show(session.story.place())
    return found


def press(session: Session, keys: str) -> None:
    """Press stepping keys, with spaces between them.  Raises :class:`UserError` for others."""
    for key in keys.split():
        if key not in STEPPING:
            raise UserError(f"'{key}' is no stepping key{suggestion(key, STEPPING)}")
        STEPPING[key](session)
