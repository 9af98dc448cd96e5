"""GIC-400 with the Security Extensions: each register as secure and as non-secure accesses see it.

By IHI 0048B chapter 4, tables 4-1 and 4-2, with five priority bits (DDI 0471B).
"""

from typing import NamedTuple

import pytest
from gic400_bench import SPURIOUS, Bench, SecureBench

ONES = 0xFFFF_FFFF


class Row(NamedTuple):
    """What a register reads: ``secure`` and ``seen`` (by non-secure accesses, all in group 1)."""

    secure: int = 0
    """at reset"""
    secure_ones: int = 0
    """after secure ones"""
    seen: int = 0
    """at reset"""
    seen_ones: int = 0
    """after non-secure ones"""
    after: int = 0
    """by a secure access after that"""


def same(value):
    """One that nobody writes, and all read alike."""
    return Row(value, value, value, value, value)


def hidden(reset, ones, after=0):
    """A secure register."""
    return Row(reset, ones, 0, 0, after)


ALL = Row(0, ONES, 0, ONES, ONES)
TYPER = 2 | 1 << 5 | 1 << 10 | 31 << 11
ROWS = {
    "GICD_CTLR": Row(0, 3, 0, 1, 2),
    "GICD_TYPER": same(TYPER), "GICD_IIDR": same(0x0200_143B),
    "GICD_IGROUPR0": hidden(0, ONES, ONES), "GICD_IGROUPR": hidden(0, ONES, ONES),
    "GICD_ISENABLER0": Row(0xFFFF, ONES, 0xFFFF, ONES, ONES),
    "GICD_ICENABLER0": same(0xFFFF),
    "GICD_ISENABLER": ALL, "GICD_ICENABLER": same(0),
    "GICD_ISPENDR0": Row(0, 0xFFFF_0000, 0, 0xFFFF_0000, 0xFFFF_0000),
    "GICD_ICPENDR0": same(0), "GICD_ISPENDR": ALL, "GICD_ICPENDR": same(0),
    "GICD_ISACTIVER0": ALL, "GICD_ICACTIVER0": same(0),
    "GICD_ISACTIVER": ALL, "GICD_ICACTIVER": same(0),
    "GICD_IPRIORITYR_PRIVATE": Row(0, 0xF8F8_F8F8, 0, 0xF0F0_F0F0, 0xF8F8_F8F8),
    "GICD_IPRIORITYR": Row(0, 0xF8F8_F8F8, 0, 0xF0F0_F0F0, 0xF8F8_F8F8),
    "GICD_ITARGETSR_PRIVATE": same(0x0101_0101),
    "GICD_ITARGETSR": Row(0, 0x0303_0303, 0, 0x0303_0303, 0x0303_0303),
    "GICD_ICFGR0": same(0xAAAA_AAAA), "GICD_ICFGR1": same(0x5554_0000),
    "GICD_ICFGR": Row(0x5555_5555, ONES, 0x5555_5555, ONES, ONES),
    "GICD_PPISR": same(0), "GICD_SPISR": same(0),
    "GICD_NSACR_PRIVATE": hidden(0, ONES), "GICD_NSACR": hidden(0, ONES),
    "GICD_SGIR": same(0), "GICD_CPENDSGIR": same(0),
    "GICD_SPENDSGIR": Row(0, 0x0303_0303, 0, 0x0303_0303, 0x0303_0303),
    "GICD_PIDR4": same(4), "GICD_PIDR5": same(0), "GICD_PIDR6": same(0), "GICD_PIDR7": same(0),
    "GICD_PIDR0": same(0x90), "GICD_PIDR1": same(0xB4), "GICD_PIDR2": same(0x2B),
    "GICD_PIDR3": same(0), "GICD_CIDR0": same(0x0D), "GICD_CIDR1": same(0xF0),
    "GICD_CIDR2": same(0x05), "GICD_CIDR3": same(0xB1),
    # EnableGrp1, the two bypass bits of group 1 and EOImodeNS: bits 0, 5, 6, 9 there, else 1, 7,
    # 8, 10.
    "GICC_CTLR": Row(0, 0x7FF, 0, 0x261, 0x582),
    "GICC_PMR": hidden(0, 0xF8),
    "GICC_BPR": Row(2, 7, 3, 7, 2),
    "GICC_IAR": same(SPURIOUS), "GICC_EOIR": same(0), "GICC_RPR": same(0xFF),
    "GICC_HPPIR": same(SPURIOUS),
    "GICC_ABPR": hidden(3, 7, 3), "GICC_AIAR": hidden(SPURIOUS, SPURIOUS, SPURIOUS),
    "GICC_AEOIR": same(0), "GICC_AHPPIR": hidden(SPURIOUS, SPURIOUS, SPURIOUS),
    "GICC_APR": Row(0, ONES, 0, 0xFFFF, 0), "GICC_NSAPR": hidden(0, ONES),
    "GICC_IIDR": same(0x0202_143B), "GICC_DIR": same(0),
}  # fmt: skip
"""By stem."""
SAME_FOR_GROUP_0 = {
    "GICD_TYPER", "GICD_IIDR", "GICC_BPR", "GICC_IAR", "GICC_RPR", "GICC_HPPIR", "GICC_IIDR",
    *(stem for stem in ROWS if stem[5:9] in {"PIDR", "CIDR"}),
}  # fmt: skip
"""What does not read as zero to non-secure accesses where all interrupts are in group 0."""


