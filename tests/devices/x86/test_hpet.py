"""The HPET, in the words of IA-PC HPET Specification 1.0a, and against one that is ticked."""

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerneltui.devices.x86.hpet import Config, Hpet
from kerneltui.devices.x86.hpet_registers import HPET
from kerneltui.hw.clock import Clock
from kerneltui.machine.state import State

GCAP_ID, GEN_CONF, GINTR_STA, MAIN_CNT = 0x000, 0x010, 0x020, 0x0F0
LEVEL, ENABLE, PERIODIC, VAL_SET, MODE_32 = 0x02, 0x04, 0x08, 0x40, 0x100
RUN, LEGACY = 1, 2
WRAP = 1 << 32
TICK = 10
ROUTES = 0x00FF_0104


def route(number):
    return number << 9


class Bench:
    """An HPET alone, of 10 ns unless told otherwise; ``at`` counts those."""

    def __init__(self, **config):
        self.clock = Clock()
        self.config = Config(**{"period_fs": 10_000_000, "routes": ROUTES, **config})
        self.hpet = Hpet("hpet", self.config, self.clock)
        self.file = self.hpet.files["HPET"]
        self.edges = []

    def watch(self, *outputs):
        for output in outputs:
            self.hpet.outputs[output][0].connect(
                lambda level, output=output: self.edges.append((self.clock.now, output, level))
            )

    def line(self, output):
        return self.hpet.outputs[output][0].level

    def at(self, tick, more_ns=0):
        self.clock.advance(tick * TICK + more_ns)

    def conf(self, timer, value):
        self.file.write(0x100 + 0x20 * timer, value, 4)

    def comp(self, timer, value, size=8):
        self.file.write(0x108 + 0x20 * timer, value, size)

    def read(self, offset, size=8):
        return self.file.read(offset, size)

    def run(self, flags=RUN):
        self.file.write(GEN_CONF, flags, 8)


@pytest.fixture
def bench():
    return Bench()


# -- capabilities ---------------------------------------------------------------------------------


def test_capabilities_tell_period_vendor_and_number_of_timers():
    bench = Bench(period_fs=69_841_279, timers=8)
    assert bench.read(GCAP_ID) == 69_841_279 << 32 | 0x8086_A701
    assert bench.read(GCAP_ID, 4) == 0x8086_A701
    assert bench.read(GCAP_ID + 4, 4) == 69_841_279


def test_a_timer_tells_its_size_that_it_can_be_periodic_and_its_routes(bench):
    assert bench.read(0x100) == ROUTES << 32 | 0x30
    bench.file.write(0x100, ~0, 8)
    assert bench.read(0x100 + 4, 4) == ROUTES


def test_only_the_timers_that_are_there_have_registers():
    assert Bench(timers=3).read(0x160) == 0
    assert Bench(timers=4).read(0x160) == ROUTES << 32 | 0x30


def test_a_block_of_32_bits_says_so():
    bench = Bench(counter_bits=32)
    assert not bench.read(GCAP_ID) & 0x2000
    bench.conf(0, MODE_32)
    assert bench.read(0x100, 4) == 0x10
    bench.file.write(MAIN_CNT, WRAP - 2, 8)
    bench.run()
    bench.at(3)
    assert bench.read(MAIN_CNT) == 1


@pytest.mark.parametrize(
    "wrong",
    [{"timers": 2}, {"timers": 25}, {"period_fs": 0}, {"period_fs": 100_000_001},
     {"counter_bits": 48}, {"routes": WRAP}],
)  # fmt: skip
def test_impossible_parameters_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Config(**wrong)


# -- the main counter -----------------------------------------------------------------------------


def test_the_counter_is_halted_at_reset_and_counts_while_enabled(bench):
    bench.at(50)
    assert bench.read(MAIN_CNT) == 0
    bench.run()
    bench.at(57, -1)
    assert bench.read(MAIN_CNT) == 6
    bench.at(57)
    assert bench.read(MAIN_CNT) == 7
    bench.run(0)
    bench.at(100)
    assert bench.read(MAIN_CNT) == 7
    bench.run()
    bench.at(101)
    assert bench.read(MAIN_CNT) == 8


