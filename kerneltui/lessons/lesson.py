"""Lessons: from the file to what can be played."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from kerneltui.configfile import LEFT_OUT, ConfigFile, available, find, is_left_out
from kerneltui.errors import Mistakes, suggestion
from kerneltui.kernel.roles import ROLES
from kerneltui.lessons.spec import GoalSpec, LessonSpec, LessonStepSpec
from kerneltui.shelves import COURSES
from kerneltui.units import parse_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kerneltui.debugger.session import Session
    from kerneltui.own.driver import OwnDriver

SPARE = {
    "title": "a lesson",
    "about": "left out",
    "board": "left out",
    "steps": [{"text": LEFT_OUT}],
}
"""Stand for what a file lacks, or has wrong."""
BOOTED, HERE = "booted", "here"
"""Where a step can begin, beside times."""


class Lesson(msgspec.Struct, frozen=True):
    """A checked lesson."""

    name: str
    spec: LessonSpec
    file: ConfigFile
    """gives places in it for errors found later"""

    @property
    def source(self) -> str:
        """What :func:`load_lesson` finds it by, wherever it is."""
        return str(self.file.path)

    def session(self, number: int = 0, drivers: Iterable[OwnDriver] = ()) -> Session:
        """The machine of a step, at reset.  Raises :class:`UserError`.

        Of ``drivers``, which the command line has named, those are used that the lesson is about,
        from the step on that asks for one.
        """
        from kerneltui.scenarios.changes import Changes  # a list needs none
        from kerneltui.scenarios.scenario import open_session

        board, scenario = self.board(number), self._latest("scenario", number)
        place = self.start(number)
        goal = self.spec.steps[place - 1].goal if place else None
        queue = goal.queue if goal is not None and not self.spec.steps[place].is_elsewhere else ""
        own = self.drivers_among(drivers, number)
        changes = Changes(queue=queue or self.spec.queue)
        return open_session(board, scenario, changes, lambda _: own)

    def drivers_among(self, drivers: Iterable[OwnDriver], number: int) -> tuple[OwnDriver, ...]:
        """Those that a step is about."""
        wanted = self.spec.driver
        steps = self.spec.steps[: number + 1]
        if wanted is None or not any(step.goal and step.goal.driver for step in steps):
            return ()
        return tuple(item for item in drivers if item.role == wanted.role)

    def start(self, number: int) -> int:
        """The step with which the machine of a step was made: it is another one, or has another
        queue since the step before.
        """
        steps = self.spec.steps
        for place in range(number, 0, -1):
            goal = steps[place - 1].goal
            if steps[place].is_elsewhere or (goal is not None and goal.queue):
                return place
        return 0

    def board(self, number: int) -> str:
        """That of a step."""
        return self._latest("board", number)

    def _latest(self, key: str, number: int) -> str:
        """What the last of the steps up to one says; else what the lesson says."""
        steps = self.spec.steps[: number + 1]
        given = (getattr(step, key) for step in reversed(steps))
        return str(next(filter(None, given), getattr(self.spec, key)))


KEYS = frozenset(("steps", "title", "about", "board", "minutes", "course"))
OWN = frozenset(("steps", "board", "minutes", "course", "order", "driver"))
"""Of these a scenario's file has none."""


def looks_like_lesson(data: dict[str, object]) -> bool:
    """Some keys may be misspelt, or missing."""
    return len(KEYS & set(data)) >= 3 and len(OWN & set(data)) >= 2


def load_lesson(name: str) -> Lesson:
    """A built-in lesson by name, or a file by path.  Raises :class:`UserError`."""
    path = find("lessons", name)
    return read_lesson(ConfigFile.load(path), path)


def read_lesson(file: ConfigFile, path: Path) -> Lesson:
    """Check a parsed lesson file.  Raises :class:`UserError`, with all mistakes."""
    found = Mistakes()
    spec = file.decode_most(LessonSpec, SPARE, found)
    if spec is not None:
        if "driver" not in file.data or spec.driver is not None:
            _check_driver(file, spec, found)
        known = () if is_left_out(spec.steps[0].text) else spec.steps
        for number, step in file.items("steps", known, LessonStepSpec).items():
            for key, said in _wrong_in(step):
                found.add(file.error(("steps", number, *key), said))
    found.tell()
    assert spec is not None, "what does not fit is a mistake"
    return Lesson(path.stem, spec, file)


def _wrong_in(step: LessonStepSpec) -> Iterator[tuple[tuple[str, ...], str]]:
    """What does not go together in a step: the key, and in words."""
    if step.goal is not None and step.predict is not None:
        yield (), "a step has a goal or a question, not both; make two of it"
    if step.goal == GoalSpec():
        yield ("goal",), "this goal says nothing; write 'when:' or another"
    if step.hints and step.goal is None and step.predict is None:
        yield ("hints",), "hints help to reach a goal; this step has none"
    if step.begin not in {BOOTED, HERE}:
        try:
            parse_duration(step.begin)
        except ValueError as error:
            yield ("begin",), f"{error}; or write {HERE} or {BOOTED}"


def _check_driver(file: ConfigFile, spec: LessonSpec, found: Mistakes) -> None:
    """What a lesson says of a driver, it says where it has one."""
    if spec.driver is not None:
        if spec.driver.role not in ROLES:
            said = f"there is no role '{spec.driver.role}'{suggestion(spec.driver.role, ROLES)}"
            found.add(file.error(("driver", "role"), said))
        return
    for number, step in enumerate(spec.steps):
        if step.writes or (step.goal is not None and step.goal.driver):
            key = "writes" if step.writes else "goal"
            said = "this lesson is about no driver; write 'driver: {role: timer, solution: FILE}'"
            found.add(file.error(("steps", number, key), said))


def lessons() -> list[Lesson]:
    """The built-in ones, in the order of the course."""
    found = [load_lesson(name) for name in available("lessons")]
    return sorted(found, key=lambda item: (*place_of(item), item.name))


def following(lesson: Lesson) -> Lesson | None:
    """The one that comes after it in the course; None after the last, and after one's own."""
    course = lessons()
    names = [item.name for item in course]
    place = names.index(lesson.name) + 1 if lesson.name in names else len(names)
    return course[place] if place < len(names) else None


def place_of(lesson: Lesson) -> tuple[int, int]:
    """Where it stands in the course."""
    return COURSES.index(lesson.spec.course), lesson.spec.order
