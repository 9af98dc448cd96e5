"""Local APIC: registers, priorities, messages, the local vector table, errors."""

import pytest
from apic_bench import (
    ALL,
    DEADLINE,
    EXTINT,
    FIXED,
    INIT,
    LEVEL,
    LOGICAL,
    LOWEST,
    MASKED,
    NMI,
    OTHERS,
    PERIODIC,
    SELF,
    SMI,
    STARTUP,
    Bench,
)
from msgspec.structs import replace

from kerneltui.devices.x86.local_apic import Config, LocalApic
from kerneltui.hw.clock import Clock

# -- registers --------------------------------------------------------------------------------

RESET = {
    "APIC_ID": 0, "TPR": 0, "APR": 0, "PPR": 0, "EOI": 0, "RRD": 0, "LDR": 0, "DFR": 0xFFFF_FFFF,
    "SVR": 0xFF, "ISR0": 0, "TMR7": 0, "IRR3": 0, "ESR": 0, "ICR_LOW": 0, "ICR_HIGH": 0,
    "INIT_COUNT": 0, "CUR_COUNT": 0, "DIV_CONF": 0, "IA32_TSC_DEADLINE": 0,
}  # fmt: skip
ENTRIES = (
    "LVT_CMCI", "LVT_TIMER", "LVT_THERMAL", "LVT_PMI", "LVT_LINT0", "LVT_LINT1", "LVT_ERROR",
)  # fmt: skip


def test_state_after_power_up():
    bench = Bench(cpus=2, enable=False)
    assert {name: bench.read(name) for name in RESET} == RESET
    assert {bench.read(name) for name in ENTRIES} == {MASKED}
    assert [bench.read("APIC_ID", cpu) for cpu in (0, 1)] == [0, 1 << 24]
    assert bench.read("IA32_APIC_BASE") == 0xFEE0_0900, "core 0 is the bootstrap processor"
    assert bench.read("IA32_APIC_BASE", 1) == 0xFEE0_0800


@pytest.mark.parametrize(
    ("config", "version"),
    [
        ({}, 0x0106_0014),
        ({"version": 0x15, "directed_eoi": False}, 0x0006_0015),
        ({"cmci": False, "directed_eoi": False}, 0x0005_0014),
    ],
)
def test_the_version_register_tells_what_there_is(config, version):
    assert Bench(**config).read("APIC_VERSION") == version


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("APIC_ID", 0xFF00_0000), ("APIC_VERSION", 0), ("TPR", 0xFF), ("APR", 0), ("PPR", 0xFF),
        ("EOI", 0), ("LDR", 0xFF00_0000), ("SVR", 0x11FF), ("ISR1", 0), ("TMR1", 0), ("IRR1", 0),
        ("ESR", 0), ("ICR_HIGH", 0xFF00_0000), ("LVT_TIMER", 0x0007_00FF),
        ("LVT_THERMAL", 0x0001_07FF), ("LVT_CMCI", 0x0001_07FF), ("LVT_LINT0", 0x0001_A7FF),
        ("LVT_ERROR", 0x0001_00FF), ("CUR_COUNT", 0), ("DIV_CONF", 0xB),
    ],
)  # fmt: skip
def test_only_the_defined_bits_can_be_written(name, kept):
    bench = Bench()
    version = bench.read("APIC_VERSION") if name == "APIC_VERSION" else 0
    bench.write("TPR", 0xFF)
    bench.write(name, 0xFFFF_FFFF)
    assert bench.read(name) == kept | version


def test_the_destination_format_keeps_ones_below_the_model():
    bench = Bench()
    bench.write("DFR", 0)
    assert bench.read("DFR") == 0x0FFF_FFFF


def test_each_core_finds_its_own_apic_behind_the_window():
    bench = Bench(cpus=2)
    bench.write("TPR", 0x50, cpu=1)
    bench.send(SELF | 0x61, cpu=1)
    assert (bench.read("TPR"), bench.read("TPR", 1)) == (0, 0x50)
    assert (bench.bitmap("IRR"), bench.bitmap("IRR", 1)) == (set(), {0x61})


