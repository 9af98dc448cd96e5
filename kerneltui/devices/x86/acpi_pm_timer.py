"""ACPI fixed hardware: the power management timer and the PM1 event and control registers.

Document: Advanced Configuration and Power Interface Specification 6.5, 4.8.2.1 (timer) and 4.8.3
(registers), cited by section; placed as in Intel I/O Controller Hub 9 data sheet (316972), 13.8.3.
Modelled: the timer of 24 or 32 bits and its status, power and sleep button, RTC alarm, SCI.  Not
modelled: sleep states (SLP_TYP is kept, SLP_EN and what wakes do nothing), bus master and global
lock bits, SMI: with SCI_EN clear, events raise nothing.

The counter runs from power-on at 3.579545 MHz and cannot be written.  Whenever its highest bit
changes, TMR_STS is set; an event is raised while a status bit and its enable bit are set, and SCI
is a level that stays until software clears the status.
"""

from __future__ import annotations

from functools import partial
from typing import ClassVar

import msgspec

from kerneltui.hw.clock import NEVER, Clock, ns_to_ticks, ticks_to_ns
from kerneltui.hw.device import Cause, ComparatorState, CounterState, TimerDevice
from kerneltui.hw.line import Sink
from kerneltui.hw.register import (
    PORTS,
    RO,
    RW,
    RW1C,
    TAG,
    Field,
    Register,
    RegisterTable,
    Role,
    WriteRole,
)
from kerneltui.hw.rule import Opens, Place, Rule, required

ACPI_PM = RegisterTable(
    __name__,
    "ACPI_PM",
    "ACPI power management timer and PM1 registers",
    size=0x0C,
    space=PORTS,
    ref="ACPI Specification 6.5, 4.8.3",
    registers=(
        Register(
            "PM1_STS", 0x00,
            (
                Field("TMR_STS", 0, 1, RW1C, "The counter's highest bit has changed"),
                Field("BM_STS", 4, 1, TAG, "A bus master wanted the bus"),
                Field("GBL_STS", 5, 1, RW1C, "Firmware wants attention (never set here)"),
                Field("PWRBTN_STS", 8, 1, RW1C, "Power button pressed"),
                Field("SLPBTN_STS", 9, 1, RW1C, "Sleep button pressed"),
                Field("RTC_STS", 10, 1, RW1C, "RTC alarm"),
                Field("PCIEXP_WAKE_STS", 14, 1, TAG, "Woken by PCI Express"),
                Field("WAK_STS", 15, 1, TAG, "Woken from a sleep state"),
            ),
            "Power management 1 status; write one to clear", "ACPI 6.5 4.8.3.1.1", width=16,
            roles_of_write=(WriteRole(Role.QUIET),),
        ),
        Register(
            "PM1_EN", 0x02,
            (
                Field("TMR_EN", 0, 1, RW, "TMR_STS raises an event"),
                Field("GBL_EN", 5, 1, RW, "GBL_STS raises an event"),
                Field("PWRBTN_EN", 8, 1, RW, "PWRBTN_STS raises an event"),
                Field("SLPBTN_EN", 9, 1, RW, "SLPBTN_STS raises an event"),
                Field("RTC_EN", 10, 1, RW, "RTC_STS raises an event"),
                Field("PCIEXP_WAKE_DIS", 14, 1, TAG, "PCI Express does not wake"),
            ),
            "Power management 1 enable", "ACPI 6.5 4.8.3.1.2", width=16,
        ),
        Register(
            "PM1_CNT", 0x04,
            (
                Field("SCI_EN", 0, 1, RW, "Events raise", ((0, "SMI"), (1, "SCI"))),
                Field("BM_RLD", 1, 1, RW, "Bus masters end the C3 state"),
                Field("GBL_RLS", 2, 1, TAG, "Global lock released: tell the firmware"),
                Field("SLP_TYP", 10, 3, RW, "Sleep state that SLP_EN enters"),
                Field("SLP_EN", 13, 1, TAG, "Enter the sleep state"),
            ),
            "Power management 1 control", "ACPI 6.5 4.8.3.2.1",
        ),
        Register(
            "PM_TMR", 0x08,
            (
                Field("TMR_VAL", 0, 24, RO, "Counter"),
                Field("E_TMR_VAL", 24, 8, RO, "Counter, upper bits; 0 when it has 24"),
            ),
            "Power management timer", "ACPI 6.5 4.8.3.3", volatile=True,
        ),
    ),
)  # fmt: skip

TMR, PWRBTN, SLPBTN, RTC = ACPI_PM["PM1_STS"].masks(
    "TMR_STS", "PWRBTN_STS", "SLPBTN_STS", "RTC_STS"
)
STATUS_BITS = (TMR, PWRBTN, SLPBTN, RTC)
EVENTS = (
    ("TMR", "the timer's highest bit"), ("PWRBTN", "the power button"),
    ("SLPBTN", "the sleep button"), ("RTC", "the RTC's alarm"),
)  # fmt: skip
"""What raises SCI: the stem of the status and enable bits, and what it is."""

SCI_MODE = Rule("ACPI mode", Place("PM1_CNT", "SCI_EN"), "SCI_EN to be 1", "ACPI 6.5 4.8.3.2.1",
                wants=1, says="the chip set is not in ACPI mode, so SCI stays low")  # fmt: skip
ENABLING = tuple(
    Rule("event enabled", Place("PM1_EN", f"{stem}_EN"), f"{stem}_EN to be 1",
         "ACPI 6.5 4.8.3.1.2", wants=1, says="this event is not enabled")
    for stem, _ in EVENTS
)  # fmt: skip
SCI_BITS, SCI_WANTED = required(ACPI_PM["PM1_CNT"], (SCI_MODE,))
ENABLES, _ = required(ACPI_PM["PM1_EN"], ENABLING)

