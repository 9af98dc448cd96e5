"""How an x86-64 core takes interrupts and exceptions.

Document: Intel SDM, volume 3A, chapter 6 (interrupt and exception handling; 6.14 for 64-bit mode).
Modelled: RFLAGS.IF, the IDT with its gates in memory, the interrupt frame on the stack in memory,
maskable interrupts with their INTA cycle, NMI and its blocking until IRET, and the shadow of STI.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from msgspec.structs import replace

from kerneltui.hw.bus import AddressSpace, BusFault
from kerneltui.hw.clock import Clock
from kerneltui.hw.line import Sink
from kerneltui.hw.register_file import RegisterFile
from kerneltui.hw.rule import Gate, Opens, Place, Rule, required
from kerneltui.machine import x86_gates
from kerneltui.machine.core import Costs, StopReason
from kerneltui.machine.instruction_core import InstructionCore
from kerneltui.machine.instructions import EXTERNAL
from kerneltui.machine.x86_registers import IF, X86_64

INTR, NMI = 1, 2
"""The interrupt inputs' bits."""
NMI_VECTOR = 2
KERNEL_CS, KERNEL_SS = 0x08, 0x10
"""The selectors of every frame."""
STACK_TOP, STACK_SIZE = 0x7_0000, 0x4000
"""Where core 0's stack begins, and how far below it that of the next core does."""
WORD, FRAME_SIZE = 8, 40
"""Bytes of a push, and of an interrupt frame."""

UNMASKED = Rule("INTR let in", Place("RFLAGS", "IF"),
                "RFLAGS.IF to be 1: {or_return}STI", "SDM 3A 6.8.1",
                wants=1, says="RFLAGS keeps interrupts out")  # fmt: skip
UNMASKED_BITS, UNMASKED_WANTED = required(X86_64["RFLAGS"], (UNMASKED,))


