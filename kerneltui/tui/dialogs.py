"""What the dialogs ask, and what their answers do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import structs

from kerneltui.configfile import available
from kerneltui.debugger.views.timeouts import STRUCTURES
from kerneltui.errors import UserError
from kerneltui.kernel.programs.shell_program import ShellProgram
from kerneltui.machine.board import load_board
from kerneltui.scenarios.scenario import (
    DEFAULT_SCENARIO,
    UNCHANGED,
    Changes,
    changes_for,
    fits,
    load_scenario,
    open_session,
)
from kerneltui.tui.screens.ask import AskScreen, Field
from kerneltui.tui.screens.choose import Choice, ChooseScreen

if TYPE_CHECKING:
    from kerneltui.tui.app import KernelTui


BOARDS, SCENARIOS = "Boards", "Scenarios"
NO_SHELL = "This kernel has no shell; press o and open the scenario shell."
CLEAR_LINE = "\x15"
"""Ctrl+U: whatever is half typed is not part of the command."""


def show_help(app: KernelTui) -> None:
    """Keys and panels."""
    from kerneltui.tui.screens.help import HelpScreen

    app.push_screen(HelpScreen(app.session.setup.about))


def open_board_or_scenario(app: KernelTui) -> None:
    """Ask for a board, or for a scenario that is for this one; both start anew.

    With another board the scenario goes on, if it is for that board.
    """
    setup = app.session.setup
    boards = {name: load_board(name).spec.title for name in available("boards")}
    boards.setdefault(app.board, setup.board.spec.title)
    kind = setup.board.spec.bsp
    found = {name: load_scenario(name) for name in available("scenarios")}
    scenarios = {name: item.spec.title for name, item in found.items() if kind in item.boards}
    scenarios.setdefault(setup.scenario_name, setup.scenario_title)
    scenario = (SCENARIOS, setup.scenario_name)

    def chosen(choice: Choice | None) -> None:
        if choice is None:
            return
        section, name = choice
        if section == BOARDS:
            start(app, name, setup.scenario_source, app.changes)
        else:
            start(app, app.board, name, app.changes)

    sections = {BOARDS: boards, SCENARIOS: scenarios}
    current = [(BOARDS, app.board), scenario]
    app.push_screen(ChooseScreen("Open", sections, current, scenario), chosen)


def choose_queue(app: KernelTui) -> None:
    """Ask for a structure of the timeout queue; the scenario starts with it, from reset."""
    if app.session.view(frozenset({"queue"})).queue is None:
        app.notify("This program has no queue of timeouts.", severity="warning")
        return

    def chosen(choice: Choice | None) -> None:
        if choice is not None:
            changes = structs.replace(app.changes or UNCHANGED, queue=choice[1])
            start(app, app.board, app.session.setup.scenario_source, changes)

    current = ("", app.session.inspector.queue_structure())
    screen = ChooseScreen("Structure of the timeout queue", {"": STRUCTURES}, [current], current)
    app.push_screen(screen, chosen)


def choose_theme(app: KernelTui) -> None:
    """Ask for a theme."""
    choices = dict.fromkeys(sorted(app.available_themes), "")

    def chosen(choice: Choice | None) -> None:
        if choice is not None:
            app.theme = choice[1]

    current = ("", app.theme)
    app.push_screen(ChooseScreen("Theme", {"": choices}, [current], current), chosen)


def ask_for_timeout(app: KernelTui) -> None:
    """Ask whether it comes once or again and again, after how long, and what it prints."""
    if _has_shell(app):
        fields: dict[str, Field] = {
            "When": ("every", "once"),
            "After (250us, 1.5s, 2m)": "1s",
            "Text to print": "tick",
        }
        app.push_screen(AskScreen("Add timeout", fields), lambda said: _type(app, said))


def ask_which_to_cancel(app: KernelTui) -> None:
    """Ask for one of the pending timeouts."""
    kernel = app.session.kernel
    if not _has_shell(app) or not isinstance(kernel, ShellProgram):
        return
    pending = {str(item.ident): item.name for item in kernel.own_timeouts()}
    if not pending:
        app.notify("No timeout is pending that could be cancelled.")
        return

    def chosen(choice: Choice | None) -> None:
        _type(app, ("cancel", choice[1]) if choice is not None else None)

    app.push_screen(ChooseScreen("Cancel timeout", {"": pending}), chosen)


def _has_shell(app: KernelTui) -> bool:
    has = isinstance(app.session.kernel, ShellProgram)
    if not has:
        app.notify(NO_SHELL, severity="warning")
    return has


def _type(app: KernelTui, words: tuple[str, ...] | None) -> None:
    if words is not None:
        app.type(f"{CLEAR_LINE}{' '.join(words)}\r".encode("ascii", "replace"))


def start(app: KernelTui, board: str, scenario: str, changes: Changes | None) -> None:
    """Start a scenario on a board, each by name or file; what cannot be opened is told."""
    try:
        if board != app.board and not fits(board, scenario):
            scenario = DEFAULT_SCENARIO
        session = open_session(board, scenario, changes_for(board, scenario, changes))
    except UserError as error:
        app.notify(str(error), severity="error", markup=False)
    else:
        app.use(session, board, changes)
