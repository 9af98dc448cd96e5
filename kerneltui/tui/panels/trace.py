"""The last events."""

from __future__ import annotations

from typing import Any

from kerneltui.debugger.recorder import AFTER_TIME
from kerneltui.debugger.references import EventReference, LineReference
from kerneltui.debugger.trace import RawEvent
from kerneltui.debugger.views import MachineView
from kerneltui.tui.panels.base import Panel
from kerneltui.tui.panels.fitting import fitted
from kerneltui.tui.panels.kinds import TRACE
from kerneltui.tui.widgets.lines import Line, plain

LINES_KEPT = 2_000
_LOOKS = (("IRQ taken", "strong"), ("FIQ taken", "strong"), ("SYNC taken", "alert"),
          ("tracepoint", "good"), ("line ", "strong"), ("unmodelled", "alert"), ("poke ", "alert"),
          ("split ", "alert"),
          ("INTR taken", "strong"), ("NMI taken", "strong"), ("FAULT taken", "alert"),
          ("eret", "strong"), ("iret", "strong"))  # fmt: skip


class TracePanel(Panel):
    """Instruction count, time in seconds, and what happened."""

    KIND = TRACE
    PARTS = frozenset({"trace", "events"})
    FOLLOW = True

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._known: dict[str, tuple[RawEvent, Line]] = {}

    @fitted
    def content(self, view: MachineView, width: int) -> list[Line]:
        """A line for each event."""
        known = self._known
        if len(known) > LINES_KEPT:
            known.clear()
        lines = []
        for text, event in zip(view.trace, view.events, strict=True):
            before = known.get(text)
            if before is None or before[0] is not event:
                before = known[text] = event, _line(text, event)
            lines.append(before[1])
        return lines or [plain("(reset)", "dim")]


def _line(text: str, event: RawEvent) -> Line:
    thing = EventReference(event)
    before, _, said = text.partition(AFTER_TIME)
    look, kind, name = _look(said), event[3], event[-1]
    if kind != "line":
        return plain(text, look, thing)
    return (f"{before}{AFTER_TIME}", look, thing), (said, look, LineReference(name))


def _look(text: str) -> str:
    said = text.partition("] ")[2] if text.startswith("[") else text
    return next((look for start, look in _LOOKS if said.startswith(start)), "text")
