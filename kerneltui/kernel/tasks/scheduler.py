"""The scheduler of a core: which task it runs, and for how long.

With the policy ``coop`` a task runs until it sleeps, waits, yields or exits; with ``rr`` for a
quantum at most.  When that is over, the running task gives way on the way out of the interrupt.
Threads of the kernel have no quantum, as the kernel is not preempted.

All cores serve one run queue.  Timers fire on the boot core alone; when one wakes a task and
another core has nothing to do, that core is called by an interprocessor interrupt: it sleeps, and
would not look by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext

from kerneltui.kernel.arch.cpu import Cpu
from kerneltui.kernel.locks import SharedLock
from kerneltui.kernel.tasks.accounting import Accounting
from kerneltui.kernel.tasks.quantum import Quantum
from kerneltui.kernel.tasks.run_queue import RunQueue
from kerneltui.kernel.tasks.task import Mode, Task, TaskState

QUEUE_NS = 50
"""Putting a task into the run queue, or taking one out."""
SWITCH_NS = 100
"""Storing the registers of one task and loading those of another."""


class Scheduler:
    """All methods are called on core ``number``, with interrupts masked or in a handler.

    ``call(core)`` interrupts another core.
    """

    def __init__(
        self,
        number: int,
        cpu: Cpu,
        queue: RunQueue,
        accounting: Accounting,
        quantum: Quantum,
        call: Callable[[int], None],
    ) -> None:
        self.number = number
        self.queue = queue
        self.accounting = accounting
        self.idle = self.current = accounting.idle
        self.need_resched = False
        """the running task is to give way"""
        self.is_called = False
        """it is idle, but has been told to look"""
        self._cpu = cpu
        self._quantum = quantum
        self._call = call
        self._lock = SharedLock(cpu, nullcontext(), queue.word)
        quantum.on_end = self.resched
        queue.schedulers[number] = self

    @property
    def is_idle(self) -> bool:
        """Nobody is to run."""
        return self.current is self.idle

    @property
    def quantum_due_ns(self) -> int | None:
        """Uptime at which the running task's quantum is over."""
        return self._quantum.due_ns

    @property
    def quantum_timeout(self) -> int:
        """Identity of the timeout that ends it, which is over when there is no such timeout."""
        return self._quantum.timeout

    # -- becoming ready ---------------------------------------------------------------------------

    def admit(self, ident: int) -> None:
        """A new task may run, if it has not been ended already."""
        task = self.queue.tasks[ident]
        if task.state is TaskState.NEW:
            self.make_ready(task)

    def wake(self, ident: int, timer: int) -> None:
        """A timer of a task has fired; it makes the task ready if that waits for this one."""
        task = self.queue.tasks[ident]
        if timer == task.awaited_timer:
            self.make_ready(task)
        elif timer == task.interval_timer:
            task.fired += 1

    def make_ready(self, task: Task) -> None:
        """It goes to the end of the queue, and a core that has nothing to do to work."""
        task.woken_ns = self.accounting.booked_ns
        with self._lock:
            self._cpu.compute(QUEUE_NS)
            core = self._put(task)
        self._cpu.tracepoint("sched_wakeup", name=task.name, id=task.id)
        self._call_other(core)

    def requeue(self) -> bool:
        """The current task gives way but could go on; not so one that has just been killed."""
        with self._lock:
            self._cpu.compute(QUEUE_NS)
            if self.current.is_killed:
                return False
            core = self._put(self.current)
        self._call_other(core)
        return True

    def _put(self, task: Task) -> int | None:
        """With the lock held; answers a core that could run it, and has nothing to do."""
        task.state = TaskState.READY
        task.ready_since_ns = self.accounting.booked_ns
        self.queue.ready.append(task)
        if task is self.current and len(self.queue.ready) == 1:
            return None  # this core takes it again at once
        return self.queue.idle_core(task, self.number)

    def _call_other(self, core: int | None) -> None:
        if core is not None and core != self.number:
            self._call(core)

    def remind_threads(self) -> None:
        """A line has been printed: core 0, whose threads may want to know, may be asleep."""
        core_0 = self.queue.schedulers[0]
        if self.number and core_0.is_idle and not core_0.is_called and self.queue.has_threads():
            core_0.is_called = True
            self._call(0)

    # -- running ----------------------------------------------------------------------------------

    def pick(self) -> Task:
        """Make the next task the current one, with a new quantum; the idle task if none is ready.

        Nobody is switched to who was running already: a task that is alone gets a new quantum only.
        """
        self._quantum.end()
        self.need_resched = False
        before = self.current
        with self._lock:
            self._cpu.compute(QUEUE_NS)
            task = self.current = self.queue.take(self.number) or self.idle
            self.is_called = False
        if before is self.idle and task is not before:
            before.state = TaskState.READY
        task.state = TaskState.RUNNING
        task.core = self.number
        if task is not before:
            task.switches += 1
            self._cpu.tracepoint("sched_switch", prev=before.name, next=task.name, id=task.id)
            self._cpu.compute(SWITCH_NS)
        if self.queue.policy == "rr" and not (task is self.idle or task.is_thread):
            self._quantum.begin(self.queue.quantum_ns, f"quantum of {task.name}")
        return task

    def resched(self) -> None:
        """The running task is to give way as soon as it can."""
        self.need_resched = True

    def begin(self, mode: Mode) -> None:
        """The current task runs, in ``mode``; the first time since it was woken, note how late."""
        task = self.current
        self.accounting.task = task
        now_ns = self.accounting.switch(mode)
        if task.woken_ns is not None:
            task.worst_latency_ns = max(task.worst_latency_ns, now_ns - task.woken_ns)
            task.woken_ns = None

    def end(self) -> None:
        """The scheduler decides what is next."""
        self.accounting.switch(Mode.SCHEDULER)

    # -- the end of a task ------------------------------------------------------------------------

    def finished(self) -> None:
        """The current task has done all that it had to do; core 0 tells when that was the last."""
        self.current.state = TaskState.DONE
        if self.number and self.queue.all_done():
            self._call(0)

    def kill(self, task: Task) -> None:
        """End a task, which may be running on another core: then it ends when that core looks.

        Its timers are the caller's business.
        """
        task.is_killed = True
        with self._lock:
            self._cpu.compute(QUEUE_NS)
            running_on = self.queue.running(task)
            if running_on is None:
                if task in self.queue.ready:
                    self.queue.ready.remove(task)
                task.state = TaskState.DONE
        if running_on is not None:
            running_on.need_resched = True
            self._call(running_on.number)
