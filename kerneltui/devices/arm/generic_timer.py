"""The Generic Timer in AArch64 state: system counter and four timers for each core.

Document: Arm Architecture Reference Manual, DDI 0487, chapter D11 (D12 in later issues), "The
Generic Timer in AArch64 state", and the section "Generic Timer registers", cited by register name;
the Armv8.0 registers, as in Cortex-A53 and Cortex-A72.  Modelled: the counter, the virtual offset,
the EL1 physical, EL1 virtual, EL2 physical and EL3 (secure) physical timers with their three views
and their output lines.  Not modelled: the event stream (CNTKCTL_EL1 and CNTHCTL_EL2, fields EVNT*),
and traps: the access controls are kept and read back, but whether an access is allowed is the
core's business.

The counter is one for all cores and starts at 0 with virtual time; CNTFRQ_EL0 only *tells* its
rate, so writing it changes nothing.  A timer's condition is ``counter >= CVAL``, unsigned and of
64 bits; CNTx_TVAL is a signed view of 32 bits, relative to the counter.  The output is a level:
ENABLE, not IMASK, and the condition.  With ENABLE 0, ISTATUS and TVAL are UNKNOWN in the manual;
here ISTATUS then reads 0 and TVAL goes on counting down, as in QEMU.

A register's address is its packed encoding (:func:`sysreg`) less :data:`SYSREG_BASE`.  The window
spans all encodings between the first and the last, so other system registers lie inside it: a core
must serve its own ones (DAIF, NZCV, TPIDR_EL0) before it asks the system-register space.
"""

from __future__ import annotations

from functools import partial
from typing import ClassVar

import msgspec

from kerneltui.hw.clock import NEVER, NS_PER_S, Clock, ns_to_ticks, ticks_to_ns
from kerneltui.hw.device import Cause, ComparatorState, CounterState, TimerDevice
from kerneltui.hw.hooks import variant_hook
from kerneltui.hw.register import (
    RO,
    SYSTEM_REGISTERS,
    TAG,
    Field,
    Register,
    RegisterTable,
    Role,
    WriteRole,
)
from kerneltui.hw.rule import Locate, Opens, Place, Rule, required

COUNTER_BITS = 64
WRAP = 1 << COUNTER_BITS
COUNTER_MASK = WRAP - 1


def sysreg(op0: int, op1: int, crn: int, crm: int, op2: int) -> int:
    """The packed encoding of ``S<op0>_<op1>_C<crn>_C<crm>_<op2>``, as in an MRS instruction."""
    return op0 << 14 | op1 << 11 | crn << 7 | crm << 3 | op2


SYSREG_BASE = sysreg(3, 0, 14, 0, 0)
"""Where the block's window begins in the space of system registers."""


def _place(op1: int, crm: int, op2: int) -> int:
    return sysreg(3, op1, 14, crm, op2) - SYSREG_BASE


class TimerVariant(msgspec.Struct, frozen=True):
    """One of a core's timers: its names, and where its registers are (op1 and CRm)."""

    name: str
    level: str
    op1: int
    crm: int
    what: str
    output: str

    def register(self, view: str) -> str:
        """The name of one of its registers: TVAL, CTL or CVAL."""
        return f"{self.name}_{view}_{self.level}"


TIMERS = (
    TimerVariant("CNTP", "EL0", 3, 2, "EL1 physical timer", "cntpnsirq"),
    TimerVariant("CNTV", "EL0", 3, 3, "EL1 virtual timer", "cntvirq"),
    TimerVariant("CNTHP", "EL2", 4, 2, "EL2 physical timer", "cnthpirq"),
    TimerVariant("CNTPS", "EL1", 7, 2, "EL3 (secure) physical timer", "cntpsirq"),
)
PHYSICAL, VIRTUAL, HYP, SECURE = range(len(TIMERS))
TVALS, CTLS, CVALS = (
    tuple(timer.register(view) for timer in TIMERS) for view in ("TVAL", "CTL", "CVAL")
)


