"""The ACPI tables that the firmware of a PC leaves in memory: the only news of the machine.

Documents: Advanced Configuration and Power Interface Specification 6.4, cited by section; IA-PC
HPET Specification 1.0a, 3.2.4.  Made are RSDP, XSDT, MADT, FADT with an empty DSDT, and HPET.
There is no FACS, as nothing here sleeps, and no RSDT, which is for systems before ACPI 2.0.
"""

from __future__ import annotations

from collections.abc import Collection
from struct import pack
from typing import Literal

import msgspec

OEM_ID, OEM_TABLE_ID, CREATOR_ID = b"KRNLTU", b"KERNELTU", b"KRNL"
OEM_REVISION = CREATOR_REVISION = 1

BIOS_AREA = range(0xE_0000, 0x10_0000)
"""Where an operating system looks for the RSDP (5.2.5.1), on boundaries of 16 bytes."""
BOUNDARY = 16

HEADER_LENGTH, CHECKSUM_AT = 36, 9
RSDP_LENGTH, RSDP_V1_LENGTH, RSDP_CHECKSUM_AT, RSDP_EXTENDED_CHECKSUM_AT = 36, 20, 8, 32
FADT_LENGTH = 276

MEMORY_SPACE, IO_SPACE = 0, 1
WORD_ACCESS, DWORD_ACCESS = 2, 3
ALL_PROCESSORS = 0xFF
POLARITY = {"bus": 0b00, "high": 0b01, "low": 0b11}
TRIGGER = {"bus": 0b00, "edge": 0b01, "level": 0b11}

DESKTOP = 1
WBINVD, PROC_C1, TMR_VAL_EXT = 1 << 0, 1 << 2, 1 << 8
LEGACY_DEVICES, HAS_8042, NO_VGA, NO_CMOS_RTC = 1 << 0, 1 << 1, 1 << 2, 1 << 5
NO_C2_US, NO_C3_US = 101, 1001
"""Latencies above 100 and 1000 us say that there is no such state (5.2.9)."""

HPET_VENDOR_INTEL, HPET_REVISION = 0x8086, 1


class Processor(msgspec.Struct, frozen=True):
    """A core and its local APIC; both numbers 0 to 254."""

    uid: int
    apic_id: int
    enabled: bool = True


class IoApicContent(msgspec.Struct, frozen=True):
    """An I/O APIC; ``gsi_base`` is the global system interrupt at its pin 0."""

    id: int
    address: int
    gsi_base: int


class OverrideContent(msgspec.Struct, frozen=True):
    """An ISA interrupt that is not the GSI of its number, edge triggered and active high.

    ``bus`` leaves polarity or trigger as on the ISA bus.
    """

    isa_irq: int
    gsi: int
    polarity: Literal["bus", "high", "low"] = "bus"
    trigger: Literal["bus", "edge", "level"] = "bus"


class MadtContent(msgspec.Struct, frozen=True):
    """Interrupt controllers.  ``nmi_lint``: the local pin (0, 1) of every core that NMI is at.

    ``has_pic``: there is a pair of 8259s too, which is to be masked before APICs are used.
    """

    local_apic_address: int
    processors: tuple[Processor, ...]
    io_apics: tuple[IoApicContent, ...]
    overrides: tuple[OverrideContent, ...] = ()
    nmi_lint: int | None = 1
    has_pic: bool = True


class FadtContent(msgspec.Struct, frozen=True):
    """Fixed hardware.  Ports of 0, and a century index of 0, say that there is none.

    ``sci_interrupt``: the ISA interrupt that the SCI is, or where there is no 8259 its GSI.
    ``century_index``: where in CMOS memory the RTC keeps the century.
    """

    sci_interrupt: int
    pm1a_event_port: int
    pm1a_control_port: int
    pm_timer_port: int
    pm_timer_32bit: bool = True
    century_index: int = 0
    has_legacy_devices: bool = True
    has_8042: bool = False
    has_vga: bool = False
    has_cmos_rtc: bool = True


