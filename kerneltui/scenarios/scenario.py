"""Scenario files: a program, its timeouts, and inputs at times."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from kerneltui.configfile import ConfigFile, Duration, Label, duration, find
from kerneltui.debugger.session import Session, Setup, TimedInput
from kerneltui.errors import suggestion
from kerneltui.kernel.bsp.raspberrypi import BOARDS
from kerneltui.kernel.programs import PROGRAMS, program
from kerneltui.kernel.workload import FAULTS, TimeoutRequest, Workload
from kerneltui.machine.board import Board, load_board, read_board

MOST_TIMEOUTS = 100_000
DEFAULT_SCENARIO = "timer-callbacks"

Name = Annotated[Label, Meta(max_length=200)]
Text = Annotated[str, Meta(max_length=200)]


class TimeoutSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A timeout: exactly one of ``once``, ``every`` and ``at``."""

    once: Annotated[Duration | None, Meta(description="delay of a one-shot timeout")] = None
    every: Annotated[Duration | None, Meta(description="period of a periodic timeout")] = None
    at: Annotated[Duration | None, Meta(description="uptime at which a one-shot is due")] = None
    print: Annotated[Text | None, Meta(description="what the callback prints")] = None
    busy: Annotated[Duration, Meta(description="how long the callback computes")] = duration(0)
    name: Annotated[Name | None, Meta(description="name in the queue; default: the text")] = None
    repeat: Annotated[int, Meta(ge=1, le=MOST_TIMEOUTS, description="set it so often")] = 1
    apart: Annotated[Duration, Meta(description="by how much repeats differ")] = duration(0)
    then: Annotated[list[TimeoutSpec], Meta(description="timeouts that the callback sets")] = []


class InputSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Characters typed at a time."""

    at: Annotated[Duration, Meta(description="virtual time since power-on")]
    uart: Annotated[str, Meta(max_length=4096, description="what is typed")]


class ScenarioSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A scenario file."""

    title: Annotated[Label, Meta(min_length=1, max_length=60)]
    program: Annotated[str, Meta(description=f"one of: {', '.join(PROGRAMS)}")]
    about: Label = ""
    timeouts: list[TimeoutSpec] = []
    inputs: list[InputSpec] = []
    faults: Annotated[list[str], Meta(description=f"any of: {', '.join(FAULTS)}")] = []


class Scenario(msgspec.Struct, frozen=True):
    """A checked scenario."""

    name: str
    spec: ScenarioSpec
    workload: Workload

    @property
    def inputs(self) -> tuple[TimedInput, ...]:
        """What is typed when, in order of time."""
        ordered = sorted(self.spec.inputs, key=lambda item: item.at)
        return tuple(TimedInput(int(item.at), item.uart.encode()) for item in ordered)


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
    if spec.timeouts and spec.program == "system-timer":
        raise file.error(("timeouts",), "the program 'system-timer' sets no timeouts")
    requests = _requests(file, spec.timeouts, ("timeouts",))
    if len(requests) > MOST_TIMEOUTS:
        raise file.error(("timeouts",), f"more than {MOST_TIMEOUTS} timeouts")
    return Scenario(path.stem, spec, Workload(requests, frozenset(spec.faults)))


def _requests(
    file: ConfigFile, specs: list[TimeoutSpec], where: tuple[Any, ...]
) -> tuple[TimeoutRequest, ...]:
    found: list[TimeoutRequest] = []
    for number, spec in enumerate(specs):
        place = (*where, number)
        given = [kind for kind in ("once", "every", "at") if getattr(spec, kind) is not None]
        if len(given) != 1:
            said = " and ".join(given) or "none"
            raise file.error(place, f"a timeout needs one of once, every and at; here: {said}")
        if spec.every == 0:
            raise file.error((*place, "every"), "a period of zero would never end")
        then = _requests(file, spec.then, (*place, "then"))
        found.extend(_repeat(spec, given[0], then))
        if len(found) > MOST_TIMEOUTS:
            raise file.error(place, f"more than {MOST_TIMEOUTS} timeouts")
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
            then=then,
        )
        for n in range(spec.repeat)
    ]


def validate_file(path: Path) -> str:
    """What a file is, once it is found to be right.  Raises :class:`UserError` when it is not.

    A file with ``devices`` is a board: it is also built once, which finds overlaps and bad wiring.
    """
    file = ConfigFile.load(path)
    if "devices" not in file.data:
        return f"scenario '{read_scenario(file, path).spec.title}'"
    board = read_board(file, path)
    session = make_session(board, load_scenario(DEFAULT_SCENARIO))
    session.view()
    session.close()
    return f"board '{board.spec.title}'"


def open_session(board: str, scenario: str) -> Session:
    """A session on a board with a scenario, by names or files.  Raises :class:`UserError`."""
    return make_session(load_board(board), load_scenario(scenario), scenario)


def make_session(board: Board, scenario: Scenario, source: str = "") -> Session:
    """A session at reset.  Raises :class:`UserError` for an impossible board."""
    cls = program(scenario.spec.program)
    workload = scenario.workload
    bsp = board.spec.bsp
    if bsp not in BOARDS:
        raise board.file.error(("bsp",), f"unknown board support '{bsp}'{suggestion(bsp, BOARDS)}")
    return Session(
        Setup(
            board=board,
            scenario_name=scenario.name,
            scenario_source=source or scenario.name,
            scenario_title=scenario.spec.title,
            about=scenario.spec.about,
            kernel=lambda cpu: cls(cpu, bsp, workload),
            inputs=scenario.inputs,
        )
    )
