"""Tasks that timers wake: a cooperative or a round-robin scheduler, and where the time went.

After the executor of axeberg and the run-time accounting of ExectOS.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import partial

from kerneltui.kernel.arch.cpu import Arch, Cpu
from kerneltui.kernel.irq import IrqHandler, KernelError
from kerneltui.kernel.locks import LockWord, SharedLock
from kerneltui.kernel.programs.timer_callbacks import TimeInspector, TimerCallbacks
from kerneltui.kernel.smp import KernelCore
from kerneltui.kernel.syscalls import Syscalls
from kerneltui.kernel.tasks.accounting import Accounting
from kerneltui.kernel.tasks.executor import Executor
from kerneltui.kernel.tasks.quantum import CoreQuantum, QueuedQuantum
from kerneltui.kernel.tasks.run_queue import RunQueue
from kerneltui.kernel.tasks.scheduler import Scheduler
from kerneltui.kernel.tasks.task import IDLE_TASK, Task, TaskRequest, TaskState
from kerneltui.kernel.time.queues.timeout import Timeout
from kerneltui.kernel.time.time_manager import RemoteTimeouts
from kerneltui.kernel.time.timers import TimerService, TimerState
from kerneltui.kernel.workload import Workload

FIRST_START_NS = 100_000
"""From the end of the boot to the first tasks."""


class Tasks(TimerCallbacks):
    """Runs the workload's tasks and, when the last is done, prints the accounts."""

    def __init__(self, cpu: Cpu, board: str, workload: Workload) -> None:
        self._queue_word = LockWord()
        super().__init__(cpu, board, workload)
        self.reported = False
        self._starts: dict[int, int] = {}
        """the timeouts that tasks begin by, and whose each is"""
        self.run_queue = self._make_queue()
        self._make_core_0()

    def _make_queue(self) -> RunQueue:
        tasks = {}
        for ident, request in enumerate(self.workload.tasks, 1):
            tasks[ident] = _task(ident, request)
        return RunQueue(tasks, self.workload.sched, self.workload.quantum_ns)

    def _make_core_0(self) -> None:
        """Once more when the timer is known, as the time manager."""
        scheduler = Scheduler(
            0,
            self.cpu,
            self.run_queue,
            self._accounting(0),
            QueuedQuantum(self.time_manager),
            partial(_kick, self.smp.cores, 0),
        )
        self.timers = TimerService(self.time_manager, scheduler.wake)
        self.executor = Executor(self.cpu, self.arch, self.console, scheduler, self._went_idle)

    def _accounting(self, number: int) -> Accounting:
        name = "idle" if self.workload.cores == 1 else f"idle {number}"
        idle = Task(IDLE_TASK - number, name, rounds_left=None, only_on=number)
        self.run_queue.add(idle)
        clock = self.smp.cores[number].clock if number else self.platform
        return Accounting(clock, idle)

    def wants_cores(self) -> bool:
        """If more than one is to run tasks."""
        return self.workload.cores > 1

    def queue_lock(self) -> AbstractContextManager[object]:
        """All cores that run tasks set timers."""
        return self._lock(self.cpu, self.arch)

    def _lock(self, cpu: Cpu, arch: Arch) -> SharedLock:
        return SharedLock(cpu, arch.irq_lock(), self._queue_word)

    # -- boot -------------------------------------------------------------------------------------

    def boot(self) -> None:
        """As ever; then the tasks are let loose, on the other cores first."""
        super().boot()
        self._make_core_0()
        self.arch.install_syscalls(Syscalls(self.timers).handle, self.panic)
        try:
            self._start_other_cores()
        except KernelError as error:
            self.panic(str(error))
        self.executor.begin(self.platform.vectors)
        self._start_tasks()

    def _start_other_cores(self) -> None:
        """As many as are wanted and have come; each begins in the handler of a call."""
        for number in self.smp.others_online(0)[: self.workload.cores - 1]:
            core0 = self.smp.cores[0]
            core0.wait(core0.call(number, self._start_core))
        for task in self.run_queue.tasks.values():
            if not any(task.may_run_on(number) for number in self.run_queue.schedulers):
                self.console.warn(f"{task.name} can never run: core {task.only_on} runs no tasks")

    def _start_core(self, core: KernelCore) -> None:
        """On that core."""
        support = core.support
        quantum = CoreQuantum(support.timer)
        scheduler = Scheduler(
            core.number,
            core.cpu,
            self.run_queue,
            self._accounting(core.number),
            quantum,
            partial(_kick, self.smp.cores, core.number),
        )
        core.register_handler(IrqHandler(support.irq_timer, "End of a quantum", quantum.handle))
        rearm = partial(_call_to_rearm, core, self)
        lock = self._lock(core.cpu, core.arch)
        pending = self.time_manager.pending
        timeouts = RemoteTimeouts(core.cpu, core.clock, pending, lock, rearm)
        timers = self.timers.on_core(timeouts)
        core.arch.install_syscalls(Syscalls(timers).handle, core.panic)
        core.work = _Work(core, Executor(core.cpu, core.arch, core.console, scheduler))

    def _start_tasks(self) -> None:
        """By timeouts, in the order of the workload where they begin at the same time.

        Before the first the core waits once: what has booted can be looked at, and returned to.
        """
        begin_ns = self.executor.scheduler.accounting.started_ns + FIRST_START_NS
        for ident, request in enumerate(self.workload.tasks, 1):
            admit = partial(self.executor.scheduler.admit, ident)
            name = f"start of {request.name}"
            due_ns = begin_ns + request.start_ns
            self._starts[self.time_manager.set_timeout_at(due_ns, admit, name)] = ident

    # -- while they run --------------------------------------------------------------------------

    def spawn(self, request: TaskRequest) -> Task:
        """Let one more task loose, now; its start delay is not looked at."""
        scheduler = self.executor.scheduler
        with self.arch.irq_lock():
            task = _task(self.run_queue.next_id, request)
            self.run_queue.add(task)
            # A boundary within the same account: the task is ready from now on, not from the last.
            scheduler.accounting.switch(scheduler.accounting.mode)
            scheduler.make_ready(task)
        return task

    def own_timeouts(self) -> list[Timeout]:
        """Those that are no task's, and no quantum either: what may be cancelled by hand."""
        quantum = self.executor.scheduler.quantum_timeout
        return [
            item
            for item in self.time_manager.queue
            if item.ident != quantum and self.owner(item.ident) is None
        ]

    def owner(self, timeout: int) -> int | None:
        """The id of the task that a timeout wakes or begins; None for any other one."""
        timer = self.timers.timer(timeout)
        if timer is not None and timer.state is TimerState.PENDING:
            return timer.wake_task
        return self._starts.get(timeout)

    def kill(self, ident: int) -> None:
        """End a task.  Raises KernelError when there is none that can be ended."""
        task = self.run_queue.tasks.get(ident)
        if task is None:
            raise KernelError(f"there is no task {ident}")
        if task.is_idle or task.is_thread:
            raise KernelError(f"'{task.name}' belongs to the kernel")
        with self.arch.irq_lock():
            if task.state is TaskState.DONE:
                raise KernelError(f"task {ident} has ended already")
            self.executor.scheduler.kill(task)
            self._cancel_timers(task)

    def _cancel_timers(self, task: Task) -> None:
        """Of one that has ended; it sees to them itself when it has yet to come to its end."""
        if task.state is not TaskState.DONE:
            return
        for start, ident in self._starts.items():
            if ident == task.id:
                self.time_manager.cancel(start)
        for ident in (task.sleep_timer, task.interval_timer):
            timer = self.timers.timer(ident)
            if timer is not None and timer.state is TimerState.PENDING:
                self.timers.timer_cancel(ident)

    # -- running ----------------------------------------------------------------------------------

    def idle(self) -> None:
        """Tasks run here, outside any handler."""
        self.executor.loop()

    def _went_idle(self) -> bool:
        """On core 0, with interrupts masked."""
        tells = bool(self.workload.tasks) and self.run_queue.all_done() and not self.reported
        if tells:
            self.reported = True
            self._report()
        return tells

    def _report(self) -> None:
        """The accounts up to here; what the printing takes is the scheduler's."""
        self.executor.scheduler.end()
        lines = list(self.accounts())
        self.arch.enable_irqs()
        for line in lines:
            self.console.info(line)
        self.arch.disable_irqs()

    def accounts(self) -> Iterator[str]:
        """Where the time has gone, task by task and core by core."""
        yield f"{'':9}{'user ns':>13}{'kernel ns':>11}{'IRQ ns':>10}{'runs':>6}"
        tasks = sorted(self.run_queue.tasks.values(), key=lambda task: task.sort_key)
        for task in tasks:
            times = task.times
            yield (
                f"{task.name:<9.9}{times.user_ns:>13}{times.kernel_ns:>11}{times.irq_ns:>10}"
                f"{task.switches:>6}"
            )
        found = [item.accounting for item in self.run_queue.schedulers.values()]
        scheduler_ns = sum(item.scheduler_ns for item in found)
        yield f"{'scheduler':<9}{scheduler_ns:>24}"
        total_ns = scheduler_ns + sum(task.times.total_ns for task in tasks)
        yield f"Total {total_ns} ns; elapsed {sum(item.elapsed_ns for item in found)} ns"

    @property
    def inspector(self) -> TasksInspector:
        """What the debugger sees."""
        return TasksInspector(self)


