"""ACPI tables: what the firmware builds, what the kernel reads of it, and what it refuses."""

from struct import pack, unpack_from

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from kerneltui.hw.bus import Memory
from kerneltui.kernel.irq import KernelError
from kerneltui.kernel.pc import acpi as kernel
from kerneltui.machine import acpi as firmware

BASE = 0xE_4000
SCAN = (0x10_0000 - 0xE_0000) // 16
PC = firmware.Firmware(
    madt=firmware.MadtContent(
        local_apic_address=0xFEE0_0000,
        processors=(
            firmware.Processor(0, 0),
            firmware.Processor(1, 1),
            firmware.Processor(2, 6, enabled=False),
        ),
        io_apics=(
            firmware.IoApicContent(2, 0xFEC0_0000, 0),
            firmware.IoApicContent(3, 0xFEC1_0000, 24),
        ),
        overrides=(
            firmware.OverrideContent(0, 2),
            firmware.OverrideContent(9, 9, "low", "level"),
            firmware.OverrideContent(10, 20, "high", "edge"),
        ),
    ),
    fadt=firmware.FadtContent(9, 0x600, 0x604, 0x608, century_index=0x32),
    hpet=firmware.HpetContent(0xFED0_0000, minimum_tick_ticks=128),
)


class Rom:
    """A processor that can only load, from memory that holds an image, and counts its loads."""

    def __init__(self, image=b"", base=BASE):
        self.memory = Memory(1 << 64)
        self.loads = 0
        self.place(base, image)

    def place(self, base, image):
        for offset, byte in enumerate(image):
            self.memory.write(base + offset, byte, 1)

    def read(self, address, size=4):
        self.loads += 1
        assert self.loads < 60_000, "this does not end"
        return self.memory.read(address, size)


def tables_in(image):
    """Addresses and contents by signature, found through the XSDT (and the FADT, for the DSDT)."""

    def table(address):
        (length,) = unpack_from("<I", image, address - BASE + 4)
        return bytes(image[address - BASE : address - BASE + length])

    (xsdt,) = unpack_from("<Q", image, 24)
    found = {"XSDT": (xsdt, table(xsdt))}
    for (address,) in [unpack_from("<Q", table(xsdt), n) for n in range(36, len(table(xsdt)), 8)]:
        found[table(address)[:4].decode()] = address, table(address)
    if "FACP" in found:
        (dsdt,) = unpack_from("<Q", found["FACP"][1], 140)
        found["DSDT"] = dsdt, table(dsdt)
    return found


def parse(image):
    return kernel.find_tables(Rom(image))


def with_sum(table):
    """The table with a right checksum."""
    table = bytearray(table)
    table[9] = 0
    table[9] = -sum(table) & 0xFF
    return bytes(table)


def replaced(signature, table):
    """The image of the PC with another table of the same signature, behind all others."""
    image = bytearray(firmware.build(PC, BASE))
    image += bytes(-len(image) % 16)
    old, _ = tables_in(image)[signature]
    xsdt, content = tables_in(image)["XSDT"]
    new = content.replace(pack("<Q", old), pack("<Q", BASE + len(image)))
    image[xsdt - BASE : xsdt - BASE + len(new)] = with_sum(new)
    return bytes(image) + table


def madt(entries):
    """A MADT with these bytes for entries."""
    return with_sum(pack("<4sIBB26xII", b"APIC", 44 + len(entries), 5, 0, 0, 1) + entries)


# -- what is built ---------------------------------------------------------------------------------


def test_every_table_is_on_its_boundary_and_adds_up_to_zero():
    image = firmware.build(PC, BASE)
    found = tables_in(image)
    assert set(found) == {"XSDT", "FACP", "APIC", "HPET", "DSDT"}
    for address, table in found.values():
        assert address % 16 == 0
        assert sum(table) & 0xFF == 0
        assert table[10:16] == b"KRNLTU"
        assert table[16:24] == b"KERNELTU"
    assert sum(image[:20]) & 0xFF == 0
    assert sum(image[:36]) & 0xFF == 0
    assert image[:8] == b"RSD PTR "
    assert image[15] == 2
    assert image[20:24] == pack("<I", 36)


def test_the_madt_byte_for_byte():
    _, table = tables_in(firmware.build(PC, BASE))["APIC"]
    assert table[8] == 5
    assert table[36:] == bytes.fromhex(
        "0000e0fe 01000000"
        "0008 0000 01000000"
        "0008 0101 01000000"
        "0008 0206 00000000"
        "010c 0200 0000c0fe 00000000"
        "010c 0300 0000c1fe 18000000"
        "020a 0000 02000000 0000"
        "020a 0009 09000000 0f00"
        "020a 000a 14000000 0500"
        "0406 ff 0000 01"
    )


