"""The live UART console."""

from __future__ import annotations

from string import ascii_letters
from typing import Any

from kerneltui.debugger.recorder import InputView
from kerneltui.debugger.references import ConsoleReference, Reference
from kerneltui.debugger.trace import SCENARIO
from kerneltui.debugger.views import MachineView
from kerneltui.tui.panels.base import Panel
from kerneltui.tui.panels.fitting import fitted, shortened
from kerneltui.tui.panels.kinds import CONSOLE
from kerneltui.tui.widgets.lines import Line, plain
from kerneltui.units import format_time

WIDEST_INPUT = 20
CLEAR_LINE = "\x15"
"""Ctrl+U, which a dialog types first: whatever is half typed is not part of its command."""


class ConsolePanel(Panel):
    """What the board has sent; in typing mode, keys go to the board."""

    KIND = CONSOLE
    PARTS = frozenset({"console", "typed_waiting", "last_input"})
    FOLLOW = True

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.typing = False
        self.paused = True

    @property
    def shows_cursor(self) -> bool:
        """Not while keys go to the board."""
        return super().shows_cursor and not self.typing

    @property
    def under_cursor(self) -> Reference | None:
        """Nothing while keys go to the board."""
        return None if self.typing else super().under_cursor

    def set_typing(self, on: bool) -> None:
        """Begin or end typing mode."""
        self.typing = on
        if on:
            self.cursor.forget()  # what the board answers comes at the end
            self.scroll_end(animate=False, force=True, immediate=True)
        self.set_class(on, "-typing")
        self.refresh_bindings()
        self.update()

    def shown(self, view: MachineView) -> tuple[object, ...]:
        """The caption says too whether the machine runs."""
        return (*super().shown(view), self.paused)

    @fitted
    def content(self, view: MachineView, width: int) -> list[Line]:
        """The text, wrapped as a terminal would; a cursor in typing mode."""
        lines: list[Line] = []
        for number, line in enumerate(view.console[:-1], 1):
            thing = ConsoleReference(number)
            lines += [plain(part, _look(line), thing) for part in _wrap(line, width)]
        last = _wrap(view.console[-1], width - 1) if view.console else [""]
        thing = ConsoleReference(len(view.console))
        lines += [plain(part, "text", thing) for part in last[:-1]]
        cursor = "█" if self.typing else ""
        if last[-1] or cursor:
            lines.append(((last[-1], "text", thing), (cursor, "good", thing)))
        return lines or [plain("(nothing has been sent yet)", "dim")]

    def caption(self, view: MachineView) -> str:
        """Whether keys go to the board, what has not been sent yet; else who typed what last."""
        waiting = f"{view.typed_waiting} wait to be sent" if view.typed_waiting else ""
        if self.typing:
            hint = "paused: space runs after Esc" if view.typed_waiting and self.paused else waiting
            return f"typing, Esc leaves  {hint}".rstrip()
        if waiting and self.paused:
            waiting += "; paused: space runs"
        return waiting or typed_last(view.last_input)

    def key_bytes(self, key: str, character: str | None) -> bytes | None:
        """What a terminal sends for a key, or None for keys that mean nothing to it."""
        special = {
            "enter": b"\r", "backspace": b"\x7f", "tab": b"\t", "delete": b"\x7f",
            "up": b"\x1b[A", "down": b"\x1b[B",
        }  # fmt: skip
        if key in special:
            return special[key]
        if len(key) == 6 and key.startswith("ctrl+") and key[5] in ascii_letters:
            return bytes([ord(key[5].upper()) - 64])
        if character and character.isprintable():
            return character.encode("ascii", "replace")
        return None


def typed_last(item: InputView | None) -> str:
    """Who typed the last line, and when it began to arrive at the UART.

    A board shows only what it echoes.
    """
    if item is None:
        return ""
    whose = "the scenario's" if item.by == SCENARIO else "your"
    text = item.text.lstrip(CLEAR_LINE)  # which a dialog has typed first
    said = shortened(ascii(text), WIDEST_INPUT)
    return f"{whose} {said} began to arrive at {format_time(item.at_ns)} s"


def _wrap(line: str, width: int) -> list[str]:
    width = max(width, 10)
    return [line[start : start + width] for start in range(0, len(line), width)] or [""]


def _look(line: str) -> str:
    if line.startswith("[W") or "panic" in line:
        return "alert"
    return "text"
