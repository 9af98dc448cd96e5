"""Who wrote it last: the store, or the exception, that some bits of a register come from.

The scout runs a stretch of the past again, with an ear at the bits.  Stretches that did not access
any of the addresses through which they are reached are left out.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Sequence

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


def last_write(history: History, owner: str, spot: Spot, *, is_change: bool = False) -> LastWrite:
    """Who wrote the bits at ``spot`` last before the moment on show.

    ``owner`` is a device's name or ``core N``.  With ``is_change`` it is who has last made them
    what they hold; who has written that once more since is its :attr:`LastWrite.again`.  Raises
    KeyError where there is no such register, and :class:`DivergedError` where the machine does not
    do the same again.
    """
    search = find_last_write(history, owner, spot, is_change=is_change)
    while True:
        try:
            next(search)
        except StopIteration as end:
            found: LastWrite = end.value
            return found


def find_last_write(
    history: History, owner: str, spot: Spot, *, is_change: bool = False
) -> Generator[Position, None, LastWrite]:
    """As :func:`last_write`; yields how far into the past it has looked."""
    place = owner, spot
    (found,) = yield from find_last_writes(history, [place], [place] if is_change else [])
    return found


def find_last_writes(
    history: History, places: Sequence[Place], changed: Collection[Place] = ()
) -> Generator[Position, None, list[LastWrite]]:
    """As :func:`find_last_write` for each of the places, on one way into the past.

    Of the places in ``changed`` it is who has changed them.
    """
    here = history.here
    targets = [Bits(history.machine, *place) for place in places]
    missing = {number for number, target in enumerate(targets) if target.may_be_heard}
    written: dict[int, Hit] = {}
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
        for number, ear in ears.items():
            if ear.hit is not None:
                written.setdefault(number, ear.hit)
            hit = ear.change if places[number] in changed else ear.hit
            if hit is not None:
                found[number] = hit
                missing.discard(number)
        return [] if missing else [*found]

    if missing:
        yield from history.look_back(may_be_in, look)
    is_here = history.here == here
    return [
        _told(target, found.get(number), written.get(number), is_here=is_here)
        for number, target in enumerate(targets)
    ]


def _told(target: Bits, hit: Hit | None, last: Hit | None, *, is_here: bool) -> LastWrite:
    """What was found for a target; ``is_here``: its machine stands where the search began.

    ``last`` is the last write, which may have changed nothing: code that must not be interrupted
    saves what its core masks, and puts it back.
    """
    if hit is None and target.core is None:
        hit = last  # to what holds what it had out of reset: somebody has chosen that
    again = None if last is None or last is hit else last.write
    if hit is None:
        by = By.RESET if target.is_software else By.HARDWARE
        return LastWrite(by, register=target.slot.name, core=target.spot.cpu, again=again)
    after = hit.after if last is None else last.after
    can_compare = is_here and after is not None and not target.slot.register.volatile
    changed = can_compare and after != target.shown()
    if changed and not target.is_software:
        return LastWrite(By.HARDWARE, register=target.slot.name, core=target.spot.cpu)
    return msgspec.structs.replace(hit.write, changed_since=changed, again=again)
