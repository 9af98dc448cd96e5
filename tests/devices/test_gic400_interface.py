"""GIC-400 by Arm DDI 0471B and IHI 0048B: priorities, SGIs, groups; acknowledge and end."""

import pytest
from gic400_bench import SPURIOUS, Bench
from hypothesis import given
from hypothesis import strategies as st

from kerneltui.hw.rule import first_shut

# -- priorities ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("mask", "signalled"), [(0x7F, False), (0x80, False), (0x81, True)])
def test_only_a_priority_above_the_mask_is_signalled(mask, signalled):
    bench = Bench()
    bench.enable(99, priority=0x80)
    bench.line(99, True)
    bench.write("GICC_PMR", mask)
    assert bench.irq() is signalled
    assert bench.read("GICC_IAR") == (99 if signalled else SPURIOUS)


def test_the_highest_priority_comes_first_and_the_lowest_id_of_equals():
    bench = Bench()
    for number, priority in ((60, 0x40), (50, 0x40), (40, 0x60), (200, 0x20)):
        bench.enable(number, priority)
        bench.line(number, True)
    order = []
    for _ in range(4):
        assert bench.read("GICC_HPPIR") == bench.peek("GICC_IAR")
        order.append(bench.read("GICC_IAR"))
        bench.line(order[-1], False)
        bench.write("GICC_EOIR", order[-1])
    assert order == [200, 50, 60, 40]
    assert bench.read("GICC_IAR") == SPURIOUS


def test_a_higher_priority_preempts_and_the_running_priority_returns():
    bench = Bench()
    for number, priority in ((40, 0x80), (41, 0x80), (42, 0x40)):
        bench.enable(number, priority)
    bench.line(40, True)
    assert bench.read("GICC_IAR") == 40
    assert bench.read("GICC_RPR") == 0x80
    bench.line(41, True)
    assert not bench.irq(), "an equal priority does not pre-empt"
    assert bench.read("GICC_IAR") == SPURIOUS
    bench.line(42, True)
    assert bench.irq()
    assert bench.read("GICC_IAR") == 42
    assert bench.read("GICC_RPR") == 0x40
    bench.write("GICC_EOIR", 42)
    assert bench.read("GICC_RPR") == 0x80
    bench.write("GICC_EOIR", 40)
    assert bench.read("GICC_RPR") == 0xFF


@pytest.mark.parametrize(("point", "preempts"), [(2, True), (4, True), (5, False), (7, False)])
def test_the_binary_point_says_which_bits_preempt(point, preempts):
    bench = Bench()
    bench.write("GICC_BPR", point)
    bench.enable(40, 0x30)
    bench.enable(41, 0x10)
    bench.line(40, True)
    assert bench.read("GICC_IAR") == 40
    assert bench.read("GICC_RPR") == 0x30 & (0xFF << point + 1)
    bench.line(41, True)
    assert bench.irq() is preempts


def test_changing_a_priority_changes_what_is_signalled():
    bench = Bench()
    bench.enable(99, 0xFF)
    bench.line(99, True)
    assert not bench.irq()
    bench.write_byte(0x400, 99, 0xFE)
    assert bench.irq()


def test_end_of_a_spurious_or_unknown_id_is_ignored():
    bench = Bench()
    bench.enable(40)
    bench.line(40, True)
    bench.read("GICC_IAR")
    for wrong in (1023, 1022, 300):
        bench.write("GICC_EOIR", wrong)
    assert bench.read("GICC_RPR") == 0x80
    assert bench.bit("GICD_ISACTIVER", 40)


def test_active_priorities_can_be_saved_and_restored():
    bench = Bench()
    bench.enable(40, 0x82)
    bench.line(40, True)
    bench.read("GICC_IAR")
    assert [bench.read(f"GICC_APR{n}") for n in range(4)] == [0, 0, 1 << 1, 0]
    bench.write("GICC_APR2", 0)
    assert bench.read("GICC_RPR") == 0xFF
    bench.write("GICC_APR1", 1 << 3)
    assert bench.read("GICC_RPR") == 35 * 2


def test_gicc_dir_does_nothing_while_gicc_eoir_deactivates():
    bench = Bench()
    bench.enable(40)
    bench.line(40, True)
    bench.read("GICC_IAR")
    bench.write("GICC_DIR", 40)
    assert bench.bit("GICD_ISACTIVER", 40)


