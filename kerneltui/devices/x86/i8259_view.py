"""A picture of a pair of 8259s: what a panel of its own shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from kerneltui.hw.by_name import peek
from kerneltui.hw.register_file import RegisterFile


class PicView(msgspec.Struct, frozen=True):
    """One of the pair of 8259s; bit 0 of all registers is its IR0."""

    name: str
    irr: int
    imr: int
    isr: int
    level: int
    """inputs that the ELCR makes level triggered"""
    base: int
    """vector of IR0"""


def pic_views(files: Mapping[str, RegisterFile]) -> Iterator[PicView]:
    """Master, then slave."""
    for number, name in enumerate(("master", "slave"), 1):
        file = files[f"I8259_{name.upper()}"]
        irr, imr, isr = (peek(file, stem) for stem in ("IRR", "IMR", "ISR"))
        level = peek(files["ELCR"], f"ELCR{number}")
        yield PicView(name, irr, imr, isr, level, peek(file, "ICW2") & 0xF8)
