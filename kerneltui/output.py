"""Where a command writes: to standard output, or to a file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from kerneltui.errors import UserError
from kerneltui.progress import of_session
from kerneltui.streams import put

if TYPE_CHECKING:
    from kerneltui.debugger.session import Session

STANDARD_OUTPUT = Path("-")
"""The path that means it."""


def write_text(path: Path, text: str) -> None:
    """Write all of a text.  Raises UserError for a file that cannot be written."""
    if path == STANDARD_OUTPUT:
        put(text)
    else:
        with _opened(path) as out:
            out.write(text.encode())


@contextmanager
def run_stream(path: Path, session: Session, until_ns: int) -> Iterator[IO[bytes]]:
    """While it lasts, a session runs to a virtual time, and what it tells can be written.

    A line on the terminal says how far it is.  Raises UserError for a file that cannot be written.
    """
    if path == STANDARD_OUTPUT:
        # What runs over a terminal leaves no place for another line, and needs none.
        with of_session(session, until_ns, wanted=not sys.stdout.isatty()):
            yield sys.stdout.buffer
        sys.stdout.flush()
    else:
        with _opened(path) as out, of_session(session, until_ns):
            yield out


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """Raises UserError for what the file refuses: to be opened, to take more, to be closed."""
    try:
        with path.open("wb") as out:
            yield out
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}") from None
