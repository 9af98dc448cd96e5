"""A sentence for every event of the trace: what happened, and what it is for."""

from __future__ import annotations

import re

from kerneltui.debugger.trace import (
    POKED_BY,
    TYPED_BY,
    EventNames,
    RawEvent,
    is_wire_poke,
    poked_by,
)
from kerneltui.machine.instructions import INSTRUCTIONS
from kerneltui.machine.machine import Machine
from kerneltui.units import format_time

TRACEPOINTS = {
    "timer_callback": "The kernel calls the callback of '{name}'.",
    "timer_callback_done": "The callback of '{name}' has returned.",
    "hrtimer_start": "The kernel puts '{name}' into the timeout queue, due at {expires} s.",
    "hrtimer_expire_entry": "The kernel takes '{name}' out of the timeout queue: its time is here.",
    "sched_switch": "The scheduler goes on with '{next}' in place of '{prev}'.",
    "sched_wakeup": "The kernel puts task '{name}' into the run queue: it may run.",
    "sys_enter": "The kernel begins to serve system call {id}.",
    "sys_exit": "System call {id} answers {ret}.",
    "irq_handler_entry": "The handler '{name}' begins, for {irq}.",
    "irq_handler_exit": "The handler of {irq} is done.",
    "irq_spurious": "The kernel was interrupted, but finds nothing to serve: it got {irq}.",
    "timer_spurious": "The handler of the timer finds no timeout that is due.",
    "driver_print": "The driver prints, in line {line}: {text}",
    "heartbeat": "The program counts heartbeat {number}.",
    "call_answered": "The call {id} was answered: {name}.",
}
"""By name; filled with the tracepoint's facts."""
REMARKS = {
    "lost": "An interrupt is lost",
    "dropped": "Nobody takes an interrupt",
    "spurious": "There is no interrupt to serve",
    "misuse": "Software uses a controller wrongly",
    "retriggered": "An interrupt comes again at once",
    "ignored": "A store is ignored",
    "split": "An access is wider than the registers that it reaches",
}
"""How the sentence begins, by kind: of a controller's remark, or of a bus that splits an access."""
LEVELS = ("low", "high")
_FACT = re.compile(r"(\w+)=(.*?)(?= \w+=|$)")


class EventWords:
    """Of one machine; looking changes nothing."""

    def __init__(self, machine: Machine, names: EventNames) -> None:
        self._names = names
        self._wiring = machine.wiring
        self._level = machine.cores[0].EXCEPTION_LEVEL
        self._docs = {
            (space, base + slot.offset, slot.name): slot.register.doc
            for device in machine.devices.values()
            for space, base, file in machine.windows(device)
            for slot in file.slots()
        }

    def sentence(self, event: RawEvent) -> str:
        """What one event tells; never empty."""
        _, _, core, kind, target, value, text = event
        known = INSTRUCTIONS.get(kind)
        if known is not None:
            name = self._names.register(event) or "nothing"
            doc = self._docs.get((known.space, target, name.rpartition("/")[2]), "")
            said = f"Core {core} {known.explained(target, value, name, text or self._level)}"
            return f"{said} ({doc})." if doc else f"{said}."
        if kind == "line":
            return self._line(text, bool(value))
        if kind == "tx":
            return f"The UART has sent {chr(value)!a}: the terminal shows it."
        if kind == "rx":
            return f"The character {chr(value)!a} arrives at the UART: {TYPED_BY[text]}."
        if kind == "tracepoint":
            return tracepoint_sentence(text)
        if kind == "poke":
            return _poke(event)
        if kind in REMARKS:
            return f"{REMARKS[kind]}: {text}."
        return f"An access found nothing that is modelled: {text}."

    def _line(self, line: str, level: bool) -> str:
        ends = " and ".join(f"'{end}'" for end in self._wiring.get(line, ()))
        where = f" at {ends}" if ends else ""
        return f"Line {line} rises{where}." if level else f"Line {line} falls{where}."


def _poke(event: RawEvent) -> str:
    by, name = poked_by(event)
    value = event[5]
    if is_wire_poke(event):
        return f"A poke {POKED_BY[by]} drives line {name} {LEVELS[value]}."
    return f"A poke {POKED_BY[by]} writes {value:#x} to {name}."


def tracepoint_sentence(text: str) -> str:
    """What a tracepoint tells, by its name and facts as the trace has them."""
    name, _, rest = text.partition(" ")
    facts = dict(_FACT.findall(rest))
    if name == "driver_print":
        facts["text"] = rest.partition(" text=")[2]
    if facts.get("expires", "").isdecimal():
        facts["expires"] = format_time(int(facts["expires"]))
    words = TRACEPOINTS.get(name)
    if words is None:
        told = ", ".join(f"{key} {value}" for key, value in facts.items())
        return f"The kernel tells '{name}'" + (f": {told}." if told else ".")
    try:
        return words.format(**facts)
    except KeyError:
        return f"The kernel tells '{name}'."
