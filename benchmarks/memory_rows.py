"""Memory after few and after many timer interrupts, each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from figures import Figure

FEW, MANY = 10_000, 1_000_000


def memory(*, quick: bool) -> list[Figure]:
    """Resident memory; the ratio is between two moments of one process."""
    many = MANY // 10 if quick else MANY
    found = []
    for trace in (False, True):
        arguments = [sys.executable, __file__, str(many), str(int(trace))]
        answer = subprocess.run(arguments, check=True, capture_output=True, text=True).stdout
        at_few, at_many = (int(word) for word in answer.split())
        found.append(
            Figure(
                f"memory after {many:,} interrupts, {'recorder on' if trace else 'headless'}",
                f"{at_many / 2**20:.1f} MiB",
                f"{at_many / at_few:.3f}x of {at_few / 2**20:.1f} MiB after {FEW:,}",
                "flat",
            )
        )
    return found


def resident() -> int:
    """Bytes of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _child(many: int, *, trace: bool) -> None:
    from machine_rows import PERIOD_NS, SILENT, session_with

    session = session_with("rpi4", SILENT, trace=trace)
    session.history.on = False  # which grows, and is a figure of its own: see back_rows.py
    for count in (FEW, many):
        session.run_until(count * PERIOD_NS)
        print(resident())


if __name__ == "__main__":
    _child(int(sys.argv[1]), trace=sys.argv[2] == "1")
