"""``kerneltui narrate``: one line for each step or event, under headings."""

import json
import re
import subprocess
import sys

import pytest

from kerneltui.debugger.marks import StepKind
from kerneltui.machine.instructions import INSTRUCTIONS
from kerneltui.scenarios.scenario import open_session

ENTRIES = {name for name, what in INSTRUCTIONS.items() if what.is_external}
LINE = re.compile(r" *\d+\.\d{3} \d{3} \d{3} s  .+\.")
NARRATE = [sys.executable, "-m", "kerneltui", "narrate"]


@pytest.mark.parametrize("board", ["rpi3", "rpi4", "x86"])
def test_each_step_is_a_line_and_each_episode_has_a_heading(said, board):
    status, out, err = said("narrate", "--board", board, "--until", "1.05s")
    assert (status, err) == (0, "")
    event = out[out.index("2/12") :].splitlines()
    numbers = [int(line) for line in re.findall(r"(\d+)/12 ", out[out.index("2/12") - 9 :])]
    assert numbers[:11] == list(range(2, 13))
    assert all(LINE.fullmatch(line) for line in event[1:11])
    headings = [line for line in out.splitlines() if line and not LINE.fullmatch(line)]
    assert headings.count("Timer interrupt, core 0") >= 1
    assert all(re.fullmatch(r" *[A-Z][a-zA-Z ]+, core \d", line) for line in headings)


@pytest.mark.parametrize(
    ("board", "scenario"),
    [("rpi3", "timer-callbacks"), ("rpi4", "timer-callbacks"), ("rpi4", "two-cores"),
     ("x86", "timer-callbacks"), ("x86", "two-cores")],
)  # fmt: skip
def test_each_step_bears_the_time_that_the_trace_has(board, scenario):
    session = open_session(board, scenario)
    session.run_until(990_000_000)
    steps: dict[StepKind, list[int]] = {}
    session.recorder.trace(True)
    first = session.recorder.recorded
    for _ in range(14):
        session.next_step()
        step = session.story.step()
        steps.setdefault(step.kind, []).append(step.at_ns)
        assert step.at_ns <= session.machine.now
    events = session.recorder.last(session.recorder.recorded - first)
    times = {
        StepKind.TAKEN: {event[1] for event in events if event[3] in ENTRIES},
        StepKind.LINE: {event[1] for event in events if event[3] == "line"},
    }
    assert steps[StepKind.TAKEN]
    for kind, known in times.items():
        assert set(steps.get(kind, ())) <= known, kind
    session.close()


def test_the_timeout_is_as_late_as_the_trace_has_it_when_it_leaves_the_queue(said):
    _, out, _ = said("narrate", "--board", "rpi4", "--until", "1.1s")
    _, trace, _ = said("trace", "--board", "rpi4", "--from", "1s", "--until", "1.1s")
    events = [json.loads(line) for line in trace.splitlines()]
    [left] = [event["t"] for event in events if "hrtimer_expire_entry" in event.get("text", "")]
    [due] = [
        int(event["text"].rpartition("due=")[2])
        for event in events if "timer_callback " in event.get("text", "")
    ]  # fmt: skip
    assert f"out of the timeout queue, {left - due} ns after it was due. It is due every" in out


@pytest.mark.parametrize(
    ("board", "hz", "scenario"),
    [("rpi3", 19_200_000, "timer-callbacks"), ("rpi4", 54_000_000, "timer-callbacks"),
     ("rpi4", 54_000_000, "two-cores")],
)  # fmt: skip
def test_the_counter_of_a_step_is_what_it_showed_when_that_happened(board, hz, scenario):
    """The system counter shows whole ticks since power-on (DDI 0487, D11.1)."""
    session = open_session(board, scenario)
    session.run_until(20_000_000)
    told = 0
    for _ in range(60):
        session.next_step()
        step = session.story.step()
        for count in re.findall(r"The counter, (\d+), has reached", step.sentence):
            assert int(count) == step.at_ns * hz // 1_000_000_000, step
            told += 1
    assert told > 1
    session.close()


