"""The signal path: what happened, what comes next, and the stations of one interrupt's way."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import NamedTuple

from kerneltui.debugger.references import InterruptReference, Reference
from kerneltui.debugger.views import MachineView
from kerneltui.debugger.views.path import (
    CALLBACK,
    CONTROLLER,
    CPU,
    HANDLER,
    LINE,
    OPEN,
    QUEUE,
    SHUT,
    SOURCE,
    WAITING,
    PathFact,
    PathView,
    Stop,
)
from kerneltui.tui.panels.base import Panel, fit
from kerneltui.tui.panels.fitting import cells, fitted
from kerneltui.tui.widgets.lines import Line, Piece, plain

SIGNS = {OPEN: "✓", SHUT: "✗", WAITING: "○"}
STYLES = {OPEN: "text", SHUT: "alert", WAITING: "dim"}
NAMES = {SOURCE: "SOURCE", CONTROLLER: "CONTROLLER", CPU: "CPU", HANDLER: "HANDLER",
         CALLBACK: "CALLBACK", QUEUE: "QUEUE"}  # fmt: skip
WIDTHS = {SOURCE: 17, CONTROLLER: 19, CPU: 20, HANDLER: 19, CALLBACK: 15, QUEUE: 24}
"""Of the boxes, in cells, where there is room; they share what there is."""
LEAST = 0.8
"""Narrower than by this factor no box says anything."""
HIGH, LOW, BROKEN, ON = "HIGH═▶", "low──▷", "══✗   ", "▶"
ROWS = 5
"""Lines inside a box: its title and facts."""
ROOMY, NARROW, ROOMY_FROM = 2, 3, 100
"""Lines of what happened, however long that is: on wide screens and on narrow ones."""
CONSOLE = 3
"""So many lines of the console, where the path is alone on the screen."""


class _Box(NamedTuple):
    """A station and its place in the picture."""

    number: int
    stop: Stop
    left: int
    width: int
    arrow: str
    wire: Reference | None
    """that the arrow stands for"""
    is_now: bool
    is_done: bool


class PathPanel(Panel):
    """One interrupt's way through the machine, and the step that it is in."""

    KEY = "d"
    TITLE = "Signal path"
    SHORT = "Path"
    PARTS = frozenset({"path"})
    ABOUT = (
        "What has just happened and what comes next, in words; and the way of an interrupt from "
        "its source to the queue. Arrows show the levels of wires; a shut gate breaks one."
    )

    @fitted
    def content(self, view: MachineView, width: int) -> list[Line]:
        """The caption, and the stations beside each other, or below where that is too narrow."""
        path = view.path
        if path is None:
            return [plain("No interrupt has a way here that could be shown.", "dim")]
        boxes = _places(path, width)
        lines = picture(boxes) if boxes else listed(path, width)
        return [
            *caption(view, path, width), *lines, *_below(path, width), *self._sent(view),
        ]  # fmt: skip

    @property
    def interrupt(self) -> InterruptReference | None:
        """The one whose way it shows."""
        path = None if self._view is None else self._view.path
        return None if path is None else path.interrupt

    def caption(self, view: MachineView) -> str:
        """The keys that lead on."""
        return "← step before   → next step   n next event   w why   h what is this"

    def _below(self) -> str:
        """What the cursor stands on; a row of the picture is no text."""
        thing = self.under_cursor
        return self._caption if thing is None else str(thing)

    def parts(self) -> frozenset[str]:
        """Alone it ends with what the board has sent."""
        return self.PARTS | {"console"} if self.alone else self.PARTS

    def _sent(self, view: MachineView) -> list[Line]:
        if not self.alone:
            return []
        sent = [text for text in view.console if text.strip()][-CONSOLE:]
        return [plain("UART console", "dim"), *(plain(text, "text") for text in sent)]


def caption(view: MachineView, path: PathView, width: int) -> list[Line]:
    """What happened and what comes next; of one height, so that nothing moves below it."""
    room = ROOMY if width >= ROOMY_FROM else NARROW
    if not path.heading:
        return [plain("")] * (room + 2)
    said = path.sentence or f"In the middle of it: {view.cpu.next_instruction}."
    rows = wrap(said, width)[:room]
    rows += [""] * (room - len(rows))
    return [
        plain(path.heading, "now"),
        *map(plain, rows),
        (("NEXT ", "strong"), (path.next_sentence, "dim")),
    ]


def _below(path: PathView, width: int) -> list[Line]:
    """What keeps the interrupt out and what would mend that; or what has changed."""
    if path.mend:
        return [plain(text, "alert") for text in wrap(f"✗ {path.mend}", width)]
    if path.changes:
        return [(("CHANGED ", "strong"), ("   ".join(path.changes), "changed"))]
    return [plain("")]


# -- beside each other -----------------------------------------------------------------------------


def _places(path: PathView, width: int) -> list[_Box]:
    """Where each box stands; empty where there is no room for all of them."""
    arrows: list[str] = []
    wires: list[Reference | None] = []
    stops: list[Stop] = []
    for place, stop in enumerate(path.stops):
        if stop.kind == LINE:
            if arrows[-1] != BROKEN:
                arrows[-1] = HIGH if stop.level else LOW
            wires[-1] = stop.about
        else:
            stops.append(stop)
            arrows.append(ON)
            wires.append(None)
        if place == path.broken_at:
            arrows[-1] = BROKEN
    arrows[-1] = ""
    room = width - sum(map(len, arrows))
    wanted = sum(WIDTHS[stop.kind] for stop in stops)
    factor = min(room / wanted, 1.25)
    if factor < LEAST:
        return []
    boxes: list[_Box] = []
    left = 0
    found = zip(stops, arrows, wires, strict=True)
    for number, (stop, arrow, wire) in enumerate(found, 1):
        size = int(WIDTHS[stop.kind] * factor)
        boxes.append(
            _Box(
                number,
                stop,
                left,
                size,
                arrow,
                wire,
                stop.kind == path.now,
                stop.kind in path.done,
            )
        )
        left += size + len(arrow)
    return boxes


