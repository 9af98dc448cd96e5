"""A moment as it can be compared with another: what was there, made by peeks, which change nothing.

It does not depend on the core on show, nor on the way there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from kerneltui.debugger.numbering import interrupt_label
from kerneltui.debugger.references import (
    ComparatorReference,
    CoreReference,
    InterruptReference,
    LineReference,
    Reference,
    RegisterReference,
    TaskReference,
    TimeoutReference,
)
from kerneltui.debugger.register_marks import RegisterLook
from kerneltui.debugger.trace import EventNames
from kerneltui.debugger.views.cpu import cpu_view
from kerneltui.debugger.views.registers import register_blocks
from kerneltui.debugger.views.tasks import (
    CoreTimesView,
    TaskView,
    TimerView,
    scheduling_view,
    task_views,
    timer_views,
)
from kerneltui.debugger.views.timers import comparator_views
from kerneltui.hw.register import Slot
from kerneltui.kernel.inspector import Inspector
from kerneltui.kernel.time.queues.timeout import Timeout
from kerneltui.kernel.time.timeout_queue import TimeoutQueue
from kerneltui.machine.core import CoreState
from kerneltui.machine.machine import Machine
from kerneltui.machine.position import Position
from kerneltui.units import format_time, write_duration

INTERRUPTS, TIMERS, TIMEOUTS, TASKS, CORES, LINES = (
    "Interrupts", "Timers", "Timeouts", "Tasks", "Cores", "Lines",
)  # fmt: skip
THINGS = (INTERRUPTS, TIMERS, TIMEOUTS, TASKS, CORES, LINES)
"""What there is beside registers and the console, in this order."""

Place = tuple[int, ...]
"""Where something stands among its like: things keep their order, whichever of them are there."""


class HeldRegister(NamedTuple):
    """A register, or a core's copy of it, and what it holds."""

    reference: RegisterReference
    core: int | None
    """whose copy it is; None where there is only one"""
    slot: Slot | None
    """None of a general register, which no table has"""
    numbering: str
    """of the controller that it belongs to, else empty"""
    face_of: str
    """the first register of the block that shows the same state, or empty"""
    value: int


FactName = tuple[str, int | None]
"""What a fact is called, and the core that it is about, where each has one of its own."""


class Thing(NamedTuple):
    """Something that there is, and the facts about it, as people read them.

    The same facts at every moment: one that there is not is empty.  Times are exact.
    """

    label: str
    reference: Reference | None
    facts: dict[FactName, str]


class Sent(NamedTuple):
    """What the board has sent by then."""

    total: int
    """bytes"""
    data: bytes
    """the last of them, from the beginning of a line on"""


class Moment(msgspec.Struct, frozen=True):
    """See the module."""

    here: Position
    started: frozenset[int]
    """the cores that run"""
    registers: dict[Place, HeldRegister]
    things: dict[str, dict[Place, Thing]]
    """by the names of their groups"""
    sent: Sent


def moment_at(
    here: Position, machine: Machine, inspector: Inspector, names: EventNames, console: bytes,
    sent: int,
) -> Moment:  # fmt: skip
    """A machine as it stands; ``console`` is the text that is kept of ``sent`` bytes."""
    started = {core.index for core in machine.cores if core.state is not CoreState.OFF}
    things = {
        INTERRUPTS: _interrupts(machine, inspector),
        TIMERS: _comparators(machine),
        TIMEOUTS: _timeouts(inspector),
        TASKS: _tasks(inspector, machine.now),
        CORES: _cores(machine, inspector, names),
        LINES: _lines(machine),
    }
    return Moment(
        here, frozenset(started), dict(_registers(machine)),
        {name: dict(found) for name, found in things.items()}, Sent(sent, console),
    )  # fmt: skip


# -- registers -------------------------------------------------------------------------------------


