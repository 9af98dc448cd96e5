"""The breakpoint that is meant by pointing at something: :func:`obvious` gives its text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import dropwhile
from typing import Any

from kerneltui.debugger.breakpoints.accesses import READ, WRITE
from kerneltui.debugger.breakpoints.grammar import parse_breakpoint
from kerneltui.debugger.breakpoints.happenings import FALLS, RISES
from kerneltui.debugger.lookup import register_named, register_of_event, way
from kerneltui.debugger.naming import interrupt_named
from kerneltui.debugger.numbering import interrupt_label
from kerneltui.debugger.origins import TIMER, Wiring, pending
from kerneltui.debugger.references import (
    CodeReference,
    ComparatorReference,
    ConsoleReference,
    CoreReference,
    CounterReference,
    EventReference,
    FieldReference,
    GateReference,
    InterruptReference,
    LineReference,
    Reference,
    RegisterReference,
    TableReference,
    TaskReference,
    TimeoutReference,
    VectorReference,
)
from kerneltui.debugger.register_names import RegisterSite, label_of, registers_named, sites
from kerneltui.debugger.remarks import KINDS
from kerneltui.debugger.session import Session
from kerneltui.debugger.trace import RawEvent
from kerneltui.debugger.way import Way, lines, whole_ways
from kerneltui.errors import UserError
from kerneltui.hw.device import InterruptController
from kerneltui.hw.register import MEMORY, PORTS, RES0, RO, WO
from kerneltui.hw.register_file import RegisterFile
from kerneltui.machine.core import CoreState
from kerneltui.machine.instructions import INSTRUCTIONS, SPACES, STORES, WRITES
from kerneltui.machine.machine import Machine
from kerneltui.machine.poke import CORE_REGISTERS

LONGEST_TEXT = 200
"""characters of the console that are waited for: a breakpoint has to be readable"""
_SENT = re.compile(rb"[ -~]+")
_FACT = re.compile(r"(\w+)=(.*?)(?= \w+=|$)")
NOTHING = "Nothing is known of this row that a breakpoint could wait for."


def obvious(session: Session, reference: Reference | None) -> str:
    """What to wait for where somebody points at ``reference``, as a breakpoint's text.

    Raises ValueError, in a sentence, where there is none.
    """
    if reference is None:
        raise ValueError(NOTHING)
    return _OF[type(reference)](session, reference)


def toggle(session: Session, reference: Reference | None) -> str:
    """Set the obvious breakpoint, or delete it if it is set; says in a sentence what was done."""
    try:
        text = obvious(session, reference)
        item = parse_breakpoint(text)
        number = session.breakpoints.number_of(item)
        is_new = number is None
        if number is None:
            number = session.breakpoints.add(session.machine, item)
    except (ValueError, UserError) as error:
        return str(error)
    if is_new:
        return f"Breakpoint {number} is set: {text}"
    known = session.breakpoints[number].text
    session.breakpoints.remove(number)
    return f"Breakpoint {number} is deleted: {known}"


def toggle_gate(session: Session, shown: Way, name: str) -> str:
    """The same for a gate of a way: of the interrupt that comes into a controller on it."""
    for station in shown.stations:
        if station.entrance is not None and isinstance(station.entrance[1], int):
            owner, number = station.entrance[0], station.entrance[1]
            numbering = session.machine.controllers[owner].NUMBERING
            reference = InterruptReference(owner, numbering, number)
            return toggle(session, GateReference(reference, name))
    return "This way leads to no interrupt: a breakpoint cannot name its gates."


def quoted(text: str) -> str:
    """As a name stands in a breakpoint."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _on_core(session: Session, core: int) -> str:
    """Which core is meant, where several have been started."""
    started = [item for item in session.machine.cores if item.state is not CoreState.OFF]
    return f" core {core}" if len(started) > 1 else ""


# -- registers ------------------------------------------------------------------------------------


def site_of(machine: Machine, reference: RegisterReference) -> RegisterSite | None:
    """Where it is; None for the general registers of a core."""
    own = not reference.block
    for site in sites(machine):
        if site.slot.name != reference.name:
            continue
        is_own = site.space == CORE_REGISTERS
        if is_own == own and (
            own or (site.device, site.block) == (reference.owner, reference.block)
        ):
            return site
    return None


