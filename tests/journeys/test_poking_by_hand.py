"""The key `e`: it asks for a new value of what is under the cursor, and pokes it."""

from __future__ import annotations

import pytest
from dashboard import CONSOLE, TRACE, booted, dashboard

from kerneltui.debugger.by_hand import setting
from kerneltui.debugger.references import (
    FieldReference,
    InterruptReference,
    LineReference,
    RegisterReference,
)
from kerneltui.scenarios.changes import Changes
from kerneltui.scenarios.scenario import open_session
from kerneltui.tui.screens.edit import EditScreen
from kerneltui.tui.screens.why import WhyScreen

MS = 1_000_000
PMR = RegisterReference("gic", "GICC", "GICC_PMR")
PMR_AT = 0xFF84_2004
SIZES = pytest.mark.parametrize("size", [(140, 40), (80, 24)])


async def point_at(seen, panel, thing):
    """Put the cursor of a panel on something."""
    await seen.press(seen.app.panels.numbered(panel).KIND.key)
    seen.app.panels.numbered(panel).reveal(thing)
    seen.app.panels.numbered(panel).seek(thing)
    await seen.painted()
    assert seen.app.under_cursor == thing


async def write_anew(seen, text):
    """In place of what stands in the box."""
    await seen.press("end", "ctrl+u")
    await seen.write(text)


def asks(seen):
    return isinstance(seen.app.screen, EditScreen)


def pokes(seen):
    session = seen.session
    return [session.names.as_text(it) for it in session.recorder.events if it[3] == "poke"]


def peeked(seen):
    return seen.session.machine.memory.peek(PMR_AT, 4)


@SIZES
async def test_a_register_is_shown_asked_for_and_poked_in_no_time(size):
    async with dashboard("rpi4", size=size) as seen:
        before = seen.now, seen.session.machine.core.retired
        await point_at(seen, 1, PMR)
        await seen.press("e")
        assert asks(seen)
        screen = seen.screen()
        for words in (
            "Poke GICC_PMR of gic", "0xf8 = 248 = 0b1111_1000", "1111 1000",
            "New value, 0 to 0xffffffff", "Only interrupts of higher priority",
        ):  # fmt: skip
            assert words in screen, words
        await write_anew(seen, "0x40")
        assert "0x40 = 64 = 0b100_0000" in seen.screen()
        await seen.press("enter")
        assert not asks(seen)
        assert peeked(seen) == 0x40
        assert pokes(seen) == ["poke GICC_PMR = 0x40, by you"]
        assert (seen.now, seen.session.machine.core.retired) == before


async def test_a_register_under_the_cursor_stays_when_it_gets_its_reset_value():
    async with dashboard("rpi4") as seen:
        panel = seen.app.panels.registers
        seen.app.show_panel(panel.KIND)
        panel.seek(PMR)
        await seen.painted()
        await seen.press("e")
        await write_anew(seen, "0")
        await seen.press("enter", "s", "s")
        assert peeked(seen) == 0
        assert seen.app.under_cursor == PMR
        assert "GICC_PMR" in seen.screen()
        await seen.press("b")
        panel.seek(RegisterReference("gic", "GICC", "GICC_CTLR"))
        await seen.press("s", "s")
        assert seen.app.under_cursor != PMR
        assert any("GICC_PMR" in piece[0] for line in panel.lines for piece in line), "breakpoint"


@SIZES
async def test_a_field_leaves_the_other_bits(size):
    field = FieldReference(RegisterReference("gic", "GICD", "GICD_CTLR"), "EnableGrp1")
    async with dashboard("rpi4", size=size) as seen:
        await point_at(seen, 1, field)
        await seen.press("e")
        assert "enables" in seen.screen() or "Forward pending group 1" in seen.screen()
        await write_anew(seen, "0b1")
        await seen.press("enter")
        assert seen.session.machine.memory.peek(0xFF84_1000, 4) == 3
        assert pokes(seen) == ["poke GICD_CTLR.EnableGrp1 = 0x1, by you"]


