"""What a picture is about just after a person has stored to a register, or driven a wire."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kerneltui.debugger.courses import HEADINGS
from kerneltui.debugger.history import History
from kerneltui.debugger.marks import StepKind
from kerneltui.debugger.narrate import Teller
from kerneltui.debugger.references import InterruptReference
from kerneltui.debugger.sight import Story
from kerneltui.debugger.traveller import Input
from kerneltui.debugger.way import interrupts_of_line
from kerneltui.machine.machine import Machine
from kerneltui.machine.poke import WIRES, Poke

LEVELS = "low", "high"
MOST_NAMED = 3
BEHIND_WINDOW = r"\((\w+)\)$"
"""In the name of a window onto other registers: the one that is selected."""


def stores_now(history: History) -> list[Input]:
    """What a person has stored at the present moment, in order; not what was typed."""
    here = history.here
    found: list[Input] = []
    for item in reversed(history.inputs[: history.given]):
        # A store can wake a core: then the moment is one of a core that is awake.
        at = item.position
        if (at.step, at.now_ns, at.retired) != (here.step, here.now_ns, here.retired):
            break
        if isinstance(item.given, Poke):
            found.append(item)
    return found[::-1]


def in_short(stores: Sequence[Input]) -> str:
    """``you stored GICC_PMR.Priority=0xff``, ``you drove uart0.irq high``."""
    parts: list[str] = []
    verb_before = ""
    for item in stores:
        poke, is_wire = item.given, _is_wire(item)
        assert isinstance(poke, Poke)
        verb = "drove" if is_wire else "stored"
        what = f"{poke.name} {LEVELS[poke.told_value]}" if is_wire else item.written or poke.name
        parts.append(what if verb == verb_before else f"you {verb} {what}")
        verb_before = verb
    if len(parts) > MOST_NAMED:
        more = len(parts) - MOST_NAMED + 1
        parts[MOST_NAMED - 1 :] = [f"and {more} more"]
    return ", ".join(parts)


def story_of(
    machine: Machine, teller: Teller, stores: Sequence[Input], before: Story | None, focus: int
) -> Story:
    """In place of what was told last: the stores, and what comes of them.

    ``before`` is what was told last, and ``focus`` the core on show.
    """
    taking = teller.taking(focus)
    core = focus if before is None else before.core
    subject, interrupt, asks = "", None, ""
    if before is not None:
        subject, interrupt = before.subject, before.interrupt
    wired = _interrupt_of_wire(machine, stores[-1], core)
    if taking is not None:
        core, origin = taking
        asks = f" The interrupt input of core {core} is high."
        if origin is not None:
            subject = f"{HEADINGS[origin.source]}, {origin.label}"
            interrupt = InterruptReference(origin.controller, origin.numbering, origin.number)
    elif wired is not None:
        subject, interrupt = "", wired
    heading = "A WIRE DRIVEN BY YOU" if _is_wire(stores[-1]) else "A STORE BY YOU"
    return Story(
        StepKind.ASLEEP,
        core,
        heading,
        f"Y{in_short(stores)[1:]}, and no time has passed since.{asks}",
        teller.following(core),
        interrupt=interrupt,
        subject=subject,
        stored=tuple(dict.fromkeys(map(_register_of, stores))),
    )


def _register_of(item: Input) -> str:
    """The name of the register that a store went to, or of the wire; behind a window, of that."""
    poke = item.given
    assert isinstance(poke, Poke)
    if poke.space == WIRES:
        return poke.name
    name = poke.name or item.written.partition("=")[0]
    behind = re.search(BEHIND_WINDOW, name)
    return behind[1] if behind else name.rpartition("/")[2].partition(".")[0]


def _is_wire(item: Input) -> bool:
    return isinstance(item.given, Poke) and item.given.space == WIRES


def _interrupt_of_wire(machine: Machine, item: Input, core: int) -> InterruptReference | None:
    """The one that a wire brings."""
    if not _is_wire(item):
        return None
    assert isinstance(item.given, Poke)
    for name, number in interrupts_of_line(machine, item.given.name, core):
        return InterruptReference(name, machine.controllers[name].NUMBERING, number)
    return None
