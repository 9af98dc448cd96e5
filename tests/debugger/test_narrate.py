"""A machine's story: which steps it has, their sentences, forwards and backwards."""

import ast
import functools
import re
from pathlib import Path

import pytest
from faults import each_once, ordinary

import kerneltui.kernel
from kerneltui.configfile import available
from kerneltui.debugger.courses import COURSES, STATIONS, TITLES
from kerneltui.debugger.event_words import (
    REMARKS,
    TRACEPOINTS,
    EventWords,
    tracepoint_sentence,
)
from kerneltui.debugger.marks import StepKind
from kerneltui.debugger.narrate import Teller
from kerneltui.debugger.remarks import KINDS
from kerneltui.debugger.roles import Roles
from kerneltui.debugger.watch import NEXT_INTERRUPT, STEP
from kerneltui.devices import MODELS, model
from kerneltui.glossary import glossary
from kerneltui.hw.register import Role
from kerneltui.kernel.programs.timer_callbacks import Callback
from kerneltui.machine.board import load_board
from kerneltui.machine.core import CoreState, StopReason
from kerneltui.machine.instructions import INSTRUCTIONS
from kerneltui.scenarios.changes import Changes
from kerneltui.scenarios.reading import load_scenario
from kerneltui.scenarios.scenario import make_session, open_session
from kerneltui.units import format_duration

BOARDS = ("rpi3", "rpi4", "x86")
MS, S = 1_000_000, 1_000_000_000
each_board = pytest.mark.parametrize("board", BOARDS)
ENDED = [("rpi3", "fault-no-handler"), ("rpi4", "fault-vbar"), ("rpi4", "fault-no-eoi"),
         ("x86", "fault-if")]  # fmt: skip
"""Where the story comes to an end soon: a panic, a core that halts, an interrupt that never comes
again, one that never comes."""
DURATION = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)? (?:ns|us|ms|s|min)\b")
LONGEST_NEXT = 71
"""Cells that are left behind NEXT on a screen of 80 columns."""
CAPITALS = re.compile(r"\b[A-Z][A-Z0-9_]+\b")
CHIPS = {part for name in MODELS for table in model(name).TABLES for part in table.title.split()}
"""The names of chips, which their devices explain; of the rest registers have descriptions, and
the other words are in the glossary."""


@functools.cache
def board_of(name):
    return load_board(name)


def session_of(board, scenario="timer-callbacks", *, boot=True):
    session = make_session(board_of(board), load_scenario(scenario))
    if boot:
        session.boot()
    return session


def shown(session):
    """All that a step is, and where."""
    step = session.story.step()
    return None if step is None else (session.here, step)


def presses(session, count):
    found = []
    for _ in range(count):
        if session.next_step() is not StopReason.MEANINGFUL:
            break
        found.append(shown(session))
    return found


def without_names(sentence):
    """What is quoted, and what calls are asked for, has numbers of its own."""
    return re.sub(r"'[^']*'|\"[^\"]*\"|\w+\([^)]*\)", "", sentence)


# -- one timer event -------------------------------------------------------------------------------


@each_board
def test_a_timer_event_is_twelve_steps_on_every_board(board):
    session = session_of(board)
    while True:  # to where the next one is a timer's: a PC reads its clock first
        assert session.story.step().kind is StepKind.ASLEEP
        session.next_step()
        if session.story.step().kind is StepKind.DUE:
            break
        while session.story.step().kind is not StepKind.ASLEEP:
            session.next_step()
    found = [session.story.step()]
    while found[-1].kind is not StepKind.RETURNED:
        session.next_step()
        found.append(session.story.step())
    session.next_step()
    assert session.story.step().kind is StepKind.ASLEEP
    assert [step.number for step in found] == list(range(2, 13))
    assert {step.total for step in found} == {12}
    assert [step.kind for step in found] == list(COURSES["timer"][1:])
    assert {step.course for step in found} == {"timer"}


@each_board
def test_steps_of_one_instant_share_its_position_and_differ_by_phase(board):
    session = session_of(board)
    session.run_until(980 * MS)
    while session.story.step() is None or session.story.step().kind is not StepKind.DUE:
        session.next_step()
    here = session.here
    for phase, kind in enumerate((StepKind.DUE, StepKind.LINE, StepKind.PENDING)):
        assert (session.here, session.story.step().kind) == (here, kind)
        assert session.story.step().phase == phase
        session.next_step()
    assert session.here > here
    assert session.story.step().kind is StepKind.TAKEN


