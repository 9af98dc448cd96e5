"""The local APIC's timer: counts, periods, deadlines, and the moment of each interrupt."""

import pytest
from apic_bench import DEADLINE, MASKED, PERIODIC, Bench

VECTOR = 0x40
DIVIDE_BY_1 = 0b1011
MSR = "IA32_TSC_DEADLINE"


def started(initial, mode=0, divide=DIVIDE_BY_1, **config):
    bench = Bench(**config)
    bench.write("DIV_CONF", divide)
    bench.write("LVT_TIMER", mode | VECTOR)
    bench.write("INIT_COUNT", initial)
    return bench


def interrupts(bench, until, step=1):
    """The times, in steps, at which the timer interrupts."""
    times = []
    for ns in range(bench.clock.now + step, until + 1, step):
        bench.at(ns)
        if bench.intr():
            times.append(ns)
            bench.take()
            bench.end_of_interrupt()
    return times


def test_one_shot_interrupts_as_the_count_reaches_zero_and_stays_there():
    bench = started(1000)
    assert bench.read("CUR_COUNT") == 1000
    bench.at(999)
    assert (bench.read("CUR_COUNT"), bench.intr()) == (1, False)
    bench.at(1000)
    assert (bench.read("CUR_COUNT"), bench.intr()) == (0, True)
    assert interrupts(bench, 5000)[1:] == []
    assert (bench.read("CUR_COUNT"), bench.read("INIT_COUNT")) == (0, 1000)


@pytest.mark.parametrize(
    ("configuration", "divisor"),
    [(0b0000, 2), (0b0001, 4), (0b0010, 8), (0b0011, 16), (0b1000, 32), (0b1001, 64),
     (0b1010, 128), (0b1011, 1)],
)  # fmt: skip
def test_the_divide_configuration(configuration, divisor):
    bench = started(10, divide=configuration)
    bench.at(3 * divisor)
    assert bench.read("CUR_COUNT") == 7
    assert interrupts(bench, 12 * divisor) == [10 * divisor]


def test_a_clock_that_does_not_divide_the_nanosecond_is_never_early_and_does_not_drift():
    bench = started(1, PERIODIC, timer_hz=300_000_000)
    # One count lasts 10/3 ns: the interrupts come at its multiples, rounded up.
    assert interrupts(bench, 20) == [4, 7, 10, 14, 17, 20]


def test_periodic_reloads_as_the_count_reaches_zero():
    bench = started(100, PERIODIC)
    assert interrupts(bench, 450) == [100, 200, 300, 400]
    assert bench.read("CUR_COUNT") == 50
    bench.at(500)
    assert bench.read("CUR_COUNT") == 100, "zero and reload are one moment"


def test_a_new_initial_count_restarts_and_zero_stops():
    bench = started(100)
    bench.at(60)
    bench.write("INIT_COUNT", 100)
    assert interrupts(bench, 200) == [160]
    bench.write("LVT_TIMER", PERIODIC | VECTOR)
    bench.write("INIT_COUNT", 50)
    bench.write("INIT_COUNT", 0)
    assert interrupts(bench, 500) == []
    assert bench.read("CUR_COUNT") == 0


def test_a_masked_timer_counts_and_what_it_missed_is_lost():
    bench = started(100, PERIODIC | MASKED)
    bench.at(250)
    assert (bench.intr(), bench.read("CUR_COUNT")) == (False, 50)
    bench.write("LVT_TIMER", PERIODIC | VECTOR)
    assert interrupts(bench, 420) == [300, 400]
    once = started(100, MASKED)
    once.at(100)
    once.write("LVT_TIMER", VECTOR)
    assert interrupts(once, 300) == []


def test_a_change_of_the_divider_goes_on_from_the_count():
    bench = started(100)
    bench.at(60)
    bench.write("DIV_CONF", 0b0000)
    assert bench.read("CUR_COUNT") == 40
    assert interrupts(bench, 200) == [140]
    bench.write("DIV_CONF", DIVIDE_BY_1)
    assert interrupts(bench, 400) == [], "a one-shot that is over stays so"


def test_a_change_of_mode_disarms():
    bench = started(100)
    bench.at(50)
    bench.write("LVT_TIMER", PERIODIC | VECTOR)
    assert interrupts(bench, 400) == []
    assert (bench.read("CUR_COUNT"), bench.read("INIT_COUNT")) == (0, 100)
    bench.write("LVT_TIMER", PERIODIC | 0x50)
    bench.write("INIT_COUNT", 100)
    bench.write("LVT_TIMER", PERIODIC | VECTOR)
    assert interrupts(bench, 500) == [500], "another vector is no change of mode"


