"""What pictures are made of: a machine at a moment, and what has been noted about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec

from kerneltui.debugger.bookmarks import Bookmark
from kerneltui.debugger.marks import StepKind
from kerneltui.debugger.rates import RateMeter
from kerneltui.debugger.recorder import Recorder
from kerneltui.debugger.references import InterruptReference
from kerneltui.debugger.register_marks import RegisterMarks, RegisterValues
from kerneltui.debugger.setup import Setup
from kerneltui.debugger.trace import EventNames
from kerneltui.debugger.way import Glance
from kerneltui.kernel.inspector import Inspector
from kerneltui.machine.machine import Machine
from kerneltui.machine.position import Position


class Story(msgspec.Struct, frozen=True):
    """The meaningful step that a machine has come to last."""

    kind: StepKind
    core: int
    """the one whose interrupt input it is about"""
    heading: str
    """``STEP 5/12 THE CPU TAKES IT``"""
    sentence: str
    """what happened and why; empty where it has gone on since, and the numbers with it"""
    next_sentence: str
    station: str = ""
    """where on an interrupt's way that is: ``source``, ``line`` and so on"""
    done: frozenset[str] = frozenset()
    """the stations at which nothing more will happen in this course"""
    interrupt: InterruptReference | None = None
    """which one it is about"""
    subject: str = ""
    """that in words: ``Timer interrupt, IRQ 30``"""
    owner: str = ""
    """the device where it happens, at a controller; else empty"""
    register: str = ""
    """that has been accessed for it, or empty"""
    line: str = ""
    """the wire that it is about, or empty"""
    ahead: frozenset[StepKind] = frozenset()
    """of the steps of this very moment those that are told after this one"""
    by_itself: bool = False
    """nothing had to be done for it: so nothing has changed"""
    ago_ns: int = 0
    """how long ago it was"""
    stored: tuple[str, ...] = ()
    """the registers that a person has stored to, in order, where it is about that"""
    since: Position | None = None
    """the moment of the step before, where it is known"""


class Sight(msgspec.Struct, frozen=True):
    """See the module; a session makes one for each picture."""

    setup: Setup
    machine: Machine
    glance: Glance
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
    is_followed: bool = False
    """somebody does: without a story there is no step near"""
    before: RegisterValues | None = None
    """what registers held at the step before, where that is known"""
    bookmarks: tuple[Bookmark, ...] = ()


Makers: TypeAlias = dict[str, Callable[[Sight], Any]]
"""By the names of a view's parts, how each is made."""
