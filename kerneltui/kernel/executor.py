"""The executor: runs the tasks that the scheduler picks, operation by operation.

The kernel itself is not preempted: an interrupt that comes while it prints for a task or serves a
system call returns there, and who is next is decided after the operation.
"""

from __future__ import annotations

from kerneltui.kernel.accounting import Mode
from kerneltui.kernel.arch.cpu import Arch, Cpu
from kerneltui.kernel.console import Console
from kerneltui.kernel.errno import Errno
from kerneltui.kernel.scheduler import Scheduler
from kerneltui.kernel.syscalls import Syscall
from kerneltui.kernel.tasks import IDLE_TASK, Kind, Operation, Task, TaskState
from kerneltui.kernel.timers import NS_PER_MS


class Executor:
    """Interrupts are masked but while a task computes or prints and while the core waits."""

    def __init__(self, cpu: Cpu, arch: Arch, console: Console, scheduler: Scheduler) -> None:
        self.waits = False
        """the next instruction is the wait for an interrupt: plain data is all there is"""
        self._cpu = cpu
        self._arch = arch
        self._console = console
        self._scheduler = scheduler

    def run(self) -> None:
        """Run tasks until none is ready."""
        scheduler = self._scheduler
        while scheduler.pick().id != IDLE_TASK:
            self._run(scheduler.current)

    def prepare_wait(self) -> None:
        """Nobody is ready, and nobody can become so before the wait.

        Interrupts have been masked since the look, and are let in together with the wait.
        """
        self._scheduler.begin(Mode.USER)
        self._arch.prepare_wait()
        self.waits = True

    def waited(self) -> None:
        """An interrupt has come."""
        self.waits = False
        self._arch.finish_wait()
        self._scheduler.end()

    def _run(self, task: Task) -> None:
        """Until it cannot go on, or is to give way."""
        scheduler = self._scheduler
        while task.state is TaskState.RUNNING:
            operation = task.operation
            if operation is None:
                if not task.next_round():
                    self._finish(task)
            elif scheduler.need_resched:
                task.expired += 1
                scheduler.requeue()
            else:
                self._execute(task, operation)

    def _execute(self, task: Task, operation: Operation) -> None:
        kind = operation.kind
        if kind is Kind.COMPUTE:
            self._compute(task, operation)
        elif kind is Kind.YIELD:
            task.position += 1
            self._scheduler.requeue()
        elif kind is Kind.EXIT:
            self._finish(task)
        else:
            self._scheduler.begin(Mode.KERNEL)
            # Before: it may be over by the time the task is woken, and the task at its end.
            task.position += 1
            self._serve(task, operation)
            self._scheduler.end()

    def _compute(self, task: Task, operation: Operation) -> None:
        """As far as it gets."""
        scheduler = self._scheduler
        task.left_ns = task.left_ns or operation.ns
        scheduler.begin(Mode.USER)
        self._arch.enable_irqs()
        # No instruction lies between this look and the computing, so no interrupt either.
        while task.left_ns and not scheduler.need_resched:
            task.left_ns = self._cpu.run_task(task.left_ns)
        self._arch.disable_irqs()
        scheduler.end()
        if not task.left_ns:
            task.position += 1

    def _serve(self, task: Task, operation: Operation) -> None:
        """What the kernel does in a task's name."""
        kind = operation.kind
        if kind is Kind.PRINT:
            self._arch.enable_irqs()
            self._console.info(f"{task.name}: {operation.text}")
            self._arch.disable_irqs()
        elif kind is Kind.SLEEP:
            task.sleep_timer = self._call(task, Syscall.TIMER_SET, operation.ns)
            if task.sleep_timer:
                task.state = TaskState.SLEEPING
        elif kind is Kind.EVERY:
            if task.interval_timer:
                self._cancel(task)
            task.interval_timer = self._call(task, Syscall.TIMER_INTERVAL, operation.ns)
        elif kind is Kind.CANCEL:
            self._cancel(task)
        elif task.fired:
            # It is not waited for once more what has fired meanwhile.
            task.fired -= 1
        else:
            task.state = TaskState.WAITING

    def _call(self, task: Task, number: Syscall, delay_ns: int) -> int:
        """The timer, 0 when there is none; interrupts are masked.

        So no timer fires before its task waits for it.
        """
        return self._checked(task, number, delay_ns // NS_PER_MS, task.id)

    def _cancel(self, task: Task) -> None:
        """The interval timer; what it has fired before is forgotten."""
        self._checked(task, Syscall.TIMER_CANCEL, task.interval_timer)
        task.interval_timer = task.fired = 0

    def _checked(self, task: Task, number: Syscall, *arguments: int) -> int:
        result = self._arch.syscall(number, *arguments)
        if result < 0:
            error = Errno(-result).name
            self._console.warn(f"{task.name}: {number.name.lower()} = -{error}")
        return max(result, 0)

    def _finish(self, task: Task) -> None:
        """Its interval timer would wake nobody."""
        if task.interval_timer:
            self._scheduler.begin(Mode.KERNEL)
            self._cancel(task)
            self._scheduler.end()
        task.state = TaskState.DONE
