"""What differs between two moments of a machine, as people read it: ``old -> new``.

It depends on the two moments alone.  Exchanging them exchanges old and new, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

import msgspec

from kerneltui.debugger.console_text import as_lines
from kerneltui.debugger.moment import (
    THINGS,
    HeldRegister,
    Moment,
    Place,
    Sent,
    Thing,
)
from kerneltui.debugger.references import ConsoleReference, Reference, RegisterReference
from kerneltui.debugger.views.registers import digits, field_views
from kerneltui.units import format_duration, format_time

REGISTERS, CONSOLE = "Registers", "Console"
GROUPS = (REGISTERS, *THINGS, CONSOLE)
"""What may differ, in the order in which it is told."""
NONE = "(none)"
"""Stands for what is not there."""
SIGN = 1 << 63

T = TypeVar("T")


class ChangedFact(msgspec.Struct, frozen=True):
    """A field of a register, or another fact about something, which is not the same."""

    name: str
    old: str
    new: str


class DifferentThing(msgspec.Struct, frozen=True):
    """Something that is not the same, or only there at one of the moments."""

    reference: Reference | None
    """None where nothing more is to be shown of it"""
    label: str
    old: str
    """a register's value; what came and went as a whole; empty where only facts of it changed"""
    new: str
    facts: tuple[ChangedFact, ...] = ()
    core: int | None = None
    """of a register of which each core has a copy: whose that is"""


class DifferenceGroup(msgspec.Struct, frozen=True):
    """What differs of one kind; of registers, in one block."""

    name: str
    """one of :data:`GROUPS`"""
    title: str
    things: tuple[DifferentThing, ...]


class When(msgspec.Struct, frozen=True):
    """One of the two moments."""

    t_ns: int
    instruction: int
    """of the core on show, as the trace counts, and as the key ``g`` takes it"""

    def __str__(self) -> str:
        return f"{format_time(self.t_ns)} s, #{self.instruction}"


class MomentDifference(msgspec.Struct, frozen=True):
    """All that differs."""

    old: When
    new: When
    groups: tuple[DifferenceGroup, ...]
    counters: tuple[str, ...]
    """what counts by itself and stands elsewhere now: ``CLO of system-timer``"""

    @property
    def passed(self) -> str:
        """What time has done in between."""
        passed = abs(self.new.t_ns - self.old.t_ns)
        time = f"Time passed: {format_duration(passed)}" if passed else "No time passed"
        if not self.counters:
            return f"{time}."
        return f"{time}; counters went on: {', '.join(self.counters)}."


def difference(old: Moment, new: Moment) -> MomentDifference:
    """Compare two moments of one machine; usually ``old`` is the earlier one."""
    groups = [
        *_register_groups(old, new),
        *(_group_of_things(name, old, new) for name in THINGS),
        DifferenceGroup(CONSOLE, CONSOLE, tuple(_console(old.sent, new.sent))),
    ]
    return MomentDifference(
        When(old.here.now_ns, old.here.retired), When(new.here.now_ns, new.here.retired),
        tuple(group for group in groups if group.things), tuple(_counters(old, new)),
    )  # fmt: skip


def _pairs(old: Mapping[Place, T], new: Mapping[Place, T]) -> Iterator[tuple[T | None, T | None]]:
    """What there is at one of the moments at least, in order."""
    for place in sorted(old.keys() | new.keys()):
        yield old.get(place), new.get(place)


# -- registers -------------------------------------------------------------------------------------


def _counts(held: HeldRegister, changed: int) -> bool:
    """Whether bits that changed count by themselves; flags beside a count do not."""
    register = held.slot.register if held.slot is not None else None
    if register is None or not register.volatile:
        return False
    return not any(field.width == 1 and field.mask & changed for field in register.fields)


def _changed(
    old: Moment, new: Moment, *, counters: bool
) -> Iterator[tuple[HeldRegister, int | None, int | None]]:
    """Registers that hold other values, and these: of counters, or of all others."""
    for before, after in _pairs(old.registers, new.registers):
        held = before or after
        assert held is not None
        value = None if before is None else before.value
        other = None if after is None else after.value
        if value != other and _counts(held, (value or 0) ^ (other or 0)) is counters:
            yield held, value, other


def _counters(old: Moment, new: Moment) -> Iterator[str]:
    seen: dict[str, None] = {}
    for held, _, _ in _changed(old, new, counters=True):
        seen[str(held.reference)] = None
    yield from seen


