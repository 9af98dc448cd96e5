"""What a place on the screen is about: a register, an interrupt, a timeout and so on, by name.

References are plain data, and stay the same from one moment to the next.  What they name can come
and go: :func:`~kerneltui.debugger.lookup.exists` tells.  As text they are what people read.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from kerneltui.debugger.numbering import interrupt_label
from kerneltui.debugger.trace import RawEvent


class _Tagged(
    msgspec.Struct,
    frozen=True,
    tag=lambda name: name.removesuffix("Reference").lower(),
    tag_field="place",
):
    """Says in JSON which kind of place it is."""


class RegisterReference(_Tagged, frozen=True):
    """A register of a device, or of a core itself."""

    owner: str
    """a device's name, or ``core 0``"""
    block: str
    """the name of the device's register table: ``GICD``; empty for a core's own registers"""
    name: str

    def __str__(self) -> str:
        return f"{self.name} of {self.owner}"


class FieldReference(_Tagged, frozen=True):
    """Some bits of a register."""

    register: RegisterReference
    name: str

    def __str__(self) -> str:
        return f"{self.name} in {self.register}"


class InterruptReference(_Tagged, frozen=True):
    """An interrupt, as one of the controllers on its way numbers it."""

    controller: str
    numbering: str
    """the controller's: ``gic``, ``vector`` and so on"""
    number: int

    def __str__(self) -> str:
        return f"{interrupt_label(self.numbering, self.number)} of {self.controller}"


class GateReference(_Tagged, frozen=True):
    """A condition on an interrupt's way to the core on show."""

    interrupt: InterruptReference
    name: str
    owner: str = ""
    """a device's name, or ``core 0``; empty where that is not told"""

    def __str__(self) -> str:
        return f"gate '{self.name}' of {self.interrupt}"


class VectorReference(_Tagged, frozen=True):
    """A vector of a PC's core."""

    core: int
    number: int

    def __str__(self) -> str:
        return f"vector {self.number:#04x} of core {self.core}"


class LineReference(_Tagged, frozen=True):
    """A wire, by the device and the output that drive it: ``uart0.irq``."""

    name: str

    def __str__(self) -> str:
        return f"line {self.name}"


class TimeoutReference(_Tagged, frozen=True):
    """A timeout in the kernel's queue."""

    ident: int

    def __str__(self) -> str:
        return f"timeout {self.ident}"


class ComparatorReference(_Tagged, frozen=True):
    """A comparator of a timer, by its compare register."""

    device: str
    name: str

    def __str__(self) -> str:
        return f"comparator {self.name} of {self.device}"


class CounterReference(_Tagged, frozen=True):
    """A counter."""

    owner: str
    """as the clocks are listed: a device, one of a device's for each core, or ``core 0``"""
    name: str

    def __str__(self) -> str:
        return f"counter {self.name} of {self.owner}"


class TaskReference(_Tagged, frozen=True):
    """A task of the kernel."""

    id: int

    def __str__(self) -> str:
        return f"task {self.id}"


class CoreReference(_Tagged, frozen=True):
    """A core."""

    index: int

    def __str__(self) -> str:
        return f"core {self.index}"


class EventReference(_Tagged, frozen=True):
    """Something that has happened, as the trace has recorded it."""

    event: RawEvent

    def __str__(self) -> str:
        step, time_ns, _, kind, *_ = self.event
        return f"{kind} at {time_ns} ns, step {step}"


class CodeReference(_Tagged, frozen=True, omit_defaults=True):
    """A line of the kernel's source, or an instruction of an image."""

    function: str
    """the innermost one around it; empty outside of all"""
    file: str
    line: int
    """from 1; 0 where it is an instruction"""
    address: int | None = None
    """of the instruction"""

    def __str__(self) -> str:
        if self.address is not None:
            return f"{self.address:#x}, {self.function}" if self.function else f"{self.address:#x}"
        place = f"{self.file}:{self.line}"
        return f"{place}, {self.function}" if self.function else place


class ConsoleReference(_Tagged, frozen=True):
    """A line that the board has sent."""

    number: int
    """of those that are kept, from 1"""

    def __str__(self) -> str:
        return f"console line {self.number}"


class TableReference(_Tagged, frozen=True):
    """A table that the firmware left in memory."""

    signature: str
    address: int

    def __str__(self) -> str:
        return f"table {self.signature} at {self.address:#x}"


Reference: TypeAlias = (
    RegisterReference
    | FieldReference
    | InterruptReference
    | GateReference
    | VectorReference
    | LineReference
    | TimeoutReference
    | ComparatorReference
    | CounterReference
    | TaskReference
    | CoreReference
    | EventReference
    | CodeReference
    | ConsoleReference
    | TableReference
)
