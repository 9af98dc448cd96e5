"""What happened: the event trace and the console text.

Both live outside the machine's snapshots.  Events are plain tuples in recording order, so that
recording costs little; names are looked up when somebody reads them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Any

import msgspec

from kerneltui.debugger.timeline import Timeline
from kerneltui.hw.bus import register_name
from kerneltui.hw.line import Line
from kerneltui.hw.register_file import RegisterFile
from kerneltui.machine.core import Core, CoreState
from kerneltui.machine.instructions import INSTRUCTIONS, SPACES, STORES
from kerneltui.machine.machine import Machine
from kerneltui.units import format_time

TRACE_EVENTS = 20_000
TEXTS_KEPT = 1_000
CONSOLE_BYTES = 256 * 1024
INPUTS_KEPT = 1_000
SCENARIO, PERSON = "scenario", "person"
TYPED_BY = {SCENARIO: "the scenario typed it", PERSON: "you typed it"}
AFTER_TIME = " s  "
"""Before what happened, in the text of an event."""


ALL_CORES = -1
Place = tuple[str, int, int]
"""An address space's name, an address (or encoding) in it, and a core where each has its own
registers, else :data:`ALL_CORES`."""
RawEvent = tuple[int, int, int, str, int, int, str]
"""One thing that happened: step, time in ns, core, kind, target, value, text.

The kind is one of :data:`INSTRUCTIONS` (a mnemonic or an exception), a wire (``line``), the serial
line (``tx``, ``rx``), a kernel ``tracepoint``, or ``unmodelled``.  The target is an address,
encoding or vector, the value what was moved, the text a name: where there is no address,
or where the register depends on what the device was told before (16550, 8259, IOWIN).
"""


class EventNames:
    """Register names for addresses and encodings."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def name(self, kind: str, target: int, value: int = 0) -> str:
        """The register that an instruction would access now, or ``""``."""
        space = SPACES.get(kind)
        if space is None:
            return ""
        own = self._machine.core.regs
        slot = own.slot_at(target) if space == own.table.space else None
        if slot is not None:
            return slot.name
        return self._machine.spaces[space].name_at(target, write=kind in STORES, value=value)

    def as_dict(self, event: RawEvent) -> dict[str, Any]:
        """One event as the JSON lines export writes it: numbers that are addresses in hex."""
        step, time_ns, cpu, kind, target, value, text = event
        found: dict[str, Any] = {"step": step, "t": time_ns, "cpu": cpu, "op": kind}
        known = INSTRUCTIONS.get(kind)
        if known is not None and known.space:
            register = text or self.name(kind, target)
            found |= {"addr": hex(target), "reg": register, "value": hex(value)}
        elif known is not None:
            found |= known.exported(target, value)
        elif kind == "line":
            found |= {"line": text, "level": value}
        elif kind in {"tx", "rx"}:
            found |= {"byte": value} | ({"by": text} if text else {})
        elif text:
            found |= {"text": text}
        return found

    def as_text(self, event: RawEvent) -> str:
        """One event as the trace panel shows it."""
        _, _, _, kind, target, value, text = event
        known = INSTRUCTIONS.get(kind)
        if known is not None:
            return known.told(target, value, text or self.name(kind, target))
        if kind == "line":
            return f"line {text} {'rises' if value else 'falls'}"
        if kind in {"tx", "rx"}:
            return f"{kind} {chr(value)!a}" + (f", {TYPED_BY[text]}" if text else "")
        return f"{kind} {text}".rstrip()


class InputView(msgspec.Struct, frozen=True):
    """A line that was typed at the terminal."""

    at_ns: int
    """when its first character arrived"""
    by: str
    """``scenario`` or ``person``"""
    text: str


