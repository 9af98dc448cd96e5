"""The key ``v``: it marks a moment, and elsewhere shows what differs from it."""

import re

import pytest
from dashboard import booted, dashboard

from kerneltui.debugger.references import (
    ConsoleReference,
    InterruptReference,
    RegisterReference,
    TaskReference,
    TimeoutReference,
)
from kerneltui.scenarios.scenario import open_session
from kerneltui.tui.panels.console import ConsolePanel
from kerneltui.tui.panels.interrupts import InterruptsPanel
from kerneltui.tui.panels.registers import RegistersPanel
from kerneltui.tui.panels.tasks import TasksPanel
from kerneltui.tui.panels.timeouts import TimeoutsPanel
from kerneltui.tui.screens.difference import DifferenceScreen, fold

SIZES = pytest.mark.parametrize("size", [(140, 40), (80, 24)])
S = 1_000_000_000


def said(seen):
    return [note.message for note in seen.app._notifications]


def is_open(seen):
    return isinstance(seen.app.screen, DifferenceScreen)


def title(seen):
    return str(seen.app.screen.query_one("#dialog").border_title)


def prompts(seen):
    return [str(option.prompt) for option in seen.app.screen.query_one("OptionList").options]


async def choose(seen, words):
    """Enter on the row with these words."""
    listed = seen.app.screen.query_one("OptionList")
    for _ in listed.options:
        if words in str(listed.highlighted_option.prompt):
            await seen.press("enter")
            return
        await seen.press("down")
    raise AssertionError(f"no row {words}")


@SIZES
async def test_the_second_v_shows_what_differs_from_the_mark(size):
    async with dashboard(size=size, notifications=True) as seen:
        step, start = seen.session.here.retired, seen.session.moment()
        await seen.press("v")
        assert said(seen) == [f"Marked t 0.008 636 630 s, #{step}; v again shows what differs."]
        assert seen.session.moment() == start
        await seen.press("n")
        await seen.arrived()
        await seen.press("v")
        assert is_open(seen)
        here = seen.session.here
        assert title(seen).startswith(f"0.008 636 630 s, #{step} → 1.008 ")
        assert title(seen).endswith(f"#{here.retired}")
        rows = " ".join(" ".join(prompts(seen)).split())
        assert (
            "Registers of timer, GENERIC_TIMER, core 0 CNTP_CVAL_EL0 033ec91f -> 0676c29f" in rows
        )
        assert "irq 30 of gic handled 0 -> 1" in rows
        assert "due 1.008 266 055 s -> 2.008 266 055 s" in rows
        assert "(none) -> [ 1.008266] Periodic 1 sec" in rows
        screen = " ".join(seen.screen().replace("│", " ").split())
        assert "Time passed: 999.967 ms; counters went on: CNTPCT_EL0 of timer," in screen
        assert max(len(line) for row in prompts(seen) for line in row.split("\n")) <= size[0] * 0.9
        await seen.press("v")
        assert not is_open(seen)
        assert seen.session.marked == start


async def test_the_earlier_moment_is_the_old_one_also_where_the_mark_lies_in_the_future():
    async with dashboard(keys=["n", "n"]) as seen:
        await seen.arrived()
        await seen.press("v")
        later = seen.session.here
        await seen.press("N")
        await seen.arrived()
        await seen.press("v")
        assert title(seen).endswith(f"#{later.retired}")
        assert "handled 1 -> 2" in " ".join(prompts(seen))


async def test_at_the_marked_moment_itself_v_says_so_whatever_the_way_there():
    async with dashboard(keys=["n"], notifications=True) as seen:
        await seen.arrived()
        await seen.press("v", "v")
        assert not is_open(seen)
        assert said(seen)[-1].startswith("This is the marked moment, t 1.008 ")
        seen.app.clear_notifications()
        await seen.press("n")
        await seen.arrived()
        await seen.press("N")
        await seen.arrived()
        await seen.press("v")
        assert not is_open(seen)
        assert said(seen)[-1].startswith("This is the marked moment, t 1.008 ")


async def test_a_poke_at_the_marked_moment_differs_though_no_time_has_passed():
    async with dashboard(keys=["v"]) as seen:
        seen.session.poke("GICC_PMR=0x10")
        await seen.press("v")
        assert "GICC_PMR  000000f8 -> 00000010, Priority 0xf8 -> 0x10" in " ".join(prompts(seen))
        assert "No time passed." in seen.screen()


async def test_only_time_differs_while_the_machine_sleeps():
    async with dashboard(keys=["v"]) as seen:
        seen.app.go_to("9ms")
        await seen.arrived()
        await seen.press("v")
        screen = " ".join(seen.screen().replace("│", " ").split())
        assert "Nothing differs. " in screen
        assert "Time passed: 363.37 us; counters went on: " in screen
        await seen.press("enter", "escape")
        assert not is_open(seen)


async def test_m_marks_anew():
    async with dashboard(keys=["v", "n"], notifications=True) as seen:
        await seen.arrived()
        await seen.press("v", "m")
        assert not is_open(seen)
        assert seen.session.marked.here == seen.session.here
        step = seen.session.here.retired
        assert said(seen) == [f"Marked t 1.008 603 746 s, #{step}; v again shows what differs."]


