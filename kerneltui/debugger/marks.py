"""What happens in a machine that means something: the few events among many that make a story."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from kerneltui.debugger.origins import Origin
from kerneltui.debugger.roles import AccessMeaning
from kerneltui.hw.device import ComparatorState
from kerneltui.hw.register import Role


class StepKind(StrEnum):
    """What a meaningful step is about."""

    ASLEEP = "asleep"
    DUE = "due"
    ARRIVED = "arrived"
    SENT = "sent"
    LINE = "line"
    PENDING = "pending"
    TAKEN = "taken"
    CALLED = "called"
    FAULT = "fault"
    WHO = "who"
    QUIET = "quiet"
    RECEIVED = "received"
    ECHOED = "echoed"
    EXPIRED = "expired"
    CALLBACK = "callback"
    WOKEN = "woken"
    SWITCHED = "switched"
    ARMED = "armed"
    DISARMED = "disarmed"
    ENTERED = "entered"
    SERVED = "served"
    PASSED = "passed"
    ENDED = "ended"
    UNENDED = "unended"
    RETURNED = "returned"


SYSCALL, FAULTS = "syscall", "fault"
"""Exceptions that are no interrupts; interrupts are told by their sources."""
OF_ROLE = {
    Role.ACKNOWLEDGE: StepKind.WHO,
    Role.IDENTIFY: StepKind.WHO,
    Role.QUIET: StepKind.QUIET,
    Role.END: StepKind.ENDED,
    Role.ARM: StepKind.ARMED,
    Role.DISARM: StepKind.DISARMED,
    Role.SEND: StepKind.SENT,
    Role.RECEIVE: StepKind.RECEIVED,
    Role.TRANSMIT: StepKind.ECHOED,
}
OF_TRACEPOINT = {
    "hrtimer_expire_entry": StepKind.EXPIRED, "timer_callback_done": StepKind.CALLBACK,
    "sched_wakeup": StepKind.WOKEN, "sched_switch": StepKind.SWITCHED,
    "sys_enter": StepKind.ENTERED, "sys_exit": StepKind.SERVED,
}  # fmt: skip
SILENT = frozenset((
    "hrtimer_start", "timer_callback", "irq_handler_entry", "irq_handler_exit",
))  # fmt: skip
"""Tracepoints that lie inside a step."""
IN_HANDLERS = frozenset(
    (StepKind.WHO, StepKind.QUIET, StepKind.ENDED, StepKind.RECEIVED, StepKind.ECHOED)
)
"""What means something in handlers alone."""
BY_HANDLERS = IN_HANDLERS | {*OF_TRACEPOINT.values(), StepKind.ARMED, StepKind.DISARMED}
"""What a handler does, or leaves out; all before it has to happen for an interrupt to come."""
ONCE = frozenset(
    (
        StepKind.WHO,
        StepKind.QUIET,
        StepKind.ENDED,
        StepKind.ECHOED,
        StepKind.ARMED,
        StepKind.DISARMED,
    )
)
"""Several accesses one after another make one mark."""


class Mark(msgspec.Struct, frozen=True):
    """One event that means something."""

    kind: StepKind
    core: int
    course: str
    """what it is a part of: a source of interrupts, :data:`SYSCALL`, :data:`FAULTS`, or empty"""
    depth: int
    """handlers in progress on the core, this one included"""
    origin: Origin | None = None
    meaning: AccessMeaning | None = None
    exception: str = ""
    """the kind of the exception in progress"""
    numbers: tuple[int, int] = (0, 0)
    """target and value, as the trace has them"""
    line: str = ""
    facts: tuple[tuple[str, Any], ...] = ()
    """of a tracepoint"""
    text: str = ""
    """the name of a tracepoint; what a callback has printed; who has poked the line"""
    timers: tuple[ComparatorState, ...] = ()
    """where a time is reached, the device's comparators as they stood then: counters go on"""
    by_itself: bool = False
    """nothing had to be done for it"""
    seen: frozenset[StepKind] = frozenset()
    """what its handler has done so far"""
    again: bool = False
    """it is the second of its kind for one interrupt: two controllers are asked one after another
    """
    at_ns: int = 0
    """when it happened (virtual time), as the trace has it: the machine halts a little later"""
    is_turn: bool = False
    """the mark before, of the same handlers or the same stop, was about another interrupt"""

    @property
    def told(self) -> dict[str, Any]:
        """The tracepoint's facts by name."""
        return dict(self.facts)
