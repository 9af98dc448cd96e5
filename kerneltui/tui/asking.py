"""What `h` does with what is under the cursor: it explains it, and the words around it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kerneltui.debugger.lookup import register_named
from kerneltui.debugger.meaning import Meaning, meaning
from kerneltui.debugger.meaning.found import find
from kerneltui.debugger.meaning.parts import sentence
from kerneltui.debugger.references import Reference
from kerneltui.debugger.session import Session
from kerneltui.glossary import GlossaryEntry, glossary
from kerneltui.tui.headings import HEADINGS, SIGNS, Own
from kerneltui.tui.panels import Panel
from kerneltui.tui.panels.kinds import PATH, PanelKind
from kerneltui.tui.requests import Ask, GoTo
from kerneltui.tui.screens.what import WhatScreen, Word
from kerneltui.tui.signs import CURSOR, EVERYWHERE
from kerneltui.tui.widgets.lines import whole_text

IN_LESSON = "Words in this step of the lesson"
IN_PROSE = "Words in what happens here"
REGISTER = re.compile(r"\b[A-Z][A-Z0-9_]{2,}\b")
QUOTED = re.compile(r" '[^']*'")
"""A name that somebody has given: its words are not ours."""
MOST_WORDS = 12
"""Of an explanation; whoever wants more asks for one of them, or reads the glossary."""


def what_is(session: Session, panel: Panel, reference: Reference | None, lesson: str = "") -> Ask:
    """Explain it in a window; where there is nothing, the panel itself.

    ``lesson`` is what a lesson says at present: its words are explained too.
    """
    shown = "\n".join((*map(whole_text, panel.lines), panel.marks_beside))
    prose = _prose(session) if panel.KIND is PATH else ""
    what, words = told(session, panel.KIND, reference, shown, prose)
    of_lesson = [(IN_LESSON, list(_words_of(session, lesson)))] if lesson else []
    screen = WhatScreen(what, [*of_lesson, *words])
    # What it holds now would not be so any more while one reads.
    halts = reference is not None
    return Ask(screen, lambda event: None if event is None else GoTo(event), halts=halts)


def told(
    session: Session, kind: PanelKind, reference: Reference | None, shown: str, prose: str = ""
) -> tuple[Meaning, list[tuple[str, list[Word]]]]:
    """The explanation, and lists of words with their short sentences.

    ``shown`` is what stands in the panel, ``prose`` what it tells in sentences.
    """
    if reference is None:
        what = Meaning(f"The panel {kind.title}", (kind.about,))
    else:
        what = meaning(session, reference)
    used = list(what.with_words())[:MOST_WORDS]
    return what, [
        *([(IN_PROSE, list(_words_of(session, prose)))] if prose else []),
        ("Words", [_word(entry.term, entry) for entry in used]),
        ("Words in this panel", list(_headings(kind, shown, used))),
        ("Signs in this panel", list(_signs(kind, shown))),
    ]


def _prose(session: Session) -> str:
    """What the path says has happened, and what comes next."""
    path = session.view(frozenset({"path"})).path
    said = "" if path is None else f"{path.sentence} {path.next_sentence}"
    return QUOTED.sub("", said)


def _words_of(session: Session, prose: str) -> Iterator[Word]:
    """Registers and words of the glossary in some sentences, in order."""
    found: dict[int, Word] = {}
    for place, written, entry in glossary().places_in(prose):
        is_known_by_it = entry.term.lower() in written.lower()
        found[place] = _word(entry.term if is_known_by_it else written, entry)
    for name in REGISTER.finditer(prose):
        reference = register_named(session.machine, name[0])
        register = None if reference is None else find(session, reference)
        if register is not None and glossary().find(name[0]) is None:
            found[name.start()] = name[0], f"({register.file.table.title}) {sentence(register.doc)}"
    yield from (found[place] for place in sorted(found))


def _headings(kind: PanelKind, shown: str, known: Sequence[GlossaryEntry]) -> Iterator[Word]:
    """Those that stand there; a word that has just been told under this name is not told again."""
    before = {entry.term for entry in known}
    for heading, meant in HEADINGS.get(kind, {}).items():
        if not _stands_in(shown, heading):
            continue
        if isinstance(meant, Own):
            yield heading, meant.text
            continue
        entry = glossary().find(meant)
        if entry is not None and (heading != meant or meant not in before):
            yield _word(heading, entry)


def _signs(kind: PanelKind, shown: str) -> Iterator[Word]:
    """Those that stand there; beside the rows there are those of breakpoints and of the cursor."""
    own = SIGNS.get(kind, ())
    for item in (*own, *(item for item in EVERYWHERE if item not in own)):
        if item in shown or item is CURSOR:
            yield item, item.says


def _stands_in(shown: str, heading: str) -> bool:
    """A word as a whole."""
    return re.search(rf"\b{re.escape(heading)}\b", shown) is not None


def _word(shown: str, entry: GlossaryEntry) -> Word:
    name = "" if shown == entry.term else f"({entry.term}) "
    return shown, f"{name}{entry.short}"
