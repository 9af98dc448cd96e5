"""The driver manager: brings device drivers up in order of registration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, cast

import msgspec

from kerneltui.kernel.irq import Irq, IrqHandler, IrqManager


class Driver(Protocol):
    """A device driver."""

    compatible: str

    def init(self) -> None:
        """Bring the device up.  Raises KernelError when it cannot."""


class InterruptDriven(Driver, Protocol):
    """A driver whose device interrupts."""

    def handle(self) -> None:
        """The interrupt handler."""


class DriverEntry(msgspec.Struct, frozen=True):
    """A registered driver, and the interrupt that its handler serves, if any."""

    driver: Driver
    irq: Irq | None = None
    handle: Callable[[], None] | None = None
    """the handler, where it is not the driver's ``handle``"""


class DriverManager:
    """All drivers of the kernel."""

    def __init__(self) -> None:
        self._entries: list[DriverEntry] = []

    def register(
        self, driver: Driver, irq: Irq | None = None, handle: Callable[[], None] | None = None
    ) -> None:
        """Add a driver, an :class:`InterruptDriven` one with its interrupt; nothing is done yet."""
        self._entries.append(DriverEntry(driver, irq, handle))

    def init_drivers(self, irq_manager: IrqManager) -> None:
        """All drivers first, then all handlers: a handler may need another driver."""
        for entry in self._entries:
            entry.driver.init()
        for entry in self._entries:
            if entry.irq is not None:
                driver = cast("InterruptDriven", entry.driver)
                handle = entry.handle or driver.handle
                handler = IrqHandler(entry.irq, driver.compatible, handle)
                irq_manager.register_handler(handler)
                irq_manager.enable(entry.irq)

    def names(self) -> list[str]:
        """What is loaded, in order."""
        return [entry.driver.compatible for entry in self._entries]
