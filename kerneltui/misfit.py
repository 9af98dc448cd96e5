"""Where data do not fit a schema, and what belongs there, in words for people.

msgspec checks; what it says of a mistake is for programmers, and changes.  So the place is found
here once more, and told in words of our own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from msgspec import inspect

from kerneltui.errors import suggestion

Where = tuple[str | int, ...]
Misfit = tuple[Where, str]
"""A place in the data, and what is wrong there."""
Custom = Callable[[Any, Any], object]
"""``custom(type, value)`` raises ValueError, in words, for what a type of ours cannot be."""
_FORMS: tuple[tuple[Any, tuple[type, ...], str], ...] = (
    (inspect.NoneType, (type(None),), "nothing"),
    (inspect.BoolType, (bool,), "true or false"),
    (inspect.IntType, (int,), "a whole number"),
    (inspect.FloatType, (int, float), "a number"),
    (inspect.StrType, (str,), "text"),
    (inspect.ListType, (list,), "a list"),
    (inspect.StructType | inspect.DataclassType | inspect.DictType, (dict,), "a mapping"),
)
_SHOWN = 40


def misfits(
    schema: Any, data: Any, custom: Custom = lambda _kind, _value: None
) -> Iterator[Misfit]:
    """The places where ``data`` does not fit ``schema``, in the order of the schema's keys."""
    return _check(inspect.type_info(schema), data, (), custom)


def _check(kind: Any, value: Any, at: Where, custom: Custom) -> Iterator[Misfit]:
    if isinstance(kind, inspect.Metadata):
        kind = kind.type
    if isinstance(kind, inspect.UnionType):
        yield from _check_union(kind, value, at, custom)
    elif isinstance(kind, inspect.CustomType):
        try:
            custom(kind.cls, value)
        except ValueError as error:
            yield at, str(error)
    elif not _has_form(kind, value):
        yield at, f"{_wanted(kind)} is expected here, not {_given(value)}"
    elif isinstance(kind, inspect.StructType | inspect.DataclassType):
        yield from _check_fields(kind, value, at, custom)
    elif isinstance(kind, inspect.DictType):
        for key, item in value.items():
            yield from _check(kind.key_type, key, (*at, key), custom)
            yield from _check(kind.value_type, item, (*at, key), custom)
    elif isinstance(kind, inspect.ListType):
        for number, item in enumerate(value):
            yield from _check(kind.item_type, item, (*at, number), custom)
    if _is_out_of_bounds(kind, value):
        yield at, _bounds(kind, value)


def _check_union(
    kind: inspect.UnionType, value: Any, at: Where, custom: Custom
) -> Iterator[Misfit]:
    """A value that no alternative fits is told of as the one that it looks like."""
    complaints = []
    for item in kind.types:
        found = next(_check(item, value, at, custom), None)
        if found is None:
            return
        if isinstance(item, inspect.CustomType) or _has_form(item, value):
            complaints.append(found)
    if len(complaints) == 1:
        yield complaints[0]
    else:
        words = [_wanted(item) for item in kind.types if not isinstance(item, inspect.NoneType)]
        yield at, f"{' or '.join(words)} is expected here, not {_given(value)}"


def _check_fields(
    kind: inspect.StructType | inspect.DataclassType, value: Any, at: Where, custom: Custom
) -> Iterator[Misfit]:
    fields = {field.encode_name: field for field in kind.fields}
    for key in value:
        if key not in fields:
            yield (*at, key), f"unknown key '{key}'{suggestion(str(key), fields)}"
    for name, field in fields.items():
        if name in value:
            yield from _check(field.type, value[name], (*at, name), custom)
        elif field.required:
            yield at, f"the key '{name}' is missing here"


def _has_form(kind: Any, value: Any) -> bool:
    """Whether a value is of the kind that is wanted, whatever its size and content."""
    if isinstance(kind, inspect.LiteralType):
        return any(value == item and type(value) is type(item) for item in kind.values)
    forms, _ = _form(kind)
    is_truth = isinstance(value, bool) and bool not in forms
    return isinstance(value, forms) and not is_truth


def _wanted(kind: Any) -> str:
    if isinstance(kind, inspect.LiteralType):
        return " or ".join(f"'{item}'" for item in kind.values)
    if isinstance(kind, inspect.CustomType):
        return f"a {kind.cls.__name__.lower()}"
    return _form(kind)[1]


def _form(kind: Any) -> tuple[tuple[type, ...], str]:
    """The Python types of what a kind stands for, and a word for it."""
    return next(
        ((forms, words) for kinds, forms, words in _FORMS if isinstance(kind, kinds)),
        ((object,), "something else"),
    )


def _given(value: Any) -> str:
    for _, forms, words in _FORMS:
        if isinstance(value, forms) and not isinstance(value, str | int | float):
            return words
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"'{text[:_SHOWN]}{'…' * (len(text) > _SHOWN)}'"


def _size(kind: Any, value: Any) -> tuple[int, int | None, int | None] | None:
    """What of a value is bounded, and its bounds, both inclusive."""
    if isinstance(kind, inspect.IntType):
        least = kind.ge if kind.gt is None else kind.gt + 1
        return value, least, kind.le if kind.lt is None else kind.lt - 1
    if isinstance(kind, inspect.StrType | inspect.ListType):
        return len(value), kind.min_length, kind.max_length
    return None


def _is_out_of_bounds(kind: Any, value: Any) -> bool:
    if not _has_form(kind, value):
        return False
    if isinstance(kind, inspect.StrType) and kind.pattern and not re.search(kind.pattern, value):
        return True
    size = _size(kind, value)
    if size is None:
        return False
    measure, least, most = size
    return (least is not None and measure < least) or (most is not None and measure > most)


def _bounds(kind: Any, value: Any) -> str:
    if isinstance(kind, inspect.StrType) and kind.pattern and not re.search(kind.pattern, value):
        return "control characters, line ends among them, cannot be shown here"
    measure, least, most = _size(kind, value) or (0, None, None)
    if isinstance(kind, inspect.IntType):
        limits = f"at least {least}" if most is None else f"from {least} to {most}"
        return f"{_given(value)} is out of range: {limits}"
    unit = "characters" if isinstance(kind, inspect.StrType) else "items"
    if least is not None and measure < least:
        return f"at least {least} {unit.removesuffix('s') if least == 1 else unit} is needed here"
    return f"{measure} {unit} are too many here: at most {most}"
