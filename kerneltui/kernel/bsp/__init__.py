"""Board support: addresses, interrupt maps and driver bring-up."""

from __future__ import annotations

from typing import Any

from kerneltui.kernel.platform import Platform
from kerneltui.kernel.workload import Workload

BOARDS = ("rpi3", "rpi4", "x86")
"""What a board file's ``bsp`` can be."""
PC_BOARD = "x86"
"""Of these, the one of a PC."""


def platform_class(board: str) -> Any:
    """The platform that a board's name stands for.  Raises KeyError for an unknown one."""
    if board == PC_BOARD:
        from kerneltui.kernel.bsp.pc import Pc

        return Pc
    if board in BOARDS:
        from kerneltui.kernel.bsp.raspberrypi import RaspberryPi

        return RaspberryPi
    raise KeyError(board)


def make_platform(cpu: Any, board: str, workload: Workload, *, drain: bool) -> Platform:
    """The platform of a core.  Raises KernelError for boot parameters that it does not know."""
    made: Platform = platform_class(board)(cpu, board, workload, drain=drain)
    return made
