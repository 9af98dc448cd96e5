"""What a scenario file may say: its keys, as they stand in the file."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from kerneltui.configfile import Duration, Label, duration
from kerneltui.errors import told
from kerneltui.kernel.faults import FAULTS
from kerneltui.kernel.programs import PROGRAMS
from kerneltui.shelves import LEVELS, Level

MOST_TIMEOUTS = 100_000
MOST_TASKS = 1000
MOST_CORES = 8
MOST_POKES = 1000
MOST_BOOKMARKS = 1000

Name = Annotated[Label, Meta(max_length=200)]
Policy = Literal["coop", "rr"]
Queue = Literal["sorted", "vec", "heap", "wheel"]
Text = Annotated[str, Meta(max_length=200)]
FilePath = Annotated[Label, Meta(min_length=1, max_length=4096)]
Entry = Literal["el2", "el3"]
HIGHEST_LOAD = 0x3FFF_FFFF
"""As of ``kernel_address`` in config.txt."""
LONGEST_CMDLINE = 1024
LONGEST_NOTE = 1000
Note = Annotated[Label, Meta(max_length=LONGEST_NOTE)]
LONGEST_NAME = 40
Word = Annotated[
    str,
    Meta(
        pattern=told(
            r"^(?=.*[^0-9\n])[\w-]{1,40}$(?!\n)",
            f"a name of letters, digits, - and _, at most {LONGEST_NAME}, and not digits alone",
        )
    ),
]
"""A name by which something is called on the command line: no number."""


class TimeoutSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A timeout: exactly one of ``once``, ``every`` and ``at``."""

    once: Annotated[Duration | None, Meta(description="delay of a one-shot timeout")] = None
    every: Annotated[Duration | None, Meta(description="period of a periodic timeout")] = None
    at: Annotated[Duration | None, Meta(description="uptime at which a one-shot is due")] = None
    print: Annotated[Text | None, Meta(description="what the callback prints")] = None
    busy: Annotated[Duration, Meta(description="how long the callback computes")] = duration(0)
    name: Annotated[Name | None, Meta(description="name in the queue; default: the text")] = None
    repeat: Annotated[int, Meta(ge=1, le=MOST_TIMEOUTS, description="how often it is set")] = 1
    apart: Annotated[Duration, Meta(description="time between two repeats")] = duration(0)
    catch_up: Annotated[
        Literal["all", "skip"],
        Meta(description="all: make up for late periods; skip: leave them out"),
    ] = "all"
    then: Annotated[list[TimeoutSpec], Meta(description="timeouts that the callback sets")] = []


class OperationSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a task does next: exactly one of the keys."""

    compute: Annotated[Duration | None, Meta(description="how long it computes")] = None
    sleep: Annotated[
        Duration | None, Meta(description="how long it sleeps, in whole milliseconds")
    ] = None
    print: Annotated[Text | None, Meta(description="what it prints")] = None
    every: Annotated[
        Duration | None, Meta(description="period of its interval timer, in whole milliseconds")
    ] = None
    wait: Annotated[Literal["timer"] | None, Meta(description="wait for the interval timer")] = None
    cancel: Annotated[Literal["timer"] | None, Meta(description="cancel the interval timer")] = None


class TaskSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A task: operations that are done one after the other."""

    name: Annotated[Name, Meta(min_length=1)]
    do: Annotated[list[OperationSpec | Literal["yield", "exit"]], Meta(min_length=1)]
    start: Annotated[Duration, Meta(description="delay of its start")] = duration(0)
    repeat: Annotated[
        Annotated[int, Meta(ge=1)] | Literal["forever"],
        Meta(description="how often it does all operations"),
    ] = 1
    core: Annotated[
        Annotated[int, Meta(ge=0, lt=MOST_CORES)] | None,
        Meta(description="the only core that it may run on"),
    ] = None


class InputSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Characters typed at a time."""

    at: Annotated[Duration, Meta(description="virtual time since power-on")]
    uart: Annotated[str, Meta(max_length=4096, description="what is typed")]


class PokeSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A store to a register at a time, as a core would do it; or the level of a line."""

    at: Annotated[Duration, Meta(description="virtual time since power-on")]
    store: Annotated[Text, Meta(description="REGISTER=VALUE or LINE=0|1, such as GICC_PMR=0")]
    core: Annotated[int, Meta(ge=0, lt=MOST_CORES, description="the core that stores")] = 0


class BookmarkSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A moment to come back to."""

    at: Annotated[Duration, Meta(description="virtual time since power-on")]
    name: Annotated[
        Word | None, Meta(description="by which --at bookmark:NAME finds it: letters, digits, - _")
    ] = None
    note: Annotated[Note, Meta(description="what there is to see")] = ""


class SharedSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What any scenario file may say, whatever runs in it."""

    title: Annotated[Label, Meta(min_length=1, max_length=60, description="what lists call it")]
    about: Annotated[Label, Meta(description="what happens, and what there is to see")] = ""
    group: Annotated[Label, Meta(max_length=60, description="heading that it is listed under")] = ""
    level: Annotated[Level, Meta(description="how hard it is")] = "second"
    boards: Annotated[
        list[str], Meta(description="the only kinds of board that it is for; default: all that can")
    ] = []
    inputs: Annotated[list[InputSpec], Meta(description="what is typed when")] = []
    pokes: Annotated[
        list[PokeSpec],
        Meta(max_length=MOST_POKES, description="which registers are stored to when, or lines set"),
    ] = []
    bookmarks: Annotated[
        list[BookmarkSpec],
        Meta(max_length=MOST_BOOKMARKS, description="moments to come back to"),
    ] = []
    without: Annotated[list[str], Meta(description="devices to remove from the board")] = []
    config: Annotated[
        dict[str, dict[str, int | bool | str]], Meta(description="device -> changed parameters")
    ] = {}


class ScenarioSpec(SharedSpec, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A scenario file that runs a program of the teaching kernel."""

    program: Annotated[str, Meta(description=f"one of: {', '.join(PROGRAMS)}")]
    timeouts: Annotated[
        list[TimeoutSpec], Meta(description="what is due when, and what its callback does")
    ] = []
    tasks: Annotated[
        list[TaskSpec],
        Meta(max_length=MOST_TASKS, description="what runs, operation by operation"),
    ] = []
    sched: Annotated[Policy, Meta(description="scheduling policy")] = "rr"
    quantum: Annotated[Duration, Meta(description="quantum of the policy rr")] = duration(
        10_000_000
    )
    cores: Annotated[int, Meta(ge=1, le=MOST_CORES, description="how many cores run tasks")] = 1
    faults: Annotated[list[str], Meta(description=f"any of: {', '.join(FAULTS)}")] = []
    boot: Annotated[str, Meta(description="boot parameters of a PC's kernel")] = ""
    cpu: Annotated[str, Meta(description="CPU features of a PC to change, such as -arat")] = ""
    queue: Annotated[Queue, Meta(description="structure of the timeout queue")] = "sorted"


class StartSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A kernel image, and how it starts where config.txt beside it says something else."""

    file: Annotated[
        FilePath, Meta(description="kernel8.img or an ELF file; its path is relative to this file")
    ]
    entry: Annotated[
        Entry | None, Meta(description="enter it at this level; at el3 all cores begin there")
    ] = None
    load: Annotated[
        Annotated[int, Meta(ge=0, le=HIGHEST_LOAD)] | None,
        Meta(description="where a raw image lies: a multiple of 4"),
    ] = None
    cmdline: Annotated[
        Annotated[Label, Meta(max_length=LONGEST_CMDLINE)] | None,
        Meta(description="what the mailbox tells it as its command line"),
    ] = None


class ImageScenarioSpec(SharedSpec, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A scenario file that runs an AArch64 image instead of the teaching kernel."""

    image: Annotated[FilePath | StartSpec, Meta(description="a kernel image")]

    @property
    def start(self) -> StartSpec:
        """The image, however it was written."""
        return self.image if isinstance(self.image, StartSpec) else StartSpec(self.image)


def by_level(name: str, spec: SharedSpec) -> tuple[int, str]:
    """The order in which scenarios are listed: the easy ones first."""
    return LEVELS.index(spec.level), name
