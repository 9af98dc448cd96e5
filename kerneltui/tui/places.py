"""Places in time as people write them in the dialog of the key ``g``."""

from __future__ import annotations

import re

from kerneltui.debugger.session import Session
from kerneltui.units import parse_duration

HOW = "Type a time like 1.5s, an instruction of the trace like #1200, or start, booted or end."
STEP_NUMBER = re.compile(r"#\s*(\d{1,18})")
PLACES = "start", "booted", "end"
TIME, INSTRUCTION = "time", "instruction"


def read_place(session: Session, words: str) -> tuple[str, int]:
    """One of :data:`PLACES` with 0, or :data:`TIME` in ns, or the number of an INSTRUCTION.

    Raises ValueError, in sentences, for what is none of these.
    """
    words = words.strip().lower()
    if words in PLACES:
        return words, 0
    number = STEP_NUMBER.fullmatch(words)
    if number is None:
        try:
            return TIME, parse_duration(words)
        except ValueError as error:
            said = str(error)
            raise ValueError(f"{said[:1].upper()}{said[1:]}. {HOW}") from None
    known = session.history.end_retired[session.focus]
    if int(number[1]) >= known:
        raise ValueError(f"Instruction {int(number[1])} is still to come: {known} are known.")
    return INSTRUCTION, int(number[1])
