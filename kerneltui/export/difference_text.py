"""What differs between two moments, as text for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from kerneltui.debugger.difference import DifferentThing, MomentDifference

NOTHING = "Nothing differs."
BLANK = '""'
"""Stands for an empty text."""


def as_text(found: MomentDifference) -> Iterator[str]:
    """Lines: the two moments, what differs by group, and what time has done."""
    yield f"{found.old} -> {found.new}"
    yield ""
    for group in found.groups:
        yield group.title
        width = max(len(thing.label) for thing in group.things)
        for thing in group.things:
            yield f"  {thing.label:<{width}}  {changes_text(thing)}"
        yield ""
    if not found.groups:
        yield NOTHING
    yield found.passed


def changes_text(thing: DifferentThing) -> str:
    """``00000001 -> 00000003, IMASK 0 -> 1``."""
    return ", ".join(changes(thing))


def changes(thing: DifferentThing) -> Iterator[str]:
    """``00000001 -> 00000003``, then ``IMASK 0 -> 1`` and the like."""
    if thing.old or thing.new:
        yield f"{thing.old or BLANK} -> {thing.new or BLANK}"
    for fact in thing.facts:
        yield f"{fact.name} {fact.old} -> {fact.new}"


def as_dict(found: MomentDifference) -> dict[str, Any]:
    """What ``kerneltui diff --json`` writes."""
    plain: dict[str, Any] = msgspec.to_builtins(found)
    return {**plain, "passed_ns": found.new.t_ns - found.old.t_ns}
