"""The BCM2835 System Timer, in the words of BCM2835 ARM Peripherals, chapter 12."""

import pickle

import pytest

from kerneltui.devices.bcm.system_timer import SYSTEM_TIMER, Config, SystemTimer
from kerneltui.hw.clock import Clock

CS, CLO, CHI = 0x00, 0x04, 0x08
C = (0x0C, 0x10, 0x14, 0x18)
US = 1000
WRAP_US = 1 << 32


class Bench:
    """A system timer alone, with a clock counted in microseconds."""

    def __init__(self):
        self.clock = Clock()
        self.timer = SystemTimer("st", Config(), self.clock)
        self.file = self.timer.files["SYSTEM_TIMER"]

    def at(self, us, ns=0):
        self.clock.advance(us * US + ns)

    def lines(self):
        return [int(lines[0].level) for lines in self.timer.outputs.values()]


@pytest.fixture
def bench():
    return Bench()


def test_the_register_block_is_as_listed():
    names = {offset: slot.name for offset, slot in
             ((slot.offset, slot) for slot in Bench().file.slots())}  # fmt: skip
    assert names == {
        0x00: "CS", 0x04: "CLO", 0x08: "CHI", 0x0C: "C0", 0x10: "C1", 0x14: "C2", 0x18: "C3",
    }  # fmt: skip


def test_after_reset_nothing_has_matched(bench):
    assert bench.file.read(CS) == 0
    assert [bench.file.read(offset) for offset in C] == [0, 0, 0, 0]
    assert bench.lines() == [0, 0, 0, 0]


def test_the_counter_runs_at_one_megahertz(bench):
    for us, ns, count in ((0, 999, 0), (1, 0, 1), (7, 999, 7), (8, 0, 8)):
        bench.at(us, ns)
        assert bench.file.read(CLO) == count


def test_chi_counts_the_wraps_of_clo(bench):
    bench.at(WRAP_US - 1, 999)
    assert (bench.file.read(CHI), bench.file.read(CLO)) == (0, 0xFFFF_FFFF)
    bench.at(WRAP_US)
    assert (bench.file.read(CHI), bench.file.read(CLO)) == (1, 0)


def test_the_counter_cannot_be_written(bench):
    bench.at(5)
    bench.file.write(CLO, 0)
    bench.file.write(CHI, 9)
    assert (bench.file.read(CHI), bench.file.read(CLO)) == (0, 5)


@pytest.mark.parametrize("channel", range(4))
def test_a_match_comes_at_its_tick_not_before(bench, channel):
    bench.file.write(C[channel], 100)
    bench.at(99, 999)
    assert (bench.file.read(CS), bench.lines()) == (0, [0, 0, 0, 0])
    bench.at(100)
    assert bench.file.read(CS) == 1 << channel
    assert bench.lines() == [int(n == channel) for n in range(4)]
    bench.at(101)
    assert bench.lines()[channel] == 1


def test_the_line_stays_up_until_software_writes_a_one_to_its_bit(bench):
    bench.file.write(C[1], 10)
    bench.file.write(C[3], 10)
    bench.at(5000)
    assert bench.file.read(CS) == 0b1010
    bench.file.write(CS, 0b0101)  # other bits: nothing happens
    assert bench.lines() == [0, 1, 0, 1]
    bench.file.write(CS, 0b0010)
    assert bench.file.read(CS) == 0b1000
    assert bench.lines() == [0, 0, 0, 1]


def test_software_cannot_set_a_match(bench):
    bench.file.write(CS, 0xFFFF_FFFF)
    assert bench.file.read(CS) == 0
    assert bench.lines() == [0, 0, 0, 0]


def test_a_new_compare_value_does_not_clear_a_match(bench):
    bench.file.write(C[1], 10)
    bench.at(10)
    bench.file.write(C[1], 1000)
    assert bench.file.read(CS) == 0b0010
    assert bench.lines()[1] == 1


def test_rearmed_after_each_match_it_is_periodic(bench):
    matches = []

    def handler(level):
        if level:
            matches.append(bench.file.read(CLO))
            bench.file.write(C[1], bench.file.read(C[1]) + 250)
            bench.file.write(CS, 0b0010)

    bench.timer.outputs["match1"][0].connect(handler)
    bench.file.write(C[1], 250)
    bench.at(1100)
    assert matches == [250, 500, 750, 1000]


def test_a_value_that_has_passed_matches_when_the_low_half_comes_round(bench):
    bench.at(1000)
    bench.file.write(C[2], 999)
    bench.at(WRAP_US + 998, 999)
    assert bench.file.read(CS) & 0b0100 == 0
    bench.at(WRAP_US + 999)
    assert bench.file.read(CS) & 0b0100


def test_the_value_that_the_counter_shows_matches_when_it_is_next_counted_to(bench):
    bench.at(1000)
    bench.file.write(C[2], 1000)
    bench.at(1001)
    assert bench.file.read(CS) == 0
    bench.at(WRAP_US + 1000)
    assert bench.file.read(CS) & 0b0100


def test_a_comparator_matches_again_each_time_the_low_half_comes_round(bench):
    bench.file.write(C[3], 77)
    for turn in range(3):
        bench.at(turn * WRAP_US + 77)
        assert bench.file.read(CS) & 0b1000
        bench.file.write(CS, 0b1000)
        assert bench.file.read(CS) & 0b1000 == 0


def test_a_match_while_the_bit_is_up_is_not_an_edge(bench):
    edges = []
    bench.timer.outputs["match0"][0].connect(edges.append)
    bench.file.write(C[0], 10)
    bench.at(10)
    bench.file.write(C[0], 20)
    bench.at(20)
    assert edges == [True]


def test_a_compare_value_below_the_present_count_uses_only_the_low_half(bench):
    bench.at(3 * WRAP_US + 500)
    bench.file.write(CS, 0xF)
    bench.file.write(C[1], 600)
    bench.at(3 * WRAP_US + 599)
    assert bench.file.read(CS) == 0
    bench.at(3 * WRAP_US + 600)
    assert bench.file.read(CS) == 0b0010


def test_looking_changes_nothing(bench):
    bench.file.write(C[1], 10)
    bench.at(10)
    for slot in bench.file.slots():
        bench.file.peek(slot.offset)
    assert bench.file.peek(CS) == 0b0010
    assert bench.lines() == [0, 1, 0, 0]


def test_a_snapshot_goes_on_exactly_alike(bench):
    bench.file.write(C[1], 10)
    bench.file.write(C[3], 30)
    bench.at(20)
    copy = pickle.loads(pickle.dumps(bench))
    for each in (bench, copy):
        each.at(29, 999)
        assert each.lines() == [0, 1, 0, 0]
        each.at(30)
        assert each.lines() == [0, 1, 0, 1]
        each.file.write(CS, 0b0010)
        assert each.lines() == [0, 0, 0, 1]


def test_reset_clears_matches_and_deadlines(bench):
    bench.file.write(C[1], 10)
    bench.file.write(C[2], 50)
    bench.at(10)
    bench.timer.reset()
    assert bench.lines() == [0, 0, 0, 0]
    bench.at(100)
    assert bench.file.read(CS) == 0


def test_every_register_names_its_section():
    assert all(register.doc and register.ref for register in SYSTEM_TIMER.registers)
