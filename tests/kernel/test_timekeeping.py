"""System time, from counters of all widths, with and without ticks."""

import pickle
from contextlib import nullcontext
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pc_bench import HPET_BASE, PM_TIMER, PcCpu

from kerneltui.kernel.drivers.acpi_pm_timer import AcpiPmTimerDriver
from kerneltui.kernel.drivers.hpet import HpetClockSource
from kerneltui.kernel.drivers.pit import PitClockSource
from kerneltui.kernel.drivers.tsc import Tsc
from kerneltui.kernel.time.timekeeping import Timekeeper

S = 1_000_000_000
MS = S // 1000
HOUR = 3600 * S
KINDS = ("tsc", "hpet", "hpet narrow", "acpi", "acpi wide", "pit")


def bring_up(kind, already_ns=0):
    """A timekeeper whose source is exact, with its processor and the time of its start."""
    cpu = PcCpu(
        counter_bits=32 if kind == "hpet narrow" else 64, pm_bits=32 if kind == "acpi wide" else 24
    )
    source = {
        "tsc": lambda: Tsc(cpu),
        "hpet": lambda: HpetClockSource(cpu, HPET_BASE),
        "acpi": lambda: AcpiPmTimerDriver(cpu, PM_TIMER, is_wide="wide" in kind),
        "pit": lambda: PitClockSource(cpu, nullcontext()),
    }[kind.partition(" ")[0]]()
    source.init()
    if kind == "tsc":
        source.hz = Fraction(cpu.tsc_hz)
    began = cpu.now
    return cpu, Timekeeper(source, already_ns), began


class FakeSource:
    """A counter that is set by hand."""

    name = compatible = "fake"

    def __init__(self, hz=S, bits=64):
        self.hz, self.mask = Fraction(hz), (1 << bits) - 1
        self.value = 0
        self.meanwhile = None

    def read(self):
        value = self.value & self.mask
        if self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            meanwhile()
        return value


@pytest.mark.parametrize("kind", KINDS)
def test_uptime_begins_at_what_the_caller_says(kind):
    _, keeper, _ = bring_up(kind, 123_456_789)
    assert 0 <= keeper.uptime_ns() - 123_456_789 < 10_000


