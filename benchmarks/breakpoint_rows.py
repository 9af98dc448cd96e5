"""What breakpoints cost while the machine runs: by turns with running without any."""

from __future__ import annotations

from statistics import median
from time import process_time

from figures import Figure, paired
from machine_rows import PERIOD_NS, SILENT, session_with

COUNT = 3_000
"""timer interrupts in each turn"""
KINDS = {
    "a register that nobody writes": ("write GICC_PMR", ">= 0.5x"),
    "a register that every interrupt writes, and a condition": (
        "write GICC_EOIR if value == 0", ">= 0.5x"
    ),
    "an interrupt that does not come": ("irq 31 taken", ""),
    "a line that does not move": ("line timer.cntvirq0 rises", ""),
    "a text that does not come": ('console "nothing"', ""),
    "bits that do not change": ("change GICC_PMR", ""),
    "a function that is not called": ("code panic", ""),
}  # fmt: skip
"""What is waited for in vain, and the share of the speed that is to be left."""


def breakpoints(*, quick: bool) -> list[Figure]:
    """Timer interrupts of rpi4, with the trace on, while one breakpoint waits in vain."""
    found = []
    for name, (text, target) in KINDS.items():
        sessions = [session_with("rpi4", SILENT, trace=True) for _ in range(2)]
        sessions[0].breakpoints.add(sessions[0].machine, text)
        rates: tuple[list[float], list[float]] = [], []
        for _ in range(3 if quick else 11):
            for session, kept in zip(sessions, rates, strict=True):
                started = process_time()
                session.run_until(session.machine.now + COUNT * PERIOD_NS)
                kept.append(COUNT / (process_time() - started))
        for session in sessions:
            session.close()
        found.append(
            Figure(
                f"breakpoint on {name}",
                f"{paired(*rates):.2f}x",
                f"{median(rates[0]):,.0f} interrupts/s, {median(rates[1]):,.0f}/s without",
                target,
            )
        )
    return found
