"""Scenario files: what they mean, and what is wrong with one."""

import pytest
from faults import ordinary

from kerneltui.errors import UserError
from kerneltui.kernel.faults import FAULTS
from kerneltui.machine.board import load_board
from kerneltui.machine.core import StopReason
from kerneltui.scenarios.changes import Changes
from kerneltui.scenarios.reading import load_scenario
from kerneltui.scenarios.scenario import changes_for, open_session
from kerneltui.validation import validate_file

S = 1_000_000_000


def load(tmp_path, text, program="timer-callbacks"):
    path = tmp_path / "mine.yaml"
    path.write_text(f"title: mine\nprogram: {program}\n{text}")
    return load_scenario(str(path))


def complaint(tmp_path, text, **options):
    with pytest.raises(UserError) as caught:
        load(tmp_path, text, **options)
    return str(caught.value).removeprefix(str(tmp_path / "mine.yaml"))


def test_a_scenario_reads_as_the_documentation_says(tmp_path):
    scenario = load(
        tmp_path,
        """
timeouts:
  - once: 5s
    print: "Once 5"
  - every: 1s
  - at: 250ms
    busy: 10us
    name: early
inputs:
  - at: 2.5s
    uart: "hello\\n"
""",
    )
    once, every, at = scenario.workload.timeouts
    assert (once.once_ns, once.text, once.name, once.busy_ns) == (5 * S, "Once 5", "Once 5", 0)
    assert (every.every_ns, every.text, every.name) == (S, None, "every")
    assert (at.at_ns, at.name, at.busy_ns) == (S // 4, "early", 10_000)
    assert [(item.at_ns, item.data) for item in scenario.inputs] == [(2_500_000_000, b"hello\n")]
    assert scenario.name == "mine"


def test_repeats_are_apart_and_numbered(tmp_path):
    found = load(
        tmp_path, "timeouts: [{once: 1s, name: x, repeat: 3, apart: 10ms}]"
    ).workload.timeouts
    assert [item.once_ns for item in found] == [S, S + 10_000_000, S + 20_000_000]
    assert [item.name for item in found] == ["x 1", "x 2", "x 3"]


def test_inputs_are_typed_in_order_of_time_and_equal_ones_in_order_of_the_file(tmp_path):
    text = "inputs:\n" + "".join(
        f"  - {{at: {at}, uart: {word}}}\n"
        for at, word in (("2s", "c"), ("1s", "a"), ("2s", "d"), ("1500ms", "b"))
    )
    assert [item.data for item in load(tmp_path, text).inputs] == [b"a", b"b", b"c", b"d"]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("timeouts:\n  - once: 1s\n    every: 1s\n", 4, "once and every"),
        ("timeouts:\n  - print: x\n", 4, "here: none"),
        ("timeouts:\n  - every: 0s\n", 4, "a period must be longer than 0s"),
        (
            "timeouts:\n  - once: 1s\n    then:\n      - every: 0s\n",
            6,
            "a period must be longer than 0s",
        ),
        ("timeouts:\n  - once: 1s\n    repeat: 0\n", 5, "from 1 to 100000"),
        ("timeouts:\n  - once: 1s\n    repeat: 100001\n", 5, "from 1 to 100000"),
        ("timeouts:\n  - {once: 1s, repeat: 99999}\n  - {once: 1s, repeat: 2}\n", 5, "100000"),
        (
            "timeouts:\n  - once: 1s\n    repeat: .inf\n",
            5,
            "'repeat' must be a whole number, not '.inf'",
        ),
        ("timeouts:\n  - once: 1s\n    busy: -1s\n", 5, "negative"),
        (f"timeouts:\n  - once: 1s\n    print: {'x' * 201}\n", 5, "200"),
        (f"inputs:\n  - at: 1s\n    uart: {'x' * 4097}\n", 5, "4096"),
        ("faults:\n  - round-due-down\n  - no-rearm-spurious\n", 5, "no-rearm-after-spurious"),
    ],
)
def test_what_makes_no_sense_is_said_with_its_line(tmp_path, text, line, said):
    message = complaint(tmp_path, text)
    assert message.startswith(f":{line}: "), message
    assert said in message


