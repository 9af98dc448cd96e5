"""Choosing a board and a scenario from inside: dialogs, and what their answers do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerneltui.configfile import available
from kerneltui.machine.board import load_board
from kerneltui.scenarios.scenario import load_scenario
from kerneltui.tui.screens.choose import ChooseScreen

if TYPE_CHECKING:
    from kerneltui.tui.app import KernelTui


def choose_board(app: KernelTui) -> None:
    """Ask for a board; the scenario goes on with it, from reset, if it is for that board."""
    choices = {name: load_board(name).spec.title for name in available("boards")}
    choices.setdefault(app.board, app.session.setup.board.spec.title)

    def chosen(name: str | None) -> None:
        if name is not None:
            app.open(name, app.session.setup.scenario_source)

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
            app.open(app.board, name)

    app.push_screen(ChooseScreen("Scenario", choices, setup.scenario_name), chosen)
