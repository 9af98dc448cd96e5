"""The commands that set breakpoints and go to them, and what is shown when one is hit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kerneltui.debugger.breakpoints.breakpoint import NO_NUMBER, BreakpointHit
from kerneltui.debugger.references import (
    CodeReference,
    EventReference,
    GateReference,
    InterruptReference,
    Reference,
    TimeoutReference,
)
from kerneltui.debugger.watch import PREVIOUS_HIT, Watch
from kerneltui.errors import UserError
from kerneltui.tui.panels.kinds import CONSOLE, INTERRUPTS, SOURCE, TIMEOUTS
from kerneltui.tui.pointing import Pointing
from kerneltui.tui.requests import GoTo, Point, Situation
from kerneltui.tui.travelling import TOLD_S, Travelling

if TYPE_CHECKING:  # who sets no breakpoint does not wait for them
    from kerneltui.debugger.breakpoints.marked import Marked

HIT_SHOWN_S = 5
"""The notification of a hit stays so long, or to the next command."""
NONE_SET = (
    "No breakpoint is enabled: b on a register, an interrupt or a line sets one, B lists all."
)
NOWHERE = "Put the cursor on a line of the source (panel 5), or on a row of the trace."


class Breaking(Pointing, Travelling):
    """Stands before the app's own base class; each action is a command of the table."""

    _told: tuple[BreakpointHit, ...] = ()
    """the hits that have been told"""
    _marked: Marked | None = None
    _run_to: Watch | None = None
    """a run to a line of the source"""

    if TYPE_CHECKING:  # the app's

        @property
        def keys_are_text(self) -> bool:
            """Whether somebody is typing."""

    # -- setting ----------------------------------------------------------------------------------

    def action_toggle_breakpoint(self) -> None:
        """Set the obvious breakpoint on what is under the cursor, or delete it."""
        path = self.panels.path
        on_path = self.arrangement.current is path

        def toggle_here() -> None:
            thing = self.under_cursor
            self._toggle(path.interrupt if on_path and thing is None else thing)

        self._when_shown(toggle_here)

    def _toggle(self, reference: Reference | None) -> None:
        from kerneltui.debugger.obvious import toggle

        self.tell_in_passing(toggle(self.session, reference), TOLD_S)
        self.refresh_view()

    def action_breakpoints(self) -> None:
        """List them, to change them."""
        from kerneltui.tui.screens.breakpoints import BreakpointsScreen

        session = self.session
        screen = BreakpointsScreen(session.machine, session.breakpoints)
        self.push_screen(screen, lambda _: self.refresh_view())

    def breakpoint_marks(self) -> Mapping[Any, bool]:
        """What they are about at this moment, and whether one of them is enabled."""
        session = self.session
        if not session.breakpoints:
            return {}
        from kerneltui.debugger.breakpoints.marked import Marked

        found = self._marked
        if found is None or not found.is_for(session.machine, session.breakpoints):
            found = self._marked = Marked(session.machine, session.breakpoints)
        return found.marks()

    # -- going there ------------------------------------------------------------------------------

    def action_previous_hit(self) -> None:
        """Back to where a breakpoint was hit last."""
        if self.session.breakpoints.enabled:
            self._back(PREVIOUS_HIT)
        else:
            self._tell(NONE_SET)

    def action_run_to_here(self) -> None:
        """Run to the line of the source under the cursor; go to the event under it."""
        self._when_shown(lambda: self._run_here(self.under_cursor))

    def _run_here(self, reference: Reference | None) -> None:
        if isinstance(reference, EventReference):
            self.carry_out(GoTo(reference.event))
        elif isinstance(reference, CodeReference):
            self._run_to_line(reference)
        else:
            self.notify(NOWHERE)

    def _run_to_line(self, reference: CodeReference) -> None:
        from kerneltui.debugger.obvious import obvious

        session = self.session
        try:
            text = obvious(session, reference)
            session.breakpoints.run_to(session.machine, text)
        except (ValueError, UserError) as error:
            self.notify(str(error), severity="warning", markup=False)
            return
        goal = Watch(text.removeprefix("code "))
        self._run_to = goal
        self._go(goal)
        self.refresh_view()

    def forget_run_to(self) -> None:
        """Where something else ends a run to a line, nothing waits for that line any more."""
        if self._run_to is not None and self.runner.goal is not self._run_to:
            self._run_to = None
            self.session.breakpoints.forget_run_to()

    # -- a hit ------------------------------------------------------------------------------------

    def halted(self) -> None:
        """The runner has reached its goal, or a breakpoint."""
        hits = self.session.hits
        if hits and hits is not self._told:
            self._told = hits
            self._tell_of(hits)
        self.refresh_view()

    def _tell_of(self, hits: tuple[BreakpointHit, ...]) -> None:
        if len(self.screen_stack) == 1:  # nothing covers a dialog: row 1 tells of the hit too
            text = "\n".join(map(told_of_hit, hits))
            self.tell_in_passing(text, HIT_SHOWN_S)
        for hit in hits:
            if hit.number == NO_NUMBER:
                continue  # whoever asked for that looks there
            point = hit_point(self.situation, hit)
            if point is not None:
                self._show_hit(point)
                return

    def _show_hit(self, point: Point) -> None:
        """The panel in front, unless keys would mean something else then, or the path would go."""
        panel = self.panels[point.panel]
        if not point.panel.is_there(self.session):
            return
        is_busy = self.keys_are_text or len(self.screen_stack) > 1
        if not (is_busy or self.panels.path.alone):
            self.show_panel(point.panel)
        for reference in point.references:
            panel.reveal(reference)
        panel.seek(*point.references)


def told_of_hit(hit: BreakpointHit) -> str:
    """A hit in full, and that a breakpoint for one hit is no more."""
    once = ""
    if hit.breakpoint.once and hit.number != NO_NUMBER:
        once = f". Breakpoint {hit.number} was for one hit, so it is deleted."
    return f"{hit.text[:1].upper()}{hit.text[1:]}{once}"


def hit_point(now: Situation, hit: BreakpointHit) -> Point | None:
    """Where to look when a breakpoint has been hit."""
    reference = hit.reference
    if reference is None:
        return Point(CONSOLE) if hit.breakpoint.what.startswith("console ") else None
    if isinstance(reference, InterruptReference):
        return Point(INTERRUPTS, (reference,))
    if isinstance(reference, GateReference):
        return Point(INTERRUPTS, (reference, reference.interrupt))
    if isinstance(reference, TimeoutReference):
        return Point(TIMEOUTS, (reference,))
    if isinstance(reference, CodeReference):
        return Point(SOURCE, (_as_shown(now, reference),))
    from kerneltui.tui.following import follow  # the first picture does not wait for it

    found = follow(now, reference)
    return found if isinstance(found, Point) else None


def _as_shown(now: Situation, reference: CodeReference) -> CodeReference:
    """As the call stack has it: the innermost frame there of that line."""
    file = reference.file.replace("\\", "/").rpartition("/")[2]
    for frame in now.session.core.frames():
        if frame.line == reference.line and frame.file.replace("\\", "/").endswith(f"/{file}"):
            return CodeReference(frame.function, file, frame.line)
    return reference
