"""The scheduler: who is ready, in which order, and for how long.

Whoever becomes ready goes to the end of the queue.  With the policy ``coop`` a task runs until it
sleeps, waits, yields or exits; with ``rr`` for a quantum at most, whose end is a timeout like any
other.  When it comes, the running task is to give way on the way out of the interrupt.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from kerneltui.kernel.accounting import Accounting, Mode
from kerneltui.kernel.arch.cpu import Cpu
from kerneltui.kernel.tasks import IDLE_TASK, Task, TaskState
from kerneltui.kernel.time import TimeManager
from kerneltui.kernel.timers import TimerService, TimerState

POLICIES = {
    "coop": "a task runs until it sleeps, waits, yields or exits",
    "rr": "a task runs for a quantum at most, then the next one that is ready",
}

SWITCH_NS = 100
"""Storing the registers of one task and loading those of another."""


class Scheduler:
    """All methods are called with interrupts masked, or in a handler.

    ``tasks`` are by id, the idle task among them; ``quantum_ns`` (from 1 on) matters to ``rr``.
    """

    def __init__(
        self,
        cpu: Cpu,
        tasks: dict[int, Task],
        accounting: Accounting,
        time_manager: TimeManager,
        policy: str,
        quantum_ns: int,
    ) -> None:
        self.tasks = tasks
        self.accounting = accounting
        self.timers = TimerService(time_manager, self.wake)
        self.ready: deque[Task] = deque()
        self.current = tasks[IDLE_TASK]
        self.need_resched = False
        """the running task is to give way"""
        self.quantum_due_ns: int | None = None
        """uptime at which the running task's quantum is over"""
        self._cpu = cpu
        self._time_manager = time_manager
        self._quantum_ns = quantum_ns if policy == "rr" else 0
        self._quantum = 0
        """the timeout; 0: none is set"""

    # -- becoming ready ---------------------------------------------------------------------------

    def admit(self, ident: int) -> None:
        """A new task may run."""
        self._make_ready(self.tasks[ident])

    def wake_tasks(self, idents: Iterable[int]) -> None:
        """Timers have fired for these tasks."""
        for ident in idents:
            self.wake(ident)

    def wake(self, ident: int) -> None:
        """A timer has fired for a task; it is ready again if it was this one that it waits for."""
        task = self.tasks[ident]
        if task.state is TaskState.SLEEPING and self._has_fired(task.sleep_timer):
            self._make_ready(task)
            return
        task.fired += 1
        if task.state is TaskState.WAITING:
            task.fired -= 1
            self._make_ready(task)

    def _has_fired(self, timer_id: int) -> bool:
        timer = self.timers.timer(timer_id)
        return timer is None or timer.state is TimerState.FIRED

    def _make_ready(self, task: Task) -> None:
        task.state = TaskState.READY
        task.woken_ns = self.accounting.booked_ns
        self.ready.append(task)

    def requeue(self) -> None:
        """The current task gives way but could go on."""
        self.current.state = TaskState.READY
        self.ready.append(self.current)

    # -- running ----------------------------------------------------------------------------------

    def pick(self) -> Task:
        """Make the next task the current one, with a new quantum; the idle task if none is ready.

        Nobody is switched to who was running already: a task that is alone gets a new quantum only.
        """
        self._end_quantum()
        self.need_resched = False
        before, idle = self.current, self.tasks[IDLE_TASK]
        task = self.current = self.ready.popleft() if self.ready else idle
        if before is idle and task is not idle:
            idle.state = TaskState.READY
        task.state = TaskState.RUNNING
        if task is not before:
            task.switches += 1
            self._cpu.compute(SWITCH_NS)
        if task is not idle:
            self._begin_quantum()
        return task

    def _begin_quantum(self) -> None:
        if self._quantum_ns:
            manager = self._time_manager
            name = f"quantum of {self.current.name}"
            self._quantum = manager.set_timeout_once(self._quantum_ns, self._quantum_over, name)
            self.quantum_due_ns = manager.due_ns(self._quantum)

    def _end_quantum(self) -> None:
        if self._quantum:
            self._time_manager.cancel(self._quantum)
        self._quantum = 0
        self.quantum_due_ns = None

    def _quantum_over(self) -> None:
        self._quantum = 0
        self.quantum_due_ns = None
        self.need_resched = True

    def begin(self, mode: Mode) -> None:
        """The current task runs, in ``mode``; the first time since it was woken, note how late."""
        task = self.current
        self.accounting.task = task
        now_ns = self.accounting.switch(mode)
        if task.woken_ns is not None:
            task.last_latency_ns = now_ns - task.woken_ns
            task.worst_latency_ns = max(task.worst_latency_ns, task.last_latency_ns)
            task.woken_ns = None

    def end(self) -> None:
        """The scheduler decides what is next."""
        self.accounting.switch(Mode.SCHEDULER)
