"""What the dashboard says of what a person has done and set: in full, and not for too long."""

from __future__ import annotations

import re

import pytest
from dashboard import dashboard

from kerneltui.debugger.meaning.stored import all_in_words

SMALL = (80, 24)


def notes(seen):
    return [note.message for note in seen.app._notifications]


def plain(seen):
    """The screen in words, whatever the lines are."""
    return " ".join(re.sub("[│┃─╭╰]", " ", seen.screen()).split())


async def typed_and_run(seen, text):
    """Each letter a key of its own, at another moment."""
    seen.session.run_until(seen.now + 20_000_000)
    for letter in text:
        seen.session.type(letter.encode())
        seen.session.run_until(seen.now + 20_000_000)
    seen.app.given = seen.session.history.given


async def test_what_was_typed_together_is_told_as_one():
    async with dashboard(size=(140, 40), notifications=True) as seen:
        await typed_and_run(seen, "hello\r")
        seen.session.poke("GICC_PMR=0xf0", 0)
        await typed_and_run(seen, "me")
        given = seen.session.history.inputs
        hello, stored, me = all_in_words(given)
        start = given[0].position.now_ns / 1e9
        assert hello == f"you typed 'hello\\n' from {start:.3f} s on"
        assert stored.startswith("you stored 0xf0 to GICC_PMR at ")
        assert me.startswith("you typed 'me' from ")
        await seen.press("r")
        await seen.until(lambda: notes(seen))
        assert notes(seen)[0].startswith(f"Still to come: {hello}, and 2 more. ")
        await seen.choose_in_palette("forget what")
        await seen.until(lambda: "Undo" in seen.screen())
        text = plain(seen)
        assert "you typed 'hello\\n' from" in text
        assert "you typed 'e'" not in text


async def test_what_was_typed_at_one_moment_has_that_moment():
    async with dashboard() as seen:
        seen.session.type(b"a")
        seen.session.type(b"b")
        (said,) = all_in_words(seen.session.history.inputs)
        assert said.startswith("you typed 'ab' at ")


@pytest.mark.parametrize("key", ["full_stop", "down", "s"])
async def test_what_belongs_to_one_moment_goes_with_the_next_command(key):
    async with dashboard(notifications=True, keys=["n"]) as seen:
        seen.app.poke_now(("GICC_PMR=0xf0",))
        await seen.until(lambda: notes(seen))
        assert notes(seen) == ["You stored 0xf0 to GICC_PMR."]
        await seen.press(key)
        assert notes(seen) == []
        await seen.go("n", "r")
        await seen.until(lambda: notes(seen))
        assert notes(seen)[0].startswith("Still to come")
        await seen.go("n")
        await seen.until(lambda: notes(seen))
        assert notes(seen)[0].startswith("Done again")
        await seen.press(key)
        assert notes(seen) == []
        await seen.choose_in_palette("undo")
        await seen.press("down", "enter")
        await seen.until(lambda: notes(seen))
        assert notes(seen)[0].startswith("Undone")
        await seen.press(key)
        assert notes(seen) == []


async def test_a_breakpoint_for_one_hit_says_that_it_is_gone():
    async with dashboard(notifications=True) as seen:
        session = seen.session
        session.breakpoints.add(session.machine, "irq 30 taken once")
        session.breakpoints.add(session.machine, "irq 30 taken")
        await seen.go("space")
        (note,) = notes(seen)
        once, stays = note.splitlines()
        assert once.endswith(" s. Breakpoint 1 was for one hit, so it is deleted.")
        assert "deleted" not in stays
        assert [number for number, _ in session.breakpoints] == [2]


async def test_what_ignore_means_is_said_where_it_is_listed_and_written():
    async with dashboard(size=SMALL) as seen:
        session = seen.session
        session.breakpoints.add(session.machine, "irq 30 taken ignore 3")
        session.breakpoints.add(session.machine, "irq 30 ended ignore 1")
        await seen.press("B")
        text = plain(seen)
        assert "(passes over the first 3 hits of each" in text  # and wraps
        assert "(passes over the first hit of each" in text
        await seen.press("enter")
        await seen.press("pagedown", "pagedown")
        assert "passes over the first N hits of each run" in seen.screen()


async def test_back_to_a_hit_says_how_many_were_passed_over():
    async with dashboard(notifications=True) as seen:
        session = seen.session
        await seen.go("n", "n")
        session.breakpoints.add(session.machine, "irq 30 taken ignore 5")
        await seen.go("R")
        await seen.until(lambda: notes(seen))
        assert notes(seen) == [
            "2 hits were passed over, as 'ignore' says; no other one was before this."
        ]
        session.breakpoints.clear()
        session.breakpoints.add(session.machine, "timeout nothing")
        await seen.go("R")
        await seen.until(lambda: len(notes(seen)) > 1)
        assert notes(seen)[-1] == "No breakpoint was hit before this moment."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("write CNTP_CTL_EL0 if ENABLE == 0 ignore 1",
         "'ignore' stands before 'if', as in write CNTP_CTL_EL0 ignore 1 if ENABLE == 0"),
        ("write CNTP_CTL_EL0 if ENABLE == 0 once", "Column 35: 'once' stands before 'if'"),
        ("write CNTP_CTL_EL0 if ENABLE == 0 core 0", "Column 35: 'core' stands before 'if'"),
        ("write NOPE == 3", "Column 7: no register 'NOPE'"),
        ("change NOPE.X = 3", "Column 8: no register 'NOPE'"),
        ("line nope == 1", "Column 6: there is no line 'nope'"),
        ("write GICC_PMR == 3", "Column 16: a condition stands behind 'if', as in: if core == 0"),
        ("write GICC_PMR twice", "Column 16: 'twice' is too much"),
    ],
)  # fmt: skip
async def test_the_editor_says_what_is_wrong_and_one_goes_on_writing(text, said):
    async with dashboard(size=(140, 40), keys=["B", "n"]) as seen:
        box = seen.app.focused
        box.value = text
        await seen.press("enter")
        assert said in plain(seen)
        assert box.cursor_position == len(text)


async def test_page_down_scrolls_the_rules():
    async with dashboard(size=SMALL, keys=["B", "n"]) as seen:
        assert "Names:" not in seen.screen()
        await seen.press("pagedown", "pagedown", "pagedown")
        assert "(CNTP_CTL_EL0.IMASK" in seen.screen()
        await seen.press("pageup", "pageup", "pageup")
        assert "write REGISTER" in seen.screen()
