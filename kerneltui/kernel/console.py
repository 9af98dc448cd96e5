"""The kernel's log: timestamped lines to the console device."""

from __future__ import annotations

from typing import Protocol


class ConsoleDevice(Protocol):
    """Where characters go."""

    def write_char(self, char: int) -> None:
        """Blocks until the device has taken the character."""

    def flush(self) -> None:
        """Blocks until the last character has left."""


class Clock(Protocol):
    """Where timestamps come from."""

    def uptime_ns(self) -> int:
        """Time since power-on."""


class Console:
    """Formats log lines: ``[    1.000123] text``, warnings with a ``W``.

    A line is on the wire before the caller goes on: what has been logged has been seen, even if the
    next instruction crashes.
    """

    def __init__(self, device: ConsoleDevice, clock: Clock) -> None:
        self._device = device
        self._clock = clock

    def write(self, text: str) -> None:
        """Raw text; newlines become CR LF, as a serial terminal wants them."""
        for char in text.encode("ascii", "replace"):
            if char == 0x0A:
                self._device.write_char(0x0D)
            self._device.write_char(char)

    def info(self, text: str) -> None:
        """A log line with the uptime in front."""
        self._line(" ", text)

    def warn(self, text: str) -> None:
        """A log line that says that something is wrong."""
        self._line("W", text)

    def _line(self, level: str, text: str) -> None:
        seconds, rest = divmod(self._clock.uptime_ns(), 1_000_000_000)
        self.write(f"[{level} {seconds:>3}.{rest // 1000:06}] {text}\n")
        self._device.flush()
