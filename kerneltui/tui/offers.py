"""What there is to open: the course, scenarios, boards, and files of a person's own."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from kerneltui.configfile import available
from kerneltui.lessons.lesson import Lesson, lessons
from kerneltui.lessons.progress import StudentProgress
from kerneltui.machine.board import BoardSpec, load_board
from kerneltui.recent import recent_files
from kerneltui.scenarios.scenario import Scenario, load_scenario
from kerneltui.scenarios.spec import GROUPS, by_level
from kerneltui.statefolder import tilde

GO_ON, OWN, BOARDS = "Go on", "Files of your own", "Boards"
STARS = {"first": "\u2022", "second": "\u2022\u2022", "third": "\u2022\u2022\u2022"}
"""How hard something is."""
TOUR = "tour"


class OfferKind(StrEnum):
    """What is opened."""

    LESSON = "lesson"
    SCENARIO = "scenario"
    BOARD = "board"
    SESSION = "session"
    LAST = "last"
    """what was on show the last time"""
    FILE = "file"
    PATH = "path"
    """a file that is still to be named"""


class Offer(NamedTuple):
    """One thing to open."""

    kind: OfferKind
    name: str
    """by which it is opened"""
    title: str
    about: str
    section: str
    note: str = ""
    """how hard it is, how long it takes, how far one is"""


def offers(progress: StudentProgress) -> list[Offer]:
    """All, in the order in which they are listed."""
    return [*_go_on(progress), *_lessons(progress), *_scenarios(), *_boards(), *_own()]


def is_new_here(progress: StudentProgress) -> bool:
    """Whether nobody has begun anything on this computer."""
    return not progress.has_begun


def first_choice(found: list[Offer], current: str = "") -> int:
    """The place of what Enter opens: what is open, or under way, else the tour, else the first."""
    wanted = (
        next((n for n, item in enumerate(found) if current and item.name == current), None),
        next((n for n, item in enumerate(found) if item.section == GO_ON), None),
        next((n for n, item in enumerate(found) if item.name == TOUR), None),
    )
    return next((place for place in wanted if place is not None), 0)


def _go_on(progress: StudentProgress) -> list[Offer]:
    found = []
    latest = progress.latest()
    if latest in available("lessons"):
        lesson = next(item for item in lessons() if item.name == latest)
        found.append(_lesson(lesson, progress, GO_ON))
    from kerneltui.sessions.autosave import latest as latest_session

    if latest_session() is not None:
        about = "what you typed, poked and marked when you left the last time"
        found.append(Offer(OfferKind.LAST, "last", "The session of the last time", about, GO_ON))
    return found


def _lesson(lesson: Lesson, progress: StudentProgress, section: str) -> Offer:
    spec = lesson.spec
    how = f"{STARS[spec.level]} {spec.minutes} min{progress.in_words(lesson)}"
    return Offer(OfferKind.LESSON, lesson.name, spec.title, spec.about, section, how)


def _lessons(progress: StudentProgress) -> list[Offer]:
    return [_lesson(item, progress, f"Course: {item.spec.course}") for item in lessons()]


def _scenarios() -> list[Offer]:
    found = {name: load_scenario(name) for name in available("scenarios")}
    groups = [*GROUPS, *sorted({item.spec.group for item in found.values()} - {*GROUPS})]
    return [
        _scenario(name, item, group)
        for group in groups
        for name, item in sorted(found.items(), key=lambda pair: by_level(pair[0], pair[1].spec))
        if item.spec.group == group
    ]


def _scenario(name: str, item: Scenario, group: str) -> Offer:
    note = f"{STARS[item.spec.level]} {' '.join(item.boards)}"
    section = f"Scenarios: {group or 'Others'}"
    return Offer(OfferKind.SCENARIO, name, item.spec.title, item.spec.about, section, note)


def _boards() -> list[Offer]:
    def about(spec: BoardSpec) -> str:
        return f"{spec.cpu.cores} x {spec.cpu.compatible}"

    found = {name: load_board(name).spec for name in available("boards")}
    return [
        Offer(
            OfferKind.BOARD, name, spec.title, f"{spec.cpu.cores} x {spec.cpu.compatible}", BOARDS
        )
        for name, spec in found.items()
    ]


def _own() -> list[Offer]:
    found = [_file(path) for path in recent_files()]
    about = "a scenario, a lesson, a session or a board that you or somebody has written"
    return [*found, Offer(OfferKind.PATH, "", "Another file", about, OWN)]


def _file(path: Path) -> Offer:
    return Offer(OfferKind.FILE, str(path), path.name, tilde(path.parent), OWN)
