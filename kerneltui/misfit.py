"""Where data do not fit a schema, what belongs there, and how to mend it, in words for people.

msgspec checks.  What it says of a mistake is for programmers, and changes with its version.  So
this module looks for the place once more and tells of it in words of our own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from msgspec import inspect

from kerneltui.errors import PATTERNS, near, suggestion

Where = tuple[str | int, ...]
Misfit = tuple[Where, str]
"""A place in the data, and what is wrong there."""
Custom = Callable[[Any, Any], object]
"""``custom(type, value)`` raises ValueError, in words, for what a type of ours cannot be."""
Written = Callable[[Where], str | None]
"""How the value at a place is written in the file; None where that is not known."""
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
_LARGEST_EXPONENT = 30
_UNITS = {
    **dict.fromkeys(("hz", "b"), 1),
    "khz": 10**3, "mhz": 10**6, "ghz": 10**9,
    **dict.fromkeys(("kb", "kib"), 1 << 10),
    **dict.fromkeys(("mb", "mib"), 1 << 20),
    **dict.fromkeys(("gb", "gib"), 1 << 30),
}  # fmt: skip
"""What people write behind a number; of memory all are powers of two."""
_WITH_UNIT = re.compile(r"([0-9][0-9_.]*) ?([a-z]+)", re.IGNORECASE)
_BARE_HEX = re.compile(r"(?=.*[0-9])[0-9a-f]+(_[0-9a-f]+)*", re.IGNORECASE)


def misfits(
    schema: Any,
    data: Any,
    custom: Custom = lambda _kind, _value: None,
    written: Written = lambda _place: None,
) -> Iterator[Misfit]:
    """The places where ``data`` does not fit ``schema``, in the order of the schema's keys."""
    return _Search(custom, written).check(inspect.type_info(schema), data, ())


class _Search:
    """One walk through data and schema together."""

    def __init__(self, custom: Custom, written: Written) -> None:
        self._custom = custom
        self._written = written

    def check(self, kind: Any, value: Any, at: Where) -> Iterator[Misfit]:
        if isinstance(kind, inspect.Metadata):
            kind = kind.type
        if isinstance(kind, inspect.UnionType):
            yield from self._check_union(kind, value, at)
        elif isinstance(kind, inspect.CustomType):
            yield from self._check_custom(kind, value, at)
        elif not _has_form(kind, value):
            yield at, self._complaint((kind,), value, at)
        elif isinstance(kind, inspect.StructType | inspect.DataclassType):
            yield from self._check_fields(kind, value, at)
        elif isinstance(kind, inspect.DictType):
            for key, item in value.items():
                yield from self.check(kind.key_type, key, (*at, key))
                yield from self.check(kind.value_type, item, (*at, key))
        elif isinstance(kind, inspect.ListType):
            for number, item in enumerate(value):
                yield from self.check(kind.item_type, item, (*at, number))
        if _is_out_of_bounds(kind, value):
            yield at, _bounds(kind, value, self._written(at), at)

    def _check_union(self, kind: inspect.UnionType, value: Any, at: Where) -> Iterator[Misfit]:
        """A value that no alternative fits is told of as the one that it looks like."""
        complaints = []
        for item in kind.types:
            found = next(self.check(item, value, at), None)
            if found is None:
                return
            if isinstance(item, inspect.CustomType) or _has_form(item, value):
                complaints.append(found)
        if len(complaints) == 1:
            yield complaints[0]
        else:
            kinds = tuple(item for item in kind.types if not isinstance(item, inspect.NoneType))
            yield at, self._complaint(kinds, value, at)

    def _check_custom(self, kind: inspect.CustomType, value: Any, at: Where) -> Iterator[Misfit]:
        if isinstance(value, list | dict):
            yield at, self._complaint((kind,), value, at)
            return
        try:
            self._custom(kind.cls, value if value is None else self._written(at) or value)
        except ValueError as error:
            yield at, str(error)

    def _check_fields(
        self, kind: inspect.StructType | inspect.DataclassType, value: Any, at: Where
    ) -> Iterator[Misfit]:
        fields = {field.encode_name: field for field in kind.fields}
        misspelt: set[str] = set()
        for key in value:
            if key not in fields:
                misspelt.update(near(str(key), fields))
                yield (*at, key), f"unknown key '{key}'{_instead(str(key), value[key], fields)}"
        for name, field in fields.items():
            if name in value:
                yield from self.check(field.type, value[name], (*at, name))
            elif field.required and name not in misspelt:
                yield at, f"the key '{name}' is missing here"

    def _complaint(self, kinds: tuple[Any, ...], value: Any, at: Where) -> str:
        """What must stand here, what stands here, and how to mend it."""
        written = self._written(at)
        wanted = " or ".join(_wanted(kind) for kind in kinds)
        if value is None:
            sign = "dash" if at and isinstance(at[-1], int) else "colon"
            return f"{_subject(at)} must be {wanted}; nothing stands after the {sign}"
        given = _given(value, written)
        return f"{_subject(at)} must be {wanted}, not {given}{_mend(kinds, value, written)}"


