"""Signals that end a command: what it has is written, and the exit status says which one came."""

from __future__ import annotations

import signal
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any, Self

CAUGHT = (signal.SIGTERM, signal.SIGHUP)


class Endings:
    """While it lasts, SIGTERM and SIGHUP interrupt a command as Ctrl+C does.

    What the caller has chosen to ignore (``nohup``) stays ignored.  The dashboard replaces the
    handlers by its own.
    """

    def __init__(self) -> None:
        self.came = 0
        """the signal that came, of those that are caught"""
        self._before: dict[signal.Signals, Any] = {}

    @property
    def status(self) -> int:
        """The exit status that a shell expects after a KeyboardInterrupt."""
        return 128 + (self.came or signal.SIGINT)

    def __enter__(self) -> Self:
        for number in CAUGHT:
            if signal.getsignal(number) is signal.SIG_DFL:
                with suppress(ValueError):  # the main thread alone may do this
                    self._before[number] = signal.signal(number, self._interrupt)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        self.came = number
        # Writing the rest may take for ever, when nobody reads: the next signal ends it at once.
        self.__exit__(None, None, None)
        # Not a raise: inside the machine that would be taken for an error of the kernel's.
        signal.default_int_handler(number, frame)
