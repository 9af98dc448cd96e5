"""What is wrong with a text that is not YAML, in words for people, and in which line to mend it.

A parser says what it expected where it gave up.  Here the line is the one to edit: an open quote is
named where it opens, a tab where it stands.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

_TAB = re.compile(r"[ -]*\t")
_COLUMN = (
    "a key or a dash is expected here: keys of one mapping begin in the same column, "
    "items of a list with '- '"
)
_COLON = "a colon where no key can begin: check the indentation, or put text with ': ' in quotes"
_TAG = "a tag ('!') that does not fit its value: remove the tag"
_PERCENT = "a line that begins with '%': put text in quotes"
_BLOCK = "'|' and '>' announce text in the lines below: put it there, or in quotes"
_WORDS: tuple[tuple[str, str], ...] = (
    ("mapping values are not allowed", _COLON),
    ("expected ':'", "a line without a colon: write 'key: value'"),
    ("expected '-' indicator", "an item without its dash: begin it with '- '"),
    ("found '?'", "an item without its dash: begin it with '- '"),
    ("but found another document", "a second document: remove the line '---'"),
    ("<document start>", "text after the end of the document: remove the line '...'"),
    ("undefined alias", "'*' begins an alias, and no anchor has this name: put text in quotes"),
    ("second occurrence", "the same anchor for the second time: give it another name"),
    (
        "constructor for the tag",
        "'!' begins a tag, and no such tag can be used: put text in quotes",
    ),
    ("unknown escape character", "an unknown escape in double quotes: use single quotes"),
    ("sequence entries are not allowed", "a dash in the wrong place: begin the list in a new line"),
    ("for merging", "'<<' merges mappings only: put the key in quotes"),
    ("alphabetic or numeric character", "'*' and '&' begin a name: put text in quotes"),
    ("mapping keys are not allowed", "'? ' announces a key: remove it, or put text in quotes"),
    ("node, but found", _TAG),
    ("expected a sequence", _TAG),
    ("directive", _PERCENT),
    ("non-alphabetical character", _PERCENT),
    ("expected comment or line break", _BLOCK),
    ("expected a comment or a line break", _BLOCK),
    ("expected chomping", _BLOCK),
    ("expected ',' or ']'", "a list without its ']', or without a comma between two items"),
    ("expected ',' or '}'", "a mapping without its '}', or without a comma between two keys"),
    ("node content", "no value where one must stand: write one, or put text in quotes"),
    ("cannot start any token", "text cannot begin with '@', '`' or '%': put it in quotes"),
    ("expected key", _COLUMN),
    ("expected <block end>", _COLUMN),
)
"""What a parser says, of the two that there are, and what we say."""


def in_our_words(error: yaml.YAMLError, text: str, loader: Any) -> tuple[int, str]:
    """The line to mend, from 1, and what to mend there."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return _control_character(error, text)
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark is not None else 1
    begun = error.context_mark.line + 1 if error.context_mark is not None else line
    return (
        _tab(error, text, (line, begun))
        or _open_quote(error, text)
        or _wrong_quote(error, text, loader, line)
        or _end(error, text)
        or _otherwise(str(error.problem), line, begun)
    )


def _control_character(error: yaml.YAMLError, text: str) -> tuple[int, str]:
    char = getattr(error, "character", None)
    if not isinstance(char, int):
        return 1, " ".join(str(error).split())
    line = text.count("\n", 0, max(text.find(chr(char)), 0)) + 1
    return line, f"the control character U+{char:04X} cannot stand in YAML; remove it"


def _tab(
    error: yaml.MarkedYAMLError, text: str, numbers: tuple[int, ...]
) -> tuple[int, str] | None:
    lines = text.splitlines()
    for number in numbers:
        if number <= len(lines) and _TAB.match(lines[number - 1]):
            return number, "a tab in the indentation; use spaces"
    mark = error.problem_mark
    if mark is not None and text[mark.index : mark.index + 1] == "\t":
        return mark.line + 1, "a tab between two words; use spaces"
    return None


def _open_quote(error: yaml.MarkedYAMLError, text: str) -> tuple[int, str] | None:
    """A quote that is never closed."""
    start, problem = error.context_mark, str(error.problem)
    if start is None or "quoted scalar" not in str(error.context):
        return None
    if "end of stream" not in problem and "document" not in problem:
        return None
    quote = next((char for char in text[start.index :] if char in "'\""), "a quote")
    return start.line + 1, f"the quote that opens here is not closed; end the text with {quote}"


def _wrong_quote(
    error: yaml.MarkedYAMLError, text: str, loader: Any, line: int
) -> tuple[int, str] | None:
    """A quote that is closed by one that was to open another text, or is part of the text."""
    last = _last_quoted(text, loader, line)
    if last is None or last.end_mark.line + 1 != line:
        return None
    start = last.start_mark.line + 1
    if start != line:
        return start, (
            f"the quote that opens here is closed only in line {line}; "
            f"end the text in its own line with {last.style}"
        )
    mark = error.problem_mark
    if mark is None or mark.index < last.end_mark.index:
        return None
    if text[last.end_mark.index : mark.index].strip():
        return None
    within = "write it twice: ''" if last.style == "'" else 'write it as \\"'
    return line, f"text after a closing quote; if the quote is part of the text, {within}"


def _end(error: yaml.MarkedYAMLError, text: str) -> tuple[int, str] | None:
    """The text is over where a value should stand."""
    mark = error.problem_mark
    if mark is None or "node content" not in str(error.problem) or text[mark.index :].strip():
        return None
    line = text.rstrip().count("\n") + 1
    return line, "the file ends in the middle of a list or mapping: close its bracket"


def _last_quoted(text: str, loader: Any, line: int) -> Any:
    """The last text in quotes that begins before the end of a line."""
    found = None
    try:
        for token in yaml.scan(text, Loader=loader):
            if token.start_mark.line + 1 > line:
                break
            if isinstance(token, yaml.ScalarToken) and token.style in ("'", '"'):
                found = token
    except yaml.YAMLError:
        pass  # that is the mistake which is looked into
    return found


def _otherwise(problem: str, line: int, begun: int) -> tuple[int, str]:
    said = next((words for sign, words in _WORDS if sign in problem), problem)
    # A bracket is mended where it opens, a line without a colon where it stands.
    is_open = "',' or" in problem or "expected ':'" in problem
    return begun if is_open else line, said
