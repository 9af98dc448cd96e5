"""What the words behind options can be: times, sizes, files and so on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kerneltui.errors import suggestion


class DurationType(click.ParamType):  # type: ignore[type-arg]  # generic in new ones only
    """``250us``, ``1.5s``, ``2m``."""

    name = "duration"

    def __init__(self, least: int = 0) -> None:
        self._least = least
        """ns"""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """To nanoseconds."""
        from kerneltui.units import parse_duration

        if isinstance(value, int):
            return value
        try:
            found = parse_duration(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if found < self._least:
            self.fail(f"'{value}' is no time at all; write a longer one", param, ctx)
        return found


class MomentType(click.ParamType):  # type: ignore[type-arg]  # generic in new ones only
    """``1.5s``, or ``bookmark:NAME``."""

    name = "moment"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | str:
        """To nanoseconds; of a bookmark, its name or number."""
        from kerneltui.debugger.bookmarks import PREFIX
        from kerneltui.units import parse_duration

        if isinstance(value, int):
            return value
        if value.startswith(PREFIX):
            return str(value.removeprefix(PREFIX).strip())
        try:
            return parse_duration(value)
        except ValueError as error:
            self.fail(f"{error}; or write {PREFIX}NAME", param, ctx)


class SpeedType(click.ParamType):  # type: ignore[type-arg]  # generic in new ones only
    """``0.5``, ``x10``, ``max``."""

    name = "speed"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """To virtual seconds per second."""
        if isinstance(value, float):
            return value
        if value == "max":
            return float("inf")
        try:
            speed = float(value.removeprefix("x"))
        except ValueError:
            speed = -1.0
        if not 0.1 <= speed <= 1000:
            self.fail(
                f"'{value}' is not a speed; write a number from 0.1 to 1000, or max", param, ctx
            )
        return speed


class SizeType(click.ParamType):  # type: ignore[type-arg]  # generic in new ones only
    """``140x40``."""

    name = "size"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """To columns and rows."""
        if isinstance(value, tuple):
            return value
        columns, _, rows = value.partition("x")
        if not (columns.isdecimal() and rows.isdecimal()):
            self.fail(f"'{value}' is not a size; write columns x rows, like 140x40", param, ctx)
        if not (20 <= int(columns) <= 400 and 5 <= int(rows) <= 200):
            self.fail(f"'{value}' is out of range: from 20x5 to 400x200", param, ctx)
        return int(columns), int(rows)


class CountType(click.ParamType):  # type: ignore[type-arg]  # generic in new ones only
    """``0``, ``3``."""

    name = "count"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """To itself, from 0 on."""
        if isinstance(value, int):
            return value
        if not (value.isascii() and value.isdecimal()):
            self.fail(f"'{value}' is no number; write 0, 1, 2 and so on", param, ctx)
        return int(value)


class OneOf(click.Choice):  # type: ignore[type-arg]
    """One of some words."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """To itself."""
        if value not in self.choices:
            self.fail(f"'{value}' is unknown{suggestion(value, self.choices)}", param, ctx)
        return value


class FileType(click.Path):
    """A file's name.  Whether it can be read or written is told by whoever opens it."""

    def __init__(self) -> None:
        super().__init__(readable=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """To a path; no name at all would be the folder where one is."""
        if value == "":
            self.fail("the name of a file is missing", param, ctx)
        return super().convert(value, param, ctx)


class TextType(click.ParamType):  # type: ignore[type-arg]  # generic in new ones only
    r"""Something that is looked for, like ``tick\n``; nothing at all is found everywhere."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """What it says with its escapes, as ``--type`` knows them."""
        from kerneltui.scenarios.typing_option import bytes_of

        if value == "":
            self.fail("the text is missing", param, ctx)
        try:
            return bytes_of(str(value)).decode(errors="surrogateescape")
        except ValueError as error:
            self.fail(str(error), param, ctx)
