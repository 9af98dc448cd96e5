"""Notifications do not cover for long what people look at."""

from __future__ import annotations

import pytest
from dashboard import dashboard

from kerneltui.sessions import autosave
from kerneltui.tui.app import TASK_S
from kerneltui.tui.breaking import HIT_SHOWN_S
from kerneltui.tui.keeping import kept_text

SIZES = pytest.mark.parametrize("size", [(140, 40), (80, 24)], ids=["140x40", "80x24"])
PUZZLE = "fault-pmr"


def notes(seen):
    return [note.message for note in seen.app._notifications]


@SIZES
async def test_the_task_of_a_puzzle_goes_with_the_first_key(size):
    async with dashboard(scenario=PUZZLE, size=size, notifications=True) as seen:
        assert [note.timeout for note in seen.app._notifications] == [TASK_S]
        assert TASK_S <= 8
        assert "Find out why" in seen.screen()
        await seen.press("down")
        assert notes(seen) == []
        assert "Find out why" not in seen.screen()


async def test_the_task_of_a_puzzle_does_not_say_that_it_is_so_already():
    async with dashboard(scenario=PUZZLE, size=(80, 24), notifications=True) as seen:
        (said,) = notes(seen)
        before, _, _ = said.partition(seen.session.setup.task)
        assert before == "Find out why this is what you will see as it runs (n, space): "
        await seen.press("question_mark")
        assert "No tick, no echo." in seen.screen()


@SIZES
@pytest.mark.parametrize("with_path", [True, False])
async def test_the_first_rows_of_a_panel_stay_in_sight(size, with_path):
    """A hit at 80x24 takes three rows, which go to the lower end of the screen."""
    async with dashboard(size=size, notifications=True, with_path=with_path) as seen:
        seen.session.breakpoints.add(
            seen.session.machine, "write CNTP_CVAL_EL0 if CompareValue > 100"
        )
        await seen.go("space")
        rows = seen.screen().split("\n")
        assert any("Breakpoint 1 (write CNTP_CVAL_EL0" in row for row in rows)
        panel = seen.app.arrangement.current
        top = panel.content_region.y
        assert rows[top].find("Breakpoint") < 0
        assert not any(row.startswith("▌") for row in rows[top:-3])
        seen.app.notify("short")
        seen.app.clear_notifications()
        seen.app.notify("short")
        await seen.painted()
        assert "short" in seen.screen().split("\n")[1]


@SIZES
async def test_a_hit_goes_with_the_next_command(size):
    async with dashboard(size=size, notifications=True) as seen:
        seen.session.breakpoints.add(seen.session.machine, "irq 30 taken")
        await seen.go("space")
        (note,) = seen.app._notifications
        assert note.message.startswith("Breakpoint 1 (irq 30 taken): ")
        assert note.timeout == HIT_SHOWN_S <= 5
        await seen.press("down")
        assert notes(seen) == []


@pytest.mark.parametrize("key", ["question_mark", "g", "B", "o", "ctrl+p", "h", "w"])
async def test_a_dialog_opens_without_any(key):
    async with dashboard(size=(80, 24), notifications=True) as seen:
        await seen.press("Z")
        assert notes(seen) == ["The key Z does nothing here. ? lists the keys."]
        await seen.press(key)
        assert len(seen.app.screen_stack) == 2
        assert notes(seen) == []
        assert "does nothing here" not in seen.screen()


async def test_what_cannot_be_seen_does_not_act():
    async with dashboard(size=(79, 24), notifications=True) as seen:
        before = seen.session.here
        await seen.press("s", "n", "i", ".", "space", "S", "r", "o", "g", "B", "question_mark", "h",
                         "e", "b", "1", "down", "enter", "ctrl+p", "c", "slash", "Z")  # fmt: skip
        assert seen.session.here == before
        assert not seen.app.runner.running
        assert len(seen.app.screen_stack) == 1
        assert notes(seen) == []
        assert not seen.app.keys_are_text
        assert not seen.session.breakpoints
        await seen.resize(80, 24)
        await seen.go("s")
        assert seen.session.here > before
        await seen.resize(60, 10)
        await seen.press("q")
        assert seen.app.return_code == 0


async def test_typing_goes_on_where_nothing_can_be_seen():
    async with dashboard(scenario="shell") as seen:
        await seen.press("c", "a")
        await seen.resize(60, 10)
        await seen.press("b", "q")
        await seen.resize(80, 24)
        assert seen.app.keys_are_text
        await seen.press("c")
        assert [item.given for item in seen.session.typed] == [b"a", b"b", b"q", b"c"]
        await seen.resize(60, 10)
        await seen.press("escape", "n")
        assert not seen.app.keys_are_text
        assert not seen.app.runner.running


async def test_breakpoint_signs_do_not_stand_on_the_path():
    async with dashboard(with_path=True) as seen:
        await seen.go("n")
        shown = "\n".join(seen.screen().splitlines()[:17])
        for text in ("irq 30 taken", "write GICC_EOIR", "line timer.cntpnsirq0 rises"):
            seen.session.breakpoints.add(seen.session.machine, text)
        seen.app.refresh_view()
        await seen.painted()
        assert "\n".join(seen.screen().splitlines()[:17]) == shown
        await seen.press("2")
        assert any(sign in row for row in seen.screen().splitlines()[17:] for sign in "●◉")


@SIZES
@pytest.mark.parametrize("with_path", [True, False])
async def test_a_short_one_lies_over_the_row_of_tabs_alone(size, with_path):
    async with dashboard(size=size, with_path=with_path, notifications=True) as seen:
        before = seen.screen().splitlines()
        for _ in range(3):  # one that has gone leaves no room behind
            seen.app.tell_in_passing("This is short.", 5)
            await seen.painted()
            await seen.press("escape")
            assert seen.screen().splitlines() == before
        await seen.press("Z")
        after = seen.screen().splitlines()
        assert "does nothing here" in after[1]
        assert after[:1] + after[2:] == before[:1] + before[2:]


@SIZES
async def test_the_task_leaves_the_step_free(size):
    async with dashboard(scenario=PUZZLE, size=size, with_path=True, notifications=True) as seen:
        told = [n for n, row in enumerate(seen.screen().splitlines()) if "▌" in row]
        assert told in ([1, 2], [21, 22, 23])


async def test_a_session_that_was_left_behind_is_told_of_at_one_start(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    async with dashboard(scenario="shell", keys=["c", "a", "b"]) as seen:
        text = kept_text(seen.session)
    for number in range(2):
        autosave.folder().mkdir(parents=True, exist_ok=True)
        (autosave.folder() / f"1-{number}.session.yaml").write_text(text)
    first, second = autosave.Autosave(), autosave.Autosave()
    async with dashboard(notifications=True, autosave=first) as seen:
        await seen.until(lambda: notes(seen))
        (note,) = seen.app._notifications
        assert note.timeout <= 10
        assert "Ctrl+O goes on with it" in note.message
        # Nobody leaves: the terminal is closed.
        async with dashboard(notifications=True, autosave=second) as next_start:
            await next_start.until(lambda: next_start.app._has_looked)
            assert notes(next_start) == []
            await next_start.press("ctrl+o")
            await next_start.until(lambda: next_start.session.typed)
            assert [item.given for item in next_start.session.typed] == [b"ab"]
    first.forget()
    second.forget()
