"""The last read and the last write of a register that the trace knows of, by software or a person.

The trace does not know from which line of the kernel an access came.
"""

from __future__ import annotations

from itertools import islice

from kerneltui.debugger.bits import Bits
from kerneltui.debugger.lookup import register_of_event
from kerneltui.debugger.meaning.found import Found
from kerneltui.debugger.meaning.parts import Section
from kerneltui.debugger.meaning.stored import kept_in_words, number
from kerneltui.debugger.references import EventReference, RegisterReference
from kerneltui.debugger.session import Session
from kerneltui.debugger.trace import PERSON, RawEvent
from kerneltui.hw.register import MEMORY, NON_SECURE, Slot
from kerneltui.hw.rule import Spot
from kerneltui.machine.instructions import INSTRUCTIONS, SPACES, STORES, WRITES
from kerneltui.units import format_time

POKE = "poke"


def last_accesses(session: Session, found: Found) -> tuple[Section, RawEvent | None]:
    """The last read and the last write that the trace knows of, and the event of the write.

    A poke is a write.  Where each core has a register of its own, those of the core on show count.
    A register that has several faces (an 8259's IMR is written as OCW1) is written by each of them.
    """
    asked = _Accessed(session, found)
    events, rows = [*reversed(session.recorder.events)], {}
    written = None
    targets, others = asked.targets, asked.others
    for place, event in enumerate(events):
        if event[4] not in targets and event[3] not in others:
            continue  # most of a trace is about other places
        if event[3] not in SPACES and event[3] not in others:
            continue
        label = "last write" if asked.is_write(event) else "last read"
        if label in rows:
            continue
        said = asked.told(event) or asked.told_of_instruction(event, events, place)
        if said:
            rows[label] = said
            written = event if asked.is_write(event) else written
            if len(rows) == len(LABELS):
                break
    told = tuple((label, rows.get(label, NONE)) for label in LABELS)
    return Section("By software and by you", told), written


LABELS = "last read", "last write"
NONE = "none in the trace that is kept"


class _Accessed:
    """Which events concern a register, and what they did."""

    def __init__(self, session: Session, found: Found) -> None:
        self._session = session
        self._found = found
        register = found.slot.register
        self._core = session.focus if register.banked and found.core is None else found.core
        """whose accesses count; None: those of all"""
        self._faces = {found.slot.name: found.slot, **faces(session, found)}
        self._windows = _windows(session, found)
        self._span = register.width // 8 if found.file.table.byte_addressed else 1
        self._base = found.address - found.slot.offset
        starts = [self._base + slot.offset for slot in self._faces.values()]
        targets = {target for _, target in self._windows}
        self.targets = targets | {start + part for start in starts for part in range(self._span)}
        """no access elsewhere can concern the register"""
        self.others = frozenset({POKE, *(WRITES if found.core is not None else ())})
        """kinds of events that may concern it wherever they are"""

    def is_write(self, event: RawEvent) -> bool:
        """Whether an event writes what it concerns."""
        kind = event[3]
        return kind in STORES or kind == POKE or kind not in SPACES

    def told(self, event: RawEvent) -> str:
        """What a store, a load or a poke did; empty where that was elsewhere."""
        _, time_ns, core, kind, target, value, text = event
        if self._core not in {None, core}:
            return ""
        found = self._found
        if kind == POKE:
            return self._told_poke(event)
        space = SPACES.get(kind)
        if space is None:
            return ""
        front, _, text = text.rpartition("/")
        space = self._session.machine.met(space, target, front)
        other = NON_SECURE if found.space == MEMORY else found.space
        faces = self._faces.values() if kind in STORES else (found.slot,)
        for slot in faces:
            is_met = space in {found.space, other}
            part = target - self._base - slot.offset if is_met else -1
            if (space, target) in self._windows:
                if not text.endswith(f"({slot.name})"):
                    continue
                part = 0
            elif not 0 <= part < self._span or slot.register.overlay not in {
                "",
                _overlay(slot, text),
            }:
                continue
            where = f" to byte {part}" if part else ""
            if slot is not found.slot:
                where += f" by way of {slot.name}"
            if space != found.space:
                where += " by a non-secure access"
            said = "brought" if kind in STORES else "gave"
            return f"{said} {value:#x}{where}, at {format_time(time_ns)} s, by core {core}"
        return ""

    def _told_poke(self, event: RawEvent) -> str:
        _, time_ns, core, _, _, value, text = event
        reference = register_of_event(self._session, EventReference(event))
        found = self._found
        if reference is None or reference.name not in self._faces:
            return ""
        if reference != RegisterReference(
            found.reference.owner, found.reference.block, reference.name
        ):
            return ""
        by, _, name = text.partition(" ")
        field = name.partition(".")[2]
        face = "" if reference == found.reference else f" by way of {reference.name}"
        who = "you" if by == PERSON else "the scenario"
        kept = "" if face else kept_in_words(self._session, found, field, value)
        place = f" to {field}" if field else ""
        when = f"at {format_time(time_ns)} s"
        return f"{who} stored {number(value)}{place}{face}, {when}, as core {core}{kept}"

    def told_of_instruction(self, event: RawEvent, events: list[RawEvent], place: int) -> str:
        """Of one that writes a core's register without naming it; ``events``: the last first."""
        _, time_ns, core, kind, _, value, level = event
        found = self._found
        if found.core != core or kind not in WRITES:
            return ""
        before = next((item[3] for item in islice(events, place + 1, None)
                       if item[2] == core and item[3] in INSTRUCTIONS), "")  # fmt: skip
        for written in WRITES[kind]:
            register = written.register.replace("_EL1", f"_{level}") if level else written.register
            if register == found.slot.register.stem and written.bits(value, before):
                what = self._session.names.as_text(event)
                return f"{what}, at {format_time(time_ns)} s, by core {core}"
        return ""


def _overlay(slot: Slot, text: str) -> str:
    return slot.register.overlay if text == slot.name else ""


def faces(session: Session, found: Found) -> dict[str, Slot]:
    """The registers whose stores write its state, by name; none where only the hardware does."""
    window = found.file.table.name if found.core is None else ""
    cpu = session.focus if found.core is None else found.core
    spot = Spot(window, found.slot.key, (1 << found.slot.register.width) - 1, cpu)
    ways = Bits(session.machine, found.reference.owner, spot).ways
    return {way.slot.name: way.slot for way in ways if not way.perhaps}


def _windows(session: Session, found: Found) -> frozenset[tuple[str, int]]:
    """Where the windows are through which software reaches the register; mostly there is none."""
    device = session.machine.devices.get(found.reference.owner)
    if device is None:
        return frozenset()
    return frozenset(
        (space, base + slot.offset)
        for space, base, file in session.machine.windows(device)
        for slot in file.slots()
        if slot.register.window is not None and slot.register.window[0] == found.file.table.name
    )
