"""The state of the run in words and a mark, for the bar at the top."""

from __future__ import annotations

from textual.content import Content

from kerneltui.debugger.history import History
from kerneltui.debugger.views import MachineView
from kerneltui.debugger.watch import FREE, Watch
from kerneltui.units import format_briefly

STRIP = 12
"""cells of the strip that stands for the known time"""


def past_of(history: History, *, brief: bool) -> str:
    """Where in the known past the moment lies, and a strip of that; empty at its end."""
    if not history.in_past:
        return ""
    end, here, total = history.end, history.here, history.end_interrupts
    back = total - history.interrupts
    if brief and back:
        return f"◀ {back} back of {total}"
    if back:
        said = f"{back} interrupt{'s' * (back > 1)} back of {total}"
    elif end.step > here.step:
        said = f"{end.step - here.step} step{'s' * (end.step > here.step + 1)} back"
    else:
        said = f"{format_briefly(end.now_ns - here.now_ns)} back"
    if brief:
        return f"◀ {said}"
    place = min(STRIP * here.now_ns // max(end.now_ns, 1), STRIP - 1)
    return f"◀ {said} ▕{'━' * place}●{'─' * (STRIP - 1 - place)}▏"


def state_text(
    goal: Watch | None, view: MachineView, past: str = "", *, brief: bool, hit: str = ""
) -> Content:
    """What is under way, or why nothing is; in the past, where.

    ``hit``: which breakpoint has halted the machine, and why.
    """
    if hit and goal is None:
        said = f"● {hit}" if brief else f"■ breakpoint {hit}"
        place = f"{past[:1] if brief else past}  " if past else ""
        return Content.assemble((place, "bold $warning"), (said, "bold $error"))
    if not past:
        return _state(goal, view)
    state = Content(_SIGNS[goal is not None]) if brief else _state(goal, view)
    return Content.assemble(state, "  ", Content.styled(past, "bold $warning"))


_SIGNS = "■▶"
"""halted, running: where there is no room for words"""


def _state(goal: Watch | None, view: MachineView) -> Content:
    if goal is FREE:
        return Content.styled("▶ running", "bold $success")
    if goal is not None:
        return Content.styled(f"▶▶ running to {goal.title}", "bold $success")
    if view.halt_reason:
        return Content.styled(f"✖ halted: {view.halt_reason}", "bold $error")
    said = "" if view.stop == "paused" else f": {view.stop}"
    return Content.styled(f"■ paused{said}", "bold")
