"""The kernel: its subsystems, its boot sequence and its panic.

A kernel is ``boot()`` and then ``idle()`` for ever; ``idle()`` may be entered anew whenever the
core waits for an interrupt outside any handler.  All state hangs on this object and is plain data.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Never

from kerneltui.kernel.arch.cpu import Cpu
from kerneltui.kernel.bsp import make_platform
from kerneltui.kernel.console import Console, UptimeClock
from kerneltui.kernel.driver import DriverManager
from kerneltui.kernel.irq import IrqHandler, KernelError
from kerneltui.kernel.queues.timeout import Timeout
from kerneltui.kernel.smp import Smp
from kerneltui.kernel.workload import Workload

if TYPE_CHECKING:
    from kerneltui.kernel.run_queue import RunQueue
    from kerneltui.kernel.timers import TimerService

VERSION = "0.1.0"


class Kernel(ABC):
    """What all programs share.  Subclasses choose the drivers and the main function."""

    drain_interrupts = False

    def __init__(
        self, cpu: Cpu, board: str, workload: Workload, clock: UptimeClock | None = None
    ) -> None:
        """``clock`` gives log timestamps; the platform's uptime without one.

        Raises KeyError for an unsupported board, KernelError for unknown boot parameters.
        """
        self.cpu = cpu
        self.workload = workload
        self.platform = make_platform(cpu, board, workload, drain=self.drain_interrupts)
        self.arch = self.platform.arch
        self.console = Console(cpu, self.platform.uart, clock or self.platform)
        self.drivers = DriverManager()
        self.smp = Smp(cpu, self.platform, self.console)
        self.panicked = ""

    @abstractmethod
    def boot(self) -> None:
        """From reset to the first idle."""

    @abstractmethod
    def idle(self) -> None:
        """Wait for interrupts for ever."""

    def timeouts(self) -> Collection[Timeout]:
        """The pending timeouts, next due first; for the debugger."""
        return ()

    def handled_timeout(self) -> Timeout | None:
        """The timeout whose callback is running; for the debugger."""
        return None

    def armed_timeout(self) -> int | None:
        """Identity of the timeout that the comparator is armed for; for the debugger."""
        return None

    def worst_lateness_ns(self) -> int:
        """By how much the latest callback so far was late; for the debugger."""
        return 0

    def expects_timer_event(self) -> bool:
        """Whether a timer callback can come without further input; for the debugger."""
        return True

    def scheduling(self) -> RunQueue | None:
        """Tasks and schedulers, in a program with tasks; for the debugger."""
        return None

    def timer_service(self) -> TimerService | None:
        """The timers of system calls, in a program with these; for the debugger."""
        return None

    def time_of_day(self, raw: Callable[[str], int]) -> tuple[int, int, str, int | None] | None:
        """See :meth:`Platform.time_of_day`; for the debugger."""
        return self.platform.time_of_day(raw)

    def irq_handlers(self, core: int = 0) -> list[IrqHandler]:
        """The handlers of a core, none while it is off; for the debugger."""
        return self.smp.irq_handlers(core) if core else self.platform.irq_handlers()

    def bring_up(self) -> None:
        """Vectors, then what the platform has to find out; or panic."""
        self.platform.install_vectors(self.panic)
        try:
            self.platform.bring_up(self.console)
        except KernelError as error:
            self.panic(str(error))

    def init_drivers(self) -> None:
        """Bring registered drivers up, or panic."""
        try:
            self.drivers.init_drivers(self.platform.irq_manager)
        except KernelError as error:
            self.panic(f"Error initializing drivers: {error}")

    def start_cores(self) -> None:
        """Start the other cores, or panic; one that does not come is only reported."""
        try:
            self.smp.start_cores()
        except KernelError as error:
            self.panic(str(error))

    def panic(self, reason: str) -> Never:
        """Say why on the console, by polling and with interrupts off, and stop for good.

        The boot core's; :meth:`kerneltui.kernel.smp.KernelCore.panic` is that of the others.
        """
        self.arch.disable_irqs()
        if 0 in self.smp.cores:
            self.smp.cores[0].stop_others()
            self.console.break_lock()
        if not self.panicked:
            self.panicked = reason
            self.console.info(f"Kernel panic!\n\n{reason}\n")
        self.cpu.halt(f"Kernel panic: {self.panicked}")
