"""What pictures are made of: a machine at a moment, and what has been noted about it."""

from __future__ import annotations

from typing import NamedTuple

from kerneltui.debugger.rates import RateMeter
from kerneltui.debugger.recorder import Recorder
from kerneltui.debugger.references import InterruptReference
from kerneltui.debugger.register_marks import RegisterMarks
from kerneltui.debugger.setup import Setup
from kerneltui.debugger.trace import EventNames
from kerneltui.kernel.inspector import Inspector
from kerneltui.machine.machine import Machine


class Story(NamedTuple):
    """The meaningful step that a machine has come to last."""

    heading: str
    """``STEP 5/12 THE CPU TAKES IT``"""
    sentence: str
    """what happened and why; empty where it has gone on since, and the numbers with it"""
    next_sentence: str
    station: str
    """where on an interrupt's way that is: ``source``, ``line`` and so on"""
    done: frozenset[str]
    """the stations at which nothing more will happen in this course"""
    interrupt: InterruptReference | None
    """which one it is about"""


NO_STORY = Story("", "", "", "", frozenset(), None)
"""Nobody follows it."""


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
    story: Story | None = None
    """where somebody follows it"""
