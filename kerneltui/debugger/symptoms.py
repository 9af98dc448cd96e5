"""What only time shows of an interrupt: a storm, a timer that is set for the wrong time."""

from __future__ import annotations

from collections.abc import Collection

from kerneltui.debugger.recorder import EVENTS_BEHIND, Recorder
from kerneltui.debugger.session import Session
from kerneltui.hw.device import ComparatorState
from kerneltui.machine.instructions import EXTERNAL
from kerneltui.units import format_duration

STORM = 8
"""So many interrupts in a row, while the line that brings them stays up, are one."""
TOLERATED = 8
"""A timer may be late by one part in so many of what lies ahead."""
CLOSE_NS = 1_000_000
"""So late is no mistake, however near the time is."""
STORM_NS = 200_000
"""Interrupts that are farther apart on average are ticks."""


def is_storm(recorder: Recorder, core: int, wires: Collection[str]) -> bool:
    """Whether a core takes one interrupt after the other while one of the wires stays up."""
    taken = 0
    for _, _, cpu, kind, _, value, text in reversed(recorder.last(EVENTS_BEHIND)):
        if kind == "line" and not value and text in wires:
            return False
        if cpu == core and kind in EXTERNAL:
            taken += 1
            if taken >= STORM:
                return True
    return False


def taken_since_rise(recorder: Recorder, wire: str) -> bool:
    """Whether some core has taken an interrupt since a wire rose last, as far as is known."""
    for _, _, _, kind, _, value, text in reversed(recorder.last(EVENTS_BEHIND)):
        if kind in EXTERNAL:
            return True
        if kind == "line" and value and text == wire:
            return False
    return False


def without_callback(recorder: Recorder, core: int) -> tuple[int, int] | None:
    """Interrupts that a core has taken since the last timeout was called, and in how long (ns).

    None where they are few, or far apart.
    """
    times: list[int] = []
    for _, time_ns, cpu, kind, _, _, text in reversed(recorder.last(EVENTS_BEHIND)):
        if kind == "tracepoint" and text.startswith("timer_callback"):
            break
        if cpu == core and kind in EXTERNAL:
            times.append(time_ns)
    if len(times) < STORM:
        return None
    span = times[0] - times[-1]
    return (len(times), span) if span < STORM_NS * len(times) else None


def wrong_due(
    session: Session, due_ns: int, comparator: ComparatorState | None
) -> tuple[str, str] | None:
    """What is wrong with the time that the timer is set for, and what to look at.

    ``due_ns`` is when it interrupts; the timeout that it is armed for says when it should.
    """
    inspector, now = session.inspector, session.machine.now
    armed = inspector.armed_timeout()
    wanted = next((item for item in inspector.timeouts() if item.ident == armed), None)
    if wanted is None:
        return None
    ahead, asked = due_ns - now, wanted.due_ns - now
    # Early is no mistake: a tick comes before anything is due, and so does the end of a range.
    if ahead - asked <= max(abs(asked) // TOLERATED, CLOSE_NS):
        return None
    due = f"in {format_duration(asked)}" if asked > 0 else f"{format_duration(-asked)} ago"
    told = f"the timer fires in {format_duration(ahead)}, but '{wanted.name}' is due {due}"
    whole_ns = None if comparator is None else comparator.whole_ns
    meant_ns = asked if whole_ns is None else wanted.due_ns - (due_ns - whole_ns)
    if meant_ns > 0:
        divider = "" if comparator is None else comparator.divider
        times = (ahead if whole_ns is None else whole_ns) / meant_ns
        return (
            f"{told}: {times:.3g} times as far"
            if whole_ns is None
            else f"{told}; its count takes {times:.3g} times as long as the timeout has to wait",
            f"Look at what divides the timer's clock ({divider}), and at the rate that the kernel "
            "reckons with."
            if divider
            else "Look at the rate that the kernel reckons with, and how it turns time to counts.",
        )
    if comparator is None or comparator.counts_down:
        return told, "Look at how the kernel computes what it writes to the timer."
    if comparator.compare < comparator.counter:
        missed = "the compare value had been passed when it was written"
        return (
            f"{told}; {missed}, so the timer waits for its counter to come round",
            "Compare with the counter after writing; where it has passed, interrupt at once.",
        )
    return told, "Look at how the kernel computes what it writes to the timer."
