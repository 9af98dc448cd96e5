"""After a command that has waited in vain the path and ``w`` are about what it waited for."""

from __future__ import annotations

import pytest
from dashboard import booted, dashboard

from kerneltui.debugger.naming import timer_interrupt
from kerneltui.debugger.references import InterruptReference

SIZES = pytest.mark.parametrize("size", [(140, 40), (80, 24)], ids=["140x40", "80x24"])
UART = InterruptReference("gic", "gic", 153)


@SIZES
async def test_n_that_waits_in_vain_is_about_the_timer(size):
    async with dashboard(size=size, with_path=True, keys=["n"]) as seen:
        session = seen.session
        session.poke("GICC_PMR=0", 0)
        session.type(b"hi")
        while seen.app.panels.path.interrupt != UART:
            await seen.go("full_stop")
        await seen.go("n")
        assert session.last_stop == "no timer event in 10 s"
        timer = timer_interrupt(session.machine, session.inspector)
        assert seen.app.panels.path.interrupt == timer
        text = " ".join(seen.screen().split())
        assert "NO TIMER EVENT" in text
        assert "gic irq 30" in text
        await seen.press("w")
        await seen.until(lambda: "Why: irq 30" in seen.screen())
        assert "GICC_PMR.Priority=0xff" in seen.screen()
        await seen.press("escape")
        await seen.go("comma")
        assert "NO TIMER EVENT" not in seen.screen()


async def test_an_event_that_comes_is_told_as_ever():
    async with dashboard(size=(80, 24), with_path=True) as seen:
        await seen.go("n")
        assert "NO TIMER EVENT" not in seen.screen()
        assert "STEP" in seen.screen()


def test_a_store_after_it_is_told_and_then_what_comes_of_it():
    session = booted("rpi4", "fault-pmr")
    session.follows_story = True
    session.advance(session.timer_event_goal)
    assert session.view(frozenset({"path"})).path.heading == "NO TIMER EVENT"
    session.poke("GICC_PMR.Priority=0xff")
    told = session.view(frozenset({"path"})).path
    assert told.heading == "A STORE BY YOU"
    assert "GICC_PMR.Priority=0xff" in told.sentence
    session.advance(session.timer_event_goal)
    assert session.view(frozenset({"path"})).path.heading.startswith("STEP")
