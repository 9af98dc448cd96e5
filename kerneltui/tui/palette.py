"""What the palette (Ctrl+P) offers: every command, every panel, and what Textual brings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from typing import Any

from textual.app import SystemCommand
from textual.command import Hit, Hits
from textual.system_commands import SystemCommandsProvider

from kerneltui.tui.commands import COMMANDS
from kerneltui.tui.panels.kinds import KINDS, grouped

DOUBLES = {"Quit", "Theme", "Keys", "Maximize", "Minimize"}
"""Textual's own that our commands say better."""


class Finder(SystemCommandsProvider):
    """Finds commands by their titles, and behind these by what they are said to do."""

    async def search(self, query: str) -> Hits:
        """Titles as Textual finds them; descriptions that have all the words."""
        matcher = self.matcher(query)
        words = query.lower().split()
        for title, said, callback, *_ in self.app.get_system_commands(self.screen):
            score = matcher.match(title)
            if score > 0:
                yield Hit(1 + score, matcher.highlight(title), callback, help=said)
            elif words and all(word in f"{title} {said}".lower() for word in words):
                place = said.lower().find(words[0])
                yield Hit(1 / (2 + max(place, 0)), title, callback, help=said)


def palette(
    choose: Callable[..., Any], brought: Iterable[SystemCommand]
) -> Iterator[SystemCommand]:
    """Our commands, the panels, then what Textual brought.

    ``choose`` is called with the ident of a command, or an action and its parameters.
    """
    for command in COMMANDS:
        if command.ident == "command_palette":
            continue
        said = f"{command.help}  ({command.keys})" if command.key else command.help
        yield SystemCommand(command.label, said, partial(choose, command.ident))
    for kind in chain(*grouped(KINDS)):
        focus = partial(choose, "focus_panel", kind.number)
        yield SystemCommand(f"Panel {kind.key}: {kind.title}", kind.about, focus)
    yield from (item for item in brought if item.title not in DOUBLES)
