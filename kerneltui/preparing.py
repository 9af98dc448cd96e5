"""``python -m kerneltui.preparing`` makes the file of what stands in the built-in YAML files.

See :mod:`kerneltui.prepared`, which uses it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec

from kerneltui.builtin import configs_dir
from kerneltui.configfile import ConfigFile
from kerneltui.machine.board import read_board
from kerneltui.prepared import CLASS, NAME, OF, key
from kerneltui.scenarios.reading import read_scenario

READERS: dict[str, Callable[[ConfigFile, Path], Any]] = {
    "boards": read_board,
    "scenarios": read_scenario,
}
"""Of which folders the files are known by their schema too."""


def prepare(configs: Path) -> str:
    """The text of the file, made from the sources.

    Raises :class:`kerneltui.errors.UserError` for one that is not right, ValueError for data that
    JSON cannot hold.
    """
    lines = []
    for path in sorted(configs.rglob("*.yaml")):
        source = path.read_bytes()
        file = ConfigFile(path, source.decode())
        entry = {"crc32": crc32(source), "data": file.data}
        read = READERS.get(path.parent.name)
        if read is not None:
            entry["spec"] = plain(read(file, path).spec)
        text = _json(entry)
        if msgspec.json.decode(text) != entry:
            raise ValueError(f"{path}: not the same in JSON")
        lines.append(f"{_json(key(configs, path))}: {text}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _json(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False)


def plain(value: Any) -> Any:
    """A checked spec as data that JSON can hold: of a struct what is not its default."""
    if isinstance(value, msgspec.Struct):
        usual = {item.name: _default(item) for item in msgspec.structs.fields(value)}
        said = {
            name: plain(item)
            for name, item in msgspec.structs.asdict(value).items()
            if item != usual[name]
        }
        return {CLASS: _named(value), **said}
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if type(value) in {str, int, bool, float, type(None)}:
        return value
    return {CLASS: _named(value), OF: int(value)}


def _named(value: object) -> str:
    return f"{type(value).__module__}:{type(value).__name__}"


def _default(item: msgspec.structs.FieldInfo) -> Any:
    factory = item.default_factory
    return item.default if factory is msgspec.NODEFAULT else factory()


if __name__ == "__main__":
    (configs_dir() / NAME).write_text(prepare(configs_dir()), encoding="utf-8")
