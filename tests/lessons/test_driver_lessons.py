"""Lessons about a driver that the student writes."""

import pytest
from own.places import KERNEL

from kerneltui.checks.suite import results
from kerneltui.errors import UserError
from kerneltui.lessons.lesson import lessons, load_lesson
from kerneltui.lessons.stages import solution, stage, to_be_written
from kerneltui.own.loading import load_driver
from kerneltui.tui.lesson_check import check_lesson

ABOUT_DRIVERS = [lesson for lesson in lessons() if lesson.spec.driver is not None]
TEXT = '''\
class Mine:
    def one(self):
        """Says it."""
        x = 1
        return x

    def two(self): return 2
'''


@pytest.mark.parametrize("lesson", ABOUT_DRIVERS, ids=lambda lesson: lesson.name)
def test_the_solution_passes_the_suite_of_its_role(lesson, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(solution(lesson))
    driver = load_driver(lesson.spec.driver.role, path, "rpi4")
    found = [item.outcome.failed for item in results(driver, "rpi4", "rpi4")]
    assert [text for text in found if text] == []


@pytest.mark.parametrize("lesson", ABOUT_DRIVERS, ids=lambda lesson: lesson.name)
def test_each_of_its_functions_is_written_in_one_step(lesson):
    written = [name for step in lesson.spec.steps for name in step.writes]
    assert len(written) == len(set(written)) >= 3
    assert stage(solution(lesson), to_be_written(lesson)).count("still to be written") == len(
        written
    )


def test_there_are_three():
    assert [lesson.name for lesson in ABOUT_DRIVERS] == [
        "write-a-timer", "write-a-gic", "write-a-queue"
    ]  # fmt: skip


def test_what_is_not_written_yet_keeps_its_words_and_loses_its_body():
    assert stage(TEXT, {"one"}) == TEXT.replace(
        "        x = 1\n        return x\n",
        '        raise NotImplementedError("still to be written")\n',
    )
    with pytest.raises(UserError, match="the solution has no function three"):
        stage(TEXT, {"three"})


def test_a_lesson_without_a_driver_cannot_ask_for_one(tmp_path):
    path = tmp_path / "mine.yaml"
    head = "title: t\nabout: a\nboard: rpi4\nsteps:\n  - text: Do.\n"
    path.write_text(f"{head}    goal: {{driver: true}}\n    solution: n\n")
    with pytest.raises(UserError, match="this lesson is about no driver"):
        load_lesson(str(path))
    path.write_text(head.replace("steps:", "driver: {role: tmer, solution: x}\nsteps:"))
    with pytest.raises(UserError, match="there is no role 'tmer'; did you mean 'timer'"):
        load_lesson(str(path))


async def test_a_lesson_of_ones_own_has_its_solution_beside_it(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "title: t\nabout: a\nboard: rpi4\ndriver: {role: timer, solution: right.py}\nsteps:\n"
        "  - text: Begin.\n    goal: {driver: true}\n    solution: escape\n"
        "  - text: Write.\n    writes: [conclude_timeout_irq]\n"
        "    goal: {when: callbacks >= 2 and halted == 0}\n    solution: r n n\n"
    )
    with pytest.raises(UserError, match=r"right\.py: cannot be read"):
        await check_lesson(load_lesson(str(path)), [(80, 24)])
    (tmp_path / "right.py").write_text((KERNEL / "drivers" / "arch_timer.py").read_text())
    assert await check_lesson(load_lesson(str(path)), [(80, 24)]) == []
