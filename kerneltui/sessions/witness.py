"""Telling whether a session does the same again, and which event is the first that is another.

All events together make one number.  Beside it stands a row of checks: twelve bits of a sum over
all events so far, after each event, or after every second, fourth and so on of a long session.
"""

from __future__ import annotations

from zlib import crc32

from kerneltui.debugger.session import Session
from kerneltui.debugger.trace import RawEvent
from kerneltui.export.trace_hash import TraceHash
from kerneltui.sessions.spec import TraceSpec

MOST_CHECKS = 32_768
BITS = 12
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
LINE = 96
"""letters in a line of the file"""


class Witness:
    """Sees the events of a session from reset on; compares them where ``known`` is given."""

    def __init__(self, session: Session, known: TraceSpec | None = None) -> None:
        self._session = session
        self._hash = TraceHash(session)
        self._sum = 0
        self._checks: list[int] = []
        self._every = 1
        self._known = known
        self._wanted = [] if known is None else read_checks(known.checks)
        self.count = 0
        self.last: RawEvent | None = None
        self.departed: RawEvent | None = None
        """the first event that is another, as far as the checks tell"""
        self.departed_at = 0
        """how many events there were with it"""

    def see(self, event: RawEvent) -> None:
        """What has happened next."""
        counted = self._hash.add(event)
        self._sum = crc32(counted, self._sum)
        self.count += 1
        self.last = event
        if self.count % self._every == 0:
            self._checks.append(self._sum >> (32 - BITS))
            if len(self._checks) >= MOST_CHECKS:
                self._every *= 2
                del self._checks[::2]
        known = self._known
        if known is not None and self.departed is None and self._is_other(known):
            self.departed, self.departed_at = event, self.count

    def _is_other(self, known: TraceSpec) -> bool:
        if self.count > known.events:
            return True
        number, rest = divmod(self.count, known.every)
        if rest or number > len(self._wanted):
            return False
        return self._wanted[number - 1] != self._sum >> (32 - BITS)

    @property
    def spec(self) -> TraceSpec:
        """What a file keeps of it."""
        letters = "".join(LETTERS[item >> 6] + LETTERS[item & 63] for item in self._checks)
        rows = [letters[at : at + LINE] for at in range(0, len(letters), LINE)]
        return TraceSpec(self._hash.number, self.count, self._every, "\n".join([*rows, ""]))


def read_checks(text: str) -> list[int]:
    """The other way round; a letter that is left over at the end counts for nothing."""
    values = [LETTERS.index(letter) for letter in text if letter in LETTERS]
    return [high << 6 | low for high, low in zip(values[::2], values[1::2], strict=False)]
