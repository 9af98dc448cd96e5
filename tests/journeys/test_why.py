"""The window of ``w``: the verdict, the gates, and who wrote each of them last."""

from __future__ import annotations

import asyncio

import pytest
from dashboard import booted, dashboard
from textual.color import Color

from kerneltui.debugger.session import Session
from kerneltui.export.explanation import gate_text
from kerneltui.scenarios.changes import Changes
from kerneltui.scenarios.scenario import open_session
from kerneltui.tui.screens import why as why_module
from kerneltui.tui.screens.why import WhyScreen

MS = 1_000_000
SIZES = pytest.mark.parametrize("size", [(140, 40), (80, 24)])
INTERRUPTS = "2"


def opened(board, *pokes, at=2_000 * MS, scenario="timer-callbacks"):
    session = open_session(board, scenario, Changes(pokes=pokes))
    session.boot()
    session.run_until(at)
    return session


def text(seen, name):
    return " ".join(str(seen.app.screen.query_one(f"#{name}").content).split())


async def writer(seen):
    """What the window says when it has looked."""
    await seen.until(lambda: not text(seen, "writer").startswith("Looking"))
    await seen.painted()
    return text(seen, "writer")


async def highlight(seen, words):
    """Go to the gate whose row has these words."""
    gates = seen.app.screen.query_one("OptionList")
    for _ in gates.options:
        row = str(gates.highlighted_option.prompt)
        if words in row:
            return
        await seen.press("down")
    raise AssertionError(f"no gate {words}")


@SIZES
async def test_the_window_shows_verdict_gates_details_and_the_writer(size):
    async with dashboard(session=opened("rpi4", "1.5s:GICC_PMR=0"), size=size) as seen:
        await seen.press(INTERRUPTS, "w")
        assert await writer(seen) == "Last written by your poke at 1.500 000 000 s"
        screen = seen.screen()
        assert "irq 30 cannot arrive" in screen
        assert "✗ passes the mask" in screen
        assert sum(row.count("✓ ") for row in screen.split("\n")) >= 4
        assert "It needs a mask number above 0x00" in screen
        assert "Last written by your poke at 1.500 000 000 s" in screen
        assert ("g goes there" if size[0] == 80 else "g goes to the write") in screen


@pytest.mark.parametrize(
    ("board", "size"), [("rpi3", (80, 24)), ("rpi4", (140, 40)), ("x86", (80, 24))]
)
async def test_every_gate_tells_who_wrote_it(board, size):
    async with dashboard(session=opened(board), size=size) as seen:
        await seen.press("7", "home", "w")
        screen = seen.app.screen
        assert isinstance(screen, WhyScreen)
        gates = screen.query_one("OptionList")
        told = {}
        for place, option in enumerate(gates.options):
            if option.id is not None:
                gates.highlighted = place
                await seen.painted()
                told[option.id] = await writer(seen)
        assert len(told) == len(screen._gates)
        for ident, (_, gate) in screen._gates.items():
            assert (told[ident] == "No register: nobody writes it") == (gate.spot is None), (
                gate_text(screen._told, gate)
            )
            assert told[ident].startswith(
                ("Last written by ", "Written by nobody", "Set by the hardware", "No register")
            )


async def test_g_goes_to_the_store_and_backspace_comes_back():
    async with dashboard(session=opened("rpi4")) as seen:
        here = seen.session.here
        await seen.press(INTERRUPTS, "w")
        await highlight(seen, "GICC_PMR")
        assert "Gicv2.init_core (kernel/drivers/gicv2.py:" in await writer(seen)
        await seen.press("g")
        assert len(seen.app.screen_stack) == 1
        # Just after the store, at boot.
        last = seen.session.recorder.events[-1]
        assert last[3:5] == ("str", 0xFF84_2004)
        assert seen.session.here.retired == last[0] + 1
        await seen.press("backspace")
        assert seen.session.here == here


@pytest.mark.parametrize("when", ["1.5s", "2s"])
async def test_g_goes_to_a_poke_that_had_its_time(when):
    session = opened("rpi4", f"{when}:GICC_PMR=0", at=2_500 * MS)
    async with dashboard(session=session) as seen:
        await seen.press(INTERRUPTS, "w")
        await writer(seen)
        await seen.press("g")
        assert seen.session.machine.memory.peek(0xFF84_2004, 4) == 0
        assert seen.now == float(when[:-1]) * 1_000 * MS
        await seen.press("backspace")
        assert seen.now == 2_500 * MS


