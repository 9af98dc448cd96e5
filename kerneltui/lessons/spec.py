"""What a lesson file may say: its keys, as they stand in the file."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from kerneltui.configfile import Label
from kerneltui.scenarios.spec import Name
from kerneltui.shelves import Level

MOST_STEPS, MOST_HINTS, MOST_OPTIONS = 60, 6, 8
LONGEST_TEXT = 1_200

Prose = Annotated[str, Meta(min_length=1, max_length=LONGEST_TEXT)]
Line = Annotated[Label, Meta(min_length=1, max_length=200)]


class GoalSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a student has to reach: all that is given here, since the step began."""

    when: Annotated[
        str, Meta(max_length=400, description="a condition, such as: GICC_PMR == 0 and taken > 0")
    ] = ""
    console: Annotated[Label, Meta(max_length=100, description="text that the board sends")] = ""
    command: Annotated[
        str, Meta(max_length=40, description="a command that is used, by its name, such as why")
    ] = ""
    panel: Annotated[str, Meta(max_length=2, description="the panel in front, by its key")] = ""
    on: Annotated[
        Label,
        Meta(
            max_length=80,
            description="what the cursor is on, as under 'point'; with 'command': as it is used",
        ),
    ] = ""
    queue: Annotated[
        str, Meta(max_length=20, description="the structure of the timeout queue, such as heap")
    ] = ""
    driver: Annotated[
        bool, Meta(description="true: a driver of the student's own, of the lesson's role, is used")
    ] = False


class DriverPartSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the student writes."""

    role: Annotated[str, Meta(max_length=20, description="such as timer")]
    solution: Annotated[
        Name,
        Meta(
            min_length=1,
            description="one that is right: a built-in one's name, or a file beside the lesson. "
            "Only 'lesson check' uses it",
        ),
    ]


class PredictSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A question whose answer a second machine finds out."""

    ask: Annotated[
        Literal["head", "next", "changes", "console", "value", "diagnosis"],
        Meta(
            description="head: of the queue; next: the step that comes; changes: which of some "
            "bits; console: the line that is sent next; value: what a register or a name of "
            "conditions holds; diagnosis: what keeps the interrupt out"
        ),
    ]
    after: Annotated[
        str, Meta(max_length=40, description="stepping keys that come before, such as: n n")
    ] = ""
    question: Annotated[Line | None, Meta(description="in other words than usual")] = None
    among: Annotated[
        list[Line], Meta(max_length=MOST_OPTIONS, description="changes: registers or fields")
    ] = []
    answers: Annotated[
        dict[str, Line],
        Meta(
            max_length=MOST_OPTIONS,
            description="diagnosis: an answer -> the register, the gate or the words of the "
            "explanation that make it right",
        ),
    ] = {}
    of: Annotated[
        str,
        Meta(
            max_length=80,
            description="value: whose; diagnosis: of which interrupt, such as 'irq 153', if not "
            "the timer's",
        ),
    ] = ""


class LessonStepSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A step: something to read, and what is to be done then."""

    text: Annotated[Prose, Meta(description="Markdown")]
    point: Annotated[
        list[Line],
        Meta(
            max_length=6,
            description="what to look at: station cpu, panel 3, register GICC_PMR, "
            "field CNTP_CTL_EL0.IMASK, timeout Once 2, irq 30",
        ),
    ] = []
    goal: GoalSpec | None = None
    predict: PredictSpec | None = None
    done: Annotated[Prose | None, Meta(description="said when it is reached")] = None
    hints: Annotated[list[Prose], Meta(max_length=MOST_HINTS)] = []
    allow: Annotated[
        list[str],
        Meta(max_length=40, description="the only commands that act; default: all"),
    ] = []
    begin: Annotated[
        str,
        Meta(
            max_length=40,
            description="where the machine goes when the step begins: here, booted, or a time",
        ),
    ] = "here"
    board: Annotated[str, Meta(max_length=200, description="another board from this step on")] = ""
    scenario: Annotated[
        str, Meta(max_length=200, description="another scenario from this step on, booted")
    ] = ""
    writes: Annotated[
        list[str],
        Meta(
            max_length=20,
            description="functions of the driver that the student writes in this step; until then "
            "the solution's are not written either",
        ),
    ] = []
    solution: Annotated[
        Label, Meta(max_length=400, description="the keys that reach the goal, such as: n w escape")
    ] = ""

    @property
    def is_elsewhere(self) -> bool:
        """Whether it begins on a machine of its own: another one, or one with a driver."""
        return bool(self.board or self.scenario or (self.goal is not None and self.goal.driver))


class LessonSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A lesson file."""

    title: Annotated[Label, Meta(min_length=1, max_length=60)]
    about: Annotated[Line, Meta(description="what one can do afterwards")]
    board: Name
    steps: Annotated[list[LessonStepSpec], Meta(min_length=1, max_length=MOST_STEPS)]
    scenario: Name = "timer-callbacks"
    queue: Annotated[str, Meta(max_length=20)] = ""
    driver: DriverPartSpec | None = None
    course: Annotated[
        Literal[
            "Start",
            "Timers",
            "Interrupts",
            "Tasks",
            "The PC",
            "Write a driver",
            "Find the fault",
            "Your own",
        ],
        Meta(description="the part of the course that it is listed under"),
    ] = "Your own"
    order: Annotated[int, Meta(ge=0, le=999, description="its place there")] = 100
    minutes: Annotated[int, Meta(ge=1, le=120)] = 15
    level: Annotated[Level, Meta(description="how hard")] = "first"
