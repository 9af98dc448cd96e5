"""An AArch64 core at EL1: its instructions, and what answers to them.

How it takes interrupts is in :mod:`kerneltui.machine.aarch64_exceptions`.

Document: Arm Architecture Reference Manual for A-profile, DDI 0487, chapters C5 (system registers)
and C6 (instructions).  Modelled: MRS and MSR of the core's own registers and of its devices, WFI,
SVC, SEV, ERET.  General registers hold what system calls put there.  Not modelled: other exception
levels, the MMU, SError.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kerneltui.hw.bus import AddressSpace, BusFault, Target
from kerneltui.hw.clock import Clock
from kerneltui.hw.register_file import Port, RegisterFile
from kerneltui.machine.aarch64_exceptions import VECTOR_SYNC, Aarch64Exceptions
from kerneltui.machine.aarch64_registers import MASK_ALL
from kerneltui.machine.core import CoreState, Costs
from kerneltui.machine.instruction_core import misfit
from kerneltui.machine.kernel_image import INSTRUCTION_BYTES, VECTORS_SIZE
from kerneltui.machine.meter import DriverMistakeError

WORD = 8
"""bytes of a system register"""
HIGHER_LEVELS = (4, 5, 6, 7)
"""op1 of registers that are UNDEFINED at EL1 (C5.1.3)."""
EC_UNDEFINED, EC_SVC, EC_DATA_ABORT_SAME_EL = 0x00, 0x15, 0x25
DFSC_EXTERNAL = 0x10


class Aarch64Core(Aarch64Exceptions):
    """One core; ``input(pin)`` takes the wires of its interrupt controller."""

    TRANSIENT = Aarch64Exceptions.TRANSIENT | {"_routes", "_sysports"}
    LOAD, STORE, WAIT, RETURN = "ldr", "str", "wfi", "ERET"
    CALL_REGISTERS = ("x8", "x0", "x1")
    EXCEPTION_LEVEL = "EL1"

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
        self.registers: dict[str, int] = {}
        self.release_address: int | None = None
        """where the firmware, in which a core is parked after reset, looks for its entry"""

    # -- what answers -----------------------------------------------------------------------------

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
            port = found[0].port_at(found[1])
            if port is not None:
                self._sysports[encoding] = port
        return found

    def poke_target(self, space: AddressSpace, address: int, value: int) -> tuple[Target, int]:
        if space is self.sysregs:
            return self._routes.get(address) or self._route(address)
        return space.resolve(address)

    def poke_register(self, address: int, value: int) -> None:
        self.regs.write(address, value, WORD)

    def _unaligned(self, target: Target, what: str, address: int, size: int) -> None:
        """Device memory takes no such access: an alignment fault (Alignment of data accesses).

        Here it is told with the driver's line, which no syndrome names.
        """
        if isinstance(target, RegisterFile):
            raise DriverMistakeError(
                f"an unaligned {8 * size}-bit {what} at {address:#x}, an alignment fault: a "
                f"device's address is to be a multiple of {size}; use width 1 for one byte"
            )

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
        if value >> 64:
            misfit(value, WORD)
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