@SIZES
async def test_wrong_input_is_told_and_the_dialog_stays_until_esc(size):
    async with dashboard("rpi4", size=size) as seen:
        await point_at(seen, 1, PMR)
        await seen.press("e")
        for wrong, said in (
            ("ten", "'ten' is not a number; write it like 10, 0x0a or 0b1010."),
            ("0x100000000", "does not fit into GICC_PMR, which has 32 bits."),
            ("", "A value is missing; write"),
        ):
            await write_anew(seen, wrong)
            await seen.press("enter")
            assert asks(seen)
            assert said in " ".join(seen.screen().split())
        await seen.press("escape")
        assert not asks(seen)
        assert peeked(seen) == 0xF8
        assert pokes(seen) == []


async def test_what_is_read_only_is_refused_before_anything_is_asked():
    status = FieldReference(RegisterReference("uart0", "PL011", "UARTRIS"), "RXRIS")
    async with dashboard("rpi4", notifications=True) as seen:
        await point_at(seen, 1, status)
        await seen.press("e")
        assert not asks(seen)
        said = " ".join(note.message for note in seen.app._notifications)
        assert said == (
            "UARTRIS.RXRIS is read-only (RO): the hardware alone sets it; a store to UARTICR "
            "changes it."
        )


@SIZES
async def test_a_line_of_the_trace_is_driven(size):
    session = booted("rpi4")
    session.next_timer_event()
    async with dashboard(session=session, size=size) as seen:
        await point_at(seen, TRACE, LineReference("timer.cntpnsirq0"))
        await seen.press("e")
        assert "New level: 0 is low, 1 is high" in seen.screen()
        await write_anew(seen, "2")
        await seen.press("enter")
        assert "2 is no level of a line" in " ".join(seen.screen().split())
        await write_anew(seen, "1")
        await seen.press("enter")
        assert pokes(seen) == ["poke timer.cntpnsirq0 = 1, by you"]
        taken = seen.session.machine.core.interrupts_taken
        await seen.press("i")
        await seen.arrived()
        assert seen.session.machine.core.interrupts_taken == taken + 1
        assert seen.now < session.machine.now + MS


@SIZES
async def test_a_wire_of_the_signal_path_is_driven(size):
    async with dashboard("rpi4", size=size, with_path=True) as seen:
        path = seen.app.panels.path
        path.seek(LineReference("timer.cntpnsirq0"))
        await seen.painted()
        assert seen.app.under_cursor == LineReference("timer.cntpnsirq0")
        await seen.press("e")
        assert asks(seen)
        await write_anew(seen, "1")
        await seen.press("enter")
        assert pokes(seen) == ["poke timer.cntpnsirq0 = 1, by you"]


@SIZES
@pytest.mark.parametrize(
    ("board", "of", "line"),
    [
        ("rpi4", ("gic", "gic", 153), "uart0.irq"),
        ("rpi4", ("gic", "gic", 30), "timer.cntpnsirq0"),
        ("rpi3", ("ic", "peripheral", 57), "uart0.irq"),
        ("x86", ("ioapic0", "gsi", 4), "uart0.irq"),
    ],
)
async def test_an_interrupt_is_driven_by_its_line(board, of, line, size):
    async with dashboard(board, size=size, notifications=True) as seen:
        await point_at(seen, 2, InterruptReference(*of))
        await seen.press("e")
        assert "New level: 0 is low, 1 is high" in seen.screen()
        assert line in seen.screen()
        await write_anew(seen, "1")
        await seen.press("enter")
        assert pokes(seen) == [f"poke {line} = 1, by you"]
        await seen.until(lambda: seen.app._notifications)
        assert [note.message for note in seen.app._notifications] == [f"You drove {line} high."]


def test_a_vector_is_driven_by_the_line_behind_its_message():
    session = booted("x86")
    assert setting(session, InterruptReference("lapic", "vector", 0x34)).target == "uart0.irq"


async def test_an_interrupt_without_a_line_says_so():
    async with dashboard(scenario="ipi", notifications=True) as seen:
        await point_at(seen, 2, InterruptReference("gic", "gic", 1))
        await seen.press("e")
        assert not asks(seen)
        await seen.until(lambda: seen.app._notifications)
        (note,) = seen.app._notifications
        assert note.message == "No line leads to irq 1 of gic: there is none to drive."


