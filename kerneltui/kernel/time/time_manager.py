"""The time manager: one-shot and periodic timeouts on one hardware comparator.

The queue's head is what the comparator is armed for.  A callback runs in IRQ context, without the
lock held: it may set and cancel timeouts itself, its own among them.  A periodic timeout is
refreshed before its callback runs, so that a slow callback does not make it drift.

What a periodic timeout does that is late by whole periods is its catch-up policy.  With ``all`` it
is called for each of them, one after another; with ``skip`` they are left out and counted, and it
is next due at the first whole period that lies ahead.  Neither drifts.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Literal, Protocol

from kerneltui.kernel.arch.cpu import Cpu
from kerneltui.kernel.console import Console, UptimeClock
from kerneltui.kernel.time.queues.timeout import Timeout
from kerneltui.kernel.time.timeout_queue import QueueChoice, make_queue

QUEUE_NS = 50
"""Inserting into, or removing from, the queue."""
NEVER = 1 << 63
"""A due time for when nothing is: 292 years."""
Due = tuple[Timeout, int, int]
"""A timeout whose time has come, when that was (uptime), and by how many ns it is late."""
CatchUp = Literal["all", "skip"]
"""What becomes of the periods that a periodic timeout is late by; see above."""


class TimerDriver(Protocol):
    """A counter with a comparator that interrupts."""

    compatible: str

    def uptime_ns(self) -> int:
        """Time since power-on, rounded down to the counter's resolution."""

    def set_timeout_irq(self, due_ns: int) -> None:
        """Interrupt at ``due_ns`` or as soon after as the counter can; NEVER asks for none."""

    def conclude_timeout_irq(self) -> None:
        """De-assert the interrupt."""


class PendingTimeouts:
    """What all cores share: the queue, and what goes with it."""

    def __init__(self, queue: QueueChoice) -> None:
        self.queue = make_queue(queue)
        self.alive: dict[int, Timeout] = {}
        """what a cancel finds: the queue, and a periodic timeout whose callback is running"""
        self.skipped: dict[int, int] = {}
        """for each timeout that leaves late periods out, by identity: how many so far"""
        self.armed_for: int | None = None
        """identity of the timeout that the comparator stands for"""
        self.handling: Timeout | None = None
        """the timeout whose callback is running"""
        self.created = 0


class Timeouts(ABC):
    """Setting and cancelling timeouts, from one core.

    ``lock`` keeps out whoever else touches the queue: the timer interrupt of this core, and other
    cores where they set timeouts too.  Whoever holds it may call all methods.
    """

    def __init__(
        self,
        cpu: Cpu,
        clock: UptimeClock,
        pending: PendingTimeouts,
        lock: AbstractContextManager[object],
    ) -> None:
        """All instructions are those of ``cpu``, and ``clock`` is as that one reads it."""
        self.pending = pending
        self.queue = pending.queue
        self.skipped = pending.skipped
        self.lock = lock
        self._alive = pending.alive
        self._cpu = cpu
        self._clock = clock

    @property
    def armed_for(self) -> int | None:
        """Identity of the timeout that the comparator stands for."""
        return self.pending.armed_for

    @property
    def handling(self) -> Timeout | None:
        """The timeout whose callback is running."""
        return self.pending.handling

    def uptime_ns(self) -> int:
        """Time since power-on, as this core reads it."""
        return self._clock.uptime_ns()

    def set_timeout_once(self, delay_ns: int, callback: Callable[[], None], name: str = "") -> int:
        """Call back once, ``delay_ns`` from now; answers the timeout's identity."""
        return self._set(self.uptime_ns() + delay_ns, None, callback, name)

    def set_timeout_at(self, due_ns: int, callback: Callable[[], None], name: str = "") -> int:
        """Call back once, at uptime ``due_ns``; answers the timeout's identity."""
        return self._set(due_ns, None, callback, name)

    def set_timeout_periodic(
        self,
        period_ns: int,
        callback: Callable[[], None],
        name: str = "",
        catch_up: CatchUp = "all",
    ) -> int:
        """Call back every ``period_ns`` (from 1 on), first one period from now.

        Answers the timeout's identity.
        """
        due_ns = self.uptime_ns() + period_ns
        return self._set(due_ns, period_ns, callback, name, skips=catch_up == "skip")

    def _set(
        self,
        due_ns: int,
        period_ns: int | None,
        callback: Callable[[], None],
        name: str,
        *,
        skips: bool = False,
    ) -> int:
        with self.lock:
            self.pending.created += 1
            timeout = Timeout(self.pending.created, due_ns, period_ns, callback, name)
            self._alive[timeout.ident] = timeout
            if skips:
                self.skipped[timeout.ident] = 0
            self._push(timeout)
            self._arm_for_head()
        return timeout.ident

    def due_ns(self, ident: int) -> int:
        """Uptime at which a timeout is due next.  Raises KeyError when none is to come."""
        return self._alive[ident].due_ns

    def cancel(self, ident: int) -> bool:
        """Never call a timeout again; False when none of this identity is to come.

        A periodic one may be cancelled by its own callback, a one-shot one is gone by then.  The
        comparator is armed for the new head when it stood for this one, or disarmed without a head.
        """
        with self.lock:
            timeout = self._alive.pop(ident, None)
            if timeout is None:
                return False
            self.skipped.pop(ident, None)
            if timeout is not self.handling:
                self._cpu.compute(QUEUE_NS)
                self.queue.remove(timeout)
            if ident == self.armed_for:
                self._arm_or_disarm()
        return True

    def _push(self, timeout: Timeout) -> None:
        self._cpu.compute(QUEUE_NS)
        self.queue.push(timeout)
        cpu, expires = self._cpu, timeout.due_ns
        if cpu.is_traced:
            cpu.tracepoint("hrtimer_start", name=timeout.name, id=timeout.ident, expires=expires)

    @abstractmethod
    def _arm_for_head(self) -> None:
        """The comparator stands for the head of the queue."""

    @abstractmethod
    def _arm_or_disarm(self) -> None:
        """The same, or for nothing when there is none."""


