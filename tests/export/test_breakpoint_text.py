"""`kerneltui docs breakpoints`, and what `run --break` says."""

from __future__ import annotations

import pytest

from kerneltui.cli import run
from kerneltui.debugger.breakpoints.condition_names import NAMES
from kerneltui.debugger.breakpoints.grammar import FORMS, OPTIONS
from kerneltui.scenarios.scenario import open_session
from kerneltui.sessions.saving import spec_of, text_of


def test_all_forms_options_and_names_stand_there_with_examples(capfd):
    assert run(["docs", "breakpoints"]) == 0
    said = capfd.readouterr().out.splitlines()
    for form in FORMS.values():
        place = said.index(f"  {form.form}")
        examples = tuple(line.strip() for line in said[place + 1 : place + 1 + len(form.examples)])
        assert examples == form.examples
    for word, (meant, example) in {**OPTIONS, **NAMES}.items():
        place = said.index(f"  {word}: {meant}")
        assert said[place + 1] == f"      {example}"


@pytest.mark.parametrize(
    ("what", "status", "said"),
    [
        ("irq 30 taken", 0, "kerneltui: no breakpoint was hit\n"),
        ("write GICC_PMR", 3, "kerneltui: breakpoint 1 (write GICC_PMR): "),
    ],
)
def test_a_run_says_whether_a_breakpoint_was_hit(what, status, said, capfd):
    assert run(["run", "--until", "5ms", "--break", what]) == status
    assert capfd.readouterr().err.startswith(said)


def test_a_run_without_breakpoints_says_nothing(capfd):
    assert run(["run", "--until", "1ms"]) == 0
    assert capfd.readouterr().err == ""


def test_the_help_of_run_tells_the_exit_status_and_where_the_forms_are(capfd):
    assert run(["run", "--help"]) == 0
    said = " ".join(capfd.readouterr().out.split())
    statuses = (
        "5 when the run took too long, 4 when an expected text has not come, 3 when a breakpoint"
    )
    assert f"The exit status is {statuses}" in said
    assert "kerneltui docs breakpoints" in said
    assert "write INIT_COUNT" in said


def test_breakpoints_of_a_session_file_are_for_the_dashboard(tmp_path, said):
    with_one = open_session("rpi4", "timer-callbacks")
    with_one.breakpoints.add(with_one.machine, "write GICC_PMR")
    path = tmp_path / "mine.session.yaml"
    path.write_text(text_of(spec_of(with_one), path))
    with_one.close()
    assert "write GICC_PMR" in path.read_text()
    for command in ("run", "trace", "narrate"):
        plain = said(command, "--until", "5ms")
        assert said(command, "--session", path, "--until", "5ms") == plain
        assert plain[::2] == (0, "")
    plain = said("trace", "--until", "5ms", "--hash")
    assert said("trace", "--session", path, "--until", "5ms", "--hash") == plain
    asked = said("run", "--session", path, "--until", "5ms", "--break", "write GICD_CTLR")
    assert asked[0] == 3
    assert "(write GICD_CTLR): core 0 wrote 0x1" in asked[2]
    assert asked[2].count("\n") == 1
