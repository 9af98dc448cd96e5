"""Scenario files: a program, its timeouts, and inputs at times."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from msgspec.structs import replace

from kerneltui.configfile import ConfigFile, find
from kerneltui.debugger.bookmarks import Bookmark
from kerneltui.debugger.session import Session
from kerneltui.debugger.setup import PokeRequest, Setup, TimedInput
from kerneltui.errors import UserError, suggestion
from kerneltui.kernel.bsp import BOARDS
from kerneltui.kernel.faults import FAULTS
from kerneltui.kernel.irq import KernelError
from kerneltui.kernel.kernel import Kernel
from kerneltui.kernel.pc.boot_parameters import parse
from kerneltui.kernel.programs import PROGRAMS, program
from kerneltui.kernel.roles import POSTS
from kerneltui.kernel.workload import TimeoutRequest, Workload
from kerneltui.machine.board import Board, load_board
from kerneltui.own.driver import OwnDriver, in_place
from kerneltui.own.making import kernel_with
from kerneltui.scenarios.own_drivers import check_drivers
from kerneltui.scenarios.spec import MOST_TIMEOUTS, ScenarioSpec, TimeoutSpec

if TYPE_CHECKING:
    from kerneltui.kernel.tasks.task import TaskRequest

DEFAULT_BOARD, PC_BOARD = "rpi4", "x86"
DEFAULT_SCENARIO = "timer-callbacks"


class Changes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the command line changes: of the board, and of what the kernel is asked to do."""

    append: str = ""
    cpu: str = ""
    without: tuple[str, ...] = ()
    queue: str = ""
    sched: str = ""
    pokes: tuple[str, ...] = ()
    """registers to store to, each with its time in front"""


UNCHANGED = Changes()


def no_drivers(_: str) -> tuple[OwnDriver, ...]:
    """The kernel's own are used."""
    return ()


class Scenario(msgspec.Struct, frozen=True):
    """A checked scenario."""

    name: str
    spec: ScenarioSpec
    workload: Workload
    file: ConfigFile
    """gives places in it for errors found later"""

    @property
    def boards(self) -> tuple[str, ...]:
        """The kinds of board that it is for."""
        spec = self.spec
        limits = [FAULTS[fault].boards for fault in spec.faults]
        if spec.boards:
            limits.append(tuple(spec.boards))
        if spec.boot or spec.cpu:
            limits.append((PC_BOARD,))
        program = PROGRAMS[spec.program]
        return tuple(board for board in program.boards if all(board in boards for boards in limits))

    @property
    def inputs(self) -> tuple[TimedInput, ...]:
        """What is typed when, in order of time."""
        ordered = sorted(self.spec.inputs, key=lambda item: item.at)
        return tuple(TimedInput(int(item.at), item.uart.encode()) for item in ordered)

    @property
    def bookmarks(self) -> tuple[Bookmark, ...]:
        """Moments to come back to."""
        return tuple(
            Bookmark(int(item.at), item.note, item.name or "") for item in self.spec.bookmarks
        )

    @property
    def pokes(self) -> tuple[PokeRequest, ...]:
        """Which registers are stored to when."""
        return tuple(
            PokeRequest(
                int(item.at), item.store, partial(self.file.error, ("pokes", number, "store")),
                item.core,
            )
            for number, item in enumerate(self.spec.pokes)
        )  # fmt: skip


def load_scenario(name: str) -> Scenario:
    """A built-in scenario by name, or a file by path.  Raises :class:`UserError`."""
    path = find("scenarios", name)
    return read_scenario(ConfigFile.load(path), path)


def read_scenario(file: ConfigFile, path: Path) -> Scenario:
    """Check a parsed scenario file.  Raises :class:`UserError`."""
    spec = file.decode(ScenarioSpec)
    if spec.program not in PROGRAMS:
        hint = suggestion(spec.program, PROGRAMS)
        raise file.error(("program",), f"unknown program '{spec.program}'{hint}")
    for number, fault in enumerate(spec.faults):
        if fault not in FAULTS:
            raise file.error(
                ("faults", number), f"unknown fault '{fault}'{suggestion(fault, FAULTS)}"
            )
    for number, board in enumerate(spec.boards):
        if board not in BOARDS:
            raise file.error(
                ("boards", number), f"unknown board '{board}'{suggestion(board, BOARDS)}"
            )
    check_names(file, spec.bookmarks)
    try:
        parse(spec.boot)
    except KernelError as error:
        raise file.error(("boot",), str(error)) from None
    if spec.timeouts and spec.program == "system-timer":
        raise file.error(("timeouts",), "the program 'system-timer' sets no timeouts; remove them")
    requests = _requests(file, spec.timeouts, ("timeouts",))
    if len(requests) > MOST_TIMEOUTS:
        raise file.error(("timeouts",), f"a scenario has at most {MOST_TIMEOUTS} timeouts")
    workload = Workload(
        requests,
        frozenset(spec.faults),
        tasks=_tasks(file, spec),
        sched=spec.sched,
        quantum_ns=int(spec.quantum),
        cores=spec.cores,
    )
    return Scenario(path.stem, spec, workload, file)


