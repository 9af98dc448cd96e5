"""Setting and cancelling timeouts by dialog: what is typed into the shell, and what comes of it."""

import pytest
from dashboard import dashboard

from kerneltui.tui.dialogs import NO_SHELL

BOARDS = ("rpi3", "rpi4", "x86")
MS = 1_000_000


def wait(seen, ns):
    seen.session.run_until(seen.now + ns)
    seen.app.refresh_view()


def pending(seen):
    return [(item.ident, item.name) for item in seen.session.kernel.inspector.timeouts()]


async def add(seen, *fields):
    """Press a, and answer each question; ``""`` keeps what stands there."""
    await seen.press("a")
    for field in fields:
        if field in {"once", "every"}:
            await seen.press(field[0])
        elif field:
            seen.app.screen.focused.clear()
            await seen.write(field)
        await seen.press("enter")


@pytest.mark.parametrize("board", BOARDS)
async def test_a_sets_a_timeout_that_prints_and_x_cancels_it(board):
    async with dashboard(board, "shell") as seen:
        wait(seen, 1_500 * MS)
        await add(seen, "", "250ms", "boo")
        wait(seen, 20 * MS)
        assert pending(seen) == [(2, "boo")]
        assert "> every 250ms boo" in seen.console()
        wait(seen, 600 * MS)
        assert "\n".join(seen.console()).count("] boo") == 2
        await seen.press("x")
        assert "boo" in seen.screen()
        await seen.press("enter")
        wait(seen, 20 * MS)
        assert pending(seen) == []
        assert "> cancel 2" in seen.console()


async def test_the_dialog_types_once_where_that_is_asked():
    async with dashboard(scenario="shell") as seen:
        await add(seen, "once", "", "")
        assert seen.session.typed[-1].given == b"\x15once 1s tick\r"


async def test_a_duration_that_is_typed_at_once_is_not_swallowed():
    async with dashboard(scenario="shell") as seen:
        await seen.press("a")
        await seen.write("250ms")
        assert seen.app.screen.focused.value == "250ms"
        await seen.press("enter", "enter")
        assert seen.session.typed[-1].given == b"\x15every 250ms tick\r"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (("", "5"), "'5' needs a unit, like 250us, 1.5s or 2m."),
        (("", "soon"), "'soon' is no duration like 250us, 1.5s or 2m."),
        (("", "0s"), "A period of 0 leaves no time for anything else."),
        (("once", "0s", " "), "Write the text that it is to print."),
    ],
)
async def test_what_the_shell_would_refuse_keeps_the_dialog_open(fields, said):
    async with dashboard(scenario="shell", size=(80, 24)) as seen:
        await add(seen, *fields)
        await seen.until(lambda: said in seen.screen())
        assert seen.session.typed == []
        assert seen.app.screen.focused.value == fields[-1]
        seen.app.screen.focused.clear()
        await seen.write("2s")
        await seen.until(lambda: said not in seen.screen())
        await seen.press("enter")
        if len(fields) == 2:
            assert seen.session.typed == []
            await seen.press("enter")
        assert seen.session.typed[-1].given in {b"\x15every 2s tick\r", b"\x15once 0s 2s\r"}


async def test_what_is_half_typed_is_no_part_of_the_command():
    async with dashboard(scenario="shell") as seen:
        seen.session.type(b"half a li")
        await add(seen, "", "", "")
        wait(seen, 50 * MS)
        assert pending(seen) == [(1, "tick")]


async def test_esc_types_nothing():
    async with dashboard(scenario="shell") as seen:
        await seen.press("a", "escape")
        assert seen.session.typed == []
        assert len(seen.app.screen_stack) == 1


async def test_letters_in_the_dialog_are_no_commands_and_no_filter():
    async with dashboard(scenario="shell") as seen:
        await seen.press("a")
        before = seen.now
        await seen.write("nsq")
        assert len(seen.app.screen_stack) == 2
        assert seen.now == before
        assert seen.app.panels.registers.filter == ""


async def test_x_without_a_timeout_says_so():
    async with dashboard(scenario="shell", notifications=True) as seen:
        await seen.press("x")
        assert len(seen.app.screen_stack) == 1
        await seen.until(lambda: "No timeout is pending that" in seen.screen())


@pytest.mark.parametrize("key", ["a", "x"])
async def test_a_kernel_without_a_shell_is_not_typed_to(key):
    async with dashboard(notifications=True) as seen:
        await seen.press(key)
        assert len(seen.app.screen_stack) == 1
        await seen.until(lambda: NO_SHELL.partition(";")[0] in seen.screen())
        assert seen.session.typed == []