def label(machine: Machine, site: RegisterSite) -> str:
    """Its shortest name."""
    return label_of(site, registers_named(machine, site.slot.name))


def _access(session: Session, reference: RegisterReference, verb: str) -> str:
    machine = session.machine
    site = site_of(machine, reference)
    if site is None:
        raise ValueError(f"{reference} is a general register: no breakpoint can watch it.")
    return f"{verb} {label(machine, site)}{_whose(session, reference)}"


def _whose(session: Session, reference: RegisterReference) -> str:
    if reference.block:
        return ""
    return _on_core(session, int(reference.owner.removeprefix("core ")))


def _register(session: Session, reference: RegisterReference) -> str:
    """Nobody writes what can only be read."""
    site = site_of(session.machine, reference)
    fields = () if site is None else site.slot.register.fields
    only_read = bool(fields) and all(field.access in {RO, RES0} for field in fields)
    return _access(session, reference, READ if only_read else WRITE)


def _field(session: Session, reference: FieldReference) -> str:
    """What can only be written has nothing that changes."""
    machine, register = session.machine, reference.register
    site = site_of(machine, register)
    if site is None:
        raise ValueError(f"{register} is a general register: no breakpoint can watch it.")
    field = next(item for item in site.slot.register.fields if item.name == reference.name)
    verb = WRITE if field.access is WO else "change"
    return f"{verb} {label(machine, site)}.{field.name}{_whose(session, register)}"


# -- interrupts -----------------------------------------------------------------------------------


def interrupt_name(machine: Machine, reference: InterruptReference) -> str:
    """As ``kerneltui explain --irq`` has it; raises ValueError where that cannot name it."""
    numberings = {item.NUMBERING for item in machine.controllers.values()}
    number = interrupt_label(reference.numbering, reference.number).rpartition(" ")[2]
    name = number if len(numberings) == 1 else f"{reference.numbering}:{number}"
    try:
        found = interrupt_named(machine, name)
    except UserError as error:
        raise ValueError(f"{error}.") from None
    if found != reference:
        raise ValueError(f"A breakpoint cannot name {reference}: {name} is {found}.")
    return name


def _interrupt(session: Session, reference: InterruptReference) -> str:
    return f"irq {interrupt_name(session.machine, reference)} taken"


def _gate(session: Session, reference: GateReference) -> str:
    """For the core on show, which is core 0 where none is named."""
    name = interrupt_name(session.machine, reference.interrupt)
    asked, cpu = reference.interrupt, session.focus
    found = whole_ways(session.machine, session.inspector, asked.controller, asked.number, cpu)
    if not any(gate.name == reference.name for item in found for gate in item.gates):
        raise ValueError(f"There is no {reference} at present.")
    core = f" core {session.focus}" if session.focus else ""
    return f"gate {quoted(reference.name)} of irq {name}{core}"


def _vector(session: Session, reference: VectorReference) -> str:
    core = _on_core(session, reference.core)
    return f"irq {_vector_name(session.machine, reference.number)} taken{core}"


def _vector_name(machine: Machine, number: int) -> str:
    for name, controller in machine.controllers.items():
        if controller.NUMBERING == "vector":
            return interrupt_name(machine, InterruptReference(name, "vector", number))
    raise ValueError("No controller of this board numbers vectors.")


def _line(_: Session, reference: LineReference) -> str:
    return f"line {reference.name} {RISES}"


def _comparator(session: Session, reference: ComparatorReference) -> str:
    """The line that it drives, or the interrupt that it raises inside its controller."""
    machine, cpu = session.machine, session.focus
    own: LineReference | None = None
    for device, output, index, line in lines(machine):
        if device.name != reference.device or (len(device.outputs[output]) > 1 and index != cpu):
            continue
        own = own or LineReference(line.name)
        for cause in device.causes(output, cpu):
            if any(gate.register == reference.name for gate in cause.gates):
                return _line(session, LineReference(line.name))
    controller = machine.devices.get(reference.device)
    if isinstance(controller, InterruptController):
        for state in controller.interrupts(cpu):
            if state.line is None and TIMER in state.source.lower():
                found = InterruptReference(controller.name, controller.NUMBERING, state.number)
                return _interrupt(session, found)
    if own is not None:
        return _line(session, own)
    raise ValueError(f"The {reference} raises no interrupt as it is set now.")


