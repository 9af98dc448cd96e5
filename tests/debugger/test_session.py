"""A session: where each command stops; looking, restarting and going back leave no trace."""

import functools
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moments import console_and_events, picture

from kerneltui.debugger.session import LONGEST_INPUT
from kerneltui.debugger.traveller import Input
from kerneltui.debugger.watch import FREE, NEXT_INTERRUPT, NEXT_TIMER_EVENT
from kerneltui.machine.board import load_board
from kerneltui.machine.core import CoreState, StopReason
from kerneltui.scenarios.reading import load_scenario
from kerneltui.scenarios.scenario import make_session, open_session

BOARDS = ("rpi3", "rpi4")
S, MS = 1_000_000_000, 1_000_000
both = pytest.mark.parametrize("board", BOARDS)
board_of = functools.cache(load_board)
scenario_of = functools.cache(load_scenario)


def session_of(board, scenario="timer-callbacks", *, boot=False):
    session = make_session(board_of(board), scenario_of(scenario))
    if boot:
        session.boot()
    return session


# -- commands --------------------------------------------------------------------------------------


@both
def test_a_session_begins_at_reset_and_boot_ends_at_the_first_idle(board):
    session = session_of(board)
    assert (session.machine.now, session.machine.core.retired) == (0, 0)
    assert session.boot() is StopReason.IDLE
    assert session.machine.core.state is CoreState.WAITING
    assert session.recorder.console.lines()[-2].endswith("Echoing input now")
    assert session.machine.core.interrupts_taken == 0


@both
def test_the_first_timer_event_after_boot_is_the_first_timeout(board):
    session = session_of(board, boot=True)
    assert session.next_timer_event() is StopReason.TRACEPOINT
    assert session.recorder.console.lines()[-2].endswith("Periodic 1 sec")
    assert 1 <= session.machine.now / S < 1.02


@both
def test_every_callback_stops_before_anything_else_of_its_handler(board):
    session = session_of(board, "same-deadline", boot=True)
    said = []
    for _ in range(6):
        assert session.next_callback() is StopReason.TRACEPOINT
        assert session.last_stop == "timer callback done"
        assert session.machine.core.depth == 1
        assert session.recorder.last(1)[0][6].startswith("timer_callback_done")
        said.append(session.recorder.console.lines()[-2].partition("] ")[2])
    assert said == [
        *(f"set {word}" for word in ("first", "second", "third", "fourth", "fifth")),
        "a second later, alone",
    ]
    assert session.next_timer_event() is StopReason.NOTHING_DUE
    assert "nothing is due" in session.last_stop
    assert session.machine.now < 7200 * S


@pytest.mark.parametrize("board", ["rpi3", "rpi4", "x86"])
def test_a_timer_event_is_over_when_its_handler_has_returned(board):
    session = session_of(board, boot=True)
    assert session.next_timer_event() is StopReason.TRACEPOINT
    assert session.last_stop == "timer event done"
    core = session.machine.core
    assert core.depth == 0
    assert session.recorder.last(1)[0][3] == ("iret" if board == "x86" else "eret")
    view = session.view()
    armed = [item for item in view.timeouts if item.armed]
    assert [item.name for item in armed] == ["Periodic 1 sec"], "and re-armed for the next"
    assert 0.99 * S < armed[0].in_ns < S
    assert not any(item.handling for item in view.timeouts)
    assert not any(item.active for item in view.interrupts)


def test_a_timer_event_is_the_same_in_slices_of_a_few_instructions():
    whole, sliced = (session_of("rpi4", boot=True) for _ in range(2))
    whole.next_timer_event()
    slices = 0
    while sliced.advance(NEXT_TIMER_EVENT, instructions=4) is StopReason.BUDGET:
        slices += 1
    assert slices > 50
    assert sliced.recorder.last(50) == whole.recorder.last(50)
    assert (sliced.machine.now, sliced.last_stop) == (whole.machine.now, whole.last_stop)


def test_several_callbacks_in_one_interrupt_are_one_timer_event():
    """The PC's handler runs all that is due, of which two are due at the same time."""
    session = session_of("x86", "same-deadline", boot=True)
    began = session.recorder.console.total
    session.next_timer_event()
    said = session.recorder.console.data[began:].decode()
    assert [word for word in ("first", "second", "fifth") if f"set {word}" in said]
    assert said.count("] set") == 5
    assert session.machine.core.depth == 0


