"""``kerneltui validate`` tells all mistakes of a file; a start tells the first, and the number."""

import pytest

from kerneltui.configfile import available
from kerneltui.errors import MOST_TOLD, Mistakes, UserError, suggestion
from kerneltui.lessons.lesson import load_lesson
from kerneltui.lessons.skeleton import skeleton
from kerneltui.scenarios.reading import load_scenario
from kerneltui.validation import validate_file

SCENARIO = "title: t\nprogram: timer-callbacks\n"
LESSON = skeleton("rpi4")
RPI4 = available("boards")["rpi4"].read_text()


def mistakes(path, text):
    """Their lines, and what is said."""
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        validate_file(path)
    told = caught.value.each
    assert all(str(item).startswith(f"{path}:{item.line}: ") for item in told), told
    assert all("\n" not in str(item) for item in told)
    return [(item.line, str(item).removeprefix(f"{path}:{item.line}: ")) for item in told]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("timouts: []\ncores: 9\nfaults: [foo]\nboards: [rpi5]\nboot: foo=1\n", [3, 4, 5, 6, 7]),
        (
            "timeouts:\n  - {once: 1s, every: 2s}\n  - every: 0s\n  - {at: 1s, catch_up: skip}\n",
            [4, 5, 6],
        ),
        ("timeouts:\n  - onec: 1s\n  - every: 5\n  - 7\n", [4, 5, 6]),
        ("timeouts:\n  - onec: 1s\n  - every: 0s\n  - {once: 1s, then: [{}]}\n", [4, 5, 6]),
        ("pokes:\n  - {at: 1s, store: GICC_PMMR=0}\n  - {at: 1s, store: uart0.irk=1}\n", [4, 5]),
        ("timouts: []\npokes:\n  - {at: 1s, store: GICC_PMMR=0}\nwithout: [uart9]\n", [3, 6]),
        ("cores: 9\npokes:\n  - {at: 1s, store: GICC_PMMR=0}\n", [3, 5]),
        ("boart: [x86]\npokes:\n  - {at: 1s, store: GICC_PMMR=0}\n", [3]),
        ("boards: [x87]\npokes:\n  - {at: 1s, store: GICC_PMMR=0}\n", [3]),
        ("boot: clock=pit\ncores: 9\npokes:\n  - {at: 1s, store: I8259_MASTER/IMR=0}\n", [4]),
        ("without: [uart9]\nconfig: {timer: {frequncy_hz: 5}}\n", [3, 4]),
        ("bookmarks:\n  - {at: 1s, name: a}\n" + "  - {at: 2s, name: a}\n" * 2, [5, 6]),
        ("title: u\ncores: 010\nabout: 1:30\n", [3, 4, 5]),
        ("tasks:\n  - {name: a, do: [exit]}\ncores: 2\n", [3, 5]),
    ],
)
def test_all_mistakes_of_a_scenario_are_told(tmp_path, text, lines):
    found = mistakes(tmp_path / "mine.yaml", SCENARIO + text)
    assert [line for line, _ in found] == lines, found


def test_a_task_that_is_wrong_does_not_hide_another(tmp_path):
    text = (
        "title: t\nprogram: tasks\nquantum: 1ns\ntasks:\n  - name: a\n"
        "    do:\n      - {compute: 1ms, sleep: 1ms}\n      - {sleep: 1ns}\n"
        "  - name: b\n    core: 3\n    do: [exit]\n"
    )
    assert [line for line, _ in mistakes(tmp_path / "mine.yaml", text)] == [3, 7, 8, 10]


def test_a_task_that_does_not_fit_does_not_hide_another(tmp_path):
    text = (
        "title: t\nprogram: tasks\ntasks:\n  - {nam: a, do: [exit]}\n"
        "  - {name: b, core: 3, do: [exit]}\n"
    )
    assert [line for line, _ in mistakes(tmp_path / "mine.yaml", text)] == [4, 5]


def test_what_a_misspelt_program_would_allow_is_not_told(tmp_path):
    text = (
        "title: t\nprogram: taskss\ntasks:\n  - {name: a, do: [exit]}\ntimeouts:\n  - every: 0s\n"
    )
    assert [line for line, _ in mistakes(tmp_path / "mine.yaml", text)] == [2, 6]


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({"minutes: 10": "minuts: 10", "goal: {when: callbacks > 0}": "goal: {}"}, [6, 23]),
        ({"board: rpi4": "board: rpi9", "scenario: timer-callbacks": "scenario: foo"}, [4, 5]),
        ({"ask: head": "ask: haed", "[panel 3]": "panel 3"}, [11, 16]),
        ({"when: callbacks > 0": "when: 'callbacks > '", "[panel 3]": "[pannel 3]"}, [11, 23]),
        ({"steps:": "step:"}, [7]),
        ({"ask: head": "ask: haed", "goal: {when: callbacks > 0}": "goal: {}"}, [16, 23]),
    ],
)
def test_all_mistakes_of_a_lesson_are_told(tmp_path, changes, lines):
    text = LESSON
    for old, new in changes.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    found = mistakes(tmp_path / "mine.yaml", text)
    assert [line for line, _ in found] == lines, found


