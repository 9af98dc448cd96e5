"""What the palette (Ctrl+P) offers: every command, every panel, and what Textual brings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from textual.app import SystemCommand

from kerneltui.tui.commands import COMMANDS

if TYPE_CHECKING:
    from kerneltui.tui.app import KernelTui

DOUBLES = {"Quit", "Theme", "Keys", "Maximize", "Minimize"}
"""Textual's own that our commands say better."""


def palette(app: KernelTui, brought: Iterable[SystemCommand]) -> Iterator[SystemCommand]:
    """Our commands, the panels, then what Textual brought."""
    for command in COMMANDS:
        if command.ident == "command_palette":
            continue
        said = f"{command.help}  ({command.keys})" if command.key else command.help
        yield SystemCommand(command.label, said, partial(app.action_choose, command.ident))
    for panel in app.panels:
        focus = partial(app.action_choose, "focus_panel", panel.number)
        yield SystemCommand(f"Panel {panel.KEY}: {panel.TITLE}", panel.ABOUT, focus)
    yield from (item for item in brought if item.title not in DOUBLES)