def _registers(machine: Machine) -> Iterator[tuple[Place, HeldRegister]]:
    """Of each block those that cores share, then each core's copies; last those of the cores."""
    look, several = RegisterLook(machine), len(machine.cores) > 1
    cores = range(len(machine.cores))
    values = [look.values(core) for core in cores]
    blocks = list(register_blocks(machine, 0))
    for number, block in enumerate(blocks):
        for at, slot in enumerate(block.slots):
            reference = RegisterReference(block.device, block.table.name, slot.name)
            place, banked = block.places[at], slot.register.banked and several
            for core in cores if banked else (0,):
                whose = core if banked else -1
                yield (number, whose, at), HeldRegister(
                    reference, core if banked else None, slot, block.numbering, block.aliases[at],
                    values[core][(*place[:3], core)],
                )  # fmt: skip
    for number, cpu in enumerate(machine.cores, len(blocks)):
        owner = f"core {cpu.index}"
        slots = list(cpu.regs.slots())
        for at, slot in enumerate(slots):
            port = cpu.regs.port(slot)
            reference = RegisterReference(owner, "", slot.name)
            value = port.peek(port.index, cpu.index)
            yield (number, -1, at), HeldRegister(reference, None, slot, "", "", value)
        for at, name in enumerate(cpu.CALL_REGISTERS, len(slots)):
            if name in cpu.registers:
                reference = RegisterReference(owner, "", name)
                held = HeldRegister(reference, None, None, "", "", cpu.registers[name])
                yield (number, -1, at), held


# -- hardware --------------------------------------------------------------------------------------


def _flag(on: bool | None) -> str:
    return "" if on is None else "yes" if on else "no"


def _interrupts(machine: Machine, inspector: Inspector) -> Iterator[tuple[Place, Thing]]:
    """With the counts of their handlers, which the kernel keeps for each core."""
    for place, (name, controller) in enumerate(machine.controllers.items()):
        numbering = controller.NUMBERING
        known: dict[int, dict[FactName, str]] = {}
        for core in machine.cores:
            index, listed = core.index, controller.interrupts(core.index)
            handlers = {
                item.irq.number: item
                for item in inspector.irq_handlers(index)
                if item.irq.domain == numbering
            }
            if controller.TAKES_MESSAGES:  # which are listed only when they have come
                awaited = (known.keys() | handlers.keys()) - {state.number for state in listed}
                listed += [controller.message(number, index) for number in awaited]
            for state in listed:
                facts = known.setdefault(state.number, _no_facts(machine))
                facts["enabled", index] = _flag(state.enabled)
                facts["pending", index] = _flag(state.pending)
                facts["active", index] = _flag(state.active)
                handler = handlers.get(state.number)
                if handler is not None:
                    facts["handler", index] = f"'{handler.name}'"
                    facts["handled", index] = str(handler.count)
        for number, facts in known.items():
            label = f"{interrupt_label(numbering, number)} of {name}"
            yield (place, number), Thing(label, InterruptReference(name, numbering, number), facts)


def _no_facts(machine: Machine) -> dict[FactName, str]:
    names = ("enabled", "pending", "active", "handler", "handled")
    return {(name, core.index): "" for name in names for core in machine.cores}


def _comparators(machine: Machine) -> Iterator[tuple[Place, Thing]]:
    found: dict[tuple[str, str], Thing] = {}
    for core in machine.cores:
        for item in comparator_views(machine, core.index):
            reference = ComparatorReference(item.device, item.name)
            thing = found.setdefault(
                (item.device, item.name), Thing(f"{item.name} of {item.device}", reference, {})
            )
            thing.facts["enabled", core.index] = _flag(item.enabled)
            thing.facts["masked", core.index] = _flag(item.masked)
            thing.facts["met", core.index] = _flag(item.met)
            due = _time(machine.now + item.in_ns) if item.enabled and item.in_ns else ""
            thing.facts["due", core.index] = due
    yield from (((place,), thing) for place, thing in enumerate(found.values()))


def _lines(machine: Machine) -> Iterator[tuple[Place, Thing]]:
    lines = (
        line
        for device in machine.devices.values()
        for lines in device.outputs.values()
        for line in lines
    )
    for place, line in enumerate(lines):
        level = "HIGH" if line.level else "low"
        yield (place,), Thing(line.name, LineReference(line.name), {("", None): level})


# -- the kernel ------------------------------------------------------------------------------------


def _time(ns: int) -> str:
    return f"{format_time(ns)} s"


def _facts(*pairs: tuple[str, object]) -> dict[FactName, str]:
    return {(name, None): "" if said is None else str(said) for name, said in pairs}


