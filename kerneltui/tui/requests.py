"""What a dialog, or a key on what is under the cursor, wants done: the app carries it out.

So none of them reaches into the app.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

from textual.screen import Screen

from kerneltui.debugger.bookmarks import Bookmark
from kerneltui.debugger.references import Reference
from kerneltui.debugger.session import Session
from kerneltui.debugger.trace import RawEvent
from kerneltui.hw.rule import Spot
from kerneltui.scenarios.scenario import Changes
from kerneltui.tui.panels import Panel


class Tell(NamedTuple):
    """Say something to the user."""

    text: str
    severity: Literal["information", "warning", "error"] = "information"


class Ask(NamedTuple):
    """Open a screen; ``then`` gets its answer, None when it was closed, and may want more."""

    screen: Screen[Any]
    then: Callable[[Any], Request | None] = lambda _: None
    halts: bool = False
    """the machine is paused: what is asked about shall stay as it is shown"""


class TypeText(NamedTuple):
    """Type at the terminal."""

    data: bytes


class UseTheme(NamedTuple):
    """Show another theme."""

    name: str


class UseSession(NamedTuple):
    """Go on with another session, opened from ``board`` with ``changes``."""

    session: Session
    board: str
    changes: Changes | None


class Point(NamedTuple):
    """Show a panel, with the cursor on the first of ``references`` that it shows."""

    panel: type[Panel]
    references: tuple[Reference, ...] = ()


class GoTo(NamedTuple):
    """Go to the moment at which something has just happened."""

    event: RawEvent


class GoToPlace(NamedTuple):
    """Go where a person says, in words."""

    words: str


class GoToWrite(NamedTuple):
    """Go to where some bits of a register were written last."""

    owner: str
    """a device's name, or ``core 0``"""
    spot: Spot
    name: str
    """the register's, for people"""


class CutAndType(NamedTuple):
    """Type at the terminal, and forget what is known to come after this moment."""

    data: bytes


class PokeRegisters(NamedTuple):
    """Store to registers, as ``OWNER/REGISTER.FIELD=VALUE`` each."""

    stores: tuple[str, ...]


class CutAndPoke(NamedTuple):
    """The same, and forget what is known to come after this moment."""

    stores: tuple[str, ...]


class ForgetRest(NamedTuple):
    """Forget what is known to come after this moment."""


class TakeBack(NamedTuple):
    """Undo what a person stored or typed last."""


class SetBookmark(NamedTuple):
    """Set a bookmark at this moment, or in place of another one; or delete that."""

    old: Bookmark | None
    note: str
    name: str
    is_gone: bool = False


class SaveAs(NamedTuple):
    """Save the session to a file."""

    path: Path


class StartLesson(NamedTuple):
    """Begin a lesson, by name or file, with a step from 0 on; None: where it was left."""

    name: str
    number: int | None


class LessonDo(NamedTuple):
    """What was chosen from the menu of a lesson."""

    what: str


class LessonAnswer(NamedTuple):
    """The answer to the question of a lesson's step."""

    words: str


Request: TypeAlias = (
    Tell | Ask | TypeText | UseTheme | UseSession | Point | GoTo | GoToPlace | GoToWrite
    | CutAndType | PokeRegisters | CutAndPoke | ForgetRest | TakeBack | SetBookmark | SaveAs
    | StartLesson | LessonDo | LessonAnswer
)  # fmt: skip


class Situation(NamedTuple):
    """What dialogs need to know."""

    session: Session
    board: str
    """what a later choice of scenario opens: a name or a file"""
    changes: Changes | None
    theme: str
    themes: tuple[str, ...]
