"""A picture of a real-time clock: what a panel of its own shows."""

from __future__ import annotations

import msgspec

from kerneltui.hw.by_name import fields, peek
from kerneltui.hw.register_file import RegisterFile


class RtcView(msgspec.Struct, frozen=True):
    """A real-time clock."""

    date: str
    """its bytes as ``2026-01-01 12:00:03``; no digit is checked"""
    raw: tuple[int, ...]
    """seconds, minutes, hours, day of the week, date, month, year, century"""
    is_bcd: bool
    is_24h: bool
    updating: bool
    """UIP: the bytes may change while they are read"""
    held: bool
    """SET: the bytes do not move"""


def rtc_view(file: RegisterFile) -> RtcView:
    """The clock, from its registers."""
    # A board without one has no need of these.
    from kerneltui.devices.x86.mc146818_calendar import TIME, hour_of, to_number

    raw = tuple(peek(file, name) for name in TIME)
    mode = peek(file, "REGISTER_B")
    found = fields(file.table["REGISTER_B"], mode)
    second, minute, _, _, day, month, year, century = (to_number(byte, mode) for byte in raw)
    date = f"{century:02}{year:02}-{month:02}-{day:02}"
    return RtcView(
        date=f"{date} {hour_of(raw[2], mode):02}:{minute:02}:{second:02}",
        raw=raw,
        is_bcd=not found["DM"],
        is_24h=found["H24"] != 0,
        updating=fields(file.table["REGISTER_A"], peek(file, "REGISTER_A"))["UIP"] != 0,
        held=found["SET"] != 0,
    )
