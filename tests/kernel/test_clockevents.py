"""The drivers of the PC's clock devices, on models of the chips."""

import pickle
from fractions import Fraction

import pc_bench
import pytest
from pc_bench import APIC_BASE, DEVICES, FEATURES, HPET_BASE, VECTOR, PcCpu

from kerneltui.kernel.drivers.apic_timer import ApicTimerDriver
from kerneltui.kernel.drivers.hpet import HpetClockEvent, HpetClockSource
from kerneltui.kernel.drivers.pit import PitClockEvent
from kerneltui.kernel.faults.faulty_apic_timer import TrustApicTimer
from kerneltui.kernel.irq import Irq, KernelError

S = 1_000_000_000
MS = S // 1000
KINDS = ("arat", "hpet", "hpet narrow", "hpet legacy", "pit")


class Bench:
    """A clock device that is up, and the times at which it interrupts."""

    def __init__(self, kind, **config):
        if kind == "hpet narrow":
            config["counter_bits"] = 32
        self.cpu = cpu = PcCpu(**config)
        self.clock = {
            "arat": lambda: ApicTimerDriver(cpu, APIC_BASE, VECTOR),
            "hpet": lambda: HpetClockEvent(cpu, HPET_BASE, standard_routing=True),
            "hpet narrow": lambda: HpetClockEvent(cpu, HPET_BASE, standard_routing=True),
            "hpet legacy": lambda: HpetClockEvent(cpu, HPET_BASE, standard_routing=False),
            "pit": lambda: PitClockEvent(cpu),
        }[kind]()
        assert self.clock.missing() == ""
        self.clock.init()
        if kind == "arat":
            self.clock.hz = Fraction(config.get("timer_hz", S))
        self.times = []
        cpu.forget_interrupts()
        cpu.handlers[self.clock.irq] = self.note

    def note(self):
        self.times.append(self.cpu.now)
        self.clock.conclude()

    def run(self, ns):
        self.cpu.run(self.cpu.now + ns)
        return self.times


@pytest.fixture(params=KINDS)
def bench(request):
    return Bench(request.param)


