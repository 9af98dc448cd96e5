"""Breakpoints in the dashboard: set, listed, hit, gone back to; by keys and by mouse."""

from __future__ import annotations

import pytest
from dashboard import INTERRUPTS, QUEUE, REGISTERS, SOURCE, TRACE, booted, dashboard

from kerneltui.debugger.breakpoints.condition_names import NAMES
from kerneltui.debugger.breakpoints.grammar import FORMS, OPTIONS, bind, parse_breakpoint
from kerneltui.debugger.kernel_source import source_lines
from kerneltui.debugger.references import (
    CodeReference,
    EventReference,
    InterruptReference,
    RegisterReference,
    TimeoutReference,
)
from kerneltui.kernel.drivers import gicv2

SIZES = [(140, 40), (80, 24)]
both_sizes = pytest.mark.parametrize("size", SIZES, ids=["140x40", "80x24"])
CONTROL = RegisterReference("timer", "CNT", "CNTP_CTL_EL0")
OFF = "write CNTP_CTL_EL0 if ENABLE == 0"
"""The handler switches the timer off while it runs."""


def control(seen):
    """The timer's control register, as panel 1 names it."""
    return next(
        piece[2]
        for line in seen.app.panels.registers.lines
        for piece in line
        if len(piece) > 2
        and isinstance(piece[2], RegisterReference)
        and piece[2].name == "CNTP_CTL_EL0"
    )


async def put_cursor(seen, panel, thing):
    await seen.press(str(panel))
    seen.app.panels.numbered(panel).seek(thing)
    await seen.painted()
    assert seen.app.under_cursor == thing


def texts(seen):
    return [item.text for _, item in seen.session.breakpoints]


def toasts(seen):
    return [note.message for note in seen.app._notifications]


def row_of(seen, words):
    below = seen.screen().splitlines()[3:]  # toasts lie above
    return next(row for row in below if words in row)


@both_sizes
async def test_b_sets_the_obvious_breakpoint_marks_the_row_and_takes_it_off_again(size):
    async with dashboard(size=size, notifications=True) as seen:
        await put_cursor(seen, REGISTERS, control(seen))
        before = row_of(seen, "CNTP_CTL_EL0")
        await seen.press("b")
        assert texts(seen) == ["write CNTP_CTL_EL0"]
        assert toasts(seen) == ["Breakpoint 1 is set: write CNTP_CTL_EL0"]
        marked = row_of(seen, "CNTP_CTL_EL0")
        assert (before[1], marked[1]) == ("»", "◉")
        assert marked[2:60] == before[2:60]
        await seen.press("up")
        assert row_of(seen, "CNTP_CTL_EL0")[1] == "●"
        seen.session.breakpoints.toggle(1)
        await seen.press("down", "up")
        seen.app.refresh_view()
        await seen.painted()
        assert row_of(seen, "CNTP_CTL_EL0")[1] == "○"
        await seen.press("down", "b")
        assert texts(seen) == []
        assert toasts(seen)[-1] == "Breakpoint 1 is deleted: write CNTP_CTL_EL0"
        assert row_of(seen, "CNTP_CTL_EL0") == before


async def test_marks_stand_at_interrupts_and_timeouts_too():
    async with dashboard() as seen:
        await put_cursor(seen, INTERRUPTS, InterruptReference("gic", "gic", 30))
        await seen.press("b")
        await put_cursor(seen, QUEUE, TimeoutReference(2))
        await seen.press("b", "1")
        assert texts(seen) == ["irq 30 taken", 'timeout "Once 2"']
        panels = seen.app.panels
        for panel in (panels.interrupts, panels.timeouts):
            signs = [panel._sign(row) for row in range(len(panel.lines))]
            assert signs.count("●") == 1
        assert "● irq 30" in seen.screen()


async def test_what_has_no_breakpoint_says_why():
    async with dashboard(notifications=True, keys="8") as seen:
        await seen.press("b")
        assert texts(seen) == []
        assert "moves all the time" in toasts(seen)[-1]


async def test_b_on_the_path_and_in_the_why_window():
    async with dashboard(with_path=True, notifications=True) as seen:
        await seen.press("b")
        assert len(texts(seen)) == 1
        await seen.press("w", "b")
        assert texts(seen)[1].startswith('gate "')
        assert seen.app.screen.is_modal
        await seen.press("b", "escape", "b")
        assert texts(seen) == []