def test_a_callback_outside_of_any_handler_is_a_timer_event_of_its_own():
    session = session_of("rpi4", "system-timer", boot=True)
    assert session.next_timer_event() is StopReason.TRACEPOINT
    assert session.recorder.last(1)[0][6].startswith("timer_callback_done")
    assert session.machine.core.depth == 0


def test_a_command_begun_anew_inside_the_handler_waits_for_the_next_callback():
    session = session_of("rpi4", boot=True)
    session.next_callback()
    assert session.next_timer_event() is StopReason.TRACEPOINT
    assert session.recorder.console.lines()[-2].endswith("Periodic 1 sec")
    assert session.machine.now > 2 * S


@both
def test_the_next_interrupt_stops_at_the_vector_with_the_handler_not_begun(board):
    session = session_of(board, boot=True)
    for number in range(1, 30):
        assert session.next_interrupt() is StopReason.INTERRUPT
        core = session.machine.core
        assert core.interrupts_taken == number
        assert core.depth == 1
        assert core.daif == 0x3C0
        assert session.recorder.last(1)[0][3] == "irq"
        assert session.view(frozenset()).cpu.frames[0].function == "Vectors.irq"


@both
def test_a_step_is_exactly_one_instruction_from_reset_on(board):
    session = session_of(board)
    for number in range(1, 1500):
        before = session.recorder.recorded
        session.step()
        assert session.machine.core.retired == number
        new = session.recorder.last(session.recorder.recorded - before)
        instructions = [
            event for event in new if event[3] not in {"line", "tx", "rx", "tracepoint"}
        ]
        assert len(instructions) == 1


@both
def test_steps_through_an_interrupt_show_every_access_one_by_one(board):
    session = session_of(board, boot=True)
    session.next_interrupt()
    names = []
    while session.machine.core.depth:
        session.step()
        # What the kernel tells comes after the access that it follows.
        event = next(e for e in session.recorder.last(20)[::-1] if e[3] != "tracepoint")
        names.append((event[3], session.names.name(event[3], event[4])))
    accesses = [name for _, name in names]
    expected = {
        "rpi4": ["GICC_IAR", "CNTP_CTL_EL0", "CNTPCT_EL0", "CNTP_CVAL_EL0", "GICC_EOIR"],
        "rpi3": ["CORE0_INTERRUPT_SOURCE", "CNTP_CTL_EL0", "CNTPCT_EL0", "CNTP_CVAL_EL0"],
    }[board]
    places = [accesses.index(name) for name in expected]
    assert places == sorted(places)
    assert names[-1][0] == "eret"


@both
def test_finish_returns_from_the_handler_and_outside_of_one_from_the_next(board):
    session = session_of(board, boot=True)
    session.next_interrupt()
    session.step()
    assert session.finish() is StopReason.HANDLER_DONE
    assert session.machine.core.depth == 0
    taken = session.machine.core.interrupts_taken
    assert session.finish() is StopReason.HANDLER_DONE
    assert session.machine.core.interrupts_taken == taken + 1
    assert session.machine.core.depth == 0


@both
def test_running_until_a_time_while_asleep_is_exact(board):
    session = session_of(board, boot=True)
    for time in (500_000_001, 500_000_002, 999_999_999):
        assert session.run_until(time) is StopReason.TIME
        assert session.machine.now == time


@both
def test_a_time_that_has_passed_is_reached_already(board):
    session = session_of(board, boot=True)
    before = session.machine.now, session.machine.core.retired, session.generation
    for time in (0, 1, session.machine.now):
        assert session.run_until(time) is StopReason.TIME
    assert (session.machine.now, session.machine.core.retired, session.generation) == before


def test_a_slice_that_ends_before_the_goal_says_so_and_the_next_goes_on():
    session = session_of("rpi4")
    reasons = [session.advance(FREE, instructions=100, until=MS) for _ in range(400)]
    assert set(reasons[:5]) == {StopReason.BUDGET}
    assert reasons[-1] is StopReason.TIME
    assert set(reasons) == {StopReason.BUDGET, StopReason.TIME}


def test_what_stopped_a_run_is_said_in_words():
    session = session_of("rpi4")
    assert session.last_stop == "at reset"
    said = []
    commands = (session.boot, session.step, session.next_interrupt, session.next_timer_event,
                session.finish, lambda: session.run_until(3 * S))  # fmt: skip
    for command in commands:
        command()
        said.append(session.last_stop)
    assert len(set(said)) == 6
    assert all(said)


# -- typing ----------------------------------------------------------------------------------------


