"""Signals that end a command: what it has is written, and the exit status says which one came."""

from __future__ import annotations

import signal
import sys
from _thread import interrupt_main
from contextlib import suppress
from threading import Timer
from types import FrameType, TracebackType
from typing import Any, Self

CAUGHT = (signal.SIGTERM, signal.SIGHUP)
AGAIN_S = 0.01


class Endings:
    """While it lasts, SIGTERM and SIGHUP interrupt a command as Ctrl+C does.

    What the caller has chosen to ignore (``nohup``) stays ignored.  The dashboard replaces the
    handlers by its own.
    """

    def __init__(self) -> None:
        self.came = 0
        """the signal that came, of those that are caught"""
        self._before: dict[signal.Signals, Any] = {}
        self._ignored = sys.unraisablehook

    @property
    def status(self) -> int:
        """The exit status that a shell expects after a KeyboardInterrupt."""
        return 128 + (self.came or signal.SIGINT)

    def __enter__(self) -> Self:
        for number in CAUGHT:
            if signal.getsignal(number) is signal.SIG_DFL:
                with suppress(ValueError):  # the main thread alone may do this
                    self._before[number] = signal.signal(number, self._interrupt)
        self._ignored, sys.unraisablehook = sys.unraisablehook, self._again
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._let_go()
        sys.unraisablehook = self._ignored

    def _let_go(self) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def _again(self, lost: sys.UnraisableHookArgs) -> None:
        """What is raised in a callback of a weak reference or in a finalizer, Python ignores.

        A signal that came just then would be lost, and the command would go on.
        """
        if issubclass(lost.exc_type, KeyboardInterrupt):
            # Not at once: it would be raised in here, and ignored too.
            Timer(AGAIN_S, interrupt_main).start()
        else:
            self._ignored(lost)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        self.came = number
        # Writing the rest may take for ever, when nobody reads: the next signal ends it at once.
        self._let_go()
        # Not a raise: inside the machine that would be taken for an error of the kernel's.
        signal.default_int_handler(number, frame)
