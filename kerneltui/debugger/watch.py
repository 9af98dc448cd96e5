"""What a command waits for: the one mechanism behind every stop, forwards and backwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from kerneltui.machine.core import StopReason
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
    meaningful: bool = False
    """it stops after what a story tells, and a :class:`Storyteller` finds it in the past"""
    is_near: bool = False
    """what it awaits comes soon, as a rule"""
    of_timers: bool = False
    """interrupts that no timer has raised are passed over"""

    @property
    def leaves_handlers(self) -> bool:
        """Whether it is reached when a handler has returned."""
        return self.completes or self.ends is StopReason.HANDLER_DONE

    def passes_over(self, reason: StopReason, machine: Machine) -> bool:
        """Whether a stop is none of those that it awaits."""
        if not self.of_timers or reason is not StopReason.INTERRUPT:
            return False
        from kerneltui.debugger.origins import TIMER, Wiring, pending

        origin = pending(machine, Wiring(machine), machine.stopped, None)
        return origin is None or origin.source != TIMER

    def stops(self, run: Callable[..., StopReason], machine: Machine, focus: int) -> bool:
        """Let ``run`` go on until the watch stops it; False when something else did."""
        reason = run(**self.conditions, focus=focus)
        while self.passes_over(reason, machine):
            reason = run(**self.conditions, focus=focus)
        core = machine.cores[machine.stopped]
        if self.completes and reason is self.ends and core.depth:
            reason = run(focus=core.index, below_depth=core.depth)
            return reason is StopReason.HANDLER_DONE
        return reason is self.ends


STEP = Watch("one instruction", {"steps": 1}, is_near=True)
NEXT_ACCESS = Watch("an access to hardware", {"access": True}, "access", is_near=True)
"""Of machine code: a kernel in Python accesses hardware at each :data:`STEP`."""
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
NEXT_TIMER_INTERRUPT = Watch(
    "the next timer event", {"interrupt": True}, "timer event", completes=True,
    ends=StopReason.INTERRUPT, is_near=True, of_timers=True,
)  # fmt: skip
"""Of a kernel that does not tell of its callbacks: a timer's interrupt, and its handler is over."""
NEXT_STEP = Watch(
    "the next meaningful step", awaits="step", ends=StopReason.MEANINGFUL, meaningful=True
)
PREVIOUS_HIT = Watch("a breakpoint", awaits="hit", ends=StopReason.BREAKPOINT)
"""Backwards only: forwards every command halts at breakpoints."""
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
