"""The interrupts of the PL011 UART: what raises each, and what lets it through.

Document: Arm DDI 0183G, 2.8 and 3.3.9 to 3.3.12; a part of :mod:`kerneltui.devices.arm.pl011`.
What decides about the lines is the table that explains them.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from kerneltui.devices.arm.pl011_registers import CONDITIONS, MODEM, OUTPUTS, PL011, TITLES
from kerneltui.hw.clock import NEVER, Deadline
from kerneltui.hw.device import Cause, Device
from kerneltui.hw.line import Line
from kerneltui.hw.register_file import RegisterFile
from kerneltui.hw.rule import Opens, Place, Rule, tests_of

CR_UARTEN, CR_TXE, CR_RXE = PL011["UARTCR"].masks("UARTEN", "TXE", "RXE")
INT_RX, INT_TX, INT_RT = PL011["UARTRIS"].masks("RXRIS", "TXRIS", "RTRIS")
RAW, MASKS = PL011["UARTRIS"].fields, PL011["UARTIMSC"].fields
NOT_DRIVEN = -1
"""In place of the interrupts that the outputs show, where somebody else has driven one."""
MODEM_BITS = sum(interrupt for _, interrupt, _ in MODEM.values())


class Interrupts(Device):
    """The lines, and the state that decides about them, which the UART keeps."""

    regs: RegisterFile
    _wires: list[tuple[Line, int]]
    """each output, with the bits of the interrupts that it joins"""
    _driven: int
    """the interrupts that are up on the lines"""
    _raw: list[int]
    _mask: list[int]
    _control: list[int]
    _waiting: list[int]
    """characters in the transmit FIFO"""
    _count: int
    """how many there are in the receive FIFO"""
    _transmit_level: int
    _receive_level: int
    _frame_ns: int
    _sender: Deadline
    _timeout: Deadline

    @abstractmethod
    def _may_send(self) -> bool:
        """Whether the transmitter goes on to the next character."""

    def _raised(self, _cpu: int) -> int:
        return self._raw[0]

    def _unmasked(self, _cpu: int) -> int:
        return self._mask[0]

    def _enabled(self, _cpu: int, interrupt: int) -> bool:
        return self._raw[0] >> interrupt & 1 != 0 or self._control[0] & CR_UARTEN != 0

    def _sends(self, _cpu: int, interrupt: int) -> bool:
        return self._raw[0] >> interrupt & 1 != 0 or self._control[0] & CR_TXE != 0

    def _receives(self, _cpu: int, interrupt: int) -> bool:
        return self._raw[0] >> interrupt & 1 != 0 or self._control[0] & CR_RXE != 0

    RULES: ClassVar = (
        Rule("raised", lambda _owner, _cpu, interrupt: Place("UARTRIS", RAW[interrupt].name),
             "{condition}", "DDI 0183G 2.8, 3.3.11", test=_raised, bitmap=True, opens=Opens.EVENT,
             says="the UART has not raised it"),
        Rule("let through",
             lambda _owner, _cpu, interrupt: Place("UARTIMSC", MASKS[interrupt].name),
             "{mask} to be 1", "DDI 0183G 3.3.10", test=_unmasked, bitmap=True, wants=1,
             says="its bit in the mask is 0"),
    )  # fmt: skip
    TESTS: ClassVar = tests_of(RULES)
    SWITCHED_ON: ClassVar = Rule(
        "UART enabled", Place("UARTCR", "UARTEN"), "UARTEN to be 1", "DDI 0183G 3.3.8",
        test=_enabled, wants=1, says="the UART is switched off",
    )  # fmt: skip
    TO_SEND: ClassVar = (
        SWITCHED_ON,
        Rule("transmitter enabled", Place("UARTCR", "TXE"), "TXE to be 1", "DDI 0183G 3.3.8",
             test=_sends, wants=1, says="the transmitter is switched off"),
    )  # fmt: skip
    TO_RECEIVE: ClassVar = (
        SWITCHED_ON,
        Rule("receiver enabled", Place("UARTCR", "RXE"), "RXE to be 1", "DDI 0183G 3.3.8",
             test=_receives, wants=1, says="the receiver is switched off"),
    )  # fmt: skip
    """What it takes to raise an interrupt, until it is raised; the modem's need neither."""

    def _shown(self) -> int:
        """The interrupts that are up, as UARTMIS has them."""
        shown = -1
        for test in self.TESTS:
            shown &= test(self, 0)
        return shown

    def _update(self) -> None:
        shown = self._shown()
        if shown != self._driven:
            self._driven = shown
            for line, bits in self._wires:
                line.set(shown & bits != 0)

    def output_driven(self) -> None:
        """The next update drives all outputs."""
        self._driven = NOT_DRIVEN

    def causes(self, output: str, cpu: int) -> list[Cause]:
        """Each of the interrupts that an output joins (2.8)."""
        bits = dict(OUTPUTS)[output]
        return [self._cause(n, cpu) for n in range(len(TITLES)) if bits >> n & 1]

    def _cause(self, interrupt: int, cpu: int) -> Cause:
        bit = 1 << interrupt
        before = self.TO_SEND if bit == INT_TX else () if bit & MODEM_BITS else self.TO_RECEIVE
        gates = (
            rule.gate(
                self, self.regs, interrupt, cpu,
                due_ns=self._due_ns(interrupt),
                condition=self._condition(interrupt),
                mask=MASKS[interrupt].name,
            )
            for rule in (*before, *self.RULES)
        )  # fmt: skip
        return Cause(TITLES[interrupt], tuple(gates))

    def _condition(self, interrupt: int) -> str:
        """What raises an interrupt, with the levels that hold now."""
        bit = 1 << interrupt
        level = self._receive_level
        if bit in {INT_RX, INT_RT} and level == 1:
            return "a character to be received"
        if bit == INT_RX:
            return f"{level} characters in the receive FIFO (now {self._count})"
        if bit == INT_TX:
            return (
                f"the transmit FIFO to be emptied to {self._transmit_level} characters "
                f"(now {len(self._waiting)})"
            )
        return CONDITIONS[interrupt]

    def _due_ns(self, interrupt: int) -> int | None:
        """When it comes by itself, where that is known."""
        if 1 << interrupt == INT_RT:
            return self._timeout.due if self._timeout.due < NEVER else None
        above = len(self._waiting) - self._transmit_level
        is_sending = self._sender.due < NEVER and self._may_send()
        if 1 << interrupt == INT_TX and above > 0 and is_sending:
            return self._sender.due + (above - 1) * self._frame_ns
        return None
