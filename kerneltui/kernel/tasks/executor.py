"""The executor: runs the tasks that the scheduler picks, operation by operation.

The kernel itself is not preempted: an interrupt that comes while it prints for a task or serves a
system call returns there, and who is next is decided after the operation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Never, Protocol

from kerneltui.kernel.arch.cpu import Arch, Cpu
from kerneltui.kernel.console import Console
from kerneltui.kernel.errno import Errno
from kerneltui.kernel.platform import EntryCode
from kerneltui.kernel.syscalls import Syscall
from kerneltui.kernel.tasks.scheduler import Scheduler
from kerneltui.kernel.tasks.task import Kind, Mode, Operation, Task, TaskState
from kerneltui.kernel.time.timers import NS_PER_MS


class Service(Protocol):
    """What a thread of the kernel does."""

    def has_work(self) -> bool:
        """Whether there is anything to do; asked with interrupts masked."""

    def run(self) -> None:
        """All there is to do, with interrupts let in."""


class Executor:
    """Interrupts are masked but while a task computes or prints and while the core waits.

    ``services`` are those of the kernel's threads, by the thread's id; ``went_idle()`` is called
    before each wait, and answers whether it has let interrupts in: then there is another look.
    """

    def __init__(
        self,
        cpu: Cpu,
        arch: Arch,
        console: Console,
        scheduler: Scheduler,
        went_idle: Callable[[], bool] | None = None,
    ) -> None:
        self.scheduler = scheduler
        self.services: dict[int, Service] = {}
        self.waits = False
        """the next instruction is the wait for an interrupt: plain data is all there is"""
        self.computes = False
        """the current task computes: the core is entered anew there too"""
        self._cpu = cpu
        self._arch = arch
        self._console = console
        self._went_idle = went_idle

    def begin(self, vectors: EntryCode | None) -> None:
        """From here on interrupts stay masked for the scheduler, and time is accounted for."""
        self._arch.disable_irqs()
        self.scheduler.accounting.begin()
        if vectors is not None:
            vectors.accounting = self.scheduler.accounting

    def loop(self) -> Never:
        """Run tasks, or wait until there are any.

        Entered anew while the core waits or the current task computes, it goes on with that.
        """
        while True:
            if self.waits:
                self._cpu.wait_for_interrupt()
                self._waited()
            self._run_all()
            if self._went_idle is None or not self._went_idle():
                self._prepare_wait()

    def _prepare_wait(self) -> None:
        """Nobody is ready, and nobody can become so before the wait.

        Interrupts have been masked since the look, and are let in together with the wait.
        """
        self.scheduler.begin(Mode.USER)
        self._arch.prepare_wait()
        self.waits = True

    def _waited(self) -> None:
        """An interrupt has come."""
        self.waits = False
        self._arch.finish_wait()
        self.scheduler.end()

    def _run_all(self) -> None:
        """Run tasks until none is ready."""
        scheduler = self.scheduler
        while True:
            if not self.computes:
                self.wake_threads()
                if scheduler.pick() is scheduler.idle:
                    return
            self._run(scheduler.current)

    def wake_threads(self) -> None:
        """Those that have something to do; in a handler, or with interrupts masked."""
        for ident, service in self.services.items():
            task = self.scheduler.queue.tasks[ident]
            if task.state is TaskState.WAITING and service.has_work():
                self.scheduler.make_ready(task)

    def _run(self, task: Task) -> None:
        """Until it cannot go on, or is to give way."""
        while self._goes_on(task):
            pass

    def _goes_on(self, task: Task) -> bool:
        """Do what is next.

        After False another core may be running the task already: nothing of it is touched here.
        """
        if not self.computes:
            # Tasks that do nothing but call the kernel would keep interrupts out for ever.
            self._arch.admit_irqs()
            operation = task.operation
            if task.is_killed or (operation is None and not task.next_round()):
                self._finish(task)
                return False
            if operation is None:
                return True
            if self.scheduler.need_resched:
                task.expired += 1
                return not self.scheduler.requeue()
        assert task.operation is not None
        return self._execute(task, task.operation)

    def _execute(self, task: Task, operation: Operation) -> bool:
        """What is next; answers whether the task goes on."""
        scheduler, kind = self.scheduler, operation.kind
        if kind is Kind.YIELD:
            task.position += 1
            return not scheduler.requeue()
        if kind is Kind.EXIT:
            self._finish(task)
            return False
        if kind is Kind.COMPUTE:
            self._compute(task, operation)
            return True
        scheduler.begin(Mode.KERNEL)
        # Before: it may be over by the time the task is woken, and the task at its end.
        task.position += 1
        state = self._run_service(task) if kind is Kind.SERVE else self._serve(task, operation)
        scheduler.end()
        if task.is_killed:
            return True
        if state is TaskState.WAITING and task.fired:
            # It is not waited for once more what has fired meanwhile.
            task.fired -= 1
            return True
        # Last, and with nothing after the look above: from here on others may wake it and run it.
        task.state = state
        return state is TaskState.RUNNING

    def _compute(self, task: Task, operation: Operation) -> None:
        """As far as it gets."""
        scheduler = self.scheduler
        if not self.computes:
            task.left_ns = task.left_ns or operation.ns
            scheduler.begin(Mode.USER)
            self._arch.enable_irqs()
            self.computes = not scheduler.need_resched
        while self.computes:
            task.left_ns = self._cpu.run_task(task.left_ns)
            # No instruction lies between this look and the computing, so no interrupt either.
            self.computes = task.left_ns > 0 and not scheduler.need_resched
        self._arch.disable_irqs()
        scheduler.end()
        if not task.left_ns:
            task.position += 1

    def _run_service(self, task: Task) -> TaskState:
        """All there is to do; what comes after the look is seen before the next wait."""
        service = self.services[task.id]
        self._arch.enable_irqs()
        service.run()
        self._arch.disable_irqs()
        return TaskState.RUNNING if service.has_work() else TaskState.WAITING

    def _serve(self, task: Task, operation: Operation) -> TaskState:
        """What the kernel does in a task's name; answers what becomes of the task."""
        kind = operation.kind
        if kind is Kind.PRINT:
            self._print(self._console.info, f"{task.name}: {operation.text}")
        elif kind is Kind.SLEEP:
            task.sleep_timer = self._call(task, Syscall.TIMER_SET, operation.ns)
            if task.sleep_timer:
                return TaskState.SLEEPING
        elif kind is Kind.EVERY:
            if task.interval_timer:
                self._cancel(task)
            task.interval_timer = self._call(task, Syscall.TIMER_INTERVAL, operation.ns)
        elif kind is Kind.CANCEL:
            self._cancel(task)
        else:
            return TaskState.WAITING
        return TaskState.RUNNING

    def _call(self, task: Task, number: Syscall, delay_ns: int) -> int:
        """The timer, 0 when there is none.

        It does not fire before its task waits for it: a millisecond is a long time to get there.
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
            self._print(self._console.warn, f"{task.name}: {number.name.lower()} = -{error}")
        return max(result, 0)

    def _print(self, print_line: Callable[[str], None], line: str) -> None:
        """A line takes long: interrupts are let in meanwhile."""
        self._arch.enable_irqs()
        print_line(line)
        self._arch.disable_irqs()
        self.scheduler.remind_threads()

    def _finish(self, task: Task) -> None:
        """Its timers would wake nobody; one killed on its way to sleep has that one too."""
        if task.interval_timer or task.is_killed:
            self.scheduler.begin(Mode.KERNEL)
            if task.interval_timer:
                self._cancel(task)
            if task.is_killed and task.sleep_timer:
                # Not checked: most have fired long ago.
                self._arch.syscall(Syscall.TIMER_CANCEL, task.sleep_timer)
            self.scheduler.end()
        self.scheduler.finished()
