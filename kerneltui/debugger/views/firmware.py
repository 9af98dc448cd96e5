"""Pictures of what a PC's firmware has left in memory: its ACPI tables.

Document: Advanced Configuration and Power Interface Specification 6.4, cited by section; IA-PC HPET
Specification 1.0a, 3.2.4.  This reader is not the kernel's: it shows tables that a kernel refuses,
and says of each what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from struct import Struct
from typing import TYPE_CHECKING

import msgspec

from kerneltui.hw.bus import BusFault, Rom

if TYPE_CHECKING:
    from kerneltui.debugger.sight import Makers
    from kerneltui.hw.bus import AddressSpace

BIOS_AREA = range(0xE_0000, 0x10_0000, 16)
"""Where the RSDP is looked for (5.2.5.1)."""
RSDP_LENGTH, RSDP_V1_LENGTH, HEADER_LENGTH = 36, 20, 36
LONGEST_TABLE = 0x1_0000
MOST_TABLES = 64
DSDT_AT = 40
"""The one table that no list names: the FADT does (5.2.9)."""

_RSDP = Struct("<8sB6sBIIQ")
_MADT = Struct("<36xII")
_FADT = Struct("<46xH8xI4xI8xI28xBHxI")
_HPET = Struct("<36xIB3xQBH")
_POLARITY = ("polarity of its bus", "active high", "?", "active low")
_TRIGGER = ("trigger of its bus", "edge", "?", "level")


class AcpiTableView(msgspec.Struct, frozen=True):
    """One table."""

    signature: str
    """as it is in memory: ``APIC`` is the MADT"""
    title: str
    address: int
    length: int
    """in bytes, as the table says"""
    is_sound: bool
    """its length is possible and its bytes add up to zero"""
    lines: tuple[str, ...]
    """what is wrong with it, then what it says"""


def firmware_views(memory: AddressSpace) -> tuple[AcpiTableView, ...]:
    """All tables from the RSDP on, in the order in which they are listed; none without a ROM."""
    return tuple(_walk(memory))


def _walk(memory: AddressSpace) -> Iterator[AcpiTableView]:
    rsdp = _find_rsdp(memory)
    if rsdp is None:
        return
    _, _, maker, revision, _, length, xsdt = _RSDP.unpack_from(_load(memory, rsdp, RSDP_LENGTH))
    data = _load(memory, rsdp, min(max(length, RSDP_LENGTH), LONGEST_TABLE))
    told = f"made by {_text(maker)}, revision {revision}, XSDT at {xsdt:#x}"
    wrong = _wrong_sum(data[:RSDP_V1_LENGTH]) or _wrong_sum(data)
    yield AcpiTableView("RSDP", "root pointer", rsdp, length, not wrong, (*wrong, told))
    listing = _table(memory, xsdt)
    yield listing
    if listing.signature != "XSDT":
        return
    entries = _load(memory, xsdt, min(listing.length, LONGEST_TABLE))[HEADER_LENGTH:]
    for at in range(0, min(len(entries) - 7, 8 * MOST_TABLES), 8):
        yield (table := _table(memory, int.from_bytes(entries[at : at + 8], "little")))
        if table.signature == "FACP" and (dsdt := _peek(memory, table.address + DSDT_AT, 4)):
            yield _table(memory, dsdt)


def _find_rsdp(memory: AddressSpace) -> int | None:
    window = memory.window_at(BIOS_AREA.start)
    if window is None or not isinstance(window.target, Rom):
        return None
    signature = int.from_bytes(b"RSD PTR ", "little")
    return next((at for at in BIOS_AREA if _peek(memory, at, 8) == signature), None)


def _peek(memory: AddressSpace, address: int, size: int) -> int:
    """Where nothing answers there are ones, as on the bus."""
    try:
        return memory.peek(address, size)
    except BusFault:
        return (1 << 8 * size) - 1


def _load(memory: AddressSpace, address: int, length: int) -> bytes:
    return _peek(memory, address, length).to_bytes(length, "little")


def _wrong_sum(data: bytes) -> tuple[str, ...]:
    total = sum(data) & 0xFF
    return (f"wrong checksum: {len(data)} bytes add up to {total:#04x}, not 0x00",) if total else ()


def _table(memory: AddressSpace, address: int) -> AcpiTableView:
    """One table with the header that all have (5.2.6)."""
    signature = _text(_load(memory, address, 4))
    length = _peek(memory, address + 4, 4)
    title, decode = _TABLES.get(signature, ("", _decode_nothing))
    if not HEADER_LENGTH <= length <= LONGEST_TABLE:
        wrong = f"wrong length: {length} bytes; possible are {HEADER_LENGTH} to {LONGEST_TABLE}"
        return AcpiTableView(signature, title, address, length, False, (wrong,))
    data = _load(memory, address, length)
    lines = [*_wrong_sum(data)]
    is_sound = not lines
    try:
        lines += decode(data)
    except ValueError as error:
        is_sound = False
        lines.append(str(error))
    return AcpiTableView(signature, title, address, length, is_sound, tuple(lines))


def _text(data: bytes) -> str:
    """Signatures and makers are ASCII; what is not shows as a question mark."""
    text = data.rstrip(b"\0 ").decode("ascii", "replace")
    return "".join(char if char.isprintable() and char.isascii() else "?" for char in text)


# -- contents --------------------------------------------------------------------------------------


def _unpack(layout: Struct, data: bytes) -> tuple[int, ...]:
    if len(data) < layout.size:
        raise ValueError(f"too short: {layout.size} bytes are needed")
    return layout.unpack_from(data)


def _decode_nothing(data: bytes) -> list[str]:
    return [f"revision {data[8]}, {len(data) - HEADER_LENGTH} bytes behind the header"]


def _decode_xsdt(data: bytes) -> list[str]:
    """Where the others are (5.2.8)."""
    count, rest = divmod(len(data) - HEADER_LENGTH, 8)
    lines = [f"{count} tables"]
    return [*lines, f"{rest} bytes too many for whole addresses"] if rest else lines


def _decode_madt(data: bytes) -> list[str]:
    """The interrupt controllers (5.2.12)."""
    address, flags = _unpack(_MADT, data)
    pic = "a pair of 8259s too" if flags & 1 else "no 8259s"
    lines, at = [f"local APICs at {address:#x}; {pic}"], _MADT.size
    while at < len(data):
        length = data[at + 1] if at + 1 < len(data) else 0
        if length < 2 or at + length > len(data):
            return [*lines, f"broken: entry of {length} bytes, {len(data) - at} left"]
        lines.append(_entry(data[at : at + length]))
        at += length
    return lines


def _entry(entry: bytes) -> str:
    known = _ENTRIES.get(entry[0])
    if known is None:
        return f"entry of type {entry[0]}, {len(entry)} bytes"
    layout, describe = known
    return describe(*_unpack(layout, entry))


def _processor(uid: int, apic_id: int, flags: int) -> str:
    return f"core {uid}: local APIC {apic_id}{'' if flags & 1 else ', not enabled'}"


def _io_apic(ident: int, address: int, base: int) -> str:
    return f"I/O APIC {ident} at {address:#x}, GSIs from {base}"


def _override(irq: int, gsi: int, flags: int) -> str:
    return f"ISA IRQ {irq} is GSI {gsi}; {_signal(flags)}"


def _nmi(uid: int, flags: int, pin: int) -> str:
    whose = "every core" if uid == 0xFF else f"core {uid}"
    return f"NMI at LINT{pin} of {whose}; {_signal(flags)}"


def _signal(flags: int) -> str:
    """Polarity and trigger mode (table 5.27)."""
    if not flags & 0xF:
        return "polarity and trigger are those of its bus"
    polarity, trigger = _POLARITY[flags & 3], _TRIGGER[flags >> 2 & 3]
    return polarity if polarity == trigger else f"{polarity}, {trigger}"


_ENTRIES: dict[int, tuple[Struct, Callable[..., str]]] = {
    0: (Struct("<2xBBI"), _processor),
    1: (Struct("<2xBxII"), _io_apic),
    2: (Struct("<3xBIH"), _override),
    4: (Struct("<2xBHB"), _nmi),
}
"""Entries by type (5.2.12.2, .3, .5 and .7)."""


def _decode_fadt(data: bytes) -> list[str]:
    """The fixed hardware (5.2.9)."""
    sci, event, control, timer, century, architecture, flags = _unpack(_FADT, data)
    clock = "none" if architecture & 1 << 5 else "a CMOS clock"
    return [
        f"SCI is ISA interrupt {sci}",
        f"PM1 events at port {event:#x}, control at {control:#x}",
        f"PM timer of {32 if flags & 1 << 8 else 24} bits at port {timer:#x}" if timer
        else "no PM timer",
        f"RTC: {clock}" + (f", century at index {century:#x}" if century else ", no century"),
    ]  # fmt: skip


def _decode_hpet(data: bytes) -> list[str]:
    """The event timers (HPET 1.0a, 3.2.4)."""
    block, space, address, _, minimum = _unpack(_HPET, data)
    place = f"at {address:#x}" if space == 0 else f"at {address:#x} of address space {space}"
    bits = 64 if block >> 13 & 1 else 32
    legacy = "can replace PIT and RTC" if block >> 15 & 1 else "no legacy replacement"
    return [
        f"{(block >> 8 & 0x1F) + 1} timers {place}, counter of {bits} bits",
        f"{legacy}; shortest period {minimum} ticks",
    ]


_TABLES: dict[str, tuple[str, Callable[[bytes], list[str]]]] = {
    "XSDT": ("list of tables", _decode_xsdt),
    "APIC": ("MADT, interrupt controllers", _decode_madt),
    "FACP": ("FADT, fixed hardware", _decode_fadt),
    "HPET": ("event timers", _decode_hpet),
    "DSDT": ("definition block", _decode_nothing),
}


MAKERS: Makers = {
    "firmware": lambda of: firmware_views(of.machine.memory),
}
