"""The far end of the board's serial wire: where typed characters come from and output goes to.

Characters are sent one frame time apart, at the rate that the UART is set to, as a terminal with
the same settings would.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import ClassVar, Protocol

from kerneltui.hw.clock import Clock


class SerialDevice(Protocol):
    """A UART, seen from its wire."""

    transmit: Callable[[int], None] | None

    def receive(self, byte: int) -> None:
        """A character has arrived."""

    def frame_ns(self) -> int:
        """How long one character takes."""


class SerialTerminal:
    """Sends what is typed, and passes on what arrives.

    ``on_output(byte)`` and ``on_input(byte, is_scripted)`` observe the two directions; neither is
    part of the state.
    """

    TRANSIENT: ClassVar = frozenset(("on_input", "on_output"))

    def __init__(self, uart: SerialDevice, clock: Clock) -> None:
        self._uarts = [uart]
        self._clock = clock
        self._typed: deque[tuple[int, bool]] = deque()
        """characters, and whether they are the script's"""
        self._next = clock.deadline("terminal", self._send)
        self._script: deque[tuple[int, bytes]] = deque()
        self._script_due = clock.deadline("script", self._type_script)
        self.on_output: Callable[[int], None] | None = None
        self.on_input: Callable[[int, bool], None] | None = None
        uart.transmit = self._arrived

    def join(self, uart: SerialDevice) -> None:
        """Connect a further UART to the same wire: what is typed comes to all of them.

        Characters are then as far apart as the slowest of the UARTs needs.
        """
        self._uarts.append(uart)
        uart.transmit = self._arrived

    def _frame_ns(self) -> int:
        return max(uart.frame_ns() for uart in self._uarts)

    @property
    def is_done(self) -> bool:
        """Whether nothing more will be typed, neither by hand nor from the script."""
        return not (self._typed or self._script)

    @property
    def waiting(self) -> int:
        """Typed characters that have not been sent yet."""
        return len(self._typed)

    def type(self, data: bytes, *, is_scripted: bool = False) -> None:
        """Type characters, at the present time."""
        if not self._typed and data:
            self._next.arm(self._clock.now + self._frame_ns())
        self._typed.extend((byte, is_scripted) for byte in data)

    @property
    def last_due_ns(self) -> int:
        """When the script types for the last time (ns since power-on); 0 if it has no more."""
        return self._script[-1][0] if self._script else 0

    def play(self, script: list[tuple[int, bytes]]) -> None:
        """Type each text at its time (ns since power-on); the list is in order of time."""
        self._script.extend(script)
        if self._script:
            self._script_due.arm(self._script[0][0])

    def _type_script(self) -> None:
        _, data = self._script.popleft()
        if self._script:
            self._script_due.arm(self._script[0][0])
        self.type(data, is_scripted=True)

    def _send(self) -> None:
        byte, is_scripted = self._typed.popleft()
        if self._typed:
            self._next.arm(self._clock.now + self._frame_ns())
        if self.on_input is not None:
            self.on_input(byte, is_scripted)
        for uart in self._uarts:
            uart.receive(byte)

    def _arrived(self, byte: int) -> None:
        if self.on_output is not None:
            self.on_output(byte)
