"""Where the files are that come with the program."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def configs_dir() -> Path:
    """Where the boards and scenarios that come with the program are."""
    package = Path(__file__).parent
    installed = package / "configs"
    return installed if installed.is_dir() else package.parent / "configs"
