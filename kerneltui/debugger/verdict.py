"""What becomes of an interrupt, in one sentence, and the way that the sentence is about."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from kerneltui.debugger.way import Way
from kerneltui.hw.rule import Gate, Opens


class Verdict(StrEnum):
    """What becomes of an interrupt."""

    SHUT = "shut"
    """a gate is shut that only software opens"""
    LOST = "lost"
    """an edge came while nobody could take it, or the line has not fallen since"""
    MISBEHAVES = "misbehaves"
    """it arrives, but not as it should"""
    WAITS = "waits"
    """for time, for its device, or for the end of another one's handler"""
    SERVED = "served"
    """its own handler runs"""
    UNUSED = "unused"
    """the kernel does not let it come to the core that is asked about, and nothing asks there"""
    ARRIVES = "arrives"
    """all gates of a way are open: the core takes it next"""


TROUBLE = frozenset((Verdict.SHUT, Verdict.LOST, Verdict.MISBEHAVES))
"""Of an interrupt that does not come as it should."""


class Explanation(msgspec.Struct, frozen=True):
    """Why, for one interrupt at one moment."""

    subject: str
    verdict: Verdict
    headline: str
    """one sentence: what is the matter"""
    advice: str
    """what would mend it, or what comes next"""
    way: Way
    """the one that the verdict is about"""
    gate: Gate | None = None
    """the gate that the headline is about"""
    others: tuple[Way, ...] = ()
    """further ways, where it forks"""
    mend: tuple[str, ...] = ()
    """stores that make it arrive, as :func:`kerneltui.debugger.pokes.parse` reads them"""
    for_now: tuple[Gate, ...] = ()
    """gates that the kernel has shut on purpose, for a while: it opens them again"""

    def is_shut(self, gate: Gate) -> bool:
        """Whether nobody is about to open a shut gate; any other one is only not open yet.

        That one is opened by what comes before it on the way, by time, or by a handler's end; or
        the interrupt has passed it already.
        """
        if gate.open or self.verdict not in TROUBLE:
            return False
        if gate.opens is Opens.STORE:
            return gate not in self.for_now and gate in self.way.holding
        is_left = self.verdict is Verdict.LOST or gate.opens is Opens.END
        return is_left and gate is self.gate
