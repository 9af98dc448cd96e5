"""YAML with limits: what a text says, and in which line everything stands."""

from __future__ import annotations

from itertools import accumulate
from pathlib import Path
from typing import Any, Never

import yaml

from kerneltui.errors import UserError

Where = tuple[str | int, ...]
DEEPEST = 100
MOST_NODES = 500_000
KEY_TAGS = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:merge")

_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse(path: Path, text: str) -> tuple[Any, dict[Where, int]]:
    """The data, and the line of every key and item.

    Raises :class:`UserError`, with ``path`` and line, for text that is not YAML, deeper than
    :data:`DEEPEST`, or that stands for more than :data:`MOST_NODES` values.
    """
    return _Parser(path).parse(text)


class _Parser:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines: dict[Where, int] = {(): 1}
        self._nodes = 0

    def parse(self, text: str) -> tuple[Any, dict[Where, int]]:
        path = self.path
        try:
            self._check_depth(text)
            loader = _Loader(text)
            try:
                node = loader.get_single_node()
                if node is not None:
                    self._index(node, ())
                data = loader.construct_document(node) if node is not None else None
                return data, self._lines
            finally:
                loader.dispose()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark is not None else 1
            raise UserError(f"{path}:{line}: not valid YAML: {error.problem}") from None
        except yaml.YAMLError as error:
            raise UserError(f"{path}:1: not valid YAML: {' '.join(str(error).split())}") from None
        except ValueError as error:
            raise UserError(f"{path}:1: not valid YAML: {error}") from None

    def _check_depth(self, text: str) -> None:
        """Refuse deep nesting before anything recurses through it."""
        depth = parsed = 0
        event: Any
        try:
            for event in yaml.parse(text, Loader=_Loader):
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

    def _too_deep(self, mark: Any) -> Never:
        line = mark.line + 1
        raise UserError(f"{self.path}:{line}: nested more than {DEEPEST} levels deep")

    def _index(self, node: Any, where: Where) -> None:
        """Note the line of every key and item; refuse keys that stand twice.

        Aliases are walked each time they are used: a few lines of them can stand for billions.
        """
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise UserError(f"{self.path}: stands for more than {MOST_NODES} values")
        if len(where) > DEEPEST:
            self._too_deep(node.start_mark)
        if isinstance(node, yaml.MappingNode):
            seen: dict[str, int] = {}
            for key, value in node.value:
                name = str(key.value)
                line = key.start_mark.line + 1
                if key.tag not in KEY_TAGS:
                    raise UserError(
                        f"{self.path}:{line}: a key must be text; put '{name}' in quotes"
                    )
                if name in seen:
                    raise UserError(
                        f"{self.path}:{line}: '{name}' stands here a second time "
                        f"(first in line {seen[name]}); remove one"
                    )
                seen[name] = line
                self._lines[*where, name] = line
                self._index(value, (*where, name))
        elif isinstance(node, yaml.SequenceNode):
            for number, item in enumerate(node.value):
                self._lines[*where, number] = item.start_mark.line + 1
                self._index(item, (*where, number))


def _opened(text: str) -> int:
    """How many brackets are open at most at one place in a text."""
    steps = (1 if char in "[{" else -1 for char in text if char in "[]{}")
    return max(accumulate(steps, initial=0))
