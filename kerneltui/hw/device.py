"""What a device model must offer.

A device is one real chip (or block of a chip).  It declares register tables, keeps its state in
register files, drives output lines, and takes input pins.  Every path that changes state ends in
one ``_update()`` that computes all outputs from the state.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import msgspec

from kerneltui.hw.clock import Clock
from kerneltui.hw.gate import Gate
from kerneltui.hw.line import Line, Sink
from kerneltui.hw.register import RegisterTable
from kerneltui.hw.register_file import RegisterFile


class Device(ABC):
    """A device model.

    ``CONFIG`` is a frozen Struct of the chip's parameters, as a board file gives them.
    ``files`` maps the names of register windows to register files, in ``TABLES`` order.
    ``outputs`` maps an output's name to its lines: one, or one per core.
    """

    COMPATIBLE: ClassVar[str]
    TABLES: ClassVar[tuple[RegisterTable, ...]]
    CONFIG: ClassVar[type[Any]]
    PICTURES: ClassVar[tuple[type[msgspec.Struct], ...]] = ()
    """the kinds of :meth:`pictures` that it makes"""

    def __init__(self, name: str, config: Any, clock: Clock, cpus: int = 1) -> None:
        self.name = name
        self.config = config
        self.clock = clock
        self.cpus = cpus
        self.outputs: dict[str, list[Line]] = {}
        self.files: dict[str, RegisterFile] = {}

    def _file(
        self, table: RegisterTable, changes: Mapping[str, Mapping[str, Any]] | None = None
    ) -> RegisterFile:
        """Make the register file of one of the device's tables."""
        made = self.files[table.name] = RegisterFile(self, table, cpus=self.cpus, changes=changes)
        return made

    def _output(self, name: str, count: int = 1) -> list[Line]:
        """Declare an output of ``count`` lines (one, or one per core)."""
        lines = [Line(f"{self.name}.{name}{n if count > 1 else ''}") for n in range(count)]
        self.outputs[name] = lines
        return lines

    def input(self, pin: str, number: int = 0, cpu: int = 0) -> Sink:
        """The end of a wire: ``pin`` is a kind of input, ``number`` which one of them.

        Raises ValueError, with the names that exist, when there is no such input.
        """
        raise ValueError(f"{self.name} ({self.COMPATIBLE}) has no input {pin!r}")

    def passes_on(self, output: str) -> str:
        """The input pin whose level an output only passes on at present; empty: its own."""
        return ""

    def pictures(self) -> Sequence[msgspec.Struct]:
        """What a panel of its own shows of the chip; most have none.  Without side effects."""
        return ()

    @abstractmethod
    def reset(self) -> None:
        """Power-on state: registers, hidden state, timers, output lines."""


class InterruptState(msgspec.Struct, frozen=True):
    """One interrupt as its controller sees it, for one core."""

    number: int
    """the number that software knows it by: an INTID, or a bit in a pending register"""
    source: str
    """the kind and number of the input: ``SPI 121``, ``PPI 14``, ``GPU 57``, ``local 1``"""
    line: bool | None
    """the level of the input; None where it has none (software generated)"""
    enabled: bool
    pending: bool
    active: bool | None
    """None where the controller does not keep an active state"""
    priority: int | None
    targets: tuple[int, ...]
    """the cores that it can be delivered to"""
    trigger: str
    """``level`` or ``edge``"""
    pin: str = ""
    """the input as a board file names it (``spi 121``), or ``""`` where there is none"""
    is_message: bool = False
    """it came, or is to come, by no input of this controller but as a message"""