def test_the_story_names_what_the_hardware_says():
    session = session_of("rpi4")
    told = {step.kind: step for _, step in presses(session, 13)}
    assert "GICC_IAR" in told[StepKind.TAKEN].next_sentence
    assert "0x1e from GICC_IAR" in told[StepKind.WHO].sentence  # INTID 30
    assert "IRQ 30" in told[StepKind.WHO].sentence
    assert "0x1e to GICC_EOIR" in told[StepKind.ENDED].sentence
    assert "0x4 to CNTP_CTL_EL0 (ENABLE = 0)" in told[StepKind.QUIET].sentence  # ISTATUS, no ENABLE
    assert "its line is low" in told[StepKind.QUIET].sentence
    assert '] Periodic 1 sec".' in told[StepKind.CALLBACK].sentence
    assert session.last_stop.startswith("STEP ")


def test_what_a_callback_does_to_another_device_does_not_quiet_the_timer(monkeypatch):
    run = Callback.__call__

    def clears_the_uart(callback):
        callback._kernel.cpu.write(0xFE20_1044, 0x7FF)  # UARTICR
        run(callback)

    monkeypatch.setattr(Callback, "__call__", clears_the_uart)
    found = [step.kind for _, step in presses(session_of("rpi4"), 13)]
    assert found.count(StepKind.QUIET) == 1
    assert found.index(StepKind.QUIET) < found.index(StepKind.CALLBACK)


def test_where_nothing_has_to_be_done_the_story_says_so():
    pi3 = {step.kind: step.sentence for _, step in presses(session_of("rpi3"), 13)}
    assert pi3[StepKind.ENDED].startswith("Nothing has to be ended")
    pc = session_of("x86")
    pc.run_until(1_020 * MS)
    told = {step.kind: step.sentence for _, step in presses(pc, 12)}
    assert told[StepKind.WHO].startswith("Nobody has to ask: vector 0xec")
    assert told[StepKind.QUIET].startswith("Nothing has to be quieted")
    assert "EOI" in told[StepKind.ENDED]


@each_board
def test_the_state_of_every_core_is_a_sentence(board):
    session = session_of(board)
    teller = Teller(session.machine, lambda: session.inspector)
    in_ns = min(
        item.in_ns for item in session.view(frozenset(("comparators",))).comparators
        if item.in_ns is not None
    )  # fmt: skip
    expected = f"Core 0 sleeps. Its timer is due in {format_duration(in_ns)} for 'Periodic 1 sec'."
    assert teller.state(0) in {expected, expected.replace(" for 'Periodic 1 sec'", "")}
    if board != "x86":
        assert teller.state(1) == "Core 1 is off: nobody has started it."
    session.next_interrupt()
    assert teller.state(0) == "Core 0 handles an exception, 1 deep."
    session.machine.core.halt_reason = "panic"
    session.machine.core.state = CoreState.HALTED
    assert teller.state(0) == "Core 0 has halted: panic."


def test_a_tick_is_nobodys_time():
    session = session_of("x86", "tick-vs-tickless")
    session.run_until(1_174 * MS)
    asleep = next(step for _, step in presses(session, 20) if step.kind is StepKind.ASLEEP)
    assert "Its timer is due in 9.999 ms. '" in asleep.sentence
    assert asleep.sentence.endswith(", after one or more such interrupts.")


# -- other interrupts ------------------------------------------------------------------------------


@each_board
def test_a_typed_character_is_a_story_too(board):
    session = session_of(board)
    session.run_until(2_499 * MS)
    kinds = []
    while StepKind.RETURNED not in kinds:
        session.next_step()
        kinds.append(session.story.step().kind)
    order = [kind for kind in COURSES["uart"][1:] if kind in kinds]
    assert order == list(COURSES["uart"][1:])
    assert list(dict.fromkeys(kinds)) == order
    assert session.story.step().course == "uart"


