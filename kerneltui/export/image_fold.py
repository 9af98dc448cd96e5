"""The interrupts of an image of machine code, from what the hardware does: it tells of no handlers.

A handler lasts from when a core takes an interrupt to the return from that exception.  It is that
of the interrupt which is the most urgent one when it is taken; what else the same code serves
before it returns has none of its own.  Raised is when its line rose, or stayed high as the handler
before ended.
"""

from __future__ import annotations

from kerneltui.debugger.numbering import interrupt_label
from kerneltui.debugger.origins import Wiring, pending
from kerneltui.debugger.session import Session
from kerneltui.debugger.trace import RawEvent
from kerneltui.export.fold import Fold
from kerneltui.export.selection import Selection, irq_names
from kerneltui.export.teller import HandlerRun, RunTeller
from kerneltui.machine.instructions import EXTERNAL


class ImageFold(Fold):
    """As :class:`Fold`, which hears of handlers from the kernel."""

    def __init__(self, session: Session, teller: RunTeller, selection: Selection) -> None:
        super().__init__(session, teller, selection)
        self._wiring = Wiring(session.machine)
        self._rose: dict[str, int] = {}
        """since when lines have been asking, by name"""
        self._handlers: list[list[tuple[int, HandlerRun]]] = [[] for _ in session.machine.cores]
        """of each core those in progress, and how deep in exceptions it is in them"""

    def _line(self, event: RawEvent) -> None:
        super()._line(event)
        _, t, _, _, _, level, name = event
        if level:
            self._rose[name] = t

    def _lines_of(self, run: HandlerRun) -> list[str]:
        """Those that have risen, and lead to its interrupt."""
        known = run.controller, run.number
        ends = self._latencies.ends
        return [
            name for name in self._rose
            if any((where, number) == known for (where, number, _), _ in ends.get(name, ()))
        ]  # fmt: skip

    def _exception(self, event: RawEvent) -> None:
        super()._exception(event)
        _, t, index, kind, _, _, _ = event
        depth = self._session.machine.cores[index].depth
        self._end_from(t, index, depth)  # it has left them by other ways than a return
        if kind not in EXTERNAL:
            return
        origin = pending(self._session.machine, self._wiring, index, None)
        if origin is None:
            return
        run = HandlerRun(index, "", t, t)
        run.controller, run.number = origin.controller, origin.number
        run.label = interrupt_label(origin.numbering, origin.number)
        run.names = irq_names(origin.numbering, origin.number)
        run.raised_ns = min((self._rose[name] for name in self._lines_of(run)), default=None)
        self._handlers[index].append((depth, run))
        self._tell_run(t, run)

    def _return(self, event: RawEvent) -> None:
        super()._return(event)
        _, t, index, *_ = event
        self._end_from(t, index, self._session.machine.cores[index].depth)

    def _end_from(self, t: int, index: int, depth: int) -> None:
        """Handlers that are so deep, or deeper, are over."""
        handlers = self._handlers[index]
        while handlers and handlers[-1][0] >= depth:
            _, run = handlers.pop()
            self._end_run(t, run)
            for name in self._lines_of(run):
                del self._rose[name]
                if self._levels.get(name):
                    self._rose[name] = t
