"""How much a driver of a person's own does between two instructions: a loop that never ends does.

Its code calls :meth:`Meter.turn` at each turn of a loop and at each call of a function, where its
file has been made ready for that (:mod:`kerneltui.own`).  The count begins anew with each
instruction of the core, so the same run ends at the same place each time.

Beside the count there is an alarm, for what takes long with few turns.  It depends on the computer,
so whoever is ended by it cannot be run again in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any, Never, Protocol, cast

MOST_TURNS = 500_000
"""Between two instructions: enough to go through the longest queue several times."""
PRINT_TURNS = 1_000
"""What a ``print`` counts for: each is an event of the trace."""
LOOK_S = 0.5
STALL_LOOKS = 10
"""So many looks in a row show the same instruction: the alarm."""
ALARM = "the alarm has ended this run"
"""Part of the reason of a halt that does not come again in the same way."""


class MeteredCore(Protocol):
    """A core, as far as it is counted here."""

    retired: int

    def tracepoint(self, name: str, /, **facts: Any) -> None:
        """See :class:`~kerneltui.kernel.arch.cpu.Cpu`."""


class DriverMistakeError(BaseException):
    """A driver does what it cannot do; ``str()`` says it.  No ``except`` of its own catches it."""


class NeverEndsError(DriverMistakeError):
    """Too many turns."""


class StallError(DriverMistakeError):
    """The alarm."""


class Meter:
    """One for the process: one core runs at a time."""

    def __init__(self) -> None:
        self.core: MeteredCore | None = None
        """the one that runs, or ran last"""
        self.turns = 0
        self.retired = -1
        self.is_used = False
        """there is a driver to be counted"""
        self.is_running = False
        self.is_stalled = False
        self._watchman: Watchman | None = None

    def begin(self, core: object) -> None:
        """A core begins to run, or goes on."""
        self.core = cast("MeteredCore", core)
        self.retired = -1
        self.is_running = True

    def turn(self, weight: int = 1) -> bool:
        """A loop begins a turn, or a function its work: True, to stand in a condition.

        Raises when that is one too many.
        """
        core = self.core
        if core is not None and core.retired != self.retired:
            self.retired = core.retired
            self.turns = 0
            self.is_stalled = False
        self.turns += weight
        if self.turns > MOST_TURNS:
            raise NeverEndsError(
                f"{MOST_TURNS:,} turns of loops without an access to the hardware: it does not end"
            )
        if self.is_stalled:
            _alarm()
        return True

    @contextmanager
    def alone(self) -> Iterator[None]:
        """What is done meanwhile runs on no core, such as the making of a driver."""
        before = self.core, self.turns, self.retired, self.is_running
        self.core, self.turns = None, 0
        self.is_stalled, self.is_running = False, True
        try:
            yield
        finally:
            self.core, self.turns, self.retired, self.is_running = before

    def watch(self) -> None:
        """There is a driver to be counted: from now on somebody looks whether the core gets on."""
        self.is_used = True
        if self._watchman is None:
            self._watchman = Watchman(self)


def _alarm() -> Never:
    raise StallError(
        f"{ALARM}: {LOOK_S * STALL_LOOKS:.0f} s have passed on the wall without an access to the "
        "hardware. When that is depends on this computer, so the run cannot be done again"
    )


class Watchman:
    """A thread that looks twice a second.

    It counts its looks, not seconds: a process that was stopped for a while has not stalled.
    """

    def __init__(self, meter: Meter, wait: Callable[[float], bool] | None = None) -> None:
        """``wait`` waits for a time in s; it answers True when it is all over."""
        self._meter = meter
        self._seen = -1, -1
        self._looks = 0
        wait = wait or Event().wait

        def keep_looking() -> None:
            while not wait(LOOK_S):
                self.look()

        Thread(target=keep_looking, name="watchman", daemon=True).start()

    def look(self) -> None:
        """Whether the core has got on since the last time."""
        meter, core = self._meter, self._meter.core
        seen = (id(core), core.retired if core is not None else -1)
        stands = meter.is_running and seen == self._seen
        self._looks = self._looks + 1 if stands else 0
        self._seen = seen
        if self._looks >= STALL_LOOKS:
            self._looks = 0
            meter.is_stalled = True


METER = Meter()
