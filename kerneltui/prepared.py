"""What stands in the YAML files that come with the program, ready to be used.

YAML takes longer to import and to read than a board takes to build.  So their data also stand in
``configs/prepared.json``, one file a line, each with a checksum of its source: a source that has
been edited since is read itself.  ``python -m kerneltui.prepared`` makes the file anew.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec

from kerneltui.builtin import configs_dir

NAME = "prepared.json"


class PreparedFile(msgspec.Struct, frozen=True):
    """One file: the CRC-32 of its bytes, and its data."""

    crc32: int
    data: msgspec.Raw


def key(configs: Path, path: Path) -> str:
    """What a file in the folder is called here: ``boards/rpi4``, ``glossary``."""
    return path.relative_to(configs).with_suffix("").as_posix()


def recall(configs: Path, name: str, source: bytes) -> Any:
    """The data of the file called so that holds ``source``; None when nothing fits."""
    path = configs / NAME
    try:
        entry = _known(path, path.stat().st_mtime_ns).get(name)
    except (OSError, msgspec.MsgspecError):
        return None
    if entry is None or entry.crc32 != crc32(source):
        return None
    return msgspec.json.decode(entry.data)


@lru_cache(1)
def _known(path: Path, _changed_ns: int) -> dict[str, PreparedFile]:
    """All that stands in the file; lists of what there is to open ask for each."""
    return msgspec.json.decode(path.read_bytes(), type=dict[str, PreparedFile])


def prepare(configs: Path) -> str:
    """The text of the file, made from the sources.

    Raises :class:`kerneltui.errors.UserError` for one that is not YAML, ValueError for data that
    JSON cannot hold.
    """
    import json

    from kerneltui.yamltext import parse

    lines = []
    for path in sorted(configs.rglob("*.yaml")):
        source = path.read_bytes()
        data = parse(path, source.decode()).data
        text = json.dumps({"crc32": crc32(source), "data": data}, ensure_ascii=False)
        if json.loads(text)["data"] != data:
            raise ValueError(f"{path}: not the same in JSON")
        lines.append(f"{json.dumps(key(configs, path))}: {text}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    (configs_dir() / NAME).write_text(prepare(configs_dir()), encoding="utf-8")
