"""How GTKWave is to arrange the waves of a run: its save file."""

from __future__ import annotations

from io import StringIO
from math import log2

from vcd.gtkw import GTKWSave

ORDER = ("Core", "Interrupts", "Timeouts", "Lines", "Serial line", "Registers")
"""Groups by the beginnings of their names, from above."""
NAMES_WIDTH, WINDOW = 260, (1400, 900)
WAVES_WIDTH = 1000
"""Pixels beside the names."""
FIRST = ("doing", "task", "handler", "asleep", "masked", "armed")
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
    save.zoom_markers(-log2(max(until_ns - from_ns, WAVES_WIDTH) / WAVES_WIDTH))
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
    return next((n for n, name in enumerate(FIRST) if wave.endswith(f"_{name}")), len(FIRST))


def _shown(wave: str) -> str:
    return next((kind for part, kind in reversed(SHOWN.items()) if part in wave), "hex")
