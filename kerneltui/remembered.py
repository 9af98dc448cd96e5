"""What a person has chosen, for the next start: a small file in the platform's state folder.

Nothing depends on it: where it cannot be read or written, or says what makes no sense, the usual
holds.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import msgspec

from kerneltui.statefolder import state_folder

WITH_PATH = "with_path"
"""Whether the dashboard opens with the signal path."""
LARGEST = 10_000
"""bytes"""


def recall(name: str, usual: bool) -> bool:
    """What was chosen last, or what is usual."""
    found = _read().get(name)
    return found if isinstance(found, bool) else usual


def remember(name: str, choice: bool) -> None:
    """Keep a choice."""
    with suppress(OSError):
        path = _path()
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        fresh.write_bytes(msgspec.json.encode(_read() | {name: choice}) + b"\n")
        fresh.replace(path)


def _path() -> Path:
    return state_folder() / "choices.json"


def _read() -> dict[str, object]:
    with suppress(OSError, ValueError, RecursionError):
        with _path().open("rb") as file:
            found = msgspec.json.decode(file.read(LARGEST))
        if isinstance(found, dict):
            return found
    return {}