@both_sizes
async def test_the_list_by_keys(size):
    async with dashboard(size=size) as seen:
        await seen.press("B")
        assert "New…" in seen.screen()
        await seen.press("n")
        screen = seen.screen()
        for words in ("Enter sets it", "WHAT [core N]", "write REGISTER"):
            assert words in screen
        await seen.write("write GICC_EOI")
        await seen.press("enter")
        assert "Column 7: no register 'GICC_EOI'" in seen.screen()
        assert seen.app.focused.cursor_position == len("write GICC_EOI"), "one goes on writing"
        await seen.write("R if value == 30")
        assert "Column" not in seen.screen()
        await seen.press("enter")
        assert texts(seen) == ["write GICC_EOIR if value == 30"]
        assert "●  1  write GICC_EOIR if value == 30" in seen.screen()
        await seen.press("space")
        assert "○  1  write GICC_EOIR if value == 30  (disabled)" in seen.screen()
        await seen.press("e", "end")
        await seen.write(" or core == 1")
        await seen.press("enter")
        assert texts(seen) == ["write GICC_EOIR if value == 30 or core == 1"]
        assert not seen.session.breakpoints.enabled
        await seen.press("end", "enter", "escape", "up", "x", "escape")
        assert texts(seen) == []
        assert not seen.app.screen.is_modal


async def test_what_is_wrong_with_an_edited_one_leaves_the_old_one():
    async with dashboard() as seen:
        seen.session.breakpoints.add(seen.session.machine, "irq 30 taken")
        await seen.press("B", "enter", "end")
        await seen.write("  if valu == 1")
        await seen.press("enter")
        assert "Column 17: no register or name 'valu'" in seen.screen()
        await seen.press("escape", "escape")
        assert texts(seen) == ["irq 30 taken"]


@both_sizes
async def test_the_list_by_mouse(size):
    async with dashboard(size=size) as seen:
        for text in ("irq 30 taken", "read GICC_IAR"):
            seen.session.breakpoints.add(seen.session.machine, text)
        row = seen.app.size.height - 1
        column = seen.screen().splitlines()[row].find("b B R")
        if column < 0:  # no room in the bar
            await seen.press("B")
        else:
            await seen.click(column + 2, row)
        assert "New…" in seen.screen()
        await seen.click_on("2  read GICC_IAR")
        await seen.click_on("Space on/off")
        assert "○  2  read GICC_IAR" in seen.screen()
        await seen.click_on("2  read GICC_IAR")
        await seen.until(lambda: "Enter sets it" in seen.screen())
        await seen.click_on("Esc cancel")
        await seen.until(lambda: "x delete" in seen.screen())
        await seen.click_on("x delete")
        assert texts(seen) == ["irq 30 taken"]
        await seen.click_on("Esc close")
        assert not seen.app.screen.is_modal


def test_every_form_has_an_example_that_reads():
    for word, form in FORMS.items():
        for example in form.examples:
            assert parse_breakpoint(example).text == example
            assert example.startswith(word)


@pytest.mark.parametrize("board", ["rpi3", "rpi4", "x86"])
def test_every_form_has_an_example_for_each_board(board):
    machine = booted(board).machine
    for form in FORMS.values():
        bind(machine, 1, parse_breakpoint(form.example(machine)))
    for _, example in OPTIONS.values():
        bind(machine, 1, parse_breakpoint(example))
    for _, example in NAMES.values():
        own = "INIT_COUNT" if board == "x86" else "UARTCR"
        bind(machine, 1, parse_breakpoint(f"write {own} if {example}"))


async def test_the_dialog_shows_examples_for_the_board():
    async with dashboard("x86", keys=["B", "n"]) as seen:
        assert "write INIT_COUNT" in seen.screen()
        assert "irq vector:0xec taken" in seen.screen()
        assert "GICC_EOIR" not in seen.screen()


# -- hits -----------------------------------------------------------------------------------------


@both_sizes
async def test_who_masks_the_timer_in_each_event_forwards_and_backwards_by_keys(size):
    async with dashboard(size=size, notifications=True) as seen:
        await put_cursor(seen, REGISTERS, control(seen))
        await seen.press("b", "B", "enter", "end")
        await seen.write(" if ENABLE == 0")
        await seen.press("enter", "escape")
        assert texts(seen) == [OFF]
        await seen.press("2")
        await seen.go("n")
        first = seen.session.here
        (hit,) = seen.session.hits
        assert seen.current() == REGISTERS
        assert seen.app.under_cursor == control(seen)
        done = "conclude_timeout_irq wrote 0x4 to CNTP_CTL_EL0 (was 0x5)"
        assert f"bp {hit.number}: {done}" in seen.status()
        told = toasts(seen)[-1]
        assert told.startswith(f"Breakpoint 1 ({OFF}): core 0 wrote")
        assert f"in {hit.place.function}, " in told
        row = seen.screen().splitlines()[0]
        assert len(row) == size[0]
        if size == (80, 24):
            assert row.rstrip().endswith("…")
        await seen.go("n", "n")  # to the end of this event, then into the next
        assert seen.session.here > first
        assert seen.session.hits[0].number == 1
        second = seen.session.here
        await seen.go("R")
        assert seen.session.here == first
        assert seen.session.hits[0].told == hit.told
        assert "0x" in seen.status()
        await seen.go("n", "n")
        assert seen.session.here == second
        await seen.go("R", "R")
        assert seen.session.here == first
        assert toasts(seen)[-1] == "No breakpoint was hit before this moment."
        await seen.go("backspace")  # the search that found nothing was no jump
        assert seen.session.here == second


