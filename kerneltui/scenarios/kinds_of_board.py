"""Which kinds of board a scenario of the teaching kernel is for: what it wants decides that."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kerneltui.kernel.bsp import PC_BOARD
from kerneltui.kernel.faults import FAULTS
from kerneltui.kernel.programs import PROGRAMS


def kinds_of_board(
    program: str, faults: Iterable[str], named: Sequence[str], *, is_pc: bool
) -> tuple[str, ...]:
    """Those that its program and all of its faults are for, and that its file names, if any.

    ``is_pc``: it has keys that only a PC has.
    """
    limits = [FAULTS[fault].boards for fault in faults]
    if named:
        limits.append(tuple(named))
    if is_pc:
        limits.append((PC_BOARD,))
    found = PROGRAMS[program].boards
    return tuple(board for board in found if all(board in boards for boards in limits))