async def test_g_goes_to_a_poke_of_a_person():
    session = booted("rpi4")
    session.next_interrupt()
    session.step()
    session.poke("GICC_PMR=0", 0)
    poked_at = session.here
    session.run_until(1_500 * MS)
    async with dashboard(session=session) as seen:
        await seen.press(INTERRUPTS, "w")
        assert (await writer(seen)).startswith("Last written by your poke at ")
        await seen.press("g")
        assert seen.session.here == poked_at
        assert seen.session.machine.memory.peek(0xFF84_2004, 4) == 0
        *_, poke = (event for event in seen.session.recorder.events if event[3] == "poke")
        assert seen.session.is_just_after(poke)
        await seen.press("backspace")
        assert seen.now == 1_500 * MS


async def test_g_waits_for_what_is_looked_for(monkeypatch):
    monkeypatch.setattr(why_module, "PAUSE_S", 0.2)
    async with dashboard(session=opened("rpi4", "1.5s:GICC_PMR=0")) as seen:
        await seen.press(INTERRUPTS, "w", "g")
        await seen.until(lambda: len(seen.app.screen_stack) == 1)
        await seen.until(lambda: seen.now == 1_500 * MS)


async def test_g_says_where_there_is_no_moment():
    async with dashboard(session=opened("rpi4"), notifications=True) as seen:
        await seen.press(INTERRUPTS, "w")
        for words, said in (("pending", "Written by nobody since reset"),
                            ("core is on", "No register: nobody writes it")):  # fmt: skip
            await highlight(seen, words)
            assert await writer(seen) == said
            await seen.press("g")
            await seen.until(lambda: "Nobody has changed it since reset" in seen.screen())
            assert isinstance(seen.app.screen, WhyScreen)
            seen.app.clear_notifications()
            await seen.press("home")


async def test_a_search_ends_when_the_highlight_moves_or_the_window_closes(monkeypatch):
    """Otherwise searches would go on one beside the other, and after the window."""
    monkeypatch.setattr(why_module, "SLICE_S", 0.001)
    begun, ended, slices = [], [], []

    def endless(session: Session, place):
        begun.append(place)
        try:
            while True:
                slices.append(place)
                yield session.here
        finally:
            ended.append(place)

    monkeypatch.setattr("kerneltui.debugger.writers.find_writer", lambda *place: endless(
        seen.session, place))  # fmt: skip
    async with dashboard(session=opened("rpi4")) as seen:
        await seen.press(INTERRUPTS, "w")
        await seen.until(lambda: slices)
        assert text(seen, "writer").startswith("Looking who wrote it last …")
        await seen.press("up")
        await seen.until(lambda: len(begun) == 2)
        assert ended == begun[:1]
        await seen.press("escape")
        await seen.until(lambda: len(ended) == 2)
        count = len(slices)
        await asyncio.sleep(0.05)
        assert len(slices) == count


async def test_a_machine_that_runs_is_asked_too_and_halts_for_the_answer():
    async with dashboard(session=opened("rpi4", "1.5s:GICC_PMR=0"), notifications=True) as seen:
        await seen.press(INTERRUPTS, "space")
        assert seen.app.runner.running
        await seen.press("h")
        assert not seen.app.runner.running  # what it holds now is told there
        await seen.press("escape", "space", "w")
        assert not seen.app.runner.running
        assert seen.session.last_stop == "paused"
        assert await writer(seen) == "Last written by your poke at 1.500 000 000 s"
        await seen.press("g")
        assert not seen.app.runner.running
        assert seen.now == 1_500 * MS


async def test_w_on_a_register_that_decides_begins_at_its_gate():
    async with dashboard(session=opened("rpi4")) as seen:
        await seen.press("1")
        await seen.write("/")
        await seen.write("GICC_PMR")
        await seen.press("enter", "home", "down")
        row = seen.app.arrangement.current.row_text
        await seen.press("w")
        gates = seen.app.screen.query_one("OptionList")
        assert "GICC_PMR" in row
        assert "GICC_PMR.Priority" in str(gates.highlighted_option.prompt)
        assert "irq 30 is due in" in text(seen, "verdict")