def _registers(which: int) -> tuple[Register, ...]:
    """The three registers of one timer (TVAL, CTL and CVAL at op2 0, 1 and 2)."""
    timer = TIMERS[which]
    views = (
        (TVALS, "time to go, signed; a write sets CVAL to counter + value",
         (Field("TimerValue", 0, 32, doc="CVAL - counter"),), (WriteRole(Role.ARM),)),
        (CTLS, "control",
         (Field("ENABLE", 0, doc="Timer enabled"),
          Field("IMASK", 1, doc="Output masked"),
          Field("ISTATUS", 2, 1, RO, "Condition met; reads 0 while ENABLE is 0")),
         (WriteRole(Role.QUIET, "ENABLE", 0), WriteRole(Role.QUIET, "IMASK", 1),
          WriteRole(Role.ARM))),
        (CVALS, "the condition is counter >= CompareValue",
         (Field("CompareValue", 0, 64, doc="Compare value"),), (WriteRole(Role.ARM),)),
    )  # fmt: skip
    return tuple(
        Register(
            names[which],
            _place(timer.op1, timer.crm, op2),
            fields,
            doc=f"{timer.what}: {doc}",
            ref=f"DDI 0487 {names[which]}",
            width=64,
            banked=True,
            volatile=names is TVALS,
            writes=(CVALS[which],) if names is TVALS else (),
            changed_by=CVALS[which] if names is CTLS else "",
            roles_of_write=roles,
        )
        for op2, (names, doc, fields, roles) in enumerate(views)
    )


GENERIC_TIMER = RegisterTable(
    __name__,
    "GENERIC_TIMER",
    "Arm Generic Timer",
    size=_place(7, 2, 2) + 1,
    space=SYSTEM_REGISTERS,
    ref='Arm ARM DDI 0487, ch. D11 and "Generic Timer registers"',
    byte_addressed=False,
    base=SYSREG_BASE,
    registers=(
        Register(
            "CNTKCTL_EL1", _place(0, 1, 0),
            (
                Field("EL0PCTEN", 0, doc="EL0 may read CNTPCT_EL0 and CNTFRQ_EL0"),
                Field("EL0VCTEN", 1, doc="EL0 may read CNTVCT_EL0 and CNTFRQ_EL0"),
                Field("EVNTEN", 2, 1, TAG, "Event stream from the virtual counter"),
                Field("EVNTDIR", 3, 1, TAG, "Transition that makes an event"),
                Field("EVNTI", 4, 4, TAG, "Counter bit that makes events"),
                Field("EL0VTEN", 8, doc="EL0 may use the virtual timer"),
                Field("EL0PTEN", 9, doc="EL0 may use the physical timer"),
            ),
            "Access from EL0, and the event stream", "DDI 0487 CNTKCTL_EL1", width=64, banked=True,
        ),
        Register("CNTFRQ_EL0", _place(3, 0, 0), (Field("ClockFreq", 0, 32, doc="Rate in Hz"),),
                 "The counter's rate, as firmware tells it; changes nothing in hardware",
                 "DDI 0487 CNTFRQ_EL0", width=64, banked=True),
        Register("CNTPCT_EL0", _place(3, 0, 1), (Field("PhysicalCount", 0, 64, RO, "Counter"),),
                 "The system counter", "DDI 0487 CNTPCT_EL0", width=64, banked=True, volatile=True),
        Register("CNTVCT_EL0", _place(3, 0, 2), (Field("VirtualCount", 0, 64, RO, "Counter"),),
                 "The system counter less CNTVOFF_EL2", "DDI 0487 CNTVCT_EL0",
                 width=64, banked=True, volatile=True, changed_by="CNTVOFF_EL2"),
        *_registers(PHYSICAL),
        *_registers(VIRTUAL),
        Register("CNTVOFF_EL2", _place(4, 0, 3), (Field("VOffset", 0, 64, doc="Offset"),),
                 "What the virtual counter lags behind", "DDI 0487 CNTVOFF_EL2",
                 width=64, banked=True),
        Register(
            "CNTHCTL_EL2", _place(4, 1, 0),
            (
                Field("EL1PCTEN", 0, doc="EL1 may read CNTPCT_EL0"),
                Field("EL1PCEN", 1, doc="EL1 may use the physical timer"),
                Field("EVNTEN", 2, 1, TAG, "Event stream from the physical counter"),
                Field("EVNTDIR", 3, 1, TAG, "Transition that makes an event"),
                Field("EVNTI", 4, 4, TAG, "Counter bit that makes events"),
            ),
            "Access from EL1, and the event stream", "DDI 0487 CNTHCTL_EL2",
            width=64, banked=True, reset=3,
        ),
        *_registers(HYP),
        *_registers(SECURE),
    ),
)  # fmt: skip

