"""The source panel: what it shows, its cursor, and what keys do there."""

from __future__ import annotations

import subprocess
import sys

import pytest
from dashboard import CPU, SOURCE, TRACE, booted, dashboard
from test_breakpoint_keys import toasts
from test_cursor import marked, marks
from test_plain_program import Plain, session_of

from kerneltui.debugger.kernel_source import source_lines
from kerneltui.debugger.references import CodeReference
from kerneltui.tui.highlight import highlighted
from kerneltui.tui.panels.kinds import KINDS, grouped, sharing
from kerneltui.tui.panels.source import HEIGHT, SourcePanel
from kerneltui.tui.screens.help import help_text
from kerneltui.tui.screens.what import WhatScreen
from kerneltui.tui.widgets.line_view import CURSOR, UNDER_CURSOR
from kerneltui.tui.widgets.lines import line_text

SIZES = pytest.mark.parametrize("size", [(140, 40), (80, 24)], ids=["140x40", "80x24"])
EVERY_SIZE = pytest.mark.parametrize(
    ("size", "keys"),
    [((140, 40), "d"), ((140, 40), "z"), ((100, 30), "d"), ((80, 24), "")],
    ids=["path", "zoomed", "brief", "narrow"],
)  # fmt: skip
SOURCE_ALONE = frozenset({"source"})


def frame_of(seen, place=0):
    return seen.session.view(SOURCE_ALONE).source.frames[place]


def current_rows(seen):
    """What the panel marks as the line where the function on show is."""
    return [line for line in seen.lines(SOURCE) if "▶" in line]


def shows_line_of(seen, frame):
    """Whether the one marked row says the number and the text of a function's line."""
    view = seen.session.view(SOURCE_ALONE).source
    text = view.files[frame.text].lines[frame.line - 1].strip()
    (row,) = current_rows(seen)
    _, _, said = row.partition("▶")
    number, _, code = said.strip().partition(" ")
    return int(number) == frame.line and text.startswith(code.strip().rstrip("…").strip())


class Failing(dict[int, object]):
    def get(self, *_):
        raise TypeError("no handler is found any more")


# -- the key ---------------------------------------------------------------------------------------


@SIZES
async def test_the_key_goes_on_to_the_next_panel_that_shares_it(size):
    async with dashboard(size=size) as seen:
        for panel in (CPU, SOURCE, CPU, SOURCE):
            await seen.press("5")
            assert seen.current() == panel
            assert panel in seen.displayed()
            assert ({CPU, SOURCE} - {panel}).isdisjoint(seen.displayed())
        await seen.press("6")
        assert seen.current() == TRACE
        await seen.press("5")
        assert seen.current() == SOURCE, "the one that was chosen last"


async def test_it_takes_the_place_of_the_cpu_panel():
    async with dashboard(size=(140, 40), keys="5") as seen:
        place = seen.app.panels.cpu.region
        await seen.press("5")
        assert seen.app.panels.source.region == place
        await seen.press("1")
        assert SOURCE in seen.displayed()
        assert CPU not in seen.displayed()


def test_groups_are_made_of_keys():
    groups = grouped(KINDS)
    assert [kind.key for kind, *_ in groups] == list(dict.fromkeys(kind.key for kind in KINDS))
    assert [len(group) for group in groups if group[0].key == "5"] == [2]
    assert [kind.number for kind in sharing("5")] == [CPU, SOURCE]
    assert [kind.number for kind in sharing("6")] == [TRACE]


async def test_tabs_name_the_panels_of_a_key_and_take_clicks():
    async with dashboard(size=(140, 40)) as seen:
        assert "5 CPU Src " in seen.tabs()
        await seen.click_on("Src")
        assert seen.current() == SOURCE
    async with dashboard(size=(80, 24)) as seen:
        assert "5CPU " in seen.tabs()
        await seen.click_on("5CPU")
        assert seen.current() == CPU
        await seen.click_on("5CPU")
        assert seen.current() == SOURCE
        assert "5Src " in seen.tabs()
        await seen.click_on("5Src")
        assert seen.current() == CPU


async def test_the_palette_and_the_help_know_it():
    told = str(help_text(""))
    assert told.index("  5 CPU: ") < told.index("  5 Source: ") < told.index("  6 Trace: ")
    async with dashboard(size=(80, 24)) as seen:
        await seen.app.action_choose("focus_panel", SOURCE)
        await seen.painted()
        assert seen.current() == SOURCE


# -- what it shows ---------------------------------------------------------------------------------


