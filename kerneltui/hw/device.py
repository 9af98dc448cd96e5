"""What a device model must offer.

A device is one real chip (or block of a chip).  It declares register tables, keeps its state in
register files, drives output lines, and takes input pins.  Every path that changes state ends in
one ``_update()`` that computes all outputs from the state.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

import msgspec

from kerneltui.hw.bus import AddressSpace
from kerneltui.hw.clock import Clock
from kerneltui.hw.line import Line, Sink
from kerneltui.hw.register import RegisterTable
from kerneltui.hw.register_file import RegisterFile
from kerneltui.hw.rule import Gate


class Cause(msgspec.Struct, frozen=True):
    """One of the reasons for which a device holds an output up: all gates open, and it does.

    ``title`` is a noun: ``the receive interrupt``, ``a match of C1``.
    """

    title: str
    gates: tuple[Gate, ...]


class Passage:
    """A way of an interrupt through one controller, and how it goes on behind the gates.

    It leaves by an ``output``, or as a ``message``: to a controller's name, as its number there.
    With neither it leads nowhere, and one of the gates says why.  ``vector`` is what the core takes
    it as, where the controller tells the core.
    """

    __slots__ = ("_gates", "_make", "message", "output", "vector")

    def __init__(
        self,
        make: Callable[[], Iterable[Gate]],
        output: str = "",
        message: tuple[str, int] | None = None,
        vector: int | None = None,
    ) -> None:
        self._make = make
        self._gates: tuple[Gate, ...] | None = None
        self.output, self.message, self.vector = output, message, vector

    @property
    def gates(self) -> tuple[Gate, ...]:
        """As they stand; who only asks where it goes on does not wait for them."""
        if self._gates is None:
            self._gates = tuple(self._make())
        return self._gates


Entrance = int | str
"""How an interrupt comes into a controller: by its number there, or by a pin that has none."""


class Device(ABC):
    """A device model.

    ``CONFIG`` is a frozen Struct of the chip's parameters, as a board file gives them.
    ``files`` maps the names of register windows to register files, in ``TABLES`` order.
    ``outputs`` maps an output's name to its lines: one, or one per core.
    """

    COMPATIBLE: ClassVar[str]
    TABLES: ClassVar[tuple[RegisterTable, ...]]
    CONFIG: ClassVar[type[Any]]
    TRANSIENT: ClassVar[frozenset[str]] = frozenset(("manual", "on_remark", "on_reset"))
    NUMBERED_PINS: ClassVar[frozenset[str]] = frozenset()
    """the kinds of input of which there are several, each with a number"""
    CAN_BE_RESET: ClassVar[bool] = False
    """without power-on, for one core: :meth:`_tell_reset` says so"""
    PICTURES: ClassVar[tuple[type[msgspec.Struct], ...]] = ()
    """the kinds of :meth:`pictures` that it makes"""

    def __init__(self, name: str, config: Any, clock: Clock, cpus: int = 1) -> None:
        self.name = name
        self.config = config
        self.clock = clock
        self.cpus = cpus
        self.manual = ""
        """of the board's chip, where the board names it: what a model of several chips cites"""
        self.outputs: dict[str, list[Line]] = {}
        self.files: dict[str, RegisterFile] = {}
        self.on_remark: Callable[[str, str, int, str], None] | None = None
        """observes what goes wrong: device, kind, interrupt number, in words"""
        self.on_reset: Callable[[str, int], None] | None = None
        """observes resets but that at power-on: device, core"""

    def _remark(self, kind: str, number: int, text: str) -> None:
        """Something went wrong with an interrupt, and the hardware tells nobody.

        ``kind`` is ``lost`` (an edge came while nobody could take it), ``dropped`` (a message that
        was not accepted), ``spurious`` (acknowledged, but nothing was there), ``misuse`` (an end
        of what is not active), ``retriggered`` (ended while its line is still high) or ``ignored``
        (a store that was not allowed to change anything).
        """
        if self.on_remark is not None:
            self.on_remark(self.name, kind, number, text)

    def _tell_reset(self, cpu: int) -> None:
        """What core ``cpu`` has of the device is about to be reset, and not by power-on."""
        if self.on_reset is not None:
            self.on_reset(self.name, cpu)

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

    def causes(self, output: str, cpu: int) -> list[Cause]:
        """What can hold an output up (the line of core ``cpu``, where each has one).

        The rules that ``_update()`` applies; without side effects.  Empty where it only passes on
        what comes from elsewhere.
        """
        return []

    def output_driven(self) -> None:  # noqa: B027 - most have nothing to do
        """Somebody else has driven an output (:mod:`kerneltui.machine.poke`).

        A device that remembers what it has driven last, and not only the lines do, learns of it.
        """

    def pictures(self) -> Sequence[msgspec.Struct]:
        """What a panel of its own shows of the chip; most have none.  Without side effects."""
        return ()

    @abstractmethod
    def reset(self) -> None:
        """Power-on state: registers, hidden state, timers, output lines."""