def _timeouts(inspector: Inspector) -> Iterator[tuple[Place, Thing]]:
    """The queue at large, what is in it or has just been taken from it; timers of system calls."""
    queue, armed = inspector.timeouts(), inspector.armed_timeout()
    if isinstance(queue, TimeoutQueue):
        facts = _facts(
            ("pending", len(queue)), ("operations", queue.work.operations),
            ("comparisons", queue.work.comparisons), ("moves", queue.work.moves),
            ("worst lateness, by the kernel", _time(inspector.worst_lateness_ns())),
        )  # fmt: skip
        yield (0, 0), Thing("the queue", None, facts)
    handled = inspector.handled_timeout()
    waiting = {item.ident for item in queue}
    for item in queue:
        yield (1, item.ident), _timeout(item, armed, handled)
    if handled is not None and handled.ident not in waiting:
        yield (1, handled.ident), _timeout(handled, armed, handled)
    for timer in timer_views(inspector, None):
        reference = TaskReference(timer.wake_task) if timer.wake_task else None
        yield (2, timer.id), Thing(f"timer {timer.id} of a system call", reference, _timer(timer))


def _timeout(item: Timeout, armed: int | None, handled: Timeout | None) -> Thing:
    """A periodic one is due again before its callback has run."""
    is_handled = handled is not None and handled.ident == item.ident
    facts = _facts(
        ("due", _time(item.due_ns)),
        ("every", "" if item.period_ns is None else write_duration(item.period_ns)),
        ("timer armed for it", _flag(item.ident == armed)),
        ("callback runs", _flag(is_handled)),
    )
    return Thing(f"{item.ident} '{item.name}'", TimeoutReference(item.ident), facts)


def _tasks(inspector: Inspector, now: int) -> Iterator[tuple[Place, Thing]]:
    """The run queue, then the tasks with the idle ones first."""
    scheduling = scheduling_view(inspector, now)
    if scheduling is None:
        return
    facts = _facts(
        ("policy", scheduling.policy), ("ready", " ".join(map(str, scheduling.ready)) or "nobody")
    )
    yield (0, 0), Thing("the run queue", None, facts)
    for place, task in enumerate(task_views(inspector, now)):
        # Idle tasks have the numbers up to 0 and are always there; others are never numbered anew.
        at = (1, place) if task.id <= 0 else (2, task.id)
        yield at, Thing(f"{task.id} '{task.name}'", TaskReference(task.id), _task(task, now))


def _task(task: TaskView, now: int) -> dict[FactName, str]:
    def at(in_ns: int | None) -> str:
        return "" if in_ns is None else _time(now + in_ns)

    return _facts(
        ("state", task.state), ("waits for", task.waits_for), ("wakes", at(task.wakes_in_ns)),
        ("ready since", "" if task.ready_for_ns is None else _time(now - task.ready_for_ns)),
        ("quantum ends", at(task.quantum_left_ns)), ("operation", task.operation),
        ("core", task.core), ("computed", _time(task.user_ns)),
        ("in the kernel", _time(task.kernel_ns)), ("in handlers", _time(task.irq_ns)),
        ("switches", task.switches), ("worst wake-up", _time(task.worst_latency_ns)),
    )  # fmt: skip


def _timer(timer: TimerView) -> dict[FactName, str]:
    return _facts(
        ("state", timer.state), ("due", _time(timer.due_ns)),
        ("every", "" if timer.interval_ns is None else write_duration(timer.interval_ns)),
        ("fired", timer.fired_count),
    )  # fmt: skip


def _cores(
    machine: Machine, inspector: Inspector, names: EventNames
) -> Iterator[tuple[Place, Thing]]:
    scheduling = scheduling_view(inspector, machine.now)
    times = {item.core: item for item in scheduling.cores} if scheduling is not None else {}
    for core in machine.cores:
        view = cpu_view(core, names)
        facts = _facts(
            ("state", view.state), ("halted by", core.halt_reason),
            ("level", view.privilege), ("masks", view.masks), ("input high", view.inputs),
            ("handler depth", view.depth), ("next", view.next_instruction),
            ("in", view.frames[0].function if view.frames else ""),
            ("instructions", view.instructions), ("interrupts taken", view.interrupts),
            *_times(times.get(core.index)),
        )  # fmt: skip
        yield (core.index,), Thing(f"core {core.index}", CoreReference(core.index), facts)


def _times(found: CoreTimesView | None) -> Iterator[tuple[str, object]]:
    """Up to the last boundary between two accounts: none of them runs on by itself."""
    yield "runs task", None if found is None else found.running
    for name, part in (
        ("idle", "idle_ns"), ("tasks", "user_ns"), ("kernel", "kernel_ns"),
        ("handlers", "irq_ns"), ("scheduler", "scheduler_ns"),
    ):  # fmt: skip
        yield name, None if found is None else _time(getattr(found, part))
