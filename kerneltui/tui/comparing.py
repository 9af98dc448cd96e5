"""The command that compares: it marks a moment, and then shows what differs from that elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerneltui.debugger.difference import DifferentThing, MomentDifference, When, difference
from kerneltui.debugger.references import (
    ComparatorReference,
    InterruptReference,
    Reference,
    TimeoutReference,
)
from kerneltui.tui.following import follow
from kerneltui.tui.panels import InterruptsPanel, Panel, TimeoutsPanel, TimersPanel
from kerneltui.tui.requests import Point, Request, Situation
from kerneltui.tui.steering import Steering

if TYPE_CHECKING:
    from kerneltui.tui.screens.difference import Answer

_PANELS: dict[type, type[Panel]] = {
    ComparatorReference: TimersPanel,
    InterruptReference: InterruptsPanel,
    TimeoutReference: TimeoutsPanel,
}
"""Where these are listed: in their own panel Enter goes on to what they wait for."""


class Comparing(Steering):
    """Stands before the app's own base class, with what it steers."""

    if TYPE_CHECKING:  # the app's

        @property
        def situation(self) -> Situation:
            """What dialogs need to know."""

        def carry_out(self, request: Request | None) -> None:
            """Do what a dialog wants done."""

    def action_compare(self) -> None:
        """Mark this moment; where one is marked, show what differs between that and this one."""
        session = self.session
        if self.runner.searching:
            self.runner.stop()
        marked = session.marked
        if marked is None:
            self._mark()
            return
        if self.runner.running:
            self.runner.stop()
            session.last_stop = "paused"
            self.refresh_view()
        here = session.moment()
        found = difference(*sorted((marked, here), key=lambda moment: moment.here))
        if marked.here == here.here and not found.groups:
            self.notify(f"This is the marked moment, t {found.old}. Go to another one; v compares.")
        else:
            self._show(found)

    def _mark(self) -> None:
        self.session.marked = marked = self.session.moment()
        when = When(marked.here.now_ns, marked.here.step)
        self.notify(f"Marked t {when}; v again shows what differs.")

    def _show(self, found: MomentDifference) -> None:
        from kerneltui.tui.screens.difference import DifferenceScreen

        self.clear_notifications()
        self.push_screen(DifferenceScreen(found, self.size), self._answered)

    def _answered(self, answer: Answer | None) -> None:
        if isinstance(answer, DifferentThing):
            self.carry_out(show(self.situation, answer.reference))
            if answer.core not in {None, self.session.focus}:
                self.notify(
                    f"The panel shows what core {self.session.focus} sees; "
                    f"this was about core {answer.core} (k shows the next core)."
                )
        elif answer is not None:
            self._mark()


def show(now: Situation, reference: Reference | None) -> Request:
    """Something in the panel where it is listed."""
    panel = _PANELS.get(type(reference))
    if panel is None or reference is None:
        return follow(now, reference)
    return Point(panel, (reference,))
