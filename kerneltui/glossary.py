"""The words that the dashboard uses, each explained in plain sentences.

They stand in ``configs/glossary.yaml``, which comes with the program.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
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
    everyday: list[Label] = []
    """of its spellings, those that mean something else in texts about hardware: the queue in a
    UART holds no timeouts"""
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

    def is_meant(self, word: str, names: Collection[str]) -> bool:
        """Whether this one is meant by a word in a text about hardware.

        ``names`` are those of the registers and fields there: a word that is one of these is none
        of ours, unless this entry explains it.
        """
        if word.lower() in self._everyday:
            return False
        if word not in names:
            return True
        return self.explains(word) or any(self.explains(f"{name}.{word}") for name in names)

    @property
    def _everyday(self) -> set[str]:
        return {word.lower() for word in self.everyday}

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

    def words_in(
        self, text: str, hardware: Collection[str] | None = None
    ) -> Iterator[GlossaryEntry]:
        """The entries of the words in a text, each once, in order; of words in words the longest.

        Capitals matter beyond the first letter: ``IF`` is no ``if``.  Of a text about hardware
        ``hardware`` gives the names of registers and fields that it may speak of.
        """
        return (entry for _, _, entry in self.places_in(text, hardware))

    def places_in(
        self, text: str, hardware: Collection[str] | None = None
    ) -> Iterator[tuple[int, str, GlossaryEntry]]:
        """The same with where each word stands first, and as it stands there."""
        seen = set()
        for match in self._in_text.finditer(text):
            entry = self.find(match[1])
            if entry is None or entry.term in seen:
                continue
            if hardware is None or entry.is_meant(match[1], hardware):
                seen.add(entry.term)
                yield match.start(1), match[1], entry


@lru_cache(1)
def glossary() -> Glossary:
    """That which comes with the program.  Raises :class:`UserError` for one that is damaged."""
    return Glossary(ConfigFile.load(configs_dir() / NAME).decode(GlossarySpec).terms)
