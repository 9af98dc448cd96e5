"""Who wrote it last: the store, or the exception, that some bits of a register come from.

The scout runs a stretch of the past again, with an ear at the bits.  Stretches that did not access
any of the addresses through which they are reached are left out.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

import msgspec

from kerneltui.debugger.bits import Bits
from kerneltui.debugger.ear import By, Ear, Hit, LastWrite, listening_all
from kerneltui.debugger.history import History
from kerneltui.debugger.traveller import Traveller
from kerneltui.debugger.watch import Address
from kerneltui.hw.rule import Spot
from kerneltui.machine.position import Position

Place = tuple[str, Spot]
"""Whose the bits are (a device's name or ``core N``), and which."""


def last_write(history: History, owner: str, spot: Spot) -> LastWrite:
    """Who wrote the bits at ``spot`` last before the moment on show.

    ``owner`` is a device's name or ``core N``.  Raises KeyError where there is no such register,
    and :class:`DivergedError` where the machine does not do the same again.
    """
    search = find_last_write(history, owner, spot)
    while True:
        try:
            next(search)
        except StopIteration as end:
            found: LastWrite = end.value
            return found


def find_last_write(
    history: History, owner: str, spot: Spot
) -> Generator[Position, None, LastWrite]:
    """As :func:`last_write`; yields how far into the past it has looked."""
    (found,) = yield from find_last_writes(history, [(owner, spot)])
    return found


def find_last_writes(
    history: History, places: Sequence[Place]
) -> Generator[Position, None, list[LastWrite]]:
    """As :func:`find_last_write` for each of the places, on one way into the past."""
    here = history.here
    targets = [Bits(history.machine, *place) for place in places]
    missing = {number for number, target in enumerate(targets) if target.may_be_heard}
    found: dict[int, Hit] = {}

    def may_be_in(accessed: frozenset[Address] | None) -> bool:
        return any(targets[number].may_be_written(accessed) for number in missing)

    def look(scout: Traveller, until: Position) -> list[int]:
        """Answers nothing as long as one is missing."""
        machine = scout.machine
        ears = {number: Ear(Bits(machine, *places[number])) for number in sorted(missing)}
        with listening_all(machine, ears.values()):
            scout.run(to=until)
            if until == here:
                scout.settle()  # what was given at this very moment has happened
        heard = {number: ear.hit for number, ear in ears.items() if ear.hit is not None}
        found.update(heard)
        missing.difference_update(heard)
        return [] if missing else [*found]

    if missing:
        yield from history.look_back(may_be_in, look)
    is_here = history.here == here
    return [
        _told(target, found.get(number), is_here=is_here) for number, target in enumerate(targets)
    ]


def _told(target: Bits, hit: Hit | None, *, is_here: bool) -> LastWrite:
    """What was found for a target; ``is_here``: its machine stands where the search began."""
    if hit is None:
        by = By.RESET if target.is_software else By.HARDWARE
        return LastWrite(by, register=target.slot.name, core=target.spot.cpu)
    write, after = hit
    can_compare = is_here and after is not None and not target.slot.register.volatile
    changed = can_compare and after != target.shown()
    if changed and not target.is_software:
        return LastWrite(By.HARDWARE, register=target.slot.name, core=target.spot.cpu)
    return msgspec.structs.replace(write, changed_since=changed)