def test_the_fadt_has_each_port_in_both_places():
    _, table = tables_in(firmware.build(PC, BASE))["FACP"]
    assert len(table) == 276
    assert (table[8], table[131]) == (6, 4)
    assert unpack_from("<H", table, 46) == (9,)
    assert unpack_from("<III", table, 56)[::2] == (0x600, 0x604)
    assert unpack_from("<I", table, 76) == (0x608,)
    assert table[88:92] == bytes([4, 2, 0, 4])
    assert unpack_from("<HH", table, 96) == (101, 1001)
    assert table[108] == 0x32
    assert unpack_from("<H", table, 109) == (0b000101,)
    assert unpack_from("<I", table, 112) == (0b1_0000_0101,)
    assert unpack_from("<BBBBQ", table, 148) == (1, 32, 0, 2, 0x600)
    assert unpack_from("<BBBBQ", table, 172) == (1, 16, 0, 2, 0x604)
    assert unpack_from("<BBBBQ", table, 208) == (1, 32, 0, 3, 0x608)
    assert unpack_from("<I", table, 40) == unpack_from("<Q", table, 140)
    assert sum(bool(byte) for byte in table[220:]) == 0


def test_a_timer_that_is_not_there_has_no_width():
    fadt = replace(PC.fadt, pm_timer_port=0, pm_timer_32bit=True)
    _, table = tables_in(firmware.build(replace(PC, fadt=fadt), BASE))["FACP"]
    assert (table[91], unpack_from("<I", table, 112)) == (0, (0b101,))
    assert bytes(table[208:220]) == bytes(12)


def test_the_hpet_table_byte_for_byte():
    _, table = tables_in(firmware.build(PC, BASE))["HPET"]
    assert table[36:] == bytes.fromhex("01a28680 00400000 0000d0fe00000000 00 8000 00")


def test_the_hpet_block_id_is_what_the_device_shows():
    from kerneltui.devices.x86.hpet import Config, Hpet
    from kerneltui.hw.clock import Clock

    for timers, bits in ((3, 64), (24, 32)):
        device = Hpet("hpet", Config(timers=timers, counter_bits=bits), Clock())
        described = replace(PC.hpet, comparators=timers, counter_64bit=bits == 64)
        _, table = tables_in(firmware.build(replace(PC, hpet=described), BASE))["HPET"]
        assert unpack_from("<I", table, 36) == (device.regs.peek(0, 4),)


def test_what_is_none_is_left_out():
    assert set(tables_in(firmware.build(firmware.Firmware(), BASE))) == {"XSDT"}
    only_hpet = firmware.build(firmware.Firmware(hpet=PC.hpet), BASE)
    assert set(tables_in(only_hpet)) == {"XSDT", "HPET"}
    without_nmi = replace(PC.madt, nmi_lint=None)
    _, table = tables_in(firmware.build(firmware.Firmware(madt=without_nmi), BASE))["APIC"]
    assert len(table) == 44 + 3 * 8 + 2 * 12 + 3 * 10


@pytest.mark.parametrize("base", [0, 0xE_0008, 0xD_FFF0, 0x10_0000])
def test_a_base_where_nobody_looks_is_refused(base):
    with pytest.raises(ValueError, match=f"not at {base:#x}"):
        firmware.build(PC, base)


def test_a_defect_of_no_table_is_refused():
    with pytest.raises(ValueError, match="APIC"):
        firmware.build(firmware.Firmware(hpet=PC.hpet), BASE, {"APIC"})


# -- what is read ----------------------------------------------------------------------------------


def test_what_was_built_is_read():
    assert parse(firmware.build(PC, BASE)) == kernel.AcpiTables(
        rsdp=BASE,
        madt=kernel.Madt(
            local_apic_address=0xFEE0_0000,
            has_pic=True,
            processors=(
                kernel.LocalApicEntry(0, 0, enabled=True),
                kernel.LocalApicEntry(1, 1, enabled=True),
                kernel.LocalApicEntry(2, 6, enabled=False),
            ),
            io_apics=(
                kernel.IoApicEntry(2, 0xFEC0_0000, 0),
                kernel.IoApicEntry(3, 0xFEC1_0000, 24),
            ),
            overrides=(
                kernel.Override(0, 2, active_low=False, level=False),
                kernel.Override(9, 9, active_low=True, level=True),
                kernel.Override(10, 20, active_low=False, level=False),
            ),
        ),
        fadt=kernel.Fadt(9, 0x600, 0x604, 0x608, True, 0x32, True),
        hpet=kernel.HpetTable(0xFED0_0000, 3, True, True, 128),
    )


