"""What a session file may say: its keys, as they stand in the file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from kerneltui.configfile import Duration, Label
from kerneltui.debugger.storyteller import DONE
from kerneltui.errors import told
from kerneltui.machine.position import Position
from kerneltui.scenarios.changes import UNCHANGED, Changes
from kerneltui.scenarios.spec import MOST_BOOKMARKS, MOST_CORES, Name, Note, Text, Word

FORMAT = 1
"""The only one so far."""
MOST_STEPS = 200_000_000
"""How far a session may go: some minutes of work."""
MOST_INPUTS = 10_000
MOST_BREAKPOINTS = 1_000
LONGEST_INPUT = 4096
BYTES = r"^([0-9a-f]{2} ?)+$(?!\n)"
CHECKS = r"^[A-Za-z0-9_\s-]*$"

Count = Annotated[int, Meta(ge=0, le=MOST_STEPS)]


class OriginSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A board or a scenario: a built-in one by its name, one of a person's own with its text."""

    name: Annotated[Name, Meta(min_length=1)]
    sha256: Annotated[
        str | None, Meta(description="of what a built-in one said when this was saved")
    ] = None
    text: Annotated[str | None, Meta(description="the whole file, of one that is not built in")] = (
        None
    )


class MomentSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An exact moment."""

    at: Annotated[Duration, Meta(description="virtual time since power-on")]
    step: Annotated[Count, Meta(description="instructions and deadlines of the whole machine")]
    instructions: Annotated[Count, Meta(description="of the core, so far")]
    core: Annotated[int, Meta(ge=0, lt=MOST_CORES, description="the core on show")] = 0
    asleep: Annotated[bool, Meta(description="the core is inside a wait")] = False

    @property
    def position(self) -> Position:
        """As the debugger has it."""
        return Position(self.step, int(self.at), self.asleep, self.core, self.instructions)


def moment_spec(position: Position) -> MomentSpec:
    """The other way round."""
    return MomentSpec(
        Duration(position.now_ns), position.step, position.retired, position.core, position.asleep
    )


class GivenSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a person gave: exactly one of ``type``, ``bytes`` and ``poke``."""

    moment: MomentSpec
    type: Annotated[
        Annotated[str, Meta(min_length=1, max_length=LONGEST_INPUT)] | None,
        Meta(description="text"),
    ] = None
    bytes: Annotated[
        Annotated[
            str,
            Meta(
                pattern=told(BYTES, "two digits of 0 to f for each byte, such as 03 1b"),
                max_length=3 * LONGEST_INPUT,
            ),
        ]
        | None,
        Meta(description="what was typed and is no text, such as 03 1b"),
    ] = None
    poke: Annotated[Text | None, Meta(description="REGISTER=VALUE or LINE=0|1")] = None
    core: Annotated[int, Meta(ge=0, lt=MOST_CORES, description="the core that stores")] = 0


class BreakpointSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One of the list."""

    at: Annotated[str, Meta(max_length=400, description="such as: write GICC_EOIR")]
    enabled: bool = True


class SavedBookmarkSpec(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A moment to come back to: exactly one of ``moment`` and ``at``."""

    note: Annotated[Note, Meta(description="what there is to see")] = ""
    name: Annotated[Word | None, Meta(description="by which --at bookmark:NAME finds it")] = None
    moment: MomentSpec | None = None
    phase: Annotated[
        int, Meta(ge=0, le=1000, description="which of the meaningful steps of that moment")
    ] = 0
    at: Annotated[Duration | None, Meta(description="the time, where that is all")] = None


class DriverSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A driver of a person's own that was in use.  Only the command line can bring it back."""

    role: Annotated[Word, Meta(description="such as timer")]
    name: Annotated[Name, Meta(description="what its file was called")]
    sha256: Annotated[str, Meta(max_length=64, description="of what the file held")]


class KernelSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An image of machine code: the scenario's, or one without.  It is not kept, only named."""

    path: Annotated[str, Meta(min_length=1, max_length=4096, description="where the image lies")]
    sha256: Annotated[str, Meta(max_length=64, description="of the file")]


class VersionsSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who has saved it."""

    kerneltui: Label
    python: Label


class TraceSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What comes of running it again."""

    sha256: Annotated[str, Meta(description="of all events, without places in the kernel's code")]
    events: Count
    every: Annotated[int, Meta(ge=1, description="so many events have one check")]
    checks: Annotated[
        str,
        Meta(
            pattern=told(CHECKS, "letters, digits, - and _"),
            description="two letters each; they find what departs",
        ),
    ]


class SessionSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A session file."""

    format: Annotated[int, Meta(ge=1, le=FORMAT)]
    board: OriginSpec
    here: Annotated[MomentSpec, Meta(description="where one was")]
    end: Annotated[MomentSpec, Meta(description="how far it had come")]
    phase: Annotated[
        int,
        Meta(
            ge=DONE,
            le=1000,
            description="which of the meaningful steps of 'here' was on show, from 0; -1 the last, "
            "-2 the first that did not come by itself",
        ),
    ] = 0
    scenario: Annotated[
        OriginSpec | None,
        Meta(description="what runs; none where --kernel has named an image"),
    ] = None
    kernel: Annotated[KernelSpec | None, Meta(description="the image, where one runs")] = None
    saved: Annotated[Label, Meta(description="when, in UTC")] = ""
    versions: VersionsSpec | None = None
    changes: Annotated[Changes, Meta(description="what the command line has changed")] = UNCHANGED
    drivers: Annotated[
        list[DriverSpec],
        Meta(max_length=8, description="of a person's own; to open this they are given anew"),
    ] = []
    inputs: Annotated[
        list[GivenSpec], Meta(max_length=MOST_INPUTS, description="in order of time")
    ] = []
    breakpoints: Annotated[list[BreakpointSpec], Meta(max_length=MOST_BREAKPOINTS)] = []
    bookmarks: Annotated[list[SavedBookmarkSpec], Meta(max_length=MOST_BOOKMARKS)] = []
    trace: TraceSpec | None = None

    @property
    def title(self) -> str:
        """The name of the scenario, or of the image."""
        if self.scenario is not None:
            return self.scenario.name
        return "" if self.kernel is None else Path(self.kernel.path).name
