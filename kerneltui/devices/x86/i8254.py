"""8254 Programmable Interval Timer, and port 61h of the PC.

Documents: Intel 8254 data sheet (order number 231164), cited by its headings; for port 61h and the
wiring Intel I/O Controller Hub 9 data sheet (316972), 13.4 "Timer I/O registers" and 13.7.1 NMI_SC.
Modelled: three counters with all six modes, both number systems, all access formats, the latch and
read-back commands, gates; gate and speaker bits and the status of OUT2 in port 61h.  Not modelled:
the NMI sources of port 61h.

On a PC all three counters run at 1.193182 MHz; OUT0 is IRQ 0, the gates of counters 0 and 1 are
tied high, the gate of counter 2 is bit 0 of port 61h and its OUT the speaker's tone.  Refresh
toggles every 18 clocks, as if counter 1 drove it with the count that firmware used to give it.

Where the data sheet is open: before it is programmed a counter stands still with OUT low; a pulse
of CLK coincides with each load and each trigger (see :mod:`kerneltui.devices.x86.i8254_counter`).
"""

from __future__ import annotations

from functools import partial
from typing import ClassVar

import msgspec

from kerneltui.devices.x86.i8254_counter import (
    HARDWARE_STROBE,
    INTERRUPT,
    RATE,
    SOFTWARE_STROBE,
    I8254Counter,
)
from kerneltui.hw.clock import NEVER, NS_PER_S, Clock, ns_to_ticks
from kerneltui.hw.device import Cause, ComparatorState, CounterState, TimerDevice
from kerneltui.hw.line import Sink
from kerneltui.hw.register import (
    PORTS,
    RO,
    RW,
    TAG,
    WO,
    Field,
    Register,
    RegisterTable,
    Role,
    WriteRole,
)
from kerneltui.hw.rule import Gate, Opens, Place, Rule

COUNTERS = 3
REFRESH_CLOCKS = 18

_MODES = (
    (0, "interrupt on terminal count"), (1, "hardware retriggerable one-shot"),
    (2, "rate generator"), (3, "square wave"), (4, "software triggered strobe"),
    (5, "hardware triggered strobe"), (6, "rate generator"), (7, "square wave"),
)  # fmt: skip
EDGES = (
    "the terminal count", "the end of the pulse that a rise of GATE begins",
    "the reload, which ends the low clock", "the low half of the square wave to end",
    "the end of the strobe, one clock", "the end of the strobe, one clock",
)  # fmt: skip
"""What makes OUT rise, by mode."""
DIPPING = frozenset((RATE, SOFTWARE_STROBE, HARDWARE_STROBE))
"""The modes in which OUT is high, and low for one clock at the end of a count."""
_COUNTER_NAMES = tuple((n, f"counter {n}") for n in range(COUNTERS))

I8254_PORTS = RegisterTable(
    __name__,
    "I8254_PORTS",
    "8254 Programmable Interval Timer",
    size=4,
    space=PORTS,
    ref="Intel 8254 data sheet",
    registers=(
        Register(
            "COUNTER{n}", 0, (Field("BYTE", 0, 8, doc="Count, or a latched status"),),
            "Writes give the count, in the format of the Control Word, where a count of 0 stands "
            "for 65536 (10000 in BCD); reads return the latched status, the latched count or the "
            "count itself",
            'Intel 8254, "Write Operations", "Read Operations"',
            width=8, count=COUNTERS, volatile=True, roles_of_write=(WriteRole(Role.ARM),),
        ),
        Register(
            "CONTROL_WORD", 3,
            (
                Field("BCD", 0, 1, WO, "Number system", ((0, "binary"), (1, "decimal"))),
                Field("M", 1, 3, WO, "Mode", _MODES),
                Field("RW", 4, 2, WO, "Bytes of the count", (
                    (1, "least significant only"), (2, "most significant only"),
                    (3, "least, then most significant"))),
                Field("SC", 6, 2, WO, "Select counter", _COUNTER_NAMES),
            ),
            "Programs a counter", 'Intel 8254, "Control Word Format"', width=8, overlay="control",
            writes=("COUNTER",), chooses="SC",
        ),
        Register(
            "COUNTER_LATCH", 3, (Field("SC", 6, 2, WO, "Select counter", _COUNTER_NAMES),),
            "Latches a counter's count; bits 5:4 are zero", 'Intel 8254, "Counter Latch Command"',
            width=8, overlay="latch",
        ),
        Register(
            "READ_BACK", 3,
            (
                Field("CNT", 1, 3, WO, "Counters that are meant, a bit for each"),
                Field("STATUS_N", 4, 1, WO, "0: latch their status"),
                Field("COUNT_N", 5, 1, WO, "0: latch their count"),
            ),
            "Latches counts and statuses; bits 7:6 are ones", 'Intel 8254, "Read-Back Command"',
            width=8, overlay="read-back",
        ),
    ),
)  # fmt: skip