@each_board
def test_a_call_from_core_to_core(board):
    session = session_of(board, "ipi")
    found = [step for _, step in presses(session, 40)]
    sent = next(n for n, step in enumerate(found) if step.kind is StepKind.SENT)
    other = found[sent].core ^ 1
    taken = next(step for step in found[sent:] if step.kind is StepKind.TAKEN)
    assert (taken.course, taken.core) == ("ipi", other)
    if board != "x86":  # there the other core has taken it by the time that the sender halts
        assert f"core {other} is high" in found[sent].sentence


@each_board
def test_a_system_call(board):
    session = session_of(board, "timer-syscalls", boot=False)
    while (step := session.story.step()) is None or step.kind is not StepKind.CALLED:
        session.next_step()
    core = session.core
    delay = core.registers[core.CALL_REGISTERS[1]]
    assert f"({delay} ms, task " in session.story.step().sentence
    kinds = [session.story.step().kind]
    while kinds[-1] is not StepKind.RETURNED:
        session.next_step()
        kinds.append(session.story.step().kind)
    assert kinds[:2] == [StepKind.CALLED, StepKind.ENTERED]
    assert kinds[-2:] == [StepKind.SERVED, StepKind.RETURNED]


def test_without_apics_the_8259_notes_the_timer_and_is_told_of_the_end():
    session = open_session("x86", "timer-callbacks", Changes(append="apic=off"))
    session.boot()
    told = {step.kind: step for _, step in presses(session, 11)}
    assert [step.number for step in told.values()] == list(range(2, 13))
    assert "8259A" in told[StepKind.PENDING].sentence
    assert "GINTR_STA" in told[StepKind.QUIET].sentence  # a level-triggered HPET timer
    assert "0x60 to OCW2" in told[StepKind.ENDED].sentence  # specific EOI of level 0


def test_an_interrupt_that_gets_no_farther_says_what_it_needs():
    session = session_of("x86", "gsi-override")
    found = [step.sentence for _, step in presses(session, 4)]
    assert any("GSI 2" in text and "'let through' does not hold" in text for text in found)


def step_of(session, kind, course, limit=200):
    """The next step of a kind."""
    for _ in range(limit):
        session.next_step()
        step = session.story.step()
        if (step.kind, step.course) == (kind, course):
            return step
    raise AssertionError(f"no {kind} of {course}")


@pytest.mark.parametrize(("board", "end"), [("rpi4", "GICC_EOIR"), ("x86", "EOI")])
def test_an_end_that_does_not_come_is_a_step_with_the_number_of_the_end(board, end):
    session = session_of(board, "fault-no-eoi")
    numbers = []
    while not numbers or numbers[-1] != (12, StepKind.RETURNED):
        session.next_step()
        step = session.story.step()
        numbers.append((step.number, step.kind))
    assert (11, StepKind.UNENDED) in numbers
    assert StepKind.ENDED not in {kind for _, kind in numbers}
    session.previous_step()
    told = session.story.step()
    assert told.heading == "STEP 11/12 NO END OF INTERRUPT"
    assert f"it has not written {end}" in told.sentence


def test_each_controller_that_is_asked_has_a_step_of_its_own_name():
    session = session_of("rpi3", "shell")
    first = step_of(session, StepKind.WHO, "uart")
    assert first.title == "Who is it?"
    assert first.sentence.endswith("That is the other controller, ic.")
    assert first.next_sentence == "The handler asks the controller before that one (ic)."
    second = step_of(session, StepKind.WHO, "uart")
    assert (second.title, second.number) == ("Who exactly?", first.number)
    assert "IRQ 57" in second.sentence


@each_board
def test_what_is_done_by_itself_is_told_while_the_handler_runs(board):
    """Not at the return: by then the core is out of the handler, and the queue is another one."""
    session = session_of(board)
    session.run_until(1_020 * MS if board == "x86" else 900 * MS)
    end = step_of(session, StepKind.QUIET, "timer")
    assert session.core.depth == 1
    assert session.inspector.handled_timeout() is None
    end = step_of(session, StepKind.ENDED, "timer")
    assert session.core.depth == 1, end
    session.next_step()
    assert session.story.step().kind is StepKind.RETURNED
    assert session.core.depth == 0


