"""A machine's state, saved and loaded in place.

What a machine is made of stays: devices, wires, cores, the kernel's own objects.  Saved is what
these hold, and whatever has come into being since.  Loading puts it back into the same objects, so
nobody who has one of them must look for it again.

The objects that stay are numbered by a walk over all that can be reached.  The walk takes the same
way in every machine with the same setup at the same moment: the state saved of one fits all.

What has methods ``freeze()`` and ``thaw(frozen)`` saves its state itself: it is not looked into,
and ``frozen`` is what can be pickled.

A class may name attributes in ``TRANSIENT``: caches, observers, whatever is no state.
"""

from __future__ import annotations

import gc
import io
import pickle
from array import array
from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import contextmanager
from enum import Enum
from functools import cache, partial
from inspect import get_annotations
from operator import attrgetter, is_
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, ClassVar, NamedTuple, get_origin

import msgspec

from kerneltui.hw.register import RegisterTable
from kerneltui.hw.register_file import RegisterFile
from kerneltui.machine.blame import OWN_MODULES

_PLAIN = (int, float, str, bytes, type(None))
_NAMED = (type, FunctionType, BuiltinFunctionType, ModuleType, Enum, RegisterTable)
"""Found again by their names."""
_TABLES = (list, dict, set)
_CONTAINERS = (list, tuple, dict, set, frozenset, deque)


@cache
def _names(cls: Any) -> tuple[str, ...]:
    """The attributes that objects of a class may have.

    From the code of its methods: to ask an object for its ``__dict__`` would make each access to
    it slower from then on (up to Python 3.12), by a tenth for the whole machine.
    """
    declared: dict[str, None] = {}
    mentioned: dict[str, None] = {}
    of_class: dict[str, None] = {}
    for base in cls.__mro__:
        for found, names in zip((declared, mentioned, of_class), _names_in(base), strict=True):
            found.update(names)
    if not cls.__dictoffset__:
        mentioned.clear()  # it has no others than those that are declared
    # What a class has too is its objects' where it is data, a first value: ``asked = 0``.
    own = (name for name in mentioned if not hasattr(getattr(cls, name, None), "__get__"))
    attributes = dict.fromkeys((*declared, *own))
    left_out = {*getattr(cls, "TRANSIENT", ()), *of_class}
    return tuple(name for name in attributes if name not in left_out and not name.startswith("__"))


@cache
def _names_in(base: Any) -> tuple[dict[str, None], dict[str, None], dict[str, None]]:
    """What a class itself declares of its objects, mentions in its code, and declares of itself."""
    slots = base.__dict__.get("__slots__", ())
    declared = dict.fromkeys((slots,) if isinstance(slots, str) else slots)
    mentioned: dict[str, None] = {}
    of_class: dict[str, None] = {}
    for name, kind in get_annotations(base).items():
        (of_class if _is_of_class(kind) else declared)[name] = None
    for item in base.__dict__.values():
        code = getattr(item, "__code__", None)
        if code is not None:
            mentioned.update(dict.fromkeys(code.co_names))
    return declared, mentioned, of_class


def _is_of_class(kind: Any) -> bool:
    """Whether an annotation, a text or a type, is a ``ClassVar``."""
    if isinstance(kind, str):
        return "ClassVar" in kind
    return kind is ClassVar or get_origin(kind) is ClassVar


class _Shape(NamedTuple):
    """The attributes that some object has, and how to read them all."""

    names: tuple[str, ...]
    read: Callable[[Any], tuple[Any, ...]]


@cache
def _shape(names: tuple[str, ...]) -> _Shape:
    # For one name the getter would not give a tuple.
    names = names if len(names) > 1 else names * 2
    return _Shape(names, attrgetter(*names) if names else lambda _: ())


@cache
def _is_plain(cls: Any) -> bool:
    return issubclass(cls, _PLAIN)


@cache
def _full_shape(cls: Any) -> _Shape | None:
    """Of all objects of a class that have all that it declares; None where they may have more."""
    if issubclass(cls, partial):
        return _shape(("func", "args", "keywords"))
    return None if cls.__dictoffset__ else _shape(_names(cls))


def _shape_of(thing: Any) -> tuple[_Shape, tuple[Any, ...]]:
    """The attributes of an object, without what is transient, and what they hold."""
    shape = _full_shape(thing.__class__)
    if shape is not None:
        try:
            return shape, shape.read(thing)
        except AttributeError:
            pass  # it has no value yet
    shape = _shape(tuple([name for name in _names(thing.__class__) if hasattr(thing, name)]))
    return shape, shape.read(thing)


@cache
def _is_constant(cls: Any) -> bool:
    """Whether objects of a class hold the same for ever."""
    if issubclass(cls, msgspec.Struct):
        return bool(cls.__struct_config__.frozen)
    return issubclass(cls, partial)


