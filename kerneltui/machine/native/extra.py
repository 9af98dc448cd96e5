"""What an image of machine code needs that is not installed with the package."""

from __future__ import annotations

from importlib.util import find_spec

from kerneltui.errors import UserError

NEEDED = {"unicorn": "unicorn", "capstone": "capstone", "elftools": "pyelftools"}
"""What is imported, and what it is called where it is installed from."""


def check_installed() -> None:
    """Raises :class:`UserError` that says what to install; who needs it stands before that."""
    missing = [name for module, name in NEEDED.items() if find_spec(module) is None]
    if missing:
        raise UserError(f"needs {', '.join(missing)}: pip install 'kerneltui[native]'")
