"""Sessions with an image of machine code instead of the teaching kernel."""

from __future__ import annotations

from pathlib import Path

from kerneltui.debugger.session import Session
from kerneltui.debugger.setup import Setup
from kerneltui.errors import UserError
from kerneltui.machine.board import Board, load_board
from kerneltui.machine.native.extra import check_installed
from kerneltui.machine.native.firmware import board_for_image, options_beside
from kerneltui.scenarios.scenario import DEFAULT_BOARD, UNCHANGED, Changes, changed_board, pokes_of

NOT_OF_IMAGES = {"queue": "--queue", "sched": "--sched", "append": "--append", "cpu": "--cpu"}
"""Options that say what the teaching kernel, or a PC, is to do."""

ABOUT = "{}, an image of machine code: what it does is up to whoever wrote it."


def open_image(board: str | Board | None, path: Path, changes: Changes = UNCHANGED) -> Session:
    """A session at reset, on a board as the firmware leaves it, with an image.

    A ``config.txt`` beside it is followed as far as it says where and how to start.  Raises
    :class:`UserError`.
    """
    check_installed()
    for name, option in NOT_OF_IMAGES.items():
        if getattr(changes, name):
            raise UserError(f"{option} is nothing for an image of machine code; leave it out")
    found = board if isinstance(board, Board) else load_board(board or DEFAULT_BOARD)
    if found.is_x86:
        raise UserError(f"--kernel: images are for AArch64; the board {found.name} is a PC")
    from kerneltui.machine.native.image import EL2, EL3, is_elf, load_image

    options = options_beside(path, found)
    is_old = options.kernel_old
    image = load_image(
        path,
        load=None if is_elf(path) else options.load,
        level=EL3 if is_old else EL2,
        all_cores=is_old,
    )
    return Session(
        Setup(
            board=changed_board(board_for_image(found, options), changes.without),
            changes=changes,
            kernel=image,
            scenario_name=path.name,
            scenario_source=str(path),
            scenario_title=path.name,
            about="\n".join((ABOUT.format(path.name), *options.notes)),
            pokes=tuple(pokes_of(changes)),
        )
    )
