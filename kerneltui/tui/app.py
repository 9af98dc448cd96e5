"""The dashboard app: one session, one runner, the panels."""

from __future__ import annotations

import gc
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

from textual._callback import invoke
from textual.actions import ActionParseResult, parse
from textual.app import App, ComposeResult, SystemCommand
from textual.binding import BindingType
from textual.command import Provider
from textual.dom import DOMNode
from textual.events import Event, Key, MouseDown, MouseUp
from textual.keys import key_to_character
from textual.screen import Screen
from textual.widgets import Input, Static
from textual.worker import Worker

from kerneltui.debugger.session import Session
from kerneltui.debugger.views import MachineView
from kerneltui.scenarios.changes import Changes
from kerneltui.tui.arranging import Arranging
from kerneltui.tui.bars import ROOMY, status
from kerneltui.tui.carrying import Carrying
from kerneltui.tui.commands import BY_IDENT, COMMANDS, bindings, speed_text
from kerneltui.tui.frames import VIEWS_PER_S, Frames
from kerneltui.tui.layout import ORDER, Layout
from kerneltui.tui.panels import Panels
from kerneltui.tui.panels.kinds import KINDS, PATH, TIMELINE
from kerneltui.tui.requests import StartLesson
from kerneltui.tui.runner import Runner
from kerneltui.tui.signals import leave_on_signals
from kerneltui.tui.state import past_of, state_text
from kerneltui.tui.stylesheet import dashboard_css
from kerneltui.tui.themes import DEFAULT_THEME, THEMES
from kerneltui.tui.widgets.bar import Bar
from kerneltui.tui.widgets.kept_rows import KeptContainer
from kerneltui.tui.widgets.line_screen import LineScreen
from kerneltui.tui.widgets.lines import Line
from kerneltui.tui.writing import Writing
from kerneltui.units import format_time

if TYPE_CHECKING:
    from kerneltui.sessions.autosave import Autosave
    from kerneltui.sessions.writing import Kept

PREPARE_AFTER_S = 0.3
"""After the first picture, when nobody waits."""
ANSWERS_WHY = (
    "kerneltui.debugger.last_write", "kerneltui.debugger.why", "kerneltui.debugger.meaning.found",
    "kerneltui.tui.following", "kerneltui.tui.editing", "kerneltui.tui.screens.why",
)  # fmt: skip
"""What the first picture does not wait for."""
LEFT = 1
"""The mouse's button."""
TASK = "Find out why this is what you will see as it runs (n, space): {} (? shows this again.)"
"""Nothing of it has happened yet."""
TASK_S = 8
"""The task of a puzzle stays so long, or to the first key."""


def _finder() -> type[Provider]:
    """Who finds commands for the palette; the first picture does not wait for it."""
    from kerneltui.tui.palette import Finder

    return Finder


