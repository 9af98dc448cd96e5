"""The story of a run, without a screen: what ``kerneltui narrate`` writes."""

from __future__ import annotations

from typing import IO

from kerneltui.debugger.courses import BEFORE, HEADINGS
from kerneltui.debugger.event_words import EventWords
from kerneltui.debugger.marks import StepKind
from kerneltui.debugger.narrate import Step
from kerneltui.debugger.session import Session
from kerneltui.debugger.trace import RawEvent
from kerneltui.debugger.watch import NEXT_STEP
from kerneltui.machine.core import CoreState, StopReason
from kerneltui.units import format_time

TITLE_WIDTH = 24
KERNEL = "Kernel"
MOST_ALIKE = 3
"""Lines that say the same, one after another, before they are only counted."""
_PLAIN = {StepKind.ASLEEP: "Idle", StepKind.SWITCHED: "Scheduler"}
"""Headings of steps that belong to no interrupt and no call."""


class Episodes:
    """Puts headings between steps: where an episode begins, also one inside another."""

    def __init__(self) -> None:
        self._open: dict[tuple[int, int], Step] = {}
        """by core and depth, the last step of an episode that goes on"""

    def heading(self, step: Step) -> str:
        """What stands above a step; empty inside an episode."""
        if step.kind is StepKind.SENT and step.depth:
            return ""  # in the course of whatever sends
        depth = step.depth + (step.kind in BEFORE)
        key = step.core, max(depth, 1) if step.number else depth
        before = self._open.get(key)
        if step.kind is StepKind.RETURNED:
            self._open.pop(key, None)
        else:
            self._open[key] = step
        if before is not None and _goes_on(before, step):
            return ""
        nested = " inside another" if key[1] > 1 else ""
        return f"{HEADINGS[step.course]}{nested}" if step.course else _PLAIN.get(step.kind, KERNEL)


def _goes_on(before: Step, step: Step) -> bool:
    """Whether two steps belong to one episode."""
    if before.kind is StepKind.ASLEEP and step.kind is not StepKind.ASLEEP:
        return before.course == step.course
    if step.kind in BEFORE:
        return before.kind in BEFORE and before.course == step.course
    return step.kind not in {StepKind.CALLED, StepKind.FAULT} and (
        step.kind is not StepKind.TAKEN or before.kind in BEFORE
    )


class _Lines:
    """Writes the lines of steps: of many that are alike the first ones, and how many follow."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self._last = ""
        self._alike = 0
        self._at_ns = 0

    def write(self, step: Step, told: str, heading: str, indent: str) -> None:
        """``told`` is what follows the time; ``heading`` stands above it, if there is one."""
        if heading or told != self._last:
            self.tell_rest()
        self._alike, self._last, self._at_ns = self._alike + 1, told, step.at_ns
        if self._alike <= MOST_ALIKE:
            above = f"\n{indent}{heading}, core {step.core}\n" if heading else ""
            line = f"{above}{indent}{format_time(step.at_ns):>15} s  {told}\n"
            self._out.write(line.encode())

    def tell_rest(self) -> None:
        """Say how many more were alike; another line follows, or none."""
        more = self._alike - MOST_ALIKE
        if more > 0:
            last = f"the last one at {format_time(self._at_ns)} s"
            self._out.write(f"{'':>15}    ... and {more} more like that, {last}\n".encode())
        self._alike = 0


def narrate_steps(session: Session, since_ns: int, until_ns: int, out: IO[bytes]) -> None:
    """Run to a virtual time; write a line for each meaningful step, from ``since_ns`` on."""
    session.recorder.trace(False)
    session.history.on = False  # nobody goes back
    episodes, lines = Episodes(), _Lines(out)
    while session.advance(NEXT_STEP, until=until_ns) is StopReason.MEANINGFUL:
        several = sum(core.state is not CoreState.OFF for core in session.machine.cores) > 1
        for step in session.story.steps():
            if step.at_ns < since_ns:
                continue  # what goes on then gets its heading there
            heading = episodes.heading(step)
            core = f"[{step.core}] " if several else ""
            indent = "    " * (step.depth - 1)
            place = f"{step.number:>2}/{step.total:<2}" if step.number else "     "
            told = f"{core}{place} {step.title.ljust(TITLE_WIDTH)} {step.sentence}"
            lines.write(step, told, heading, indent)
    lines.tell_rest()


def narrate_events(session: Session, since_ns: int, until_ns: int, out: IO[bytes]) -> None:
    """Run to a virtual time; write a sentence for every event, from ``since_ns`` on."""
    words = EventWords(session.machine, session.names)

    def write(event: RawEvent) -> None:
        if event[1] < since_ns:
            return
        line = f"{format_time(event[1]):>15} s  {words.sentence(event)}\n"
        out.write(line.encode())

    session.recorder.sink = write
    try:
        session.run_until(until_ns)
    finally:
        session.recorder.sink = None
