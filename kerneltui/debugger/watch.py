"""What a command waits for: the one mechanism behind every stop, forwards and backwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from kerneltui.hw.device import InterruptController
from kerneltui.hw.line import Line
from kerneltui.machine.core import Core, StopReason
from kerneltui.machine.instructions import SPACES, STORES
from kerneltui.machine.machine import Machine
from kerneltui.units import format_duration

Address = tuple[str, int]
"""An address space's name, and an address (or encoding) in it."""


def reset_of(owner: str, cpu: int) -> Address:
    """What stands among accessed addresses for a reset of what core ``cpu`` has of ``owner``."""
    return f"reset of {owner}", cpu


class Watch(msgspec.Struct, frozen=True):
    """``conditions`` are those of :meth:`Machine.run`; ``title`` says in words what is awaited."""

    title: str
    conditions: dict[str, Any] = msgspec.field(default_factory=dict)
    awaits: str = "event"
    """what it says to have waited for in vain"""
    completes: bool = False
    """where the tracepoint is passed inside a handler, that one returns first"""
    ends: StopReason = StopReason.STEP
    """how it stops the machine"""
    stored_to: frozenset[Address] = frozenset()
    """it stops after a store to one of them"""
    meaningful: bool = False
    """it stops after what a story tells, and a :class:`Storyteller` finds it in the past"""
    is_near: bool = False
    """what it awaits comes soon, as a rule"""

    def stops(self, run: Callable[..., StopReason], machine: Machine, focus: int) -> bool:
        """Let ``run`` go on until the watch stops it; False when something else did."""
        reason = run(**self.conditions, focus=focus)
        core = machine.cores[machine.stopped]
        if self.completes and reason is StopReason.TRACEPOINT and core.depth:
            reason = run(focus=core.index, below_depth=core.depth)
            return reason is StopReason.HANDLER_DONE
        return reason is self.ends

    @contextmanager
    def installed(self, machine: Machine) -> Iterator[None]:
        """What it needs to be told of in a machine that nobody observes."""
        if not self.stored_to:
            yield
            return
        machine.observe(_Stores(self.stored_to))
        try:
            yield
        finally:
            machine.observe(None)

    def may_stop_in(self, accessed: frozenset[Address] | None) -> bool:
        """Whether it can have stopped a machine that has accessed these; None: not known."""
        return not self.stored_to or accessed is None or not accessed.isdisjoint(self.stored_to)


class Indifferent:
    """A :class:`MachineObserver` that takes no notice of anything."""

    def instruction(self, core: Core, kind: str, target: int, value: int) -> None:
        """See :class:`Observer`."""

    def exception(self, core: Core, kind: str, vector: int) -> None:
        """See :class:`Observer`."""

    def activity(self, core: Core) -> None:
        """See :class:`Observer`."""

    def tracepoint(self, core: Core, name: str, facts: dict[str, Any]) -> None:
        """See :class:`Observer`."""

    def line(self, line: Line) -> None:
        """See :class:`MachineObserver`."""

    def remark(self, device: str, kind: str, number: int, text: str) -> None:
        """See :class:`MachineObserver`."""

    def pending(self, controller: InterruptController, number: int, cpu: int, again: bool) -> None:
        """See :class:`MachineObserver`."""

    def unmodelled(self, text: str) -> None:
        """See :class:`Observer`."""

    def reset_begins(self, owner: str, cpu: int) -> None:
        """See :class:`Observer`."""


class _Stores(Indifferent):
    """Halts a core after it has stored to one of some places."""

    def __init__(self, places: frozenset[Address]) -> None:
        self._places = places

    def instruction(self, core: Core, kind: str, target: int, value: int) -> None:
        """See :class:`Observer`."""
        if kind in STORES and (SPACES[kind], target) in self._places:
            core.request_stop(StopReason.STORED)


STEP = Watch("one instruction", {"steps": 1}, is_near=True)
NEXT_INTERRUPT = Watch(
    "the next interrupt", {"interrupt": True}, "interrupt", ends=StopReason.INTERRUPT,
    is_near=True,
)  # fmt: skip
_CALLBACK: dict[str, Any] = {"tracepoint": "timer_callback_done"}
CALLBACK_DONE = Watch(
    "the end of a timer callback", _CALLBACK, "timer callback", ends=StopReason.TRACEPOINT,
    is_near=True,
)  # fmt: skip
NEXT_TIMER_EVENT = Watch(
    "the next timer event", _CALLBACK, "timer event", completes=True, ends=StopReason.TRACEPOINT,
    is_near=True,
)  # fmt: skip
NEXT_STEP = Watch(
    "the next meaningful step", awaits="step", ends=StopReason.MEANINGFUL, meaningful=True
)
FREE = Watch("running")
BOOT = Watch("the first idle", {"idle": True})


def until_time(time_ns: int) -> Watch:
    """Virtual time has come so far."""
    return Watch(f"time {format_duration(time_ns)}", {"until": time_ns})


def end_of_handler(depth: int) -> Watch:
    """The handler that is ``depth`` deep has returned; of 0, the next one."""
    conditions = {"below_depth": max(depth, 1)}
    return Watch(
        "the end of the handler", conditions, "interrupt", ends=StopReason.HANDLER_DONE,
        is_near=True,
    )  # fmt: skip


def stored_to(name: str, *places: Address) -> Watch:
    """A store to a register."""
    return Watch(
        f"a store to {name}", {}, "store", ends=StopReason.STORED, stored_to=frozenset(places)
    )
