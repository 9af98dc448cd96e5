"""The last events."""

from __future__ import annotations

from functools import lru_cache

from kerneltui.debugger.trace import AFTER_TIME
from kerneltui.debugger.views import MachineView
from kerneltui.tui.panels.base import Panel
from kerneltui.tui.panels.fitting import fitted
from kerneltui.tui.widgets.line_view import Line, plain

_LOOKS = (("IRQ taken", "strong"), ("FIQ taken", "strong"), ("SYNC taken", "alert"),
          ("tracepoint", "good"), ("line ", "strong"), ("unmodelled", "alert"),
          ("INTR taken", "strong"), ("NMI taken", "strong"), ("FAULT taken", "alert"),
          ("eret", "strong"), ("iret", "strong"))  # fmt: skip


class TracePanel(Panel):
    """Instruction count, time in seconds, and what happened."""

    KEY = "6"
    TITLE = "Trace"
    SHORT = "Trace"
    PARTS = frozenset({"trace"})
    ABOUT = (
        "The last events: every access with its register and value, every edge of an interrupt "
        "line, exceptions taken, characters sent and received, and the kernel's tracepoints."
    )
    FOLLOW = True

    @fitted
    def content(self, view: MachineView, width: int) -> list[Line]:
        """A line for each event."""
        return [_line(text) for text in view.trace] or [plain("(reset)", "dim")]


@lru_cache(2_000)
def _line(text: str) -> Line:
    return plain(text, _look(text.partition(AFTER_TIME)[2]))


def _look(text: str) -> str:
    said = text.partition("] ")[2] if text.startswith("[") else text
    return next((look for start, look in _LOOKS if said.startswith(start)), "text")
