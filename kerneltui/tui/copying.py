"""Copies for other programs: what the terminal takes to its clipboard, and a file beside that.

Whether a terminal does what OSC 52 asks for, it does not say.  So each copy is in a file as well.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from kerneltui.statefolder import state_folder, tilde
from kerneltui.tui.panels import Panel
from kerneltui.tui.widgets.lines import whole_text
from kerneltui.units import format_time

if TYPE_CHECKING:
    from kerneltui.debugger.session import Session

FILE = "copied.txt"
LONGEST_SHOWN = 60


def panel_text(panel: Panel, session: Session) -> str:
    """All lines of a panel, below what it is and when."""
    setup = session.setup
    at = format_time(session.machine.now)
    heading = f"{panel.KIND.title}: {setup.board.name}, {setup.shown_name}, t {at} s"
    lines = [whole_text(line).rstrip() for line in panel.lines]
    while lines and not lines[-1]:
        del lines[-1]
    return "\n".join([heading, "", *lines, ""])


def keep_copy(text: str) -> str:
    """Write it to the file; answers how that is called, empty where it cannot be written."""
    path = state_folder() / FILE
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return tilde(path)
    return ""


def told(what: str, kept: str) -> str:
    """What was copied, and where it is."""
    shown = what if len(what) <= LONGEST_SHOWN else f"{what[: LONGEST_SHOWN - 1]}…"
    where = f" It is also in {kept}." if kept else ""
    return f"Copied: {shown}{'' if shown.endswith('.') else '.'}{where}"
