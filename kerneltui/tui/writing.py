"""Keys that are text: typed into the board's console, or into the filter of the registers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.events import Key, Paste
from textual.widgets import Input

from kerneltui.tui.layout import Layout
from kerneltui.tui.panels import Panels
from kerneltui.tui.panels.kinds import CONSOLE, REGISTERS, PanelKind
from kerneltui.tui.steering import Steering


class Writing(Steering):
    """Stands before the app's own base class, with what it steers."""

    panels: Panels
    arrangement: Layout
    filter_box: Input

    if TYPE_CHECKING:  # the app's

        def show_panel(self, kind: PanelKind) -> None:
            """Focus a panel."""

        def show_commands(self) -> None:
            """What the bar at the bottom offers now."""

        def mount_rest(self) -> None:
            """Have all widgets there, those too that are hidden at first."""

        def type(self, data: bytes) -> None:
            """Type into the UART."""

        def action_zoom(self) -> None:
            """One panel, or all."""

    @property
    def filtering(self) -> bool:
        """Whether somebody writes what registers are filtered by."""
        return self.filter_box.has_class("-open")

    @property
    def keys_are_text(self) -> bool:
        """Whether somebody types: into the console, or a filter."""
        return self.panels.console.typing or self.filtering

    def action_type(self) -> None:
        """Into the console."""
        self.show_panel(CONSOLE)
        self.set_typing(True)

    def set_typing(self, on: bool) -> None:
        """Whether keys go to the board."""
        self.panels.console.set_typing(on)
        self.show_commands()

    def action_filter(self) -> None:
        """Ask for a filter."""
        self.mount_rest()
        self.show_panel(REGISTERS)
        box = self.filter_box
        box.add_class("-open")
        box.value = self.panels.registers.filter
        box.focus()
        self.show_commands()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter as it is typed."""
        self.panels.registers.set_filter(event.value)

    def on_input_submitted(self) -> None:  # Enter in the box
        self.action_keep_filter()

    def action_keep_filter(self) -> None:
        """Back to the panel, with the filter as it is."""
        self.filter_box.remove_class("-open")
        self.panels.registers.focus()
        self.show_commands()

    def action_leave(self) -> None:
        """Esc: ends a way to somewhere; else out of typing, of the filter, then of zoom."""
        box = self.filter_box
        if self.runner.is_bound:
            self.action_toggle_run()
            return
        if self.panels.console.typing:
            self.set_typing(False)
        elif box.has_class("-open") or self.panels.registers.filter:
            box.value = ""
            self.panels.registers.set_filter("")
            self.action_keep_filter()
        elif self.arrangement.zoomed:
            self.action_zoom()

    def on_key(self, event: Key) -> None:
        """While somebody types into the console, keys are bytes."""
        if len(self.screen_stack) > 1:
            return
        if self.panels.console.typing:
            data = self.panels.console.key_bytes(event.key, event.character)
            if data is not None:
                self.type(data)
                self._tell_of_other_letters(event.character or "")
                event.stop()
                event.prevent_default()

    def on_paste(self, event: Paste) -> None:
        """Pasted text goes to the board in typing mode."""
        if self.panels.console.typing:
            text = event.text.replace("\r\n", "\r").replace("\n", "\r")
            self.type(text.encode("ascii", "replace"))
            self._tell_of_other_letters(text)

    def _tell_of_other_letters(self, text: str) -> None:
        if not text.isascii():
            self.clear_notifications()
            self.notify("The terminal of the board knows ASCII: each other letter is sent as '?'.")
