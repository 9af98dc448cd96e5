"""Errors that the user can mend."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class UserError(Exception):
    """Something that the user gave cannot be used; ``str()`` says how to mend it, in a line."""


def suggestion(word: str, known: Iterable[str]) -> str:
    """``; did you mean 'x'?`` or ``; known: a, b, c``."""
    names = list(known)
    close = get_close_matches(word, names, n=1, cutoff=0.5)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; known: {', '.join(names)}" if names else ""
