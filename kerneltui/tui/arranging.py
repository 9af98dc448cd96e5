"""Which panels and bars are on the screen, and which panel is the current one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.events import DescendantFocus, Resize
from textual.widget import Widget
from textual.widgets import Input, Static

from kerneltui.tui.bars import commands, tabs
from kerneltui.tui.commands import offered
from kerneltui.tui.in_turn import InTurn
from kerneltui.tui.layout import ORDER, WIDE, Layout, needs
from kerneltui.tui.panels import Panel, Panels
from kerneltui.tui.panels.kinds import CONSOLE, KINDS, PATH, REGISTERS, TIMELINE, PanelKind, grouped
from kerneltui.tui.widgets.bar import Bar

if TYPE_CHECKING:
    from kerneltui.lessons.play import Play
    from kerneltui.tui.widgets.lesson_pane import LessonPane


TOLD_S = 5
"""So long something is told that is no answer to what was wanted."""

ALONE = "This panel has the whole screen already: z changes nothing here."


class Arranging(InTurn):
    """Stands before the app's own base class, with what it arranges."""

    panels: Panels
    arrangement: Layout
    filter_box: Input
    _laid_out: tuple[int, int]
    """the terminal's width and height: the app's own size may be behind that"""
    _has_room = True
    _status: Bar
    _tabs: Bar
    _bar: Bar
    _too_small: Static
    _lesson_pane: LessonPane | None = None
    _places = frozenset[str]()
    """keys of panels that have something of what a lesson points at"""
    _on_path: Callable[[bool], object] | None
    _has_told_choice = False
    """that the next start opens as a person has chosen"""

    if TYPE_CHECKING:  # the app's
        play: Play | None

        def set_typing(self, on: bool) -> None:
            """Whether keys go to the board."""

        @property
        def filtering(self) -> bool:
            """Whether somebody writes what registers are filtered by."""

        def show_view(self) -> None:
            """Show the present moment, now."""

    def mount_rest(self) -> None:
        """Mount what the first picture does not show, when that stands or as soon as it is wanted.

        Each widget costs a millisecond or two, and most panels are hidden at first.
        """
        if self.filter_box.is_attached or not self._status.is_attached:
            return
        screen = self.screen_stack[0]
        order: list[Widget] = [self.panels[kind] for kind in ORDER]
        ground = screen.query_one("#panels")
        ground.mount(*(panel for panel in order if not panel.is_attached))
        ground.sort_children(key=order.index)
        rest = (item for item in (self.filter_box, self._too_small) if not item.is_attached)
        screen.mount(*rest, before=self._bar)

    def on_resize(self, event: Resize) -> None:
        """Choose the layout for the size; at first the terminal tells the same one twice."""
        size = event.size.width, event.size.height
        if size == self._laid_out:
            return
        self._laid_out = size
        if self.play is not None:
            self.show_lesson()
        else:
            self._lay_out(*self._laid_out)

    def show_lesson(self) -> None:
        """The text of the step, and what it points at; no room for it while there is none."""
        pane = self._lesson_pane
        if pane is None:
            if self.play is None:
                return
            from kerneltui.tui.widgets.lesson_pane import LessonPane  # most sessions have none

            pane = self._lesson_pane = LessonPane()
            self.screen_stack[0].mount(pane, before=self._bar)
        pane.show(self.play, *self._laid_out)
        self._lay_out(*self._laid_out)

    def _lay_out(self, width: int, height: int) -> None:
        screen = self.screen_stack[0]
        taken = self._lesson_pane.rows if self._lesson_pane is not None else 0
        has_room = self.arrangement.apply(screen, width, height, taken)
        if not all(panel.is_attached for panel in self.panels.made if panel.is_in_front):
            self.mount_rest()
        self.session.follows_story = self.panels.path.is_in_front
        self._has_room = has_room
        if not has_room:
            self.mount_rest()
            self._too_small.update(needs(width, height, typing=self.panels.console.typing))
        self._laid_out = width, height
        self.show_commands()
        self._show_tabs()
        if screen.focused is None and screen.is_current and has_room:
            # Whatever is hidden loses the focus: the panel gets it back.
            self.call_after_refresh(self._focus_current)

    def _focus_current(self) -> None:
        if self.screen_stack[0].focused is None:  # a key may have been quicker
            self.arrangement.current.focus()

    def show_commands(self) -> None:
        shown = offered(typing=self.panels.console.typing, filtering=self.filtering)
        self._bar.say(commands(shown, self._laid_out[0]))

    def _show_tabs(self) -> None:
        layout = self.arrangement
        there = [kind for kind in KINDS if kind.is_there(self.session) or kind is layout.kind]
        compact = self._laid_out[0] < WIDE
        groups = [
            (
                group[0].key,
                [(kind.number, kind.short) for kind in group
                 if not compact or kind is layout.chosen(kind.key)],
            )
            for group in grouped(there)
        ]  # fmt: skip
        # What shows needs no sign that it is there.
        shown = {kind.key for kind in layout.in_front()}
        pointed = self._places - shown
        self._tabs.say(tabs(groups, layout.kind.number, compact=compact, pointed=pointed))

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """The focused panel is the current one; one that does not show cannot have the focus."""
        if isinstance(event.widget, Panel):
            if event.widget.is_in_front:
                self._make_current(event.widget.KIND)
            else:
                self.arrangement.current.focus()

    def _make_current(self, kind: PanelKind) -> None:
        if self.arrangement.kind is not kind:
            self.arrangement.choose(kind)
            self._lay_out(*self._laid_out)
            self.show_view()  # with the parts of the panel that comes into sight
        if kind is not REGISTERS:
            self.filter_box.remove_class("-open")
        if kind is not CONSOLE and self.panels.console.typing:
            self.set_typing(False)

    def action_panel(self, key: str) -> None:
        """Focus the panel of a key; where it is the current one, the next of the same key."""
        self.show_panel(self.arrangement.meant(key))

    def action_focus_panel(self, number: int) -> None:
        """Focus a panel by its number."""
        self.show_panel(KINDS[number - 1])

    def show_panel(self, kind: PanelKind) -> None:
        self._make_current(kind)
        self.panels[kind].focus()
        self.refresh_view()

    def action_path(self) -> None:
        """The signal path, or all panels; a lesson that sends one there never hides it so."""
        if self.play is not None and self._has_path_beside():
            self.show_panel(PATH)
            return
        self.arrangement.zoomed = False
        before = self.arrangement.with_path
        self.arrangement.toggle_path()
        if self._on_path is not None and self.arrangement.with_path is not before:
            self._on_path(self.arrangement.with_path)
            self._tell_of_choice()
        self._lay_out(*self._laid_out)
        self.show_panel(self.arrangement.kind)

    def _tell_of_choice(self) -> None:
        """Say once that it lasts, and how to come back."""
        if not self._has_told_choice:
            self._has_told_choice = True
            found = self.arrangement.with_path
            way = (
                "with the signal path; d hides it"
                if found
                else "without the signal path; d shows it"
            )
            self.tell_in_passing(f"The next start opens {way} again.", TOLD_S)

    def _has_path_beside(self) -> bool:
        return self.panels.path.is_in_front and self.arrangement.kind is not PATH

    def action_zoom(self) -> None:
        """One panel, or all; where there is room for one only, with all that it has, or without."""
        layout = self.arrangement
        if layout.shows_one_anyway and not layout.current.HAS_MORE_ZOOMED:
            layout.zoomed = False
            self.tell_in_passing(ALONE, TOLD_S)
        else:
            layout.zoomed = not layout.zoomed
        self._lay_out(*self._laid_out)
        self.call_after_refresh(self.refresh_view)

    def action_longer(self) -> None:
        """A longer window of the timeline."""
        self.panels.timeline.zoom(1)
        self.show_panel(TIMELINE)

    def action_shorter(self) -> None:
        """A shorter one."""
        self.panels.timeline.zoom(-1)
        self.show_panel(TIMELINE)
