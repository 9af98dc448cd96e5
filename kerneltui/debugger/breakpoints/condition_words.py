"""What the text of a condition consists of: names, numbers and signs, each with its column."""

from __future__ import annotations

import re
from typing import NamedTuple

from kerneltui.debugger.register_names import NUMBER, to_number
from kerneltui.units import PATTERN, parse_duration

COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
CONNECTIVES = ("and", "or", "not")
MEANT = {
    "=": "==", "===": "==", "!==": "!=", "<>": "!=", "=<": "<=", "=>": ">=", "&&": "and",
    "||": "or", "!": "not",
}  # fmt: skip
"""What other languages write, and what is written here."""
LONGEST_SHOWN = 100
"""characters of a word that an error repeats"""
_DURATION = PATTERN.removeprefix("^").removesuffix("$")
_SPACE = re.compile(r"\s*", re.ASCII)
_WORD = re.compile(
    r"(?P<name>(?:[\w-]+/)*[A-Za-z_]\w*(?:\.\w*)?(?:\[[0-9]+\])?)"
    rf"|(?P<duration>{_DURATION})(?![\w.])"
    rf"|(?P<number>{NUMBER})(?![\w.])"
    r"|(?P<misspelt>[0-9][\w.]*)"
    r"|(?P<sign>[=!]==?|<[=>]?|>=?|=[<>]?|!|&&?|\|\||[()])"
    r"|(?P<other>\S)"
    r"|(?P<end>\Z)",
    re.ASCII,
)


class ConditionWord(NamedTuple):
    """One of them."""

    kind: str
    """``name``, ``number``, ``duration``, ``sign`` (a connective too), or ``end`` of the text"""
    text: str
    column: int
    """from 1; of the end, where something more could be written"""
    end: int
    """how many characters of the text it ends behind"""
    mistake: str = ""
    """why it cannot be used, in words"""


def word_at(text: str, start: int) -> ConditionWord:
    """The word that comes next from ``start`` on, which counts from 0."""
    space = _SPACE.match(text, start)
    assert space is not None
    found = _WORD.match(text, space.end())
    assert found is not None
    assert found.lastgroup is not None
    kind, word, column = found.lastgroup, found[0], found.start() + 1
    mistake = ""
    if kind == "end":
        column = len(text.rstrip()) + 1
    elif kind == "misspelt":
        mistake = _no_number(word)
    elif kind == "other":
        known = " ".join((*COMPARISONS, "&", *CONNECTIVES, "( )"))
        shown = f"'{word}'" if word.isprintable() else f"U+{ord(word):04X}"
        mistake = f"{shown} means nothing here; known: {known}"
    elif word in MEANT:
        mistake = f"write '{MEANT[word]}' instead of '{word}'"
    elif word in CONNECTIVES:
        kind = "sign"
    return ConditionWord(kind, word, column, found.end(), mistake)


def number_of(word: ConditionWord) -> int:
    """What a number says, or a duration in ns.  Raises ValueError, in words."""
    return parse_duration(word.text) if word.kind == "duration" else to_number(word.text)


def quoted(word: str) -> str:
    """A word for an error, cut where it is long."""
    return f"'{word}'" if len(word) <= LONGEST_SHOWN else f"'{word[:LONGEST_SHOWN]}...'"


def _no_number(word: str) -> str:
    """Why a word that begins with a digit is no number."""
    if len(word) > LONGEST_SHOWN:
        return f"{quoted(word)} is not a number"
    try:
        to_number(word) if word[:2].lower() in {"0x", "0b"} else parse_duration(word)
    except ValueError as error:
        return str(error)
    return f"{quoted(word)} is not a number"
