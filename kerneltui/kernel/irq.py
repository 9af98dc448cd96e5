"""Interrupt handlers: who handles what, and what an interrupt controller's driver must offer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import msgspec


class KernelError(Exception):
    """An operation of the kernel failed; ``str()`` says why.  Unhandled, it is a panic."""


class Irq(msgspec.Struct, frozen=True, order=True):
    """An interrupt as a board's map names it.

    ``domain`` is the controller's numbering: ``gic`` (INTID), ``local`` (bit of the core's
    interrupt source register) or ``peripheral`` (GPU interrupt); on a PC ``isa`` (0-15), ``gsi``
    (global system interrupt) or ``vector`` (what the core itself or another core raises).
    """

    domain: str
    number: int


class IrqHandler:
    """A registered handler: ``handle()`` begins and ends with interrupts masked.

    It may let them in meanwhile.
    """

    __slots__ = ("count", "handle", "irq", "name")

    def __init__(self, irq: Irq, name: str, handle: Callable[[], None], count: int = 0) -> None:
        self.irq = irq
        self.name = name
        self.handle = handle
        self.count = count
        """how often it has been called"""


class Tracing(Protocol):
    """A core, as far as it tells what the kernel does."""

    def tracepoint(self, name: str, /, **facts: Any) -> None:
        """See :class:`~kerneltui.kernel.arch.cpu.Cpu`."""

    @property
    def is_traced(self) -> bool:
        """See :class:`~kerneltui.kernel.arch.cpu.Cpu`."""


def run_handler(cpu: Tracing, handler: IrqHandler, irq: Irq) -> None:
    """Run a handler on ``cpu``; ``irq`` is what the interrupt was acknowledged as."""
    handler.count += 1
    if cpu.is_traced:
        cpu.tracepoint("irq_handler_entry", irq=irq.number, domain=irq.domain, name=handler.name)
    handler.handle()
    if cpu.is_traced:
        cpu.tracepoint("irq_handler_exit", irq=irq.number)


def tell_spurious(cpu: Tracing, domain: str, number: int) -> None:
    """An interrupt was taken, but there is none: the number is what was read instead."""
    cpu.tracepoint("irq_spurious", irq=number, domain=domain)


class HandlerTable:
    """The handlers of one interrupt numbering, at most one a number."""

    def __init__(self, last: int) -> None:
        self.last = last
        self._handlers: dict[int, IrqHandler] = {}

    def register(self, handler: IrqHandler) -> None:
        """Raises :class:`KernelError` for a second handler and for a number beyond the last."""
        number = handler.irq.number
        if number in self._handlers:
            raise KernelError(f"IRQ handler already registered for IRQ {number}")
        if not 0 <= number <= self.last:
            raise KernelError(f"IRQ {number} is beyond the controller's last, {self.last}")
        self._handlers[number] = handler

    def call(self, number: int, cpu: Tracing) -> None:
        """Run the handler on ``cpu``.  Raises :class:`KernelError` when there is none."""
        handler = self._handlers.get(number)
        if handler is None:
            raise KernelError(f"No handler registered for IRQ {number}")
        run_handler(cpu, handler, handler.irq)

    def __iter__(self) -> Iterator[IrqHandler]:
        return iter(sorted(self._handlers.values(), key=lambda handler: handler.irq.number))


class IrqManager(Protocol):
    """What the driver of an interrupt controller offers to the kernel.

    How an interrupt gets in is the entry code's business: ``handle_pending()`` where the controller
    is asked for its number, ``handle_vector()`` where the processor knows it.
    """

    def register_handler(self, handler: IrqHandler) -> None:
        """Raises :class:`KernelError` when the interrupt has a handler already."""

    def enable(self, irq: Irq) -> None:
        """Let the interrupt through the controller."""

    def handlers(self) -> list[tuple[str, list[IrqHandler]]]:
        """Registered handlers by group: the title of the group and its handlers."""
