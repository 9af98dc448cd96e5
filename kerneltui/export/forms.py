"""The formats of a trace and the things that it tells of, by name; costs nothing to import."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from kerneltui.errors import UserError

CORE, IRQ, LINE, TASK, TIMEOUT = "core", "irq", "line", "task", "timeout"
UART, POKE, READ, WRITE = "uart", "poke", "read", "write"
THINGS = (CORE, IRQ, LINE, TASK, TIMEOUT, UART, POKE, READ, WRITE)
FORM = f"{', '.join(THINGS)}, each also with a name: line:uart0.*, irq:30, write:GICC_*"
JSONL, VCD, WIRES = "jsonl", "vcd", "vcd-wires"
GTKW = ".gtkw"
"""What the arrangement of waves is called, beside them."""


class Format(NamedTuple):
    """One that tells what events come to."""

    module: str
    """of :mod:`kerneltui.export`"""
    teller: str
    """a class there"""
    tells: tuple[str, ...] = THINGS
    """the things that it can tell of"""
    marks_breakpoints: bool = True
    has_events: bool = False
    """it has single events, and not what they come to"""
    has_handlers: bool = False
    """it is made of handlers: those of an image are found in what the hardware does"""


OTHERS = {
    VCD: Format("vcd", "VcdWaves"),
    WIRES: Format("vcd", "VcdWires", tuple(kind for kind in THINGS if kind not in {READ, WRITE})),
    "perfetto": Format("perfetto", "PerfettoTracks"),
    "csv": Format(
        "csv_rows", "CsvRows", (IRQ, TIMEOUT), marks_breakpoints=False, has_handlers=True
    ),
    "csv-accesses": Format(
        "access_rows", "AccessRows", (READ, WRITE), marks_breakpoints=False, has_events=True
    ),
}
"""All but :data:`JSONL`, which has every event."""
FORMATS = (JSONL, *OTHERS)


def check_format(name: str, wanted: Collection[str], *, has_breakpoints: bool) -> None:
    """Raise :class:`UserError` for what one of :data:`OTHERS` cannot tell of what is ``wanted``."""
    found = OTHERS[name]
    for kind in sorted(set(wanted) - set(found.tells)):
        told = ", ".join(found.tells)
        raise UserError(f"--only {kind}: --format {name} cannot tell of it; it tells of {told}")
    if has_breakpoints and not found.marks_breakpoints:
        raise UserError(
            f"--format {name} has a row for each {' and '.join(found.tells)}, "
            "and no place for breakpoints; leave out --break"
        )