ENABLE, IMASK, ISTATUS = GENERIC_TIMER["CNTP_CTL_EL0"].masks("ENABLE", "IMASK", "ISTATUS")
"""The same bits in the control register of each timer."""


def _in_control(field: str) -> Locate:
    return lambda _owner, _cpu, which: Place(CTLS[which], field)


SWITCHES = (
    Rule("enabled", _in_control("ENABLE"), "ENABLE to be 1", "DDI 0487 CNTP_CTL_EL0",
         wants=1, says="the timer is switched off"),
    Rule("let through", _in_control("IMASK"), "IMASK to be 0",
         "DDI 0487 CNTP_CTL_EL0", wants=0, says="the timer masks its output"),
)  # fmt: skip
"""Without these the output is low, whatever the counter shows."""
CARED_FOR, WANTED = required(GENERIC_TIMER["CNTP_CTL_EL0"], SWITCHES)


class Config(msgspec.Struct, frozen=True):
    """``frequency_hz``: the counter's rate, and what CNTFRQ_EL0 holds when the kernel starts."""

    frequency_hz: int

    def __post_init__(self) -> None:
        if not 1 <= self.frequency_hz < 1 << 32:
            raise ValueError(f"frequency_hz must be 1 to 4294967295, not {self.frequency_hz}")