async def test_the_same_by_mouse_alone():
    async with dashboard() as seen:
        await seen.click_on("CNTP_CTL_EL0")
        await seen.click_on("Break")
        assert texts(seen) == ["write CNTP_CTL_EL0"]
        bar = seen.screen().splitlines()[-1]
        for _ in range(2):
            await seen.click(bar.index("n N Event"), 39)
            await seen.arrived()
            assert seen.session.hits
        there = seen.session.here
        await seen.click(bar.index("b B R") + 4, 39)
        await seen.arrived()
        assert seen.session.here < there
        assert seen.session.hits


async def test_a_hit_leaves_the_path_on_the_screen():
    for size in SIZES:
        async with dashboard(size=size, with_path=True) as seen:
            seen.session.breakpoints.add(seen.session.machine, "write GICC_EOIR")
            await seen.go("n")
            assert seen.session.hits
            panels = seen.app.panels
            assert panels.path.is_in_front
            register = RegisterReference("gic", "GICC", "GICC_EOIR")
            if size == (140, 40):
                assert panels.registers.is_in_front
                assert seen.app.under_cursor == register
            else:
                await seen.press("1")
                assert seen.app.under_cursor == register


async def test_a_hit_does_not_take_the_keys_from_somebody_who_types():
    async with dashboard(scenario="shell") as seen:
        seen.session.breakpoints.add(seen.session.machine, "write UARTDR")
        await seen.press("c", "space", "h")
        seen.app.action_toggle_run()
        await seen.until(lambda: seen.session.hits)
        assert seen.app.panels.console.typing


@pytest.mark.parametrize(
    ("text", "panel", "kind"),
    [
        ("irq 30 taken", INTERRUPTS, InterruptReference),
        ('timeout "Periodic 1 sec"', QUEUE, TimeoutReference),
        ("code Gicv2.handle_pending", SOURCE, CodeReference),
        ("line timer.cntpnsirq0 rises", INTERRUPTS, InterruptReference),
    ],
)
async def test_the_panel_of_a_hit_comes_in_front_with_the_cursor_on_it(text, panel, kind):
    session = booted()
    session.breakpoints.add(session.machine, text)
    async with dashboard(session=session) as seen:
        await seen.go("n")
        assert [hit.breakpoint.text for hit in session.hits] == [text]
        assert seen.current() == panel
        assert isinstance(seen.app.under_cursor, kind)


async def test_back_to_a_hit_needs_a_breakpoint():
    async with dashboard(notifications=True, keys="R") as seen:
        assert "b on a register" in toasts(seen)[-1]


async def test_one_can_be_set_while_the_machine_runs():
    async with dashboard(speed=1000.0, keys=[" "]) as seen:
        assert seen.app.runner.running
        for text in ("change CNTP_CTL_EL0.IMASK", "code TimeManager.handle", "irq 30 ended"):
            seen.session.breakpoints.add(seen.session.machine, text)
        await seen.until(lambda: seen.session.hits)
        assert not seen.app.runner.running


# -- to here --------------------------------------------------------------------------------------


async def test_run_to_a_line_of_the_source_and_to_an_event():
    async with dashboard(notifications=True) as seen:
        await seen.go("i", "s", "s")
        await seen.press("5")
        lines = seen.app.panels.cpu.lines
        row = next(n for n, line in enumerate(lines) if "gicv2.py" in line[0][0])
        seen.app.panels.cpu.cursor.put(row, 0, lines)
        code = seen.app.under_cursor
        assert isinstance(code, CodeReference)
        await seen.go("G")
        (hit,) = seen.session.hits
        assert hit.breakpoint.text == f"code {code.file}:{code.line}"
        assert hit.brief == f"came to {code.file}:{code.line}"
        assert f"■ came to {code.file}:{code.line}" in seen.status()
        await seen.until(lambda: toasts(seen))
        assert toasts(seen)[-1].startswith(f"Came to {code.file}:{code.line}, at ")
        assert "reakpoint" not in toasts(seen)[-1]
        assert seen.app.under_cursor == code
        assert texts(seen) == []
        assert seen.session.breakpoints.enabled == {}
        assert seen.session.breakpoints.add(seen.session.machine, "time 100s") == 1
        seen.session.breakpoints.remove(1)
        await seen.press("6")
        event = seen.session.recorder.events[-30]
        await put_cursor(seen, TRACE, EventReference(event))
        await seen.press("G")
        assert seen.session.is_just_after(event)
        await seen.press("1", "G")
        assert "Put the cursor on a line" in toasts(seen)[-1]


