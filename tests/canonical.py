"""All that a machine's state is, found through ``vars()``, as data that can be compared.

That is another way than the saved state goes, so that each can tell of mistakes in the other.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterator
from enum import Enum
from functools import partial
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import msgspec

from kerneltui.hw.register import RegisterTable
from kerneltui.hw.register_file import RegisterFile

PLAIN = (int, float, str, bytes, type(None))
NAMED = (type, FunctionType, BuiltinFunctionType, ModuleType, Enum, RegisterTable)


def held(thing: Any) -> dict[str, Any]:
    """What an object really holds, without what is transient."""
    found = dict(getattr(thing, "__dict__", ()))
    for cls in type(thing).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if hasattr(thing, name) and not name.startswith("__"):
                found[name] = getattr(thing, name)
    left_out = getattr(type(thing), "TRANSIENT", ())
    # What equals the class's own first value may be the object's or the class's.
    own = type(thing)
    return {
        name: found[name]
        for name in sorted(found)
        if name not in left_out and not _is_same(found[name], getattr(own, name, found))
    }


def _is_same(one: Any, other: Any) -> bool:
    return one is other or (
        type(one) is type(other) and isinstance(one, (*PLAIN, tuple)) and one == other
    )


def _is_value(thing: Any) -> bool:
    """Whether two equal ones are as good as one."""
    if isinstance(thing, msgspec.Struct):
        return bool(thing.__struct_config__.frozen)
    return isinstance(thing, (tuple, frozenset, partial, MethodType))


def _parts(thing: Any) -> tuple[Any, list[Any]]:
    """What to say of a thing itself, and what it is made of."""
    name = type(thing).__qualname__
    if isinstance(thing, MethodType):
        return ("method", thing.__func__.__qualname__), [thing.__self__]
    if isinstance(thing, partial):
        # What stands in its tables counts here, not whose tables they are.
        args = [tuple(it.items()) if isinstance(it, dict) else it for it in thing.args]
        return "partial", [thing.func, *args, *thing.keywords.items()]
    if isinstance(thing, dict):
        return (name, len(thing)), [part for item in thing.items() for part in item]
    if isinstance(thing, (set, frozenset)):
        return (name, len(thing)), sorted(thing, key=repr)
    if isinstance(thing, (list, tuple, deque)):
        return (name, len(thing)), list(thing)
    if isinstance(thing, (bytearray, array)):
        return (name, hash(bytes(thing))), []
    attributes = held(thing)
    if not attributes and not hasattr(thing, "__dict__"):
        return (name, repr(thing)), []
    stores = [list(cell) for cell in thing.stores()] if isinstance(thing, RegisterFile) else []
    return (name, tuple(attributes), repr(stores)), list(attributes.values())


def tokens(root: object) -> Iterator[Any]:
    """All that can be reached, in an order that depends on what it is alone."""
    seen: dict[int, tuple[int, Any]] = {}
    waiting = [root]
    while waiting:
        thing = waiting.pop()
        if isinstance(thing, Enum):
            yield str(thing)
        elif isinstance(thing, PLAIN):
            yield type(thing).__name__, thing
        elif isinstance(thing, NAMED):
            yield getattr(thing, "__qualname__", None) or type(thing).__qualname__
        elif id(thing) in seen:
            yield "again", seen[id(thing)][0]
        else:
            if not _is_value(thing):
                seen[id(thing)] = len(seen), thing
            said, parts = _parts(thing)
            yield said
            waiting += reversed(parts)


def objects(root: object) -> Iterator[Any]:
    """All objects with attributes that can be reached."""
    seen: dict[int, Any] = {}
    waiting = [root]
    while waiting:
        thing = waiting.pop()
        if isinstance(thing, (*PLAIN, *NAMED)) or id(thing) in seen:
            continue
        seen[id(thing)] = thing
        waiting += _parts(thing)[1]
        if not isinstance(thing, (list, tuple, dict, set, frozenset, deque, partial, MethodType)):
            yield thing


def first_difference(one: list[Any], other: list[Any]) -> str:
    """Where two states differ, in words; empty if nowhere."""
    for number, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return f"{one[max(number - 6, 0) : number]}: {a!r:.200} != {b!r:.200}"
    return "" if len(one) == len(other) else f"{len(one)} and {len(other)} tokens"
