"""How a local APIC accepts interrupts, ranks them, and gives them to its core.

Document: Intel SDM, volume 3A, sections 10.5.3 and 10.6 to 10.9 (see
:mod:`kerneltui.devices.x86.local_apic`, which adds where interrupts come from locally).

The two are one object in two classes, not a chip and its part: both hook registers of the one
window, a window's hooks have one owner, and EOI and TPR are accesses of every interrupt.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from functools import partial
from typing import ClassVar, NamedTuple

import msgspec

from kerneltui.devices.x86.local_apic_registers import (
    ASSERT,
    BSP,
    CLASS_SHIFT,
    ENABLED,
    EXTINT,
    FIXED,
    GLOBAL_ENABLE,
    ID_SHIFT,
    ILLEGAL_ADDRESS,
    INIT,
    LOCAL_APIC,
    LOCAL_APIC_MSR,
    LOWEST_PRIORITY,
    NMI,
    RECEIVE_ILLEGAL_VECTOR,
    SEND_ILLEGAL_VECTOR,
    STARTUP,
    SUPPRESS_BROADCAST,
    TSC_DEADLINE,
    VECTOR,
    delivery_mode,
)
from kerneltui.hw.clock import Clock
from kerneltui.hw.device import InterruptController
from kerneltui.hw.gate import Gate
from kerneltui.hw.register_file import RegisterFile

FIRST_LEGAL, VECTORS = 16, 256
CLASS = LOCAL_APIC["TPR"]["CLASS"].mask
LOGICAL_SHIFT, MODEL_SHIFT = LOCAL_APIC["LDR"]["LOGICAL_ID"].lsb, LOCAL_APIC["DFR"]["MODEL"].lsb
FLAT, CLUSTER = 0xF, 0x0
"""Models of logical destinations (10.6.2.2)."""
LOGICAL, ICR_LEVEL_TRIGGERED = LOCAL_APIC["ICR_LOW"].masks("DESTINATION_MODE", "TRIGGER")
SHORTHAND = LOCAL_APIC["ICR_LOW"]["SHORTHAND"]
DESTINATION_SHIFT = LOCAL_APIC["ICR_HIGH"]["DESTINATION"].lsb
BROADCAST = 0xFF
MESSAGE = 1 << 2
"""The source of an ExtINT that came as a message, beside the bits of LINT0 and LINT1."""


class Config(msgspec.Struct, frozen=True):
    """``timer_hz``: the timer's clock before the divider.  ``cmci``: LVT_CMCI exists.

    ``directed_eoi``: SVR can suppress EOI broadcasts.  ``tsc_deadline``: the timer has that mode,
    and its MSR.
    """

    timer_hz: int = 1_000_000_000
    tsc_hz: int = 1_000_000_000
    tsc_deadline: bool = True
    cmci: bool = True
    directed_eoi: bool = True
    version: int = 0x14

    def __post_init__(self) -> None:
        for name in ("timer_hz", "tsc_hz"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above 0, not {getattr(self, name)}")
        if not 0x10 <= self.version <= 0x15:
            raise ValueError(f"version must be 0x10 to 0x15, not {self.version:#x}")


class Rule(NamedTuple):
    """One condition on a vector's way to the core, and the register that shows it."""

    name: str
    test: Callable[[Acceptance, int, int], bool]
    register: str
    field: str
    needs: str
    ref: str


