"""Who ran when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise, takewhile
from typing import Any

from rich.cells import cell_len

from kerneltui.debugger.references import CoreReference, EventReference, TaskReference
from kerneltui.debugger.timeline import (
    CoreTimelineView,
    OccupantView,
    PokeMark,
    TimelineView,
    Window,
)
from kerneltui.debugger.views import MachineView
from kerneltui.tui import signs
from kerneltui.tui.panels.base import Panel, fit
from kerneltui.tui.panels.fitting import SCROLL_BAR, fitted
from kerneltui.tui.panels.kinds import TIMELINE
from kerneltui.tui.widgets.lines import Line, Piece, plain, with_text
from kerneltui.units import format_duration

STEPS = {1: 5, 2: 4, 5: 5}
"""Lengths of windows, by powers of ten, and into how many round parts each is divided."""
PARTS = {step * 10**power: parts for power in range(4, 10) for step, parts in STEPS.items()}
PARTS[10**10] = 5
LENGTHS_NS = tuple(PARTS)
"""10 us to 10 s."""
FIRST_LENGTH_NS = 200_000_000
NAME, LONG_NAME, PERCENT = 8, 18, 7
"""Cells to the left and to the right of a strip."""
ROOMY = 99
"""From this width on names may be long."""
UNKNOWN = signs.FORGOTTEN
"""In place of what happened so long ago that it is forgotten."""
POKED = signs.POKED
HEIGHTS = f" ▁▂▃▄▅▆▇{signs.ALL_OF_IT}"
LOOKS = {"task": "good", "IRQ": "interrupt", "kernel": "head", "idle": "dim", "off": "dim"}


class TimelinePanel(Panel):
    """A strip for everybody that had a core, over the last moments; ``zoom`` changes how many."""

    KIND = TIMELINE
    PARTS = frozenset({"timeline"})

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.length_ns = FIRST_LENGTH_NS

    def zoom(self, direction: int) -> None:
        """To the next longer (1) or shorter (-1) window."""
        place = LENGTHS_NS.index(self.length_ns) + direction
        self.length_ns = LENGTHS_NS[min(max(place, 0), len(LENGTHS_NS) - 1)]

    def window(self) -> Window:
        """What it wants to see."""
        width = self.size.width - SCROLL_BAR
        return Window(self.length_ns, max(width - _name_width(width) - PERCENT, 1))

    def lacks(self, view: MachineView, made: frozenset[str]) -> bool:
        """Another window is none."""
        return view.timeline is None or _window(view.timeline) != self.window()

    @fitted
    def content(self, view: MachineView, width: int) -> list[Line]:
        """The axis, then the strips of each core."""
        timeline = view.timeline
        if timeline is None or not timeline.cores:
            return [plain("Nothing has run yet.", "dim")]
        name_width = _name_width(width)
        lines: list[Line] = [plain(axis(_window(timeline), name_width), "dim")]
        if timeline.pokes:
            lines.append(poke_marks(timeline.pokes, name_width))
        for core in timeline.cores:
            if len(timeline.cores) > 1:
                lines.append(plain(f"core {core.core}", "head", CoreReference(core.core)))
            lines += strips(core, timeline.edges_ns, name_width)
        return lines

    def caption(self, view: MachineView) -> str:
        """How long the window is, and how to change that."""
        pokes = view.timeline.pokes if view.timeline is not None else ()
        legend = f"; {POKED} poke" if pokes else ""
        return f"the last {format_duration(self.length_ns)}; [ shorter, ] longer{legend}"


def _window(timeline: TimelineView) -> Window:
    edges = timeline.edges_ns
    return Window(edges[-1] - edges[0], len(edges) - 1)


def _name_width(width: int) -> int:
    return LONG_NAME if width >= ROOMY else NAME


def axis(window: Window, name_width: int = NAME) -> str:
    """Round times before the present, at the places where they begin."""
    length_ns, bins = window.length_ns, window.bins
    parts = PARTS[length_ns]
    ticks = [bins * n // parts for n in range(parts + 1)]
    text = " " * name_width
    for n, (begin, end) in enumerate(pairwise(ticks)):
        text += fit(f"│-{format_duration(length_ns - length_ns * n // parts)}", end - begin)
    return f"{text}│now"


def poke_marks(pokes: Sequence[PokeMark], name_width: int = NAME) -> Line:
    """The moments of pokes; of several in one column the last."""
    last = {item.bin: EventReference(item.event) for item in pokes}
    pieces: list[Piece] = [(fit("pokes", name_width), "alert", next(iter(last.values())))]
    end = 0
    for column, thing in last.items():
        pieces += [(" " * (column - end), "text"), (POKED, "alert", thing)]
        end = column + 1
    return tuple(piece for piece in pieces if piece[0])


def strips(
    core: CoreTimelineView, edges_ns: tuple[int, ...], name_width: int = NAME
) -> Iterator[Line]:
    """A line for everybody that had this core."""
    widths = [end - begin for begin, end in pairwise(edges_ns)]
    forgotten = _forgotten(core, edges_ns)
    for row in core.occupants:
        columns = UNKNOWN * forgotten
        columns += "".join(map(_column, row.ns[forgotten:], widths[forgotten:]))
        look = LOOKS[row.kind]
        thing = TaskReference(row.id) if row.id else CoreReference(core.core)
        name = shortened(row.name, name_width - 1)
        whole = f"{row.name} " if name.rstrip() != row.name else None
        yield (
            with_text(("", look, thing), f"{name} ", whole),
            (columns, look, thing),
            (f"{_percent(row, core.recorded_ns):>{PERCENT}}", "text", thing),
        )


def _forgotten(core: CoreTimelineView, edges_ns: tuple[int, ...]) -> int:
    """How many bins from the left nobody had, though the machine was on."""
    if edges_ns[0] < 0:
        return 0
    totals = map(sum, zip(*(row.ns for row in core.occupants), strict=True))
    return sum(1 for _ in takewhile(lambda total: not total, totals))


def shortened(name: str, width: int) -> str:
    """Cut in the middle: names that begin alike differ at their ends."""
    if cell_len(name) <= width:
        return fit(name, width)
    tail = (width - 1) // 2
    return fit(name[: width - 1 - tail] + "…" + name[-tail:], width)


def _column(ns: int, width_ns: int) -> str:
    """As high as the share, in eighths; whoever ran at all has one."""
    if not ns:
        return " "
    eighths = (16 * ns + width_ns) // (2 * width_ns)
    return HEIGHTS[max(eighths, 1)]


def _percent(row: OccupantView, recorded_ns: int) -> str:
    total = sum(row.ns)
    return f"{100 * total / recorded_ns:.1f}%" if 1000 * total >= recorded_ns else "<0.1%"
