"""Pictures of the comparators that make interrupts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from kerneltui.hw.device import TimerDevice

if TYPE_CHECKING:
    from kerneltui.debugger.sight import Makers
    from kerneltui.machine.machine import Machine


class ComparatorView(msgspec.Struct, frozen=True):
    """One comparator of a timer device."""

    device: str
    name: str
    counter: int
    compare: int
    hz: int
    enabled: bool
    masked: bool
    met: bool
    in_ns: int | None
    counts_down: bool = False
    """to zero, from what software loads; others compare with what it has set"""
    dips_ns: int = 0
    """of one whose output is high, and interrupts as it rises: how long it is low before that"""
    zero_stands_for: int = 0
    """the count that a written zero means; 0: none"""


def comparator_views(machine: Machine, cpu: int) -> Iterator[ComparatorView]:
    """Those of all timer devices, as core ``cpu`` sees them."""
    for device in machine.devices.values():
        if isinstance(device, TimerDevice):
            for item in device.comparators(cpu):
                in_ns = None if item.due_ns is None else item.due_ns - machine.now
                yield ComparatorView(
                    device.name, item.name, item.counter, item.compare, item.hz, item.enabled,
                    item.masked, item.met, in_ns, item.counts_down, item.dips_ns,
                    item.zero_stands_for,
                )  # fmt: skip


MAKERS: Makers = {
    "comparators": lambda of: tuple(comparator_views(of.machine, of.focus)),
}
