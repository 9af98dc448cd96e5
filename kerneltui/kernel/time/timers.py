"""Timers with states, which wake tasks: what the timer system calls work on.

A timer is a timeout in the time manager's queue, where those with callbacks of their own lie too,
and carries its timeout's identity.  It is Pending until it fires for the last time or is cancelled:
an interval timer never ends by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from enum import StrEnum

from kerneltui.kernel.errno import Errno, SyscallError
from kerneltui.kernel.time.time_manager import NEVER, CatchUp, TimeManager, Timeouts

NS_PER_MS = 1_000_000
MAX_DELAY_MS = NEVER // 2 // NS_PER_MS
"""146 years: so much later than any uptime is still before NEVER, and in every counter's range."""
ENDED_KEPT = 64
"""So many fired and cancelled timers are remembered, to tell them from those that never were."""
NOBODY = 0
"""In place of a task: nobody is to wake."""


class TimerState(StrEnum):
    """What has become of a timer."""

    PENDING = "Pending"
    FIRED = "Fired"
    """one-shot timers alone: an interval timer waits for the next time"""
    CANCELLED = "Cancelled"


@dataclass(slots=True)
class Timer:
    """A timer, as it stands."""

    id: int
    state: TimerState
    due_ns: int
    """uptime at which it fires next, or should have fired last"""
    interval_ns: int | None
    wake_task: int
    fired_count: int = 0


class TimerService:
    """The timers of a kernel.

    ``wake(task, timer_id)`` is called in IRQ context whenever a timer with a task fires; without it
    tasks are collected for :meth:`tick`, which somebody has to call then.  ``catch_up`` is what
    interval timers do with periods that they are late by.
    """

    def __init__(
        self,
        time_manager: TimeManager,
        wake: Callable[[int, int], None] | None = None,
        catch_up: CatchUp = "all",
    ) -> None:
        self._home = time_manager
        self._timeouts: Timeouts = time_manager
        self._wake = wake
        self._catch_up = catch_up
        self._pending: dict[int, Timer] = {}
        self._ended: dict[int, Timer] = {}
        self._to_wake: list[int] = []
        self._latest_ns = 0

    def on_core(self, timeouts: Timeouts) -> TimerService:
        """The same timers for the system calls of another core, which sets ``timeouts``.

        What fires, fires on the boot core and is handled there, whoever has set it.
        """
        other = copy(self)
        other._timeouts = timeouts  # noqa: SLF001 - of its own class
        return other

    # -- system calls -----------------------------------------------------------------------------

    def timer_set(self, delay_ms: int, wake_task: int = NOBODY) -> int:
        """Fire once, ``delay_ms`` from now (1 to MAX_DELAY_MS); answers the timer's id.

        Raises SyscallError: EINVAL for a delay of zero or less and for a negative task, ERANGE for
        a longer delay.
        """
        return self._set(delay_ms, wake_task, is_interval=False)

    def timer_interval(self, interval_ms: int, wake_task: int = NOBODY) -> int:
        """Fire every ``interval_ms``, first one interval from now; else as :meth:`timer_set`."""
        return self._set(interval_ms, wake_task, is_interval=True)

    def timer_cancel(self, timer_id: int) -> None:
        """Let a pending timer not fire any more; it may be the one that is firing.

        Raises SyscallError: EALREADY when it has fired or been cancelled, ENOENT when there is no
        such timer, or it ended ENDED_KEPT timers ago.
        """
        with self._timeouts.lock:
            timer = self._pending.get(timer_id)
            if timer is not None:
                self._timeouts.cancel(timer_id)
                self._end(timer, TimerState.CANCELLED)
        if timer is None:
            ended = self._ended.get(timer_id)
            if ended is None:
                raise SyscallError(Errno.ENOENT, f"no timer {timer_id}")
            raise SyscallError(Errno.EALREADY, f"timer {timer_id} is {ended.state} already")

    # -- for the kernel ---------------------------------------------------------------------------

    def tick(self, now_ns: int) -> list[int]:
        """Run what is due at uptime ``now_ns``; answers the tasks to wake since the last tick.

        They come in due order, each as often as its timers have fired.  Call it outside callbacks;
        interrupts do the same work between ticks, where there are any.
        """
        self._latest_ns = max(self._latest_ns, now_ns)
        with self._home.lock:
            self._home.run_due(self._latest_ns)
            tasks = list(self._to_wake)
            self._to_wake.clear()
        return tasks

    def now_ns(self) -> int:
        """Uptime, or the latest tick's time if that is later: it never goes back."""
        self._latest_ns = max(self._latest_ns, self._timeouts.uptime_ns())
        return self._latest_ns

    def time_until_next_timer(self) -> int | None:
        """In ns, 0 when it is due; None without a pending timer."""
        now_ns = self.now_ns()
        due_ns = min((timer.due_ns for timer in self._pending.values()), default=None)
        return None if due_ns is None else max(due_ns - now_ns, 0)

    def pending_timer_count(self) -> int:
        """How many timers are to fire."""
        return len(self._pending)

    def known(self) -> list[Timer]:
        """All that are pending and those remembered, by id; for the debugger."""
        return sorted([*self._pending.values(), *self._ended.values()], key=lambda timer: timer.id)

    def timer(self, timer_id: int) -> Timer | None:
        """A timer by its id; None as :meth:`timer_cancel` has ENOENT."""
        return self._pending.get(timer_id) or self._ended.get(timer_id)

    def _set(self, delay_ms: int, wake_task: int, *, is_interval: bool) -> int:
        if delay_ms <= 0:
            raise SyscallError(Errno.EINVAL, f"a delay of {delay_ms} ms")
        if wake_task < 0:
            raise SyscallError(Errno.EINVAL, f"task {wake_task}")
        if delay_ms > MAX_DELAY_MS:
            raise SyscallError(Errno.ERANGE, f"a delay of {delay_ms} ms")
        with self._timeouts.lock:
            timer = self._begin(delay_ms * NS_PER_MS, wake_task, is_interval=is_interval)
        return timer.id

    def _begin(self, delay_ns: int, wake_task: int, *, is_interval: bool) -> Timer:
        """With the lock held: a timer may not fire before it is known."""
        timeouts, name = self._timeouts, f"wake task {wake_task}" if wake_task else "timer"
        if is_interval:
            ident = timeouts.set_timeout_periodic(delay_ns, self._fire, name, self._catch_up)
        else:
            ident = timeouts.set_timeout_once(delay_ns, self._fire, name)
        interval_ns = delay_ns if is_interval else None
        timer = Timer(ident, TimerState.PENDING, timeouts.due_ns(ident), interval_ns, wake_task)
        self._pending[ident] = timer
        return timer

    def _fire(self) -> None:
        """The callback of all timers: which one it is the time manager knows."""
        timeout = self._home.handling
        timer = self._pending.get(timeout.ident) if timeout is not None else None
        if timeout is None or timer is None:
            return
        timer.fired_count += 1
        if timeout.is_periodic:
            timer.due_ns = timeout.due_ns
        else:
            self._end(timer, TimerState.FIRED)
        if timer.wake_task == NOBODY:
            return
        if self._wake is None:
            self._to_wake.append(timer.wake_task)
        else:
            self._wake(timer.wake_task, timer.id)

    def _end(self, timer: Timer, state: TimerState) -> None:
        timer.state = state
        del self._pending[timer.id]
        self._ended[timer.id] = timer
        if len(self._ended) > ENDED_KEPT:
            del self._ended[next(iter(self._ended))]
