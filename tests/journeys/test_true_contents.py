"""What the panels say of each board is true of that board, at the widths of both layouts."""

from __future__ import annotations

import pytest
from dashboard import CONSOLE, CPU, INTERRUPTS, QUEUE, TIMERS, TRACE, booted, dashboard
from panel_classes import PANELS

from kerneltui.tui.panels.console import ConsolePanel
from kerneltui.tui.panels.interrupts import InterruptsPanel
from kerneltui.tui.panels.timeouts import TimeoutsPanel
from kerneltui.tui.panels.trace import TracePanel
from kerneltui.tui.widgets.lines import line_text

WIDTHS = pytest.mark.parametrize("width", [67, 77])
"""Of a panel that takes half of 140 columns, and of one alone in 80."""
MS = 1_000_000


def shown(panel, session, width):
    made = panel()
    return [line_text(line) for line in made.content(session.view(made.parts()), width)]


def sentence(lines):
    """Wrapped lines as one."""
    return " ".join(" ".join(lines).split())


# -- interrupts ------------------------------------------------------------------------------------


@WIDTHS
@pytest.mark.parametrize(
    ("board", "said"),
    [
        ("rpi4", "irq 30: not acknowledged yet (by a read of GICC_IAR)"),
        (
            "rpi3",
            "irq 1: nothing is acknowledged here: its line is up until its device is served",
        ),
    ],
)
def test_an_interrupt_that_was_just_taken_says_what_is_true_of_its_controller(board, said, width):
    session = booted(board)
    session.next_interrupt()
    found = sentence(shown(InterruptsPanel, session, width))
    assert f"{said}; interrupts are masked while a handler runs (DAIF.I is 1)" in found


@WIDTHS
def test_on_the_pc_the_core_acknowledges(width):
    """At the timer's interrupt the UART's arrives: it waits in IRR for RFLAGS.IF."""
    session = booted("x86")
    session.next_callback()
    session.machine.devices["uart0"].receive(ord("x"))
    session.run_until(session.machine.now + 1)
    said = sentence(shown(InterruptsPanel, session, width))
    assert "acknowledged" not in said, "a higher class is in service: that comes first"
    assert (
        "the handler of vec 0xec runs at a more urgent priority (0x0e; this one's is 0x03, and the "
        "higher number is more urgent)"
    ) in said
    assert "this one waits until it writes EOI" in said


@WIDTHS
def test_equal_priorities_are_compared_and_the_end_of_the_wait_is_named(width):
    """Both have priority 0, which nothing can pre-empt."""
    session = booted("rpi4")
    session.next_callback()
    session.machine.devices["uart0"].outputs["irq"][0].set(True)
    session.run_until(session.machine.now + 1)
    said = sentence(shown(InterruptsPanel, session, width))
    assert (
        "irq 153: the handler of irq 30 runs at equal priority (0x00); this one waits until it "
        "writes GICC_EOIR"
    ) in said
    assert "pre-empt" not in said


def test_a_higher_priority_is_compared_too():
    session = booted("rpi4", "priority-of-irqs")
    session.next_timer_event()
    session.next_interrupt()
    while not any(item.active for item in session.view(frozenset({"interrupts"})).interrupts):
        session.step()
    said = sentence(shown(InterruptsPanel, session, 67))
    assert (
        "irq 3: the handler of irq 4 runs at a more urgent priority (0x30; this one's is 0x70, and "
        "the lower number is more urgent)"
    ) in said


@WIDTHS
def test_one_interrupt_that_passes_two_controllers_is_one(width):
    session = booted("x86", "clock-sources")
    session.next_callback()
    lines = shown(InterruptsPanel, session, width)
    assert [line[:9].rstrip() for line in lines if line.startswith("▶")] == ["▶gsi 20", "▶vec 0x50"]
    assert (
        InterruptsPanel()
        .caption(session.view(InterruptsPanel.PARTS))
        .startswith("0 pending, 1 active (gsi 20)")
    )


def test_a_cascaded_interrupt_of_the_pi_3_is_one():
    session = booted("rpi3")
    session.machine.devices["uart0"].receive(ord("x"))
    while not any(item.pending for item in session.view(frozenset({"interrupts"})).interrupts):
        session.step()
    pending = [
        item.label for item in session.view(frozenset({"interrupts"})).interrupts if item.pending
    ]
    assert pending == ["irq 8", "irq 57"]
    assert InterruptsPanel().caption(session.view(InterruptsPanel.PARTS)).startswith("1 pending")


@WIDTHS
def test_the_override_is_shown_with_its_true_source(width):
    session = booted("x86", "gsi-override")
    session.run_until(1_500 * MS)
    lines = shown(InterruptsPanel, session, width)
    (row,) = (line for line in lines if line.startswith("!gsi 2 "))
    assert row.split()[-1] == "pit"
    assert "stopped: gsi 2" in InterruptsPanel().caption(session.view(InterruptsPanel.PARTS))


def test_with_legacy_replacement_the_same_input_is_the_hpets():
    session = booted("x86", "gsi-override")
    hpet = session.machine.devices["hpet"]
    assert (hpet.passes_on("legacy_pit"), hpet.passes_on("legacy_rtc")) == ("pit", "rtc")
    assert hpet.passes_on("irq20") == ""
    session.machine.memory.write(0xFED0_0010, 3, 8)
    assert (hpet.passes_on("legacy_pit"), hpet.passes_on("legacy_rtc")) == ("", "")


