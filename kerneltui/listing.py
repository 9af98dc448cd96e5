"""Lists of what there is to open: for people under headings, for programs as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from kerneltui.streams import put, put_bytes, put_list


class Listed(NamedTuple):
    """One thing that can be opened by its name."""

    name: str
    told: str
    """for people, beside the name"""
    facts: dict[str, Any]
    """for programs, besides the name"""
    heading: str = ""
    """those of one heading follow each other; empty where there are none"""


def write_list(items: Sequence[Listed], *, as_json: bool) -> None:
    """Write all of them to standard output, in their order."""
    if as_json:
        import msgspec

        found = [{"name": item.name, **item.facts} for item in items]
        put_bytes(msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")
        return
    width = max((len(item.name) for item in items), default=0)
    for number, heading in enumerate(dict.fromkeys(item.heading for item in items)):
        if heading:
            put(f"{chr(10) if number else ''}{heading}\n")
        put_list((f"{item.name:<{width}}", item.told) for item in items if item.heading == heading)
