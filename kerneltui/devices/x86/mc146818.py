"""MC146818A real-time clock, the PC's keeper of time and of the settings in CMOS RAM.

Documents: Motorola MC146818A (Advance Information); the ports, the second bank and the century
byte as in the Intel ICH9 datasheet, 13.6.  Modelled: time, calendar and alarm in all notations,
divider chain and its reset, update cycle with its warning (UIP), the three interrupts, RAM, NMI
mask (kept in ``nmi_masked``).  Not modelled: daylight savings and the square wave, whose bits are
kept without effect; time bases other than the PC's 32.768 kHz, which DV 0 and 1 stand for too.

Time is computed from ``now``: the divider chain began at ``_origin``, the bytes in ``_time`` hold
for ``_since``, and what has come about between then and now is accounted for when somebody looks
or changes something.  Only an interrupt that is enabled, and not asserted already, is scheduled.

An update takes 1984 us with this time base (table 6); the bytes and flags change at its end.  Where
the manual is open: years are leap years by the Gregorian rule, century included; a store that has
SET and UIE leaves UIE clear; the divider chain starts with a full second at power-on; periods are
counted from the start of an update, as in QEMU.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from msgspec.structs import replace

from kerneltui.devices.x86.mc146818_calendar import (
    ALARM,
    TIME,
    advanced,
    from_unix,
    seconds_to_alarm,
)
from kerneltui.devices.x86.mc146818_registers import CMOS, CMOS_EXT, RTC
from kerneltui.devices.x86.mc146818_view import RtcView, rtc_view
from kerneltui.hw.clock import NEVER, NS_PER_S, Clock, ns_to_ticks, ticks_to_ns
from kerneltui.hw.device import Cause, Device
from kerneltui.hw.hooks import variant_hook
from kerneltui.hw.rule import Opens, Place, Rule, required

CRYSTAL_HZ = 32_768
UPDATE_NS = 1_984_000
WARNING_NS = 8 * NS_PER_S // CRYSTAL_HZ
"""UIP rises so long before an update: 244 us (Register A)."""

_A, _B = CMOS["REGISTER_A"], CMOS["REGISTER_B"]
RATE, DIVIDER, UIP = _A.masks("RS", "DV", "UIP")
RUNS = 2 << _A["DV"].lsb
"""The highest time base with which the divider chain is not reset (table 4)."""
SET, PIE, AIE, UIE, SQWE = _B.masks("SET", "PIE", "AIE", "UIE", "SQWE")
PF, AF, UF, IRQF = CMOS["REGISTER_C"].masks("PF", "AF", "UF", "IRQF")


def _enabled(bit: str) -> Rule:
    return Rule(
        "enabled",
        Place("REGISTER_B", bit),
        f"{bit} to be 1",
        "Register B",
        wants=1,
        says="this interrupt of the RTC is not enabled",
    )


KINDS = (("periodic", "PIE", PF), ("alarm", "AIE", AF), ("update-ended", "UIE", UF))
"""The three interrupts: the enable in register B has the place of the flag in register C."""
ENABLING = tuple(_enabled(bit) for _, bit, _ in KINDS)
ENABLES, _ = required(_B, ENABLING)
FLAG_NAMES = ("PF", "AF", "UF")
NMI_MASK = RTC["RTC_INDEX"]["NMI_MASK"].mask
TIME_MASKS = tuple(CMOS[name]["VALUE"].mask for name in TIME)


def _unix(base: str | int) -> int:
    if isinstance(base, int):
        return base
    moment = datetime.fromisoformat(base)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp())


class Config(msgspec.Struct, frozen=True):
    """``base``: the time at power-on, as an ISO 8601 string (UTC if it does not say) or Unix time.

    Nothing here ever asks what time it really is.
    """

    base: str | int = "2000-01-01T00:00:00"

    def __post_init__(self) -> None:
        try:
            seconds = _unix(self.base)
        except ValueError:
            raise ValueError(f"base must be an ISO 8601 time, not {self.base!r}") from None
        if not 0 <= seconds < 1 << 37:
            raise ValueError(f"base must lie in the years 1970 to 6325, not at {self.base!r}")


class Mc146818(Device):
    """The clock; output ``irq``, which a PC connects to IRQ 8."""

    COMPATIBLE = "motorola,mc146818"
    TABLES = (RTC, CMOS, CMOS_EXT)
    CONFIG = Config
    PICTURES = (RtcView,)

    def __init__(self, name: str, config: Config, clock: Clock, cpus: int = 1) -> None:
        super().__init__(name, config, clock)
        self.regs = self._file(RTC)
        self._cmos = self._file(CMOS)
        self._file(CMOS_EXT)
        self._irq = self._output("irq")[0]
        self._deadline = clock.deadline(f"{name}.IRQ", self._expired)
        self._origin = self._since = clock.now
        self._a = self._cmos.store("REGISTER_A")[0]
        self._b = self._cmos.store("REGISTER_B")[0]
        self._flags = 0
        self._time = from_unix(_unix(config.base), self._b)
        self._alarm = [0, 0, 0]
        self.reset()

    def pictures(self) -> list[RtcView]:
        return [rtc_view(self.files["CMOS"])]

    def reset(self) -> None:
        """The RESET pin; what the battery feeds goes on: time, settings, RAM (RESET)."""
        self._settle()
        self.regs.reset()
        self.nmi_masked = False
        self._flags = 0
        self._set_b(self._b & ~(ENABLES | SQWE))
        self._update()

    # -- the divider chain ------------------------------------------------------------------------

    def _counts(self) -> bool:
        """Whether the chain is let run; while it is held, nothing happens (table 4)."""
        return self._a & DIVIDER <= RUNS

    def _runs(self) -> bool:
        """Whether updates are made."""
        return self._counts() and not self._b & SET

    def _updates(self, at: int) -> int:
        """How many updates the chain has ended since its origin."""
        return max(0, (at - self._origin - UPDATE_NS) // NS_PER_S)

    def _end_of_update(self, number: int) -> int:
        return self._origin + number * NS_PER_S + UPDATE_NS

    def _period(self) -> int:
        """Ticks of the crystal between periodic flags; 0 is none (table 5, 32.768 kHz)."""
        rate = self._a & RATE
        if not rate:
            return 0
        return 1 << (rate + 6 if rate < 3 else rate - 1)

    def _periods(self, at: int) -> int:
        """How many periods have passed since the origin."""
        return ns_to_ticks(at - self._origin, CRYSTAL_HZ) // self._period()

    # -- what has come about ----------------------------------------------------------------------

    def _new_updates(self) -> int:
        if not self._runs():
            return 0
        return self._updates(self.clock.now) - self._updates(self._since)

    def _time_now(self) -> list[int]:
        updates = self._new_updates()
        return advanced(self._time, updates, self._b) if updates else self._time

    def _flags_now(self) -> int:
        """Flags rise whether or not they are enabled as interrupts (Register C)."""
        flags, now = self._flags, self.clock.now
        if self._counts() and self._period() and self._periods(now) != self._periods(self._since):
            flags |= PF
        updates = self._new_updates()
        if updates:
            flags |= UF
            if not flags & AF:
                wait = seconds_to_alarm(self._time, self._alarm, self._b)
                if wait is not None and wait <= updates:
                    flags |= AF
        return flags

    def _settle(self) -> None:
        """Account for the time up to now, before the settings that it passed under change."""
        flags = self._flags_now()
        self._time = self._time_now()
        self._flags = flags
        self._since = self.clock.now

    def _expired(self) -> None:
        self._settle()
        self._update()

    def _has_flag(self, cpu: int, kind: int) -> bool:
        return self._flags_now() & KINDS[kind][2] != 0

    def _comes_about(self, cpu: int, kind: int) -> bool:
        """Whether the flag is up, or the clock does what will raise it."""
        if self._has_flag(cpu, kind):
            return True
        if kind == 0:
            return self._counts() and self._period() != 0
        return self._runs()

    def _run_place(self, cpu: int, kind: int) -> Place:
        if not self._counts():
            return Place("REGISTER_A", "DV")
        return Place("REGISTER_A", "RS") if kind == 0 else Place("REGISTER_B", "SET")

    RUNNING = Rule("clock runs", _run_place, "{runs}", "Register A, Register B",
                   test=_comes_about, says="the RTC does not run")  # fmt: skip
    FLAG = Rule("flag up", lambda _owner, _cpu, kind: Place("REGISTER_C", FLAG_NAMES[kind]),
                "the {kind} event to come about", "Register C", test=_has_flag,
                opens=Opens.EVENT, says="the event has not come about")  # fmt: skip

    def causes(self, output: str, cpu: int) -> list[Cause]:
        """The periodic, the alarm and the update-ended interrupt, which share the line."""
        causes = []
        for number, (kind, _, _) in enumerate(KINDS):
            due = self._due_of(number)
            runs = "a divider that is not reset" + ("" if number else ", and a rate")
            gates = [
                rule.gate(self, self._cmos, number, 0, kind=kind, runs=runs,
                          due_ns=due if due < NEVER and rule is self.FLAG else None)
                for rule in (self.RUNNING, ENABLING[number], self.FLAG)
            ]  # fmt: skip
            if kind == "update-ended" and self._b & SET:
                gates[1] = replace(gates[1], needs="UIE to be 1: while SET is 1 it stays 0",
                                   wants=None)  # fmt: skip
            causes.append(Cause(f"the {kind} interrupt", tuple(gates)))
        return causes

    def _due_of(self, kind: int) -> int:
        """When a kind's flag will rise; NEVER if it is up, or never will."""
        if self._has_flag(0, kind) or not self._comes_about(0, kind):
            return NEVER
        if kind == 0:
            return self._period_ends()
        wait = 1 if kind == 2 else seconds_to_alarm(self._time_now(), self._alarm, self._b)
        return NEVER if wait is None else self._update_ends(wait)

    def _period_ends(self) -> int:
        ticks = (self._periods(self.clock.now) + 1) * self._period()
        return self._origin + ticks_to_ns(ticks, CRYSTAL_HZ)

    def _update_ends(self, wait: int) -> int:
        return self._end_of_update(self._updates(self.clock.now) + wait)

    def _update(self) -> None:
        """Needs :meth:`_settle` before it."""
        asserted = self._flags & self._b & ENABLES != 0
        self._deadline.arm(NEVER if asserted else self._next_due())
        if self._irq.level is not asserted:
            self._irq.set(asserted)

    def _next_due(self) -> int:
        """When the first of the enabled flags will rise."""
        due = NEVER
        if self._b & PIE and self._counts() and self._period():
            due = self._period_ends()
        if self._b & (UIE | AIE) and self._runs():
            wait: int | None = 1
            if not self._b & UIE:
                wait = seconds_to_alarm(self._time, self._alarm, self._b)
            if wait is not None:
                due = min(due, self._update_ends(wait))
        return due

    # -- ports ------------------------------------------------------------------------------------

    def peek_RTC_INDEX(self, index: int, cpu: int) -> int:
        """The index is write-only on a PC."""
        return 0xFF

    def write_RTC_INDEX(self, index: int, cpu: int, value: int) -> None:
        """The same port carries the NMI mask, which is no part of the clock."""
        self.nmi_masked = bool(value & NMI_MASK)

    # -- time and alarm ---------------------------------------------------------------------------

    @variant_hook("peek", TIME)
    def _time_shown(self, which: int, index: int, cpu: int) -> int:
        """Valid while UIP is 0, as all ten bytes are."""
        return self._time_now()[which]

    @variant_hook("write", TIME)
    def _time_written(self, which: int, index: int, cpu: int, value: int) -> None:
        """The byte counts on from what is stored, whatever it is.

        The high bit of the seconds cannot be written (Time, calendar, and alarm locations).
        """
        self._settle()
        self._time = [*self._time]
        self._time[which] = value & TIME_MASKS[which]
        self._update()

    @variant_hook("write", ALARM)
    def _alarm_written(self, which: int, index: int, cpu: int, value: int) -> None:
        self._settle()
        self._alarm[which] = value
        self._update()

    # -- registers A to C -------------------------------------------------------------------------

    def peek_REGISTER_A(self, index: int, cpu: int) -> int:
        """UIP is up from its warning to the end of the update (table 6)."""
        elapsed = self.clock.now - self._origin
        phase = elapsed % NS_PER_S
        updating = phase < UPDATE_NS and elapsed >= NS_PER_S
        if self._runs() and (updating or phase >= NS_PER_S - WARNING_NS):
            return self._a | UIP
        return self._a

    def write_REGISTER_A(self, index: int, cpu: int, value: int) -> None:
        """The first update begins half a second after the divider reset is removed."""
        self._settle()
        held = not self._counts()
        self._a = value & ~UIP
        if held and self._counts():
            self._origin = self.clock.now - NS_PER_S // 2
        self._update()

    def _set_b(self, value: int) -> None:
        self._b = self._cmos.store("REGISTER_B")[0] = value

    def write_REGISTER_B(self, index: int, cpu: int, value: int) -> None:
        """SET aborts an update and clears UIE; a flag that is up interrupts once enabled.

        A new notation converts nothing: software is to write all ten bytes again.
        """
        self._settle()
        self._set_b(value & ~UIE if value & SET else value)
        self._update()

    def peek_REGISTER_C(self, index: int, cpu: int) -> int:
        """IRQF is the sum of the flags that are enabled."""
        flags = self._flags_now()
        return flags | IRQF if flags & self._b & ENABLES else flags

    def read_REGISTER_C(self, index: int, cpu: int) -> int:
        """Clears all flags, and so ends the interrupt (Register C)."""
        self._settle()
        value = self.peek_REGISTER_C(0, cpu)
        self._flags = 0
        self._update()
        return value