def test_the_counter_is_written_while_halted_whole_or_by_halves(bench):
    bench.file.write(MAIN_CNT, 0x1_2345_6789, 8)
    assert bench.read(MAIN_CNT) == 0x1_2345_6789
    bench.file.write(MAIN_CNT + 4, 7, 4)
    bench.file.write(MAIN_CNT, 0xFFFF_FFFF, 4)
    bench.run()
    bench.at(1)
    assert (bench.read(MAIN_CNT + 4, 4), bench.read(MAIN_CNT, 4)) == (8, 0)


def test_a_write_of_the_running_counter_is_lost(bench):
    bench.run()
    bench.at(10)
    bench.file.write(MAIN_CNT, 5000, 8)
    assert bench.read(MAIN_CNT) == 10
    bench.run(0)
    assert bench.read(MAIN_CNT) == 10


# -- one-shot -------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, MODE_32])
def test_an_edge_triggered_match_is_a_pulse_at_its_tick(bench, size):
    bench.watch("irq16")
    bench.conf(0, size | ENABLE | route(16))
    bench.comp(0, 100)
    bench.run()
    bench.at(100, -1)
    assert bench.edges == []
    bench.at(5000)
    assert bench.edges == [(100 * TICK, "irq16", True), (100 * TICK, "irq16", False)]
    assert bench.read(GINTR_STA) == 0


def test_a_level_triggered_match_stays_until_its_status_bit_is_cleared(bench):
    bench.conf(1, LEVEL | ENABLE | route(17))
    bench.comp(1, 100)
    bench.run()
    bench.at(100)
    assert bench.line("irq17")
    assert bench.read(GINTR_STA) == 0b010
    bench.file.write(GINTR_STA, 0b101, 8)
    assert bench.line("irq17")
    bench.file.write(GINTR_STA, 0b010, 8)
    assert not bench.line("irq17")
    assert bench.read(GINTR_STA) == 0


def test_a_timer_that_may_not_interrupt_still_sets_its_status_bit(bench):
    bench.conf(0, LEVEL | route(16))
    bench.comp(0, 10)
    bench.run()
    bench.at(10)
    assert bench.read(GINTR_STA) == 1
    assert not bench.line("irq16")
    bench.conf(0, LEVEL | ENABLE | route(16))
    assert bench.line("irq16")


def test_with_the_block_disabled_nothing_interrupts(bench):
    bench.conf(0, LEVEL | ENABLE | route(16))
    bench.comp(0, 10)
    bench.run()
    bench.at(10)
    bench.run(0)
    assert not bench.line("irq16")
    assert bench.read(GINTR_STA) == 1
    bench.run()
    assert bench.line("irq16")


def test_back_to_edge_the_status_bit_goes(bench):
    bench.conf(0, LEVEL | ENABLE | route(16))
    bench.comp(0, 10)
    bench.run()
    bench.at(10)
    bench.conf(0, ENABLE | route(16))
    assert bench.read(GINTR_STA) == 0
    assert not bench.line("irq16")


def test_a_comparator_of_64_bits_that_has_been_passed_does_not_match(bench):
    bench.watch("irq16")
    bench.conf(0, ENABLE | route(16))
    bench.run()
    bench.at(1000)
    bench.comp(0, 999)
    bench.at(2 * WRAP)
    assert bench.edges == []


def test_the_value_that_the_counter_shows_matches_at_once(bench):
    bench.watch("irq16")
    bench.conf(0, ENABLE | route(16))
    bench.run()
    bench.at(1000)
    bench.comp(0, 1000)
    bench.at(1001)
    assert [at for at, _, level in bench.edges if level] == [1000 * TICK]


def test_a_32_bit_one_shot_also_interrupts_at_the_wrap_before_its_match(bench):
    bench.watch("irq16")
    bench.file.write(MAIN_CNT, WRAP - 10, 8)
    bench.conf(0, MODE_32 | ENABLE | route(16))
    bench.comp(0, 5)
    bench.run()
    bench.at(1000)
    assert [at for at, _, level in bench.edges if level] == [10 * TICK, 15 * TICK]


def test_a_32_bit_timer_matches_each_time_the_low_half_comes_round(bench):
    bench.watch("irq16")
    bench.conf(0, MODE_32 | ENABLE | route(16))
    bench.comp(0, 5)
    bench.run()
    bench.at(2 * WRAP + 5)
    assert [at for at, _, level in bench.edges if level] == [
        (turn * WRAP + 5) * TICK for turn in range(3)
    ]