class Acceptance(InterruptController):
    """The request, service and trigger mode registers of all cores, and what moves them."""

    TABLES = (LOCAL_APIC, LOCAL_APIC_MSR)
    config: Config

    def __init__(self, name: str, config: Config, clock: Clock, cpus: int) -> None:
        super().__init__(name, config, clock, cpus)
        self.regs = self._register_file()
        deadline = {"count": 1 if config.tsc_deadline else 0}
        self.msrs = self._file(LOCAL_APIC_MSR, {"IA32_TSC_DEADLINE": deadline})
        store = self.regs.store
        self._tpr, self._svr, self._esr = store("TPR"), store("SVR"), store("ESR")
        self._isr, self._tmr, self._irr = store("ISR"), store("TMR"), store("IRR")
        self._base = self.msrs.store("IA32_APIC_BASE")
        self._intr, self._nmi = self._output("intr", cpus), self._output("nmi", cpus)
        self.eoi_listeners: list[Callable[[int], None]] = []
        self.ready_listeners: list[Callable[[], None]] = []
        self.signal: Callable[[int, int, int], None] | None = None
        self.external: Callable[[], int] | None = None
        self._errors = [0] * cpus
        self._extint = [0] * cpus
        self._waits = [False] * cpus

    def _register_file(self) -> RegisterFile:
        config = self.config
        register = LOCAL_APIC["APIC_VERSION"]
        last = (6 if config.cmci else 5) << register["MAX_LVT"].lsb
        directed = register["DIRECTED_EOI"].mask if config.directed_eoi else 0
        version = config.version | last | directed
        deadline = TSC_DEADLINE << LOCAL_APIC["LVT_TIMER"]["MODE"].lsb
        svr = -1 if config.directed_eoi else ~SUPPRESS_BROADCAST
        changes = {
            "APIC_VERSION": {"reset": version},
            "SVR": {"implemented": svr},
            "LVT_TIMER": {"implemented": -1 if config.tsc_deadline else ~deadline},
            "LVT_CMCI": {"implemented": -1 if config.cmci else 0},
        }
        return self._file(LOCAL_APIC, changes)

    @abstractmethod
    def _deliver_local(self, cpu: int, entry: str) -> None:
        """An event of the local vector table happens."""

    @abstractmethod
    def _end_local(self, cpu: int, vector: int) -> None:
        """An interrupt has ended that may have come from a level at a local pin."""

    @abstractmethod
    def _reset_local(self, cpu: int) -> None:
        """Stop the timer, look at the pins anew."""

    def _tell_ready(self) -> None:
        """A core may now accept a message that it would not accept before."""
        for listener in self.ready_listeners:
            listener()

    def _reset_core(self, cpu: int) -> None:
        """What INIT and a global disable do to one APIC: all but its ID (10.4.7.3)."""
        for register in LOCAL_APIC.registers:
            if register.name not in {"APIC_ID", "APIC_VERSION"}:
                self.regs.store(register.store_name)[cpu] = register.reset
        self._errors[cpu] = 0
        self._extint[cpu] = 0
        self._reset_local(cpu)
        self._update(cpu)

    # -- priorities ---------------------------------------------------------------------------

    def _is_on(self, cpu: int, vector: int) -> bool:
        return self._base[cpu] & GLOBAL_ENABLE != 0

    def _is_enabled(self, cpu: int, vector: int) -> bool:
        return self._svr[cpu] & ENABLED != 0

    def _is_requested(self, cpu: int, vector: int) -> bool:
        return self._irr[cpu] >> vector & 1 != 0

    def _above_task(self, cpu: int, vector: int) -> bool:
        return vector >> CLASS_SHIFT > self._tpr[cpu] >> CLASS_SHIFT

    def _above_service(self, cpu: int, vector: int) -> bool:
        """With nothing in service the comparison is with class -1."""
        return vector >> CLASS_SHIFT > (self._isr[cpu].bit_length() - 1) >> CLASS_SHIFT

    RULES: ClassVar = (
        Rule("requested", _is_requested, "IRR", "VECTORS", "the vector to be accepted", "10.8.4"),
        Rule("globally enabled", _is_on, "IA32_APIC_BASE", "EN", "the APIC to be on", "10.4.3"),
        Rule("software enabled", _is_enabled, "SVR", "ENABLE", "a one in SVR bit 8", "10.4.7.2"),
        Rule("above task priority", _above_task, "TPR", "CLASS",
             "a task priority class below {priority}", "10.8.3.1"),
        Rule("above what is in service", _above_service, "PPR", "CLASS",
             "interrupts of class {priority} and above in service to be ended", "10.8.3.1"),
    )  # fmt: skip
    TESTS: ClassVar = tuple(rule.test for rule in RULES[1:])
    """Of the highest vector in the IRR; that it is requested need not be asked."""

    def _update(self, cpu: int) -> None:
        """If the highest requested vector is held back, all are (10.8.3)."""
        high = self._extint[cpu] != 0
        vector = self._irr[cpu].bit_length() - 1
        if vector >= 0 and not high:
            for test in self.TESTS:
                if not test(self, cpu, vector):
                    break
            else:
                high = True
        if self._intr[cpu].level is not high:
            self._intr[cpu].set(high)

    def peek_PPR(self, index: int, cpu: int) -> int:
        """The higher class; what is in service has no sub-class (10.8.3.1)."""
        serving = self._isr[cpu].bit_length() - 1
        task = self._tpr[cpu]
        return serving & CLASS if serving >> CLASS_SHIFT > task >> CLASS_SHIFT else task

    def write_TPR(self, index: int, cpu: int, value: int) -> None:
        """Interrupts of classes up to the task's are held back (10.8.3.1)."""
        self._update(cpu)

    def gates(self, number: int, cpu: int) -> list[Gate]:
        """The rules for one vector: all open if it suffices, by itself, to raise INTR now."""
        if not 0 <= number < VECTORS:
            raise ValueError(f"{self.name} has vectors 0 to {VECTORS - 1}")
        return [self._gate(rule, number, cpu) for rule in self.RULES]

    def _gate(self, rule: Rule, number: int, cpu: int) -> Gate:
        """Read what decides from the register itself, so that the gate shows what software sees."""
        table = LOCAL_APIC_MSR if rule.register in LOCAL_APIC_MSR else self.regs.table
        register = table[rule.register]
        field = register[rule.field]
        element = number // 32 if register.count > 1 else 0
        offset = register.offset + element * register.stride
        value = field.extract(self.files[table.name].peek(offset, register.width // 8, cpu))
        name = field.name
        if register.count > 1:
            value, name = value >> number % 32 & 1, f"{name}[{number % 32}]"
        needs = rule.needs.format(priority=number >> CLASS_SHIFT)
        return Gate(
            rule.name,
            rule.test(self, cpu, number),
            register=register.label(element),
            field=name,
            value=value,
            needs=needs,
            ref=f"SDM 3A {rule.ref}",
            ends_by="EOI" if rule.register == "PPR" else "",
        )

    # -- taking and ending --------------------------------------------------------------------

    def take(self, cpu: int) -> int:
        """An INTA cycle: the core takes an interrupt, and this is its vector.

        ExtINT passes by the priorities (10.8.4).  When the interrupt that raised INTR is held back
        in the meantime, the core gets the spurious vector, and nothing is in service (10.9).
        """
        if self._extint[cpu]:
            self._extint[cpu] &= ~MESSAGE
            vector = self._svr[cpu] & VECTOR if self.external is None else self.external()
            self._update(cpu)
            return vector
        if not self._intr[cpu].level:
            return self._svr[cpu] & VECTOR
        vector = self._irr[cpu].bit_length() - 1
        self._irr[cpu] &= ~(1 << vector)
        self._isr[cpu] |= 1 << vector
        self._update(cpu)
        return vector

    def write_EOI(self, index: int, cpu: int, value: int) -> None:
        """End the highest in service; of a level interrupt I/O APICs are told (10.8.5)."""
        vector = self._isr[cpu].bit_length() - 1
        if vector < 0:
            return
        self._isr[cpu] &= ~(1 << vector)
        if self._tmr[cpu] >> vector & 1 and not self._svr[cpu] & SUPPRESS_BROADCAST:
            for listener in self.eoi_listeners:
                listener(vector)
        self._end_local(cpu, vector)
        self._update(cpu)

    # -- acceptance ---------------------------------------------------------------------------

    def _accept(self, cpu: int, vector: int, *, level: bool) -> bool:
        """A fixed interrupt arrives: request it and note its trigger mode (10.8.4)."""
        if not self._svr[cpu] & ENABLED or not self._base[cpu] & GLOBAL_ENABLE:
            return False
        if vector < FIRST_LEGAL:
            self._error(cpu, RECEIVE_ILLEGAL_VECTOR)
            return False
        bit = 1 << vector
        self._tell_pending(vector, cpu, self._irr[cpu] & bit != 0)
        self._irr[cpu] |= bit
        if level:
            self._tmr[cpu] |= bit
        else:
            self._tmr[cpu] &= ~bit
        self._update(cpu)
        return True

    def _accept_special(self, cpu: int, mode: int, vector: int) -> bool:
        """What passes by IRR and ISR, software enabled or not (10.4.7.2, 10.8.4)."""
        if not self._base[cpu] & GLOBAL_ENABLE:
            return False
        if mode == NMI:
            self._pulse_nmi(cpu)
        elif mode == EXTINT:
            self._extint[cpu] |= MESSAGE
            self._update(cpu)
        else:
            if mode == INIT:
                self._reset_core(cpu)
                self._waits[cpu] = not self._base[cpu] & BSP
            elif mode == STARTUP:
                if not self._waits[cpu]:
                    return False
                self._waits[cpu] = False
            if self.signal is not None:
                self.signal(cpu, mode, vector)
        return True

    def _pulse_nmi(self, cpu: int) -> None:
        self._nmi[cpu].set(True)
        self._nmi[cpu].set(False)

    def _error(self, cpu: int, error: int) -> None:
        """Only a write of the ESR re-arms the error interrupt (10.5.3)."""
        is_first = not self._errors[cpu]
        self._errors[cpu] |= error
        if is_first:
            self._deliver_local(cpu, "LVT_ERROR")

    def write_ESR(self, index: int, cpu: int, value: int) -> None:
        """Show the errors since the last write, and none before it (10.5.3)."""
        self._esr[cpu] = self._errors[cpu]
        self._errors[cpu] = 0

    def undeclared(self, table: str, offset: int, cpu: int) -> None:
        """An access where the window is reserved is an error (10.5.3)."""
        if table == LOCAL_APIC.name and self.regs.slot_at(offset & ~0xF) is None:
            self._error(cpu, ILLEGAL_ADDRESS)

    # -- messages -----------------------------------------------------------------------------

    def deliver(
        self, vector: int, mode: int, level_triggered: bool, destination: int, logical: bool
    ) -> bool:
        """A message from an I/O APIC, or a message-signalled interrupt; whether anyone accepts."""
        cpus = [cpu for cpu in range(self.cpus) if self.reaches(cpu, destination, logical)]
        return self._send(vector, mode, cpus, level=level_triggered)

    def reaches(self, cpu: int, destination: int, logical: bool) -> bool:
        """Whether a destination names a core's APIC, which is on (10.4.3, 10.6.2.1, 10.6.2.2)."""
        if not self._base[cpu] & GLOBAL_ENABLE:
            return False
        store = self.regs.store
        if not logical:
            return destination in {BROADCAST, store("APIC_ID")[cpu] >> ID_SHIFT}
        own = store("LDR")[cpu] >> LOGICAL_SHIFT
        model = store("DFR")[cpu] >> MODEL_SHIFT
        if model == FLAT:
            return destination & own != 0
        cluster = destination >> 4
        return model == CLUSTER and cluster in {0xF, own >> 4} and destination & own & 0xF != 0

    def _send(self, vector: int, mode: int, cpus: list[int], *, level: bool = False) -> bool:
        if mode == LOWEST_PRIORITY:
            able = [n for n in cpus if self._is_enabled(n, vector) and self._is_on(n, vector)]
            cpus = [min(able, key=partial(self.peek_PPR, 0))] if able else []
        accepted = False
        for cpu in cpus:
            if mode in {FIXED, LOWEST_PRIORITY}:
                accepted |= self._accept(cpu, vector, level=level)
            else:
                accepted |= self._accept_special(cpu, mode, vector)
        return accepted

    def write_ICR_LOW(self, index: int, cpu: int, value: int) -> None:
        """Send; all but INIT level de-assert, which does nothing, is an edge (10.6.1)."""
        vector, mode, shorthand = value & VECTOR, delivery_mode(value), SHORTHAND.extract(value)
        if mode == INIT and value & ICR_LEVEL_TRIGGERED and not value & ASSERT:
            return
        if mode in {FIXED, LOWEST_PRIORITY} and vector < FIRST_LEGAL:
            self._error(cpu, SEND_ILLEGAL_VECTOR)
        if shorthand == 0:
            destination = self.regs.store("ICR_HIGH")[cpu] >> DESTINATION_SHIFT
            logical = value & LOGICAL != 0
            self.deliver(
                vector, mode, level_triggered=False, destination=destination, logical=logical
            )
        elif shorthand == 1:
            self._send(vector, mode, [cpu])
        else:
            self._send(vector, mode, [n for n in range(self.cpus) if n != cpu or shorthand == 2])
