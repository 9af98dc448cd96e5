"""What a picture is about after a command has waited in vain: what it has waited for."""

from __future__ import annotations

from kerneltui.debugger.courses import HEADINGS
from kerneltui.debugger.marks import StepKind
from kerneltui.debugger.naming import main_interrupt
from kerneltui.debugger.origins import TIMER, Origin
from kerneltui.debugger.sight import Story
from kerneltui.debugger.watch import (
    CALLBACK_DONE,
    NEXT_TIMER_EVENT,
    NEXT_TIMER_INTERRUPT,
    Watch,
)
from kerneltui.kernel.inspector import Inspector
from kerneltui.machine.core import StopReason
from kerneltui.machine.machine import Machine

FOR_TIMER = CALLBACK_DONE, NEXT_TIMER_EVENT, NEXT_TIMER_INTERRUPT
"""What waits for the timer's interrupt; other commands wait for whatever comes."""


def is_in_vain(goal: Watch, reason: StopReason) -> bool:
    """Whether a command has waited for the timer, and nothing has come."""
    return reason is StopReason.NOTHING_DUE and goal in FOR_TIMER


def story_of(machine: Machine, inspector: Inspector, said: str) -> Story | None:
    """In place of what was told last: the timer's interrupt, which has not come.

    ``said`` is why the command has ended.  None where there is no such interrupt.
    """
    core = machine.core.index
    interrupt = main_interrupt(machine, inspector, core)
    if interrupt is None:
        return None
    origin = Origin(TIMER, "", interrupt.controller, interrupt.numbering, interrupt.number)
    return Story(
        StepKind.ASLEEP,
        core,
        "NO TIMER EVENT",
        f"{said[:1].upper()}{said[1:]}.",
        "w says what keeps it out, or what it waits for.",
        interrupt=interrupt,
        subject=f"{HEADINGS[TIMER]}, {origin.label}",
    )