def test_what_is_ahead_at_a_step_is_counted_from_its_own_time(said):
    """The store that arms the timer is 10 ns older than the halt after it."""
    _, out, _ = said("narrate", "--scenario", "two-cores", "--until", "320ms", "--board", "rpi4")
    _, trace, _ = said("trace", "--scenario", "two-cores", "--until", "320ms", "--board", "rpi4")
    events = [json.loads(line) for line in trace.splitlines()]
    due = {
        int(event["text"].rpartition("expires=")[2].split()[0])
        for event in events if "hrtimer_start" in event.get("text", "")
    }  # fmt: skip
    armed = re.findall(r"([\d ]+\.[\d ]+) s .*Arm the timer .*, due in ([\d.]+) us: core 0", out)
    assert armed
    for when, ahead in armed:
        at_ns = int(re.sub(r"\D", "", when))
        assert at_ns + round(float(ahead) * 1000) in due


def test_an_interrupt_inside_another_is_indented_under_its_own_heading(said):
    _, out, _ = said("narrate", "--scenario", "nested", "--board", "rpi4", "--until", "3s")
    assert out.count("Timer interrupt, core 0") == 4  # the last one has only begun to be awaited
    assert "inside another" not in out  # the kernel lets none in meanwhile
    _, out, _ = said(
        "narrate", "--scenario", "priority-of-irqs", "--board", "rpi4", "--until", "3s"
    )
    nested = out[out.index(" inside another") :].splitlines()
    assert nested[1].startswith("     ")
    assert "The CPU takes it" in nested[1]


def test_events_are_told_one_by_one(said):
    status, out, err = said("narrate", "--detail", "event", "--board", "rpi3", "--until", "10ms")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert len(lines) > 5_000
    assert all(LINE.fullmatch(line) for line in lines)


def test_a_file_gets_the_same_bytes_every_time(said, tmp_path):
    path = tmp_path / "story.txt"
    _, out, _ = said("narrate", "--until", "1.1s")
    assert said("narrate", "--until", "1.1s", "-o", path) == (0, "", "")
    assert path.read_text() == out
    status, _, err = said("narrate", "--until", "1s", "-o", tmp_path / "no" / "where")
    assert status == 2
    assert err.count("\n") == 1


def test_mistakes_are_one_line(said):
    for arguments in (("--until", "soon"), ("--until", "1s", "--detail", "all"), ()):
        status, out, err = said("narrate", *arguments)
        assert (status, out, err.count("\n")) == (2, "", 1)


def test_a_reader_that_has_gone_is_no_error():
    with subprocess.Popen(
        [*NARRATE, "--scenario", "round-robin", "--until", "20s"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(60) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""


@pytest.mark.parametrize("board", ["rpi4", "x86"])
def test_a_core_beside_the_first_arms_its_timer_for_itself(said, board):
    _, out, _ = said("narrate", "--scenario", "two-cores", "--board", board, "--until", "120ms")
    armed = [line for line in out.splitlines() if "Arm the timer" in line]
    own = [line for line in armed if "[1]" in line]
    assert own
    assert all("for this core alone: core 1 writes" in line for line in own)
    others = [line for line in armed if line not in own]
    assert others
    assert not any("for this core alone" in line for line in others)


def test_of_many_steps_that_are_alike_only_the_first_ones_are_written(said):
    status, out, err = said(
        "narrate", "--board", "rpi4", "--scenario", "fault-daif", "--until", "1.9583s"
    )
    assert (status, err) == (0, "")
    alike = [line for line in out.splitlines() if "It does not sleep" in line]
    first = alike[0].split(" s ", 1)[1]
    assert [line.split(" s ", 1)[1] for line in alike] == [first] * 3
    rest = out.splitlines()[out.splitlines().index(alike[-1]) + 1]
    assert re.fullmatch(
        r" +\.\.\. and \d{4} more like that, the last one at 1\.958 299 \d{3} s", rest
    )
