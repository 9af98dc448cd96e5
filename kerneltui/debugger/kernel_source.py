"""The kernel's source: which functions and files there are."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from kerneltui.errors import suggestion
from kerneltui.machine.machine import Machine

_DEFINITION = re.compile(r"^\s*(?:async\s+)?def\s+(\w+)", re.MULTILINE)
_CLASS = re.compile(r"^class\s+(\w+)", re.MULTILINE)


def source_files(machine: Machine) -> list[Path]:
    """The files that the machine's program can execute, in order of their paths.

    Those of the package ``kernel``, and that of the program itself where it lies elsewhere.
    """
    import kerneltui.kernel

    found = set(Path(kerneltui.kernel.__file__).parent.rglob("*.py"))
    module = sys.modules.get(type(machine.program).__module__)
    own = getattr(module, "__file__", None)
    if own:
        found.add(Path(own))
    return sorted(found)


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
    found = [path for path in files if path.as_posix().endswith(f"/{name}")]
    if not found:
        hint = suggestion(name, sorted({path.name for path in files}))
        raise ValueError(f"the kernel has no file '{name}'{hint}")
    longest = max(len(path.read_text(encoding="utf-8").splitlines()) for path in found)
    if not 1 <= line <= longest:
        raise ValueError(f"{name} has lines 1 to {longest}, and no line {line}")


def _texts(machine: Machine) -> Iterator[str]:
    for path in source_files(machine):
        yield path.read_text(encoding="utf-8")
