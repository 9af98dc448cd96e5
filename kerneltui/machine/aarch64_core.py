"""An AArch64 core at EL1: system registers and the exception model.

Document: Arm Architecture Reference Manual for A-profile, DDI 0487, chapters C5 (system registers)
and D1 (exceptions).  Modelled: PSTATE.DAIF, EL1 with SP_EL1, SPSR_EL1, ELR_EL1, ESR_EL1, FAR_EL1,
VBAR_EL1, ISR_EL1, MPIDR_EL1, CurrentEL; IRQ, FIQ and synchronous exceptions from the current EL;
WFI; SVC.  General registers hold what system calls put there.  Not modelled: other exception
levels, the MMU, SError.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from msgspec.structs import replace

from kerneltui.hw.bus import AddressSpace, BusFault, Target
from kerneltui.hw.clock import Clock
from kerneltui.hw.line import Sink
from kerneltui.hw.register import RO, SYSTEM_REGISTERS, Field, Register, RegisterTable
from kerneltui.hw.register_file import Port, RegisterFile
from kerneltui.hw.rule import Gate, Opens, Place, Rule
from kerneltui.machine.core import CoreState, Costs, StopReason
from kerneltui.machine.instruction_core import InstructionCore
from kerneltui.machine.kernel_image import INSTRUCTION_BYTES, VECTORS_SIZE

MASK_D, MASK_A, MASK_I, MASK_F = 1 << 9, 1 << 8, 1 << 7, 1 << 6
MASK_ALL = MASK_D | MASK_A | MASK_I | MASK_F
"""The mask bits of PSTATE, where DAIF and SPSR_EL1 hold them; also the interrupt inputs' bits."""
EL1H = 0b0101
"""PSTATE.M for EL1 with SP_EL1."""
WORD = 8
"""bytes of a system register"""
VECTOR_SYNC, VECTOR_IRQ, VECTOR_FIQ = 0x200, 0x280, 0x300
"""Offsets from VBAR_EL1 for exceptions from the current EL with SP_ELx (D1.3.1)."""
HIGHER_LEVELS = (4, 5, 6, 7)
"""op1 of registers that are UNDEFINED at EL1 (C5.1.3)."""
EC_UNDEFINED, EC_SVC, EC_DATA_ABORT_SAME_EL = 0x00, 0x15, 0x25
DFSC_EXTERNAL = 0x10


def _system(op1: int, crn: int, crm: int, op2: int) -> int:
    return 3 << 14 | op1 << 11 | crn << 7 | crm << 3 | op2


def _flags(doc: str) -> tuple[Field, ...]:
    return tuple(
        Field(name, bit, 1, doc=f"{doc} {what}")
        for name, bit, what in (
            ("D", 9, "debug exceptions"), ("A", 8, "SError"), ("I", 7, "IRQ"), ("F", 6, "FIQ"),
        )
    )  # fmt: skip