class BusMaster(Device):
    """A device that reads and writes memory by itself.

    ``bus`` is the memory space of its machine, connected when the machine is put together: physical
    addresses, no translation, and the caches of cores are not in the way.
    """

    bus: AddressSpace | None = None


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
    SENDS_MESSAGES: ClassVar[bool] = False
    """interrupts go on as messages to another controller, by no output: :meth:`onward`"""
    TRANSIENT = Device.TRANSIENT | {"on_pending"}

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

    def part(self, number: int) -> str:
        """What that of its chips is called to which an interrupt comes."""
        return self.TABLES[0].title

    def interrupt(self, number: int, cpu: int) -> InterruptState | None:
        """One of :meth:`interrupts`; None where there is none of that number."""
        states = self.interrupts(cpu)
        return next((state for state in states if state.number == number), None)

    @abstractmethod
    def passages(self, entrance: Entrance, cpu: int) -> list[Passage]:
        """The ways of an interrupt to core ``cpu``: its rules, as :class:`Gate` s, in order.

        Where it is open in all gates of one passage, the output of that one is high (or the message
        is sent) for this interrupt and no other.  Raises ValueError for a number that the
        controller does not have.
        """

    def onward(self, number: int) -> tuple[str, int] | None:
        """Where an interrupt goes on as a message: a controller's name, and its number there.

        Raises ValueError for a number that the controller does not have.
        """
        return None

    def sender(self, number: int, acknowledged: int) -> int | None:
        """The core that has sent an interrupt; None where an acknowledge does not tell.

        ``acknowledged`` is what that has given.
        """
        del number, acknowledged
        return None

    def entrance(self, pin: str, cpu: int) -> Entrance | None:
        """What comes in at an input pin, named as in a board file: its number for core ``cpu``.

        The pin itself, where it has no number but only passes through; None without such a pin.
        """
        states = self.interrupts(cpu)
        return next((state.number for state in states if state.pin == pin), None)

    def own_causes(self, number: int, cpu: int) -> list[Cause]:
        """What inside the controller can raise an interrupt: a timer of its own, a mailbox."""
        return []

    def message(self, number: int, cpu: int) -> InterruptState:
        """How an interrupt looks that is to come as a message to core ``cpu``, before it comes.

        Raises ValueError where none can.
        """
        raise ValueError(f"{self.name} ({self.COMPATIBLE}) takes no messages")


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
    whole_ns: int | None = None
    """how long it counts from what was loaded, where it counts down and that is known"""
    divider: str = ""
    """the register that divides its clock, where it has one"""
    dips_ns: int = 0
    """of one whose output is high, and interrupts as it rises: how long it is low before that"""
    zero_stands_for: int = 0
    """the count that a written zero means; 0: none"""


class CounterState(msgspec.Struct, frozen=True):
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