def test_a_lesson_names_what_is_there(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(LESSON)
    assert validate_file(path) == "lesson 'My lesson'"


def test_all_mistakes_of_a_session_are_told(tmp_path):
    moment = "{at: 1s, step: 5, instructions: 5}"
    late = "{at: 1s, step: 9, instructions: 9}"
    text = (
        "format: 1\nboard: {name: rpi4}\nscenario: {name: timer-callbacks}\n"
        f"here: {moment}\nend: {moment}\ninputs:\n"
        f"  - {{moment: {late}, type: a}}\n  - {{moment: {moment}}}\n"
        f"bookmarks:\n  - {{note: x}}\n"
    )
    assert [line for line, _ in mistakes(tmp_path / "a.yaml", text)] == [7, 8, 8, 10]
    text = text.partition("inputs")[0] + "breakpoints:\n  - {at: writ X}\n  - {at: read Y}\n"
    assert [line for line, _ in mistakes(tmp_path / "a.yaml", text)] == [7, 8]


def test_a_session_on_what_is_not_built_in(tmp_path):
    moment = "{at: 1s, step: 5, instructions: 5}"
    text = (
        "format: 1\nboard: {name: rpi9}\nscenario: {name: overlod}\n"
        f"here: {moment}\nend: {moment}\nbookmarks:\n  - {{note: x}}\n"
    )
    found = mistakes(tmp_path / "a.yaml", text)
    assert [line for line, _ in found] == [2, 3, 7]
    assert found[1][1] == "there is no built-in scenario 'overlod'; did you mean 'overload'?"


def test_a_start_tells_the_first_and_how_to_see_the_others(tmp_path):
    path = tmp_path / "my scenario.yaml"
    path.write_text(SCENARIO + "timouts: []\ncores: 9\nfaults: [foo]\n")
    with pytest.raises(UserError) as caught:
        load_scenario(str(path))
    first = f"{path}:3: unknown key 'timouts'; did you mean 'timeouts'?"
    assert str(caught.value) == f"{first} (and 2 more: kerneltui validate '{path}')"
    path.write_text(LESSON.replace("minutes", "minuts").replace("ask: head", "ask: haed"))
    with pytest.raises(UserError) as caught:
        load_lesson(str(path))
    assert str(caught.value).endswith(f"(and 1 more: kerneltui validate '{path}')")


def test_a_mistake_is_told_once_and_not_without_end():
    found = Mistakes()
    for _ in range(2):
        found.add(UserError("a", None, 2))
    with pytest.raises(UserError) as caught:
        found.tell()
    assert str(caught.value) == "a"
    for number in range(500):
        found.add(UserError(str(number), None, number))
    with pytest.raises(UserError) as caught:
        found.tell()
    assert len(caught.value.each) == MOST_TOLD


def test_many_names_are_not_all_told():
    names = [f"n{number}" for number in range(30)]
    assert suggestion("zzz", names).endswith("n22, n23 and 6 more")
    assert suggestion("zzz", names[:24]).endswith("n22, n23")


@pytest.mark.parametrize("written", ['"\\0"', "left out", '""'])
def test_words_that_stand_for_what_is_left_out_are_words_like_others(tmp_path, written):
    text = f"title: t\nprogram: {written}\n"
    assert [line for line, _ in mistakes(tmp_path / "mine.yaml", text)] == [2]
    text = RPI4.replace("bsp: rpi4", f"bsp: {written}").replace(": uart0\n", f": {written}\n", 1)
    text = text.replace("arm,cortex-a72", written)
    assert [line for line, _ in mistakes(tmp_path / "mine.yaml", text)] == [3, 4, 8]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("title: u\ntimouts: []\ncores: 9\n", [3, 4, 5]),
        ("cores: 010\nabout: 1:30\nfaults: [foo]\n", [3, 4, 5]),
        ("about: 2026-13-01\nfaults: [foo]\n", [3, 4]),
        ("1: x\nfaults: [foo]\n", [3, 4]),
        ("timeouts:\n  - once: 1s\n    once: 2s\n  - every: 0s\n", [5, 6]),
    ],
)
def test_a_slip_in_yaml_does_not_hide_what_else_is_wrong(tmp_path, text, lines):
    found = mistakes(tmp_path / "mine.yaml", SCENARIO + text)
    assert [line for line, _ in found] == lines, found
    with pytest.raises(UserError) as caught:
        load_scenario(str(tmp_path / "mine.yaml"))
    assert f"mine.yaml:{lines[0]}: " in str(caught.value) or lines[0] == 5


@pytest.mark.parametrize(
    "text",
    [
        'inputs: {uart: "a\\nb"}',
        'inputs: "a\\nb"',
        'cores: "4\\n"',
        f"sched: {'x' * 500}",
        f"cores: {'9' * 500}",
    ],
)
def test_what_is_shown_of_a_value_is_short_and_in_a_line(tmp_path, text):
    ((line, told),) = mistakes(tmp_path / "mine.yaml", f"{SCENARIO}{text}\n")
    assert (line, len(told) < 200) == (3, True), told