AARCH64 = RegisterTable(
    __name__,
    "AARCH64",
    "AArch64 core",
    size=0x1_0000,
    space=SYSTEM_REGISTERS,
    byte_addressed=False,
    ref="Arm DDI 0487, C5.2 and D19.2",
    registers=(
        Register("CurrentEL", _system(0, 4, 2, 2), (Field("EL", 2, 2, RO, "Exception level"),),
                 "The current exception level", "C5.2.1", 64, reset=1 << 2),
        Register("DAIF", _system(3, 4, 2, 1), _flags("masks"),
                 "Interrupt mask bits of PSTATE", "C5.2.2", 64, reset=MASK_ALL),
        Register("SPSR_EL1", _system(0, 4, 0, 0), (*_flags("masked"),
                 Field("M", 0, 4, doc="EL and stack pointer")),
                 "PSTATE of what the exception interrupted", "C5.2.19", 64),
        Register("ELR_EL1", _system(0, 4, 0, 1), (Field("ADDR", 0, 64, doc="Return address"),),
                 "Where the exception returns to", "C5.2.7", 64),
        Register("ESR_EL1", _system(0, 5, 2, 0), (Field("EC", 26, 6, doc="Exception class"),
                 Field("IL", 25, doc="32-bit instruction"), Field("ISS", 0, 25, doc="Syndrome")),
                 "Why a synchronous exception was taken", "D19.2.37", 64),
        Register("FAR_EL1", _system(0, 6, 0, 0), (Field("ADDR", 0, 64, doc="Faulting address"),),
                 "The address that faulted", "D19.2.40", 64),
        Register("VBAR_EL1", _system(0, 12, 0, 0), (Field("BASE", 11, 53, doc="Vector base"),),
                 "Base of the exception vectors, 2 KiB aligned", "D19.2.153", 64),
        Register("ISR_EL1", _system(0, 12, 1, 0), (Field("A", 8, 1, RO),
                 Field("I", 7, 1, RO, "IRQ pending"), Field("F", 6, 1, RO, "FIQ pending")),
                 "Interrupts that wait at the core", "D19.2.61", 64),
        Register("MPIDR_EL1", _system(0, 0, 0, 5), (Field("Aff0", 0, 8, RO, "Core number"),
                 Field("RES1", 31, 1, RO)),
                 "Which core this is", "D19.2.98", 64),
    ),
)  # fmt: skip


UNMASKED = {
    pin: Rule(
        f"{pin.upper()}s unmasked", Place("DAIF", letter),
        f"PSTATE.{letter} to be 0: the handler to return (ERET), or MSR DAIFClr",
        "DDI 0487 D1.3.6", wants=0, says=f"PSTATE masks {pin.upper()}s",
    )
    for pin, letter in (("irq", "I"), ("fiq", "F"))
}  # fmt: skip