@EVERY_SIZE
@pytest.mark.parametrize("board", ["rpi4", "x86"])
async def test_through_a_timer_event_the_mark_is_on_the_line_of_the_next_access(board, size, keys):
    async with dashboard(board, size=size, keys=[*keys, "5", "5", "i"]) as seen:
        files = set()
        for _ in range(14):
            frame = frame_of(seen)
            assert shows_line_of(seen, frame), seen.lines(SOURCE)
            said = "\n".join(seen.lines(SOURCE))
            assert frame.function.partition(".")[0][:8] in said
            assert f"{frame.file}:{frame.line}" in said
            panel = seen.app.panels.source
            assert len(panel.lines) <= panel.size.height, "it never scrolls"
            files.add(frame.file)
            await seen.press("s")
        assert len(files) >= 3


@SIZES
async def test_going_back_it_shows_each_moment_as_it_was(size):
    async with dashboard(size=size, keys="55i") as seen:
        shown = []
        for _ in range(12):
            shown.append(seen.lines(SOURCE))
            await seen.press("s")
        for lines in reversed(shown):
            await seen.press("S")
            await seen.until(lambda: not seen.app.runner.running)
            await seen.painted()
            assert seen.lines(SOURCE) == lines
        await seen.go("n")
        await seen.go("N")
        assert shows_line_of(seen, frame_of(seen))
        await seen.go(",")
        assert shows_line_of(seen, frame_of(seen))


async def test_wide_it_has_stack_and_variables_beside_the_source():
    async with dashboard(size=(140, 40), keys="55zi") as seen:
        await seen.press(*"sssss")
        view = seen.session.view(SOURCE_ALONE).source
        rows = seen.lines(SOURCE)
        assert rows[0].startswith("call stack")
        for n, frame in enumerate(view.frames, 1):
            assert rows[n].startswith(f"{n} {frame.function}")
            assert f"{frame.file}:{frame.line}" in rows[n].partition("│")[0]
        heading = rows.index(next(row for row in rows if row.startswith("variables")))
        assert heading == len(view.frames) + 1
        names = [f"{item.name} = {item.value}" for item in view.frames[0].variables]
        for n, said in enumerate(names, 1):
            assert rows[heading + n].startswith(said[:44])
        assert len(rows) == seen.app.panels.source.size.height


async def test_narrow_it_has_a_part_of_the_stack_above_the_source():
    async with dashboard(size=(80, 24), keys="55i") as seen:
        await seen.press(*"sssss")
        rows = seen.lines(SOURCE)
        assert [row[:2] for row in rows[:4]] == ["1 ", "2 ", "3 ", "4 "]
        assert rows[4].startswith("self = ")
        assert len(current_rows(seen)) == 1
        assert sum(row[2:6].strip().isdigit() for row in rows[6:]) >= 12


async def test_it_follows_the_core_on_show():
    session = booted("rpi3", "ipi")
    async with dashboard(session=session, keys="55") as seen:
        shown = {}
        for _ in range(4):
            core = seen.session.focus
            shown[core] = seen.lines(SOURCE)
            assert f"core {core}, function 1 of " in seen.app.panels.source._caption
            assert shows_line_of(seen, frame_of(seen))
            await seen.press("k")
        assert set(shown) == {0, 1, 2, 3}
        assert shown[0] != shown[1]


async def test_where_nothing_runs_it_says_so():
    async with dashboard(keys="55z") as seen:
        seen.session.pinned = 1
        seen.app.show_view()
        assert "Core 1 is off: it executes nothing." in " ".join(seen.lines(SOURCE))
        await seen.press("down", "right", "b", "enter", "escape", "h", "escape", "y", "left")
        seen.session.pinned = None
        await seen.app.action_choose("reset")
        await seen.painted()
        assert "has executed nothing yet" in " ".join(seen.lines(SOURCE))
        await seen.press("s")
        assert shows_line_of(seen, frame_of(seen))
    session = booted()
    session.kernel.platform.irq_manager._table._handlers = Failing()
    session.next_timer_event()
    async with dashboard(session=session, keys="55z") as seen:
        assert "Core 0 has stopped for good" in " ".join(seen.lines(SOURCE))


async def test_a_program_of_ones_own_shows():
    async with dashboard(session=session_of("rpi4", Plain), keys="55z") as seen:
        assert any("self.cpu.wait_for_interrupt()" in row for row in current_rows(seen))
        assert any("test_plain_program.py:" in row for row in seen.lines(SOURCE))


# -- colours ---------------------------------------------------------------------------------------


