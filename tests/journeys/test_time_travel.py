"""The past by keys: back by steps, to places in time, and typing there."""

import pytest
from dashboard import dashboard

from kerneltui.tui.places import HOW
from kerneltui.tui.runner import SEARCHING
from kerneltui.tui.screens.ask import AskScreen
from kerneltui.tui.screens.choose import ChooseScreen

SIZES = ((140, 40), (80, 24))
NAMES = {"#": "number_sign", ".": "full_stop"}


async def go_to(seen, words):
    await seen.press("g", *(NAMES.get(letter, letter) for letter in words), "enter")
    await seen.arrived()


async def there_and_back(seen, words):
    await go_to(seen, words)
    await seen.go("backspace")


def below_the_bar(seen):
    """What the screen shows of the moment: row 1 tells where in the known past it lies."""
    return seen.screen().split("\n")[1:]


async def compare(seen, way, *, places=True):
    """The screens of one moment, reached in several ways.

    With several cores a time has several moments: then ``places`` are left out.
    """
    await seen.go("r", way, way)
    place, picture = seen.session.here, below_the_bar(seen)
    back = way.upper()
    ways = {
        "on and back": lambda: seen.go(way, back),
        "steps and back": lambda: seen.go("s", "s", "s", "S", "S", "S"),
        "back and steps": lambda: seen.go("S", "S", "s", "s"),
        "from reset": lambda: there_and_back(seen, "start"),
        "from the end": lambda: there_and_back(seen, "end"),
        "anew": lambda: seen.go("r", way, way),
    }
    if places:
        ways["the time"] = lambda: go_to(seen, f"{place.now_ns}ns")
        ways["the step"] = lambda: go_to(seen, f"#{place.retired}")
    for name, go in ways.items():
        await go()
        assert seen.session.here == place, name
        assert below_the_bar(seen) == picture, name


@pytest.mark.parametrize(
    ("board", "size"),
    [("rpi3", SIZES[1]), ("rpi4", SIZES[0]), ("rpi4", SIZES[1]), ("x86", SIZES[0])],
)
async def test_a_moment_looks_the_same_whatever_the_way_there(board, size):
    async with dashboard(board, size=size) as seen:
        await compare(seen, "n")


@pytest.mark.parametrize("scenario", ["round-robin", "two-cores", "overload"])
async def test_so_it_does_among_tasks_and_cores(scenario):
    async with dashboard("rpi4", scenario) as seen:
        await compare(seen, "n", places=scenario != "two-cores")


async def test_a_step_back_leaves_a_moment_behind_a_tasks_interrupted_computing():
    async with dashboard("x86", "round-robin") as seen:
        await seen.go("n", "n")
        place = seen.session.here
        await seen.go("S")
        assert seen.session.here < place
        await seen.go("s")
        assert seen.session.here == place


async def test_the_keys_back_undo_those_forwards():
    async with dashboard() as seen:
        for key in "ni":
            await go_to(seen, "end")
            await seen.go(key)
            place = seen.session.here
            await seen.go(key, key)
            assert "◀" not in seen.status()
            await seen.go(key.upper(), key.upper())
            assert seen.session.here == place
            assert "◀" in seen.status()
        await seen.go("f")
        place = seen.session.here
        await seen.go("s", "F")
        assert seen.session.here == place


async def test_places_by_their_names_and_back_from_there():
    async with dashboard(keys=["n", "n"]) as seen:
        end = seen.session.here
        await go_to(seen, "start")
        assert seen.session.here.step == 0
        assert "reset" in seen.status()
        await go_to(seen, "booted")
        booted = seen.session.here
        assert 0 < booted.step < end.step
        await go_to(seen, " END ".strip())
        assert seen.session.here == end
        await seen.go("backspace")
        assert seen.session.here == booted
        await seen.go("backspace")
        assert seen.session.here.step == 0
        await seen.go("backspace")
        assert seen.session.here == end
        await go_to(seen, "1.5s")
        assert seen.now == 1_500_000_000
        await go_to(seen, "#1200")
        assert seen.session.here.step >= 1200
        await seen.go("r")
        assert seen.session.here == booted


@pytest.mark.parametrize("words", ["CNTP_CTL_EL0", "cntp_ctl_el0.ENABLE", "timer/CNTP_CTL_EL0"])
async def test_a_register_is_a_place_that_of_its_last_write(words):
    async with dashboard(keys=["n"], notifications=True) as seen:
        end = seen.session.here
        await seen.press("g", *(NAMES.get(letter, letter) for letter in words), "enter")
        await seen.arrived()
        assert seen.session.here < end
        last = seen.session.recorder.events[-1]
        assert seen.session.names.as_text(last).startswith("msr CNTP_CTL_EL0")
        here = seen.session.here
        await seen.press("g", *(NAMES.get(letter, letter) for letter in words), "enter")
        await seen.arrived()
        (said,) = seen.app._notifications
        assert said.message.startswith("You are there: that was the last write of CNTP_CTL_EL0")
        assert seen.session.here == here
        await seen.go("backspace")
        assert seen.session.here == end


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("IMR", "several registers 'IMR'; write 'I8259_MASTER/IMR' or 'I8259_SLAVE/IMR'."),
        ("I8259_SLAVE/IMR.X", "I8259_SLAVE/IMR has no field 'X'; known: M."),
        ("nope/IMR", "No device or block 'nope' on x86"),
    ],
)
async def test_a_register_that_is_not_clear_is_told(words, said):
    async with dashboard("x86") as seen:
        place = seen.session.here
        await seen.press("g")
        await seen.write(words)
        await seen.press("enter")
        await seen.until(lambda: said in seen.screen())
        assert isinstance(seen.app.screen, AskScreen)
        assert seen.session.here == place


