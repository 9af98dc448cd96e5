"""What a variable of the kernel holds, in a few words.

Nothing of the kernel is called for that: a property or a ``__repr__`` could access hardware, or
fail.  An object is told by its class and a name that lies in it as plain data.  No address of an
object is told, so that the same moment always reads alike.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from types import BuiltinFunctionType, FunctionType, MemberDescriptorType, MethodType
from typing import Any

LONGEST = 60
"""characters of a text, or of a number, that are told"""
MOST = 4
"""items of a tuple, a list or a dictionary that are told one by one"""
SMALL = 10
"""From here on a number is told in hexadecimal too."""
AMOUNTS = {"ns", "us", "ms", "hz", "seconds", "count", "rest"}
"""Names whose last word is one of these hold an amount: nobody reads that in hexadecimal."""
NAMES = ("name", "title", "ident", "number", "index")
"""Attributes that tell an object from others of its class, the most telling first."""


def told(name: str, value: object) -> str:
    """What the variable ``name`` holds; never raises."""
    try:
        is_amount = name.rpartition("_")[2] in AMOUNTS
        if type(value) is int and value >= SMALL and not is_amount:
            return f"{_simple(value)} ({_hexadecimal(value)})"
        simple = _simple(value)
        return _object(value) if simple is None else simple
    except Exception:  # a class of the kernel's can do anything
        return type(value).__name__


def _simple(value: object) -> str | None:
    """Of what is plain data by itself; None of all else."""
    if value is None or isinstance(value, bool):
        return str(value)
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value._name_ or value._value_}"
    if isinstance(value, int):
        return _cut(int.__repr__(value))
    if isinstance(value, float):
        return float.__repr__(value)
    if isinstance(value, str):
        return _quoted(str.__repr__(value[:LONGEST]), is_cut=len(value) > LONGEST)
    if isinstance(value, bytes | bytearray):
        return _quoted(repr(bytes(value[:LONGEST])), is_cut=len(value) > LONGEST)
    if isinstance(value, tuple | list):
        return _items(value)
    return None


def _hexadecimal(value: int) -> str:
    return _cut(f"{value:#x}")


def _quoted(text: str, *, is_cut: bool) -> str:
    return f"{text[:-1]}…{text[-1]}" if is_cut else text


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _all_simple(items: Iterable[object]) -> list[str] | None:
    found = [None if isinstance(item, tuple | list) else _simple(item) for item in items]
    told_items = [text for text in found if text is not None]
    return told_items if len(told_items) == len(found) else None


def _items(value: tuple[object, ...] | list[object]) -> str:
    """One by one where they are few and plain, else how many."""
    kind = type(value).__name__
    texts = _all_simple(value) if len(value) <= MOST else None
    if texts is None:
        return f"{kind} of {len(value)}"
    said = ", ".join(texts)
    if type(value) is list:
        return f"[{said}]"
    if type(value) is tuple:
        return f"({said},)" if len(value) == 1 else f"({said})"
    return f"{kind}({said})"


def _dictionary(value: dict[object, object]) -> str:
    """The kernel keeps what registers held so: numbers are hexadecimal."""
    texts = _all_simple(value.values()) if 0 < len(value) <= MOST else None
    if texts is None or not all(isinstance(key, str) for key in value):
        return f"dict of {len(value)}"
    said = [
        f"{key}: {_hexadecimal(item) if type(item) is int and item >= SMALL else text}"
        for (key, item), text in zip(value.items(), texts, strict=True)
    ]
    return "{" + ", ".join(said) + "}"


def _object(value: object) -> str:
    if type(value) is dict:
        return _dictionary(value)
    if isinstance(value, type):
        return f"class {value.__name__}"
    if isinstance(value, FunctionType | BuiltinFunctionType | MethodType):
        return f"function {value.__qualname__}"
    kind = type(value).__name__
    if isinstance(value, set | frozenset | dict):
        return f"{kind} of {len(value)}"
    for name in NAMES:
        found = _plain_attribute(value, name)
        if isinstance(found, str | int) and not isinstance(found, bool):
            simple = _simple(found)
            return f"{kind} {simple}"
    return kind


def _plain_attribute(value: object, name: str) -> Any:
    """What lies in an object under a name, without running anything of its class; or None."""
    of_class: Any = None
    for kind in type(value).__mro__:
        if name in kind.__dict__:
            of_class = kind.__dict__[name]
            break
    if isinstance(of_class, MemberDescriptorType):
        return of_class.__get__(value)
    if of_class is not None and not isinstance(of_class, str | int):
        return None  # a property, or a method
    try:
        own = object.__getattribute__(value, "__dict__")
    except AttributeError:
        own = {}  # it has slots alone
    return own.get(name, of_class)