class TasksInspector(TimeInspector):
    """Timeouts, tasks, and the tasks' timers."""

    def __init__(self, kernel: Tasks) -> None:
        super().__init__(kernel)
        self._run_queue = kernel.run_queue
        self._timers = kernel.timers

    def scheduling(self) -> RunQueue | None:
        return self._run_queue

    def timer_service(self) -> TimerService | None:
        return self._timers

    def expects_timer_event(self) -> bool:
        """A task that computes may set a timer later."""
        return super().expects_timer_event() or not self._run_queue.all_done()


class _Work:
    """What a further core does outside handlers."""

    def __init__(self, core: KernelCore, executor: Executor) -> None:
        self._core = core
        self._executor = executor
        self._has_begun = False

    def __call__(self) -> None:
        if not self._has_begun:
            self._has_begun = True
            self._executor.begin(self._core.vectors)
        self._executor.loop()


def _task(ident: int, request: TaskRequest) -> Task:
    return Task(ident, request.name, request.operations, request.repeat, request.core)


def _kick(cores: dict[int, KernelCore], caller: int, called: int) -> None:
    cores[caller].kick(called)


def _rearm(kernel: Tasks, core: KernelCore) -> None:  # noqa: ARG001 - it is the boot core
    kernel.time_manager.rearm()


def _call_to_rearm(core: KernelCore, kernel: Tasks) -> None:
    core.call(0, partial(_rearm, kernel))
