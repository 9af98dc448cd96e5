"""The command that compares: it marks a moment, and then shows what differs from that elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerneltui.debugger.references import (
    ComparatorReference,
    InterruptReference,
    Reference,
    TimeoutReference,
)
from kerneltui.tui.panels import kinds
from kerneltui.tui.requests import Point, Request, Situation
from kerneltui.tui.steering import Steering

if TYPE_CHECKING:  # who compares nothing does not wait for it
    from kerneltui.debugger.difference import MomentDifference
    from kerneltui.tui.screens.difference import Answer

_PANELS: dict[type, kinds.PanelKind] = {
    ComparatorReference: kinds.TIMERS,
    InterruptReference: kinds.INTERRUPTS,
    TimeoutReference: kinds.TIMEOUTS,
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
        from kerneltui.debugger.difference import difference

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
        from kerneltui.debugger.difference import When

        self.session.marked = marked = self.session.moment()
        when = When(marked.here.now_ns, marked.here.retired)
        self.notify(f"Marked t {when}; v again shows what differs.")

    def _show(self, found: MomentDifference) -> None:
        from kerneltui.tui.screens.difference import DifferenceScreen

        self.push_screen(DifferenceScreen(found, self.size), self._answered)

    def _answered(self, answer: Answer | None) -> None:
        from kerneltui.tui.screens.difference import ListedThing

        if isinstance(answer, ListedThing):
            self.carry_out(show(self.situation, answer.group, answer.thing.reference))
            self._tell_of_core(answer.thing.core)
        elif answer is not None:
            self._mark()

    def _tell_of_core(self, core: int | None) -> None:
        """The panel may show another core's copy of a register."""
        focus = self.session.focus
        if core not in {None, focus}:
            self.notify(
                f"This was about core {core}; the panel shows what core {focus} sees. "
                "k shows the next core."
            )


def show(now: Situation, group: str, reference: Reference | None) -> Request:
    """What Enter on a row wants done: to show it in the panel where it is listed."""
    from kerneltui.debugger.difference import CONSOLE
    from kerneltui.debugger.moment import TASKS, TIMEOUTS
    from kerneltui.tui.following import follow

    if reference is None:
        panels: dict[str, kinds.PanelKind] = {
            CONSOLE: kinds.CONSOLE, TASKS: kinds.TASKS, TIMEOUTS: kinds.TIMEOUTS,
        }  # fmt: skip
        return Point(panels[group])
    panel = _PANELS.get(type(reference))
    return follow(now, reference) if panel is None else Point(panel, (reference,))
