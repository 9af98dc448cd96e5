"""What pictures are made of: a machine at a moment, and what has been noted about it."""

from __future__ import annotations

from typing import NamedTuple

from kerneltui.debugger.rates import RateMeter
from kerneltui.debugger.register_marks import RegisterMarks
from kerneltui.debugger.setup import Setup
from kerneltui.debugger.trace import EventNames, Recorder
from kerneltui.kernel.inspector import Inspector
from kerneltui.machine.machine import Machine


class Sight(NamedTuple):
    """See the module; a session makes one for each picture."""

    setup: Setup
    machine: Machine
    inspector: Inspector
    focus: int
    """the core on show"""
    generation: int
    """another one whenever something has happened"""
    stop: str
    """why the last run ended"""
    recorder: Recorder
    names: EventNames
    registers: RegisterMarks
    """which have been looked at"""
    rates: RateMeter
