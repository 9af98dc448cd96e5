"""The state of the run in words and a mark, for the bar at the top."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rich.cells import cell_len

from kerneltui.debugger.bookmarks import Bookmark
from kerneltui.debugger.history import History
from kerneltui.debugger.views import MachineView
from kerneltui.machine.poke import Poke
from kerneltui.tui import signs
from kerneltui.tui.runner import UnderWay
from kerneltui.tui.widgets.lines import Line, line_text, plain, with_text
from kerneltui.units import format_briefly

_NUMBER = r"^STEP (\d+)/(\d+)"
HERE, BOOKMARK = signs.AT, signs.BOOKMARK
STRIP_EDGES = "▕▏"
FIRST_WORDS = 28
"""cells of what the machine does, or why it stands, that have to be seen"""
STRIP = 12
"""cells of the strip that stands for the known time"""


def past_of(
    history: History, heading: str = "", *, brief: bool, bookmarks: Iterable[Bookmark] = (),
    turned_back: bool = False,
) -> str:  # fmt: skip
    """Where in the known past the moment lies, and where there is room a strip of that.

    Empty at the end of it, if there are no bookmarks.  The unit is an event: an interrupt that a
    core has taken.  ``heading`` is that of the meaningful step on show, if any; ``turned_back``
    says that a later one of this very moment is known.
    """
    strip = _strip(history, bookmarks)
    if not (history.in_past or turned_back):
        return "" if brief or BOOKMARK not in strip else strip
    of = "/" if brief else " of "
    told = [_in_event(history, of), _time_back(history)]
    step = re.search(_NUMBER, heading)
    if step is not None:
        told.insert(0, f"step {step[1]}{of}{step[2]}")
    said = f"{signs.GONE_BACK} {', '.join(filter(None, told))}"
    if brief:
        return said
    if ahead := [item for item in history.inputs[history.given :] if isinstance(item.given, Poke)]:
        said += f", your store at {ahead[0].position.now_ns / 1e9:.3f} s"
    return f"{said} {strip}"


def _in_event(history: History, of: str) -> str:
    """``in event 1 of 2``, while a handler runs; ``after`` it until the next; empty without any."""
    count, number = history.end_interrupts, history.interrupts
    if not count:
        return ""
    if not number:
        return f"before event 1{of}{count}"
    runs = any(core.depth for core in history.machine.cores)
    return f"{'in' if runs else 'after'} event {number}{of}{count}"


def _time_back(history: History) -> str:
    back_ns = history.end.now_ns - history.here.now_ns
    return f"{format_briefly(back_ns)} back" if back_ns > 0 else "a step back"


def _strip(history: History, bookmarks: Iterable[Bookmark]) -> str:
    """The known time, with the moment on show and the bookmarks."""
    end_ns = max(history.end.now_ns, 1)
    place = min(STRIP * history.here.now_ns // end_ns, STRIP - 1)
    cells = [*"━" * place, HERE, *"─" * (STRIP - 1 - place)]
    for item in bookmarks:
        at = min(STRIP * item.at_ns // end_ns, STRIP - 1)
        if item.at_ns <= end_ns and cells[at] != HERE:
            cells[at] = BOOKMARK
    return f"{STRIP_EDGES[0]}{''.join(cells)}{STRIP_EDGES[1]}"


def fitting(state: Line, room: int) -> Line:
    """The state without the strip of time, where its first words have no room behind that."""
    text = line_text(state)
    begin, end = (text.find(edge) for edge in STRIP_EDGES)
    if begin < 0 or end + 1 + min(cell_len(text[end + 1 :]), FIRST_WORDS) <= room:
        return state
    return tuple(
        with_text(piece, f"{piece[0][: piece[0].index(STRIP_EDGES[0])].rstrip()}")
        if STRIP_EDGES[0] in piece[0]
        else piece
        for piece in state
    )


def state_text(
    doing: UnderWay | None, view: MachineView, past: str = "", *, brief: bool, hit: str = ""
) -> Line:
    """What is under way, or why nothing is; in the past, where.

    ``hit``: which breakpoint has halted the machine, and why.
    """
    if hit and doing is None:
        said = hit if brief else f"■ {hit}"
        place = f"{past[:1] if brief else past}  " if past else ""
        return (place, "changed"), (said, "alert")
    if doing is not None and doing.how_far:
        words = doing.title if brief else f"{doing.doing} {doing.title}"
        return plain(f"{2 * signs.RUNS} {words}: {doing.how_far}, Esc ends it", "good")
    if not past:
        return _state(doing, view)
    where = (past, "changed")
    if brief:
        return (_SIGNS[doing is not None], "text"), ("  ", "text"), where
    is_told = re.search(_NUMBER, view.stop) is not None and "step " in past
    # Why the machine stands is a sentence, perhaps: it comes last, and is cut if it is long.
    return where, ("  ", "text"), *_state(doing, view, is_told=is_told)


_SIGNS = signs.PAUSED, signs.RUNS
"""halted, running: where there is no room for words"""


def _state(doing: UnderWay | None, view: MachineView, *, is_told: bool = False) -> Line:
    """``is_told`` says that the step is told elsewhere."""
    if doing is not None:
        sign = signs.RUNS * (2 if doing.doing else 1)
        return plain(" ".join(filter(None, (sign, doing.doing, doing.title))), "good")
    if view.halt_reason:
        return plain(f"{signs.HALTED} halted: {view.halt_reason}", "alert")
    said = "" if view.stop == "paused" or is_told else f": {view.stop}"
    return plain(f"{signs.PAUSED} paused{said}", "strong")
