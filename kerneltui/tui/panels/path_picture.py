"""The stations of an interrupt's way: boxes beside each other, or lines below each other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from textwrap import wrap

import msgspec

from kerneltui.debugger.views.path import (
    CALLBACK,
    CONTROLLER,
    CPU,
    HANDLER,
    LINE,
    OPEN,
    PLAIN,
    QUEUE,
    SHUT,
    SOURCE,
    UNTOLD,
    WAITING,
    PathFact,
    PathView,
    Stop,
)
from kerneltui.tui import signs
from kerneltui.tui.panels.base import fit
from kerneltui.tui.widgets.lines import Line, Piece, cells, plain

SIGNS = {
    OPEN: signs.HOLDS, SHUT: signs.SHUT, WAITING: signs.NOT_YET,
    UNTOLD: signs.SOON,
}  # fmt: skip
STYLES = {OPEN: "text", SHUT: "alert", WAITING: "dim", UNTOLD: "dim"}
HERE, DONE = signs.HERE, signs.BEHIND
LEGEND = " ".join(
    f"{item} {word}"
    for item, word in (
        (signs.HERE, "here"), (signs.BEHIND, "behind"), (signs.HOLDS, "holds"),
        (signs.SOON, "soon"), (signs.NOT_YET, "not yet"), (signs.SHUT, "shut"),
        (signs.TIMER_SET, "timer set"),
    )
)  # fmt: skip
"""What the signs mean; it fits where the screen is narrowest."""
NAMES = {SOURCE: "SOURCE", CONTROLLER: "CONTROLLER", CPU: "CPU", HANDLER: "HANDLER",
         CALLBACK: "CALLBACK", QUEUE: "QUEUE"}  # fmt: skip
WIDTHS = {SOURCE: 17, CONTROLLER: 19, CPU: 20, HANDLER: 19, CALLBACK: 15, QUEUE: 24}
"""Of the boxes, in cells, where there is room; they share what there is."""
SIGN = 7
"""Cells around the name in the edge of a box: corners, spaces, a sign and a number."""
IN_QUEUE = 18
"""What a timeout needs with its time and the beginning of its name."""
LEAST = 0.8
"""Narrower than by this factor no box says anything."""
HIGH, LOW, UNKNOWN, BROKEN, ON, OFF = (
    f"HIGH{signs.HIGH}", f"low─{signs.LOW}", f"····{signs.LEVEL_SOON}",
    f"{signs.BROKEN}   ", signs.LEADS, " ",
)  # fmt: skip
BEFORE_STATION: dict[bool | None, str] = {
    True: signs.HIGH,
    False: signs.LOW,
    None: signs.LEVEL_SOON,
}
"""The level of the wire before a station, in the list."""
UNITS = "ns", "us", "ms", "s", "min"
_TIME = rf"(in )?(\d+)(\.\d+)? ({'|'.join(UNITS)})"
TIMED = "time reached"
"""What most gates are called which say how far ahead their time is."""
ROWS = 5
"""Lines inside a box: its title and facts."""


class _Box(msgspec.Struct, frozen=True):
    """A station and its place in the picture."""

    number: int
    stop: Stop
    left: int
    width: int
    arrow: str
    is_now: bool
    is_done: bool
    wire: Stop | None = None
    """the one behind it"""
    is_wire_now: bool = False


def stations(path: PathView, width: int) -> list[Line]:
    """All of them, as there is room."""
    boxes = _places(path, width)
    return picture(boxes, path) if boxes else listed(path, width)


# -- beside each other -----------------------------------------------------------------------------


def _places(path: PathView, width: int) -> list[_Box]:
    """Where each box stands; empty where there is no room for all of them."""
    arrows: list[str] = []
    stops: list[Stop] = []
    wires: list[Stop | None] = []
    now: tuple[int | None, bool] = None, False
    """which station it is, and whether it is the wire behind that"""
    for place, stop in enumerate(path.stops):
        if stop.kind == LINE:
            wires[-1] = stop
            if arrows[-1] != BROKEN:
                arrows[-1] = UNKNOWN if stop.level is None else HIGH if stop.level else LOW
        else:
            stops.append(stop)
            wires.append(None)
            arrows.append(OFF if stop.kind in {HANDLER, CALLBACK} and not path.is_timers else ON)
        if place == path.now_at:
            now = len(stops) - 1, stop.kind == LINE
        if place == path.broken_at:
            arrows[-1] = BROKEN
    arrows[-1] = ""
    sizes = _sizes(stops, width - sum(map(len, arrows)))
    boxes: list[_Box] = []
    left = 0
    for number, (stop, arrow, size) in enumerate(zip(stops, arrows, sizes, strict=False), 1):
        is_now = now[0] == number - 1
        boxes.append(
            _Box(
                number,
                stop,
                left,
                size,
                arrow,
                is_now and not now[1],
                stop.kind in path.done,
                wires[number - 1],
                is_now and now[1],
            )
        )
        left += size + len(arrow)
    return boxes


def _sizes(stops: Sequence[Stop], room: int) -> list[int]:
    """Widths of the boxes; none where there is no room for all of them."""
    wanted = [WIDTHS[stop.kind] for stop in stops]
    least = [max(cells(NAMES[stop.kind]) + SIGN, _title_room(stop)) for stop in stops]
    factor = min(room / sum(wanted), 1.25)
    if factor < LEAST:
        return []
    sizes = [max(int(size * factor), small) for size, small in zip(wanted, least, strict=True)]
    while sum(sizes) > room:
        spare = [size - small for size, small in zip(sizes, least, strict=True)]
        if max(spare) <= 0:
            return []
        sizes[spare.index(max(spare))] -= 1
    return _traded(sizes, least, [_facts_room(stop) for stop in stops], room - sum(sizes))


def _traded(sizes: list[int], least: list[int], needed: list[int], free: int) -> list[int]:
    """Boxes whose gates would be cut get cells, of those that are free and of the others.

    Those that need the fewest come first: so most of them are whole.
    """
    found = [*sizes]
    while True:
        short = [need - size for size, need in zip(found, needed, strict=True)]
        if max(short) <= 0:
            return found
        if free:
            free -= 1
        else:
            spare = [size - max(small, need) for size, small, need in zip(
                found, least, needed, strict=True)]  # fmt: skip
            if max(spare) <= 0:
                return found
            found[spare.index(max(spare))] -= 1
        found[short.index(min(count for count in short if count > 0))] += 1


def _facts_room(stop: Stop) -> int:
    """What its first gates need, however they stand: boxes keep their places from step to step."""
    if stop.kind not in {SOURCE, CONTROLLER, CPU}:
        return 0
    gates = [fact.text for fact in stop.facts if fact.text and fact.state in SIGNS]
    texts = (TIMED if re.fullmatch(_TIME, text) else text for text in gates[: ROWS - 2])
    return max((cells(text) + 6 for text in texts), default=0)


def _title_room(stop: Stop) -> int:
    """What says which one it is stands in one row; names of handlers and callbacks have more."""
    if stop.kind == QUEUE:
        return IN_QUEUE
    return cells(stop.title) + 4 if stop.kind in {SOURCE, CONTROLLER, CPU} else 0


def picture(boxes: Sequence[_Box], path: PathView) -> list[Line]:
    """Boxes with arrows between them, and the way back from the queue to the timer."""
    lines: list[Line] = [tuple(piece for box in boxes for piece in _edge(box, top=True))]
    for row in range(ROWS):
        pieces: list[Piece] = []
        for box in boxes:
            pieces += _inside(box, row)
            pieces.append(_arrow(box, row))
        lines.append(tuple(pieces))
    lines.append(tuple(piece for box in boxes for piece in _edge(box, top=False)))
    lines.append(_way_back(boxes) if path.is_timers else plain(""))
    return lines


def names(text: str, kind: str) -> bool:
    """Whether a piece is the name of a station: the upper edge of its box, or in the list."""
    name = NAMES.get(kind, "")
    return bool(name) and (text.strip() == name or (text[:1] in {"╭", "┏"} and f" {name} " in text))


def _edge(box: _Box, *, top: bool) -> tuple[Piece, Piece]:
    """And what is free as far as the next box."""
    left, line, right = ("┏━┓" if top else "┗━┛") if box.is_now else ("╭─╮" if top else "╰─╯")
    style = "now" if box.is_now else "dim"
    gap: Piece = (" " * len(box.arrow), style)
    if not top:
        return (f"{left}{line * (box.width - 2)}{right}", style), gap
    sign = HERE if box.is_now else DONE if box.is_done else " "
    name = f" {sign}{box.number} {NAMES[box.stop.kind]} "
    return (f"{left}{name}{line * (box.width - 2 - cells(name))}{right}", style), gap


def _inside(box: _Box, row: int) -> list[Piece]:
    wall = "┃" if box.is_now else "│"
    look = "now" if box.is_now else "dim"
    room = box.width - 4
    stop = box.stop
    titles = _titles(stop, room)
    facts = chosen(stop.facts, ROWS - len(titles))
    text: Piece = (" " * room, "text")
    if row < len(titles):
        text = (fit(titles[row], room), "strong", stop.about, stop.title)
    elif row - len(titles) < len(facts):
        text = _fact(facts[row - len(titles)], room)
    elif row == ROWS - 1 and len(facts) < len(stop.facts):
        text = _rest([fact for fact in stop.facts if fact not in facts], room)
    return [(f"{wall} ", look), text, (f" {wall}", look)]


def _titles(stop: Stop, room: int) -> list[str]:
    """A long name takes the rows that are free below it."""
    free = ROWS - len(stop.facts) if stop.kind in {HANDLER, CALLBACK} else 1
    found = wrap(stop.title, room) or [""]
    return found if len(found) <= free else [stop.title]


def chosen(facts: Sequence[PathFact], rows: int) -> list[PathFact]:
    """Those that have room, in their own order; the last row is for how many more there are.

    What does not hold goes before what does.
    """
    return list(facts) if len(facts) <= rows else some(facts, rows - 1)


def some(facts: Sequence[PathFact], count: int) -> list[PathFact]:
    """So many of them, in their own order."""
    first = sorted(facts, key=lambda fact: fact.state == OPEN)[:count]
    return [fact for fact in facts if fact in first]


def _fact(fact: PathFact, room: int) -> Piece:
    sign = SIGNS.get(fact.state, "")
    style = STYLES.get(fact.state, "text")
    if not sign:
        return (fit(fact.text, room), style, fact.about, fact.text)
    shown = with_its_unit(fact.text, room - 2)
    return (f"{sign} {fit(shown, room - 2)}", style, fact.about, f"{sign} {fact.text}")


def with_its_unit(text: str, room: int) -> str:
    """``in 999.6 ms`` as it fits with its unit: without it a time means nothing."""
    if len(text) <= room or text.rpartition(" ")[2] not in UNITS:
        return text
    time = re.fullmatch(_TIME, text)
    if time is None:
        return text
    word, number, fraction, unit = time.groups(default="")
    forms = f"{word}{number}{fraction} {unit}", f"{word}{number} {unit}", f"{number} {unit}"
    return next((form for form in forms if len(form) <= room), forms[-1])


def _rest(facts: Sequence[PathFact], room: int) -> Piece:
    """All others in one line: as a rule they are open, as what is shut has room."""
    whole, told = ", ".join(fact.text for fact in facts), rest_text(facts)
    if len(told) > room:
        told = told.partition(" hold")[0]
    return (fit(told, room), "dim", None, whole)


def rest_text(facts: Sequence[PathFact]) -> str:
    """``✓ 6 more hold``."""
    if all(fact.state == OPEN for fact in facts):
        return f"{signs.HOLDS} {len(facts)} more hold{'s' * (len(facts) == 1)}"
    return f"{signs.MORE} {len(facts)} more"


def _arrow(box: _Box, row: int) -> Piece:
    if row == 0 and box.is_wire_now:
        return (f"{HERE}WIRE ".ljust(len(box.arrow)), "now")
    if row != 1 or not box.arrow:
        return (" " * len(box.arrow), "text")
    style = "alert" if box.arrow == BROKEN else "good" if box.arrow == HIGH else "dim"
    about = None if box.wire is None else box.wire.about
    return (box.arrow, "now" if box.is_wire_now else style, about)


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


def listed(path: PathView, width: int) -> list[Line]:
    """One line for each station."""
    lines: list[Line] = []
    number = 0
    wire: Stop | None = None
    is_wire_now = False
    for place, stop in enumerate(path.stops):
        is_now = place == path.now_at
        if stop.kind == LINE:
            wire, is_wire_now = stop, is_now
            continue
        number += 1
        sign = HERE if is_now else DONE if stop.kind in path.done else " "
        level: Piece = ("   ", "dim")
        if wire is not None:
            style = "now" if is_wire_now else "good" if wire.level else "dim"
            here = HERE if is_wire_now else " "
            level = (f"{here}{BEFORE_STATION[wire.level]}", style, wire.about)
        wire, is_wire_now = None, False
        pieces: list[Piece] = [
            level,
            (f" {sign}{number} ", "now" if is_now else "dim"),
            (f"{NAMES[stop.kind]:<10} ", "now" if is_now else "strong", stop.about),
        ]
        if stop.title:
            pieces.append((f"{stop.title}  ", "text", stop.about))
        room = width - sum(cells(piece[0]) for piece in pieces)
        lines.append((*pieces, *_facts_in(stop.facts, room)))
    return lines


def _facts_in(facts: Sequence[PathFact], room: int) -> list[Piece]:
    """As many as there is room for, and how many more there are."""
    for count in range(len(facts), -1, -1):
        pieces = [_listed_fact(fact) for fact in some(facts, count)]
        if count < len(facts) and facts[-1].state != PLAIN:
            pieces.append((f"{signs.MORE}{len(facts) - count}", "dim"))
        if sum(cells(piece[0]) for piece in pieces) <= room:
            return pieces
    return []


def _listed_fact(fact: PathFact) -> Piece:
    sign = SIGNS.get(fact.state, "")
    text = f"{sign} {fact.text}  " if sign else f"{fact.text}  "
    return (text, STYLES.get(fact.state, "text"), fact.about)
