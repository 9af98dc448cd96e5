"""GIC-400 by Arm DDI 0471B and IHI 0048B: its registers, and the states of an interrupt."""

import pytest
from gic400_bench import SPURIOUS, Bench

from kerneltui.devices.arm.gic400 import Config

# -- what is there -------------------------------------------------------------------------------


def test_reset_values_of_the_manual():
    bench = Bench(ready=False, priority_bits=5)
    expected = {
        "GICD_CTLR": 0, "GICD_TYPER": 0x66, "GICD_IIDR": 0x0200_143B, "GICD_ISENABLER0": 0xFFFF,
        "GICD_ICENABLER0": 0xFFFF, "GICD_ISENABLER1": 0, "GICD_ICFGR0": 0xAAAA_AAAA,
        "GICD_ICFGR1": 0x5554_0000, "GICD_ICFGR2": 0x5555_5555, "GICD_ITARGETSR8": 0,
        "GICD_PIDR0": 0x90, "GICD_PIDR1": 0xB4, "GICD_PIDR2": 0x2B, "GICD_PIDR4": 0x04,
        "GICD_CIDR0": 0x0D, "GICD_CIDR3": 0xB1, "GICC_CTLR": 0, "GICC_PMR": 0, "GICC_BPR": 2,
        "GICC_ABPR": 3, "GICC_IAR": SPURIOUS, "GICC_HPPIR": SPURIOUS, "GICC_RPR": 0xFF,
        "GICC_IIDR": 0x0202_143B, "GICC_APR0": 0,
    }  # fmt: skip
    assert {name: bench.read(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("name", "offset"),
    [("GICD_IGROUPR1", 0x84), ("GICD_ICENABLER6", 0x198), ("GICD_ISPENDR3", 0x20C),
     ("GICD_ICACTIVER0", 0x380), ("GICD_IPRIORITYR55", 0x4DC), ("GICD_ITARGETSR7", 0x81C),
     ("GICD_ITARGETSR55", 0x8DC), ("GICD_ICFGR13", 0xC34), ("GICD_PPISR", 0xD00),
     ("GICD_SPISR5", 0xD18), ("GICD_SGIR", 0xF00), ("GICD_CPENDSGIR3", 0xF1C),
     ("GICD_SPENDSGIR0", 0xF20), ("GICD_PIDR4", 0xFD0), ("GICC_HPPIR", 0x18),
     ("GICC_AHPPIR", 0x28), ("GICC_NSAPR0", 0xE0), ("GICC_DIR", 0x1000)],
)  # fmt: skip
def test_registers_stand_at_their_offsets(name, offset):
    assert Bench().places[name][1] == offset


def test_interrupt_ids_beyond_the_implemented_are_raz_wi():
    gicd = Bench(irqs=224).gic.files["GICD"]
    for offset in (0x80 + 28, 0x100 + 28, 0x200 + 28, 0x400 + 224, 0x800 + 224, 0xC00 + 56):
        gicd.write(offset, 0xFFFF_FFFF)
        assert gicd.read(offset) == 0


@pytest.mark.parametrize(
    ("block", "offset"),
    [("GICD", 0x00C), ("GICD", 0x020), ("GICD", 0x07C), ("GICD", 0x09C), ("GICD", 0x11C),
     ("GICD", 0x19C), ("GICD", 0x21C), ("GICD", 0x29C), ("GICD", 0x31C), ("GICD", 0x39C),
     *(("GICD", 0x400 + 4 * n) for n in range(56, 64)), ("GICD", 0x7FC), ("GICD", 0x8E0),
     ("GICD", 0xBFC), ("GICD", 0xC38), ("GICD", 0xC3C), ("GICD", 0xD1C), ("GICD", 0xE00),
     ("GICD", 0xF04), ("GICD", 0xF30), ("GICC", 0x02C), ("GICC", 0x040), ("GICC", 0x0F0),
     ("GICC", 0x100), ("GICC", 0x1004)],
)  # fmt: skip
def test_reserved_registers_are_raz_wi_and_nothing_to_report(block, offset):
    bench, told = Bench(irqs=224, priority_bits=5), []
    for file in bench.gic.files.values():
        file.on_unmodelled = told.append
    before = {name: bench.peek(name) for name in bench.places}
    file = bench.gic.files[block]
    file.write(offset, 0xFFFF_FFFF)
    file.write(offset, 0xFF, 1)
    assert file.read(offset) == file.read(offset, 1) == file.peek(offset) == 0
    assert {name: bench.peek(name) for name in bench.places} == before
    assert told == []


def test_reserved_bits_are_raz_wi_and_nothing_to_report():
    bench, told = Bench(irqs=224, priority_bits=5), []
    for file in bench.gic.files.values():
        file.on_unmodelled = told.append
    bench.write("GICC_CTLR", 0x1E0)
    assert bench.read("GICC_CTLR") == 0, "there is no bypass"
    kept = {"GICC_CTLR": 0x21F, "GICD_CTLR": 3, "GICC_PMR": 0xF8, "GICC_BPR": 7, "GICC_ABPR": 7,
            "GICC_APR0": 0xFFFF_FFFF, "GICC_NSAPR0": 0xFFFF_FFFF, "GICD_TYPER": 0x66,
            "GICD_ICFGR13": 0xFFFF_FFFF, "GICD_ITARGETSR55": 0x0F0F_0F0F,
            "GICD_IPRIORITYR55": 0xF8F8_F8F8, "GICD_SPENDSGIR3": 0x0F0F_0F0F}  # fmt: skip
    for name, value in kept.items():
        bench.write(name, 0xFFFF_FFFF)
        assert bench.read(name) == value, name
    assert told == []


def test_with_five_priority_bits_there_is_one_register_of_active_priorities():
    bench = Bench(priority_bits=5)
    assert {name for name in bench.places if "APR" in name} == {"GICC_APR0", "GICC_NSAPR0"}
    told = []
    gicc = bench.gic.files["GICC"]
    gicc.on_unmodelled = told.append
    gicc.write(0xD4, 1)
    assert gicc.read(0xD4) == 0
    assert bench.read("GICC_RPR") == 0xFF
    assert told == []


def test_an_unaligned_access_is_reported():
    told = []
    gicd = Bench().gic.files["GICD"]
    gicd.on_unmodelled = told.append
    gicd.write(0x102, 0xFFFF_FFFF)
    assert gicd.read(0x102) == 0
    assert len(told) == 2


def test_the_largest_gic_has_512_ids_and_eight_cores():
    bench = Bench(cpus=8, irqs=512)
    assert bench.read("GICD_TYPER") == 15 | 7 << 5
    bench.enable(511, targets=0x80)
    bench.line(511, True)
    assert bench.irq(7)
    assert bench.read("GICC_IAR", 7) == 511


def test_a_wrong_input_says_which_exist():
    gic = Bench().gic
    for wrong in (("spi", 192), ("ppi", 16), ("ppi", 0, 4), ("sgi", 0), ("spi", -1)):
        with pytest.raises(ValueError, match="spi 0 to 191, and ppi 0 to 15 of cores 0 to 3"):
            gic.input(*wrong)


@pytest.mark.parametrize("wrong", [{"irqs": 100}, {"irqs": 544}, {"priority_bits": 3}])
def test_impossible_configurations_are_refused(wrong):
    with pytest.raises(ValueError, match="must be"):
        Config(**wrong)


# -- the distributor's registers -----------------------------------------------------------------


def test_set_and_clear_registers_are_faces_of_one_state():
    bench = Bench()
    bench.write("GICD_ISENABLER2", 0xF0)
    bench.write("GICD_ISENABLER2", 0x0F)
    bench.write("GICD_ICENABLER2", 0x3C)
    assert bench.read("GICD_ISENABLER2") == bench.read("GICD_ICENABLER2") == 0xC3
    assert bench.read("GICD_ISENABLER1") == bench.read("GICD_ISENABLER3") == 0


def test_sgis_cannot_be_disabled_or_set_pending_by_bitmap():
    bench = Bench()
    bench.write("GICD_ICENABLER0", 0xFFFF_FFFF)
    bench.write("GICD_ISPENDR0", 0x0000_FFFF)
    assert bench.read("GICD_ISENABLER0") == 0xFFFF
    assert bench.read("GICD_ISPENDR0") == 0


def test_the_first_32_ids_are_banked_per_core():
    bench = Bench()
    bench.write("GICD_ISENABLER0", 1 << 30, 1)
    bench.write("GICD_IGROUPR0", 1 << 29, 2)
    bench.write("GICD_IPRIORITYR7", 0x11223344, 3)
    assert [bench.read("GICD_ISENABLER0", cpu) >> 30 & 1 for cpu in range(4)] == [0, 1, 0, 0]
    assert [bench.read("GICD_IGROUPR0", cpu) for cpu in range(4)] == [0, 0, 1 << 29, 0]
    assert [bench.read("GICD_IPRIORITYR7", cpu) for cpu in range(4)] == [0, 0, 0, 0x11223344]
    bench.write("GICD_IPRIORITYR8", 0x55, 1)
    assert bench.read("GICD_IPRIORITYR8", 2) == 0x55


def test_private_targets_read_as_the_reading_core_and_are_read_only():
    bench = Bench()
    bench.write("GICD_ITARGETSR3", 0xFFFF_FFFF, 1)
    assert [bench.read("GICD_ITARGETSR3", n) for n in range(4)] == [
        0x01010101, 0x02020202, 0x04040404, 0x08080808,
    ]  # fmt: skip


def test_targets_of_cores_that_are_not_there_read_zero():
    bench = Bench(cpus=2)
    bench.write("GICD_ITARGETSR9", 0xFFFF_FFFF)
    assert bench.read("GICD_ITARGETSR9") == 0x03030303


def test_on_a_uniprocessor_targets_are_raz_wi_and_spis_go_to_it():
    bench = Bench(cpus=1)
    bench.enable(40, targets=0xFF)
    assert bench.read("GICD_ITARGETSR10") == bench.read("GICD_ITARGETSR0") == 0
    bench.line(40, True)
    assert bench.irq()


def test_unimplemented_priority_bits_are_raz_wi():
    bench = Bench(priority_bits=5)
    bench.write("GICD_IPRIORITYR1", 0xFFFF_FFFF)
    bench.write("GICD_IPRIORITYR20", 0x0F0F_0F0F)
    bench.write("GICC_PMR", 0xFF)
    assert bench.read("GICD_IPRIORITYR1") == 0xF8F8_F8F8
    assert bench.read("GICD_IPRIORITYR20") == 0x0808_0808
    assert bench.read("GICC_PMR") == 0xF8


def test_binary_points_cannot_go_below_what_the_priority_bits_allow():
    bench = Bench(priority_bits=5)
    bench.write("GICC_BPR", 0)
    bench.write("GICC_ABPR", 0)
    assert (bench.read("GICC_BPR"), bench.read("GICC_ABPR")) == (2, 3)
    bench.write("GICC_BPR", 7)
    assert bench.read("GICC_BPR") == 7


def test_priorities_and_targets_are_byte_accessible():
    bench = Bench()
    bench.write("GICD_IPRIORITYR12", 0x10203040)
    bench.write_byte(0x400, 50, 0xA0)
    assert bench.read("GICD_IPRIORITYR12") == 0x10A03040
    assert bench.gic.files["GICD"].read(0x400 + 51, 1) == 0x10
    bench.write_byte(0x800, 49, 0x0A)
    assert bench.read("GICD_ITARGETSR12") == 0x0A00


def test_only_the_edge_bit_of_an_spi_configuration_is_writable():
    bench = Bench()
    bench.write("GICD_ICFGR3", 0x0000_0008)
    bench.write("GICD_ICFGR0", 0)
    bench.write("GICD_ICFGR1", 0xFFFF_FFFF)
    assert bench.read("GICD_ICFGR3") == 0x5555_555D
    assert bench.read("GICD_ICFGR0") == 0xAAAA_AAAA
    assert bench.read("GICD_ICFGR1") == 0x5554_0000


def test_status_registers_show_the_lines_and_not_the_pending_latch():
    bench = Bench()
    bench.line(32 + 65, True)
    bench.line(30, True, cpu=1)
    bench.set_bit("GICD_ISPENDR", 32 + 64)
    assert bench.read("GICD_SPISR2") == 0b10
    assert [bench.read("GICD_PPISR", cpu) for cpu in (0, 1)] == [0, 1 << 14]


# -- pending, active, active and pending ---------------------------------------------------------


def test_a_level_interrupt_is_pending_while_its_line_is_high():
    bench = Bench()
    bench.enable(99)
    bench.line(99, True)
    assert bench.irq()
    assert bench.bit("GICD_ISPENDR", 99)
    bench.set_bit("GICD_ICPENDR", 99)
    assert bench.bit("GICD_ISPENDR", 99), "clearing has no effect while the line is high"
    bench.line(99, False)
    assert not bench.irq()
    assert bench.read("GICC_IAR") == SPURIOUS


def test_software_can_latch_a_level_interrupt_pending():
    bench = Bench()
    bench.enable(99)
    bench.set_bit("GICD_ISPENDR", 99)
    bench.line(99, True)
    bench.line(99, False)
    assert bench.read("GICC_IAR") == 99
    assert not bench.bit("GICD_ISPENDR", 99), "the acknowledge clears the latch"
    bench.write("GICC_EOIR", 99)
    assert not bench.irq()


def test_a_level_line_still_high_makes_it_active_and_pending():
    bench = Bench()
    bench.enable(99)
    bench.line(99, True)
    assert bench.read("GICC_IAR") == 99
    assert bench.bit("GICD_ISACTIVER", 99)
    assert bench.bit("GICD_ISPENDR", 99)
    assert not bench.irq(), "an active interrupt is not signalled again"
    bench.write("GICC_EOIR", 99)
    assert bench.irq()
    assert not bench.bit("GICD_ISACTIVER", 99)


def test_an_edge_is_remembered_after_the_line_has_fallen():
    bench = Bench()
    bench.enable(99)
    bench.edge(99)
    bench.line(99, True)
    bench.line(99, False)
    assert bench.read("GICC_IAR") == 99
    assert not bench.bit("GICD_ISPENDR", 99)
    bench.line(99, True)
    assert bench.bit("GICD_ISPENDR", 99), "a new edge while active: active and pending"
    bench.write("GICC_EOIR", 99)
    assert bench.read("GICC_IAR") == 99
    bench.write("GICC_EOIR", 99)
    assert not bench.irq(), "the line is high, but there was no further edge"


def test_the_trigger_decides_whether_a_high_line_is_pending():
    bench = Bench()
    bench.enable(99)
    bench.line(99, True)
    bench.edge(99)
    assert not bench.irq(), "as an edge it came before the interrupt was edge-triggered"
    bench.write("GICD_ICFGR6", 0)
    assert bench.irq()


def test_a_pending_edge_can_be_cleared():
    bench = Bench()
    bench.enable(99)
    bench.edge(99)
    bench.line(99, True)
    bench.set_bit("GICD_ICPENDR", 99)
    assert not bench.irq()


def test_setting_and_clearing_the_active_state_by_hand():
    bench = Bench()
    bench.enable(99)
    bench.set_bit("GICD_ISACTIVER", 99)
    bench.line(99, True)
    assert not bench.irq()
    bench.set_bit("GICD_ICACTIVER", 99)
    assert bench.irq()


def test_an_interrupt_becomes_pending_while_disabled():
    bench = Bench()
    bench.line(99, True)
    assert bench.bit("GICD_ISPENDR", 99)
    bench.enable(99)
    assert bench.irq()


def test_a_ppi_concerns_its_own_core_alone():
    bench = Bench()
    for cpu in range(4):
        bench.enable(30, cpu=cpu)
    bench.line(30, True, cpu=2)
    assert [bench.irq(cpu) for cpu in range(4)] == [False, False, True, False]
    assert bench.read("GICC_IAR", 2) == 30
    assert [bench.bit("GICD_ISACTIVER", 30, cpu) for cpu in range(4)] == [0, 0, 1, 0]


# -- targets -------------------------------------------------------------------------------------


def test_an_spi_with_several_targets_is_taken_by_one():
    bench = Bench()
    bench.enable(99, targets=0b1010)
    bench.edge(99)
    bench.line(99, True)
    assert [bench.irq(cpu) for cpu in range(4)] == [False, True, False, True]
    assert bench.read("GICC_IAR", 3) == 99
    assert not bench.irq(1)
    assert bench.read("GICC_IAR", 1) == SPURIOUS
    bench.line(99, False)
    bench.line(99, True)
    bench.write("GICC_EOIR", 99, 3)
    assert [bench.irq(1), bench.irq(3)] == [True, True], "the second edge is for either again"


def test_a_pending_spi_follows_its_target_register():
    bench = Bench()
    bench.enable(99, targets=0)
    bench.line(99, True)
    assert not any(bench.irq(cpu) for cpu in range(4))
    bench.write_byte(0x800, 99, 0b100)
    assert [bench.irq(cpu) for cpu in range(4)] == [False, False, True, False]


def test_a_pin_is_found_as_among_all_interrupts():
    gic = Bench(irqs=224).gic
    for cpu in range(4):
        for pin in ["", "ppi", "spi", "sgi 1", "ppi 16", "spi x", "spi 224", "nmi 0",
                    *(state.pin for state in gic.interrupts(cpu) if state.pin)]:  # fmt: skip
            found = next((item.number for item in gic.interrupts(cpu) if item.pin == pin), None)
            assert gic.entrance(pin, cpu) == (found if pin else None), pin
