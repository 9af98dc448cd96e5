"""Scenario files: from the text to what is to run, checked."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec
from msgspec.structs import replace

from kerneltui.configfile import LEFT_OUT, ConfigFile, Where, find, is_left_out
from kerneltui.debugger.bookmarks import Bookmark
from kerneltui.debugger.setup import PokeRequest, TimedInput
from kerneltui.errors import Mistakes, UserError, near, suggestion
from kerneltui.kernel.bsp import BOARDS, PC_BOARD
from kerneltui.kernel.faults import FAULTS
from kerneltui.kernel.irq import KernelError
from kerneltui.kernel.pc.boot_parameters import parse
from kerneltui.kernel.programs import PROGRAMS
from kerneltui.kernel.workload import Workload
from kerneltui.machine.checked_board import Board
from kerneltui.scenarios.kinds_of_board import kinds_of_board
from kerneltui.scenarios.spec import ImageScenarioSpec, ScenarioSpec, SharedSpec, TimeoutSpec
from kerneltui.scenarios.timeouts import timeout_requests

if TYPE_CHECKING:
    from kerneltui.kernel.tasks.task import TaskRequest

DEFAULT_BOARD = "rpi4"
WITH_ALL = "tasks"
"""A program that runs both timeouts and tasks: stands for one that is not known."""
IMAGE_BOARDS = tuple(board for board in BOARDS if board != PC_BOARD)
"""The kinds of board that an AArch64 image can run on."""
PROGRAM_KEYS = tuple(
    key for key in ScenarioSpec.__struct_fields__ if key not in SharedSpec.__struct_fields__
)
"""What says what the teaching kernel does; an image does what it does."""
DECIDING = ("program", "faults", "boards", "boot", "cpu")
"""The keys that say which kinds of board a scenario is for."""
SPARE = {"title": "a scenario", "program": LEFT_OUT}
SPARE_IMAGE = {"title": "a scenario", "image": "left out"}
"""Stand for what a file lacks, or has wrong."""
KEYS = (*SharedSpec.__struct_fields__, *PROGRAM_KEYS, "image")
"""All that a scenario file can say."""


class Scenario(msgspec.Struct, frozen=True):
    """A checked scenario."""

    name: str
    spec: SharedSpec
    file: ConfigFile | None
    """gives places in it for errors found later; None where nobody has written one"""

    @property
    def boards(self) -> tuple[str, ...]:
        """The kinds of board that it is for."""
        raise NotImplementedError

    @property
    def usual_board(self) -> str:
        """Where nobody names one: the usual one, or the first that it is for."""
        fitting = self.boards or (DEFAULT_BOARD,)
        return DEFAULT_BOARD if DEFAULT_BOARD in fitting else fitting[0]

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
                int(item.at), item.store, partial(self.error, ("pokes", number, "store")),
                item.core,
            )
            for number, item in enumerate(self.spec.pokes)
        )  # fmt: skip

    def error(self, where: Where, message: str) -> UserError:
        """An error at a place in its file; without a file, the message alone."""
        return UserError(message) if self.file is None else self.file.error(where, message)


class ProgramScenario(Scenario, frozen=True):
    """One that runs a program of the teaching kernel."""

    spec: ScenarioSpec
    file: ConfigFile
    workload: Workload

    @property
    def boards(self) -> tuple[str, ...]:
        """The kinds of board that it is for."""
        spec = self.spec
        is_pc = bool(spec.boot or spec.cpu)
        return kinds_of_board(spec.program, spec.faults, spec.boards, is_pc=is_pc)


class ImageScenario(Scenario, frozen=True):
    """One that runs an image of machine code."""

    spec: ImageScenarioSpec
    path: Path
    """where the image lies"""

    @property
    def boards(self) -> tuple[str, ...]:
        """The kinds of board that it is for."""
        return tuple(self.spec.boards) or IMAGE_BOARDS


def load_scenario(name: str) -> Scenario:
    """A built-in scenario by name, or a file by path.  Raises :class:`UserError`."""
    path = find("scenarios", name)
    return read_scenario(ConfigFile.load(path), path)


def read_scenario(file: ConfigFile, path: Path) -> Scenario:
    """Check a parsed scenario file.  Raises :class:`UserError`.

    Whether the image that it names is there is not looked at.
    """
    spec = file.checked(ScenarioSpec)
    if spec is not None:
        return _program_scenario(file, path, spec)
    if "image" in file.data:
        return _image_scenario(file, path)
    if "program" not in file.data:
        _tell_of_neither(file)
    return _check_program(file, path)


def _tell_of_neither(file: ConfigFile) -> None:
    """A file that says in no way what runs; a key may be misspelt."""
    found = Mistakes()
    is_misspelt = False
    for key in file.data:
        if key not in KEYS:
            is_misspelt |= not {"program", "image"}.isdisjoint(near(str(key), KEYS))
            found.add(file.error((key,), f"unknown key '{key}'{suggestion(str(key), KEYS)}"))
    shared = SharedSpec.__struct_fields__
    with found.noted():
        file.decode(SharedSpec, {key: item for key, item in file.data.items() if key in shared})
    if not is_misspelt:
        said = "the key 'program' is missing here; or 'image', which names a kernel image"
        found.add(file.error((), said))
    found.tell()


def _image_scenario(file: ConfigFile, path: Path) -> ImageScenario:
    found = Mistakes()
    for key in file.data:
        if key in PROGRAM_KEYS:
            line = file.line(("image",))
            said = f"'{key}' is for the teaching kernel, and this scenario runs an image"
            found.add(file.error((key,), f"{said}; remove it, or 'image' in line {line}"))
    kept = {key: item for key, item in file.data.items() if key not in PROGRAM_KEYS}
    spec = file.decode_most(ImageScenarioSpec, SPARE_IMAGE, found, kept)
    if spec is not None:
        _check_boards(file, spec.boards, IMAGE_BOARDS, found)
        check_names(file, spec.bookmarks, found)
        if spec.start.load is not None and spec.start.load % 4:
            said = f"{spec.start.load:#x} is no multiple of 4"
            found.add(file.error(("image", "load"), said))
    found.tell()
    assert spec is not None, "what does not fit is a mistake"
    return ImageScenario(path.stem, spec, file, path=path.parent / spec.start.file)


def _check_boards(
    file: ConfigFile, boards: Sequence[str], fitting: Sequence[str], found: Mistakes
) -> None:
    for number, board in enumerate(boards):
        said = ""
        if board not in BOARDS:
            said = f"unknown board '{board}'{suggestion(board, BOARDS)}"
        elif board not in fitting:
            said = f"an image is for AArch64, and '{board}' is a PC; remove it"
        if said:
            found.add(file.error(("boards", number), said))


def _check_program(file: ConfigFile, path: Path) -> ProgramScenario:
    """One that does not come with the program."""
    found = Mistakes()
    spec = file.decode_most(ScenarioSpec, SPARE, found)
    workload = None if spec is None else _workload(file, _checked(file, spec, found), found)
    found.tell()
    assert spec is not None, "what does not fit is a mistake"
    assert workload is not None
    return ProgramScenario(path.stem, spec, file, workload)


def _checked(file: ConfigFile, spec: ScenarioSpec, found: Mistakes) -> ScenarioSpec:
    """Check what is said of the kernel; answers that with a program that there is."""
    is_known = spec.program in PROGRAMS
    if not is_known and not is_left_out(spec.program):
        hint = suggestion(spec.program, PROGRAMS)
        found.add(file.error(("program",), f"unknown program '{spec.program}'{hint}"))
    for number, fault in enumerate(spec.faults):
        if fault not in FAULTS:
            said = f"unknown fault '{fault}'{suggestion(fault, FAULTS)}"
            found.add(file.error(("faults", number), said))
    _check_boards(file, spec.boards, BOARDS, found)
    check_names(file, spec.bookmarks, found)
    try:
        parse(spec.boot)
    except KernelError as error:
        found.add(file.error(("boot",), str(error)))
    if spec.timeouts and spec.program == "system-timer":
        said = "the program 'system-timer' sets no timeouts; remove them"
        found.add(file.error(("timeouts",), said))
    return spec if is_known else replace(spec, program=WITH_ALL)


def _program_scenario(file: ConfigFile, path: Path, spec: ScenarioSpec) -> ProgramScenario:
    """One that comes with the program: it is right."""
    return ProgramScenario(path.stem, spec, file, _workload(file, spec, Mistakes()))


def _workload(file: ConfigFile, spec: ScenarioSpec, found: Mistakes) -> Workload:
    timeouts = file.items("timeouts", spec.timeouts, TimeoutSpec)
    requests = timeout_requests(file, timeouts, found)
    return Workload(
        requests,
        frozenset(spec.faults),
        tasks=_tasks(file, spec, found),
        sched=spec.sched,
        quantum_ns=int(spec.quantum),
        cores=spec.cores,
    )


def what_fits(file: ConfigFile, path: Path) -> ProgramScenario | None:
    """Of a scenario that is not right, what can be tried on a board: pokes, and changes to that.

    None where it is not sure which kind of board it is for.
    """
    spec = file.decode_most(ScenarioSpec, SPARE, Mistakes())
    meant = {word for key in file.data if key not in KEYS for word in near(str(key), KEYS)}
    if spec is None or not meant.isdisjoint({*DECIDING, "image"}):
        return None
    mistakes = Mistakes()
    _checked(file, replace(spec, timeouts=[], bookmarks=[]), mistakes)
    usual = {key: getattr(spec, key) for key in DECIDING}
    is_as_written = all(file.data.get(key, value) == value for key, value in usual.items())
    if mistakes or not is_as_written or spec.program not in PROGRAMS:
        return None
    workload = Workload((), frozenset(spec.faults))
    return ProgramScenario(path.stem, replace(spec, cores=1), file, workload)


def check_board(scenario: Scenario, board: Board) -> None:
    """Whether the scenario is for such a board.  Raises :class:`UserError`."""
    if board.spec.bsp not in scenario.boards:
        names = " or ".join(scenario.boards) or "no board"
        bsp = board.spec.bsp
        kind = "" if bsp == board.name else f", whose 'bsp' is {bsp}"
        mend = f"; write --board {scenario.usual_board}" if scenario.boards else ""
        said = f"the scenario '{scenario.name}' is for {names}, not for {board.name}{kind}{mend}"
        raise UserError(said)


def check_names(file: ConfigFile, bookmarks: Sequence[HasName], found: Mistakes) -> None:
    """No two bookmarks have the same name."""
    seen: dict[str, int] = {}
    for number, item in enumerate(bookmarks):
        first = seen.setdefault((item.name or "").lower(), number)
        if item.name and first != number:
            line = file.line(("bookmarks", first))
            said = f"'{item.name}' is the name of the bookmark in line {line} already"
            found.add(file.error(("bookmarks", number, "name"), said))


class HasName(Protocol):
    """A bookmark in a file."""

    @property
    def name(self) -> str | None:
        """By which it can be found."""


def _tasks(file: ConfigFile, spec: ScenarioSpec, found: Mistakes) -> tuple[TaskRequest, ...]:
    """Most programs have none, and need not wait for what checks them."""
    if not (spec.tasks or spec.cores > 1 or PROGRAMS[spec.program].has_tasks):
        return ()
    from kerneltui.scenarios.tasks import task_requests

    return task_requests(file, spec, found)
