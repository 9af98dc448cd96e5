"""Timeouts on the PC's devices: every clock with every timer device, with and without ticks."""

import pickle
from fractions import Fraction

import pytest
from kernel_bench import FakeConsole
from pc_bench import APIC_BASE, HPET_BASE, PM_TIMER, VECTOR, Lock, PcCpu, counting

from kerneltui.kernel.drivers.acpi_pm_timer import AcpiPmTimerDriver
from kerneltui.kernel.drivers.apic_timer import ApicTimerDriver
from kerneltui.kernel.drivers.hpet import HpetClockEvent, HpetClockSource
from kerneltui.kernel.drivers.pit import PitClockEvent, PitClockSource
from kerneltui.kernel.drivers.tsc import Tsc
from kerneltui.kernel.pc.calibration import calibrate, reference_among
from kerneltui.kernel.pc.clock_selection import choose
from kerneltui.kernel.pc.pc_timer import PcTimer
from kerneltui.kernel.time.time_manager import TimeManager
from kerneltui.kernel.time.timekeeping import Timekeeper

US, MS, S = 1000, 1_000_000, 1_000_000_000
CLOCKS, TIMERS = ("arat", "hpet", "pit"), ("tsc", "hpet", "acpi", "pit")
PAIRS = [(clock, timer) for clock in CLOCKS for timer in TIMERS]
SLOP_NS = 30 * US
"""Entry, port accesses, a PIT tick or two."""


class Bench:
    """A kernel's time, as it is brought up on a PC."""

    def __init__(self, clock="arat", timer="tsc", hz=0, **config):
        self.cpu = cpu = PcCpu(**config)
        self.lock, self.console = Lock(), FakeConsole()
        apic = ApicTimerDriver(cpu, APIC_BASE, VECTOR)
        tsc = Tsc(cpu)
        pit = PitClockSource(cpu, Lock())
        sources = [tsc, HpetClockSource(cpu, HPET_BASE), AcpiPmTimerDriver(cpu, PM_TIMER), pit]
        events = [
            apic, HpetClockEvent(cpu, HPET_BASE, standard_routing=True), PitClockEvent(cpu)
        ]  # fmt: skip
        self.clock = choose("clock", clock, events)[0]
        source = choose("timer", timer, sources)[0]
        reference = reference_among(sources)
        for device in {id(each): each for each in (reference, source, self.clock, apic)}.values():
            device.init()
        calibrate(cpu, reference, [apic, tsc])
        apic.stop()
        self.keeper = Timekeeper(source, already_ns=cpu.now)
        self.timer = PcTimer(self.clock, self.keeper)
        self.manager = TimeManager(cpu, self.timer, self.console, lock=self.lock)
        cpu.forget_interrupts()
        cpu.handlers[self.clock.irq] = self.manager.handle_tick
        self.ran = []
        if hz:
            self.timer.start_ticks(hz)

    def note(self, name, busy_ns=0):
        return Note(self, name, busy_ns)

    def run(self, ns):
        self.cpu.run(self.cpu.now + ns)

    def interrupts(self):
        return self.cpu.taken[self.clock.irq]


class Note:
    """A callback that can be pickled."""

    def __init__(self, bench, name, busy_ns):
        self.bench, self.name, self.busy_ns = bench, name, busy_ns

    def __call__(self):
        bench = self.bench
        assert not bench.lock.is_held
        bench.ran.append((self.name, bench.timer.uptime_ns(), bench.cpu.now))
        bench.cpu.compute(self.busy_ns)


@pytest.mark.parametrize(("clock", "timer"), PAIRS)
def test_tickless_every_pair_runs_timeouts_on_time_and_never_early(clock, timer):
    bench = Bench(clock, timer)
    start = bench.timer.uptime_ns()
    due = [start + delay for delay in (50 * US, 3 * MS, 80 * MS, 700 * MS, 2500 * MS)]
    for number, when in enumerate(due):
        bench.manager.set_timeout_at(when, bench.note(number))
    bench.run(3 * S)
    assert [name for name, _, _ in bench.ran] == [0, 1, 2, 3, 4]
    for when, (_, uptime, now) in zip(due, bench.ran, strict=True):
        assert 0 <= uptime - when < SLOP_NS
        assert abs(now - uptime) < SLOP_NS
    assert bench.console.warnings == []