@given(
    st.builds(
        firmware.Firmware,
        st.none()
        | st.builds(
            firmware.MadtContent,
            st.integers(0, 0xFFFF_FFFF),
            st.lists(
                st.builds(
                    firmware.Processor, st.integers(0, 255), st.integers(0, 255), st.booleans()
                )
            ).map(tuple),
            st.lists(
                st.builds(
                    firmware.IoApicContent,
                    st.integers(0, 255),
                    st.integers(0, 0xFFFF_FFFF),
                    st.integers(0, 0xFFFF_FFFF),
                )
            ).map(tuple),
            st.lists(
                st.builds(
                    firmware.OverrideContent,
                    st.integers(0, 15),
                    st.integers(0, 0xFFFF_FFFF),
                    st.sampled_from(["bus", "high", "low"]),
                    st.sampled_from(["bus", "edge", "level"]),
                )
            ).map(tuple),
            st.sampled_from([None, 0, 1]),
            st.booleans(),
        ),
        st.none()
        | st.builds(
            firmware.FadtContent,
            *[st.integers(0, 0xFFFF)] * 4,
            st.booleans(),
            st.integers(0, 255),
            *[st.booleans()] * 4,
        ),
        st.none()
        | st.builds(
            firmware.HpetContent,
            st.integers(1, (1 << 64) - 1),
            st.integers(0, 0xFFFF),
            st.integers(1, 32),
            st.booleans(),
            st.booleans(),
        ),
    )
)
def test_nothing_is_lost_between_the_two(built):
    read = parse(firmware.build(built, BASE))
    assert (read.madt is None, read.fadt is None, read.hpet is None) == (
        built.madt is None,
        built.fadt is None,
        built.hpet is None,
    )
    if read.madt:
        assert read.madt.has_pic == built.madt.has_pic
        assert read.madt.local_apic_address == built.madt.local_apic_address
        assert [(p.uid, p.apic_id, p.enabled) for p in read.madt.processors] == [
            (p.uid, p.apic_id, p.enabled) for p in built.madt.processors
        ]
        assert [(c.id, c.address, c.gsi_base) for c in read.madt.io_apics] == [
            (c.id, c.address, c.gsi_base) for c in built.madt.io_apics
        ]
        assert [(o.isa_irq, o.gsi, o.active_low, o.level) for o in read.madt.overrides] == [
            (o.isa_irq, o.gsi, o.polarity == "low", o.trigger == "level")
            for o in built.madt.overrides
        ]
    if read.fadt:
        for name in set(kernel.Fadt.__slots__) - {"pm_timer_32bit"}:
            assert getattr(read.fadt, name) == getattr(built.fadt, name)
        has_long_timer = bool(built.fadt.pm_timer_port and built.fadt.pm_timer_32bit)
        assert read.fadt.pm_timer_32bit == has_long_timer
    if read.hpet:
        for name in kernel.HpetTable.__slots__:
            assert getattr(read.hpet, name) == getattr(built.hpet, name)


@pytest.mark.parametrize("base", [0xE_0000, 0xE_0010, 0xF_5A20, 0xF_FFC0])
def test_the_root_pointer_is_found_on_every_boundary(base):
    image = firmware.build(PC, base)
    assert kernel.find_tables(Rom(image, base)).rsdp == base


def test_memory_without_a_root_pointer_is_a_pc_without_acpi():
    rom = Rom(b"RSD PTR ", BASE + 8)
    assert kernel.find_tables(rom) == kernel.AcpiTables()
    assert rom.loads == 1 + SCAN, "one for the segment of the extended BIOS data area"


def with_ebda(segment, image=b""):
    """A PC whose BIOS has an extended data area, with an image at its start."""
    rom = Rom(image, segment << 4)
    rom.place(0x40E, pack("<H", segment))
    return rom


