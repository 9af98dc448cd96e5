"""Lessons whose machine changes under way: another queue by hand, another scenario by the file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from kerneltui.errors import UserError
from kerneltui.lessons.goals import Goal
from kerneltui.lessons.lesson import load_lesson
from kerneltui.lessons.names import beginning
from kerneltui.lessons.play import Play, come_to
from kerneltui.lessons.spec import GoalSpec
from kerneltui.scenarios.scenario import open_session
from kerneltui.tui.app import KernelTui
from kerneltui.tui.dialogs import start
from kerneltui.tui.pressing import press
from kerneltui.tui.requests import StartLesson

LESSON = """\
title: Two machines
about: You can compare them.
board: rpi4
scenario: queue-structures
steps:
  - {text: Choose a heap, goal: {queue: heap}, solution: u down down enter}
  - {text: Read this}
  - {text: Elsewhere, scenario: overload-skip, goal: {when: callbacks > 0}, solution: n}
  - {text: There still}
"""


@pytest.fixture
def lesson_file(tmp_path: Path) -> Path:
    """A lesson that is not built in."""
    path = tmp_path / "two-machines.yaml"
    path.write_text(LESSON)
    return path


@asynccontextmanager
async def played(path: Path, number: int = 0) -> AsyncIterator[tuple[KernelTui, Pilot[int]]]:
    """The dashboard with that lesson at a step."""
    session = load_lesson(str(path)).session()
    session.boot()
    app = KernelTui(session)
    async with app.run_test(size=(140, 40)) as pilot:
        app.carry_out(StartLesson(str(path), number))
        yield app, pilot


def play_of(app: KernelTui) -> Play:
    """The lesson under way."""
    assert app.play is not None
    return app.play


async def test_another_queue_reaches_the_goal_of_the_same_step(lesson_file: Path) -> None:
    async with played(lesson_file) as (app, pilot):
        await press(pilot, app, ["u", "down", "down", "enter"])
        play = play_of(app)
        assert play.is_done
        assert play.number == 0
        assert play.session is app.session
        assert app.session.inspector.queue_structure() == "heap"
        # 44 pushes into a binary heap, and panel 3 has the same number
        queue = app.session.view(frozenset({"queue"})).queue
        assert queue is not None
        assert queue.comparisons == 45
        app.action_lesson()
        assert play_of(app).number == 1
        assert app.session.inspector.queue_structure() == "heap"


async def test_a_step_can_be_on_another_machine(lesson_file: Path) -> None:
    async with played(lesson_file, 1) as (app, pilot):
        assert app.session.setup.scenario_name == "queue-structures"
        app.action_lesson()
        play = play_of(app)
        assert play.number == 2
        assert app.session.setup.scenario_name == "overload-skip"
        assert not play.is_done
        await press(pilot, app, ["n"])
        assert play.is_done
        app.action_lesson()
        assert play_of(app).number == 3
        assert app.session.setup.scenario_name == "overload-skip"


async def test_a_step_can_be_on_another_board(tmp_path: Path) -> None:
    path = tmp_path / "boards.yaml"
    path.write_text(
        "title: Boards\nabout: You can compare them.\nboard: rpi4\nscenario: timer-syscalls\n"
        "steps:\n  - {text: Here}\n"
        "  - {text: There, board: x86, begin: 43.9ms, goal: {when: step == 1}, solution: .}\n"
        "  - {text: There still, goal: {when: RFLAGS.IF == 1 and step == 2}, solution: .}\n"
    )
    async with played(path) as (app, pilot):
        app.action_lesson()
        assert app.session.setup.board.name == "x86"
        assert app.session.setup.scenario_name == "timer-syscalls"
        await press(pilot, app, ["."])
        assert play_of(app).is_done
    async with played(path, 2) as (app, pilot):  # to begin with it comes to it on that board
        assert app.session.setup.board.name == "x86"
        await press(pilot, app, ["."])
        assert play_of(app).is_done


async def test_f2_goes_back_in_a_lesson_from_a_file(lesson_file: Path) -> None:
    async with played(lesson_file, 2) as (app, pilot):
        await press(pilot, app, ["n", "f2"])
        play = play_of(app)
        assert play.number == 2
        assert not play.is_done
        assert app.session.setup.scenario_name == "overload-skip"


async def test_another_scenario_by_hand_leaves_the_lesson(lesson_file: Path) -> None:
    async with played(lesson_file) as (app, _pilot):
        app.carry_out(start(app.situation, "rpi4", "nested"))
        assert app.play is None
        assert app.session.setup.scenario_name == "nested"


async def test_steps_of_an_event_count_beside_any_panel(tmp_path: Path) -> None:
    path = tmp_path / "steps.yaml"
    path.write_text(
        "title: Steps\nabout: You can count them.\nboard: rpi4\nsteps:\n"
        "  - {text: To the third, goal: {when: step == 3}, solution: . .}\n"
    )
    async with played(path) as (app, pilot):
        await press(pilot, app, ["5", "d", "d", "."])
        assert not app.panels.path.is_in_front
        assert not play_of(app).is_done
        await press(pilot, app, ["."])
        assert play_of(app).is_done


def test_a_goal_wants_a_structure_that_there_is() -> None:
    session = open_session("rpi4", "queue-structures")
    session.boot()
    with pytest.raises(UserError, match=r"no structure 'heep' of the queue.*heap"):
        Goal(session, GoalSpec(queue="heep"), beginning(session))


@pytest.mark.parametrize(
    ("number", "structure", "begun"),
    [(0, "sorted", 0), (6, "sorted", 0), (7, "vec", 7), (9, "heap", 9), (11, "wheel", 11)],
)
def test_a_step_that_is_jumped_to_has_the_queue_that_the_steps_before_have_chosen(
    number, structure, begun
):
    lesson = load_lesson("ordered-queue")
    assert lesson.start(number) == begun
    session = lesson.session(number)
    session.boot()
    session.follows_story = True
    assert come_to(session, lesson, number)
    assert session.inspector.queue_structure() == structure
    session.close()
