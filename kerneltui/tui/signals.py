"""Signals that end the dashboard: leave a sane terminal behind, or no process when it is gone."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def leave_on_signals(leave: Callable[[int], None]) -> None:
    """Call ``leave`` with the exit status that a shell expects; needs a running event loop."""
    # The first: a platform without signal handlers.  The others: not in the main thread.
    with suppress(NotImplementedError, RuntimeError, ValueError):
        for number in ENDING:
            asyncio.get_running_loop().add_signal_handler(number, _end, leave, 128 + number)


def _end(leave: Callable[[int], None], status: int) -> None:
    stdin = sys.__stdin__
    if stdin is None or not stdin.isatty():
        # The terminal's window was closed.  Tidying up would wait for ever for its last output.
        os._exit(status)
    leave(status)
