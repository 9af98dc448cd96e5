"""The bars: state at the top, commands at the bottom, tabs of the single-panel layout.

All take clicks.  None changes its size with its text, so none asks for a new layout.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from kerneltui.tui.commands import BY_KEY
from kerneltui.tui.state import fitting
from kerneltui.tui.widgets.kept_rows import KeptRows
from kerneltui.tui.widgets.lines import Line, Piece, about, cells, cut, line_text, width_of
from kerneltui.tui.widgets.looks import look

ROOMY = 100
"""From this width on the commands stand well apart."""
MORE = "…"
"""There are more commands than fit: it opens the palette."""
KEY, NAME, CURRENT, POINTED = "keyword", "strong", "reverse", "pointed"


def action_of(command: str) -> str:
    """Of the app, for a command's name in :mod:`kerneltui.tui.commands`."""
    return f"app.choose('{command}')"


class Bar(KeptRows, Widget):
    """One line.  What a piece of it is about is the action that a click there runs."""

    ALLOW_SELECT = False

    def __init__(self) -> None:
        super().__init__()
        self.line: Line = ()
        self._looks: dict[tuple[str, str | None], Style] = {}

    @property
    def text(self) -> str:
        """What it says."""
        return line_text(self.line)

    def say(self, line: Line) -> None:
        """Draw this line, if it is another one."""
        if line != self.line:
            self.line = line
            self.refresh()

    def notify_style_update(self) -> None:
        """A new theme."""
        super().notify_style_update()
        self._looks.clear()

    def render_line(self, y: int) -> Strip:
        """All of it, or as much as fits before an ellipsis."""
        width = self.size.width
        pieces = cut(self.line, width)
        segments = [Segment(piece[0], self._look(piece[1], about(piece))) for piece in pieces]
        return Strip(segments).crop_extend(0, width, self.rich_style)

    def _look(self, style: str, action: str | None) -> Style:
        found = self._looks.get((style, action))
        if found is None:
            found = look(style, self.app.theme_variables, self.background_colors[1])
            if action is not None:
                found += Style.from_meta({"@click": action})
            self._looks[style, action] = found
        return found


class StatusBar(Bar):
    """Board, scenario, virtual time, state, speed."""

    def __init__(self) -> None:
        super().__init__()
        self._said: tuple[str, str, Line, str] = ("", "", (), "")

    def show(self, board: str, scenario: str, time: str, state: Line, speed: str) -> None:
        """Everything that the bar says."""
        self._said = (board, scenario, state, speed)
        to_open, width = action_of("open"), self.size.width
        machine: Line = ((board, NAME, to_open),)
        moment: Line = (
            (f"  t={time} s  ", "text"), (speed, NAME, action_of("faster")), ("  ", "text"),
        )  # fmt: skip
        line: Line = (*machine, (" · ", "text"), (scenario, "text", to_open), *moment, *state)
        if 0 < width < width_of(line):  # the moment goes before the scenario
            room = width - width_of(machine) - width_of(moment)
            line = (*machine, *moment, *fitting(state, room))
        self.say(line)

    def show_time(self, time: str) -> None:
        """Another time, and all else as before."""
        board, scenario, state, speed = self._said
        self.show(board, scenario, time, state, speed)


class PanelTabs(Bar):
    """The panels' names; the current one in reverse."""

    def show(
        self,
        groups: Iterable[tuple[str, list[tuple[int, str]]]],
        current: int,
        *,
        compact: bool,
        pointed: frozenset[str] = frozenset(),
    ) -> None:
        """``groups``: a key, and number and title of its panels; ``current`` is a number.

        ``pointed``: keys of those that a lesson speaks of.
        """
        gap = "" if compact else " "
        tabs: list[Piece] = []
        for key, panels in groups:
            by_key = f"app.choose('panel', '{key}')"
            is_current = any(number == current for number, _ in panels)
            is_pointed = key in pointed
            style = CURRENT if is_current else POINTED if is_pointed else KEY
            tabs.append((key + gap, style, by_key))
            for number, title in panels:
                # Where one stands for all of its key, it goes on to the next.
                action = by_key if compact else f"app.choose('focus_panel', {number})"
                style = CURRENT if number == current else POINTED if is_pointed else "text"
                tabs += [(title, style, action), (" ", "text")]
            tabs.append((gap, "text"))
        self.say(tuple(tabs))


class CommandBar(Bar):
    """The commands that have a key, as many as fit; in typing mode, how to leave it.

    One widget, not one a key as in Textual's footer: that took a third of the time to the first
    picture.
    """

    def __init__(self) -> None:
        super().__init__()
        self.commands: list[tuple[str, str, str]] = []

    def show(self, commands: Iterable[tuple[str, str, str]], width: int) -> None:
        """``commands``: key, label and action of each.

        Where not all fit, the bar ends with what opens the palette.
        """
        commands = list(commands)
        gap = "  " if width >= ROOMY else " "
        line: list[Piece] = []
        self.commands = []
        for place, (key, label, action) in enumerate(commands, 1):
            before = gap if line else " "
            left = width - len(before) - cell_len(f"{key} {label}")
            if left < (cells(MORE) if place < len(commands) else 0):
                apart = " " if width > cells(MORE) else ""
                line.append((apart + MORE, KEY, action_of("command_palette")))
                break
            width = left
            self.commands.append((key, label, action))
            line += [(before, "text"), *_keys(key, action), (f" {label}", "text", f"app.{action}")]
        self.say(tuple(line))


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
