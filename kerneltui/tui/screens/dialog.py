"""What all dialogs share: one is answered once, however fast keys and clicks come.

A key or a click that was meant for a dialog can arrive when the one before has answered it: the
dialog is on its way out by then, and must not take another screen with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.command import CommandList, CommandPalette
from textual.content import Content
from textual.events import Click, Mount, Resize
from textual.message import Message
from textual.renderables.background_screen import BackgroundScreen
from textual.screen import ModalScreen, Screen
from textual.widgets import Input, OptionList
from textual.widgets._toast import ToastRack

from kerneltui.tui.screens.dimmed import Dimmed

T = TypeVar("T")
OF_ITS_PARTS = (
    Input.Changed, Input.Submitted, OptionList.OptionHighlighted, OptionList.OptionSelected,
)  # fmt: skip
"""What parts of a dialog tell it: nothing, once it is answered; they may be gone by then."""


class Button(NamedTuple):
    """What a key does in a dialog, to click on, too."""

    key: str
    """as people read it"""
    label: str
    action: str = ""
    """of the screen; empty where only the keys do it"""
    brief: str = ""
    """in place of the label where the row has no room for all"""


CLOSE = Button("Esc", "closes", "dismiss")


def buttons(offered: Iterable[Button], room: int = 0) -> Content:
    """In one row: for the lower border of a dialog, or its last line.

    ``room`` is how many cells it has, where that is known: labels are brief where all are too long.
    """
    row = [*offered]
    found = _in_a_row(row, is_brief=False)
    return _in_a_row(row, is_brief=True) if 0 < room < found.cell_length else found


def _in_a_row(row: Iterable[Button], *, is_brief: bool) -> Content:
    parts: list[Content | str] = []
    for key, whole, action, brief in row:
        label = brief if is_brief and brief else whole
        click = f"@click=screen.{action}" if action else ""
        parts += [Content.styled(key, f"bold {click}".strip()), Content.styled(f" {label}", click),
                  "  "]  # fmt: skip
    return Content.assemble(*parts[:-1])


if TYPE_CHECKING:
    _Mixed = Screen[Any]
else:  # Textual gathers a widget's looks along its first bases that are widgets
    _Mixed = object


class AnsweredOnce(_Mixed):
    """Stands before a screen's own base class: see the module."""

    _answered = False

    def on_mount(self) -> None:
        """No notification covers a dialog, nor stands dimmed behind it."""
        self.app.clear_notifications()
        for screen in self.app.screen_stack[:-1]:
            for rack in screen.query(ToastRack):
                if rack.display:
                    rack.display = False
                    screen._refresh_layout()  # noqa: SLF001 - Textual lays the front one out only

    def dismiss(self, result: Any = None) -> AwaitComplete:
        """Leave with an answer, if that has not happened yet."""
        if self._answered or not self.is_active:
            return AwaitComplete()
        self._answered = True
        return super().dismiss(result)

    async def _dispatch_message(self, message: Message) -> None:
        if not (self._answered and isinstance(message, OF_ITS_PARTS)):
            await super()._dispatch_message(message)


class Dialog(AnsweredOnce, ModalScreen[T]):
    """A dialog over the dashboard."""

    _dimmed: Dimmed | None = None

    def on_click(self, event: Click) -> None:
        """A click beside it closes it; not the second of two quick ones, the first opened it."""
        if event.widget is self and event.chain == 1:
            event.stop()
            self.dismiss()

    def action_choose_highlighted(self) -> None:
        """What Enter does in a list."""
        chooser = self.query_one(Chooser)
        chooser.call_next(chooser.action_select)  # or the message would not come up to the screen

    def render(self) -> Any:
        """Its background."""
        found = super().render()
        if not isinstance(found, BackgroundScreen):
            return found
        self._dimmed = self._dimmed or Dimmed()
        self._dimmed.look(found.screen, found.color)
        return self._dimmed


class BoxDialog(Dialog[T]):
    """One whose parts stand in a box, ``#dialog``."""

    DEFAULT_CSS = """
    #dialog {
        width: 90%; min-width: 24; max-width: 96; height: auto; max-height: 90%;
        border: round $primary; background: $surface; padding: 0 1;
    }
    #dialog OptionList { height: auto; max-height: 16; background: $surface; border: none; }
    #dialog OptionList > .option-list--option-highlighted,
    #dialog OptionList:focus > .option-list--option-highlighted {
        color: $foreground; background: $primary 20%;  /* what is red or dim can be read on it */
    }
    #dialog Label { margin-top: 1; width: 100%; color: $foreground 70%; }
    #dialog Input, #dialog Choice {
        background: $background; padding: 0 1; height: 1; width: 100%; border: none;
    }
    #dialog Input:focus, #dialog Choice:focus { background: $primary 30%; }
    """


class Chooser(OptionList):
    """A list to choose from, which takes keys before it has been laid out, too."""

    _drawn_width = 0
    """that the rows were drawn for which are kept"""

    def on_resize(self, event: Resize) -> None:
        """Rows that were drawn for this width stay: the first of these events comes after them."""
        if self.scrollable_content_region.width == self._drawn_width:
            event.prevent_default()
        self.call_after_refresh(self.scroll_to_highlight)  # the room may be a smaller one now

    def _update_lines(self) -> None:
        if not self._line_cache.lines:
            self._drawn_width = self.scrollable_content_region.width
        super()._update_lines()

    def action_page_up(self) -> None:
        """One page up."""
        if self.size:
            self._move_page(-1)

    def action_page_down(self) -> None:
        """One page down."""
        if self.size:
            self._move_page(1)


class Commands(CommandList):
    """What the palette has found, which can be another list by the time a click arrives."""

    async def _on_click(self, event: Click) -> None:
        if event.style.meta.get("option", 0) < self.option_count:
            await super()._on_click(event)


class Palette(AnsweredOnce, CommandPalette):
    """Textual's palette of commands, held to the same."""

    def compose(self) -> ComposeResult:
        """As Textual does, but for the list."""
        for widget in super().compose():
            yield Commands() if type(widget) is CommandList else widget

    def _on_mount(self, event: Mount) -> None:
        if self._answered:  # closed before it stands on the screen: there is nothing to fill
            event.prevent_default()

    def _gather_commands(self, search_value: str) -> Any:
        # Textual begins as soon as the screen is mounted, which can be before its list is.
        if self.query(CommandList):
            return super()._gather_commands(search_value)
        return self.call_after_refresh(self._gather_commands, search_value)

    def _action_command_list(self, action: str) -> None:
        # Its list knows no lines before it has been laid out.
        with suppress(KeyError, IndexError):
            super()._action_command_list(action)