NMI_SC = RegisterTable(
    __name__,
    "NMI_SC",
    "NMI Status and Control (port 61h)",
    size=1,
    space=PORTS,
    ref="Intel ICH9 data sheet, 13.7.1",
    registers=(
        Register(
            "NMI_SC", 0,
            (
                Field("TIM_CNT2_EN", 0, 1, RW, "Gate of counter 2"),
                Field("SPKR_DAT_EN", 1, 1, RW, "OUT of counter 2 goes to the speaker"),
                Field("PCI_SERR_EN", 2, 1, TAG, "0: PCI system errors make an NMI"),
                Field("IOCHK_NMI_EN", 3, 1, TAG, "0: channel checks make an NMI"),
                Field("REF_TOGGLE", 4, 1, RO, "Toggles with each refresh cycle"),
                Field("TMR2_OUT_STS", 5, 1, RO, "OUT of counter 2"),
                Field("IOCHK_NMI_STS", 6, 1, TAG, "A channel check happened"),
                Field("SERR_NMI_STS", 7, 1, TAG, "A PCI system error happened"),
            ),
            "Speaker, gate of counter 2, NMI sources", "Intel ICH9 13.7.1 NMI_SC",
            width=8, volatile=True,
        ),
    ),
)  # fmt: skip

_NMI_SC, _READ_BACK = NMI_SC["NMI_SC"], I8254_PORTS["READ_BACK"]
GATE2, SPEAKER, REF_TOGGLE, TMR2_OUT_STS = _NMI_SC.masks(
    "TIM_CNT2_EN", "SPKR_DAT_EN", "REF_TOGGLE", "TMR2_OUT_STS"
)
SELECT_SHIFT, READ_BACK = I8254_PORTS["CONTROL_WORD"]["SC"].lsb, 3
BYTES = I8254_PORTS["CONTROL_WORD"]["RW"].mask
FIRST_COUNTER = _READ_BACK["CNT"].lsb
STATUS_N, COUNT_N = _READ_BACK.masks("STATUS_N", "COUNT_N")


class Config(msgspec.Struct, frozen=True):
    """``clock_hz``: CLK of all counters; 1.193182 MHz on every PC."""

    clock_hz: int = 1_193_182

    def __post_init__(self) -> None:
        if not 1 <= self.clock_hz < 1 << 32:
            raise ValueError(f"clock_hz must be 1 to 4294967295, not {self.clock_hz}")