class GenericTimer(TimerDevice):
    """The timers of all cores; outputs ``cntpsirq cntpnsirq cnthpirq cntvirq``, a line a core."""

    COMPATIBLE = "arm,armv8-timer"
    TABLES = (GENERIC_TIMER,)
    CONFIG = Config

    def __init__(self, name: str, config: Config, clock: Clock, cpus: int = 1) -> None:
        super().__init__(name, config, clock, cpus)
        self._hz = config.frequency_hz
        self.regs = self._file(GENERIC_TIMER, {"CNTFRQ_EL0": {"reset": config.frequency_hz}})
        self._offset = self.regs.store("CNTVOFF_EL2")
        self._control = [self.regs.store(name) for name in CTLS]
        self._compare = [self.regs.store(name) for name in CVALS]
        self._lines = [self._output(timer.output, cpus) for timer in TIMERS]
        self._deadlines = [
            [
                clock.deadline(f"{name}.{compare}[{cpu}]", partial(self._update, which, cpu))
                for cpu in range(cpus)
            ]
            for which, compare in enumerate(CVALS)
        ]
        self.reset()

    def reset(self) -> None:
        """All timers disabled, lines low (CNTP_CTL_EL0: ENABLE resets to 0)."""
        self.regs.reset()
        for which in range(len(TIMERS)):
            for cpu in range(self.cpus):
                self._update(which, cpu)

    def _count(self, which: int, cpu: int) -> int:
        """What timer ``which`` compares with: the virtual counter for the virtual timer."""
        count = self.clock.now * self._hz // NS_PER_S
        if which == VIRTUAL:
            count -= self._offset[cpu]
        return count & COUNTER_MASK

    def _is_met(self, cpu: int, which: int) -> bool:
        """Unsigned, of 64 bits (D11.2, "Operation of the CompareValue views")."""
        return self._count(which, cpu) >= self._compare[which][cpu]

    RULES: ClassVar = (
        *SWITCHES,
        Rule("time reached", lambda _owner, _cpu, which: Place(CVALS[which], "CompareValue"),
             "the counter to reach this value", "DDI 0487 CNTP_CVAL_EL0",
             test=_is_met, opens=Opens.EVENT,
             says="the counter has not reached the compare value"),
    )  # fmt: skip

    def _update(self, which: int, cpu: int) -> None:
        """Drive one timer's line and arm its next edge (D11.2, "Operation of the CompareValue
        views"): up when the counter reaches CVAL, down when the counter wraps.  While the output
        is disabled or masked no edge can come, so none is armed.
        """
        deadline, line = self._deadlines[which][cpu], self._lines[which][cpu]
        if self._control[which][cpu] & CARED_FOR != WANTED:
            if deadline.due != NEVER:
                deadline.cancel()
            if line.level:
                line.set(False)
            return
        hz = self._hz
        count = self.clock.now * hz // NS_PER_S
        shown = count if which != VIRTUAL else (count - self._offset[cpu]) & COUNTER_MASK
        compare = self._compare[which][cpu]
        met = shown >= compare
        edge = count - shown + (WRAP if met else compare)
        deadline.arm(-(-edge * NS_PER_S // hz))  # ticks_to_ns: this is the path of every re-arm
        if line.level is not met:
            line.set(met)

    def comparators(self, cpu: int) -> list[ComparatorState]:
        """The four timers, the one that operating systems at EL1 use first."""
        return [self._comparator(which, cpu) for which in range(len(TIMERS))]

    def counters(self, cpu: int) -> list[CounterState]:
        """The system counter, and the virtual one."""
        values = ("CNTPCT_EL0", self.peek_CNTPCT_EL0), ("CNTVCT_EL0", self.peek_CNTVCT_EL0)
        return [CounterState(name, peek(0, cpu), self._hz, COUNTER_BITS) for name, peek in values]

    def _comparator(self, which: int, cpu: int) -> ComparatorState:
        control = self._control_shown(which, 0, cpu)
        counter, compare = self._count(which, cpu), self._compare[which][cpu]
        ahead = compare - counter
        due_ns = None
        if control & ENABLE and ahead > 0:
            due_ns = ticks_to_ns(ns_to_ticks(self.clock.now, self._hz) + ahead, self._hz)
        return ComparatorState(
            name=CVALS[which],
            counter=counter,
            compare=compare,
            hz=self._hz,
            enabled=bool(control & ENABLE),
            masked=bool(control & IMASK),
            met=bool(control & ISTATUS),
            due_ns=due_ns,
        )

    def causes(self, output: str, cpu: int) -> list[Cause]:
        """Each output has a timer of its own."""
        which = next(n for n, timer in enumerate(TIMERS) if timer.output == output)
        due_ns = self._comparator(which, cpu).due_ns
        gates = (rule.gate(self, self.regs, which, cpu, due_ns=due_ns) for rule in self.RULES)
        return [Cause(f"the {TIMERS[which].what}", tuple(gates))]

    # -- registers ------------------------------------------------------------------------------

    def peek_CNTPCT_EL0(self, index: int, cpu: int) -> int:
        """The system counter."""
        return self.clock.now * self._hz // NS_PER_S & COUNTER_MASK

    def peek_CNTVCT_EL0(self, index: int, cpu: int) -> int:
        """The virtual counter."""
        return self._count(VIRTUAL, cpu)

    def write_CNTVOFF_EL2(self, index: int, cpu: int, value: int) -> None:
        """The virtual timer's condition moves with its counter."""
        self._update(VIRTUAL, cpu)

    @variant_hook("peek", TVALS)
    def _time_to_go(self, which: int, index: int, cpu: int) -> int:
        """The low 32 bits of CVAL less counter (D11.2, "Operation of the TimerValue views")."""
        return (self._compare[which][cpu] - self._count(which, cpu)) & 0xFFFF_FFFF

    @variant_hook("write", TVALS)
    def _time_to_go_written(self, which: int, index: int, cpu: int, value: int) -> None:
        """CVAL becomes counter + value, the value sign-extended from 32 bits (D11.2)."""
        signed = (value & 0x7FFF_FFFF) - (value & 0x8000_0000)
        self._compare[which][cpu] = (self._count(which, cpu) + signed) & COUNTER_MASK
        self._update(which, cpu)

    @variant_hook("peek", CTLS)
    def _control_shown(self, which: int, index: int, cpu: int) -> int:
        """ISTATUS is computed, not kept: it must be right with the output masked too."""
        control = self._control[which][cpu] & (ENABLE | IMASK)
        if control & ENABLE and self._count(which, cpu) >= self._compare[which][cpu]:
            return control | ISTATUS
        return control

    @variant_hook("write", CTLS, CVALS)
    def _timer_written(self, which: int, index: int, cpu: int, value: int) -> None:
        """Enables and the compare value act at once."""
        self._update(which, cpu)
