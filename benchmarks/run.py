"""``python benchmarks/run.py`` measures everything and prints a table; see README.md beside it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

import back_rows
import breakpoint_rows
import dashboard_rows
import machine_rows
import memory_rows
import native_rows
import queue_rows
from figures import Figure, as_table, plain_call_s

ROWS: dict[str, Callable[..., list[Figure]]] = {
    "accesses": machine_rows.accesses,
    "interrupts": machine_rows.interrupts,
    "steps": machine_rows.steps,
    "first-paint": dashboard_rows.first_paint,
    "key": dashboard_rows.key,
    "why": dashboard_rows.why,
    "cpu": dashboard_rows.cpu,
    "memory": memory_rows.memory,
    "queues": queue_rows.queues,
    "back": back_rows.back,
    "never-resting": back_rows.never_resting,
    "find": back_rows.find,
    "last-write": back_rows.last_writes,
    "breakpoints": breakpoint_rows.breakpoints,
    "native": native_rows.native,
}


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description="Measure kerneltui.")
    parser.add_argument("--only", choices=ROWS, action="append", help="only these; may be repeated")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions, rougher figures")
    options = parser.parse_args()
    figures = []
    for name in options.only or ROWS:
        print(f"measuring {name} ...", file=sys.stderr)
        figures += ROWS[name](quick=options.quick)
    print(as_table(figures))
    print(
        f"\nA plain call is one turn of a loop that calls a method: {plain_call_s() * 1e9:.0f} ns."
    )


if __name__ == "__main__":
    main()
