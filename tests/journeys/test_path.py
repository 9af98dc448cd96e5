"""The signal path: the first screen, step by step, at every size."""

from __future__ import annotations

import pytest
from dashboard import CONSOLE, INTERRUPTS, QUEUE, REGISTERS, booted, dashboard

from kerneltui.configfile import available

PATH = 13
BOARDS = ("rpi3", "rpi4", "x86")
WIDE, BRIEF, SMALL = (140, 40), (100, 30), (80, 24)
SIZES = pytest.mark.parametrize("size", [WIDE, BRIEF, SMALL], ids=["140x40", "100x30", "80x24"])
MOST = 90
"""Meaningful steps within which an event of each kind has come."""
EVENTS = [
    ("timer", "timer-callbacks"),
    ("uart", "shell"),
    ("ipi", "ipi"),
    ("syscall", "starvation"),
]


def path(seen):
    return "\n".join(seen.lines(PATH))


@pytest.mark.parametrize("board", BOARDS)
async def test_it_opens_with_the_path_and_the_four_panels_with_rows_of_use(board):
    async with dashboard(board, with_path=True) as seen:
        assert seen.displayed() == [REGISTERS, INTERRUPTS, QUEUE, CONSOLE, PATH]
        for number in (REGISTERS, INTERRUPTS, QUEUE, CONSOLE):
            assert seen.app.panels.numbered(number).size.height >= 5
        assert "STEP 1/12 ASLEEP" in path(seen)
        assert "Its timer fires in" in path(seen)


async def test_a_projector_has_the_queue_and_the_console_beside_it():
    async with dashboard(size=BRIEF, with_path=True) as seen:
        assert seen.displayed() == [QUEUE, CONSOLE, PATH]
        await seen.press("1")
        assert seen.displayed() == [REGISTERS, CONSOLE, PATH]


async def test_a_small_screen_has_the_end_of_the_console_below_it():
    async with dashboard(size=SMALL, with_path=True) as seen:
        assert seen.displayed() == [PATH]
        assert "Echoing input now" in path(seen)


async def test_the_choice_between_path_and_panels_is_told_to_who_remembers_it():
    told = []
    async with dashboard("rpi4", with_path=True, on_path=told.append) as seen:
        await seen.press("d")
        await seen.press("d")
    assert told == [False, True]


async def test_d_goes_to_all_panels_and_back():
    async with dashboard(with_path=True) as seen:
        await seen.press("d")
        assert PATH not in seen.displayed()
        assert len(seen.displayed()) == 7
        await seen.press("d")
        assert seen.displayed() == [REGISTERS, INTERRUPTS, QUEUE, CONSOLE, PATH]


@SIZES
@pytest.mark.parametrize("board", BOARDS)
async def test_a_timer_event_step_by_step_and_back_again(board, size):
    """Each screen forwards is the same backwards; row 1 alone says where one is."""
    async with dashboard(board, size=size, with_path=True) as seen:
        forwards = []
        while "STEP 12/12 RETURN" not in path(seen):
            await seen.go("full_stop")
            forwards.append(seen.screen().splitlines()[1:])
            assert len(forwards) < 30
        for expected in reversed(forwards[:-1]):
            await seen.go("comma")
            assert seen.screen().splitlines()[1:] == expected


async def test_arrows_step_too():
    async with dashboard(with_path=True) as seen:
        await seen.go("right")
        assert "STEP 2/12 TIME REACHED" in path(seen)
        await seen.go("left")
        assert "STEP 1/12 ASLEEP" in path(seen)


async def test_the_step_is_the_same_however_one_came_there():
    async with dashboard(with_path=True) as seen:
        await seen.go(*4 * ["full_stop"])
        by_steps, there = path(seen), seen.session.here
        async with dashboard(with_path=True) as other:
            await other.go("i")
            assert other.session.here == there
            assert path(other) == by_steps


async def test_between_two_steps_it_says_in_the_middle_of_what():
    async with dashboard(with_path=True, keys=["i"]) as seen:
        await seen.arrived()
        await seen.go("s")  # the read of GICC_IAR is the next one that means something
        await seen.go(*3 * ["s"])
        assert "STEP" in path(seen)


async def test_levels_stand_on_the_arrows():
    async with dashboard(with_path=True) as seen:
        assert "HIGH" not in path(seen)
        await seen.go("i")
        assert path(seen).count("HIGH") == 2


async def test_a_shut_gate_breaks_the_arrow_and_its_mend_stands_below():
    async with dashboard(scenario="fault-pmr", with_path=True) as seen:
        await seen.go(*3 * ["full_stop"])
        assert "══✗" in path(seen)
        assert "needs a mask with a higher number" in path(seen)


async def test_what_a_handler_has_switched_off_for_a_while_is_no_fault():
    async with dashboard(with_path=True) as seen:
        await seen.go(*6 * ["full_stop"])
        assert "STEP 7/12 QUIET THE SOURCE" in path(seen)
        assert "✗" not in path(seen)


@SIZES
@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize(("kind", "scenario"), EVENTS, ids=[kind for kind, _ in EVENTS])
async def test_every_kind_of_event_has_a_path(board, kind, scenario, size):
    """Step by step through the first of its kind: each has a name, a sentence and its station."""
    session = booted(board, scenario)
    async with dashboard(session=session, size=size, with_path=True) as seen:
        for _ in range(MOST):
            await seen.go("full_stop")
            step = session.story.step()
            assert step is not None
            assert step.title.upper() in path(seen)
            told = " ".join(path(seen).split())
            assert step.sentence.split(".")[0][:40] in told
            if step.course == kind and step.number == step.total:
                break
        else:
            pytest.fail(f"no {kind} within {MOST} steps of {scenario}")


@pytest.mark.parametrize("name", sorted(available("scenarios")))
async def test_a_path_or_none_for_every_scenario(name):
    async with dashboard(None, name, with_path=True) as seen:
        assert path(seen).strip()
