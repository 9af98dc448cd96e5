"""Deep idle: which clocks of a core stand still in HLT, and that they go on afterwards."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from x86_bench import (
    CUR_COUNT,
    DEEP_NS,
    DIV_CONF,
    EOI,
    ICR_HIGH,
    ICR_LOW,
    INIT_COUNT,
    LVT_TIMER,
    SVR,
    TIMER_HZ,
    TSC_DEADLINE,
    TSC_HZ,
    VECTOR,
    Bench,
    Kernel,
)

from kerneltui.machine.core import StopReason
from kerneltui.machine.state import State

MS = 1_000_000
PERIODIC, DEADLINE = 1 << 17, 2 << 17
BY_1 = 0b1011
TICK_NS = 10**9 // TIMER_HZ


def ticks(ns):
    return ns * TSC_HZ // 10**9


class Sleeper(Kernel):
    """Enables its APIC, starts a timer, and sleeps."""

    def boot(self):
        self.gate(VECTOR, self.handler)
        self.cpu.write(SVR, 0x1FF)
        self.start()
        self.cpu.sti()

    def start(self):
        pass

    def handler(self):
        self.cpu.write(EOI, 0)
        self.log.append(self.cpu.clock.now)


def begin(features, start=lambda self: None, kernel=None):
    """A bench before its first HLT, and the time of that."""
    kernel = kernel or type("Starts", (Sleeper,), {"start": start})
    bench = Bench(kernel, features=frozenset(features), apic=True)
    while bench.core.pending is None or bench.core.pending.kind != "hlt":
        bench.run(instructions=1)
        bench.run(instructions=0)
    began = bench.clock.now
    return bench, began


FEATURES = [(), ("arat",), ("invtsc",), ("arat", "invtsc")]


@pytest.mark.parametrize("features", FEATURES)
def test_nothing_stops_before_the_core_is_in_deep_idle(features):
    bench, began = begin(features)
    bench.run(until=began + DEEP_NS - 1)
    assert not bench.core.clocks.in_deep_idle
    assert bench.core.clocks.tsc() == ticks(bench.clock.now)
    bench.run(until=began + DEEP_NS)
    assert bench.core.clocks.in_deep_idle == (set(features) != {"arat", "invtsc"})


@pytest.mark.parametrize("features", FEATURES)
def test_the_tsc_stands_still_in_deep_idle_unless_it_is_invariant(features):
    bench, began = begin(features)
    asleep = began + DEEP_NS
    bench.run(until=asleep + 5 * MS)
    shown = asleep + (5 * MS if "invtsc" in features else 0)
    assert bench.core.clocks.tsc() == ticks(shown)
    bench.core.set_nmi(True)
    bench.kernel.gate(2, lambda: None)
    bench.run(until=asleep + 5 * MS + 20)
    assert not bench.core.clocks.in_deep_idle
    woken = asleep + 5 * MS
    lost = 0 if "invtsc" in features else 5 * MS
    bench.run(until=woken + 10_000)
    assert bench.core.clocks.tsc() == ticks(woken + 10_000 - lost)


def test_several_sleeps_add_up():
    bench, _ = begin(())
    bench.kernel.gate(2, lambda: None)
    lost = 0
    for _ in range(5):
        bench.run(until=bench.clock.now + 3 * MS)
        slept = bench.core.clocks._slept_at
        lost += bench.clock.now - slept
        bench.core.set_nmi(True)
        bench.run(until=bench.clock.now + 500)
        assert bench.core.clocks.tsc() == ticks(bench.clock.now - lost)


def one_shot(ns):
    def start(self):
        self.cpu.write(DIV_CONF, BY_1)
        self.cpu.write(LVT_TIMER, VECTOR)
        self.cpu.write(INIT_COUNT, ns // TICK_NS)

    return start


def periodic(ns):
    def start(self):
        self.cpu.write(DIV_CONF, BY_1)
        self.cpu.write(LVT_TIMER, VECTOR | PERIODIC)
        self.cpu.write(INIT_COUNT, ns // TICK_NS)

    return start


class TwoMs(Sleeper):
    start = one_shot(2 * MS)


def deadline(ns):
    def start(self):
        self.cpu.write(LVT_TIMER, VECTOR | DEADLINE)
        self.cpu.write_msr(TSC_DEADLINE, ticks(ns))

    return start


@pytest.mark.parametrize("features", FEATURES)
@pytest.mark.parametrize("start", [one_shot, deadline])
def test_a_short_wait_is_not_deep_and_the_timer_ends_it(features, start):
    bench, began = begin(features, start(DEEP_NS // 2))
    assert bench.run(until=10 * MS) is StopReason.TIME
    assert len(bench.kernel.log) == 1
    assert bench.kernel.log[0] < began + DEEP_NS


@pytest.mark.parametrize("features", FEATURES)
def test_a_count_stands_still_in_deep_idle_without_arat_and_then_goes_on(features):
    bench, began = begin(features, one_shot(2 * MS))
    bench.run(until=began + 10 * MS)
    if "arat" in features:
        assert len(bench.kernel.log) == 1
        assert 2 * MS <= bench.kernel.log[0] < 2 * MS + 1_000
        return
    assert bench.kernel.log == []
    state = bench.apic.comparators(0)[0]
    assert state.counter == bench.memory.peek(CUR_COUNT) > 0
    assert (state.met, state.due_ns) == (False, None)
    bench.kernel.gate(2, lambda: None)
    woken = bench.clock.now
    bench.core.set_nmi(True)
    bench.run(until=woken + DEEP_NS // 2)
    gone = (bench.clock.now - woken) * TIMER_HZ // 10**9
    assert abs(bench.memory.peek(CUR_COUNT) - (state.counter - gone)) <= 1
    assert bench.kernel.log == []


def test_the_rest_of_a_count_passes_while_the_core_is_awake():
    bench, began = begin((), one_shot(2 * MS))
    bench.run(until=began + 10 * MS)
    left = bench.memory.peek(CUR_COUNT) * TICK_NS
    bench.kernel.gate(2, lambda: bench.core.compute(5 * MS))
    woken = bench.clock.now
    bench.core.set_nmi(True)
    bench.run(until=woken + 20 * MS)
    assert len(bench.kernel.log) == 1
    assert woken + 5 * MS < bench.kernel.log[0], "IF is 0 in the NMI's handler"
    assert left < 5 * MS


@pytest.mark.parametrize("features", FEATURES)
def test_a_periodic_timer_loses_the_periods_of_deep_idle(features):
    bench, began = begin(features, periodic(MS))
    bench.run(until=began + 10 * MS)
    if "arat" in features:
        assert len(bench.kernel.log) == 10
    else:
        assert bench.kernel.log == []
    shown = bench.memory.peek(CUR_COUNT)
    assert 0 < shown <= MS // TICK_NS


@pytest.mark.parametrize("features", FEATURES)
def test_a_deadline_in_deep_idle_comes_with_arat_and_a_tsc_that_goes_on(features):
    bench, began = begin(features, deadline(2 * MS))
    bench.run(until=began + 10 * MS)
    state = bench.apic.comparators(0)[0]
    assert state.counter == bench.core.clocks.tsc()
    if set(features) == {"arat", "invtsc"}:
        assert len(bench.kernel.log) == 1
        assert 2 * MS <= bench.kernel.log[0] < 2 * MS + 1_000
    else:
        assert bench.kernel.log == []
        assert state.enabled


@pytest.mark.parametrize("features", [("invtsc",), ("arat",), ()])
def test_after_waking_a_deadline_that_has_passed_interrupts_at_once(features):
    bench, began = begin(features, deadline(2 * MS))
    bench.kernel.gate(2, lambda: None)
    bench.run(until=began + 10 * MS)
    woken = bench.clock.now
    bench.core.set_nmi(True)
    bench.run(until=woken + DEEP_NS // 2)
    if "invtsc" in features:
        assert len(bench.kernel.log) == 1
        assert woken < bench.kernel.log[0] < woken + 1_000
    else:
        assert bench.kernel.log == []
        assert ticks(bench.clock.now - (woken - began - DEEP_NS)) == bench.core.clocks.tsc()


@pytest.mark.parametrize("features", FEATURES)
def test_what_the_timer_and_the_core_call_the_tsc_is_one_counter(features):
    bench, began = begin(features, deadline(500 * MS))
    bench.kernel.gate(2, lambda: None)
    for step in range(1, 40):
        bench.run(until=began + step * 77_777)
        assert bench.apic.comparators(0)[0].counter == bench.core.clocks.tsc()
        if step % 5 == 0:
            bench.core.set_nmi(True)


def test_a_halt_that_has_not_begun_arms_nothing():
    bench, _ = begin(())
    assert not any("deep_idle" in timer.name for timer in bench.clock.armed())


@pytest.mark.parametrize("waited", [10, DEEP_NS // 2, DEEP_NS - 1, DEEP_NS, 3 * DEEP_NS])
def test_a_sleeper_falls_into_deep_idle_at_the_same_time_from_saved_state(waited):
    bench, began = begin((), kernel=TwoMs)
    state, core = State(bench), bench.core
    bench.run(until=began + waited)
    saved, count = state.save(), bench.memory.peek(CUR_COUNT)
    deep = core.clocks.in_deep_idle
    assert deep == (waited >= DEEP_NS)
    for _ in range(2):
        bench.run(until=began + 3 * MS)
        assert bench.clock.now == began + 3 * MS
        assert core.clocks.in_deep_idle
        assert core.clocks._slept_at == began + DEEP_NS
        core.close()
        state.load(saved)
        core.enter_anew()
        assert bench.clock.now == began + waited
        assert core.clocks.in_deep_idle == deep
        assert bench.memory.peek(CUR_COUNT) == count
    core.close()


def test_an_init_message_ends_deep_idle():
    class Boot(Sleeper):
        def start(self):
            self.cpu.compute(2 * MS)
            self.cpu.write(ICR_HIGH, 1 << 24)
            self.cpu.write(ICR_LOW, 0x4500)

    class Second(Kernel):
        pass

    bench = Bench(Boot, Second, features=frozenset(), apic=True)
    bench.run(until=MS)
    second = bench.cores[1]
    assert second.clocks.in_deep_idle
    bench.run(until=3 * MS)
    assert not second.clocks.in_deep_idle
    before = second.clocks.tsc()
    bench.run(until=4 * MS)
    assert second.clocks.tsc() == before + ticks(MS)


def test_a_written_tsc_counts_on_from_there_also_after_deep_idle():
    def start(self):
        self.cpu.write_msr(0x10, 5)

    bench, began = begin((), start)
    first = bench.core.clocks.tsc()
    bench.run(until=began + 10 * MS)
    assert bench.core.clocks.tsc() == first + ticks(DEEP_NS)


@settings(max_examples=40)
@given(
    features=st.sampled_from(FEATURES),
    wakes=st.lists(st.integers(1, 400_000), max_size=12),
)
def test_the_tsc_never_goes_back_and_runs_in_full_while_awake(features, wakes):
    bench, _ = begin(features)
    bench.kernel.gate(2, lambda: bench.core.compute(1_000))
    last = bench.core.clocks.tsc()
    for gap in wakes:
        bench.run(until=bench.clock.now + gap)
        now = bench.core.clocks.tsc()
        assert 0 <= now - last <= ticks(gap + 2_000) + 1
        before, at = now, bench.clock.now
        bench.core.set_nmi(True)
        bench.run(until=at + 900)
        assert abs(bench.core.clocks.tsc() - before - ticks(bench.clock.now - at)) <= 1
        last = bench.core.clocks.tsc()


def test_a_deadline_follows_a_counter_that_was_written():
    def start(self):
        self.cpu.write(LVT_TIMER, DEADLINE | VECTOR)
        self.cpu.write_msr(0x10, 1_000_000)
        self.cpu.write_msr(TSC_DEADLINE, 1_000_000 + ticks(2 * MS))

    bench, began = begin(("arat", "invtsc", "tsc-deadline"), start)
    bench.run(until=began + 3 * MS)
    assert len(bench.kernel.log) == 1
    assert began + 2 * MS - 1000 < bench.kernel.log[0] < began + 2 * MS + 1000