def make(group1=True):
    bench = SecureBench(ready=False, irqs=96)
    if group1:
        for name in bench.places:
            if name.startswith("GICD_IGROUPR"):
                for cpu in (0, 1):
                    bench.write(name, ONES, cpu)
    return bench


SLOTS = {
    slot.name: slot
    for name, file in make().gic.files.items()
    if not file.table.stands_for
    for slot in file.slots()
}
EACH = pytest.mark.parametrize(
    ("name", "row"), [(name, ROWS[slot.register.stem]) for name, slot in SLOTS.items()]
)


def test_both_views_have_the_same_registers_at_the_same_offsets():
    bench = make()
    assert {slot.register.stem for slot in SLOTS.values()} == {*ROWS}
    for name, (file, offset) in bench.places.items():
        seen, there = bench.seen[name]
        assert (there, seen.table.stands_for) == (offset, file.table.name)
    assert {*bench.seen} == {*bench.places}


@EACH
def test_a_secure_access_sees_and_writes_everything(name, row):
    bench = make(group1=False)
    assert bench.read(name) == row.secure
    bench.write(name, ONES)
    assert bench.read(name) == row.secure_ones


@EACH
def test_a_non_secure_access_sees_and_writes_group_1(name, row):
    bench = make()
    assert bench.ns_read(name) == row.seen
    bench.ns_write(name, ONES)
    assert bench.ns_read(name) == row.seen_ones
    assert bench.read(name) == row.after


@EACH
def test_a_non_secure_access_neither_sees_nor_writes_group_0(name, row):
    bench = make(group1=False)
    bench.write("GICD_ITARGETSR8", 0x0303_0303)
    before = {other: bench.peek(other) for other in bench.places}
    seen = row.seen if SLOTS[name].register.stem in SAME_FOR_GROUP_0 else 0
    assert bench.ns_read(name) == seen
    # What is banked by security has bits of its own, whatever the interrupts' groups are.
    if name in {"GICD_CTLR", "GICC_CTLR", "GICC_BPR", "GICC_APR0"}:
        return
    bench.ns_write(name, ONES)
    assert {other: bench.peek(other) for other in bench.places} == before


@EACH
def test_what_secure_software_has_written_is_seen_as_far_as_it_is_of_group_1(name, row):
    stem = SLOTS[name].register.stem
    bench = make()
    before = bench.ns_read(name)
    bench.write(name, ONES)
    seen = {
        "GICD_CTLR": 1, "GICC_CTLR": 0x261, "GICC_PMR": 0xF0, "GICC_APR": 0, "GICC_BPR": 3,
        "GICD_IPRIORITYR_PRIVATE": 0xF0F0_F0F0, "GICD_IPRIORITYR": 0xF0F0_F0F0,
    }  # fmt: skip
    if stem in seen:
        assert bench.ns_read(name) == seen[stem]
    elif row.seen == row.seen_ones and not row.seen:
        assert bench.ns_read(name) == before == 0
    else:
        assert bench.ns_read(name) == row.secure_ones


