"""What references name, on a session's machine as it stands; looking changes nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from kerneltui.debugger import gate_places
from kerneltui.debugger.kernel_source import function_around, paths_named, source_lines
from kerneltui.debugger.rates import RateMeter
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
from kerneltui.debugger.session import Session
from kerneltui.debugger.stored_now import BEHIND_WINDOW
from kerneltui.debugger.trace import is_wire_poke, poked_by
from kerneltui.debugger.views.clocks import counter_views
from kerneltui.debugger.views.firmware import firmware_views
from kerneltui.debugger.way import Way, best_way, interrupts_of_line, ways_to_core
from kerneltui.hw.device import TimerDevice
from kerneltui.hw.register import Slot
from kerneltui.hw.rule import Gate, Spot
from kerneltui.machine.instructions import SPACES
from kerneltui.machine.machine import Machine

VECTORS = 256


def registers(machine: Machine) -> Iterator[tuple[str, str, int, Slot, str]]:
    """Every register: its owner, space, address (or encoding), slot and table's name."""
    for device in machine.devices.values():
        for space, base, file in machine.windows(device):
            for slot in file.slots():
                yield device.name, space, base + slot.offset, slot, file.table.name
    for core in machine.cores:
        space = core.regs.table.space
        for slot in core.regs.slots():
            yield f"core {core.index}", space, slot.offset, slot, ""


def _slot(machine: Machine, reference: RegisterReference) -> Slot | None:
    files = {
        (device.name, file.table.name): file
        for device in machine.devices.values()
        for file in device.files.values()
    }
    files |= {(f"core {core.index}", ""): core.regs for core in machine.cores}
    file = files.get((reference.owner, reference.block))
    slots = () if file is None else file.slots()
    return next((slot for slot in slots if slot.name == reference.name), None)


def register_named(
    machine: Machine, name: str, owner: str | None = None
) -> RegisterReference | None:
    """The first register of a name, of one ``owner`` or of any."""
    for found, _, _, slot, block in registers(machine):
        if slot.name == name and owner in {None, found}:
            return RegisterReference(found, block, name)
    return None


def register_of_event(session: Session, event: EventReference) -> RegisterReference | None:
    """What an access went to; None where that is no register, or the event no access.

    Behind a window onto others it is the one that was selected.
    """
    _, _, core, kind, target, value, text = event.event
    if kind == "poke":
        name = poked_by(event.event)[1]
        return None if is_wire_poke(event.event) else _poked(session.machine, core, name)
    space = SPACES.get(kind)
    if space is None:
        return None
    machine = session.machine
    name = text or session.names.name(kind, target, value)
    front, _, name = name.rpartition("/")
    space = machine.met(space, target, front)
    behind = re.search(BEHIND_WINDOW, name)
    own = f"core {core}"
    for owner, found, address, slot, block in registers(machine):
        if (found, address) != (space, target) or (owner.startswith("core ") and owner != own):
            continue
        if behind is not None:
            return register_named(machine, behind[1], owner)
        if slot.name == name:
            return RegisterReference(owner, block, name)
    return None


def _poked(machine: Machine, core: int, label: str) -> RegisterReference | None:
    """The register of a poke, as :mod:`kerneltui.debugger.pokes` names it."""
    behind = re.search(BEHIND_WINDOW, label)  # the address of a window was poked
    *fronts, name = [behind[1]] if behind else label.partition(".")[0].split("/")
    cores = {f"core {item.index}" for item in machine.cores} - {f"core {core}"}
    for owner, _, _, slot, block in registers(machine):
        if slot.name == name and owner not in cores and {*fronts} <= {owner, block}:
            return RegisterReference(owner, block, name)
    return None


def way(session: Session, interrupt: InterruptReference) -> Way:
    """From its controller to the core on show; an empty one where there is no such interrupt."""
    try:
        ways = ways_to_core(session.machine, interrupt.controller, interrupt.number, session.focus)
    except (KeyError, ValueError):
        return Way(())
    return best_way(ways)


def place_of_gate(
    session: Session, owner: str, gate: Gate
) -> FieldReference | RegisterReference | None:
    """The bits that decide, or the register; None where it is a wire, or the board's wiring.

    ``owner`` is the station's, a device or a core.
    """
    return gate_places.place_of_gate(session.machine, session.core, owner, gate)


def spot_of(session: Session, reference: RegisterReference | FieldReference) -> Spot | None:
    """Where its bits are, as the core on show sees them; None where it is in no table."""
    register = reference.register if isinstance(reference, FieldReference) else reference
    slot = _slot(session.machine, register)
    if slot is None:
        return None
    mask = (1 << slot.register.width) - 1
    if isinstance(reference, FieldReference):
        mask = slot.register[reference.name].mask
    return Spot(register.block, slot.key, mask, session.focus if slot.register.banked else 0)


def interrupt_of_line(session: Session, line: str) -> InterruptReference | None:
    """Which interrupt a wire drives; None where it ends elsewhere."""
    machine = session.machine
    for name, number in interrupts_of_line(machine, line, session.focus):
        return InterruptReference(name, machine.controllers[name].NUMBERING, number)
    return None


