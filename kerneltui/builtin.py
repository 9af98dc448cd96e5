"""Where the files are that come with the program."""

from __future__ import annotations

from pathlib import Path


def configs_dir() -> Path:
    """Where the boards and scenarios that come with the program are."""
    package = Path(__file__).parent
    installed = package / "configs"
    return installed if installed.is_dir() else package.parent / "configs"