@SIZES
async def test_in_the_past_it_asks_first_and_the_future_is_forgotten(size):
    session = booted("rpi4")
    session.run_until(1_500 * MS)
    session.go_to_time(1_200 * MS)
    async with dashboard(session=session, size=size) as seen:
        await point_at(seen, 1, PMR)
        for answer, held in (("enter", 0xF8), ("down", 0)):
            await seen.press("e")
            await write_anew(seen, "0")
            await seen.press("enter")
            await seen.until(lambda: "You are in the past" in seen.screen())
            await seen.press(answer)
            if answer == "down":
                await seen.press("enter")
            assert peeked(seen) == held
            assert seen.session.history.in_past == (held != 0)


async def test_a_machine_that_runs_is_paused_for_the_question():
    async with dashboard("rpi4") as seen:
        await point_at(seen, 1, PMR)
        await seen.press("space")
        assert seen.app.runner.running
        await seen.press("e")
        assert asks(seen)
        assert not seen.app.runner.running


@SIZES
async def test_bytes_are_typed_from_the_console(size):
    async with dashboard("rpi4", size=size) as seen:
        await seen.press("4", "e")
        assert "text in quotes" in seen.screen()
        await write_anew(seen, "xyz")
        await seen.press("enter")
        assert "'xyz' is no byte" in seen.screen()
        await write_anew(seen, '41 "bc" 0d')
        assert "4 bytes: 41 62 63 0d" in seen.screen()
        await seen.press("enter")
        assert seen.session.machine.terminal.waiting == 4
        seen.session.run_until(seen.now + 20 * MS)
        assert "Abc" in "".join(seen.console())
        assert seen.app.panels.numbered(CONSOLE).typing is False


@SIZES
async def test_a_gate_of_the_why_window_is_poked(size):
    session = open_session("rpi4", "timer-callbacks", Changes(pokes=("1.5s:GICC_PMR=0",)))
    session.boot()
    session.run_until(2_100 * MS)
    async with dashboard(session=session, size=size) as seen:
        await seen.press("2", "w")
        assert isinstance(seen.app.screen, WhyScreen)
        await seen.press("e")
        assert "Poke Priority in GICC_PMR of gic" in seen.screen()
        await write_anew(seen, "0xff")
        await seen.press("enter")
        assert peeked(seen) == 0xF8
        await seen.press("i")
        await seen.arrived()
        assert seen.now < 2_101 * MS


async def test_elsewhere_it_says_what_it_is_for():
    async with dashboard("rpi4", notifications=True) as seen:
        await seen.press("3", "e")
        assert not asks(seen)
        said = " ".join(note.message for note in seen.app._notifications)
        assert said.startswith("Put the cursor on a register, a field, a line or an interrupt")


@SIZES
async def test_the_timeline_marks_pokes_and_enter_goes_there(size):
    session = booted("rpi4")
    session.run_until(1_100 * MS)
    session.poke("uart0.irq=1")
    session.run_until(1_150 * MS)
    async with dashboard(session=session, size=size) as seen:
        await seen.press("t")
        screen = seen.screen()
        assert screen.count("▼") == 2, "the mark and the legend"
        assert "▼ poke" in screen
        await seen.press("home", "down", "enter")
        assert seen.now == 1_100 * MS
        assert pokes(seen) == ["poke uart0.irq = 1, by you"]


async def test_the_why_window_tells_who_has_driven_a_line_and_goes_there():
    session = booted("rpi4")
    session.run_until(1_100 * MS)
    session.poke("DAIF.I=1", 0)
    session.poke("uart0.irq=1")
    session.run_until(1_100 * MS + 1_000)  # masked, a wait does not last
    async with dashboard(session=session) as seen:
        await point_at(seen, TRACE, LineReference("uart0.irq"))
        await seen.press("w", "home")
        driven = "Driven by your poke at 1.100 000 000 s".lower()
        await seen.until(lambda: driven in seen.screen().lower())
        await seen.press("g")
        await seen.until(lambda: seen.now == 1_100 * MS)
        assert pokes(seen)[-1] == "poke uart0.irq = 1, by you"