def test_of_timers_that_match_together_the_one_armed_last_comes_last(bench):
    bench.watch("irq16", "irq17", "irq18")
    bench.run()
    for timer in range(3):
        bench.conf(timer, ENABLE | route(16 + timer))
        bench.comp(timer, 100)
    bench.comp(1, 100)
    bench.at(100)
    assert [name for _, name, level in bench.edges if level] == ["irq16", "irq18", "irq17"]


def test_made_periodic_a_timer_forgets_the_wrap(bench):
    bench.file.write(MAIN_CNT, WRAP - 10, 8)
    bench.conf(0, MODE_32)
    bench.comp(0, 5)
    bench.run()
    bench.conf(0, MODE_32 | PERIODIC | VAL_SET)
    bench.comp(0, 5)
    bench.at(15)
    assert bench.read(0x108) == 10


def test_32_bit_mode_cuts_the_comparator(bench):
    bench.comp(0, 0x5_0000_0007)
    bench.conf(0, MODE_32)
    assert bench.read(0x108) == 7
    bench.comp(0, 0x6_0000_0008)
    assert bench.read(0x108) == 8


# -- periodic -------------------------------------------------------------------------------------


def test_a_periodic_timer_adds_the_value_last_written(bench):
    bench.watch("irq18")
    bench.conf(2, PERIODIC | VAL_SET | ENABLE | route(18))
    bench.comp(2, 100)
    bench.run()
    bench.at(350)
    assert [at for at, _, level in bench.edges if level] == [1000, 2000, 3000]
    assert bench.read(0x148) == 400


def test_accumulator_and_period_are_set_by_two_writes(bench):
    bench.watch("irq18")
    bench.conf(2, PERIODIC | VAL_SET | ENABLE | route(18))
    bench.comp(2, 30)
    bench.comp(2, 100)
    bench.run()
    bench.at(250)
    assert [at for at, _, level in bench.edges if level] == [300, 1300, 2300]


def test_without_val_set_a_write_leaves_the_next_match_alone(bench):
    bench.conf(0, PERIODIC | VAL_SET | ENABLE | route(16))
    bench.comp(0, 100)
    bench.comp(0, 7)
    assert bench.read(0x108) == 100
    bench.run()
    bench.at(100)
    assert bench.read(0x108) == 107


def test_val_set_reads_as_zero_and_does_nothing_for_a_one_shot(bench):
    bench.conf(0, VAL_SET)
    assert not bench.read(0x100) & VAL_SET
    bench.comp(0, 40)
    bench.conf(0, PERIODIC)
    bench.comp(0, 60)
    assert bench.read(0x108) == 40


def test_a_periodic_timer_of_32_bits_goes_on_over_the_wrap_without_an_interrupt_there(bench):
    bench.watch("irq16")
    bench.file.write(MAIN_CNT, WRAP - 10, 8)
    bench.conf(0, MODE_32 | PERIODIC | VAL_SET | ENABLE | route(16))
    bench.comp(0, WRAP - 5)
    bench.comp(0, 20)
    bench.run()
    bench.at(50)
    assert [at for at, _, level in bench.edges if level] == [50, 250, 450]


def test_32_bit_mode_cuts_the_period(bench):
    bench.conf(0, PERIODIC | VAL_SET)
    bench.comp(0, 0x3_0000_0010)
    bench.conf(0, PERIODIC | MODE_32)
    bench.conf(0, PERIODIC)
    bench.run()
    bench.at(0x10)
    assert bench.read(0x108) == 0x20


def test_64_bit_periodic_timers_are_set_by_halves_with_val_set_before_each(bench):
    bench.conf(0, PERIODIC | VAL_SET)
    bench.comp(0, 0x10, size=4)
    bench.conf(0, PERIODIC | VAL_SET)
    bench.file.write(0x10C, 2, 4)
    assert bench.read(0x108) == 0x2_0000_0010


