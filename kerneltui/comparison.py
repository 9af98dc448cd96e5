"""``kerneltui diff``: two moments of one run compared, without a screen."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from kerneltui.debugger.difference import difference
from kerneltui.debugger.moment import Moment
from kerneltui.debugger.session import Session
from kerneltui.errors import UserError
from kerneltui.export.difference_text import as_dict, as_text
from kerneltui.parameters import Opened, boot, go_to_moment
from kerneltui.progress import of_session

Given = int | str
"""A moment as ``--at`` has it: a virtual time (ns), or the name of a bookmark."""


def two_moments(given: Sequence[Given]) -> tuple[Given, Given]:
    """The two that there are.  Raises UserError for another number."""
    if len(given) != 2:
        said = {0: "is missing", 1: "is there once"}.get(len(given), f"is there {len(given)} times")
        raise UserError(
            f"'--at' {said}, and needed twice; an example: kerneltui diff --at 1s --at 2s"
        )
    first, second = given
    return first, second


def compare(machine: Opened, given: tuple[Given, Given], *, as_json: bool) -> str:
    """Go to both moments, and answer the text to write, of the earlier one first.

    Raises UserError for a bookmark that there is not.
    """
    one, other = given
    if isinstance(one, int) and isinstance(other, int):
        old, new = _at_times(machine.session, min(one, other), max(one, other))
    else:
        old, new = _anywhere(machine, given)
    found = difference(old, new)
    if as_json:
        return msgspec.json.encode(as_dict(found)).decode() + "\n"
    return "".join(f"{line}\n" for line in as_text(found))


def _at_times(session: Session, first_ns: int, second_ns: int) -> tuple[Moment, Moment]:
    session.recorder.trace(False)
    session.history.on = False  # nobody goes back
    with of_session(session, second_ns):
        session.run_until(first_ns)
        old = session.moment()
        session.run_until(second_ns)
    return old, session.moment()


def _anywhere(machine: Opened, given: tuple[Given, Given]) -> tuple[Moment, Moment]:
    """Where one is a bookmark it is not known before which of them comes first."""
    session = machine.session
    boot(machine)
    found = []
    for at in given:
        if isinstance(at, int):
            session.go_to_time(at)
        else:
            go_to_moment(session, at)
        found.append((session.here, session.moment()))
    (here, one), (there, other) = found
    return (one, other) if here <= there else (other, one)
