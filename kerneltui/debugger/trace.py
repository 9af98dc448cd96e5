"""What happened, event by event, and how an event is written down.

Events are plain tuples, so that recording them costs little; names are looked up when somebody
reads them.
"""

from __future__ import annotations

from typing import Any

from kerneltui.debugger.remarks import KINDS
from kerneltui.machine.instructions import INSTRUCTIONS, SPACES, STORES
from kerneltui.machine.machine import Machine
from kerneltui.machine.poke import NO_ADDRESS

SCENARIO, PERSON = "scenario", "person"
TYPED_BY = {SCENARIO: "the scenario typed it", PERSON: "you typed it"}
POKED_BY = {SCENARIO: "by the scenario", PERSON: "by you"}
RawEvent = tuple[int, int, int, str, int, int, str]
"""One thing that happened: step, time in ns, core, kind, target, value, text.

The kind is one of :data:`INSTRUCTIONS` (a mnemonic or an exception), a wire (``line``), the serial
line (``tx``, ``rx``), a kernel ``tracepoint``, a ``poke``, ``unmodelled``, ``split``, or a remark
of an interrupt controller (:data:`kerneltui.debugger.remarks.KINDS`).  The target is an address, an
encoding, a vector, or the number of the interrupt; the value what was moved, the text a name: where
there is no address, or where the register depends on what the device was told before (16550, 8259,
IOWIN).  Of an exception of machine code, and of the return from one, it is the level that handles
it (``EL2``), where cores may have several.  Of a poke it is who did it, and the register's name, or
the wire's: that has no address.
"""


def poked_by(event: RawEvent) -> tuple[str, str]:
    """Of a poke: who did it, and to what."""
    by, _, name = event[-1].partition(" ")
    return by, name


def is_wire_poke(event: RawEvent) -> bool:
    """Whether an event tells of a wire that a person or the scenario has driven."""
    return event[3] == "poke" and event[4] == NO_ADDRESS


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

    def register(self, event: RawEvent) -> str:
        """What an instruction has accessed, or ``""``."""
        _, _, _, kind, target, _, text = event
        known = INSTRUCTIONS.get(kind)
        if known is None or known.is_exception or known.is_return:
            return ""
        return text or self.name(kind, target)

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
        elif kind in KINDS:
            found |= {"interrupt": target, "text": text}
        elif kind in {"tx", "rx"}:
            found |= {"byte": value} | ({"by": text} if text else {})
        elif kind == "poke":
            by, name = poked_by(event)
            where = {"addr": hex(target), "reg": name, "value": hex(value)}
            found |= {"line": name, "level": value} if is_wire_poke(event) else where
            found["by"] = by
        elif text:
            found |= {"text": text}
        return found

    def as_text(self, event: RawEvent) -> str:
        """One event as the trace panel shows it."""
        _, _, _, kind, target, value, text = event
        known = INSTRUCTIONS.get(kind)
        if known is not None:
            return known.told(target, value, self.register(event))
        if kind == "line":
            return f"line {text} {'rises' if value else 'falls'}"
        if kind in {"tx", "rx"}:
            return f"{kind} {chr(value)!a}" + (f", {TYPED_BY[text]}" if text else "")
        if kind == "poke":
            by, name = poked_by(event)
            shown = value if is_wire_poke(event) else hex(value)
            return f"poke {name} = {shown}, {POKED_BY[by]}"
        return f"{kind} {text}".rstrip()
