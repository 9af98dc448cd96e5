"""What differs between the marked moment and this one: a list by groups, and what time has done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum
from textwrap import wrap
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Size
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from kerneltui.debugger.difference import DifferenceGroup, DifferentThing, MomentDifference
from kerneltui.export.difference_text import NOTHING, changes
from kerneltui.tui.screens.dialog import CLOSE, BoxDialog, Button, Chooser, buttons

SHARE, WIDEST, BESIDE, ABOVE_AND_BELOW = 0.9, 110, 9, 8
"""Of the terminal's size, and cells: borders, margins, the scroll bar, what stands below the list.
"""
NARROWEST = 20
LONGEST_LABEL = 24
"""Cells: a longer one has its changes below it."""
ARROW = " -> "
"""A change that is too long for a line goes on behind it."""
MOST_OF_A_GROUP = 200
"""Rows; a list of thousands would keep the screen waiting."""


class Wish(Enum):
    """What a key in the window asks for."""

    MARK_ANEW = 1


class ListedThing(NamedTuple):
    """A thing, and the name of its group."""

    group: str
    thing: DifferentThing


Answer = ListedThing | Wish
"""What is to be shown, or done."""


class DifferenceScreen(BoxDialog[Answer | None]):
    """Answers the row that was chosen; Esc, v and q close it."""

    DEFAULT_CSS = """
    #dialog.difference { max-width: 110; }
    #dialog.difference OptionList { max-height: 100%; }
    #dialog.difference.-long { height: 90%; }
    #dialog.difference.-long OptionList { height: 1fr; }
    #dialog.difference #passed {
        margin-top: 1; color: $foreground 80%; height: auto; max-height: 5;
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *((key, "dismiss", "Close") for key in ("escape", "q", "v")),
        ("m", "mark_anew", "Mark here"),
    ]

    def __init__(self, found: MomentDifference, size: Size) -> None:
        """``size`` is the terminal's."""
        super().__init__()
        self._found = found
        self._width = max(min(int(size.width * SHARE), WIDEST) - BESIDE, NARROWEST)
        self._rows = int(size.height * SHARE) - ABOVE_AND_BELOW
        """so many fit"""
        self._listed: dict[str, ListedThing] = {}

    def compose(self) -> ComposeResult:
        """The rows, and below them what time has done."""
        found = self._found
        options = list(self._options())
        rows = sum(str(option.prompt).count("\n") + 1 for option in options)
        with Vertical(id="dialog", classes="difference") as dialog:
            dialog.set_class(rows > self._rows, "-long")
            dialog.border_title = Content(f"{found.old} → {found.new}")
            offered = [Button("m", "marks here anew", "mark_anew"), CLOSE]
            if found.groups:
                offered.insert(0, Button("Enter", "shows it", "choose_highlighted"))
            dialog.border_subtitle = buttons(offered)
            if found.groups:
                chooser = Chooser(*options)
                yield chooser
                chooser.highlighted = 1  # below the first heading
            else:
                yield Static(NOTHING)
            yield Static(Content(found.passed), id="passed")

    def _options(self) -> Iterator[Option]:
        for group in self._found.groups:
            yield Option(Content.styled(group.title, "bold"), disabled=True)
            label_width = min(max(len(thing.label) for thing in group.things), LONGEST_LABEL)
            for thing in group.things[:MOST_OF_A_GROUP]:
                ident = f"thing-{len(self._listed)}"
                self._listed[ident] = ListedThing(group.name, thing)
                yield Option(_row(thing, label_width, self._width), id=ident)
            yield from _rest(group)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Show it."""
        self.dismiss(self._listed.get(event.option.id or ""))

    def action_mark_anew(self) -> None:
        """Take this moment as the marked one from now on."""
        self.dismiss(Wish.MARK_ANEW)


def _rest(group: DifferenceGroup) -> Iterator[Option]:
    more = len(group.things) - MOST_OF_A_GROUP
    if more > 0:
        yield Option(f"  and {more} more, which kerneltui diff tells", disabled=True)


def _row(thing: DifferentThing, label_width: int, width: int) -> Content:
    """The label, and beside it what changed, in lines that fit."""
    indent = label_width + 4
    lines = fold(list(changes(thing)), max(width - indent, NARROWEST))
    label = Content.styled(f"  {thing.label:<{label_width}}  ", "bold")
    if len(thing.label) > label_width:
        return Content("\n").join([label, *(Content(" " * indent + line) for line in lines)])
    first, *rest = lines
    told = [Content.assemble(label, first), *(Content(" " * indent + line) for line in rest)]
    return Content("\n").join(told)


def fold(pieces: Sequence[str], width: int) -> list[str]:
    """Pieces with commas between, as many in a line as fit; one that is too long is cut up."""
    lines: list[str] = []
    for number, piece in enumerate(pieces, 1):
        text = piece if number == len(pieces) else f"{piece},"
        if lines and len(lines[-1]) + 1 + len(text) <= width:
            lines[-1] += f" {text}"
        else:
            halves = [text] if len(text) <= width else text.split(ARROW, 1)
            lines += [line for half in _with_arrow(halves) for line in wrap(half, width) or [""]]
    return lines


def _with_arrow(halves: list[str]) -> list[str]:
    return halves if len(halves) < 2 else [f"{halves[0]}{ARROW}".rstrip(), halves[1]]
