"""What is to be said of a moment that has no step of a story near: as a rule, the kernel boots."""

from __future__ import annotations

from kerneltui.debugger.sight import Sight
from kerneltui.debugger.troubles import is_booting
from kerneltui.machine.instructions import INSTRUCTIONS

LATELY = 50
"""Among so many events is the last instruction of the core on show."""


def told(sight: Sight) -> str:
    """Why there is none, and what the core on show did last, in sentences."""
    cpu = sight.focus
    boots = is_booting(sight.machine, cpu)
    said = "The kernel boots." if boots else "No step is near this moment."
    if not sight.machine.cores[cpu].interrupts_taken:
        fresh = f"core {cpu} has taken no interrupt since reset."
        said = f"The kernel boots; {fresh}" if boots else fresh.capitalize()
    events = reversed(sight.recorder.last(LATELY))
    last = next((it for it in events if it[2] == cpu and it[3] in INSTRUCTIONS), None)
    return said if last is None else f"{said} It has just executed: {sight.names.as_text(last)}."
