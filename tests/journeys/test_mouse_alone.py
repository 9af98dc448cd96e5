"""With a mouse alone one comes into dialogs and out of them; only its left button acts."""

from __future__ import annotations

import pytest
from dashboard import REPLACED_KEYS, dashboard

from kerneltui.tui.screens.dialog import Dialog

SIZES = pytest.mark.parametrize("size", [(140, 40), (80, 24)], ids=["140x40", "80x24"])
DIALOGS = ["?", "h", "w", "g", "o", "B", "e", "m"]
RIGHT, MIDDLE = 3, 2


def key_names(keys):
    return [REPLACED_KEYS.get(key, key) for key in keys]


@pytest.mark.parametrize("key", DIALOGS)
async def test_a_click_on_esc_closes(key):
    async with dashboard(size=(80, 24), with_path=True) as seen:
        await seen.press(*key_names(key))
        await seen.until(lambda: isinstance(seen.app.screen, Dialog))
        rows = seen.screen().splitlines()
        row = max(n for n, text in enumerate(rows) if "Esc " in text)
        await seen.click(rows[row].index("Esc "), row)
        await seen.until(lambda: len(seen.app.screen_stack) == 1)


@pytest.mark.parametrize("key", ["?", "B", "g"])
@SIZES
async def test_a_click_beside_it_closes_and_does_nothing_else(key, size):
    async with dashboard(size=size) as seen:
        await seen.press(*key_names(key))
        await seen.until(lambda: isinstance(seen.app.screen, Dialog))
        before = seen.now
        await seen.click(1, size[1] - 1)
        assert len(seen.app.screen_stack) == 1
        assert seen.now == before
        assert not seen.app.runner.running


async def test_two_quick_clicks_open_and_do_not_close():
    async with dashboard(size=(80, 24)) as seen:
        await seen.click_on("? Help", times=2)
        await seen.until(lambda: isinstance(seen.app.screen, Dialog))
        await seen.painted()
        assert isinstance(seen.app.screen, Dialog)


async def test_the_keys_of_a_lesson_can_be_clicked():
    async with dashboard(size=(140, 40), with_path=True, lesson="life-of-an-interrupt") as seen:
        await seen.until(lambda: "all steps, leave" in seen.screen())
        await seen.click_on("all steps, leave")
        await seen.until(lambda: isinstance(seen.app.screen, Dialog))


async def test_a_click_in_it_leaves_it_open():
    async with dashboard(keys=["question_mark"]) as seen:
        await seen.click_on("Looking")
        assert isinstance(seen.app.screen, Dialog)


async def test_what_a_dialog_says_of_its_keys_can_be_clicked():
    async with dashboard(size=(80, 24), with_path=True, keys=["w"]) as seen:
        await seen.until(lambda: "Enter shows it" in seen.screen())
        await seen.click_on("b halts")
        assert seen.session.breakpoints.enabled
        await seen.click_on("Enter shows it")
        await seen.until(lambda: len(seen.app.screen_stack) == 1)


async def test_the_verb_of_a_poke_can_be_clicked():
    async with dashboard(keys=["1", "e"]) as seen:
        await seen.until(lambda: isinstance(seen.app.screen, Dialog))
        seen.app.screen.query_one("Input").value = "1"
        await seen.painted()
        before = len(seen.session.history.inputs)
        await seen.click_on("Enter poke")
        await seen.until(lambda: len(seen.session.history.inputs) > before)


@pytest.mark.parametrize("button", [RIGHT, MIDDLE])
async def test_only_the_left_button_acts(button):
    async with dashboard(size=(140, 40)) as seen:
        rows = seen.screen().splitlines()
        for words in ("Event", "Step", "Run", "1 Registers", "open", "rpi4"):
            row = next((n for n, text in enumerate(rows) if words in text), None)
            if row is not None:
                await seen.click(rows[row].index(words), row, button=button)
        assert not seen.app.runner.running
        assert seen.session.history.here == seen.session.history.first
        assert len(seen.app.screen_stack) == 1
        await seen.press("question_mark")
        await seen.click(1, 39, button=button)
        assert isinstance(seen.app.screen, Dialog)


@pytest.mark.parametrize("width", [80, 99, 100, 140, 400])
async def test_a_bar_that_is_cut_ends_with_what_opens_the_palette(width):
    async with dashboard(size=(width, 30)) as seen:
        row = seen.screen().splitlines()[-1]
        assert len(row.rstrip()) <= width
        if width == 400:
            assert "…" not in row
            return
        assert row.rstrip().endswith("…")
        assert seen.commands()
        await seen.click(row.index("…"), 29)
        await seen.until(seen.palette_open)


@pytest.mark.parametrize(
    ("words", "title"),
    [("take back", "Undo"), ("later", "Forget what comes after this moment"),
     ("undo", "Undo"), ("theme", "Theme"), ("doubles-nothing", "")],
)  # fmt: skip
async def test_the_palette_finds_what_commands_are_said_to_do(words, title):
    async with dashboard(keys=["ctrl+p"]) as seen:
        await seen.write(words)
        options = seen.app.screen.query("OptionList").first()

        def found():
            shown = [str(item.prompt) for item in options.options]
            if not title:
                return not any("Undo" in text for text in shown)
            return shown and title in shown[0].splitlines()[0]

        await seen.until(found)


async def test_help_names_what_the_palette_calls_it():
    async with dashboard(size=(140, 40), keys=["question_mark"]) as seen:
        from kerneltui.tui.screens.help import help_text

        text = help_text("").plain
        assert "in the palette (Ctrl+P): Undo\n" in text
        assert "in the palette (Ctrl+P): Forget what comes after this moment\n" in text
        assert isinstance(seen.app.screen, Dialog)
