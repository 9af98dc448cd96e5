"""Row 1 says where one is in the known past, and who did what at a hit: always, and first."""

from __future__ import annotations

import pytest
from dashboard import dashboard

from kerneltui.tui.state import FIRST_WORDS, fitting
from kerneltui.tui.widgets.lines import line_text, width_of

SIZES = pytest.mark.parametrize("size", [(140, 40), (80, 24)], ids=["140x40", "80x24"])


def row(seen):
    return seen.screen().splitlines()[0]


@SIZES
async def test_a_hit_names_the_function_that_did_it(size):
    async with dashboard(size=size) as seen:
        session = seen.session
        session.breakpoints.add(session.machine, "write CNTP_CTL_EL0")
        await seen.go("space")
        assert "bp 1: conclude_timeout_irq wrote 0x4 to CNTP" in row(seen)
        if size[0] > 80:
            assert "conclude_timeout_irq wrote 0x4 to CNTP_CTL_EL0 (was 0x5)" in row(seen)


async def test_a_hit_that_nobody_has_done_says_what_it_is():
    async with dashboard(size=(80, 24)) as seen:
        session = seen.session
        session.breakpoints.add(session.machine, "line timer.cntpnsirq0")
        await seen.go("space")
        assert "bp 1: line timer.cntpnsirq0" in row(seen)


async def test_the_past_stands_before_a_long_sentence():
    async with dashboard(size=(140, 40), keys=["n", "n"]) as seen:
        await seen.go("comma", "comma", "comma")
        seen.session.last_stop = "a sentence that is longer than any row of a terminal is " * 4
        seen.app.show_view()
        await seen.painted()
        before, _, after = row(seen).partition("a sentence")
        assert "◀ " in before
        assert "back" in before
        assert after


@SIZES
@pytest.mark.parametrize("with_path", [True, False])
async def test_an_earlier_step_of_the_last_moment_is_in_the_past(size, with_path):
    async with dashboard(size=size, with_path=with_path) as seen:
        await seen.go("full_stop")
        assert "◀" not in row(seen), "the first time nothing later is known"
        here = seen.session.history.here
        await seen.go("full_stop")
        assert seen.session.history.here == here, "the same moment"
        assert "◀" not in row(seen)
        await seen.go("comma")
        assert seen.session.history.here == here
        assert "◀" in row(seen)
        assert "a step back" in row(seen)
        await seen.go("full_stop")
        assert "◀" not in row(seen)


async def test_it_is_true_how_far_back_it_is():
    async with dashboard(size=(140, 40)) as seen:
        await seen.go("n", "n")
        history = seen.session.history
        end_ns = history.end.now_ns
        await seen.go("I")
        assert f"in event 2 of 2, {(end_ns - seen.now) / 1e3:.4g} us back" in row(seen)
        await seen.go("S")
        assert "after event 1 of 2, " in row(seen)
        await seen.go("r")
        assert "before event 1 of 2, 1.999 s back" in row(seen)


@pytest.mark.parametrize("words", ["■ paused: reached the time", "■ paused"])
def test_where_there_is_little_room_the_strip_goes_before_the_state(words):
    state = (("◀ 1 s back ▕━━●───▏", "changed"), ("  ", "text"), (words, "strong"))
    assert fitting(state, width_of(state)) == state
    assert line_text(fitting(state, width_of(state) - 1)) == f"◀ 1 s back  {words}"
    longer = (*state, (" and so on" * 3, "strong"))
    room = line_text(state).index("▏") + 1 + FIRST_WORDS
    assert fitting(longer, room) == longer, "a sentence may be cut"
