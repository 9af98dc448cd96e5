"""What a driver's file may do: looked at before any of it is executed.

This keeps mistakes from hurting, and a run reproducible.  It is no fence against somebody who wants
to get out: whoever runs a driver runs somebody's program.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Collection, Iterator
from typing import Any, Never

from kerneltui.machine.meter import DriverMistakeError

MODULES = frozenset((
    "__future__", "abc", "array", "bisect", "collections", "contextlib", "copy", "dataclasses",
    "enum", "fractions", "functools", "heapq", "math", "msgspec", "numbers", "operator",
    "sortedcontainers", "string", "struct", "types", "typing",
))  # fmt: skip
"""What does the same on every computer, always comes to an end, and touches nothing else."""
ENDLESS = frozenset(("count", "cycle", "repeat", "*"))
"""What goes on for ever in Python's own code, where no turn is counted."""
KERNEL = "kerneltui.kernel"
NO_CLOCK = "the only clock is the machine's"
NO_HOST = "it meets the machine by accesses alone, and nothing else"
WHY = {
    "time": NO_CLOCK, "datetime": NO_CLOCK, "sched": NO_CLOCK,
    "random": "a run does the same each time", "secrets": "a run does the same each time",
    "uuid": "a run does the same each time",
    "threading": "a core does one thing after the other", "_thread": "a core does one thing after "
    "the other", "asyncio": "a core does one thing after the other",
    "multiprocessing": "a core does one thing after the other",
    "sys": NO_HOST, "os": NO_HOST, "pathlib": NO_HOST, "io": NO_HOST, "socket": NO_HOST,
    "subprocess": NO_HOST, "signal": NO_HOST, "ctypes": NO_HOST, "gc": NO_HOST,
    "inspect": NO_HOST, "importlib": NO_HOST,
}  # fmt: skip
ELSE = f"a driver is one file, and may import {KERNEL} and " + ", ".join(
    sorted(MODULES - {"__future__", "msgspec", "sortedcontainers"})
)
REFUSED = {
    "open": "open files", "input": "ask at the terminal", "breakpoint": "call a debugger",
    "exit": "end the program", "quit": "end the program", "help": "write to the terminal",
    "eval": "run code from a text", "exec": "run code from a text",
    "compile": "run code from a text",
}  # fmt: skip
"""Functions of Python that a driver cannot use, and what it would do by them."""


def refused_imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Lines that import what a driver cannot have, and why not."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            said = next(filter(None, (why_refused(item.name) for item in node.names)), "")
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            said = why_refused(module, [item.name for item in node.names])
        else:
            continue
        if said:
            yield node.lineno, said


def why_refused(module: str, names: Collection[str] = ()) -> str:
    """Why a driver cannot import a module, or these names of it; empty where it can."""
    top = module.partition(".")[0]
    if module == "itertools":
        if names and not ENDLESS.intersection(names):
            return ""
        never = ", ".join(sorted(ENDLESS - {"*"}))
        return (
            f"a driver cannot import {never} of 'itertools', which never end: nothing could stop "
            "them. Name what you want: from itertools import islice"
        )
    if top in MODULES or module == KERNEL or module.startswith(f"{KERNEL}."):
        return ""
    if module.startswith("kerneltui"):
        return f"a driver cannot import '{module}': of kerneltui it sees the kernel alone"
    return f"a driver cannot import '{module}': {WHY.get(top, ELSE)}"


def names_for(say: Callable[..., None]) -> dict[str, Any]:
    """Python's own names as a driver has them; ``say`` is its ``print``."""
    found = dict(vars(builtins))
    found.update({name: _refusing(name, what) for name, what in REFUSED.items()})
    found["print"] = say
    found["__import__"] = _imported
    return found


def _refusing(name: str, what: str) -> Callable[..., Never]:
    def refuse(*_: object, **__: object) -> Never:
        raise DriverMistakeError(f"a driver cannot {what}: '{name}' is not for it")

    return refuse


def _imported(
    name: str, names: Any = None, local: Any = None, wanted: Any = (), level: int = 0
) -> Any:
    why = why_refused(name, wanted or ())
    if why:
        raise DriverMistakeError(why)
    return __import__(name, names, local, wanted, level)
