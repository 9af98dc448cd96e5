"""What a file of a person's own is, and whether it is right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from kerneltui.configfile import ConfigFile
from kerneltui.errors import Mistakes, UserError
from kerneltui.lessons.checking import check_names
from kerneltui.lessons.lesson import looks_like_lesson, read_lesson
from kerneltui.machine.board import load_board, read_board
from kerneltui.machine.board_spec import BoardSpec
from kerneltui.machine.checked_board import Board
from kerneltui.machine.image_board import looks_like_image, read_image
from kerneltui.scenarios.own_drivers import kind_for_drivers, no_drivers
from kerneltui.scenarios.reading import KEYS, Scenario, load_scenario, read_scenario, what_fits
from kerneltui.scenarios.scenario import DEFAULT_SCENARIO, make_session
from kerneltui.sessions.opening import changed_origins, looks_like_session, open_saved, read_session

if TYPE_CHECKING:
    from kerneltui.own.driver import OwnDriver

LoadsDrivers = Callable[[str], "tuple[OwnDriver, ...]"]
TEXTS = frozenset({".yaml", ".yml"})
"""What the names of files end in that are no images of machine code."""


def kind_of_file(path: Path) -> str:
    """``session``, ``lesson``, ``board`` or ``scenario``.  Raises :class:`UserError`."""
    kind = _kind(ConfigFile.load(path))
    if kind == "image":
        raise UserError(f"{path}: what a board has for kernel images: its 'image:' names this file")
    return kind


def check_kinds(given: Mapping[str, str | Path | None]) -> None:
    """What was given with one of the options ``--board``, ``--scenario`` and so on, or None.

    Raises :class:`UserError` for a file of another kind: what is wrong in it as what it is not
    says little.
    """
    for option, name in given.items():
        path = Path(name or "")
        if path.suffix not in TEXTS or not path.is_file():
            continue
        try:
            file = ConfigFile.load(path)
            kind = kind_of_file(path)
        except UserError:
            continue
        if f"--{kind}" == option or (kind == "scenario" and not _looks_like_scenario(file)):
            continue
        raise UserError(f"{path}: this is a {kind} file; --{kind} opens it, not {option}")


def _kind(file: ConfigFile) -> str:
    """Some keys may be misspelt, or missing."""
    if looks_like_session(file.data):
        return "session"
    if looks_like_lesson(file.data):
        return "lesson"
    if looks_like_image(file.data):
        return "image"
    return "board" if _looks_like_board(file) else "scenario"


def validate_file(path: Path, drivers: LoadsDrivers = no_drivers) -> str:
    """What a file is, once it is found to be right.

    Raises :class:`UserError` when it is not, with all mistakes.

    A file with more keys of a board than of a scenario is a board.  It, or the boards that a
    scenario is for, is also built once, which finds overlaps, bad wiring and what does not go
    together; an image that a scenario names is loaded.  So is what a board has for kernel images.
    A session is opened, but not run; of a lesson all that it names is looked for.  ``drivers``
    loads a person's own for sessions, scenarios and boards; a lesson chooses its drivers itself,
    and a board's devices for images have no place for them.
    """
    slips, others = Mistakes(), Mistakes()
    file = ConfigFile.load(path, slips)
    with others.noted():
        told = _validated(file, path, drivers)
    slips.add_elsewhere(others)
    slips.tell()
    return told


def _validated(file: ConfigFile, path: Path, drivers: LoadsDrivers) -> str:
    """What a file is.  Raises :class:`UserError`, with all mistakes."""
    kind = _kind(file)
    if kind == "session":
        saved = read_session(file)
        session = open_saved(saved, drivers)
        session.close()
        changed = changed_origins(saved, session.setup.drivers)
        return "; ".join((f"session on {saved.spec.board.name}, '{saved.spec.title}'", *changed))
    if kind in {"lesson", "image"} and drivers is not no_drivers:
        what = "a lesson" if kind == "lesson" else "what a board has for kernel images"
        raise UserError(f"{path}: this is {what}: '--driver' is nothing for it; leave it out")
    if kind == "lesson":
        lesson = read_lesson(file, path)
        check_names(lesson)
        return f"lesson '{lesson.spec.title}'"
    if kind == "board":
        board = read_board(file, path)
        scenario = load_scenario(DEFAULT_SCENARIO)
        found = Mistakes()
        with found.noted():
            _try(board, scenario, drivers)
        if board.spec.image:
            from kerneltui.machine.native.firmware import FirmwareOptions, board_for_image

            with found.noted():
                for_image = board_for_image(board, FirmwareOptions())
                if not found:  # else the same is wrong there
                    _try(for_image, scenario)
        found.tell()
        return f"board '{board.spec.title}'"
    if kind == "image":
        return f"devices for kernel images on {read_image(file).model or 'a board'}"
    try:
        scenario = read_scenario(file, path)
    except UserError as error:
        raise _with_others(error, file, path, drivers) from None
    complaints = []
    for name in sorted(scenario.boards, key=lambda name: name != scenario.usual_board):
        try:
            _try(load_board(name), scenario, drivers)
            return f"scenario '{scenario.spec.title}'"
        except UserError as error:
            complaints.append(error)
    if not complaints:
        raise file.error(("program",), "no kind of board has all that this scenario wants")
    raise complaints[0]


def _with_others(
    error: UserError, file: ConfigFile, path: Path, drivers: LoadsDrivers
) -> UserError:
    """The mistakes of a scenario, with those that a board shows."""
    found = Mistakes()
    found.add(error)
    rest = what_fits(file, path)
    if rest is not None and rest.boards:
        with found.noted():
            _try(load_board(rest.usual_board), rest, drivers)
    return found.told() or error


def _looks_like_board(file: ConfigFile) -> bool:
    board, scenario = set(BoardSpec.__struct_fields__), set(KEYS)
    return len(board & set(file.data)) > len(scenario & set(file.data))


def _looks_like_scenario(file: ConfigFile) -> bool:
    board, scenario = set(BoardSpec.__struct_fields__), set(KEYS)
    return len(scenario & set(file.data)) > len(board & set(file.data))


def _try(board: Board, scenario: Scenario, drivers: LoadsDrivers = no_drivers) -> None:
    own = drivers(kind_for_drivers(board, scenario))
    session = make_session(board, scenario, drivers=own)
    session.view()
    session.close()
