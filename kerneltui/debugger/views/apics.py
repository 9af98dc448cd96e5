"""Pictures of chips that have a panel, or a place in one: they make their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec
from msgspec.structs import replace

from kerneltui.devices.x86.i8259_view import PicView
from kerneltui.devices.x86.io_apic_view import IoApicView
from kerneltui.devices.x86.local_apic_view import LocalApicView

if TYPE_CHECKING:
    from kerneltui.debugger.sight import Makers
    from kerneltui.machine.machine import Machine

P = TypeVar("P", bound=msgspec.Struct)


def pictures(machine: Machine, kind: type[P]) -> tuple[P, ...]:
    """Those of one kind, in the board's order."""
    return tuple(
        picture
        for device in machine.devices.values()
        if kind in device.PICTURES
        for picture in device.pictures()
        if isinstance(picture, kind)
    )


def io_apics(machine: Machine) -> tuple[IoApicView, ...]:
    """Those of the I/O APICs, with the wires to their pins."""
    wires: dict[str, list[str]] = {}
    for line, targets in machine.wiring.items():
        for target in targets:
            wires.setdefault(target, []).append(line)
    return tuple(_wired(chip, wires) for chip in pictures(machine, IoApicView))


def _wired(chip: IoApicView, wires: dict[str, list[str]]) -> IoApicView:
    entries = (
        replace(entry, source=", ".join(wires.get(f"{chip.name} {entry.source}", [])))
        for entry in chip.entries
    )
    return replace(chip, entries=tuple(entries))


MAKERS: Makers = {
    "local_apics": lambda of: pictures(of.machine, LocalApicView),
    "io_apics": lambda of: io_apics(of.machine),
    "pics": lambda of: pictures(of.machine, PicView),
}
