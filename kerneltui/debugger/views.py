"""What the dashboard and ``--json`` show: frozen pictures of a machine.

Building a view reads with ``peek`` alone, so looking changes nothing.
"""

from __future__ import annotations

import linecache
from collections.abc import Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING

import msgspec

from kerneltui.debugger.explain import way_to_core
from kerneltui.hw.device import Device, InterruptController, InterruptState, TimerDevice
from kerneltui.hw.gate import first_shut
from kerneltui.hw.register import Access, Slot
from kerneltui.kernel.kernel import Kernel
from kerneltui.machine.hosted_core import CoreState, Pending

if TYPE_CHECKING:
    from kerneltui.debugger.session import Session
    from kerneltui.debugger.trace import EventNames, Place
    from kerneltui.machine.machine import Machine

MOST_TIMEOUTS_SHOWN = 500
TRACE_SHOWN = 400


class FieldView(msgspec.Struct, frozen=True):
    """One decoded field."""

    name: str
    value: int
    width: int
    meaning: str
    first_irq: int | None
    """each bit stands for an interrupt, bit 0 for this one"""


class RegisterView(msgspec.Struct, frozen=True):
    """One register of a device."""

    name: str
    address: int
    value: int
    fields: tuple[FieldView, ...]
    """of the value, or of what was just read from it or written to a write-only register"""
    width: int
    is_alias: bool
    """another register is the first face of the same state (ICENABLER, of ISENABLER)"""
    at_reset: bool
    """holds its reset value and has not been accessed since the last stop"""
    changed: bool
    """holds another value than at the last stop"""
    access: str
    """what an instruction did to it since the last stop: ``read 0x1e``, ``wrote 0x1e``; or empty"""


class BlockView(msgspec.Struct, frozen=True):
    """One register block of a device."""

    device: str
    name: str
    title: str
    base: int | None
    """its address; None for system registers"""
    is_controller: bool
    registers: tuple[RegisterView, ...]


class InterruptView(msgspec.Struct, frozen=True):
    """One interrupt of one controller, as core 0 sees it."""

    controller: str
    number: int
    source: str
    name: str
    line: bool | None
    enabled: bool
    pending: bool
    active: bool | None
    priority: int | None
    targets: tuple[int, ...]
    trigger: str
    count: int | None
    """how often its handler has run; None without a handler"""
    blocked_by: str
    """the first shut gate on its way to the core; empty when all are open"""
    needs: str
    """what that gate looks at, and what would open it"""
    handler_runs: bool
    """it waits for nothing but the end of the handler that is running"""


class TimeoutView(msgspec.Struct, frozen=True):
    """One pending timeout."""

    ident: int
    name: str
    due_ns: int
    in_ns: int
    """negative when overdue"""
    period_ns: int | None
    armed: bool
    """the comparator is armed for this one"""
    handling: bool
    """its callback is running"""


class ComparatorView(msgspec.Struct, frozen=True):
    """One comparator of a timer device."""

    device: str
    name: str
    counter: int
    compare: int
    hz: int
    enabled: bool
    masked: bool
    met: bool
    in_ns: int | None


class FrameView(msgspec.Struct, frozen=True):
    """One function on the kernel's stack."""

    function: str
    file: str
    line: int
    source: str


class CpuView(msgspec.Struct, frozen=True):
    """Core 0."""

    name: str
    state: str
    exception_level: int
    masked: str
    """which exceptions are masked, of ``DAIF``"""
    inputs: str
    """which interrupt inputs are high: of ``IRQ FIQ``"""
    depth: int
    """exceptions in progress"""
    registers: dict[str, int]
    next_instruction: str
    frames: tuple[FrameView, ...]
    instructions: int
    interrupts: int


class MachineView(msgspec.Struct, frozen=True):
    """Everything, at one moment."""

    generation: int
    board: str
    board_title: str
    scenario: str
    scenario_title: str
    about: str
    now_ns: int
    stop: str
    """why the last run ended"""
    halt_reason: str
    cpu: CpuView
    blocks: tuple[BlockView, ...]
    interrupts: tuple[InterruptView, ...]
    timeouts: tuple[TimeoutView, ...]
    timeout_count: int
    worst_lateness_ns: int
    comparators: tuple[ComparatorView, ...]
    console: tuple[str, ...]
    trace: tuple[str, ...]
    typed_waiting: int


