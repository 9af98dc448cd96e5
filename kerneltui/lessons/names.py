"""What the conditions of lessons can name, beside registers: see :mod:`breakpoints.condition`."""

from __future__ import annotations

from typing import NamedTuple

from kerneltui.debugger.breakpoints.condition_names import Quantities
from kerneltui.debugger.session import Session

NAMES = {
    "step": ("the number of the meaningful step on show, 0 for none", "step == 5"),
    "pending": ("timeouts in the queue", "pending == 3"),
    "taken": ("interrupts taken since the step of the lesson began", "taken > 0"),
    "elapsed": ("virtual time in ns since then", "elapsed > 1s"),
    "callbacks": ("timeouts' callbacks that have run since then", "callbacks >= 2"),
    "back": ("interrupts that are known to come after this moment", "back > 0"),
    "halted": ("1 where the kernel has halted for good", "halted == 0"),
    "poked": ("registers and lines that were set by hand since then", "poked > 0"),
    "typed": ("characters that were typed since then", "typed > 0"),
}
"""What each stands for, and an example."""


class Baseline(NamedTuple):
    """How things stood when a step of a lesson began."""

    now_ns: int
    interrupts: int
    callbacks: int
    inputs: int
    console: int
    """bytes that the board had sent"""


def beginning(session: Session) -> Baseline:
    """How they stand now."""
    history, recorder = session.history, session.recorder
    return Baseline(
        session.machine.now, history.interrupts, recorder.latencies.lateness.count, history.given,
        recorder.console.total,
    )  # fmt: skip


def quantities(session: Session, begin: Baseline) -> Quantities:
    """The names, and how each is read; never below 0."""
    history = session.history

    def inputs(kind: type) -> int:
        given = history.inputs[begin.inputs : history.given]
        return sum(
            len(item.given) if isinstance(item.given, bytes) else 1
            for item in given
            if isinstance(item.given, bytes) is (kind is bytes)
        )

    return {
        "step": lambda: _step(session),
        "pending": lambda: len(session.inspector.timeouts()),
        "taken": lambda: max(history.interrupts - begin.interrupts, 0),
        "elapsed": lambda: max(session.machine.now - begin.now_ns, 0),
        "callbacks": lambda: max(
            session.recorder.latencies.lateness.count - begin.callbacks, 0
        ),
        "back": lambda: max(history.end_interrupts - history.interrupts, 0),
        "halted": lambda: int(bool(session.machine.halt_reason)),
        "poked": lambda: inputs(object),
        "typed": lambda: inputs(bytes),
    }  # fmt: skip


def _step(session: Session) -> int:
    """Known too where somebody has stepped with the path hidden, as it often is at 80x24."""
    is_shown = session.follows_story or session.story.is_known
    found = session.story.step() if is_shown else None
    return 0 if found is None else found.number
