"""HPET: the PC's High Precision Event Timers.

Document: IA-PC HPET (High Precision Event Timers) Specification, revision 1.0a (October 2004), and
for Tn_VAL_SET_CNF, which reads as zero, Intel I/O Controller Hub 9 data sheet (316972), ch. 20.
Modelled: a main counter of 32 or 64 bits, 3 to 24 timers, one-shot and periodic, of either size,
edge- and level-triggered, their routing to I/O APIC inputs and in place of 8254 and RTC.  Not
modelled: interrupts as front side bus messages (the capability bit is 0).

Where the specification is open, as QEMU does: a timer that is armed (its comparator or
configuration written, or the counter started) while the counter shows its comparator matches at
once; a match of a 32-bit one-shot that lies beyond the wrap of the counter is announced by an
interrupt at the wrap, once for each arming (2.3.9.2.1); of timers that match together the one that
was armed first interrupts first; writes of the running counter are lost.

``legacy_pit`` and ``legacy_rtc`` are what IRQ 0 and IRQ 8 come from: with LEG_RT_CNF timers 0 and
1, without it whatever is connected to the inputs ``pit`` and ``rtc`` (2.3.5).
"""

from __future__ import annotations

from functools import partial
from typing import ClassVar

import msgspec
from msgspec.structs import replace

from kerneltui.devices.x86.hpet_registers import HPET, MOST_TIMERS
from kerneltui.hw.clock import NEVER, Clock
from kerneltui.hw.device import Cause, ComparatorState, CounterState, TimerDevice
from kerneltui.hw.line import Sink
from kerneltui.hw.rule import Gate, Opens, Place, Rule, required

FS_PER_NS = 1_000_000
FS_PER_S = 10**15
LOW_32 = 0xFFFF_FFFF

_GENERAL, _TIMER = HPET["GCAP_ID"], HPET["T_CONF_CAP"]
ENABLE_CNF, LEG_RT_CNF = HPET["GEN_CONF"].masks("ENABLE_CNF", "LEG_RT_CNF")
INT_TYPE, INT_ENB, PERIODIC, PER_CAP, SIZE_CAP, VAL_SET, MODE_32 = _TIMER.masks(
    "Tn_INT_TYPE_CNF", "Tn_INT_ENB_CNF", "Tn_TYPE_CNF", "Tn_PER_INT_CAP", "Tn_SIZE_CAP",
    "Tn_VAL_SET_CNF", "Tn_32MODE_CNF",
)  # fmt: skip
ROUTE_SHIFT, ROUTE_MASK = _TIMER["Tn_INT_ROUTE_CNF"].lsb, _TIMER["Tn_INT_ROUTE_CNF"].mask
VENDOR_INTEL, REVISION = 0x8086, 1
CAPABILITIES = VENDOR_INTEL << _GENERAL["VENDOR_ID"].lsb | _GENERAL["LEG_RT_CAP"].mask | REVISION
COUNT_SIZE_CAP = _GENERAL["COUNT_SIZE_CAP"].mask

ROUTES = 32
INPUTS = ("pit", "rtc")

ENABLED = Rule("interrupts on", Place("GEN_CONF", "ENABLE_CNF"), "ENABLE_CNF to be 1",
               "HPET 1.0a 2.3.5", wants=1, says="the HPET as a whole is switched off")  # fmt: skip
UNMASKED = Rule("timer interrupts", Place("T_CONF_CAP", "Tn_INT_ENB_CNF", by_element=True),
                "Tn_INT_ENB_CNF to be 1", "HPET 1.0a 2.3.8", wants=1,
                says="interrupts of this timer are off")  # fmt: skip
ON_BITS, ON_WANTED = required(HPET["GEN_CONF"], (ENABLED,))
UNMASKED_BITS, UNMASKED_WANTED = required(HPET["T_CONF_CAP"], (UNMASKED,))


class Config(msgspec.Struct, frozen=True):
    """``period_fs``: the counter's period; 14.31818 MHz on most PCs, 10 ns in QEMU.

    ``routes``: the I/O APIC inputs that each timer can be routed to, a bit for each.
    """

    period_fs: int = 69_841_279
    timers: int = 3
    counter_bits: int = 64
    routes: int = 0x00F0_0000

    def __post_init__(self) -> None:
        if not 1 <= self.period_fs <= 0x05F5_E100:
            raise ValueError(f"period_fs must be 1 to 100000000, not {self.period_fs}")
        if not 3 <= self.timers <= MOST_TIMERS:
            raise ValueError(f"timers must be 3 to {MOST_TIMERS}, not {self.timers}")
        if self.counter_bits not in (32, 64):
            raise ValueError(f"counter_bits must be 32 or 64, not {self.counter_bits}")
        if not 0 <= self.routes < 1 << ROUTES:
            raise ValueError(f"routes must have {ROUTES} bits, not {self.routes:#x}")


