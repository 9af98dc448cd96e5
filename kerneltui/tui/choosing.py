"""Choosing a board, a scenario and a queue from inside: dialogs, and what their answers do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import structs

from kerneltui.configfile import available
from kerneltui.debugger.queue_views import STRUCTURES
from kerneltui.errors import UserError
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
from kerneltui.tui.screens.choose import ChooseScreen

if TYPE_CHECKING:
    from kerneltui.tui.app import KernelTui


def choose_board(app: KernelTui) -> None:
    """Ask for a board; the scenario goes on with it, from reset, if it is for that board."""
    choices = {name: load_board(name).spec.title for name in available("boards")}
    choices.setdefault(app.board, app.session.setup.board.spec.title)

    def chosen(name: str | None) -> None:
        if name is not None:
            start(app, name, app.session.setup.scenario_source, app.changes)

    app.push_screen(ChooseScreen("Board", choices, app.board), chosen)


def choose_scenario(app: KernelTui) -> None:
    """Ask for one of the scenarios that are for this board; it starts from reset."""
    setup = app.session.setup
    kind = setup.board.spec.bsp
    found = {name: load_scenario(name) for name in available("scenarios")}
    choices = {name: item.spec.about for name, item in found.items() if kind in item.boards}
    choices.setdefault(setup.scenario_name, setup.about)

    def chosen(name: str | None) -> None:
        if name is not None:
            start(app, app.board, name, app.changes)

    app.push_screen(ChooseScreen("Scenario", choices, setup.scenario_name), chosen)


def choose_queue(app: KernelTui) -> None:
    """Ask for a structure of the timeout queue; the scenario starts with it, from reset."""
    if app.session.view().queue is None:
        app.notify("This program has no queue of timeouts.", severity="warning")
        return

    def chosen(name: str | None) -> None:
        if name is not None:
            changes = structs.replace(app.changes or UNCHANGED, queue=name)
            start(app, app.board, app.session.setup.scenario_source, changes)

    current = app.session.kernel.workload.queue
    app.push_screen(ChooseScreen("Structure of the timeout queue", STRUCTURES, current), chosen)


def choose_theme(app: KernelTui) -> None:
    """Ask for a theme."""
    choices = dict.fromkeys(sorted(app.available_themes), "")

    def chosen(name: str | None) -> None:
        if name is not None:
            app.theme = name

    app.push_screen(ChooseScreen("Theme", choices, app.theme), chosen)


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