def test_a_message_that_is_no_interrupt_is_told_as_what_it_is():
    """INIT and start-up messages have no vector that a local APIC accepts (SDM 3A 8.4.4)."""
    session = session_of("x86", boot=False)
    sent = step_of(session, StepKind.SENT, "ipi")
    assert sent.title == "A message is sent"
    assert "No interrupt comes of it" in sent.sentence
    session.follows_story = True
    path = session.view(frozenset({"path"})).path
    assert path.interrupt is None
    assert path.stops == ()
    assert path.sentence == sent.sentence


def test_the_path_of_a_sent_interrupt_leads_to_the_core_that_gets_it():
    session = session_of("rpi3", "ipi")
    session.follows_story = True
    sent = step_of(session, StepKind.SENT, "ipi")
    assert (sent.core, sent.target) == (0, 1)
    assert sent.origin.source == "ipi"  # though it is sent in the handler of the timer
    path = session.view(frozenset({"path"})).path
    assert path.core == 1
    assert "core 1" in [stop.title for stop in path.stops]


def test_a_more_urgent_interrupt_that_goes_first_once_the_mask_opens_is_told():
    session = session_of("rpi4", "fault-pmr")
    session.run_until(699 * MS)
    step = step_of(session, StepKind.PENDING, "uart")
    assert "'passes the mask' does not hold" in step.sentence
    assert step.next_sentence == "The interrupt waits until that changes."
    session.poke("gic/GICC_PMR=0xff")
    assert session.story.step().next_sentence == "Core 0 takes IRQ 30 first: that is more urgent."
    session.next_step()
    assert session.story.step().subject == "Timer interrupt, IRQ 30"


def test_a_gate_of_another_controller_is_told_with_its_name():
    session = session_of("x86", "fault-no-eoi")
    session.run_until(900 * MS)
    step = step_of(session, StepKind.PENDING, "device")
    assert "farther, at lapic: 'may pre-empt'" in step.sentence


def test_a_source_that_is_not_quieted_is_told():
    session = session_of("rpi4", "fault-storm")
    session.run_until(1_050 * MS)
    step = step_of(session, StepKind.QUIET, "timer")
    assert step.title == "The source is not quieted"
    assert "has not quieted the source: system-timer" in step.sentence
    assert "is still high, so it asks again at once." in step.sentence


def test_an_acknowledge_that_gets_no_interrupt_is_told_as_that():
    """A handler that asks until nothing is pending reads 1023 at last (IHI 0048B 4.4.4)."""
    session = session_of("rpi4", "system-timer")
    asked = [step_of(session, StepKind.WHO, "timer") for _ in range(2)]
    assert "0x63 from GICC_IAR. That is IRQ 99. The read acknowledges it" in asked[0].sentence
    assert "0x3ff from GICC_IAR. That is nobody: nothing is pending now." in asked[1].sentence
    assert asked[1].origin is None


def test_the_step_after_a_run_that_was_listened_to_has_no_marks_of_that_run():
    session = session_of("rpi4")
    session.follows_story = True
    session.next_interrupt()
    assert [step.number for step in session.story.steps()] == [5]
    session.next_step()
    assert [step.number for step in session.story.steps()] == [6]
    session.finish()
    session.next_step()
    assert [step.kind for step in session.story.steps()] == [StepKind.ASLEEP]


def test_a_level_that_has_been_sent_on_is_not_held_back():
    """REMOTE_IRR is set because the local APIC has accepted it (82093AA 3.2.4)."""
    session = session_of("x86", "clock-sources")
    step = step_of(session, StepKind.PENDING, "timer")
    assert "Nothing holds it back" in step.sentence


def test_a_time_that_came_long_ago_is_not_told_as_reached_now():
    session = session_of("rpi4", "fault-imask")
    session.run_until(600 * MS)
    late = session.machine.now - session.inspector.timeouts().head().due_ns
    session.poke("CNTP_CTL_EL0.IMASK=0")
    session.next_step()
    step = session.story.step()
    told = re.search(r"([\d.]+) ms ago; only now can the timer ask", step.sentence)
    if step.kind is StepKind.DUE:
        assert abs(float(told[1]) - late / MS) < 1
    else:  # whoever pokes raises the line
        assert step.kind in {StepKind.LINE, StepKind.TAKEN}


# -- forwards and backwards ------------------------------------------------------------------------


