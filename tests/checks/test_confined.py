"""``kerneltui check``: a process of its own, its limits, and how its results are told."""

import json
from xml.etree import ElementTree as ET

import pytest
from own.broken import HALTING, SYSTEM_TIMER, UNLOADABLE, changed

from kerneltui.checks.confined import LOADS, MOST_ENDS, Confined
from kerneltui.checks.report import FAILED, LEFT_OUT, PASSED

UPTIME = "    def uptime_ns(self):\n"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "my_timer.py"
    path.write_text(SYSTEM_TIMER)
    return path


def test_a_right_driver_passes_and_the_status_is_0(said, file):
    status, out, err = said("check", file, "--role", "timer")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == f"ok     {LOADS}"
    assert lines[-1] == f"{len(lines) - 1} passed, 0 failed: {file}, timer of rpi4"
    assert all(line.startswith("ok ") for line in lines[:-1])


def test_a_wrong_one_fails_with_the_sentence_and_the_status_is_1(said, file, tmp_path):
    broken = HALTING["exception in a handler"]
    file.write_text(broken.text)
    junit = tmp_path / "out.xml"
    status, out, _ = said("check", file, "--role", "timer", "--json", "--junit", junit)
    assert status == 1
    found = json.loads(out)
    assert (found["role"], found["board"], found["file"]) == ("timer", "rpi4", str(file))
    assert len(found["cases"]) == found["passed"] + found["failed"] + found["left_out"]
    failed = [case for case in found["cases"] if case["outcome"] == FAILED]
    assert len(failed) == found["failed"] > 0
    assert all(f"{file}, line {broken.line}: " in case["said"] for case in failed)
    suite = ET.parse(junit).getroot()
    assert suite.get("tests") == str(len(found["cases"]))
    assert suite.get("failures") == str(found["failed"])
    assert len(suite.findall("testcase/failure")) == found["failed"]
    assert len(suite.findall("testcase/skipped")) == found["left_out"]
    assert suite.find("testcase/failure").get("message") == failed[0]["said"]


def test_one_that_cannot_be_loaded_is_one_failed_case(said, file):
    broken = UNLOADABLE["syntax error"]
    file.write_text(broken.text)
    status, out, _ = said("check", file, "--role", "timer")
    assert status == 1
    assert f"FAILS  {LOADS}" in out
    assert f"{file}, line {broken.line}: {broken.said}" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.py", "--role", "timer"], "nowhere.py: cannot be read"),
        (["FILE", "--role", "tmer"], "there is no role 'tmer'; did you mean 'timer'?"),
        (["FILE", "--role", "clock"], "rpi4 has no role 'clock'"),
        (["FILE", "--role", "timer", "--board", "rpi5"], "rpi5"),
        (["FILE"], "'--role' is missing; an example: kerneltui check"),
    ],
    ids=lambda item: item[0] if isinstance(item, list) else "",
)
def test_a_mistake_in_its_use_is_one_line_and_2(said, file, arguments, words):
    given = [str(file) if item == "FILE" else item for item in arguments]
    status, out, err = said("check", *given)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert words in err


def outcomes(file, text, **limits):
    file.write_text(text)
    return list(Confined(file, "timer", "rpi4", **limits).lines())


def test_what_never_comes_back_from_pythons_own_code_is_ended(file):
    text = changed(SYSTEM_TIMER, UPTIME, f"{UPTIME}        sum(iter(int, 1))\n")
    lines = outcomes(file, text, case_s=2.0)
    failed = [line for line in lines if line.outcome == FAILED]
    assert len(failed) == MOST_ENDS
    assert all("after 2 s this case was not done, and was ended" in line.said for line in failed)
    left = [line for line in lines if line.outcome == LEFT_OUT]
    assert len(lines) == 1 + len(failed) + len(left)
    assert lines[0].outcome == PASSED


def test_what_takes_all_memory_is_an_error_of_the_driver(file):
    text = changed(SYSTEM_TIMER, UPTIME, f"{UPTIME}        bytearray(1 << 34)\n")
    failed = [line for line in outcomes(file, text) if line.outcome == FAILED]
    assert failed
    assert all(f"{file}, line 19: MemoryError" in line.said for line in failed)


def test_a_process_that_dies_is_told_and_the_others_go_on(file):
    # Only what is refused by name is: a driver can still reach the host by way of a class.
    text = changed(
        SYSTEM_TIMER, UPTIME,
        f"{UPTIME}        for cls in object.__subclasses__():\n"
        "            if cls.__name__ == '_wrap_close':\n"
        "                cls.__init__.__globals__['_exit'](7)\n",
    )  # fmt: skip
    lines = outcomes(file, text)
    assert "its process has ended with status 7" in lines[1].said
    assert [line.outcome for line in lines].count(FAILED) == MOST_ENDS


def test_it_says_which_case_runs(file):
    suite = Confined(file, "timer", "rpi4")
    lines = suite.lines()
    assert suite.count == 0
    next(lines)
    assert suite.progress() == (
        0,
        f"case 1 of {suite.count}: the uptime is the time since power-on",
    )
    next(lines)
    assert suite.progress() == (1, f"case 2 of {suite.count}: the uptime never goes back")
    assert len(list(lines)) == suite.count - 1
    assert suite.progress()[1].startswith(f"case {suite.count} of {suite.count}: ")
