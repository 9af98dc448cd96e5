"""The kernel's log: timestamped lines to the console device."""

from __future__ import annotations

from collections import deque
from contextlib import nullcontext
from typing import Protocol

from kerneltui.kernel.arch.cpu import Cpu
from kerneltui.kernel.locks import LockWord, SharedLock

LOG_LINES = 128
"""So many of the latest are kept."""
SPIN_NS = 1_000
"""Pause between two looks whether another core is still writing: a character takes 87 us."""


class ConsoleDevice(Protocol):
    """Where characters go."""

    def write_char(self, char: int) -> None:
        """Blocks until the device has taken the character."""

    def flush(self) -> None:
        """Blocks until the last character has left."""


class UptimeClock(Protocol):
    """Where timestamps come from."""

    def uptime_ns(self) -> int:
        """Time since power-on."""


class Screen:
    """What the consoles of all cores have in common: the terminal that they write to."""

    def __init__(self) -> None:
        self.log: deque[str] = deque(maxlen=LOG_LINES)
        """the latest log lines"""
        self.in_line = False
        """raw text stands before the cursor: a log line begins a new line first"""
        self.word = LockWord()
        """whoever writes keeps the other cores out"""


class Console:
    """Formats log lines: ``[    1.000123] text``, warnings with a ``W``.

    A line is on the wire before the caller goes on: what has been logged has been seen, even if the
    next instruction crashes.

    A handler may write in the middle of what it has interrupted; another core has to wait.
    """

    def __init__(
        self, cpu: Cpu, device: ConsoleDevice, clock: UptimeClock, screen: Screen | None = None
    ) -> None:
        """Everything executes on ``cpu``; ``screen`` is another core's, to write to the same."""
        self.device = device
        self.screen = screen or Screen()
        self._clock = clock
        self._lock = SharedLock(cpu, nullcontext(), self.screen.word, SPIN_NS)

    def write(self, text: str) -> None:
        """Raw text; newlines become CR LF, as a serial terminal wants them."""
        with self._lock:
            # A handler's log line can come at any character: until the last one the line is open.
            self.screen.in_line = True
            self._send(text)
            self.screen.in_line = not text.endswith("\n")

    def info(self, text: str) -> None:
        """A log line with the uptime in front."""
        self._line(" ", text)

    def warn(self, text: str) -> None:
        """A log line that says that something is wrong."""
        self._line("W", text)

    def _line(self, level: str, text: str) -> None:
        with self._lock:
            seconds, rest = divmod(self._clock.uptime_ns(), 1_000_000_000)
            line = f"[{level} {seconds:>3}.{rest // 1000:06}] {text}"
            self.screen.log.append(line)
            started = "\n" if self.screen.in_line else ""
            self.screen.in_line = True
            self._send(f"{started}{line}\n")
            self.screen.in_line = False
            self.device.flush()

    def break_lock(self) -> None:
        """Whoever held it has been stopped for good."""
        self.screen.word.holder = None

    def _send(self, text: str) -> None:
        for char in text.encode("ascii", "replace"):
            if char == 0x0A:
                self.device.write_char(0x0D)
            self.device.write_char(char)