class Hpet(TimerDevice):
    """The timers; outputs ``irq0`` to ``irq31`` (I/O APIC), ``legacy_pit`` and ``legacy_rtc``."""

    COMPATIBLE = "intel,hpet"
    PASSES: ClassVar = {"pit": "legacy_pit", "rtc": "legacy_rtc"}
    """Inputs that go through to outputs: what a board without an HPET has instead."""
    TABLES = (HPET,)
    CONFIG = Config

    def __init__(self, name: str, config: Config, clock: Clock, cpus: int = 1) -> None:
        super().__init__(name, config, clock)
        self._period_fs = config.period_fs
        self._mask = (1 << config.counter_bits) - 1
        self.regs = self._file(HPET, _changes(config))
        self._config, self._status, self._halted_at, self._timer_config, self._written = (
            self.regs.store(stem)
            for stem in ("GEN_CONF", "GINTR_STA", "MAIN_CNT", "T_CONF_CAP", "T_COMP")
        )
        outputs = [f"irq{n}" for n in range(ROUTES)] + ["legacy_pit", "legacy_rtc"]
        self._lines = [self._output(output)[0] for output in outputs]
        self._reachable = config.routes | (1 << len(INPUTS)) - 1 << ROUTES
        self._inputs = self._driven = 0
        self._deadlines = [
            clock.deadline(f"{name}.T{n}_COMP", partial(self._fire, n))
            for n in range(config.timers)
        ]
        self.reset()

    def reset(self) -> None:
        """The counter is halted at zero; comparators are all ones, timers are off (2.3)."""
        self.regs.reset()
        self._is_running = False
        self._started_ns = self._base = 0
        self._compare = list(self._written)
        self._routes = [0] * self.config.timers
        self._sets_value = self._wraps = 0
        for deadline in self._deadlines:
            deadline.cancel()
        self._update()

    # -- time -------------------------------------------------------------------------------------

    def _count(self) -> int:
        if not self._is_running:
            return self._halted_at[0]
        passed = (self.clock.now - self._started_ns) * FS_PER_NS // self._period_fs
        return (self._base + passed) & self._mask

    def _due_ns(self, ticks: int) -> int:
        """When the counter will have gone on by ``ticks`` from what it shows now."""
        passed = (self.clock.now - self._started_ns) * FS_PER_NS // self._period_fs
        return self._started_ns - (-(passed + ticks) * self._period_fs // FS_PER_NS)

    def _size_mask(self, number: int) -> int:
        return LOW_32 if self._timer_config[number] & MODE_32 else self._mask

    def _arm(self, number: int) -> None:
        """Wait for the counter to show the comparator, which it may do already.

        A one-shot of 32 bits interrupts at the wrap also (2.3.9.2.1).  Cancelling puts the timer
        behind others that are due at the same moment, however often it was armed before.
        """
        deadline = self._deadlines[number]
        if not self._is_running:
            deadline.cancel()
            return
        mask = self._size_mask(number)
        count = self._count() & mask
        ahead = (self._compare[number] - count) & mask
        to_wrap = mask + 1 - count
        self._wraps &= ~(1 << number)
        if mask == LOW_32 and ahead > to_wrap and not self._timer_config[number] & PERIODIC:
            self._wraps |= 1 << number
            ahead = to_wrap
        due = self._due_ns(ahead)
        if due == deadline.due:
            deadline.cancel()
        deadline.arm(due)

    def _fire(self, number: int) -> None:
        """A match, or the wrap before it; the next one is always ahead.

        A periodic timer's comparator goes on by the value last written to it (2.3.9.2.2).
        """
        bit = 1 << number
        mask = self._size_mask(number)
        config = self._timer_config[number]
        if self._wraps & bit:
            self._wraps &= ~bit
        elif config & PERIODIC:
            self._compare[number] = (self._compare[number] + self._written[number]) & mask
        ahead = (self._compare[number] - self._count()) & mask or mask + 1
        self._deadlines[number].arm(self._due_ns(ahead))
        if config & INT_TYPE:
            self._status[0] |= bit
            self._update()
        elif config & UNMASKED_BITS == UNMASKED_WANTED:
            self._update(1 << self._route(number))

    # -- lines ------------------------------------------------------------------------------------

    def _route(self, number: int) -> int:
        """Where a timer's interrupt goes, as an index into the lines (2.3.5, LEG_RT_CNF)."""
        if number < len(INPUTS) and self._config[0] & LEG_RT_CNF:
            return ROUTES + number
        return self._routes[number]

    def _is_routed(self, line: int, number: int) -> bool:
        return self._route(number) == line

    def _is_legacy_right(self, line: int, number: int) -> bool:
        return bool(self._config[0] & LEG_RT_CNF) == (line >= ROUTES)

    def _has_route(self, line: int, number: int) -> bool:
        return self._routes[number] == line

    def _has_matched(self, line: int, number: int) -> bool:
        """Held in the status of a level-triggered timer only: an edge is a pulse (2.3.6)."""
        return self._status[0] >> number & 1 != 0

    def _match_place(self, line: int, number: int) -> Place:
        if self._timer_config[number] & INT_TYPE:
            return Place("GINTR_STA", each=1)
        return Place("T_COMP", "Tn_COMP", by_element=True)

    LEGACY = Rule(
        "legacy replacement", Place("GEN_CONF", "LEG_RT_CNF"),
        "LEG_RT_CNF to be 1 for IRQ 0 and 8, and 0 for a route of the timer's own",
        "HPET 1.0a 2.3.5", test=_is_legacy_right,
        wants=lambda _owner, line, _n: int(line >= ROUTES),
        says="legacy replacement routing is not as this line needs it")  # fmt: skip
    ROUTED = Rule(
        "routed here", Place("T_CONF_CAP", "Tn_INT_ROUTE_CNF", by_element=True),
        "a route to {line}", "HPET 1.0a 2.3.8", test=_has_route,
        wants=lambda _owner, line, _n: line,
        says="the timer is routed to another line")  # fmt: skip
    MATCHED = Rule("time reached", _match_place, "the main counter to reach its comparator",
                   "HPET 1.0a 2.3.6, 2.3.9", test=_has_matched, opens=Opens.EVENT,
                   says="the main counter has not come there yet")  # fmt: skip

    def _rules(self, line: int, number: int) -> tuple[Rule, ...]:
        """Only timers 0 and 1 can take the places of 8254 and RTC, where they have no choice."""
        legacy = (self.LEGACY,) if number < len(INPUTS) else ()
        routed = (self.ROUTED,) if line < ROUTES else ()
        return ENABLED, UNMASKED, *legacy, *routed, self.MATCHED

    def causes(self, output: str, cpu: int) -> list[Cause]:
        """The timers that are routed to an output, or else all that could be."""
        line = next(n for n, item in enumerate(self._lines) if item is self.outputs[output][0])
        timers = range(self.config.timers)
        if line >= ROUTES:
            able = [line - ROUTES]
        else:
            able = list(timers) if self.config.routes >> line & 1 else []
        routed = [number for number in able if self._is_routed(line, number)]
        return [
            Cause(f"a match of T{number}", tuple(self._gate(rule, line, number, output)
                                                 for rule in self._rules(line, number)))
            for number in routed or able
        ]  # fmt: skip

    def _gate(self, rule: Rule, line: int, number: int, output: str) -> Gate:
        """The line takes the place of a core, on which nothing here depends."""
        due = self._deadlines[number].due
        due_ns = due if due < NEVER and rule is self.MATCHED else None
        gate = rule.gate(self, self.regs, number, line, due_ns=due_ns, line=output)
        return gate if gate.spot is None else replace(gate, spot=replace(gate.spot, cpu=0))

    def _update(self, pulses: int = 0) -> None:
        """Status bits drive their lines while timer and block are enabled; edges are pulses."""
        wanted = 0
        config = self._config[0]
        if config & ON_BITS == ON_WANTED:
            waiting = self._status[0]
            while waiting:
                bit = waiting & -waiting
                waiting ^= bit
                number = bit.bit_length() - 1
                if self._timer_config[number] & UNMASKED_BITS == UNMASKED_WANTED:
                    wanted |= 1 << self._route(number)
        if not config & LEG_RT_CNF:
            wanted |= self._inputs << ROUTES
        wanted &= self._reachable
        pulses &= self._reachable
        if pulses:
            self._drive(wanted | pulses)
        if wanted != self._driven:
            self._drive(wanted)

    def output_driven(self) -> None:
        """What is driven is what the lines are."""
        self._driven = sum(line.level << n for n, line in enumerate(self._lines))

    def _drive(self, wanted: int) -> None:
        changed = wanted ^ self._driven
        self._driven = wanted
        while changed:
            bit = changed & -changed
            changed ^= bit
            self._lines[bit.bit_length() - 1].set(bool(wanted & bit))

    def input(self, pin: str, number: int = 0, cpu: int = 0) -> Sink:
        """OUT0 of the 8254 and the RTC's interrupt, on their way to IRQ 0 and IRQ 8."""
        if pin not in INPUTS:
            raise ValueError(f"{self.name} has inputs {' and '.join(INPUTS)}, not {pin!r}")
        return partial(self._set_input, 1 << INPUTS.index(pin))

    def passes_on(self, output: str) -> str:
        pin = next((pin for pin, passed in self.PASSES.items() if passed == output), "")
        return "" if self._config[0] & LEG_RT_CNF else pin

    def _set_input(self, bit: int, level: bool) -> None:
        self._inputs = self._inputs | bit if level else self._inputs & ~bit
        self._update()

    def comparators(self, cpu: int) -> list[ComparatorState]:
        """The timers; met is told of level-triggered ones only, as GINTR_STA does."""
        config = self._config[0]
        return [
            ComparatorState(
                name=f"T{number}_COMP",
                counter=self._count() & self._size_mask(number),
                compare=self._compare[number],
                hz=FS_PER_S // self._period_fs,
                enabled=bool(self._timer_config[number] & INT_ENB),
                masked=not config & ENABLE_CNF,
                met=bool(self._status[0] & 1 << number),
                due_ns=deadline.due if deadline.due < NEVER else None,
            )
            for number, deadline in enumerate(self._deadlines)
        ]

    def counters(self, cpu: int) -> list[CounterState]:
        """The main counter."""
        hz = FS_PER_S // self._period_fs
        return [CounterState("MAIN_CNT", self._count(), hz, self.config.counter_bits)]

    # -- registers --------------------------------------------------------------------------------

    def write_GEN_CONF(self, index: int, cpu: int, value: int) -> None:
        """Starting and halting the counter (2.3.5); timers that run wait for their match."""
        if bool(self._config[0] & ENABLE_CNF) != self._is_running:
            if self._is_running:
                self._halted_at[0] = self._count()
            self._started_ns, self._base = self.clock.now, self._halted_at[0]
            self._is_running = not self._is_running
            for number in range(len(self._deadlines)):
                self._arm(number)
        self._update()

    def write_GINTR_STA(self, index: int, cpu: int, value: int) -> None:
        """The cleared timers' lines fall (2.3.6)."""
        self._update()

    def peek_MAIN_CNT(self, index: int, cpu: int) -> int:
        """The stored value is that of the halted counter."""
        return self._count()

    def write_T_CONF_CAP(self, index: int, cpu: int, value: int) -> None:
        """A route that the timer does not have is not taken over (2.3.8, Tn_INT_ROUTE_CNF).

        A store that does not drive Tn_VAL_SET_CNF leaves it; one of the half that is read-only does
        not come here at all.
        """
        cells = self._timer_config
        route = (cells[index] & ROUTE_MASK) >> ROUTE_SHIFT
        if self.config.routes >> route & 1:
            self._routes[index] = route
        cells[index] = cells[index] & ~ROUTE_MASK | self._routes[index] << ROUTE_SHIFT
        config = cells[index]
        bit = 1 << index
        if self.regs.driven & VAL_SET:
            self._sets_value = self._sets_value & ~bit | (bit if value & VAL_SET else 0)
        if not config & INT_TYPE:
            self._status[0] &= ~bit
        if config & MODE_32:
            self._compare[index] &= LOW_32
            self._written[index] &= LOW_32
        self._arm(index)
        self._update()

    def peek_T_COMP(self, index: int, cpu: int) -> int:
        """The stored value is the one last written: a periodic timer's period."""
        return self._compare[index]

    def write_T_COMP(self, index: int, cpu: int, value: int) -> None:
        """A periodic timer's accumulator is only set after Tn_VAL_SET_CNF (2.3.9.2.2).

        Of accumulator and period each keeps the lanes that the store does not drive; a timer of 32
        bits has no others than the low half (2.3.9).
        """
        bit, mask, driven = 1 << index, self._size_mask(index), self.regs.driven
        self._written[index] &= mask
        if not driven & mask:
            return
        if not self._timer_config[index] & PERIODIC or self._sets_value & bit:
            self._compare[index] = (self._compare[index] & ~driven | value & driven) & mask
        self._sets_value &= ~bit
        self._arm(index)


def _changes(config: Config) -> dict[str, dict[str, int]]:
    """What the parameters make of the declared registers."""
    wide = config.counter_bits == 64
    mask = (1 << config.counter_bits) - 1
    last, period = _GENERAL["NUM_TIM_CAP"].lsb, _GENERAL["COUNTER_CLK_PERIOD"].lsb
    identity = CAPABILITIES | config.timers - 1 << last | config.period_fs << period
    caps = PER_CAP | config.routes << _TIMER["Tn_INT_ROUTE_CAP"].lsb
    return {
        "GCAP_ID": {"reset": identity | (COUNT_SIZE_CAP if wide else 0)},
        "GINTR_STA": {"implemented": (1 << config.timers) - 1},
        "MAIN_CNT": {"implemented": mask},
        "T_CONF_CAP": {
            "count": config.timers,
            "reset": caps | (SIZE_CAP if wide else 0),
            "implemented": -1 if wide else ~MODE_32,
        },
        "T_COMP": {"count": config.timers, "reset": mask, "implemented": mask},
        "T_FSB_ROUTE": {"count": config.timers},
    }
