"""The interrupts of the mini UART: what enables each, and what it waits for.

Document: BCM2835 ARM Peripherals (2012), 2.2, with the errata; a part of
:mod:`kerneltui.devices.bcm.bcm2835_aux`.  What decides about the line is the table that explains
it.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from kerneltui.devices.bcm.bcm2835_aux_registers import BCM2835_AUX
from kerneltui.hw.clock import NEVER, Deadline
from kerneltui.hw.device import Cause, Device
from kerneltui.hw.line import Line
from kerneltui.hw.manual import OR
from kerneltui.hw.register_file import RegisterFile
from kerneltui.hw.rule import Opens, Place, Rule, required, tests_of

RPI4 = OR + "BCM2711 ARM Peripherals, 2.2.2"
"""What comes behind a citation: where the Raspberry Pi 4 has it."""
RECEIVE, TRANSMIT = range(2)
IIR_NONE = BCM2835_AUX["AUX_MU_IIR"]["NONE"].mask
IDS = {RECEIVE: 2 << 1, TRANSMIT: 1 << 1}
"""What AUX_MU_IIR names them (p. 13); as in a 16550."""
ENABLES = {RECEIVE: BCM2835_AUX["AUX_MU_IER"]["RX"], TRANSMIT: BCM2835_AUX["AUX_MU_IER"]["TX"]}
CNTL_RX, CNTL_TX = BCM2835_AUX["AUX_MU_CNTL"].masks("RX_ENABLE", "TX_ENABLE")

ON = Rule(
    "mini UART on", Place("AUX_ENABLES", "MINI_UART"), "MINI_UART to be 1",
    "BCM2835 ARM Peripherals, p. 9 | BCM2711 ARM Peripherals, 2.1", wants=1,
    says="the mini UART is switched off, and its registers do not answer",
)  # fmt: skip
ON_BIT, _ = required(BCM2835_AUX["AUX_ENABLES"], (ON,))


class Interrupts(Device):
    """The line, and the state that decides about it, which the UART keeps."""

    regs: RegisterFile
    _irq: Line
    _on: list[int]
    _enabled: list[int]
    _control: list[int]
    _waiting: list[int]
    """characters in the transmit FIFO"""
    _received: list[int]
    """and in the receive FIFO"""
    _sender: Deadline
    _frame_ns: int

    @abstractmethod
    def _may_send(self) -> bool:
        """Whether the transmitter goes on to the next character."""

    def _has_received(self, _cpu: int, _kind: int) -> bool:
        return bool(self._received)

    def _has_sent(self, _cpu: int, _kind: int) -> bool:
        return not self._waiting

    def _sends(self, _cpu: int, _kind: int) -> bool:
        return not self._waiting or self._control[0] & CNTL_TX != 0

    def _receives(self, _cpu: int, _kind: int) -> bool:
        return bool(self._received) or self._control[0] & CNTL_RX != 0

    KINDS: ClassVar = (
        ("a received character",
         Rule("receive IRQ enabled", Place("AUX_MU_IER", "RX"), "RX to be 1",
              "BCM2835 errata, p. 12: bit 0" + RPI4, wants=1,
              says="the receive interrupt of the mini UART is not enabled"),
         Rule("receiver on", Place("AUX_MU_CNTL", "RX_ENABLE"), "RX_ENABLE to be 1",
              "BCM2835 ARM Peripherals, p. 17" + RPI4, test=_receives, wants=1,
              says="the receiver is switched off"),
         Rule("character waits", Place("AUX_MU_LSR", "DATA_READY"), "a character to be received",
              "BCM2835 errata, p. 12" + RPI4, test=_has_received, opens=Opens.EVENT,
              says="no character has been received")),
        ("the empty transmit FIFO",
         Rule("transmit IRQ enabled", Place("AUX_MU_IER", "TX"), "TX to be 1",
              "BCM2835 errata, p. 12: bit 1" + RPI4, wants=1,
              says="the transmit interrupt of the mini UART is not enabled"),
         Rule("transmitter on", Place("AUX_MU_CNTL", "TX_ENABLE"), "TX_ENABLE to be 1",
              "BCM2835 ARM Peripherals, p. 17" + RPI4, test=_sends, wants=1,
              says="the transmitter is switched off"),
         Rule("FIFO empty", Place("AUX_MU_STAT", "TX_EMPTY"),
              "the transmit FIFO to be emptied; {waiting} characters wait",
              "BCM2835 errata, p. 12" + RPI4, test=_has_sent, opens=Opens.EVENT,
              says="characters wait in the transmit FIFO")),
    )  # fmt: skip
    """Both interrupts: title, enable, what lets it happen, and the condition itself."""
    ASKED: ClassVar = tuple(
        (kind, required(BCM2835_AUX["AUX_MU_IER"], (enable,))[0], tests_of((condition,))[0])
        for kind, (_, enable, _, condition) in enumerate(KINDS)
    )
    """Derived from these: what :meth:`_identification` asks, in order."""

    def _identification(self) -> int:
        """The pending interrupt; of both, the received character (16550, table V).

        The manual has code 3 as impossible, but not which one comes first (p. 13).
        """
        if self._on[0] & ON_BIT:
            enabled = self._enabled[0]
            for kind, enable, test in self.ASKED:
                if enabled & enable and test(self, 0, kind):
                    return IDS[kind]
        return IIR_NONE

    def _update(self) -> None:
        self._irq.set(self._identification() != IIR_NONE)

    def causes(self, output: str, cpu: int) -> list[Cause]:
        """Both interrupts of the mini UART; the SPI masters are not modelled."""
        return [
            Cause(
                title,
                tuple(
                    rule.gate(
                        self, self.regs, kind, cpu,
                        due_ns=self._due_ns(kind) if rule is rules[-1] else None,
                        waiting=len(self._waiting),
                    )
                    for rule in (ON, *rules)
                ),
            )
            for kind, (title, *rules) in enumerate(self.KINDS)
        ]  # fmt: skip

    def _due_ns(self, kind: int) -> int | None:
        """When the transmit FIFO will be empty, if nothing is stored to it until then."""
        if kind == RECEIVE or not self._waiting or self._sender.due == NEVER:
            return None
        if not self._may_send():
            return None
        return self._sender.due + (len(self._waiting) - 1) * self._frame_ns