def test_a_deadline_interrupts_once_when_the_time_stamp_counter_reaches_it():
    bench = started(0, DEADLINE, tsc_hz=2_000_000_000)
    bench.write(MSR, 2001)
    bench.at(1000)
    assert (bench.read(MSR), bench.intr()) == (2001, False)
    bench.at(1001)
    assert (bench.read(MSR), bench.intr()) == (0, True)
    assert interrupts(bench, 4000)[1:] == []


def test_a_deadline_that_has_passed_interrupts_at_once_and_zero_disarms():
    bench = started(0, DEADLINE)
    bench.at(5000)
    bench.write(MSR, 17)
    bench.at(5000)
    assert bench.take() == VECTOR
    bench.end_of_interrupt()
    bench.write(MSR, 6000)
    bench.write(MSR, 0)
    assert interrupts(bench, 7000) == []


def test_the_time_stamp_counter_of_a_deadline_has_64_bits():
    """It was set so that it soon comes round: then what was far ahead is still ahead."""
    bench = started(0, DEADLINE)
    bench.apic.shift_tsc(0, (1 << 64) - 100)
    bench.write(MSR, 50)
    assert interrupts(bench, 2) == [1], "50 has passed: the counter is near its end"
    bench.at(150)
    bench.write(MSR, 400)
    state = bench.apic.comparators(0)[0]
    assert (state.counter, state.met, state.due_ns) == (50, False, 500)
    assert interrupts(bench, 1000) == [500]


def test_a_deadline_before_the_end_of_the_counter_comes_before_it_goes_round():
    bench = started(0, DEADLINE)
    bench.apic.shift_tsc(0, (1 << 64) - 100)
    bench.write(MSR, (1 << 64) - 40)
    assert interrupts(bench, 1000) == [60]


def test_the_counts_do_not_work_in_deadline_mode_nor_the_deadline_in_the_others():
    bench = started(500, DEADLINE)
    assert (bench.read("INIT_COUNT"), bench.read("CUR_COUNT")) == (0, 0)
    assert interrupts(bench, 600) == []
    bench.write(MSR, 10_000)
    bench.write("LVT_TIMER", VECTOR)
    assert bench.read(MSR) == 0, "the mode change disarmed it"
    bench.write(MSR, 10_000)
    assert bench.read(MSR) == 0
    assert interrupts(bench, 11_000, 100) == []


def test_without_the_feature_the_deadline_mode_cannot_be_chosen():
    bench = started(100, DEADLINE, tsc_deadline=False)
    assert bench.read("LVT_TIMER") == VECTOR
    bench.write(MSR, 50)
    assert bench.read(MSR) == 0
    assert interrupts(bench, 150) == [100]


def test_a_masked_deadline_passes_unseen():
    bench = started(0, DEADLINE | MASKED)
    bench.write(MSR, 100)
    bench.at(100)
    bench.write("LVT_TIMER", DEADLINE | VECTOR)
    assert (bench.read(MSR), interrupts(bench, 300)) == (0, [])


def test_each_core_has_a_timer_of_its_own():
    bench = Bench(cpus=2)
    for cpu, count in ((0, 300), (1, 200)):
        bench.write("DIV_CONF", DIVIDE_BY_1, cpu)
        bench.write("LVT_TIMER", VECTOR + cpu, cpu)
        bench.write("INIT_COUNT", count, cpu)
    bench.at(200)
    assert (bench.intr(0), bench.take(1)) == (False, VECTOR + 1)
    bench.at(300)
    assert bench.take(0) == VECTOR


def test_a_software_disable_masks_the_timer():
    bench = started(100, PERIODIC)
    bench.write("SVR", 0xFF)
    assert bench.apic.comparators(0)[0].masked
    bench.at(150)
    bench.write("SVR", 0x1FF)
    assert interrupts(bench, 400) == []


def test_what_the_comparator_shows():
    bench = started(1000, PERIODIC, divide=0)
    bench.at(500)
    (state,) = bench.apic.comparators(0)
    assert (state.name, state.counter, state.compare, state.hz) == (
        "CUR_COUNT",
        750,
        0,
        500_000_000,
    )
    assert (state.enabled, state.masked, state.due_ns) == (True, False, 2000)
    bench.write("LVT_TIMER", DEADLINE | MASKED)
    bench.write(MSR, 4000)
    (state,) = bench.apic.comparators(0)
    assert (state.name, state.counter, state.compare) == (MSR, 500, 4000)
    assert (state.enabled, state.masked, state.due_ns) == (True, True, 4000)