class TimeManager(Timeouts):
    """Timeouts.

    ``lock`` is None where no interrupt can come.  ``queue`` names a structure of
    :data:`kerneltui.kernel.time.timeout_queue.QUEUES`, or makes one.
    """

    def __init__(
        self,
        cpu: Cpu,
        device: TimerDriver,
        console: Console,
        *,
        lock: AbstractContextManager[object] | None = None,
        queue: QueueChoice = "sorted",
    ) -> None:
        super().__init__(cpu, device, PendingTimeouts(queue), lock or nullcontext())
        self.compatible = device.compatible
        self.worst_lateness_ns = 0
        self.ran_in_tick = 0
        """timeouts that the latest :meth:`run_due` has run"""
        self._device = device
        self._console = console
        self._warn_beyond_ns = 0

    def init(self) -> None:
        """Nothing to bring up: the counter runs since power-on."""

    def _arm_for_head(self) -> None:
        head = self.queue.head()
        self.pending.armed_for = None
        if head is not None:
            self._device.set_timeout_irq(head.due_ns)
            self.pending.armed_for = head.ident

    def _arm_or_disarm(self) -> None:
        self._arm_for_head()
        if self.armed_for is None:
            self._device.set_timeout_irq(NEVER)

    def rearm(self) -> None:
        """Another core has changed the queue."""
        with self.lock:
            self._arm_or_disarm()

    def handle(self) -> None:
        """The timer interrupt: run the callback that is due, arm for the next."""
        self._device.conclude_timeout_irq()
        self.pending.armed_for = None
        due = self._pop_due()
        if due is None:
            self._cpu.tracepoint("timer_spurious")
            self._console.warn("Spurious timeout IRQ")
            self._rearm_after_spurious()
            return
        self._call(*due)
        with self.lock:
            self._finish(due[0])
            self._arm_for_head()

    def _rearm_after_spurious(self) -> None:
        with self.lock:
            self._arm_for_head()

    def handle_tick(self) -> None:
        """The interrupt of a clock that may come before anything is due: run all that is."""
        self._device.conclude_timeout_irq()
        self.run_due(self.uptime_ns())

    def run_due(self, tick_ns: int) -> None:
        """Run what was due at uptime ``tick_ns``, in due order; interrupts are masked.

        What falls due meanwhile waits for the next interrupt, so that others get in between.
        """
        self.pending.armed_for = None
        self.ran_in_tick = 0
        with self.lock:
            due = self._next_in_tick(tick_ns, tick_ns)
        while due is not None:
            self._call(*due)
            self.ran_in_tick += 1
            with self.lock:
                self._finish(due[0])
                due = self._next_in_tick(tick_ns)

    def _next_in_tick(self, tick_ns: int, now_ns: int | None = None) -> Due | None:
        """What else was due when the tick came; after the last, arm for the head or for none."""
        due = self._take_due(tick_ns, now_ns)
        if due is None:
            self._arm_or_disarm()
        return due

    def _take_due(self, until_ns: int, now_ns: int | None = None) -> Due | None:
        """What is due first, if that is by ``until_ns``; the uptime is ``now_ns`` or looked at.

        With the lock held all the way: from here on it is the one that is handled, and another core
        that cancels it does not look for it in the queue.
        """
        head = self.queue.head()
        if head is None or head.due_ns > until_ns:
            return None
        self._cpu.compute(QUEUE_NS)
        timeout = self.queue.pop()
        self.pending.handling = timeout
        now_ns = self.uptime_ns() if now_ns is None else now_ns
        due_ns = timeout.due_ns
        self._refresh(timeout, now_ns)
        if self._cpu.is_traced:
            self._cpu.tracepoint("hrtimer_expire_entry", name=timeout.name, id=timeout.ident)
        return timeout, due_ns, now_ns - due_ns

    def _refresh(self, timeout: Timeout, now_ns: int) -> None:
        """A periodic timeout's next due time; one that skips leaves out what has passed already."""
        timeout.refresh()
        period_ns = timeout.period_ns
        if period_ns is None:
            del self._alive[timeout.ident]
        elif timeout.ident in self.skipped and timeout.due_ns <= now_ns:
            missed = (now_ns - timeout.due_ns) // period_ns + 1
            timeout.due_ns += missed * period_ns
            self.skipped[timeout.ident] += missed

    def _call(self, timeout: Timeout, due_ns: int, late_ns: int) -> None:
        """Unless another core has cancelled a periodic one in this moment."""
        self._note_lateness(timeout, late_ns)
        if timeout.period_ns is not None and timeout.ident not in self._alive:
            return
        cpu = self._cpu
        if cpu.is_traced:
            cpu.tracepoint("timer_callback", name=timeout.name, id=timeout.ident, due=due_ns)
        timeout.callback()
        if cpu.is_traced:
            cpu.tracepoint("timer_callback_done", name=timeout.name, id=timeout.ident)

    def _finish(self, timeout: Timeout) -> None:
        self.pending.handling = None
        if timeout.ident in self._alive:
            self._push(timeout)

    def _pop_due(self) -> Due | None:
        with self.lock:
            if not self.queue:
                return None
            now_ns = self.uptime_ns()
            return self._take_due(now_ns, now_ns)

    def _note_lateness(self, timeout: Timeout, late_ns: int) -> None:
        """Warn when a periodic timeout has fallen a period behind, and at each doubling since."""
        if late_ns > self.worst_lateness_ns:
            self.worst_lateness_ns = late_ns
        period_ns = timeout.period_ns
        if period_ns is not None and late_ns >= period_ns and late_ns >= self._warn_beyond_ns:
            self._warn_beyond_ns = 2 * late_ns
            self._console.warn(f"'{timeout.name}' is {late_ns // 1_000_000} ms late: overload")


class RemoteTimeouts(Timeouts):
    """Timeouts as a further core sets and cancels them.

    The queue is the same, but the comparator is the boot core's: ``rearm()`` has that one called
    when the head is not what it is armed for.
    """

    def __init__(
        self,
        cpu: Cpu,
        clock: UptimeClock,
        pending: PendingTimeouts,
        lock: AbstractContextManager[object],
        rearm: Callable[[], None],
    ) -> None:
        super().__init__(cpu, clock, pending, lock)
        self._rearm = rearm

    def _arm_for_head(self) -> None:
        head = self.queue.head()
        if (head.ident if head is not None else None) != self.armed_for:
            self._rearm()

    def _arm_or_disarm(self) -> None:
        self._arm_for_head()
