"""ACPI tables: where the firmware says which interrupt controllers and timers there are.

Document: Advanced Configuration and Power Interface Specification 6.4, cited by section; for the
HPET table IA-PC HPET Specification 1.0a, 3.2.4.  A table that is not there is None; one that is
there and cannot be right is an error, as nothing good comes of half an interrupt map.  Only what
looks like the root pointer and does not add up is passed over: any memory may hold its signature.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from struct import Struct
from typing import Any

import msgspec
from msgspec.structs import replace

from kerneltui.kernel.arch.cpu import Cpu
from kerneltui.kernel.irq import KernelError

EBDA_SEGMENT, EBDA_SEARCHED = 0x40E, 0x400
"""Where the BIOS says which segment its extended data area is, and how much of that is searched."""
BIOS_AREA = range(0xE_0000, 0x10_0000)
BOUNDARY = 16
RSDP_SIGNATURE = int.from_bytes(b"RSD PTR ", "little")
RSDP_LENGTH, RSDP_V1_LENGTH = 36, 20
RSDP_REVISION_AT, XSDT_REVISION = 15, 2
HEADER_LENGTH = 36
LONGEST_TABLE = 0x1_0000
"""Of the tables read here none comes near; a length beyond it is a wrong length."""

PCAT_COMPAT = 1 << 0
PROCESSOR_ENABLED = 1 << 0
LOCAL_APIC, IO_APIC, INTERRUPT_SOURCE_OVERRIDE, LOCAL_APIC_ADDRESS = 0, 1, 2, 5
ACTIVE_LOW, LEVEL_TRIGGERED = 0b11, 0b11
MEMORY_SPACE, IO_SPACE = 0, 1
NO_CMOS_RTC, NO_CMOS_RTC_REVISION = 1 << 5, 5
"""Reserved in the FADTs before ACPI 5.0; the first had no such flags at all (5.2.9.3)."""
TMR_VAL_EXT = 1 << 8

_RSDP = Struct("<20xIQ4x")
_MADT = Struct("<36xII")
_LOCAL_APIC = Struct("<2xBBI")
_IO_APIC = Struct("<2xBxII")
_OVERRIDE = Struct("<3xBIH")
_LOCAL_APIC_ADDRESS = Struct("<4xQ")
_FADT = Struct("<8xB37xH8xI4xI8xI11xB16xBHxI")
_ADDRESS = Struct("<B3xQ")
X_PM1A_EVT_BLK, X_PM1A_CNT_BLK, X_PM_TMR_BLK = 148, 172, 208
_HPET = Struct("<36xIB3xQxHx")


class LocalApicEntry(msgspec.Struct, frozen=True):
    """A processor (5.2.12.2); one that is not enabled does not exist."""

    uid: int
    apic_id: int
    enabled: bool


class IoApicEntry(msgspec.Struct, frozen=True):
    """An I/O APIC (5.2.12.3); its pin 0 is global system interrupt ``gsi_base``."""

    id: int
    address: int
    gsi_base: int


class Override(msgspec.Struct, frozen=True):
    """An ISA interrupt that is not the GSI of its number, or not as on the bus (5.2.12.5)."""

    isa_irq: int
    gsi: int
    active_low: bool
    level: bool


class Madt(msgspec.Struct, frozen=True):
    """Interrupt controllers (5.2.12).  ``has_pic``: a pair of 8259s is there and must be masked."""

    local_apic_address: int
    has_pic: bool
    processors: tuple[LocalApicEntry, ...]
    io_apics: tuple[IoApicEntry, ...]
    overrides: tuple[Override, ...]


class Fadt(msgspec.Struct, frozen=True):
    """Fixed hardware (5.2.9).  A port of 0, or a century index of 0, says that there is none.

    ``sci_interrupt`` is an ISA interrupt where there are 8259s, else a GSI.
    """

    sci_interrupt: int
    pm1a_event_port: int
    pm1a_control_port: int
    pm_timer_port: int
    pm_timer_32bit: bool
    century_index: int
    has_cmos_rtc: bool


class HpetTable(msgspec.Struct, frozen=True):
    """The HPET.  ``minimum_tick_ticks``: the shortest period that loses no interrupt."""

    address: int
    comparators: int
    counter_64bit: bool
    legacy_replacement: bool
    minimum_tick_ticks: int


class AcpiTables(msgspec.Struct, frozen=True):
    """What the firmware has left.  ``rsdp`` is None where there is no ACPI at all.

    ``passed_over``: what else looked like the root pointer, in words.
    """

    rsdp: int | None = None
    madt: Madt | None = None
    fadt: Fadt | None = None
    hpet: HpetTable | None = None
    passed_over: tuple[str, ...] = ()


def find_tables(cpu: Cpu) -> AcpiTables:
    """Find the root pointer and read what it leads to (5.2.5.1).

    Raises KernelError for a table with a wrong checksum, length or signature.
    """
    passed_over: list[str] = []
    for address in _places(cpu):
        if cpu.read(address, 8) == RSDP_SIGNATURE:
            rsdp = _load_rsdp(cpu, address)
            if isinstance(rsdp, bytes):
                return replace(_read_all(cpu, address, rsdp), passed_over=tuple(passed_over))
            passed_over.append(rsdp)
    return AcpiTables(passed_over=tuple(passed_over))


def _places(cpu: Cpu) -> Iterator[int]:
    """The first KiB of the extended BIOS data area, if there is one, and the BIOS (5.2.5.1)."""
    area = cpu.read(EBDA_SEGMENT, 2) << 4
    if area:
        yield from range(area, area + EBDA_SEARCHED, BOUNDARY)
    yield from range(BIOS_AREA.start, BIOS_AREA.stop, BOUNDARY)


def _read_all(cpu: Cpu, rsdp: int, data: bytes) -> AcpiTables:
    """The first table of each kind that is known here; others are skipped."""
    found: dict[str, Any] = {}
    for address in _listed(cpu, _find_xsdt(rsdp, data)):
        signature = cpu.read(address, 8) & 0xFFFF_FFFF
        if signature in _TABLES and _TABLES[signature][0] not in found:
            name, shortest, parse = _TABLES[signature]
            data = _load_table(cpu, address, name.upper(), shortest)
            found[name] = parse(data, f"{name.upper()} at {address:#x}")
    return AcpiTables(rsdp, **found)


# -- bytes ---------------------------------------------------------------------------------------


def _load(cpu: Cpu, address: int, length: int) -> bytes:
    """Eight bytes a load, and smaller loads at the end: beyond it may be nothing."""
    data = bytearray()
    while left := length - len(data):
        size = min(8, 1 << left.bit_length() - 1)
        data += cpu.read(address + len(data), size).to_bytes(size, "little")
    return bytes(data)


def _wrong_sum(data: bytes, name: str, address: int) -> str:
    """What is wrong with the sum of a table's bytes, in words; empty when nothing is."""
    total = sum(data) & 0xFF
    if not total:
        return ""
    return (
        f"The {name} at {address:#x} has a wrong checksum: "
        f"its {len(data)} bytes add up to {total:#04x}, not to 0x00"
    )


