"""A line on the terminal of standard error that says how far a long command is."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread
from time import perf_counter
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self

import click

from kerneltui.streams import columns, let_go, write_the_rest

if TYPE_CHECKING:
    from kerneltui.debugger.session import Session

PATIENCE_S = 0.5
"""What takes less time needs no line."""
PAUSE_S = 0.2
WIDEST_BAR = 20
ERASE = "\r\x1b[K\x1b[?25h"
"""Click hides the cursor beside its bar."""


class Progress:
    """While it lasts, the line is drawn, where standard error is a terminal; else nothing is.

    A thread draws it: the command runs as fast as without.
    """

    def __init__(
        self, length: int, tell: Callable[[], tuple[int, str]], *, wanted: bool = True
    ) -> None:
        """``tell`` answers how much of ``length`` is done, and that in words.

        It is called from another thread.
        """
        self._length = length
        self._tell = tell
        self._can_draw = wanted and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._lock = Lock()
        self._over = Event()
        self._thread = Thread(target=self._keep_drawing, daemon=True)
        self._bar: Any = None
        """the line, while it can be seen"""
        self._started = perf_counter()

    def __enter__(self) -> Self:
        if self._can_draw:
            # A signal can come before the command is inside: then nobody leaves it either.
            atexit.register(self._stop)
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._can_draw:
            self._stop()
            atexit.unregister(self._stop)
        with _on_terminal():
            if self._bar is not None:
                self._draw()
                self._bar.render_finish()
            elif kind is KeyboardInterrupt and sys.stderr.isatty():
                # An unfinished line stands there, or the terminal's ^C.
                write_the_rest()
                sys.stderr.write("\n")
                sys.stderr.flush()

    def _stop(self) -> None:
        """No thread may be writing when Python ends: it would abort the process."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    @contextmanager
    def aside(self, stream: IO[str]) -> Iterator[None]:
        """While it lasts, the line makes room for what is written to ``stream``."""
        with self._lock:
            if self._bar is not None and stream.isatty():
                self._bar = None
                with _on_terminal():
                    sys.stderr.write(ERASE)
                    sys.stderr.flush()
            yield

    def _keep_drawing(self) -> None:
        pause = PATIENCE_S
        while not self._over.wait(pause):
            pause = PAUSE_S
            with self._lock, _on_terminal():
                self._draw()

    def _draw(self) -> None:
        done, words = self._tell()
        words = f"{words}, {perf_counter() - self._started:.0f} s"
        room = columns(sys.stderr) - len("[]  100%  ") - len(words) - 1
        if self._bar is None:
            self._bar = click.progressbar(
                length=self._length,
                bar_template="[%(bar)s]  %(info)s",
                item_show_func=lambda shown: shown,
                show_eta=False,
                update_min_steps=0,
                file=sys.stderr,
            )
        self._bar.width = max(0, min(WIDEST_BAR, room))
        self._bar.update(done - self._bar.pos, words if room >= 0 else "")


@contextmanager
def _on_terminal() -> Iterator[None]:
    """A terminal that has gone takes the line with it, and nothing else."""
    try:
        yield
    except OSError:
        let_go(sys.stderr)


def of_session(session: Session, until_ns: int, *, wanted: bool = True) -> Progress:
    """Progress of a session on its way to a virtual time."""

    def tell() -> tuple[int, str]:
        now, events = min(session.machine.now, until_ns), session.recorder.recorded
        return now, f"{now / 1e9:.3f} of {until_ns / 1e9:.3f} virtual s, {events:,} events"

    return Progress(until_ns, tell, wanted=wanted)
