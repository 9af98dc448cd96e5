"""What was done by hand, kept in the platform's state folder while it is not saved.

Each process has one file.  A lock beside it, which ends with the process, tells whether that still
runs.  A file without its process was left behind by one that could not say goodbye.  One that has
ended as usual leaves its file as ``last``: what it was about can be gone on with.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from kerneltui.errors import UserError
from kerneltui.sessions.writing import ENDING, write_atomically
from kerneltui.statefolder import state_folder

LAST = "last"
"""Instead of a path: what was on show when the dashboard was left the last time."""
TOLD = "told "
"""The names of those begin so that were left behind, or aside, and that nobody hears of again."""
MOST_NUMBERS = 100
"""So many files of processes of one number can be there."""
MOST_KEPT = 10
"""So many files that were left behind stay in the folder."""


def folder() -> Path:
    """Where the files are; nobody has made it yet perhaps."""
    return state_folder() / "sessions"


def path_of(words: Path) -> Path:
    """The file that a person means: a path, or :data:`LAST`.  Raises :class:`UserError`."""
    if str(words) != LAST or words.exists():
        return words
    found = folder() / f"{LAST}{ENDING}"
    if not found.exists():
        raise UserError("--session last: there is none; the dashboard keeps what was done by hand")
    return found


class Autosave:
    """The file of this process, from the first :meth:`keep` on."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._lock: IO[bytes] | None = None

    def keep(self, text: str) -> None:
        """Write it.  Where that is impossible, nothing is kept: the work goes on."""
        with suppress(OSError, UserError):
            if self._path is None:
                self._begin()
            if self._path is not None:
                write_atomically(self._path, text)

    def _begin(self) -> None:
        at = folder()
        at.mkdir(parents=True, exist_ok=True)
        for number in range(MOST_NUMBERS):
            path = at / f"{os.getpid()}-{number}{ENDING}"
            lock = _lock_of(path).open("ab")
            # Another system that shares the folder may have a process of that number.
            if _try_to_lock(lock) and not path.exists():
                self._path, self._lock = path, lock
                _forget_old(at)
                break
            lock.close()

    def forget(self) -> None:
        """It is saved elsewhere, or undone."""
        path, self._path = self._path, None
        if path is not None:
            with suppress(OSError):
                _remove(path)
        if self._lock is not None:
            self._lock.close()

    def set_aside(self) -> None:
        """It stays as it is, and the next :meth:`keep` is of something else."""
        path, self._path = self._path, None
        if path is not None:
            was_told(path)
        if self._lock is not None:
            self._lock.close()

    def end(self, text: str) -> None:
        """The process ends as usual; ``text`` is what was on show, empty if nothing was done."""
        with suppress(OSError, UserError):
            if text:
                at = folder()
                at.mkdir(parents=True, exist_ok=True)
                write_atomically(at / f"{LAST}{ENDING}", text)
            self.forget()


def left_behind() -> Iterator[Path]:
    """The files whose processes are gone, the latest first."""
    with suppress(OSError):
        found = [path for path in folder().glob(f"*-*{ENDING}") if _is_left(path)]
        yield from sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)


def is_ours(path: Path) -> bool:
    """Whether it is one that is kept here, not where a person has said."""
    return path.parent == folder()


def latest() -> Path | None:
    """What there is to go on with: what was done last and is there, of no process that runs."""
    with suppress(OSError):
        at = folder()
        found = [*left_behind(), *at.glob(f"{TOLD}*{ENDING}"), *at.glob(f"{LAST}{ENDING}")]
        return max(found, key=lambda path: path.stat().st_mtime, default=None)
    return None


def was_told(path: Path) -> Path:
    """Nobody wants to hear of one again, but it stays: answers under which name."""
    kept = path.with_name(f"{TOLD}{path.name}")
    try:
        path.replace(kept)
        _lock_of(path).unlink(missing_ok=True)
    except OSError:
        return path
    return kept


def _is_left(path: Path) -> bool:
    if path.name.startswith(TOLD):
        return False
    try:
        with _lock_of(path).open("ab") as lock:
            return _try_to_lock(lock)
    except OSError:
        return False


def _lock_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.lock")


def _try_to_lock(file: IO[Any]) -> bool:
    """Whether nobody else holds it; the system lets go of it when the process ends."""
    try:
        import fcntl
    except ImportError:  # a system without: nothing is offered there
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    _lock_of(path).unlink(missing_ok=True)


def _forget_old(at: Path) -> None:
    told = sorted(at.glob(f"{TOLD}*{ENDING}"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in told[MOST_KEPT:]:
        _remove(path)
