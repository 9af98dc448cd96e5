"""What will wake a core that sleeps, in a sentence."""

from __future__ import annotations

from kerneltui.debugger.story_facts import StoryFacts
from kerneltui.machine.core import Core
from kerneltui.units import format_duration


def what_wakes(facts: StoryFacts, core: Core, ago_ns: int = 0) -> str:
    """What ends the sleep of a core, as it was to be told ``ago_ns`` before the present."""
    timer, armed = facts.next_timer(core.index), facts.armed()
    if timer is not None and armed is not None and timer.in_ns is not None:
        return _comes(timer.in_ns + ago_ns, armed.in_ns + ago_ns, armed.name)
    kept = facts.kept_out(core.index)
    if kept is not None and kept.in_ns is not None:
        ahead = format_duration(kept.in_ns + ago_ns)
        return (f"Its timer is due in {ahead}, but its interrupt is masked: as it stands, that "
                "will not wake the core.")  # fmt: skip
    if kept is not None:
        return ("The time of its timer has come, but the interrupt is kept out: "
                "a device or another core has to wake it.")  # fmt: skip
    timer = facts.first_timer(core.index)
    if not facts.offers_look:
        if timer is not None and timer.in_ns is not None:
            return f"Its timer is due in {format_duration(timer.in_ns + ago_ns)}."
        return "A device or another core has to wake it."
    if facts.head() is None:
        if timer is not None and timer.in_ns is not None:
            comes = "runs out" if timer.counts_down else "is reached"
            return (f"No timeout is pending, but {timer.name} {comes} in "
                    f"{format_duration(timer.in_ns + ago_ns)}.")  # fmt: skip
        return "No timeout is pending: a device or another core has to wake it."
    return "No timer is armed for it: a device or another core has to wake it."


def _comes(timer_ns: int, due_ns: int, name: str) -> str:
    """In how long the timer interrupts, and the timeout that it is set for is due.

    A tick, or the farthest that a timer can count, may come before anything is due.
    """
    told = f"Its timer is due in {format_duration(timer_ns)}"
    if timer_ns >= due_ns:
        return f"{told} for '{name}'."
    ahead = format_duration(due_ns)
    return f"{told}. '{name}' is due in {ahead}, after one or more such interrupts."
