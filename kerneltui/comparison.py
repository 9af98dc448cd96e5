"""``kerneltui diff``: two moments of one run compared, without a screen."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from kerneltui.debugger.difference import difference
from kerneltui.debugger.session import Session
from kerneltui.errors import UserError
from kerneltui.export.difference_text import as_dict, as_text
from kerneltui.progress import of_session


def two_times(times: Sequence[int]) -> tuple[int, int]:
    """Of two times (virtual ns) the earlier one first.  Raises UserError for another number."""
    if len(times) != 2:
        given = {0: "is missing", 1: "is there once"}.get(
            len(times), f"is there {len(times)} times"
        )
        raise UserError(
            f"'--at' {given}, and needed twice; an example: kerneltui diff --at 1s --at 2s"
        )
    return min(times), max(times)


def compare(session: Session, times: tuple[int, int], *, as_json: bool) -> str:
    """Run to each of two times, the earlier one first; answer the text to write."""
    session.recorder.trace(False)
    session.history.on = False  # nobody goes back
    with of_session(session, times[1]):
        session.run_until(times[0])
        old = session.moment()
        session.run_until(times[1])
    found = difference(old, session.moment())
    if as_json:
        return msgspec.json.encode(as_dict(found)).decode() + "\n"
    return "".join(f"{line}\n" for line in as_text(found))