class Recorder:
    """Records a machine's events and console text, bounded in memory.

    ``events`` keeps the last :data:`TRACE_EVENTS`; ``sink`` gets every one as it happens.
    ``touched`` is what instructions have accessed since it was last cleared: place -> (kind,
    value, name where the address does not tell it).
    """

    def __init__(self, machine: Machine, sink: Callable[[RawEvent], None] | None = None) -> None:
        self.events: deque[RawEvent] = deque(maxlen=TRACE_EVENTS)
        self.recorded = 0
        self.touched: dict[Place, tuple[str, int, str]] = {}
        self.console = ConsoleText()
        self.inputs: deque[tuple[int, str, int]] = deque(maxlen=INPUTS_KEPT)
        """characters that have arrived: when, who typed them, which"""
        self.sink = sink
        self._texts: deque[str] = deque(maxlen=TEXTS_KEPT)
        self._worded = 0
        self.tracing = True
        self.timeline = Timeline(machine)
        self.attach(machine)

    def attach(self, machine: Machine) -> None:
        """Record this machine from now on."""
        self._machine = machine
        self._clock = machine.clock
        machine.terminal.on_output = self._sent
        machine.terminal.on_input = self._received
        self._named_by_state: dict[tuple[str, int], tuple[RegisterFile, int]] = {}
        self._by_core: set[tuple[str, int]] = set()
        for device in machine.devices.values():
            for space, base, file in machine.windows(device):
                self._classify(space, base, file)
        self.trace(self.tracing)

    def _classify(self, space: str, base: int, file: RegisterFile) -> None:
        """Where a name has to be looked up at once, and where every core has its own register.

        A block is every core's own if any register is: those without state of their own cannot say.
        """
        by_core = any(slot.register.banked for slot in file.slots())
        for slot in file.slots():
            place = (space, base + slot.offset)
            if slot.register.overlay or slot.register.window is not None:
                self._named_by_state[place] = file, slot.offset
            if by_core:
                self._by_core.add(place)

    def trace(self, on: bool) -> None:
        """Switch event trace and timeline on or off; the console is always recorded."""
        if on and not self.tracing:
            self.timeline = Timeline(self._machine)
        self.tracing = on
        self._machine.observe(self if on else None)

    def cut(self, events: int, console: int) -> None:
        """Forget what was recorded after the given counts (of events and of bytes).

        The machine is back there already.
        """
        for _ in range(min(self.recorded - events, len(self.events))):
            self.events.pop()
        self.recorded = events
        self._texts.clear()
        self._worded = 0
        self.touched.clear()
        self.console.cut(console)
        while self.inputs and self.inputs[-1][0] > self._clock.now:
            self.inputs.pop()
        self.timeline.go_back(self._machine)

    def last(self, count: int) -> list[RawEvent]:
        """The last ``count`` events, oldest first."""
        return list(islice(reversed(self.events), count))[::-1]

    def last_texts(self, count: int, names: EventNames) -> tuple[str, ...]:
        """The last ``count`` events as text; only those since the last call are put into words."""
        fresh = min(self.recorded - self._worded, count)
        if fresh < 0:
            self._texts.clear()
            fresh = min(self.recorded, count)
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
            if core is None or core.state is CoreState.WAITING:
                core = self._machine.core
        event = (core.retired, self._clock.now, core.index, kind, target, value, text)
        self.events.append(event)
        self.recorded += 1
        if self.sink is not None:
            self.sink(event)

    def instruction(self, core: Core, kind: str, target: int, value: int) -> None:
        """See :class:`Observer`."""
        text = ""
        space = SPACES.get(kind)
        if space is not None:
            place = (space, target)
            named = self._named_by_state.get(place)
            if named is not None:
                text = register_name(*named, write=kind in STORES, value=value)
            owner = core.index if place in self._by_core else ALL_CORES
            self.touched[space, target, owner] = (kind, value, text)
        event = (core.retired, self._clock.now, core.index, kind, target, value, text)
        self.events.append(event)
        self.recorded += 1
        if self.sink is not None:
            self.sink(event)

    def exception(self, core: Core, kind: str, vector: int) -> None:
        """See :class:`Observer`."""
        self._add(kind, vector, core.return_address, "", core)
        self.timeline.exception(core, kind)

    def activity(self, core: Core) -> None:
        """See :class:`Observer`."""
        self.timeline.activity(core)

    def tracepoint(self, core: Core, name: str, facts: dict[str, Any]) -> None:
        """See :class:`Observer`."""
        told = " ".join(f"{key}={value}" for key, value in facts.items())
        self._add("tracepoint", 0, 0, f"{name} {told}".rstrip(), core)
        if name == "sched_switch":
            self.timeline.switched(core, facts["id"], facts["next"])

    def line(self, line: Line) -> None:
        """See :class:`MachineObserver`."""
        self._add("line", 0, int(line.level), line.name)

    def unmodelled(self, text: str) -> None:
        """See :class:`Observer`."""
        self._add("unmodelled", 0, 0, text)

    def _sent(self, byte: int) -> None:
        self.console.add(byte)
        if self.tracing:
            self._add("tx", 0, byte, "")

    def _received(self, byte: int, is_scripted: bool) -> None:
        by = SCENARIO if is_scripted else PERSON
        self.inputs.append((self._clock.now, by, byte))
        if self.tracing:
            self._add("rx", 0, byte, by)

    def last_input(self) -> InputView | None:
        """The line that was typed last, as far as it has arrived; None before the first."""
        found: list[tuple[int, str, int]] = []
        for item in reversed(self.inputs):
            if found and (item[1] != found[0][1] or item[2] in b"\r\n"):
                break
            found.append(item)
        if not found:
            return None
        found.reverse()
        text = bytes(byte for _, _, byte in found).decode("latin-1")
        return InputView(found[0][0], found[0][1], text)


class ConsoleText:
    """The bytes that the board has sent; the oldest are dropped beyond :data:`CONSOLE_BYTES`.

    ``on_byte`` is told of each as it comes.
    """

    def __init__(self) -> None:
        self.data = bytearray()
        self.total = 0
        self.on_byte: Callable[[int], None] | None = None

    def add(self, byte: int) -> None:
        """One more byte has arrived."""
        data = self.data
        data.append(byte)
        self.total += 1
        if len(data) > CONSOLE_BYTES:
            end_of_line = data.find(b"\n", CONSOLE_BYTES // 2)
            del data[: end_of_line + 1 or CONSOLE_BYTES // 2]
        if self.on_byte is not None:
            self.on_byte(byte)

    def cut(self, total: int) -> None:
        """Forget what came after the first ``total`` bytes ever sent."""
        dropped = self.total - len(self.data)
        del self.data[max(total - dropped, 0) :]
        self.total = total

    def lines(self) -> list[str]:
        """The text, as a terminal shows it: the last item is the line being written."""
        text = self.data.decode("ascii", "replace").replace("\r", "")
        return [_printable(_backspaced(line)) for line in text.split("\n")]


def _backspaced(line: str) -> str:
    """What stands there when each backspace has moved the cursor back."""
    if "\b" not in line:
        return line
    shown: list[str] = []
    cursor = 0
    for char in line:
        if char == "\b":
            cursor = max(cursor - 1, 0)
        else:
            shown[cursor : cursor + 1] = [char]
            cursor += 1
    return "".join(shown).rstrip(" ") if cursor < len(shown) else "".join(shown)


def _printable(line: str) -> str:
    """Control characters would disturb the screen: show them as a terminal's ``^X``."""
    if line.isprintable():
        return line
    return "".join(
        char if char.isprintable() else " " if char == "\t" else f"^{chr(ord(char) & 0x7F ^ 0x40)}"
        for char in line
    )
