"""From a file to a driver.  Whatever is wrong with it is one sentence with file and line."""

from __future__ import annotations

import ast
import linecache
import sys
from collections.abc import Iterator
from inspect import get_annotations
from pathlib import Path
from types import ModuleType
from typing import Any

from greenlet import GreenletExit

from kerneltui.errors import UserError
from kerneltui.kernel.roles import ABSENT, POSTS, ROLES, Post, posts
from kerneltui.machine.blame import OWN_MODULES, told_outside
from kerneltui.machine.meter import METER, PRINT_TURNS, DriverMistakeError
from kerneltui.own.contract import Contract
from kerneltui.own.counted import LET_THROUGH, TURN, counted, stored_attributes
from kerneltui.own.driver import OwnDriver, content_hash
from kerneltui.own.guard import names_for, refused_imports

LARGEST = 1 << 20
"""Bytes of a driver's file."""
LONGEST_PRINT = 200
CHOICE = "DRIVER"
"""The name by which a file with several drivers says which one is meant."""


def check_role(role: str, board: str) -> tuple[Post, ...]:
    """What there is of a role on a kind of board.  Raises :class:`UserError` for none."""
    from kerneltui.errors import suggestion

    if role not in ROLES:
        raise UserError(f"there is no role '{role}'{suggestion(role, ROLES)}")
    found = posts(role, board)
    if not found:
        why = ABSENT.get((role, board), "")
        known = ", ".join(dict.fromkeys(post.role for post in POSTS.get(board, ())))
        raise UserError(f"{board} has no role '{role}': {why or f'its roles are {known}'}")
    return found


def load_driver(role: str, path: Path, board: str) -> OwnDriver:
    """Execute a driver's file, and find its class, for a kind of board.

    Raises :class:`UserError`.
    """
    known = check_role(role, board)
    text = _read(path)
    return driver_of(text, path, known)


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise UserError(f"{path}: a driver has at most {LARGEST >> 20} MiB")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: this is no text in UTF-8") from None


def driver_of(text: str, path: Path, known: tuple[Post, ...]) -> OwnDriver:
    """The same, of a text."""
    tree = _parsed(text, path)
    for line, said in refused_imports(tree):
        raise UserError(f"{path}, line {line}: {said}")
    defined = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    attributes = {name: stored_attributes(node) for name, node in defined.items()}
    module = _executed(tree, text, path)
    classes = {
        name: getattr(module, name)
        for name in defined
        if isinstance(getattr(module, name, None), type)
    }
    for name, cls in classes.items():
        _declare(cls, attributes[name])
    lines = {name: node.lineno for name, node in defined.items()}
    contract = Contract(known[0], path, lines)
    cls = _chosen(module, classes, contract)
    contract.check(cls)
    return OwnDriver(path, text, _post_of(cls, known, contract), cls)


def _parsed(text: str, path: Path) -> ast.Module:
    try:
        return ast.parse(text, str(path))
    except SyntaxError as error:
        raise UserError(f"{path}, line {error.lineno or 1}: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise UserError(f"{path}, line 1: this is no program of Python: {error}") from None


def _executed(tree: ast.Module, text: str, path: Path) -> ModuleType:
    """The file's module, executed.  Another one stands for each text: two can be in use."""
    stem = path.stem.replace(".", "_")
    name = f"{OWN_MODULES}h{content_hash(f'{path}{chr(0)}{text}')[:16]}.{stem}"
    module = ModuleType(name)
    module.__file__ = str(path)
    vars(module)["__builtins__"] = names_for(_say)
    vars(module)[TURN] = METER.turn
    vars(module)[LET_THROUGH] = _let_through
    lines = text.splitlines(keepends=True)
    linecache.cache[str(path)] = len(text), None, lines, str(path)
    sys.modules[name] = module
    METER.watch()
    try:
        with METER.alone():
            code = compile(counted(tree), str(path), "exec", dont_inherit=True)
            exec(code, vars(module))
    except BaseException as error:
        sys.modules.pop(name, None)
        if isinstance(error, KeyboardInterrupt) and not told_outside(error):
            raise
        raise UserError(told(error, path)) from None
    return module


def told(error: BaseException, path: Path) -> str:
    """What went wrong outside the machine, with the line of the file."""
    return told_outside(error) or f"{path}: {type(error).__name__}: {error}"


def _let_through() -> None:
    """In an ``except``: what ends the run is not the driver's to catch."""
    error = sys.exc_info()[1]
    if isinstance(error, DriverMistakeError | GreenletExit):
        raise error


def _say(*values: object, sep: str | None = " ", **_: object) -> None:
    """A driver's ``print``: an event of the trace, once the machine runs."""
    METER.turn(PRINT_TURNS)
    core = METER.core
    if core is None or not METER.is_running:
        return
    text = (" " if sep is None else sep).join(str(value) for value in values)
    shown = "".join(letter if letter.isprintable() else " " for letter in text[:LONGEST_PRINT])
    line = sys._getframe(1).f_lineno  # noqa: SLF001 - the documented way to a frame
    core.tracepoint("driver_print", line=line, text=shown)


def _declare(cls: Any, attributes: list[str]) -> None:
    """Have saved state look for them: it goes by what the class's methods name themselves."""
    wanted = dict.fromkeys(attributes, "object")
    cls.__annotations__ = wanted | get_annotations(cls)


def _chosen(module: ModuleType, classes: dict[str, Any], contract: Contract) -> Any:
    """The class that is the driver.  Raises :class:`UserError` where it is not clear which."""
    path = module.__file__
    wanted = getattr(module, CHOICE, None)
    if wanted is not None:
        if not isinstance(wanted, type):
            raise UserError(f"{path}: {CHOICE} is to name a class")
        return wanted
    best = list(_best(classes, contract))
    if not best:
        raise UserError(
            f"{path}: there is no class with the methods of the role '{contract.post.role}': "
            f"{', '.join(contract.required)}"
        )
    if len(best) > 1:
        names = " and ".join(cls.__name__ for cls in best)
        raise UserError(f"{path}: {names} could each be the driver; write {CHOICE} = one of them")
    return best[0]


def _best(classes: dict[str, Any], contract: Contract) -> Iterator[Any]:
    """Those with most of the methods, without what others build on."""
    counts = {cls: contract.has(cls) for cls in classes.values()}
    most = max(counts.values(), default=0)
    found = [cls for cls, count in counts.items() if count == most and count]
    for cls in found:
        if not any(other is not cls and issubclass(other, cls) for other in found):
            yield cls


def _post_of(cls: Any, known: tuple[Post, ...], contract: Contract) -> Post:
    """Which of a role's devices the driver is of: the class says it as ``name``."""
    if len(known) == 1:
        return known[0]
    name = getattr(cls, "name", None)
    found = next((post for post in known if post.name == name), None)
    if found is None:
        names = ", ".join(f"'{post.name}' ({post.device})" for post in known)
        said = "has no 'name'" if name is None else f"has the name {name!r}"
        raise contract.error(cls, f"{said}: it is to be one of {names}")
    Contract(found, contract.path, contract.lines).check_made(cls)
    return found