@pytest.mark.parametrize("offset", [0, 0x10, 0x3F0])
def test_the_root_pointer_is_found_in_the_first_kib_of_the_extended_bios_data_area(offset):
    place = 0x9_FC00 + offset
    image = firmware.build(PC, BASE)
    rom = with_ebda(0x9FC0)
    rom.place(BASE, image)
    rom.place(place, image[:36])
    rom.place(BASE, bytes(36))
    read = kernel.find_tables(rom)
    assert (read.rsdp, read.passed_over) == (place, ())
    assert read.madt == parse(image).madt


@pytest.mark.parametrize("place", [0x9_FC00 + 0x400, 0x9_FC08, 0x9_FBF0, 0xD_FFF0])
def test_nowhere_else_is_it_looked_for(place):
    rom = with_ebda(0x9FC0)
    rom.place(place, firmware.build(PC, BASE)[:36])
    assert kernel.find_tables(rom) == kernel.AcpiTables()
    assert rom.loads == 1 + 0x400 // 16 + SCAN


def test_of_two_root_pointers_that_in_the_extended_bios_data_area_counts():
    image = firmware.build(PC, BASE)
    rom = with_ebda(0x9FC0, image[:36])
    rom.place(BASE, image)
    assert kernel.find_tables(rom).rsdp == 0x9_FC00


WRONG = {
    "first sum": lambda image: {8: image[8] ^ 1},
    "second sum": lambda image: {33: image[33] ^ 1},
    "length": lambda image: {20: 35, 32: image[32] + 1 & 0xFF},
    "longest length": lambda image: {23: 1, 32: image[32] - 1 & 0xFF},
}


@pytest.mark.parametrize("what", WRONG)
@pytest.mark.parametrize("place", [0x9_FC00, 0xE_0000, BASE - 16])
def test_what_only_looks_like_the_root_pointer_is_passed_over(what, place):
    image = firmware.build(PC, BASE)
    false = bytearray(image[:36])
    for at, byte in WRONG[what](image).items():
        false[at] = byte
    rom = with_ebda(0x9FC0)
    rom.place(BASE, image)
    rom.place(place, false[:16] if place == BASE - 16 else false)
    read = kernel.find_tables(rom)
    assert (read.rsdp, read.madt) == (BASE, parse(image).madt)
    assert len(read.passed_over) == 1
    assert read.passed_over[0].startswith(f"The RSDP at {place:#x} has a wrong ")


def test_the_address_override_replaces_the_local_apics_address():
    """64 bits; of several, which the specification forbids, the last (5.2.12.8)."""
    entry = pack("<BBHQ", 5, 12, 0, 0x1_FEE0_0000)
    before = bytes([0, 8, 0, 0, 1, 0, 0, 0])
    assert parse(replaced("APIC", madt(before + entry))).madt.local_apic_address == 0x1_FEE0_0000
    assert parse(replaced("APIC", madt(entry + before))).madt.local_apic_address == 0x1_FEE0_0000
    assert parse(replaced("APIC", madt(before))).madt.local_apic_address == 0
    with pytest.raises(KernelError, match="an entry of type 5 with 8 bytes, which takes 12"):
        parse(replaced("APIC", madt(bytes([5, 8]) + bytes(6))))


def test_eight_bytes_are_read_at_a_time():
    image = firmware.build(PC, 0xE_0000)
    rom = Rom(image, 0xE_0000)
    kernel.find_tables(rom)
    assert rom.loads < len(image) / 8 + 20