@pytest.mark.parametrize("kind", KINDS)
def test_a_day_goes_by_without_an_error_that_grows(kind):
    cpu, keeper, began = bring_up(kind, 5 * S)
    step = min(keeper.max_idle_ns, HOUR) - MS
    for _ in range(min(24 * HOUR // step, 20_000)):
        cpu.clock.advance(cpu.now + step)
        keeper.update()
    true = cpu.now - began + 5 * S
    assert abs(keeper.uptime_ns() - true) < 6000
    assert cpu.now > 100 * keeper.max_idle_ns or cpu.now > 23 * HOUR


@pytest.mark.parametrize("kind", KINDS)
def test_reading_needs_no_update_for_half_a_wrap(kind):
    cpu, keeper, _ = bring_up(kind)
    idle = min(keeper.max_idle_ns, HOUR)
    before, first = cpu.now, keeper.uptime_ns()
    cpu.clock.advance(before + idle)
    assert abs(keeper.uptime_ns() - first - idle) < 6000


def test_half_a_wrap_is_told_in_ns():
    assert bring_up("pit")[1].max_idle_ns == 32767 * S // 1_193_182
    assert bring_up("acpi")[1].max_idle_ns == 0x7F_FFFF * S // 3_579_545
    assert bring_up("tsc")[1].max_idle_ns > 50 * 365 * 24 * HOUR


@settings(max_examples=50)
@given(
    st.sampled_from([1, 3, 1_193_182, 3_579_545, 2_999_999_977]),
    st.integers(4, 20),
    st.lists(st.integers(0, 1 << 20), max_size=60),
)
def test_counts_become_ns_by_one_exact_division(hz, bits, gaps):
    source = FakeSource(hz, bits)
    source.value = 7
    keeper = Timekeeper(source, 1000)
    for gap in gaps:
        source.value += gap & source.mask
        assert keeper.uptime_ns() == 1000 + (source.value - 7) * S // hz
        assert keeper.update() == 1000 + (source.value - 7) * S // hz


def test_an_interrupt_that_updates_during_a_reading_does_no_harm():
    source = FakeSource(bits=8)
    keeper = Timekeeper(source)
    source.value = 100

    def interrupt():
        source.value = 150
        keeper.update()

    source.meanwhile = interrupt
    assert keeper.uptime_ns() == 150


def test_a_reading_that_is_older_than_one_within_it_does_not_go_back():
    source = FakeSource()
    keeper = Timekeeper(source)
    inner = []
    source.value = 100

    def interrupt():
        source.value = 160
        inner.append(keeper.uptime_ns())

    source.meanwhile = interrupt
    assert keeper.uptime_ns() >= inner[0]


# -- ticks ----------------------------------------------------------------------------------------


class Ticking:
    """A device that ticks every ``tick`` ns by a source that is off by ``ppm``."""

    def __init__(self, tick=Fraction(10 * MS), ppm=0):
        self.source = FakeSource()
        self.keeper = Timekeeper(self.source)
        self.rate = 1 + Fraction(ppm, 10**6)
        self.tick = tick
        self.keeper.start_ticks(tick)
        self.readings = []

    def at(self, ns):
        self.source.value = int(ns * self.rate)
        self.readings = [*self.readings[-1:], self.keeper.uptime_ns()]
        assert self.readings == sorted(self.readings)
        return self.readings[-1]

    def interrupt(self, number, late_ns=0):
        self.at(number * self.tick + late_ns)
        self.keeper.on_tick()
        return self.at(number * self.tick + late_ns)


def test_ticks_of_a_length_that_is_no_whole_number_do_not_drift():
    tick = Fraction(11932 * S, 1_193_182)
    ticking = Ticking(tick)
    for number in range(1, 20_001):
        ticking.interrupt(number)
    assert ticking.keeper.ticks == 20_000
    assert abs(ticking.at(20_000 * tick) - 20_000 * tick) < 100


@pytest.mark.parametrize("ppm", [-400, -1, 0, 1, 400])
def test_ticks_carry_system_time_not_the_timer_device(ppm):
    ticking = Ticking(ppm=ppm)
    for number in range(1, 10_001):
        ticking.interrupt(number, late_ns=500)
    assert ticking.keeper.ticks == 10_000
    assert ticking.keeper.lost_ticks == 0
    assert abs(ticking.at(100 * S + 500) - 100 * S) < 300_000


def test_between_ticks_the_timer_device_interpolates_but_not_beyond_the_next():
    ticking = Ticking()
    for number in range(1, 101):
        ticking.interrupt(number)
    assert abs(ticking.at(1000 * MS + 4 * MS) - 1004 * MS) < 10
    assert ticking.at(1000 * MS + 9_999_000) < 1010 * MS
    assert ticking.at(1000 * MS + 14 * MS) < 1010 * MS
    assert ticking.interrupt(101, late_ns=4 * MS) >= 1010 * MS


@pytest.mark.parametrize("lost", [1, 2, 7])
def test_lost_ticks_are_accounted_for(lost):
    ticking = Ticking()
    for number in range(1, 51):
        ticking.interrupt(number, late_ns=700)
    ticking.interrupt(51 + lost, late_ns=700)
    assert ticking.keeper.ticks == 51 + lost
    assert ticking.keeper.lost_ticks == lost
    for number in range(52 + lost, 100):
        ticking.interrupt(number, late_ns=700)
    assert ticking.keeper.lost_ticks == lost
    assert abs(ticking.at(991 * MS) - 991 * MS) < 10_000


@pytest.mark.parametrize("late_ns", [3 * MS, 8 * MS, 9_900_000])
def test_a_tick_that_comes_late_is_not_counted_twice(late_ns):
    ticking = Ticking()
    number = 0
    for _ in range(200):
        for _ in range(7):
            number += 1
            ticking.interrupt(number)
        number += 1
        ticking.interrupt(number, late_ns)
    assert ticking.keeper.ticks in {number, number + 1}
    ticking.interrupt(number + 1)
    assert ticking.keeper.ticks == number + 1


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 8_500_000), st.integers(1, 3)), min_size=1, max_size=80),
    st.sampled_from([-50, 0, 50]),
)
def test_no_pattern_of_late_and_lost_ticks_loses_time(pattern, ppm):
    ticking = Ticking(ppm=ppm)
    number = 0
    for late_ns, step in pattern:
        number += step
        ticking.interrupt(number, late_ns)
    for _ in range(400):
        number += 1
        ticking.interrupt(number)
    assert ticking.keeper.ticks == number


def test_the_change_of_mode_does_not_make_time_jump_in_either_direction():
    ticking = Ticking()
    keeper, source = ticking.keeper, ticking.source
    for number in range(1, 21):
        ticking.interrupt(number)
    source.value = 204 * MS
    before = keeper.uptime_ns()
    keeper.stop_ticks()
    assert 0 <= keeper.uptime_ns() - before < 2
    assert not keeper.is_ticking
    source.value = 1204 * MS
    assert abs(keeper.uptime_ns() - before - S) < 2
    keeper.start_ticks(ticking.tick)
    assert abs(keeper.uptime_ns() - before - S) < 2
    source.value = 1214 * MS
    keeper.on_tick()
    assert abs(keeper.uptime_ns() - before - S - 10 * MS) < 2
    assert keeper.ticks == 1


def test_all_state_can_be_pickled():
    _, keeper, _ = bring_up("pit")
    keeper.start_ticks(Fraction(10 * MS))
    assert pickle.loads(pickle.dumps(keeper)).ticks == 0
