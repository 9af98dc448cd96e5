"""Whether a board has the device that a driver is for."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from kerneltui.configfile import available
from kerneltui.kernel.roles import posts
from kerneltui.machine.board import load_board
from kerneltui.machine.checked_board import Board
from kerneltui.own.driver import OwnDriver


def lacking(driver: OwnDriver, board: Board) -> str:
    """What a board lacks for a driver, and which boards have it; empty where nothing is.

    Where a role can be played with one chip or another, a driver wants the one whose address stands
    in its file, as a built-in board of this kind has it.
    """
    numbers = _numbers(driver.text)
    for chips in driver.post.chips:
        absent = [chip for chip in chips if not [*_places(board, chip)]]
        wanted = [chip for chip in absent if numbers & _usual_places(board, chip)]
        if len(absent) == len(chips) or wanted:
            missing = wanted or absent
            having = [name for name in available("boards") if _is_for(driver, missing, name)]
            return (
                f"the board '{board.name}' has no {' or '.join(missing)}, and this driver of the "
                f"role {driver.role} needs one; boards that have one: {', '.join(having)}"
            )
    return ""


def _numbers(text: str) -> set[int]:
    """Those that stand in a program."""
    nodes = ast.walk(ast.parse(text))
    return {
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, int)
    }


def _places(board: Board, chip: str) -> Iterator[set[int]]:
    """Of each such chip, where its windows lie."""
    for device in board.spec.devices.values():
        if device.compatible == chip:
            yield set(device.reg.values())


def _usual_places(board: Board, chip: str) -> set[int]:
    """Where a chip lies on the built-in boards of a kind."""
    boards = map(load_board, available("boards"))
    alike = [item for item in boards if item.spec.bsp == board.spec.bsp]
    return {base for item in alike for places in _places(item, chip) for base in places}


def _is_for(driver: OwnDriver, chips: list[str], name: str) -> bool:
    board = load_board(name)
    has = any(True for chip in chips for _ in _places(board, chip))
    return has and driver.post in posts(driver.role, board.spec.bsp)