class HpetContent(msgspec.Struct, frozen=True):
    """The HPET.  ``minimum_tick_ticks``: the shortest period that loses no interrupt."""

    address: int
    minimum_tick_ticks: int
    comparators: int = 3
    counter_64bit: bool = True
    legacy_replacement: bool = True


class Firmware(msgspec.Struct, frozen=True):
    """What there is to tell; a table that is None is left out."""

    madt: MadtContent | None = None
    fadt: FadtContent | None = None
    hpet: HpetContent | None = None


def build(firmware: Firmware, base: int, bad_checksums: Collection[str] = ()) -> bytes:
    """The tables as they lie in memory from ``base`` on, where the RSDP is.

    ``bad_checksums`` names tables by signature (the RSDP as ``RSDP``) whose checksum is to be off
    by one, to see a kernel refuse them.  Raises ValueError for a base where nobody finds the RSDP,
    and for a signature in ``bad_checksums`` that no table has.
    """
    if base not in BIOS_AREA or base % BOUNDARY:
        raise ValueError(
            f"the RSDP must be at a multiple of {BOUNDARY} from {BIOS_AREA.start:#x} "
            f"to {BIOS_AREA.stop - 1:#x}, not at {base:#x}"
        )
    image = _Image(base, bad_checksums)
    image.reserve(RSDP_LENGTH)
    listed: list[int] = []
    if firmware.fadt is not None:
        dsdt = image.add("DSDT", 2, b"")
        listed.append(image.add("FACP", 6, _fadt(firmware.fadt, dsdt)))
    if firmware.madt is not None:
        listed.append(image.add("APIC", 5, _madt(firmware.madt)))
    if firmware.hpet is not None:
        listed.append(image.add("HPET", 1, _hpet(firmware.hpet)))
    xsdt = image.add("XSDT", 1, pack(f"<{len(listed)}Q", *listed))
    image.fill_rsdp(xsdt)
    if image.to_break:
        raise ValueError(f"no table here has the signature {', '.join(sorted(image.to_break))}")
    return bytes(image.data)


class _Image:
    """Tables one behind the other, each on a boundary of 16 bytes."""

    def __init__(self, base: int, bad_checksums: Collection[str]) -> None:
        self.base = base
        self.data = bytearray()
        self.to_break = set(bad_checksums)

    def reserve(self, length: int) -> int:
        """Room for a table; its address."""
        self.data += bytes(-len(self.data) % BOUNDARY)
        address = self.base + len(self.data)
        self.data += bytes(length)
        return address

    def add(self, signature: str, revision: int, body: bytes) -> int:
        """A table with the header that all have (5.2.6); its address."""
        length = HEADER_LENGTH + len(body)
        table = bytearray(
            pack("<4sIBB6s8sI4sI", signature.encode(), length, revision, 0, OEM_ID, OEM_TABLE_ID,
                 OEM_REVISION, CREATOR_ID, CREATOR_REVISION) + body
        )  # fmt: skip
        table[CHECKSUM_AT] = self._checksum(table, signature)
        address = self.reserve(length)
        self.data[address - self.base :] = table
        return address

    def fill_rsdp(self, xsdt: int) -> None:
        """The root pointer (5.2.5.3): one checksum for what ACPI 1.0 had, one for everything."""
        rsdp = bytearray(pack("<8sB6sBIIQB3x", b"RSD PTR ", 0, OEM_ID, 2, 0, RSDP_LENGTH, xsdt, 0))
        rsdp[RSDP_CHECKSUM_AT] = self._checksum(rsdp[:RSDP_V1_LENGTH], "RSDP")
        rsdp[RSDP_EXTENDED_CHECKSUM_AT] = self._checksum(rsdp, "")
        self.data[:RSDP_LENGTH] = rsdp

    def _checksum(self, table: bytes | bytearray, signature: str) -> int:
        """What makes the sum of all bytes zero, or one if it is to be wrong."""
        wrong = signature in self.to_break
        self.to_break.discard(signature)
        return -sum(table) + wrong & 0xFF


