"""What there is to open, in full: the first thing on the screen, and what the key o shows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from kerneltui.tui.offers import Offer, OfferKind
from kerneltui.tui.panels.fitting import shortened
from kerneltui.tui.screens.dialog import Button, Chooser, Dialog, buttons

HEADING = "How an operating system handles interrupts and timers: a laboratory"
NEW_HERE = "New here? Enter begins the tour. It takes a minute."
KEYS = (
    Button("Enter", "opens", "choose_highlighted"), Button("\u2191 \u2193", "move"),
    Button("/", "writes a file's name", "ask_for_file"), Button("Esc or q", "leaves", "leave"),
)  # fmt: skip
GAP = " "


def _cells_of(item: Offer) -> tuple[str, str, str]:
    return item.title, item.level, item.boards


def _padded(text: str, width: int) -> str:
    return text + " " * (width - cell_len(text))


class WelcomeScreen(Dialog[Offer | None]):
    """Answers what is to be opened, or None."""

    DEFAULT_CSS = """
    #welcome {
        width: 100%; height: 100%; max-width: 118; border: round $primary; background: $surface;
        padding: 0 1;
    }
    #welcome-heading { height: auto; margin-bottom: 1; }
    #offers { height: 1fr; border: none; background: $surface; padding: 0; }
    #welcome-about { height: 3; margin-top: 1; color: $foreground 80%; }
    #welcome-file { height: 1; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "leave", "Close"),
        ("q", "dismiss", "Close"),
        ("slash", "ask_for_file", "File"),
    ]

    def __init__(
        self, found: Sequence[Offer], *, is_new: bool, current: Sequence[str] = (), first: int = 0
    ) -> None:
        """``current``: the names of what is open, which are marked; ``first``: what Enter opens."""
        super().__init__()
        self._found = list(found)
        self._is_new = is_new
        self._current = current
        self._first = first
        known = [item for item in found if item.kind not in {OfferKind.FILE, OfferKind.PATH}]
        rows = map(_cells_of, known)
        self._columns = [max(map(cell_len, texts)) for texts in zip(*rows, strict=True)]
        """how wide titles are, and what stands behind them"""
        self._places: list[int] = []
        """of the offers among the options, by place"""

    def compose(self) -> ComposeResult:
        """A heading, the list, room for a file's name."""
        with Vertical(id="welcome") as box:
            box.border_title = "kerneltui"
            box.border_subtitle = buttons(KEYS)
            said = f"{HEADING}\n{NEW_HERE}" if self._is_new else HEADING
            yield Static(Content.styled(said, "bold"), id="welcome-heading")
            chooser = Chooser(*self._options(), id="offers")
            yield chooser
            chooser.highlighted = self._places[self._first]
            yield Static("", id="welcome-about")
            box_for_file = Input(placeholder="the path of a file", id="welcome-file", compact=True)
            box_for_file.display = False
            yield box_for_file

    def _options(self) -> list[Option]:
        options: list[Option] = []
        section = ""
        for item in self._found:
            if item.section != section:
                section = item.section
                options.append(Option(Content.styled(section, "bold $primary"), disabled=True))
            self._places.append(len(options))
            options.append(Option(self._line(item)))
        return options

    def _line(self, item: Offer) -> Content:
        marker = "\u25cf " if item.name in self._current else "  "
        name, *rest = _cells_of(item)
        if item.kind is OfferKind.FILE:  # as long as it likes
            name = shortened(name, self._columns[0])
        title, *more = map(_padded, (name, *rest), self._columns)
        told = GAP.join((*more, item.note))
        return Content.assemble(marker, Content.styled(f"{title}{GAP}", "bold"), told)

    def place_of(self, kind: OfferKind, name: str) -> int:
        """Where something stands in the list, headings counted.  Raises StopIteration."""
        return next(
            place
            for place, item in zip(self._places, self._found, strict=True)
            if (item.kind, item.name) == (kind, name)
        )

    def _offer(self, place: int | None) -> Offer | None:
        if place is None or place not in self._places:
            return None
        return self._found[self._places.index(place)]

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Say what it is about."""
        item = self._offer(event.option_index)
        said = "" if item is None else f"{item.about}"
        self.query_one("#welcome-about", Static).update(Content(said))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Open it; a file is named first."""
        item = self._offer(event.option_index)
        if item is not None and item.kind is OfferKind.PATH:
            self.action_ask_for_file()
        elif item is not None:
            self.dismiss(item)

    def action_ask_for_file(self) -> None:
        """Write the path of a file."""
        box = self.query_one("#welcome-file", Input)
        box.display = True
        box.focus()

    def action_leave(self) -> None:
        """Out of the box for a file, or of all."""
        box = self.query_one("#welcome-file", Input)
        if box.display:
            box.display = False
            self.query_one(Chooser).focus()
        else:
            self.dismiss(None)

    def on_input_changed(self, event: Input.Changed) -> None:
        """No business of the app's filter."""
        event.stop()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """A file that is not there is told."""
        event.stop()
        path = Path(event.value.strip()).expanduser()
        if path.is_file():
            self.dismiss(Offer(OfferKind.FILE, str(path), path.name, "", ""))
        else:
            said = Content.styled(f"There is no file {path}.", "bold $error")
            self.query_one("#welcome-about", Static).update(said)