def test_nothing_is_read_beyond_the_last_byte_of_a_table():
    image = firmware.build(firmware.Firmware(madt=PC.madt), BASE)
    rom = Rom(image)
    limits = [BASE + 36] + [at + len(data) for at, data in tables_in(image).values()]
    reads = []
    original = rom.read
    rom.read = lambda address, size=4: (reads.append((address, size)), original(address, size))[1]
    kernel.find_tables(rom)
    for address, size in reads[(BASE - 0xE_0000) // 16 :]:
        limit = min(limit for limit in limits if limit > address)
        assert address + size <= limit


def test_unknown_tables_and_entries_are_skipped():
    unknown = b"\x09\x10" + bytes(14) + b"\x7f\x02" + b"\x01\x0c\x05\x00" + pack("<II", 7, 8)
    read = parse(replaced("APIC", madt(unknown)))
    assert read.madt.io_apics == (kernel.IoApicEntry(5, 7, 8),)
    other = pack("<4sI", b"SSDT", 0xFFFF_FFFF)
    assert parse(replaced("HPET", other)).hpet is None


def test_of_two_tables_with_one_signature_the_first_counts():
    read = parse(replaced("HPET", madt(b"")))
    assert len(read.madt.processors) == 3


def test_a_longer_root_pointer_has_its_second_sum_over_all_of_it():
    image = bytearray(firmware.build(PC, BASE))
    image[20] = 44
    image[32] = 0
    for offset in (8, 32):
        image[offset] = 0
        image[offset] = -sum(image[: 20 if offset == 8 else 44]) & 0xFF
    assert parse(image) == parse(firmware.build(PC, BASE))
    image[40] += 1
    (why,) = parse(image).passed_over
    assert "44 bytes" in why


PORTS = {"pm1a_event_port": (56, 148), "pm1a_control_port": (64, 172), "pm_timer_port": (76, 208)}
"""Where the FADT has each address: in its old field, and in its extended one."""


def fadt(**changes):
    """What is read of a FADT with some bytes changed: ``at_56=pack(...)``."""
    _, table = tables_in(firmware.build(PC, BASE))["FACP"]
    table = bytearray(table)
    for name, data in changes.items():
        at = int(name.removeprefix("at_"))
        table[at : at + len(data)] = data
    return parse(replaced("FACP", with_sum(table))).fadt


@pytest.mark.parametrize("name", PORTS)
@pytest.mark.parametrize(
    ("space", "extended", "port"), [(1, 0x1234, 0x1234), (1, 0, 0x700), (0, 0xFED4_0000, 0x700)]
)
def test_an_extended_address_voids_the_old_one_where_it_is_there_and_can_be_used(
    name, space, extended, port
):
    old, new = PORTS[name]
    changes = {
        f"at_{old}": pack("<I", 0x700),
        f"at_{new}": pack("<BBBBQ", space, 32, 0, 3, extended),
    }
    assert getattr(fadt(**changes), name) == port


@pytest.mark.parametrize("name", PORTS)
def test_an_extended_address_suffices(name):
    assert getattr(fadt(**{f"at_{PORTS[name][0]}": bytes(4)}), name) == getattr(PC.fadt, name)


def test_a_timer_block_of_length_0_is_no_timer():
    read = fadt(at_91=b"\0")
    assert (read.pm_timer_port, read.pm1a_event_port) == (0, 0x600)
    assert fadt(at_91=b"\0", at_208=bytes(12)).pm_timer_port == 0
    assert fadt(at_91=b"\4").pm_timer_port == 0x608


@pytest.mark.parametrize(
    ("revision", "flags", "has_rtc"),
    [(6, 1 << 5, False), (5, 1 << 5, False), (6, 0x5, True), (4, 1 << 5, True), (1, 0xFFFF, True)],
)
def test_that_there_is_no_rtc_is_believed_where_the_revision_has_the_flag(revision, flags, has_rtc):
    read = fadt(at_8=bytes([revision]), at_109=pack("<H", flags))
    assert read.has_cmos_rtc is has_rtc


def test_an_old_short_fadt_will_do():
    _, table = tables_in(firmware.build(PC, BASE))["FACP"]
    table = with_sum(table[:4] + pack("<I", 116) + table[8:116])
    assert parse(replaced("FACP", table)).fadt.pm_timer_port == 0x608


# -- what is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("signature", "name"),
    [("APIC", "MADT"), ("FACP", "FADT"), ("HPET", "HPET"), ("XSDT", "XSDT")],
)
def test_a_wrong_checksum_is_told_with_table_address_and_sum(signature, name):
    image = firmware.build(PC, BASE, {signature})
    address, table = tables_in(image)[signature]
    assert sum(table) & 0xFF == 1
    with pytest.raises(KernelError) as caught:
        parse(image)
    assert str(caught.value) == (
        f"The {name} at {address:#x} has a wrong checksum: "
        f"its {len(table)} bytes add up to 0x01, not to 0x00"
    )


def test_a_wrong_checksum_of_the_only_root_pointer_is_a_pc_without_acpi_and_told():
    read = parse(firmware.build(PC, BASE, {"RSDP"}))
    why = "The RSDP at 0xe4000 has a wrong checksum: its 20 bytes add up to 0x01, not to 0x00"
    assert read == kernel.AcpiTables(passed_over=(why,))
    image = bytearray(firmware.build(PC, BASE))
    image[33] += 1
    read = parse(image)
    assert (read.rsdp, read.madt) == (None, None)
    assert "its 36 bytes add up to 0x01" in read.passed_over[0]


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        (b"\x00\x00", "an entry of 0 bytes at offset 44, with 2 bytes left"),
        (b"\x09\x01\x00", "an entry of 1 bytes at offset 44"),
        (b"\x00\x08" + bytes(6) + b"\x01", "an entry of 0 bytes at offset 52, with 1 bytes left"),
        (b"\x01\x0c" + bytes(9), "an entry of 12 bytes at offset 44, with 11 bytes left"),
        (b"\x01\x04" + bytes(2), "an entry of type 1 with 4 bytes, which takes 12"),
    ],
)
def test_entries_of_impossible_length_are_told(entries, said):
    with pytest.raises(KernelError, match=rf"^The MADT at 0x\w+ has {said}"):
        parse(replaced("APIC", madt(entries)))


