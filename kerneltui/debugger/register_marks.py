"""What the registers hold, what they held when a step began, and what has accessed them since."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kerneltui.debugger.recorder import ALL_CORES, Touched
from kerneltui.debugger.watch import Address
from kerneltui.hw.register import Slot
from kerneltui.machine.machine import Machine

RegisterPlace = tuple[str, int, str, int]
"""Address space, address, the overlay where several registers share that, and the core that looks.
"""
Peeks = list[tuple[RegisterPlace, Callable[[int, int], int], int]]
"""Where each register lies, how to look at it, and its index."""


def _peeks(machine: Machine, cpu: int) -> Peeks:
    """How to look at every register of the devices, as a core sees them."""
    return [
        (place_of(space, base, slot, cpu), port.peek, port.index)
        for device in machine.devices.values()
        for space, base, file in machine.windows(device)
        for slot, port in ((slot, file.port(slot)) for slot in file.slots())
    ]


def place_of(space: str, base: int, slot: Slot, cpu: int) -> RegisterPlace:
    """Of a register in a block at ``base``, as core ``cpu`` sees it."""
    return space, base + slot.offset, slot.register.overlay, cpu


RegisterValues = dict[RegisterPlace, int]


class RegisterLook:
    """Looks at one machine's registers, which changes nothing."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._by_core: dict[int, Peeks] = {}

    def values(self, cpu: int) -> RegisterValues:
        """What they hold, as a core sees them."""
        peeks = self._by_core.get(cpu)
        if peeks is None:
            peeks = self._by_core[cpu] = _peeks(self.machine, cpu)
        return {place: peek(index, cpu) for place, peek, index in peeks}


class RegisterMarks:
    """What the registers hold, and which of them have changed.

    ``values`` are those of the last look, ``baseline`` those that changes are marked against.
    ``known`` is for whoever makes pictures of registers: what was made last, and from what.
    """

    def __init__(self, machine: Machine) -> None:
        self.values: RegisterValues = {}
        self.baseline: RegisterValues = {}
        self.known: dict[object, object] = {}
        self._touched: Touched = {}
        self._machine = machine
        self._look = RegisterLook(machine)
        self._owners: dict[int, dict[RegisterPlace, tuple[str, str, Slot]]] = {}

    def look(self, cpu: int) -> None:
        """Take the present values, as a core sees them."""
        self.values = self._look.values(cpu)

    def mark(self, baseline: RegisterValues, touched: Touched) -> None:
        """Tell what differs from ``baseline``, and what instructions have accessed."""
        self.baseline, self._touched = baseline, touched

    def changed(
        self, cpu: int, since: RegisterValues | None = None
    ) -> Iterator[tuple[str, str, Slot, int, int]]:
        """Which ones have: device, register window, register, what it held and what it holds now.

        Since they held ``since``, or else the baseline.  In the order of the board; not those that
        change by themselves.
        """
        owners = self._owners.get(cpu)
        if owners is None:
            owners = self._owners[cpu] = {
                place_of(space, base, slot, cpu): (device.name, file.table.name, slot)
                for device in self._machine.devices.values()
                for space, base, file in self._machine.windows(device)
                for slot in file.slots()
                if not slot.register.volatile
            }
        for place, before in (self.baseline if since is None else since).items():
            now = self.values.get(place, before)
            if now != before and place in owners:
                yield *owners[place], before, now

    def unmark(self) -> None:
        """Tell no changes."""
        self.baseline, self._touched = {}, {}

    @property
    def touched_addresses(self) -> set[Address]:
        """Where instructions have accessed anything since the present step began."""
        return {(space, address) for space, address, _ in self._touched}

    def touched(self, space: str, address: int, cpu: int) -> tuple[str, int, str] | None:
        """What a core did there since the present step began, or any where registers are shared."""
        if not self._touched:
            return None
        own = self._touched.get((space, address, cpu))
        return self._touched.get((space, address, ALL_CORES)) if own is None else own