def check_names(file: ConfigFile, bookmarks: Sequence[HasName]) -> None:
    """No two bookmarks have the same name.  Raises :class:`UserError`."""
    seen: dict[str, int] = {}
    for number, item in enumerate(bookmarks):
        first = seen.setdefault((item.name or "").lower(), number)
        if item.name and first != number:
            line = file.line(("bookmarks", first))
            said = f"'{item.name}' is the name of the bookmark in line {line} already"
            raise file.error(("bookmarks", number, "name"), said)


class HasName(Protocol):
    """A bookmark in a file."""

    @property
    def name(self) -> str | None:
        """By which it can be found."""


def _tasks(file: ConfigFile, spec: ScenarioSpec) -> tuple[TaskRequest, ...]:
    """Most programs have none, and need not wait for what checks them."""
    if not (spec.tasks or spec.cores > 1 or PROGRAMS[spec.program].has_tasks):
        return ()
    from kerneltui.scenarios.tasks import task_requests

    return task_requests(file, spec)


def _requests(
    file: ConfigFile, specs: list[TimeoutSpec], where: tuple[Any, ...]
) -> tuple[TimeoutRequest, ...]:
    found: list[TimeoutRequest] = []
    for number, spec in enumerate(specs):
        place = (*where, number)
        given = [kind for kind in ("once", "every", "at") if getattr(spec, kind) is not None]
        if len(given) != 1:
            said = " and ".join(given) or "none"
            raise file.error(
                place, f"a timeout needs exactly one of 'once', 'every' and 'at'; here: {said}"
            )
        if spec.catch_up != "all" and spec.every is None:
            raise file.error(
                (*place, "catch_up"),
                "'catch_up' needs 'every': only a period can be late by whole periods",
            )
        if spec.every == 0:
            raise file.error((*place, "every"), "a period must be longer than 0s")
        then = _requests(file, spec.then, (*place, "then"))
        found.extend(_repeat(spec, given[0], then))
        if len(found) > MOST_TIMEOUTS:
            raise file.error(place, f"a scenario has at most {MOST_TIMEOUTS} timeouts")
    return tuple(found)


def _repeat(spec: TimeoutSpec, kind: str, then: tuple[TimeoutRequest, ...]) -> list[TimeoutRequest]:
    text = "".join(char for char in spec.print or "" if char.isprintable()).strip()
    name = spec.name or text or kind
    first = int(getattr(spec, kind))
    return [
        TimeoutRequest(
            f"{name} {n + 1}" if spec.repeat > 1 else name,
            **{f"{kind}_ns": first + n * int(spec.apart)},
            text=spec.print,
            busy_ns=int(spec.busy),
            catch_up=spec.catch_up,
            then=then,
        )
        for n in range(spec.repeat)
    ]


def open_session(
    board: str | None,
    scenario: str,
    changes: Changes = UNCHANGED,
    drivers: Callable[[str], tuple[OwnDriver, ...]] = no_drivers,
) -> Session:
    """A session on a board with a scenario, by names or files.  Raises :class:`UserError`.

    Without a board it is the usual one, or the first that the scenario is for.  ``drivers`` loads
    a person's own, for a kind of board.
    """
    opened = load_scenario(scenario)
    if board is None:
        fitting = opened.boards or (DEFAULT_BOARD,)
        board = DEFAULT_BOARD if DEFAULT_BOARD in fitting else fitting[0]
    found = load_board(board)
    return make_session(found, opened, scenario, changes, drivers(found.spec.bsp))


def fits(board: str, scenario: str) -> bool:
    """Whether a scenario is for a board.  Raises :class:`UserError`."""
    return load_board(board).spec.bsp in load_scenario(scenario).boards


def changes_for(board: str, scenario: str, changes: Changes | None) -> Changes:
    """What of the changes can be had on a board, in a scenario.  Raises :class:`UserError`."""
    found = load_board(board)
    wanted = changes or UNCHANGED
    without = tuple(name for name in wanted.without if name in found.spec.devices)
    entry = PROGRAMS[load_scenario(scenario).spec.program]
    kept = wanted if found.is_x86 else Changes()
    return msgspec.structs.replace(
        kept,
        without=without,
        queue=wanted.queue if entry.has_queue else "",
        sched=wanted.sched if entry.has_tasks else "",
        pokes=wanted.pokes,
    )


