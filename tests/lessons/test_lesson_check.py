"""Each lesson proves itself; a broken one is found, with its line."""

import re
from pathlib import Path

import msgspec
import pytest
from quick_pilot import quick_pilot

from kerneltui.builtin import configs_dir
from kerneltui.configfile import available
from kerneltui.lessons.lesson import lessons, load_lesson
from kerneltui.lessons.names import NAMES
from kerneltui.lessons.skeleton import skeleton
from kerneltui.lessons.spec import GoalSpec, LessonSpec, LessonStepSpec, PredictSpec
from kerneltui.shelves import COURSES
from kerneltui.tui.lesson_check import check_lesson

SMALL = 80, 24
"""The wide screen is what `lesson check` looks at as well: here there is no time for both."""
ALL = sorted(available("lessons"))


@pytest.mark.parametrize("name", ALL)
async def test_a_lesson_of_the_course_can_be_solved(name):
    with quick_pilot():
        assert await check_lesson(load_lesson(name), [SMALL]) == []


def test_the_course_is_in_order_and_its_parts_are_known():
    found = lessons()
    assert [item.name for item in found] != []
    places = [(COURSES.index(item.spec.course), item.spec.order) for item in found]
    assert places == sorted(places)
    assert len(set(places)) == len(places), "two lessons have the same place"


@pytest.mark.parametrize("name", ALL)
def test_a_lesson_asks_and_lets_do(name):
    steps = load_lesson(name).spec.steps
    assert sum(step.goal is not None or step.predict is not None for step in steps) * 2 >= len(
        steps
    )


@pytest.mark.parametrize("board", ["rpi3", "rpi4", "x86"])
async def test_the_skeleton_is_a_lesson_that_works(tmp_path, board):
    path = tmp_path / "mine.yaml"
    path.write_text(skeleton(board))
    with quick_pilot():
        assert await check_lesson(load_lesson(str(path)), [SMALL]) == []


def broken(tmp_path: Path, step: str) -> Path:
    path = tmp_path / "broken.yaml"
    head = "title: t\nabout: a\nboard: rpi4\nsteps:\n"
    path.write_text(f"{head}  - text: Read.\n  - text: Do.\n{step}")
    return path


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("    goal: {when: time > 0}\n    solution: n\n", "7: this goal is reached before"),
        ("    goal: {when: taken > 5}\n    solution: n\n", "8: 'n' does not reach the goal"),
        ("    goal: {when: taken > 0}\n", "7: a step with a goal needs a 'solution:'"),
        ("    goal: {command: wyh}\n    solution: w\n", "7: there is no command 'wyh'"),
        ("    goal: {panel: Q}\n    solution: n\n", "7: there is no panel 'Q'"),
        ("    goal: {when: taken > 0}\n    solution: n\n    hints: ['Press `\u00fc`.']\n",
         "9: the key '\u00fc' does nothing"),
        ("    allow: [nexst_step]\n", "7: there is no command 'nexst_step'"),
        ("    point: [register GICC_PRM]\n", "7: no register 'GICC_PRM'"),
        ("    predict: {ask: head, after: p}\n", "7: 'p' is no stepping key"),
        (f"    done: {'x' * 20}\n    goal: {{when: taken > 0}}\n    solution: b\n",
         "9: 'b' does not reach the goal"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_told_with_its_line(tmp_path, step, words):
    path = broken(tmp_path, step)
    with quick_pilot():
        found = await check_lesson(load_lesson(str(path)), [SMALL])
    assert any(text.startswith(f"{path}:{words}") for text in found), found


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("    goal: {when: taken > 0}\n    predict: {ask: head}\n", "6: a step has a goal or a"),
        ("    goal: {}\n", "7: this goal says nothing"),
        ("    hints: [x]\n", "7: hints help to reach a goal"),
        ("    begin: soon\n", "7: 'soon' is not a duration"),
        ("    predict: {ask: who}\n", "7: "),
        ("    goal: {wen: taken > 0}\n", "7: unknown key 'wen'"),
    ],
)
def test_a_file_that_makes_no_sense_is_one_line(tmp_path, said, step, words):
    path = broken(tmp_path, step)
    for command in (["lesson", "check", path], ["validate", path]):
        status, out, errors = said(*command)
        assert (status, out) == (2, "")
        assert errors.startswith(f"kerneltui: {path}:{words}"), errors
        assert errors.count("\n") == 1


def test_the_exit_status_tells(tmp_path, said):
    good, bad = tmp_path / "good.yaml", broken(tmp_path, "    point: [panel]\n")
    good.write_text(skeleton("rpi4"))
    assert said("lesson", "check", good) == (0, f"ok {good}\n", "")
    status, out, errors = said("lesson", "check", good, bad)
    assert (status, out) == (1, f"ok {good}\n")
    assert f"{bad}:7" in errors


def test_a_new_lesson_is_written_once(tmp_path, said, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert said("new", "lesson", "mine")[0] == 0
    assert said("validate", "mine.yaml")[0] == 0
    status, _, errors = said("new", "lesson", "mine.yaml")
    assert status == 2
    assert "is there already" in errors


def test_the_guide_names_every_key_and_every_name():
    guide = (configs_dir().parent / "docs" / "lessons.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`(\w+)`", guide))
    schema = msgspec.json.schema(PredictSpec)["$defs"]["PredictSpec"]
    wanted = {*NAMES, *schema["properties"]["ask"]["enum"]}
    for spec in (GoalSpec, PredictSpec, LessonStepSpec, LessonSpec):
        wanted |= set(spec.__struct_fields__)
    missing = {word for word in wanted if word not in told and f"`{word}:" not in guide}
    assert missing == set()
