"""What a session runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from kerneltui.configfile import ConfigFile
from kerneltui.debugger.bookmarks import Bookmark
from kerneltui.errors import UserError
from kerneltui.machine.checked_board import Board
from kerneltui.machine.machine import KernelFactory
from kerneltui.own.driver import OwnDriver

if TYPE_CHECKING:
    from kerneltui.machine.native.image import NativeImage


class TimedInput(msgspec.Struct, frozen=True):
    """Characters typed at a virtual time (ns since power-on)."""

    at_ns: int
    data: bytes


class PokeRequest(msgspec.Struct, frozen=True):
    """A poke at a virtual time (ns since power-on), as :mod:`kerneltui.debugger.pokes` reads it."""

    at_ns: int
    text: str
    error: Callable[[str], UserError]
    """makes an error of what is wrong with it, for whoever wrote it"""
    core: int = 0
    is_scripted: bool = True
    """it is the scenario's, not a person's"""


class Setup(msgspec.Struct, frozen=True):
    """What a session runs: enough to start again from reset."""

    board: Board
    kernel: KernelFactory | NativeImage
    """what makes a kernel in Python, or an image of machine code"""
    scenario_name: str = ""
    scenario_source: str = ""
    """the name or file that the scenario was opened by"""
    scenario_title: str = ""
    is_puzzle: bool = False
    """the scenario's name says what is to be found"""
    scenario_file: ConfigFile | None = None
    """None where it has not been read from a file"""
    about: str = ""
    task: str = ""
    """what there is to find out; empty where all works"""
    inputs: tuple[TimedInput, ...] = ()
    pokes: tuple[PokeRequest, ...] = ()
    bookmarks: tuple[Bookmark, ...] = ()
    changes: Any = None
    """what the command line has changed on the board"""
    drivers: tuple[OwnDriver, ...] = ()
    """a person's own, in place of the kernel's; no file names them"""
    again: Callable[[tuple[OwnDriver, ...]], Any] | None = None
    """makes a session of the same board and scenario with other drivers, at reset"""

    @property
    def shown_name(self) -> str:
        """The scenario for whoever looks at it: by its name, if that gives nothing away."""
        return self.scenario_title if self.is_puzzle else self.scenario_name
