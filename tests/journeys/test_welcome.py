"""The first screen, and the key o: what there is to open."""

import gc
import re

import pytest
from dashboard import booted, dashboard

from kerneltui import launch
from kerneltui.builtin import configs_dir
from kerneltui.configfile import available
from kerneltui.lessons.progress import NAME, StudentProgress
from kerneltui.recent import note_file, recent_files
from kerneltui.scenarios.reading import load_scenario
from kerneltui.sessions.autosave import Autosave
from kerneltui.sessions.saving import spec_of, text_of
from kerneltui.sessions.writing import write_atomically
from kerneltui.tui.app import KernelTui
from kerneltui.tui.offers import (
    ALL,
    GO_ON,
    OWN,
    Offer,
    OfferKind,
    first_choice,
    is_new_here,
    offers,
)
from kerneltui.tui.screens.dialog import Chooser
from kerneltui.tui.screens.welcome import NEW_HERE, WelcomeScreen
from kerneltui.tui.themes import DEFAULT_THEME
from kerneltui.tui.welcome import WelcomeApp

NAMES = {"/": "slash", "_": "underscore", "-": "minus", ".": "full_stop"}
SCENARIO = configs_dir() / "scenarios" / "overload.yaml"


def texts(app):
    rows = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in row) for row in rows)


async def chosen(keys, progress, size=(100, 36)):
    """What the first screen answers to some keys, and what it showed before the last."""
    app = WelcomeApp(progress)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        for key in keys[:-1]:
            await pilot.press(key)
        shown = texts(app)
        await pilot.press(keys[-1])
        await pilot.pause()
    return app.return_value, shown


async def test_who_is_new_here_gets_the_tour(tmp_path):
    found, shown = await chosen(["enter"], StudentProgress(tmp_path))
    assert NEW_HERE in shown
    assert (found.kind, found.name) == (OfferKind.LESSON, "tour")


@pytest.mark.parametrize("key", ["q", "escape"])
async def test_one_leaves_without_a_choice(tmp_path, key):
    found, _ = await chosen([key], StudentProgress(tmp_path))
    assert found is None


@pytest.mark.parametrize("size", [(140, 40), (80, 24)])
async def test_all_that_is_built_in_is_there_with_what_it_is_about(tmp_path, size):
    found = offers(StudentProgress(tmp_path))
    kinds = OfferKind.LESSON, OfferKind.SCENARIO, OfferKind.BOARD
    for kind, folder in zip(kinds, ("lessons", "scenarios", "boards"), strict=True):
        named = {item.name for item in found if item.kind is kind}
        assert named == set(available(folder))
    _, shown = await chosen(["end", "up", "q"], StudentProgress(tmp_path), size)
    assert "cortex" in shown or "x86" in shown


def test_scenarios_stand_under_headings_the_easy_ones_first(tmp_path):
    found = [
        item for item in offers(StudentProgress(tmp_path)) if item.section == "Scenarios: Timers"
    ]
    stars = [item.level for item in found]
    assert stars == sorted(stars, key=len)
    assert len(set(stars)) > 1


def test_every_entry_says_for_which_boards_it_is(tmp_path):
    kinds = {OfferKind.LESSON, OfferKind.SCENARIO, OfferKind.BOARD}
    found = [item for item in offers(StudentProgress(tmp_path)) if item.kind in kinds]
    assert all(item.boards for item in found)
    assert all(item.level for item in found if item.kind is not OfferKind.BOARD)
    for item in found:
        if item.kind is OfferKind.SCENARIO:
            boards = load_scenario(item.name).boards
            assert item.boards == (ALL if len(boards) == 3 else " ".join(boards)), item.name
    said = {item.name: item.boards for item in found if item.kind is OfferKind.LESSON}
    assert (said["gic-states"], said["find-the-fault-3"]) == ("rpi4", "x86")
    assert said["pi3-controllers"] == "rpi3"


@pytest.mark.parametrize("size", [(140, 40), (80, 24)])
async def test_the_list_is_in_columns_and_in_one_row_each(tmp_path, size):
    (tmp_path / NAME).write_text('{"system-timer": {"step": 9, "most": 9, "count": 14}}')
    app = WelcomeApp(StudentProgress(tmp_path))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        chooser = app.screen.query_one(Chooser)
        lines = [str(item.prompt) for item in chooser.options if not item.disabled]
        assert all(len(line.rstrip()) <= chooser.scrollable_content_region.width for line in lines)
        dots = {line.index("•") for line in lines if "•" in line}
        assert len(dots) == 1
        boards = {re.search(r"•+ +", line).end() for line in lines if "•" in line}
        assert len(boards) == 1
        assert any(re.search("••  rpi4 +step 10 of ..$", line) for line in lines)


def test_what_is_under_way_stands_first(tmp_path):
    (tmp_path / NAME).write_text('{"gic-states": {"step": 2, "most": 2, "count": 9}}')
    progress = StudentProgress(tmp_path)
    found = offers(progress)
    assert found[0].section == GO_ON
    assert found[0].name == "gic-states"
    assert found[0].note.startswith("step 3 of ")
    assert first_choice(found) == 0
    assert first_choice(found, "overload") == [item.name for item in found].index("overload")
    assert not is_new_here(progress)


