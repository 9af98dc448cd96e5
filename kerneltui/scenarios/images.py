"""Sessions with an image of machine code instead of the teaching kernel."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from kerneltui.debugger.session import Session
from kerneltui.debugger.setup import Setup
from kerneltui.errors import UserError
from kerneltui.machine.board import Board, load_board
from kerneltui.machine.native.extra import check_installed
from kerneltui.machine.native.firmware import FirmwareOptions, board_for_image, options_beside
from kerneltui.scenarios.scenario import (
    DEFAULT_BOARD,
    UNCHANGED,
    Changes,
    changed_board,
    inputs_with,
    pokes_of,
)

if TYPE_CHECKING:
    from kerneltui.machine.native.image import NativeImage

NOT_OF_IMAGES = {"queue": "--queue", "sched": "--sched", "append": "--append", "cpu": "--cpu"}
"""Options that say what the teaching kernel, or a PC, is to do."""

ABOUT = "{}, an image of machine code: what it does is up to whoever wrote it."


HIGHEST_LOAD = 0x3FFF_FFFF
"""As of ``kernel_address`` in config.txt."""


def open_image(board: str | Board | None, path: Path, changes: Changes = UNCHANGED) -> Session:
    """A session at reset, on a board as the firmware leaves it, with an image.

    A ``config.txt`` beside it is followed as far as it says where and how to start; ``changes`` win
    over it.  Raises :class:`UserError`.
    """
    check_installed()
    for name, option in NOT_OF_IMAGES.items():
        if getattr(changes, name):
            raise UserError(f"{option} is nothing for an image of machine code; leave it out")
    found = board if isinstance(board, Board) else load_board(board or DEFAULT_BOARD)
    if found.is_x86:
        raise UserError(f"--kernel: images are for AArch64; the board {found.name} is a PC")
    options = _started(options_beside(path, found), path, changes)
    image = _image(path, options)
    return Session(
        Setup(
            board=changed_board(board_for_image(found, options), changes.without),
            changes=changes,
            kernel=image,
            scenario_name=path.name,
            scenario_source=str(path),
            scenario_title=path.name,
            about="\n".join((ABOUT.format(path.name), *options.notes)),
            inputs=inputs_with((), changes),
            pokes=tuple(pokes_of(changes)),
        )
    )


def _started(options: FirmwareOptions, path: Path, changes: Changes) -> FirmwareOptions:
    """The options of config.txt, changed by those of the command line.

    Who says at which level an image begins does without a stub that config.txt names.
    """
    if changes.entry:
        options = replace(options, entry=changes.entry, armstub="")
    if changes.load:
        options = replace(options, load=_address(path, changes.load))
    if changes.cmdline is not None:
        if "\0" in changes.cmdline:
            raise UserError("--cmdline: a command line has no character 0")
        options = replace(options, cmdline=changes.cmdline)
    return options


def _address(path: Path, text: str) -> int:
    from kerneltui.machine.native.image import is_elf

    try:
        address = int(text, 0)
    except ValueError:
        address = -1
    if not 0 <= address <= HIGHEST_LOAD or address % 4:
        said = f"from 0 to {HIGHEST_LOAD:#x}, a multiple of 4, not '{text}'"
        raise UserError(f"--load must be an address {said}")
    if is_elf(path):
        raise UserError(f"--load: {path} is an ELF file, which says itself where it lies")
    return address


def _image(path: Path, options: FirmwareOptions) -> NativeImage:
    from kerneltui.machine.native.image import EL2, EL3, is_elf, load_image, with_stub

    image = load_image(
        path,
        load=None if is_elf(path) else options.load,
        level=EL3 if options.kernel_old else EL2,
        all_cores=options.kernel_old,
    )
    return with_stub(image, path.with_name(options.armstub)) if options.armstub else image
