"""What a kernel lets the debugger see of itself, beyond what the hardware shows.

A program may offer one as ``inspector``.  To look takes no time and changes nothing; it is no part
of what the kernel does.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kerneltui.kernel.irq import Irq, IrqHandler
    from kerneltui.kernel.tasks.run_queue import RunQueue
    from kerneltui.kernel.time.queues.timeout import Timeout
    from kerneltui.kernel.time.timers import TimerService


class Inspector:
    """A kernel of which nothing is known; those of kernels tell more."""

    @property
    def offers_look(self) -> bool:
        """Whether the kernel lets one see its timeouts, tasks and handlers."""
        return type(self) is not Inspector

    def timeouts(self) -> Collection[Timeout]:
        """The pending timeouts, next due first."""
        return ()

    def queue_structure(self) -> str:
        """The structure that keeps them, one of ``QUEUES``; empty where there is none."""
        return ""

    def handled_timeout(self) -> Timeout | None:
        """The timeout whose callback is running."""
        return None

    def armed_timeout(self) -> int | None:
        """Identity of the timeout that the comparator is armed for."""
        return None

    def worst_lateness_ns(self) -> int:
        """By how much the latest callback so far was late."""
        return 0

    def expects_timer_event(self) -> bool:
        """Whether a timer callback can come without further input."""
        return True

    def scheduling(self) -> RunQueue | None:
        """Tasks and schedulers, in a program with tasks."""
        return None

    def timer_service(self) -> TimerService | None:
        """The timers of system calls, in a program with these."""
        return None

    def time_of_day(
        self,
        raw: Callable[[str], int],  # noqa: ARG002 - some kernels keep no time of day
    ) -> tuple[int, int, str, int | None] | None:
        """See :meth:`kerneltui.kernel.platform.Platform.time_of_day`."""
        return None

    def timer_irq(self) -> Irq | None:
        """What the interrupt of the timer for timeouts arrives as; None where nothing is known."""
        return None

    def irq_handlers(self, core: int = 0) -> list[IrqHandler]:  # noqa: ARG002 - none on any core
        """The handlers of a core, none while it is off."""
        return []
