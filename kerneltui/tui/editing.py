"""What `e` does with what is under the cursor: it asks for a new value, and has that poked."""

from __future__ import annotations

from functools import partial

from kerneltui.debugger.by_hand import (
    ASKED_BYTES,
    Setting,
    checked,
    parse_bytes,
    setting,
    setting_of_gate,
    told_bytes,
)
from kerneltui.debugger.meaning import Meaning
from kerneltui.debugger.references import Reference
from kerneltui.debugger.way import Station
from kerneltui.hw.rule import Gate
from kerneltui.tui.requests import Ask, PokeRegisters, Request, Situation, Tell, TypeText
from kerneltui.tui.screens.edit import EditScreen

TYPING = Meaning(
    "bytes into the UART",
    ("They travel on the serial line one after the other, at its speed, as typed keys do.",
     "The key c types keys; here any byte can be sent.",
     "Each byte is two hex digits. Text in quotes stands for its ASCII characters."),
)  # fmt: skip


def ask_for_value(now: Situation, reference: Reference | None) -> Request:
    """Of a register, a field or a line; what cannot be set is told at once."""
    try:
        found = setting(now.session, reference)
    except ValueError as error:
        return Tell(str(error), "warning")
    return _ask(now, found)


def ask_for_gate(now: Situation, station: Station, gate: Gate) -> Request:
    """The same, of what decides a gate."""
    try:
        found = setting_of_gate(now.session, station, gate)
    except ValueError as error:
        return Tell(str(error), "warning")
    return _ask(now, found)


def _ask(now: Situation, found: Setting) -> Request:
    screen = EditScreen(
        "poke",
        found.title, found.now, found.about, found.label, found.value,
        partial(checked, now.session, found),
    )  # fmt: skip

    def chosen(text: str | None) -> Request | None:
        return None if text is None else PokeRegisters((f"{found.target}={text}",))

    return Ask(screen, chosen, halts=True)


def ask_for_bytes() -> Request:
    """Bytes to be typed at the terminal."""
    screen = EditScreen("type", TYPING.title, None, TYPING, ASKED_BYTES, "", told_bytes)
    return Ask(screen, lambda text: None if text is None else TypeText(parse_bytes(text)))
