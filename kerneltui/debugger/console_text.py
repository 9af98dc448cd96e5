"""The console's text: what the board has sent, up to the moment on show."""

from __future__ import annotations

from collections.abc import Callable

from kerneltui.debugger.record import PART, Record

CONSOLE_BYTES = 8 * PART
"""No more than this is shown: the last lines."""


class ConsoleText:
    """``on_byte`` is told of each byte when it comes for the first time."""

    def __init__(self) -> None:
        self._sent = Record("B")
        self._shown: tuple[int, list[str]] = -1, []
        self.on_byte: Callable[[int], None] | None = None

    @property
    def total(self) -> int:
        """Bytes sent so far."""
        return self._sent.count

    @property
    def size(self) -> int:
        """Bytes in memory, about."""
        return self._sent.size

    def add(self, byte: int) -> None:
        """One more byte has arrived."""
        is_new = self._sent.count == self._sent.known
        self._sent.add(byte)
        if is_new and self.on_byte is not None:
            self.on_byte(byte)

    def go_to(self, total: int) -> None:
        """To the moment at which so many bytes had been sent."""
        self._sent.go_to(total)

    def forget_rest(self) -> None:
        """What comes after the moment on show will be another text."""
        self._sent.forget_rest()
        self._shown = -1, []

    @property
    def data(self) -> bytes:
        """The last of it, from the beginning of a line on; it depends on ``total`` alone."""
        if self.total <= CONSOLE_BYTES:
            return self._sent.last(CONSOLE_BYTES).tobytes()
        start = (self.total // PART - CONSOLE_BYTES // PART + 1) * PART
        text = self._sent.last(self.total - start).tobytes()
        return text[text.find(b"\n") + 1 :]

    def before(self, total: int, length: int) -> bytes:
        """The last ``length`` of the first ``total`` bytes, at any moment that is known."""
        return self._sent.last(length, total).tobytes()

    def lines(self) -> list[str]:
        """The text, as a terminal shows it: the last item is the line being written."""
        if self._shown[0] != self.total:
            self._shown = self.total, as_lines(self.data)
        return list(self._shown[1])


def as_lines(data: bytes) -> list[str]:
    """What a terminal shows of a text: the last item is the line being written."""
    text = data.decode("ascii", "replace").replace("\r", "")
    return [_printable(_backspaced(line)) for line in text.split("\n")]


def _backspaced(line: str) -> str:
    """What stands there when each backspace has moved the cursor back."""
    if "\b" not in line:
        return line
    shown: list[str] = []
    cursor = 0
    for char in line:
        if char == "\b":
            cursor = max(cursor - 1, 0)
        else:
            shown[cursor : cursor + 1] = [char]
            cursor += 1
    return "".join(shown).rstrip(" ") if cursor < len(shown) else "".join(shown)


def _printable(line: str) -> str:
    """Control characters would disturb the screen: show them as a terminal's ``^X``."""
    if line.isprintable():
        return line
    return "".join(
        char if char.isprintable() else " " if char == "\t" else f"^{chr(ord(char) & 0x7F ^ 0x40)}"
        for char in line
    )
