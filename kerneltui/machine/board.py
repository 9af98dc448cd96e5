"""Board files: what a machine consists of.  They read like a device tree.

A board names its devices (``compatible``), where their register windows lie (``reg``), their
parameters (``config``) and where their interrupt outputs lead (``interrupts``).
"""

from __future__ import annotations

from pathlib import Path

from kerneltui.configfile import ConfigFile, find
from kerneltui.machine.board_spec import BoardSpec
from kerneltui.machine.checked_board import Board


def load_board(name: str) -> Board:
    """A built-in board by name, or a board file by path.  Raises :class:`UserError`."""
    path = find("boards", name)
    return read_board(ConfigFile.load(path), path)


def read_board(file: ConfigFile, path: Path) -> Board:
    """Check a parsed board file.  Raises :class:`UserError`, with all mistakes."""
    spec = file.checked(BoardSpec)
    if spec is None:
        from kerneltui.machine.board_mistakes import check_all  # built-in boards are checked

        spec = check_all(file)
    return Board(path.stem, spec, file)