def _subject(at: Where) -> str:
    """The name of what is wrong."""
    if not at:
        return "the file"
    if isinstance(at[-1], str):
        return f"'{at[-1]}'"
    item = f"item {at[-1] + 1}"
    return f"{item} of '{at[-2]}'" if len(at) > 1 else item


def _mend(kinds: tuple[Any, ...], value: Any, written: str | None) -> str:
    """How to write what was probably meant; empty where nobody can guess that."""
    if isinstance(value, str):
        choices = [str(word) for item in kinds if _is_literal(item) for word in item.values]
        structs = [item for item in kinds if isinstance(item, inspect.StructType)]
        if structs:
            keys = [field.encode_name for field in structs[0].fields]
            return _mend_mapping(value, keys, choices)
        if choices:
            return _close(value, choices)
    if any(_told_as(item) for item in kinds):
        return ""
    if isinstance(kinds[-1], inspect.ListType):
        return _mend_list(kinds[-1], value, written)
    if isinstance(kinds[-1], inspect.DictType | inspect.StructType) and isinstance(value, list):
        return "; write 'key: value' lines without dashes"
    if isinstance(kinds[-1], inspect.DictType):
        return "; write 'key: value' lines below it"
    return "" if isinstance(value, list | dict) else _mend_scalar(kinds[-1], value, written)


def _mend_scalar(kind: Any, value: Any, written: str | None) -> str:
    if isinstance(kind, inspect.StrType):
        return f"; put it in quotes: '{_plain(written or value)}'"
    if isinstance(kind, inspect.IntType) and isinstance(value, str | float):
        number = _whole(written or str(value))
        return f"; write {number}" if number else "; write it like 48_000_000 or 0x1F"
    if isinstance(kind, inspect.BoolType) and value in ("true", "false"):
        return "; write it without quotes"
    return ""


def _mend_list(kind: inspect.ListType, value: Any, written: str | None) -> str:
    if isinstance(value, dict) and value:
        key, item = next(iter(value.items()))
        if str(key).startswith("-"):
            return f"; put a space after the dash: '- {str(key)[1:]}: ...'"
        shown = "..." if isinstance(item, list | dict) or item is None else _plain(item)
        return f"; begin each item with a dash: '- {key}: {shown}'"
    if isinstance(value, str) and value.startswith("-"):
        return f"; put a space after the dash: '- {value[1:]}'"
    if isinstance(kind.item_type, inspect.StructType):
        return f"; begin each item with a dash: '- {kind.item_type.fields[0].encode_name}: ...'"
    return f"; write it as [{_plain(written or value)}]"


def _mend_mapping(value: str, keys: list[str], words: list[str]) -> str:
    """``words`` may stand there instead of a mapping."""
    word, separator, rest = re.fullmatch(r"(\w*)(:? ?)(.*)", value, re.DOTALL).groups()  # type: ignore[union-attr]
    if word in keys and rest:
        missing = "a space after" if separator == ":" else "a colon and a space after"
        return f"; put {missing} '{word}': '{word}: {rest}'"
    if word in keys:
        return f"; '{word}' needs a value: '{word}: ...'"
    if value.startswith("-"):
        return f"; put a space after the dash: '- {value[1:]}'"
    meant = _close(word, [*words, *keys]) if word == value else ""
    return meant or f"; its keys are {', '.join(keys)}"