async def test_leaving_ends_a_search(monkeypatch):
    monkeypatch.setattr(why_module, "PAUSE_S", 0.0)
    monkeypatch.setattr(why_module, "SLICE_S", 0.001)

    def endless(history, *_):
        while True:
            yield history.here

    monkeypatch.setattr("kerneltui.debugger.writers.find_writer", endless)
    async with dashboard(session=opened("rpi4")) as seen:
        await seen.press(INTERRUPTS, "w")
        await seen.until(lambda: " at 2.0" in text(seen, "writer"))
        seen.app.exit(0)
        await asyncio.sleep(0.05)
    assert seen.app.return_code == 0


@SIZES
async def test_m_mends_it_and_it_arrives(size):
    session = opened("rpi4", "1.5s:GICC_PMR=0", at=2_100 * MS)
    async with dashboard(session=session, size=size) as seen:
        before = session.here
        await seen.press(INTERRUPTS, "w")
        await seen.until(lambda: isinstance(seen.app.screen, WhyScreen))
        await seen.until(lambda: "Mend: GICC_PMR" in seen.screen())
        await seen.press("m")
        await seen.until(lambda: session.machine.memory.read(0xFF84_2004) == 0xF8)
        await seen.go("i")
        assert session.machine.core.depth == 1
        assert session.here.now_ns - before.now_ns < 1_000


async def test_a_mend_in_the_past_asks_first():
    session = opened("rpi4", "1.5s:GICC_PMR=0", at=2_200 * MS)
    session.go_to_time(2_100 * MS)
    end = session.history.end
    async with dashboard(session=session, keys=[INTERRUPTS, "w", "m"]) as seen:
        assert "You are in the past" in seen.screen()
        await seen.press("enter")  # stays
        assert session.history.end == end
        await seen.press("w", "m", "down", "enter")
        assert session.history.end < end
        assert session.machine.memory.read(0xFF84_2004) == 0xF8


async def test_a_long_row_goes_on_below_and_says_what_its_value_means():
    async with dashboard("rpi3", size=(80, 24)) as seen:
        await seen.press(INTERRUPTS, "w")
        await writer(seen)
        rows = [row.strip("│┃ ") for row in seen.screen().splitlines()]
        place = next(n for n, row in enumerate(rows) if "routed to IRQ" in row)
        assert rows[place + 1].endswith("CORE0_TIMER_INTERRUPT_CONTROL.CNTPNSIRQ_IRQ = 1")
    async with dashboard("rpi4", size=(140, 40)) as seen:
        await seen.press(INTERRUPTS, "w")
        await writer(seen)
        assert "GICC_HPPIR.PENDINTID = 0x3ff (none to take)" in seen.screen()
        assert "ARM Architectural Timer, has run 0 times" in seen.screen()


async def test_g_is_offered_only_where_somebody_has_written():
    async with dashboard("rpi4") as seen:
        await seen.press(INTERRUPTS, "w")
        offers = []
        for _ in range(12):
            said = await writer(seen)
            offers.append("g goes to the write" in seen.screen())
            assert offers[-1] is said.startswith("Last written"), said
            await seen.press("down")
        assert {*offers} == {True, False}


@pytest.mark.parametrize("theme", ["textual-dark", "projector-dark", "projector-light"])
async def test_the_gate_that_is_shut_can_be_read_where_it_is_highlighted(theme):
    session = opened("rpi4", "1.5s:GICC_PMR=0")
    async with dashboard(session=session, theme=theme) as seen:
        await seen.press(INTERRUPTS, "w")
        rows = seen.app.screen._compositor.render_strips()
        row = next(row for row in rows if "✗ passes the mask" in row.text)
        style = next(piece.style for piece in row if "passes the mask" in piece.text)
        back, front = (Color.from_rich_color(item) for item in (style.bgcolor, style.color))
        darker, lighter = sorted(_luminance(item) for item in (back, front))
        assert (lighter + 0.05) / (darker + 0.05) > 3


def _luminance(color):
    """As WCAG 2.1 has it."""
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
             for part in color.normalized]  # fmt: skip
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