def test_a_file_is_coloured_and_says_what_it_said():
    import kerneltui.kernel.drivers.gicv2 as driver

    lines = source_lines(driver.__file__)
    looks = {}
    found = highlighted(lines)
    assert [line_text(line) for line in found] == list(lines)
    for line in found:
        for text, style in line:
            looks.setdefault(style, set()).add(text.strip())
    assert {"def", "class", "while"} <= looks["keyword"]
    assert {"Gicv2", "handle_pending"} <= looks["definition"]
    assert any("GIC" in text for text in looks["comment"])
    assert any(text.startswith("0x") for text in looks["number"])
    assert highlighted(lines) is found, "it is done once"


@pytest.mark.parametrize(
    "lines", [(), ("",), ("x = 1",), ("\tx = '", "a\x00b"), ('"""', "", '"""', "")]
)
def test_any_text_is_coloured_line_by_line(lines):
    found = highlighted(lines)
    assert len(found) == len(lines)
    for line, text in zip(found, lines, strict=True):
        assert line_text(line) == text.expandtabs(8).replace("\x00", "·")


STARTS = """
import asyncio, sys
from kerneltui.scenarios.scenario import open_session
from kerneltui.tui.app import KernelTui
async def main():
    session = open_session("rpi4", "timer-callbacks")
    session.boot()
    app = KernelTui(session)
    async with app.run_test(size=(140, 40)) as pilot:
        await pilot.press("d", "5", "n")
        await pilot.pause()
        before = [name for name in sys.modules if name.startswith("pygments")]
        await pilot.press("5")
        await pilot.pause()
        print(before, "pygments.lexers.python" in sys.modules)
asyncio.run(main())
"""


def test_pygments_is_not_imported_before_the_panel_is_shown():
    told = subprocess.run(
        [sys.executable, "-c", STARTS], capture_output=True, text=True, check=True
    ).stdout
    assert told.strip() == "[] True"


# -- the cursor ------------------------------------------------------------------------------------


@EVERY_SIZE
async def test_the_cursor_goes_along_the_stack_and_each_function_shows_its_line(size, keys):
    async with dashboard(size=size, keys=[*keys, "5", "5", "i", *"sss"]) as seen:
        view = seen.session.view(SOURCE_ALONE).source
        panel = seen.app.panels.source
        for n, frame in enumerate(view.frames):
            assert marked(seen) == panel.cursor.row
            assert seen.app.under_cursor == CodeReference(frame.function, frame.file, frame.line)
            assert shows_line_of(seen, frame)
            caption = f"function {n + 1} of {len(view.frames)}"
            assert caption in panel._caption
            await seen.press("down")
        last = view.frames[-1]
        assert seen.app.under_cursor == CodeReference(last.function, last.file, last.line)
        await seen.press("home")
        assert shows_line_of(seen, view.frames[0])
        await seen.press("end")
        assert shows_line_of(seen, last)
        await seen.press("up")
        assert shows_line_of(seen, view.frames[-2])


async def test_a_chosen_function_stays_while_the_stack_does_and_a_new_moment_shows_the_innermost():
    async with dashboard(keys=[*"55zi", *"sssss", "down", "down"]) as seen:
        assert shows_line_of(seen, frame_of(seen, 2))
        await seen.press("z")
        await seen.press("b")
        await seen.resize(90, 26)
        assert shows_line_of(seen, frame_of(seen, 2))
        await seen.press("1", "5")
        assert shows_line_of(seen, frame_of(seen, 2))
        await seen.press("s")
        assert shows_line_of(seen, frame_of(seen))
        assert "function 1 of" in seen.app.panels.source._caption


@EVERY_SIZE
async def test_right_goes_into_the_source_and_there_the_cursor_reaches_every_line(size, keys):
    async with dashboard(size=size, keys=[*keys, "5", "5", "i", *"sssss"]) as seen:
        frame = frame_of(seen)
        view = seen.session.view(SOURCE_ALONE).source
        file = view.files[frame.text]
        await seen.press("right")
        here = seen.app.under_cursor
        assert (here.file, here.line) == (frame.file, frame.line)
        await seen.press("down", "down")
        assert seen.app.under_cursor.line == frame.line + 2
        await seen.press("home")
        assert seen.app.under_cursor.line == 1
        await seen.press("up")
        assert seen.app.under_cursor.line == 1
        for line in range(1, 45, 11):
            found = CodeReference(file.function_at(line), frame.file, line)
            assert seen.app.under_cursor == found
            assert f" {line} " in seen.lines(SOURCE)[marked(seen)]
            await seen.burst(*["down"] * 11)
        await seen.press("end")
        assert seen.app.under_cursor.line == len(file.lines)
        await seen.press("pageup")
        assert 1 < seen.app.under_cursor.line < len(file.lines)
        await seen.press("left")
        assert seen.app.under_cursor.function == frame.function
        await seen.press("right")
        assert shows_line_of(seen, frame)
        await seen.press("s")
        assert seen.app.under_cursor.line == frame_of(seen).line, "the cursor stays in the source"


