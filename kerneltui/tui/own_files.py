"""For which boards a file of a person's own is, told from some of its lines.

Nothing is checked here: who opens a file that is wrong is told what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kerneltui.errors import UserError
from kerneltui.kernel.bsp import BOARDS
from kerneltui.scenarios.kinds_of_board import kinds_of_board

ENOUGH = 65_536
"""Bytes that are read: what tells the board stands before what is long."""
TELLING = ("board", "boards", "program", "faults", "boot", "cpu", "bsp", "steps")
_KEY = re.compile(r"^([a-z_]+):", re.MULTILINE)
_BOARD_OF_STEP = re.compile(r"^ +(?:- )?board: *([\w-]+) *$", re.MULTILINE)
_BSP = re.compile(r"^bsp: *([\w-]+)", re.MULTILINE)
_PC_KEYS = "boot", "cpu"


def boards_of_file(path: Path) -> tuple[str, ...]:
    """The kinds of board, in the order in which the program lists them; none where it is unclear.

    A session, a lesson and a board name theirs; what a scenario wants decides that.
    """
    try:
        with path.open("rb") as file:
            text = file.read(ENOUGH).decode("utf-8", "ignore")
        found = _boards(dict(_told(path, text)))
    except (OSError, UserError, LookupError, TypeError, AttributeError):
        return ()
    return tuple(board for board in BOARDS if board in found)


def _told(path: Path, text: str) -> Iterator[tuple[str, Any]]:
    """The keys of :data:`TELLING` with what they say, each read by itself; of steps only that."""
    from kerneltui.yamltext import parse  # a person has to have files first

    keys = list(_KEY.finditer(text))
    for number, key in enumerate(keys, 1):
        end = keys[number].start() if number < len(keys) else len(text)
        if key[1] == "steps":
            yield "steps", [match[1] for match in _BOARD_OF_STEP.finditer(text)]
        elif key[1] in TELLING:
            yield key[1], parse(path, text[key.start() : end]).data[key[1]]


def _boards(data: dict[str, Any]) -> tuple[str, ...]:
    if "bsp" in data:
        return (data["bsp"],)
    board = data.get("board")
    if isinstance(board, dict):  # of a session; one that is not built in has its text there
        own = _BSP.search(board.get("text") or "")
        return (board["name"] if own is None else own[1],)
    if board is not None:
        return board, *data.get("steps", ())
    if "program" not in data:  # a kernel image runs
        return tuple(data["boards"])
    return kinds_of_board(
        data["program"], data.get("faults", ()), data.get("boards", ()),
        is_pc=any(data.get(key) for key in _PC_KEYS),
    )  # fmt: skip
