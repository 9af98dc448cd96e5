"""What a dialog, or a key on what is under the cursor, wants done: the app carries it out.

So none of them reaches into the app.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import msgspec
from textual.screen import Screen

from kerneltui.debugger.bookmarks import Bookmark
from kerneltui.debugger.references import Reference
from kerneltui.debugger.session import Session
from kerneltui.debugger.trace import RawEvent
from kerneltui.hw.rule import Spot
from kerneltui.scenarios.changes import Changes
from kerneltui.tui.panels.kinds import PanelKind

if TYPE_CHECKING:
    from kerneltui.lessons.progress import StudentProgress


class Tell(msgspec.Struct, frozen=True):
    """Say something to the user."""

    text: str
    severity: Literal["information", "warning", "error"] = "information"


class Ask(msgspec.Struct, frozen=True):
    """Open a screen; ``then`` gets its answer, None when it was closed, and may want more."""

    screen: Screen[Any]
    then: Callable[[Any], Request | None] = lambda _: None
    halts: bool = False
    """the machine is paused: what is asked about shall stay as it is shown; it runs on where the
    answer is typed at the terminal, as that arrives only then"""
    unanswered: str = ""
    """what is told where it was closed without an answer"""


class TypeText(msgspec.Struct, frozen=True):
    """Type at the terminal."""

    data: bytes


class UseTheme(msgspec.Struct, frozen=True):
    """Show another theme."""

    name: str


class UseSession(msgspec.Struct, frozen=True):
    """Go on with another session, opened from ``board`` with ``changes``."""

    session: Session
    board: str
    changes: Changes | None


class Point(msgspec.Struct, frozen=True):
    """Show a panel, with the cursor on the first of ``references`` that it shows."""

    panel: PanelKind
    references: tuple[Reference, ...] = ()


class GoTo(msgspec.Struct, frozen=True):
    """Go to the moment at which something has just happened."""

    event: RawEvent


class GoToPlace(msgspec.Struct, frozen=True):
    """Go where a person says, in words."""

    words: str


class GoToWrite(msgspec.Struct, frozen=True):
    """Go to where some bits of a register were written last."""

    owner: str
    """a device's name, or ``core 0``"""
    spot: Spot
    name: str
    """the register's, for people"""


class CutAndType(msgspec.Struct, frozen=True):
    """Type at the terminal, and forget what is known to come after this moment."""

    data: bytes


class PokeRegisters(msgspec.Struct, frozen=True):
    """Store to registers, as ``OWNER/REGISTER.FIELD=VALUE`` each."""

    stores: tuple[str, ...]


class CutAndPoke(msgspec.Struct, frozen=True):
    """The same, and forget what is known to come after this moment."""

    stores: tuple[str, ...]


class ForgetRest(msgspec.Struct, frozen=True):
    """Forget what is known to come after this moment."""


class TakeBack(msgspec.Struct, frozen=True):
    """Undo what a person stored or typed last."""


class SetBookmark(msgspec.Struct, frozen=True):
    """Set a bookmark at this moment, or in place of another one; or delete that."""

    old: Bookmark | None
    note: str
    name: str
    is_gone: bool = False


class SaveAs(msgspec.Struct, frozen=True):
    """Save the session to a file."""

    path: Path


class OpenSession(msgspec.Struct, frozen=True):
    """Open a session file; None: what was left behind, or was on show the last time."""

    path: Path | None


class StartLesson(msgspec.Struct, frozen=True):
    """Begin a lesson, by name or file, with a step from 0 on; None: where it was left."""

    name: str
    number: int | None


class LessonDo(msgspec.Struct, frozen=True):
    """What was chosen from the menu of a lesson."""

    what: str


class LessonAnswer(msgspec.Struct, frozen=True):
    """The answer to the question of a lesson's step."""

    words: str


Request: TypeAlias = (
    Tell | Ask | TypeText | UseTheme | UseSession | Point | GoTo | GoToPlace | GoToWrite
    | CutAndType | PokeRegisters | CutAndPoke | ForgetRest | TakeBack | SetBookmark | SaveAs
    | OpenSession | StartLesson | LessonDo | LessonAnswer
)  # fmt: skip


class Situation(msgspec.Struct, frozen=True):
    """What dialogs need to know."""

    session: Session
    board: str
    """what a later choice of scenario opens: a name or a file"""
    changes: Changes | None
    theme: str
    themes: tuple[str, ...]
    progress: Callable[[], StudentProgress]
    """how far a student is"""
