"""The kernel: its subsystems, its boot sequence and its panic.

A kernel is ``boot()`` and then ``idle()`` for ever; ``idle()`` may be entered anew whenever the
core waits for an interrupt outside any handler.  All state hangs on this object and is plain data.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection
from typing import Never

from kerneltui.kernel.arch import aarch64
from kerneltui.kernel.arch.cpu import Aarch64Cpu
from kerneltui.kernel.bsp.raspberrypi import BOARDS
from kerneltui.kernel.console import Clock, Console
from kerneltui.kernel.driver import DriverManager
from kerneltui.kernel.drivers.pl011 import Pl011
from kerneltui.kernel.irq import IrqHandler, KernelError
from kerneltui.kernel.timeout_queue import Timeout
from kerneltui.kernel.workload import Workload

VERSION = "0.1.0"


class Kernel(ABC):
    """What all programs share.  Subclasses choose the drivers and the main function."""

    drain_interrupts = False

    def __init__(self, cpu: Aarch64Cpu, board: str, workload: Workload, clock: Clock) -> None:
        """``clock`` gives log timestamps.  Raises KeyError for an unsupported board."""
        self.cpu = cpu
        self.bsp = BOARDS[board]
        self.workload = workload
        self.uart = Pl011(cpu, self.bsp.pl011_uart)
        self.console = Console(self.uart, clock)
        self.irq_manager = self.bsp.interrupt_controller(cpu, drain=self.drain_interrupts)
        self.drivers = DriverManager()
        self.vectors = aarch64.Vectors(cpu, self.handle_irq, self.panic)
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

    def irq_handlers(self) -> list[IrqHandler]:
        """All registered handlers; for the debugger."""
        return [handler for _, group in self.irq_manager.handlers() for handler in group]

    def init_drivers(self) -> None:
        """Bring registered drivers up, or panic."""
        try:
            self.drivers.init_drivers(self.irq_manager)
        except KernelError as error:
            self.panic(f"Error initializing drivers: {error}")

    def handle_irq(self) -> None:
        """What the IRQ vector calls."""
        try:
            self.irq_manager.handle_pending()
        except KernelError as error:
            self.panic(str(error))

    def panic(self, reason: str) -> Never:
        """Say why on the console, by polling and with interrupts off, and stop for good."""
        aarch64.disable_irqs(self.cpu)
        if not self.panicked:
            self.panicked = reason
            self.console.info(f"Kernel panic!\n\n{reason}\n")
        self.cpu.halt(f"Kernel panic: {self.panicked}")
