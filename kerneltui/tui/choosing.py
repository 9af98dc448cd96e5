"""Choosing a board and a scenario from inside: dialogs, and what their answers do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerneltui.configfile import available
from kerneltui.machine.board import load_board
from kerneltui.scenarios.scenario import DEFAULT_SCENARIO, load_scenario
from kerneltui.tui.screens.choose import ChooseScreen

if TYPE_CHECKING:
    from kerneltui.tui.app import KernelTui


def choose_board(app: KernelTui) -> None:
    """Ask for a board; the scenario goes on with it, from reset, if it is for that board."""
    choices = {name: load_board(name).spec.title for name in available("boards")}
    choices.setdefault(app.board, app.session.setup.board.spec.title)

    def chosen(name: str | None) -> None:
        if name is not None:
            kind, setup = load_board(name).spec.bsp, app.session.setup
            kinds = load_scenario(setup.scenario_source).spec.boards
            fits = not kinds or kind in kinds
            app.open(name, setup.scenario_source if fits else DEFAULT_SCENARIO)

    app.push_screen(ChooseScreen("Board", choices, app.board), chosen)


def choose_scenario(app: KernelTui) -> None:
    """Ask for one of the scenarios that are for this board; it starts from reset."""
    setup = app.session.setup
    kind = setup.board.spec.bsp
    specs = {name: load_scenario(name).spec for name in available("scenarios")}
    choices = {
        name: spec.about for name, spec in specs.items() if not spec.boards or kind in spec.boards
    }
    choices.setdefault(setup.scenario_name, setup.about)

    def chosen(name: str | None) -> None:
        if name is not None:
            app.open(app.board, name)

    app.push_screen(ChooseScreen("Scenario", choices, setup.scenario_name), chosen)
