"""The beginning of a file of a person's own: its name, or a copy of one, with comments."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from msgspec import inspect

from kerneltui.configfile import ConfigFile, available, find
from kerneltui.errors import UserError

NAME = re.compile(r"[^\W\d][\w-]{0,59}")
WIDEST = 99
"""characters of a line with a comment"""


def path_of_new(name: str, kind: str, suffix: str) -> Path:
    """The file of a new driver, board and so on, in any folder that is there.

    Raises :class:`UserError` for a name that nothing can have, or that something has already.
    """
    path = Path(f"{name.removesuffix(suffix)}{suffix}")
    if not NAME.fullmatch(path.name.removesuffix(suffix)):
        raise UserError(
            f"'{name}' is no name for a {kind}: begin with a letter, then letters, digits, - and "
            f"_, such as my_{kind}"
        )
    if suffix == ".yaml" and path.stem in available(f"{kind}s"):
        raise UserError(f"'{path.stem}' is a built-in {kind}; choose another name")
    if path.exists():
        raise UserError(f"{path}: is there already; choose another name")
    return path


def copied(kind: str, source: str, name: str, spec: type[Any]) -> str:
    """The text of a board or a scenario, with another title and a comment for each key.

    ``spec`` describes the keys.  Raises :class:`UserError` where there is no such ``source``.
    """
    text = ConfigFile.load(find(f"{kind}s", source)).text
    words = _described(spec)
    lines = [f"# A {kind} of your own, begun as a copy of {source}. Change it, then check it:"]
    lines.append(f"# kerneltui validate {name}.yaml")
    for line in text.splitlines():
        key = line.partition(":")[0]
        if key == "group":
            continue  # the heading among those that are built in
        told = words.get(key, "")
        if told and len(told) + 2 <= WIDEST:
            lines.append(f"# {told}")
        lines.append(f'title: "{name}"' if key == "title" else line)
    return "\n".join([*lines, ""])


def _described(spec: type[Any]) -> dict[str, str]:
    """What the schema says of each key."""
    kind = inspect.type_info(spec)
    assert isinstance(kind, inspect.StructType)
    found = {}
    for field in kind.fields:
        if isinstance(field.type, inspect.Metadata):
            schema = field.type.extra_json_schema or {}
            found[field.encode_name] = str(schema.get("description", ""))
    return found