def picture(boxes: Sequence[_Box]) -> list[Line]:
    """Boxes with arrows between them, and the way back from the queue to the source."""
    lines: list[Line] = [tuple(_edge(box, top=True) for box in boxes)]
    for row in range(ROWS):
        pieces: list[Piece] = []
        for box in boxes:
            pieces += _inside(box, row)
            pieces.append(_arrow(box, row))
        lines.append(tuple(pieces))
    lines.append(tuple(_edge(box, top=False) for box in boxes))
    lines.append(_way_back(boxes))
    return lines


def _edge(box: _Box, *, top: bool) -> Piece:
    left, line, right = ("┏━┓" if top else "┗━┛") if box.is_now else ("╭─╮" if top else "╰─╯")
    style = "now" if box.is_now else "dim"
    gap = " " * len(box.arrow)
    if not top:
        return (f"{left}{line * (box.width - 2)}{right}{gap}", style)
    sign = "▶" if box.is_now else "✓" if box.is_done else ""
    name = f" {sign}{box.number} {NAMES[box.stop.kind]} "
    return (f"{left}{name}{line * (box.width - 2 - cells(name))}{right}{gap}", style)


def _inside(box: _Box, row: int) -> list[Piece]:
    wall = "┃" if box.is_now else "│"
    look = "now" if box.is_now else "dim"
    room = box.width - 4
    stop = box.stop
    if row == 0:
        text: Piece = (fit(stop.title, room), "strong", stop.about, stop.title)
    elif row <= len(stop.facts):
        if row == ROWS - 1 and len(stop.facts) > ROWS - 1:
            text = _rest(stop.facts[row - 1 :], room)
        else:
            text = _fact(stop.facts[row - 1], room)
    else:
        text = (" " * room, "text")
    return [(f"{wall} ", look), text, (f" {wall}", look)]


def _fact(fact: PathFact, room: int) -> Piece:
    sign = SIGNS.get(fact.state, "")
    style = STYLES.get(fact.state, "text")
    if not sign:
        return (fit(fact.text, room), style, fact.about, fact.text)
    return (f"{sign} {fit(fact.text, room - 2)}", style, fact.about, f"{sign} {fact.text}")


def _rest(facts: Sequence[PathFact], room: int) -> Piece:
    """All others in one line: they are open, as what is shut stands before them."""
    what = "open" if all(fact.state == OPEN for fact in facts) else "more"
    return (fit(f"✓ {len(facts)} more {what}" if what == "open" else f"+ {len(facts)} more", room),
            "dim", None, ", ".join(fact.text for fact in facts))  # fmt: skip


def _arrow(box: _Box, row: int) -> Piece:
    if row != 1 or not box.arrow:
        return (" " * len(box.arrow), "text")
    look = "alert" if box.arrow == BROKEN else "good" if box.arrow == HIGH else "dim"
    return (box.arrow, look, box.wire)


def _way_back(boxes: Sequence[_Box]) -> Line:
    """The queue's head decides what the source is set for."""
    queue = boxes[-1]
    start, end = boxes[0].left + boxes[0].width // 2, queue.left + queue.width // 2
    if not queue.stop.facts:
        return plain("")
    told = " re-arm for the head of the queue "
    length = end - start - 1
    bar = f"{'─' * ((length - len(told)) // 2)}{told}".ljust(length, "─")
    return plain(f"{' ' * start}╰{bar}╯", "dim")


# -- below each other ------------------------------------------------------------------------------


def sign_of(path: PathView, stop: Stop) -> str:
    """Whether it happens here, has happened, or is to come."""
    return "▶" if stop.kind == path.now else "✓" if stop.kind in path.done else " "


def listed(path: PathView, width: int) -> list[Line]:
    """One line for each station."""
    lines: list[Line] = []
    number = 0
    wire: Stop | None = None
    for stop in path.stops:
        if stop.kind == LINE:
            wire = stop
            continue
        number += 1
        level = "" if wire is None else ("═▶" if wire.level else "─▷")
        about = None if wire is None else wire.about
        wire = None
        pieces: list[Piece] = [
            (f"{level:>2} ", "good" if level == "═▶" else "dim", about),
            (f"{sign_of(path, stop)}{number} ", "now" if stop.kind == path.now else "dim"),
            (f"{NAMES[stop.kind]:<10} ", "now" if stop.kind == path.now else "strong", stop.about),
        ]
        title = f"{stop.title}  " if stop.title else ""
        pieces.append((title, "text", stop.about))
        for fact in stop.facts:
            sign = SIGNS.get(fact.state, "")
            text = f"{sign} {fact.text}  " if sign else f"{fact.text}  "
            if sum(cells(piece[0]) for piece in pieces) + cells(text) > width and len(pieces) > 3:
                break
            pieces.append((text, STYLES.get(fact.state, "text"), fact.about))
        lines.append(tuple(pieces))
    return lines
