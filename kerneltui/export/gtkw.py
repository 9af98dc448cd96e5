"""How GTKWave is to arrange the waves of a run: its save file."""

from __future__ import annotations

from io import StringIO
from math import log2

from vcd.gtkw import GTKWSave

ORDER = ("Lines", "Interrupts", "Core", "Timeouts", "Serial line", "Marks", "Registers")
"""Groups by the beginnings of their names, from above: what causes something is above it."""
NAMES_WIDTH, WINDOW = 260, (1400, 900)
WAVES_WIDTH = 800
"""Pixels beside the names, and beside the tree of all signals."""
FRAME = 200
"""Pixels for which GTKWave counts a zoom: of -n they are 2 to the n nanoseconds."""
FIRST = ("doing", "task", "handler", "asleep", "masked", "armed", "armed_due_ns", "is_armed")
"""Signals that stand above the others of their groups."""
SHOWN = {
    "_byte[": "ascii", "doing": "ascii", "armed": "ascii", "called": "ascii", "queued[": "dec",
    "_EL[": "dec", "ring[": "dec", "due_ns[": "dec",
}  # fmt: skip
"""How values are shown, by what is in a signal's name, the last that fits; else in hex."""


def arrangement(waves: dict[str, list[str]], dump: str, from_ns: int, until_ns: int) -> str:
    """The file's text: ``waves`` by group, those of the file ``dump`` beside it, all in view."""
    text = StringIO()
    save = GTKWSave(text)
    save.dumpfile(dump, abspath=False)
    save.timestart(from_ns)
    save.size(*WINDOW)
    save.zoom_markers(-log2(max(until_ns - from_ns, 1) * FRAME / WAVES_WIDTH))
    save.signals_width(NAMES_WIDTH)
    save.sst_expanded(is_expanded=True)
    for group in sorted(waves, key=_place):
        with save.group(group):
            for name in sorted(waves[group], key=_rank):
                save.trace(name, datafmt=_shown(name))
    return text.getvalue()


def _place(group: str) -> tuple[int, str]:
    found = next(n for n, known in enumerate(ORDER) if group.startswith(known))
    return found, group


def _rank(wave: str) -> int:
    """Those without a rank stay in order of appearance."""
    name = wave.partition(".")[2].partition("_")[2].partition("[")[0]
    return FIRST.index(name) if name in FIRST else len(FIRST)


def _shown(wave: str) -> str:
    return next((kind for part, kind in reversed(SHOWN.items()) if part in wave), "hex")
