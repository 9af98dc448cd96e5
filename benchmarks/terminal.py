"""A program in a pseudo-terminal, watched from outside."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import tempfile
import termios
from pathlib import Path
from time import perf_counter

COLUMNS, ROWS = 140, 40
DEADLINE_S = 30.0
QUIET_S = 0.08
"""A frame is over when nothing has come for so long."""
IDLE_CPU_S = 0.002
"""A program that has used less than that meanwhile had nothing to do."""


_CACHE = tempfile.TemporaryDirectory(prefix="kerneltui-benchmark-")
"""Bytecode, as an installed program has it; the first run of a program fills it."""
_UNWANTED = {"NO_COLOR", "COLUMNS", "LINES", "PYTHONDONTWRITEBYTECODE"}


class Terminal:
    """Runs ``python ARGUMENTS`` in a pseudo-terminal of 140x40."""

    def __init__(self, *arguments: str) -> None:
        self.started = perf_counter()
        self.output = bytearray()
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            environment = {
                **{key: value for key, value in os.environ.items() if key not in _UNWANTED},
                "TERM": "xterm-256color",
                "COLORTERM": "truecolor",
                "PYTHONPYCACHEPREFIX": _CACHE.name,
                "XDG_STATE_HOME": _CACHE.name,  # what was chosen here before does not count
            }
            # The size must stand before the program asks for it.
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
            os.execve(sys.executable, [sys.executable, *arguments], environment)

    def _read(self, timeout_s: float) -> bool:
        """Take what has come within a time; false when nothing has."""
        ready, _, _ = select.select([self._fd], [], [], timeout_s)
        if not ready:
            return False
        try:
            data = os.read(self._fd, 1 << 16)
        except OSError:
            return False  # the program has ended
        self.output += data
        return bool(data)

    def until(self, *markers: str) -> float:
        """Seconds from the start of the program until all of the markers are on the screen."""
        missing = [marker.encode() for marker in markers]
        while missing:
            if not self._read(DEADLINE_S):
                shown = bytes(self.output[-400:])
                self.close()
                raise TimeoutError(f"never shown: {missing}; the last output was {shown!r}")
            missing = [marker for marker in missing if marker not in self.output]
        return perf_counter() - self.started

    def settle(self, quiet_s: float = 0.5) -> None:
        """Take output until none has come for a while."""
        deadline = perf_counter() + DEADLINE_S
        while self._read(quiet_s) and perf_counter() < deadline:
            pass

    def key(self, text: str) -> float:
        """Press a key; seconds until the last byte of the frame that it causes."""
        started = last = perf_counter()
        os.write(self._fd, text.encode())
        wait = DEADLINE_S
        while self._read(wait):
            last = perf_counter()
            wait = QUIET_S
        return last - started

    def key_cpu(self, text: str) -> float:
        """Press a key; CPU seconds of the program until the last byte of the frame it causes."""
        started = last = seen = self.cpu_s()
        os.write(self._fd, text.encode())
        self._read(DEADLINE_S)
        while True:
            if self._read(QUIET_S):
                last = self.cpu_s()
                continue
            # On a busy machine it may have been silent because it had no turn.
            before, seen = seen, self.cpu_s()
            if seen - before < IDLE_CPU_S:
                return last - started

    def press(self, text: str) -> None:
        """Press a key."""
        os.write(self._fd, text.encode())

    def watch(self, seconds: float) -> None:
        """Take output for so long."""
        end = perf_counter() + seconds
        while (left := end - perf_counter()) > 0:
            self._read(left)

    def cpu_s(self) -> float:
        """CPU time of all of the program's threads so far."""
        total = 0
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
        return total / 1e9

    def close(self) -> None:
        """Ask the program to leave with ``q``; end it when it does not."""
        deadline = perf_counter() + 5.0
        asked = False
        while perf_counter() < deadline:
            if os.waitpid(self.pid, os.WNOHANG)[0]:
                os.close(self._fd)
                return
            if not asked:
                os.write(self._fd, b"q")
                asked = True
            self._read(0.02)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._fd)
