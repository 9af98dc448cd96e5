"""Errors that the user can mend."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches


class UserError(Exception):
    """Something that the user gave cannot be used; ``str()`` says how to mend it, in a line."""


PATTERNS: dict[str, str] = {}
"""What fits a pattern, in words, where that is more than the absence of control characters."""


def told(pattern: str, words: str) -> str:
    """The pattern; a text that does not fit it is told with these words."""
    PATTERNS[pattern] = words
    return pattern


def suggestion(word: str, known: Iterable[str]) -> str:
    """``; did you mean 'x'?``, of two that are as near ``'x' or 'y'``; or ``; known: a, b, c``."""
    names = list(dict.fromkeys(known))
    close = get_close_matches(word, names, n=2, cutoff=0.5)
    if close:
        near = [SequenceMatcher(None, name, word).ratio() for name in close]
        meant = close if near[0] == near[-1] else close[:1]
        return "; did you mean " + " or ".join(f"'{name}'" for name in meant) + "?"
    return f"; known: {', '.join(names)}" if names else ""
