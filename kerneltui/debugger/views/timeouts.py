"""Pictures of the timeout queue: what is due, what keeping the order has cost, how it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from kerneltui.hw.device import TimerDevice
from kerneltui.kernel.inspector import Inspector
from kerneltui.kernel.time.timeout_queue import TimeoutQueue

if TYPE_CHECKING:
    from kerneltui.debugger.sight import Makers
    from kerneltui.machine.machine import Machine

MOST_TIMEOUTS_SHOWN = 500
ROUNDED_NS = 10_000
"""Timers count in steps of their clock: so much sooner is in time."""
STRUCTURES = {
    "sorted": "a sorted list of sublists",
    "vec": "an array that is sorted at every push",
    "heap": "a binary heap with lazy deletion",
    "wheel": "a hierarchical timing wheel",
}
"""Every structure that the queue can have, in words; beside them there is a person's own."""
OWN_WORDS = "a structure of your own"


def in_words(structure: str) -> str:
    """What a structure is."""
    return STRUCTURES.get(structure, OWN_WORDS)


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


class QueueView(msgspec.Struct, frozen=True):
    """The work of the structure: of all operations so far, and of the last one."""

    structure: str
    """one of :data:`STRUCTURES`, or ``own``"""
    operations: int
    comparisons: int
    moves: int
    last_operation: str
    """``push``, ``pop``, ``remove``, or empty before the first"""
    last_comparisons: int
    last_moves: int
    head: int | None
    """identity of the timeout that is due next"""


class EntryView(msgspec.Struct, frozen=True):
    """One timeout in its place."""

    ident: int
    due_ns: int
    """uptime"""
    stale: bool = False
    """it has been removed, but is still in the way"""


class RowView(msgspec.Struct, frozen=True):
    """Timeouts that lie one behind the other: ``length`` of them, a part of which is shown."""

    length: int
    entries: tuple[EntryView, ...]


class SublistsView(msgspec.Struct, frozen=True, tag="sublists"):
    """A sorted list: ``count`` sublists, each soonest first and shown from its beginning."""

    count: int
    rows: tuple[RowView, ...]


class ArrayView(msgspec.Struct, frozen=True, tag="array"):
    """An array, soonest last, of which the end is shown."""

    row: RowView


class TreeView(msgspec.Struct, frozen=True, tag="tree"):
    """A binary heap of ``size`` entries: below entry i of a level are 2i and 2i + 1 of the next."""

    size: int
    levels: tuple[tuple[EntryView, ...], ...]


class SlotView(msgspec.Struct, frozen=True):
    """An occupied slot: its timeouts in order of arrival, shown from the first."""

    index: int
    row: RowView


class LevelView(msgspec.Struct, frozen=True):
    """A wheel of 64 slots."""

    granularity_ns: int
    """time that one slot stands for"""
    current: int
    """the slot where the wheel stands; those occupied are after it"""
    slots: tuple[SlotView, ...]


class WheelView(msgspec.Struct, frozen=True, tag="wheel"):
    """Wheels, the finest first; what is due before them, soonest last; what is due after them."""

    ready: RowView
    levels: tuple[LevelView, ...]
    beyond: RowView


ShapeView: TypeAlias = SublistsView | ArrayView | TreeView | WheelView


def timeout_views(inspector: Inspector, now: int) -> Iterator[TimeoutView]:
    """Soonest first; before them the one whose callback is running."""
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


def timer_sooner_ns(machine: Machine, inspector: Inspector) -> int | None:
    """In how long the timer interrupts, where that is before the timeout that it is set for.

    It is a tick, or as far as the timer can count.  None where it interrupts in time.
    """
    armed = inspector.armed_timeout()
    due_ns = next((item.due_ns for item in inspector.timeouts() if item.ident == armed), None)
    if due_ns is None:
        return None
    sooner = [
        (device.name, item.name, item.due_ns)
        for device in machine.devices.values() if isinstance(device, TimerDevice)
        for item in device.comparators(machine.core.index)
        if item.enabled and not item.masked and item.due_ns and item.due_ns < due_ns - ROUNDED_NS
    ]  # fmt: skip
    if not sooner:
        return None
    from kerneltui.debugger.naming import timer_comparators  # most timers are in time

    ours = timer_comparators(machine, inspector)
    found = (at_ns for device, name, at_ns in sooner if (device, name) in ours)
    first_ns = min(found, default=None)
    return None if first_ns is None else first_ns - machine.now


def queue_view(inspector: Inspector) -> QueueView | None:
    """None for a kernel whose timeouts are in no such queue."""
    queue = inspector.timeouts()
    if not isinstance(queue, TimeoutQueue):
        return None
    work, head = queue.work, queue.head()
    return QueueView(
        inspector.queue_structure(), work.operations, work.comparisons, work.moves,
        work.last_operation, work.last_comparisons, work.last_moves,
        None if head is None else head.ident,
    )  # fmt: skip


MAKERS: Makers = {
    "timeouts": lambda of: tuple(timeout_views(of.inspector, of.machine.now)),
    "timeout_count": lambda of: len(of.inspector.timeouts()),
    "timer_sooner_ns": lambda of: timer_sooner_ns(of.machine, of.inspector),
    "queue": lambda of: queue_view(of.inspector),
    "worst_lateness_ns": lambda of: of.inspector.worst_lateness_ns(),
}
