"""The platform's folder for what a program remembers between two starts."""

from __future__ import annotations

from pathlib import Path


def state_folder() -> Path:
    """Where that is; nobody has made it yet perhaps."""
    from platformdirs import user_state_path

    return user_state_path("kerneltui", appauthor=False)


def tilde(path: Path) -> str:
    """A path as people write it: the home folder is ``~``."""
    try:
        return str(Path("~") / path.relative_to(Path.home()))
    except (ValueError, RuntimeError):
        return str(path)