@SIZES
async def test_a_click_chooses_a_function_or_a_line(size):
    async with dashboard(size=size, keys=[*"55zi", *"sssss"]) as seen:
        second = frame_of(seen, 1)
        await seen.click_on(f"{second.file}:{second.line}")
        assert shows_line_of(seen, second)
        assert seen.app.under_cursor == CodeReference(second.function, second.file, second.line)
        number = second.line + 1
        rows = seen.screen().splitlines()
        row = next(n for n, text in enumerate(rows) if f" {number} " in text)
        await seen.click(rows[row].index(f" {number} ") + 1, row)
        assert (seen.app.under_cursor.file, seen.app.under_cursor.line) == (second.file, number)
        await seen.press("down")
        assert seen.app.under_cursor.line == number + 1
        panel = seen.app.panels.source
        for n in range(panel.size.height):  # wherever one clicks, the one mark is in the panel
            await seen.click(panel.content_region.x + 3, panel.content_region.y + n)
            assert len(marks(seen)) == 1


async def test_the_lower_border_has_the_whole_of_a_line_that_is_cut():
    async with dashboard(size=(80, 24), keys=[*"55i", *"sssss", "right", "home"]) as seen:
        panel = seen.app.panels.source
        found = 0
        for _ in range(60):
            row = seen.lines(SOURCE)[panel.cursor.row]
            if row.rstrip().endswith("…"):
                below = str(panel.border_subtitle)
                line = seen.app.under_cursor.line
                view = seen.session.view(SOURCE_ALONE).source
                text = view.files[view.frames[0].text].lines[line - 1]
                assert text.split()[-1][-20:] in below
                found += 1
            await seen.press("down")
        assert found


# -- what keys do there ----------------------------------------------------------------------------


async def test_enter_goes_from_the_stack_into_the_source_and_there_explains():
    async with dashboard(keys=[*"55zi", *"sssss", "down"]) as seen:
        frame = frame_of(seen, 1)
        await seen.press("enter")
        assert len(seen.app.screen_stack) == 1
        assert seen.app.panels.source._in_source
        assert (seen.app.under_cursor.file, seen.app.under_cursor.line) == (frame.file, frame.line)
        await seen.press("enter")
        assert isinstance(seen.app.screen, WhatScreen)
        assert f"{frame.file}:{frame.line}, {frame.function}" in seen.screen()
        await seen.press("escape")
        third = frame_of(seen, 2)
        await seen.click_on(f"{third.file}:{third.line}", ctrl=True)
        assert seen.app.panels.source._in_source
        assert (seen.app.under_cursor.file, seen.app.under_cursor.line) == (third.file, third.line)


async def test_enter_on_the_stack_of_the_cpu_panel_shows_the_source_of_that_function():
    async with dashboard(size=(140, 60), keys=[*"5i", *"sssss", "end"]) as seen:
        reference = seen.app.under_cursor
        await seen.press("enter")
        assert seen.current() == SOURCE
        await seen.painted()
        assert shows_line_of(seen, frame_of(seen, -1))
        assert seen.app.under_cursor == reference
        await seen.press("5", "s", "5")
        assert shows_line_of(seen, frame_of(seen)), "a new moment"


@SIZES
async def test_h_on_a_line_says_function_and_file(size):
    async with dashboard(size=size, keys=[*"55i", *"sssss", "right", "down"]) as seen:
        await seen.press("h")
        assert "is a function of the kernel, in the file" in " ".join(seen.screen().split())


async def test_y_copies_the_function_or_the_line():
    async with dashboard(keys=[*"55zi", *"sssss", "y"], notifications=True) as seen:
        frame = frame_of(seen)
        assert seen.app.clipboard.split() == ["1", frame.function, f"{frame.file}:{frame.line}"]
        await seen.press("right", "y")
        view = seen.session.view(SOURCE_ALONE).source
        text = view.files[frame.text].lines[frame.line - 1].strip()
        assert seen.app.clipboard.split() == ["▶", str(frame.line), *text.split()]