class KernelTui(Carrying, Writing, Arranging, App[int]):
    """``kerneltui --board B --scenario S``.  ``session`` has been booted."""

    CSS = dashboard_css()
    TITLE = "kerneltui"
    ENABLE_COMMAND_PALETTE = True
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_finder}
    BINDINGS: ClassVar[list[BindingType]] = bindings(kind.key for kind in KINDS)

    def __init__(
        self,
        session: Session,
        *,
        speed: float = 1.0,
        theme: str = "",
        board: str = "",
        with_path: bool = True,
        on_path: Callable[[bool], object] | None = None,
        keys: Sequence[str] = (),
        autosave: Autosave | None = None,
        saved_as: Kept | None = None,
        lesson: str = "",
    ) -> None:
        """``board`` is what a later choice of scenario opens: a name or a file.

        It opens with the signal path, or with all panels; ``on_path`` is told when a person chooses
        the other.  ``keys`` are pressed when the first picture stands.  ``autosave`` keeps what is
        done by hand; ``saved_as`` is the file that the session was opened from; ``lesson``
        is to be begun.
        """
        super().__init__()
        for extra in THEMES:
            self.register_theme(extra)
        self.theme = theme or DEFAULT_THEME
        self.board = board or session.setup.board.name
        self.changes: Changes | None = session.setup.changes
        self._laid_out = 0, 0
        self._status = Bar(id="status")
        self._tabs = Bar(id="tabs")
        self._bar = Bar(id="commands")
        self._said: tuple[str, str, Line, str] = ("", "", (), "")
        """in row 1, beside the time"""
        self._too_small = Static(id="too-small")
        self.filter_box = Input(placeholder="register, device or field; Esc ends", id="filter")
        self.panels = Panels()
        self._points = False
        """something stands out because of a lesson"""
        self._on_path = on_path
        self._keys = keys
        self.begin_keeping(session, autosave, saved_as)
        self._lesson = lesson
        self.arrangement = Layout(self.panels, with_path=with_path)
        self.frames = Frames(self, self.show_view, self.show_time, self.is_typed_ahead)
        self.begin_turns()
        self.runner = Runner(session, speed, self.halted, self._spawn)

    # -- screen -----------------------------------------------------------------------------------

    def get_default_screen(self) -> LineScreen:
        """The dashboard itself, laid out: before it is mounted this costs no styles."""
        screen = LineScreen(id="_default")
        self._has_room = self.arrangement.apply(screen, *self.size)
        return screen

    def compose(self) -> ComposeResult:
        """What the first picture shows: :meth:`mount_rest` adds the rest."""
        yield self._status
        yield self._tabs
        with KeptContainer(id="panels"):
            shown = self.arrangement.in_front()
            yield from (self.panels[kind] for kind in ORDER if kind in shown)
        if not self._has_room:
            yield self._too_small
        yield self._bar

    def on_mount(self) -> None:
        """First picture; signals that must leave a sane terminal behind."""
        self.arrangement.current.focus()
        leave_on_signals(self.exit)
        self.set_interval(1 / VIEWS_PER_S, self._tick)
        self.show_view()

    def on_ready(self) -> None:
        """The first picture stands: from here on garbage is collected as usual.

        What there is by now stays: to look for garbage in it takes the time of several frames.
        """
        self.mount_rest()
        if not gc.isenabled():
            gc.freeze()
            gc.enable()
        if not self._lesson:
            self._tell_task()
        self.tell_bookmark()
        if self._lesson:
            self.carry_out(StartLesson(self._lesson, None))
        self._prepare_soon()
        if self._keys:
            from kerneltui.tui.pressing import press_on_screen

            self.run_worker(press_on_screen(self, self._keys), "keys")

    def _tell_task(self) -> None:
        """Where there is something to find out, say what; a lesson says it in its own words."""
        setup = self.session.setup
        if setup.task and not self.session.is_taught:
            self.tell_in_passing(TASK.format(setup.task), TASK_S)

    def _prepare_soon(self) -> None:
        self.set_timer(PREPARE_AFTER_S, self._prepare)

    def _prepare(self) -> None:
        """What the first step back, and the first answer of ``w``, would have to wait for."""
        if not self.runner.running:
            self.session.history.prepare()
            for name in ANSWERS_WHY:
                import_module(name)
            if gc.get_freeze_count():  # all that stays too, from now on
                gc.collect()
                gc.freeze()
        self.tell_of_lost()

    # -- views ------------------------------------------------------------------------------------

    def show_view(self) -> None:
        """Show the present moment, now."""
        if not self._status.is_attached:
            return  # leaving: timers outlive the widgets for a moment
        self.tell_of_given()
        self.forget_run_to()
        parts = frozenset[str]().union(
            *(panel.parts() for panel in self.panels.made if panel.is_in_front)
        )
        has_timeline = TIMELINE in self.arrangement.in_front()
        window = self.panels.timeline.window() if has_timeline else None
        view = self.session.view(parts, window, marks=not self.runner.running)
        self.panels.console.paused = not self.runner.running
        brief = self._laid_out[0] < ROOMY
        heading = view.path.heading if view.path is not None else ""
        past = past_of(
            self.session.history, heading, brief=brief, bookmarks=self.session.bookmarks,
            turned_back=self.session.story.is_turned_back,
        )  # fmt: skip
        hit = self.session.hits[0].brief if self.session.hits else ""
        signs = self.breakpoint_marks()
        with self.batch_update():
            for panel in self.panels.made:
                # On the path ● says that a moment is over, and a row is about several things.
                panel.set_signs({} if panel.KIND is PATH else signs)
                panel.show(view, parts)
            self._follow_station(view)
            self._point_out(view)
            self._show_tabs()
            state = state_text(self.runner.under_way, view, past, brief=brief, hit=hit)
            self._said = view.board, view.scenario, state, speed_text(self.runner.speed)
            self._show_status(view.now_ns)

    def _point_out(self, view: MachineView) -> None:
        """What the step of a lesson points at stands out, and whether its goal is reached."""
        self.panels.path.ask(is_asked=self.play is not None and self.play.asks_what_comes)
        if self.play is None and not self._points:
            return
        from kerneltui.tui.pointing_out import things

        found = things(self.session, view, self.play)
        self._points = bool(found.references or found.panels)
        self._places = found.places
        for panel in self.panels.made:
            panel.set_pointed(found.references)
            panel.set_class(panel.KIND.key in found.panels, "-pointed")
        self.look_at_lesson()

    def _follow_station(self, view: MachineView) -> None:
        """Beside the path the registers follow the station where something has happened."""
        registers, path = self.panels.registers, view.path
        if path is None or not (registers.is_in_front and self.panels.path.is_in_front):
            registers.lead(None)
            return
        if registers is not self.arrangement.current:
            registers.show_from(path.culprit or path.register, path.culprit)

    async def _tick(self) -> None:
        if self.runner.running:
            self.frames.tick(self.session.happened())
        self.keep()
        await self.end_long_turn()

    def show_time(self) -> None:
        """Show that time has passed and nothing else has happened."""
        if self._status.is_attached:
            self._show_status(self.session.machine.now)

    def _show_status(self, now_ns: int) -> None:
        board, scenario, state, speed = self._said
        width = self._status.size.width
        self._status.say(status(board, scenario, format_time(now_ns), state, speed, width))

    def on_panel_outdated(self) -> None:
        """It has come into sight, or wants to show something else."""
        self.refresh_view()

    # -- commands ---------------------------------------------------------------------------------

    def _spawn(self, work: Callable[[], Coroutine[Any, Any, None]]) -> Worker[None] | None:
        if not self.screen_stack or self.return_code is not None:
            return None  # leaving
        # As a worker, an error in it ends the app and is shown, and leaving the app ends it.
        return self.run_worker(work, "runner")

    async def on_event(self, event: Event) -> None:
        """As Textual does; of the mouse's buttons only the left one acts, wherever it is."""
        if isinstance(event, Key) and event.key == "ctrl+j" and not self.panels.console.typing:
            # What Enter sends while the terminal is not the app's yet, and over some lines.
            event = Key("enter", "\r")
        if not (isinstance(event, MouseDown | MouseUp) and event.button > LEFT):
            await super().on_event(event)

    async def _check_bindings(self, key: str, priority: bool = False) -> bool:
        if not self.screen_stack or self.return_code is not None:
            return False  # keys that wait when the app leaves mean nothing any more
        if priority:  # every key comes here first, wherever it goes on to
            self.forget_passing()
        found = await super()._check_bindings(key, priority)
        if not (found or priority or len(self.screen_stack) != 1):
            self._tell_of_idle(key)
        return found

    def _tell_of_idle(self, key: str) -> None:
        """A key that does nothing says so."""
        silent = key in SILENT_KEYS or self.keys_are_text or not self._has_room
        if not silent and not self.frames.is_repeated(key):
            self.clear_notifications()
            name = key_to_character(key) or key
            self.notify(f"The key {name} does nothing here. {self.which_keys()}", markup=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Where keys are text no command is one key away, but the palette, Esc and clicks work.

        What cannot be seen does not act: then one can leave, and end typing.
        """
        if not self._has_room and action in _UNSEEN_ACTIONS and not self._may_unseen(action):
            return False
        if self.takes_away(action, parameters):
            return False
        return action not in _COMMAND_ACTIONS or not self.keys_are_text

    def _may_unseen(self, action: str) -> bool:
        leaves = {"leave_dashboard", "suspend_process"}
        return action in leaves or (action == "leave" and self.keys_are_text)

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """As Textual does; a lesson may wait for a command."""
        done = await super().run_action(action, default_namespace, namespaces)
        if done and isinstance(action, str):
            self.note_command(action)
        return done

    async def action_choose(self, ident: str, *parameters: object) -> None:
        """A command chosen by mouse or palette means the same in every mode and over a dialog."""
        self.forget_passing()
        while len(self.screen_stack) > 1:
            self.pop_screen()
        command = BY_IDENT.get(ident)
        called = command.call if command is not None else ident
        _, name, given = parse(called)
        if self.takes_away(name, given):
            self.notify(self.which_keys(), markup=False)
            return
        self.note_command(called)
        await invoke(getattr(self, f"action_{name}"), *parameters, *given)

    # -- other sessions, and leaving ---------------------------------------------------------------

    def use(self, session: Session, board: str, changes: Changes | None) -> None:
        """Go on with another session; ``board`` and ``changes`` as for those before."""
        self.runner.stop()
        self.session.close()
        if session.history.first is None:
            session.boot()
        self.board, self.changes = board, changes
        self.runner = Runner(session, self.runner.speed, self.halted, self._spawn)
        self.given = session.history.given
        self.forget_file()
        for panel in self.panels.made:
            panel.forget()
        session.follows_story = self.panels.path.is_in_front
        if gc.get_freeze_count():  # the session before has stayed with the rest
            gc.unfreeze()
            gc.collect()
            gc.freeze()
        self.refresh_view()
        self._tell_task()
        self._prepare_soon()

    def action_leave_dashboard(self) -> None:
        """Leave; Textual's own Ctrl+Q does the same, in typing mode too."""
        self.runner.stop()
        self.end_keeping()
        self.exit(0)

    def action_command_palette(self) -> None:
        """Every command by name."""
        from kerneltui.tui.screens.dialog import Palette

        if not isinstance(self.screen, Palette):
            self.push_screen(Palette())

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The palette's content."""
        from kerneltui.tui.palette import palette

        return palette(self.action_choose, super().get_system_commands(screen))


SILENT_KEYS = {"tab", "shift+tab", "backspace"}
"""Keys that people press without meaning a command."""
_COMMAND_ACTIONS = {command.call.partition("(")[0] for command in COMMANDS}
_UNSEEN_ACTIONS = _COMMAND_ACTIONS | {"focus_panel", "panel", "cursor", "choose"}
"""What would act, or open a dialog, over the words that there is too little room."""
_COMMAND_ACTIONS = _COMMAND_ACTIONS - {"command_palette"} | {"focus_panel", "panel", "cursor"}
