"""How far a student is in each lesson: kept in the platform's folder for a user's data.

Beside the number of the step stands the session as it was when the step began.  So one goes on
with the machine as it was.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from kerneltui.configfile import ConfigFile
from kerneltui.errors import UserError
from kerneltui.sessions.writing import ENDING, write_atomically

if TYPE_CHECKING:
    from kerneltui.debugger.session import Session
    from kerneltui.lessons.lesson import Lesson
    from kerneltui.lessons.play import Play
    from kerneltui.own.driver import OwnDriver

NAME = "progress.json"
LARGEST = 1 << 20
"""bytes"""


class Note(msgspec.Struct, frozen=True, omit_defaults=True):
    """Of one lesson."""

    step: int = 0
    """the one that has begun last, from 0"""
    most: int = 0
    """the farthest"""
    count: int = 0
    """of its steps"""
    finished: bool = False
    """it has been played to its end, and may be under way once more"""

    @property
    def is_under_way(self) -> bool:
        """Whether there is a step to go on with."""
        at_end = self.step + 1 >= self.count
        return self.step > 0 and not at_end if self.finished else self.most > 0


def data_folder() -> Path:
    """Where it is kept; nobody has made it yet perhaps."""
    from platformdirs import user_data_path

    return user_data_path("kerneltui", appauthor=False) / "lessons"


class StudentProgress:
    """What has been noted; where nothing can be read or written, nothing has been."""

    def __init__(self, folder: Path | None) -> None:
        """None: it is forgotten with the program."""
        self._folder = folder
        self._notes: dict[str, Note] = {}
        self._sessions: dict[str, str] = {}
        """of this run, by their files' names"""
        if folder is None:
            return
        with (
            suppress(OSError, msgspec.MsgspecError, RecursionError),
            (folder / NAME).open("rb") as file,
        ):
            self._notes = msgspec.json.decode(file.read(LARGEST), type=dict[str, Note])

    @property
    def has_begun(self) -> bool:
        """Whether anything has been noted."""
        return bool(self._notes)

    def _of(self, lesson: Lesson) -> Note:
        return self._notes.get(lesson.name, Note())

    def step_of(self, lesson: Lesson) -> int:
        """Where one goes on: from 0; after the end, from the beginning."""
        found = self._of(lesson)
        is_there = found.is_under_way and found.step < len(lesson.spec.steps)
        return found.step if is_there else 0

    def said_of(self, name: str, count: int) -> str:
        """``, at step 3 of 12`` of a lesson; empty where it has not begun."""
        found = self._notes.get(name, Note())
        done = ", done" if found.finished else ""
        return f"{done}, at step {found.step + 1} of {count}" if found.is_under_way else done

    def in_brief(self, name: str, count: int) -> str:
        """``step 3 of 12``, ``done``, ``done, step 3/12``: in 17 cells."""
        found = self._notes.get(name, Note())
        if not found.is_under_way:
            return "done" if found.finished else ""
        step = found.step + 1
        return f"done, step {step}/{count}" if found.finished else f"step {step} of {count}"

    def is_finished(self, lesson: Lesson) -> bool:
        """Whether it has been played to its end."""
        return self._of(lesson).finished

    def in_words(self, lesson: Lesson) -> str:
        """The same of one that has been read."""
        return self.said_of(lesson.name, len(lesson.spec.steps))

    def latest(self) -> str:
        """The lesson that is under way and was played last; empty where there is none."""
        under_way = [name for name, note in self._notes.items() if note.is_under_way]
        return under_way[-1] if under_way else ""

    def note(self, play: Play) -> None:
        """A step has begun."""
        from kerneltui.sessions.saving import spec_of, text_of  # a list of lessons needs none

        before = self._of(play.lesson)
        most = max(before.most, play.number)
        self._notes.pop(play.lesson.name, None)  # the latest stands last
        note = Note(play.number, most, play.count, finished=before.finished)
        self._notes[play.lesson.name] = note
        self._write()
        name = _session_name(play.lesson, play.number)
        with suppress(UserError, OSError):
            text = text_of(spec_of(play.session), Path(name))
            self._sessions[name] = text
            if self._folder is not None:
                write_atomically(self._folder / name, text)

    def finish(self, play: Play) -> None:
        """The last step is done."""
        self._notes[play.lesson.name] = Note(play.number, play.number, play.count, finished=True)
        self._write()

    def _write(self) -> None:
        if self._folder is None:
            return
        with suppress(UserError, OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            text = msgspec.json.encode(self._notes).decode()
            write_atomically(self._folder / NAME, f"{text}\n")

    def session_at(
        self, lesson: Lesson, number: int, drivers: Iterable[OwnDriver] = ()
    ) -> Session | None:
        """The machine as it was when a step began; None where that is not known (any more).

        It was another one where a driver of the student's own has come, or has changed.
        """
        from kerneltui.sessions.opening import (
            changed_origins,
            load_session,
            open_saved,
            read_session,
            resume,
        )

        name = _session_name(lesson, number)
        try:
            if name in self._sessions:
                saved = read_session(ConfigFile(Path(name), self._sessions[name]))
            elif number and self._folder is not None and (self._folder / name).exists():
                saved = load_session(self._folder / name)
            else:
                return None
            own = lesson.drivers_among(drivers, number)
            if any(changed_origins(saved, own)):
                return None
            session = open_saved(saved, lambda _: own)
            for _ in resume(session, saved):
                pass
        except UserError:
            return None
        return session


def _session_name(lesson: Lesson, number: int) -> str:
    return f"{lesson.name}-{number + 1}{ENDING}"