@SIZES
async def test_b_on_a_line_marks_it_and_running_halts_there(size):
    async with dashboard(size=size, keys=[*"55i", *"sssss"], notifications=True) as seen:
        view = seen.session.view(SOURCE_ALONE).source
        place = next(n for n, item in enumerate(view.frames) if item.file == "gicv2.py")
        await seen.press(*["down"] * place, "right")
        file = view.files[view.frames[place].text]
        wanted = [n for n, text in enumerate(file.lines, 1) if "GICC_EOIR, ack" in text][-1]
        await seen.press(*["down"] * (wanted - view.frames[place].line))
        assert seen.app.under_cursor.line == wanted
        await seen.press("b")
        assert [item.text for _, item in seen.session.breakpoints] == [f"code gicv2.py:{wanted}"]
        row = seen.lines(SOURCE)[seen.app.panels.source.cursor.row]
        assert f"●  {wanted} " in row
        await seen.press("space")
        await seen.until(lambda: seen.session.hits)
        await seen.until(lambda: not seen.app.runner.running)
        await seen.painted()
        assert seen.current() == SOURCE
        assert (frame_of(seen).file, frame_of(seen).line) == ("gicv2.py", wanted)
        (row,) = current_rows(seen)
        assert f"●▶ {wanted} " in row
        assert seen.app.under_cursor.line == wanted
        await seen.press("b")
        assert not len(seen.session.breakpoints)
        assert "●" not in "".join(seen.lines(SOURCE))


async def test_a_breakpoint_on_a_function_is_marked_at_its_def_and_b_there_takes_it_away():
    async with dashboard(keys=[*"55zi", *"sssss"]) as seen:
        session = seen.session
        session.breakpoints.add(session.machine, "code Gicv2.handle_pending")
        session.breakpoints.toggle(1)
        seen.app.show_view()
        view = session.view(SOURCE_ALONE).source
        place = next(n for n, item in enumerate(view.frames) if item.file == "gicv2.py")
        await seen.press(*["down"] * place, "right")
        (row,) = [row for row in seen.lines(SOURCE) if "def handle_pending" in row]
        assert "○" in row
        for _ in range(30):
            if "def handle_pending" in seen.app.panels.source.row_text:
                break
            await seen.press("up")
        await seen.press("b")
        assert not len(session.breakpoints)


async def test_no_breakpoint_is_set_where_no_code_stands():
    async with dashboard(keys=[*"55zi", "right", "home", "b"], notifications=True) as seen:
        assert not len(seen.session.breakpoints)
        assert "No code stands in line 1 of" in toasts(seen)[-1]


async def test_capital_g_runs_to_the_line_under_the_cursor():
    async with dashboard(keys=[*"55i", *"sssss"], notifications=True) as seen:
        view = seen.session.view(SOURCE_ALONE).source
        place = next(n for n, item in enumerate(view.frames) if item.file == "gicv2.py")
        await seen.press(*["down"] * place, "right")
        file = view.files[view.frames[place].text]
        wanted = [n for n, text in enumerate(file.lines, 1) if "GICC_EOIR, ack" in text][-1]
        await seen.press(*["down"] * (wanted - view.frames[place].line))
        await seen.press("G")
        await seen.until(lambda: not seen.app.runner.running)
        await seen.painted()
        assert (frame_of(seen).file, frame_of(seen).line) == ("gicv2.py", wanted)
        assert not len(seen.session.breakpoints)


async def test_the_cpu_panel_marks_a_function_that_is_to_halt_at_its_line():
    async with dashboard(size=(140, 60), keys=[*"5i", *"sssss", "end", "b"]) as seen:
        assert len(seen.session.breakpoints) == 1
        assert "●" in seen.screen()
        await seen.press("up")
        assert UNDER_CURSOR["●"] in seen.screen()
        assert CURSOR not in seen.screen()


def test_without_a_place_on_the_screen_it_has_so_many_rows():
    session = booted()
    panel = SourcePanel()
    for width in (20, 60, 138):
        lines = panel.content(session.view(SOURCE_ALONE), width)
        assert 20 < len(lines) <= HEIGHT


@pytest.mark.parametrize("in_source", [False, True])
async def test_only_the_side_of_the_cursor_stands_on_its_ground(in_source):
    keys = [*"55zi", *"sssss", *(["right"] if in_source else [])]
    async with dashboard(size=(140, 40), keys=keys) as seen:
        panel = seen.app.panels.source
        y = panel.cursor.row
        grounds = [
            segment.style.bgcolor
            for segment in panel.render_line(y)
            for _ in range(segment.cell_length)
        ]
        plain = panel.rich_style.bgcolor
        left, right = grounds[0], grounds[60]
        assert (left != plain, right != plain) == (not in_source, in_source)