@pytest.mark.parametrize(
    ("block", "offset"),
    [("GICD_NS", 0x00C), ("GICD_NS", 0x08C), ("GICD_NS", 0x10C), ("GICD_NS", 0x19C),
     ("GICD_NS", 0x400 + 96), ("GICD_NS", 0x4FC), ("GICD_NS", 0xC18), ("GICD_NS", 0xC3C),
     ("GICD_NS", 0xE04), ("GICD", 0xE04), ("GICC_NS", 0x02C), ("GICC_NS", 0x0D4),
     ("GICC_NS", 0x1004)],
)  # fmt: skip
def test_reserved_registers_are_raz_wi_and_nothing_to_report(block, offset):
    bench, told = make(), []
    for file in bench.gic.files.values():
        file.on_unmodelled = told.append
    told_too = bench.remarks()
    before = {name: bench.peek(name) for name in bench.places}
    file = bench.gic.files[block]
    file.write(offset, ONES)
    file.write(offset, 0xFF, 1)
    assert file.read(offset) == file.read(offset, 1) == file.peek(offset) == 0
    assert {name: bench.peek(name) for name in bench.places} == before
    assert told == told_too == []


def test_a_store_of_one_byte_drives_that_byte_alone():
    bench = make()
    bench.write("GICD_IPRIORITYR8", 0x4850_5860)
    gicd = bench.gic.files["GICD_NS"]
    gicd.write(0x421, 0xA0, 1)
    assert bench.read("GICD_IPRIORITYR8") == 0x4850_D060
    assert gicd.read(0x421, 1) == 0xA0
    gicd.write(0x105, 0x0F, 1)
    assert bench.read("GICD_ISENABLER1") == 0x0F00
    bench.gic.files["GICC_NS"].write(0x001, 0x02, 1)
    assert bench.read("GICC_CTLR") == 0x400
    bench.write("GICC_PMR", 0xF8)
    bench.gic.files["GICC_NS"].write(0x005, 0x10, 1)
    assert bench.read("GICC_PMR") == 0xF8


def test_each_interrupt_is_seen_by_its_own_group():
    bench = make(group1=False)
    bench.group(40, 1)
    bench.ns_write("GICD_ISENABLER1", ONES)
    bench.ns_write("GICD_IPRIORITYR10", 0x1020_3040)
    bench.ns_write("GICD_ITARGETSR10", ONES)
    bench.ns_write("GICD_ICFGR2", ONES)
    assert bench.read("GICD_ISENABLER1") == bench.ns_read("GICD_ISENABLER1") == 1 << 8
    assert bench.read("GICD_IPRIORITYR10") == 0xA0
    assert bench.ns_read("GICD_IPRIORITYR10") == 0x40
    assert bench.read("GICD_ITARGETSR10") == 3
    assert bench.read("GICD_ICFGR2") == 0x5557_5555
    assert bench.ns_read("GICD_ICFGR2") == 3 << 16


def test_groups_of_private_interrupts_are_those_of_each_core():
    bench = make(group1=False)
    bench.group(30, 1, cpu=1)
    for cpu in (0, 1):
        bench.ns_write("GICD_ISENABLER0", 1 << 30, cpu)
    assert [bench.bit("GICD_ISENABLER", 30, cpu) for cpu in (0, 1)] == [0, 1]
    assert [bench.ns_read("GICD_ITARGETSR7", cpu) for cpu in (0, 1)] == [0, 2 << 16]


@pytest.mark.parametrize(
    ("stored", "seen"), [(0x00, 0x00), (0x20, 0x40), (0x80, 0x00), (0xA8, 0x50), (0xF8, 0xF0)]
)
def test_a_priority_is_seen_without_its_highest_bit(stored, seen):
    bench = make()
    bench.write_byte(0x400, 40, stored)
    assert bench.gic.files["GICD_NS"].read(0x400 + 40, 1) == seen


@pytest.mark.parametrize(("written", "stored"), [(0x00, 0x80), (0x0F, 0x80), (0x50, 0xA8)])
def test_a_non_secure_priority_is_of_the_lower_half(written, stored):
    bench = make()
    bench.gic.files["GICD_NS"].write(0x400 + 40, written, 1)
    assert bench.gic.files["GICD"].read(0x400 + 40, 1) == stored