@both
def test_what_is_typed_is_noted_with_its_moment_and_comes_back(board):
    session = session_of(board, boot=True)
    moment = session.here
    session.type(b"ab")
    session.run_until(session.machine.now + 10 * MS)
    assert session.recorder.console.lines()[-1] == "ab"
    assert session.typed == [Input(moment, b"ab")]


def test_a_flood_is_cut_at_what_a_terminal_would_hold():
    session = session_of("rpi4", boot=True)
    for _ in range(100):
        session.type(b"x" * 1000)
    assert session.machine.terminal.waiting == LONGEST_INPUT
    assert sum(len(item.given) for item in session.typed) == LONGEST_INPUT
    generation = session.generation
    session.type(b"x")
    session.type(b"")
    assert session.generation == generation


# -- restart, looking, determinism -----------------------------------------------------------------


@both
@pytest.mark.parametrize("scenario", ["timer-callbacks", "system-timer", "nested"])
def test_a_restart_gives_the_same_trace_again(board, scenario):
    session = session_of(board, scenario)
    session.run_until(3 * S)
    first = console_and_events(session)
    session.type(b"typed by hand")
    session.run_until(4 * S)
    session.restart()
    assert (session.machine.now, session.typed) == (0, [])
    assert session.last_stop == "at reset"
    assert session.recorder.console.lines() == [""]
    session.run_until(3 * S)
    assert console_and_events(session) == first


def test_a_restart_in_the_middle_of_a_handler():
    session = session_of("rpi4", boot=True)
    session.next_interrupt()
    session.step()
    session.restart()
    assert session.boot() is StopReason.IDLE
    assert session.machine.core.depth == 0


@both
def test_looking_after_every_step_changes_nothing(board):
    looked, unlooked = (session_of(board, boot=True) for _ in range(2))
    for session in (looked, unlooked):
        session.type(b"x\n")
    for number in range(350):
        for session in (looked, unlooked):
            session.step()
        # Where the moment before was not looked at, another machine looks there.
        if number % 7:
            looked.view(marks=number % 3 > 0)
    assert console_and_events(looked) == console_and_events(unlooked)
    assert looked.machine.now == unlooked.machine.now


@both
def test_looking_does_not_read_a_register_with_an_effect(board):
    session = session_of(board, boot=True)
    session.next_interrupt()
    once, again = session.view(), session.view()
    assert once == again
    assert once.interrupts
    session.finish()
    assert session.machine.core.halt_reason == ""


def test_only_what_moves_the_machine_makes_a_new_generation():
    session = session_of("rpi4", boot=True)
    generation = session.generation
    session.view()
    session.run_until(0)
    assert session.generation == generation
    session.step()
    assert session.generation == generation + 1


# -- going back ------------------------------------------------------------------------------------


def there_and_back(session, span):
    """Look, run, go back, run: both runs must be equal, and so must what is seen of the moment."""
    moment, before = session.here, picture(session)
    end = session.machine.now + span
    results = []
    for _ in range(2):
        session.run_until(end)
        results.append((console_and_events(session), session.here, session.recorder.recorded))
        session.go_to(moment)
        assert session.here == moment
        assert picture(session) == before
    assert results[0] == results[1]


TIMES = [9 * MS, S - 1, S + 30 * MS, 2 * S + 500_100_000, 2 * S + 501 * MS, 3 * S, 4 * S + 1]


