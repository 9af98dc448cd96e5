"""A platform: what a board gives to the kernel, and how it comes up."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Never, Protocol

import msgspec

from kerneltui.kernel.arch.cpu import Arch, IrqAccounting
from kerneltui.kernel.console import Console
from kerneltui.kernel.driver import Driver, DriverManager
from kerneltui.kernel.irq import Irq, IrqHandler, IrqManager
from kerneltui.kernel.time.time_manager import TimeManager, TimerDriver


class ConsoleDriver(Driver, Protocol):
    """A UART."""

    receive: Callable[[int], None]
    """gets each character that arrives, in IRQ context; an echo unless it is set"""

    def write_char(self, char: int) -> None:
        """Blocks until the device has taken the character."""

    def flush(self) -> None:
        """Blocks until the last character has left."""

    def handle(self) -> None:
        """Characters have arrived."""


class EntryCode(Protocol):
    """What stands behind the vectors of the boot core."""

    accounting: IrqAccounting | None
    """told of every interrupt, when there is one"""


class CoreInterrupts(IrqManager, Protocol):
    """The interrupts of one core, on a platform with several.

    Three of them are free for the core to raise on itself.  Their priorities are 2 to 13, what is
    higher comes first and interrupts the handlers of the others; timer and calls from other cores
    are above them.
    """

    has_priorities: bool
    """whether the controller ranks interrupts: without, priorities mean nothing to it"""

    def init_core(self) -> None:
        """Switch on what belongs to the core that runs this."""

    def send_ipi(self, core: int) -> None:
        """Interrupt a core, by number, with the platform's ``irq_call``."""

    def software_irq(self, number: int, priority: int) -> Irq:
        """Software interrupt ``number``, 0 to 2, set to ``priority``; to be enabled before use."""

    def raise_software_irq(self, irq: Irq) -> None:
        """Interrupt the core that runs this with one of :meth:`software_irq`'s."""

    def hold_back(self, priority: int) -> None:
        """Let through only what is above ``priority``, up to 13; 0 lets all through again."""


class CoreSupport(msgspec.Struct, frozen=True):
    """What a core works with.  All of it executes on that core."""

    arch: Arch
    interrupts: CoreInterrupts
    uart: ConsoleDriver
    timer: TimerDriver
    """the core's own, which also tells system time; the boot core's is the time manager's"""
    irq_timer: Irq
    install_vectors: Callable[[Callable[[str], Never]], EntryCode]
    """as :meth:`Platform.install_vectors`"""


class Platform(ABC):
    """A board, as the kernel sees it.

    ``irq_manager`` and ``timer`` may only be what they will be once :meth:`bring_up` has run.
    """

    STARTS_CORES: ClassVar[bool] = False
    """whether every program starts the other cores; without it those that want them"""
    board_name: str
    arch: Arch
    uart: ConsoleDriver
    irq_uart: Irq
    irq_call: Irq
    """what a call from another core arrives as"""
    irq_manager: IrqManager
    timer: TimerDriver
    vectors: EntryCode | None
    """once installed"""

    @abstractmethod
    def install_vectors(self, panic: Callable[[str], Never]) -> EntryCode:
        """Let exceptions and interrupts in to the kernel; interrupts stay masked."""

    def bring_up(self, console: Console) -> None:  # noqa: B027 - most have nothing to find out
        """Find out what is there, before drivers come up."""

    @property
    @abstractmethod
    def irq_timer(self) -> Irq | None:
        """What the interrupt of :attr:`timer` arrives as; None before it is known."""

    @abstractmethod
    def uptime_ns(self) -> int:
        """Time since power-on; 0 until something measures it."""

    @abstractmethod
    def register_drivers(self, drivers: DriverManager, time_manager: TimeManager | None) -> None:
        """All that belongs to the board, in the order in which it has to come up."""

    def start(self) -> None:  # noqa: B027 - most have nothing that waits for interrupts
        """Drivers are up and interrupts are let in: begin what needs them."""

    @abstractmethod
    def core_count(self) -> int:
        """How many cores the kernel may use, the boot core among them; once brought up."""

    @abstractmethod
    def start_core(self, number: int, address: int) -> None:
        """Have core ``number``, from 1 on, execute the start-up code at ``address``."""

    @abstractmethod
    def core_support(self, number: int, cpu: Any) -> CoreSupport:
        """What core ``number`` works with; executes nothing.  ``cpu`` is that core.

        Raises KernelError where the interrupt controller serves one core alone.
        """

    @abstractmethod
    def timer_lines(self) -> list[str]:
        """What the boot log says of the timer."""

    def time_of_day(
        self,
        raw: Callable[[str], int],  # noqa: ARG002 - most keep no time of day
    ) -> tuple[int, int, str, int | None] | None:
        """The time of day, for the debugger: told without touching hardware.

        ``raw(name)`` is what the timer device of this name shows.  XT time in units of 100 ns since
        1601, Unix time in ns, the same in words, and by how many ns the RTC was ahead when it was
        last asked (None: not yet).  None without a time of day.
        """
        return None

    def irq_handlers(self) -> list[IrqHandler]:
        """All registered handlers, as the interrupt controllers number them; for the debugger."""
        return [handler for _, group in self.irq_manager.handlers() for handler in group]
