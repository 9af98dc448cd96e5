"""Timers with states, cancelling, and catching up, on a fake clock that is set by hand."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from kernel_bench import FakeConsole, FakeCpu, FakeTimer

from kerneltui.kernel.drivers.arch_timer import CNTFRQ_EL0, CNTP_CTL_EL0, CTL_ENABLE, ArchTimer
from kerneltui.kernel.errno import Errno, SyscallError
from kerneltui.kernel.time.time_manager import NEVER, TimeManager
from kerneltui.kernel.time.timers import ENDED_KEPT, TimerService, TimerState

MS = 1_000_000


class StoppableTimer(FakeTimer):
    """NEVER disarms it."""

    def set_timeout_irq(self, due_ns):
        super().set_timeout_irq(due_ns)
        if due_ns >= NEVER:
            self.armed = None


class Bench:
    def __init__(self, *, catch_up="all", collects=False, by_tick=False):
        self.clock = StoppableTimer()
        self.manager = TimeManager(FakeCpu(), self.clock, FakeConsole())
        self.woken = []
        wake = None if collects else self.wake
        self.timers = TimerService(self.manager, wake, catch_up)
        self.handle = self.manager.handle_tick if by_tick else self.manager.handle
        self.ran = []

    def wake(self, task, timer):
        self.woken.append(task)

    def note(self, name, then=None):
        def callback():
            self.ran.append((name, self.clock.now))
            if then is not None:
                then()

        return callback

    def run_until(self, end):
        """Interrupts come when the comparator says so."""
        while self.clock.armed is not None and self.clock.armed <= end:
            self.clock.now = max(self.clock.armed, self.clock.now)
            self.handle()
        self.clock.now = max(end, self.clock.now)

    def head_is_armed(self):
        head = self.manager.queue.head()
        wanted = (None, None) if head is None else (head.due_ns, head.ident)
        return (self.clock.armed, self.manager.armed_for) == wanted


@pytest.fixture(params=[False, True], ids=["interrupt", "tick"])
def bench(request):
    return Bench(by_tick=request.param)


def error_of(call, *arguments):
    with pytest.raises(SyscallError) as caught:
        call(*arguments)
    return caught.value.errno


# -- the time manager's cancelling -----------------------------------------------------------------


def test_cancelling_the_head_arms_the_comparator_for_the_next(bench):
    first = bench.manager.set_timeout_once(100, bench.note("first"))
    bench.manager.set_timeout_once(200, bench.note("second"))
    assert bench.manager.cancel(first)
    assert bench.clock.armed == 200
    assert bench.head_is_armed()
    bench.run_until(1000)
    assert bench.ran == [("second", 200)]


def test_cancelling_the_last_disarms_the_comparator(bench):
    only = bench.manager.set_timeout_periodic(100, bench.note("only"))
    assert bench.manager.cancel(only)
    assert bench.clock.armed is None
    assert bench.clock.history[-1] == NEVER
    assert bench.head_is_armed()


def test_cancelling_behind_the_head_leaves_the_comparator_alone(bench):
    bench.manager.set_timeout_once(100, bench.note("first"))
    later = bench.manager.set_timeout_once(200, bench.note("later"))
    armed = len(bench.clock.history)
    assert bench.manager.cancel(later)
    assert len(bench.clock.history) == armed
    bench.run_until(1000)
    assert bench.ran == [("first", 100)]


def test_a_timeout_can_be_cancelled_once_and_not_after_it_has_run(bench):
    ident = bench.manager.set_timeout_once(100, bench.note("x"))
    other = bench.manager.set_timeout_once(100, bench.note("y"))
    assert bench.manager.cancel(other)
    assert not bench.manager.cancel(other)
    bench.run_until(100)
    assert not bench.manager.cancel(ident)
    assert not bench.manager.cancel(999)


def test_a_periodic_timeout_that_its_own_callback_cancels_does_not_come_back(bench):
    def stop():
        if len(bench.ran) == 3:
            assert bench.manager.cancel(ident)
            assert not bench.manager.cancel(ident)

    ident = bench.manager.set_timeout_periodic(100, bench.note("x", stop))
    bench.run_until(10_000)
    assert bench.ran == [("x", 100), ("x", 200), ("x", 300)]
    assert bench.head_is_armed()
    assert len(bench.manager.queue) == 0


def test_a_one_shot_timeout_is_gone_when_its_callback_runs(bench):
    answers = []
    ident = bench.manager.set_timeout_once(
        100, bench.note("x", lambda: answers.append(bench.manager.cancel(ident)))
    )
    bench.run_until(1000)
    assert answers == [False]


def test_a_callback_may_cancel_another_that_is_due_too(bench):
    bench.manager.set_timeout_at(100, bench.note("a", lambda: bench.manager.cancel(other)))
    other = bench.manager.set_timeout_at(100, bench.note("b"))
    bench.manager.set_timeout_at(100, bench.note("c"))
    bench.run_until(1000)
    assert [name for name, _ in bench.ran] == ["a", "c"]
    assert bench.head_is_armed()


def test_a_callback_may_set_itself_anew_and_cancel_what_it_has_set(bench):
    def again():
        if len(bench.ran) < 4:
            kept = bench.manager.set_timeout_once(50, bench.note("again", again))
            dropped = bench.manager.set_timeout_once(10, bench.note("dropped"))
            assert bench.manager.armed_for == dropped
            bench.manager.cancel(dropped)
            assert bench.manager.armed_for == kept
            assert bench.head_is_armed()

    bench.manager.set_timeout_once(50, bench.note("first", again))
    bench.run_until(1000)
    assert [now for _, now in bench.ran] == [50, 100, 150, 200]


# -- catching up -----------------------------------------------------------------------------------


@pytest.mark.parametrize("by_tick", [False, True])
@pytest.mark.parametrize(
    ("policy", "times", "skipped"),
    [
        ("all", [100, 450, 450, 450, 500, 600], None),
        ("skip", [100, 450, 500, 600], 2),
    ],
)
def test_a_late_periodic_timeout_catches_up_as_it_was_told_and_keeps_its_phase(
    by_tick, policy, times, skipped
):
    bench = Bench(by_tick=by_tick)

    def slow():
        if len(bench.ran) == 1:
            bench.clock.now += 350

    ident = bench.manager.set_timeout_periodic(100, bench.note("x", slow), "x", policy)
    bench.run_until(600)
    assert [now for _, now in bench.ran] == times
    assert bench.manager.skipped.get(ident) == skipped
    assert [timeout.due_ns for timeout in bench.manager.queue] == [700]


def test_a_period_that_ends_this_very_moment_has_passed():
    bench = Bench()
    ident = bench.manager.set_timeout_periodic(100, bench.note("x"), "x", "skip")
    bench.clock.now = 300
    bench.manager.handle()
    assert bench.manager.skipped == {ident: 2}
    assert bench.clock.armed == 400
    bench.manager.cancel(ident)
    assert bench.manager.skipped == {}


def test_the_timers_policy_is_that_of_the_service():
    for policy, fired in (("all", 5), ("skip", 1)):
        bench = Bench(catch_up=policy)
        timer = bench.timers.timer_interval(10, 1)
        bench.clock.now = 50 * MS
        bench.run_until(50 * MS)
        assert bench.timers.timer(timer).fired_count == fired
        assert bench.timers.timer(timer).due_ns == 60 * MS


# -- timers ----------------------------------------------------------------------------------------


def test_a_timer_is_pending_until_it_fires(bench):
    timer = bench.timers.timer_set(50, 7)
    assert bench.timers.timer(timer).state is TimerState.PENDING
    assert bench.timers.timer(timer).due_ns == 50 * MS
    bench.run_until(50 * MS - 1)
    assert (bench.timers.pending_timer_count(), bench.woken) == (1, [])
    bench.run_until(50 * MS)
    assert (bench.timers.pending_timer_count(), bench.woken) == (0, [7])
    assert bench.timers.timer(timer).state is TimerState.FIRED
    assert error_of(bench.timers.timer_cancel, timer) is Errno.EALREADY


def test_an_interval_timer_stays_pending_until_it_is_cancelled(bench):
    timer = bench.timers.timer_interval(50, 7)
    bench.run_until(200 * MS)
    found = bench.timers.timer(timer)
    assert (found.state, found.fired_count, found.due_ns) == (TimerState.PENDING, 4, 250 * MS)
    assert bench.woken == [7] * 4
    bench.timers.timer_cancel(timer)
    bench.run_until(900 * MS)
    assert bench.woken == [7] * 4
    assert found.state is TimerState.CANCELLED


def test_a_timer_that_wakes_nobody_fires_all_the_same(bench):
    timer = bench.timers.timer_set(1)
    bench.run_until(MS)
    assert bench.woken == []
    assert bench.timers.timer(timer).fired_count == 1


def test_timers_and_callbacks_share_one_queue_and_do_not_meddle(bench):
    own = bench.manager.set_timeout_once(2 * MS, bench.note("callback"))
    timer = bench.timers.timer_set(1, 7)
    assert [timeout.ident for timeout in bench.manager.queue] == [timer, own]
    assert error_of(bench.timers.timer_cancel, own) is Errno.ENOENT
    assert bench.timers.pending_timer_count() == 1
    bench.run_until(3 * MS)
    assert (bench.woken, bench.ran) == ([7], [("callback", 2 * MS)])


def test_an_interval_can_be_cancelled_by_the_one_it_wakes():
    bench = Bench()
    woken = []

    def wake(task, fired):
        assert fired == timer
        woken.append(task)
        if len(woken) == 3:
            timers.timer_cancel(timer)

    timers = TimerService(bench.manager, wake)
    timer = timers.timer_interval(10, 1)
    bench.run_until(1000 * MS)
    assert woken == [1, 1, 1]
    assert bench.clock.armed is None


def test_errors_leave_nothing_behind(bench):
    for arguments in ((0, 1), (-3, 1), (1 << 60, 1), (5, -1)):
        error_of(bench.timers.timer_set, *arguments)
        error_of(bench.timers.timer_interval, *arguments)
    assert bench.timers.pending_timer_count() == 0
    assert bench.head_is_armed()


def test_only_the_last_ended_timers_are_remembered(bench):
    ended = [bench.timers.timer_set(1, 1) for _ in range(ENDED_KEPT + 1)]
    for timer in ended:
        bench.timers.timer_cancel(timer)
    assert error_of(bench.timers.timer_cancel, ended[0]) is Errno.ENOENT
    assert error_of(bench.timers.timer_cancel, ended[1]) is Errno.EALREADY


def test_tick_answers_the_tasks_in_due_order_and_each_once():
    bench = Bench(collects=True)
    for delay, task in ((150, 3), (50, 1), (100, 2), (50, 4)):
        bench.timers.timer_set(delay, task)
    assert bench.timers.time_until_next_timer() == 50 * MS
    assert bench.timers.tick(49 * MS) == []
    assert bench.timers.tick(100 * MS) == [1, 4, 2]
    assert bench.timers.tick(100 * MS) == []
    assert bench.head_is_armed()
    assert bench.timers.time_until_next_timer() == 50 * MS
    bench.clock.now = 140 * MS
    bench.run_until(160 * MS)
    assert bench.timers.tick(160 * MS) == [3], "what an interrupt has collected"
    assert bench.timers.time_until_next_timer() is None


def test_a_tick_gives_an_interval_all_its_periods():
    bench = Bench(collects=True)
    bench.timers.timer_interval(10, 1)
    bench.timers.timer_set(25, 2)
    assert bench.timers.tick(30 * MS) == [1, 1, 2, 1]


def test_now_never_goes_back():
    bench = Bench(collects=True)
    bench.clock.now = 5
    bench.timers.timer_set(1, 1)
    assert bench.timers.tick(10 * MS) == [1]
    assert bench.timers.now_ns() == 10 * MS
    assert bench.timers.tick(3) == []
    assert bench.timers.now_ns() == 10 * MS
    bench.clock.now = 11 * MS
    assert bench.timers.now_ns() == 11 * MS


def test_a_timer_that_is_due_is_no_time_away():
    bench = Bench()
    bench.timers.timer_set(1, 1)
    bench.clock.now = 3 * MS
    assert bench.timers.time_until_next_timer() == 0


def test_the_architectural_timer_is_switched_off_when_nothing_is_due():
    cpu = FakeCpu()
    cpu.sysregs[CNTFRQ_EL0] = 54_000_000
    timer = ArchTimer(cpu)
    timer.set_timeout_irq(1000)
    assert cpu.sysregs[CNTP_CTL_EL0] & CTL_ENABLE
    timer.set_timeout_irq(NEVER)
    assert not cpu.sysregs[CNTP_CTL_EL0] & CTL_ENABLE


# -- at random -------------------------------------------------------------------------------------


class Timers(RuleBasedStateMachine):
    """Timers set and cancelled at random while time passes, against a list of what should be."""

    policy = "all"

    def __init__(self):
        super().__init__()
        self.bench = Bench(catch_up=self.policy, collects=True)
        self.due = {}
        """pending timers: due time, interval (None: once), task"""
        self.ended = []

    @rule(delay=st.integers(1, 60), count=st.integers(1, 40), step=st.integers(0, 3))
    def set_timers(self, delay, count, step):
        for number in range(count):
            wait = delay + number * step
            timer = self.bench.timers.timer_set(wait, 1 + wait)
            self.due[timer] = (self.bench.clock.now + wait * MS, None, 1 + wait)

    @rule(interval=st.integers(3, 60))
    def set_interval(self, interval):
        timer = self.bench.timers.timer_interval(interval, 1000 + interval)
        due = self.bench.clock.now + interval * MS
        self.due[timer] = (due, interval * MS, 1000 + interval)

    @precondition(lambda self: self.due)
    @rule(data=st.data(), count=st.integers(1, 30))
    def cancel(self, data, count):
        for _ in range(min(count, len(self.due))):
            timer = data.draw(st.sampled_from(sorted(self.due)))
            self.bench.timers.timer_cancel(timer)
            del self.due[timer]
            self.end(timer, TimerState.CANCELLED)

    @precondition(lambda self: self.due)
    @rule()
    def cancel_the_head(self):
        timer = min(self.due, key=lambda ident: (self.due[ident][0], ident))
        assert self.bench.manager.armed_for == timer
        self.bench.timers.timer_cancel(timer)
        del self.due[timer]
        self.end(timer, TimerState.CANCELLED)

    @precondition(lambda self: self.ended)
    @rule(data=st.data())
    def cancel_again(self, data):
        timer, state = data.draw(st.sampled_from(self.ended[-ENDED_KEPT:]))
        assert self.bench.timers.timer(timer).state is state
        assert error_of(self.bench.timers.timer_cancel, timer) is Errno.EALREADY

    @rule(ms=st.integers(0, 100), late=st.booleans())
    def pass_time(self, ms, late):
        """In time by interrupts, or all at once, late, by a tick."""
        bench = self.bench
        end = bench.clock.now + ms * MS
        if late:
            bench.clock.now = end
        else:
            bench.run_until(end)
        woken = bench.timers.tick(end)
        assert woken == self.model(end, late=late)

    def model(self, end, *, late):
        woken = []
        while self.due:
            timer = min(self.due, key=lambda ident: (self.due[ident][0], ident))
            due, interval, task = self.due[timer]
            if due > end:
                break
            woken.append(task)
            if interval is None:
                del self.due[timer]
                self.end(timer, TimerState.FIRED)
            else:
                due += interval
                if late and self.policy == "skip":
                    while due <= end:
                        due += interval
                self.due[timer] = (due, interval, task)
        return woken

    def end(self, timer, state):
        self.ended.append((timer, state))

    @invariant()
    def one_comparator_is_armed_for_the_head(self):
        assert self.bench.head_is_armed()

    @invariant()
    def the_queue_holds_the_pending_timers_in_order(self):
        queue = [(timeout.due_ns, timeout.ident) for timeout in self.bench.manager.queue]
        assert queue == sorted((due, ident) for ident, (due, *_) in self.due.items())
        timers = self.bench.timers
        assert timers.pending_timer_count() == len(queue)
        until = timers.time_until_next_timer()
        assert until == (queue[0][0] - self.bench.clock.now if queue else None)
        for ident in self.due:
            assert timers.timer(ident).state is TimerState.PENDING
            assert timers.timer(ident).due_ns == self.due[ident][0]


class SkippingTimers(Timers):
    policy = "skip"


TestTimers = Timers.TestCase
TestSkippingTimers = SkippingTimers.TestCase
for _case in (TestTimers, TestSkippingTimers):
    _case.settings = settings(max_examples=40, stateful_step_count=50)