@pytest.mark.parametrize("words", ["nonsense", "#", "#x", "-5s", "12", ""])
async def test_other_words_move_nothing_and_the_answer_says_what_can_be_said(words):
    async with dashboard(keys=["n"], notifications=True) as seen:
        place = seen.session.here
        seen.app.go_to(words)
        await seen.painted()
        assert seen.session.here == place
        (said,) = seen.app._notifications
        assert HOW in said.message
        assert said.severity == "error"


@pytest.mark.parametrize(
    ("words", "said", "size"),
    [
        ("2", "'2' needs a unit", SIZES[0]),
        ("soon", "'soon' is not a duration like", SIZES[1]),
        ("#99999999", "Instruction 99999999 is still to come:", SIZES[1]),  # the longest
        ("", "is not a duration like", SIZES[0]),
    ],
)
async def test_a_wrong_place_stays_in_the_dialog_with_what_is_wrong(words, said, size):
    async with dashboard(keys=["n", "1", "home"], size=size, notifications=True) as seen:
        place = seen.session.here
        seen.app.panels.registers.set_filter("nothing")  # no cursor: Enter alone goes nowhere
        await seen.painted()
        await seen.press("g", *(NAMES.get(letter, letter) for letter in words), "enter")
        assert isinstance(seen.app.screen, AskScreen)
        await seen.until(lambda: said in seen.screen())
        assert seen.app.screen.focused.value == words
        assert not seen.app._notifications
        await seen.press("r")  # a letter, and no command
        assert seen.app.screen.focused.value == f"{words}r"
        await seen.until(lambda: said not in seen.screen())
        assert seen.session.here == place
        seen.app.screen.focused.clear()
        await seen.press("b", "o", "o", "t", "e", "d", "enter")
        await seen.arrived()
        assert len(seen.app.screen_stack) == 1
        assert seen.session.here < place


async def test_enter_on_a_row_of_the_trace_goes_there():
    async with dashboard(keys=["n", "6", "home", "enter"]) as seen:
        first = seen.session.recorder.events[-1]
        assert seen.session.here.step < seen.session.history.end.step
        assert seen.session.is_just_after(first)
        await seen.go("backspace")
        assert seen.session.here == seen.session.history.end


# -- typing in the past ----------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [("enter",), ("escape",), ("down", "enter")])
async def test_typing_in_the_past_asks_first(answer):
    async with dashboard(keys=["n", "n", "N", "c", "x"]) as seen:
        place, end = seen.session.here, seen.session.history.end
        assert isinstance(seen.app.screen, ChooseScreen)
        assert not seen.session.typed
        await seen.press(*answer)
        assert not isinstance(seen.app.screen, ChooseScreen)
        history = seen.session.history
        if "down" in answer:
            assert [item.given for item in seen.session.typed] == [b"x"]
            assert not history.in_past
        else:
            assert not seen.session.typed
            assert (history.here, history.end) == (place, end)


# -- fast keys, and long searches ------------------------------------------------------------------


async def test_held_keys_go_back_and_stop_at_the_first_instruction():
    async with dashboard(keys=["n"], notifications=True) as seen:
        await seen.burst(*["S"] * 5)
        await seen.arrived()
        assert seen.session.history.in_past
        await go_to(seen, "start")
        await seen.burst(*["S"] * 20)
        await seen.arrived()
        assert seen.session.here.step == 0
        assert "There is no instruction before this one." in {
            item.message for item in seen.app._notifications
        }


async def test_escape_ends_a_search_where_it_began():
    async with dashboard() as seen:
        # A past without a handler's return to be found: every stretch has to be run again.
        seen.session.run_until(60_000_000_000)
        seen.app.refresh_view()
        await seen.painted()
        place = seen.session.here
        search = endless()
        seen.session.back = lambda goal: search
        await seen.press("I")
        assert SEARCHING in seen.status()
        assert seen.app.runner.searching
        await seen.press("escape")
        assert not seen.app.runner.running
        assert seen.session.here == place
        assert SEARCHING not in seen.status()


def endless():
    """A search that goes on: how far it is, again and again."""
    from kerneltui.machine.position import Position

    while True:
        yield Position(1, 1_000, False, 0, 1)


@pytest.mark.parametrize("board", ["rpi3", "rpi4", "x86"])
async def test_meaningful_steps_go_by_keys_and_back_the_same_way(board):
    async with dashboard(board) as seen:
        seen_there = [(seen.session.last_stop, below_the_bar(seen))]
        for _ in range(16):
            await seen.go("full_stop")
            assert "STEP " in seen.screen().split("\n")[0]
            seen_there.append((seen.session.last_stop, below_the_bar(seen)))
        assert len({stop for stop, _ in seen_there[:12]}) == 12
        for stop, picture in seen_there[-2:0:-1]:
            await seen.go("comma")
            assert (seen.session.last_stop, below_the_bar(seen)) == (stop, picture)


async def test_before_the_first_meaningful_step_there_is_none():
    async with dashboard(notifications=True) as seen:
        await go_to(seen, "start")
        await seen.go("comma")
        told = {item.message for item in seen.app._notifications}
        assert "There is no step before this one." in told


async def test_the_second_machine_stands_ready_before_anyone_goes_back():
    async with dashboard(prepares=True) as seen:
        history, picture = seen.session.history, seen.screen()
        first = history.first
        await seen.until(lambda: history.scout.machine.position == first)
        assert seen.session.here == first
        assert seen.screen() == picture
