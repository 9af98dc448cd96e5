"""A platform: what a board gives to the kernel, and how it comes up."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Never, Protocol

from kerneltui.kernel.arch.cpu import Arch
from kerneltui.kernel.console import Console
from kerneltui.kernel.driver import Driver, DriverManager
from kerneltui.kernel.irq import Irq, IrqHandler, IrqManager
from kerneltui.kernel.time import TimeManager, TimerDevice


class ConsoleDriver(Driver, Protocol):
    """A UART."""

    def write_char(self, char: int) -> None:
        """Blocks until the device has taken the character."""

    def flush(self) -> None:
        """Blocks until the last character has left."""

    def handle(self) -> None:
        """Characters have arrived."""


class Platform(ABC):
    """A board, as the kernel sees it.

    ``irq_manager`` and ``timer`` may only be what they will be once :meth:`bring_up` has run.
    """

    FAULTS: ClassVar[frozenset[str]]
    """the flaws of :data:`kerneltui.kernel.workload.FAULTS` that can be switched on here"""
    board_name: str
    arch: Arch
    uart: ConsoleDriver
    irq_uart: Irq
    irq_manager: IrqManager
    timer: TimerDevice

    @abstractmethod
    def install_vectors(self, panic: Callable[[str], Never]) -> None:
        """Let exceptions and interrupts in to the kernel; interrupts stay masked."""

    def bring_up(self, console: Console) -> None:  # noqa: B027 - most have nothing to find out
        """Find out what is there, before drivers come up."""

    @abstractmethod
    def uptime_ns(self) -> int:
        """Time since power-on; 0 until something measures it."""

    @abstractmethod
    def register_drivers(self, drivers: DriverManager, time_manager: TimeManager | None) -> None:
        """All that belongs to the board, in the order in which it has to come up."""

    def start(self) -> None:  # noqa: B027 - most have nothing that waits for interrupts
        """Drivers are up and interrupts are let in: begin what needs them."""

    @abstractmethod
    def timer_lines(self) -> list[str]:
        """What the boot log says of the timer."""

    def irq_handlers(self) -> list[IrqHandler]:
        """All registered handlers, as the interrupt controllers number them; for the debugger."""
        return [handler for _, group in self.irq_manager.handlers() for handler in group]