def test_a_configuration_must_make_sense():
    for wrong in ({"timer_hz": 0}, {"tsc_hz": -1}, {"version": 0x20}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Config(**wrong)
    apic = LocalApic("lapic", Config(), Clock(), 2)
    for pin, number, cpu in (("lint2", 0, 0), ("lint0", 1, 0), ("lint0", 0, 2)):
        with pytest.raises(ValueError, match="only lint0, lint1"):
            apic.input(pin, number, cpu)


# -- priorities, taking and ending --------------------------------------------------------------


def test_an_interrupt_is_requested_then_in_service_then_over():
    bench = Bench()
    bench.send(SELF | 0x41)
    assert (bench.bitmap("IRR"), bench.bitmap("ISR"), bench.intr()) == ({0x41}, set(), True)
    assert bench.take() == 0x41
    assert (bench.bitmap("IRR"), bench.bitmap("ISR"), bench.intr()) == (set(), {0x41}, False)
    bench.end_of_interrupt()
    assert bench.bitmap("ISR") == set()


def test_the_highest_vector_is_taken_first():
    bench = Bench()
    for vector in (0x41, 0xE3, 0x90):
        bench.send(SELF | vector)
    taken = []
    while bench.intr():
        taken.append(bench.take())
        bench.end_of_interrupt()
    assert taken == [0xE3, 0x90, 0x41]


def test_only_a_higher_class_interrupts_a_handler():
    """The low four bits of a vector do not make it more urgent (10.8.3)."""
    bench = Bench()
    bench.send(SELF | 0x51)
    assert bench.take() == 0x51
    bench.send(SELF | 0x5F)
    assert not bench.intr()
    bench.send(SELF | 0x60)
    assert bench.intr()
    assert bench.take() == 0x60
    assert bench.bitmap("ISR") == {0x51, 0x60}
    bench.end_of_interrupt()
    assert bench.bitmap("ISR") == {0x51}, "the highest in service is what ends"
    assert not bench.intr()
    bench.end_of_interrupt()
    assert bench.take() == 0x5F


@pytest.mark.parametrize(("tpr", "passes"), [(0x4F, True), (0x50, False), (0xFF, False)])
def test_the_task_priority_holds_back_its_own_class_and_lower_ones(tpr, passes):
    bench = Bench()
    bench.write("TPR", tpr)
    bench.send(SELF | 0x5A)
    assert bench.intr() is passes
    bench.write("TPR", 0)
    assert bench.intr()


@pytest.mark.parametrize(
    ("tpr", "serving", "ppr"),
    [(0x00, None, 0x00), (0x37, None, 0x37), (0x37, 0x5A, 0x50), (0x53, 0x5A, 0x53),
     (0x63, 0x5A, 0x63)],
)  # fmt: skip
def test_the_processor_priority_is_the_higher_of_task_and_service(tpr, serving, ppr):
    bench = Bench()
    if serving is not None:
        bench.send(SELF | serving)
        bench.take()
    bench.write("TPR", tpr)
    assert bench.read("PPR") == ppr


def test_an_interrupt_that_is_held_back_before_it_is_taken_is_spurious():
    """The spurious vector comes without a bit in the ISR, and needs no EOI (10.9)."""
    bench = Bench()
    bench.write("SVR", 0x1EF)
    bench.send(SELF | 0x41)
    bench.write("TPR", 0x40)
    assert bench.take() == 0xEF
    assert (bench.bitmap("IRR"), bench.bitmap("ISR")) == ({0x41}, set())


def test_the_same_vector_can_be_in_service_and_requested_again_but_no_more():
    bench = Bench()
    for _ in range(3):
        bench.send(SELF | 0x41)
    bench.take()
    bench.send(SELF | 0x41)
    bench.send(SELF | 0x41)
    bench.end_of_interrupt()
    assert bench.take() == 0x41
    bench.end_of_interrupt()
    assert not bench.intr()


def test_an_end_of_interrupt_with_nothing_in_service_does_nothing():
    bench = Bench()
    bench.message(0x41, level=True)
    bench.end_of_interrupt()
    assert (bench.bitmap("IRR"), bench.ended) == ({0x41}, [])


def test_only_the_end_of_a_level_interrupt_is_told_to_io_apics():
    bench = Bench()
    bench.message(0x41, level=True)
    bench.message(0x82)
    assert bench.bitmap("TMR") == {0x41}
    for _ in range(2):
        bench.take()
        bench.end_of_interrupt()
    assert bench.ended == [0x41]
    bench.message(0x41)
    assert bench.bitmap("TMR") == set(), "accepted as an edge now"


@pytest.mark.parametrize(("directed", "ended"), [(True, []), (False, [0x41])])
def test_eoi_broadcasts_can_be_suppressed_where_that_is_supported(directed, ended):
    bench = Bench(directed_eoi=directed)
    bench.write("SVR", 0x11FF)
    bench.message(0x41, level=True)
    bench.take()
    bench.end_of_interrupt()
    assert bench.ended == ended


# -- enabling -----------------------------------------------------------------------------------


def test_a_software_disable_masks_the_local_vector_table_for_as_long_as_it_lasts():
    bench = Bench()
    for entry in ENTRIES:
        bench.write(entry, 0x55)
    bench.write("SVR", 0xFF)
    assert {bench.read(entry) for entry in ENTRIES} == {MASKED | 0x55}
    bench.write("LVT_TIMER", 0x55)
    assert bench.read("LVT_TIMER") == MASKED | 0x55, "the mask cannot be reset"
    bench.write("SVR", 0x1FF)
    assert bench.read("LVT_ERROR") == MASKED | 0x55, "nor does the enable reset it"
    bench.write("LVT_TIMER", 0x55)
    assert bench.read("LVT_TIMER") == 0x55


def test_a_software_disabled_apic_holds_what_it_has_accepts_nothing_new_but_nmi_and_init():
    bench = Bench()
    bench.message(0x41)
    bench.write("SVR", 0xFF)
    assert not bench.intr()
    bench.message(0x90)
    bench.message(0, NMI)
    bench.message(0, SMI)
    assert (bench.bitmap("IRR"), bench.nmis, bench.told) == ({0x41}, [1], [(0, SMI, 0)])
    bench.write("SVR", 0x1FF)
    assert bench.take() == 0x41


def test_a_software_disabled_apic_can_still_send():
    bench = Bench(cpus=2)
    bench.write("SVR", 0xFF)
    bench.send(0x44, destination=1)
    assert bench.take(1) == 0x44


def test_a_global_disable_turns_the_pins_into_intr_and_nmi_and_forgets_all_but_the_id():
    bench = Bench()
    bench.apic.external = bench.acknowledge_pic
    bench.write("APIC_ID", 0x0700_0000)
    bench.message(0x41)
    bench.write("TPR", 0x20)
    bench.write("IA32_APIC_BASE", 0xFEE0_0000)
    assert not bench.intr()
    bench.pin("lint1", True)
    assert not bench.intr()
    bench.pin("lint0", True)
    assert (bench.nmis, bench.intr(), bench.take()) == ([1], True, 0x28)
    bench.message(0, NMI, 0xFF)
    assert bench.nmis == [1]
    bench.write("IA32_APIC_BASE", 0xFEE0_0800)
    assert (bench.read("TPR"), bench.read("SVR"), bench.bitmap("IRR")) == (0, 0xFF, set())
    assert bench.read("APIC_ID") == 0x0700_0000
    assert not bench.intr(), "LINT0 is masked again"


def test_an_apic_that_is_off_gets_no_message_of_any_kind():
    bench = Bench(cpus=2)
    bench.write("IA32_APIC_BASE", 0xFEE0_0000, 1)
    for mode in (FIXED, LOWEST, SMI, NMI, INIT, STARTUP):
        for destination in (1, 0xFF):
            bench.send(0x41 | mode << 8, destination)
    bench.send(0x41 | OTHERS)
    bench.message(0x42, destination=1)
    bench.message(0, EXTINT, destination=1)
    assert (bench.bitmap("IRR", 1), bench.intr(1), bench.nmis[1]) == (set(), False, 0)
    assert [entry for entry in bench.told if entry[0] == 1] == []
    assert not bench.apic.reaches(1, 1, False)
    assert not bench.apic.reaches(1, 0xFF, False)


def test_the_timer_of_an_apic_that_is_off_stands_and_what_it_counted_is_forgotten():
    bench = Bench()
    bench.write("LVT_TIMER", 0x31 | PERIODIC)
    bench.write("DIV_CONF", 0b1011)
    bench.write("INIT_COUNT", 100)
    bench.at(150)
    bench.write("IA32_APIC_BASE", 0xFEE0_0000)
    assert bench.clock.armed() == []
    bench.at(1000)
    bench.write("IA32_APIC_BASE", 0xFEE0_0800)
    names = ("LVT_TIMER", "DIV_CONF", "INIT_COUNT", "CUR_COUNT", "SVR", "ESR")
    assert [bench.read(name) for name in names] == [MASKED, 0, 0, 0, 0xFF, 0]
    bench.at(5000)
    assert (bench.bitmap("IRR"), bench.bitmap("ISR")) == (set(), set())


def test_what_is_stored_while_the_apic_is_off_is_not_there_when_it_comes_back():
    bench = Bench()
    bench.write("IA32_APIC_BASE", 0xFEE0_0000)
    bench.write("SVR", 0x1FF)
    bench.write("TPR", 0x30)
    bench.write("IA32_APIC_BASE", 0xFEE0_0800)
    assert (bench.read("SVR"), bench.read("TPR")) == (0xFF, 0)


def test_a_core_whose_apic_was_off_does_not_wait_for_a_start_up_message():
    bench = Bench(cpus=2)
    bench.send(INIT << 8, 1)
    bench.send(STARTUP << 8 | 0x12, 1)
    bench.told.clear()
    bench.write("IA32_APIC_BASE", 0xFEE0_0000, 1)
    bench.write("IA32_APIC_BASE", 0xFEE0_0800, 1)
    bench.send(STARTUP << 8 | 0x12, 1)
    assert bench.told == [], "only INIT makes it wait"


# -- messages -----------------------------------------------------------------------------------


def receivers(bench, vector):
    return {cpu for cpu in range(bench.apic.cpus) if vector in bench.bitmap("IRR", cpu)}


@pytest.mark.parametrize(("shorthand", "who"), [(SELF, {1}), (ALL, {0, 1, 2}), (OTHERS, {0, 2})])
def test_a_shorthand_names_receivers_whatever_the_destination(shorthand, who):
    bench = Bench(cpus=3)
    bench.send(shorthand | 0x70, destination=2, cpu=1)
    assert receivers(bench, 0x70) == who


def test_a_physical_destination_is_an_apic_id_or_all():
    bench = Bench(cpus=3)
    bench.write("APIC_ID", 9 << 24, cpu=2)
    for vector, destination, who in ((0x70, 1, {1}), (0x71, 9, {2}), (0x72, 2, set()),
                                     (0x73, 0xFF, {0, 1, 2})):  # fmt: skip
        bench.send(vector, destination)
        assert receivers(bench, vector) == who


def test_a_flat_logical_destination_is_a_set_of_bits():
    bench = Bench(cpus=3)
    for cpu in range(3):
        bench.write("LDR", 1 << 24 + cpu, cpu)
    for vector, destination, who in ((0x70, 0b101, {0, 2}), (0x71, 0x80, set()),
                                     (0x72, 0xFF, {0, 1, 2})):  # fmt: skip
        bench.send(LOGICAL | vector, destination)
        assert receivers(bench, vector) == who


def test_a_cluster_destination_is_a_cluster_and_a_set_within_it():
    bench = Bench(cpus=4)
    for cpu, logical in enumerate((0x11, 0x12, 0x21, 0x28)):
        bench.write("DFR", 0x0FFF_FFFF, cpu)
        bench.write("LDR", logical << 24, cpu)
    for vector, destination, who in ((0x70, 0x13, {0, 1}), (0x71, 0x21, {2}), (0x72, 0x31, set()),
                                     (0x73, 0xF1, {0, 2}), (0x74, 0xFF, {0, 1, 2, 3})):  # fmt: skip
        bench.message(vector, destination=destination, logical=True)
        assert receivers(bench, vector) == who


def test_lowest_priority_goes_to_the_one_core_that_does_the_least_urgent_work():
    bench = Bench(cpus=3)
    bench.write("TPR", 0x40)
    bench.message(0x55, destination=1)
    bench.take(1)
    bench.write("TPR", 0x30, cpu=2)
    bench.message(0x91, LOWEST, 0xFF)
    assert receivers(bench, 0x91) == {2}
    bench.write("SVR", 0xFF, cpu=2)
    bench.message(0x92, LOWEST, 0xFF)
    assert receivers(bench, 0x92) == {0}, "a disabled APIC does not take part"


def test_an_ipi_is_an_edge_whatever_its_trigger_bit_says():
    bench = Bench()
    bench.send(SELF | LEVEL | 1 << 14 | 0x41)
    assert (bench.bitmap("IRR"), bench.bitmap("TMR")) == ({0x41}, set())


def test_init_resets_all_but_the_id_and_then_a_startup_is_waited_for_once():
    bench = Bench(cpus=2)
    bench.write("LDR", 0x0200_0000, cpu=1)
    bench.write("APIC_ID", 0x0500_0000, cpu=1)
    bench.message(0x41, destination=5)
    bench.send(INIT << 8 | 1 << 14, destination=5)
    assert (bench.bitmap("IRR", 1), bench.read("LDR", 1), bench.read("SVR", 1)) == (set(), 0, 0xFF)
    assert bench.read("APIC_ID", 1) == 0x0500_0000
    for _ in range(2):
        bench.send(STARTUP << 8 | 0x9A, destination=5)
    assert bench.told == [(1, INIT, 0), (1, STARTUP, 0x9A)]
    bench.send(INIT << 8 | LEVEL, destination=5)
    assert len(bench.told) == 2, "a level de-assert does nothing"


def test_the_bootstrap_processor_waits_for_no_startup_and_the_others_do_at_power_up():
    bench = Bench(cpus=2)
    bench.send(STARTUP << 8 | 8 | ALL)
    assert bench.told == [(1, STARTUP, 8)]
    bench.send(INIT << 8 | 1 << 14 | SELF)
    bench.send(STARTUP << 8 | 8 | SELF)
    assert bench.told[1:] == [(0, INIT, 0)]


# -- local vector table and pins ----------------------------------------------------------------


def test_extint_passes_by_the_priorities_and_the_pic_gives_the_vector():
    bench = Bench()
    bench.apic.external = bench.acknowledge_pic
    bench.write("LVT_LINT0", EXTINT << 8)
    bench.write("TPR", 0xF0)
    bench.message(0xE1)
    bench.pin("lint0", True)
    assert bench.intr()
    assert bench.take() == 0x28
    assert bench.bitmap("ISR") == set()
    assert bench.intr(), "the PIC's line is still up"
    bench.pin("lint0", False)
    assert not bench.intr()


def test_a_masked_extint_waits_at_the_pin():
    bench = Bench()
    bench.pin("lint0", True)
    assert not bench.intr()
    bench.write("LVT_LINT0", EXTINT << 8)
    assert bench.intr()
    bench.write("LVT_LINT0", EXTINT << 8 | MASKED)
    assert not bench.intr()


def test_an_extint_message_is_taken_once():
    bench = Bench()
    bench.apic.external = bench.acknowledge_pic
    bench.message(0, EXTINT)
    assert (bench.intr(), bench.take(), bench.intr()) == (True, 0x28, False)


def test_a_fixed_level_at_lint0_interrupts_again_for_as_long_as_it_lasts():
    bench = Bench()
    bench.write("LVT_LINT0", LEVEL | 0x51)
    bench.pin("lint0", True)
    assert bench.read("LVT_LINT0") == LEVEL | 1 << 14 | 0x51, "remote IRR: accepted"
    assert bench.take() == 0x51
    assert (bench.bitmap("IRR"), bench.bitmap("TMR")) == (set(), {0x51})
    bench.end_of_interrupt()
    assert bench.take() == 0x51
    bench.pin("lint0", False)
    bench.end_of_interrupt()
    assert (bench.intr(), bench.read("LVT_LINT0")) == (False, LEVEL | 0x51)


def test_a_level_that_is_in_service_is_not_requested_again_by_touching_its_entry():
    bench = Bench()
    bench.write("LVT_LINT0", LEVEL | 0x51)
    bench.pin("lint0", True)
    bench.take()
    bench.write("LVT_LINT0", LEVEL | 0x51)
    assert bench.bitmap("IRR") == set()


def test_lint1_takes_edges_only_whatever_its_trigger_bit_says():
    bench = Bench()
    bench.write("LVT_LINT1", LEVEL | 0x52)
    bench.pin("lint1", True)
    assert bench.take() == 0x52
    bench.end_of_interrupt()
    assert (bench.intr(), bench.bitmap("TMR")) == (False, set())


def test_a_software_disable_shuts_extint_out():
    bench = Bench()
    bench.write("LVT_LINT0", EXTINT << 8)
    bench.pin("lint0", True)
    bench.write("SVR", 0xFF)
    assert not bench.intr()


def test_a_fixed_edge_at_a_pin_interrupts_once_and_is_lost_while_masked():
    bench = Bench()
    bench.write("LVT_LINT1", MASKED | 0x52)
    bench.pin("lint1", True)
    bench.write("LVT_LINT1", 0x52)
    assert not bench.intr()
    bench.pin("lint1", False)
    bench.pin("lint1", True)
    assert bench.take() == 0x52
    bench.end_of_interrupt()
    assert not bench.intr()


def test_nmi_at_lint1_is_a_pulse_for_each_edge():
    bench = Bench()
    bench.write("LVT_LINT1", NMI << 8)
    for level in (True, True, False, True):
        bench.pin("lint1", level)
    assert bench.nmis == [2]
    assert not bench.apic.outputs["nmi"][0].level


@pytest.mark.parametrize(
    ("pin", "entry"),
    [("thermal", "LVT_THERMAL"), ("performance", "LVT_PMI"), ("cmci", "LVT_CMCI")],
)
def test_each_local_source_has_its_entry(pin, entry):
    bench = Bench(cpus=2)
    bench.write(entry, 0x77, cpu=1)
    bench.pin(pin, True, cpu=1)
    assert (bench.intr(0), bench.take(1)) == (False, 0x77)


def test_a_performance_interrupt_masks_its_entry():
    bench = Bench()
    bench.write("LVT_PMI", NMI << 8)
    bench.pin("performance", True)
    assert (bench.nmis, bench.read("LVT_PMI")) == ([1], NMI << 8 | MASKED)


# -- errors -------------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", [0, 15])
def test_an_illegal_vector_is_an_error_of_sender_and_receiver_and_never_requested(vector):
    bench = Bench(cpus=2)
    bench.send(vector, destination=1)
    assert (bench.bitmap("IRR", 1), bench.errors(0), bench.errors(1)) == (set(), 0x20, 0x40)
    bench.send(16, destination=1)
    assert (bench.bitmap("IRR", 1), bench.errors(1)) == ({16}, 0)


def test_an_illegal_vector_in_the_local_vector_table_is_an_error_when_it_happens():
    bench = Bench()
    bench.write("LVT_THERMAL", FIXED << 8 | 3)
    assert bench.errors() == 0
    bench.pin("thermal", True)
    assert bench.errors() == 0x40


def test_the_error_status_shows_what_happened_up_to_the_write_before():
    bench = Bench()
    bench.send(SELF | 3)
    assert bench.read("ESR") == 0, "not yet written"
    bench.write("ESR", 0)
    assert bench.read("ESR") == bench.read("ESR") == 0x60
    bench.write("ESR", 0)
    assert bench.read("ESR") == 0, "back-to-back writes clear it"


def test_an_access_to_a_reserved_address_is_an_error_but_a_look_is_not():
    bench = Bench(cmci=False)
    for offset in (0x000, 0x040, 0x290, 0x2F0, 0x3A0, 0x3F0, 0x404):
        bench.apic.regs.peek(offset)
        assert bench.errors() == 0
        assert bench.apic.regs.read(offset) == 0
        assert bench.errors() == 0x80, hex(offset)
        bench.apic.regs.write(offset, 1)
        assert bench.errors() == 0x80, hex(offset)
    assert bench.apic.regs.read(0x084) == 0
    assert bench.errors() == 0, "reserved is a whole region of sixteen bytes"


def test_an_error_interrupts_and_then_not_until_the_status_is_written():
    bench = Bench()
    bench.write("LVT_ERROR", 0xFE)
    bench.send(SELF | 3)
    assert bench.take() == 0xFE
    bench.end_of_interrupt()
    bench.send(SELF | 3)
    assert not bench.intr()
    bench.write("ESR", 0)
    bench.send(SELF | 3)
    assert bench.intr()


def test_a_message_to_come_looks_as_it_does_when_it_is_there_but_for_being_pending():
    bench = Bench(cpus=2)
    awaited = bench.apic.message(0x93, 1)
    assert (awaited.priority, awaited.targets, awaited.pending) == (9, (1,), False)
    bench.write("ICR_HIGH", 1 << 24)
    bench.write("ICR_LOW", 0x93)
    (came,) = (state for state in bench.apic.interrupts(1) if state.number == 0x93)
    assert came.pending
    assert replace(came, pending=False) == awaited


def test_only_the_count_that_runs_is_told_as_a_counter():
    bench = Bench(cpus=2)
    assert bench.apic.counters(1) == []
    bench.write("INIT_COUNT", 1000, 1)
    (counter,) = bench.apic.counters(1)
    assert (counter.name, counter.value, counter.bits) == ("CUR_COUNT", 1000, None)
    assert bench.apic.counters(0) == []
    bench.write("LVT_TIMER", DEADLINE | 0x40, 1)
    bench.write("IA32_TSC_DEADLINE", 1 << 40, 1)
    assert bench.apic.counters(1) == [], "the processor's counter is compared, which is the core's"