INPUTS = {"power_button": PWRBTN, "sleep_button": SLPBTN, "rtc": RTC}


class Config(msgspec.Struct, frozen=True):
    """``bits``: 24 or 32, as TMR_VAL_EXT in the FADT tells; ``clock_hz``: 3.579545 MHz."""

    bits: int = 24
    clock_hz: int = 3_579_545

    def __post_init__(self) -> None:
        if self.bits not in (24, 32):
            raise ValueError(f"bits must be 24 or 32, not {self.bits}")
        if not 1 <= self.clock_hz < 1 << 32:
            raise ValueError(f"clock_hz must be 1 to 4294967295, not {self.clock_hz}")


class AcpiPmTimer(TimerDevice):
    """The block; output ``sci``, inputs ``power_button``, ``sleep_button`` and ``rtc``."""

    COMPATIBLE = "acpi,pm-timer"
    TABLES = (ACPI_PM,)
    CONFIG = Config

    def __init__(self, name: str, config: Config, clock: Clock, cpus: int = 1) -> None:
        super().__init__(name, config, clock)
        self._half = 1 << config.bits - 1
        self._hz = config.clock_hz
        self.regs = self._file(ACPI_PM)
        self._status, self._enable, self._control = (
            self.regs.store(stem) for stem in ("PM1_STS", "PM1_EN", "PM1_CNT")
        )
        self._sci = self._output("sci")[0]
        self._pins = 0
        self._carry = clock.deadline(f"{name}.PM_TMR", self._highest_bit_changed)
        self.reset()

    def reset(self) -> None:
        """No event, none enabled, not yet in ACPI mode; the counter goes on."""
        self.regs.reset()
        self._arm()
        self._update()

    def _count(self) -> int:
        return ns_to_ticks(self.clock.now, self._hz)

    def _arm(self) -> None:
        """Wait for the next change of the highest bit (4.8.2.1).

        While TMR_STS is set a change would not be seen, so none is scheduled: a machine whose
        software leaves the timer alone comes to rest.
        """
        if not self._status[0] & TMR:
            changes = self._count() // self._half + 1
            self._carry.arm(ticks_to_ns(changes * self._half, self._hz))

    def _highest_bit_changed(self) -> None:
        self._status[0] |= TMR
        self._update()

    def _update(self) -> None:
        events = self._status[0] & self._enable[0] & ENABLES
        self._sci.set(bool(events and self._control[0] & SCI_BITS == SCI_WANTED))

    def _has_happened(self, cpu: int, which: int) -> bool:
        return self._status[0] & STATUS_BITS[which] != 0

    HAPPENED: ClassVar = Rule(
        "event happened", lambda _owner, _cpu, which: Place("PM1_STS", f"{EVENTS[which][0]}_STS"),
        "the event to happen", "ACPI 6.5 4.8.3.1.1", test=_has_happened, opens=Opens.EVENT,
        says="the event has not happened")  # fmt: skip

    def causes(self, output: str, cpu: int) -> list[Cause]:
        """The events that share SCI."""
        causes = []
        due = self._carry.due if self._carry.due < NEVER else None
        for which, (stem, title) in enumerate(EVENTS):
            due_ns = due if stem == "TMR" else None
            switches = (SCI_MODE, ENABLING[which])
            gates = [rule.gate(self, self.regs, which, 0) for rule in switches]
            gates.append(self.HAPPENED.gate(self, self.regs, which, 0, due_ns=due_ns))
            causes.append(Cause(title, tuple(gates)))
        return causes

    def input(self, pin: str, number: int = 0, cpu: int = 0) -> Sink:
        """Buttons and alarm set their status bit as they rise (4.8.3.1.1)."""
        if pin not in INPUTS:
            raise ValueError(f"{self.name} has inputs {', '.join(INPUTS)}, not {pin!r}")
        return partial(self._set_pin, INPUTS[pin])

    def _set_pin(self, bit: int, level: bool) -> None:
        if level and not self._pins & bit:
            self._status[0] |= bit
        self._pins = self._pins | bit if level else self._pins & ~bit
        self._update()

    def comparators(self, cpu: int) -> list[ComparatorState]:
        """The timer, which compares with the next count at which its highest bit changes."""
        count = self._count()
        return [
            ComparatorState(
                name="PM_TMR",
                counter=count & 2 * self._half - 1,
                compare=0 if count & self._half else self._half,
                hz=self._hz,
                enabled=bool(self._enable[0] & TMR),
                masked=self._control[0] & SCI_BITS != SCI_WANTED,
                met=bool(self._status[0] & TMR),
                due_ns=self._carry.due if self._carry.due < NEVER else None,
            )
        ]

    def counters(self, cpu: int) -> list[CounterState]:
        """The timer."""
        return [CounterState("PM_TMR", self.peek_PM_TMR(0, cpu), self._hz, self.config.bits)]

    # -- registers --------------------------------------------------------------------------------

    def write_PM1_STS(self, index: int, cpu: int, value: int) -> None:
        """Cleared events no longer raise SCI; a cleared TMR_STS can be set again."""
        self._arm()
        self._update()

    def write_PM1_EN(self, index: int, cpu: int, value: int) -> None:
        """An event that waits is raised as soon as it is enabled."""
        self._update()

    def write_PM1_CNT(self, index: int, cpu: int, value: int) -> None:
        """SCI_EN says whether events are this line's business."""
        self._update()

    def peek_PM_TMR(self, index: int, cpu: int) -> int:
        """The counter, as many bits as it has."""
        return self._count() & 2 * self._half - 1
