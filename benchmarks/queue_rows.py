"""The structures of the timeout queue, by how many timeouts are pending: push, pop, cancel."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from statistics import median
from time import process_time

from figures import Figure, paired, rate
from machine_rows import PERIOD_NS, session_with

from kerneltui.debugger.session import Session
from kerneltui.kernel.time.queues.timeout import Timeout
from kerneltui.kernel.time.timeout_queue import QUEUES, TimeoutQueue, make_queue
from kerneltui.kernel.workload import TimeoutRequest, Workload

PENDING = (10, 1_000, 100_000)
PENDING_IN_MACHINE = (100, 100_000)
APART_NS = 7_919
"""Mean distance of the due times that are pending."""
FEW = 20
"""So many operations where each looks at all that is pending."""


def due_times(count: int) -> Iterator[int]:
    """Scattered over what is pending, ever further on, the same in each run."""
    span = count * APART_NS
    for number in itertools.count():
        yield number * APART_NS + number * 2_654_435_761 % span


def filled(name: str, count: int, dues: Iterator[int]) -> TimeoutQueue:
    """A queue with ``count`` pending."""
    queue = make_queue("sorted" if name == "vec" else name)
    for ident in range(count):
        queue.push(Timeout(ident, next(dues), None, int, ""))
    return as_array(queue) if name == "vec" else queue


def as_array(queue: TimeoutQueue) -> TimeoutQueue:
    """The same in a ``vec``: to push so many there, one by one, takes a quarter of an hour."""
    from kerneltui.kernel.time.queues.vec import VecQueue
    from kerneltui.kernel.time.timeout_queue import SoonestLast

    found = VecQueue()
    found._entries = [SoonestLast(item, found.work) for item in reversed(list(queue))]  # noqa: SLF001
    return found


class _Turns:
    """What one repetition does: pops and pushes, or cancels and pushes."""

    def __init__(self, name: str, pending: int, count: int) -> None:
        self._dues = due_times(pending)
        self._queue = filled(name, pending, self._dues)
        cancelled = list(self._queue)[:: max(1, pending // count)]
        self._cancelled = list(itertools.islice(itertools.cycle(cancelled), count))
        self._count = count

    def pop_and_push(self) -> int:
        queue, dues = self._queue, self._dues
        for _ in range(self._count):
            timeout = queue.pop()
            timeout.due_ns = next(dues)
            queue.push(timeout)
            queue.head()
        return self._count

    def cancel_and_push(self) -> int:
        queue = self._queue
        for timeout in self._cancelled:
            queue.remove(timeout)
            queue.push(timeout)
            queue.head()
        return self._count


def machine_with(queue: str, pending: int) -> Session:
    """A machine whose kernel has so many timeouts pending all the time.

    They are periodic, each with a period of its own from ``pending * PERIOD_NS`` to twice that, and
    have run long enough to be well mixed: one that is due goes back to anywhere behind the middle.
    """
    periods = ((pending + number) * PERIOD_NS for number in range(pending))
    requests = tuple(TimeoutRequest("", every_ns=period_ns) for period_ns in periods)
    session = session_with("rpi4", Workload(requests), trace=False, queue=queue)
    session.run_until(session.machine.now + 5 * pending * PERIOD_NS)
    return session


def interrupt_s(session: Session, count: int) -> float:
    """CPU seconds for an interrupt, from WFI to WFI, in a run of about ``count``."""
    core = session.machine.core
    before, started = core.interrupts_taken, process_time()
    session.run_until(session.machine.now + count * PERIOD_NS * 3 // 2)
    return (process_time() - started) / (core.interrupts_taken - before)


def interrupts(*, quick: bool) -> Iterator[Figure]:
    """What many pending timeouts make of a whole timer interrupt; ``vec`` would take for ever."""
    few, many = PENDING_IN_MACHINE
    for name in (name for name in QUEUES if name != "vec"):
        small, large = machine_with(name, few), machine_with(name, many)
        times = [
            (interrupt_s(large, 2_000), interrupt_s(small, 2_000))
            for _ in range(3 if quick else 15)
        ]
        slow, fast = zip(*times, strict=True)
        yield Figure(
            f"timer interrupt, {name}, {many:,} pending",
            f"{1 / median(slow):,.0f} interrupts/s",
            f"one costs {paired(slow, fast):.2f}x that with {few:,} pending",
            "< 2x",
        )


def queues(*, quick: bool) -> list[Figure]:
    """Whole interrupts; then both kinds of turn of the bare structure.

    Each with a look at the head, as the kernel has to arm for it.
    """
    found = list(interrupts(quick=quick))
    for name in QUEUES:
        for pending in PENDING:
            count = FEW if name == "vec" and pending > 1_000 else 1_000 if quick else 10_000
            turns = _Turns(name, pending, count)
            repeat = 3 if quick else 7
            title = f"queue {name}, {pending:,} pending"
            found += [
                rate(turns.cancel_and_push, repeat).figure(f"{title}, cancel and push", "turns"),
                rate(turns.pop_and_push, repeat).figure(f"{title}, pop and push", "turns"),
            ]
    return found
