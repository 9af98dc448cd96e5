"""``python benchmarks/timekeeping.py``: how far system time is off after an hour of virtual time.

It runs every clock device with every timer device of the x86 board, with ticks and without.  This
takes minutes; ``--seconds 60`` takes less.
"""

from __future__ import annotations

import argparse
from itertools import product
from time import perf_counter

from kerneltui.debugger.counters import raw_counter
from kerneltui.kernel.pc.clock_selection import ORDER
from kerneltui.kernel.pc.pc_timer import PcTimer
from kerneltui.machine.board import load_board
from kerneltui.scenarios.changes import Changes
from kerneltui.scenarios.reading import load_scenario
from kerneltui.scenarios.scenario import make_session

NS_PER_S = 1_000_000_000


def error_ns(append: str, seconds: int) -> int:
    """System time less true virtual time, as it has come about between 2 s and ``seconds``."""
    session = make_session(
        load_board("x86"), load_scenario("timer-callbacks"), changes=Changes(append=append)
    )
    session.recorder.trace(False)
    errors = []
    for until in (2, seconds):
        session.run_until(until * NS_PER_S)
        platform = session.kernel.platform
        timer = platform.timer
        assert isinstance(timer, PcTimer)
        raw = raw_counter(session.machine, timer.timekeeper.source_name)
        errors.append(timer.timekeeper.uptime_at(raw) - session.machine.now)
    session.close()
    return errors[1] - errors[0]


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=3600)
    seconds = parser.parse_args().seconds
    runs = list(product(("off", "on"), ORDER["clock"], ORDER["timer"]))
    print(
        f"{len(runs)} runs of {seconds} s of virtual time each. An hour each takes minutes in all;"
    )
    print("--seconds 60 takes less. A line appears when its run is over.\n")
    print(f"{'clock timer':<12} {'nohz':<5} {'error':>12}", flush=True)
    for nohz, clock, timer in runs:
        started = perf_counter()
        error = error_ns(f"clock={clock} timer={timer} nohz={nohz}", seconds)
        took = perf_counter() - started
        print(
            f"{clock:<5} {timer:<6} {nohz:<5} {error / 1000:>9.1f} us   ({took:.0f} s)", flush=True
        )


if __name__ == "__main__":
    main()