def _instead(key: str, value: Any, known: Iterable[str]) -> str:
    """What may be meant by a key that there is not; behind a comma in braces it may be no key."""
    hint = suggestion(key, known)
    if value is None and "did you mean" not in hint:
        return f"{hint}; text with a comma stands in quotes where it is in braces"
    return hint


def _close(word: str, known: list[str]) -> str:
    """A suggestion, if a known word is close enough."""
    hint = suggestion(word, known)
    return hint if "did you mean" in hint else ""


def _whole(text: str) -> str | None:
    """A whole number that is written in another way, as a board file writes it."""
    factor = 1
    unit = _WITH_UNIT.fullmatch(text)
    if unit is not None and unit[2].lower() in _UNITS:
        text, factor = unit[1], _UNITS[unit[2].lower()]
    try:
        number = Decimal(re.sub(r"(?<=\d)[ ',_](?=\d)", "", text)) * factor
    except InvalidOperation:
        found = re.fullmatch(r"0[oO]([0-7]+)", text)
        if found:
            return f"{int(found[1], 8)}"
        if _BARE_HEX.fullmatch(text):
            return f"0x{text}"
        return f"{text} without quotes" if re.fullmatch(r"0x[0-9a-fA-F_]+", text) else None
    if not number.is_finite() or abs(number.adjusted()) > _LARGEST_EXPONENT:
        return None
    return f"{int(number):_}" if number == int(number) else None


def _is_literal(kind: Any) -> bool:
    return isinstance(kind, inspect.LiteralType)


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
    if _told_as(kind):
        return _told_as(kind)
    if isinstance(kind, inspect.CustomType):
        return f"a {kind.cls.__name__.lower()}"
    return _form(kind)[1]


def _told_as(kind: Any) -> str:
    """What a text must be, where its pattern is told in words; else empty."""
    if isinstance(kind, inspect.Metadata):
        kind = kind.type
    return PATTERNS.get(kind.pattern or "", "") if isinstance(kind, inspect.StrType) else ""


def _form(kind: Any) -> tuple[tuple[type, ...], str]:
    """The Python types of what a kind stands for, and a word for it."""
    return next(
        ((forms, words) for kinds, forms, words in _FORMS if isinstance(kind, kinds)),
        ((object,), "something else"),
    )


def _given(value: Any, written: str | None) -> str:
    for _, forms, words in _FORMS:
        if isinstance(value, forms) and not isinstance(value, str | int | float):
            return words
    return f"'{_plain(written or value)}'"


def _plain(value: Any) -> str:
    """A value in the words of YAML, in a line, and not too long."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    shown = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text[:_SHOWN])
    return f"{shown}{'…' * (len(text) > _SHOWN)}"


def _size(kind: Any, value: Any) -> tuple[int, int | None, int | None] | None:
    """What of a value is bounded, and its bounds, both inclusive."""
    if isinstance(kind, inspect.IntType):
        least = kind.ge if kind.gt is None else kind.gt + 1
        return value, least, kind.le if kind.lt is None else kind.lt - 1
    if isinstance(kind, inspect.StrType | inspect.ListType | inspect.DictType):
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


def _bounds(kind: Any, value: Any, written: str | None, at: Where) -> str:
    if isinstance(kind, inspect.StrType) and kind.pattern and not re.search(kind.pattern, value):
        if kind.pattern in PATTERNS:
            return (
                f"{_given(value, written)} is none of what can stand here: {PATTERNS[kind.pattern]}"
            )
        return "control characters cannot stand here, and no line ends either; remove them"
    measure, least, most = _size(kind, value) or (0, None, None)
    if isinstance(kind, inspect.IntType):
        form = "0x{:_X}" if written and written.lower().lstrip("-+").startswith("0x") else "{}"
        low, high = (form.format(limit) for limit in (least or 0, most or 0))
        limits = f"at least {low}" if most is None else f"from {low} to {high}"
        return f"{_subject(at)} is out of range: {limits}, not {_given(value, written)}"
    unit = "characters" if isinstance(kind, inspect.StrType) else "items"
    if least is not None and measure < least:
        unit = unit.removesuffix("s") if least == 1 else unit
        return f"{_subject(at)} needs at least {least} {unit}"
    return f"{_subject(at)} has {measure} {unit}, at most {most} can stand here"