@pytest.mark.parametrize(("board", "scenario"), [*each_once(ordinary()), *ENDED])
def test_backwards_is_the_mirror_of_forwards(board, scenario):
    session = session_of(board, scenario)
    forwards = presses(session, 30)
    assert (len(forwards) < 30) == ((board, scenario) in ENDED)
    if session.here != forwards[-1][0]:  # it ran on for more, and none came
        assert session.previous_step()
        assert shown(session) == forwards[-1]
    backwards = forwards[-1:]
    for _ in forwards[1:]:
        assert session.previous_step()
        backwards.append(shown(session))
    assert backwards[::-1] == forwards


@each_board
def test_two_busy_cores_go_back_the_way_that_they_came(board):
    session = session_of(board, "two-cores")
    forwards = presses(session, 150)
    for there in forwards[-2::-1]:
        assert session.previous_step()
        assert shown(session) == there


@each_board
def test_steps_are_a_matter_of_the_moment_not_of_the_way_there(board):
    session, other = session_of(board), session_of(board)
    told = presses(session, 30)
    session.run_until(4 * S)
    for position, step in told[::-7] + told[::5]:
        session.go_to(position)
        assert step in session.story.steps()
    other.run_until(980 * MS)
    other.advance(NEXT_INTERRUPT)
    session.go_to(other.here)
    assert session.story.steps() == other.story.steps()
    assert session.story.steps()[0].kind is StepKind.TAKEN
    other.advance(STEP)
    session.go_to(other.here)
    assert session.story.steps() == other.story.steps() == []
    assert session.next_step() is other.next_step() is StopReason.MEANINGFUL
    assert shown(session) == shown(other)


@each_board
def test_from_reset_on_the_story_is_the_same_as_from_the_first_sleep(board):
    """What the kernel shows when the story begins is not what it shows later."""
    booted, reset = session_of(board), session_of(board, boot=False)
    wanted = [shown(booted), *presses(booted, 14)]
    found = []
    while len(found) < len(wanted):
        reset.next_step()
        if reset.here >= wanted[0][0]:
            found.append(shown(reset))
    assert [(at, step.sentence) for at, step in found] == [
        (at, step.sentence) for at, step in wanted
    ]


@pytest.mark.parametrize(
    ("board", "scenario", "said", "then"),
    [
        ("rpi4", "system-timer", "No timeout is pending, but C3 is reached in 998.811 ms.",
         "The counter reaches C3 (1000003), or a device asks."),
        ("x86", "pair-of-8259s", "due in 999.622 ms, after one or more such interrupts.",
         "COUNTER0 counts to 0, its output falls and rises, or a device asks."),
    ],
)  # fmt: skip
def test_asleep_the_story_says_which_timer_comes(board, scenario, said, then):
    """Also one beside the queue, and one that counts down."""
    step = session_of(board, scenario).story.step()
    assert step.sentence.endswith(said)
    assert step.next_sentence == then


def test_looking_at_the_story_changes_nothing():
    told, silent = session_of("rpi4"), session_of("rpi4")
    presses(told, 40)
    silent.go_to_time(told.machine.now)
    told.run_until(3 * S)
    silent.run_until(3 * S)
    assert told.here == silent.here
    assert list(told.recorder.events) == list(silent.recorder.events)


def test_before_the_first_step_there_is_none():
    session = session_of("rpi4", boot=False)
    session.next_step()
    assert not session.previous_step()


def test_typing_in_the_past_makes_another_story():
    session = session_of("rpi4")
    before = presses(session, 14)
    for _ in range(13):
        session.previous_step()
    session.type(b"x")
    after = presses(session, 14)
    assert after != before
    assert any(step.kind is StepKind.ARRIVED and "you typed it" in step.sentence
               for _, step in after)  # fmt: skip


# -- sentences -------------------------------------------------------------------------------------