@pytest.mark.parametrize("lanes", [(4, 4), (4, 2), (6, 1), (2, 2)])
def test_a_store_to_the_read_only_part_of_a_configuration_changes_nothing(bench, lanes):
    """Not Tn_VAL_SET_CNF, not the comparator, not what the timer waits for (2.3.8)."""
    place, size = lanes
    bench.watch("irq16")
    bench.conf(0, PERIODIC | VAL_SET | ENABLE | route(16))
    before = bench.read(0x100)
    bench.file.write(0x100 + place, (1 << 8 * size) - 1, size)
    assert bench.read(0x100) == before
    bench.comp(0, 30)
    assert bench.read(0x108) == 30, "the accumulator was still to be set"
    bench.comp(0, 100)
    bench.run()
    bench.at(250)
    assert [at for at, _, level in bench.edges if level] == [300, 1300, 2300]


def test_a_store_to_the_read_only_half_does_not_match_anew(bench):
    bench.watch("irq16")
    bench.conf(0, ENABLE | route(16))
    bench.comp(0, 100)
    bench.run()
    bench.at(100)
    bench.file.write(0x104, 0, 4)
    bench.at(101)
    assert [at for at, _, level in bench.edges if level] == [1000]


def test_a_store_to_the_second_byte_of_a_configuration_leaves_val_set(bench):
    bench.conf(0, PERIODIC | VAL_SET)
    bench.file.write(0x101, (MODE_32 | route(16)) >> 8, 1)
    assert bench.read(0x100, 4) == 0x30 | PERIODIC | MODE_32 | route(16)
    bench.comp(0, 50)
    assert bench.read(0x108) == 50


def test_a_store_to_the_low_byte_says_what_val_set_is(bench):
    bench.conf(0, PERIODIC | VAL_SET)
    bench.comp(0, 50)
    bench.conf(0, PERIODIC | VAL_SET)
    bench.file.write(0x100, PERIODIC, 1)
    bench.comp(0, 70)
    assert bench.read(0x108) == 50


def test_each_half_of_the_accumulator_keeps_what_is_not_stored(bench):
    """The period of before is no part of it."""
    bench.conf(0, PERIODIC | VAL_SET)
    bench.comp(0, 0x5_0000_0100)
    bench.comp(0, 0x7_0000_0009)
    bench.conf(0, PERIODIC | VAL_SET)
    bench.comp(0, 0x20, size=4)
    assert bench.read(0x108) == 0x5_0000_0020
    bench.run()
    bench.at(0x5_0000_0020)
    assert bench.read(0x108) == 0x5_0000_0020 + 0x7_0000_0020


def test_a_32_bit_timer_has_no_upper_half_to_store_to(bench):
    bench.watch("irq16")
    bench.conf(0, MODE_32 | PERIODIC | VAL_SET | ENABLE | route(16))
    bench.file.write(0x10C, 9, 4)
    bench.comp(0, 40, size=4)
    assert bench.read(0x108) == 40, "Tn_VAL_SET_CNF was not used up"
    bench.run()
    bench.at(100)
    assert [at for at, _, level in bench.edges if level] == [400, 800]


def test_the_upper_halves_of_general_registers_are_reserved(bench):
    bench.conf(0, LEVEL | ENABLE | route(16))
    bench.comp(0, 10)
    bench.run()
    bench.at(10)
    bench.file.write(0x014, 0xFFFF_FFFF, 4)
    bench.file.write(0x024, 0xFFFF_FFFF, 4)
    bench.file.write(0x004, 0, 4)
    assert (bench.read(GINTR_STA), bench.line("irq16")) == (1, True)
    bench.at(20)
    assert bench.read(MAIN_CNT) == 20


def test_a_halted_counter_is_set_by_halves(bench):
    bench.file.write(MAIN_CNT, 0x1_2345_6789, 8)
    bench.file.write(MAIN_CNT + 4, 7, 4)
    assert bench.read(MAIN_CNT) == 0x7_2345_6789
    bench.file.write(MAIN_CNT + 2, 0xABCD, 2)
    assert bench.read(MAIN_CNT) == 0x7_ABCD_6789


# -- routing --------------------------------------------------------------------------------------


def test_a_route_that_the_timer_does_not_have_does_not_read_back(bench):
    bench.conf(0, route(20))
    bench.conf(0, route(15))
    assert bench.read(0x100, 4) >> 9 & 0x1F == 20


@pytest.mark.parametrize("trigger", [0, LEVEL])
def test_a_timer_without_a_route_interrupts_nowhere(bench, trigger):
    bench.watch(*(f"irq{n}" for n in range(32)), "legacy_pit", "legacy_rtc")
    bench.conf(0, trigger | ENABLE)
    bench.comp(0, 10)
    bench.run()
    bench.at(100)
    assert bench.edges == []


