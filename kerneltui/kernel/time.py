"""The time manager: one-shot and periodic timeouts on one hardware comparator.

The queue's head is what the comparator is armed for.  A callback runs in IRQ context, without the
lock held: it may set timeouts itself.  A periodic timeout is refreshed before its callback runs, so
that a slow callback does not make it drift.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from kerneltui.kernel.arch.cpu import Cpu
from kerneltui.kernel.console import Console
from kerneltui.kernel.timeout_queue import Timeout, TimeoutQueue

QUEUE_NS = 50
"""Inserting into, or removing from, the queue."""
NEVER = 1 << 63
"""A due time for when nothing is: 292 years."""


class TimerDevice(Protocol):
    """A counter with a comparator that interrupts."""

    compatible: str

    def uptime_ns(self) -> int:
        """Time since power-on, rounded down to the counter's resolution."""

    def set_timeout_irq(self, due_ns: int) -> None:
        """Interrupt at ``due_ns`` or as soon after as the counter can."""

    def conclude_timeout_irq(self) -> None:
        """De-assert the interrupt."""


class TimeManager:
    """Timeouts.  ``rearm_after_spurious=False`` is a fault that a scenario can switch on.

    ``lock`` keeps the timer interrupt out while the queue changes; None where none can come.
    """

    def __init__(
        self,
        cpu: Cpu,
        device: TimerDevice,
        console: Console,
        *,
        lock: AbstractContextManager[object] | None = None,
        rearm_after_spurious: bool = True,
    ) -> None:
        self.compatible = device.compatible
        self.queue = TimeoutQueue()
        self.armed_for: int | None = None
        """identity of the timeout that the comparator stands for"""
        self.handling: Timeout | None = None
        """the timeout whose callback is running"""
        self.worst_lateness_ns = 0
        self.ran_in_tick = 0
        """timeouts that the latest :meth:`handle_tick` has run"""
        self._cpu = cpu
        self._device = device
        self._console = console
        self._lock = lock or nullcontext()
        self._rearm_after_spurious = rearm_after_spurious
        self._created = 0
        self._warn_beyond_ns = 0

    def init(self) -> None:
        """Nothing to bring up: the counter runs since power-on."""

    def uptime_ns(self) -> int:
        """Time since power-on."""
        return self._device.uptime_ns()

    def set_timeout_once(self, delay_ns: int, callback: Callable[[], None], name: str = "") -> None:
        """Call back once, ``delay_ns`` from now."""
        self._set(self.uptime_ns() + delay_ns, None, callback, name)

    def set_timeout_at(self, due_ns: int, callback: Callable[[], None], name: str = "") -> None:
        """Call back once, at uptime ``due_ns``."""
        self._set(due_ns, None, callback, name)

    def set_timeout_periodic(
        self, period_ns: int, callback: Callable[[], None], name: str = ""
    ) -> None:
        """Call back every ``period_ns``, first one period from now."""
        self._set(self.uptime_ns() + period_ns, period_ns, callback, name)

    def _set(
        self, due_ns: int, period_ns: int | None, callback: Callable[[], None], name: str
    ) -> None:
        with self._lock:
            self._created += 1
            self._push(Timeout(self._created, due_ns, period_ns, callback, name))
            self._arm_for_head()

    def _push(self, timeout: Timeout) -> None:
        self._cpu.compute(QUEUE_NS)
        self.queue.push(timeout)

    def _arm_for_head(self) -> None:
        head = self.queue.head()
        self.armed_for = None
        if head is not None:
            self._device.set_timeout_irq(head.due_ns)
            self.armed_for = head.ident

    def handle(self) -> None:
        """The timer interrupt: run the callback that is due, arm for the next."""
        self._device.conclude_timeout_irq()
        self.armed_for = None
        timeout = self._pop_due()
        if timeout is None:
            self._console.warn("Spurious timeout IRQ")
            if self._rearm_after_spurious:
                with self._lock:
                    self._arm_for_head()
            return
        self._call(timeout)
        with self._lock:
            self._finish(timeout)
            self._arm_for_head()

    def handle_tick(self) -> None:
        """The interrupt of a clock that may come before anything is due: run all that is.

        What falls due meanwhile waits for the next interrupt, so that others get in between.
        """
        self._device.conclude_timeout_irq()
        self.armed_for = None
        self.ran_in_tick = 0
        tick_ns = now_ns = self.uptime_ns()
        with self._lock:
            timeout = self._next_in_tick(tick_ns)
        while timeout is not None:
            self._note_lateness(timeout, now_ns - timeout.due_ns)
            timeout.refresh()
            self._call(timeout)
            self.ran_in_tick += 1
            with self._lock:
                self._finish(timeout)
                timeout = self._next_in_tick(tick_ns)
            if timeout is not None:
                now_ns = self.uptime_ns()

    def _next_in_tick(self, tick_ns: int) -> Timeout | None:
        """What else was due when the tick came; after the last, arm for the head or for none."""
        timeout = self._take_due(tick_ns)
        if timeout is None:
            self._arm_for_head()
            if self.armed_for is None:
                self._device.set_timeout_irq(NEVER)
        return timeout

    def _call(self, timeout: Timeout) -> None:
        self.handling = timeout
        self._cpu.tracepoint("timer_callback", name=timeout.name, id=timeout.ident)
        timeout.callback()
        self._cpu.tracepoint("timer_callback_done", name=timeout.name, id=timeout.ident)

    def _finish(self, timeout: Timeout) -> None:
        self.handling = None
        if timeout.is_periodic:
            self._push(timeout)

    def _take_due(self, now_ns: int) -> Timeout | None:
        head = self.queue.head()
        if head is None or head.due_ns > now_ns:
            return None
        self._cpu.compute(QUEUE_NS)
        return self.queue.pop()

    def _pop_due(self) -> Timeout | None:
        with self._lock:
            if not self.queue:
                return None
            now_ns = self.uptime_ns()
            timeout = self._take_due(now_ns)
        if timeout is not None:
            self._note_lateness(timeout, now_ns - timeout.due_ns)
            timeout.refresh()
        return timeout

    def _note_lateness(self, timeout: Timeout, late_ns: int) -> None:
        """Warn when a periodic timeout has fallen a period behind, and at each doubling since."""
        self.worst_lateness_ns = max(self.worst_lateness_ns, late_ns)
        if timeout.period_ns is not None and late_ns >= max(
            timeout.period_ns, self._warn_beyond_ns
        ):
            self._warn_beyond_ns = 2 * late_ns
            self._console.warn(f"'{timeout.name}' is {late_ns // 1_000_000} ms late: overload")
