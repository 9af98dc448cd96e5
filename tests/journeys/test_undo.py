"""Undoing what a person stored or typed: at the present, and where one has gone back over it."""

from __future__ import annotations

import pytest
from dashboard import booted, dashboard

from kerneltui.debugger.session import Session
from kerneltui.machine.poke import Poke
from kerneltui.tui.screens.choose import ChooseScreen

MS = 1_000_000
PMR = 0xFF84_2004


def mask_of(session):
    return session.machine.spaces["memory"].peek(PMR, 4, 0)


def faulty(until_ms=700) -> Session:
    session = booted("rpi4", "fault-pmr")
    session.run_until(until_ms * MS)
    return session


async def undo(seen, words, answer="down"):
    await seen.choose_in_palette(words)
    await seen.until(lambda: isinstance(seen.app.screen, ChooseScreen))
    await seen.press(*filter(None, (answer,)), "enter")


def test_taking_back_a_store_is_as_if_it_had_not_been():
    session, other = faulty(), faulty()
    here = session.here
    session.poke("GICC_PMR=0xff")
    assert mask_of(session) == 0xF8
    session.run_until(2_000 * MS)
    assert session.recorder.console.data != other.recorder.console.data
    session.take_back()
    assert (session.here, mask_of(session), session.typed) == (here, 0, [])
    assert not session.history.in_past
    for item in (session, other):
        item.run_until(3_000 * MS)
    assert session.recorder.console.data == other.recorder.console.data
    assert session.recorder.last(500) == other.recorder.last(500)
    session.close()
    other.close()


def test_only_what_was_given_last_is_taken_back_and_all_that_was_given_at_once():
    session = faulty()
    session.poke("GICC_PMR=0xff")
    first = session.here
    session.run_until(2_000 * MS)
    second = session.here
    session.poke("GICD_ICENABLER0=0x40000000")
    session.poke("GICC_PMR=0x80")
    session.run_until(4_000 * MS)
    session.take_back()
    assert session.here == second
    assert mask_of(session) == 0xF8
    assert [item.position for item in session.typed] == [first]
    session.take_back()
    assert (session.here, mask_of(session), session.typed) == (first, 0, [])
    session.close()


@pytest.mark.parametrize("until_ms", [700, 12_000])
def test_going_back_after_taking_back_shows_the_same_past(until_ms):
    session = faulty(until_ms)
    before = session.here
    session.poke("GICC_PMR=0xff")
    session.run_until((until_ms + 9_000) * MS)
    session.take_back()
    session.run_until((until_ms + 2_000) * MS)
    session.go_to(before)
    assert mask_of(session) == 0
    session.go_to_booted()
    session.run_until((until_ms + 1_000) * MS)
    assert mask_of(session) == 0
    session.close()


def test_forgetting_the_rest_where_one_has_gone_back_over_a_store():
    session = faulty()
    session.poke("GICC_PMR=0xff")
    session.run_until(2_000 * MS)
    session.go_to_time(600 * MS)
    session.forget_rest()
    assert session.typed == []
    session.run_until(2_000 * MS)
    assert mask_of(session) == 0
    session.close()


async def test_going_back_over_a_store_says_that_it_comes_again():
    async with dashboard(session=faulty(), notifications=True) as seen:
        seen.app.poke(("gic/GICC_PMR.Priority=0xff",))
        kept = "it holds 0xf8: its low 3 bits are not implemented"
        await seen.until(lambda: kept in " ".join(seen.screen().split()) or "0xf8" in seen.screen())
        await seen.press("S")
        await seen.arrived()
        await seen.until(lambda: "Still to come" in seen.screen())
        assert "You stored" not in seen.screen()
        assert "your store at 0.700 s" in seen.status()
        await seen.press("n")
        await seen.arrived()
        await seen.until(lambda: "Done again" in seen.screen())
        assert mask_of(seen.session) == 0xF8


@pytest.mark.parametrize("words", ["undo", "forget what"])
async def test_the_palette_undoes_a_store_that_is_to_come(words):
    async with dashboard(session=faulty(), notifications=True, keys=[]) as seen:
        seen.app.poke(("GICC_PMR=0xff",))
        await seen.press("n", "S", "S", "S")
        seen.app.go_to("0.6s")
        await seen.painted()
        await undo(seen, words, answer="")
        assert [type(item.given) for item in seen.session.typed] == [Poke]  # Stay comes first
        await undo(seen, words)
        assert seen.session.typed == []
        assert not seen.session.history.in_past
        seen.app.session.run_until(2_000 * MS)
        assert mask_of(seen.session) == 0


async def test_the_palette_undoes_the_last_store_at_the_present():
    async with dashboard(session=faulty(), notifications=True) as seen:
        before = seen.session.here
        seen.app.poke(("GICC_PMR=0xff",))
        await seen.press("n")
        await seen.arrived()
        await undo(seen, "undo")
        assert (seen.session.here, seen.session.typed, mask_of(seen.session)) == (before, [], 0)
        await seen.until(lambda: "Undone" in seen.screen())


async def test_where_there_is_nothing_to_undo_that_is_said():
    async with dashboard(notifications=True) as seen:
        await seen.choose_in_palette("undo")
        await seen.until(lambda: "nothing that could be undone" in " ".join(seen.screen().split()))


async def test_r_says_what_was_stored_at_that_very_moment():
    session = booted("rpi4")
    session.poke("GICC_PMR=0x80")
    async with dashboard(session=session, notifications=True) as seen:
        await seen.go("n", "r")
        said = " ".join(note.message for note in seen.app._notifications)
        assert "you stored 0x80 to GICC_PMR at" in said
        assert "undo takes it back" in said
    session = booted("rpi4")
    async with dashboard(session=session, notifications=True) as seen:
        await seen.go("n", "r")
        assert not list(seen.app._notifications)
