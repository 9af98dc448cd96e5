"""What a driver keeps where going back does not reach: globals, classes, closures."""

from __future__ import annotations

import ast
import sys
from collections import deque
from collections.abc import Iterator, Mapping
from types import FunctionType, GeneratorType, ModuleType
from typing import Any

from kerneltui.own.counted import LET_THROUGH, TURN
from kerneltui.own.driver import OwnDriver

DEEPEST = 6
"""Levels of containers and objects that are looked into."""
OURS = frozenset((TURN, LET_THROUGH))
Kept = dict[str, tuple[int, Any]]
"""By the words for a place: its line in the file, 0 where it has none, and what is there."""


def kept_outside(driver: OwnDriver) -> Kept:
    """All that the file's functions could change and that is nobody's object."""
    return {words: (line, _frozen(value)) for words, line, value in _places(driver)}


def changes_of(driver: OwnDriver, before: Kept) -> list[str]:
    """What has changed since, each in a sentence."""
    found = []
    for words, (line, value) in kept_outside(driver).items():
        then = before.get(words)
        if then is None or then[1] != value:
            where = f", line {line}" if line else ""
            found.append(
                f"{driver.path}{where}: {words} has changed while the kernel ran; it does not go "
                "back with the machine. Keep it in self"
            )
    return found


def _places(driver: OwnDriver) -> Iterator[tuple[str, int, Any]]:
    module = sys.modules.get(driver.cls.__module__)
    if module is None:
        return
    lines = _lines(driver.text)
    for name, value in vars(module).items():
        if name in OURS or (name.startswith("__") and name.endswith("__")):
            continue
        if isinstance(value, FunctionType):
            yield from _of_function(value, f"{name}()", module)
        elif isinstance(value, type):
            if value.__module__ == module.__name__:
                yield from _of_class(value, lines, module)
        elif not isinstance(value, ModuleType):
            yield f"the global '{name}'", lines.get(name, 0), value


def _of_class(cls: Any, lines: Mapping[str, int], module: ModuleType) -> Iterator[Any]:
    for name, value in vars(cls).items():
        function = getattr(value, "fget", getattr(value, "__func__", value))
        if isinstance(function, FunctionType):
            yield from _of_function(function, f"{cls.__name__}.{name}()", module)
        elif not name.startswith("__"):
            line = lines.get(f"{cls.__name__}.{name}", 0)
            yield f"'{name}' of the class {cls.__name__}", line, value


def _of_function(function: FunctionType, name: str, module: ModuleType) -> Iterator[Any]:
    if function.__module__ != module.__name__:
        return
    line = function.__code__.co_firstlineno
    if function.__defaults__ or function.__kwdefaults__:
        given = function.__defaults__, function.__kwdefaults__
        yield f"a default value of {name}", line, given
    for variable, cell in zip(
        function.__code__.co_freevars, function.__closure__ or (), strict=False
    ):
        try:
            yield f"'{variable}' around {name}", line, cell.cell_contents
        except ValueError:
            continue  # it has no value yet
    for attribute, value in vars(function).items():
        if attribute != "__wrapped__":
            yield f"the attribute '{attribute}' of {name}", line, value


def _lines(text: str) -> dict[str, int]:
    """Where the globals, and what classes hold, get their first value."""
    found: dict[str, int] = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef):
            for inner in node.body:
                for name in _assigned(inner):
                    found.setdefault(f"{node.name}.{name}", inner.lineno)
        for name in _assigned(node):
            found.setdefault(name, node.lineno)
    return found


def _assigned(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef):
        yield node.name
    if not isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        return
    for item in ast.walk(node):
        if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store):
            yield item.id


def _frozen(value: Any, depth: int = 0) -> Any:
    """What a value is, so that it can be compared with itself later."""
    kind = type(value).__name__
    if isinstance(value, bool | int | float | str | bytes | None) or depth > DEEPEST:
        return value if depth <= DEEPEST else kind
    if isinstance(value, list | tuple | set | frozenset | deque | Mapping):
        items = value.items() if isinstance(value, Mapping) else value
        return kind, [_frozen(item, depth + 1) for item in items]
    if isinstance(value, bytearray):
        return kind, bytes(value)
    return kind, id(value), _inside(value, depth)


def _inside(value: Any, depth: int) -> Any:
    """What an object holds, or as much of that as can be seen."""
    if isinstance(value, GeneratorType):
        frame = value.gi_frame
        return frame.f_lasti if frame is not None else -1
    if hasattr(value, "cache_info"):
        return tuple(value.cache_info())
    held = getattr(value, "__dict__", None)
    if isinstance(held, dict) and not isinstance(value, type | FunctionType | ModuleType):
        return _frozen(held, depth + 1)
    try:
        return len(value)
    except Exception:  # it has no length, or a wrong one
        return None