def test_split_priority_drop_and_deactivation():
    bench = Bench()
    bench.write("GICC_CTLR", 0x201)
    bench.enable(40)
    bench.line(40, True)
    bench.read("GICC_IAR")
    bench.write("GICC_EOIR", 40)
    assert bench.read("GICC_RPR") == 0xFF
    assert bench.bit("GICD_ISACTIVER", 40)
    assert not bench.irq()
    bench.write("GICC_DIR", 40)
    assert not bench.bit("GICD_ISACTIVER", 40)
    assert bench.irq()


# -- software generated interrupts ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "receivers"),
    [(0x0005_0003, [0, 2]), (0x0100_0003, [0, 2, 3]), (0x0200_0003, [1]), (0x00F0_0003, [])],
)
def test_sgi_target_filters(command, receivers):
    bench = Bench()
    bench.write("GICD_SGIR", command, cpu=1)
    assert [cpu for cpu in range(4) if bench.irq(cpu)] == receivers
    for cpu in receivers:
        assert bench.read("GICC_IAR", cpu) == 3 | 1 << 10, "the CPUID field names the sender"


def test_an_sgi_is_pending_once_per_sender():
    bench = Bench()
    bench.write("GICD_SGIR", 0x0001_0005, cpu=3)
    bench.write("GICD_SGIR", 0x0001_0005, cpu=2)
    bench.write("GICD_SGIR", 0x0001_0005, cpu=2)
    assert bench.read("GICD_SPENDSGIR1") == 0b1100 << 8
    taken = []
    while bench.irq():
        taken.append(bench.read("GICC_IAR"))
        assert not bench.irq()
        bench.write("GICC_EOIR", taken[-1])
    assert taken == [5 | 2 << 10, 5 | 3 << 10]
    assert bench.read("GICD_ISPENDR0") == 0


def test_sgis_can_be_set_and_cleared_per_sender():
    bench = Bench()
    bench.write_byte(0xF20, 9, 0xFF, cpu=1)
    assert bench.read("GICD_SPENDSGIR2", 1) == 0x0F << 8, "only cores that exist"
    assert bench.read("GICD_SPENDSGIR2", 0) == 0
    bench.write_byte(0xF10, 9, 0b0111, cpu=1)
    assert bench.irq(1)
    assert bench.read("GICC_HPPIR", 1) == 9 | 3 << 10
    bench.write_byte(0xF10, 9, 0b1000, cpu=1)
    assert not bench.irq(1)
    assert bench.read("GICD_ISPENDR0", 1) == 0


# -- groups --------------------------------------------------------------------------------------


def grouped(control):
    """ID 40 is in group 0, ID 41 in group 1."""
    bench = Bench()
    bench.write("GICD_CTLR", 3)
    bench.set_bit("GICD_IGROUPR", 41)
    bench.write("GICC_CTLR", control)
    bench.enable(40, 0x80)
    bench.enable(41, 0x40)
    return bench


def test_group_0_can_be_signalled_as_fiq():
    bench = grouped(0b1011)
    bench.line(40, True)
    assert (bench.irq(), bench.fiq()) == (False, True)
    bench.line(41, True)
    assert (bench.irq(), bench.fiq()) == (True, False)


def test_group_1_needs_ackctl_or_the_alias():
    bench = grouped(0b0011)
    bench.line(41, True)
    assert bench.irq()
    assert bench.read("GICC_HPPIR") == bench.read("GICC_IAR") == 1022
    assert not bench.bit("GICD_ISACTIVER", 41)
    assert bench.read("GICC_AHPPIR") == 41
    assert bench.read("GICC_AIAR") == 41
    assert bench.read("GICC_NSAPR1") == 1
    bench.write("GICC_AEOIR", 41)
    assert bench.read("GICC_RPR") == 0xFF
    bench.write("GICC_CTLR", 0b0111)
    assert bench.read("GICC_IAR") == 41


def test_the_aliases_do_not_know_group_0():
    bench = grouped(0b0011)
    bench.line(40, True)
    assert bench.read("GICC_AIAR") == bench.read("GICC_AHPPIR") == SPURIOUS
    assert bench.read("GICC_IAR") == 40
    bench.write("GICC_AEOIR", 40)
    assert bench.bit("GICD_ISACTIVER", 40)


