"""The 8254, in the words of its data sheet, and against a counter that is ticked."""

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_8254 import HZ, NaiveCounter

from kerneltui.devices.x86.i8254 import I8254, I8254_PORTS, NMI_SC, Config
from kerneltui.hw.clock import Clock

CONTROL = 3
LSB, MSB, BOTH = 1, 2, 3


def ns(pulses):
    """The first nanosecond at which so many CLK pulses have passed since the counter's load."""
    return -(-pulses * 10**9 // HZ)


class Bench:
    """An 8254 alone; ``at`` counts CLK pulses."""

    def __init__(self):
        self.clock = Clock()
        self.pit = I8254("pit", Config(), self.clock)
        self.ports = self.pit.files["I8254_PORTS"]
        self.port_61h = self.pit.files["NMI_SC"]
        self.edges = {n: [] for n in range(3)}

    def watch(self, number):
        self.line(number).connect(
            lambda level: self.edges[number].append((self.clock.now, level)),
        )

    def line(self, number):
        return self.pit.outputs[f"out{number}"][0]

    def at(self, pulses, more_ns=0):
        self.clock.advance(ns(pulses) + more_ns)

    def control(self, number, mode, access=BOTH, bcd=0):
        self.ports.write(CONTROL, number << 6 | access << 4 | mode << 1 | bcd, 1)

    def count(self, number, value):
        self.ports.write(number, value & 0xFF, 1)
        self.ports.write(number, value >> 8, 1)

    def gate2(self, level):
        self.port_61h.write(0, int(level), 1)

    def program(self, number, mode, value):
        self.control(number, mode)
        self.count(number, value)

    def read(self, number):
        """Latch the count and read both bytes."""
        self.ports.write(CONTROL, number << 6, 1)
        return self.ports.read(number, 1) | self.ports.read(number, 1) << 8

    def status(self, number):
        self.ports.write(CONTROL, 0xE0 | 2 << number, 1)
        return self.ports.read(number, 1)


@pytest.fixture
def bench():
    return Bench()


# -- the modes ------------------------------------------------------------------------------------


def test_mode_0_out_goes_high_when_the_counter_reaches_zero_and_stays_high(bench):
    bench.watch(0)
    bench.program(0, 0, 100)
    bench.at(100, -1)
    assert not bench.line(0).level
    bench.at(100)
    assert bench.line(0).level
    bench.at(200_000)
    assert bench.edges[0] == [(ns(100), True)]


def test_mode_0_counting_goes_on_below_zero(bench):
    bench.program(0, 0, 100)
    bench.at(103)
    assert bench.read(0) == 0xFFFD


def test_mode_0_control_word_sets_out_low_and_the_first_byte_stops_counting(bench):
    bench.program(0, 0, 50)
    bench.at(60)
    assert bench.line(0).level
    bench.ports.write(0, 7, 1)
    assert not bench.line(0).level
    bench.at(1000)
    assert not bench.line(0).level
    bench.ports.write(0, 0, 1)
    assert bench.read(0) == 7


def test_mode_0_counting_waits_while_the_gate_is_low(bench):
    bench.gate2(True)
    bench.program(2, 0, 10)
    bench.at(4)
    bench.gate2(False)
    bench.at(500)
    assert bench.read(2) == 6
    bench.gate2(True)
    bench.at(506, -1)
    assert not bench.line(2).level
    bench.at(506)
    assert bench.line(2).level


def test_mode_1_is_triggered_by_the_gate_and_can_be_retriggered(bench):
    bench.watch(2)
    bench.program(2, 1, 20)
    bench.at(100)
    assert bench.line(2).level
    start = bench.clock.now
    bench.gate2(True)
    bench.gate2(False)
    assert not bench.line(2).level
    bench.clock.advance(start + ns(15))
    bench.gate2(True)
    bench.clock.advance(start + 10**9)
    assert bench.edges[2][-1] == (start + ns(15) + ns(20), True)
    assert len(bench.edges[2]) == 3


def test_mode_1_a_new_count_does_not_affect_the_current_one_shot(bench):
    bench.program(2, 1, 20)
    bench.gate2(True)
    bench.at(5)
    bench.count(2, 500)
    assert bench.status(2) & 0x40
    bench.at(20, -1)
    assert not bench.line(2).level
    bench.at(20)
    assert bench.line(2).level


def test_mode_2_out_is_low_for_the_last_clock_of_each_period(bench):
    bench.watch(0)
    bench.program(0, 2, 10)
    bench.at(31)
    lows = [(ns(n - 1), False) for n in (10, 20, 30)]
    highs = [(ns(n), True) for n in (10, 20, 30)]
    assert bench.edges[0][1:] == sorted(lows + highs)


def test_mode_2_a_new_count_waits_for_the_end_of_the_period(bench):
    bench.watch(0)
    bench.program(0, 2, 100)
    bench.at(50)
    bench.count(0, 30)
    assert bench.status(0) & 0x40
    bench.at(100)
    assert not bench.status(0) & 0x40
    bench.at(161)
    assert [at for at, level in bench.edges[0] if level][1:] == [ns(100), ns(130), ns(160)]


def test_mode_3_halves_are_equal_for_even_counts_and_high_is_longer_for_odd_ones(bench):
    for count, changes in ((10, (5, 10, 15, 20)), (7, (4, 7, 11, 14))):
        bench = Bench()
        bench.watch(0)
        bench.program(0, 3, count)
        bench.at(changes[-1])
        assert [at for at, _ in bench.edges[0][1:]] == [ns(pulse) for pulse in changes]


def test_mode_3_counts_down_by_two(bench):
    bench.program(0, 3, 7)
    shown = []
    for pulse in range(8):
        bench.at(pulse)
        shown.append(bench.read(0))
    assert shown == [6, 4, 2, 0, 6, 4, 2, 6]


@pytest.mark.parametrize("mode", [2, 3])
def test_a_low_gate_sets_out_high_and_a_rising_one_starts_the_period_anew(bench, mode):
    bench.gate2(True)
    bench.program(2, mode, 10)
    bench.at(9)
    assert not bench.line(2).level
    bench.gate2(False)
    assert bench.line(2).level
    bench.at(95)
    start = bench.clock.now
    bench.gate2(True)
    assert bench.read(2) == 10
    bench.clock.advance(start + ns(9 if mode == 2 else 5))
    assert not bench.line(2).level


def test_mode_4_strobes_once_for_one_clock(bench):
    bench.watch(0)
    bench.program(0, 4, 10)
    bench.at(300_000)
    assert bench.edges[0][1:] == [(ns(10), False), (ns(11), True)]


def test_mode_5_strobes_after_each_trigger(bench):
    bench.watch(2)
    bench.program(2, 5, 10)
    bench.at(50)
    assert bench.edges[2] == [(0, True)]
    for start in (100_000, 200_000):
        bench.clock.advance(start)
        bench.gate2(True)
        bench.gate2(False)
    bench.clock.advance(400_000)
    assert [at for at, _ in bench.edges[2][1:]] == [
        100_000 + ns(10), 100_000 + ns(11), 200_000 + ns(10), 200_000 + ns(11),
    ]  # fmt: skip


def test_modes_6_and_7_are_2_and_3(bench):
    for mode in (2, 3):
        plain, alias = Bench(), Bench()
        for each, number in ((plain, mode), (alias, mode + 4)):
            each.watch(0)
            each.program(0, number, 6)
            each.at(40)
        assert plain.edges == alias.edges


def test_a_count_of_zero_is_the_highest(bench):
    bench.program(0, 0, 0)
    bench.at(65_535)
    assert not bench.line(0).level
    bench.at(65_536)
    assert bench.line(0).level
    bench.control(0, 0, bcd=1)
    start = bench.clock.now
    bench.count(0, 0)
    bench.clock.advance(start + ns(10_000) - 1)
    assert not bench.line(0).level
    bench.clock.advance(start + ns(10_000))
    assert bench.line(0).level


def test_decimal_counts(bench):
    bench.control(0, 0, bcd=1)
    bench.count(0, 0x1000)
    bench.at(1)
    assert bench.read(0) == 0x0999
    bench.at(1000)
    assert bench.line(0).level
    bench.at(1001)
    assert bench.read(0) == 0x9999


def test_the_illegal_count_of_one_leaves_out_high_and_the_machine_at_rest(bench):
    for number, mode in ((0, 2), (1, 3)):
        bench.watch(number)
        bench.program(number, mode, 1)
    bench.at(100)
    assert bench.edges[0] == bench.edges[1] == [(0, True)]
    assert bench.clock.armed() == []


# -- access ---------------------------------------------------------------------------------------


def test_before_programming_nothing_counts(bench):
    bench.ports.write(0, 5, 1)
    bench.at(100_000)
    assert [bench.line(n).level for n in range(3)] == [False, False, False]
    assert bench.ports.read(0, 1) == 0


def test_one_byte_formats_leave_the_other_byte_zero(bench):
    bench.control(0, 0, access=LSB)
    bench.ports.write(0, 0x12, 1)
    bench.control(1, 0, access=MSB)
    bench.ports.write(1, 0x34, 1)
    counters = bench.pit.comparators(0)
    assert (counters[0].counter, counters[1].counter) == (0x12, 0x3400)
    assert [bench.ports.read(1, 1) for _ in range(2)] == [0x34, 0x34]


def test_a_counter_that_is_not_latched_gives_its_bytes_in_turn(bench):
    bench.program(0, 0, 0x1234)
    assert [bench.ports.read(0, 1) for _ in range(4)] == [0x34, 0x12, 0x34, 0x12]


def test_a_latched_count_stays_until_it_is_read(bench):
    bench.program(0, 2, 0x1234)
    bench.ports.write(CONTROL, 0x00, 1)
    bench.at(0x100)
    bench.ports.write(CONTROL, 0x00, 1)  # already latched: ignored
    assert bench.ports.read(0, 1) == 0x34
    bench.at(0x200)
    assert bench.ports.read(0, 1) == 0x12
    assert bench.read(0) == 0x1034


def test_reading_and_writing_may_be_interleaved(bench):
    bench.program(0, 2, 0x1234)
    assert bench.ports.read(0, 1) == 0x34
    bench.ports.write(0, 0x78, 1)
    assert bench.ports.read(0, 1) == 0x12
    bench.ports.write(0, 0x56, 1)
    bench.at(0x1234)
    assert bench.read(0) == 0x5678


def test_reprogramming_gives_up_a_latched_count(bench):
    bench.program(0, 2, 0x1234)
    bench.ports.write(CONTROL, 0x00, 1)
    bench.program(0, 2, 0x5678)
    assert bench.ports.read(0, 1) == 0x78


def test_read_back_latches_several_counters_and_gives_the_status_first(bench):
    bench.program(0, 2, 0x1111)
    bench.program(1, 3, 0x2222)
    bench.program(2, 0, 0x3333)
    bench.ports.write(CONTROL, 0xC0 | 0b0110, 1)
    bench.at(5)
    assert [bench.ports.read(0, 1) for _ in range(3)] == [0x80 | 0x34, 0x11, 0x11]
    assert [bench.ports.read(1, 1) for _ in range(3)] == [0x80 | 0x36, 0x22, 0x22]
    assert bench.ports.read(2, 1) == 0x33  # not meant; its gate is low


def test_only_the_first_of_several_status_latches_counts(bench):
    bench.control(0, 0)
    bench.ports.write(CONTROL, 0xE2, 1)
    bench.count(0, 9)
    bench.ports.write(CONTROL, 0xE2, 1)
    assert bench.ports.read(0, 1) == 0x40 | 0x30
    assert bench.status(0) == 0x30


def test_null_count_is_set_by_control_word_and_count_and_cleared_by_the_load(bench):
    bench.control(2, 1)
    assert bench.status(2) & 0x40
    bench.count(2, 10)
    assert bench.status(2) & 0x40
    bench.gate2(True)
    assert not bench.status(2) & 0x40


def test_port_43h_cannot_be_read(bench):
    bench.control(0, 3)
    assert bench.ports.read(CONTROL, 1) == 0


# -- port 61h -------------------------------------------------------------------------------------


def test_port_61h_gates_counter_2_and_shows_its_out(bench):
    bench.program(2, 0, 10)
    bench.at(100)
    assert bench.port_61h.read(0, 1) & 0x23 == 0
    bench.port_61h.write(0, 3, 1)
    start = bench.clock.now
    assert bench.port_61h.read(0, 1) & 0x23 == 0x03
    bench.clock.advance(start + ns(10))
    assert bench.port_61h.read(0, 1) & 0x23 == 0x23


def test_refresh_toggles_every_18_clocks(bench):
    seen = []
    for pulse in range(0, 72, 9):
        bench.at(pulse)
        seen.append(bench.port_61h.read(0, 1) >> 4 & 1)
    assert seen == [0, 0, 1, 1, 0, 0, 1, 1]


def test_gates_0_and_1_are_inputs_that_rest_high_and_gate_2_is_none(bench):
    bench.program(0, 2, 10)
    bench.at(5)
    bench.pit.input("gate", 0)(False)
    bench.at(100)
    assert bench.read(0) == 5
    with pytest.raises(ValueError, match="gate 0 and gate 1"):
        bench.pit.input("gate", 2)


# -- promises -------------------------------------------------------------------------------------


def test_looking_changes_nothing(bench):
    bench.program(0, 3, 0x1234)
    bench.ports.write(CONTROL, 0xC2, 1)
    for _ in range(3):
        for file in bench.pit.files.values():
            for slot in file.slots():
                file.peek(slot.key, 1)
        bench.pit.comparators(0)
    assert bench.ports.read(0, 1) == 0x80 | 0x36
    assert bench.ports.read(0, 1) == 0x34
    assert bench.ports.read(0, 1) == 0x12


def test_comparators_tell_count_and_next_edge(bench):
    bench.program(0, 2, 1000)
    bench.at(400)
    first = bench.pit.comparators(0)[0]
    assert (first.counter, first.compare, first.enabled) == (600, 1000, True)
    assert first.due_ns == ns(999)
    assert not bench.pit.comparators(0)[1].enabled


def test_a_snapshot_goes_on_exactly_alike(bench):
    bench.gate2(True)
    bench.program(0, 3, 7)
    bench.program(2, 4, 30)
    bench.at(11)
    bench.count(0, 20)
    bench.ports.write(CONTROL, 0x00, 1)
    copy = pickle.loads(pickle.dumps(bench))
    results = []
    for each in (bench, copy):
        each.watch(0)
        each.watch(2)
        each.at(100)
        results.append((each.edges, each.read(0), each.status(0), each.port_61h.read(0, 1)))
    assert results[0] == results[1]


def test_reset_stops_everything(bench):
    bench.program(0, 2, 10)
    bench.gate2(True)
    bench.pit.reset()
    bench.at(100)
    assert not bench.line(0).level
    assert bench.port_61h.read(0, 1) & 3 == 0
    assert bench.clock.armed() == []


def test_every_register_names_its_section():
    registers = I8254_PORTS.registers + NMI_SC.registers
    assert all(register.doc and register.ref for register in registers)


# -- against the ticked counter -------------------------------------------------------------------

COUNTS = st.one_of(st.integers(1, 14), st.sampled_from([0, 255, 256, 9999]))
ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("control"), st.integers(1, 3), st.integers(0, 7), st.integers(0, 1)),
        st.tuples(st.just("count"), COUNTS),
        st.tuples(st.just("first byte"), COUNTS),
        st.tuples(st.just("gate"), st.booleans()),
        st.tuples(st.just("wait"), st.integers(0, 20_000)),
        st.tuples(st.just("clocks"), st.integers(0, 20)),
    ),
    max_size=40,
)


