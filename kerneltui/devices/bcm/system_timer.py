"""BCM2835 System Timer, as on every Raspberry Pi.

Document: BCM2835 ARM Peripherals (2012), chapter 12, and BCM2711 ARM Peripherals (2022),
chapter 10, which agree.  Modelled: all seven registers and the four match outputs.

A free-running 64-bit counter of 1 MHz; four comparators watch its low 32 bits.  A match sets the
comparator's bit in CS and raises its line until software writes a one to that bit.  The comparator
keeps its value, so it matches again each time the low half comes round (71.6 minutes).  A value
written while the counter already shows it matches at the next coming round, as the match is made
when the counter counts to it.
"""

from __future__ import annotations

from functools import partial
from typing import ClassVar

import msgspec

from kerneltui.hw.clock import NEVER, Clock, ns_to_ticks, ticks_to_ns
from kerneltui.hw.device import Cause, ComparatorState, CounterState, TimerDevice
from kerneltui.hw.register import RO, RW1C, Field, Register, RegisterTable, Role, WriteRole
from kerneltui.hw.rule import Opens, Place, Rule, tests_of

CHANNELS = 4
WRAP = 1 << 32
DOCUMENTS = "BCM2835 ARM Peripherals, 12.1 {0} | BCM2711 ARM Peripherals, 10.2 {0}"

SYSTEM_TIMER = RegisterTable(
    __name__,
    "SYSTEM_TIMER",
    "BCM2835 System Timer",
    size=0x1000,
    ref="BCM2835 ARM Peripherals, ch. 12 | BCM2711 ARM Peripherals, ch. 10",
    registers=(
        Register(
            "CS", 0x00,
            tuple(Field(f"M{n}", n, 1, RW1C, f"Timer {n} matched") for n in range(CHANNELS)),
            "Control and status: which comparators have matched; write one to clear",
            "12.1 CS | 10.2 CS",
            roles_of_write=(WriteRole(Role.QUIET),),
        ),
        Register("CLO", 0x04, (Field("CNT", 0, 32, RO, "Counter, bits 31:0"),),
                 "Free-running counter, low half", "12.1 CLO | 10.2 CLO", volatile=True),
        Register("CHI", 0x08, (Field("CNT", 0, 32, RO, "Counter, bits 63:32"),),
                 "Free-running counter, high half", "12.1 CHI | 10.2 CHI", volatile=True),
        Register("C{n}", 0x0C, (Field("CMP", 0, 32, doc="Compare value"),),
                 "Compared with CLO; a match sets M{n} in CS",
                 "12.1 C0-C3 | 10.2 C0-C3", count=CHANNELS,
                 roles_of_write=(WriteRole(Role.ARM),)),
    ),
)  # fmt: skip


MATCHED = tuple(SYSTEM_TIMER["CS"][f"M{n}"].mask for n in range(CHANNELS))


class Config(msgspec.Struct, frozen=True):
    """``clock_hz``: the counter's rate; 1 MHz on every board."""

    clock_hz: int = 1_000_000

    def __post_init__(self) -> None:
        if not 1 <= self.clock_hz < 1 << 32:
            raise ValueError(f"clock_hz must be 1 to 4294967295, not {self.clock_hz}")


