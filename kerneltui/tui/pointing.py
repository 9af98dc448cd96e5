"""The commands that act on what is under the cursor."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from kerneltui.debugger.references import FieldReference, Reference, RegisterReference
from kerneltui.tui.layout import Layout
from kerneltui.tui.panels import Panel, Panels
from kerneltui.tui.panels.kinds import PanelKind
from kerneltui.tui.requests import Point, Request, Situation
from kerneltui.tui.steering import Steering
from kerneltui.tui.widgets.line_view import LineView, Move

_STEPS: dict[Move, str] = {"right": "next_step", "left": "previous_step"}
"""What arrows do on the path, where there is nothing beside a thing but what comes next."""


class Pointing(Steering):
    """Stands before the app's own base class, with what it steers."""

    panels: Panels
    arrangement: Layout
    _waiting: tuple[Callable[[], object], ...] = ()
    """what keys want done with a cursor that is not on the screen yet"""

    if TYPE_CHECKING:  # the app's

        @property
        def situation(self) -> Situation:
            """What dialogs need to know."""

        def carry_out(self, request: Request | None) -> None:
            """Do what Enter on a row wants done."""

        def show_panel(self, kind: PanelKind) -> None:
            """Focus a panel."""

        @property
        def words_of_lesson(self) -> str:
            """All that a lesson says at present; empty without one."""

    def point(self, point: Point) -> None:
        """Show a panel with the cursor on a thing; one that is gone is told."""
        panel = self.panels[point.panel]
        references = point.references
        self.show_panel(point.panel)
        for reference in references:
            panel.reveal(reference)
        panel.seek(*references)
        from kerneltui.debugger.lookup import exists

        if references and not exists(self.session, references[-1]):
            self.notify(f"There is no {references[-1]} at present.", markup=False)

    @property
    def under_cursor(self) -> Reference | None:
        """What the cursor of the current panel stands on; None where there is no cursor."""
        return self.arrangement.current.under_cursor

    def action_cursor(self, to: Move) -> None:
        """Move the cursor of the current panel, which the focus may not have reached yet."""
        panel = self.arrangement.current
        if panel is self.panels.path and to in _STEPS:
            self.call_later(getattr(self, f"action_{_STEPS[to]}"))
            return
        self._when_shown(lambda: panel.move_cursor(to))

    def _when_shown(self, act: Callable[[], object]) -> None:
        """Do something with the cursor: with what is due drawn, and its panel laid out."""
        self.frames.catch_up()
        if self.arrangement.current.lines and not self._waiting:
            act()
            return
        self._waiting = *self._waiting, act
        if len(self._waiting) == 1:
            self.call_after_refresh(self._act)

    def _act(self) -> None:
        """In the order of the keys."""
        waiting, self._waiting = self._waiting, ()
        for act in waiting:
            act()

    def action_follow(self) -> None:
        """Show the register or the panel that the row under the cursor speaks of."""
        self._when_shown(self._follow)

    def _follow(self) -> None:
        """Where that is the row itself, or nothing, explain it: no Enter is in vain."""
        from kerneltui.tui.following import follow  # the first picture does not wait for it

        if self.arrangement.current.enter():
            return
        reference = self.under_cursor
        request = None if reference is None else follow(self.situation, reference)
        if request is None or self._leads_nowhere(request):
            self._explain()
        else:
            self.carry_out(request)

    def _leads_nowhere(self, request: Request) -> bool:
        return (
            isinstance(request, Point)
            and self.arrangement.kind is request.panel
            and (not request.references or self.under_cursor in request.references)
        )

    def action_why(self) -> None:
        """Say why the interrupt under the cursor does not arrive, or when it will."""
        from kerneltui.tui.following import ask_why  # as above

        path = self.panels.path
        if self.arrangement.current is path and path.interrupt is not None:
            self.carry_out(ask_why(self.situation, path.interrupt))
        else:
            self._when_shown(lambda: self.carry_out(ask_why(self.situation, self.under_cursor)))

    def action_edit(self) -> None:
        """Ask for a new value of what is under the cursor; in the console, for bytes."""
        self._when_shown(self._edit)

    def _edit(self) -> None:
        from kerneltui.tui.editing import ask_for_bytes, ask_for_value  # as below

        if self.arrangement.current is self.panels.console:
            self.carry_out(ask_for_bytes())
        else:
            self.carry_out(ask_for_value(self.situation, self.under_cursor))

    def action_pin(self) -> None:
        """Keep the register under the cursor at the top of its panel, or no more."""
        self._when_shown(lambda: self._pin(self.under_cursor))

    def _pin(self, reference: Reference | None) -> None:
        if isinstance(reference, FieldReference):
            reference = reference.register
        if not isinstance(reference, RegisterReference):
            self.notify("Put the cursor on a register: P pins it to the top of panel 1.")
        elif not reference.block:
            self.notify("Panel 5 always shows the core's own registers.")
        else:
            is_pinned = self.panels.registers.toggle_pin(reference)
            done = "is pinned to the top of panel 1" if is_pinned else "is no longer pinned"
            self.notify(f"{reference.name} {done}.", markup=False)
            self.refresh_view()

    def action_go_to_ask(self) -> None:
        """Ask where to go; at first there is the moment of what is under the cursor."""
        self._when_shown(self._ask_where)

    def _ask_where(self) -> None:
        from kerneltui.tui.dialogs import ask_where_to_go

        self.carry_out(ask_where_to_go(self.situation, self.under_cursor))

    def action_what_is(self) -> None:
        """Say what is under the cursor, in words."""
        self._when_shown(self._explain)

    def _explain(self) -> None:
        from kerneltui.tui.asking import what_is  # the first picture does not wait for it

        panel = self.arrangement.current
        self.carry_out(what_is(self.session, panel, self.under_cursor, self.words_of_lesson))

    def on_line_view_chosen(self, event: LineView.Chosen) -> None:
        """Two clicks are an Enter, and so is one with Ctrl, which can be faster than the focus."""
        panel = event.view
        if isinstance(panel, Panel) and panel is not self.arrangement.current:
            self.show_panel(panel.KIND)
        self.action_follow()

    def action_copy(self) -> None:
        """The row under the cursor, to the clipboard of the terminal."""
        self._when_shown(self._copy_row)

    def action_copy_panel(self) -> None:
        """The whole panel."""
        self._when_shown(self._copy_panel)

    def _copy_row(self) -> None:
        text = self.arrangement.current.row_text
        if text:
            self._copy(text, text)
        else:
            self.notify("This row is empty. Y copies the whole panel.")

    def _copy_panel(self) -> None:
        from kerneltui.tui.copying import panel_text

        panel = self.arrangement.current
        text = panel_text(panel, self.session)
        self._copy(text, f"panel {panel.KIND.key}, {len(panel.lines)} lines")

    def _copy(self, text: str, what: str) -> None:
        from kerneltui.tui.copying import keep_copy, told

        self.copy_to_clipboard(text)
        self.notify(told(what, keep_copy(text)), markup=False)
