"""The line discipline: typed bytes become lines, and the echo that shows them.

Control sequences as in ECMA-48, 5.4; an unknown one is swallowed whole, so that it leaves no
letters in the line.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

LIMIT = 128
"""The longest line, in characters."""
HISTORY = 32
"""So many lines are remembered."""

BELL, ERASE = "\a", "\b \b"
CTRL_C, BACKSPACE, LF, CR, CTRL_U, ESC, DEL = 0x03, 0x08, 0x0A, 0x0D, 0x15, 0x1B, 0x7F
UP, DOWN = ord("A"), ord("B")


class Fed(NamedTuple):
    """What a byte has led to."""

    echo: str
    """to be sent to the terminal; ``\\n`` begins a new line there"""
    line: str | None = None
    """the line that the byte has completed"""


NOTHING = Fed("")


class LineEditor:
    """The line that is being typed: printable ASCII, never longer than LIMIT.

    Always at its end: only the last character can be erased.
    """

    def __init__(self) -> None:
        self.text = ""
        self._history: deque[str] = deque(maxlen=HISTORY)
        self._back = 0
        """how many lines back in the history ``text`` comes from"""
        self._draft = ""
        """what was typed before the first look at the history"""
        self._sequence = ""
        """what has come of a control sequence: nothing, its ESC, or all up to its parameters"""
        self._after_cr = False

    def feed(self, byte: int) -> Fed:
        """Take one typed byte, 0 to 255; every byte is survived."""
        after_cr, self._after_cr = self._after_cr, byte == CR
        if self._sequence and 0x20 <= byte < DEL:
            return self._continue_sequence(byte)
        self._sequence = ""
        if 0x20 <= byte < DEL:
            return self._insert(chr(byte))
        if byte == CR or (byte == LF and not after_cr):
            return self._complete()
        return self._control(byte)

    def _control(self, byte: int) -> Fed:
        """Characters that edit; there is none beyond ASCII."""
        if byte in {BACKSPACE, DEL}:
            return self._replace(self.text[:-1])
        if byte == CTRL_U:
            return self._replace("")
        if byte == CTRL_C:
            self._begin()
            return Fed("^C\n")
        if byte == ESC:
            self._sequence = "ESC"
        return NOTHING

    def _continue_sequence(self, byte: int) -> Fed:
        """ESC, then ``[`` or ``O``, parameters, and a last byte from ``@`` on (ECMA-48, 5.4).

        Terminals in application mode send ``O`` for arrows in place of ``[``.
        """
        if self._sequence == "ESC":
            self._sequence = "CSI" if chr(byte) in "[O" else ""
            return NOTHING
        if byte < 0x40:
            self._sequence = "parameters"
            return NOTHING
        plain, self._sequence = self._sequence == "CSI", ""
        if plain and byte in {UP, DOWN}:
            return self._look_back(1 if byte == UP else -1)
        return NOTHING

    def _insert(self, char: str) -> Fed:
        if len(self.text) >= LIMIT:
            return Fed(BELL)
        self.text += char
        return Fed(char)

    def _replace(self, text: str) -> Fed:
        """Erase the end that differs, show the new one."""
        kept = len(text) if self.text.startswith(text) else 0
        echo = ERASE * (len(self.text) - kept) + text[kept:]
        self.text = text
        return Fed(echo)

    def _look_back(self, step: int) -> Fed:
        """One line further into the history, or nearer to what was being typed."""
        back = self._back + step
        if not 0 <= back <= len(self._history):
            return Fed(BELL)
        if self._back == 0:
            self._draft = self.text
        self._back = back
        return self._replace(self._history[-back] if back else self._draft)

    def _complete(self) -> Fed:
        line = self.text
        if line.strip() and (not self._history or self._history[-1] != line):
            self._history.append(line)
        self._begin()
        return Fed("\n", line)

    def _begin(self) -> None:
        self.text = self._draft = ""
        self._back = 0