def _load_table(cpu: Cpu, address: int, name: str, shortest: int) -> bytes:
    """A table, checked as all are that have the common header (5.2.6)."""
    length = cpu.read(address, 8) >> 32
    if not shortest <= length <= LONGEST_TABLE:
        raise KernelError(
            f"The {name} at {address:#x} has a wrong length: "
            f"{length} bytes, where {shortest} to {LONGEST_TABLE} are possible"
        )
    data = _load(cpu, address, length)
    wrong = _wrong_sum(data, name, address)
    if wrong:
        raise KernelError(wrong)
    return data


# -- RSDP and XSDT -------------------------------------------------------------------------------


def _load_rsdp(cpu: Cpu, address: int) -> bytes | str:
    """The root pointer, if its two sums are right (5.2.5.3); else what is wrong, in words."""
    data = _load(cpu, address, RSDP_V1_LENGTH)
    wrong = _wrong_sum(data, "RSDP", address)
    if wrong or data[RSDP_REVISION_AT] < XSDT_REVISION:
        return wrong or data
    data += _load(cpu, address + RSDP_V1_LENGTH, RSDP_LENGTH - RSDP_V1_LENGTH)
    length = _RSDP.unpack(data)[0]
    if not RSDP_LENGTH <= length <= LONGEST_TABLE:
        return f"The RSDP at {address:#x} has a wrong length: {length} bytes"
    data += _load(cpu, address + RSDP_LENGTH, length - RSDP_LENGTH)
    return _wrong_sum(data, "RSDP", address) or data


def _find_xsdt(address: int, data: bytes) -> int:
    """What the root pointer leads to (5.2.5.3)."""
    revision = data[RSDP_REVISION_AT]
    if revision < XSDT_REVISION:
        raise KernelError(f"The RSDP at {address:#x} is of revision {revision}: it has no XSDT")
    xsdt: int = _RSDP.unpack_from(data)[1]
    return xsdt


def _listed(cpu: Cpu, address: int) -> list[int]:
    """The addresses in the XSDT (5.2.8)."""
    signature = cpu.read(address, 8) & 0xFFFF_FFFF
    if signature != _signature(b"XSDT"):
        raise KernelError(f"The XSDT should be at {address:#x}, but its signature is not there")
    data = _load_table(cpu, address, "XSDT", HEADER_LENGTH)
    if (len(data) - HEADER_LENGTH) % 8:
        raise KernelError(
            f"The XSDT at {address:#x} has a wrong length: "
            f"{len(data)} bytes hold no whole number of entries"
        )
    return [
        int.from_bytes(data[at : at + 8], "little") for at in range(HEADER_LENGTH, len(data), 8)
    ]


def _signature(name: bytes) -> int:
    return int.from_bytes(name, "little")


# -- MADT ----------------------------------------------------------------------------------------


