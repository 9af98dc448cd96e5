"""Drives a session towards a goal in slices, so that the screen stays alive.

Virtual time knows nothing of the wall clock; here the two meet.  Running at a speed means: at each
slice, run until the virtual time that the wall clock asks for.  Everything else runs as fast as
the computer can.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from time import perf_counter
from typing import Any, Protocol

import msgspec

from kerneltui.debugger.session import Session
from kerneltui.debugger.traveller import DivergedError
from kerneltui.debugger.watch import FREE, Watch
from kerneltui.hw.clock import NEVER
from kerneltui.machine.core import StopReason
from kerneltui.machine.position import Position

NOT_FOUND = "there is no such moment"
RUNNING, SEARCHING, GOING = "running to", "searching for", "going to"
LAP_S = 0.8
"""After so long it is known anew how fast the machine is."""
PATIENCE_S = 1.0
"""What takes longer says how far it is, and what ends it."""
SLICE_S = 0.008
"""How long the event loop is kept waiting at most, about."""
KEYS_S = 0.001
"""Between two slices of a search, for a key to do all that it does."""
FRAME_S = 1 / 30
"""Time between two slices when running at a speed."""
ASLEEP_S = 0.09
"""Time between two slices in which only time passes."""
LAG_S = 0.25
"""Beyond this the computer is too slow for the speed: do not try to catch up."""


class Cancellable(Protocol):
    """Something under way."""

    def cancel(self) -> object:
        """End it."""


class UnderWay(msgspec.Struct, frozen=True):
    """What is done, in words: ``running to`` and ``the next interrupt``; or only ``running``."""

    doing: str
    title: str
    how_far: str = ""
    """told where it takes longer than :data:`PATIENCE_S`: then Esc ends it"""


Spawn = Callable[[Callable[[], Coroutine[Any, Any, None]]], Cancellable | None]
"""Takes what makes the coroutine, so that none is made that never runs."""


class Runner:
    """``on_stop()`` is called when a goal has been reached; ``spawn`` runs a coroutine."""

    def __init__(
        self, session: Session, speed: float, on_stop: Callable[[], None], spawn: Spawn
    ) -> None:
        self.session = session
        self.speed = speed
        self.goal: Watch | None = None
        self._on_stop = on_stop
        self._spawn = spawn
        self._task: Cancellable | None = None
        self._search: Generator[Position, None, bool] | None = None
        self._in_vain: Callable[[str], None] = _ignore
        self._doing, self._searched_ns = RUNNING, 0
        self._began_s = 0.0
        """when the goal was set, by the wall clock"""
        self._lap = (0.0, 0)
        """a moment since then, by the wall clock and by the machine's"""
        self._rate = 0.0
        """virtual ns in a second, in the last lap"""
        self._budget = 2_000
        self._anchor = (0.0, 0)

    @property
    def running(self) -> bool:
        """Whether a goal is being pursued."""
        return self.goal is not None

    @property
    def is_bound(self) -> bool:
        """Whether it is on the way to something, and not just running."""
        return self.goal is not None and self.goal is not FREE

    @property
    def under_way(self) -> UnderWay | None:
        """What is done at present, if anything is."""
        if self.goal is None:
            return None
        waited_s = perf_counter() - self._began_s
        is_long = self.is_bound and waited_s > PATIENCE_S
        return UnderWay(self._doing, self.goal.title, self._how_far(waited_s) if is_long else "")

    def _how_far(self, waited_s: float) -> str:
        if self._search is not None:
            return f"at {self._searched_ns / 1e9:.3f} s"
        end_ns = self.goal.conditions.get("until") if self.goal is not None else None
        if end_ns is None or not self._rate:
            return f"{waited_s:.0f} s so far"
        left_s = max(end_ns - self.session.machine.now, 0) / self._rate
        return f"about {left_s:.0f} s left" if left_s < 100 else f"about {left_s / 60:.0f} min left"

    def _begin(self, goal: Watch, doing: str) -> None:
        self.goal, self._doing = goal, doing
        self._began_s = perf_counter()
        self._lap, self._rate = (self._began_s, self.session.machine.now), 0.0

    def _count_lap(self) -> None:
        """How fast the machine has been lately: a storm is much slower than sleep."""
        wall_s, virtual_ns = self._lap
        took_s = perf_counter() - wall_s
        if took_s >= LAP_S:
            self._rate = (self.session.machine.now - virtual_ns) / took_s
            self._lap = wall_s + took_s, self.session.machine.now

    def start(self, goal: Watch) -> None:
        """Pursue a goal; short ones are reached before this returns."""
        if self.goal is not None:
            self.stop()
        self._begin(goal, "" if goal is FREE else RUNNING)
        self._set_anchor()
        if goal is not FREE:
            self._slice()
        if self.goal is not None:
            self._task = self._spawn(self._pursue)

    def search(self, goal: Watch, in_vain: Callable[[str], None]) -> None:
        """Go back to where ``goal`` stopped the machine last; else ``in_vain(why)`` is called."""
        self.follow(goal.title.replace("next", "last"), self.session.back(goal), in_vain)

    def follow(
        self,
        title: str,
        search: Generator[Position, None, bool],
        in_vain: Callable[[str], None],
        doing: str = SEARCHING,
    ) -> None:
        """Go on with a search of the past that goes to what it finds, and says if it has."""
        self.stop()
        self._begin(Watch(title), doing)
        self._search, self._in_vain = search, in_vain
        self._searched_ns = self.session.machine.now
        self._search_slice()
        if self.goal is not None:
            self._task = self._spawn(self._pursue_back)

    @property
    def searching(self) -> bool:
        """Whether the past is being searched."""
        return self._search is not None

    def _search_slice(self) -> None:
        started = perf_counter()
        try:
            while self._search is not None and perf_counter() - started < SLICE_S:
                self._searched_ns = next(self._search).now_ns
        except StopIteration as end:
            self._end_search("" if end.value else NOT_FOUND)
        except DivergedError as error:
            self._end_search(str(error))

    def _end_search(self, why_not: str) -> None:
        self._search = self.goal = None
        self._on_stop()
        if why_not:
            self._in_vain(why_not)

    async def _pursue_back(self) -> None:
        while self._search is not None:
            await asyncio.sleep(KEYS_S)
            self._search_slice()

    def stop(self) -> None:
        """Halt where the machine is; of a search nothing remains."""
        self.goal = self._search = None
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def set_speed(self, speed: float) -> None:
        """Change the speed, also while running."""
        self.speed = speed
        self._set_anchor()

    def _set_anchor(self) -> None:
        self._anchor = (perf_counter(), self.session.machine.now)

    def _paced(self) -> bool:
        return self.goal is FREE and self.speed != float("inf")

    def _target(self) -> int:
        """The virtual time that the wall clock asks for."""
        if not self._paced():
            return NEVER
        wall, virtual = self._anchor
        return virtual + int((perf_counter() - wall) * self.speed * 1e9)

    def _slice(self) -> None:
        """Run for about :data:`SLICE_S`."""
        goal = self.goal
        if goal is None:
            return
        started = perf_counter()
        reason = self.session.advance(goal, instructions=self._budget, until=self._target())
        spent = perf_counter() - started
        self._count_lap()
        if reason is StopReason.BUDGET:
            self._budget = max(200, min(int(self._budget * SLICE_S / max(spent, 1e-5)), 100_000))
        elif reason is not StopReason.TIME or self._has_come(goal):
            self.goal = None
            self._on_stop()

    def _has_come(self, goal: Watch) -> bool:
        """Whether it is the goal's own time that has ended a slice."""
        wanted: int = goal.conditions.get("until", NEVER)
        return self.session.machine.now >= wanted

    async def _pursue(self) -> None:
        while self.goal is not None:
            await asyncio.sleep(self._pause_s() if self._paced() else 0)
            self._slice()
            if self._paced() and self._lag_s() > LAG_S:
                self._set_anchor()

    def _pause_s(self) -> float:
        """Until the next slice; while all cores sleep, until something is due.

        Time is to be seen to pass meanwhile.
        """
        machine = self.session.machine
        if machine.is_asleep and not any(core.inputs for core in machine.cores):
            due_s = (machine.clock.next_due - machine.now) / (self.speed * 1e9)
            return max(min(due_s, ASLEEP_S) - self._lag_s(), 0) + 0.001
        return max(FRAME_S - self._lag_s(), 0)

    def _lag_s(self) -> float:
        """By how many seconds of wall time the machine is behind the wall clock."""
        return (self._target() - self.session.machine.now) / (self.speed * 1e9)


def _ignore(_: str) -> None:
    """Nobody wants to know."""
