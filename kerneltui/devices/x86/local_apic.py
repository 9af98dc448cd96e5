"""Local APICs of all cores of a PC, in xAPIC mode.

Document: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 3A (order number
253668), chapter "Advanced Programmable Interrupt Controller (APIC)"; sections are cited with the
numbers of chapter 10 (11 and 12 in later issues).

Modelled: every register of the memory-mapped window, which each core finds its own behind;
acceptance, priorities, taking and ending of interrupts; software and global disable; the local
vector table with the pins LINT0 and LINT1; the three modes of the timer; messages from other
local APICs and from I/O APICs, to physical and logical (flat and cluster) destinations; errors.

Not modelled: x2APIC mode, the focus processor and remote reads (gone since the Pentium 4), APIC bus
arbitration and so APR, and the relocation of the window.  Messages take no time.  Lines say whether
a pin is *active*: polarity bits are kept and change nothing.

Where the manual leaves a choice: of the cores that a lowest priority message names, the one of
lowest processor priority gets it, of equal ones the lowest; PPR shows the task's sub-class when
both classes are equal; a software-disabled APIC signals nothing that it still holds; a change of
the timer's mode disarms it in every case, and leaves the initial count readable.

``outputs["nmi"]`` pulses: each rising edge is an NMI.  ``signal(cpu, mode, vector)``, once set, is
told of SMI, INIT and start-up; the latter only while a core waits for it.  ``external()``, once
set, is the second half of an INTA cycle for ExtINT: the 8259 answers with its vector.
"""

from __future__ import annotations

from functools import partial
from itertools import chain

from kerneltui.devices.x86.local_apic_acceptance import (
    VECTORS,
    Config,
)
from kerneltui.devices.x86.local_apic_entries import LINTS, LVT, PINS, Entries
from kerneltui.devices.x86.local_apic_registers import (
    BSP,
    CLASS_SHIFT,
    ENABLED,
    FIXED,
    GLOBAL_ENABLE,
    ID_SHIFT,
    ILLEGAL_ADDRESS,
    LOCAL_APIC,
    MASKED,
    VECTOR,
    delivery_mode,
)
from kerneltui.devices.x86.local_apic_view import LocalApicView, local_apic_view
from kerneltui.hw.clock import Clock
from kerneltui.hw.device import (
    ComparatorState,
    CounterState,
    InterruptState,
    TimerDevice,
)
from kerneltui.hw.hooks import shared_hook, variant_hook
from kerneltui.hw.line import Sink

__all__ = ["Config", "LocalApic"]

MESSAGE = "message"
"""The source of a vector that is no local one."""
TIMER_MODE = LOCAL_APIC["LVT_TIMER"]["MODE"]
PLAIN_ENTRIES = ("LVT_THERMAL", "LVT_PMI", "LVT_ERROR")
"""Entries of which a store does nothing more than change them."""