IRQS = {
    "arat": Irq("vector", VECTOR),
    "hpet": Irq("gsi", 20),
    "hpet narrow": Irq("gsi", 20),
    "hpet legacy": Irq("isa", 0),
    "pit": Irq("isa", 0),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_has_its_name_and_its_interrupt(kind):
    bench = Bench(kind)
    assert bench.clock.name == kind.partition(" ")[0]
    assert bench.clock.irq == IRQS[kind]
    bench.clock.set_oneshot(MS)
    bench.run(100 * MS)
    assert dict(bench.cpu.taken) == {IRQS[kind]: 1}


def test_a_device_that_was_brought_up_is_silent(bench):
    assert bench.run(S) == []


@pytest.mark.parametrize("delay_ns", [0, 1, 500, 3000, 12_345, 999_999, 10 * MS, 54 * MS])
def test_a_one_shot_comes_once_never_early_and_soon_after(bench, delay_ns):
    start = bench.cpu.now
    bench.clock.set_oneshot(delay_ns)
    (came,) = bench.run(S)
    assert came - start >= delay_ns
    assert came - start - delay_ns < 15_000


@pytest.fixture
def accesses_take_no_time(monkeypatch):
    """So that a device that is a tick early cannot hide behind them."""
    monkeypatch.setattr(pc_bench, "MMIO_NS", 0)
    monkeypatch.setattr(pc_bench, "PORT_NS", 0)


@pytest.mark.parametrize("gap_ns", [0, 1, 333, 70_001, 777_777])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("accesses_take_no_time")
def test_a_one_shot_is_never_early_whatever_the_counters_phase(kind, gap_ns):
    config = {"timer_hz": 24_000_000} if kind == "arat" else {}
    bench = Bench(kind, **config)
    for number in range(60):
        bench.cpu.compute(gap_ns + number)
        start = bench.cpu.now
        bench.clock.set_oneshot(20_000 + 17 * number)
        bench.times.clear()
        bench.run(MS)
        early_ns = start + 20_000 + 17 * number - (bench.times[0] - pc_bench.ENTRY_NS)
        assert -2000 < early_ns <= 0
        assert len(bench.times) == 1


def test_a_delay_beyond_the_range_is_cut(bench):
    longest = bench.clock.max_oneshot_ns
    start = bench.cpu.now
    bench.clock.set_oneshot(1 << 62)
    (came,) = bench.run(longest + MS)
    assert longest <= came - start < longest + 15_000


def test_the_longest_delay_is_that_of_the_datasheet():
    assert Bench("arat").clock.max_oneshot_ns == 0xFFFF_FFFF
    assert Bench("pit").clock.max_oneshot_ns == 54_926_239
    assert Bench("hpet").clock.max_oneshot_ns == 0x7FFF_FFFF * 69_841_279 // 10**6


def test_a_new_delay_replaces_the_one_that_runs(bench):
    start = bench.cpu.now
    bench.clock.set_oneshot(5 * MS)
    bench.run(MS)
    bench.clock.set_oneshot(20 * MS)
    bench.clock.set_oneshot(10 * MS)
    (came,) = bench.run(50 * MS)
    assert 11 * MS <= came - start < 11 * MS + 50_000


@pytest.mark.parametrize("hz", [20, 100, 1000, 10_000])
def test_ticks_come_at_the_length_that_was_told_without_drift(bench, hz):
    tick = bench.clock.start_periodic(hz)
    start = bench.cpu.now
    assert abs(tick / S * hz - 1) < Fraction(1, 200)
    count = 3 * hz
    times = bench.run(int(count * tick) + 20_000)
    assert len(times) == count
    for number, came in enumerate(times, 1):
        assert -10_000 < came - start - number * tick < 10_000
    assert abs(times[-1] - times[0] - (count - 1) * tick) < 2


def test_ticks_are_as_near_to_the_wanted_rate_as_the_clock_allows():
    assert Bench("arat").clock.start_periodic(100) == 10 * MS
    assert Bench("pit").clock.start_periodic(100) == Fraction(11932 * S, 1_193_182)
    assert Bench("hpet").clock.start_periodic(100) == Fraction(143182 * 69_841_279, 10**6)


def test_a_one_shot_ends_ticks_and_ticks_end_a_one_shot(bench):
    bench.clock.start_periodic(1000)
    assert len(bench.run(10 * MS + MS // 2)) == 10
    bench.clock.set_oneshot(5 * MS)
    assert len(bench.run(500 * MS)) == 11
    bench.clock.set_oneshot(5 * MS)
    bench.clock.start_periodic(20)
    assert len(bench.run(49 * MS)) == 11
    assert len(bench.run(2 * MS)) == 12


def test_a_stopped_device_is_silent_and_can_be_set_again(bench):
    bench.clock.start_periodic(1000)
    bench.clock.stop()
    assert bench.run(S) == []
    bench.clock.set_oneshot(MS)
    bench.clock.stop()
    assert bench.run(S) == []
    bench.clock.set_oneshot(MS)
    assert len(bench.run(2 * MS)) == 1
    bench.clock.start_periodic(1000)
    assert len(bench.run(10 * MS + MS // 2)) == 11


@pytest.mark.parametrize(("kind", "hz"), [("pit", 18), ("pit", 1_000_000), ("hpet", 500_000)])
def test_a_rate_out_of_range_is_refused_in_words(kind, hz):
    bench = Bench(kind)
    with pytest.raises(KernelError, match=f"cannot interrupt at {hz} Hz"):
        bench.clock.start_periodic(hz)


def test_the_apic_timer_refuses_rates_beyond_its_count():
    bench = Bench("arat", timer_hz=1000)
    with pytest.raises(KernelError, match="cannot interrupt at 10000 Hz"):
        bench.clock.start_periodic(10_000)


def test_a_driver_in_use_can_be_pickled(bench):
    bench.clock.start_periodic(1000)
    cpu, clock = pickle.loads(pickle.dumps((bench.cpu, bench.clock)))
    assert clock.irq == bench.clock.irq
    clock.set_oneshot(MS)
    assert clock._cpu is cpu


# -- what is particular to one device -------------------------------------------------------------


def test_hpet_standard_routing_leaves_irq_0_and_irq_8_alone():
    bench = Bench("hpet")
    pit = PitClockEvent(bench.cpu)
    pit.init()
    bench.clock.start_periodic(100)
    pit.start_periodic(100)
    bench.run(S)
    assert bench.cpu.taken[Irq("gsi", 20)] == 100
    assert 99 <= bench.cpu.taken[Irq("isa", 0)] <= 101


def test_hpet_takes_the_lowest_input_that_it_can_be_routed_to():
    bench = Bench("hpet", routes=0x0080_0800)
    assert bench.clock.irq == Irq("gsi", 11)
    bench.clock.set_oneshot(MS)
    assert len(bench.run(2 * MS)) == 1


def test_hpet_without_any_input_replaces_the_pit():
    bench = Bench("hpet", routes=0)
    assert bench.clock.irq == Irq("isa", 0)
    bench.clock.set_oneshot(MS)
    assert len(bench.run(2 * MS)) == 1


def test_hpet_level_falls_when_it_is_concluded_and_not_before():
    bench = Bench("hpet")
    line = bench.cpu.hpet.outputs["irq20"][0]
    bench.clock.set_oneshot(MS)
    bench.cpu.clock.advance(bench.cpu.now + 2 * MS)
    assert line.level
    bench.clock.conclude()
    assert not line.level


@pytest.mark.parametrize("legacy_first", [False, True])
def test_both_hpet_roles_share_the_block_in_either_order(legacy_first):
    cpu = PcCpu()
    source = HpetClockSource(cpu, HPET_BASE)
    clock = HpetClockEvent(cpu, HPET_BASE, standard_routing=False)
    for device in (clock, source) if legacy_first else (source, clock):
        device.init()
    before = source.read()
    cpu.compute(MS)
    assert source.read() > before
    clock.set_oneshot(MS)
    cpu.run(cpu.now + 2 * MS)
    assert cpu.taken[Irq("isa", 0)] == 1


def test_hpet_comparator_of_a_narrow_counter_works_across_the_wrap():
    bench = Bench("hpet narrow")
    wrap_ns = (1 << 32) * 69_841_279 // 10**6
    bench.cpu.clock.advance(bench.cpu.now + wrap_ns - MS)
    start = bench.cpu.now
    bench.clock.set_oneshot(5 * MS)
    came = [when for when in bench.run(10 * MS) if when - start >= 5 * MS]
    assert [when - start < 5 * MS + 10_000 for when in came] == [True]


def test_hpet_comparator_that_the_counter_has_passed_already_is_set_again():
    bench = Bench("hpet", period_fs=10_000_000)
    start = bench.cpu.now
    bench.clock.set_oneshot(0)
    assert any(came - start < 10_000 for came in bench.run(MS))


def test_pit_one_shot_keeps_an_interrupt_that_waits():
    bench = Bench("pit")
    line = bench.cpu.pit.outputs["out0"][0]
    bench.clock.set_oneshot(MS)
    bench.cpu.clock.advance(bench.cpu.now + 2 * MS)
    edges = []
    line.watcher = lambda line: edges.append(line.level)
    bench.clock.set_oneshot(MS)
    assert edges == []
    assert line.level


REFUSALS = [
    ("arat", {"features": FEATURES - {"arat"}}, "no ARAT (CPUID.06H:EAX[2] = 0)"),
    ("arat", {"highest_leaf": 5}, "no ARAT"),
    ("arat", {"features": FEATURES - {"apic"}}, "no local APIC (CPUID.01H:EDX[9] = 0)"),
    ("hpet", {"devices": DEVICES - {"hpet"}}, "makes no sense (0xffffffffffffffff)"),
    ("pit", {"devices": DEVICES - {"pit"}}, "no PIT"),
]


@pytest.mark.parametrize(("kind", "config", "reason"), REFUSALS)
def test_what_is_missing_is_told_in_words(kind, config, reason):
    cpu = PcCpu(**config)
    clock = {
        "arat": lambda: ApicTimerDriver(cpu, APIC_BASE, VECTOR),
        "hpet": lambda: HpetClockEvent(cpu, HPET_BASE, standard_routing=True),
        "pit": lambda: PitClockEvent(cpu),
    }[kind]()
    assert reason in clock.missing()


def test_without_apic_or_table_nothing_is_even_looked_at():
    cpu = PcCpu()
    assert "not in use" in ApicTimerDriver(cpu, None, VECTOR).missing()
    reason = HpetClockEvent(cpu, None, standard_routing=True).missing()
    assert reason == "there is no ACPI HPET table"
    assert cpu.accesses == 0


def test_a_trusted_apic_timer_needs_no_arat_but_an_apic():
    no_arat = PcCpu(features=FEATURES - {"arat"})
    assert TrustApicTimer(no_arat, APIC_BASE, VECTOR).missing() == ""
    no_apic = PcCpu(features=frozenset())
    assert "no local APIC" in TrustApicTimer(no_apic, APIC_BASE, VECTOR).missing()


def test_the_pit_check_disturbs_no_counter():
    bench = Bench("pit")
    bench.clock.start_periodic(1000)
    start = bench.cpu.now
    for _ in range(1000):
        assert bench.clock.missing() == ""
        bench.cpu.run(bench.cpu.now + MS // 10)
    assert abs(len(bench.times) - (bench.cpu.now - start) // MS) <= 1
