"""The run queue: tasks that are ready, in the order in which they get a core.

Whoever becomes ready goes to its end.  There is one for all cores; each takes the first task that
may run on it.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

from kerneltui.kernel.locks import LockWord
from kerneltui.kernel.tasks.accounting import Accounting
from kerneltui.kernel.tasks.task import Task, TaskState

POLICIES = {
    "coop": "a task runs until it sleeps, waits, yields or exits",
    "rr": "a task runs for a quantum at most, then the next one that is ready",
}

SHORTEST_QUANTUM_NS = 20_000
"""With a shorter one and a slow clock, the next one is over before a task gets to run."""


class CoreScheduler(Protocol):
    """The scheduler of a core, as the queue and the other cores know it."""

    number: int
    current: Task
    accounting: Accounting
    need_resched: bool
    """the running task is to give way"""
    is_called: bool
    """it is idle, but has been told to look"""

    @property
    def is_idle(self) -> bool:
        """Nobody is to run."""

    @property
    def quantum_due_ns(self) -> int | None:
        """Uptime at which the running task's quantum is over."""


class RunQueue:
    """Whoever touches it holds the lock ``word``; ``tasks`` are by id, idle ones among them.

    ``quantum_ns``, from SHORTEST_QUANTUM_NS on, matters to the policy ``rr``.
    """

    def __init__(self, tasks: dict[int, Task], policy: str, quantum_ns: int) -> None:
        self.tasks = tasks
        self.policy = policy
        self.quantum_ns = quantum_ns
        self.ready: deque[Task] = deque()
        self.schedulers: dict[int, CoreScheduler] = {}
        """of each core that runs tasks, by its number"""
        self.word = LockWord()

    def take(self, core: int) -> Task | None:
        """Take out the first that may run on a core."""
        for task in self.ready:
            if task.may_run_on(core):
                self.ready.remove(task)
                return task
        return None

    def idle_core(self, task: Task, here: int) -> int | None:
        """A core that has nothing to do and could run the task, best the one that asks; or None.

        It is taken to be on its way then: what is asked next gets another core.
        """
        order = sorted(self.schedulers, key=lambda number: (number != here, number))
        for number in order:
            scheduler = self.schedulers[number]
            if scheduler.is_idle and not scheduler.is_called and task.may_run_on(number):
                scheduler.is_called = True
                return number
        return None

    def running(self, task: Task) -> CoreScheduler | None:
        """Of the core that a task is running on.

        One that gave it up a moment ago has not picked its next one yet.
        """
        if task.state is not TaskState.RUNNING or task.core is None:
            return None
        return self.schedulers[task.core]

    def add(self, task: Task) -> None:
        """A new one, or an idle task."""
        self.tasks[task.id] = task

    @property
    def next_id(self) -> int:
        """For a new task that is no idle one."""
        return max(self.tasks) + 1

    def has_threads(self) -> bool:
        """Whether there are threads of the kernel among the tasks."""
        return any(task.is_thread for task in self.tasks.values())

    def all_done(self) -> bool:
        """Whether all have ended that can end: idle tasks and threads of the kernel cannot."""
        return all(
            task.state is TaskState.DONE or task.is_idle or task.is_thread
            for task in self.tasks.values()
        )
