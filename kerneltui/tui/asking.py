"""What `h` does with what is under the cursor: it explains it, and the words around it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kerneltui.debugger.meaning import Meaning, meaning
from kerneltui.debugger.references import Reference
from kerneltui.debugger.session import Session
from kerneltui.glossary import GlossaryEntry, glossary
from kerneltui.tui.headings import HEADINGS
from kerneltui.tui.panels import Panel
from kerneltui.tui.requests import Ask, GoTo
from kerneltui.tui.screens.what import WhatScreen, Word
from kerneltui.tui.widgets.lines import whole_text

MOST_WORDS = 12
"""Of an explanation; whoever wants more asks for one of them, or reads the glossary."""


def what_is(session: Session, panel: Panel, reference: Reference | None) -> Ask:
    """Explain it in a window; where there is nothing, the panel itself."""
    shown = "\n".join(map(whole_text, panel.lines))
    screen = WhatScreen(*told(session, type(panel), reference, shown))
    return Ask(screen, lambda event: None if event is None else GoTo(event))


def told(
    session: Session, panel: type[Panel], reference: Reference | None, shown: str
) -> tuple[Meaning, list[tuple[str, list[Word]]]]:
    """The explanation, and lists of words with their short sentences.

    ``shown`` is what stands in the panel.
    """
    if reference is None:
        what = Meaning(f"The panel {panel.TITLE}", (panel.ABOUT,))
    else:
        what = meaning(session, reference)
    used = list(what.with_words())[:MOST_WORDS]
    return what, [
        ("Words", [_word(entry.term, entry) for entry in used]),
        ("Words in this panel", list(_headings(panel, shown, used))),
    ]


def _headings(panel: type[Panel], shown: str, known: Sequence[GlossaryEntry]) -> Iterator[Word]:
    """Those that stand there; a word that has just been told under this name is not told again."""
    before = {entry.term for entry in known}
    for heading, term in HEADINGS.get(panel, {}).items():
        entry = glossary().find(term)
        is_new = heading != term or term not in before
        if entry is not None and is_new and re.search(rf"\b{re.escape(heading)}\b", shown):
            yield _word(heading, entry)


def _word(shown: str, entry: GlossaryEntry) -> Word:
    name = "" if shown == entry.term else f"({entry.term}) "
    return shown, f"{name}{entry.short}"
