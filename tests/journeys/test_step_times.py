"""A step has one time: on the signal path, in ``narrate`` and in the trace."""

from __future__ import annotations

import io
import re

import pytest
from dashboard import booted

from kerneltui.narration import narrate_steps
from kerneltui.scenarios.scenario import open_session
from kerneltui.tui.panels.path import caption
from kerneltui.tui.widgets.lines import line_text
from kerneltui.units import format_time

S = 1_000_000_000
LATEST_NS = 2 * S
TIME = r"\d+\.\d{3} \d{3} \d{3} s"


def told_by_narrate(board):
    """Titles in capitals, and times."""
    session, out = open_session(board, "timer-callbacks"), io.BytesIO()
    narrate_steps(session, 0, LATEST_NS, out)
    session.close()
    rows = re.findall(
        rf"^ *({TIME}) +(?:\[\d\] *)?(\d+/\d+) +(.+?)  ", out.getvalue().decode(), re.MULTILINE
    )
    return {(f"STEP {number} {title.upper()}", when) for when, number, title in rows}


def told_on_screen(board, width):
    """The same, as the path shows it: where it names no time, it is that of row 1."""
    session = booted(board)
    session.follows_story = True
    while session.machine.now < LATEST_NS - S // 2:
        view = session.view(frozenset({"path"}))
        heading = line_text(caption(view, view.path, width)[0])
        found = re.search(rf"   at ({TIME})$", heading)
        when = found[1] if found else f"{format_time(view.now_ns)} s"
        yield (heading.partition("   ")[0], when)
        session.next_step()
    session.close()


@pytest.mark.parametrize("width", [78, 98, 136])
@pytest.mark.parametrize("board", ["rpi3", "rpi4", "x86"])
def test_the_path_and_narrate_have_the_same_times(board, width):
    shown = set(told_on_screen(board, width))
    assert len(shown) > 12
    assert shown <= told_by_narrate(board)
