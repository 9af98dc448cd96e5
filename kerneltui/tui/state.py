"""The state of the run in words and a mark, for the bar at the top."""

from __future__ import annotations

from textual.content import Content

from kerneltui.debugger.views import MachineView
from kerneltui.debugger.watch import FREE, Watch


def state_text(goal: Watch | None, view: MachineView) -> Content:
    """What is under way, or why nothing is."""
    if goal is FREE:
        return Content.styled("▶ running", "bold $success")
    if goal is not None:
        return Content.styled(f"▶▶ running to {goal.title}", "bold $success")
    if view.halt_reason:
        return Content.styled(f"✖ halted: {view.halt_reason}", "bold $error")
    said = "" if view.stop == "paused" else f": {view.stop}"
    return Content.styled(f"■ paused{said}", "bold")
