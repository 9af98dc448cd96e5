"""What a role asks of a class, looked at before anything runs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from kerneltui.errors import UserError
from kerneltui.kernel.roles import Post, found
from kerneltui.kernel.time.timeout_queue import TimeoutQueue

SPECIAL = "__iter__"


class Contract:
    """The methods of a post, and whether a class has them."""

    def __init__(self, post: Post, path: Path, lines: Mapping[str, int]) -> None:
        """``lines`` says where each class of the file begins."""
        self.post = post
        self.path = path
        self.lines = lines
        protocol = found(post.protocol)
        self._rest: Any = found(post.defaults) if post.defaults else None
        self.methods = _methods(protocol)
        """by name, as the protocol has them"""
        given = set(vars(self._rest)) if self._rest is not None else set()
        self.is_queue = protocol is TimeoutQueue
        if self.is_queue:
            self.methods["__len__"] = Collection.__len__
            given |= {"shape", "__contains__"}
        self.required = [name for name in self.methods if name not in given]

    def has(self, cls: Any) -> int:
        """How many of the methods a class has itself, or by what it builds on in its file."""
        return sum(_is_own(cls, name) for name in self.required)

    def check(self, cls: Any) -> None:
        """Complete a class by what it need not have.  Raises :class:`UserError` where it lacks."""
        if self.is_queue and not issubclass(cls, TimeoutQueue):
            raise self.error(cls, f"is no queue: write class {cls.__name__}(TimeoutQueue)")
        missing = [name for name in self.required if not _is_own(cls, name)]
        if missing:
            raise self.error(cls, self._lacks(missing))
        for name in self.methods:
            self._check_call(cls, name)
        if not self.post.name:
            self.check_made(cls)
        for name, item in vars(self._rest).items() if self._rest is not None else ():
            if not name.startswith("__") and not hasattr(cls, name):
                setattr(cls, name, item)
        if not self.is_queue and not hasattr(cls, "compatible"):
            cls.compatible = cls.__name__

    def _lacks(self, missing: list[str]) -> str:
        first, *others = missing
        doc = inspect.getdoc(self.methods[first]) or ""
        what = doc.partition("\n\n")[0].replace("\n", " ")
        more = f"; nor {', '.join(others)}" if others else ""
        return f"has no method {self.as_called(first)}{f': {what}' if what else ''}{more}"

    def as_called(self, name: str) -> str:
        """``enable(self, irq)``."""
        item = self.methods[name]
        if isinstance(item, property):
            return f"'{name}', a property"
        return f"{name}({', '.join(inspect.signature(item).parameters)})"

    def _check_call(self, cls: Any, name: str) -> None:
        """Whether a method takes what the kernel gives it."""
        own, role = inspect.getattr_static(cls, name, None), self.methods[name]
        if isinstance(role, property) or not inspect.isfunction(own):
            return
        wanted = inspect.signature(role)
        given = [item for item in wanted.parameters.values() if item.default is item.empty]
        if not _takes(own, [None] * len(given), {}):
            mine = ", ".join(inspect.signature(own).parameters)
            raise UserError(
                f"{self.path}, line {own.__code__.co_firstlineno}: {cls.__name__}.{name} takes "
                f"({mine}), but the kernel calls {self.as_called(name)}"
            )

    def check_made(self, cls: Any) -> None:
        """Whether it can be made with what the kernel gives it."""
        names = list(self.post.arguments)
        by_name: list[str] = []
        if "*" in names:
            at = names.index("*")
            names, by_name = names[:at], names[at + 1 :]
        made = inspect.getattr_static(cls, "__init__", None)
        if inspect.isfunction(made):
            fits = _takes(made, [None] * (len(names) + 1), dict.fromkeys(by_name))
            line = f", line {made.__code__.co_firstlineno}"
            mine = ", ".join(inspect.signature(made).parameters)
        else:
            fits, line, mine = not self.post.arguments, "", "self"
        if not fits:
            wanted = ", ".join(("self", *self.post.arguments))
            raise UserError(
                f"{self.path}{line}: {cls.__name__}.__init__ takes ({mine}), but the kernel makes "
                f"it with ({wanted})"
            )

    def error(self, cls: Any, said: str) -> UserError:
        """An error about a class, with its line."""
        line = self.lines.get(cls.__name__)
        where = f", line {line}" if line is not None else ""
        return UserError(f"{self.path}{where}: class {cls.__name__} {said}")


def _methods(protocol: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for base in reversed(protocol.__mro__):
        if not base.__module__.startswith("kerneltui."):
            continue
        for name, item in vars(base).items():
            is_public = not name.startswith("_") or (name == SPECIAL and base is TimeoutQueue)
            if is_public and (inspect.isfunction(item) or isinstance(item, property)):
                found[name] = item
    return found


def _is_own(cls: Any, name: str) -> bool:
    """Whether a class has it, and not only as something abstract."""
    item = inspect.getattr_static(cls, name, None)
    return item is not None and not getattr(item, "__isabstractmethod__", False)


def _takes(function: Callable[..., Any], given: list[Any], named: dict[str, Any]) -> bool:
    try:
        inspect.signature(function).bind(*given, **named)
    except TypeError:
        return False
    return True