def _parse_madt(data: bytes, where: str) -> Madt:
    local_apic_address, flags = _MADT.unpack_from(data)
    entries: dict[int, list[Any]] = {kind: [] for kind in _ENTRIES}
    for kind, entry in _madt_entries(data, where):
        if kind in _ENTRIES:
            shortest, parse = _ENTRIES[kind]
            if len(entry) < shortest:
                raise KernelError(
                    f"The {where} has an entry of type {kind} with {len(entry)} bytes, "
                    f"which takes {shortest}"
                )
            entries[kind].append(parse(entry))
    for address in entries[LOCAL_APIC_ADDRESS]:
        local_apic_address = address
    return Madt(
        local_apic_address,
        flags & PCAT_COMPAT != 0,
        tuple(entries[LOCAL_APIC]),
        tuple(entries[IO_APIC]),
        tuple(entries[INTERRUPT_SOURCE_OVERRIDE]),
    )


def _madt_entries(data: bytes, where: str) -> Iterator[tuple[int, bytes]]:
    """Types and bytes of the entries; each says its own length, its two first bytes included."""
    at = _MADT.size
    while at < len(data):
        length = data[at + 1] if at + 1 < len(data) else 0
        if length < 2 or at + length > len(data):
            raise KernelError(
                f"The {where} has an entry of {length} bytes at offset {at}, "
                f"with {len(data) - at} bytes left"
            )
        yield data[at], data[at : at + length]
        at += length


def _parse_local_apic(entry: bytes) -> LocalApicEntry:
    uid, apic_id, flags = _LOCAL_APIC.unpack_from(entry)
    return LocalApicEntry(uid, apic_id, flags & PROCESSOR_ENABLED != 0)


def _parse_io_apic(entry: bytes) -> IoApicEntry:
    return IoApicEntry(*_IO_APIC.unpack_from(entry))


def _parse_override(entry: bytes) -> Override:
    """What conforms to the ISA bus, 00, is active high and edge triggered (5.2.12.5)."""
    isa_irq, gsi, flags = _OVERRIDE.unpack_from(entry)
    return Override(isa_irq, gsi, flags & 3 == ACTIVE_LOW, flags >> 2 & 3 == LEVEL_TRIGGERED)


def _parse_local_apic_address(entry: bytes) -> int:
    """64 bits, for all processors; the table's own field then does not count (5.2.12.8)."""
    address: int = _LOCAL_APIC_ADDRESS.unpack_from(entry)[0]
    return address


_ENTRIES: dict[int, tuple[int, Callable[[bytes], object]]] = {
    LOCAL_APIC: (_LOCAL_APIC.size, _parse_local_apic),
    IO_APIC: (_IO_APIC.size, _parse_io_apic),
    INTERRUPT_SOURCE_OVERRIDE: (_OVERRIDE.size, _parse_override),
    LOCAL_APIC_ADDRESS: (_LOCAL_APIC_ADDRESS.size, _parse_local_apic_address),
}
"""Shortest length and parser of the entries that matter here, by type; others are skipped."""


# -- FADT and HPET -------------------------------------------------------------------------------


def _parse_fadt(data: bytes, _: str) -> Fadt:
    """A timer whose length (PM_TMR_LEN) is 0 is not there, whatever its addresses say (5.2.9)."""
    (revision, sci, event, control, timer, timer_length, century, architecture, flags
     ) = _FADT.unpack_from(data)  # fmt: skip
    if revision < NO_CMOS_RTC_REVISION:
        architecture &= ~NO_CMOS_RTC
    return Fadt(
        sci_interrupt=sci,
        pm1a_event_port=_port(data, X_PM1A_EVT_BLK, event),
        pm1a_control_port=_port(data, X_PM1A_CNT_BLK, control),
        pm_timer_port=_port(data, X_PM_TMR_BLK, timer) if timer_length else 0,
        pm_timer_32bit=flags & TMR_VAL_EXT != 0,
        century_index=century,
        has_cmos_rtc=not architecture & NO_CMOS_RTC,
    )


def _port(data: bytes, at: int, old: int) -> int:
    """An extended address of a register block voids the old one, if it is there and can be used.

    That is not zero, and not in memory: the drivers here access ports (5.2.9, X_PM1a_EVT_BLK).
    """
    if len(data) < at + _ADDRESS.size:
        return old
    space, address = _ADDRESS.unpack_from(data, at)
    return address if address and space == IO_SPACE else old


def _parse_hpet(data: bytes, where: str) -> HpetTable:
    """The block's ID is what the low half of GCAP_ID shows (HPET 1.0a 3.2.4)."""
    block, space, address, minimum = _HPET.unpack_from(data)
    if space != MEMORY_SPACE:
        raise KernelError(f"The {where} puts the timers into address space {space}, not memory")
    return HpetTable(
        address=address,
        comparators=(block >> 8 & 0x1F) + 1,
        counter_64bit=block >> 13 & 1 != 0,
        legacy_replacement=block >> 15 & 1 != 0,
        minimum_tick_ticks=minimum,
    )


_TABLES: dict[int, tuple[str, int, Callable[[bytes, str], object]]] = {
    _signature(b"APIC"): ("madt", _MADT.size, _parse_madt),
    _signature(b"FACP"): ("fadt", _FADT.size, _parse_fadt),
    _signature(b"HPET"): ("hpet", _HPET.size, _parse_hpet),
}
"""Name, shortest length and parser of the tables that matter here, by signature."""
