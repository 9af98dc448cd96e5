"""The commands that drive the machine: run, step, restart, speed, core."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from textual.widgets._toast import ToastRack

from kerneltui.debugger.session import Session
from kerneltui.debugger.watch import (
    CALLBACK_DONE,
    FREE,
    NEXT_INTERRUPT,
    NEXT_STEP,
    STEP,
    Watch,
)
from kerneltui.tui.commands import next_speed
from kerneltui.tui.frames import Frames
from kerneltui.tui.runner import Runner

AROUND_NOTE = 3
"""Cells of a notification's edge and padding."""
ROWS_ABOVE = 2
"""The row of tabs, and the upper border of the panels: notifications may cover these."""
NO_CALLBACKS = (
    "This kernel offers no look inside: it does not tell of its callbacks. "
    "n goes to the end of the next interrupt of a timer."
)

if TYPE_CHECKING:
    from textual.app import App
    from textual.notifications import SeverityLevel

    _Mixed = App[int]
else:
    _Mixed = object


class Steering(_Mixed):
    """Stands before the app's own base class; each method is a command of the table."""

    runner: Runner
    frames: Frames
    _is_passing = False
    """what is told goes with the next command"""

    @property
    def session(self) -> Session:
        """The session on show."""
        return self.runner.session

    def refresh_view(self) -> None:
        """Show the present moment, once all that waits to be done has been done."""
        self.frames.ask()

    def notify(
        self, message: str, *, title: str = "", severity: SeverityLevel = "information",
        timeout: float | None = None, markup: bool = True,
    ) -> None:  # fmt: skip
        """As Textual does; what is long stands where it does not cover the first rows of panels."""
        others = [(note.title, note.message) for note in self._notifications]
        room = max(self.size.width - AROUND_NOTE, 1)
        rows = sum(
            len(wrap(line, room)) or 1
            for title, text in [*others, (title, message)]
            for line in [*([title] if title else []), *text.split("\n")]
        )
        if self.screen_stack:
            self.screen.set_class(rows > ROWS_ABOVE, "-long-note")
        super().notify(message, title=title, severity=severity, timeout=timeout, markup=markup)

    def tell_in_passing(self, text: str, seconds: int, title: str = "") -> None:
        """Say something that may cover what is looked at: it goes with the next command."""
        self.clear_notifications()
        self.notify(text, title=title, timeout=seconds, markup=False)
        self._is_passing = True

    def clear_notifications(self) -> None:
        """As Textual does, with the rows that they have stood in."""
        super().clear_notifications()
        for screen in self.screen_stack:
            for rack in screen.query(ToastRack):
                rack.remove_children()

    def forget_passing(self) -> None:
        """A command has come."""
        if self._is_passing:
            self._is_passing = False
            self.clear_notifications()

    def _go(self, goal: Watch) -> None:
        if self.session.machine.core.halt_reason:
            self.notify("The kernel has halted; r restarts.", severity="warning")
        elif self.frames.has_room_for(goal.title):
            self.runner.start(goal)
            self.refresh_view()

    def action_toggle_run(self) -> None:
        """Run, or pause."""
        if self.runner.running:
            self.runner.stop()
            self.session.last_stop = "paused"
            self.refresh_view()
        else:
            self._go(FREE)

    def action_step(self) -> None:
        """Execute one instruction."""
        self._go(STEP)

    def action_next_access(self) -> None:
        """Run until hardware has been accessed; a kernel in Python does that at each step."""
        self._go(self.session.access_goal)

    def action_next_step(self) -> None:
        """Show the next meaningful step: of this moment, or of the next that has one."""
        if not self.runner.running and self.session.turn_page(1):
            self.refresh_view()
        else:
            self._go(NEXT_STEP)

    def action_next_timer_event(self) -> None:
        """Run until a callback has run and its interrupt is over."""
        self._go(self.session.timer_event_goal)

    def action_next_callback(self) -> None:
        """Run until a callback has run; its interrupt goes on."""
        if self.session.runs_image:
            self.notify(NO_CALLBACKS)
            return
        self._go(CALLBACK_DONE)

    def action_next_interrupt(self) -> None:
        """Run until an interrupt is taken."""
        self._go(NEXT_INTERRUPT)

    def action_finish(self) -> None:
        """Run to the end of the handler."""
        self._go(self.session.finish_goal())

    def action_next_core(self) -> None:
        """Show the next core."""
        before = self.session.focus
        self.session.pin_next_core()
        if self.session.focus == before:
            self.notify("No other core has been started.")
        self.refresh_view()

    def action_faster(self) -> None:
        """Next speed."""
        self._set_speed(1)

    def action_slower(self) -> None:
        """Previous speed."""
        self._set_speed(-1)

    def _set_speed(self, direction: int) -> None:
        self.runner.set_speed(next_speed(self.runner.speed, direction))
        self.refresh_view()