@pytest.mark.parametrize(
    ("held", "seen", "written", "then"),
    [(0xF8, 0xF0, 0xF0, 0xF8), (0xF8, 0xF0, 0xFF, 0xF8), (0xF8, 0xF0, 0x00, 0x80),
     (0x80, 0x00, 0xA0, 0xD0), (0x78, 0x00, 0xFF, 0x78), (0x00, 0x00, 0xFF, 0x00)],
)  # fmt: skip
def test_a_mask_is_changed_in_the_lower_half_alone(held, seen, written, then):
    bench = make()
    bench.write("GICC_PMR", held)
    assert bench.ns_read("GICC_PMR") == seen
    bench.ns_write("GICC_PMR", written)
    assert bench.read("GICC_PMR") == then


def test_a_common_binary_point_is_read_one_higher_and_not_written():
    bench = make()
    bench.write("GICC_CTLR", 0x10)
    assert bench.ns_read("GICC_BPR") == 3
    bench.write("GICC_BPR", 7)
    assert bench.ns_read("GICC_BPR") == 7
    bench.ns_write("GICC_BPR", 5)
    assert (bench.read("GICC_BPR"), bench.read("GICC_ABPR")) == (7, 3)
    bench.write("GICC_CTLR", 0)
    bench.ns_write("GICC_BPR", 5)
    assert (bench.read("GICC_BPR"), bench.read("GICC_ABPR"), bench.ns_read("GICC_BPR")) == (7, 5, 5)
    bench.ns_write("GICC_BPR", 0)
    assert bench.read("GICC_ABPR") == 3, "the least that five priority bits allow"


@pytest.mark.parametrize("priority_bits", [4, 5, 6, 7, 8])
def test_active_priorities_are_seen_as_the_lower_half_of_the_levels(priority_bits):
    bench = SecureBench(priority_bits=priority_bits)
    names = [name for name in bench.seen if name.startswith("GICC_APR")]
    half = 1 << min(priority_bits, 7) - 1
    assert len(names) == max(1, half // 32)
    for name in names:
        bench.ns_write(name, ONES)
    nsapr = [bench.read(name) for name in bench.places if name.startswith("GICC_NSAPR")]
    held = sum(word << 32 * n for n, word in enumerate(nsapr))
    assert held == ((1 << half) - 1) << half
    assert [bench.ns_read(name) for name in names] == [min(ONES, (1 << half) - 1)] * len(names)
    assert bench.ns_read("GICC_RPR") == 0, "the lower half begins with its highest"


GRANTED = {
    # What a non-secure access may do to a group 0 interrupt, by what GICD_NSACR holds (4.3.14).
    "GICD_ISPENDR1": (0, 1, 1, 1), "GICD_ICPENDR1": (0, 0, 1, 1), "GICD_ITARGETSR10": (0, 0, 0, 1),
    "GICD_ISENABLER1": (0, 0, 0, 0), "GICD_IPRIORITYR10": (0, 0, 0, 0),
    "GICD_ICFGR2": (0, 0, 0, 0), "GICD_ISACTIVER1": (0, 0, 0, 0),
}  # fmt: skip


@pytest.mark.parametrize("grant", [0, 1, 2, 3])
@pytest.mark.parametrize("name", GRANTED)
def test_grants_open_a_group_0_interrupt_step_by_step(name, grant):
    bench = make(group1=False)
    bench.write("GICD_NSACR2", grant << 16)
    if "ICPEND" in name:
        bench.set_bit("GICD_ISPENDR", 40)
    before = bench.read(name)
    bench.ns_write(name, ONES)
    assert (bench.read(name) != before) == GRANTED[name][grant]
    bench.set_bit("GICD_ISACTIVER", 40)
    assert bench.ns_read("GICD_ISACTIVER1") == (1 << 8 if grant >= 2 else 0)
    assert bench.ns_read("GICD_ICACTIVER1") == (1 << 8 if grant >= 2 else 0)
    bench.ns_write("GICD_ICACTIVER1", 1 << 8)
    assert bench.bit("GICD_ISACTIVER", 40)


def test_without_security_there_is_one_view_and_no_grant():
    bench = Bench(irqs=96)
    assert {*bench.gic.files} == {"GICD", "GICC"}
    assert not {name for name in bench.places if "NSACR" in name}
    assert bench.read("GICD_TYPER") >> 10 == 0
