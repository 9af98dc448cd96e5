"""What the option ``--type`` types, and when."""

from __future__ import annotations

import re

from kerneltui.debugger.setup import TimedInput
from kerneltui.errors import UserError
from kerneltui.units import time_before

FORM = r"TIME:TEXT, like '1s:help\r'"
MOST_BYTES = 4096
"""As of an input in a scenario file."""
NAMED = {"r": b"\r", "n": b"\n", "t": b"\t", "\\": b"\\"}
_PIECE = re.compile(r"\\x([0-9a-fA-F]{2})|\\(.?)|([^\\]+)", re.DOTALL)


def typed_input(text: str) -> TimedInput:
    """``TIME:TEXT`` -> the bytes that are typed at a virtual time.

    The characters are UTF-8.  Raises :class:`UserError`.
    """
    try:
        at_ns, typed = time_before(text, FORM)
        return TimedInput(at_ns, bytes_of(typed))
    except ValueError as mistake:
        raise UserError(f"--type {text}: {mistake}") from None


def bytes_of(typed: str) -> bytes:
    r"""A text as bytes; it may have the escapes of :data:`NAMED`, and ``\xHH``.

    Raises ValueError, in words.
    """
    found = b""
    for number, escaped, plain in _PIECE.findall(typed):
        if number:
            found += bytes([int(number, 16)])
        elif plain:
            found += plain.encode(errors="surrogateescape")
        elif escaped in NAMED:
            found += NAMED[escaped]
        else:
            raise ValueError(rf"'\{escaped}' is no character; write \r, \n, \t, \\ or \xHH")
    if not 0 < len(found) <= MOST_BYTES:
        raise ValueError(f"the text must have from 1 to {MOST_BYTES} bytes, not {len(found)}")
    return found
