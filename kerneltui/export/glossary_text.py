"""The glossary in Markdown, as a file to read: what the key h tells of words."""

from __future__ import annotations

from kerneltui.glossary import GlossaryEntry, glossary

_INTRODUCTION = """\
# Glossary

The words that the dashboard, the trace and the register tables use, in plain sentences.
The key `h` shows them for what is under the cursor. Made by `kerneltui docs glossary`."""


def glossary_text() -> str:
    """All entries by the alphabet, each with links to related ones."""
    entries = sorted(glossary().entries, key=lambda item: (item.term.lower(), item.term))
    return "\n\n".join([_INTRODUCTION, *map(_entry, entries)]) + "\n"


def _entry(entry: GlossaryEntry) -> str:
    also = f"Also: {', '.join(entry.also)}." if entry.also else ""
    who = f"**Who:** {entry.who}" if entry.who else ""
    see = f"See {', '.join(f'[{term}](#{anchor(term)})' for term in entry.see)}."
    return "\n\n".join(
        filter(None, (f"## {entry.term}", _escaped(entry.sentences), _escaped(who), also, see))
    )


def anchor(term: str) -> str:
    """Where GitHub puts a heading: small letters, no signs, hyphens for spaces."""
    kept = (letter for letter in term.lower() if letter.isalnum() or letter in "_- ")
    return "".join(kept).replace(" ", "-")


def _escaped(text: str) -> str:
    """Text that Markdown takes as it is; names keep their underscores."""
    return text.replace("[", "\\[").replace("]", "\\]").replace("<", "\\<")
