"""What the dashboard and ``--json`` show: frozen pictures of a machine.

Building a view reads with ``peek`` alone, so looking changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING

import msgspec

from kerneltui.debugger.core_views import CoreView, CpuView, core_views, cpu_view
from kerneltui.debugger.firmware_views import AcpiTableView
from kerneltui.debugger.interrupt_views import InterruptView, interrupt_views
from kerneltui.debugger.platform_views import (
    CounterView,
    IoApicView,
    LocalApicView,
    PicView,
    RtcView,
    WallClockView,
    counter_views,
    io_apics,
    local_apics,
    pics,
    rtc_view,
    wall_clock_view,
)
from kerneltui.debugger.queue_views import QueueView, ShapeView, queue_view
from kerneltui.debugger.task_views import (
    SchedulingView,
    TaskView,
    scheduling_view,
    task_views,
)
from kerneltui.debugger.timeline import TimelineView, Window
from kerneltui.debugger.timer_views import TimerView, timer_views
from kerneltui.debugger.trace import ALL_CORES
from kerneltui.hw.device import Device, InterruptController, TimerDevice
from kerneltui.hw.register import BEHIND_WINDOW, MEMORY, MSRS, PORTS, SYSTEM_REGISTERS, Access, Slot
from kerneltui.kernel.kernel import Kernel
from kerneltui.kernel.timeout_queue import TimeoutQueue
from kerneltui.machine.core import STORES

if TYPE_CHECKING:
    from kerneltui.debugger.session import Session
    from kerneltui.machine.machine import Machine

RegisterPlace = tuple[str, int, str, int]
"""Address space, address, the overlay where several registers share that, and the core that looks.
"""
MOST_TIMEOUTS_SHOWN = 500
PLACES = {
    SYSTEM_REGISTERS: "system registers", MSRS: "MSRs", BEHIND_WINDOW: "by index and data",
}  # fmt: skip
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
    """its address or first port; None where registers have names or numbers only"""
    place: str
    """where it lies, in words: ``0xfee00000``, ``port 0x20``, ``system registers``"""
    is_controller: bool
    registers: tuple[RegisterView, ...]


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
    cores: tuple[CoreView, ...]
    blocks: tuple[BlockView, ...]
    interrupts: tuple[InterruptView, ...]
    timeouts: tuple[TimeoutView, ...]
    timeout_count: int
    queue: QueueView | None
    queue_shape: ShapeView | None
    """None too in a view that was taken without"""
    timers: tuple[TimerView, ...]
    """those of system calls, with their states"""
    worst_lateness_ns: int
    comparators: tuple[ComparatorView, ...]
    local_apics: tuple[LocalApicView, ...]
    """by core; a board without a part of a PC has none of it, here and below"""
    io_apics: tuple[IoApicView, ...]
    pics: tuple[PicView, ...]
    counters: tuple[CounterView, ...]
    rtc: RtcView | None
    wall_clock: WallClockView | None
    tasks: tuple[TaskView, ...]
    """idle tasks first; none in a program without tasks"""
    scheduling: SchedulingView | None
    timeline: TimelineView | None
    """None in a view that was taken without"""
    firmware: tuple[AcpiTableView, ...]
    console: tuple[str, ...]
    trace: tuple[str, ...]
    typed_waiting: int


Peeks = list[tuple[RegisterPlace, Callable[[int, int], int], int]]
"""Where each register lies, how to look at it, and its index."""


def register_peeks(machine: Machine, cpu: int) -> Peeks:
    """How to look at every register of the devices, as a core sees them."""
    return [
        (_place_of(space, base, slot, cpu), port.peek, port.index)
        for device in machine.devices.values()
        for space, base, file in machine.windows(device)
        for slot, port in ((slot, file.port(slot)) for slot in file.slots())
    ]


def _place_of(space: str, base: int, slot: Slot, cpu: int) -> RegisterPlace:
    return space, base + slot.offset, slot.register.overlay, cpu


def build(session: Session, *, shape: bool, timeline: Window | None) -> MachineView:
    """A view of the session's machine; see :meth:`Session.view`."""
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
        halt_reason=machine.halt_reason,
        cpu=cpu_view(session.core, session.names),
        cores=tuple(core_views(machine)),
        blocks=tuple(_blocks(session)),
        interrupts=tuple(interrupt_views(machine, kernel, session.focus)),
        timeouts=tuple(_timeouts(kernel, now)),
        timeout_count=len(kernel.timeouts()),
        queue=queue_view(kernel),
        queue_shape=_shape(kernel) if shape else None,
        timers=tuple(timer_views(kernel)),
        worst_lateness_ns=kernel.worst_lateness_ns(),
        comparators=tuple(_comparators(machine, session.focus)),
        local_apics=tuple(local_apics(machine)),
        io_apics=tuple(io_apics(machine)),
        pics=tuple(pics(machine)),
        counters=tuple(counter_views(machine, session.rates, session.focus)),
        rtc=rtc_view(machine),
        wall_clock=wall_clock_view(machine, kernel),
        tasks=tuple(task_views(kernel, now)),
        scheduling=scheduling_view(kernel, now),
        timeline=None if timeline is None else recorder.timeline.view(timeline),
        firmware=session.firmware,
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


def _shape(kernel: Kernel) -> ShapeView | None:
    from kerneltui.debugger.queue_shapes import shape_view  # most pictures show none

    queue = kernel.timeouts()
    return shape_view(queue) if isinstance(queue, TimeoutQueue) else None


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
                _place(table.space, base), is_controller, registers,
            )  # fmt: skip


def _place(space: str, base: int) -> str:
    """Where a block lies."""
    if space == MEMORY:
        return f"{base:#x}"
    return f"port {base:#x}" if space == PORTS else PLACES[space]


def _register(session: Session, space: str, base: int, slot: Slot) -> RegisterView:
    """One register; the last view's is taken again where nothing differs."""
    address = base + slot.offset
    place = _place_of(space, base, slot, session.focus)
    value = session.values[place]
    changed = session.baseline.get(place, value) != value and not slot.register.volatile
    touched = _touched(session, space, address)
    if touched is not None and slot.register.overlay and touched[2] != slot.name:
        touched = None
    known = session.known_registers.get(place)
    key = (value, changed, touched)
    if known is not None and known[0] == key:
        return known[1]
    made = _make_register(slot, address, value, touched, changed=changed)
    session.known_registers[place] = (key, made)
    return made


def _touched(session: Session, space: str, address: int) -> tuple[str, int, str] | None:
    """What the core on show did there, or any core where the registers are shared."""
    touched = session.recorder.touched
    own = touched.get((space, address, session.focus))
    return touched.get((space, address, ALL_CORES)) if own is None else own


def _make_register(
    slot: Slot, address: int, value: int, touched: tuple[str, int, str] | None, *, changed: bool
) -> RegisterView:
    register = slot.register
    access, decoded = "", value
    if touched is not None:
        wrote = touched[0] in STORES
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


def _comparators(machine: Machine, cpu: int) -> list[ComparatorView]:
    return [
        ComparatorView(
            device.name, item.name, item.counter, item.compare, item.hz, item.enabled, item.masked,
            item.met, None if item.due_ns is None else item.due_ns - machine.now,
        )
        for device in machine.devices.values()
        if isinstance(device, TimerDevice)
        for item in device.comparators(cpu)
    ]  # fmt: skip
