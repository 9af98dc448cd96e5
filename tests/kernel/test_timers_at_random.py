"""40,000 timers set and cancelled at random on a whole machine, its comparator armed for real.

A program sets and cancels timers by the service behind the system calls, on core 0 of the
Raspberry Pi 4: the driver writes CNTP_CVAL_EL0, the interrupts come through the GIC.  After each
operation everything is compared with a list of what should be.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kerneltui.debugger.session import Session
from kerneltui.debugger.setup import Setup
from kerneltui.debugger.watch import NEXT_TIMER_EVENT
from kerneltui.kernel.errno import Errno, SyscallError
from kerneltui.kernel.programs.timer_callbacks import TimerCallbacks
from kerneltui.kernel.time.timeout_queue import QUEUES
from kerneltui.kernel.time.timers import ENDED_KEPT, TimerService, TimerState
from kerneltui.kernel.workload import Workload
from kerneltui.machine.board import load_board
from kerneltui.machine.core import StopReason

MS = 1_000_000
TIMERS, EXAMPLES = 1_000, 10
assert TIMERS * EXAMPLES * len(QUEUES) == 40_000
LOOK_AT_ALL = 50
"""After so many operations the whole queue is looked at, not only its head."""


@dataclass
class Model:
    """What should be: pending timers in due order, and what has become of the others."""

    pending: list[tuple[int, int]] = field(default_factory=list)
    """(due time, id)"""
    intervals: dict[int, int] = field(default_factory=dict)
    ended: list[tuple[int, TimerState]] = field(default_factory=list)
    fired: int = 0

    def remove(self, timer, due, state):
        del self.pending[bisect_left(self.pending, (due, timer))]
        self.intervals.pop(timer, None)
        self.ended.append((timer, state))

    def fire(self, timer):
        """The next to fire is the first of the list."""
        due, expected = self.pending[0]
        assert timer == expected
        self.fired += 1
        if timer not in self.intervals:
            self.remove(timer, due, TimerState.FIRED)
            return due
        self.pending.pop(0)
        insort(self.pending, (due + self.intervals[timer], timer))
        return due


class RandomTimers(TimerCallbacks):
    """Sets TIMERS timers, cancels some, sleeps now and then while others fire; then cleans up."""

    def __init__(self, cpu, queue, random, spread_ms, cancels):
        super().__init__(cpu, "rpi4", Workload(queue=queue))
        self.random, self.spread_ms, self.cancels = random, spread_ms, cancels
        self.model = Model()
        self.set = 0
        self.device = None

    def boot(self):
        super().boot()
        self.timers = TimerService(self.time_manager, self.fired)

    def fired(self, task, timer):
        """In IRQ context: what fires is the one that is due first, and not before its time."""
        assert timer == self.time_manager.handling.ident
        assert self.model.fire(timer) <= self.time_manager.uptime_ns()
        assert task == timer % 7 + 1
        state = TimerState.PENDING if timer in self.model.intervals else TimerState.FIRED
        assert self.timers.timer(timer).state is state

    def idle(self):
        operations = 0
        while self.set < TIMERS or self.model.intervals:
            with self.time_manager.lock:  # so that no interrupt comes between deed and check
                self.operate()
                self.check()
            operations += 1
            if operations % LOOK_AT_ALL == 0:
                with self.time_manager.lock:
                    self.check_all()
            if self.random.random() < 0.2 and self.model.pending:
                self.cpu.wait_for_interrupt()
        while True:
            self.cpu.wait_for_interrupt()

    def operate(self):
        random, model = self.random, self.model
        if self.set == TIMERS:
            self.cancel(next(iter(model.intervals)))
        elif model.pending and random.random() < self.cancels:
            place = random.choice((0, random.randrange(len(model.pending))))
            self.cancel(model.pending[place][1])
        elif model.ended and random.random() < 0.1:
            self.cancel_again(*random.choice(model.ended[-ENDED_KEPT:]))
        else:
            self.set_one(random.randint(1, self.spread_ms), interval=random.random() < 0.05)

    def set_one(self, delay_ms, *, interval):
        expected = self.set + 1
        call = self.timers.timer_interval if interval else self.timers.timer_set
        before = self.time_manager.uptime_ns()
        timer = call(delay_ms, expected % 7 + 1)
        self.set += 1
        assert timer == expected
        due = self.time_manager.due_ns(timer)
        assert before <= due - delay_ms * MS <= self.time_manager.uptime_ns()
        insort(self.model.pending, (due, timer))
        if interval:
            self.model.intervals[timer] = delay_ms * MS

    def cancel(self, timer):
        due = self.timers.timer(timer).due_ns
        self.timers.timer_cancel(timer)
        self.model.remove(timer, due, TimerState.CANCELLED)

    def cancel_again(self, timer, state):
        assert self.timers.timer(timer).state is state
        with pytest.raises(SyscallError) as caught:
            self.timers.timer_cancel(timer)
        assert caught.value.errno is Errno.EALREADY

    def check(self):
        """One comparator is armed, for the head of the queue; none when nothing is pending."""
        manager, pending = self.time_manager, self.model.pending
        first, *others = self.device.comparators(0)
        assert not any(item.enabled for item in others)
        assert first.enabled == bool(pending)
        head = manager.queue.head()
        if not pending:
            assert (head, manager.armed_for) == (None, None)
            return
        assert (head.due_ns, head.ident) == pending[0]
        assert manager.armed_for == head.ident
        assert not first.masked
        assert first.compare == -(-head.due_ns * first.hz // 1_000_000_000)

    def check_all(self):
        """Order and states of all timers, the latest that have ended among them."""
        pending, timers = self.model.pending, self.timers
        assert [(item.due_ns, item.ident) for item in self.time_manager.queue] == pending
        assert timers.pending_timer_count() == len(pending)
        for due, ident in pending:
            timer = timers.timer(ident)
            assert (timer.state, timer.due_ns) == (TimerState.PENDING, due)
            assert timer.interval_ns == self.model.intervals.get(ident)
        for ident, state in self.model.ended[-ENDED_KEPT:]:
            assert timers.timer(ident).state is state


@pytest.mark.parametrize("queue", QUEUES)
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(
    random=st.randoms(use_true_random=True),
    spread_ms=st.sampled_from([2, 20, 500, 20_000, 2_000_000]),
    cancels=st.floats(0, 0.45),
)
def test_timers_set_and_cancelled_at_random_keep_every_promise(queue, random, spread_ms, cancels):
    session = Session(
        Setup(load_board("rpi4"), lambda cpu: RandomTimers(cpu, queue, random, spread_ms, cancels))
    )
    session.recorder.trace(False)
    session.history.on = False  # nobody goes back
    kernel = session.kernel
    kernel.device = session.machine.devices["timer"]
    while session.advance(NEXT_TIMER_EVENT) is not StopReason.NOTHING_DUE:
        assert session.machine.halt_reason == ""
    kernel.check()
    kernel.check_all()
    model = kernel.model
    assert kernel.set == TIMERS
    assert model.pending == []
    assert len(model.ended) == TIMERS
