"""Lessons that prove themselves: each is played in the dashboard with its own solution."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from textual.pilot import Pilot

from kerneltui.errors import UserError, suggestion
from kerneltui.lessons.lesson import Lesson
from kerneltui.lessons.play import Play
from kerneltui.lessons.pointing_at import pointed
from kerneltui.lessons.spec import LessonStepSpec
from kerneltui.lessons.stages import solution, stage, to_be_written
from kerneltui.lessons.twin import STEPPING
from kerneltui.own.loading import load_driver
from kerneltui.scenarios.changes import UNCHANGED
from kerneltui.tui.app import KernelTui
from kerneltui.tui.commands import BY_IDENT, BY_KEY, CURSOR_KEYS
from kerneltui.tui.panels.kinds import KINDS
from kerneltui.tui.pressing import PAUSE_S, check_keys, press
from kerneltui.tui.requests import StartLesson, UseSession

SIZES = (140, 40), (80, 24)
"""It has to go on a small screen too, where other panels have the cursor."""
LONGEST = 700
"""Letters of a text that can be read beside the machine in a small terminal."""
OTHER_KEYS = frozenset((
    "Enter", "Esc", "Space", "Tab", "Backspace", "F1", "Ctrl+C", "Ctrl+Q", "arrows", "Shift",
))  # fmt: skip
MOST_PAUSES = 50
"""before a step counts as not done"""
_QUOTED = re.compile(r"`([^`]+)`")
_KEY = re.compile(r"[^\W\d_]|[<>,.?/+\-\[\]]|Ctrl\+\w|F\d{1,2}")
"""What between backquotes is meant as a key."""


Size = tuple[int, int]


async def check_lesson(lesson: Lesson, sizes: Sequence[Size] = SIZES) -> list[str]:
    """Play it; answers what is wrong, each in a line with its place in the file."""
    found = [*_words(lesson)]
    for size in sizes:
        found += [text for text in await _played(lesson, size) if text not in found]
    return found


async def _played(lesson: Lesson, size: Size) -> list[str]:
    found: list[str] = []
    session = lesson.session()
    session.boot()
    app = KernelTui(session)
    async with app.run_test(size=size) as pilot:
        app.carry_out(StartLesson(str(lesson.file.path), 0))
        if app.play is None:
            return [*found, str(lesson.file.error((), "this lesson does not begin"))]
        student = Student(lesson)
        for number, step in enumerate(lesson.spec.steps):
            app.show_view()
            found += [*_before(lesson, app.play, number, step)]
            student.write(app, number, step)
            wrong = await _solve(app, pilot, number, step)
            if wrong:
                found.append(str(lesson.file.error(("steps", number, "solution"), wrong)))
                break
            app.action_lesson()
    return found


class Student:
    """Who writes the driver of a lesson that has one: as far as each step asks for."""

    def __init__(self, lesson: Lesson) -> None:
        """Raises :class:`UserError` where the lesson's solution cannot be used."""
        self._lesson = lesson
        if lesson.spec.driver is None:
            return
        self._role = lesson.spec.driver.role
        self._text = solution(lesson)
        self._unwritten = to_be_written(lesson)
        self._folder = TemporaryDirectory()
        self._path = Path(self._folder.name) / "my_driver.py"
        self._save()

    def _save(self) -> None:
        self._path.write_text(stage(self._text, self._unwritten), encoding="utf-8")

    def write(self, app: KernelTui, number: int, step: LessonStepSpec) -> None:
        """What the step asks for: start anew with a driver, or go on writing it."""
        if step.goal is not None and step.goal.driver:
            session = self._lesson.session()
            bsp = session.setup.board.spec.bsp
            session.close()
            driver = load_driver(self._role, self._path, bsp)
            session = self._lesson.session(number, [driver])
            app.carry_out(UseSession(session, self._lesson.board(number), UNCHANGED))
        elif step.writes:
            self._unwritten -= set(step.writes)
            self._save()


# -- the text --------------------------------------------------------------------------------------


def _words(lesson: Lesson) -> Iterator[str]:
    """Commands and keys that there are not; texts that are too long."""
    for number, step in enumerate(lesson.spec.steps):
        for key, said in (*_of_names(step), *_of_texts(step)):
            yield str(lesson.file.error(("steps", number, key), said))


def _of_names(step: LessonStepSpec) -> Iterator[tuple[str, str]]:
    """Commands, panels and stepping keys that there are not; and what is missing."""
    goal = step.goal
    commands = [("allow", item) for item in step.allow]
    if goal is not None and goal.command:
        commands.append(("goal", goal.command))
    for key, ident in commands:
        if ident not in BY_IDENT:
            yield key, f"there is no command '{ident}'{suggestion(ident, BY_IDENT)}"
    if goal is not None and goal.panel and goal.panel not in {kind.key for kind in KINDS}:
        yield "goal", f"there is no panel '{goal.panel}'"
    if goal is not None and not step.solution:
        yield "goal", "a step with a goal needs a 'solution:'"
    if step.predict is not None:
        for key in step.predict.after.split():
            if key not in STEPPING:
                yield "predict", f"'{key}' is no stepping key{suggestion(key, STEPPING)}"


def _of_texts(step: LessonStepSpec) -> Iterator[tuple[str, str]]:
    if len(step.text) > LONGEST:
        said = f"a text of {len(step.text)} letters; more than {LONGEST} nobody reads at once"
        yield "text", said
    for key, text in _texts(step):
        for word in _QUOTED.findall(text):
            if _KEY.fullmatch(word) and not _is_key(word):
                yield key, f"the key '{word}' does nothing"


def _texts(step: LessonStepSpec) -> Iterator[tuple[str, str]]:
    yield "text", step.text
    for hint in step.hints:
        yield "hints", hint
    if step.done:
        yield "done", step.done


def _is_key(word: str) -> bool:
    panels = {kind.key for kind in KINDS}
    known = {key for command in BY_KEY.values() for key in (command.keys, command.key)}
    return word in known | panels | OTHER_KEYS | set(CURSOR_KEYS) or any(
        word in keys.split() for keys in known
    )


# -- the machine -----------------------------------------------------------------------------------


def _before(lesson: Lesson, play: Play, number: int, step: LessonStepSpec) -> Iterator[str]:
    """A step that has just begun: what it points at is there, and its goal is not reached."""
    place = ("steps", number)
    for item, text in enumerate(step.point):
        try:
            pointed(play.session, text)
        except UserError as error:
            yield str(lesson.file.error((*place, "point", item), str(error)))
    if step.goal is not None and play.is_done:
        said = "this goal is reached before anything has been done"
        yield str(lesson.file.error((*place, "goal"), said))


async def _solve(app: KernelTui, pilot: Pilot[int], number: int, step: LessonStepSpec) -> str:
    """Do what a step asks for; answers why that is not possible."""
    play = app.play
    if play is None or play.number != number:
        return "the step before does not lead here"
    if step.predict is not None:
        asked = play.question
        if asked is None:
            return f"the question makes no sense here: {play.problem}"
        return "" if play.answer(asked.right) else "the question has no right answer"
    if step.goal is None:
        return ""
    keys = step.solution.split()
    check_keys(keys)
    await press(pilot, app, keys)
    for _ in range(MOST_PAUSES):  # what a key has set going may take its time
        app.show_view()
        if play.is_done:
            return ""
        await pilot.pause(PAUSE_S)
    return f"'{step.solution}' does not reach the goal"
