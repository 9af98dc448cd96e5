"""The cursor: by keys alone and by the mouse alone, in every panel and at both sizes."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from dashboard import CPU, INTERRUPTS, QUEUE, REGISTERS, TIMERS, TRACE, booted, dashboard, keys_to
from hypothesis import given
from hypothesis import strategies as st
from panel_classes import PANELS

from kerneltui.debugger.references import (
    ComparatorReference,
    EventReference,
    FieldReference,
    InterruptReference,
    RegisterReference,
    TaskReference,
    TimeoutReference,
)
from kerneltui.tui.following import follow
from kerneltui.tui.offers import OfferKind
from kerneltui.tui.panels.base import CORNERS
from kerneltui.tui.panels.path import PathPanel
from kerneltui.tui.panels.source import SourcePanel
from kerneltui.tui.screens.what import WhatScreen
from kerneltui.tui.widgets.cursor import Cursor, cells_of
from kerneltui.tui.widgets.line_view import CURSOR
from kerneltui.tui.widgets.lines import about, line_text, plain, whole_text

WIDE_SCREEN, SMALL_SCREEN = (140, 40), (80, 24)
SIZES = pytest.mark.parametrize("size", [WIDE_SCREEN, SMALL_SCREEN], ids=["140x40", "80x24"])
LISTS = [n for n, kind in enumerate(PANELS, 1) if kind is not SourcePanel]
"""All but the panel that shows a part of a file: test_source_panel.py has its cursor."""
NAMES = [PANELS[n - 1].KIND.short for n in LISTS]
EACH_LIST = pytest.mark.parametrize("number", LISTS, ids=NAMES)


def each_list_at_a_size(first):
    """Each panel at one of the two sizes, by turns."""
    sizes = [(WIDE_SCREEN, SMALL_SCREEN)[(place + first) % 2] for place, _ in enumerate(LISTS)]
    return pytest.mark.parametrize(("number", "size"), [*zip(LISTS, sizes, strict=True)], ids=NAMES)


IRQ_30 = InterruptReference("gic", "gic", 30)
MS = 1_000_000


def busy(number):
    """A session that has something to show in a panel."""
    kind = PANELS[number - 1].__name__
    board = "x86" if kind in {"ApicsPanel", "FirmwarePanel"} else "rpi4"
    session = booted(board, "round-robin" if kind == "TasksPanel" else "timer-callbacks")
    session.run_until(1_300 * MS)
    return session


def marks(seen):
    """Every mark of a cursor on the screen: column, row."""
    rows = seen.screen().split("\n")
    return [(x, y) for y, row in enumerate(rows) for x, char in enumerate(row) if char == CURSOR]


def marked(seen):
    """The row of the panel with the focus that the one mark on the screen stands beside."""
    panel = seen.app.focused
    (mark,) = marks(seen)
    place = panel.content_region
    assert mark[0] == place.x - 1, "in the padding"
    said = seen.screen().split("\n")[mark[1]][place.x :]
    row = mark[1] - place.y + panel.scroll_offset.y
    assert row == panel.cursor.row
    assert said.startswith(line_text(panel.lines[row])[: place.width].rstrip())
    return row


async def go_up_to(seen, words):
    panel = seen.app.focused
    for _ in panel.lines:
        if words in line_text(panel.lines[panel.cursor.row]):
            return
        await seen.press("up")
    raise AssertionError(f"no row says {words!r}")


# -- by keys ---------------------------------------------------------------------------------------


@each_list_at_a_size(0)
async def test_keys_reach_every_row_and_thing(number, size):
    async with dashboard(session=busy(number), size=size) as seen:
        await seen.press(*keys_to(PANELS[number - 1]), "home")
        panel = seen.app.panels.numbered(number)
        assert seen.app.focused is panel
        await seen.until(
            lambda: not seen.app.frames.is_asked and not panel.lacks(panel._view, panel._made)
        )
        assert marked(seen) == 0
        last = len(panel.lines) - 1
        for row in range(1, min(last, 45) + 1):
            await seen.press("down")
            assert marked(seen) == row
        await seen.press("end")
        assert marked(seen) == last
        await seen.press("down")
        assert marked(seen) == last, "there is none below"
        await seen.press("pageup")
        page = max(panel.size.height - 1, 1)
        assert marked(seen) == max(last - page, 0)
        await seen.press("pagedown")
        assert marked(seen) == min(max(last - page, 0) + page, last)
        await seen.press("up")
        assert marked(seen) == max(last - 1, 0)
        await seen.press("home", "up")
        assert marked(seen) == 0


@EACH_LIST
async def test_left_and_right_go_through_the_things_of_a_row(number):
    if PANELS[number - 1] is PathPanel:
        pytest.skip("they go through the steps of the story there")
    async with dashboard(session=busy(number)) as seen:
        await seen.press(*keys_to(PANELS[number - 1]), "home")
        panel = seen.app.panels.numbered(number)
        most = max(range(len(panel.lines)), key=lambda n: len(cells_of(panel.lines[n])))
        await seen.press(*["down"] * most)
        things = [cell.about for cell in cells_of(panel.lines[most])]
        for thing in things:
            assert seen.app.under_cursor == thing
            await seen.press("right")
        assert seen.app.under_cursor == (things[-1] if things else None)
        await seen.press(*["left"] * (len(things) + 1))
        assert seen.app.under_cursor == (things[0] if things else None)
        assert marked(seen) == most


async def test_the_lower_border_says_what_is_under_the_cursor_in_a_row():
    async with dashboard(keys=["n", "2", "1", "home", "down"]) as seen:
        assert seen.app.under_cursor == RegisterReference("gic", "GICD", "GICD_CTLR")
        assert "EnableGrp0 in" not in seen.screen()
        await seen.press("right")
        register = RegisterReference("gic", "GICD", "GICD_CTLR")
        assert seen.app.under_cursor == FieldReference(register, "EnableGrp0")
        assert "EnableGrp0 in GICD_CTLR of gic ━┛" in seen.screen()
        await seen.press("left")
        assert "EnableGrp0 in" not in seen.screen()


async def test_keys_that_come_faster_than_the_focus_move_the_right_cursor():
    async with dashboard() as seen:
        await seen.burst("n", "6", "up", "up")
        assert seen.app.focused is seen.app.panels.trace
        assert marked(seen) == len(seen.app.panels.trace.lines) - 3
        assert seen.lines(TRACE)[-1].endswith("eret")
        await seen.burst("8", "down", "down")
        assert seen.app.focused is seen.app.panels.clocks
        assert marked(seen) == 3, "a panel that has just come into sight is laid out first"
        await seen.burst("3", "enter")
        assert seen.app.focused is seen.app.panels.timers
        assert seen.app.under_cursor == ComparatorReference("timer", "CNTP_CVAL_EL0")


async def test_while_typing_keys_go_to_the_board_and_there_is_no_cursor():
    async with dashboard(keys=["4", "home", "c"]) as seen:
        assert marks(seen) == []
        assert seen.app.under_cursor is None
        await seen.press("up", "y", "enter")
        assert seen.app.panels.console.cursor.row == len(seen.app.panels.console.lines) - 1
        assert len(seen.session.typed) == 3
        await seen.press("escape")
        assert marked(seen) == len(seen.app.panels.console.lines) - 1


# -- by mouse --------------------------------------------------------------------------------------


@each_list_at_a_size(1)
async def test_a_click_puts_the_cursor_there(number, size):
    async with dashboard(session=busy(number), size=size) as seen:
        panel = seen.app.panels.numbered(number)
        tabs = seen.tabs()
        if panel.display and panel.size.width:
            await seen.click(panel.content_region.x + 1, panel.content_region.y)
        else:
            key = f"{panel.KIND.key}{'' if size[0] < 118 else ' '}{panel.KIND.short}"
            await seen.click(tabs.index(key) + 2, 1)
        await seen.until(lambda: seen.app.focused is panel and panel.lines)
        place, top = panel.content_region, panel.scroll_offset.y
        for row in range(min(len(panel.lines) - top, place.height)):
            await seen.click(place.x + 2, place.y + row)
            assert marked(seen) == top + row
        line = panel.lines[top + row]
        for cell in cells_of(line):
            column = len(line_text(line[: cell.begin]))
            await seen.click(place.x + column, place.y + row)
            assert seen.app.under_cursor == cell.about
        await seen.click(place.x + 2, place.y + place.height)  # the border
        assert marked(seen) == top + row


async def test_two_clicks_are_an_enter():
    async with dashboard(keys=["n"]) as seen:
        place = seen.app.panels.interrupts.content_region
        await seen.click(place.x + 3, place.y + 1, times=2)
        await seen.until(lambda: seen.app.focused is seen.app.panels.registers)
        assert str(seen.app.under_cursor) == "PPI in GICD_ISPENDR0 of gic"


async def test_a_panel_without_the_focus_shows_no_cursor():
    async with dashboard(keys=["n"]) as seen:
        for number in (INTERRUPTS, QUEUE, CPU, TRACE, TIMERS, REGISTERS):
            await seen.press(str(number))
            (mark,) = marks(seen)
            assert seen.app.panels.numbered(number).region.contains(*mark)


@pytest.mark.parametrize("theme", ["textual-dark", "projector-light", "projector-dark"])
async def test_the_row_has_a_ground_of_its_own_and_one_of_several_things_stands_out(theme):
    async with dashboard(theme=theme, keys=["n", "1", "home", "down", "right"]) as seen:
        panel = seen.app.panels.registers
        row, other = (panel.render_line(y) for y in (1, 2))
        grounds = {str(piece.style.bgcolor) for piece in row}
        assert len(grounds) == 1
        assert grounds.isdisjoint(str(piece.style.bgcolor) for piece in other)
        assert [piece.text for piece in row if piece.style.reverse] == ["EnableGrp0=1(enabled)"]
        assert not any(piece.style.reverse for piece in other)


# -- what moves, stays -----------------------------------------------------------------------------


async def test_the_cursor_stays_on_its_register_while_rows_come_and_go_above_it():
    async with dashboard(keys=["n", "1", "home"]) as seen:
        panel = seen.app.panels.registers
        uart = RegisterReference("uart0", "PL011", "UARTFR")
        for _ in panel.lines:
            if seen.app.under_cursor != uart:
                await seen.press("down")
        rows = set()
        await seen.press("i")
        for _ in range(25):
            await seen.press("s")
            assert seen.app.under_cursor == uart
            rows.add(marked(seen))
        assert len(rows) > 1, "nothing has moved"
        assert panel.cursor.row == max(rows) or len(rows) > 1


async def test_the_cursor_stays_on_its_event_and_in_the_last_row_it_follows():
    async with dashboard(keys=["n", "6", "up", "up"]) as seen:
        event = seen.app.under_cursor
        assert isinstance(event, EventReference)
        assert event.event in seen.session.recorder.events
        (mark,) = marks(seen)
        await seen.press("s", "s", "s", "s")
        assert seen.app.under_cursor == event
        assert marks(seen) == [mark], "and in its place on the screen"
        await seen.press("end", "s", "s")
        assert seen.app.under_cursor.event == seen.session.recorder.events[-1]
        marked(seen)


async def test_another_board_begins_anew():
    async with dashboard(keys=["n", "1", "end"]) as seen:
        await seen.open("rpi3", OfferKind.BOARD)
        await seen.until(lambda: "rpi3" in seen.status())
        await seen.painted()
        assert isinstance(seen.app.under_cursor, RegisterReference)
        assert seen.app.under_cursor.owner == "local-ic"


# -- what is cut -----------------------------------------------------------------------------------


@each_list_at_a_size(0)
async def test_row_and_lower_border_say_together_all_that_a_cut_row_says(number, size):
    async with dashboard(session=busy(number), size=size) as seen:
        await seen.press(*keys_to(PANELS[number - 1]), "home")
        panel = seen.app.panels.numbered(number)
        for line in panel.lines[:60]:
            whole = " ".join(whole_text(line).split())
            said = " ".join(line_text(line).split())
            below = str(panel.border_subtitle or "")
            if isinstance(panel, PathPanel):  # a row of the picture is no text
                thing = seen.app.under_cursor
                assert below == (panel._caption if thing is None else str(thing))
            elif whole != said:
                room = panel.outer_size.width - CORNERS
                assert below == (whole if len(whole) <= room else f"…{whole[1 - room :]}")
                assert f" {below} " in seen.screen()
            elif panel.cursor.cell == 0:
                assert below == panel._caption
            await seen.press("down")


async def test_a_cut_name_and_a_cut_line_of_source_are_shown_whole():
    session = booted("rpi4", "round-robin")
    session.run_until(500 * MS)
    async with dashboard(session=session, keys=["n", "5", "end"]) as seen:
        assert "…" in line_text(seen.app.panels.cpu.lines[-1])
        below = str(seen.app.panels.cpu.border_subtitle)
        assert whole_text(seen.app.panels.cpu.lines[-1]).endswith(below[-20:])
        await seen.press("2")
        assert str(seen.app.panels.cpu.border_subtitle) == seen.app.panels.cpu._caption


# -- y and Enter -----------------------------------------------------------------------------------


async def test_y_copies_the_whole_row_and_says_so():
    async with dashboard(keys=["n", "5", "end"], notifications=True) as seen:
        await seen.press("y")
        text = whole_text(seen.app.panels.cpu.lines[-1]).strip()
        await seen.until(lambda: "Copied: timer_callbacks.py:" in seen.screen())
        assert seen.app.clipboard == text
        assert text.startswith("timer_callbacks.py:")
        assert "…" not in text


@SIZES
async def test_enter_shows_the_register_of_an_interrupt_though_it_was_left_out(size):
    async with dashboard(size=size, keys=["n", "2", "home", "down"]) as seen:
        assert seen.app.under_cursor == IRQ_30
        await seen.press("enter")
        await seen.until(lambda: seen.app.focused is seen.app.panels.registers)
        await seen.painted()
        assert str(seen.app.under_cursor) == "PPI in GICD_ISPENDR0 of gic"
        assert "GICD_ISPENDR0" in line_text(seen.app.panels.registers.lines[marked(seen)])


async def test_enter_drops_a_filter_that_hides_the_register_and_keeps_one_that_does_not():
    for text, kept in (("uart", ""), ("ispend", "ispend")):
        async with dashboard(keys=["n", "slash", *text, "enter"]) as seen:
            await seen.until(lambda: not seen.app.filtering)
            await seen.press("2", "home", "down", "enter")
            await seen.until(lambda: seen.app.focused is seen.app.panels.registers)
            await seen.painted()
            assert seen.app.panels.registers.filter == kept
            assert str(seen.app.under_cursor) == "PPI in GICD_ISPENDR0 of gic"


@SIZES
async def test_enter_on_a_timeout_shows_its_comparator(size):
    async with dashboard(size=size, keys=["3", "home", "down", "down"]) as seen:
        assert seen.app.under_cursor == TimeoutReference(2)
        await seen.press("enter")
        await seen.until(lambda: seen.app.focused is seen.app.panels.timers)
        await seen.painted()
        assert seen.app.under_cursor == ComparatorReference("timer", "CNTP_CVAL_EL0")
        assert "CNTP_CVAL" in line_text(seen.app.panels.timers.lines[marked(seen)])
        await seen.press("enter")
        await seen.until(lambda: seen.app.focused is seen.app.panels.registers)
        await seen.painted()
        assert str(seen.app.under_cursor) == "CNTP_CVAL_EL0 of timer"


@SIZES
async def test_enter_on_a_trace_row_goes_there_and_once_more_shows_the_register(size):
    async with dashboard(size=size, keys=["n", "6"]) as seen:
        end = seen.session.here
        await go_up_to(seen, "str GICC_EOIR <- 0x1e")
        event = seen.app.under_cursor
        await seen.press("enter")
        assert seen.session.here < end
        assert "◀" in seen.status()
        assert "str GICC_EOIR <- 0x1e" in seen.lines(TRACE)[-1]
        assert seen.app.under_cursor == event
        await seen.press("enter")
        await seen.until(lambda: seen.app.focused is seen.app.panels.registers)
        await seen.painted()
        assert seen.app.under_cursor == RegisterReference("gic", "GICC", "GICC_EOIR")
        marked(seen)


async def test_enter_on_a_row_about_nothing_explains_the_panel():
    async with dashboard(keys=["2", "home"]) as seen:
        assert seen.app.under_cursor is None
        await seen.press("enter")
        assert isinstance(seen.app.screen, WhatScreen)
        assert "The panel Interrupts" in seen.screen()


@SIZES
async def test_enter_on_a_register_in_its_own_panel_explains_it_and_g_goes_to_the_write(size):
    async with dashboard(size=size, keys=["1", "n", "n"]) as seen:
        seen.app.panels.registers.seek(RegisterReference("gic", "GICC", "GICC_EOIR"))
        await seen.press("enter")
        assert isinstance(seen.app.screen, WhatScreen)
        assert "g goes to the last write" in seen.screen()
        end = seen.session.here
        await seen.press("g")
        assert seen.session.here < end
        last = seen.session.recorder.events[-1]
        assert seen.session.names.as_text(last) == "str GICC_EOIR <- 0x1e"
        assert seen.app.under_cursor == RegisterReference("gic", "GICC", "GICC_EOIR")
        await seen.press("backspace")
        assert seen.session.here == end


async def test_g_in_an_explanation_without_a_write_says_so():
    async with dashboard(keys=["2", "home", "h", "g"], notifications=True) as seen:
        await seen.until(lambda: "there is no moment to go to" in seen.screen())
        assert isinstance(seen.app.screen, WhatScreen)


async def test_what_is_gone_is_told_and_its_panel_is_shown():
    async with dashboard(keys=["n", "6"], notifications=True) as seen:
        await go_up_to(seen, "timer_callback")
        event = seen.app.under_cursor
        await seen.press("enter", "enter")
        assert seen.app.under_cursor == TimeoutReference(3)
        gone = (*event.event[:-1], "timer_callback_done name=Once 9 id=9")
        assert seen.session.is_just_after(gone)
        seen.app.carry_out(follow(seen.app.situation, EventReference(gone)))
        await seen.until(lambda: "There is no timeout 9 at present." in seen.screen())
        assert seen.app.focused is seen.app.panels.timeouts


async def test_a_task_in_the_timeline_is_the_one_in_the_panel_of_tasks():
    session = booted("rpi4", "round-robin")
    session.run_until(500 * MS)
    async with dashboard(session=session, keys=["t", "home", "down"]) as seen:
        task = seen.app.under_cursor
        assert isinstance(task, TaskReference)
        await seen.press("enter")
        await seen.until(lambda: seen.app.focused is seen.app.panels.tasks)
        await seen.until(lambda: seen.app.under_cursor == task)
        assert f" {task.id} " in line_text(seen.app.panels.tasks.lines[marked(seen)])


# -- cost ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["down", "up", "right", "left"])
async def test_a_move_draws_the_rows_that_it_leaves_and_reaches(key):
    async with dashboard(keys=["n", "1", "home", "down", "down"]) as seen:
        panel, drawn = seen.app.panels.registers, []
        before = panel.cursor.row
        draw = panel.render_line
        patched = patch.object(panel, "render_line", lambda y: drawn.append(y) or draw(y))
        with patched, patch.object(seen.app, "show_view") as viewed:
            await seen.press(key)
        assert panel.cursor.row in drawn
        assert set(drawn) <= {before, panel.cursor.row}
        viewed.assert_not_called()


# -- the cursor by itself --------------------------------------------------------------------------

things = st.one_of(st.none(), st.integers(0, 12))
lines_of = st.lists(
    st.lists(things, min_size=1, max_size=4).map(
        lambda found: tuple((f"{thing}", "text", thing) for thing in found)
    ),
    max_size=20,
)


@given(lines_of, lines_of, st.integers(-3, 25), st.integers(0, 5))
def test_it_stays_on_the_same_thing_or_else_on_the_same_row(old, new, row, cell):
    cursor = Cursor()
    cursor.settle(old)
    cursor.put(row, cell, old)
    before, thing = cursor.row, cursor.under(old)
    assert before == min(max(row, 0), max(len(old) - 1, 0))
    cursor.settle(new)
    if thing is not None and any(about(piece) == thing for line in new for piece in line):
        assert cursor.under(new) == thing
        rows = [n for n, line in enumerate(new) if any(about(piece) == thing for piece in line)]
        assert abs(cursor.row - before) == min(abs(n - before) for n in rows)
    elif thing is not None:
        assert cursor.row == min(before, max(len(new) - 1, 0))
    assert 0 <= cursor.row <= max(len(new) - 1, 0)


def test_a_row_about_nothing_is_known_by_what_it_says():
    cursor = Cursor()
    cursor.put(1, 0, [plain("a"), plain("head"), plain("b", "text", 1)])
    cursor.settle([plain("new"), plain("a"), plain("more"), plain("head")])
    assert cursor.row == 3


def test_it_begins_in_the_first_row_about_something_or_follows_the_last():
    lines = [plain("head"), plain("one", "text", 1), plain("two", "text", 2)]
    first, last = Cursor(), Cursor(follows=True)
    for cursor in (first, last):
        cursor.settle([])
        cursor.settle(lines)
    assert (first.row, last.row) == (1, 2)
    last.settle([*lines, plain("three", "text", 3)])
    assert last.row == 3
    last.put(1, 0, lines)
    last.settle([*lines, plain("three", "text", 3)])
    assert last.row == 1


def test_what_it_seeks_it_finds_when_it_comes_and_not_after_a_key():
    cursor, lines = Cursor(), [plain("one", "text", 1)]
    assert not cursor.seek([7, 8], lines)
    cursor.settle([*lines, plain("eight", "text", 8)])
    assert cursor.row == 1
    cursor.seek([9], lines)
    cursor.put(0, 0, lines)
    cursor.settle([*lines, plain("nine", "text", 9)])
    assert cursor.row == 0


@SIZES
async def test_w_says_why_and_enter_shows_the_register(size):
    async with dashboard("rpi4", size=size) as seen:
        seen.app.session.machine.memory.write(0xFF84_2004, 0)  # GICC_PMR
        await seen.press("2", "w")
        assert "GICC_PMR.Priority is 0" in " ".join(
            str(seen.app.screen.query_one("#verdict").content).split()
        )
        await seen.press("enter")
        assert str(seen.app.under_cursor) == "Priority in GICC_PMR of gic"
