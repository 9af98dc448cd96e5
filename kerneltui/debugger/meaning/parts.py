"""What an explanation consists of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from kerneltui.debugger.trace import RawEvent
from kerneltui.glossary import GlossaryEntry, glossary


class Section(NamedTuple):
    """Facts below each other: what it is, and what it says."""

    title: str
    rows: tuple[tuple[str, str], ...]


class Meaning(NamedTuple):
    """What something is, in words."""

    title: str
    sentences: tuple[str, ...]
    who: str = ""
    """who reads or writes it, or makes it; empty where that makes no sense"""
    manual: str = ""
    """document and section; empty where it is no hardware"""
    sections: tuple[Section, ...] = ()
    told: tuple[GlossaryEntry, ...] = ()
    """the entries of the glossary that the sentences are made of"""
    written: RawEvent | None = None
    """the last write of a register; None where it has none that is known"""

    names: frozenset[str] | None = None
    """of hardware: the registers and fields that it may speak of; None where it speaks of the
    kernel or the debugger"""

    @property
    def text(self) -> str:
        """All that it says, with spaces between."""
        rows = (f"{label} {text}" for section in self.sections for label, text in section.rows)
        return " ".join((*self.sentences, self.who, *rows))

    def with_words(self) -> tuple[GlossaryEntry, ...]:
        """The entries of the words that it uses and does not explain itself, in order."""
        found = glossary().words_in(self.text, self.names)
        return tuple(item for item in found if item not in self.told)


def sentence(text: str) -> str:
    """With a capital at the beginning and a full stop at the end; a name stays as it is."""
    text = text.strip()
    if not text:
        return ""
    if text.split()[0].islower():
        text = text[0].upper() + text[1:]
    return text if text.endswith((".", "?", "!")) else f"{text}."


def named(names: Iterable[str], most: int = 4) -> str:
    """``A, B and C``; of many the first ones."""
    found = list(names)
    if len(found) > most:
        return f"{', '.join(found[:most])} and {len(found) - most} more"
    return " and ".join(filter(None, (", ".join(found[:-1]), *found[-1:])))


def yes_no(*, on: bool, yes: str, no: str) -> str:
    """One of two words."""
    return yes if on else no


def gone(reference: object) -> Meaning:
    """Of what was there once, as a timeout that is over."""
    return Meaning(str(reference), (f"There is no {reference} at present.",))
