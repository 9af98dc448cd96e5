"""A picture of an I/O APIC: what a panel of its own shows."""

from __future__ import annotations

import msgspec

from kerneltui.hw.by_name import fields, meaning, peek
from kerneltui.hw.device import InterruptState
from kerneltui.hw.register_file import RegisterFile


class RedirectionView(msgspec.Struct, frozen=True):
    """One entry of a redirection table, and the pin that it is for."""

    gsi: int
    vector: int
    mode: str
    destination: int
    logical: bool
    active_low: bool
    level: bool
    masked: bool
    remote_irr: bool
    line: bool
    """the pin is active"""
    source: str
    """the input as a board file names it; a debugger tells the wires that lead there instead"""
    at_reset: bool


class IoApicView(msgspec.Struct, frozen=True):
    """One I/O APIC."""

    name: str
    ident: int
    gsi_base: int
    entries: tuple[RedirectionView, ...]


def io_apic_view(name: str, file: RegisterFile, states: list[InterruptState]) -> IoApicView:
    """The chip with all of its entries; ``states`` are those of its pins."""
    entries = tuple(_redirection(file, pin, state) for pin, state in enumerate(states))
    return IoApicView(name, peek(file, "IOAPICID") >> 24, states[0].number, entries)


def _redirection(file: RegisterFile, pin: int, state: InterruptState) -> RedirectionView:
    register = file.table["IOREDTBL_LOW"]
    low = peek(file, "IOREDTBL_LOW", index=pin)
    destination = peek(file, "IOREDTBL_HIGH", index=pin) >> 24
    found = fields(register, low)
    return RedirectionView(
        gsi=state.number,
        vector=found["INTVEC"],
        mode=meaning(register, "DELMOD", found["DELMOD"]),
        destination=destination,
        logical=found["DESTMOD"] != 0,
        active_low=found["INTPOL"] != 0,
        level=found["TRIGGER"] != 0,
        masked=found["MASK"] != 0,
        remote_irr=found["REMOTE_IRR"] != 0,
        line=bool(state.line),
        source=state.pin,
        at_reset=low == register.reset and not destination,
    )
