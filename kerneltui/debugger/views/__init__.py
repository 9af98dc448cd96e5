"""What the dashboard and ``--json`` show: frozen pictures of a machine, a file for each panel.

Building a view reads with ``peek`` alone, so looking changes nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import msgspec

from kerneltui.debugger.views.cpu import cpu_view

if TYPE_CHECKING:
    from kerneltui.debugger.recorder import InputView
    from kerneltui.debugger.references import RegisterReference
    from kerneltui.debugger.sight import Makers, Sight
    from kerneltui.debugger.timeline import TimelineView, Window
    from kerneltui.debugger.trace import RawEvent
    from kerneltui.debugger.views.clocks import CounterView, WallClockView
    from kerneltui.debugger.views.cpu import CoreView, CpuView
    from kerneltui.debugger.views.firmware import AcpiTableView
    from kerneltui.debugger.views.interrupts import InterruptView
    from kerneltui.debugger.views.latencies import FiguresView, LatencyView, LatenessView
    from kerneltui.debugger.views.path import PathView
    from kerneltui.debugger.views.registers import BlockView
    from kerneltui.debugger.views.source import SourceView
    from kerneltui.debugger.views.tasks import SchedulingView, TaskView, TimerView
    from kerneltui.debugger.views.timeouts import QueueView, ShapeView, TimeoutView
    from kerneltui.debugger.views.timers import ComparatorView
    from kerneltui.devices.x86.i8259_view import PicView
    from kerneltui.devices.x86.io_apic_view import IoApicView
    from kerneltui.devices.x86.local_apic_view import LocalApicView
    from kerneltui.devices.x86.mc146818_view import RtcView

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
    deciding: tuple[RegisterReference, ...] = ()
    """the registers that decide whether interrupts arrive"""
    interrupts: tuple[InterruptView, ...] = ()
    path: PathView | None = None
    """the way of the interrupt that is under way, or that timeouts wait for"""
    latencies: tuple[LatencyView, ...] = ()
    """of interrupts on every core"""
    timeouts: tuple[TimeoutView, ...] = ()
    timeout_count: int = 0
    timer_sooner_ns: int | None = None
    """in how long the timer interrupts, where that is before the timeout that it is set for"""
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


def _source(of: Sight) -> SourceView:
    core = of.machine.cores[of.focus]
    if not core.can_rest_anywhere:
        from kerneltui.debugger.views.source import source_view

        return source_view(of)
    from kerneltui.debugger.views.machine_code import machine_code_view

    return machine_code_view(core)


_PLAIN: Makers = {
    "console": lambda of: tuple(of.recorder.console.lines()),
    "trace": lambda of: of.recorder.last_texts(TRACE_SHOWN, of.names),
    "events": lambda of: tuple(of.recorder.last(TRACE_SHOWN)),
    "typed_waiting": lambda of: of.machine.terminal.waiting,
    "last_input": lambda of: of.recorder.last_input(),
    "source": _source,
}
_FILES = {
    part: file
    for file, parts in {
        "apics": ("local_apics", "io_apics", "pics"),
        "clocks": ("counters", "rtc", "wall_clock"),
        "cpu": ("cores",),
        "deciding": ("deciding",),
        "firmware": ("firmware",),
        "interrupts": ("interrupts",),
        "latencies": ("latencies", "lateness", "latenesses"),
        "path": ("path",),
        "queue_shapes": ("queue_shape",),
        "registers": ("blocks",),
        "tasks": ("tasks", "scheduling", "timers"),
        "timeouts": (
            "timeouts",
            "timeout_count",
            "timer_sooner_ns",
            "queue",
            "worst_lateness_ns",
        ),
        "timers": ("comparators",),
    }.items()
    for part in parts
}
"""Where each part is made: a file is imported when somebody asks for one of its parts."""
PARTS: frozenset[str] = frozenset((*_PLAIN, *_FILES))
"""All that can be asked for by name; the timeline is asked for by its window."""


def _made(part: str, sight: Sight) -> Any:
    file = _FILES.get(part)
    if file is None:
        return _PLAIN[part](sight)
    makers: Makers = import_module(f"{__name__}.{file}").MAKERS
    return makers[part](sight)


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
        **{part: _made(part, sight) for part in parts & PARTS},
    )
