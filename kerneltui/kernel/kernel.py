"""The kernel: its subsystems, its boot sequence and its panic.

A kernel is ``boot()`` and then ``idle()`` for ever; ``idle()`` may be entered anew whenever the
core waits for an interrupt outside any handler.  All state hangs on this object and is plain data.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Never

from kerneltui.kernel.arch.cpu import Cpu
from kerneltui.kernel.bsp import make_platform
from kerneltui.kernel.console import Console, UptimeClock
from kerneltui.kernel.driver import DriverManager
from kerneltui.kernel.faults import variant
from kerneltui.kernel.inspector import Inspector
from kerneltui.kernel.irq import Irq, IrqHandler, KernelError
from kerneltui.kernel.smp import Smp
from kerneltui.kernel.workload import Workload

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
        self.drivers = variant(DriverManager, workload)()
        self.smp = Smp(cpu, self.platform, self.console)
        self.panicked = ""

    @abstractmethod
    def boot(self) -> None:
        """From reset to the first idle."""

    @abstractmethod
    def idle(self) -> None:
        """Wait for interrupts for ever."""

    @property
    def inspector(self) -> Inspector:
        """What the debugger sees."""
        return KernelInspector(self)

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


class KernelInspector(Inspector):
    """What all programs have to show: handlers, and a time of day where the platform keeps one."""

    def __init__(self, kernel: Kernel) -> None:
        self._smp = kernel.smp
        self._platform = kernel.platform

    def time_of_day(self, raw: Callable[[str], int]) -> tuple[int, int, str, int | None] | None:
        return self._platform.time_of_day(raw)

    def timer_irq(self) -> Irq | None:
        return self._platform.irq_timer

    def irq_handlers(self, core: int = 0) -> list[IrqHandler]:
        return self._smp.irq_handlers(core) if core else self._platform.irq_handlers()