@pytest.mark.parametrize(("distributor", "interface", "up"), [(1, 3, 40), (2, 3, 41), (3, 2, 41)])
def test_each_group_has_its_enables(distributor, interface, up):
    bench = grouped(interface | 0b100)
    bench.write("GICD_CTLR", distributor)
    bench.line(40, True)
    bench.line(41, True)
    assert bench.read("GICC_IAR") == up


def test_a_group_that_the_interface_disables_holds_up_what_is_below_it():
    bench = grouped(0b0001)
    bench.line(40, True)
    bench.line(41, True)
    assert not bench.irq()
    assert bench.read("GICC_HPPIR") == SPURIOUS
    shut = first_shut(bench.gates(40, 0))
    assert (shut.name, shut.register) == ("comes first", "GICC_HPPIR")


def test_what_the_mask_stops_is_not_told_to_come_first():
    bench = Bench()
    bench.enable(40, 0x80)
    bench.enable(41, 0x40)
    bench.write("GICC_PMR", 0x40)
    bench.line(40, True)
    bench.line(41, True)
    assert bench.read("GICC_HPPIR") == SPURIOUS
    shut = [gate for gate in bench.gates(40, 0) if not gate.open]
    assert [(gate.name, gate.needs) for gate in shut] == [
        ("passes the mask", "a mask number above 0x80, the priority of irq 40")
    ]
    bench.write("GICC_PMR", 0x50)
    shut = [gate.name for gate in bench.gates(40, 0) if not gate.open]
    assert shut == ["comes first", "passes the mask"]


@pytest.mark.parametrize(("common", "running"), [(0, 0x50), (0b10000, 0x5C)])
def test_group_1_has_its_own_binary_point_unless_common(common, running):
    bench = grouped(0b0111 | common)
    bench.write("GICC_BPR", 1)
    bench.write("GICC_ABPR", 4)
    bench.write_byte(0x400, 41, 0x5F)
    bench.line(41, True)
    bench.read("GICC_IAR")
    assert bench.read("GICC_RPR") == running


# -- pre-emption between groups, and binary points that change -----------------------------------

LEFT = (0xFE, 0xFC, 0xF8, 0xF0, 0xE0, 0xC0, 0x80, 0x00)
"""The bits of a priority that a binary point of 0 to 7 leaves (IHI 0048B, 3.3.3)."""


def running(first, second, *, control=0b111, **config):
    """ID 40 of group 0 is active, ID 41 of group 1 pending behind it, at these priorities."""
    bench = Bench(**config)
    bench.write("GICD_CTLR", 3)
    bench.set_bit("GICD_IGROUPR", 41)
    bench.write("GICC_CTLR", control)
    bench.write("GICC_PMR", 0xF8)
    bench.enable(40, first)
    bench.enable(41, second)
    bench.line(40, True)
    assert bench.read("GICC_IAR") == 40
    bench.line(41, True)
    return bench


def test_a_pending_interrupt_is_compared_in_the_bits_that_its_own_group_leaves():
    bench = Bench()
    bench.write("GICD_CTLR", 3)
    bench.set_bit("GICD_IGROUPR", 41)
    bench.write("GICC_CTLR", 7)
    bench.write("GICC_PMR", 0xF8)
    bench.write("GICC_BPR", 2)
    bench.write("GICC_ABPR", 6)
    bench.enable(40, 0x58)
    bench.enable(41, 0x48)
    bench.line(40, True)
    assert bench.read("GICC_IAR") == 40
    assert bench.read("GICC_RPR") == 0x58
    bench.line(41, True)
    assert not bench.irq(), "0x48 and 0x58 are alike in the two bits that ABPR leaves"
    assert bench.read("GICC_IAR") == SPURIOUS
    gate = first_shut(bench.gates(41, 0))
    assert (gate.name, gate.value) == ("may pre-empt", 0x58)
    assert "0x48" in gate.needs
    assert "0xc0" in gate.needs


