"""The state of the run in words and a mark, for the bar at the top."""

from __future__ import annotations

from textual.content import Content

from kerneltui.debugger.history import History
from kerneltui.debugger.views import MachineView
from kerneltui.debugger.watch import FREE, Watch

STRIP = 12
"""cells of the strip that stands for the known time"""


def past_of(history: History) -> str:
    """Where in the known past the moment lies, and a strip of that; empty at its end."""
    if not history.in_past:
        return ""
    total, here = history.end_interrupts, history.interrupts
    if total > here:
        back = f"{total - here} interrupt{'s' * (total - here > 1)} back of {total}"
    else:
        steps = history.end.step - history.here.step
        back = f"{steps} step{'s' * (steps != 1)} back"
    place = min(STRIP * history.here.now_ns // max(history.end.now_ns, 1), STRIP - 1)
    return f"◀ {back} ▕{'━' * place}●{'─' * (STRIP - 1 - place)}▏"


def state_text(goal: Watch | None, view: MachineView, past: str = "") -> Content:
    """What is under way, or why nothing is; in the past, where."""
    text = _state(goal, view)
    return Content.assemble(Content.styled(past, "bold $warning"), "  ", text) if past else text


def _state(goal: Watch | None, view: MachineView) -> Content:
    if goal is FREE:
        return Content.styled("▶ running", "bold $success")
    if goal is not None:
        return Content.styled(f"▶▶ running to {goal.title}", "bold $success")
    if view.halt_reason:
        return Content.styled(f"✖ halted: {view.halt_reason}", "bold $error")
    said = "" if view.stop == "paused" else f": {view.stop}"
    return Content.styled(f"■ paused{said}", "bold")