def interrupt_of_vector(session: Session, number: int) -> InterruptReference | None:
    """A vector, as the controller that numbers vectors has it; None where none does."""
    for name, controller in session.machine.controllers.items():
        if controller.NUMBERING == "vector":
            return InterruptReference(name, controller.NUMBERING, number)
    return None


# -- whether it is there ---------------------------------------------------------------------------


def exists(session: Session, reference: Reference) -> bool:
    """Whether the machine has, and the debugger knows, what a reference names."""
    return _FOUND[type(reference)](session, reference)


def _has_register(session: Session, reference: RegisterReference) -> bool:
    """General registers are in no table: those are there that a call has used."""
    general = {
        (f"core {core.index}", "", name)
        for core in session.machine.cores
        for name in core.registers
    }
    wanted = (reference.owner, reference.block, reference.name)
    return wanted in general or _slot(session.machine, reference) is not None


def _has_field(session: Session, reference: FieldReference) -> bool:
    slot = _slot(session.machine, reference.register)
    return slot is not None and reference.name in {item.name for item in slot.register.fields}


def _has_interrupt(session: Session, reference: InterruptReference) -> bool:
    controller = session.machine.controllers.get(reference.controller)
    if controller is None or reference.numbering != controller.NUMBERING:
        return False
    return bool(way(session, reference).gates)


def _has_gate(session: Session, reference: GateReference) -> bool:
    return reference.name in {gate.name for gate in way(session, reference.interrupt).gates}


def _has_vector(session: Session, reference: VectorReference) -> bool:
    in_range = 0 <= reference.core < len(session.machine.cores) and reference.number < VECTORS
    return in_range and interrupt_of_vector(session, reference.number) is not None


def _has_line(session: Session, reference: LineReference) -> bool:
    devices = session.machine.devices.values()
    return any(
        line.name == reference.name
        for device in devices
        for lines in device.outputs.values()
        for line in lines
    )


def _has_timeout(session: Session, reference: TimeoutReference) -> bool:
    inspector = session.inspector
    handled = inspector.handled_timeout()
    if handled is not None and handled.ident == reference.ident:
        return True
    # Of thousands those are asked for that are on show: the first.
    return any(item.ident == reference.ident for item in inspector.timeouts())


def _has_comparator(session: Session, reference: ComparatorReference) -> bool:
    device = session.machine.devices.get(reference.device)
    if not isinstance(device, TimerDevice):
        return False
    return reference.name in {item.name for item in device.comparators(session.focus)}


def _has_counter(session: Session, reference: CounterReference) -> bool:
    found = counter_views(session.machine, RateMeter(), session.focus)
    return (reference.owner, reference.name) in {(item.device, item.name) for item in found}


def _has_task(session: Session, reference: TaskReference) -> bool:
    scheduling = session.inspector.scheduling()
    return scheduling is not None and reference.id in scheduling.tasks


def _has_core(session: Session, reference: CoreReference) -> bool:
    return 0 <= reference.index < len(session.machine.cores)


def _has_event(session: Session, reference: EventReference) -> bool:
    return reference.event in reversed(session.recorder.events)


def _has_code(session: Session, reference: CodeReference) -> bool:
    """A line of a file; a function without a name of its own is known while it is called."""
    machine = session.machine
    if reference.address is not None:
        core: Any = session.core
        return core.can_rest_anywhere and bool(core.fetch(reference.address))
    if machine.core.can_rest_anywhere and not reference.function:
        return any(
            1 <= reference.line <= len(source_lines(path))
            for path in paths_named(machine, reference.file)
        )
    for path in paths_named(machine, reference.file):
        if not 1 <= reference.line <= len(source_lines(path)):
            continue
        around = function_around(path, reference.line)
        if reference.function == ("" if around is None else around.name):
            return True
    frames = [frame for core in machine.cores for frame in core.frames()]
    found = {(item.function, item.file.rpartition("/")[2], item.line) for item in frames}
    return (reference.function, reference.file, reference.line) in found


def _has_console_line(session: Session, reference: ConsoleReference) -> bool:
    return 1 <= reference.number <= len(session.recorder.console.lines())


def _has_table(session: Session, reference: TableReference) -> bool:
    return (reference.signature, reference.address) in {
        (table.signature, table.address) for table in firmware_views(session.machine.memory)
    }


_FOUND: dict[type, Callable[[Session, Any], bool]] = {
    RegisterReference: _has_register,
    FieldReference: _has_field,
    InterruptReference: _has_interrupt,
    GateReference: _has_gate,
    VectorReference: _has_vector,
    LineReference: _has_line,
    TimeoutReference: _has_timeout,
    ComparatorReference: _has_comparator,
    CounterReference: _has_counter,
    TaskReference: _has_task,
    CoreReference: _has_core,
    EventReference: _has_event,
    CodeReference: _has_code,
    ConsoleReference: _has_console_line,
    TableReference: _has_table,
}