def test_an_unknown_program_gets_a_suggestion(tmp_path):
    message = complaint(tmp_path, "", program="timer-calbacks")
    assert message == ":2: unknown program 'timer-calbacks'; did you mean 'timer-callbacks'?"


def test_a_program_without_timeouts_is_given_none(tmp_path):
    assert ":3:" in complaint(tmp_path, "timeouts: [{once: 1s}]", program="system-timer")


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_can_be_switched_on(tmp_path, fault):
    assert load(tmp_path, f"faults: [{fault}]").workload.faults == {fault}


FITTING = [(board, name) for name in ordinary() for board in load_scenario(name).boards]


@pytest.mark.parametrize(("board", "name"), FITTING)
def test_every_scenario_boots_and_runs_on_every_board_that_it_is_for(board, name):
    session = open_session(board, name)
    session.recorder.trace(False)
    assert session.boot() is StopReason.IDLE
    session.run_until(S + S // 4)
    assert session.machine.core.halt_reason == ""
    assert session.setup.about == load_scenario(name).spec.about != ""


def test_a_timeout_of_zero_is_due_at_once(tmp_path):
    load(tmp_path, "timeouts: [{once: 0s, print: now}, {at: 0s, print: past}]")
    session = open_session("rpi4", str(tmp_path / "mine.yaml"))
    session.run_until(S // 10)
    text = "\n".join(session.recorder.console.lines())
    assert "] now" in text
    assert "] past" in text


def test_input_before_the_uart_is_up_does_no_harm(tmp_path):
    load(tmp_path, 'inputs: [{at: 0s, uart: "early"}, {at: 1us, uart: "too"}]')
    session = open_session("rpi3", str(tmp_path / "mine.yaml"))
    session.boot()
    assert session.machine.core.halt_reason == ""


def test_deeply_nested_callbacks_can_be_saved(tmp_path):
    load(tmp_path, "timeouts: [" + "{once: 1s, then: [" * 45 + "]}" * 45 + "]")
    session = open_session("rpi4", str(tmp_path / "mine.yaml"))
    session.boot()
    session.run_until(10 * S)
    moment, due = session.here, session.view(frozenset({"timeouts"})).timeouts
    assert due
    session.run_until(46 * S)
    assert not session.view(frozenset({"timeouts"})).timeouts
    session.go_to(moment)
    assert session.view(frozenset({"timeouts"})).timeouts == due
    saved = session.machine.save()
    session.machine.load(saved)
    assert session.view(frozenset({"timeouts"})).timeouts == due


def test_text_that_is_not_ascii_comes_out_as_question_marks_but_is_typed_as_utf_8(tmp_path):
    load(tmp_path, 'timeouts: [{once: 1s, print: "é\\e[31m"}]\ninputs: [{at: 2s, uart: "é"}]')
    session = open_session("rpi4", str(tmp_path / "mine.yaml"))
    session.run_until(3 * S)
    assert session.recorder.console.lines()[-2].endswith("] ?^[[31m")
    assert bytes(session.recorder.console.data).endswith("é".encode())


@pytest.mark.parametrize(
    ("text", "program", "board", "said"),
    [
        ("boot: clock=pit", "timer-callbacks", "rpi4", "is for x86, not for rpi4"),
        ("cpu: -arat", "timer-callbacks", "rpi3", "is for x86, not for rpi3"),
        ("", "wall-clock", "rpi4", "is for x86, not for rpi4"),
        ("", "system-timer", "x86", "is for rpi3 or rpi4, not for x86"),
        ("boot: clock=pit", "system-timer", "rpi4", "is for no board"),
        (
            "faults: [ignore-overrides]",
            "timer-callbacks",
            "rpi4",
            ":3: the board rpi4 cannot have the fault",
        ),
        ("cpu: bogus", "timer-callbacks", "x86", ":3: 'bogus' must begin with + or -"),
        ("without: [hpet, gpu]", "timer-callbacks", "x86", ":3: no device 'gpu' on x86"),
        ("config: {hpet: {timers: 99}}", "timer-callbacks", "x86", ":3: timers must be 3 to 24"),
        ("config: {hpet: {tmers: 3}}", "timer-callbacks", "x86", "has no parameter 'tmers'"),
        ("config: {gpu: {}}", "timer-callbacks", "x86", ":3: no device 'gpu' on x86"),
        ("boot: clock=foo", "timer-callbacks", "x86", ":3: boot parameter 'clock' cannot be"),
    ],
)
def test_a_scenario_that_does_not_fit_a_board_says_where_and_why(
    tmp_path, text, program, board, said
):
    path = tmp_path / "mine.yaml"
    path.write_text(f"title: t\nprogram: {program}\n{text}\n")
    with pytest.raises(UserError) as caught:
        open_session(board, str(path))
    assert said in str(caught.value)


def test_a_scenario_is_validated_on_its_boards(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("title: t\nprogram: timer-callbacks\ncpu: -arat\nwithout: [gpu]\n")
    with pytest.raises(UserError, match=":4: no device 'gpu' on x86"):
        validate_file(path)
    path.write_text("title: t\nprogram: wall-clock\nconfig: {rtc: {base: 0}}\n")
    assert validate_file(path) == "scenario 't'"


def test_changes_go_to_another_board_as_far_as_they_can_be_had():
    changes = Changes("clock=pit", "-arat", ("hpet", "uart0"))
    assert changes_for("x86", "shell", changes) == changes
    assert changes_for("rpi4", "shell", changes) == Changes(without=("uart0",))
    assert changes_for("rpi4", "shell", None) == Changes()


def test_changes_go_to_another_scenario_as_far_as_it_has_use_for_them():
    changes = Changes(queue="heap", sched="rr")
    assert changes_for("rpi4", "starvation", changes) == changes
    assert changes_for("rpi4", "burst", changes) == Changes(queue="heap")
    assert changes_for("rpi4", "system-timer", changes) == Changes()
    with pytest.raises(UserError, match="no queue of timeouts"):
        open_session("rpi4", "system-timer", Changes(queue="heap"))


NO_LOCAL_APIC = "'ioapic0' has no local APIC to send its messages to"


def test_a_board_that_an_option_breaks_is_told_with_that_option():
    changes = Changes(without=("hpet", "lapic"))
    with pytest.raises(UserError) as caught:
        open_session("x86", "timer-callbacks", changes)
    assert str(caught.value) == f"--no lapic: {NO_LOCAL_APIC}"


def test_a_board_that_a_scenario_breaks_is_told_with_its_line(tmp_path):
    path = tmp_path / "mine.yaml"
    head = "title: mine\nprogram: timer-callbacks\n"
    for text, said in (
        ("without:\n  - hpet\n  - lapic\n", f"5: {NO_LOCAL_APIC}"),
        ("config:\n  ioapic1: {gsi_base: 4}\n", "4: GSIs 4 to 27 overlap those of 'ioapic0'"),
    ):
        path.write_text(head + text)
        with pytest.raises(UserError) as caught:
            open_session("x86", str(path))
        assert str(caught.value).startswith(f"{path}:{said}")


def test_a_board_that_makes_no_sense_by_itself_is_told_with_its_own_line(tmp_path):
    text = load_board("x86").file.text
    path = tmp_path / "mine.yaml"
    path.write_text(text.replace("{gsi_base: 24}", "{gsi_base: 4}"))
    with pytest.raises(UserError) as caught:
        open_session(str(path), "timer-callbacks", Changes(without=("hpet",)))
    assert str(caught.value).startswith(f"{path}:")
    assert "overlap" in str(caught.value)
