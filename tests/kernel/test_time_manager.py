"""The time manager on a fake timer, whose clock is set by hand."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_bench import FakeConsole, FakeCpu, FakeTimer

from kerneltui.kernel.faults.faulty_kernel import NoRearmAfterSpurious
from kerneltui.kernel.time.time_manager import TimeManager

MS = 1_000_000


class Bench:
    def __init__(self, manager=TimeManager):
        self.cpu, self.timer, self.console = FakeCpu(), FakeTimer(), FakeConsole()
        self.manager = manager(self.cpu, self.timer, self.console)
        self.ran = []

    def note(self, name, then=None):
        def callback():
            self.ran.append((name, self.timer.now))
            if then is not None:
                then()

        return callback

    def interrupt_at(self, now):
        """The comparator has fired: what the IRQ vector does."""
        self.timer.now = now
        self.manager.handle()

    def run_until(self, end):
        while self.timer.armed is not None and self.timer.armed <= end:
            self.interrupt_at(max(self.timer.armed, self.timer.now))
        self.timer.now = end

    def head_is_armed(self):
        queue = list(self.manager.queue)
        if not queue:
            return self.timer.armed is None and self.manager.armed_for is None
        head = queue[0]
        return (self.timer.armed, self.manager.armed_for) == (head.due_ns, head.ident)


@pytest.fixture
def bench():
    return Bench()


def test_a_one_shot_runs_once_when_it_is_due(bench):
    bench.timer.now = 7
    bench.manager.set_timeout_once(100, bench.note("once"))
    assert bench.timer.armed == 107
    bench.run_until(1000)
    assert bench.ran == [("once", 107)]
    assert bench.head_is_armed()


def test_a_timeout_at_an_uptime_does_not_depend_on_when_it_was_set(bench):
    bench.timer.now = 50
    bench.manager.set_timeout_at(80, bench.note("at"))
    bench.run_until(1000)
    assert bench.ran == [("at", 80)]


def test_a_periodic_timeout_does_not_drift_however_late_its_callback(bench):
    bench.manager.set_timeout_periodic(100, bench.note("tick"))
    for _ in range(20):
        bench.interrupt_at(bench.timer.armed + 37)
    assert [now for _, now in bench.ran] == [100 * n + 37 for n in range(1, 21)]


def test_a_slow_callback_delays_but_loses_no_tick(bench):
    def slow():
        bench.timer.now += 250

    bench.manager.set_timeout_periodic(100, bench.note("slow", slow))
    bench.run_until(5000)
    assert [now for _, now in bench.ran] == [100 + 250 * n for n in range(50)]
    assert [item.due_ns for item in bench.manager.queue] == [5100]


def test_the_earlier_of_two_is_armed_whichever_was_set_first(bench):
    bench.manager.set_timeout_once(500, bench.note("late"))
    bench.manager.set_timeout_once(200, bench.note("early"))
    assert bench.timer.armed == 200
    bench.manager.set_timeout_once(300, bench.note("middle"))
    assert bench.timer.armed == 200
    bench.run_until(1000)
    assert [name for name, _ in bench.ran] == ["early", "middle", "late"]


def test_equal_due_times_run_in_the_order_of_setting_one_interrupt_each(bench):
    for number in range(5):
        bench.manager.set_timeout_at(100, bench.note(number))
    bench.run_until(100)
    assert [name for name, _ in bench.ran] == [0, 1, 2, 3, 4]
    assert bench.timer.history.count(100) >= 5


def test_a_callback_may_set_timeouts_even_one_that_is_due_before_all_others(bench):
    bench.manager.set_timeout_once(900, bench.note("last"))

    def nest():
        bench.manager.set_timeout_once(10, bench.note("inner"))
        assert bench.head_is_armed()

    bench.manager.set_timeout_once(100, bench.note("outer", nest))
    bench.run_until(2000)
    assert bench.ran == [("outer", 100), ("inner", 110), ("last", 900)]


def test_a_periodic_callback_that_sets_a_timeout_for_its_own_next_time_goes_first(bench):
    def nest():
        if len(bench.ran) == 1:
            bench.manager.set_timeout_at(200, bench.note("set in the callback"))

    bench.manager.set_timeout_periodic(100, bench.note("periodic", nest))
    bench.run_until(200)
    assert [name for name, _ in bench.ran] == ["periodic", "periodic", "set in the callback"]


def test_the_callback_runs_without_the_lock(bench):
    seen = []
    bench.cpu.daif = 0
    bench.manager.set_timeout_once(1, lambda: seen.append(bench.cpu.daif))
    bench.interrupt_at(1)
    assert seen == [0]
    bench.cpu.daif = 0b1111
    bench.manager.set_timeout_once(1, lambda: seen.append(bench.cpu.daif))
    bench.interrupt_at(2)
    assert seen[1] == 0b1111
    assert bench.cpu.daif == 0b1111, "the lock restores what was, it does not unmask"


def test_a_callback_is_announced_before_and_after(bench):
    bench.manager.set_timeout_once(1, bench.note("x"), "named")
    bench.interrupt_at(1)
    names = [(name, facts["name"]) for name, facts in bench.cpu.tracepoints]
    assert names == [
        ("hrtimer_start", "named"),
        ("hrtimer_expire_entry", "named"),
        ("timer_callback", "named"),
        ("timer_callback_done", "named"),
    ]


def test_an_interrupt_before_anything_is_due_is_warned_of_and_the_comparator_armed_again(bench):
    bench.manager.set_timeout_once(100, bench.note("x"))
    bench.interrupt_at(99)
    assert bench.ran == []
    assert bench.console.warnings == ["Spurious timeout IRQ"]
    assert bench.head_is_armed()
    bench.run_until(200)
    assert bench.ran == [("x", 100)]


def test_an_interrupt_with_an_empty_queue_is_spurious_too(bench):
    bench.interrupt_at(5)
    assert bench.console.warnings == ["Spurious timeout IRQ"]
    assert bench.head_is_armed()


def test_the_fault_no_rearm_after_spurious_loses_the_timeout():
    bench = Bench(NoRearmAfterSpurious)
    bench.manager.set_timeout_once(100, bench.note("x"))
    bench.interrupt_at(99)
    assert bench.timer.armed is None
    bench.run_until(10_000)
    assert bench.ran == []
    bench.manager.set_timeout_once(1, bench.note("y"))
    bench.run_until(20_000)
    assert [name for name, _ in bench.ran] == ["x", "y"], "the next set arms the head again"


def test_lateness_is_warned_of_when_a_period_behind_and_at_each_doubling(bench):
    bench.manager.set_timeout_periodic(10 * MS, bench.note("work"), "work")
    late = []
    for number in range(1, 201):
        due = next(iter(bench.manager.queue)).due_ns
        before = len(bench.console.warnings)
        bench.interrupt_at(due + number * MS)
        if len(bench.console.warnings) > before:
            late.append(number)
    assert late == [10, 20, 40, 80, 160]
    assert bench.manager.worst_lateness_ns == 200 * MS
    assert all("work" in text and "late" in text for text in bench.console.warnings)


def test_a_late_one_shot_counts_but_is_no_overload(bench):
    bench.manager.set_timeout_once(10, bench.note("x"))
    bench.interrupt_at(10_000_000)
    assert bench.console.warnings == []
    assert bench.manager.worst_lateness_ns == 10_000_000 - 10


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["once", "every", "at", "nest"]),
            st.integers(1, 400),
            st.integers(0, 90),
        ),
        min_size=1,
        max_size=25,
    )
)
def test_the_comparator_always_stands_for_the_head_and_nothing_runs_early(requests):
    bench = Bench()
    due_of = {}

    def remember(number, due, *, every=None):
        due_of[number] = due

        def callback():
            assert bench.timer.now >= due_of[number]
            bench.ran.append((number, due_of[number]))
            if every is None:
                del due_of[number]
            else:
                due_of[number] += every

        return callback

    def set_one(number, kind, amount):
        now = bench.timer.now
        if kind == "every":
            bench.manager.set_timeout_periodic(amount, remember(number, now + amount, every=amount))
        elif kind == "at":
            bench.manager.set_timeout_at(amount, remember(number, amount))
        elif kind == "once":
            bench.manager.set_timeout_once(amount, remember(number, now + amount))
        else:
            inner = remember(number, now + amount)

            def callback():
                inner()
                bench.manager.set_timeout_once(5, bench.note("nested"))

            bench.manager.set_timeout_once(amount, callback)

    for number, (kind, amount, gap) in enumerate(requests):
        set_one(number, kind, amount)
        assert bench.head_is_armed()
        bench.run_until(bench.timer.now + gap)
        assert bench.head_is_armed()
    bench.run_until(bench.timer.now + 500)
    assert all(due > bench.timer.now for due in due_of.values())