@both
@pytest.mark.parametrize("at", TIMES)
def test_going_back_and_on_again_gives_equal_traces(board, at):
    session = session_of(board)
    session.run_until(at)
    there_and_back(session, S + S // 2)


@pytest.mark.parametrize(
    ("board", "scenario"),
    [("rpi3", "system-timer"), ("rpi4", "nested"), ("rpi3", "same-deadline"), ("rpi4", "burst")],
)
def test_one_can_go_back_in_every_program(board, scenario):
    session = session_of(board, scenario, boot=True)
    session.run_until(S + 2 * MS)
    there_and_back(session, 30 * MS if scenario == "burst" else 3 * S)


@pytest.mark.parametrize("board", ["rpi3", "rpi4", "x86"])
def test_one_can_go_back_to_the_middle_of_a_handler_and_of_the_boot(board):
    session = session_of(board)
    session.advance(FREE, instructions=300)
    there_and_back(session, S + S // 2)
    session.boot()
    session.next_interrupt()
    for _ in range(5):
        there_and_back(session, 10 * MS)
        session.step()
    assert session.machine.core.depth == 1


def test_one_can_go_back_to_reset():
    session = session_of("rpi4")
    there_and_back(session, S // 2)
    session.boot()
    session.go_to_reset()
    assert (session.here.step, session.here.now_ns, session.last_stop) == (0, 0, "at reset")
    session.go_to_booted()
    assert session.machine.core.state is CoreState.WAITING
    assert session.last_stop == "idle"


def test_what_was_typed_at_reset_belongs_to_that_moment_until_a_restart():
    session = session_of("rpi4")
    session.type(b"x")
    session.boot()
    session.go_to_reset()
    assert session.machine.terminal.waiting == 1
    session.restart()
    assert (session.machine.terminal.waiting, session.typed) == (0, [])


@both
def test_back_to_where_typed_characters_are_still_under_way(board):
    session = session_of(board, boot=True)
    session.type(b"a long line that takes a while to send\n")
    session.run_until(session.machine.now + 100_000)
    assert session.machine.terminal.waiting > 10
    there_and_back(session, 10 * MS)


@both
def test_back_to_just_before_the_core_sleeps_and_there_once_more(board):
    session = session_of(board, boot=True)
    session.next_interrupt()
    session.finish()
    while session.machine.core.pending is None or session.machine.core.pending.kind != "wfi":
        session.step()
    assert session.machine.at_rest
    there_and_back(session, 2 * S)
    assert session.machine.at_rest
    assert session.machine.core.pending.kind == "wfi"
    there_and_back(session, 2 * S)


def typed_twice():
    """A session whose second line has been typed, and the moment before that."""
    session = session_of("rpi4", boot=True)
    session.type(b"first")
    session.run_until(session.machine.now + 5 * MS)
    moment = session.here
    session.type(b"second")
    session.run_until(session.machine.now + 5 * MS)
    assert session.recorder.console.lines()[-1] == "firstsecond"
    session.go_to(moment)
    return session


def test_what_was_typed_after_a_moment_is_typed_again():
    session = typed_twice()
    assert session.recorder.console.lines()[-1] == "first"
    assert [item.given for item in session.typed] == [b"first", b"second"]
    end = session.history.end
    session.run_until(session.machine.now + 5 * MS)
    assert session.recorder.console.lines()[-1] == "firstsecond"
    assert session.here == end


def test_typing_in_the_past_is_another_story():
    session = typed_twice()
    session.go_to_time(session.machine.now - 2 * MS)
    assert session.history.in_past
    session.type(b"other")
    assert not session.history.in_past
    assert [item.given for item in session.typed] == [b"first", b"other"]
    session.run_until(session.machine.now + 20 * MS)
    assert session.recorder.console.lines()[-1] == "firstother"
    session.go_to_end()
    assert session.recorder.console.lines()[-1] == "firstother"


def test_one_can_go_back_without_a_trace_too():
    session = session_of("rpi4", boot=True)
    session.recorder.trace(False)
    moment = session.here
    texts = []
    for _ in range(2):
        session.run_until(3 * S)
        texts.append((session.recorder.console.data, session.here))
        session.go_to(moment)
    assert texts[0] == texts[1]
    assert texts[0][0].count(b"Periodic 1 sec") == 2


COMMANDS = (
    "step", "next_interrupt", "next_timer_event", "finish", "view", "go_to_booted", "go_to_end",
)  # fmt: skip


@settings(max_examples=12)
@given(
    st.sampled_from(BOARDS),
    st.lists(st.one_of(st.sampled_from(COMMANDS), st.integers(1, 300 * MS)), max_size=25),
)
def test_any_way_of_driving_a_session_is_the_same_run(board, commands):
    driven, plain = session_of(board, boot=True), session_of(board, boot=True)
    for command in commands:
        if isinstance(command, int):
            driven.run_until(driven.machine.now + command)
        else:
            getattr(driven, command)()
    plain.advance(FREE, instructions=driven.machine.core.retired - plain.machine.core.retired)
    plain.run_until(driven.machine.now)
    assert plain.machine.now == driven.machine.now
    assert console_and_events(plain) == console_and_events(driven)
    assert list(itertools.islice(plain.recorder.events, 1))


def test_closing_twice_is_harmless():
    session = session_of("rpi4", boot=True)
    session.next_interrupt()
    session.close()
    session.close()


@pytest.mark.parametrize("board", ["rpi3", "rpi4"])
def test_when_nothing_can_come_a_goal_does_not_leap_over_an_hour(board):
    """The System Timer's comparators match once in 71.6 minutes, and nobody listens to them."""
    session = make_session(load_board(board), load_scenario("same-deadline"))
    session.boot()
    session.run_until(3_000_000_000)
    for command in (session.next_timer_event, session.next_interrupt, session.finish, session.step):
        assert command() is StopReason.NOTHING_DUE
        assert session.machine.now == 3_000_000_000
    session.type(b"x")
    assert session.next_interrupt() is StopReason.INTERRUPT
    session.close()


# -- the end of events -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("board", "scenario"),
    [("rpi3", "wake-tasks"), ("rpi4", "timer-syscalls"), ("x86", "same-deadline"),
     ("rpi4", "two-cores"), ("x86", "two-cores")],
)  # fmt: skip
@pytest.mark.parametrize("command", ["next_timer_event", "next_interrupt", "finish"])
def test_after_the_last_event_time_does_not_leap(board, scenario, command):
    session = open_session(board, scenario)
    session.recorder.trace(False)
    session.boot()
    for _ in range(3000):
        if getattr(session, command)() is StopReason.NOTHING_DUE:
            break
    assert session.last_stop == "idle, and nothing is due"
    assert session.machine.now < 8_000_000_000
    assert not session.kernel.inspector.timeouts()


@pytest.mark.parametrize(
    ("board", "scenario", "command"),
    [
        ("rpi4", "starvation", "next_timer_event"),
        ("rpi4", "starvation", "next_interrupt"),
        ("rpi4", "starvation", "finish"),
    ],
)
def test_what_cannot_come_is_not_waited_for_for_ever(board, scenario, command):
    session = open_session(board, scenario)
    session.recorder.trace(False)
    session.boot()
    for _ in range(40):
        began = session.machine.now
        if getattr(session, command)() is StopReason.NOTHING_DUE:
            break
    awaited = "timer event" if command == "next_timer_event" else "interrupt"
    assert session.last_stop == f"no {awaited} in 10 s"
    assert session.machine.now <= began + 21_000_000_000
    assert session.next_timer_event() is StopReason.NOTHING_DUE, "and so every time"


def test_a_heartbeat_is_a_timer_event_beside_timeouts_that_never_come():
    session = open_session("x86", "gsi-override")
    session.boot()
    for beat in (1, 2, 3):
        assert session.next_timer_event() is StopReason.TRACEPOINT
        assert f"Heartbeat {beat} through" in session.recorder.console.lines()[-2]
        assert session.machine.core.depth == 0
    assert session.view(frozenset({"timeouts"})).timeouts[0].in_ns < -S
    session.close()


def test_a_timer_event_an_hour_away_is_waited_for(tmp_path):
    path = tmp_path / "far.yaml"
    path.write_text(
        "title: far\nprogram: timer-callbacks\ntimeouts:\n  - {once: 2h, print: at last}\n"
    )
    session = open_session("rpi4", str(path))
    session.boot()
    assert session.next_timer_event() is StopReason.TRACEPOINT
    assert session.machine.now > 7_200_000_000_000


@pytest.mark.parametrize("board", ["rpi4", "x86"])
def test_what_is_typed_before_anything_else_does_not_confuse_the_machine_that_looks(board):
    session = session_of(board)
    session.boot()
    session.type(b"??")
    for _ in range(3):
        session.finish()
    there, seen = session.here, session.view()
    for _ in session.back(NEXT_INTERRUPT):
        pass
    assert session.here < there
    session.go_to(there)
    assert session.view().blocks == seen.blocks


def test_what_never_comes_is_not_awaited_beyond_the_last_input():
    """Nothing else stops there but the wrap of a counter that nobody uses, after 71 minutes."""
    session = session_of("rpi4", "fault-pmr", boot=True)
    last = max(item.at_ns for item in session.setup.inputs)
    assert session.next_timer_event() is StopReason.NOTHING_DUE
    assert session.last_stop == "no timer event in 10 s"
    assert session.machine.now == last + 10 * S


def test_a_halt_later_in_a_sleep_tells_the_last_step_as_past():
    session = session_of("rpi4", boot=True)
    session.poke("GICC_PMR=0")
    session.follows_story = True
    session.breakpoints.add(session.machine, "time 2.5s")
    assert session.next_timer_event() is StopReason.BREAKPOINT
    told = session.story.told()
    assert told.heading.startswith("STEP 4/12")
    assert (told.sentence, told.ago_ns) == ("", 2_500_000_000 - 1_008_266_056)