def _madt(madt: MadtContent) -> bytes:
    """The interrupt controllers (5.2.12)."""
    body = pack("<II", madt.local_apic_address, madt.has_pic)
    for core in madt.processors:
        body += pack("<BBBBI", 0, 8, core.uid, core.apic_id, core.enabled)
    for chip in madt.io_apics:
        body += pack("<BBBBII", 1, 12, chip.id, 0, chip.address, chip.gsi_base)
    for override in madt.overrides:
        flags = POLARITY[override.polarity] | TRIGGER[override.trigger] << 2
        body += pack("<BBBBIH", 2, 10, 0, override.isa_irq, override.gsi, flags)
    if madt.nmi_lint is not None:
        body += pack("<BBBHB", 4, 6, ALL_PROCESSORS, 0, madt.nmi_lint)
    return body


def _address(space: int, address: int, bits: int, access: int) -> bytes:
    """A generic address structure (5.2.3.2); all zero where there is nothing."""
    return pack("<BBBBQ", space, bits, 0, access, address) if address else bytes(12)


def _fadt(fadt: FadtContent, dsdt: int) -> bytes:
    """The fixed hardware (5.2.9): each port in its old field and again in its extended one.

    SMI_CMD is 0: the machine is always in ACPI mode.
    """
    event, control, timer = fadt.pm1a_event_port, fadt.pm1a_control_port, fadt.pm_timer_port
    flags = WBINVD | PROC_C1 | (TMR_VAL_EXT if timer and fadt.pm_timer_32bit else 0)
    table = bytearray(FADT_LENGTH)
    for offset, field in (
        (40, pack("<I", dsdt)),
        (45, pack("<BH", DESKTOP, fadt.sci_interrupt)),
        (56, pack("<I", event)),
        (64, pack("<I", control)),
        (76, pack("<I", timer)),
        (88, pack("<BBBB", 4 if event else 0, 2 if control else 0, 0, 4 if timer else 0)),
        (96, pack("<HH", NO_C2_US, NO_C3_US)),
        (108, pack("<BH", fadt.century_index, _boot_architecture(fadt))),
        (112, pack("<I", flags)),
        (131, b"\4"),  # the minor version: 6.4
        (140, pack("<Q", dsdt)),
        (148, _address(IO_SPACE, event, 32, WORD_ACCESS)),
        (172, _address(IO_SPACE, control, 16, WORD_ACCESS)),
        (208, _address(IO_SPACE, timer, 32, DWORD_ACCESS)),
    ):
        table[offset : offset + len(field)] = field
    return bytes(table[HEADER_LENGTH:])


def _boot_architecture(fadt: FadtContent) -> int:
    """IAPC_BOOT_ARCH (5.2.9.3): two of its bits say what there is not."""
    return (
        (LEGACY_DEVICES if fadt.has_legacy_devices else 0)
        | (HAS_8042 if fadt.has_8042 else 0)
        | (0 if fadt.has_vga else NO_VGA)
        | (0 if fadt.has_cmos_rtc else NO_CMOS_RTC)
    )


def _hpet(hpet: HpetContent) -> bytes:
    """The HPET (HPET 1.0a 3.2.4); the block's ID is the low half of its GCAP_ID register."""
    block = (
        HPET_VENDOR_INTEL << 16
        | hpet.legacy_replacement << 15
        | hpet.counter_64bit << 13
        | hpet.comparators - 1 << 8
        | HPET_REVISION
    )
    base = _address(MEMORY_SPACE, hpet.address, 64, 0)
    return pack("<I", block) + base + pack("<BHB", 0, hpet.minimum_tick_ticks, 0)