class Aarch64Core(InstructionCore):
    """One core; ``input(bit)`` takes the wires of its interrupt controller."""

    TABLES = (AARCH64,)
    TRANSIENT = InstructionCore.TRANSIENT | {"_routes", "_sysports"}
    LOAD, STORE, WAIT = "ldr", "str", "wfi"
    PINS: ClassVar = {"irq": MASK_I, "fiq": MASK_F}
    MASK_REGISTER = "DAIF"
    CALL_REGISTERS = ("x8", "x0", "x1")

    def __init__(
        self,
        index: int,
        clock: Clock,
        memory: AddressSpace,
        sysregs: AddressSpace,
        costs: Costs,
    ) -> None:
        super().__init__(index, clock, memory, costs)
        self.sysregs = sysregs
        self._sysreg_ns = costs.sysreg
        self.regs = RegisterFile(
            self, AARCH64, cpus=1, changes={"MPIDR_EL1": {"reset": 1 << 31 | index}}
        )
        self._daif = self.regs.store("DAIF")
        self._spsr = self.regs.store("SPSR_EL1")
        self._elr = self.regs.store("ELR_EL1")
        self._vbar = self.regs.store("VBAR_EL1")
        self._returned = False
        self.registers: dict[str, int] = {}
        self.release_address: int | None = None
        """where the firmware, in which a core is parked after reset, looks for its entry"""

    def _detach(self) -> None:
        super()._detach()
        self._routes: dict[int, tuple[Target, int]] = {}
        self._sysports: dict[int, Port] = {}

    def _route(self, encoding: int) -> tuple[Target, int]:
        """Which file serves a system register, and where in it; remembered.

        The core's own registers come first: a device's window may span their encodings.
        """
        if self.regs.slot_at(encoding) is not None:
            found: tuple[Target, int] = self.regs, encoding
        else:
            # The window of a device spans encodings that are not its own.
            file, place = self.sysregs.resolve(encoding)
            declared = isinstance(file, RegisterFile) and file.slot_at(place) is not None
            if not declared or encoding >> 11 & 7 in HIGHER_LEVELS:
                raise BusFault(self.sysregs.name, encoding)
            found = file, place
        self._routes[encoding] = found
        if isinstance(found[0], RegisterFile):
            port = found[0].port_at(found[1], WORD)
            if port is not None:
                self._sysports[encoding] = port
        return found

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

    def privilege(self) -> str:
        """EL1, always."""
        return "EL1"

    def masks(self) -> tuple[str, bool]:
        """DAIF: a letter where the mask bit is set."""
        daif = self._daif[0]
        letters = zip("DAIF", (MASK_D, MASK_A, MASK_I, MASK_F), strict=True)
        text = "".join(letter if daif & bit else "·" for letter, bit in letters)
        return f"DAIF {text}", bool(daif & MASK_I)

    @property
    def daif(self) -> int:
        """The mask bits of PSTATE, in DAIF's layout."""
        return self._daif[0]

    @property
    def return_address(self) -> int:
        """ELR_EL1."""
        return self._elr[0]

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

    def poke_target(self, space: AddressSpace, address: int, value: int) -> tuple[Target, int]:
        if space is self.sysregs:
            return self._routes.get(address) or self._route(address)
        return space.resolve(address)

    def poke_register(self, address: int, value: int) -> None:
        self.regs.write(address, value, WORD)

    # -- exceptions -------------------------------------------------------------------------------

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
        if self.retired >= self.rest_after and self.resume_point:
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

    def _fault(self, fault: BusFault, size: int) -> int:
        """A synchronous external abort (D1.3, D19.2.37): nothing answered at the address."""
        undefined = fault.space == self.sysregs.name
        exception_class = EC_UNDEFINED if undefined else EC_DATA_ABORT_SAME_EL
        syndrome = exception_class << 26 | 1 << 25 | (0 if undefined else DFSC_EXTERNAL)
        self.regs.store("ESR_EL1")[0] = syndrome
        self.regs.store("FAR_EL1")[0] = 0 if undefined else fault.address
        self._take("sync", VECTOR_SYNC)
        return 0

    # -- instructions -----------------------------------------------------------------------------

    def read_sysreg(self, encoding: int) -> int:
        """MRS.  ``encoding`` is op0:op1:CRn:CRm:op2, as in the instruction."""
        if self.retired >= self.stop_at:
            self._pause("mrs", encoding, 0, 8)
        port = self._sysports.get(encoding)
        if port is not None:
            value = port.read(port.index, self.index)
        else:
            try:
                file, place = self._routes.get(encoding) or self._route(encoding)
                value = file.read(place, WORD, self.index)
            except BusFault as fault:
                value = self._fault(fault, WORD)
        if self.observer is not None:
            self.observer.instruction(self, "mrs", encoding, value)
        # As in _retire, without the call: most instructions end here.
        self.retired += 1
        clock = self.clock
        now = clock.now + self._sysreg_ns
        if now < clock.next_due and now < self._limit:
            clock.now = now
        else:
            self._pass_time(now)
        if self.inputs:
            self._sample()
        return value

    def write_sysreg(self, encoding: int, value: int) -> None:
        """MSR (register)."""
        if self.retired >= self.stop_at:
            self._pause("msr", encoding, value, 8)
        if self.observer is not None:
            self.observer.instruction(self, "msr", encoding, value)
        port = self._sysports.get(encoding)
        if port is not None:
            port.store(value, self.index)
        else:
            try:
                file, place = self._routes.get(encoding) or self._route(encoding)
                file.write(place, value, WORD, self.index)
            except BusFault as fault:
                self._fault(fault, WORD)
        # As in _retire, without the call: most instructions end here.
        self.retired += 1
        clock = self.clock
        now = clock.now + self._sysreg_ns
        if now < clock.next_due and now < self._limit:
            clock.now = now
        else:
            self._pass_time(now)
        if self.inputs:
            self._sample()

    def mask(self, bits: int) -> None:
        """MSR DAIFSet: ``bits`` are D=8, A=4, I=2, F=1."""
        if self.retired >= self.stop_at:
            self._pause("daifset", value=bits)
        if self.observer is not None:
            self.observer.instruction(self, "daifset", 0, bits)
        self._daif[0] |= bits << 6
        self._retire(self._sysreg_ns)

    def unmask(self, bits: int) -> None:
        """MSR DAIFClr: ``bits`` are D=8, A=4, I=2, F=1."""
        if self.retired >= self.stop_at:
            self._pause("daifclr", value=bits)
        if self.observer is not None:
            self.observer.instruction(self, "daifclr", 0, bits)
        self._daif[0] &= ~(bits << 6)
        self._retire(self._sysreg_ns)

    def send_event(self) -> None:
        """SEV: parked cores look whether they are released (the firmware's spin table)."""
        if self.retired >= self.stop_at:
            self._pause("sev")
        if self.observer is not None:
            self.observer.instruction(self, "sev", 0, 0)
        for core in self.turns.cores:
            if isinstance(core, Aarch64Core):
                core.look_for_release()
        self._retire(self._sysreg_ns)

    def look_for_release(self) -> None:
        """A parked core leaves WFE and begins at the address that stands in its spin table."""
        if self.state is CoreState.OFF and self.release_address is not None:
            address = self.memory.read(self.release_address, 8)
            if address:
                self._start_at(address)

    def supervisor_call(self, immediate: int = 0) -> None:
        """SVC: a synchronous exception, which no mask keeps out; ``immediate`` is of 16 bits.

        At EL1 it is taken to EL1 itself and returns to the next instruction (D1.3.1, C6.2.364).
        """
        if self.retired >= self.stop_at:
            self._pause("svc", immediate)
        if self.observer is not None:
            self.observer.instruction(self, "svc", 0, immediate)
        self.regs.store("ESR_EL1")[0] = EC_SVC << 26 | 1 << 25 | immediate
        self._take("sync", VECTOR_SYNC, INSTRUCTION_BYTES)
        if self.inputs:
            self._sample()

    def save_context(self) -> dict[str, int]:
        """What entry code pushes: general registers and the way back.

        The kernel spends the time for it in :meth:`compute`; so does :meth:`restore_context`.
        """
        return {**self.registers, "ELR_EL1": self._elr[0], "SPSR_EL1": self._spsr[0]}

    def restore_context(self, context: Mapping[str, int]) -> None:
        """What entry code pops."""
        self.registers = dict(context)
        self._elr[0] = self.registers.pop("ELR_EL1")
        self._spsr[0] = self.registers.pop("SPSR_EL1")

    def return_from_exception(self) -> None:
        """ERET: PSTATE from SPSR_EL1; the vector's code must end with it."""
        if self.retired >= self.stop_at:
            self._pause("eret", self._elr[0])
        if self.observer is not None:
            self.observer.instruction(self, "eret", self._elr[0], self._spsr[0])
        self._daif[0] = self._spsr[0] & MASK_ALL
        self._returned = True
        # Not sampled here but after the handler's frame is gone: see _sample.
        self.retired += 1
        self._pass_time(self.clock.now + self.costs.exception_return)

    def place_vectors(
        self, table: Mapping[int, Callable[[], None]], align: int = VECTORS_SIZE
    ) -> int:
        """Link a vector table into the image; returns its address for VBAR_EL1.

        Where it is not on a boundary of 2 KiB, VBAR_EL1 cannot hold that: its bits 10:0 are RES0.
        """
        return self.image.place_vectors(table, align)

    def replace_vector(self, offset: int, entry: Callable[[], None]) -> Callable[[], None]:
        """Link other code into the table that VBAR_EL1 points to; answers what was there."""
        table = self.image.vectors[self._vbar[0]]
        before, table[offset] = table[offset], entry
        return before