def drivers_for(scenario: str, drivers: Iterable[OwnDriver], board: str) -> tuple[OwnDriver, ...]:
    """Which drivers can be had on a kind of board, in a scenario.  Raises :class:`UserError`."""
    entry = PROGRAMS[load_scenario(scenario).spec.program]
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
    cls = program(scenario.spec.program)
    bsp = board.spec.bsp
    if bsp not in BOARDS:
        raise board.file.error(("bsp",), f"unknown board support '{bsp}'{suggestion(bsp, BOARDS)}")
    if board.is_x86 != (bsp == PC_BOARD):
        cpu = board.spec.cpu.compatible
        raise board.file.error(("bsp",), f"the kernel of '{bsp}' does not run on '{cpu}'")
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

    return Session(
        Setup(
            board=_changed(board, scenario, changes),
            changes=changes,
            scenario_name=scenario.name,
            scenario_source=source or scenario.name,
            scenario_title=scenario.spec.title,
            scenario_file=scenario.file,
            about=scenario.spec.about,
            task=scenario.spec.about if scenario.spec.faults else "",
            kernel=kernel_with(drivers, kernel),
            drivers=drivers,
            again=partial(make_session, board, scenario, source, changes),
            inputs=scenario.inputs,
            pokes=(*scenario.pokes, *pokes_of(changes)),
            bookmarks=scenario.bookmarks,
        )
    )


def pokes_of(changes: Changes) -> Iterator[PokeRequest]:
    """Those of the command line."""
    if not changes.pokes:
        return
    from kerneltui.debugger.pokes import split_time  # what is not poked waits for no grammar

    for text in changes.pokes:

        def error(said: str, text: str = text) -> UserError:
            return UserError(f"--poke {text}: {said}")

        try:
            at_ns, store = split_time(text)
        except ValueError as mistake:
            raise error(str(mistake)) from None
        yield PokeRequest(at_ns, store, error, is_scripted=False)


def _check_fit(board: Board, scenario: Scenario, changes: Changes) -> None:
    """Whether scenario, board and command line can go together."""
    bsp = board.spec.bsp
    for number, fault in enumerate(scenario.spec.faults):
        if bsp not in FAULTS[fault].boards:
            text = f"the board {board.name} cannot have the fault '{fault}'"
            raise scenario.file.error(("faults", number), text)
    if bsp not in scenario.boards:
        names = " or ".join(scenario.boards) or "no board"
        raise UserError(f"the scenario '{scenario.name}' is for {names}, not for {board.name}")
    cores = board.spec.cpu.cores
    if scenario.spec.cores > cores:
        text = f"the scenario wants {scenario.spec.cores} cores, but {board.name} has only {cores}"
        raise scenario.file.error(("cores",), text)
    if changes.append and not board.is_x86:
        raise UserError(f"--append: only a PC's kernel has boot parameters, {board.name} has none")
    entry = PROGRAMS[scenario.spec.program]
    if changes.queue and not entry.has_queue:
        raise UserError(f"--queue: the scenario '{scenario.name}' has no queue of timeouts")
    if changes.sched and not entry.has_tasks:
        raise UserError(f"--sched: the scenario '{scenario.name}' has no tasks to schedule")
    try:
        parse(changes.append)
    except KernelError as error:
        raise UserError(f"--append: {error}") from None


def _changed(board: Board, scenario: Scenario, changes: Changes) -> Board:
    """The board as scenario and command line want it; what is gone already may be removed again."""
    spec = scenario.spec
    for number, name in enumerate(dict.fromkeys(spec.without)):
        with _told_at(scenario, "without", number):
            board = board.without(name)
    for name, config in spec.config.items():
        with _told_at(scenario, "config", name):
            board = board.with_config(name, config)
    if spec.cpu:
        with _told_at(scenario, "cpu"):
            board = board.with_features(spec.cpu)
    board = changed_board(board, [name for name in changes.without if name not in spec.without])
    if changes.cpu:
        with _told_of(f"--cpu {changes.cpu}"):
            board = board.with_features(changes.cpu)
    return board


def changed_board(board: Board, without: Iterable[str]) -> Board:
    """The board less the devices that ``--no`` names.  Raises :class:`UserError`."""
    for name in dict.fromkeys(without):
        with _told_of("--no"):
            board = board.without(name)
    return board


@contextmanager
def _told_at(scenario: Scenario, *place: str | int) -> Iterator[None]:
    """A change that cannot be made is told with its line in the scenario's file."""
    try:
        yield
    except ValueError as error:
        raise scenario.file.error(place, str(error)) from None


@contextmanager
def _told_of(option: str) -> Iterator[None]:
    """A change that cannot be made is told with the option that wants it."""
    try:
        yield
    except ValueError as error:
        raise UserError(f"{option}: {error}") from None
