"""The bars: state at the top, commands at the bottom, tabs of the single-panel layout.

All take clicks.  None changes its size with its text, so none asks for a new layout.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from rich.cells import cell_len
from textual.content import Content
from textual.style import Style

from kerneltui.tui.commands import BY_KEY
from kerneltui.tui.state import fitting
from kerneltui.tui.widgets.kept_rows import KeptStatic

ROOMY = 100
"""From this width on the commands stand well apart."""
MORE = "…"
"""There are more commands than fit: it opens the palette."""


@lru_cache(200)
def link(text: str, action: str, style: str = "") -> Content:
    """A piece of text that runs an app action when clicked; the same ones serve again."""
    # As words of a style the action would be parsed, for each link anew.
    linked = Content.styled(text, Style.from_meta({"@click": f"app.{action}"}))
    return linked.stylize(style) if style else linked


def _keys(keys: str, action: str) -> Content:
    """Keys of a command and of those that belong to it: each runs its own."""
    words = keys.split()
    if len(words) < 2:
        return link(keys, action, "bold $text-primary")
    found = [f"choose('{BY_KEY[word].ident}')" for word in words]
    linked = [link(word, to, "bold $text-primary") for word, to in zip(words, found, strict=True)]
    return link(" ", action).join(linked)


class StatusBar(KeptStatic):
    """Board, scenario, virtual time, state, speed."""

    def __init__(self) -> None:
        super().__init__()
        self._said = ("", "", Content(""), "")

    def show(self, board: str, scenario: str, time: str, state: Content, speed: str) -> None:
        """Everything that the bar says."""
        self._said = (board, scenario, state, speed)
        gap, width = Content("  "), self.size.width
        machine = link(board, "choose('open')", "bold")
        moment = Content.assemble(
            gap, Content(f"t={time} s"), gap, link(speed, "choose('faster')", "bold"), gap
        )
        whole = Content.assemble(Content(" · "), link(scenario, "choose('open')"), moment, state)
        content = Content.assemble(machine, whole)
        if 0 < width < content.cell_length:  # the moment goes before the scenario
            room = width - machine.cell_length - moment.cell_length
            content = Content.assemble(machine, moment, fitting(state, room))
        self.update(layout=False, content=content)

    def show_time(self, time: str) -> None:
        """Another time, and all else as before."""
        board, scenario, state, speed = self._said
        self.show(board, scenario, time, state, speed)


POINTED = "bold $background on $success"
"""As what a lesson points at looks in a panel."""


class PanelTabs(KeptStatic):
    """The panels' names; the current one in reverse."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: object = None

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
        shown = (groups := list(groups), current, compact, pointed)
        if shown == self._shown:
            return
        self._shown = shown
        gap = "" if compact else " "
        tabs: list[Content | str] = []
        for key, panels in groups:
            by_key = f"choose('panel', '{key}')"
            is_current = any(number == current for number, _ in panels)
            look = POINTED if key in pointed else ""
            style = "bold reverse" if is_current else look or "bold $text-primary"
            tabs.append(link(key + gap, by_key, style))
            for number, title in panels:
                # Where one stands for all of its key, it goes on to the next.
                action = by_key if compact else f"choose('focus_panel', {number})"
                style = "bold reverse" if number == current else look
                tabs += [link(title, action, style), " "]
            tabs.append(gap)
        self.update(Content.assemble(*tabs), layout=False)


class CommandBar(KeptStatic):
    """The commands that have a key, as many as fit; in typing mode, how to leave it.

    One widget, not one a key as in Textual's footer: that took a third of the time to the first
    picture.
    """

    def __init__(self) -> None:
        super().__init__()
        self.commands: list[tuple[str, str, str]] = []
        self._shown: object = None

    def show(self, commands: Iterable[tuple[str, str, str]], width: int) -> None:
        """``commands``: key, label and action of each.

        Where not all fit, the bar ends with what opens the palette.
        """
        shown = (commands := list(commands), width)
        if shown == self._shown:
            return
        self._shown = shown
        gap = "  " if width >= ROOMY else " "
        parts: list[Content | str] = []
        self.commands = []
        for place, (key, label, action) in enumerate(commands, 1):
            before = gap if parts else " "
            left = width - len(before) - cell_len(f"{key} {label}")
            if left < (cell_len(MORE) if place < len(commands) else 0):
                apart = " " if width > cell_len(MORE) else ""
                parts.append(link(apart + MORE, "choose('command_palette')", "bold $text-primary"))
                break
            width = left
            self.commands.append((key, label, action))
            parts += [before, _keys(key, action), link(f" {label}", action)]
        self.update(Content.assemble(*parts), layout=False)
