"""Virtual time: conversions between nanoseconds and ticks, and the order of events."""

import pickle
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerneltui.hw.clock import NEVER, NS_PER_S, Clock, ns_to_ticks, ticks_to_ns

RATES = [19_200_000, 54_000_000, 1_000_000, 1_193_182, 3_579_545, 32_768, 62_500_000]
each_rate = pytest.mark.parametrize("hz", RATES)
ticks = st.integers(0, 1 << 64)
moments = st.integers(0, NEVER - 1)


@each_rate
@given(count=ticks)
def test_a_deadline_shows_its_tick_and_the_nanosecond_before_does_not(hz, count):
    due = ticks_to_ns(count, hz)
    assert ns_to_ticks(due, hz) == count
    if due:
        assert ns_to_ticks(due - 1, hz) < count


@each_rate
@given(count=ticks)
def test_a_deadline_is_less_than_a_nanosecond_late(hz, count):
    late = ticks_to_ns(count, hz) * hz - count * NS_PER_S  # in units of 1/hz ns
    assert 0 <= late < hz


@each_rate
@given(now=moments, wait=st.integers(0, 10**12))
def test_waiting_from_any_moment_is_never_early_and_at_most_a_tick_late(hz, now, wait):
    """Software reads the counter, adds its ticks, and arms that value."""
    due = ticks_to_ns(ns_to_ticks(now, hz) + wait, hz)
    assert ns_to_ticks(due, hz) - ns_to_ticks(now, hz) == wait
    tick = -(-NS_PER_S // hz)
    assert due <= now + ticks_to_ns(wait, hz)
    assert due + tick > now + wait * NS_PER_S // hz


@each_rate
@given(first=moments, second=moments)
def test_a_counter_never_runs_backwards(hz, first, second):
    early, late = sorted((first, second))
    assert ns_to_ticks(early, hz) <= ns_to_ticks(late, hz)


@pytest.mark.parametrize(
    ("count", "hz", "ns"),
    [(1, 19_200_000, 53), (1, 62_500_000, 16), (1, 32_768, 30_518), (1_193_182, 1_193_182, 10**9)],
)
def test_known_deadlines(count, hz, ns):
    assert ticks_to_ns(count, hz) == ns


class Log:
    """Timers that write down when they ran."""

    def __init__(self, count=0):
        self.clock = Clock()
        self.ran = []
        self.deadlines = [self.deadline(n) for n in range(count)]

    def deadline(self, name):
        return self.clock.deadline(str(name), partial(self.note, name))

    def note(self, name):
        self.ran.append((self.clock.now, name))


armings = st.lists(st.integers(0, 50), min_size=1, max_size=12)


@given(armings)
def test_events_run_by_due_time_and_equal_ones_in_the_order_of_arming(dues):
    log = Log(len(dues))
    for deadline, due in zip(log.deadlines, dues, strict=True):
        deadline.arm(due)
    log.clock.advance(100)
    expected = sorted((due, number) for number, due in enumerate(dues))
    assert log.ran == expected
    assert log.clock.now == 100


@given(armings, st.lists(st.integers(0, 60)))
def test_many_small_steps_and_one_large_one_give_the_same_events(dues, stops):
    logs = [Log(len(dues)), Log(len(dues))]
    for log in logs:
        for deadline, due in zip(log.deadlines, dues, strict=True):
            deadline.arm(due)
    for stop in sorted(stops):
        logs[0].clock.advance(stop)
    for log in logs:
        log.clock.advance(60)
    assert logs[0].ran == logs[1].ran


@given(st.lists(st.tuples(st.integers(0, 3), st.one_of(st.none(), st.integers(0, 50)))))
def test_only_the_last_word_to_a_timer_counts(orders):
    log = Log(4)
    last = {}
    for which, due in orders:
        if due is None:
            log.deadlines[which].cancel()
        else:
            log.deadlines[which].arm(due)
        last[which] = due
    live = sorted((due, which) for which, due in last.items() if due is not None)
    assert log.clock.next_due == (live[0][0] if live else NEVER)
    assert sorted((deadline.due, int(deadline.name)) for deadline in log.clock.armed()) == live
    log.clock.advance(100)
    assert sorted(log.ran) == live
    assert log.clock.next_due == NEVER


def test_an_event_runs_at_its_own_time_not_at_the_end_of_the_step():
    log = Log(1)
    log.deadlines[0].arm(30)
    log.clock.advance(29)
    assert log.ran == []
    log.clock.advance(1000)
    assert log.ran == [(30, 0)]


def test_an_event_in_the_past_runs_now_and_time_does_not_go_back():
    log = Log(1)
    log.clock.advance(500)
    log.deadlines[0].arm(100)
    log.clock.advance(500)
    assert log.ran == [(500, 0)]
    log.clock.advance(200)
    assert log.clock.now == 500


def test_a_timer_armed_for_never_does_not_fire():
    log = Log(2)
    log.deadlines[0].arm(NEVER)
    log.deadlines[1].arm(NEVER + 12345)
    log.clock.advance(NEVER - 1)
    assert log.ran == []
    assert log.deadlines[1].due == NEVER
    assert log.clock.armed() == []


def test_a_timer_may_arm_itself_again_from_its_action():
    log = Log()

    class Periodic:
        def tick(self):
            log.note("tick")
            deadline.arm(log.clock.now + 10)

    deadline = log.clock.deadline("periodic", Periodic().tick)
    deadline.arm(10)
    log.clock.advance(35)
    assert log.ran == [(10, "tick"), (20, "tick"), (30, "tick")]
    assert deadline.due == 40


def test_an_action_may_cancel_a_timer_that_is_due_at_the_same_time():
    log = Log(1)
    first = log.clock.deadline("first", log.deadlines[0].cancel)
    first.arm(10)
    log.deadlines[0].arm(10)
    log.clock.advance(20)
    assert log.ran == []


def test_an_action_may_arm_another_timer_within_the_same_step():
    log = Log(1)
    first = log.clock.deadline("first", partial(log.deadlines[0].arm, 15))
    first.arm(10)
    log.clock.advance(20)
    assert log.ran == [(15, 0)]


def test_cancelled_and_rearmed_to_the_same_time_it_fires_once():
    log = Log(1)
    log.deadlines[0].arm(10)
    log.deadlines[0].cancel()
    log.deadlines[0].arm(10)
    log.clock.advance(20)
    assert log.ran == [(10, 0)]


def test_a_pickled_clock_runs_the_same_events():
    log = Log(3)
    for number, deadline in enumerate(log.deadlines):
        deadline.arm(20 - number)
    log.deadlines[1].arm(5)
    copy = pickle.loads(pickle.dumps(log))
    for each in (log, copy):
        each.clock.advance(100)
    assert copy.ran == log.ran == [(5, 1), (18, 2), (20, 0)]


def test_arming_far_and_then_near_over_and_over_does_not_fill_the_queue():
    log = Log(2)
    log.deadlines[1].arm(10**9 - 1)
    for turn in range(5000):
        log.deadlines[0].arm(10**9 + turn)
        log.deadlines[0].arm(10 + turn)
    assert len(log.clock.queue) <= 65
    assert log.clock.next_due == 10 + 4999
    log.clock.advance(10**10)
    assert log.ran == [(10 + 4999, 0), (10**9 - 1, 1)]
