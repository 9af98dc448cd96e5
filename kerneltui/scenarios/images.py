"""Sessions with an image of machine code instead of the teaching kernel."""

from __future__ import annotations

from pathlib import Path

from kerneltui.debugger.session import Session
from kerneltui.debugger.setup import Setup
from kerneltui.errors import UserError
from kerneltui.machine.board import load_board
from kerneltui.machine.native.extra import check_installed
from kerneltui.scenarios.scenario import DEFAULT_BOARD, UNCHANGED, Changes, changed_board, pokes_of

NOT_OF_IMAGES = {"queue": "--queue", "sched": "--sched", "append": "--append", "cpu": "--cpu"}
"""Options that say what the teaching kernel, or a PC, is to do."""


def open_image(board: str | None, path: Path, changes: Changes = UNCHANGED) -> Session:
    """A session at reset, on a board, with an image.  Raises :class:`UserError`."""
    check_installed()
    for name, option in NOT_OF_IMAGES.items():
        if getattr(changes, name):
            raise UserError(f"{option} is nothing for an image of machine code; leave it out")
    found = load_board(board or DEFAULT_BOARD)
    if found.is_x86:
        raise UserError(f"--kernel: images are for AArch64; the board {found.name} is a PC")
    from kerneltui.machine.native.image import load_image

    image = load_image(path)
    return Session(
        Setup(
            board=changed_board(found, changes.without),
            changes=changes,
            kernel=image,
            scenario_name=path.name,
            scenario_source=str(path),
            scenario_title=path.name,
            about=f"{path.name}, an image of machine code: what it does is up to whoever wrote it.",
            pokes=tuple(pokes_of(changes)),
        )
    )
