"""The dashboard on an image of machine code."""

from pathlib import Path

import pytest
from dashboard import CPU, QUEUE, SOURCE, dashboard
from test_breakpoint_keys import toasts

pytest.importorskip("unicorn")
from kerneltui.scenarios.images import open_image

IMAGES = Path(__file__).parent.parent / "native" / "images"
SIZES = pytest.mark.parametrize("size", [(140, 40), (80, 24)], ids=["140x40", "80x24"])


def image(name="system_timer_rpi4"):
    session = open_image("rpi4", IMAGES / f"{name}.elf")
    session.boot()
    return session


def marked_here(seen):
    return [line for line in seen.lines(SOURCE) if "▶" in line]


@SIZES
async def test_source_and_instructions(size):
    async with dashboard(session=image(), size=size) as seen:
        await seen.go("5", "5", "z", "i", "s", "j")
        shown = seen.lines(SOURCE)
        assert any("ldr x3, =SYSTEM_TIMER" in line for line in shown)
        at = f"{seen.session.core.engine.pc:x}"
        if size[0] == 140:
            source, instruction = marked_here(seen)
            assert at in instruction
            assert any("pstate" in line for line in shown)
        else:
            (source,) = marked_here(seen)
            await seen.go("right", "right")
            (instruction,) = marked_here(seen)
            assert at in instruction
            assert "ldr" in instruction
            await seen.go("left", "left")
        assert "30" in source


async def test_the_cursor_sets_breakpoints_on_lines_and_on_instructions():
    async with dashboard(session=image()) as seen:
        await seen.go("5", "5", "z", "i", "s")
        await seen.go("right", "down", "b")
        assert [item.text for _, item in seen.session.breakpoints] == ["code system_timer.S:28"]
        assert sum("●" in line for line in seen.lines(SOURCE)) >= 1
        await seen.go("b", "right", "down", "b")
        pc = seen.session.core.engine.pc
        assert [item.text for _, item in seen.session.breakpoints] == [f"code {pc + 4:#x}"]
        await seen.go("n")
        await seen.until(lambda: seen.session.hits)
        assert seen.session.core.engine.pc == pc + 4


async def test_j_and_back():
    async with dashboard(session=image()) as seen:
        await seen.go("j", "j")
        await seen.until(lambda: not seen.app.runner.running)
        here = seen.session.here
        await seen.go("j")
        await seen.until(lambda: not seen.app.runner.running)
        await seen.go("J")
        await seen.until(lambda: not seen.app.runner.running)
        assert seen.session.here == here


async def test_what_a_kernel_of_ones_own_does_not_show():
    async with dashboard(session=image()) as seen:
        assert "system_timer_rpi4.elf" in seen.status()

        assert any("offers no look inside" in line for line in seen.lines(QUEUE))
        for key in ("u", "a", "x"):
            await seen.go(key)
            assert "offers no look inside" in toasts(seen)[-1]


async def test_the_registers():
    async with dashboard(session=image()) as seen:
        await seen.go("5", "z", "i")
        text = "\n".join(seen.lines(CPU))
        assert "ELR_EL1" in text
        assert "x30" in text
        assert "pstate" in text


async def test_w_tells_of_the_timer_that_asks(tmp_path):
    """INTID 97's enable bit is cleared from outside: the timer asks in vain."""
    session = image()
    session.poke("GICD_ICENABLER3=2")
    async with dashboard(session=session) as seen:
        await seen.go("n")
        await seen.until(lambda: not seen.app.runner.running)
        await seen.go("w")
        await seen.until(lambda: "GICD_ISENABLER3" in seen.screen())
        assert "irq 97 cannot arrive" in seen.screen()
