"""The help screen, made from the table of commands and the panels' descriptions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from kerneltui.tui.commands import COMMANDS
from kerneltui.tui.headings import SIGNS
from kerneltui.tui.panels.kinds import KINDS, grouped
from kerneltui.tui.screens.dialog import CLOSE, BoxDialog, Button, buttons
from kerneltui.tui.signs import EVERYWHERE, ROW_1, Sign

GROUPS = tuple(dict.fromkeys(command.group for command in COMMANDS))
"""In the order in which their first commands stand in the table."""


def help_text(about: str) -> Content:
    """Keys by group, then the panels."""
    parts: list[Content | str] = []
    if about:
        parts += [Content.styled("This scenario", "bold"), f"\n{about}\n\n"]
    for group in GROUPS:
        parts += [Content.styled(group, "bold"), "\n"]
        for command in COMMANDS:
            if command.group == group:
                said = command.help
                if not command.key:
                    said += f"; in the palette (Ctrl+P): {command.label}"
                parts += [Content.styled(f"  {command.keys:<10}", "bold"), f"{said}\n"]
    parts += [Content.styled("  Esc       ", "bold"), "Leave typing, the filter, the zoom\n"]
    parts += [
        Content.styled("  Arrows    ", "bold"),
        "Move the cursor: from row to row, sideways to what else a row is about; also\n",
        "            Page Up, Page Down, Home, End, and a click; two clicks, or one with Ctrl,\n",
        "            are an Enter.\n",
        "            On the signal path left and right go a step back and on\n",
    ]
    heading = "Panels (the key focuses one; again, the next that has the same key)"
    parts += ["\n", Content.styled(heading, "bold"), "\n"]
    for kind in chain(*grouped(KINDS)):
        parts += [Content.styled(f"  {kind.key} {kind.title}: ", "bold"), f"{kind.about}\n"]
    for title, found in legends():
        parts += ["\n", Content.styled(f"Signs {title}", "bold"), "\n"]
        for item in found:
            parts += [Content.styled(f"  {item:<10}", "bold"), f"{item.says}\n"]
    return Content.assemble(*parts)


def legends() -> Iterator[tuple[str, Sequence[Sign]]]:
    """Where signs stand, and what each says."""
    yield "in row 1", ROW_1
    yield "in all panels", EVERYWHERE
    for kind, found in SIGNS.items():
        yield f"in panel {kind.key}, {kind.title}", found


class HelpScreen(BoxDialog[None]):
    """Keys and panels; any of Esc, ? and q closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        (key, "dismiss", "Close") for key in ("escape", "question_mark", "q")
    ]

    def __init__(self, about: str) -> None:
        super().__init__()
        self._about = about

    def compose(self) -> ComposeResult:
        """One scrolling text."""
        with VerticalScroll(id="dialog") as dialog:
            dialog.border_title = "Help"
            dialog.border_subtitle = buttons((CLOSE, Button("arrows", "scroll")))
            yield Static(help_text(self._about))
