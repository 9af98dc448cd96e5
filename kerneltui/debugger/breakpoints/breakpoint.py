"""Breakpoints and their hits, as plain data."""

from __future__ import annotations

import msgspec

from kerneltui.debugger.references import Reference
from kerneltui.machine.kernel_image import SourceFrame
from kerneltui.machine.position import Position
from kerneltui.units import format_time

NO_NUMBER = 0
"""What stands for one that nobody has set: the goal of a run to a line."""


class Breakpoint(msgspec.Struct, frozen=True):
    """Where to halt.  See :mod:`kerneltui.debugger.breakpoints.grammar` for the words."""

    what: str
    """``write GICC_EOIR``, ``irq 30 taken``"""
    core: int | None = None
    """only there; None: on any"""
    ignore: int = 0
    """so many hits are passed over in each run"""
    once: bool = False
    """it is deleted when it has been hit"""
    condition: str = ""
    enabled: bool = True

    @property
    def notes(self) -> str:
        """What is to be known of it beside its text; empty where that says it all."""
        found = [] if self.enabled else ["disabled"]
        if self.ignore:
            hits = f"{self.ignore} hits" if self.ignore > 1 else "hit"
            found.append(f"passes over the first {hits} of each run")
        return ", ".join(found)

    @property
    def text(self) -> str:
        """As people write it, whether it is enabled or not."""
        words = [self.what]
        if self.core is not None:
            words.append(f"core {self.core}")
        if self.ignore:
            words.append(f"ignore {self.ignore}")
        if self.once:
            words.append("once")
        if self.condition:
            words.append(f"if {self.condition}")
        return " ".join(words)


class BreakpointHit(msgspec.Struct, frozen=True):
    """Something has happened that a breakpoint waits for."""

    number: int
    """the breakpoint's in the list, from 1; or :data:`NO_NUMBER`"""
    breakpoint: Breakpoint
    told: str
    """what has happened, as a clause"""
    core: int
    step: int
    """instructions of that core before, as the trace counts"""
    t_ns: int
    """virtual time"""
    value: int | None = None
    old: int | None = None
    place: SourceFrame | None = None
    """who did it, in the kernel's source"""
    reference: Reference | None = None
    """what it is about"""

    @property
    def text(self) -> str:
        """One line: which breakpoint and why."""
        if self.number == NO_NUMBER:
            return f"{self.brief}, at {format_time(self.t_ns)} s"
        said = f"breakpoint {self.number} ({self.breakpoint.text}): {self.told}"
        if self.old is not None and self.value is not None and "changed from" not in self.told:
            said += f" (was {self.old:#x})"
        return f"{said}{self._where}, at {format_time(self.t_ns)} s"

    @property
    def _where(self) -> str:
        if self.place is None:
            return ""
        file = self.place.file.replace("\\", "/").rpartition("/")[2]
        return f", in {self.place.function}, {file}:{self.place.line}"

    @property
    def brief(self) -> str:
        """Who did what, for a place that may be too short for all of it."""
        if self.number == NO_NUMBER:
            return f"came to {self.breakpoint.what.partition(' ')[2]}"
        done = self.told.removeprefix(f"core {self.core} ")
        said = f"bp {self.number}: {self.told}"
        if self.place is not None:
            # What no core is said to have done (a line that rises) is told before its place.
            is_by_core = done != self.told
            function = self.place.function.rpartition(".")[2]
            said = f"bp {self.number}: {function} {done}"
            if not is_by_core:
                said = f"bp {self.number}: {done}, in {function}"
            elif self.core:
                said += f" on core {self.core}"
        if self.old is not None and self.value is not None and "changed from" not in self.told:
            said += f" (was {self.old:#x})"
        return said


class FoundHits(msgspec.Struct, frozen=True):
    """Where breakpoints were hit, and which."""

    position: Position
    hits: tuple[BreakpointHit, ...]
