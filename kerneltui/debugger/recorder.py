"""The records of what happened: events, console, who ran when, latencies, rates, input, remarks.

All of it lives outside the machine's state and follows where that goes.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import msgspec

from kerneltui.debugger.console_text import ConsoleText
from kerneltui.debugger.latencies import Latencies, LatenciesState
from kerneltui.debugger.rates import CounterReading, RateMeter, RateState
from kerneltui.debugger.record import Record
from kerneltui.debugger.remarks import Remark, Remarks, Subject
from kerneltui.debugger.timeline import Timeline, TimelineState
from kerneltui.debugger.trace import PERSON, SCENARIO, EventNames, RawEvent
from kerneltui.debugger.watch import Address, reset_of
from kerneltui.hw.bus import register_name
from kerneltui.hw.device import InterruptController
from kerneltui.hw.line import Line
from kerneltui.hw.register import MEMORY, NON_SECURE
from kerneltui.hw.register_file import RegisterFile
from kerneltui.machine.core import ANY_LEVEL, WAITING, Core
from kerneltui.machine.instructions import INSTRUCTIONS, SPACES, STORES, WRITES
from kerneltui.machine.machine import Machine
from kerneltui.machine.poke import Poke
from kerneltui.machine.position import Position
from kerneltui.units import format_time

TRACE_EVENTS = 20_000
TEXTS_KEPT = 1_000
EVENTS_BEHIND = 1_000
"""So many events before a moment are always there, or all: more are not looked at."""
_TYPISTS = (SCENARIO, PERSON)
AFTER_TIME = " s  "
"""Before what happened, in the text of an event."""
ALL_CORES = -1
Place = tuple[str, int, int]
"""An address space's name, an address (or encoding) in it, and a core where each has its own
registers, else :data:`ALL_CORES`."""


class InputView(msgspec.Struct, frozen=True):
    """A line that was typed at the terminal."""

    at_ns: int
    """when its first character arrived"""
    by: str
    """``scenario`` or ``person``"""
    text: str


class Entry(msgspec.Struct, frozen=True):
    """The outermost exception that a core has taken last: where the machine was just before.

    See :class:`Position`.
    """

    step: int
    now_ns: int
    core: int
    retired: int
    event: int
    """how many events had been recorded by then"""

    @property
    def position(self) -> Position:
        """Where that was."""
        return Position(self.step, self.now_ns, False, self.core, self.retired)


class Recorded(msgspec.Struct, frozen=True):
    """How far the records had come at a moment."""

    events: int
    console: int
    inputs: int
    timeline: TimelineState
    rates: RateState
    latencies: LatenciesState
    entered: tuple[Entry | None, ...]
    remarks: tuple[tuple[Subject, Remark], ...]


NamedByState = tuple[RegisterFile, int, str]
"""Where a register lies, and what its name begins with for who meets the secure block there."""
Touched = dict[Place, tuple[str, int, str]]
"""What instructions have accessed: place -> (kind, value, name where the address does not tell it).
"""


class Recorder:
    """Records a machine's events, its console text, who ran when, and what was typed.

    ``events`` keeps the last :data:`TRACE_EVENTS`; ``sink`` gets every one when it happens for the
    first time.  ``read_counters`` is asked now and then, for their rates.
    """

    def __init__(self, machine: Machine, sink: Callable[[RawEvent], None] | None = None) -> None:
        self.events: deque[RawEvent] = deque(maxlen=TRACE_EVENTS)
        self.recorded = 0
        self._known = 0
        self.console = ConsoleText()
        self._inputs = Record("q")
        """of each character that has arrived three numbers: when, who typed it, which"""
        self.rates = RateMeter()
        self.read_counters: Callable[[], Iterable[CounterReading]] = tuple
        self.entered: list[Entry | None] = [None] * len(machine.cores)
        self.remarks = Remarks()
        self._met: defaultdict[str, set[int]] = defaultdict(set)
        """by space what instructions have accessed, since :meth:`forget_accessed`"""
        self._accessed_else: set[Address] = set()
        self.sink = sink
        self.pending_sink: Callable[[str, int, int], None] | None = None
        """gets what is no event: an interrupt becomes pending by no wire (its controller, its
        number there, the core)"""
        self._texts: deque[str] = deque(maxlen=TEXTS_KEPT)
        self._worded = 0
        self.tracing = True
        self.timeline = Timeline(machine)
        self.latencies = Latencies(machine)
        self.attach(machine)

    def attach(self, machine: Machine) -> None:
        """Record this machine from now on."""
        self._machine = machine
        self._clock = machine.clock
        self.timeline.attach(machine)
        self.latencies.attach(machine)
        machine.terminal.on_output = self._sent
        machine.terminal.on_input = self._received
        machine.poker.on_poke = self._poked
        self._named_by_state: defaultdict[str, dict[int, NamedByState]]
        self._named_by_state = defaultdict(dict)
        """by space and address the registers whose names have to be looked up at once"""
        self._by_core: set[tuple[str, int]] = set()
        for device in machine.devices.values():
            for space, base, file in machine.windows(device):
                self._classify(space, base, file)
        self._spaces = {
            kind: (self._met[space], self._named_by_state[space]) for kind, space in SPACES.items()
        }
        """by kind of instruction, of the space that it accesses"""
        self.trace(self.tracing)

    def _classify(self, space: str, base: int, file: RegisterFile) -> None:
        """Where a name has to be looked up at once, and where every core has its own register.

        A block is every core's own if any register is: those without state of their own cannot say.
        """
        by_core = any(slot.register.banked for slot in file.slots())
        for slot in file.slots():
            place = (space, base + slot.offset)
            is_divided = self._machine.is_out_of_sight(file.table)
            if slot.register.overlay or slot.register.window is not None or is_divided:
                front = f"{file.table.name}/" if is_divided else ""
                self._named_by_state[space][base + slot.offset] = file, slot.offset, front
            if by_core:
                self._by_core.add(place)

    def trace(self, on: bool) -> None:
        """Switch event trace, timeline and latencies on or off; the console is always recorded."""
        if on and not self.tracing:
            self.timeline = Timeline(self._machine)
            self.latencies = Latencies(self._machine)
        self.tracing = on
        self._machine.observe(self if on else None)

    # -- to other moments -------------------------------------------------------------------------

    def save(self) -> Recorded:
        """How far the records have come."""
        return Recorded(
            self.recorded, self.console.total, self._inputs.count, self.timeline.save(),
            self.rates.save(), self.latencies.save(), tuple(self.entered), self.remarks.save(),
        )  # fmt: skip

    def reach(self, events: int) -> int:
        """How many of the events before the first ``events`` are still here."""
        oldest = self.recorded - len(self.events)
        return events - oldest if oldest <= events <= self.recorded else 0

    @property
    def size(self) -> int:
        """Bytes that the records of the past take, about; the event trace is bounded."""
        return self.console.size + self._inputs.size + self.timeline.size

    def load(self, recorded: Recorded, before: Sequence[RawEvent] = ()) -> None:
        """Go to another moment, where the machine is already.

        ``before`` are the last events before it, as far as they are known: they are taken where
        those that are here do not reach so far.
        """
        later = self.recorded - recorded.events
        if 0 <= later <= len(self.events) and self.reach(recorded.events) >= len(before):
            for _ in range(later):
                self.events.pop()
        else:
            self.events.clear()
            self.events.extend(before)
        while self._worded > recorded.events and self._texts:
            self._texts.pop()
            self._worded -= 1
        self.recorded = recorded.events
        self.console.go_to(recorded.console)
        self._inputs.go_to(recorded.inputs)
        self.timeline.load(recorded.timeline)
        self.rates.load(recorded.rates)
        self.latencies.load(recorded.latencies)
        self.entered = list(recorded.entered)
        self.remarks.load(recorded.remarks)

    def forget_rest(self) -> None:
        """What comes after this moment will be another story."""
        self._known = self.recorded
        self.console.forget_rest()
        self._inputs.forget_rest()
        self.timeline.forget_rest()

    # -- looking ----------------------------------------------------------------------------------

    @property
    def accessed(self) -> set[Address]:
        """By instructions and pokes, since :meth:`forget_accessed`.

        Of an instruction or exception that writes registers which it does not name it is its kind,
        and 0; and there are resets (:func:`reset_of`).
        """
        met = {(space, target) for space, targets in self._met.items() for target in targets}
        return met | self._accessed_else

    def forget_accessed(self) -> None:
        """What is accessed is looked at anew from here on."""
        for targets in self._met.values():
            targets.clear()
        self._accessed_else.clear()

    def touched(self, since: int) -> Touched:
        """What instructions have accessed, from the event with that number on."""
        found: Touched = {}
        count = min(self.recorded - since, EVENTS_BEHIND)
        for _, _, cpu, kind, target, value, text in self.last(count):
            space = SPACES.get(kind)
            if space is not None:
                front, _, name = text.rpartition("/")
                space = self._machine.met(space, target, front)
                owner = cpu if (space, target) in self._by_core else ALL_CORES
                found[space, target, owner] = (kind, value, name)
        return found

    def last(self, count: int) -> list[RawEvent]:
        """The last ``count`` events, oldest first."""
        return list(islice(reversed(self.events), count))[::-1]

    def last_texts(self, count: int, names: EventNames) -> tuple[str, ...]:
        """The last ``count`` events as text; only those since the last call are put into words."""
        wanted = min(count, len(self.events))
        fresh = self.recorded - self._worded
        if not 0 <= fresh <= wanted or fresh + len(self._texts) < wanted:
            self._texts.clear()
            fresh = wanted
        for event in self.last(fresh):
            text = names.as_text(event)
            core = f"[{event[2]}] " if event[2] else ""
            self._texts.append(f"{event[0]:>7} {format_time(event[1]):>15}{AFTER_TIME}{core}{text}")
        self._worded = self.recorded
        return tuple(self._texts)[-count:]

    def _add(self, kind: str, target: int, value: int, text: str, core: Core | None = None) -> None:
        # Wires and the serial line move while some core's instruction is under way, or while all
        # sleep: then they count as the boot core's.
        if core is None:
            core = self._machine.turns.current
            if core is None or core.state is WAITING:
                core = self._machine.core
        event = core.retired, self._clock.now, core.index, kind, target, value, text
        self.events.append(event)
        self.recorded += 1
        if self.sink is not None and self.recorded > self._known:
            self._known = self.recorded
            self.sink(event)

    def instruction(self, core: Core, kind: str, target: int, value: int) -> None:
        """See :class:`Observer`."""
        text = ""
        space = self._spaces.get(kind)
        if space is not None:
            met, named = space
            if target not in met:
                met.add(target)
            if target in named:
                text = self._name(core, named[target], kind, value)
        elif kind in WRITES:
            self._accessed_else.add((kind, 0))
            if INSTRUCTIONS[kind].is_return:
                text = _level_of(core)
        self.events.append((core.retired, self._clock.now, core.index, kind, target, value, text))
        self.recorded += 1
        if self.sink is not None and self.recorded > self._known:
            self._known = self.recorded
            self.sink(self.events[-1])

    def _name(self, core: Core, at: NamedByState, kind: str, value: int) -> str:
        """Of a register that has another name in another state."""
        file, offset, front = at
        text = register_name(file, offset, write=kind in STORES, value=value)
        return f"{front}{text}" if front and self._is_secure(core) else text

    def _is_secure(self, core: Core) -> bool:
        """Whether its accesses meet what is out of sight for other software."""
        return self._machine.cores[core.index].memory is self._machine.memory

    def exception(self, core: Core, kind: str, vector: int) -> None:
        """See :class:`Observer`."""
        if core.depth == 1:
            index, now = core.index, self._clock.now
            self.entered[index] = Entry(self._machine.step, now, index, core.retired, self.recorded)
        if kind in WRITES:
            self._accessed_else.add((kind, 0))
        self._add(kind, vector, core.return_address, _level_of(core), core)
        self.timeline.exception(core, kind)

    def activity(self, core: Core) -> None:
        """See :class:`Observer`."""
        now = self._clock.now
        self.timeline.lanes[core.index].note(now)
        if now >= self.rates.due_ns and not core.depth:
            self.rates.look(now, self.read_counters())

    def tracepoint(self, core: Core, name: str, facts: dict[str, Any]) -> None:
        """See :class:`Observer`."""
        told = name
        for fact, value in facts.items():
            told += f" {fact}={value}"
        # As in _add, without the call.
        self.events.append((core.retired, self._clock.now, core.index, "tracepoint", 0, 0, told))
        self.recorded += 1
        if self.sink is not None and self.recorded > self._known:
            self._known = self.recorded
            self.sink(self.events[-1])
        heard = self.latencies.heard.get(name)
        if heard is not None:
            heard(core, facts)
        elif name == "sched_switch":
            self.timeline.switched(core, facts["id"], facts["next"])

    def line(self, line: Line) -> None:
        """See :class:`MachineObserver`."""
        self._add("line", 0, int(line.level), line.name)
        if self.latencies.ends.get(line.name, True):
            self.latencies.line(line)

    def pending(self, controller: InterruptController, number: int, cpu: int, again: bool) -> None:
        """See :class:`MachineObserver`."""
        self.latencies.pending(controller, number, cpu, again)
        if self.pending_sink is not None:
            self.pending_sink(controller.name, number, cpu)

    def remark(self, device: str, kind: str, number: int, text: str) -> None:
        """See :class:`MachineObserver`."""
        self.remarks.add((device, number, kind), self._clock.now, self.recorded, text)
        self._add(kind, number, 0, f"{device}: {text}")

    def unmodelled(self, text: str) -> None:
        """See :class:`Observer`."""
        self._add("unmodelled", 0, 0, text)

    def split(self, text: str) -> None:
        """See :class:`MachineObserver`."""
        self._add("split", 0, 0, text)

    def reset_begins(self, owner: str, cpu: int) -> None:
        """See :class:`Observer`."""
        self._accessed_else.add(reset_of(owner, cpu))

    def _sent(self, byte: int) -> None:
        self.console.add(byte)
        if self.tracing:
            self._add("tx", 0, byte, "")

    def _received(self, byte: int, is_scripted: bool) -> None:
        by = SCENARIO if is_scripted else PERSON
        for number in (self._clock.now, _TYPISTS.index(by), byte):
            self._inputs.add(number)
        if self.tracing:
            self._add("rx", 0, byte, by)

    def _poked(self, poke: Poke, name: str, is_scripted: bool) -> None:
        space = MEMORY if poke.space == NON_SECURE else poke.space
        self._met[space].add(poke.address)
        if self.tracing:
            text = f"{SCENARIO if is_scripted else PERSON} {name}"
            core = self._machine.cores[poke.core]
            self._add("poke", poke.address, poke.told_value, text, core)
            self.timeline.poked(self.events[-1])

    def last_input(self) -> InputView | None:
        """The line that was typed last, as far as it has arrived; None before the first."""
        return next(self.inputs(), None)

    def inputs(self) -> Iterator[InputView]:
        """The lines that were typed, the last one first."""
        numbers = self._inputs.backwards()
        text, at_ns, typist = b"", 0, -1
        for byte, by, at in zip(numbers, numbers, numbers, strict=False):
            if text and (by != typist or byte in b"\r\n"):
                yield InputView(at_ns, _TYPISTS[typist], text.decode("latin-1"))
                text = b""
            text, at_ns, typist = bytes((byte,)) + text, at, by
        if text:
            yield InputView(at_ns, _TYPISTS[typist], text.decode("latin-1"))


def _level_of(core: Core) -> str:
    """The exception level that a core is at; empty where all its exceptions are of the same one."""
    return core.privilege() if core.EXCEPTION_LEVEL == ANY_LEVEL else ""