class InterruptController(Device):
    """A device that collects interrupts and passes them towards the cores.

    ``NUMBERING`` names its interrupt numbers: ``gic`` (INTIDs), ``local``, ``peripheral``,
    ``vector``, ``gsi`` or ``isa``.
    """

    NUMBERING: ClassVar[str]
    ACKNOWLEDGED: ClassVar[str] = ""
    """how an interrupt is acknowledged, in words; empty where nothing is"""
    HIGH_WINS: ClassVar[bool] = False
    """of two priorities the higher number comes first"""
    TAKES_MESSAGES: ClassVar[bool] = False
    """interrupts may come as messages too, by no input: :meth:`message` says how one looks"""
    TRANSIENT: ClassVar = frozenset(("on_pending",))

    def __init__(self, name: str, config: Any, clock: Clock, cpus: int = 1) -> None:
        super().__init__(name, config, clock, cpus)
        self.on_pending: OnPending | None = None
        """who is told of an interrupt that becomes pending by no input; no part of the state"""

    def _tell_pending(self, number: int, cpu: int, again: bool) -> None:
        """An interrupt of core ``cpu`` becomes pending by no input, ``again`` if it was already."""
        if self.on_pending is not None:
            self.on_pending(self, number, cpu, again)

    @abstractmethod
    def interrupts(self, cpu: int) -> list[InterruptState]:
        """Every implemented interrupt, in number order; without side effects."""

    def notable(self, cpu: int, numbers: set[int]) -> list[InterruptState]:
        """Of :meth:`interrupts` at least those that are up, enabled, pending or active, or named.

        A controller with many inputs leaves the others out.
        """
        return self.interrupts(cpu)

    @abstractmethod
    def gates(self, number: int, cpu: int) -> list[Gate]:
        """The conditions on interrupt ``number``'s way through this controller, in order."""

    def arriving_at(self, pin: str, cpu: int) -> tuple[int, str] | None:
        """What an input pin is to core ``cpu``: the interrupt's number, and the output it is for.

        None where there is no such pin, or where it only passes through.
        """
        states = self.interrupts(cpu)
        number = next((state.number for state in states if state.pin == pin), None)
        return None if number is None else (number, self.output_for(number, cpu))

    def output_for(self, number: int, cpu: int) -> str:
        """Which output the interrupt is meant for, as the controller is set."""
        return next(iter(self.outputs), "")

    def message_for(self, number: int) -> tuple[str, int] | None:
        """Where it goes on as a message: a controller's name, and its number there; or None."""
        return None

    def message(self, number: int, cpu: int) -> InterruptState:
        """How an interrupt looks that is to come as a message to core ``cpu``, before it comes.

        Raises ValueError where none can.
        """
        raise ValueError(f"{self.name} ({self.COMPATIBLE}) takes no messages")

    def pin_gates(self, pin: str, cpu: int) -> list[Gate] | None:
        """The conditions for an input to pass straight on to the first output; None: it cannot."""
        return None

    def fiq_gates(self, number: int, cpu: int) -> list[Gate]:
        """Its way to the ``fiq`` output, where that is another one than to ``irq``."""
        return self.gates(number, cpu)


OnPending = Callable[[InterruptController, int, int, bool], None]
"""Told of a controller, an interrupt's number, the core that it is for, and whether it was pending
already: then two have become one."""


class ComparatorState(msgspec.Struct, frozen=True):
    """One comparator of a timer device, as a panel shows it."""

    name: str
    """its compare register: ``CNTP_CVAL_EL0``, ``C3``"""
    counter: int
    compare: int
    hz: int
    enabled: bool
    masked: bool
    met: bool
    """whether the condition holds (or the match is held in the status register)"""
    due_ns: int | None
    """when the condition will be met; None when it is already, or never will be"""
    counts_down: bool = False
    """to zero, from what software loads"""


class CounterState(NamedTuple):
    """A counter at one moment, as its rate can be told from two of them."""

    name: str
    """its register: ``CNTPCT_EL0``, ``CUR_COUNT``"""
    value: int
    hz: int
    """the nominal rate"""
    bits: int | None
    """how wide it is; None for one that does not run freely, but down from what software loads"""
    held: str = ""
    """why it stands still now, where that is known without measuring"""


class TimerDevice(Device):
    """A device with a counter and comparators."""

    COUNTERS_BY_CORE: ClassVar[bool] = False
    """every core has counters of its own, which tell different things"""

    @abstractmethod
    def comparators(self, cpu: int) -> list[ComparatorState]:
        """The comparators that core ``cpu`` sees; without side effects."""

    @abstractmethod
    def counters(self, cpu: int) -> list[CounterState]:
        """What counts at present, as core ``cpu`` sees it; without side effects."""
