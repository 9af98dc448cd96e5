"""How an AArch64 core at EL1 takes interrupts and exceptions.

Document: Arm Architecture Reference Manual for A-profile, DDI 0487, chapter D1.  Modelled: IRQ, FIQ
and synchronous exceptions from the current EL with SP_EL1, PSTATE.DAIF, and the vector table.
"""

from __future__ import annotations

from functools import cache
from typing import ClassVar

from msgspec.structs import replace

from kerneltui.hw.bus import AddressSpace
from kerneltui.hw.clock import Clock
from kerneltui.hw.line import Sink
from kerneltui.hw.register_file import RegisterFile
from kerneltui.hw.rule import Gate, Opens, Place, Rule
from kerneltui.machine.aarch64_registers import AARCH64, MASK_A, MASK_ALL, MASK_D, MASK_F, MASK_I
from kerneltui.machine.core import Costs, StopReason
from kerneltui.machine.instruction_core import InstructionCore
from kerneltui.machine.kernel_image import VECTORS_SIZE

EL1H = 0b0101
"""PSTATE.M for EL1 with SP_EL1."""
VECTOR_SYNC, VECTOR_IRQ, VECTOR_FIQ = 0x200, 0x280, 0x300
"""Offsets from VBAR_EL1 for exceptions from the current EL with SP_ELx (D1.3.1)."""

UNMASKED = {
    pin: Rule(
        f"{pin.upper()}s let in", Place("DAIF", letter),
        f"DAIF.{letter} to be 0: {{or_return}}MSR DAIFClr, #{bit}",
        "DDI 0487 D1.3.6", wants=0, says=f"the core masks {pin.upper()}s",
    )
    for pin, letter, bit in (("irq", "I", 2), ("fiq", "F", 1))
}  # fmt: skip


@cache
def _told_masks(daif: int) -> tuple[str, bool]:
    """Of the values that the four bits can have."""
    letters = zip("DAIF", (MASK_D, MASK_A, MASK_I, MASK_F), strict=True)
    text = "".join(letter if daif & bit else "·" for letter, bit in letters)
    return f"DAIF {text}", bool(daif & MASK_I)


