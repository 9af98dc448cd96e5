"""``--driver ROLE=FILE``: the only place where a driver's file is named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from kerneltui.errors import UserError
from kerneltui.own.driver import OwnDriver
from kerneltui.own.loading import check_role, load_driver

NOT_OF_IMAGES = "--driver is nothing for an image of machine code; leave it out"


def drivers_named(texts: Sequence[str]) -> Callable[[str], tuple[OwnDriver, ...]]:
    """Loads them, for a kind of board, which is empty where an image of machine code runs.

    Raises :class:`UserError` for what makes no sense.
    """
    named: dict[str, Path] = {}
    for text in texts:
        role, equals, file = text.partition("=")
        role, file = role.strip(), file.strip()
        if not equals or not role or not file:
            raise UserError(f"--driver {text}: write ROLE=FILE, such as timer=my_timer.py")
        if role in named:
            raise UserError(f"--driver {text}: there is one for {role} already: {named[role]}")
        named[role] = Path(file)

    def load(board: str) -> tuple[OwnDriver, ...]:
        if not board:
            raise UserError(NOT_OF_IMAGES)
        for role in named:
            try:
                check_role(role, board)
            except UserError as error:
                raise UserError(f"--driver {role}: {error}") from None
        return tuple(load_driver(role, path, board) for role, path in named.items())

    return load