def register_values(machine: Machine) -> dict[Place, int]:
    """Every register of the devices on show."""
    return {
        (space, base + slot.offset): file.peek(slot.offset, slot.register.width // 8, 0)
        for device in machine.devices.values()
        for space, base, file in machine.windows(device)
        for slot in file.slots()
    }


def build(session: Session) -> MachineView:
    """A view of the session's machine."""
    machine, setup, recorder = session.machine, session.setup, session.recorder
    kernel = session.kernel
    now = machine.now
    return MachineView(
        generation=session.generation,
        board=machine.board_name,
        board_title=machine.board_title,
        scenario=setup.scenario_name,
        scenario_title=setup.scenario_title,
        about=setup.about,
        now_ns=now,
        stop=session.last_stop,
        halt_reason=machine.core.halt_reason,
        cpu=_cpu(machine, session.names),
        blocks=tuple(_blocks(session)),
        interrupts=tuple(_interrupts(machine, kernel)),
        timeouts=tuple(_timeouts(kernel, now)),
        timeout_count=len(kernel.timeouts()),
        worst_lateness_ns=kernel.worst_lateness_ns(),
        comparators=tuple(_comparators(machine)),
        console=tuple(recorder.console.lines()),
        trace=recorder.last_texts(TRACE_SHOWN, session.names),
        typed_waiting=machine.terminal.waiting,
    )


def _timeouts(kernel: Kernel, now: int) -> Iterator[TimeoutView]:
    armed = kernel.armed_timeout()
    handling = kernel.handled_timeout()
    shown = islice(kernel.timeouts(), MOST_TIMEOUTS_SHOWN)
    for item in chain([handling] if handling is not None else [], shown):
        # A periodic timeout is refreshed before its callback runs: show what it was due for.
        due_ns = item.due_ns - (item.period_ns or 0 if item is handling else 0)
        yield TimeoutView(
            item.ident, item.name, due_ns, due_ns - now, item.period_ns,
            armed=item.ident == armed, handling=item is handling,
        )  # fmt: skip


def _by_role(machine: Machine) -> list[Device]:
    """Controllers first, then timers, then the rest; otherwise as on the board."""

    def role(device: Device) -> int:
        return (
            0
            if isinstance(device, InterruptController)
            else 1
            if isinstance(device, TimerDevice)
            else 2
        )

    return sorted(machine.devices.values(), key=role)


def _blocks(session: Session) -> Iterator[BlockView]:
    for device in _by_role(session.machine):
        is_controller = isinstance(device, InterruptController)
        for space, base, file in session.machine.windows(device):
            table = file.table
            registers = tuple(_register(session, space, base, slot) for slot in file.slots())
            yield BlockView(
                device.name, table.name, table.title, base if table.byte_addressed else None,
                is_controller, registers,
            )  # fmt: skip


def _register(session: Session, space: str, base: int, slot: Slot) -> RegisterView:
    """One register; the last view's is taken again where nothing differs."""
    address = base + slot.offset
    place = (space, address)
    value = session.values[place]
    changed = session.baseline.get(place, value) != value and not slot.register.volatile
    touched = session.recorder.touched.get(place)
    known = session.known_registers.get(place)
    key = (value, changed, touched)
    if known is not None and known[0] == key:
        return known[1]
    made = _make_register(slot, address, value, touched, changed=changed)
    session.known_registers[place] = (key, made)
    return made


def _make_register(
    slot: Slot, address: int, value: int, touched: tuple[str, int] | None, *, changed: bool
) -> RegisterView:
    register = slot.register
    access, decoded = "", value
    if touched is not None:
        wrote = touched[0] in {"str", "msr"}
        access = f"{'wrote' if wrote else 'read'} {touched[1]:#x}"
        if not wrote or all(item.access is Access.WO for item in register.fields):
            # What a read gave or a write-only register got is what people want to see decoded:
            # the register itself has moved on, or never shows it.
            decoded = touched[1]
    return RegisterView(
        slot.name, address, value, tuple(_fields(slot, decoded)), register.width,
        is_alias=register.store_name != register.stem,
        at_reset=(value == register.reset or register.volatile) and not access and not changed,
        changed=changed,
        access=access,
    )  # fmt: skip


def _fields(slot: Slot, value: int) -> Iterator[FieldView]:
    for item in slot.register.fields:
        found = item.extract(value)
        first = None if item.irq is None else item.irq + slot.index * slot.register.width
        yield FieldView(item.name, found, item.width, dict(item.values).get(found, ""), first)


def _interrupts(machine: Machine, kernel: Kernel) -> list[InterruptView]:
    handlers = {(h.irq.domain, h.irq.number): h for h in kernel.irq_handlers()}
    wired = {target: line.partition(".")[0] for line, target in machine.wiring.items()}
    rows = []
    for name, controller in machine.controllers.items():
        for state in controller.interrupts(0):
            handler = handlers.get((controller.NUMBERING, state.number))
            in_use = state.line or state.pending or state.active
            has_wire = state.line is not None
            if handler is None and not in_use and not (state.enabled and has_wire):
                continue
            label = handler.name if handler else wired.get(f"{name} {state.pin}", "")
            count = handler.count if handler else None
            rows.append(_interrupt(machine, controller, state, label, count))
    return rows


def _interrupt(
    machine: Machine,
    controller: InterruptController,
    state: InterruptState,
    name: str,
    count: int | None,
) -> InterruptView:
    shut = first_shut(way_to_core(machine, controller.name, state.number))
    needs = f"{shut.register} {shut.field} is {shut.value:#x}; needs {shut.needs}" if shut else ""
    return InterruptView(
        controller.name, state.number, state.source, name, state.line, state.enabled,
        state.pending, state.active, state.priority, state.targets, state.trigger, count,
        blocked_by=shut.name if shut is not None else "",
        needs=needs,
        handler_runs=shut is not None and shut.register == "DAIF" and machine.core.depth > 0,
    )  # fmt: skip


def _comparators(machine: Machine) -> list[ComparatorView]:
    return [
        ComparatorView(
            device.name, item.name, item.counter, item.compare, item.hz, item.enabled, item.masked,
            item.met, None if item.due_ns is None else item.due_ns - machine.now,
        )
        for device in machine.devices.values()
        if isinstance(device, TimerDevice)
        for item in device.comparators(0)
    ]  # fmt: skip


def _cpu(machine: Machine, names: EventNames) -> CpuView:
    core = machine.core
    daif = core.daif
    registers = {slot.name: core.regs.peek(slot.offset, 8) for slot in core.regs.slots()}
    return CpuView(
        name="core 0",
        state=str(core.state),
        exception_level=registers["CurrentEL"] >> 2,
        masked="".join(
            letter for letter, bit in zip("DAIF", (9, 8, 7, 6), strict=True) if daif >> bit & 1
        ),
        inputs=" ".join(name for name, bit in (("IRQ", 7), ("FIQ", 6)) if core.inputs >> bit & 1),
        depth=core.depth,
        registers=registers,
        next_instruction=_instruction(core.pending, core.state, names),
        frames=tuple(
            FrameView(
                frame.function,
                frame.file.rpartition("/")[2],
                frame.line,
                linecache.getline(frame.file, frame.line).strip(),
            )
            for frame in core.frames()
        ),
        instructions=core.retired,
        interrupts=core.interrupts_taken,
    )


def _instruction(pending: Pending | None, state: CoreState, names: EventNames) -> str:
    """What the core executes next, like a disassembly."""
    if state is CoreState.HALTED:
        return "(halted)"
    if pending is None:
        return "(reset)" if state is not CoreState.WAITING else "wfi (asleep)"
    kind, target, value = pending.kind, pending.target, pending.value
    register = names.name(kind, target) or f"{target:#x}"
    texts = {
        "ldr": f"ldr {register}",
        "mrs": f"mrs {register}",
        "str": f"str {register} <- {value:#x}",
        "msr": f"msr {register} <- {value:#x}",
        "daifset": f"msr daifset, #{value}",
        "daifclr": f"msr daifclr, #{value}",
        "compute": f"compute {value} ns",
        "eret": f"eret to {target:#x}",
        "wfi": "wfi (asleep)" if state is CoreState.WAITING else "wfi",
    }
    return texts.get(kind, f"take {kind.upper()}, vector at {target:#x}")