@pytest.mark.parametrize("length", [0, 43, 0x1_0001, 0xFFFF_FFFF])
def test_a_table_of_impossible_length_is_told(length):
    with pytest.raises(KernelError, match=f"MADT at .* has a wrong length: {length} bytes"):
        parse(replaced("APIC", pack("<4sI", b"APIC", length) + bytes(64)))


def test_a_root_pointer_without_an_xsdt_is_told():
    image = bytearray(firmware.build(PC, BASE))
    image[15] = 0
    image[8] = image[8] + 2 & 0xFF
    with pytest.raises(KernelError, match="revision 0: it has no XSDT"):
        parse(image)


def test_a_root_pointer_that_leads_astray_is_told():
    image = bytearray(firmware.build(PC, BASE))
    image[24:32] = bytes(8)
    image[32] = 0
    image[32] = -sum(image[:36]) & 0xFF
    with pytest.raises(KernelError, match="XSDT should be at 0x0"):
        parse(image)


def test_half_an_xsdt_entry_is_told():
    image = bytearray(firmware.build(PC, BASE))
    address, table = tables_in(image)["XSDT"]
    short = with_sum(table[:4] + pack("<I", len(table) - 3) + table[8:-3])
    image[address - BASE : address - BASE + len(short)] = short
    with pytest.raises(KernelError, match="no whole number of entries"):
        parse(image)


def test_an_hpet_that_is_not_in_memory_is_told():
    _, table = tables_in(firmware.build(PC, BASE))["HPET"]
    table = with_sum(table[:40] + b"\x01" + table[41:])
    with pytest.raises(KernelError, match="address space 1, not memory"):
        parse(replaced("HPET", table))


# -- anything at all -------------------------------------------------------------------------------


def reads_or_refuses(image):
    try:
        return parse(image)
    except KernelError:
        return None


@given(st.data())
def test_no_changed_byte_is_believed(data):
    """A table that is read at all is read as it was built."""
    image = bytearray(firmware.build(PC, BASE))
    at = data.draw(st.integers(0, len(image) - 1))
    image[at] ^= data.draw(st.integers(1, 255))
    read, right = reads_or_refuses(image), parse(firmware.build(PC, BASE))
    if read is not None:
        assert read.madt in (None, right.madt)
        assert read.fadt in (None, right.fadt)
        assert read.hpet in (None, right.hpet)


@settings(max_examples=100)
@given(st.binary(max_size=300))
def test_no_madt_whatever_makes_the_kernel_hang_or_stumble(entries):
    reads_or_refuses(replaced("APIC", madt(entries)))


@given(
    st.sampled_from([b"APIC", b"FACP", b"HPET", b"XSDT", b"JUNK"]),
    st.integers(0, 0xFFFF_FFFF) | st.integers(0, 400),
    st.binary(max_size=400),
)
def test_nor_does_any_other_table(signature, length, content):
    table = pack("<4sI", signature, length) + content
    whole = table.ljust(length, b"\0")[:length] if 36 <= length <= 0x1000 else table
    reads_or_refuses(replaced("HPET", with_sum(whole) if len(whole) > 9 else whole))


@given(st.lists(st.integers(0, (1 << 64) - 64), max_size=40), st.integers(0, 60))
def test_nor_does_any_list_of_tables(addresses, more):
    image = bytearray(firmware.build(firmware.Firmware(), BASE))
    address, table = tables_in(image)["XSDT"]
    body = pack(f"<{len(addresses)}Q", *addresses) + pack("<Q", BASE + more) * more
    table = with_sum(table[:4] + pack("<I", 36 + len(body)) + table[8:36] + body)
    image[address - BASE :] = table
    reads_or_refuses(image)


@given(st.binary(max_size=600))
def test_nor_do_random_bytes_behind_the_signature(content):
    reads_or_refuses(b"RSD PTR " + content)
