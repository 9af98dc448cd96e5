"""The interrupts of the 16550 UART: what enables each, and what it waits for.

Document: National PC16550D (June 1995), 8.6, 8.7 and 8.12; a part of
:mod:`kerneltui.devices.x86.ns16550`.  What decides about the line is the table that explains it.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from kerneltui.devices.x86.ns16550_modem import DELTAS, ModemInputs
from kerneltui.devices.x86.ns16550_registers import NS16550, SOURCES
from kerneltui.hw.clock import NEVER, Deadline
from kerneltui.hw.device import Cause, Device
from kerneltui.hw.line import Line
from kerneltui.hw.register_file import RegisterFile
from kerneltui.hw.rule import Opens, Place, Rule, required, tests_of

IIR_NONE = NS16550["IIR"]["NONE"].mask
IIR_MODEM, IIR_THRE, IIR_DATA, IIR_LINE, IIR_TIMEOUT = (
    code << NS16550["IIR"]["ID"].lsb for code, _ in SOURCES
)
OUT2 = (
    Rule("OUT2 is on", Place("MCR", "OUT2"), "OUT2 to be 1: a PC gates the line with it",
         "PC16550D 8.8", wants=1, says="OUT2 gates the line off"),
    Rule("loopback off", Place("MCR", "LOOP"), "LOOP to be 0: it forces the pin OUT2 off",
         "PC16550D 8.8", wants=0, says="loopback mode holds OUT2 off"),
)  # fmt: skip
MCR_LOOP = NS16550["MCR"]["LOOP"].mask
OUT2_BITS, OUT2_WANTED = required(NS16550["MCR"], OUT2)

TIMEOUT = "the character timeout"
ONE_IS_ENOUGH = "a character to be received"
ERRORS = tuple((name, NS16550["LSR"][name].mask) for name in ("OE", "PE", "FE", "BI"))
CHANGES = tuple((name, NS16550["MSR"][name].mask) for name in ("DCTS", "DDSR", "TERI", "DDCD"))


class Config(msgspec.Struct, frozen=True):
    """``clock_hz``: the baud generator's input.  ``instant``: characters are sent in no time.

    ``out2_gates_irq``: the interrupt passes only while the OUT2 pin is on, as PCs are wired.
    """

    clock_hz: int = 1_843_200
    instant: bool = False
    out2_gates_irq: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.clock_hz < 1 << 32:
            raise ValueError(f"clock_hz must be 1 to 4294967295, not {self.clock_hz}")


class Interrupts(Device):
    """The line, and the state that decides about it, which the UART keeps."""

    config: Config
    regs: RegisterFile
    _irq: Line
    _modem: ModemInputs
    _enabled: list[int]
    _modem_control: list[int]
    _received: list[int]
    _errors: int
    _fifo: bool
    _trigger: int
    _timed: bool
    _thre_pending: bool
    _timeout: Deadline
    _emptier: Deadline
    _shifting: int | None

    def _has_errors(self, cpu: int, kind: int) -> bool:
        return self._errors != 0

    def _is_overdue(self, cpu: int, kind: int) -> bool:
        return self._timed

    def _is_buffered(self, cpu: int, kind: int) -> bool:
        return self._fifo

    def _has_enough(self, cpu: int, kind: int) -> bool:
        return len(self._received) >= self._trigger

    def _announces_empty(self, cpu: int, kind: int) -> bool:
        return self._thre_pending

    def _modem_changed(self, cpu: int, kind: int) -> bool:
        return self._modem.status & DELTAS != 0

    def _error_place(self, cpu: int, kind: int) -> Place:
        return Place("LSR", next((name for name, bit in ERRORS if self._errors & bit), "OE"))

    def _modem_place(self, cpu: int, kind: int) -> Place:
        changes = self._modem.status & DELTAS
        return Place("MSR", next((name for name, bit in CHANGES if changes & bit), "DCTS"))

    KINDS: ClassVar = (
        (IIR_LINE, "the receiver line status", "ELSI",
         Rule("an error", _error_place, "an overrun, or a character with an error",
              "PC16550D 8.6", test=_has_errors, opens=Opens.EVENT, says="no error has come")),
        (IIR_TIMEOUT, TIMEOUT, "ERBFI",
         Rule("overdue", Place("IIR", "ID"), "{overdue}",
              "PC16550D 8.12", test=_is_overdue, opens=Opens.EVENT,
              says="no character has waited for four character times")),
        (IIR_DATA, "received data", "ERBFI",
         Rule("enough received", Place("LSR", "DR"), "{enough}",
              "PC16550D 8.5", test=_has_enough, opens=Opens.EVENT,
              says="not enough characters have come")),
        (IIR_THRE, "the empty transmitter", "ETBEI",
         Rule("empty announced", Place("LSR", "THRE"),
              "the transmitter to become empty: reading IIR, or a store, ends that",
              "PC16550D 8.7", test=_announces_empty, opens=Opens.EVENT,
              says="the transmitter has announced nothing")),
        (IIR_MODEM, "the modem status", "EDSSI",
         Rule("an input changed", _modem_place, "a modem input to change",
              "PC16550D 8.9", test=_modem_changed, opens=Opens.EVENT,
              says="no modem input has changed")),
    )  # fmt: skip
    """The interrupts, highest priority first: code, title, enable and condition (table V)."""
    ENABLING: ClassVar = tuple(
        Rule(
            "enabled",
            Place("IER", enable),
            f"{enable} to be 1",
            "PC16550D 8.7",
            wants=1,
            says="this interrupt of the UART is not enabled",
        )
        for _, _, enable, _ in KINDS
    )
    ASKED: ClassVar = tuple(
        (code, required(NS16550["IER"], (rule,))[0], tests_of((condition,))[0])
        for (code, _, _, condition), rule in zip(KINDS, ENABLING, strict=True)
    )
    """Derived from these: what :meth:`_identification` asks, in order."""

    BUFFERED: ClassVar = Rule(
        "FIFOs on", Place("IIR", "FIFO"), "FCR.FIFO_ENABLE to be 1", "PC16550D 8.12",
        test=_is_buffered, says="the FIFOs are off, so no character waits in one",
    )  # fmt: skip
    """What it takes for the character timeout, until it is up."""

    def _enough(self) -> str:
        """How many characters interrupt, with the level that holds now."""
        if self._trigger == 1:
            return ONE_IS_ENOUGH
        return f"{self._trigger} characters in the receive FIFO (now {len(self._received)})"

    def _overdue(self) -> str:
        """What the character timeout waits for; a single one interrupts before that (8.12)."""
        if self._trigger == 1:
            return ONE_IS_ENOUGH
        return "one character, and then none for four character times"

    def _identification(self) -> int:
        """The pending interrupt of highest priority (8.6, table V)."""
        enabled = self._enabled[0]
        if enabled:
            for code, enable, test in self.ASKED:
                if enabled & enable and test(self, 0, 0):
                    return code
        return IIR_NONE

    def _update(self) -> None:
        level = self._identification() != IIR_NONE
        if level and self.config.out2_gates_irq:
            # Loopback forces the pin off, whatever the bit says (8.8).
            level = self._modem_control[0] & OUT2_BITS == OUT2_WANTED
        if self._irq.level is not level:
            self._irq.set(level)

    def causes(self, output: str, cpu: int) -> list[Cause]:
        """Each kind of interrupt."""
        wiring = OUT2 if self.config.out2_gates_irq else ()
        due = {IIR_THRE: self._emptier.due}
        if self._shifting is None or not self._modem_control[0] & MCR_LOOP:
            # Else the character that is being sent comes back, and the wait begins anew.
            due[IIR_TIMEOUT] = self._timeout.due
        causes: list[Cause] = []
        for (code, title, _, condition), enable in zip(self.KINDS, self.ENABLING, strict=True):
            buffers = (self.BUFFERED,) if code == IIR_TIMEOUT else ()
            gates = [rule.gate(self, self.regs, 0, 0) for rule in (*wiring, enable, *buffers)]
            soon = due.get(code, NEVER)
            gates.append(
                condition.gate(
                    self, self.regs, 0, 0, due_ns=soon if soon < NEVER else None,
                    enough=self._enough(), overdue=self._overdue(),
                )
            )  # fmt: skip
            causes.append(Cause(title, tuple(gates)))
        # That which comes first where nothing waits yet stands before the timeout.
        return sorted(causes, key=lambda cause: cause.title == TIMEOUT)
