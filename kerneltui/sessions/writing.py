"""Files of a person's own are written whole or not at all, and never over the work of others."""

from __future__ import annotations

import os
from contextlib import suppress
from itertools import count
from pathlib import Path
from stat import S_IMODE

from kerneltui.errors import UserError

ENDING = ".session.yaml"
"""Of the names of session files."""


def write_atomically(path: Path, text: str) -> None:
    """Write a file whole, or not at all.  Raises :class:`UserError` where it cannot be written.

    A link is followed.  A file that is there already keeps its permissions.
    """
    try:
        path = path.resolve()
        before = path.stat() if path.exists() else None
        if before is not None and not path.is_file():
            what = "a folder" if path.is_dir() else "no ordinary file"
            raise UserError(f"{path}: cannot be written: this is {what}")
        if before is not None and not os.access(path, os.W_OK):
            raise UserError(f"{path}: cannot be written: it is write-protected")
        fresh, number = _fresh_beside(path)
        try:
            with os.fdopen(number, "w", encoding="utf-8", newline="\n") as out:
                if before is not None:
                    with suppress(OSError):  # on some file systems there are none
                        fresh.chmod(S_IMODE(before.st_mode))
                out.write(text)
                out.flush()
                os.fsync(out.fileno())
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)
    except (OSError, ValueError, RuntimeError) as error:  # no path, or links in a circle
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{path}: cannot be written: {reason}") from None


def _fresh_beside(path: Path) -> tuple[Path, int]:
    """A new file in the same folder, opened: nobody else's."""
    for attempt in count():
        fresh = path.with_name(f".{path.name[:NAME_KEPT]}.{os.getpid()}-{attempt}")
        with suppress(FileExistsError):
            return fresh, os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    raise AssertionError


NAME_KEPT = 40
"""So many characters of a name are in that of the new file: it must not get too long."""


class Kept:
    """A file that holds a session, with what it said when that was written or read last."""

    def __init__(self, path: Path, text: str | None = None) -> None:
        """``text`` is what it says; None where it is about to be made."""
        self.path = path
        self._text = text

    def write(self, text: str) -> None:
        """Write it.  Raises :class:`UserError` where it cannot be written.

        That is so too where another one has changed it meanwhile.
        """
        if self.is_changed:
            raise UserError(
                f"{self.path}: another program has changed this file since it was read or saved "
                "here, so it stays as it is; 'Save as' (Ctrl+P) saves to another one"
            )
        write_atomically(self.path, text)
        self._text = text

    @property
    def is_changed(self) -> bool:
        """Whether another one has written to it.  One that is gone has not changed."""
        try:
            found = self.path.read_bytes()
        except OSError:
            return False
        return self._text is None or found != self._text.encode()
