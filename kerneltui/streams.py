"""Standard input, output and error, whatever the shell has made of them.

Each may be closed, full, a pipe that nobody reads, or of an encoding that lacks what is to be
shown.  After :func:`settle` all three can be used, and what fails does so as an OSError.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import IO

from kerneltui.errors import UserError

COLUMNS = 80
"""Of a terminal of which nothing is known."""
LEAST_TEXT = 16
"""Columns beside a name; a terminal with less has to wrap by itself."""


def settle() -> None:
    """Give closed streams a file that fails or is empty, and show ``?`` for what cannot be shown.

    Their numbers are taken too: else the next file to be opened would get one, and be written to
    by whoever reports an error.
    """
    for number, name, mode in (
        (0, "stdin", os.O_RDONLY),
        (1, "stdout", os.O_RDONLY),  # nobody is to believe that something was written
        (2, "stderr", os.O_WRONLY),
    ):
        if getattr(sys, name) is None:
            _occupy(number, mode)
            put_there = open(number, "w" if number else "r", encoding="utf-8", closefd=False)  # noqa: SIM115
            setattr(sys, name, put_there)
            setattr(sys, f"__{name}__", put_there)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors != "replace":
            stream.reconfigure(errors="replace")


def _occupy(number: int, mode: int) -> None:
    try:
        os.fstat(number)
    except OSError:
        found = os.open(os.devnull, mode)
        if found != number:
            os.dup2(found, number)
            os.close(found)


def put(text: str) -> None:
    """Write text to standard output."""
    sys.stdout.write(text)


def put_bytes(data: bytes) -> None:
    """Write bytes to standard output, behind all text so far."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data)


def put_list(rows: Iterable[tuple[str, str]]) -> None:
    """Write names and what they are, in two columns as wide as the terminal."""
    import textwrap

    found = list(rows)
    indent = max(len(name) for name, _ in found) + 2
    fill = textwrap.TextWrapper(
        width=max(columns(sys.stdout), indent + LEAST_TEXT),
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    ).fill
    for name, text in found:
        put(fill(f"{name:<{indent}}{text}") + "\n")


def columns(stream: IO[str]) -> int:
    """How many a stream's terminal has; 80 when it is none, or does not know."""
    with suppress(OSError, ValueError):
        return os.get_terminal_size(stream.fileno()).columns or COLUMNS
    return COLUMNS


def complain(message: str) -> None:
    """One line on standard error, whatever a file or an argument has put into the message.

    When that cannot be written either, the exit status has to say it all.
    """
    line = " ".join(message.split())
    printable = "".join(char if char.isprintable() else "?" for char in line)
    try:
        sys.stderr.write(f"kerneltui: {printable}\n")
        sys.stderr.flush()
    except OSError:
        let_go(sys.stderr)


def write_the_rest() -> None:
    """Write what waits for standard output, as far as anybody takes it."""
    try:
        sys.stdout.flush()
    except OSError:
        let_go(sys.stdout)


def let_go(stream: IO[str]) -> None:
    """What cannot be written now cannot be written at exit either, and Python would try."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def reason(error: BaseException | None) -> str:
    """Why standard output could not be written."""
    if isinstance(error, OSError) and error.errno == errno.EBADF:
        return "standard output is closed"
    return f"cannot write: {getattr(error, 'strerror', None) or error}"


def check_terminal() -> None:
    """Raise :class:`UserError` unless a dashboard can be used and drawn here."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UserError("the dashboard needs a terminal; 'kerneltui run' works without one")
    if sys.flags.utf8_mode:
        return
    import codecs
    import locale

    encoding = locale.getencoding()
    if codecs.lookup(encoding).name != "utf-8":
        raise UserError(
            f"the dashboard draws in UTF-8, but the locale's encoding is {encoding}; "
            "set PYTHONUTF8=1 if the terminal can show UTF-8"
        )


def trust_the_terminal() -> None:
    """Forget the size that a shell has exported: the terminal knows its own, also when it changes.

    Textual would believe COLUMNS and LINES.  They stay where the terminal does not know.
    """
    size = os.get_terminal_size(sys.stdout.fileno())
    if size.columns and size.lines:
        for name in ("COLUMNS", "LINES"):
            os.environ.pop(name, None)


@contextmanager
def drawing() -> Iterator[None]:
    """While it lasts, Textual draws on the terminal of standard output, in UTF-8.

    It draws on what ``sys.__stderr__`` names, in that stream's encoding.  Standard error itself may
    be a file by then, and stays what it is for everybody who reports an error.
    """
    before = sys.__stderr__
    terminal = sys.stdout.fileno()
    with open(terminal, "w", encoding="utf-8", errors="replace", closefd=False) as screen:
        sys.__stderr__ = screen  # type: ignore[misc]  # Textual offers no other way
        try:
            yield
        finally:
            sys.__stderr__ = before  # type: ignore[misc]
