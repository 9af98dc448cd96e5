"""The local vector table: what happens inside a core's local APIC, and at its pins.

Document: Intel SDM, volume 3A, sections 10.4.3, 10.5.1 and 10.5.3.  A part of the one object of
:mod:`kerneltui.devices.x86.local_apic`.  An entry passes by the same rules that explain it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, ClassVar

from kerneltui.devices.x86.local_apic_acceptance import Config
from kerneltui.devices.x86.local_apic_messages import Messages
from kerneltui.devices.x86.local_apic_registers import (
    DELIVERY_MODE,
    EXTINT,
    FIRST_LEGAL,
    FIXED,
    GLOBAL_ENABLE,
    LEVEL_TRIGGERED,
    LOCAL_APIC,
    LOCAL_APIC_MSR,
    MASKED,
    MODE_SHIFT,
    NMI,
    REMOTE_IRR,
    TSC_DEADLINE,
    VECTOR,
    delivery_mode,
)
from kerneltui.devices.x86.local_apic_timer import ApicTimer
from kerneltui.hw.clock import Clock
from kerneltui.hw.device import Cause, Entrance, Passage
from kerneltui.hw.rule import Gate, Locate, Opens, Place, Rule, required

PINS = {
    "lint0": "LVT_LINT0", "lint1": "LVT_LINT1", "cmci": "LVT_CMCI", "thermal": "LVT_THERMAL",
    "performance": "LVT_PMI",
}  # fmt: skip
LINTS = ("lint0", "lint1")
LVT = {"timer": "LVT_TIMER", **PINS, "error": "LVT_ERROR"}

ENTRIES = tuple(LVT.values())
CAUSES = {
    "timer": "the timer of the local APIC", "lint0": "the pin LINT0", "lint1": "the pin LINT1",
    "cmci": "a corrected machine check", "thermal": "the thermal sensor",
    "performance": "a performance counter", "error": "an error of the local APIC",
}  # fmt: skip
NMI_VECTOR = 2


def _in_entry(field: str) -> Locate:
    return lambda _owner, _cpu, which: Place(ENTRIES[which], field)


def _is_legal(owner: Entries, cpu: int, which: int) -> bool:
    return owner.vector_of(which, cpu) >= FIRST_LEGAL


UNMASKED = Rule("let through", _in_entry("MASK"), "a zero in bit 16 of {entry}", "SDM 3A 10.5.1",
                wants=0, says="its entry of the local vector table is masked")  # fmt: skip
LEGAL = Rule("vector is legal", _in_entry("VECTOR"), "a vector of 16 to 255 in {entry}",
             "SDM 3A 10.5.2", test=_is_legal,
             says="its entry names a vector below 16, which is illegal")  # fmt: skip
AS_EXTERNAL = Rule("as ExtINT", _in_entry("DELIVERY_MODE"), "delivery mode 7, ExtINT",
                   "SDM 3A 10.5.1", wants=EXTINT,
                    says="its entry does not pass ExtINT on")  # fmt: skip
AS_FIXED = Rule("as a vector", _in_entry("DELIVERY_MODE"), "delivery mode 0, fixed",
                "SDM 3A 10.5.1", wants=FIXED, says="its entry sends no vector")  # fmt: skip
PASSING = (UNMASKED, AS_EXTERNAL)
"""What lets the level of a LINT pin through to INTR."""
MASK_BITS, MASK_WANTED = required(LOCAL_APIC["LVT_LINT0"], (UNMASKED,))
PASSING_BITS, PASSING_WANTED = required(LOCAL_APIC["LVT_LINT0"], PASSING)


class Entries(Messages):
    """The entries of all cores, with the timer and the pins that raise them."""

    def __init__(self, name: str, config: Config, clock: Clock, cpus: int) -> None:
        super().__init__(name, config, clock, cpus)
        self._lvt = {entry: self.regs.store(entry) for entry in LVT.values()}
        self._lint0 = self._lvt["LVT_LINT0"]
        self._active: dict[str, int] = dict.fromkeys(PINS, 0)
        self._timers = [
            ApicTimer(
                clock,
                f"{name}[{cpu}]",
                hz=config.timer_hz,
                tsc_hz=config.tsc_hz,
                expired=partial(self._deliver_local, cpu, "LVT_TIMER"),
            )
            for cpu in range(cpus)
        ]

    def _sample(self, cpu: int, pin: str, *, rises: bool = False) -> None:
        """What a LINT pin does now: ExtINT is always a level, and fixed at LINT0 may be one
        (10.5.1).  Without an APIC the pins are INTR and NMI (10.4.3).
        """
        entry = self._lvt[PINS[pin]]
        mode = delivery_mode(entry[cpu])
        bit, active = 1 << LINTS.index(pin), self._active[pin] >> cpu & 1
        if not self._base[cpu] & GLOBAL_ENABLE:
            external = pin == "lint0"
        else:
            external = entry[cpu] & PASSING_BITS == PASSING_WANTED
        self._extint[cpu] = self._extint[cpu] & ~bit | (bit if active and external else 0)
        if pin == "lint0" and mode == FIXED and entry[cpu] & LEVEL_TRIGGERED:
            sends = entry[cpu] & MASK_BITS == MASK_WANTED and self._is_ended(cpu, 0)
            if active and sends and self._accept(cpu, entry[cpu] & VECTOR, level=True):
                entry[cpu] |= REMOTE_IRR
        else:
            entry[cpu] &= ~REMOTE_IRR
            if rises:
                self._deliver_local(cpu, PINS[pin])
        self._update(cpu)

    def _end_local(self, cpu: int, vector: int) -> None:
        """A level that is still up interrupts again (10.5.1)."""
        entry = self._lint0[cpu]
        if entry & REMOTE_IRR and entry & VECTOR == vector:
            self._lint0[cpu] &= ~REMOTE_IRR
            if self._active["lint0"] >> cpu & 1 and entry & MASK_BITS == MASK_WANTED:
                self._remark(
                    "retriggered",
                    vector,
                    f"LINT0 of core {cpu} was ended while it is still active, so it comes again",
                )
            self._sample(cpu, "lint0")

    def _deliver_local(self, cpu: int, entry: str) -> None:
        """An edge at an entry of the local vector table (10.5.1)."""
        value = self._lvt[entry][cpu]
        if value & MASK_BITS != MASK_WANTED:
            # Errors show in ESR anyway.  Of the timer only deadlines come here while masked.
            if entry != "LVT_ERROR":
                self._remark(
                    "lost", value & VECTOR, f"{entry} of core {cpu} was masked as its event came"
                )
            return
        if entry == "LVT_PMI":
            self._lvt[entry][cpu] |= MASKED
        mode = value & DELIVERY_MODE
        if mode == FIXED:
            self._accept(cpu, value & VECTOR, level=False)
        elif mode != EXTINT << MODE_SHIFT:
            self._accept_special(cpu, mode >> MODE_SHIFT, value & VECTOR)

    def vector_of(self, which: int, cpu: int) -> int:
        """The vector in an entry of the local vector table, by its place in ``ENTRIES``."""
        return self._lvt[ENTRIES[which]][cpu] & VECTOR

    # -- rules of entries ---------------------------------------------------------------------

    def _is_ended(self, cpu: int, which: int) -> bool:
        """Whether LINT0, as a level, may interrupt: what it has sent before was ended (10.5.1)."""
        return not self._lint0[cpu] & REMOTE_IRR

    def _is_started(self, cpu: int, which: int) -> bool:
        return self._timers[cpu].comparator().enabled

    def _has_expired(self, cpu: int, which: int) -> bool:
        return self._timers[cpu].comparator().met

    def _start(self, cpu: int, which: int) -> Place:
        if self._timers[cpu].mode == TSC_DEADLINE:
            return Place("IA32_TSC_DEADLINE", "DEADLINE")
        return Place("INIT_COUNT", "COUNT")

    def _wanted_start(self, cpu: int, which: int) -> int | None:
        """What starts the timer with the count that software wanted: that count, once more."""
        timer = self._timers[cpu]
        return timer.initial if timer.mode != TSC_DEADLINE and timer.initial else None

    def _timer_words(self, cpu: int) -> dict[str, str]:
        """What the timer needs, and why it stands still, in its mode (10.5.4.1)."""
        timer = self._timers[cpu]
        if timer.mode == TSC_DEADLINE:
            return {
                "start": "a deadline other than 0", "stands": "no deadline is set",
                "end": "the TSC to reach the deadline",
            }  # fmt: skip
        end = "the count to reach 0"
        if not timer.initial:
            return {
                "start": "a value other than 0", "end": end,
                "stands": "it was given no count, or stopped by a count of 0",
            }  # fmt: skip
        return {
            "start": "the count to be written again, after the mode", "end": end,
            "stands": "its count was written first, and the change of its mode that followed has "
                      "stopped it",
        }  # fmt: skip

    def _end(self, cpu: int, which: int) -> Place:
        if self._timers[cpu].mode == TSC_DEADLINE:
            return Place("IA32_TSC_DEADLINE", "DEADLINE")
        return Place("CUR_COUNT", "COUNT")

    ENDED = Rule(
        "last one ended",
        Place("LVT_LINT0", "REMOTE_IRR"),
        "an EOI for its vector",
        "SDM 3A 10.5.1",
        test=_is_ended,
        opens=Opens.END,
        ends_by="EOI",
        says="its pin still waits for the EOI of the last one",
    )
    TIMER: ClassVar = (
        Rule("timer started", _start, "{start}", "SDM 3A 10.5.4", test=_is_started,
             wants=_wanted_start, says="the timer stands still: {stands}"),
        Rule("time reached", _end, "{end}", "SDM 3A 10.5.4", test=_has_expired, opens=Opens.EVENT,
             says="the timer has not come to its end yet"),
    )  # fmt: skip
    """An expiry is an event: a timer that reloads, or forgets its deadline, shows none."""

    # -- explanation --------------------------------------------------------------------------

    def entrance(self, pin: str, cpu: int) -> Entrance | None:
        """A pin is a vector of its own only where its entry says fixed (10.5.1), and a legal one.

        Vectors below 16 are never accepted (10.5.2).
        """
        if pin not in PINS:
            return None
        value = self._lvt[PINS[pin]][cpu]
        is_vector = self._base[cpu] & GLOBAL_ENABLE and delivery_mode(value) == FIXED
        return value & VECTOR if is_vector and value & VECTOR >= FIRST_LEGAL else pin

    def _pin_passages(self, pin: str, cpu: int) -> list[Passage]:
        """ExtINT and NMI pass; without an APIC the pins are INTR and NMI themselves (10.4.3)."""
        if pin not in PINS:
            raise ValueError(f"{self.name} has no pin {pin!r}: only {', '.join(PINS)}")
        which = ENTRIES.index(PINS[pin])
        gates = partial(self._pin_gates, pin, cpu)
        if not self._base[cpu] & GLOBAL_ENABLE:
            if pin == "lint0":
                return [Passage(gates, "intr")]
            if pin == "lint1":
                return [Passage(gates, "nmi", vector=NMI_VECTOR)]
            return [Passage(lambda: (*gates(), self._gate(self.TURNED_ON, which, cpu)))]
        if delivery_mode(self._lvt[PINS[pin]][cpu]) == NMI:
            return [Passage(partial(gates, UNMASKED), "nmi", vector=NMI_VECTOR)]
        if pin in LINTS:
            return [Passage(partial(gates, *PASSING), "intr")]
        return [Passage(partial(gates, UNMASKED, AS_FIXED, LEGAL))]

    def _pin_gates(self, pin: str, cpu: int, *rules: Rule) -> Iterator[Gate]:
        yield self._pin_gate(pin, cpu)
        for rule in rules:
            yield self._entry_gate(rule, ENTRIES.index(PINS[pin]), cpu)

    def _pin_gate(self, pin: str, cpu: int) -> Gate:
        """No register shows the level of a pin."""
        is_active = self._active[pin] >> cpu & 1 != 0
        return Gate("pin active", is_active, pin.upper(), "level", int(is_active),
                    "what is wired to it to raise its interrupt", "SDM 3A 10.5.1",
                    Opens.EVENT)  # fmt: skip

    def _entry_gate(self, rule: Rule, which: int, cpu: int, due_ns: int | None = None) -> Gate:
        """How a rule stands for one entry of the local vector table."""
        is_msr = rule.at(self, cpu, which).register in LOCAL_APIC_MSR
        file = self.msrs if is_msr else self.regs
        due = due_ns if rule.opens is Opens.EVENT else None  # time opens no mask
        words: dict[str, Any] = self._timer_words(cpu) if rule in self.TIMER else {}
        return rule.gate(
            self, file, which, cpu, due_ns=due, ends_with=0, entry=ENTRIES[which], **words
        )

    def own_causes(self, number: int, cpu: int) -> list[Cause]:
        """The entries that name a vector, and the messages of cores."""
        causes = []
        for which, (source, entry) in enumerate(LVT.items()):
            value = self._lvt[entry][cpu]
            if delivery_mode(value) != FIXED or value & VECTOR != number:
                continue
            due_ns = self._timers[cpu].comparator().due_ns if source == "timer" else None
            gates = [self._entry_gate(rule, which, cpu, due_ns) for rule in self._rules_of(source)]
            if source in PINS:
                gates.append(self._pin_gate(source, cpu))
            elif source == "error":
                gates.append(self._error_gate(cpu))
            causes.append(Cause(CAUSES[source], tuple(gates)))
        return causes + super().own_causes(number, cpu)

    def _rules_of(self, source: str) -> tuple[Rule, ...]:
        if source == "timer":
            return UNMASKED, LEGAL, *self.TIMER
        return (UNMASKED, LEGAL, self.ENDED) if source == "lint0" else (UNMASKED, LEGAL)

    def _error_gate(self, cpu: int) -> Gate:
        """ESR shows the errors only once it has been written (10.5.3)."""
        errors = self._errors[cpu]
        return Gate("an error", errors != 0, "ESR", "errors since it was written", errors,
                    "an error, as a message with a vector below 16", "SDM 3A 10.5.3",
                    Opens.EVENT)  # fmt: skip