# -- the kernel -----------------------------------------------------------------------------------


def _timeout(session: Session, reference: TimeoutReference) -> str:
    inspector = session.inspector
    handled = inspector.handled_timeout()
    known = [*inspector.timeouts(), *([] if handled is None else [handled])]
    for item in known:
        if item.ident == reference.ident:
            return f"timeout {quoted(item.name)}"
    raise ValueError(f"There is no {reference} at present.")


def _task(session: Session, reference: TaskReference) -> str:
    scheduling = session.inspector.scheduling()
    found = None if scheduling is None else scheduling.tasks.get(reference.id)
    if found is None:
        raise ValueError(f"There is no {reference} at present.")
    return f"task {quoted(found.name)}"


def _core(_: Session, reference: CoreReference) -> str:
    return f"irq any taken core {reference.index}"


def _code(_: Session, reference: CodeReference) -> str:
    place = f"{reference.file}:{reference.line}"
    return f"code {quoted(place) if re.search(r'[^!#-~]', place) else place}"


def _console_line(session: Session, reference: ConsoleReference) -> str:
    """The longest part of it without control characters, as what they do is not sent."""
    sent = session.recorder.console.data.split(b"\n")
    parts = _SENT.findall(sent[reference.number - 1]) if reference.number <= len(sent) else []
    text = max(parts, key=len, default=b"").decode("ascii")[:LONGEST_TEXT]
    if not text.strip():
        raise ValueError("This line of the console is empty: there is no text to wait for.")
    return f"console {quoted(text)}"


# -- events ---------------------------------------------------------------------------------------


def _event(session: Session, reference: EventReference) -> str:
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
    "unmodelled": "Nothing answers there: no breakpoint can wait for it.",
}


def _event_access(session: Session, reference: EventReference) -> str:
    _, _, _, kind, target, _, _ = reference.event
    verb = WRITE if kind in STORES or kind == "poke" else READ
    register = register_of_event(session, reference)
    if register is not None:
        return _access(session, register, verb)
    space = SPACES.get(kind, MEMORY)
    spaces = session.machine.spaces
    window = spaces[space].window_at(target) if space in {MEMORY, PORTS} else None
    if window is None:
        raise ValueError(_NO_EVENT["unmodelled"])
    if isinstance(window.target, RegisterFile):  # a part of a register, if of any
        slot = window.target.slot_at(target - window.base)
        found = (
            item
            for item in sites(session.machine)
            if slot is not None and (item.file, item.slot.name) == (window.target, slot.name)
        )
        site = next(found, None)
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
    return _access(session, register, WRITE)


def _event_interrupt(session: Session, event: RawEvent) -> str:
    """A core may know the vector; else what its handler found out tells, or what is on its way."""
    machine = session.machine
    _, _, core, kind, target, _, _ = event
    where = _on_core(session, core)
    if INSTRUCTIONS[kind].is_vectored:
        return f"irq {_vector_name(machine, target)} taken{where}"
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
    return _interrupt(session, found)


# -- without one ----------------------------------------------------------------------------------


def _counter(_: Session, reference: CounterReference) -> str:
    raise ValueError(f"The {reference} moves all the time: to halt at a time, write time 1.5s.")


def _table(_: Session, reference: TableReference) -> str:
    raise ValueError(f"The {reference} stays as it is: there is nothing to wait for.")


_OF: dict[type, Callable[[Session, Any], str]] = {
    RegisterReference: _register,
    FieldReference: _field,
    InterruptReference: _interrupt,
    GateReference: _gate,
    VectorReference: _vector,
    LineReference: _line,
    TimeoutReference: _timeout,
    ComparatorReference: _comparator,
    CounterReference: _counter,
    TaskReference: _task,
    CoreReference: _core,
    EventReference: _event,
    CodeReference: _code,
    ConsoleReference: _console_line,
    TableReference: _table,
}
