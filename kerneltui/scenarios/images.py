"""Sessions with an image of machine code instead of the teaching kernel.

A scenario's file names it, or the command line does: then there is a scenario of which nobody has
written a file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from kerneltui.debugger.session import Session
from kerneltui.debugger.setup import Setup
from kerneltui.errors import UserError
from kerneltui.machine.board import load_board
from kerneltui.machine.checked_board import Board
from kerneltui.machine.native.extra import check_installed
from kerneltui.machine.native.firmware import FirmwareOptions, board_for_image, options_beside
from kerneltui.machine.native.image import (
    EL2,
    EL3,
    ImageError,
    check_file,
    is_elf,
    load_image,
    with_stub,
)
from kerneltui.own.driver import OwnDriver
from kerneltui.scenarios.changes import UNCHANGED, Changes, inputs_with, pokes_of, session_on
from kerneltui.scenarios.own_drivers import kind_for_drivers, no_drivers
from kerneltui.scenarios.reading import ImageScenario, check_board
from kerneltui.scenarios.spec import HIGHEST_LOAD, ImageScenarioSpec

if TYPE_CHECKING:
    from kerneltui.machine.native.image import NativeImage

NOT_OF_IMAGES = {"queue": "--queue", "sched": "--sched", "append": "--append", "cpu": "--cpu"}
"""Options that say what the teaching kernel, or a PC, is to do."""

ABOUT = "{}, an image of machine code: what it does is up to whoever wrote it."


def open_image(
    board: str | None,
    path: Path,
    changes: Changes = UNCHANGED,
    drivers: Callable[[str], tuple[OwnDriver, ...]] = no_drivers,
) -> Session:
    """A session at reset, on a board, with the image of a file: as if a scenario named it.

    Raises :class:`UserError`.
    """
    scenario = image_scenario(path)
    found = load_board(scenario.usual_board if board is None else board)
    own = drivers(kind_for_drivers(found, scenario))
    return image_session(found, scenario, str(path), changes, own)


def image_scenario(path: Path) -> ImageScenario:
    """The scenario of an image that the command line names."""
    spec = ImageScenarioSpec(title=path.name, image=str(path))
    return ImageScenario(path.name, spec, None, path=path)


def image_session(
    board: Board,
    scenario: ImageScenario,
    source: str = "",
    changes: Changes = UNCHANGED,
    drivers: tuple[OwnDriver, ...] = (),
) -> Session:
    """A session at reset, on a board as the firmware leaves it, with the scenario's image.

    A ``config.txt`` beside the image is followed as far as it says where and how to start; the
    scenario wins over it, and ``changes`` win over both.  Raises :class:`UserError`.
    """
    _check_fit(board, scenario, changes, drivers)
    with _told_at_image(scenario):
        check_file(scenario.path)
        options = _started(options_beside(scenario.path, board), scenario, changes)
        image = _image(scenario.path, options)
        about = scenario.spec.about or ABOUT.format(scenario.path.name)

        def session(changed: Board) -> Session:
            return Session(
                Setup(
                    board=changed,
                    changes=changes,
                    kernel=image,
                    scenario_name=scenario.name,
                    scenario_source=source or scenario.name,
                    scenario_title=scenario.spec.title,
                    scenario_file=scenario.file,
                    about="\n".join((about, *options.notes)),
                    inputs=inputs_with(scenario.inputs, changes),
                    pokes=(*scenario.pokes, *pokes_of(changes)),
                    bookmarks=scenario.bookmarks,
                )
            )

        return session_on(board_for_image(board, options), scenario, changes, session)


def _check_fit(
    board: Board, scenario: ImageScenario, changes: Changes, drivers: tuple[OwnDriver, ...]
) -> None:
    """Whether scenario, board and command line can go together."""
    given = [option for name, option in NOT_OF_IMAGES.items() if getattr(changes, name)]
    if drivers:
        given.append("a driver of one's own")
    if given:
        raise UserError(f"{given[0]} is nothing for an image of machine code; leave it out")
    if board.is_x86:
        by = "--kernel" if scenario.file is None else f"the scenario '{scenario.name}'"
        raise UserError(f"{by}: images are for AArch64; the board {board.name} is a PC")
    if scenario.spec.boards:
        check_board(scenario, board)
    try:
        check_installed()
    except UserError as error:
        by = "--kernel" if scenario.file is None else "an image"
        raise scenario.error(("image",), f"{by} {error}") from None


@contextmanager
def _told_at_image(scenario: ImageScenario) -> Iterator[None]:
    """What is wrong with an image is told with the line that names it."""
    try:
        yield
    except ImageError as error:
        raise scenario.error(("image", "file"), str(error)) from None


def _started(
    options: FirmwareOptions, scenario: ImageScenario, changes: Changes
) -> FirmwareOptions:
    """The options of config.txt, changed by those of the scenario and of the command line.

    Who says at which level an image begins does without a stub that config.txt names.
    """
    start = scenario.spec.start
    entry = changes.entry or start.entry
    if entry:
        options = replace(options, entry=entry, armstub="")
    load = _address(changes.load) if changes.load else start.load
    if load is not None:
        if is_elf(scenario.path):
            said = f"{scenario.path} is an ELF file, which says itself where it lies"
            if changes.load:
                raise UserError(f"--load: {said}")
            raise scenario.error(("image", "load"), f"{said}; remove 'load'")
        options = replace(options, load=load)
    cmdline = start.cmdline if changes.cmdline is None else changes.cmdline
    if cmdline is not None:
        if "\0" in cmdline:
            raise UserError("--cmdline: a command line has no character 0")
        options = replace(options, cmdline=cmdline)
    return options


def _address(text: str) -> int:
    """What ``--load`` says."""
    try:
        address = int(text, 0)
    except ValueError:
        address = -1
    if not 0 <= address <= HIGHEST_LOAD or address % 4:
        said = f"from 0 to {HIGHEST_LOAD:#x}, a multiple of 4, not '{text}'"
        raise UserError(f"--load must be an address {said}")
    return address


def _image(path: Path, options: FirmwareOptions) -> NativeImage:
    image = load_image(
        path,
        load=None if is_elf(path) else options.load,
        level=EL3 if options.kernel_old else EL2,
        all_cores=options.kernel_old,
    )
    return with_stub(image, path.parent / options.armstub) if options.armstub else image
