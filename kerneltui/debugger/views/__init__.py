"""What the dashboard and ``--json`` show: frozen pictures of a machine, a file for each panel.

Building a view reads with ``peek`` alone, so looking changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from kerneltui.debugger.recorder import InputView
from kerneltui.debugger.sight import Sight
from kerneltui.debugger.timeline import TimelineView, Window
from kerneltui.debugger.trace import RawEvent
from kerneltui.debugger.views.apics import io_apics, pictures
from kerneltui.debugger.views.clocks import (
    CounterView,
    WallClockView,
    counter_views,
    wall_clock_view,
)
from kerneltui.debugger.views.cpu import CoreView, CpuView, core_views, cpu_view
from kerneltui.debugger.views.firmware import AcpiTableView, firmware_views
from kerneltui.debugger.views.interrupts import InterruptView, interrupt_views
from kerneltui.debugger.views.latencies import (
    FiguresView,
    LatencyView,
    LatenessView,
    figures_view,
    latency_views,
    lateness_views,
)
from kerneltui.debugger.views.path import PathView, path_view
from kerneltui.debugger.views.registers import BlockView, block_views
from kerneltui.debugger.views.source import SourceView, source_view
from kerneltui.debugger.views.tasks import (
    SchedulingView,
    TaskView,
    TimerView,
    scheduling_view,
    task_views,
    timer_views,
)
from kerneltui.debugger.views.timeouts import (
    QueueView,
    ShapeView,
    TimeoutView,
    queue_view,
    timeout_views,
)
from kerneltui.debugger.views.timers import ComparatorView, comparator_views
from kerneltui.devices.x86.i8259_view import PicView
from kerneltui.devices.x86.io_apic_view import IoApicView
from kerneltui.devices.x86.local_apic_view import LocalApicView
from kerneltui.devices.x86.mc146818_view import RtcView
from kerneltui.kernel.time.timeout_queue import TimeoutQueue

TRACE_SHOWN = 400


class MachineView(msgspec.Struct, frozen=True, kw_only=True):
    """A machine at one moment.

    What has a value here is a part: it is made when it is asked for, and else holds that value.
    The rest is always there.
    """

    generation: int
    board: str
    board_title: str
    scenario: str
    """its name; of a puzzle its title, as the name would give it away"""
    scenario_title: str
    about: str
    now_ns: int
    stop: str
    """why the last run ended"""
    halt_reason: str
    cpu: CpuView
    offers_look: bool = True
    """whether the kernel lets one see its timeouts, tasks and handlers"""
    cores: tuple[CoreView, ...] = ()
    blocks: tuple[BlockView, ...] = ()
    interrupts: tuple[InterruptView, ...] = ()
    path: PathView | None = None
    """the way of the interrupt that is under way, or that timeouts wait for"""
    latencies: tuple[LatencyView, ...] = ()
    """of interrupts on every core"""
    timeouts: tuple[TimeoutView, ...] = ()
    timeout_count: int = 0
    queue: QueueView | None = None
    queue_shape: ShapeView | None = None
    timers: tuple[TimerView, ...] = ()
    """those of system calls, with their states"""
    worst_lateness_ns: int = 0
    lateness: FiguresView | None = None
    """of all timeouts' callbacks"""
    latenesses: tuple[LatenessView, ...] = ()
    """of the timeouts that were called last"""
    comparators: tuple[ComparatorView, ...] = ()
    source: SourceView | None = None
    """the kernel's source where the core on show is"""
    local_apics: tuple[LocalApicView, ...] = ()
    """by core; a board without a part of a PC has none of it, here and below"""
    io_apics: tuple[IoApicView, ...] = ()
    pics: tuple[PicView, ...] = ()
    counters: tuple[CounterView, ...] = ()
    rtc: RtcView | None = None
    wall_clock: WallClockView | None = None
    tasks: tuple[TaskView, ...] = ()
    """idle tasks first; none in a program without tasks"""
    scheduling: SchedulingView | None = None
    timeline: TimelineView | None = None
    """of the window that is asked for"""
    firmware: tuple[AcpiTableView, ...] = ()
    console: tuple[str, ...] = ()
    trace: tuple[str, ...] = ()
    events: tuple[RawEvent, ...] = ()
    """what the lines of ``trace`` tell"""
    typed_waiting: int = 0
    last_input: InputView | None = None
    """the line that was typed last"""


