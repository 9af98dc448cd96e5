"""What a session runs."""

from __future__ import annotations

from typing import Any

import msgspec

from kerneltui.machine.board import Board
from kerneltui.machine.machine import KernelFactory


class TimedInput(msgspec.Struct, frozen=True):
    """Characters typed at a virtual time (ns since power-on)."""

    at_ns: int
    data: bytes


class Setup(msgspec.Struct, frozen=True):
    """What a session runs: enough to start again from reset."""

    board: Board
    kernel: KernelFactory
    scenario_name: str = ""
    scenario_source: str = ""
    """the name or file that the scenario was opened by"""
    scenario_title: str = ""
    about: str = ""
    inputs: tuple[TimedInput, ...] = ()
    changes: Any = None
    """what the command line has changed on the board"""
