"""What goes wrong in a way that looks like a hang, recognised and said in words.

An exception whose vector raises it again, an instruction that faults for ever, an interrupt whose
handler does not quiet it, a jump to where nothing is, a loop that no interrupt can end.
"""

from __future__ import annotations

from kerneltui.machine.aarch64_registers import MASK_F, MASK_I
from kerneltui.machine.native import exceptions as ex
from kerneltui.machine.native import system_registers as sr
from kerneltui.machine.native.core_state import NativeCoreState
from kerneltui.machine.syndromes import CALLS, fault

VECTOR_BYTES = 0x80
AT_VECTOR = 8
"""So often in a row the code at a vector raises its exception again."""
AGAIN = 1_000
"""So often in a row one instruction faults, or an interrupt lets no instruction through."""
_NO_CODE = "nothing there can be executed"
JUMPS = {0x21: _NO_CODE, 0x22: "that is no multiple of 4"}
"""Exception classes of a jump to a wrong place, and what is wrong with it.

Not 0x20, from a lower level: that is how a kernel learns which pages of a program it has to load.
"""


class Troubles:
    """Of one core: its ``trouble`` is the last that was found."""

    def __init__(self) -> None:
        self._sync: tuple[int, int] = (-1, -1)
        self._syncs = 0
        self._at_vector = 0
        self._interrupted = -1
        self._interrupts = 0
        self._returned_at = -1

    def takes(self, core: NativeCoreState, kind: str, target: int) -> None:
        """An exception is about to be taken; ESR_ELx tells already why."""
        if kind == ex.SYNC:
            self._takes_sync(core, target)
        else:
            self._takes_interrupt(core, kind)

    def _takes_sync(self, core: NativeCoreState, target: int) -> None:
        pc, syndrome = core.engine.pc, core.engine.system(sr.ESR[target])
        exception_class = syndrome >> 26
        what = fault(syndrome)
        vectors = core.engine.system(sr.VBAR[target])
        place = pc - vectors
        if 0 <= place < 0x800 and exception_class not in CALLS and place & -VECTOR_BYTES in _SYNC:
            self._at_vector += 1
            if self._at_vector >= AT_VECTOR:
                offset = place & -VECTOR_BYTES
                lies = "" if core.word_at(vectors + offset) else ", where no code is,"
                first = f"; it began with {self._first}" if self._first else ""
                core.give_up(
                    f"exception storm: the vector VBAR_EL{target} + {offset:#x} = "
                    f"{vectors + offset:#x}{lies} raises the exception again, at "
                    f"{core.place(pc)}: {what}{first}"
                )
            return
        self._at_vector = 0
        if exception_class in JUMPS:
            self._say(
                core,
                f"jumped to {pc:#x}: {JUMPS[exception_class]}; X30 is "
                f"{core.place(core.engine.x(30))}",
            )
        self._first = f"{what}, at {core.place(pc)}"
        if exception_class in CALLS or (pc, syndrome) != self._sync:
            self._sync, self._syncs = (pc, syndrome), 0
            return
        self._syncs += 1
        if self._syncs >= AGAIN:
            core.give_up(
                f"exception storm: the instruction at {core.place(pc)} has raised the same "
                f"exception {AGAIN} times in a row: {what}"
            )

    _first = ""
    """what began it, in words"""

    def _takes_interrupt(self, core: NativeCoreState, kind: str) -> None:
        if core.retired != self._returned_at or core.engine.pc != self._interrupted:
            self._interrupted, self._interrupts = core.engine.pc, 0
            return
        self._interrupts += 1
        if self._interrupts == AGAIN:
            self._say(
                core, f"interrupt storm: {kind.upper()}s are taken one after the other, and the "
                f"code at {core.place(core.engine.pc)} does not get on: the handler does not quiet "
                "what has raised it"
            )  # fmt: skip

    def returns(self, core: NativeCoreState) -> None:
        """ERET was executed."""
        self._returned_at = core.retired

    def idles(self, core: NativeCoreState) -> None:
        """The core is in a loop that does nothing."""
        if core.index:
            return  # that is how others than the first are parked
        masks = core.engine.pstate & (MASK_I | MASK_F)
        if masks == MASK_I | MASK_F and not core.trouble:
            place = core.place(core.engine.pc)
            self._say(core, f"loops at {place} with all interrupts masked: nothing can end that")

    def _say(self, core: NativeCoreState, what: str) -> None:
        core.trouble = f"core {core.index} {what}" if not what.startswith("inter") else what
        if core.observer is not None:
            core.observer.unmodelled(core.trouble)


_SYNC = frozenset((0x000, 0x200, 0x400, 0x600))
"""Offsets of the vectors of synchronous exceptions."""