def _shape(sight: Sight) -> ShapeView | None:
    from kerneltui.debugger.views.queue_shapes import shape_view  # most pictures show none

    queue = sight.inspector.timeouts()
    return shape_view(queue) if isinstance(queue, TimeoutQueue) else None


def _source(of: Sight) -> SourceView:
    core = of.machine.cores[of.focus]
    if not core.can_rest_anywhere:
        return source_view(of)
    from kerneltui.debugger.views.machine_code import machine_code_view

    return machine_code_view(core)


_MAKERS: dict[str, Callable[[Sight], Any]] = {
    "cores": lambda of: tuple(core_views(of.machine)),
    "blocks": lambda of: tuple(block_views(of)),
    "interrupts": lambda of: tuple(interrupt_views(of.machine, of.inspector, of.focus)),
    "path": path_view,
    "latencies": lambda of: tuple(latency_views(of.recorder.latencies, of.machine.now)),
    "lateness": lambda of: figures_view(of.recorder.latencies.lateness),
    "latenesses": lambda of: tuple(lateness_views(of.recorder.latencies)),
    "timeouts": lambda of: tuple(timeout_views(of.inspector, of.machine.now)),
    "timeout_count": lambda of: len(of.inspector.timeouts()),
    "queue": lambda of: queue_view(of.inspector),
    "queue_shape": _shape,
    "timers": lambda of: tuple(timer_views(of.inspector)),
    "worst_lateness_ns": lambda of: of.inspector.worst_lateness_ns(),
    "comparators": lambda of: tuple(comparator_views(of.machine, of.focus)),
    "source": _source,
    "local_apics": lambda of: pictures(of.machine, LocalApicView),
    "io_apics": lambda of: io_apics(of.machine),
    "pics": lambda of: pictures(of.machine, PicView),
    "counters": lambda of: tuple(counter_views(of.machine, of.rates, of.focus)),
    "rtc": lambda of: next(iter(pictures(of.machine, RtcView)), None),
    "wall_clock": lambda of: wall_clock_view(of.machine, of.inspector),
    "tasks": lambda of: tuple(task_views(of.inspector, of.machine.now)),
    "scheduling": lambda of: scheduling_view(of.inspector, of.machine.now),
    "firmware": lambda of: firmware_views(of.machine.memory),
    "console": lambda of: tuple(of.recorder.console.lines()),
    "trace": lambda of: of.recorder.last_texts(TRACE_SHOWN, of.names),
    "events": lambda of: tuple(of.recorder.last(TRACE_SHOWN)),
    "typed_waiting": lambda of: of.machine.terminal.waiting,
    "last_input": lambda of: of.recorder.last_input(),
}
PARTS: frozenset[str] = frozenset(_MAKERS)
"""All that can be asked for by name; the timeline is asked for by its window."""


def build(sight: Sight, parts: frozenset[str], window: Window | None) -> MachineView:
    """A view of the session's machine; see :meth:`Session.view`."""
    machine, setup = sight.machine, sight.setup
    return MachineView(
        generation=sight.generation,
        board=machine.board_name,
        board_title=machine.board_title,
        scenario=setup.shown_name,
        scenario_title=setup.scenario_title,
        about=setup.about,
        now_ns=machine.now,
        stop=sight.stop,
        halt_reason=machine.halt_reason,
        cpu=cpu_view(machine.cores[sight.focus], sight.names),
        offers_look=sight.inspector.offers_look,
        timeline=None if window is None else sight.recorder.timeline.view(window),
        **{part: _MAKERS[part](sight) for part in parts & PARTS},
    )