def test_timers_share_a_level_triggered_route(bench):
    for timer in (0, 1):
        bench.conf(timer, LEVEL | ENABLE | route(16))
        bench.comp(timer, 10 + timer)
    bench.run()
    bench.at(20)
    bench.file.write(GINTR_STA, 1, 8)
    assert bench.line("irq16")
    bench.file.write(GINTR_STA, 2, 8)
    assert not bench.line("irq16")


def test_legacy_replacement_takes_irq_0_and_8_and_shuts_out_8254_and_rtc(bench):
    bench.watch("legacy_pit", "legacy_rtc", "irq16", "irq18")
    pit, rtc = bench.hpet.input("pit"), bench.hpet.input("rtc")
    pit(True)
    assert bench.edges == [(0, "legacy_pit", True)]
    for timer in range(3):
        bench.conf(timer, ENABLE | route(16 + timer))
        bench.comp(timer, 10 * (timer + 1))
    bench.run(RUN | LEGACY)
    assert not bench.line("legacy_pit")
    rtc(True)
    pit(False)
    pit(True)
    bench.at(100)
    assert [(at, name) for at, name, level in bench.edges[2:] if level] == [
        (100, "legacy_pit"), (200, "legacy_rtc"), (300, "irq18"),
    ]  # fmt: skip
    bench.run(RUN)
    assert bench.line("legacy_pit")
    assert bench.line("legacy_rtc")
    with pytest.raises(ValueError, match="pit and rtc"):
        bench.hpet.input("nmi")


# -- promises -------------------------------------------------------------------------------------


def test_looking_changes_nothing(bench):
    bench.conf(0, LEVEL | ENABLE | route(16))
    bench.comp(0, 10)
    bench.run()
    bench.at(10)
    state = State(bench.hpet)
    before = state.save()
    for slot in bench.file.slots():
        bench.file.peek(slot.offset, 8)
    bench.hpet.comparators(0)
    assert state.save() == before


def test_a_snapshot_goes_on_exactly_alike(bench):
    bench.conf(0, PERIODIC | VAL_SET | ENABLE | route(16))
    bench.comp(0, 30)
    bench.conf(1, MODE_32 | LEVEL | ENABLE | route(17))
    bench.comp(1, 75)
    bench.run()
    bench.at(40)
    copy = pickle.loads(pickle.dumps(bench))
    for each in (bench, copy):
        each.watch("irq16", "irq17")
        each.at(200)
    assert bench.edges == copy.edges != []
    assert bench.read(0x108) == copy.read(0x108)


def test_comparators_tell_what_is_due(bench):
    bench.conf(0, ENABLE | route(16))
    bench.comp(0, 30)
    waiting = bench.hpet.comparators(0)[0]
    assert (waiting.due_ns, waiting.masked, waiting.hz) == (None, True, 100_000_000)
    bench.run()
    bench.at(10)
    first = bench.hpet.comparators(0)[0]
    assert (first.counter, first.compare, first.due_ns, first.masked) == (10, 30, 300, False)


def test_reset_halts_and_forgets(bench):
    bench.conf(0, LEVEL | ENABLE | route(16))
    bench.comp(0, 10)
    bench.run()
    bench.at(10)
    bench.hpet.reset()
    assert not bench.line("irq16")
    bench.at(100)
    assert (bench.read(MAIN_CNT), bench.read(0x100), bench.read(0x108)) == (
        0, ROUTES << 32 | 0x30, (1 << 64) - 1,
    )  # fmt: skip
    assert bench.clock.armed() == []


def test_every_register_names_its_section():
    assert all(register.doc and register.ref for register in HPET.registers)


# -- against a ticked one -------------------------------------------------------------------------

PERIODS = st.sampled_from([10_000_000, 69_841_279, 1_234_567, 100_000_000])


@settings(max_examples=100)
@given(PERIODS, st.integers(0, (1 << 64) - 1), st.lists(st.integers(0, 10**12), min_size=1))
def test_the_counter_is_monotone_and_does_not_depend_on_the_steps(period, start, steps):
    bench = Bench(period_fs=period)
    bench.file.write(MAIN_CNT, start, 8)
    bench.run()
    passed = 0
    for step in steps:
        bench.clock.advance(bench.clock.now + step)
        shown = (bench.read(MAIN_CNT) - start) % (1 << 64)
        assert shown >= passed
        passed = shown
    assert passed * period <= sum(steps) * 10**6 < (passed + 1) * period