async def test_another_stop_takes_the_breakpoint_of_a_run_to_a_line_away():
    async with dashboard() as seen:
        await seen.press("5")
        never = next(n for n, text in enumerate(source_lines(gicv2.__file__), 1)
                     if "GICC_PMR, mask" in text)  # fmt: skip
        seen.app._run_to_line(CodeReference("f", "gicv2.py", never))
        assert texts(seen) == []
        (goal,) = seen.session.breakpoints.enabled.values()
        assert goal.text == f"code gicv2.py:{never}"
        await seen.press("space")
        assert seen.session.breakpoints.enabled == {}
        assert not seen.app.runner.running


async def test_g_offers_the_moment_of_what_is_under_the_cursor():
    async with dashboard() as seen:
        await seen.go("n")
        event = seen.session.recorder.events[-20]
        await put_cursor(seen, TRACE, EventReference(event))
        await seen.press("g")
        assert "Enter alone: the moment of this event" in seen.screen()
        await seen.press("enter")
        assert seen.session.is_just_after(event)
        await seen.press("backspace")
        await put_cursor(seen, REGISTERS, control(seen))
        await seen.press("g")
        assert "Enter alone: the last write of CNTP_CTL_EL0" in seen.screen()
        await seen.go("enter")
        last = seen.session.recorder.events[-1]
        assert seen.session.names.as_text(last).startswith("msr CNTP_CTL_EL0")
        await seen.press("g")
        await seen.write("booted")
        await seen.press("enter")
        assert seen.session.here == seen.session.history.first


async def test_ctrl_and_a_click_do_what_enter_does():
    async with dashboard() as seen:
        await seen.go("n")
        await seen.click_on("irq 30", ctrl=True)
        assert seen.current() == REGISTERS
        await seen.press("6", "home")
        row = seen.screen().splitlines()[34]
        event = seen.app.under_cursor
        assert event is not None
        await seen.click(80, 34, ctrl=True)
        assert seen.session.history.in_past, row
        chosen = seen.app.panels.trace.under_cursor
        assert seen.session.is_just_after(chosen.event)


# -- pins -----------------------------------------------------------------------------------------


async def test_pinned_registers_come_first_in_their_order_at_every_moment_and_size():
    async with dashboard() as seen:
        gic = RegisterReference("gic", "GICC", "GICC_PMR")
        for thing in (control(seen), gic):
            await put_cursor(seen, REGISTERS, thing)
            await seen.press("P")
        head, first, second, *_ = seen.lines(REGISTERS)
        assert head.startswith("▲ Pinned")
        assert ("CNTP_CTL_EL0" in first, "GICC_PMR" in second) == (True, True)
        assert sum("GICC_PMR" in line for line in seen.lines(REGISTERS)) == 1
        await seen.go("n", "i")
        await seen.resize(80, 24)
        await seen.press("1")
        assert "GICC_PMR" in "".join(seen.lines(REGISTERS)[1:4])
        await seen.resize(140, 40)
        await seen.press("d")
        for _ in range(4):
            await seen.go(".")
            assert "▲ Pinned" in seen.screen()
            assert seen.app.panels.registers.scroll_offset.y == 0
        await put_cursor(seen, REGISTERS, gic)
        await seen.press("P")
        assert "GICC_PMR" not in seen.lines(REGISTERS)[2]
        await put_cursor(seen, REGISTERS, control(seen))
        await seen.press("P")
        assert not seen.lines(REGISTERS)[0].startswith("▲")


@both_sizes
async def test_pins_stay_when_their_panel_is_out_of_sight(size):
    """A filter ends by Esc there too, while the view holds no registers."""
    async with dashboard("rpi4", size=size) as seen:
        await put_cursor(seen, REGISTERS, control(seen))
        await seen.press("P", "slash", *"cval", "enter", "8", "escape")
        assert seen.app.panels.registers.pinned
        await seen.press("1")
        assert any("CNTP_CTL_EL0" in line for line in seen.lines(REGISTERS)[:3])


@both_sizes
async def test_a_filter_says_what_it_leaves_of_pinned_registers(size):
    async with dashboard(size=size) as seen:
        await put_cursor(seen, REGISTERS, RegisterReference("gic", "GICC", "GICC_PMR"))
        await seen.press("P", "slash")
        await seen.write("PMR")
        assert "GICC_PMR" in seen.lines(REGISTERS)[1]
        assert seen.lines(REGISTERS)[-1] == "No other register matches 'PMR'."
        await seen.write("x")
        assert seen.lines(REGISTERS)[-1] == "No register matches 'PMRx'."
