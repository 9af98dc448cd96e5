"""Every sign that stands on the screen is in the table of signs, which `h` and `?` explain."""

from __future__ import annotations

import unicodedata

import pytest
from dashboard import booted, dashboard
from panel_classes import PANELS

from kerneltui.tui import signs
from kerneltui.tui.asking import told
from kerneltui.tui.headings import SIGNS
from kerneltui.tui.panels.kinds import KINDS, PATH, SOURCE
from kerneltui.tui.panels.path import PathPanel
from kerneltui.tui.screens.help import help_text, legends
from kerneltui.tui.signs import EVERYWHERE, Sign
from kerneltui.tui.widgets.lines import line_text

MS = 1_000_000
DRAWING = frozenset("─│┌┐└┘├┤┬┴┼╭╮╰╯━┃┏┓┗┛═▕▏▎▍▌▋▊▉▁▂▃▄▅▆▇≈")
"""Frames, trees and bars: they say nothing by themselves."""


def moments(board):
    """Sessions at some moments: before any interrupt, in a handler, with something shut."""
    for scenario, ns in (("timer-callbacks", 9 * MS), ("wake-tasks", 300 * MS),
                         ("queue-structures", 300 * MS)):  # fmt: skip
        session = booted(board, scenario)
        session.follows_story = True
        session.run_until(ns)
        yield session
        for _ in range(5):
            session.next_step()
            yield session
        session.close()


def signs_in(text):
    """What is neither a letter, a number, a space nor common punctuation."""
    return {char for char in text
            if (ord(char) > 127 and char not in DRAWING
            and unicodedata.category(char)[0] == "S") or char == "·"}  # fmt: skip


@pytest.mark.parametrize("board", ["rpi3", "rpi4", "x86"])
def test_every_sign_in_a_panel_is_in_the_table(board):
    missing = set()
    for session in moments(board):
        view = session.view()
        for kind in PANELS:
            if kind.KIND is SOURCE or not kind.KIND.is_there(session):
                continue  # the source is the kernel's
            known = "".join((*SIGNS.get(kind.KIND, ()), *EVERYWHERE))
            for width in (78, 136):
                panel = kind()
                panel.zoomed = panel.alone = width < 100
                text = "".join(line_text(line) for line in panel.content(view, width))
                missing |= {(kind.__name__, char) for char in signs_in(text) if char not in known}
    assert missing == set()


def test_a_sign_is_said_in_a_sentence():
    for kind, found in SIGNS.items():
        assert kind in KINDS
        assert len({*found}) == len(found), "one sign, one meaning in a panel"
        for item in (*found, *EVERYWHERE, *signs.ROW_1):
            assert isinstance(item, Sign)
            assert item.says[0].isupper()
            assert item.says.endswith(".")


def test_the_help_screen_has_every_sign_of_the_table():
    text = help_text("").plain
    table = [item for item in vars(signs).values() if isinstance(item, Sign)]
    listed = [item for _, found in legends() for item in found]
    assert {id(item) for item in table} == {id(item) for item in listed}
    for item in table:
        assert f"  {item:<10}{item.says}\n" in text


@pytest.mark.parametrize("width", [78, 136])
def test_h_explains_the_signs_that_stand_there(width):
    session = booted("rpi4")
    session.follows_story = True
    for _ in range(2):
        session.next_step()
    shown = "\n".join(map(line_text, PathPanel().content(session.view(), width)))
    _, lists = told(session, PATH, None, shown)
    found = dict(dict(lists)["Signs in this panel"])
    for sign in (signs.HOLDS, signs.NOT_YET, signs.SOON, signs.LEVEL_SOON, signs.HERE):
        assert found[sign] == sign.says
    assert (signs.MORE in found) == ("+" in shown)
    session.close()


@pytest.mark.parametrize("size", [(140, 40), (118, 34)])
async def test_names_of_stations_keep_their_columns(size):
    """Whether one is here, behind or ahead."""
    async with dashboard(size=size, with_path=True) as seen:
        columns = set()
        for _ in range(13):
            row = next(text for text in seen.lines(13) if "SOURCE" in text and "QUEUE" in text)
            names = ("1 SOURCE", "2 CONTROLLER", "3 CPU", "4 HANDLER", "5 CALLBACK", "6 QUEUE")
            columns.add(tuple(row.index(name) for name in names))
            await seen.go("full_stop")
        assert len(columns) == 1


async def test_h_explains_the_mark_of_a_breakpoint():
    async with dashboard(keys=["1", "b", "h"]) as seen:
        found = dict(dict(seen.app.screen._words)["Signs in this panel"])
        assert found[signs.CURSOR_ON_BREAKPOINT] == signs.CURSOR_ON_BREAKPOINT.says
        assert signs.DISABLED not in found