class X86Exceptions(InstructionCore):
    """The interrupt inputs, the masks, and the way through the IDT into a handler.

    ``acknowledge()`` is the INTA cycle: it answers the vector.
    """

    TABLES = (X86_64,)
    PINS: ClassVar = {"intr": INTR, "nmi": NMI}
    MASK_REGISTER = "RFLAGS"
    WAKES_FOR_MASKED = False

    def __init__(self, index: int, clock: Clock, memory: AddressSpace, costs: Costs) -> None:
        super().__init__(index, clock, memory, costs)
        self.acknowledge: Callable[[], int] | None = None
        self.regs = RegisterFile(self, X86_64, cpus=1)
        self._flags, self._rip = self.regs.store("RFLAGS"), self.regs.store("RIP")
        self._rsp = self.regs.store("RSP")
        self._idt, self._idt_limit = self.regs.store("IDTR_BASE"), self.regs.store("IDTR_LIMIT")
        self._reset()

    def _reset(self) -> None:
        self.regs.reset()
        self._rsp[0] = STACK_TOP - STACK_SIZE * self.index
        self.registers: dict[str, int] = {}
        self.inputs &= INTR
        self._nmi_blocked = False
        self._returned = False
        self._shadow_at = -1
        """how many instructions had retired at the end of the STI that last set IF"""

    # -- wires ------------------------------------------------------------------------------------

    def input(self, pin: str) -> Sink:
        """The end of a wire: ``intr`` is a level, ``nmi`` an edge."""
        return self.set_intr if pin == "intr" else self.set_nmi

    def set_intr(self, level: bool) -> None:
        """The INTR input."""
        self.inputs = self.inputs | INTR if level else self.inputs & ~INTR
        if level:
            self._interrupted()

    def set_nmi(self, level: bool) -> None:
        """The NMI input: an edge waits until it can be taken (6.7.1)."""
        if level:
            self.inputs |= NMI
            self._interrupted()

    # -- state ------------------------------------------------------------------------------------

    def privilege(self) -> str:
        """Ring 0, always."""
        return "ring 0"

    def masks(self) -> tuple[str, bool]:
        """RFLAGS.IF."""
        is_open = self._flags[0] & IF != 0
        return f"IF={int(is_open)}", not is_open

    @property
    def return_address(self) -> int:
        """Where the last interrupt came from."""
        return self._rip[0]

    # -- the rules --------------------------------------------------------------------------------

    def _is_within(self, cpu: int, vector: int) -> bool:
        return (vector + 1) * x86_gates.GATE_SIZE - 1 <= self._idt_limit[0]

    def _gate_of(self, vector: int) -> x86_gates.InterruptGate:
        place = self._idt[0] + vector * x86_gates.GATE_SIZE
        return x86_gates.decode(self._peek(place, x86_gates.GATE_SIZE))

    def _is_present(self, cpu: int, vector: int) -> bool:
        return self._gate_of(vector).is_present

    def _has_code(self, cpu: int, vector: int) -> bool:
        return self._gate_of(vector).address in self.image.entries

    TABLE: ClassVar = (
        Rule("within the IDT", Place("IDTR_LIMIT", "LIMIT"),
             "a table with a gate for vector {vector:#04x}: a limit of at least {end:#x}",
             "SDM 3A 6.10", test=_is_within,
             says="the interrupt descriptor table is too short for its vector"),
        Rule("gate present", Place("IDTR_BASE", "ADDR"),
             "bit 47 of the gate at {place:#x} in memory to be 1", "SDM 3A 6.14.1",
             test=_is_present, says="the gate of its vector is not present"),
        Rule("code at the gate", Place("IDTR_BASE", "ADDR"),
             "the address of entry code in the gate at {place:#x} in memory", "SDM 3A 6.14.1",
             test=_has_code, says="no code is at the address in its gate"),
    )  # fmt: skip
    """What a vector needs; without it the core shuts down as it takes the interrupt."""

    def gates(self, pin: str, vector: int | None = None) -> list[Gate]:
        """The conditions for taking what ``intr`` or ``nmi`` signals, and for entering a handler.

        Of the table only with a ``vector``; an NMI has its own.
        """
        if pin == "nmi":
            vector = NMI_VECTOR
        gates = self._judged((UNMASKED,) if pin == "intr" else (), 0)
        gates += [self._nmi_gate(pin), self._shadow_gate()]
        if vector is not None:
            gates += [self._table_gate(rule, vector) for rule in self.TABLE]
        return gates

    def _nmi_gate(self, pin: str) -> Gate:
        """No register shows whether an NMI waits, or is being handled."""
        if pin == "nmi":
            blocked = self._nmi_blocked
            return Gate("last NMI ended", not blocked, "NMI blocking", "", int(blocked),
                        "the NMI handler to return (IRET)", "SDM 3A 6.7.1", Opens.END,
                        ends_by="IRET")  # fmt: skip
        waits = self.inputs & self._open() & NMI != 0
        return Gate(
            "no NMI first",
            not waits,
            "NMI",
            "level",
            int(waits),
            "the NMI that waits to be taken and served",
            "SDM 3A 6.9",
            Opens.EVENT,
        )

    def _shadow_gate(self) -> Gate:
        """Nor the shadow of STI, which covers one instruction."""
        shadow = self._is_in_shadow()
        return Gate(
            "STI has taken effect",
            not shadow,
            "shadow of STI",
            "",
            int(shadow),
            "the instruction after STI to be executed",
            "SDM 2B STI",
            Opens.EVENT,
        )

    def _is_in_shadow(self) -> bool:
        return self.retired == self._shadow_at and not self.is_interruptible

    def _table_gate(self, rule: Rule, vector: int) -> Gate:
        """Of a gate, what memory holds: its bits, for which there is no register."""
        place = self._idt[0] + vector * x86_gates.GATE_SIZE
        end = (vector + 1) * x86_gates.GATE_SIZE - 1
        gate = rule.gate(self, self.regs, vector, 0, vector=vector, place=place, end=end)
        if rule.name == "within the IDT":
            return gate
        found, register = self._gate_of(vector), f"IDT gate {vector:#04x}"
        if rule.name == "gate present":
            return replace(
                gate, register=register, field="P", value=int(found.is_present), spot=None
            )
        return replace(gate, register=register, field="OFFSET", value=found.address, spot=None)

    # -- interrupts -------------------------------------------------------------------------------

    def _open(self) -> int:
        is_open = self._flags[0] & UNMASKED_BITS == UNMASKED_WANTED
        return NMI * (not self._nmi_blocked) | (INTR if is_open else 0)

    def _sample(self) -> None:
        # A loop, not recursion: a level that stays up is taken again after each return.
        while ready := self.inputs & self._open():
            kind = "nmi" if ready & NMI else "intr"
            if self.rest_after <= self.retired < self.stop_at and self.resume_point:
                self._look_for_rest()
            if self.retired >= self.stop_at:
                self._pause(kind)
                if not self.inputs & self._open() & ready:
                    continue  # the debugger has changed what was pending
            if kind == "nmi":
                self.inputs &= ~NMI
                self._nmi_blocked = True
                self._enter(kind, NMI_VECTOR)
            else:
                # Nobody answers on an open bus.
                self._enter(kind, self.acknowledge() if self.acknowledge is not None else 0xFF)

    def _enter(self, kind: str, vector: int, error_code: int | None = None) -> None:
        """Through the vector's gate: frame on the stack, IF by the gate, handler, IRET (6.14)."""
        self._rip[0] = self._program_counter()
        entry, clears_if = self._entry(vector)
        flags, stack = self._flags[0], self._rsp[0]
        # One store for the five words: SS, RSP, RFLAGS, CS and RIP, the last at the lowest address.
        frame = KERNEL_SS << 256 | stack << 192 | flags << 128 | KERNEL_CS << 64 | self._rip[0]
        self._rsp[0] = stack & ~0xF
        self._push(frame, FRAME_SIZE)
        if error_code is not None:
            self._push(error_code)
        if clears_if:
            self._flags[0] = flags & ~IF
        self.interrupts_taken += kind in EXTERNAL
        self.depth += 1
        if self.observer is not None:
            self.observer.exception(self, kind, vector)
        self.retired += 1
        self._pass_time(self.clock.now + self.costs.exception_entry)
        if self.stop_on_interrupt and kind in EXTERNAL:
            self.request_stop(StopReason.INTERRUPT)
        self._returned = False
        entry()
        if not self._returned:
            self.halt(f"the handler of vector {vector:#04x} ended without IRET")
        self.depth -= 1
        if self.observer is not None:
            self.observer.activity(self)
        if self.depth < self.stop_below_depth:
            self.request_stop(StopReason.HANDLER_DONE)

    def _entry(self, vector: int) -> tuple[Callable[[], None], bool]:
        """The code behind the vector's gate, and whether that clears IF; else a shutdown (6.14.1).

        A missing gate is a fault, whose own gate is missing too, and a third one ends it (6.15).
        """
        if not self._is_within(0, vector):
            self.halt(f"shutdown: vector {vector:#04x} is beyond the IDT (limit "
                      f"{self._idt_limit[0]:#x})")  # fmt: skip
        gate = self._gate_of(vector)
        entry = self.image.entries.get(gate.address)
        if not gate.is_present or entry is None:
            why = f"no code at {gate.address:#x}" if gate.is_present else "its gate is not present"
            self.halt(f"shutdown: interrupt with vector {vector:#04x}, but {why}")
        return entry, gate.clears_if

    def masks_on_entry(self, vector: int) -> bool:
        """An interrupt gate clears IF, a trap gate leaves it (6.12.1.3)."""
        return self._entry(vector)[1]

    def _peek(self, address: int, size: int) -> int:
        """The IDT or the stack, of which nothing may be there: all ones."""
        try:
            return self.memory.peek(address, size, self.index)
        except BusFault:
            return (1 << 8 * size) - 1

    def _push(self, value: int, size: int = WORD) -> None:
        self._rsp[0] -= size
        try:
            self.memory.write(self._rsp[0], value, size, self.index)
        except BusFault:
            return  # a stack where no memory is keeps nothing