class Aarch64Exceptions(InstructionCore):
    """The interrupt inputs, the masks, and the way into a handler and out of it."""

    TABLES = (AARCH64,)
    PINS: ClassVar = {"irq": MASK_I, "fiq": MASK_F}
    MASK_REGISTER = "DAIF"
    WAKES_FOR_MASKED = True

    def __init__(self, index: int, clock: Clock, memory: AddressSpace, costs: Costs) -> None:
        super().__init__(index, clock, memory, costs)
        self.regs = RegisterFile(
            self, AARCH64, cpus=1, changes={"MPIDR_EL1": {"reset": 1 << 31 | index}}
        )
        self._daif = self.regs.store("DAIF")
        self._spsr = self.regs.store("SPSR_EL1")
        self._elr = self.regs.store("ELR_EL1")
        self._vbar = self.regs.store("VBAR_EL1")
        self._returned = False

    # -- wires ------------------------------------------------------------------------------------

    def input(self, pin: str) -> Sink:
        """The end of a wire: ``irq`` or ``fiq``, both levels."""
        return self.set_irq if pin == "irq" else self.set_fiq

    def set_irq(self, level: bool) -> None:
        """The IRQ input."""
        self.inputs = self.inputs | MASK_I if level else self.inputs & ~MASK_I
        if level:
            self._interrupted()

    def set_fiq(self, level: bool) -> None:
        """The FIQ input."""
        self.inputs = self.inputs | MASK_F if level else self.inputs & ~MASK_F
        if level:
            self._interrupted()

    def peek_ISR_EL1(self, index: int, cpu: int) -> int:
        """The inputs' levels."""
        return self.inputs

    # -- state ------------------------------------------------------------------------------------

    def privilege(self) -> str:
        """EL1, always."""
        return "EL1"

    def why_synchronous(self) -> str:
        """As ESR_EL1 says."""
        from kerneltui.machine import syndromes  # most kernels never need it

        return syndromes.told(self.regs.store("ESR_EL1")[0])

    def masks(self) -> tuple[str, bool]:
        """DAIF: a letter where the mask bit is set."""
        return _told_masks(self._daif[0])

    @property
    def daif(self) -> int:
        """The mask bits of PSTATE, in DAIF's layout."""
        return self._daif[0]

    @property
    def return_address(self) -> int:
        """ELR_EL1."""
        return self._elr[0]

    # -- the rules --------------------------------------------------------------------------------

    def _has_vector(self, _cpu: int, vector: int) -> bool:
        return vector in self.image.vectors.get(self._vbar[0], ())

    def _no_fiq(self, _cpu: int, _number: int) -> bool:
        return not self.inputs & ~self._daif[0] & MASK_F

    AT_VECTOR: ClassVar = Rule(
        "code at the vector",
        Place("VBAR_EL1", "BASE"),
        "the address of a vector table, 2 KiB aligned, with code for this exception",
        "DDI 0487 D1.3.1, VBAR_EL1",
        test=_has_vector,
        says="there is no code at the exception's vector",
    )
    AFTER_FIQ: ClassVar = Rule(
        "no FIQ first",
        Place("ISR_EL1", "F"),
        "the FIQ that waits to be taken and served",
        "DDI 0487 D1.3.5",
        test=_no_fiq,
        says="a FIQ waits, which is taken first",
        opens=Opens.EVENT,
    )
    RULES: ClassVar = {
        "irq": (UNMASKED["irq"], AT_VECTOR, AFTER_FIQ),
        "fiq": (UNMASKED["fiq"], AT_VECTOR),
    }  # fmt: skip

    def gates(self, pin: str, vector: int | None = None) -> list[Gate]:
        """The conditions for taking an ``irq`` or ``fiq``; :meth:`_sample` applies the masks."""
        gates = self._judged(self.RULES[pin], VECTOR_IRQ if pin == "irq" else VECTOR_FIQ)
        for place, gate in enumerate(gates):
            if gate.name == self.AT_VECTOR.name and not gate.open:
                gates[place] = told = self._not_at_vector(gate)
                if self.halt_reason:
                    also = f"; {told.says}" if told is not gate else ""
                    on = gates[0]
                    needs = f"{on.needs}, with {told.needs}"
                    gates[0] = replace(on, says=on.says + also, needs=needs)
        return gates

    def _not_at_vector(self, gate: Gate) -> Gate:
        """A table that is not aligned is looked for where it does not lie."""
        looked_at = self._vbar[0]
        ends = looked_at + VECTORS_SIZE
        at = next((at for at in self.image.vectors if looked_at < at < ends), None)
        if at is None:
            return gate
        return replace(
            gate,
            says=f"the vector table is at {at:#x}, but bits 10 to 0 of VBAR_EL1 are always 0, so "
            f"the core looks for it at {looked_at:#x}",
            needs="a vector table whose address is a multiple of 2 KiB (.balign 2048)",
        )

    # -- exceptions -------------------------------------------------------------------------------

    def _open(self) -> int:
        return ~self._daif[0]

    def _sample(self) -> None:
        # A loop, not recursion: a level that stays up is taken again after each return, and the
        # stack must not grow with it.
        while ready := self.inputs & ~self._daif[0]:
            if ready & MASK_F:
                self._take("fiq", VECTOR_FIQ)
            else:
                self._take("irq", VECTOR_IRQ)

    def _take(self, kind: str, vector: int, executed: int = 0) -> None:
        """Exception entry from the current EL (D1.3.1), the handler, and its return.

        The instruction returned to lies ``executed`` bytes on, where that which caused it is done.
        """
        if self.rest_after <= self.retired < self.stop_at and self.resume_point:
            self._look_for_rest()
        if self.retired >= self.stop_at:
            self._pause(kind, self._vbar[0] + vector)
            bit = MASK_F if kind == "fiq" else MASK_I
            if kind != "sync" and not self.inputs & ~self._daif[0] & bit:
                return  # the debugger has changed what was pending
        self._spsr[0] = self._daif[0] | EL1H
        self._elr[0] = self._program_counter() + executed
        self._daif[0] = MASK_ALL
        table = self.image.vectors.get(self._vbar[0])
        if table is None or vector not in table:
            place = f"{self._vbar[0] + vector:#x} (VBAR_EL1+{vector:#x})"
            self.halt(f"{kind} exception, but no code at {place}")
        if kind != "sync":
            self.interrupts_taken += 1
        self.depth += 1
        if self.observer is not None:
            self.observer.exception(self, kind, vector)
        self.retired += 1
        self._pass_time(self.clock.now + self.costs.exception_entry)
        if self.stop_on_interrupt and kind != "sync":
            self.request_stop(StopReason.INTERRUPT)
        self._returned = False
        table[vector]()
        if not self._returned:
            self.halt(f"the code at VBAR_EL1+{vector:#x} ended without ERET")
        self.depth -= 1
        if self.observer is not None:
            self.observer.activity(self)
        if self.depth < self.stop_below_depth:
            self.request_stop(StopReason.HANDLER_DONE)
