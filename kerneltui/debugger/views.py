"""What the dashboard and ``--json`` show: frozen pictures of a machine.

Building a view reads with ``peek`` alone, so looking changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING

import msgspec

from kerneltui.debugger.core_views import CoreView, CpuView, core_views, cpu_view
from kerneltui.debugger.firmware_views import AcpiTableView
from kerneltui.debugger.interrupt_views import InterruptView, interrupt_views
from kerneltui.debugger.platform_views import (
    CounterView,
    WallClockView,
    counter_views,
    of_kind,
    pictures,
    wall_clock_view,
)
from kerneltui.debugger.queue_views import QueueView, ShapeView, queue_view
from kerneltui.debugger.register_views import BlockView, block_views
from kerneltui.debugger.sight import Sight
from kerneltui.debugger.task_views import (
    SchedulingView,
    TaskView,
    scheduling_view,
    task_views,
)
from kerneltui.debugger.timeline import TimelineView, Window
from kerneltui.debugger.timer_views import TimerView, timer_views
from kerneltui.debugger.trace import InputView, RawEvent
from kerneltui.devices.x86.i8259_view import PicView
from kerneltui.devices.x86.io_apic_view import IoApicView
from kerneltui.devices.x86.local_apic_view import LocalApicView
from kerneltui.devices.x86.mc146818_view import RtcView
from kerneltui.hw.device import TimerDevice
from kerneltui.kernel.inspector import Inspector
from kerneltui.kernel.time.timeout_queue import TimeoutQueue

if TYPE_CHECKING:
    from kerneltui.machine.machine import Machine

MOST_TIMEOUTS_SHOWN = 500
TRACE_SHOWN = 400


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
    counts_down: bool = False
    """to zero, from what software loads; others compare with what it has set"""


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
    events: tuple[RawEvent, ...]
    """what the lines of ``trace`` tell"""
    typed_waiting: int
    last_input: InputView | None
    """the line that was typed last"""


def build(sight: Sight, *, shape: bool, timeline: Window | None) -> MachineView:
    """A view of the session's machine; see :meth:`Session.view`."""
    machine, setup, recorder = sight.machine, sight.setup, sight.recorder
    inspector = sight.inspector
    now = machine.now
    chips = pictures(machine)
    return MachineView(
        generation=sight.generation,
        board=machine.board_name,
        board_title=machine.board_title,
        scenario=setup.scenario_name,
        scenario_title=setup.scenario_title,
        about=setup.about,
        now_ns=now,
        stop=sight.stop,
        halt_reason=machine.halt_reason,
        cpu=cpu_view(machine.cores[sight.focus], sight.names),
        cores=tuple(core_views(machine)),
        blocks=tuple(block_views(machine, sight.registers, sight.focus)),
        interrupts=tuple(interrupt_views(machine, inspector, sight.focus)),
        timeouts=tuple(_timeouts(inspector, now)),
        timeout_count=len(inspector.timeouts()),
        queue=queue_view(inspector),
        queue_shape=_shape(inspector) if shape else None,
        timers=tuple(timer_views(inspector)),
        worst_lateness_ns=inspector.worst_lateness_ns(),
        comparators=tuple(_comparators(machine, sight.focus)),
        local_apics=of_kind(chips, LocalApicView),
        io_apics=of_kind(chips, IoApicView),
        pics=of_kind(chips, PicView),
        counters=tuple(counter_views(machine, sight.rates, sight.focus)),
        rtc=next(iter(of_kind(chips, RtcView)), None),
        wall_clock=wall_clock_view(machine, inspector),
        tasks=tuple(task_views(inspector, now)),
        scheduling=scheduling_view(inspector, now),
        timeline=None if timeline is None else recorder.timeline.view(timeline),
        firmware=sight.firmware,
        console=tuple(recorder.console.lines()),
        trace=recorder.last_texts(TRACE_SHOWN, sight.names),
        events=tuple(recorder.last(TRACE_SHOWN)),
        typed_waiting=machine.terminal.waiting,
        last_input=recorder.last_input(),
    )


def _timeouts(inspector: Inspector, now: int) -> Iterator[TimeoutView]:
    armed = inspector.armed_timeout()
    handling = inspector.handled_timeout()
    shown = islice(inspector.timeouts(), MOST_TIMEOUTS_SHOWN)
    for item in chain([handling] if handling is not None else [], shown):
        # A periodic timeout is refreshed before its callback runs: show what it was due for.
        due_ns = item.due_ns - (item.period_ns or 0 if item is handling else 0)
        yield TimeoutView(
            item.ident, item.name, due_ns, due_ns - now, item.period_ns,
            armed=item.ident == armed, handling=item is handling,
        )  # fmt: skip


def _shape(inspector: Inspector) -> ShapeView | None:
    from kerneltui.debugger.queue_shapes import shape_view  # most pictures show none

    queue = inspector.timeouts()
    return shape_view(queue) if isinstance(queue, TimeoutQueue) else None


def _comparators(machine: Machine, cpu: int) -> list[ComparatorView]:
    return [
        ComparatorView(
            device.name, item.name, item.counter, item.compare, item.hz, item.enabled, item.masked,
            item.met, None if item.due_ns is None else item.due_ns - machine.now, item.counts_down,
        )
        for device in machine.devices.values()
        if isinstance(device, TimerDevice)
        for item in device.comparators(cpu)
    ]  # fmt: skip
