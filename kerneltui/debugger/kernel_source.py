"""The kernel's source: which functions and files there are."""

from __future__ import annotations

import linecache
import re
import sys
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path

import msgspec

from kerneltui.errors import suggestion
from kerneltui.kernel.workload import Workload
from kerneltui.machine.machine import Machine

_DEFINITION = re.compile(r"^\s*(?:async\s+)?def\s+(\w+)", re.MULTILINE)
_CLASS = re.compile(r"^class\s+(\w+)", re.MULTILINE)


def source_files(machine: Machine) -> list[Path]:
    """The files that the machine's program can execute, in order of their paths.

    Those of the package ``kernel``, those of the program's classes where they lie elsewhere, and
    those of a person's own drivers.  Of an image those that are at hand.
    """
    if machine.core.can_rest_anywhere:
        from kerneltui.debugger.image_source import paths_of

        return [Path(path) for path in paths_of(machine.program)]
    own: set[Path] = set()
    workload = getattr(machine.program, "workload", None)
    drivers = workload.own.values() if isinstance(workload, Workload) else ()
    for kind in (*type(machine.program).__mro__, *drivers):
        if kind.__module__.partition(".")[0] in sys.stdlib_module_names:
            continue
        file = getattr(sys.modules.get(kind.__module__), "__file__", None)
        if file:
            own.add(Path(file))
    return list(_in_order(frozenset(own)))


@lru_cache(16)
def _in_order(own: frozenset[Path]) -> tuple[Path, ...]:
    return tuple(sorted(own | _package_files()))


@cache
def _package_files() -> frozenset[Path]:
    import kerneltui.kernel

    return frozenset(Path(kerneltui.kernel.__file__).parent.rglob("*.py"))


def function_named(machine: Machine, name: str) -> None:
    """Raise ValueError, with what is meant perhaps, unless the kernel has a function of that name.

    ``handle``, or ``TimeManager.handle``.
    """
    known: set[str] = set()
    for text in _texts(machine):
        known.update(_DEFINITION.findall(text))
    owner, _, function = name.rpartition(".")
    if function not in known:
        hint = suggestion(function, sorted(known))
        raise ValueError(f"the kernel has no function '{function}'{hint}")
    if owner:
        classes = {item for text in _texts(machine) for item in _CLASS.findall(text)}
        first = owner.split(".")[0]
        if first not in classes and first not in known:
            raise ValueError(f"the kernel has no class '{first}'{suggestion(first, classes)}")


def source_file_named(machine: Machine, name: str, line: int) -> None:
    """Raise ValueError unless the kernel has a file of that name with so many lines."""
    files = source_files(machine)
    found = [path for path in files if f"/{path.as_posix()}".endswith(f"/{name}")]
    if not found:
        hint = suggestion(name, sorted({path.name for path in files}))
        raise ValueError(f"the kernel has no file '{name}'{hint}")
    longest = max(len(source_lines(str(path))) for path in found)
    if not 1 <= line <= longest:
        raise ValueError(f"{name} has lines 1 to {longest}, and no line {line}")


class SourceFunction(msgspec.Struct, frozen=True):
    """A function in a file."""

    name: str
    """qualified, as Python has it: ``TimeManager.handle``, ``f.<locals>.g``"""
    line: int
    """of its ``def``"""
    last: int
    code: frozenset[int]
    """its lines where a frame can stand: those of functions inside it are not among them"""
    doc: str
    """what it says of itself; may be empty"""


@lru_cache(200)
def source_lines(path: str) -> tuple[str, ...]:
    """The lines of a file, without their ends; none where it cannot be read."""
    return tuple(line.rstrip() for line in linecache.getlines(path))


def forget_source() -> None:
    """Files have been loaded anew: what was known of their lines is not so any more."""
    source_lines.cache_clear()
    functions_in.cache_clear()


@lru_cache(200)
def functions_in(path: str) -> tuple[SourceFunction, ...]:
    """The functions of a file, in order of their lines."""
    import ast  # whoever starts the dashboard does not wait for it

    found: list[SourceFunction] = []

    def look(node: ast.AST, owner: str) -> set[int]:
        """The lines of ``node`` where a frame of the function around it can stand."""
        if isinstance(node, ast.ClassDef):
            for item in node.body:
                look(item, f"{owner}{node.name}.")
            return {node.lineno}
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inside = f"{owner}{node.name}.<locals>."
            doc = ast.get_docstring(node)
            body = node.body if doc is None else node.body[1:]
            lines = frozenset[int]().union(*(look(item, inside) for item in body))
            last = node.end_lineno or node.lineno
            name = f"{owner}{node.name}"
            found.append(SourceFunction(name, node.lineno, last, lines, doc or ""))
            return {node.lineno}
        own = {node.lineno} if isinstance(node, ast.stmt | ast.expr) else set()
        return own.union(*(look(item, owner) for item in ast.iter_child_nodes(node)))

    if not path.endswith(".py"):
        return ()  # of an image
    try:
        look(ast.parse("\n".join(source_lines(path))), "")
    except SyntaxError:
        return ()  # it has been changed since it was loaded
    return tuple(sorted(found, key=lambda item: item.line))


def function_around(path: str, line: int) -> SourceFunction | None:
    """The innermost function around a line of a file."""
    around = [item for item in functions_in(path) if item.line <= line <= item.last]
    return max(around, key=lambda item: item.line, default=None)


def paths_named(machine: Machine, name: str) -> list[str]:
    """The kernel's files that a name means, those that are being executed first."""
    running = [frame.file for core in machine.cores for frame in core.frames()]
    if machine.core.can_rest_anywhere:  # what its frames name lies elsewhere, perhaps
        running = []
    known = [*running, *map(str, source_files(machine))]
    return list(dict.fromkeys(
        path for path in known if f"/{path}".replace("\\", "/").endswith(f"/{name}")
    ))  # fmt: skip


def functions_meant(machine: Machine, name: str) -> Iterator[tuple[str, SourceFunction]]:
    """The kernel's functions of a name, each with its file: ``handle``, ``TimeManager.handle``."""
    for path in map(str, source_files(machine)):
        for item in functions_in(path):
            if item.name == name or item.name.endswith(f".{name}"):
                yield path, item


def _texts(machine: Machine) -> Iterator[str]:
    for path in source_files(machine):
        yield "\n".join(source_lines(str(path)))