class Both:
    """Counter 2 of the device and the ticked one, with the same done to them."""

    def __init__(self):
        self.bench = Bench()
        self.bench.watch(2)
        self.naive = NaiveCounter()
        self.waits = False

    def do(self, action, *values):
        getattr(self, action.replace(" ", "_"))(*values)
        assert self.bench.edges[2] == self.naive.edges
        if self.naive.mode is not None and not self.waits:
            self.compare()

    def compare(self):
        """The status, and the count where it is defined, by a read-back command."""
        naive, ports = self.naive, self.bench.ports
        ports.write(CONTROL, 0xC8, 1)
        assert ports.read(2, 1) == naive.out << 7 | naive.null << 6 | naive.raw
        value = 0
        for shift in {LSB: (0,), MSB: (8,), BOTH: (0, 8)}[naive.access]:
            value |= ports.read(2, 1) << shift
        if naive.ce is not None:
            shown = naive.ce % naive.top
            shown = int(str(shown), 16) if naive.raw & 1 else shown
            assert value == shown & {LSB: 0xFF, MSB: 0xFF00, BOTH: 0xFFFF}[naive.access]

    def control(self, access, mode, bcd):
        self.waits = False
        self.bench.control(2, mode, access, bcd)
        self.naive.control(access, mode, bcd)

    def raw(self, count):
        """The count as it is written; 1 is illegal in modes 2 and 3."""
        if self.naive.mode in (2, 3) and count == 1:
            count = 2
        raw = int(str(count), 16) if self.naive.raw & 1 else count
        return raw << 8 & 0xFF00 if self.naive.access == MSB else raw

    def count(self, count):
        if self.naive.mode is None:
            return
        raw = self.raw(count)
        if self.naive.access == BOTH:
            self.first_byte(count)
            self.waits = False
            raw = self.low | raw & 0xFF00
        elif self.naive.access == LSB:
            raw &= 0xFF
        self.bench.ports.write(2, raw if self.naive.access == LSB else raw >> 8, 1)
        self.naive.count(int(f"{raw:x}") if self.naive.raw & 1 else raw)

    def first_byte(self, count):
        if self.naive.mode is None or self.naive.access != BOTH or self.waits:
            return
        self.low = self.raw(count) & 0xFF
        self.waits = True
        self.bench.ports.write(2, self.low, 1)
        self.naive.first_byte()

    def gate(self, level):
        self.bench.gate2(level)
        self.naive.set_gate(level)

    def wait(self, ns):
        self.bench.clock.advance(self.bench.clock.now + ns)
        self.naive.advance(self.bench.clock.now)

    def clocks(self, pulses):
        """To the very instant of a CLK pulse."""
        due = self.naive.clk_from + -(-(self.naive.pulses + pulses) * 10**9 // HZ)
        self.wait(max(0, due - self.naive.now))


@settings(max_examples=200)
@given(ACTIONS)
def test_any_sequence_gives_the_edges_and_counts_of_a_counter_that_is_ticked(actions):
    both = Both()
    for action in actions:
        both.do(*action)


@pytest.mark.parametrize("mode", range(6))
@settings(max_examples=40)
@given(count=st.integers(2, 40), actions=ACTIONS)
def test_each_mode_has_the_edges_of_a_counter_that_is_ticked(mode, count, actions):
    both = Both()
    both.do("control", BOTH, mode, 0)
    both.do("gate", False)
    both.do("count", count)
    both.do("gate", True)
    both.do("clocks", 5)
    for action in actions:
        if action[0] != "control":
            both.do(*action)
    both.do("clocks", 100)


@pytest.mark.parametrize("mode", range(6))
@settings(max_examples=40)
@given(steps=st.lists(st.integers(0, 3_000_000), min_size=1, max_size=30))
def test_the_count_does_not_depend_on_how_time_is_cut_into_steps(mode, steps):
    cut, whole = Bench(), Bench()
    for each in (cut, whole):
        each.program(2, mode, 0x1235)
        each.gate2(True)
    for step in steps:
        before = cut.pit.comparators(0)[2].counter
        cut.clock.advance(cut.clock.now + step)
        after = cut.pit.comparators(0)[2].counter
        if mode not in (2, 3) and step < ns(1) * 1000:
            assert (before - after) % 65_536 <= step * HZ // 10**9 + 1
    whole.clock.advance(sum(steps))
    assert cut.read(2) == whole.read(2)
    assert cut.status(2) == whole.status(2)
