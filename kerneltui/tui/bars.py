"""What the bars say: state at the top, tabs of the panels below it, commands at the bottom.

The commands are one widget, not one a key as in Textual's footer: that took a third of the time to
the first picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kerneltui.tui.commands import BY_KEY
from kerneltui.tui.state import fitting
from kerneltui.tui.widgets.bar import action_of
from kerneltui.tui.widgets.lines import Line, Piece, cells, width_of

ROOMY = 100
"""From this width on the commands stand well apart."""
MORE = "…"
"""There are more commands than fit: it opens the palette."""
KEY, NAME, CURRENT, POINTED = "keyword", "strong", "reverse", "pointed"


def status(board: str, scenario: str, time: str, state: Line, speed: str, width: int) -> Line:
    """Board, scenario, virtual time, state, speed: the moment goes before the scenario."""
    to_open = action_of("open")
    machine: Line = ((board, NAME, to_open),)
    moment: Line = (
        (f"  t={time} s  ", "text"), (speed, NAME, action_of("faster")), ("  ", "text"),
    )  # fmt: skip
    line: Line = (*machine, (" · ", "text"), (scenario, "text", to_open), *moment, *state)
    if 0 < width < width_of(line):
        room = width - width_of(machine) - width_of(moment)
        line = (*machine, *moment, *fitting(state, room))
    return line


def tabs(
    groups: Iterable[tuple[str, list[tuple[int, str]]]],
    current: int,
    *,
    compact: bool,
    pointed: frozenset[str] = frozenset(),
) -> Line:
    """The panels' names; the current one in reverse.

    ``groups``: a key, and number and title of its panels; ``current`` is a number; ``pointed``:
    keys of those that a lesson speaks of.
    """
    gap = "" if compact else " "
    line: list[Piece] = []
    for key, panels in groups:
        by_key = f"app.choose('panel', '{key}')"
        is_current = any(number == current for number, _ in panels)
        is_pointed = key in pointed
        style = CURRENT if is_current else POINTED if is_pointed else KEY
        line.append((key + gap, style, by_key))
        for number, title in panels:
            # Where one stands for all of its key, it goes on to the next.
            action = by_key if compact else f"app.choose('focus_panel', {number})"
            style = CURRENT if number == current else POINTED if is_pointed else "text"
            line += [(title, style, action), (" ", "text")]
        line.append((gap, "text"))
    return tuple(line)


def commands(offered: Sequence[tuple[str, str, str]], width: int) -> Line:
    """The commands that have a key: key, label and action of each, as many as fit.

    Where not all fit, it ends with what opens the palette.
    """
    gap = "  " if width >= ROOMY else " "
    line: list[Piece] = []
    for place, (key, label, action) in enumerate(offered, 1):
        before = gap if line else " "
        left = width - len(before) - cells(f"{key} {label}")
        if left < (cells(MORE) if place < len(offered) else 0):
            apart = " " if width > cells(MORE) else ""
            line.append((apart + MORE, KEY, action_of("command_palette")))
            break
        width = left
        line += [(before, "text"), *_keys(key, action), (f" {label}", "text", f"app.{action}")]
    return tuple(line)


def _keys(keys: str, action: str) -> list[Piece]:
    """Keys of a command and of those that belong to it: each runs its own."""
    words = keys.split()
    if len(words) < 2:
        return [(keys, KEY, f"app.{action}")]
    found: list[Piece] = []
    for word in words:
        if found:
            found.append((" ", "text", f"app.{action}"))
        found.append((word, KEY, action_of(BY_KEY[word].ident)))
    return found