@pytest.mark.parametrize(("clock", "timer"), PAIRS)
@pytest.mark.parametrize("hz", [20, 100, 1000])
def test_with_ticks_every_pair_runs_timeouts_at_the_next_tick(clock, timer, hz):
    bench = Bench(clock, timer, hz)
    start = bench.timer.uptime_ns()
    due = [start + delay for delay in (3 * MS, 80 * MS, 700 * MS, 1800 * MS)]
    for number, when in enumerate(due):
        bench.manager.set_timeout_at(when, bench.note(number))
    bench.run(2 * S)
    assert [name for name, _, _ in bench.ran] == [0, 1, 2, 3]
    for when, (_, uptime, now) in zip(due, bench.ran, strict=True):
        assert 0 <= uptime - when < S // hz * 1.01 + SLOP_NS
        assert abs(now - uptime) < SLOP_NS
    assert abs(bench.interrupts() - 2 * hz) <= 1 + hz // 100
    assert bench.keeper.lost_ticks == 0
    assert bench.console.warnings == []


@pytest.mark.parametrize(("clock", "timer"), PAIRS)
@pytest.mark.parametrize("hz", [0, 100])
def test_uptime_keeps_step_with_true_time_for_minutes(clock, timer, hz):
    bench = Bench(clock, timer, hz)
    bench.manager.set_timeout_periodic(500 * MS, bench.note("p"))
    worst = 0
    for _ in range(120):
        bench.run(777 * MS)
        error = bench.timer.uptime_ns() - bench.cpu.now
        worst = max(worst, abs(error))
    assert worst < 100 * US
    assert len(bench.ran) == 120 * 777 // 500


def test_after_twenty_minutes_of_ticks_time_is_off_by_far_less_than_a_tick():
    bench = Bench(hz=100)
    bench.run(1200 * S)
    assert abs(bench.timer.uptime_ns() - bench.cpu.now) < MS
    assert bench.keeper.lost_ticks == 0
    assert abs(bench.interrupts() - 120_000) <= 1


@pytest.mark.parametrize(("clock", "timer"), PAIRS)
def test_time_is_monotonic_across_every_change_of_mode(clock, timer):
    bench = Bench(clock, timer)
    bench.manager.set_timeout_periodic(30 * MS, bench.note("p"))
    last = 0
    for number in range(60):
        for _ in range(10):
            bench.run(1_234_567)
            now = bench.timer.uptime_ns()
            assert now >= last
            last = now
        if number % 2:
            bench.timer.start_tickless()
        else:
            bench.timer.start_ticks(100)
        now = bench.timer.uptime_ns()
        assert now >= last
        last = now
        assert abs(now - bench.cpu.now) < 100 * US
    assert len(bench.ran) == 60 * 10 * 1_234_567 // (30 * MS)


def test_back_in_tickless_mode_what_was_set_is_armed():
    bench = Bench(hz=100)
    due = bench.timer.uptime_ns() + 123 * MS
    bench.manager.set_timeout_at(due, bench.note("x"))
    bench.run(50 * MS)
    bench.timer.start_tickless()
    bench.run(S)
    ((_, uptime, _),) = bench.ran
    assert 0 <= uptime - due < SLOP_NS


@pytest.mark.parametrize("timer", TIMERS)
def test_nothing_set_means_silence_unless_the_counter_would_wrap(timer):
    bench = Bench("arat", timer)
    bench.manager.set_timeout_once(MS, bench.note("x"))
    bench.run(100 * S)
    expected = {"tsc": 1, "hpet": 1, "acpi": 42, "pit": 3640}[timer]
    assert expected <= bench.interrupts() <= expected * 1.03
    assert abs(bench.timer.uptime_ns() - bench.cpu.now) < 100 * US


def test_a_delay_beyond_the_devices_range_comes_back_quietly():
    bench = Bench("pit", "tsc")
    due = bench.timer.uptime_ns() + 500 * MS
    bench.manager.set_timeout_at(due, bench.note("x"))
    bench.run(S)
    ((_, uptime, _),) = bench.ran
    assert 0 <= uptime - due < SLOP_NS
    assert bench.interrupts() == 10
    assert bench.console.warnings == []


@pytest.mark.parametrize("hz", [0, 100])
def test_all_that_is_due_runs_at_one_interrupt_in_order_each_announced(hz):
    bench = Bench(hz=hz)
    due = bench.timer.uptime_ns() + 25 * MS
    for name in "abc":
        bench.manager.set_timeout_at(due, bench.note(name), name)
    bench.manager.set_timeout_at(due + 40 * MS, bench.note("late"), "late")
    bench.run(32 * MS)
    assert [name for name, _, _ in bench.ran] == ["a", "b", "c"]
    assert bench.manager.ran_in_tick == (3 if not hz else bench.manager.ran_in_tick)
    points = ("hrtimer_expire_entry", "timer_callback", "timer_callback_done")
    told = [(name, facts["name"]) for name, facts in bench.cpu.tracepoints if name in points]
    assert told == [(point, name) for name in "abc" for point in points]
    assert bench.manager.handling is None


