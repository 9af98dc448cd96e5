"""The role of a UART's driver: what it need not have."""

from __future__ import annotations


class UartRest:
    """Who gets what arrives, until somebody else wants it."""

    def write_char(self, char: int) -> None:
        """The driver's own."""
        raise NotImplementedError

    def receive(self, char: int) -> None:
        """Send it back, carriage return as a new line."""
        if char in {0x0D, 0x0A}:
            self.write_char(0x0D)
            char = 0x0A
        self.write_char(char)
