"""YAML with limits: what a text says, and in which line everything stands."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, Never

import yaml

from kerneltui.errors import Mistakes, UserError

Where = tuple[str | int, ...]
DEEPEST = 100
MOST_NODES = 500_000
MOST_EVENTS = 2 * MOST_NODES
"""of a parser: keys are some of them, and the ends of lists; so no text that is allowed has more"""
TEXT_TAG = "tag:yaml.org,2002:str"
KEY_TAGS = (TEXT_TAG, "tag:yaml.org,2002:merge")
NUMBER_TAGS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_SHOWN = 40

_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a text says, and how it is written."""

    data: Any
    lines: dict[Where, int]
    """the line of every key and item"""
    written: dict[Where, str]
    """of every value that is not text: ``no``, ``0x1F``"""


def parse(path: Path, text: str, slips: Mistakes | None = None) -> Parsed:
    """The data of a text.

    Keys that stand twice, and values that YAML takes for something else than people do, are noted
    as ``slips``, if these are given: the last of the keys counts, and the values are text.

    Raises :class:`UserError`, with ``path`` and line, for text that is not YAML, deeper than
    :data:`DEEPEST`, or that stands for more than :data:`MOST_NODES` values; and for slips.
    """
    return _Parser(path, slips).parse(text)


class _Parser:
    def __init__(self, path: Path, slips: Mistakes | None) -> None:
        self.path = path
        self._lines: dict[Where, int] = {(): 1}
        self._written: dict[Where, str] = {}
        self._nodes = 0
        self._goes_on = slips is not None
        self._mistakes = Mistakes() if slips is None else slips

    def parse(self, text: str) -> Parsed:
        try:
            self._check_depth(text)
            loader = _Loader(text)
            try:
                node = loader.get_single_node()
                data = None
                if node is not None:
                    self._index(loader, node, ())
                    if not self._goes_on:
                        self._mistakes.tell()
                    data = loader.construct_document(node)
                return Parsed(data, self._lines, self._written)
            finally:
                loader.dispose()
        except yaml.YAMLError as error:
            from kerneltui.yamlwords import in_our_words

            line, words = in_our_words(error, text, _Loader)
            raise UserError(f"{self.path}:{line}: not valid YAML: {words}") from None

    def _check_depth(self, text: str) -> None:
        """Refuse deep nesting, and far too much, before anything is made of it."""
        depth = parsed = count = 0
        event: Any
        try:
            for event in yaml.parse(text, Loader=_Loader):
                count += 1
                if count > MOST_EVENTS:
                    self._too_many(event.start_mark)
                if isinstance(event, yaml.CollectionStartEvent):
                    depth += 1
                    if depth > DEEPEST:
                        self._too_deep(event.start_mark)
                elif isinstance(event, yaml.CollectionEndEvent):
                    depth -= 1
                parsed = event.end_mark.index
        except yaml.MarkedYAMLError as error:
            # A parser reads ahead in a line of brackets, up to a limit of its own if it has one.
            mark = error.problem_mark
            if mark is not None and depth + _opened(text[parsed : mark.index + 1]) > DEEPEST:
                self._too_deep(mark)
            raise

    def _too_many(self, mark: Any) -> Never:
        line = mark.line + 1
        said = f"the file stands for more than {MOST_NODES} values"
        raise UserError(f"{self.path}:{line}: {said}")

    def _too_deep(self, mark: Any) -> Never:
        line = mark.line + 1
        raise UserError(f"{self.path}:{line}: nested more than {DEEPEST} levels deep")

    def _index(self, loader: Any, node: Any, where: Where) -> None:
        """Note the line of every key and item; refuse keys that stand twice.

        Aliases are walked each time they are used: a few lines of them can stand for billions.
        """
        self._nodes += 1
        if self._nodes > MOST_NODES:
            self._too_many(node.start_mark)
        if len(where) > DEEPEST:
            self._too_deep(node.start_mark)
        if isinstance(node, yaml.MappingNode):
            self._index_mapping(loader, node, where)
        elif isinstance(node, yaml.SequenceNode):
            for number, item in enumerate(node.value):
                self._lines[*where, number] = item.start_mark.line + 1
                self._index(loader, item, (*where, number))
        elif node.tag != TEXT_TAG:
            self._check_scalar(loader, node)
            self._written[where] = node.value

    def _index_mapping(self, loader: Any, node: Any, where: Where) -> None:
        seen: dict[str, int] = {}
        for key, value in node.value:
            name = str(key.value)
            line = key.start_mark.line + 1
            if key.tag not in KEY_TAGS:
                self._refuse(key, f"a key must be text; put '{name}' in quotes")
            if name in seen:
                self._refuse(
                    key,
                    f"'{name}' stands here a second time (first in line {seen[name]}); remove one, "
                    "or give it another name",
                )
            seen[name] = line
            self._lines[*where, name] = line
            self._index(loader, value, (*where, name))

    def _check_scalar(self, loader: Any, node: Any) -> None:
        """Refuse what YAML 1.1 makes another number of than people mean, or nothing at all."""
        text = node.value
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
        try:
            value = loader.construct_object(node)
        except (ValueError, LookupError, AttributeError):
            # A day that no calendar has, digits without end, or a tag that does not fit.
            loader.recursive_objects.clear()
            self._refuse(node, f"'{shown}' is no {_kind(node.tag)}; put text in quotes")
            return
        if node.tag not in NUMBER_TAGS:
            return
        if ":" in text:
            self._refuse(
                node,
                f"YAML reads '{shown}' as the number {value} (in sixties); write {value}, "
                f"a duration with its unit like {value}s, or text in quotes: '{shown}'",
            )
            return
        digits = text.lstrip("+-").replace("_", "")
        if (
            isinstance(value, int)
            and len(digits) > 1
            and digits.isdecimal()
            and digits.startswith("0")
        ):
            plain = int(text.replace("_", ""), 10)
            self._refuse(
                node,
                f"YAML reads '{shown}' as the number {value} (octal); write {plain} without "
                f"the leading zero, {value:#x} for that number, or text in quotes: '{shown}'",
            )

    def _refuse(self, node: Any, message: str) -> None:
        line = node.start_mark.line + 1
        self._mistakes.add(UserError(f"{self.path}:{line}: {message}", self.path, line))
        if not isinstance(node, yaml.ScalarNode):
            self._mistakes.tell()  # a list cannot be a key: nothing can be made of it
        node.tag = TEXT_TAG


def _kind(tag: str) -> str:
    """``tag:yaml.org,2002:timestamp`` in a word."""
    return {"timestamp": "date", "int": "number", "float": "number"}.get(
        tag.rpartition(":")[2], tag.rpartition(":")[2]
    )


def _opened(text: str) -> int:
    """How many brackets are open at most at one place in a text."""
    steps = (1 if char in "[{" else -1 for char in text if char in "[]{}")
    return max(accumulate(steps, initial=0))