@pytest.mark.parametrize("board", ["rpi3", "rpi4", "x86"])
async def test_no_row_moves_while_interrupts_come_and_go(board):
    async with dashboard(board) as seen:
        quiet = [line[1:9] for line in seen.lines(INTERRUPTS)]
        for _ in range(12):
            await seen.go("i")
            await seen.press("s", "s", "s")
            assert [line[1:9] for line in seen.lines(INTERRUPTS)][: len(quiet)] == quiet


# -- inputs, calls, timers -------------------------------------------------------------------------


@WIDTHS
def test_what_the_scenario_typed_and_what_a_person_typed_are_told_apart(width):
    session = booted("rpi4")
    assert ConsolePanel().caption(session.view(ConsolePanel.PARTS)) == ""
    session.run_until(2_600 * MS)
    view = session.view()
    assert view.last_input.by == "scenario"
    assert ConsolePanel().caption(view) == (
        "the scenario's 'hello\\n' began to arrive at 2.500 "
        f"{view.last_input.at_ns // 1000 % 1000:03} {view.last_input.at_ns % 1000:03} s"
    )
    assert any(
        "rx 'h', the scenario typed it" in line for line in shown(TracePanel, session, width)
    )
    session.type(b"me\r")
    session.run_until(2_700 * MS)
    assert (
        ConsolePanel()
        .caption(session.view(ConsolePanel.PARTS))
        .startswith("your 'me\\r' began to arrive at 2.60")
    )
    assert any("rx 'm', you typed it" in line for line in shown(TracePanel, session, width))


def test_before_anything_was_typed_nothing_is_told_of_it():
    session = booted("rpi4")
    before = session.here
    session.run_until(2_600 * MS)
    session.go_to(before)
    assert session.view(frozenset({"last_input"})).last_input is None


@WIDTHS
def test_a_kernel_that_arms_a_timer_without_the_queue_has_that_told(width):
    session = booted("rpi4", "system-timer")
    lines = shown(TimeoutsPanel, session, width)
    assert lines == [
        "The queue is empty.", "Armed without it: system-timer C3 = 1000003, in 998.811 ms",
    ]  # fmt: skip


def test_an_empty_queue_with_nothing_armed_says_no_more():
    session = booted("rpi4", "same-deadline")
    while session.view(frozenset({"timeouts"})).timeouts:
        session.next_timer_event()
    assert shown(TimeoutsPanel, session, 67) == ["The queue is empty."]


async def test_a_system_call_is_told_with_names_and_units():
    session = booted("rpi4", "timer-syscalls")
    session.restart()
    while not session.view(frozenset()).cpu.next_instruction.startswith("svc"):
        session.step()
    async with dashboard(session=session) as seen:
        assert sentence(seen.lines(CPU)).startswith("next svc #0: timer_set(50 ms, task 1) state")


# -- one format for time, columns, room ------------------------------------------------------------


@pytest.mark.parametrize("size", [(140, 40), (118, 34)])
async def test_moments_and_numbers_are_whole(size):
    async with dashboard(size=size, keys=["n"]) as seen:
        assert any(line.strip() == "108446367" or line.endswith(" 108446367")
                   for line in seen.lines(TIMERS))  # fmt: skip
        assert "   in 999.662 ms" in seen.lines(TIMERS)
        assert "▶ 2.008 266 055 s  999.662 ms" in seen.line(QUEUE, "▶")
        assert seen.lines(TRACE)[-1].endswith("  1.008 603 706 s  eret")
        assert "t=1.008 603 746 s" in seen.status()


@pytest.mark.parametrize("board", ["rpi3", "rpi4", "x86"])
async def test_columns_stand_under_their_headings(board):
    async with dashboard(board, keys=["n"]) as seen:
        head, *rows = seen.lines(QUEUE)
        for row in rows:
            assert head.index("due (uptime)") + len("due (uptime)") == row.index(" s ") + 2
            assert row[head.index("in ") - 1] == " " != row[head.index("in ")]
            assert row[head.index("name") - 1] == " " != row[head.index("name")]
        head, *rows = seen.lines(INTERRUPTS)
        for row in rows:
            assert row[head.index("prio") :].split()[0] in {"-", "0x00", "0x0e", "0x0f", "0x03"}
            assert row[head.index("handler") - 1] == " " != row[head.index("handler")]


@pytest.mark.parametrize("size", [(118, 34), (140, 40), (80, 24)])
@pytest.mark.parametrize("board", ["rpi3", "rpi4", "x86"])
async def test_what_is_cut_has_an_ellipsis_in_every_panel(board, size):
    """The widest line of a panel ends before its scroll bar, or in an ellipsis."""
    async with dashboard(board, size=size, keys=["n"]) as seen:
        view = seen.session.view()
        for panel in seen.app.panels.made:
            width = panel.size.width or size[0] - 3
            full = [line_text(line).rstrip() for line in type(panel)().content(view, 500)]
            cut = [line_text(line).rstrip() for line in panel.content(view, width)]
            assert max(map(len, cut)) < width
            assert all(line in full or line.endswith("…") or len(line) < width for line in cut)


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_says_interrupt(panel):
    assert "IRQ" not in panel.KIND.title


async def test_the_console_fits_beside_its_scroll_bar():
    async with dashboard("x86") as seen:
        room = seen.app.panels.numbered(CONSOLE).scrollable_content_region.width
        assert max(map(len, seen.lines(CONSOLE))) <= room
