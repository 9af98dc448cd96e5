"""Tasks: sequences of operations, and how far each has come.

A task has no stack of its own.  Between two operations, and wherever computing is interrupted, all
there is to it is which operation comes next and how much of that is left: plain data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

IDLE_TASK = 0
"""What runs on core 0 when no task is ready, -1 on core 1 and so on; others count from 1 on."""


class Kind(StrEnum):
    """What an operation does."""

    COMPUTE = "compute"
    """``ns`` long; the only one that can be interrupted in favour of another task"""
    PRINT = "print"
    """``text``"""
    SLEEP = "sleep"
    """``ns`` long, whole milliseconds: a system call takes no less"""
    EVERY = "every"
    """have the task's interval timer fire every ``ns``, as SLEEP, in place of one that it has"""
    WAIT = "wait"
    """until that timer has fired once more than it was waited for"""
    CANCEL = "cancel"
    """the interval timer"""
    YIELD = "yield"
    """let others that are ready run first"""
    EXIT = "exit"
    """the end, whatever repetitions are left"""
    SERVE = "serve"
    """a thread of the kernel: do what there is to do, then wait until there is more"""


class Operation(msgspec.Struct, frozen=True):
    """A step of a task."""

    kind: Kind
    ns: int = 0
    text: str = ""


def waits_in_vain(operations: Sequence[Operation]) -> int | None:
    """Which operation waits for an interval timer that is not there; or None."""
    has_timer = False
    for number, operation in enumerate(operations):
        if operation.kind is Kind.WAIT and not has_timer:
            return number
        if operation.kind in {Kind.EVERY, Kind.CANCEL}:
            has_timer = operation.kind is Kind.EVERY
    return None


def takes_no_time(operations: Sequence[Operation]) -> bool:
    """Whether nothing that a task does takes any time but the scheduler's.

    Repeated for ever it would keep a computer busy for minutes, and show nothing.  A system call
    and a printed line take their time; EXIT ends the repetitions.
    """
    return all(
        operation.kind is Kind.YIELD or (operation.kind is Kind.COMPUTE and not operation.ns)
        for operation in operations
    )


class TaskRequest(msgspec.Struct, frozen=True):
    """A task that a program begins with."""

    name: str
    operations: tuple[Operation, ...]
    """at least one"""
    start_ns: int = 0
    """delay of the start"""
    repeat: int | None = 1
    """how often all operations are done; None: for ever"""
    core: int | None = None
    """the only one that it may run on; None: any"""


class TaskState(StrEnum):
    """What a task is doing."""

    NEW = "new"
    """its start is still to come"""
    READY = "ready"
    RUNNING = "running"
    SLEEPING = "sleeping"
    WAITING = "waiting"
    """for its interval timer, or as a thread of the kernel for work"""
    DONE = "done"


class Mode(StrEnum):
    """Whose the time is that passes."""

    USER = "user"
    """the current task's"""
    KERNEL = "kernel"
    """the current task's, in the kernel"""
    IRQ = "irq"
    """an interrupt handler's, while the current task is the current one"""
    SCHEDULER = "scheduler"


@dataclass(slots=True)
class Times:
    """Where a task's time has gone; what belongs to no task is the scheduler's."""

    user_ns: int = 0
    """its computing; the idle task's is the wait for interrupts"""
    kernel_ns: int = 0
    """what the kernel does in its name: system calls, printing"""
    irq_ns: int = 0
    """in interrupt handlers while it was running, whomever they were for"""

    def book(self, mode: Mode, passed_ns: int) -> None:
        """Add to one of the three."""
        if mode is Mode.USER:
            self.user_ns += passed_ns
        elif mode is Mode.KERNEL:
            self.kernel_ns += passed_ns
        elif mode is Mode.IRQ:
            self.irq_ns += passed_ns

    @property
    def total_ns(self) -> int:
        """All three."""
        return self.user_ns + self.kernel_ns + self.irq_ns


@dataclass(slots=True, eq=False)
class Task:
    """A task, as it stands."""

    id: int
    name: str
    operations: tuple[Operation, ...] = ()
    rounds_left: int | None = 1
    """the present one among them; None: no end"""
    only_on: int | None = None
    """the core that it is bound to"""
    state: TaskState = TaskState.NEW
    core: int | None = None
    """where it runs, or has run last"""
    position: int = 0
    """which operation is next, or under way"""
    left_ns: int = 0
    """of a computation under way"""
    times: Times = field(default_factory=Times)
    switches: int = 0
    """how often it has been switched to"""
    expired: int = 0
    """how often a quantum was over before it gave up the processor"""
    ready_since_ns: int = 0
    """when it was put into the run queue last"""
    woken_ns: int | None = None
    """when it was admitted or woken; None once it has run since"""
    worst_latency_ns: int = 0
    """from the interrupt that woke it to its running"""
    sleep_timer: int = 0
    interval_timer: int = 0
    """ids of timers; 0: none was set, or the interval timer was cancelled"""
    fired: int = 0
    """how often the interval timer has fired that nobody has waited for yet"""
    is_killed: bool = False
    """it is to end as soon as it can"""

    @property
    def operation(self) -> Operation | None:
        """What is next, or under way; None at the end of a round."""
        return self.operations[self.position] if self.position < len(self.operations) else None

    @property
    def is_idle(self) -> bool:
        """Whether it is what a core runs when there is nothing else."""
        return self.id <= IDLE_TASK

    @property
    def sort_key(self) -> tuple[bool, int]:
        """The idle tasks by core, then the others by id."""
        return not self.is_idle, abs(self.id)

    @property
    def awaited_timer(self) -> int:
        """The id of the timer that wakes it; 0 when it waits for none."""
        if self.state is TaskState.SLEEPING:
            return self.sleep_timer
        return self.interval_timer if self.state is TaskState.WAITING else 0

    def may_run_on(self, core: int) -> bool:
        """Whether it is not bound to another one."""
        return self.only_on is None or self.only_on == core

    @property
    def is_thread(self) -> bool:
        """Of the kernel: it never ends."""
        return any(operation.kind is Kind.SERVE for operation in self.operations)

    def next_round(self) -> bool:
        """From the beginning once more; False when all rounds are done."""
        if self.rounds_left is not None:
            self.rounds_left -= 1
            if not self.rounds_left:
                return False
        self.position = 0
        return True

    @property
    def waits_for(self) -> str:
        """Why it does not run, in words; empty when it does, could or has ended."""
        return {
            TaskState.NEW: "its start",
            TaskState.SLEEPING: f"timer {self.sleep_timer}",
            TaskState.WAITING: "work" if self.is_thread else f"timer {self.interval_timer}, again",
        }.get(self.state, "")
