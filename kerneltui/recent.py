"""The files of a person's own that were opened last: a list in the platform's state folder.

Nothing depends on it: where it cannot be read or written, there are none.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

from kerneltui.statefolder import state_folder

NAME = "recent.json"
MOST = 8
LARGEST = 20_000
"""bytes"""


def recent_files() -> list[Path]:
    """Those that are still there, the latest first."""
    return [path for path in _read() if path.is_file()]


def note_file(path: Path) -> None:
    """One has been opened, or saved."""
    with suppress(OSError):
        whole = Path(os.path.abspath(path))  # noqa: PTH100 - what links lead to keeps its name
        found = [whole, *(item for item in _read() if item != whole)][:MOST]
        folder = state_folder()
        folder.mkdir(parents=True, exist_ok=True)
        fresh = folder / f"{NAME}.{os.getpid()}"
        fresh.write_text(json.dumps([str(item) for item in found]) + "\n", encoding="utf-8")
        fresh.replace(folder / NAME)


def _read() -> list[Path]:
    with suppress(OSError, ValueError, RecursionError):
        with (state_folder() / NAME).open("rb") as file:
            found = json.loads(file.read(LARGEST))
        if isinstance(found, list):
            return [Path(item) for item in found if isinstance(item, str)][:MOST]
    return []
