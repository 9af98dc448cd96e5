"""Interrupts that do not come, besides the one that is asked about.

Only those of which the alarm and the verdict both say so: what software keeps out for a moment, or
has switched off, is no fault.
"""

from __future__ import annotations

from collections.abc import Iterator

from kerneltui.debugger.naming import interrupt_numbered, timer_interrupt
from kerneltui.debugger.numbering import interrupt_label
from kerneltui.debugger.references import InterruptReference
from kerneltui.debugger.session import Session
from kerneltui.debugger.troubles import is_handling, trouble_of
from kerneltui.debugger.verdict import TROUBLE, Explanation, Verdict
from kerneltui.debugger.why import why
from kerneltui.errors import UserError
from kerneltui.machine.core import CoreState

VECTORS = "vector"
"""The numbering of what lies behind other controllers on a PC."""


def troubled(session: Session, cpu: int) -> Iterator[tuple[InterruptReference, Explanation]]:
    """Of the interrupts that have a handler on a core, those that do not come as they should.

    Each way is told once.  One that passes several controllers has a number at each, and may have a
    handler by each; that at the first is the one by which people know it.
    """
    told: set[tuple[str, ...]] = set()
    handlers = session.inspector.irq_handlers(cpu)
    for handler in sorted(handlers, key=lambda item: item.irq.domain == VECTORS):
        try:
            found = interrupt_numbered(session.machine, handler.irq.domain, handler.irq.number)
        except UserError:
            continue  # the kernel is for another board
        verdict = why(session, found, cpu)
        if verdict is None or verdict.verdict not in TROUBLE:
            continue
        way = tuple(f"{station.owner} {station.title}" for station in verdict.way.stations)
        if way not in told:
            told.add(way)
            yield found, verdict


def kept_out_besides(session: Session, told: Explanation, cpu: int) -> list[InterruptReference]:
    """Others that do not come on any core, where the one that is asked about is well.

    Not while a handler runs: what waits for its end, or is quiet meanwhile, comes later.
    """
    if told.verdict in TROUBLE or is_handling(session.machine):
        return []
    machine, inspector = session.machine, session.inspector
    others = [
        core.index
        for core in machine.cores
        if core.state is not CoreState.OFF and core.index != cpu
    ]
    asked = {station.interrupt for station in told.way.stations}
    timers = timer_interrupt(machine, inspector)
    return [
        reference
        for reference, found in troubled(session, cpu)
        if (reference.controller, reference.number) not in asked
        and trouble_of(
            machine, session.recorder, inspector, found.way, cpu, is_timers=reference == timers
        )
        and not any(_comes(session, reference, core) for core in others)
    ]


def _comes(session: Session, reference: InterruptReference, cpu: int) -> bool:
    """Whether it is well on another core, which may be the one that it goes to."""
    found = why(session, reference, cpu)
    return found is not None and found.verdict not in TROUBLE | {Verdict.UNUSED}


def in_words(kept_out: list[InterruptReference]) -> str:
    """``Another interrupt does not come: gsi 30``; empty where there is none."""
    if not kept_out:
        return ""
    names = ", ".join(interrupt_label(item.numbering, item.number) for item in kept_out)
    if len(kept_out) == 1:
        return f"Another interrupt does not come: {names}"
    return f"Other interrupts do not come: {names}"
