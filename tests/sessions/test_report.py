"""The report of a session: what was done, what happens at its bookmarks, what is the matter."""

import re

import pytest

from kerneltui.scenarios.scenario import open_session
from kerneltui.sessions.opening import load_session
from kerneltui.sessions.report import escaped
from kerneltui.sessions.saving import spec_of, text_of
from kerneltui.sessions.writing import write_atomically

BOARDS = "rpi4", "rpi3", "x86"


def saved(path, board="rpi4", scenario="timer-callbacks", prepare=lambda session: None):
    session = open_session(board, scenario)
    session.boot()
    session.follows_story = True
    prepare(session)
    write_atomically(path, text_of(spec_of(session), path))
    session.close()
    return path


def two_moments(session):
    session.type(b"ab`c\r")
    session.next_interrupt()
    session.bookmarks.add(session.bookmark("*Here* it | is `taken`", "taken"))
    session.next_timer_event()
    session.bookmarks.add(session.bookmark(""))


@pytest.mark.parametrize("board", BOARDS)
def test_it_tells_what_happened_at_each_bookmark(tmp_path, said, board):
    path = saved(tmp_path / "a.session.yaml", board, prepare=two_moments)
    status, text, errors = said("report", "--session", path)
    assert (status, errors) == (0, "")
    assert f"| Board | {board} |" in text
    assert "- You typed ``'ab`c\\n'`` at" in text
    first, second = text.split("## Bookmark ")[1:]
    assert first.startswith("1 of 2: taken\n\n> \\*Here\\* it \\| is \\`taken\\`\n")
    assert re.search(r"^> [\d. ]+ s  5/\d+ The CPU takes it: ", first, re.MULTILINE)
    assert re.search(r"^> [\d. ]+ s  12/12 Return: ", second, re.MULTILINE)
    assert len(re.findall(r"^  [\d. ]+ s  \d+/12 ", second, re.MULTILINE)) == 2
    assert "next: " in first


def test_each_input_has_a_line_of_its_own_with_its_escapes_once(tmp_path, said):
    def work(session):
        session.type(b"help\r")
        for letter in b"ti", b"\x1b[A", b"\r":
            session.run_until(session.machine.now + 100_000_000)
            session.type(letter)
        session.run_until(session.machine.now + 1)
        session.type(b"a_*\r")
        session.run_until(1_000_000_000)
        session.poke("GICC_PMR=0xf0", 0)
        session.run_until(1_500_000_000)
        session.type(b"x")
        session.run_until(4_000_000_000)
        session.type(b"y")

    path = saved(tmp_path / "a.session.yaml", scenario="shell", prepare=work)
    _, text, _ = said("report", "--session", path)
    deeds = text[text.index("## What was done by hand") : text.index("## Where it was left")]
    assert [line for line in deeds.splitlines() if line.startswith("- ")] == [
        "- You typed `'help\\n'` at 0.009 s",
        "- You typed `'ti\\x1b[A\\n'` from 0.109 s on",
        "- You typed `'a_*\\n'` at 0.309 s",
        "- You stored 0xf0 to `GICC_PMR` at 1.000 s",
        "- You typed `'x'` at 1.500 s",
        "- You typed `'y'` at 4.000 s",
    ]


def test_what_keeps_an_interrupt_out_is_explained_with_its_mend(tmp_path, said):
    def wait(session):
        session.run_until(2_500_000_000)

    path = saved(tmp_path / "a.session.yaml", scenario="fault-pmr", prepare=wait)
    _, text, _ = said("report", "--session", path)
    left = text[text.index("## Where it was left") :]
    assert "**irq 30** does not come as it should:" in left
    assert "SHUT     passes the mask          GICC_PMR.Priority = 0" in left
    assert "last written by Gicv2.init_core (kernel/drivers/gicv2.py:" in left
    assert "mend: GICC_PMR.Priority=0xff" in left


def test_a_healthy_machine_has_nothing_to_explain(tmp_path, said):
    path = saved(tmp_path / "a.session.yaml", prepare=two_moments)
    _, text, _ = said("report", "--session", path)
    assert "does not come as it should" not in text


def test_the_session_in_it_can_be_opened(tmp_path, said):
    path = saved(tmp_path / "a.session.yaml", prepare=two_moments)
    out = tmp_path / "report.md"
    assert said("report", "--session", path, "-o", out) == (0, "", "")
    found = re.search(r"```yaml\n(.*?)^```", out.read_text(), re.DOTALL | re.MULTILINE)
    again = tmp_path / "b.session.yaml"
    again.write_text(found[1])
    assert load_session(again).spec == load_session(path).spec
    assert said("replay", again)[0] == 0


def test_it_is_the_same_each_time(tmp_path, said):
    path = saved(tmp_path / "a.session.yaml", prepare=two_moments)
    assert said("report", "--session", path) == said("report", "--session", path)


def test_backquotes_in_the_console_do_not_end_its_block(tmp_path, said):
    def run(session):
        session.type(b"```` x\r")
        session.run_until(3_000_000_000)

    path = saved(tmp_path / "a.session.yaml", prepare=run)
    _, text, _ = said("report", "--session", path)
    console = text[text.index("## The end of the console") : text.index("## The session")]
    assert console.count("`````") == 2
    assert "\n```` x\n" in console


def test_signs_of_markdown_are_escaped():
    assert (
        escaped("a_b *c* [d](e) <f> #1 | `g`")
        == "a\\_b \\*c\\* \\[d\\](e) \\<f\\> \\#1 \\| \\`g\\`"
    )


def test_a_file_that_is_no_session_is_one_line(tmp_path, said):
    path = tmp_path / "a.session.yaml"
    path.write_text("title: x\n")
    status, out, errors = said("report", "--session", path)
    assert (status, out) == (2, "")
    assert errors.startswith(f"kerneltui: {path}:1: this is no session file")
    assert errors.count("\n") == 1


def test_one_way_is_explained_once_and_a_source_at_rest_is_no_trouble(tmp_path, said):
    def wait(session):
        session.run_until(3_000_000_000)

    path = saved(tmp_path / "a.session.yaml", "x86", prepare=wait)
    assert "does not come as it should" not in said("report", "--session", path)[1]
    path = saved(tmp_path / "b.session.yaml", "x86", "fault-lost-edge", wait)
    _, text, _ = said("report", "--session", path)
    assert re.findall(r"\*\*(.*)\*\* does not come", text) == ["gsi 4"]


def test_a_store_at_a_bookmark_is_told_behind_the_step_of_that_moment(tmp_path, said):
    def store(session):
        session.next_interrupt()
        session.poke("GICC_BPR=1")
        session.bookmarks.add(session.bookmark("", "stored"))

    path = saved(tmp_path / "a.session.yaml", prepare=store)
    _, text, _ = said("report", "--session", path)
    steps = text.partition("```text\n")[2].partition("\n```")[0].splitlines()
    assert "  4/12 The controller notes it: " in steps[0]
    assert "  5/12 The CPU takes it: " in steps[1]
    assert re.fullmatch(r"> [\d. ]+ s  you stored GICC_BPR=1", steps[2])
    assert steps[3] == "  next: The handler goes on."