def test_the_present_binary_point_decides_not_that_of_the_acknowledge():
    bench = Bench()
    bench.write("GICC_BPR", 2)
    bench.enable(40, 0x58)
    bench.enable(41, 0x48)
    bench.line(40, True)
    assert bench.read("GICC_IAR") == 40
    bench.write("GICC_BPR", 5)
    bench.line(41, True)
    assert not bench.irq()
    assert bench.read("GICC_IAR") == SPURIOUS
    assert bench.read("GICC_RPR") == 0x58, "as it was cut at the acknowledge"
    bench.write("GICC_BPR", 3)
    assert bench.irq(), "the write itself lets it through"
    bench.write("GICC_BPR", 4)
    assert not bench.irq(), "and holds it up again: 0x48 and 0x58 are alike in three bits"


def test_each_group_heeds_its_own_binary_point_and_both_the_common_one():
    bench = running(0x58, 0x48)
    assert bench.irq()
    bench.write("GICC_BPR", 7)
    assert bench.irq(), "group 1 does not look at BPR"
    bench.write("GICC_ABPR", 6)
    assert not bench.irq()
    bench.write("GICC_BPR", 2)
    assert not bench.irq()
    bench.write("GICC_CTLR", 0b1_0111)
    assert bench.irq(), "with CBPR it does"
    bench.write("GICC_BPR", 5)
    assert not bench.irq()
    bench.write("GICC_CTLR", 0b111)
    bench.write("GICC_ABPR", 4)
    assert bench.irq(), "ABPR 4 leaves as much as BPR 3"
    bench.write("GICC_ABPR", 5)
    assert not bench.irq()


def test_an_interrupt_that_changes_its_group_changes_its_binary_point():
    bench = running(0x58, 0x48)
    bench.write("GICC_ABPR", 6)
    assert not bench.irq()
    bench.write("GICD_IGROUPR1", 0)
    assert bench.irq()


def test_a_nested_end_brings_back_each_running_priority_as_it_was_cut():
    bench = Bench()
    for number, priority in ((40, 0x9C), (41, 0x74), (42, 0x3C), (43, 0x6C)):
        bench.enable(number, priority)
    taken = []
    for number, point in ((40, 2), (41, 4), (42, 1)):
        bench.write("GICC_BPR", point)
        bench.line(number, True)
        taken.append((bench.read("GICC_IAR"), bench.read("GICC_RPR")))
        bench.line(number, False)
    assert taken == [(40, 0x98), (41, 0x60), (42, 0x3C)]
    bench.line(43, True)
    bench.write("GICC_EOIR", 42)
    assert (bench.read("GICC_RPR"), bench.irq()) == (0x60, False)
    bench.write("GICC_EOIR", 41)
    assert (bench.read("GICC_RPR"), bench.irq()) == (0x98, True)
    bench.write("GICC_BPR", 7)
    assert not bench.irq(), "no bit is left in which anything could be higher"
    bench.write("GICC_EOIR", 40)
    assert (bench.read("GICC_RPR"), bench.irq()) == (0xFF, True), (
        "any priority interrupts an idle core"
    )
    assert bench.read("GICC_IAR") == 43


def test_after_a_priority_drop_any_priority_may_follow_before_the_deactivation():
    bench = Bench()
    bench.write("GICC_CTLR", 0x201)
    bench.write("GICC_BPR", 7)
    bench.enable(40, 0x20)
    bench.enable(41, 0xF0)
    bench.line(40, True)
    assert bench.read("GICC_IAR") == 40
    bench.line(41, True)
    assert not bench.irq()
    bench.write("GICC_EOIR", 40)
    assert bench.bit("GICD_ISACTIVER", 40)
    assert bench.read("GICC_IAR") == 41


def test_restored_active_priorities_hold_up_in_the_bits_of_the_present_binary_point():
    bench = Bench()
    bench.enable(41, 0x48)
    bench.line(41, True)
    bench.write("GICC_BPR", 5)
    bench.write("GICC_APR1", 1 << (0x58 >> 1) - 32)
    assert (bench.read("GICC_RPR"), bench.irq()) == (0x58, False)
    bench.write("GICC_BPR", 3)
    assert bench.irq()


byte, point = st.integers(0, 0xF7), st.integers(0, 7)


