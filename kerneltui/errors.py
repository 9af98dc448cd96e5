"""Errors that the user can mend."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import SequenceMatcher, get_close_matches
from pathlib import Path


class UserError(Exception):
    """Something that the user gave cannot be used; ``str()`` says how to mend it, in a line."""

    def __init__(self, said: str, path: Path | None = None, line: int = 0) -> None:
        """``path`` and ``line`` (from 1) are of the file where it stands, if it stands in one."""
        super().__init__(said)
        self.path, self.line = path, line

    @property
    def each(self) -> tuple[UserError, ...]:
        """All mistakes that are told together."""
        return (self,)


class SeveralMistakesError(UserError):
    """More than one mistake: ``str()`` says the first, and what tells the others."""

    def __init__(self, each: Iterable[UserError]) -> None:
        self._each = tuple(each)
        first = self._each[0]
        from shlex import quote  # seldom needed

        shown = f": kerneltui validate {quote(str(first.path))}" if first.path else ""
        super().__init__(f"{first} (and {len(self._each) - 1} more{shown})", first.path, first.line)

    @property
    def each(self) -> tuple[UserError, ...]:
        """In order of their lines."""
        return self._each


class Mistakes:
    """Collects what is wrong in a file, so that all of it can be told.

    Each check stands in a block of its own, and goes on from what has been found to be right.
    """

    def __init__(self) -> None:
        self._found: dict[str, UserError] = {}

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, error: UserError) -> None:
        """Keep an error, or all that it consists of; the same is told once."""
        for item in error.each:
            if len(self._found) < MOST_TOLD:
                self._found.setdefault(str(item), item)

    def add_all(self, others: Mistakes) -> None:
        """Keep all that another one has collected."""
        self._found.update(others._found)

    def add_elsewhere(self, others: Mistakes) -> None:
        """Keep those of others that are in lines without a mistake so far."""
        lines = {item.line for item in self._found.values()}
        for item in others._found.values():
            if item.line not in lines:
                self.add(item)

    @contextmanager
    def noted(self) -> Iterator[None]:
        """What goes wrong in the block is kept, and ends the block."""
        try:
            yield
        except UserError as error:
            self.add(error)

    def told(self) -> UserError | None:
        """One error for all of them; None where nothing was found."""
        found = sorted(self._found.values(), key=lambda item: (str(item.path), item.line))
        if len(found) > 1:
            return SeveralMistakesError(found)
        return found[0] if found else None

    def tell(self) -> None:
        """Raises :class:`UserError` where something was found."""
        error = self.told()
        if error is not None:
            raise error


MOST_TOLD = 100
"""So many mistakes are enough to mend."""

PATTERNS: dict[str, str] = {}
"""What fits a pattern, in words, where that is more than the absence of control characters."""


def told(pattern: str, words: str) -> str:
    """The pattern; a text that does not fit it is told with these words."""
    PATTERNS[pattern] = words
    return pattern


MOST_KNOWN = 24
"""So many names are told where none is near."""


def near(word: str, known: Iterable[str]) -> list[str]:
    """The two names at most that a word is a slip of, the nearest first; case does not count."""
    names = {name.lower(): name for name in known}
    return [names[low] for low in get_close_matches(word.lower(), names, n=2, cutoff=0.5)]


def suggestion(word: str, known: Iterable[str]) -> str:
    """``; did you mean 'x'?``, of two that are as near ``'x' or 'y'``; or ``; known: a, b, c``."""
    names = list(dict.fromkeys(known))
    close = near(word, names)
    if close:
        alike = [SequenceMatcher(None, name.lower(), word.lower()).ratio() for name in close]
        meant = close if alike[0] == alike[-1] else close[:1]
        return "; did you mean " + " or ".join(f"'{name}'" for name in meant) + "?"
    more = f" and {len(names) - MOST_KNOWN} more" if len(names) > MOST_KNOWN else ""
    return f"; known: {', '.join(names[:MOST_KNOWN])}{more}" if names else ""
