"""The state of the run in words and a mark, for the bar at the top."""

from __future__ import annotations

import re
from collections.abc import Iterable

from textual.content import Content

from kerneltui.debugger.bookmarks import Bookmark
from kerneltui.debugger.history import History
from kerneltui.debugger.views import MachineView
from kerneltui.debugger.watch import FREE, Watch
from kerneltui.machine.poke import Poke

_NUMBER = re.compile(r"^STEP (\d+)/(\d+)")
HERE, BOOKMARK = "●★"
STRIP = 12
"""cells of the strip that stands for the known time"""


def past_of(
    history: History, heading: str = "", *, brief: bool, bookmarks: Iterable[Bookmark] = ()
) -> str:
    """Where in the known past the moment lies, and where there is room a strip of that.

    Empty at the end of it, if there are no bookmarks.  The unit is an event: an interrupt that a
    core has taken.  ``heading`` is that of the meaningful step on show, if any.
    """
    strip = _strip(history, bookmarks)
    if not history.in_past:
        return "" if brief or BOOKMARK not in strip else strip
    back = history.end_interrupts - history.interrupts
    said = f"{back} event{'s' * (back != 1)} back of {history.end_interrupts}"
    if not back:
        said = f"less than 1 event back of {history.end_interrupts}"
    step = _NUMBER.search(heading)
    if step is not None:
        said = f"step {step[1]} of {step[2]}, {said}"
    if brief:
        return f"◀ {said}"
    if ahead := [item for item in history.inputs[history.given :] if isinstance(item.given, Poke)]:
        said += f", your store at {ahead[0].position.now_ns / 1e9:.3f} s"
    return f"◀ {said} {strip}"


def _strip(history: History, bookmarks: Iterable[Bookmark]) -> str:
    """The known time, with the moment on show and the bookmarks."""
    end_ns = max(history.end.now_ns, 1)
    place = min(STRIP * history.here.now_ns // end_ns, STRIP - 1)
    cells = [*"━" * place, HERE, *"─" * (STRIP - 1 - place)]
    for item in bookmarks:
        at = min(STRIP * item.at_ns // end_ns, STRIP - 1)
        if item.at_ns <= end_ns and cells[at] != HERE:
            cells[at] = BOOKMARK
    return f"▕{''.join(cells)}▏"


def state_text(
    goal: Watch | None, view: MachineView, past: str = "", *, brief: bool, hit: str = ""
) -> Content:
    """What is under way, or why nothing is; in the past, where.

    ``hit``: which breakpoint has halted the machine, and why.
    """
    if hit and goal is None:
        said = hit if brief else f"■ {hit}"
        place = f"{past[:1] if brief else past}  " if past else ""
        return Content.assemble((place, "bold $warning"), (said, "bold $error"))
    if not past:
        return _state(goal, view)
    is_told = _NUMBER.search(view.stop) is not None and "step " in past
    state = Content(_SIGNS[goal is not None]) if brief else _state(goal, view, is_told=is_told)
    return Content.assemble(state, "  ", Content.styled(past, "bold $warning"))


_SIGNS = "■▶"
"""halted, running: where there is no room for words"""


def _state(goal: Watch | None, view: MachineView, *, is_told: bool = False) -> Content:
    """``is_told`` says that the step is told elsewhere."""
    if goal is FREE:
        return Content.styled("▶ running", "bold $success")
    if goal is not None:
        return Content.styled(f"▶▶ running to {goal.title}", "bold $success")
    if view.halt_reason:
        return Content.styled(f"✖ halted: {view.halt_reason}", "bold $error")
    said = "" if view.stop == "paused" or is_told else f": {view.stop}"
    return Content.styled(f"■ paused{said}", "bold")
