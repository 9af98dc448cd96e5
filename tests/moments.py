"""What there is to be seen at a moment, as data that can be compared."""

from __future__ import annotations

from typing import Any

import msgspec

from kerneltui.debugger.session import Session
from kerneltui.debugger.timeline import Window
from kerneltui.hw.rule import Spot

WINDOW = Window(2_000_000_000, 40)


def picture(session: Session) -> dict[str, Any]:
    """The whole view, without what tells of the way there."""
    found: dict[str, Any] = msgspec.to_builtins(session.view(timeline=WINDOW))
    del found["generation"], found["stop"]
    return found


def console_and_events(session: Session) -> tuple[bytes, list[Any]]:
    """The console's text, and the events that are shown."""
    return session.recorder.console.data, session.recorder.last(1_000)


def differences(one: Any, other: Any, path: str = "") -> list[str]:
    """Where two pictures differ, in words."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return [it for key in one for it in differences(one[key], other[key], f"{path}.{key}")]
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        if len(one) != len(other):
            return [f"{path}: {len(one)} items, {len(other)} items"]
        pairs = enumerate(zip(one, other, strict=True))
        return [it for n, pair in pairs for it in differences(*pair, f"{path}[{n}]")]
    return [] if one == other else [f"{path}: {one!r:.90} != {other!r:.90}"]


def spot(session, owner, window, name, mask, cpu=0):
    """The bits of a register element by its name."""
    machine = session.machine
    file = (
        machine.cores[0].regs if owner.startswith("core") else machine.devices[owner].files[window]
    )
    slot = next(slot for slot in file.slots() if slot.name == name)
    return Spot(window, slot.key, mask, cpu)
