"""Tasks that timers wake: a cooperative or a round-robin scheduler, and where the time went.

After the executor of axeberg and the run-time accounting of ExectOS.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from kerneltui.kernel.accounting import Accounting
from kerneltui.kernel.arch.cpu import Cpu
from kerneltui.kernel.executor import Executor
from kerneltui.kernel.programs.timer_callbacks import TimerCallbacks
from kerneltui.kernel.scheduler import Scheduler
from kerneltui.kernel.syscalls import Syscalls
from kerneltui.kernel.tasks import IDLE_TASK, Task, TaskState
from kerneltui.kernel.workload import Workload

FIRST_START_NS = 100_000
"""From the end of the boot to the first tasks."""


class Tasks(TimerCallbacks):
    """Runs the workload's tasks and, when the last is done, prints the accounts."""

    def __init__(self, cpu: Cpu, board: str, workload: Workload) -> None:
        super().__init__(cpu, board, workload)
        self.reported = False
        self._make_scheduler()

    def _make_scheduler(self) -> None:
        """Once more when the timer is known, as the time manager."""
        workload = self.workload
        idle = Task(IDLE_TASK, "idle", rounds_left=None)
        tasks = {IDLE_TASK: idle}
        for ident, request in enumerate(workload.tasks, 1):
            tasks[ident] = Task(ident, request.name, request.operations, request.repeat)
        self._accounting = Accounting(self.platform, idle)
        self.scheduler = Scheduler(
            self.cpu,
            tasks,
            self._accounting,
            self.time_manager,
            workload.sched,
            workload.quantum_ns,
        )
        self.executor = Executor(self.cpu, self.arch, self.console, self.scheduler)

    def boot(self) -> None:
        """As ever; then the tasks are let loose, and interrupts stay masked for the scheduler."""
        super().boot()
        self.arch.disable_irqs()
        self._make_scheduler()
        self._accounting.begin()
        syscalls = Syscalls(self.scheduler.timers)
        self.arch.install_syscalls(syscalls.handle, self.panic)
        if self.platform.vectors is not None:
            self.platform.vectors.accounting = self._accounting
        self._start_tasks()

    def _start_tasks(self) -> None:
        """By timeouts, in the order of the workload where they begin at the same time.

        Before the first the core waits once: what has booted can be looked at, and returned to.
        """
        begin_ns = self._accounting.started_ns + FIRST_START_NS
        for ident, request in enumerate(self.workload.tasks, 1):
            admit = partial(self.scheduler.admit, ident)
            name = f"start of {request.name}"
            self.time_manager.set_timeout_at(begin_ns + request.start_ns, admit, name)

    def idle(self) -> None:
        """Tasks run here, outside any handler.

        Entered anew while the core waits, it goes on with the wait at once.
        """
        while True:
            if self.executor.waits:
                self.cpu.wait_for_interrupt()
                self.executor.waited()
            self.executor.run()
            if self._all_done() and not self.reported:
                self.reported = True
                self._report()
            self.executor.prepare_wait()

    def _all_done(self) -> bool:
        return all(task.state is TaskState.DONE for task in self.tasks()[1:])

    def _report(self) -> None:
        """The accounts up to here; what the printing takes is the scheduler's."""
        self.scheduler.end()
        lines = list(self._accounts())
        self.arch.enable_irqs()
        for line in lines:
            self.console.info(line)
        self.arch.disable_irqs()

    def _accounts(self) -> Iterator[str]:
        accounts, tasks = self._accounting, self.tasks()
        yield f"{'':10}{'user ns':>15}{'kernel ns':>13}{'IRQ ns':>13}{'switches':>9}{'latency':>9}"
        for task in tasks:
            times = task.times
            yield (
                f"{task.name:<10.10}{times.user_ns:>15}{times.kernel_ns:>13}{times.irq_ns:>13}"
                f"{task.switches:>9}{task.worst_latency_ns:>9}"
            )
        yield f"{'scheduler':<10}{'':>15}{accounts.scheduler_ns:>13}"
        total_ns = accounts.scheduler_ns + sum(task.times.total_ns for task in tasks)
        yield f"Total {total_ns} ns; elapsed {accounts.elapsed_ns} ns"

    # -- for the debugger -------------------------------------------------------------------------

    def tasks(self) -> Sequence[Task]:
        """By id."""
        return tuple(self.scheduler.tasks.values())

    def accounting(self) -> Accounting | None:
        """Since the tasks were let loose."""
        return self._accounting

    def quantum_due_ns(self) -> int | None:
        """As the scheduler has set it."""
        return self.scheduler.quantum_due_ns

    def expects_timer_event(self) -> bool:
        """A task that computes may set a timer later."""
        return super().expects_timer_event() or not self._all_done()
