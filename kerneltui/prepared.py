"""What stands in the YAML files that come with the program, ready to be used.

YAML takes longer to import and to read than a board takes to build.  So their data also stand in
``configs/prepared.json``, one file a line, each with a checksum of its source: a source that has
been edited since is read itself.  What a board or a scenario is by its schema, once all checks are
passed, stands there too.  :mod:`kerneltui.preparing` makes the file.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec

NAME = "prepared.json"


NOTHING = msgspec.Raw(b"null")


class PreparedFile(msgspec.Struct, frozen=True):
    """One file: the CRC-32 of its bytes, its data, and what they are by their schema."""

    crc32: int
    data: msgspec.Raw
    spec: msgspec.Raw = NOTHING

    def checked(self) -> Any:
        """The spec; None where there is none, or one of another version of the program."""
        try:
            return restored(msgspec.json.decode(self.spec))
        except (AttributeError, ImportError, TypeError):
            return None


def key(configs: Path, path: Path) -> str:
    """What a file in the folder is called here: ``boards/rpi4``, ``glossary``."""
    return path.relative_to(configs).with_suffix("").as_posix()


def recall(configs: Path, name: str, source: bytes) -> PreparedFile | None:
    """What is known of the file called so that holds ``source``; None when nothing fits."""
    path = configs / NAME
    try:
        entry = _known(path, path.stat().st_mtime_ns).get(name)
    except (OSError, msgspec.MsgspecError):
        return None
    return entry if entry is not None and entry.crc32 == crc32(source) else None


@lru_cache(1)
def _known(path: Path, _changed_ns: int) -> dict[str, PreparedFile]:
    """All that stands in the file; lists of what there is to open ask for each."""
    return msgspec.json.decode(path.read_bytes(), type=dict[str, PreparedFile])


# -- what is no plain data: {"": its class, and what it is made of} -------------------------------

CLASS = ""
"""The key that no field has."""
OF = "of"
"""The number that a number of a class of its own is."""


def restored(data: Any) -> Any:
    """What :func:`kerneltui.preparing.plain` was made of."""
    if isinstance(data, list):
        return [restored(item) for item in data]
    if not isinstance(data, dict):
        return data
    found = {name: restored(item) for name, item in data.items() if name != CLASS}
    if CLASS not in data:
        return found
    cls = _class(data[CLASS])
    return cls(found[OF]) if OF in found else cls(**found)


@lru_cache(64)
def _class(named: str) -> Any:
    module, _, name = named.partition(":")
    return getattr(import_module(module), name)
