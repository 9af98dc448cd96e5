"""What the palette (Ctrl+P) offers: every command, every panel, and what Textual brings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from typing import Any

from textual.app import SystemCommand

from kerneltui.tui.commands import COMMANDS
from kerneltui.tui.panels import PANELS, grouped

DOUBLES = {"Quit", "Theme", "Keys", "Maximize", "Minimize"}
"""Textual's own that our commands say better."""


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
    for panel in chain(*grouped(PANELS)):
        focus = partial(choose, "focus_panel", PANELS.index(panel) + 1)
        yield SystemCommand(f"Panel {panel.KEY}: {panel.TITLE}", panel.ABOUT, focus)
    yield from (item for item in brought if item.title not in DOUBLES)