@pytest.mark.parametrize(("words", "panel", "reference"), [
    ("CNTP_CVAL_EL0  0", RegistersPanel, RegisterReference("timer", "GENERIC_TIMER",
                                                           "CNTP_CVAL_EL0")),
    ("irq 30 of gic", InterruptsPanel, InterruptReference("gic", "gic", 30)),
    ("the queue", TimeoutsPanel, None),
    ("'Periodic 1 sec'", TimeoutsPanel, TimeoutReference(3)),
    ("line 19", ConsolePanel, ConsoleReference(19)),
])  # fmt: skip
async def test_enter_goes_to_the_thing_in_its_panel(words, panel, reference):
    async with dashboard(keys=["v", "n"]) as seen:
        await seen.arrived()
        await seen.press("v")
        await choose(seen, words)
        current = seen.app.arrangement.current
        assert isinstance(current, panel)
        if reference is not None:
            await seen.until(lambda: seen.app.under_cursor == reference)


async def test_enter_on_a_task_shows_it():
    session = open_session("rpi4", "round-robin")
    session.boot()
    session.run_until(S // 2)
    async with dashboard(session=session, keys=["v", "i", "f"]) as seen:
        await seen.arrived()
        session.run_until(session.machine.now + S // 50)
        await seen.press("v")
        listed = [item for item in seen.app.screen._listed.values() if item.group == "Tasks"]
        task = next(item.thing for item in listed if item.thing.reference is not None)
        await choose(seen, task.label)
        assert isinstance(seen.app.arrangement.current, TasksPanel)
        await seen.until(lambda: seen.app.under_cursor == task.reference)
        assert isinstance(task.reference, TaskReference)


async def test_another_cores_copy_of_a_register_is_told():
    session = booted()
    async with dashboard(session=session, keys=["v"], notifications=True) as seen:
        seen.app.poke_now(("core1/GICC_PMR=0x10",))
        await seen.press("v")
        await choose(seen, "GICC_PMR")
        assert isinstance(seen.app.arrangement.current, RegistersPanel)
        await seen.until(lambda: len(said(seen)) > 0)
        words = "This was about core 1; the panel shows what core 0 sees."
    assert any(text.startswith(words) for text in said(seen))


async def test_v_while_it_runs_pauses_at_the_second_time():
    async with dashboard(keys=["space", "v"]) as seen:
        assert seen.app.runner.running
        marked = seen.session.marked.here
        await seen.until(lambda: seen.session.here > marked)
        await seen.press("v")
        assert is_open(seen)
        assert not seen.app.runner.running
        assert "paused" in seen.status()


# -- the mark stays, or goes -----------------------------------------------------------------------


async def test_typing_in_the_past_drops_a_mark_that_lies_after_it_and_says_so():
    async with dashboard(keys=["n", "n"], notifications=True) as seen:
        await seen.arrived()
        await seen.press("v", "N", "N")
        await seen.arrived()
        assert seen.session.marked is not None
        seen.app.type_now(b"x")
        await seen.painted()
        assert seen.session.marked is None
        assert said(seen)[-1] == "The marked moment will not come any more, so the mark is gone."


async def test_a_poke_in_the_past_keeps_a_mark_that_lies_before_it():
    async with dashboard(keys=["n", "v", "n", "n", "N"], notifications=True) as seen:
        await seen.arrived()
        marked = seen.session.marked
        seen.app.poke_now(("GICC_PMR=0x10",))
        await seen.painted()
        assert seen.session.marked is marked
        assert "gone" not in " ".join(said(seen))
        await seen.press("v")
        assert re.search(r"GICC_PMR +000000f8 -> 00000010", " ".join(prompts(seen)))


async def test_a_poke_in_the_past_drops_a_mark_that_lies_after_it_and_says_so():
    async with dashboard(keys=["n", "v", "N"], notifications=True) as seen:
        await seen.arrived()
        await seen.press("S")
        await seen.arrived()
        seen.app.poke_now(("GICC_PMR=0x10",))
        await seen.painted()
        assert seen.session.marked is None
        assert any("the mark is gone" in words for words in said(seen))


async def test_a_new_session_has_no_mark():
    async with dashboard(keys=["v"], notifications=True) as seen:
        seen.app.use(open_session("rpi3", "timer-callbacks"), "rpi3", None)
        await seen.painted()
        assert seen.session.marked is None
        await seen.press("v")
        assert not is_open(seen)
        assert said(seen)[-1].startswith("Marked t ")


def test_a_restarted_session_has_no_mark():
    session = booted()
    session.marked = session.moment()
    session.restart()
    assert session.marked is None


# -- rows ------------------------------------------------------------------------------------------


def test_changes_are_folded_between_facts_then_at_the_arrow():
    pieces = ["00000001 -> 00000003", "IMASK 0 -> 1", "due 1.008 266 056 s -> 2.008 266 056 s"]
    assert fold(pieces, 36) == ["00000001 -> 00000003, IMASK 0 -> 1,",
                                "due 1.008 266 056 s -> 2.008 266 056 s"[:22],
                                "2.008 266 056 s"]  # fmt: skip
    assert fold(pieces, 200) == [", ".join(pieces)]


async def test_of_thousands_of_rows_the_first_are_shown_and_the_others_counted():
    session = booted()
    async with dashboard(session=session, keys=["v"]) as seen:
        for byte in b"text\n" * 500:
            session.recorder.console.add(byte)
        await seen.press("v")
        assert len(prompts(seen)) == 1 + 200 + 1
        assert prompts(seen)[-1] == "  and 300 more, which kerneltui diff tells"