def durations_of(view, session, ago_ns=0):
    """All durations as sentences write them, ``ago_ns`` before the moment of a view."""
    numbers = [item.in_ns + ago_ns for item in view.comparators if item.in_ns is not None]
    for item in view.comparators:  # a counter may have been at the end of a tick
        ticks = item.counter - item.compare - ago_ns * item.hz // S if item.met else 0
        numbers += [ticks * S // item.hz, (ticks - 1) * S // item.hz]
    for item in view.timeouts:
        in_ns = item.in_ns + ago_ns
        numbers += [in_ns, -in_ns, item.period_ns or 0]
    numbers += [session.machine.now, *(item.dips_ns for item in view.comparators)]
    return {format_duration(number) for number in numbers if number >= 0}


def names_of(session):
    """Registers and their fields, which are described."""
    found = set()
    for device in session.machine.devices.values():
        for file in device.files.values():
            found |= {slot.name for slot in file.slots()}
            found |= {item.name for slot in file.slots() for item in slot.register.fields}
    for core in session.machine.cores:
        found |= {slot.name for slot in core.regs.slots()}
    return found


@pytest.mark.parametrize(("board", "scenario"), each_once(ordinary(), turn=1))
def test_every_sentence_agrees_with_its_moment_and_needs_no_unknown_word(board, scenario):
    session = session_of(board, scenario, boot=False)
    names = {part for name in names_of(session) for part in (name, *name.split(" "))}
    for _ in range(150):
        if session.next_step() is not StopReason.MEANINGFUL:
            break
        step = session.story.step()
        session.pinned = step.core
        view = session.view(frozenset(("comparators", "timeouts")))
        session.pinned = None
        text = without_names(step.sentence)
        ago_ns = session.machine.now - step.at_ns
        assert set(DURATION.findall(text)) <= durations_of(view, session, ago_ns), step
        for count, register, compare in re.findall(
            r"The counter, (\d+), has reached (\w+), (\d+):", step.sentence
        ):
            [known] = [item for item in view.comparators if item.name == register]
            since = ago_ns * known.hz // S
            assert known.counter - int(count) in {since, since + 1}
            assert known.compare == int(compare)
        assert len(step.next_sentence) <= LONGEST_NEXT
        for sentence in (step.sentence, step.next_sentence):
            assert sentence.endswith(".")
            assert sentence[0].isupper()
            unknown = {
                word
                for word in set(CAPITALS.findall(without_names(sentence))) - names - CHIPS
                if glossary().find(word) is None
            }
            assert not unknown, (unknown, sentence)


@each_board
def test_the_parse_of_numbers_finds_them(board):
    session = session_of(board)
    text = without_names(session.story.step().sentence)
    assert len(DURATION.findall(text)) == 1
    assert CAPITALS.findall(text)


def test_every_kind_of_step_has_a_title_a_station_and_a_place():
    for kind in StepKind:
        assert kind in TITLES
        assert kind in STATIONS
    assert all(len(set(course)) == len(course) for course in COURSES.values())


@each_board
def test_every_event_of_a_trace_has_a_sentence(board):
    session = session_of(board, boot=False)
    words = EventWords(session.machine, session.names)
    told = {}
    session.recorder.sink = lambda event: told.setdefault(event[3], words.sentence(event))
    session.run_until(2_600 * MS)
    assert {"line", "tx", "rx", "tracepoint"} <= told.keys()
    assert all(text.endswith(".") and len(text) > 10 for text in told.values())


def test_every_instruction_is_explained():
    for kind, item in INSTRUCTIONS.items():
        assert item.explained(1, 2, "NAME"), kind
    event = (0, 0, 1, "unmodelled", 0, 0, "GICD <- 0x1")
    words = EventWords(session_of("rpi4", boot=False).machine, None)
    assert words.sentence(event) == "An access found nothing that is modelled: GICD <- 0x1."
    event = (0, 0, 1, "poke", 0, 5, "scenario GICC_PMR")
    assert words.sentence(event) == "A poke by the scenario writes 0x5 to GICC_PMR."
    assert set(REMARKS) == {*KINDS, "split"}
    event = (0, 0, 1, "misuse", 30, 0, "core 1 ended 30, which is not active")
    said = "Software uses a controller wrongly: core 1 ended 30, which is not active."
    assert words.sentence(event) == said


def tracepoints_of_the_kernel():
    for path in Path(kerneltui.kernel.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            called = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            if called and node.func.attr == "tracepoint":
                yield node.args[0].value, {keyword.arg for keyword in node.keywords}


def test_every_tracepoint_of_the_kernel_has_a_sentence():
    found = list(tracepoints_of_the_kernel())
    assert len(found) >= 10
    for name, facts in found:
        assert name in TRACEPOINTS, name
        wanted = set(re.findall(r"\{(\w+)\}", TRACEPOINTS[name]))
        assert wanted <= facts, name


def test_a_tracepoint_of_somebody_elses_kernel_is_told_as_it_is():
    assert tracepoint_sentence("boom size=3") == "The kernel tells 'boom': size 3."
    assert tracepoint_sentence("sched_switch x=1") == "The kernel tells 'sched_switch'."
    said = tracepoint_sentence("timer_callback name=Periodic 1 sec id=3")
    assert said == "The kernel calls the callback of 'Periodic 1 sec'."


# -- roles are data --------------------------------------------------------------------------------


def test_a_role_follows_from_what_a_store_brings():
    table = session_of("rpi4", boot=False).machine.devices["timer"].TABLES[0]
    control = table["CNTP_CTL_EL0"]
    roles = [control.role_of_write(value).role for value in (0, 1, 2, 3)]
    assert roles == [Role.QUIET, Role.ARM, Role.QUIET, Role.QUIET]
    pic = session_of("x86", boot=False).machine.devices["pic"].TABLES[0]["OCW2"]
    assert pic.role_of_write(0x20).role is Role.END  # non-specific EOI
    assert pic.role_of_write(0x61).role is Role.END  # specific EOI of level 1
    assert pic.role_of_write(0x40) is None  # no operation


def test_roles_are_found_behind_a_window_and_in_overlays():
    machine = session_of("x86", boot=False).machine
    roles, ports = Roles(machine), machine.spaces["port"]
    ports.write(0x70, 0x0C, 1)
    assert roles.meaning("in", 0x71, 0).register == "REGISTER_C"
    ports.write(0x70, 0x0A, 1)
    assert roles.meaning("in", 0x71, 0) is None
    assert roles.meaning("out", 0x20, 0x20).role is Role.END
    assert roles.meaning("out", 0x20, 0x0B) is None  # OCW3


def test_a_board_with_other_names_has_the_same_story(tmp_path):
    text = available("boards")["rpi4"].read_text()
    for old, new in (("gic", "intc"), ("timer", "clockwork"), ("uart0", "serial7")):
        text = re.sub(rf"(?<![\w,.-]){old}(?![\w-])", new, text)
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    mine, builtin = open_session(str(path), "timer-callbacks"), session_of("rpi4")
    mine.boot()
    assert "intc" in mine.machine.devices
    found, expected = presses(mine, 26), presses(builtin, 26)
    assert [step.kind for _, step in found] == [step.kind for _, step in expected]
    assert [position for position, _ in found] == [position for position, _ in expected]


@pytest.mark.parametrize(("board", "mask"), [("rpi3", "UARTIMSC"), ("rpi4", "UARTIMSC"),
                                             ("x86", "IER")])  # fmt: skip
def test_what_arrives_at_a_uart_without_interrupts_waits_until_software_looks(board, mask):
    session = session_of(board)
    session.poke(f"{mask}=0", 0)
    session.type(b"a")
    steps = (step for _, step in presses(session, 8))
    told = next(step for step in steps if step.kind is StepKind.ARRIVED)
    said = "No interrupt is enabled at the UART: it waits until software looks."
    assert told.next_sentence == said
    assert len(said) <= LONGEST_NEXT
    session.close()


@pytest.mark.parametrize(
    ("scenario", "kept"),
    [("fault-tpr", "It gets no farther: 'passes the TPR' does not hold"),
     ("timer-callbacks", "Nothing holds it back")],
)  # fmt: skip
def test_a_timer_in_the_controller_asks_whether_it_is_let_through_or_not(scenario, kept):
    session = open_session("x86", scenario)
    session.boot()
    session.follows_story = True
    found = []
    while "NOTES IT" not in "".join(found[-1:]):
        session.next_step()
        path = session.view(frozenset({"path"})).path
        if path.subject.startswith("Timer interrupt"):
            found.append(f"{path.heading}: {path.sentence}")
    assert [text.partition(":")[0] for text in found[-3:]] == [
        "STEP 2/12 TIME REACHED", "STEP 3/12 IT ASKS WITHOUT A WIRE",
        "STEP 4/12 THE CONTROLLER NOTES IT",
    ]  # fmt: skip
    assert kept in found[-1]
    session.close()
