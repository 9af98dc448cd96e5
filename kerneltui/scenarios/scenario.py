"""Scenarios on boards: from names, or files, to a session."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from msgspec.structs import replace

from kerneltui.debugger.session import Session
from kerneltui.debugger.setup import Setup
from kerneltui.errors import UserError
from kerneltui.kernel.faults import FAULTS
from kerneltui.kernel.irq import KernelError
from kerneltui.kernel.kernel import Kernel
from kerneltui.kernel.pc.boot_parameters import parse
from kerneltui.kernel.programs import PROGRAMS, program
from kerneltui.kernel.roles import POSTS
from kerneltui.machine.board import load_board
from kerneltui.machine.checked_board import Board
from kerneltui.own.driver import OwnDriver, in_place
from kerneltui.own.making import kernel_with
from kerneltui.scenarios.changes import (
    UNCHANGED,
    Changes,
    inputs_with,
    pokes_of,
    session_on,
)
from kerneltui.scenarios.own_drivers import check_drivers, kind_for_drivers, no_drivers
from kerneltui.scenarios.reading import (
    ImageScenario,
    ProgramScenario,
    Scenario,
    check_board,
    load_scenario,
)
from kerneltui.shelves import PUZZLES

DEFAULT_SCENARIO = "timer-callbacks"
OF_IMAGES = {"entry": "--entry", "load": "--load", "cmdline": "--cmdline"}
"""Options that say how an image of machine code starts."""


def open_session(
    board: str | None,
    scenario: str,
    changes: Changes = UNCHANGED,
    drivers: Callable[[str], tuple[OwnDriver, ...]] = no_drivers,
) -> Session:
    """A session on a board with a scenario, by names or files.  Raises :class:`UserError`.

    Without a board it is the usual one, or the first that the scenario is for.  ``drivers`` loads
    a person's own, for a kind of board, which is empty where an image runs.
    """
    opened = load_scenario(scenario)
    found = load_board(opened.usual_board if board is None else board)
    own = drivers(kind_for_drivers(found, opened))
    return make_session(found, opened, scenario, changes, own)


def fits(board: str, scenario: str) -> bool:
    """Whether a scenario is for a board.  Raises :class:`UserError`."""
    return load_board(board).spec.bsp in load_scenario(scenario).boards


def changes_for(board: str, scenario: str, changes: Changes | None) -> Changes:
    """What of the changes can be had on a board, in a scenario.  Raises :class:`UserError`."""
    found, opened = load_board(board), load_scenario(scenario)
    wanted = changes or UNCHANGED
    if isinstance(opened, ImageScenario):
        from kerneltui.machine.image_board import load_image  # other scenarios do without

        known = found.spec.devices | load_image(found)[0].devices
        there = tuple(name for name in wanted.without if name in known)
        return replace(wanted, append="", cpu="", queue="", sched="", without=there)
    entry = PROGRAMS[_program(opened).spec.program]
    kept = wanted if found.is_x86 else Changes()
    return replace(
        kept,
        without=tuple(name for name in wanted.without if name in found.spec.devices),
        queue=wanted.queue if entry.has_queue else "",
        sched=wanted.sched if entry.has_tasks else "",
        pokes=wanted.pokes,
        typed=wanted.typed,
        entry="",
        load="",
        cmdline=None,
    )


def drivers_for(scenario: str, drivers: Iterable[OwnDriver], board: str) -> tuple[OwnDriver, ...]:
    """Which drivers can be had on a kind of board, in a scenario.  Raises :class:`UserError`."""
    opened = load_scenario(scenario)
    if isinstance(opened, ImageScenario):
        return ()
    entry = PROGRAMS[_program(opened).spec.program]
    fitting = (driver for driver in drivers if driver.post in POSTS.get(board, ()))
    return tuple(driver for driver in fitting if driver.role != "queue" or entry.has_queue)


def make_session(
    board: Board,
    scenario: Scenario,
    source: str = "",
    changes: Changes = UNCHANGED,
    drivers: tuple[OwnDriver, ...] = (),
) -> Session:
    """A session at reset.  Raises :class:`UserError` for an impossible board."""
    if isinstance(scenario, ImageScenario):
        from kerneltui.scenarios.images import image_session  # the engine waits till it is wanted

        return image_session(board, scenario, source, changes, drivers)
    return _program_session(board, _program(scenario), source, changes, drivers)


def _program(scenario: Scenario) -> ProgramScenario:
    """There are two kinds."""
    assert isinstance(scenario, ProgramScenario)
    return scenario


def _program_session(
    board: Board,
    scenario: ProgramScenario,
    source: str,
    changes: Changes,
    drivers: tuple[OwnDriver, ...],
) -> Session:
    cls = program(scenario.spec.program)
    bsp = board.spec.bsp
    _check_fit(board, scenario, changes)
    boot = f"{scenario.spec.boot} {changes.append}".strip()
    check_drivers(drivers, bsp, scenario.spec, scenario.file, boot=boot, queue=changes.queue)
    workload = replace(
        scenario.workload,
        boot=boot,
        queue=changes.queue or scenario.spec.queue,
        sched=changes.sched or scenario.spec.sched,
        own=in_place(drivers),
    )

    def kernel(cpu: Any) -> Kernel:
        return cls(cpu, bsp, workload)

    def session(changed: Board) -> Session:
        return Session(
            Setup(
                board=changed,
                changes=changes,
                scenario_name=scenario.name,
                scenario_source=source or scenario.name,
                scenario_title=scenario.spec.title,
                is_puzzle=scenario.spec.group == PUZZLES,
                scenario_file=scenario.file,
                about=scenario.spec.about,
                task=scenario.spec.about if scenario.spec.faults else "",
                kernel=kernel_with(drivers, kernel),
                drivers=drivers,
                again=partial(make_session, board, scenario, source, changes),
                inputs=inputs_with(scenario.inputs, changes),
                pokes=(*scenario.pokes, *pokes_of(changes)),
                bookmarks=scenario.bookmarks,
            )
        )

    return session_on(board, scenario, changes, session)


def _check_fit(board: Board, scenario: ProgramScenario, changes: Changes) -> None:
    """Whether scenario, board and command line can go together."""
    bsp = board.spec.bsp
    for number, fault in enumerate(scenario.spec.faults):
        boards = FAULTS[fault].boards
        if bsp not in boards and not scenario.file.is_builtin:
            text = (
                f"the board {board.name} cannot have the fault '{fault}', "
                f"which is for {' or '.join(boards)}"
            )
            raise scenario.file.error(("faults", number), text)
    check_board(scenario, board)
    cores = board.spec.cpu.cores
    if scenario.spec.cores > cores:
        text = f"the scenario wants {scenario.spec.cores} cores, but {board.name} has only {cores}"
        raise scenario.file.error(("cores",), text)
    if changes.append and not board.is_x86:
        raise UserError(f"--append: only a PC's kernel has boot parameters, {board.name} has none")
    for name, option in OF_IMAGES.items():
        if getattr(changes, name) != getattr(UNCHANGED, name):
            said = "give it with --kernel, or with a scenario that names one"
            raise UserError(f"{option} is for an image of machine code: {said}")
    entry = PROGRAMS[scenario.spec.program]
    if changes.queue and not entry.has_queue:
        raise UserError(f"--queue: the scenario '{scenario.name}' has no queue of timeouts")
    if changes.sched and not entry.has_tasks:
        raise UserError(f"--sched: the scenario '{scenario.name}' has no tasks to schedule")
    try:
        parse(changes.append)
    except KernelError as error:
        raise UserError(f"--append: {error}") from None
