"""YAML files with a schema: every complaint names the file, the line and the mend."""

from __future__ import annotations

import os
import select
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from stat import S_ISFIFO
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from kerneltui.builtin import configs_dir
from kerneltui.errors import Mistakes, UserError, suggestion
from kerneltui.units import PATTERN, parse_duration

if TYPE_CHECKING:
    from kerneltui.misfit import Misfit
    from kerneltui.prepared import PreparedFile
    from kerneltui.yamltext import Parsed

Where = tuple[str | int, ...]
T = TypeVar("T")
KINDS = "boards", "scenarios", "lessons"
"""Of what built-in files there are that are opened by their names."""
SUFFIXES = ".yaml", ".yml"
LARGEST_FILE = 4 << 20
PIPE_PATIENCE_S = 1.0
"""So long somebody has to begin to write to a pipe."""

LEFT_OUT = "left out"
"""Stands for a text that a file lacks, or has wrong, where the rest is checked.

It is known by :func:`is_left_out`: a file may have the same words.
"""

Label = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f-\x9f]*$(?!\n)")]
"""A text that goes to the screen as it is: no control characters.

``$`` alone would let a line feed stand at the end.
"""


class Duration(int):
    """Nanoseconds, written as ``1.5s`` in a file."""


def is_left_out(text: str) -> bool:
    """Whether this is no text of the file, but :data:`LEFT_OUT` itself."""
    return text is LEFT_OUT


def duration(ns: int) -> Any:
    """The default of a key.  A factory, because JSON Schema cannot show a default of this type."""
    return msgspec.field(default_factory=partial(Duration, ns))


def available(kind: str) -> dict[str, Path]:
    """The built-in files of a kind (``boards``, ``scenarios``), by name."""
    found = (configs_dir() / kind).glob("*.yaml")
    return {path.stem: path for path in sorted(found, key=lambda path: path.stem)}


def find(kind: str, name: str) -> Path:
    """A built-in name or the path of a file.  Raises :class:`UserError` with a suggestion."""
    known = available(kind)
    if name in known:
        return known[name]
    path = Path(name)
    try:
        if path.suffix in SUFFIXES or os.sep in name or path.is_file():
            return path
    except (OSError, ValueError):
        pass  # no file can have such a name
    raise UserError(f"unknown {kind[:-1]} '{name}'{_meant(kind, name, known)}")


def _meant(kind: str, name: str, known: Iterable[str]) -> str:
    """What a name may stand for that is not ``known``."""
    for other in KINDS:
        if other != kind and name in available(other):
            return f": this is a {other[:-1]}; --{other[:-1]} opens it"
    for suffix in SUFFIXES:
        if os.path.isfile(f"{name}{suffix}"):  # noqa: PTH113 - of any name
            return f"; the file is called {name}{suffix}"
    return suggestion(name, known)