class I8254(TimerDevice):
    """The timer; outputs ``out0`` (IRQ 0), ``out1``, ``out2``; inputs ``gate`` 0 and 1."""

    COMPATIBLE = "intel,i8254"
    NUMBERED_PINS = frozenset(("gate",))
    TABLES = (I8254_PORTS, NMI_SC)
    CONFIG = Config

    def __init__(self, name: str, config: Config, clock: Clock, cpus: int = 1) -> None:
        super().__init__(name, config, clock)
        self._file(I8254_PORTS)
        self._port_61h = self._file(NMI_SC).store("NMI_SC")
        self._counters = [I8254Counter(config.clock_hz) for _ in range(COUNTERS)]
        self._lines = [self._output(f"out{n}")[0] for n in range(COUNTERS)]
        self._deadlines = [
            clock.deadline(f"{name}.OUT{n}", partial(self._update, n)) for n in range(COUNTERS)
        ]
        self.reset()

    def reset(self) -> None:
        """Port 61h is zero, so gate 2 is low; the counters await programming."""
        for file in self.files.values():
            file.reset()
        for counter in self._counters:
            counter.reset()
        self._counters[2].gate = False
        for number in range(COUNTERS):
            self._update(number)

    def _is_out(self, cpu: int, number: int) -> bool:
        return self._counters[number].out(self.clock.now)

    def _has_count(self, cpu: int, number: int) -> bool:
        return self._counters[number].has_count or self._is_out(cpu, number)

    def _is_let(self, cpu: int, number: int) -> bool:
        return self._counters[number].gate or self._is_out(cpu, number)

    COUNTER: ClassVar = Place("COUNTER", "BYTE", by_element=True)
    COUNTED = Rule("count set", COUNTER, "a count, in all its bytes",
                   'Intel 8254, "Write Operations"', test=_has_count,
                   says="the counter has no count to begin from")  # fmt: skip
    LET = Rule("GATE high", Place("NMI_SC", "TIM_CNT2_EN"), "GATE to be high",
               'Intel 8254, "Gate Pin Operations Summary"', test=_is_let, wants=1,
                says="its GATE input stops it")  # fmt: skip
    OUT = Rule("OUT high", COUNTER, "{edge}", 'Intel 8254, "Mode Definitions"',
               test=_is_out, opens=Opens.EVENT, says="its output is low")  # fmt: skip
    """This alone says what the line does: while it is high, the others have nothing to do."""

    def causes(self, output: str, cpu: int) -> list[Cause]:
        """Each output has a counter of its own; what interrupts is the rise of OUT."""
        number = next(n for n, line in enumerate(self._lines) if line is self.outputs[output][0])
        counter = self._counters[number]
        due = counter.next_rise_ns(self.clock.now)
        ports = self.files[I8254_PORTS.name]
        out = self.OUT.gate(
            self, ports, number, cpu, due_ns=due if due < NEVER else None, edge=EDGES[counter.mode]
        )
        gates = (self.COUNTED.gate(self, ports, number, cpu), self._gate_of(number), out)
        return [Cause(f"counter {number}, {_MODES[counter.mode][1]}", gates)]

    def _gate_of(self, number: int) -> Gate:
        """No register shows the pins GATE0 and GATE1."""
        if number == COUNTERS - 1:
            return self.LET.gate(self, self.files[NMI_SC.name], number, 0)
        rule, level = self.LET, self._counters[number].gate
        return Gate(rule.name, self._is_let(0, number), f"GATE{number}", "level", int(level),
                    rule.needs, rule.ref, Opens.EVENT)  # fmt: skip

    def _update(self, number: int) -> None:
        counter, now = self._counters[number], self.clock.now
        self._lines[number].set(counter.out(now))
        self._deadlines[number].arm(counter.next_edge_ns(now))

    def input(self, pin: str, number: int = 0, cpu: int = 0) -> Sink:
        """Gates are high while nothing drives them; gate 2 is port 61h's alone."""
        if pin != "gate" or number not in (0, 1):
            raise ValueError(f"{self.name} has inputs gate 0 and gate 1, not {pin} {number}")
        return partial(self._set_gate, number)

    def _set_gate(self, number: int, level: bool) -> None:
        self._counters[number].set_gate(self.clock.now, level=level)
        self._update(number)

    def comparators(self, cpu: int) -> list[ComparatorState]:
        """The counters: ``compare`` is the count that was written; due is the next edge of OUT.

        Met means that mode 0 has reached its terminal count; other modes do not stop anywhere.
        """
        now = self.clock.now
        return [
            ComparatorState(
                name=f"COUNTER{number}",
                counter=counter.element(now),
                compare=counter.count,
                hz=self.config.clock_hz,
                enabled=counter.counting,
                masked=False,
                met=counter.mode == INTERRUPT and counter.out(now),
                due_ns=deadline.due if deadline.due < NEVER else None,
                counts_down=True,
                dips_ns=round(NS_PER_S / self.config.clock_hz) if counter.mode in DIPPING else 0,
                zero_stands_for=counter.modulus,
            )
            for number, (counter, deadline) in enumerate(
                zip(self._counters, self._deadlines, strict=True)
            )
        ]

    def counters(self, cpu: int) -> list[CounterState]:
        """Those that have been loaded."""
        return [
            CounterState(item.name, item.counter, item.hz, None)
            for item in self.comparators(cpu)
            if item.enabled
        ]

    # -- registers --------------------------------------------------------------------------------

    def overlay(self, offset: int, write: bool) -> str:
        """Port 43h cannot be read."""
        return "control"

    def overlay_of_store(self, offset: int, value: int) -> str:
        """SC = 3 is the read-back command, RW = 0 the latch command ("Control Word Format")."""
        if value >> SELECT_SHIFT == READ_BACK:
            return "read-back"
        return "control" if value & BYTES else "latch"

    def peek_COUNTER(self, index: int, cpu: int) -> int:
        """The byte that comes next."""
        return self._counters[index].peek(self.clock.now)

    def read_COUNTER(self, index: int, cpu: int) -> int:
        """A read goes on to the next byte; OUT does not notice."""
        return self._counters[index].read(self.clock.now)

    def write_COUNTER(self, index: int, cpu: int, value: int) -> None:
        """A byte of the count."""
        self._counters[index].write(self.clock.now, value)
        self._update(index)

    def write_CONTROL_WORD(self, index: int, cpu: int, value: int) -> None:
        """A counter starts anew."""
        number = value >> SELECT_SHIFT
        self._counters[number].program(self.clock.now, value)
        self._update(number)

    def write_COUNTER_LATCH(self, index: int, cpu: int, value: int) -> None:
        """Only the output latch is concerned."""
        self._counters[value >> SELECT_SHIFT].latch_count(self.clock.now)

    def write_READ_BACK(self, index: int, cpu: int, value: int) -> None:
        """The same as a latch command for each counter that is meant."""
        for number, counter in enumerate(self._counters):
            if value >> FIRST_COUNTER + number & 1:
                if not value & COUNT_N:
                    counter.latch_count(self.clock.now)
                if not value & STATUS_N:
                    counter.latch_status(self.clock.now)

    def peek_NMI_SC(self, index: int, cpu: int) -> int:
        """The enables, the refresh toggle and OUT2."""
        now = self.clock.now
        refreshes = ns_to_ticks(now, self.config.clock_hz) // REFRESH_CLOCKS
        status = TMR2_OUT_STS * self._counters[2].out(now) | REF_TOGGLE * (refreshes & 1)
        return self._port_61h[0] & (GATE2 | SPEAKER) | status

    def write_NMI_SC(self, index: int, cpu: int, value: int) -> None:
        """Bit 0 is the gate of counter 2."""
        self._counters[2].set_gate(self.clock.now, level=bool(value & GATE2))
        self._update(2)