def _register_groups(old: Moment, new: Moment) -> Iterator[DifferenceGroup]:
    """A group for each block, and for each core's copies; two faces of one state are told once."""
    groups: dict[tuple[str, str, int | None], list[DifferentThing]] = {}
    told: dict[tuple[RegisterReference, int | None], tuple[int | None, int | None]] = {}
    for held, before, after in _changed(old, new, counters=False):
        reference = held.reference
        first = RegisterReference(reference.owner, reference.block, held.face_of)
        if held.face_of and told.get((first, held.core)) == (before, after):
            continue
        told[reference, held.core] = before, after
        key = reference.owner, reference.block, held.core
        groups.setdefault(key, []).append(_register(held, before, after))
    for (owner, block, core), things in groups.items():
        where = f"{owner}, {block}" if block else owner
        whose = "" if core is None else f", core {core}"
        yield DifferenceGroup(REGISTERS, f"{REGISTERS} of {where}{whose}", tuple(things))


def _register(held: HeldRegister, before: int | None, after: int | None) -> DifferentThing:
    old, new = _value(held, before), _value(held, after)
    facts = () if None in {before, after} else tuple(_fields(held, before or 0, after or 0))
    return DifferentThing(held.reference, held.reference.name, old, new, facts, held.core)


def _value(held: HeldRegister, value: int | None) -> str:
    """As the panels have it: of general registers, errors are small negative numbers."""
    if value is None:
        return NONE
    if held.slot is None:
        return f"{value - 2 * SIGN}" if value & SIGN else f"{value:#x}"
    return digits(held.slot.register.width, value)


def _fields(held: HeldRegister, before: int, after: int) -> Iterator[ChangedFact]:
    """Not that which is the whole of its register, and a number."""
    slot = held.slot
    if slot is None:
        return
    fields = slot.register.fields
    first = fields[0] if len(fields) == 1 else None
    if first is not None and first.width == slot.register.width and first.irq is None:
        return
    found = (field_views(slot, value, held.numbering) for value in (before, after))
    for old, new in zip(*found, strict=True):
        if old.value != new.value:
            yield ChangedFact(old.name, old.text, new.text)


# -- things ----------------------------------------------------------------------------------------


def _group_of_things(name: str, old: Moment, new: Moment) -> DifferenceGroup:
    cores = old.started | new.started
    pairs = _pairs(old.things[name], new.things[name])
    things = (_thing(before, after, cores) for before, after in pairs)
    return DifferenceGroup(name, name, tuple(item for item in things if item is not None))


def _thing(
    before: Thing | None, after: Thing | None, cores: frozenset[int]
) -> DifferentThing | None:
    """None where nothing differs, or only for a core that is off at both moments."""
    there = before or after
    assert there is not None
    if before is None or after is None:
        old = NONE if before is None else _whole(before)
        new = NONE if after is None else _whole(after)
        return DifferentThing(there.reference, there.label, old, new)
    facts = tuple(_facts(before, after, cores))
    if not facts:
        return None
    if len(facts) == 1 and not facts[0].name:
        return DifferentThing(there.reference, there.label, facts[0].old, facts[0].new)
    return DifferentThing(there.reference, there.label, "", "", facts)


def _whole(thing: Thing) -> str:
    return ", ".join(f"{name} {said}".strip() for (name, _), said in thing.facts.items() if said)


def _facts(before: Thing, after: Thing, cores: frozenset[int]) -> Iterator[ChangedFact]:
    """What differs in the same way for all cores that have it is told once."""
    found: dict[str, dict[int | None, tuple[str, str]]] = {}
    for (name, core), old in before.facts.items():
        new = after.facts[name, core]
        if (old or new) and (core is None or core in cores):
            found.setdefault(name, {})[core] = old or NONE, new or NONE
    for name, pairs in found.items():
        differing = {core: pair for core, pair in pairs.items() if pair[0] != pair[1]}
        if len(differing) == len(pairs) and len(set(differing.values())) == 1:
            yield ChangedFact(name, *next(iter(differing.values())))
        else:
            for core, pair in differing.items():
                yield ChangedFact(f"{name} on core {core}", *pair)


# -- the console -----------------------------------------------------------------------------------


def _console(old: Sent, new: Sent) -> Iterator[DifferentThing]:
    """The lines printed between, and before them the one that was under way."""
    if old.total > new.total:
        for thing in _console(new, old):
            yield msgspec.structs.replace(thing, old=thing.new, new=thing.old)
        return
    last = len(as_lines(new.data))
    sent = new.total - old.total
    if sent > len(new.data):
        gone = sent - len(new.data)
        yield DifferentThing(None, "before", NONE, f"{gone} characters that are not kept")
        begun, text = b"", new.data
    else:
        begun = old.data[old.data.rfind(b"\n") + 1 :]
        text = new.data[len(new.data) - sent :]
    was = as_lines(begun)[0]
    lines = as_lines(begun + text)
    first, ends = last - len(lines) + 1, lines[-1] == ""
    for number, line in enumerate(lines[:-1] if ends else lines, first):
        before = was if number == first else ""
        if line != before or not line:
            yield DifferentThing(ConsoleReference(number), f"line {number}", before or NONE, line)
