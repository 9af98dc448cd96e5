"""A driver of a person's own, loaded."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from kerneltui.kernel.roles import Post


class OwnDriver(msgspec.Struct, frozen=True):
    """A file's class, in the place of one of the kernel's."""

    path: Path
    """as the person wrote it"""
    text: str
    """what the file held when it was loaded"""
    post: Post
    """what the class stands for"""
    cls: Any

    @property
    def role(self) -> str:
        """One of :data:`kerneltui.kernel.roles.ROLES`."""
        return self.post.role

    @property
    def sha256(self) -> str:
        """Of the file, as it was loaded."""
        return content_hash(self.text)

    @property
    def has_changed(self) -> bool:
        """Whether the file holds something else now; one that is gone does not."""
        try:
            return content_hash(self.path.read_text(encoding="utf-8")) != self.sha256
        except (OSError, UnicodeDecodeError):
            return True


def content_hash(text: str) -> str:
    """Of a driver's file."""
    from hashlib import sha256  # who has no driver does not wait for it

    return sha256(text.encode()).hexdigest()


def in_place(drivers: Iterable[OwnDriver]) -> dict[str, Any]:
    """The classes, as the kernel finds them: by the name of what each stands for."""
    return {driver.post.stands_for: driver.cls for driver in drivers}