@cache
def _is_end(cls: Any) -> bool:
    """Whether objects of a class are not looked into: plain values, and what has a name."""
    return issubclass(cls, (*_PLAIN, *_NAMED))


def _looked_into(things: Iterable[Any]) -> list[Any]:
    return [thing for thing in things if not _is_end(thing.__class__)]


@cache
def _is_opaque(cls: Any) -> bool:
    """Whether objects of a class change without showing how, as an ``itertools.count`` does."""
    if issubclass(cls, (*_PLAIN, *_NAMED, *_CONTAINERS, bytearray, partial, MethodType)):
        return False
    return not any(base.__dictoffset__ or "__slots__" in base.__dict__ for base in cls.__mro__)


@cache
def _keeps_its_state(cls: Any) -> bool:
    """Whether objects of a class save their state themselves."""
    return hasattr(cls, "freeze") and hasattr(cls, "thaw")


@cache
def _has_attributes(cls: Any) -> bool:
    """Whether it is looked what objects of a class hold in their attributes."""
    is_other = issubclass(cls, (MethodType, *_CONTAINERS, bytearray))
    return not (is_other or _keeps_its_state(cls) or _is_opaque(cls))


class _Unlike:
    """What nothing equals."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return False


_UNLIKE: Any = _Unlike()


def _copied(value: Any, shared: Container[int]) -> Any:
    """A container with its own copies of the containers in it; anything else as it is.

    What is ``shared`` is to be saved always: several objects have one thing afterwards too.
    """
    if _has_attributes(value.__class__):
        return value
    if id(value) in shared or _is_opaque(value.__class__):
        return _UNLIKE
    if isinstance(value, dict):
        copy = value.copy()
        copy.update((key, _copied(item, shared)) for key, item in value.items())
        return copy
    if isinstance(value, deque):
        return deque((_copied(item, shared) for item in value), value.maxlen)
    if isinstance(value, (list, set, frozenset)):
        return type(value)(_copied(item, shared) for item in value)
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return tuple(_copied(item, shared) for item in value)
    return value.copy() if isinstance(value, bytearray) else value


def shallow_copy(thing: object) -> object:
    """What an object holds now: equal to a later copy where nothing of it has changed since.

    Of objects that it holds it tells only which they are.
    """
    return _copied(_shape_of(thing)[1], ())


def _equal(value: Any, copy: Any) -> bool:
    """Whether it is as it was; the order of a table counts too."""
    return bool(value == copy) and (not isinstance(value, dict) or list(value) == list(copy))


@contextmanager
def _without_collections() -> Iterator[None]:
    """What is made here stays: to look for garbage in it takes as long as to make it."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _Pickler(pickle.Pickler):
    """Pickles what stays as its number."""

    def __init__(self, file: io.BytesIO, numbers: dict[int, int]) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._number = numbers.get

    def persistent_id(self, thing: object) -> int | None:
        """See :mod:`pickle`."""
        return self._number(id(thing))


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, things: list[Any]) -> None:
        super().__init__(file)
        self._things = things

    def persistent_load(self, number: int) -> object:
        """See :mod:`pickle`."""
        return self._things[number]


class _Part(NamedTuple):
    """An object that stays and may change."""

    number: int
    thing: Any
    shape: _Shape
    values: tuple[Any, ...]
    """its attributes at the beginning"""
    copies: tuple[tuple[int, Any], ...]
    """of attributes that change without being set: which, and a copy"""


