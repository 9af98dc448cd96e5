"""Who executed an instruction that the trace tells of: the trace itself does not know.

The scout runs the stretch of the past with that instruction again, and looks at who has called it.
"""

from __future__ import annotations

import sys

from kerneltui.debugger.ear import place_in_kernel
from kerneltui.debugger.history import History
from kerneltui.debugger.onlooker import Indifferent
from kerneltui.debugger.trace import RawEvent
from kerneltui.machine.core import Core
from kerneltui.machine.instructions import INSTRUCTIONS
from kerneltui.machine.kernel_image import SourceFrame
from kerneltui.machine.position import Position


class _Witness(Indifferent):
    """Sees one instruction executed."""

    def __init__(self, event: RawEvent) -> None:
        step, _, core, kind, target, value, _ = event
        self._sought = core, step, kind, target, value
        self.found: SourceFrame | None = None

    def instruction(self, core: Core, kind: str, target: int, value: int) -> None:
        """See :class:`Observer`."""
        if (core.index, core.retired, kind, target, value) == self._sought:
            inner, caller = place_in_kernel(sys._getframe(1))  # noqa: SLF001 - the documented way
            self.found = caller or inner


def doer_of(history: History, event: RawEvent) -> SourceFrame | None:
    """The line of the kernel that an instruction stands in, in the function that wanted it.

    None for events that are no instructions, for code that is none of the kernel's, and where the
    machine does not do the same again.
    """
    step, t_ns, core, kind, *_ = event
    known = INSTRUCTIONS.get(kind)
    if known is None or known.is_exception:
        return None
    after = Position(-1, t_ns, False, core, step + 1)
    until = history.here if step >= history.machine.cores[core].retired - 1 else after
    scout = history.scout
    scout.load(history.checkpoint_before(until))
    witness = _Witness(event)
    scout.machine.observe(witness)
    try:
        scout.run(to=until)
    finally:
        scout.machine.observe(None)
    return witness.found
