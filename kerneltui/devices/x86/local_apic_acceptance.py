"""How a local APIC accepts interrupts, ranks them, and gives them to its core.

Document: Intel SDM, volume 3A, sections 10.5.3 and 10.6 to 10.9 (see
:mod:`kerneltui.devices.x86.local_apic`, which adds where interrupts come from locally).

It is one object in several classes, not a chip and its parts: each class hooks registers of the one
window, a window's hooks have one owner, and EOI and TPR are accesses of every interrupt.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar

import msgspec

from kerneltui.devices.x86.local_apic_registers import (
    BSP,
    CLASS_SHIFT,
    ENABLED,
    EXTINT,
    FIRST_LEGAL,
    GLOBAL_ENABLE,
    ILLEGAL_ADDRESS,
    INIT,
    LOCAL_APIC,
    LOCAL_APIC_MSR,
    NMI,
    RECEIVE_ILLEGAL_VECTOR,
    STARTUP,
    SUPPRESS_BROADCAST,
    TSC_DEADLINE,
    VECTOR,
)
from kerneltui.hw.clock import Clock
from kerneltui.hw.device import Entrance, InterruptController, Passage
from kerneltui.hw.register_file import RegisterFile
from kerneltui.hw.rule import Gate, Opens, Place, Rule, tests_of

VECTORS = 256
CLASS = LOCAL_APIC["TPR"]["CLASS"].mask
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


class Acceptance(InterruptController):
    """The request, service and trigger mode registers of all cores, and what moves them."""

    TABLES = (LOCAL_APIC, LOCAL_APIC_MSR)
    CAN_BE_RESET = True
    config: Config
    __slots__ = (
        "_base", "_extint", "_intr", "_irr", "_is_driven", "_isr", "_svr", "_tmr", "_tpr",
    )  # fmt: skip
    """What delivery asks: see :class:`~kerneltui.machine.hosted_core.HostedCore`."""

    def __init__(self, name: str, config: Config, clock: Clock, cpus: int) -> None:
        super().__init__(name, config, clock, cpus)
        self.regs = self._register_file()
        deadline = {"IA32_TSC_DEADLINE": {"count": int(config.tsc_deadline)}}
        self.msrs = self._file(LOCAL_APIC_MSR, deadline)
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
        self._is_driven = False
        """a person has driven an output since the last acknowledge"""
        self._extint = [0] * cpus
        self._waits = [False] * cpus

    def _register_file(self) -> RegisterFile:
        config = self.config
        register = LOCAL_APIC["APIC_VERSION"]
        last = (6 if config.cmci else 5) << register["MAX_LVT"].lsb
        directed = register["DIRECTED_EOI"].mask if config.directed_eoi else 0
        deadline = TSC_DEADLINE << LOCAL_APIC["LVT_TIMER"]["MODE"].lsb
        changes = {
            "APIC_VERSION": {"reset": config.version | last | directed},
            "SVR": {"implemented": -1 if config.directed_eoi else ~SUPPRESS_BROADCAST},
            "LVT_TIMER": {"implemented": -1 if config.tsc_deadline else ~deadline},
            "LVT_CMCI": {"implemented": -1 if config.cmci else 0},
        }
        return self._file(LOCAL_APIC, changes)

    @abstractmethod
    def _deliver_local(self, cpu: int, entry: str) -> None:
        """An event of the local vector table happens."""

    @abstractmethod
    def _pin_passages(self, pin: str, cpu: int) -> list[Passage]:
        """The ways of what comes in at a local pin and is no vector of its own."""

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
        self._tell_reset(cpu)
        for register in LOCAL_APIC.registers:
            if not register.kept_by_reset:
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

    def _is_highest(self, cpu: int, vector: int) -> bool:
        return self._irr[cpu].bit_length() - 1 <= vector

    def _no_external(self, cpu: int, vector: int) -> bool:
        return not self._extint[cpu]

    def _highest(self, cpu: int, vector: int) -> Place:
        return Place("IRR", each=1, of=max(self._irr[cpu].bit_length() - 1, vector))

    def _external_entry(self, cpu: int, vector: int) -> Place:
        pins = self._extint[cpu]
        return Place("LVT_LINT1" if pins & 2 and not pins & 1 else "LVT_LINT0", "DELIVERY_MODE")

    def _in_service(self, cpu: int, vector: int) -> Place:
        """The highest; its own bit where there is none.  PPR would not tell it from the task's."""
        serving = self._isr[cpu].bit_length() - 1
        return Place("ISR", each=1, of=vector if serving < 0 else serving)

    TURNED_ON = Rule(
        "globally enabled", Place("IA32_APIC_BASE", "EN"), "the APIC to be on", "SDM 3A 10.4.3",
        test=_is_on, wants=1, says="the local APIC is off altogether",
    )  # fmt: skip
    SWITCHED_ON = Rule(
        "software enabled", Place("SVR", "ENABLE"), "a one in SVR bit 8", "SDM 3A 10.4.7.2",
        test=_is_enabled, wants=1, says="the local APIC is not enabled by software",
    )  # fmt: skip
    REQUESTED = Rule(
        "requested", Place("IRR", each=1), "the vector to be accepted", "SDM 3A 10.8.4",
        test=_is_requested, opens=Opens.EVENT, says="the vector has not come to the local APIC",
    )  # fmt: skip
    SIGNALLING: ClassVar = (
        TURNED_ON,
        SWITCHED_ON,
        Rule("passes the TPR", Place("TPR", "CLASS"),
             "a TPR class below {priority} (0 lets all in); {ppr}", "SDM 3A 10.8.3.1",
             test=_above_task, wants=0,
             says="the task's priority lets through only classes above {task}, which are more "
                  "urgent, and its class is {priority}"),
        Rule("may pre-empt", _in_service,
             "interrupts of class {priority} and above in service to be ended; {ppr}",
             "SDM 3A 10.8.3.1", test=_above_service, opens=Opens.END, ends_by="EOI",
             says="its class {priority} is no more urgent than {serving}, which is in service"),
    )  # fmt: skip
    """Asked of the highest vector in the IRR: if that is held back, all are."""
    RANK: ClassVar = (
        Rule("comes first", _highest, "the higher vector {highest} to be taken first",
             "SDM 3A 10.8.4", test=_is_highest, opens=Opens.EVENT, chooses=True,
             says="vector {highest} is requested too, and comes first as it is higher"),
        Rule("no external interrupt first", _external_entry,
             "the ExtINT that waits, which passes by all priorities, to be taken first",
             "SDM 3A 10.8.4", test=_no_external, opens=Opens.EVENT, says="an ExtINT comes first"),
    )  # fmt: skip
    """Which of several the core takes: :meth:`take` looks for the highest, after ExtINT."""
    TESTS: ClassVar = tests_of(SIGNALLING)

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

    def output_driven(self) -> None:
        """A person drives an output: what is requested tells at the acknowledge."""
        self._is_driven = True

    def peek_PPR(self, index: int, cpu: int) -> int:
        """The higher class; what is in service has no sub-class (10.8.3.1)."""
        serving = self._isr[cpu].bit_length() - 1
        task = self._tpr[cpu]
        return serving & CLASS if serving >> CLASS_SHIFT > task >> CLASS_SHIFT else task

    def _cause_of_ppr(self, cpu: int) -> str:
        """Which of the two PPR shows, as a clause (10.8.3.1)."""
        serving, shown = self._isr[cpu].bit_length() - 1, self.peek_PPR(0, cpu)
        if serving < 0:
            return f"PPR is {shown:#04x} from TPR: nothing is in service"
        if serving >> CLASS_SHIFT > self._tpr[cpu] >> CLASS_SHIFT:
            return f"PPR is {shown:#04x} from vector {serving:#04x} in service"
        return f"PPR is {shown:#04x} from TPR: vector {serving:#04x} in service is no higher"

    def write_TPR(self, index: int, cpu: int, value: int) -> None:
        """Interrupts of classes up to the task's are held back (10.8.3.1)."""
        self._update(cpu)

    def passages(self, entrance: Entrance, cpu: int) -> list[Passage]:
        """A vector's way to INTR: all gates are open where the core takes it as the next one.

        A pin that is no vector of its own has its way in the local vector table.
        """
        if isinstance(entrance, str):
            return self._pin_passages(entrance, cpu)
        if not 0 <= entrance < VECTORS:
            raise ValueError(f"{self.name} has vectors 0 to {VECTORS - 1}")
        if entrance < FIRST_LEGAL:
            return [Passage(lambda: (self._illegal(entrance),))]
        rules = (self.REQUESTED, *self.SIGNALLING, *self.RANK)
        return [
            Passage(
                lambda: (self._gate(rule, entrance, cpu) for rule in rules), "intr", vector=entrance
            )
        ]

    @staticmethod
    def _illegal(vector: int) -> Gate:
        """Its way ends here, whatever the registers hold."""
        return Gate("vector is legal", False, "the vector", "", vector, "a vector of 16 to 255",
                    "SDM 3A 10.5.2", says="no local APIC accepts a vector below 16")  # fmt: skip

    def _gate(self, rule: Rule, number: int, cpu: int) -> Gate:
        """How a rule stands for a vector."""
        at = rule.at(self, cpu, number)
        file = self.msrs if at.register in LOCAL_APIC_MSR else self.regs
        highest, serving = (bits[cpu].bit_length() - 1 for bits in (self._irr, self._isr))
        return rule.gate(
            self, file, number, cpu, ends_with=0, chosen=highest == number,
            priority=f"{number >> CLASS_SHIFT:#x}", task=f"{self._tpr[cpu] >> CLASS_SHIFT:#x}",
            serving=f"{max(serving, 0) >> CLASS_SHIFT:#x}", highest=f"{max(highest, 0):#04x}",
            ppr=self._cause_of_ppr(cpu),
        )  # fmt: skip

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
        if self._is_driven:
            self._is_driven = False
            self._update(cpu)
        if not self._intr[cpu].level:
            spurious = self._svr[cpu] & VECTOR
            told = f"core {cpu} took the spurious vector: nothing was to be taken any more"
            self._remark("spurious", spurious, told)
            return spurious
        vector = self._irr[cpu].bit_length() - 1
        self._irr[cpu] &= ~(1 << vector)
        self._isr[cpu] |= 1 << vector
        self._update(cpu)
        return vector

    def write_EOI(self, index: int, cpu: int, value: int) -> None:
        """End the highest in service; of a level interrupt I/O APICs are told (10.8.5)."""
        vector = self._isr[cpu].bit_length() - 1
        if vector < 0:
            told = f"core {cpu} wrote EOI with no interrupt in service"
            self._remark("misuse", self._svr[cpu] & VECTOR, told)
            return
        self._isr[cpu] &= ~(1 << vector)
        if self._tmr[cpu] >> vector & 1 and not self._svr[cpu] & SUPPRESS_BROADCAST:
            for listener in self.eoi_listeners:
                listener(vector)
        self._end_local(cpu, vector)
        self._update(cpu)

    # -- acceptance ---------------------------------------------------------------------------

    ACCEPTING: ClassVar = (TURNED_ON, SWITCHED_ON)
    """Otherwise an interrupt finds nobody."""
    ACCEPTING_TESTS: ClassVar = tests_of(ACCEPTING)

    def _accept(self, cpu: int, vector: int, *, level: bool) -> bool:
        """A fixed interrupt arrives: request it and note its trigger mode (10.8.4)."""
        for test in self.ACCEPTING_TESTS:
            if not test(self, cpu, vector):
                return False
        if vector < FIRST_LEGAL:
            self._error(cpu, RECEIVE_ILLEGAL_VECTOR)
            return False
        bit = 1 << vector
        if self.on_pending is not None:
            self._tell_pending(vector, cpu, self._irr[cpu] & bit != 0)
        if self._irr[cpu] & bit and not level:
            told = f"vector {vector:#04x} came again before core {cpu} took it: they are one"
            self._remark("lost", vector, told)
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
        before = self._errors[cpu]
        self._errors[cpu] |= error
        if not before:
            self._deliver_local(cpu, "LVT_ERROR")

    def write_ESR(self, index: int, cpu: int, value: int) -> None:
        """Show the errors since the last write, and none before it (10.5.3)."""
        self._esr[cpu] = self._errors[cpu]
        self._errors[cpu] = 0

    def undeclared(self, table: str, offset: int, cpu: int) -> None:
        """An access where the window is reserved is an error (10.5.3)."""
        if table == LOCAL_APIC.name and self.regs.slot_at(offset & ~0xF) is None:
            self._error(cpu, ILLEGAL_ADDRESS)