class ConfigFile:
    """The data of a YAML file, and where everything stood in it."""

    def __init__(
        self,
        path: Path,
        text: str,
        known: PreparedFile | None = None,
        within: Path | None = None,
        slips: Mistakes | None = None,
    ) -> None:
        """``known`` is what ``text`` is known to say; ``within``: the file that it is a part of.

        With ``slips`` some of what is wrong with it as YAML is noted there, and passed over.
        Raises :class:`UserError` for text that is not YAML or not a mapping.
        """
        self.path = path
        self._text = text
        self._parsed: Parsed | None = None
        self._known = known
        self._within = within
        self._slips = slips
        if not isinstance(self.data, dict):
            raise UserError(f"{path}:1: the file must be a mapping: lines like 'title: ...'")

    @cached_property
    def data(self) -> Any:
        """What the text says."""
        if self._known is not None:
            return msgspec.json.decode(self._known.data)
        return self._parse().data

    @property
    def text(self) -> str:
        """What stands in the file."""
        return self._text

    @property
    def is_builtin(self) -> bool:
        """Whether it comes with the program."""
        return _is_builtin(self.path)

    def _parse(self) -> Parsed:
        """The text once more; of prepared data the lines are not known."""
        from kerneltui.yamltext import parse  # it takes its time, and is seldom needed

        if self._parsed is None:
            self._parsed = parse(self.path, self._text, self._slips)
        return self._parsed

    @classmethod
    def load(cls, path: Path, slips: Mistakes | None = None) -> ConfigFile:
        """Read a file; ``slips`` as above.  Raises :class:`UserError` when it cannot be read."""
        try:
            with open(path, "rb", opener=_opened) as file:
                data = file.read(LARGEST_FILE + 1)  # not all: a device file may never end
            if len(data) > LARGEST_FILE:
                raise UserError(
                    f"{path}: larger than {LARGEST_FILE >> 20} MiB; this is no board or scenario"
                )
            text = data.decode("utf-8")
        except OSError as error:
            raise UserError(f"{path}: cannot be read: {error.strerror}") from None
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise UserError(f"{path}:{line}: not UTF-8 text; {_mend(data)}") from None
        return cls(path, text, _prepared(path, data), slips=slips)

    def line(self, where: Where) -> int:
        """The line of a key or item, or of the nearest thing above it."""
        lines = self._parse().lines
        while where and where not in lines:
            where = where[:-1]
        return lines.get(where, 1)

    def written(self, where: Where) -> str | None:
        """How a value that is not text is written, like ``no`` or ``0x1F``; else None."""
        return self._parse().written.get(where)

    def error(self, where: Sequence[str | int], message: str) -> UserError:
        """An error at a place in the file."""
        line = self.line(tuple(where))
        return UserError(f"{self.path}:{line}: {message}", self._within or self.path, line)

    def checked(self, schema: type[T]) -> T | None:
        """What it is, where that is known; of a file that comes with the program it is."""
        spec = None if self._known is None else self._known.checked()
        return spec if isinstance(spec, schema) else None

    def decode(self, schema: type[T], data: Any = None, where: Where = ()) -> T:
        """The data, or a part of it, as ``schema``.

        Raises :class:`UserError`, with all places that do not fit.
        """
        data = self.data if data is None else data
        try:
            return msgspec.convert(data, schema, dec_hook=_decode)
        except msgspec.ValidationError as error:
            found = Mistakes()
            for place, text in self._misfits(schema, data, where):
                found.add(self.error((*where, *place), text))
            found.tell()
            raise self.error(where, str(error.__cause__ or error)) from None

    def decode_most(
        self,
        schema: type[T],
        spare: Mapping[str, Any],
        found: Mistakes,
        data: dict[str, Any] | None = None,
    ) -> T | None:
        """The data, or some of the keys, as ``schema``; what does not fit is noted, and left out.

        So the rest can be checked further, whatever else is wrong.  A key whose value does not fit
        is left out; of a mapping with names of one's own, as ``devices``, only that name is.
        ``spare`` has values for keys that cannot be left out; None where these do not suffice.
        """
        data = self.data if data is None else data
        try:
            return self.decode(schema, data)
        except UserError as error:
            found.add(error)
        kept = dict(data)
        for place, _ in self._misfits(schema, data, ()):
            inside = kept.get(place[0]) if place else None
            if len(place) > 1 and isinstance(inside, dict) and isinstance(place[1], str):
                kept[str(place[0])] = {key: inside[key] for key in inside if key != place[1]}
            elif place:
                kept.pop(str(place[0]), None)
        known = {**spare, **kept}
        try:
            return msgspec.convert(known, schema, dec_hook=_decode)
        except msgspec.ValidationError:
            return None

    def items(self, key: str, known: Sequence[T], schema: type[T]) -> dict[int, T]:
        """Of a list, by their places, what is ``known``; where that was left out, what fits."""
        written = self.data.get(key)
        if known or not isinstance(written, list):
            return dict(enumerate(known))
        found = {}
        for number, item in enumerate(written):
            try:
                found[number] = msgspec.convert(item, schema, dec_hook=_decode)
            except msgspec.ValidationError:
                continue  # what is wrong there is told already
        return found

    def _misfits(self, schema: Any, data: Any, where: Where) -> Iterator[Misfit]:
        from kerneltui.misfit import misfits

        return misfits(schema, data, _decode, lambda place: self.written((*where, *place)))


def _mend(data: bytes) -> str:
    """For what cannot be read as text."""
    if b"\0" in data and not data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return "a kernel image is named by --kernel, or by 'image:' in a scenario's file"
    return "save the file as UTF-8"


def _opened(path: str, flags: int) -> int:
    """A pipe to which nobody writes is empty, after a while: else one would wait for ever."""
    pipes = getattr(os, "O_NONBLOCK", 0)
    opened = os.open(path, flags | pipes)
    if pipes:
        if S_ISFIFO(os.fstat(opened).st_mode):
            select.select([opened], [], [], PIPE_PATIENCE_S)
        os.set_blocking(opened, True)
    return opened


def _prepared(path: Path, source: bytes) -> PreparedFile | None:
    """What is known to stand in a file that comes with the program; else None."""
    if not _is_builtin(path):
        return None
    from kerneltui.prepared import key, recall

    configs = configs_dir()
    return recall(configs, key(configs, path), source)


def _is_builtin(path: Path) -> bool:
    return configs_dir() in {path.parent, path.parent.parent}


def _decode(kind: type, value: Any) -> Any:
    if kind is Duration:
        if value is None:
            raise ValueError("a duration is missing here; write one like 250us, 1.5s or 2m")
        return Duration(parse_duration(str(value)))
    raise TypeError(kind)


def schema_hook(kind: type) -> dict[str, Any]:
    """JSON Schema of the types that only this project knows."""
    if kind is Duration:
        return {"type": "string", "pattern": PATTERN, "examples": ["250us", "1.5s", "2m"]}
    raise TypeError(kind)