def test_the_number_of_timeouts_of_one_tick_is_told():
    bench = Bench(hz=100)
    for _ in range(4):
        bench.manager.set_timeout_once(15 * MS, bench.note("x"))
    seen = []
    for _ in range(4):
        bench.run(10 * MS)
        seen.append(bench.manager.ran_in_tick)
    assert sorted(seen) == [0, 0, 0, 4]


def test_a_period_shorter_than_a_tick_catches_up_without_drift():
    bench = Bench(hz=100)
    start = bench.timer.uptime_ns()
    bench.manager.set_timeout_periodic(3 * MS, bench.note("p"))
    bench.run(S)
    due = next(iter(bench.manager.queue)).due_ns
    assert (due - start) % (3 * MS) < 10 * US
    assert abs(len(bench.ran) - 333) <= 3


def test_an_overloaded_tick_ends_and_lets_others_in_between():
    bench = Bench()
    bench.manager.set_timeout_periodic(100 * US, bench.note("p", busy_ns=250 * US))
    before = bench.interrupts()
    bench.cpu.run(bench.cpu.now + 50 * US)
    bench.cpu.clock.advance(bench.cpu.now + 60 * US)
    bench.manager.handle_tick()
    assert bench.manager.ran_in_tick == 1
    assert bench.interrupts() == before
    bench.manager.handle_tick()
    assert bench.manager.ran_in_tick == 2
    assert bench.manager.worst_lateness_ns > 100 * US


def test_the_lateness_of_those_behind_a_slow_one_counts_its_time():
    bench = Bench()
    due = bench.timer.uptime_ns() + MS
    bench.manager.set_timeout_at(due, bench.note("slow", busy_ns=5 * MS))
    bench.manager.set_timeout_at(due, bench.note("behind"))
    bench.run(20 * MS)
    assert 5 * MS <= bench.manager.worst_lateness_ns < 5 * MS + SLOP_NS


def test_the_head_is_told_as_armed():
    bench = Bench()
    bench.manager.set_timeout_once(5 * MS, bench.note("a"))
    bench.manager.set_timeout_once(50 * MS, bench.note("b"))
    assert bench.manager.armed_for == 1
    bench.run(10 * MS)
    assert bench.manager.armed_for == 2
    bench.run(100 * MS)
    assert bench.manager.armed_for is None


LEAST_ACCESSES = {
    ("arat", "tsc"): 4, ("arat", "hpet"): 4, ("arat", "acpi"): 4, ("arat", "pit"): 8,
    ("hpet", "tsc"): 6, ("hpet", "hpet"): 6, ("hpet", "acpi"): 6, ("hpet", "pit"): 10,
    ("pit", "tsc"): 4, ("pit", "hpet"): 4, ("pit", "acpi"): 4, ("pit", "pit"): 8,
}  # fmt: skip


@pytest.mark.parametrize(("clock", "timer"), PAIRS)
def test_a_tickless_interrupt_takes_few_accesses(clock, timer):
    bench = Bench(clock, timer)
    bench.manager.set_timeout_periodic(MS, int)
    bench.run(10 * MS)
    before = bench.interrupts()
    with counting(bench.cpu) as accesses:
        bench.cpu.run(bench.cpu.now + 10 * MS)
    each = accesses[0] / (bench.interrupts() - before)
    assert each == LEAST_ACCESSES[clock, timer], "with the end of interrupt at the local APIC"


def test_a_tick_takes_two_accesses_and_the_end_of_interrupt():
    bench = Bench(hz=100)
    bench.run(50 * MS)
    with counting(bench.cpu) as accesses:
        bench.run(100 * MS)
    assert accesses[0] <= 3 * 10


def test_devices_and_queue_can_be_pickled_and_go_on():
    bench = Bench("hpet", "acpi")
    bench.manager.set_timeout_periodic(10 * MS, bench.note("p"))
    bench.run(55 * MS)
    copy = pickle.loads(pickle.dumps(bench))
    for each in (bench, copy):
        each.run(500 * MS)
    assert copy.ran == bench.ran
    assert len(copy.ran) == 55


def test_compatible_names_both_devices():
    assert Bench().timer.compatible == "Local APIC timer, Time-stamp counter"


def test_the_tick_is_exact():
    bench = Bench("pit", "tsc", hz=100)
    bench.run(100 * S)
    tick = Fraction(11932 * S, 1_193_182)
    assert bench.keeper.ticks == bench.interrupts()
    assert abs(bench.keeper.ticks - 100 * S / tick) < 2
