"""Whether what a lesson names is there, without playing it: machines, conditions, things."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from kerneltui.errors import Mistakes, UserError
from kerneltui.lessons.goals import Goal
from kerneltui.lessons.lesson import Lesson
from kerneltui.lessons.names import NOTHING_YET
from kerneltui.lessons.pointing_at import pointed
from kerneltui.lessons.spec import GoalSpec, LessonStepSpec
from kerneltui.machine.board import load_board
from kerneltui.scenarios.reading import load_scenario

if TYPE_CHECKING:
    from kerneltui.debugger.session import Session

Place = tuple[str | int, ...]


def check_names(lesson: Lesson) -> None:
    """Look for all that a lesson names.  Raises :class:`UserError`, with all mistakes."""
    found = Mistakes()
    for place, kind, name in _machines(lesson):
        try:
            (load_board if kind == "board" else load_scenario)(name)
        except UserError as error:  # one of a file of its own tells where it stands there
            found.add(error if error.path else lesson.file.error((*place, kind), str(error)))
    found.tell()
    session: Session | None = None
    for number, step in enumerate(lesson.spec.steps):
        if session is None or lesson.start(number) == number:
            if session is not None:
                session.close()
            session = lesson.session(number)
        _check_step(lesson, session, number, step, found)
    if session is not None:
        session.close()
    found.tell()


def _machines(lesson: Lesson) -> Iterator[tuple[Place, str, str]]:
    """Boards and scenarios: where each is named, which of the two it is, and its name."""
    spec = lesson.spec
    yield (), "board", spec.board
    yield (), "scenario", spec.scenario
    for number, step in enumerate(spec.steps):
        for kind in ("board", "scenario"):
            if getattr(step, kind):
                yield ("steps", number), kind, getattr(step, kind)


def _check_step(
    lesson: Lesson, session: Session, number: int, step: LessonStepSpec, found: Mistakes
) -> None:
    """What is pointed at, and what the goal says; timeouts come and go, and are not looked for."""
    things: list[tuple[Place, str]] = [
        (("point", item), text) for item, text in enumerate(step.point)
    ]
    goals: list[tuple[Place, GoalSpec]] = []
    if step.goal is not None:
        things += [(("goal", "on"), step.goal.on)] if step.goal.on else []
        goals = [
            (("goal", "when"), GoalSpec(when=step.goal.when)),
            (("goal", "queue"), GoalSpec(queue=step.goal.queue)),
        ]
    for place, text in things:
        if text.split()[:1] != ["timeout"]:
            try:
                pointed(session, text)
            except UserError as error:
                found.add(lesson.file.error(("steps", number, *place), str(error)))
    for place, goal in goals:
        try:
            Goal(session, goal, NOTHING_YET)
        except UserError as error:
            found.add(lesson.file.error(("steps", number, *place), str(error)))
