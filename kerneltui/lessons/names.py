"""What the conditions of lessons can name, beside registers: see :mod:`breakpoints.condition`."""

from __future__ import annotations

from typing import NamedTuple

from kerneltui.debugger.breakpoints.condition_names import Quantities
from kerneltui.debugger.session import Session
from kerneltui.kernel.time.timeout_queue import TimeoutQueue, Work

NAMES = {
    "step": ("the number of the meaningful step on show, 0 for none", "step == 5"),
    "pending": ("timeouts in the queue", "pending == 3"),
    "taken": ("interrupts taken since the step of the lesson began", "taken > 0"),
    "elapsed": ("virtual time in ns since then", "elapsed > 1s"),
    "callbacks": ("timeouts' callbacks that have run since then", "callbacks >= 2"),
    "back": ("interrupts that are known to come after this moment", "back > 0"),
    "comparisons": ("comparisons by the queue's structure so far", "comparisons > 100"),
    "moves": ("moves of entries by the queue's structure so far", "moves > 100"),
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


NOTHING_YET = Baseline(0, 0, 0, 0, 0)
"""At reset."""


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
        "comparisons": lambda: _work(session).comparisons,
        "moves": lambda: _work(session).moves,
        "halted": lambda: int(bool(session.machine.halt_reason)),
        "poked": lambda: inputs(object),
        "typed": lambda: inputs(bytes),
    }  # fmt: skip


def _work(session: Session) -> Work:
    """What the structure of the queue has cost so far; nothing where there is no such queue."""
    queue = session.inspector.timeouts()
    return queue.work if isinstance(queue, TimeoutQueue) else Work()


def _step(session: Session) -> int:
    found = session.story.step()
    return 0 if found is None else found.number
