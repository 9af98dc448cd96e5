"""The way back: steps into the past, what the past takes, and searching it.

Times are CPU times, scaled to a machine on which a plain call takes :data:`PLAIN_S`.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Generator
from itertools import pairwise
from statistics import median
from time import perf_counter, process_time
from typing import Any

import msgspec
from figures import Figure, paired, plain_call_s
from machine_rows import PERIOD_NS, SILENT, session_with
from memory_rows import resident

from kerneltui.debugger.breakpoints.breakpoint import FoundHits
from kerneltui.debugger.ear import LastWrite
from kerneltui.debugger.last_write import last_write
from kerneltui.debugger.session import Session
from kerneltui.debugger.watch import NEXT_TIMER_EVENT, STEP, Watch
from kerneltui.hw.rule import Spot
from kerneltui.scenarios.scenario import open_session

PLAIN_S = 50e-9
FEW, MANY = 10_000, 1_000_000
FIRST_MS = {"rpi4": 60, "x86": 120}
FURTHER_MS = 20
PAST_MB = 20
SLOWER = {"rpi4": 1.15, "x86": 1.25}
KEYS = {"S": STEP, "N": NEXT_TIMER_EVENT}
NEVER_RESTING = ("overload", "round-robin", "starvation", "two-cores", "burst", "wake-tasks")
WORST_MS = 250
SPAN_S = 60
GICC_PMR, GICC_IAR, UART_ECR = 0xFF84_2004, 0xFF84_200C, 0xFE20_1004


def scaled(work: Callable[[], object]) -> float:
    """CPU seconds that ``work`` takes, on the machine that figures are scaled to."""
    baseline = plain_call_s(20_000)
    started = process_time()
    work()
    spent = process_time() - started
    return spent / (baseline + plain_call_s(20_000)) * 2 * PLAIN_S


def go_back(session: Session, goal: Watch) -> bool:
    """As the keys ``S`` and ``N`` do; False where there is no such moment."""
    return bool(_ended(session.back(goal), []))


def _ended(search: Generator[Any, None, Any], told: list[float]) -> Any:
    """What a search comes to; ``told`` gets the times at which it tells how far it is."""
    while True:
        told.append(perf_counter())
        try:
            next(search)
        except StopIteration as end:
            return end.value


def _p95(times: list[float]) -> float:
    return sorted(times)[-(-95 * len(times) // 100) - 1]


# -- steps back -----------------------------------------------------------------------------------


def back(*, quick: bool) -> list[Figure]:
    """Steps back from the end, the size of the past, and what it costs to keep it."""
    found = []
    for board in FIRST_MS:
        for count in (FEW,) if quick else (FEW, MANY):
            found += _in_own_process("steps", board, count, 10 if quick else 30)
    return found + [_slower(board, quick) for board in FIRST_MS]


def _steps(board: str, count: int, repeat: int) -> list[Figure]:
    """In a process of its own, as its growth is a figure."""
    session = session_with(board, SILENT, trace=True)
    session.run_until(FEW // 10 * PERIOD_NS)
    session.history.prepare()
    begun = resident()
    session.run_until(count * PERIOD_NS)
    growth = resident() - begun
    where = f"{board}, {count:,} interrupts"
    found = []
    for key, goal in KEYS.items():
        timing = StepsBack(session, goal)
        timing.repeat(repeat)
        found += timing.figures(f"back by {key}, {where}", FIRST_MS[board])
    size = session.history.size
    found.append(
        Figure(
            f"size of the past, {where}",
            f"{size / 1e6:.2f} MB",
            f"{size / count:.1f} bytes an interrupt; the process grew by {growth / 1e6:.1f} MB",
            f"<= {PAST_MB} MB",
        )
    )
    session.close()
    return found


class StepsBack:
    """First and further steps back by one key, each with the view that follows it."""

    def __init__(self, session: Session, goal: Watch, period_ns: int = PERIOD_NS) -> None:
        self._session = session
        self._goal = goal
        self._period_ns = period_ns
        self._first: tuple[list[float], list[float]] = [], []
        self._further: tuple[list[float], list[float]] = [], []

    def repeat(self, times: int, further: int = 10) -> None:
        """Each time the known past ends a little later, so that nobody has been there."""
        session = self._session
        for turn in range(times):
            session.go_to_end()
            session.run_until(session.machine.now + (37 * turn % 211 + 11) * self._period_ns)
            session.view()
            self._time(self._first)
            for _ in range(further):
                self._time(self._further)

    def _time(self, into: tuple[list[float], list[float]]) -> None:
        into[0].append(scaled(lambda: go_back(self._session, self._goal)))
        into[1].append(scaled(self._session.view))

    def figures(self, name: str, first_ms: int, further_ms: int = FURTHER_MS) -> list[Figure]:
        """As rows."""
        return [
            _figure(f"{name}, first", *self._first, first_ms),
            _figure(f"{name}, further", *self._further, further_ms),
        ]


def _figure(name: str, steps: list[float], views: list[float], target_ms: int) -> Figure:
    both = [step + view for step, view in zip(steps, views, strict=True)]
    parts = f"median {median(both) * 1e3:.1f} ms"
    parts += f"; p95 of the step {_p95(steps) * 1e3:.1f}, of the view {_p95(views) * 1e3:.1f} ms"
    return Figure(name, f"p95 {_p95(both) * 1e3:.1f} ms", parts, f"<= {target_ms} ms")


def _slower(board: str, quick: bool) -> Figure:
    """Running with the past kept, by turns with running without."""
    sessions = [session_with(board, SILENT, trace=True) for _ in range(2)]
    sessions[1].history.on = False
    count = 3_000
    times: tuple[list[float], list[float]] = [], []
    for _ in range(5 if quick else 25):
        for session, kept in zip(sessions, times, strict=True):
            started = process_time()
            session.run_until(session.machine.now + count * PERIOD_NS)
            kept.append(process_time() - started)
    for session in sessions:
        session.close()
    return Figure(
        f"interrupts with the past kept, {board}",
        f"{paired(*times):.3f}x",
        f"{count / median(times[0]):,.0f}/s and {count / median(times[1]):,.0f}/s without",
        f"<= {SLOWER[board]}x",
    )


# -- machines that never rest ---------------------------------------------------------------------


def never_resting(*, quick: bool) -> list[Figure]:
    """One step back from many places of scenarios that leave little room for checkpoints."""
    found = []
    numbers = (20, SPAN_S // 6) if quick else (60, SPAN_S)
    for scenario in NEVER_RESTING:
        for board in FIRST_MS:
            found += _in_own_process("worst", f"{board} {scenario}", *numbers)
    return found


def _worst(place: str, count: int, span_s: int) -> list[Figure]:
    board, scenario = place.split()
    session = open_session(board, scenario)
    session.boot()
    session.history.prepare()
    session.run_until(span_s * 1_000_000_000)
    end = session.here
    steps, views, times_ns = [], [], []
    for turn in range(1, count + 1):
        # By the number of the instruction: most of them are where the machine does most.
        session.go_to_end()
        session.go_to_instruction(session.core.retired * turn // (count + 1))
        session.view()
        times_ns.append(session.machine.now)
        steps.append(scaled(lambda: go_back(session, STEP)))
        views.append(scaled(session.view))
    both = [step + view for step, view in zip(steps, views, strict=True)]
    at_s = times_ns[both.index(max(both))] / 1e9
    against = f"at {at_s:.3f} s; median of {count} places {median(both) * 1e3:.1f} ms"
    session.close()
    return [
        Figure(
            f"step back, worst, {scenario}, {board}",
            f"{max(both) * 1e3:.0f} ms",
            f"{against}, {end.step:,} steps in {end.now_ns / 1e9:.0f} s",
            f"<= {WORST_MS} ms",
        )
    ]


# -- searching ------------------------------------------------------------------------------------


def find(*, quick: bool) -> list[Figure]:
    """Backwards for stores, through the whole past."""
    return _in_own_process("searches", "rpi4", FEW if quick else MANY)


SEARCHES = {
    # The driver writes it once, before the first idle.
    "GICC_PMR": (GICC_PMR, "< 3 s"),
    # Nothing accesses it: every stretch can be left out.
    "UARTECR, which nobody writes": (UART_ECR, "< 3 s"),
    # Every interrupt reads it: every stretch has to be run again.
    "GICC_IAR, which is only read": (GICC_IAR, ""),
}


LAST_WRITERS = {
    # Once, before the first idle; and with each timeout, in each interrupt.
    "GICC_PMR, written at boot": ("gic", "GICC", "GICC_PMR", 0xF0),
    "CNTP_CTL_EL0, written in each interrupt": ("timer", "GENERIC_TIMER", "CNTP_CTL_EL0", 2),
}


def last_writes(*, quick: bool) -> list[Figure]:
    """Who wrote a register last, after many interrupts."""
    return _in_own_process("last-writes", "rpi4", FEW if quick else 10 * FEW)


def _last_writes(board: str, count: int) -> list[Figure]:
    session = session_with(board, SILENT, trace=True)
    session.history.prepare()
    session.run_until(count * PERIOD_NS)
    found = []
    for name, (owner, window, stem, mask) in LAST_WRITERS.items():
        file = session.machine.devices[owner].files[window]
        spot = Spot(window, file.table[stem].offset, mask, 0)
        results: list[LastWrite] = []
        took = scaled(
            lambda: results.append(last_write(session.history, owner, spot))  # noqa: B023
        )
        (write,) = results
        found.append(
            Figure(
                f"who wrote {name}, {count:,} interrupts",
                f"{took * 1e3:.0f} ms",
                f"{write.function}, at {write.t_ns / 1e9:.6f} s",
                "<= 300 ms",
            )
        )
    session.close()
    return found


def _searches(board: str, count: int) -> list[Figure]:
    session = session_with(board, SILENT, trace=True)
    session.history.prepare()
    run_s = scaled(lambda: session.run_until(count * PERIOD_NS))
    found = []
    for name, (address, target) in SEARCHES.items():
        told: list[float] = []
        results: list[FoundHits | None] = []
        session.breakpoints.clear()
        session.breakpoints.add(session.machine, f"write {address:#x}")
        search = session.breakpoints.search(session.history, session.here)
        took = scaled(lambda: results.append(_ended(search, told)))  # noqa: B023
        (at,) = results
        where = f"found at {at.position.now_ns / 1e9:.3f} s" if at is not None else "not found"
        longest = max((after - before for before, after in pairwise(told)), default=0.0)
        found.append(
            Figure(
                f"find the last store to {name}, {count:,} interrupts",
                f"{took:.2f} s",
                f"{where}; told {len(told) - 1:,} times how far, {longest * 1e3:.0f} ms apart at "
                f"most; all that took {run_s:.0f} s to run",
                target,
            )
        )
    session.close()
    return found


# -- processes ------------------------------------------------------------------------------------

_PARTS: dict[str, Callable[..., list[Figure]]] = {
    "steps": _steps,
    "worst": _worst,
    "searches": _searches,
    "last-writes": _last_writes,
}


def _in_own_process(part: str, place: str, *numbers: int) -> list[Figure]:
    arguments = [sys.executable, __file__, part, place, *map(str, numbers)]
    answer = subprocess.run(arguments, check=True, stdout=subprocess.PIPE).stdout
    return msgspec.json.decode(answer, type=list[Figure])


if __name__ == "__main__":
    found_there = _PARTS[sys.argv[1]](sys.argv[2], *map(int, sys.argv[3:]))
    sys.stdout.buffer.write(msgspec.json.encode(found_there))