class State:
    """What stays in a machine, and how to save and load what it holds."""

    def __init__(self, root: object) -> None:
        """``root`` is the machine, at the moment from which on its objects stay."""
        self._things: list[Any] = []
        self._shapes: list[_Shape] = []
        self._cells: list[list[int]] = []
        """the registers' values, in lists that stay too: devices and cores share them"""
        self._tables: list[Any] = []
        """the containers that partials have: these stay too, as a partial never changes"""
        self._keepers: list[Any] = []
        """what saves its state itself"""
        with _without_collections():
            self._number(root)

    def _number(self, root: object) -> None:
        shared = self._walk(root)
        self._first_cells = [list(cell) for cell in self._cells]
        """what the registers held at the beginning: most of them hold that for ever"""
        self._stays: list[Any] = [
            *self._things, *self._cells, *self._tables, *self._keepers
        ]  # fmt: skip
        self._numbers = {id(thing): number for number, thing in enumerate(self._stays)}
        self._parts = [
            self._part(number, thing, shape, shared)
            for number, (thing, shape) in enumerate(zip(self._things, self._shapes, strict=True))
            if not _is_constant(thing.__class__)
        ]

    def _part(self, number: int, thing: Any, shape: _Shape, shared: Container[int]) -> _Part:
        values = shape.read(thing)
        copies = [
            (place, _copied(value, shared))
            for place, value in enumerate(values)
            if not _is_plain(value.__class__) and id(value) not in self._numbers
        ]
        changing = tuple([(place, copy) for place, copy in copies if copy is not values[place]])
        return _Part(number, thing, shape, values, changing)

    def _walk(self, root: object) -> set[int]:
        """Find everything; answers the identities of containers that several objects have."""
        shared: set[int] = set()
        seen: dict[int, Any] = {}
        waiting: list[Any] = [root]
        while waiting:
            thing = waiting.pop()
            ident, cls = id(thing), thing.__class__
            if ident in seen:
                if issubclass(cls, (list, dict, set, deque, bytearray)):
                    shared.add(ident)
                continue
            seen[ident] = thing
            if _has_attributes(cls):
                shape, values = _shape_of(thing)
                self._things.append(thing)
                self._shapes.append(shape)
                if cls is RegisterFile:
                    self._cells += thing.stores()
                elif cls is partial:
                    given = (*thing.args, *thing.keywords.values())
                    self._tables += (item for item in given if isinstance(item, _TABLES))
                waiting += _looked_into(values)
            elif isinstance(thing, MethodType):
                waiting.append(thing.__self__)
            elif _keeps_its_state(cls):
                self._keepers.append(thing)
            elif isinstance(thing, dict):
                waiting += _looked_into(thing.keys())
                waiting += _looked_into(thing.values())
            elif isinstance(thing, _CONTAINERS):
                waiting += _looked_into(thing)
        return shared

    def save(self) -> bytes:
        """All that differs from what was there at the beginning."""
        changed: list[tuple[int, str, Any]] = []
        for number, thing, (names, read), values, copies in self._parts:
            now = read(thing)
            if not all(map(is_, now, values)):
                changed += (
                    (number, name, new)
                    for name, new, old in zip(names, now, values, strict=True)
                    if new is not old
                )
            for place, copy in copies:
                if now[place] is values[place] and not _equal(now[place], copy):
                    changed.append((number, names[place], now[place]))
        file = io.BytesIO()
        tables = [
            list(table.items() if isinstance(table, dict) else table) for table in self._tables
        ]
        cells = [
            None if cell == first else _packed(cell)
            for cell, first in zip(self._cells, self._first_cells, strict=True)
        ]
        frozen = [keeper.freeze() for keeper in self._keepers]
        _Pickler(file, self._numbers).dump((changed, cells, tables, frozen))
        return file.getvalue()

    def why_unsavable(self) -> str:
        """What a person's own object holds that is no plain data, in words; empty for none."""
        for thing, (names, read) in zip(self._things, self._shapes, strict=True):
            if not type(thing).__module__.startswith(OWN_MODULES):
                continue
            for name, value in zip(names, read(thing), strict=True):
                try:
                    _Pickler(io.BytesIO(), self._numbers).dump(value)
                except Exception:  # whatever it is, it cannot be saved
                    return (
                        f"{type(thing).__name__}.{name} holds a {type(value).__name__}, which "
                        "cannot be saved: keep numbers, texts, lists and objects of your own"
                    )
        return ""

    def begin_anew(self) -> None:
        """The parts are to have the attributes that they had at the beginning, and no others.

        Before :meth:`load`, where the machine has been elsewhere by other means than that.
        """
        for _, thing, (names, _), values, _ in self._parts:
            cls = thing.__class__
            if cls.__dictoffset__:
                for name in _names(cls):
                    if name not in names and hasattr(thing, name):
                        delattr(thing, name)
            for name, value in zip(names, values, strict=True):
                if getattr(thing, name, _UNLIKE) is not value:
                    setattr(thing, name, value)

    def load(self, data: bytes) -> None:
        """Put back what :meth:`save` gave."""
        changed, cells, tables, frozen = _Unpickler(io.BytesIO(data), self._stays).load()
        for table, content in zip(self._tables, tables, strict=True):
            table.clear()
            (table.extend if isinstance(table, list) else table.update)(content)
        for cell, first, saved in zip(self._cells, self._first_cells, cells, strict=True):
            packed = first if saved is None else saved
            cell[:] = array("Q", packed) if isinstance(packed, bytes) else packed
        for _, thing, (names, read), values, copies in self._parts:
            now = read(thing)
            if not all(map(is_, now, values)):
                for name, new, old in zip(names, now, values, strict=True):
                    if new is not old:
                        setattr(thing, name, old)
            for place, copy in copies:
                if not _equal(values[place], copy):
                    setattr(thing, names[place], _copied(copy, ()))
        for number, name, value in changed:
            setattr(self._things[number], name, value)
        for keeper, kept in zip(self._keepers, frozen, strict=True):
            keeper.thaw(kept)


def _packed(cell: list[int]) -> bytes | list[int]:
    try:
        return array("Q", cell).tobytes()
    except OverflowError:
        return list(cell)