class LocalApic(Entries, TimerDevice):
    """All cores' APICs; inputs ``lint0 lint1 cmci thermal performance``, outputs ``intr nmi``."""

    COMPATIBLE = "intel,local-apic"
    NUMBERING = "vector"
    ACKNOWLEDGED = "by the core, as it takes the interrupt"
    HIGH_WINS = True
    TAKES_MESSAGES = True
    COUNTERS_BY_CORE = True
    CONFIG = Config
    PICTURES = (LocalApicView,)

    def __init__(self, name: str, config: Config, clock: Clock, cpus: int = 1) -> None:
        super().__init__(name, config, clock, cpus)
        self.reset()

    def reset(self) -> None:
        """Power-on state (10.4.7.1): core 0 is the bootstrap processor, the others wait."""
        for file in self.files.values():
            file.reset()
        self._base[0] |= BSP
        ids = self.regs.store("APIC_ID")
        for cpu in range(self.cpus):
            ids[cpu] = cpu << ID_SHIFT
            self._reset_core(cpu)
            self._waits[cpu] = cpu != 0
        self._is_off = [False] * self.cpus

    def _reset_local(self, cpu: int) -> None:
        self._timers[cpu].reset()
        for pin in LINTS:
            self._sample(cpu, pin)

    # -- pins and the local vector table ------------------------------------------------------

    def input(self, pin: str, number: int = 0, cpu: int = 0) -> Sink:
        if pin not in PINS or number or not 0 <= cpu < self.cpus:
            raise ValueError(
                f"{self.name} ({self.COMPATIBLE}) has no input {pin!r} {number} of core {cpu}: "
                f"only {', '.join(PINS)} of cores 0-{self.cpus - 1}"
            )
        return partial(self._set_pin, pin, cpu)

    def _set_pin(self, pin: str, cpu: int, level: bool) -> None:
        rises = level and not self._active[pin] >> cpu & 1
        self._active[pin] = self._active[pin] & ~(1 << cpu) | level << cpu
        if pin in LINTS:
            if rises and not self._base[cpu] & GLOBAL_ENABLE and pin == "lint1":
                self._pulse_nmi(cpu)
            self._sample(cpu, pin, rises=rises)
        elif rises:
            self._deliver_local(cpu, PINS[pin])

    def _write_entry(self, cpu: int, entry: str) -> None:
        """While the APIC is software disabled all entries stay masked (10.4.7.2)."""
        if not self._svr[cpu] & ENABLED:
            self._lvt[entry][cpu] |= MASKED

    def write_SVR(self, index: int, cpu: int, value: int) -> None:
        """A software disable masks all local interrupts, and holds what is requested (10.4.7.2).

        The APIC accepts nothing meanwhile.
        """
        if not value & ENABLED:
            for entry in self._lvt.values():
                entry[cpu] |= MASKED
            self._configure_timer(cpu)
            for pin in LINTS:
                self._sample(cpu, pin)
        self._update(cpu)
        self._tell_ready()

    @shared_hook("write", "APIC_ID", "LDR", "DFR")
    def _address_written(self, index: int, cpu: int, value: int) -> None:
        """Other messages are meant for it now (10.6.2.1, 10.6.2.2)."""
        self._tell_ready()

    @variant_hook("write", [PINS[pin] for pin in LINTS])
    def _lint_written(self, which: int, index: int, cpu: int, value: int) -> None:
        """A level that is up acts at once; an edge that was masked has gone by."""
        self._write_entry(cpu, PINS[LINTS[which]])
        self._sample(cpu, LINTS[which])

    @variant_hook("write", PLAIN_ENTRIES)
    def _entry_written(self, which: int, index: int, cpu: int, value: int) -> None:
        self._write_entry(cpu, PLAIN_ENTRIES[which])

    def write_LVT_CMCI(self, index: int, cpu: int, value: int) -> None:
        """Without CMCI the address is reserved (10.5.1)."""
        if self.config.cmci:
            self._write_entry(cpu, "LVT_CMCI")
        else:
            self._error(cpu, ILLEGAL_ADDRESS)

    def read_LVT_CMCI(self, index: int, cpu: int) -> int:
        """As for a write."""
        if self.config.cmci:
            return self._lvt["LVT_CMCI"][cpu]
        self._error(cpu, ILLEGAL_ADDRESS)
        return 0

    # -- timer and model-specific registers -----------------------------------------------------

    def _configure_timer(self, cpu: int) -> None:
        entry = self._lvt["LVT_TIMER"][cpu]
        self._timers[cpu].configure(TIMER_MODE.extract(entry), masked=entry & MASKED != 0)

    def write_LVT_TIMER(self, index: int, cpu: int, value: int) -> None:
        """Mode and mask act at once (10.5.4)."""
        self._write_entry(cpu, "LVT_TIMER")
        self._configure_timer(cpu)

    def peek_INIT_COUNT(self, index: int, cpu: int) -> int:
        return self._timers[cpu].initial

    def write_INIT_COUNT(self, index: int, cpu: int, value: int) -> None:
        """Count-down restarts (10.5.4)."""
        self._timers[cpu].load(value)

    def peek_CUR_COUNT(self, index: int, cpu: int) -> int:
        """Always 0 in TSC-deadline mode (10.5.4.1)."""
        return self._timers[cpu].count()

    def write_DIV_CONF(self, index: int, cpu: int, value: int) -> None:
        """The count goes on from where it is."""
        self._timers[cpu].divide(value)

    def peek_IA32_TSC_DEADLINE(self, index: int, cpu: int) -> int:
        """Zero once the interrupt was generated, and in the other modes (10.5.4.1)."""
        return self._timers[cpu].deadline

    def write_IA32_TSC_DEADLINE(self, index: int, cpu: int, value: int) -> None:
        """A deadline that has passed interrupts at once (10.5.4.1)."""
        self._timers[cpu].set_deadline(value)

    def write_IA32_APIC_BASE(self, index: int, cpu: int, value: int) -> None:
        """Off means as if there were no APIC; it comes back as after INIT (10.4.3).

        That the core finds nothing at the page, and no APIC in CPUID, is the core's own business.
        """
        is_off = not value & GLOBAL_ENABLE
        if is_off or self._is_off[cpu]:
            self._reset_core(cpu)
        self._is_off[cpu] = is_off
        for pin in LINTS:
            self._sample(cpu, pin)
        self._tell_ready()

    def enter_deep_idle(self, cpu: int, *, timer_stops: bool, tsc_stops: bool) -> None:
        """A core's clocks stand still; which ones, its features decide (CPUID.06H:EAX[2])."""
        self._timers[cpu].stop_clock(timer_stops=timer_stops, tsc_stops=tsc_stops)

    def leave_deep_idle(self, cpu: int, tsc_lost_ns: int) -> None:
        """They go on; the core's time-stamp counter has lost so much since power-on."""
        self._timers[cpu].start_clock(tsc_lost_ns)

    def shift_tsc(self, cpu: int, offset: int) -> None:
        """A core's time-stamp counter was written: it is so far ahead of one that never was."""
        self._timers[cpu].shift_tsc(offset)

    def comparators(self, cpu: int) -> list[ComparatorState]:
        return [self._timers[cpu].comparator()]

    def counters(self, cpu: int) -> list[CounterState]:
        return self._timers[cpu].counters()

    def pictures(self) -> list[LocalApicView]:
        """One for each core, started or not."""
        msrs = self.files["LOCAL_APIC_MSR"]
        return [local_apic_view(self.regs, msrs, cpu) for cpu in range(self.cpus)]

    def message(self, number: int, cpu: int) -> InterruptState:
        """Its number is a vector, whose upper four bits are its priority (SDM 3A 10.8.3)."""
        return InterruptState(
            number=number,
            source=MESSAGE,
            line=None,
            enabled=True,
            pending=False,
            active=False,
            priority=number >> CLASS_SHIFT,
            targets=(cpu,),
            trigger="edge",
            is_message=True,
        )

    # -- explanation --------------------------------------------------------------------------

    def interrupts(self, cpu: int) -> list[InterruptState]:
        """The vectors that the local vector table names, and those that messages have brought."""
        named: dict[int, list[str]] = {}
        for source, entry in LVT.items():
            value = self._lvt[entry][cpu]
            if delivery_mode(value) == FIXED and value & VECTOR:
                named.setdefault(value & VECTOR, []).append(source)
        arrived = self._irr[cpu] | self._isr[cpu] | self._tmr[cpu]
        seen = (number for number in range(VECTORS) if arrived >> number & 1)
        return [
            self._state(number, cpu, named.get(number, []))
            for number in sorted({*chain(named, seen)})
        ]

    def _state(self, number: int, cpu: int, sources: list[str]) -> InterruptState:
        pins = [source for source in sources if source in PINS]
        enabled = self._svr[cpu] & ENABLED != 0
        if sources:
            enabled = any(not self._lvt[LVT[source]][cpu] & MASKED for source in sources)
        return InterruptState(
            number=number,
            source=f"LVT {' '.join(sources)}" if sources else MESSAGE,
            line=any(self._active[pin] >> cpu & 1 for pin in pins) if pins else None,
            enabled=enabled,
            pending=self._is_requested(cpu, number),
            active=self._isr[cpu] >> number & 1 != 0,
            priority=number >> CLASS_SHIFT,
            targets=(cpu,),
            trigger="level" if self._tmr[cpu] >> number & 1 else "edge",
            pin=pins[0] if pins else "",
            is_message=not sources,
        )
