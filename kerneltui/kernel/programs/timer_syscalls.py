"""Timer system calls: tasks that ask for timers by a trap, and are woken when these fire.

One-shot timers of 50, 100 and 150 ms, an interval of 50 ms that its task cancels after the fourth
time, and calls that fail.  After the timers of axeberg.
"""

from __future__ import annotations

from kerneltui.kernel.errno import Errno
from kerneltui.kernel.programs.timer_callbacks import TimeInspector, TimerCallbacks
from kerneltui.kernel.syscalls import Syscall, Syscalls, described
from kerneltui.kernel.time.timers import MAX_DELAY_MS, TimerService

DELAYS_MS = {1: 50, 2: 100, 3: 150}
"""Each task, and what it waits for."""
INTERVAL_TASK, INTERVAL_MS, INTERVALS = 4, 50, 4
NO_SYSCALL, NO_TIMER = 99, 12_345


class TimerSyscalls(TimerCallbacks):
    """Prints each system call with its result, and each task that is woken."""

    timers: TimerService | None = None

    @property
    def inspector(self) -> SyscallInspector:
        """What the debugger sees."""
        return SyscallInspector(self)

    def boot(self) -> None:
        """As ever; then the tasks make their calls."""
        super().boot()
        self.ready: list[int] = []
        """tasks to run, in the order of their waking"""
        self.intervals = 0
        self.timers = TimerService(self.time_manager, self._wake)
        self.arch.install_syscalls(Syscalls(self.timers).handle, self.panic)
        for task, delay_ms in DELAYS_MS.items():
            self.call(Syscall.TIMER_SET, delay_ms, task)
        self.interval = self.call(Syscall.TIMER_INTERVAL, INTERVAL_MS, INTERVAL_TASK)
        self._make_errors()
        self._run_ready()

    def call(self, number: int, *arguments: int) -> int:
        """A system call, printed with its result."""
        result = self.arch.syscall(number, *arguments)
        said = f"-{Errno(-result).name}" if result < 0 else str(result)
        self.console.info(f"{described(number, arguments)} = {said}")
        return result

    def _wake(self, task: int, timer: int) -> None:  # noqa: ARG002 - each task has but one timer
        self.ready.append(task)

    def _make_errors(self) -> None:
        self.call(Syscall.TIMER_SET, 0, 1)
        self.call(Syscall.TIMER_SET, -5, 1)
        self.call(Syscall.TIMER_SET, MAX_DELAY_MS + 1, 1)
        self.call(Syscall.TIMER_CANCEL, NO_TIMER)
        self.call(NO_SYSCALL)

    def _run_ready(self) -> None:
        while self.ready:
            self._run(self.ready.pop(0))

    def _run(self, task: int) -> None:
        self.console.info(f"Task {task} wakes")
        if task != INTERVAL_TASK:
            return
        self.intervals += 1
        if self.intervals == INTERVALS:
            self.call(Syscall.TIMER_CANCEL, self.interval)
            self.call(Syscall.TIMER_CANCEL, self.interval)

    def idle(self) -> None:
        """Tasks run here, outside any handler.

        No instruction lies between the last look at who is ready and the wait, so that no interrupt
        can be taken in between and its task overslept.
        """
        while True:
            self.cpu.wait_for_interrupt()
            self._run_ready()


class SyscallInspector(TimeInspector):
    """Timeouts, and the timers that system calls have set."""

    def __init__(self, kernel: TimerSyscalls) -> None:
        super().__init__(kernel)
        self._timers = kernel.timers

    def timer_service(self) -> TimerService | None:
        """What the calls work on; None before the boot has got there."""
        return self._timers