async def test_a_file_of_ones_own_is_named_and_remembered(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(SCENARIO.read_text())
    app = WelcomeApp(StudentProgress(tmp_path))
    async with app.run_test(size=(100, 36)) as pilot:
        await pilot.press("slash")
        for letter in str(path.with_name("nine.yaml")):
            await pilot.press(NAMES.get(letter, letter))
        await pilot.press("enter")
        await pilot.pause()
        assert "There is no file" in texts(app)
        assert isinstance(app.screen, WelcomeScreen)
    note_file(path)
    note_file(SCENARIO)
    note_file(path)
    assert recent_files()[:2] == [path, SCENARIO]
    assert any(
        item.section == OWN and item.name == str(path) for item in offers(StudentProgress(None))
    )
    path.unlink()
    assert path not in recent_files()


@pytest.fixture
def opened(monkeypatch, said):
    """Answers what the first screen is told at last after a choice, and the dashboard or None."""
    for check in ("check_terminal", "trust_the_terminal"):
        monkeypatch.setattr(launch, check, lambda: None)
    shown = []

    def show(app):
        shown.append(app)

    monkeypatch.setattr(KernelTui, "run", show)

    def choose(kind, name, *options):
        choices = [Offer(kind, name, "", "", ""), None]
        monkeypatch.setattr(WelcomeApp, "run", lambda _: choices.pop(0))
        told = []
        monkeypatch.setattr(WelcomeApp, "__init__", lambda *given: told.append(given[3]))
        monkeypatch.setattr(WelcomeApp, "return_code", 0)
        shown.clear()
        status, _, _ = said(*options)
        gc.enable()  # the dashboard's first picture would
        assert status == 0
        return told[-1], shown[0] if shown else None

    return choose


@pytest.mark.parametrize("theme", [[], ["--theme", "projector-light"]])
@pytest.mark.parametrize(
    ("kind", "name", "board", "scenario"),
    [
        (OfferKind.SCENARIO, "overload", "rpi4", "overload"),
        (OfferKind.SCENARIO, "fault-lvt", "x86", "fault-lvt"),
        (OfferKind.BOARD, "x86", "x86", "timer-callbacks"),
        (OfferKind.LESSON, "tour", "rpi4", "timer-callbacks"),
    ],
)
def test_what_is_chosen_is_opened(opened, kind, name, board, scenario, theme):
    told, app = opened(kind, name, *theme)
    assert not told
    setup = app.session.setup
    assert (setup.board.name, setup.scenario_name) == (board, scenario)
    assert app.session.here.now_ns > 0
    assert app.theme == (theme[-1] if theme else DEFAULT_THEME)


def test_files_that_are_chosen_are_opened(opened, tmp_path):
    session = booted("x86", "shell")
    session.run_until(50_000_000)
    saved, own = tmp_path / "a.session.yaml", tmp_path / "own.yaml"
    write_atomically(saved, text_of(spec_of(session), saved))
    own.write_text(SCENARIO.read_text().replace("title:", "title: My own"))
    for kind in (OfferKind.FILE, OfferKind.SESSION):
        _, app = opened(kind, str(saved))
        assert app.session.here == session.here
    _, app = opened(OfferKind.FILE, str(own))
    assert app.session.setup.scenario_title.startswith("My own")
    Autosave().end(text_of(spec_of(session), saved))
    _, app = opened(OfferKind.LAST, "last")
    assert app.session.here == session.here
    own.write_text("title: [")
    told, app = opened(OfferKind.FILE, str(own))
    assert app is None
    assert told.startswith(f"{own}:1: not valid YAML")


async def test_the_key_o_opens_lessons_sessions_and_files(tmp_path):
    async with dashboard(notifications=True) as seen:
        await seen.open("tour", OfferKind.LESSON)
        await seen.until(lambda: seen.app.play is not None)
        saved = tmp_path / "a.session.yaml"
        other = booted("x86", "shell")
        other.run_until(50_000_000)
        write_atomically(saved, text_of(spec_of(other), saved))
        note_file(saved)
        await seen.open(str(saved), OfferKind.FILE)
        await seen.until(lambda: "x86 · shell" in seen.status())
        assert seen.session.here == other.here
        assert seen.app.play is None
        note_file(tmp_path / "broken.yaml")
        (tmp_path / "broken.yaml").write_text("title: [")
        await seen.open(str(tmp_path / "broken.yaml"), OfferKind.FILE)
        await seen.until(lambda: "broken.yaml:1: not valid YAML" in seen.screen().replace("\n", ""))


async def test_what_was_wrong_with_a_choice_is_told(tmp_path):
    app = WelcomeApp(StudentProgress(tmp_path), told="mine.yaml:1: not valid YAML")
    async with app.run_test(size=(100, 36), notifications=True) as pilot:
        await pilot.pause()
        assert "mine.yaml:1: not valid YAML" in texts(app)
        assert isinstance(app.screen, WelcomeScreen)


async def test_the_list_can_be_closed_before_it_stands_on_the_screen(tmp_path):
    progress = StudentProgress(tmp_path)
    async with dashboard() as seen:
        for _ in range(3):
            screen = WelcomeScreen(offers(progress), is_new=False)
            seen.app.push_screen(screen)
            screen.dismiss(None)
            await seen.painted()
            assert len(seen.app.screen_stack) == 1
        await seen.burst("o", "escape", "o", "q", "o")
        await seen.until(lambda: len(seen.app.screen_stack) == 2)
        assert seen.app._exception is None


async def test_what_is_highlighted_stays_in_sight_in_a_smaller_terminal():
    async with dashboard(size=(100, 30)) as seen:
        await seen.press("o", *["down"] * 25)
        chooser = seen.app.screen.query_one(Chooser)
        title = str(chooser.get_option_at_index(chooser.highlighted).prompt).split("  ")[0].strip()
        await seen.resize(40, 12)
        assert title in seen.screen()