class SystemTimer(TimerDevice):
    """The timer block; outputs ``match0`` .. ``match3``."""

    COMPATIBLE = "brcm,bcm2835-system-timer"
    TABLES = (SYSTEM_TIMER,)
    CONFIG = Config

    def __init__(self, name: str, config: Config, clock: Clock, cpus: int = 1) -> None:
        super().__init__(name, config, clock)
        self.regs = self._file(SYSTEM_TIMER)
        self._status = self.regs.store("CS")
        self._compare = self.regs.store("C")
        self._lines = [self._output(f"match{n}")[0] for n in range(CHANNELS)]
        self._deadlines = [
            clock.deadline(f"{name}.C{n}", partial(self._match, n)) for n in range(CHANNELS)
        ]
        self.reset()

    def reset(self) -> None:
        """All comparators 0: the first match would come after 71.6 minutes."""
        self.regs.reset()
        for channel in range(CHANNELS):
            self._arm(channel)
        self._update()

    def _count(self) -> int:
        return ns_to_ticks(self.clock.now, self.config.clock_hz)

    def _arm(self, channel: int) -> None:
        """Fire when the low half next counts to the compare value (ch. 10, introduction).

        A match that CS holds already would change nothing, so none is scheduled: a machine whose
        software leaves this timer alone comes to rest.
        """
        if self._status[0] & MATCHED[channel]:
            self._deadlines[channel].cancel()
            return
        count = self._count()
        ahead = (self._compare[channel] - count) % WRAP or WRAP
        self._deadlines[channel].arm(ticks_to_ns(count + ahead, self.config.clock_hz))

    def _match(self, channel: int) -> None:
        self._status[0] |= MATCHED[channel]
        self._update()

    def _matched(self, _cpu: int) -> int:
        return self._status[0]

    RULES: ClassVar = (
        Rule("compare value met", Place("C", "CMP", by_element=True),
             "the counter to come to this value", DOCUMENTS.format("C0-C3"),
             test=_matched, bitmap=True, opens=Opens.EVENT,
             says="the counter has not come to the compare value"),
        Rule("match held", lambda _owner, _cpu, channel: Place("CS", f"M{channel}"),
             "the match, which sets it until software clears it",
             DOCUMENTS.format("CS"),
             test=_matched, bitmap=True, opens=Opens.EVENT,
             says="there has been no match since software cleared the last one"),
    )  # fmt: skip
    """There is no enable: a match is held in CS, and that is the line."""
    TESTS: ClassVar = tests_of(RULES)

    def _update(self) -> None:
        up = -1
        for test in self.TESTS:
            up &= test(self, 0)
        for channel, line in enumerate(self._lines):
            line.set(bool(up & MATCHED[channel]))

    def comparators(self, cpu: int) -> list[ComparatorState]:
        """The four channels; there is no enable: masking is the interrupt controller's."""
        return [
            ComparatorState(
                name=f"C{channel}",
                counter=self._count() & (WRAP - 1),
                compare=self._compare[channel],
                hz=self.config.clock_hz,
                enabled=True,
                masked=False,
                met=bool(self._status[0] & MATCHED[channel]),
                due_ns=deadline.due if deadline.due < NEVER else None,
            )
            for channel, deadline in enumerate(self._deadlines)
        ]

    def causes(self, output: str, cpu: int) -> list[Cause]:
        """Each output has a comparator of its own."""
        channel = int(output.removeprefix("match"))
        due = self._deadlines[channel].due
        due_ns = due if due < NEVER else None
        gates = (rule.gate(self, self.regs, channel, cpu, due_ns=due_ns) for rule in self.RULES)
        return [Cause(f"a match of C{channel}", tuple(gates))]

    def counters(self, cpu: int) -> list[CounterState]:
        """The half that is compared."""
        return [CounterState("CLO", self.peek_CLO(0, cpu), self.config.clock_hz, 32)]

    def peek_CLO(self, index: int, cpu: int) -> int:
        """Counter, low half."""
        return self._count() & (WRAP - 1)

    def peek_CHI(self, index: int, cpu: int) -> int:
        """Counter, high half; software reads CHI, CLO, CHI to see a consistent pair."""
        return self._count() // WRAP & (WRAP - 1)

    def write_CS(self, index: int, cpu: int, value: int) -> None:
        """The cleared bits' lines fall; their channels can match again."""
        for channel in range(CHANNELS):
            if not self._status[0] & MATCHED[channel]:
                self._arm(channel)
        self._update()

    def write_C(self, index: int, cpu: int, value: int) -> None:
        """A new compare value; a match that CS holds stays."""
        self._arm(index)
