"""What of the trace's events a breakpoint can wait for: :func:`of_event`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import dropwhile

from kerneltui.debugger.breakpoint_words import (
    access_of,
    interrupt_name,
    label,
    on_core,
    quoted,
    vector_name,
)
from kerneltui.debugger.breakpoints.accesses import READ, WRITE
from kerneltui.debugger.breakpoints.happenings import FALLS, RISES
from kerneltui.debugger.lookup import register_named, register_of_event, way
from kerneltui.debugger.origins import Wiring, pending
from kerneltui.debugger.references import (
    EventReference,
    InterruptReference,
)
from kerneltui.debugger.register_names import registers_named
from kerneltui.debugger.remarks import KINDS
from kerneltui.debugger.session import Session
from kerneltui.debugger.trace import RawEvent
from kerneltui.hw.register import MEMORY, NON_SECURE, PORTS
from kerneltui.hw.register_file import RegisterFile
from kerneltui.machine.instructions import INSTRUCTIONS, SPACES, STORES, WRITES
from kerneltui.machine.machine import Machine

_FACT = re.compile(r"(\w+)=(.*?)(?= \w+=|$)")


def of_event(session: Session, reference: EventReference) -> str:
    """By its kind; raises ValueError, in a sentence, where there is nothing to wait for."""
    event = reference.event
    _, _, _, kind, target, value, text = event
    known = INSTRUCTIONS.get(kind)
    if kind in SPACES or kind == "poke":
        return _event_access(session, reference)
    if known is not None and known.is_external:
        return _event_interrupt(session, event)
    is_plain = known is not None and not (known.is_exception or known.is_call or known.is_return)
    if kind in WRITES and is_plain:
        return _written(session, event)
    if kind == "line":
        return f"line {text} {RISES if value else FALLS}"
    if kind == "tracepoint":
        return _event_tracepoint(session, text)
    if kind in KINDS:
        return _event_remark(session, target, text)
    raise ValueError(_NO_EVENT.get(kind, "No breakpoint waits for this kind of event."))


_NO_EVENT = {
    "tx": "One character is too little to wait for: point at the console's line.",
    "rx": "No breakpoint waits for what is typed: it would be the UART's line that rises.",
    "split": "Point at the access itself, the row below: a breakpoint can wait for that.",
    "unmodelled": "Nothing answers there: no breakpoint can wait for it.",
}


def _event_access(session: Session, reference: EventReference) -> str:
    _, _, _, kind, target, _, _ = reference.event
    verb = WRITE if kind in STORES or kind == "poke" else READ
    register = register_of_event(session, reference)
    if register is not None:
        return access_of(session, register, verb)
    space = session.machine.met(SPACES.get(kind, MEMORY), target)
    spaces = session.machine.spaces
    window = spaces[space].window_at(target) if space in {MEMORY, NON_SECURE, PORTS} else None
    if window is None:
        raise ValueError(_NO_EVENT["unmodelled"])
    if isinstance(window.target, RegisterFile):  # a part of a register, if of any
        slot = window.target.slot_at(target - window.base)
        alike = () if slot is None else registers_named(session.machine, slot.name)
        site = next((item for item in alike if item.file is window.target), None)
        if site is None:
            raise ValueError(_NO_EVENT["unmodelled"])
        return f"{verb} {label(session.machine, site)}"
    return f"{verb} {'port:' if space == PORTS else ''}{target:#x}"


def _written(session: Session, event: RawEvent) -> str:
    """The register that an instruction writes without naming it."""
    _, _, core, kind, *_ = event
    register = register_named(session.machine, WRITES[kind][0].register, f"core {core}")
    if register is None:
        raise ValueError(_NO_EVENT["unmodelled"])
    return access_of(session, register, WRITE)


def _event_interrupt(session: Session, event: RawEvent) -> str:
    """A core may know the vector; else what its handler found out tells, or what is on its way."""
    machine = session.machine
    _, _, core, kind, target, _, _ = event
    where = on_core(session, core)
    if INSTRUCTIONS[kind].is_vectored:
        return f"irq {vector_name(machine, target)} taken{where}"
    name = next(_served_after(session, event), "")
    if not name and session.is_just_after(event):
        origin = pending(machine, Wiring(machine), core, None)
        if origin is not None:
            found = InterruptReference(origin.controller, origin.numbering, origin.number)
            name = interrupt_name(machine, found)
    return f"irq {name or 'any'} taken{where}"


def _served_after(session: Session, event: RawEvent) -> Iterator[str]:
    """The interrupt whose handler begins next on the core, before the exception ends."""
    events = iter(session.recorder.events)
    for later in dropwhile(lambda item: item is not event and item != event, events):
        known = INSTRUCTIONS.get(later[3])
        if later[2] != event[2] or later is event or later == event:
            continue
        if known is not None and (known.is_return or known.is_exception):
            return
        if later[3] == "tracepoint" and later[6].startswith("irq_handler_entry "):
            yield _served(session.machine, _facts(later[6]))
            return


def _served(machine: Machine, facts: dict[str, str]) -> str:
    """What a handler serves."""
    for name, controller in machine.controllers.items():
        if facts["domain"] == controller.NUMBERING:
            found = InterruptReference(name, controller.NUMBERING, int(facts["irq"]))
            if len(machine.controllers) == 1 or _is_named(machine, found):
                return interrupt_name(machine, found)
    raise ValueError("No controller of this board has that interrupt.")


def _is_named(machine: Machine, reference: InterruptReference) -> bool:
    try:
        interrupt_name(machine, reference)
    except ValueError:
        return False
    return True


def _facts(text: str) -> dict[str, str]:
    return dict(_FACT.findall(text))


def _event_tracepoint(session: Session, text: str) -> str:
    name, _, rest = text.partition(" ")
    facts = _facts(rest)
    if name in _TIMEOUTS:
        return f"timeout {quoted(facts['name'])}{_TIMEOUTS[name]}"
    if name == "sched_switch":
        return f"task {quoted(facts['next'])}"
    if name == "sched_wakeup":
        return f"task {quoted(facts['name'])} woken"
    if name in {"irq_handler_entry", "irq_handler_exit"} and "domain" in facts:
        return f"irq {_served(session.machine, facts)} taken"
    raise ValueError(f"No breakpoint waits for the kernel's tracepoint {name}.")


_TIMEOUTS = {
    "hrtimer_start": " set",
    "hrtimer_expire_entry": "",
    "timer_callback": "",
    "timer_callback_done": " done",
}


def _event_remark(session: Session, number: int, text: str) -> str:
    device = text.partition(":")[0]
    controller = session.machine.controllers.get(device)
    if controller is None:
        raise ValueError("No breakpoint waits for this kind of event.")
    found = InterruptReference(device, controller.NUMBERING, number)
    if not way(session, found).gates:
        raise ValueError(f"There is no {found}.")
    return f"irq {interrupt_name(session.machine, found)} taken"
