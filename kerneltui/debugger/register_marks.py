"""What the registers hold, what they held at the last stop, and what has accessed them since."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kerneltui.debugger.trace import ALL_CORES, Recorder
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


class RegisterMarks:
    """Looks at registers, which changes nothing, and remembers what they held.

    ``values`` are those of the last look, ``baseline`` those that changes are marked against.
    ``known`` is for whoever makes pictures of registers: what was made last, and from what.
    """

    def __init__(self, machine: Machine, recorder: Recorder) -> None:
        self.values: dict[RegisterPlace, int] = {}
        self.baseline: dict[RegisterPlace, int] = {}
        self.known: dict[object, object] = {}
        self._recorder = recorder
        self.attach(machine)

    def attach(self, machine: Machine) -> None:
        """Look at this machine from now on."""
        self._machine = machine
        self._by_core: dict[int, Peeks] = {}

    def look(self, cpu: int) -> None:
        """Take the present values, as a core sees them."""
        self.values = self._values(cpu)

    def mark(self, others: Iterable[int]) -> None:
        """From now on changes are told against the last look; of further cores, the present."""
        self.baseline = dict(self.values)
        for cpu in others:
            self.baseline.update(self._values(cpu))

    def touched(self, space: str, address: int, cpu: int) -> tuple[str, int, str] | None:
        """What a core did there since the last stop, or any where the registers are shared."""
        touched = self._recorder.touched
        own = touched.get((space, address, cpu))
        return touched.get((space, address, ALL_CORES)) if own is None else own

    def _values(self, cpu: int) -> dict[RegisterPlace, int]:
        peeks = self._by_core.get(cpu)
        if peeks is None:
            peeks = self._by_core[cpu] = _peeks(self._machine, cpu)
        return {place: peek(index, cpu) for place, peek, index in peeks}
