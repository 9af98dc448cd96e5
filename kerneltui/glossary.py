"""The words that the dashboard uses, each explained in plain sentences.

They stand in ``configs/glossary.yaml``, which comes with the program.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Literal

import msgspec

from kerneltui.builtin import configs_dir
from kerneltui.configfile import ConfigFile, Label

NAME = "glossary.yaml"


class GlossaryEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One word."""

    term: Label
    short: Label
    """one sentence, which begins with a verb: its subject is the word"""
    text: Label
    """two or three more"""
    article: Literal["", "a", "an", "the", "to"] = ""
    """what stands before it in a sentence"""
    also: list[Label] = []
    """other spellings, and short forms"""
    who: Label = ""
    """who reads or writes it, or makes it; empty where that makes no sense"""
    see: list[Label] = []
    """related words, by their terms"""
    names: list[Label] = []
    """what on the screen it explains, with ``*`` as a wildcard: a register (``GICC_IAR``), a field
    (``DAIF.I``), a kind of event (``trace.eret``), a tracepoint or a table of the firmware"""

    @property
    def spellings(self) -> tuple[str, ...]:
        """All ways in which the word is written."""
        return (self.term, *self.also)

    @property
    def sentences(self) -> str:
        """All that it says, with the word as the subject of the first sentence."""
        subject = f"{self.article} {self.term}".strip()
        if "_" not in subject:  # a name is written as it is
            subject = subject[0].upper() + subject[1:]
        return f"{subject} {self.short[0].lower()}{self.short[1:]} {self.text}"

    def explains(self, name: str) -> bool:
        """Whether a name on the screen is one of :attr:`names`; a register is not its fields."""
        return any(
            fnmatchcase(name, pattern) and name.count(".") == pattern.count(".")
            for pattern in self.names
        )


class GlossarySpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file."""

    terms: list[GlossaryEntry]


class Glossary:
    """The entries in the order of the file, and how to find them."""

    def __init__(self, entries: Sequence[GlossaryEntry]) -> None:
        self.entries = entries
        self._by_spelling = {word: item for item in entries for word in item.spellings}
        words = {word.lower(): word for word in self._by_spelling}
        longest_first = sorted(words, key=len, reverse=True)
        either = "|".join(map(re.escape, longest_first))
        self._in_text = re.compile(rf"(?<![\w/.-])({either})(?:s|'s)?(?![\w/-])", re.IGNORECASE)

    def find(self, word: str) -> GlossaryEntry | None:
        """The entry of a word in one of its spellings, capitals or not at its beginning."""
        return self._by_spelling.get(word) or self._by_spelling.get(word[:1].lower() + word[1:])

    def of_name(self, name: str) -> GlossaryEntry | None:
        """The entry that has a name on the screen among its ``names``."""
        return next((item for item in self.entries if item.explains(name)), None)

    def words_in(self, text: str) -> Iterator[GlossaryEntry]:
        """The entries of the words in a text, each once, in order; of words in words the longest.

        Capitals matter beyond the first letter: ``IF`` is no ``if``.
        """
        seen = set()
        for match in self._in_text.finditer(text):
            entry = self.find(match[1])
            if entry is not None and entry.term not in seen:
                seen.add(entry.term)
                yield entry


@lru_cache(1)
def glossary() -> Glossary:
    """That which comes with the program.  Raises :class:`UserError` for one that is damaged."""
    return Glossary(ConfigFile.load(configs_dir() / NAME).decode(GlossarySpec).terms)
