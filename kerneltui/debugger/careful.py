"""Looking at a kernel that has a driver of a person's own in it: to look may execute that.

What fails there, or does not end, is as if there were nothing to be seen.  The kernel itself meets
the same driver in its own time, and says what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING, Any, Never, TypeVar, cast

from kerneltui.kernel.inspector import Inspector
from kerneltui.kernel.irq import Irq, IrqHandler
from kerneltui.kernel.time.queues.timeout import Timeout
from kerneltui.kernel.time.timeout_queue import ALL, TimeoutQueue, Work
from kerneltui.machine.meter import METER, DriverMistakeError

if TYPE_CHECKING:
    from kerneltui.kernel.tasks.run_queue import RunQueue
    from kerneltui.kernel.time.queues.shapes import Shape
    from kerneltui.kernel.time.timers import TimerService

Seen = TypeVar("Seen")
Other = TypeVar("Other")


def carefully(look: Callable[[], Seen], otherwise: Other) -> Seen | Other:
    """What ``look()`` answers, or ``otherwise`` where it fails or does not end."""
    try:
        with METER.alone():
            return look()
    except (Exception, SystemExit, DriverMistakeError):
        return otherwise


class SeenQueue(TimeoutQueue):
    """A queue of a person's own, as it can be looked at; nothing of it can be changed here."""

    def __init__(self, queue: Any) -> None:
        self._queue = queue
        found = carefully(lambda: queue.work, None)
        self.work = found if isinstance(found, Work) else Work()

    def push(self, timeout: Timeout) -> Never:
        raise TypeError("this queue is only looked at")

    def pop(self) -> Never:
        raise TypeError("this queue is only looked at")

    def remove(self, timeout: Timeout) -> Never:
        raise TypeError("this queue is only looked at")

    def head(self) -> Timeout | None:
        found = carefully(self._queue.head, None)
        return found if isinstance(found, Timeout) else None

    def shape(self, limit: int = ALL) -> Shape:
        from kerneltui.kernel.time.queues import shapes

        found = carefully(lambda: self._queue.shape(limit), None)
        known = shapes.Sublists, shapes.Array, shapes.Tree, shapes.Wheel
        return found if isinstance(found, known) else super().shape(limit)

    def __len__(self) -> int:
        return carefully(lambda: len(self._queue), 0)

    def __iter__(self) -> Iterator[Timeout]:
        found: list[Any] = carefully(lambda: list(self._queue), [])
        return (item for item in found if isinstance(item, Timeout))


class CarefulInspector(Inspector):
    """What another inspector tells, as far as a driver of a person's own lets it."""

    def __init__(self, inspector: Inspector) -> None:
        self._inspector = inspector

    def timeouts(self) -> TimeoutQueue | tuple[()]:
        found = carefully(self._inspector.timeouts, cast("Collection[Timeout]", ()))
        return SeenQueue(found) if isinstance(found, TimeoutQueue) else ()

    def queue_structure(self) -> str:
        return self._inspector.queue_structure()

    def handled_timeout(self) -> Timeout | None:
        return self._inspector.handled_timeout()

    def armed_timeout(self) -> int | None:
        return self._inspector.armed_timeout()

    def worst_lateness_ns(self) -> int:
        return self._inspector.worst_lateness_ns()

    def expects_timer_event(self) -> bool:
        return carefully(self._inspector.expects_timer_event, otherwise=True)

    def scheduling(self) -> RunQueue | None:
        return self._inspector.scheduling()

    def timer_service(self) -> TimerService | None:
        return self._inspector.timer_service()

    def time_of_day(self, raw: Callable[[str], int]) -> tuple[int, int, str, int | None] | None:
        return carefully(lambda: self._inspector.time_of_day(raw), None)

    def timer_irq(self) -> Irq | None:
        found = carefully(self._inspector.timer_irq, None)
        return found if isinstance(found, Irq) else None

    def irq_handlers(self, core: int = 0) -> list[IrqHandler]:
        found: list[Any] = carefully(lambda: [*self._inspector.irq_handlers(core)], [])
        return [handler for handler in found if isinstance(handler, IrqHandler)]