class Ticked:
    """One timer by the specification's sentences; the counter goes up by one, again and again."""

    def __init__(self, period_fs):
        self.period_fs = period_fs
        self.now = self.ticks = self.counter = self.started = 0
        self.conf = self.period = 0
        self.comp = (1 << 64) - 1
        self.running = self.announces = False
        self.pulses = []

    def width(self):
        return WRAP if self.conf & MODE_32 else 1 << 64

    def advance(self, to):
        while self.running:
            due = self.started - (-(self.ticks + 1) * self.period_fs // 10**6)
            if due > to:
                break
            self.ticks += 1
            self.now = due
            self.counter = (self.counter + 1) % (1 << 64)
            self.look()
        self.now = to

    def look(self):
        low = self.counter % self.width()
        if low == self.comp:
            if self.conf & PERIODIC:
                self.comp = (self.comp + self.period) % self.width()
            self.interrupt()
        elif low == 0 and self.announces and self.conf & MODE_32 and not self.conf & PERIODIC:
            self.interrupt()
        else:
            return
        self.announces = False

    def interrupt(self):
        if self.conf & ENABLE:
            self.pulses.append(self.now)

    def armed(self):
        if self.running:
            self.announces = self.comp < self.counter % self.width()
            if self.comp == self.counter % self.width():
                self.look()


@settings(max_examples=150)
@given(
    PERIODS,
    st.sampled_from([0, 1000, WRAP - 20, WRAP - 1, (1 << 64) - 9]),
    st.lists(
        st.one_of(
            st.tuples(st.just("step"), st.integers(0, 4000)),
            st.tuples(st.just("comp"), st.integers(-5, 40)),
            st.tuples(st.just("conf"), st.sampled_from([0, MODE_32]), st.sampled_from([0, ENABLE])),
            st.tuples(st.just("run"), st.booleans()),
        ),
        max_size=20,
    ),
)
def test_one_shots_match_when_a_ticked_counter_does(period, start, actions):
    bench, naive = Bench(period_fs=period), Ticked(period)
    bench.watch("irq16")
    bench.file.write(MAIN_CNT, start, 8)
    naive.counter = start
    for action, *values in [*actions, ("step", 9000)]:
        if action == "step":
            bench.clock.advance(bench.clock.now + values[0])
            naive.advance(bench.clock.now)
        elif action == "comp":
            compare = (naive.counter + values[0]) % naive.width()
            bench.comp(0, compare)
            naive.comp = compare
            naive.armed()
        elif action == "conf":
            naive.conf = values[0] | values[1]
            naive.comp %= naive.width()
            bench.conf(0, naive.conf | route(16))
            naive.armed()
        elif values[0] != naive.running:
            naive.running, naive.started, naive.ticks = values[0], naive.now, 0
            bench.run(int(values[0]))
            naive.armed()
        bench.clock.advance(bench.clock.now)  # what is due now
        assert [at for at, _, level in bench.edges if level] == naive.pulses
        assert bench.read(MAIN_CNT) == naive.counter


@settings(max_examples=75)
@given(
    PERIODS,
    st.sampled_from([0, MODE_32]),
    st.sampled_from([0, WRAP - 50]),
    st.integers(1, 60),
    st.integers(1, 60),
    st.lists(st.integers(0, 5000), min_size=1, max_size=20),
)
def test_periodic_timers_match_when_a_ticked_counter_does(
    period_fs, size, start, first, period, steps
):
    bench, naive = Bench(period_fs=period_fs), Ticked(period_fs)
    bench.watch("irq16")
    naive.conf = size | PERIODIC | ENABLE
    naive.counter, naive.comp = start, (start + first) % naive.width()
    naive.period, naive.running = period, True
    bench.file.write(MAIN_CNT, start, 8)
    bench.conf(0, naive.conf | VAL_SET | route(16))
    bench.comp(0, naive.comp)
    bench.comp(0, period)
    bench.run()
    for step in steps:
        bench.clock.advance(bench.clock.now + step)
        naive.advance(bench.clock.now)
        assert [at for at, _, level in bench.edges if level] == naive.pulses
        assert bench.read(0x108) == naive.comp
