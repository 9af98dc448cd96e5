"""What there is to open: the course, scenarios, boards, and files of a person's own."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from kerneltui.configfile import ConfigFile, available
from kerneltui.kernel.bsp import BOARDS
from kerneltui.lessons.progress import StudentProgress
from kerneltui.recent import recent_files
from kerneltui.scenarios.kinds_of_board import kinds_of_board
from kerneltui.sessions.writing import ENDING
from kerneltui.shelves import COURSES, GROUPS, LEVELS
from kerneltui.statefolder import state_folder, tilde
from kerneltui.tui.own_files import boards_of_file

GO_ON, OWN, HARDWARE = "Go on", "Files of your own", "Boards"
ALL = "all boards"
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
    level: str = ""
    """how hard it is"""
    boards: str = ""
    """the kinds of board that it is for"""
    note: str = ""
    """how long it takes, or how far one is"""


def offers(progress: StudentProgress) -> list[Offer]:
    """All, in the order in which they are listed."""
    found = _files("lessons")
    return [
        *_go_on(progress, found), *_lessons(progress, found), *_scenarios(), *_boards(), *_own(),
    ]  # fmt: skip


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


def _files(kind: str) -> dict[str, dict[str, Any]]:
    """What the built-in files of a kind say; they are known to be right."""
    return {name: ConfigFile.load(path).data for name, path in available(kind).items()}


def _go_on(progress: StudentProgress, found: dict[str, dict[str, Any]]) -> list[Offer]:
    latest = progress.latest()
    offered = [_lesson(latest, found[latest], progress, GO_ON)] if latest in found else []
    if any((state_folder() / "sessions").glob(f"*{ENDING}")):
        about = "what you typed, poked and marked when you left the last time; without its lesson"
        offered.append(Offer(OfferKind.LAST, "last", "The session of the last time", about, GO_ON))
    return offered


def _lesson(name: str, data: dict[str, Any], progress: StudentProgress, section: str) -> Offer:
    how_far = progress.in_brief(name, len(data["steps"]))
    used = {data["board"], *(step.get("board", data["board"]) for step in data["steps"])}
    return Offer(
        OfferKind.LESSON, name, data["title"], data["about"], section,
        STARS[data.get("level", "first")], _in_words(board for board in BOARDS if board in used),
        how_far or f"{data.get('minutes', 15)} min",
    )  # fmt: skip


def _in_words(boards: Iterable[str]) -> str:
    found = tuple(boards)
    return ALL if len(found) == len(BOARDS) else " ".join(found)


def _lessons(progress: StudentProgress, found: dict[str, dict[str, Any]]) -> list[Offer]:
    def place(item: tuple[str, dict[str, Any]]) -> tuple[int, int]:
        return COURSES.index(item[1]["course"]), item[1]["order"]

    return [
        _lesson(name, data, progress, f"Course: {data['course']}")
        for name, data in sorted(found.items(), key=place)
    ]


def _scenarios() -> list[Offer]:
    def place(item: tuple[str, dict[str, Any]]) -> tuple[int, str, int, str]:
        name, data = item
        group = data.get("group", "")
        known = GROUPS.index(group) if group in GROUPS else len(GROUPS)
        return known, group, LEVELS.index(data.get("level", "second")), name

    return [
        Offer(
            OfferKind.SCENARIO, name, data["title"], data.get("about", ""),
            f"Scenarios: {data.get('group', 'Others')}",
            STARS[data.get("level", "second")],
            _in_words(
                kinds_of_board(
                    data["program"], data.get("faults", ()), data.get("boards", ()),
                    is_pc=bool(data.get("boot") or data.get("cpu")),
                )
            ),
        )
        for name, data in sorted(_files("scenarios").items(), key=place)
    ]  # fmt: skip


def _boards() -> list[Offer]:
    return [
        Offer(
            OfferKind.BOARD, name, data["title"],
            f"{data['cpu']['cores']} x {data['cpu']['compatible']}", HARDWARE, boards=name,
        )
        for name, data in _files("boards").items()
    ]  # fmt: skip


def _own() -> list[Offer]:
    found = [_file(path) for path in recent_files()]
    about = "a scenario, a lesson, a session or a board that you or somebody has written"
    return [*found, Offer(OfferKind.PATH, "", "Another file", about, OWN)]


def _file(path: Path) -> Offer:
    boards = _in_words(boards_of_file(path))
    return Offer(OfferKind.FILE, str(path), path.name, tilde(path.parent), OWN, boards=boards)