@given(byte, byte, point, point, point, point, st.booleans(), st.booleans(), st.booleans())
def test_preemption_by_the_manuals_formula(
    first, second, bpr, abpr, later_bpr, later_abpr, common, first_group1, second_group1
):
    bench = Bench()
    bench.write("GICD_CTLR", 3)
    bench.write("GICD_IGROUPR1", first_group1 << 8 | second_group1 << 9)
    bench.write("GICC_CTLR", 0b111 | common << 4)
    bench.write("GICC_PMR", 0xF8)
    bench.write("GICC_BPR", bpr)
    bench.write("GICC_ABPR", abpr)
    bench.enable(40, first)
    bench.enable(41, second)
    bench.line(40, True)
    assert bench.read("GICC_IAR") == 40
    ran = first & LEFT[max(abpr, 1) - 1 if first_group1 and not common else bpr]
    assert bench.read("GICC_RPR") == ran
    bench.write("GICC_BPR", later_bpr)
    bench.write("GICC_ABPR", later_abpr)
    bench.line(41, True)
    left = LEFT[max(later_abpr, 1) - 1 if second_group1 and not common else later_bpr]
    assert bench.irq() is (second & left < ran & left)
    assert bench.read("GICC_IAR") == (41 if second & left < ran & left else SPURIOUS)


# -- the special interrupt IDs -------------------------------------------------------------------


def test_1022_is_only_for_an_interrupt_whose_priority_suffices():
    bench = running(0x40, 0x80, control=0b011)
    assert bench.read("GICC_IAR") == SPURIOUS
    assert bench.read("GICC_AIAR") == SPURIOUS
    assert bench.read("GICC_HPPIR") == 1022, "which asks for no priority"
    assert bench.read("GICC_AHPPIR") == 41
    bench.write("GICC_EOIR", 40)
    bench.line(40, False)
    bench.write("GICC_PMR", 0x80)
    assert bench.read("GICC_IAR") == SPURIOUS
    assert bench.read("GICC_HPPIR") == bench.read("GICC_AHPPIR") == SPURIOUS
    bench.write("GICC_PMR", 0x88)
    assert bench.read("GICC_IAR") == 1022
    assert not bench.bit("GICD_ISACTIVER", 41)
    bench.write("GICC_CTLR", 0b001)
    assert bench.read("GICC_IAR") == bench.read("GICC_HPPIR") == SPURIOUS, "the group is off"


def test_a_hidden_interrupt_that_preempts_reads_1022():
    bench = running(0x80, 0x40, control=0b011)
    assert bench.irq()
    assert bench.read("GICC_IAR") == 1022
    bench.write("GICC_ABPR", 7)
    bench.write_byte(0x400, 41, 0x81)
    assert bench.read("GICC_IAR") == SPURIOUS


def test_an_implementation_that_is_no_gic_400_follows_the_pseudocode():
    bench = running(0x40, 0x80, control=0b011, iidr=0x43B)
    assert bench.read("GICC_IAR") == 1022
    assert bench.read("GICC_AIAR") == SPURIOUS
    bench.write("GICC_PMR", 0x80)
    assert bench.read("GICC_IAR") == SPURIOUS
    bench.write("GICC_CTLR", 0b111)
    bench.write("GICC_PMR", 0xF8)
    assert bench.read("GICC_IAR") == SPURIOUS, "not hidden, and not high enough"


def chosen(bench):
    """Of which of two interrupts it is shown that it comes first."""
    gates = {number: bench.gates(number, 0) for number in (40, 41)}
    return [number for number, found in gates.items() for gate in found
            if gate.name == "comes first" and gate.holds]  # fmt: skip


def test_nothing_comes_first_as_long_as_nothing_is_forwarded():
    """IHI 0048B 3.3: the CPU interface considers one interrupt, and with GICC_HPPIR 1023 none."""
    bench = Bench()
    bench.enable(40, 0x80)
    bench.enable(41, 0x40)
    assert not chosen(bench)
    bench.line(40, True)
    assert chosen(bench) == [40]
    bench.line(41, True)
    assert chosen(bench) == [41]
    bench.write("GICC_PMR", 0x40)
    assert bench.read("GICC_HPPIR") == SPURIOUS
    assert not chosen(bench)
    (mask,) = (gate for gate in bench.gates(40, 0) if not gate.open)
    assert mask.says == (
        "the core's priority mask 0x40 lets through only lower numbers, which are more urgent, and "
        "its priority is 0x80"
    )
