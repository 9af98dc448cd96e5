"""The dashboard on an image of machine code."""

import random

import pytest
from native_bench import image_path

from kerneltui.scenarios.images import open_image
from kerneltui.tui.screenshot import screen_text

KEYS = "s s s i f . . , n S I 1 2 3 4 5 6 7 8 p t d z w escape h escape j k m < > v"
WIDE, SMALL = (140, 40), (80, 24)


def screen(name, keys, size=WIDE):
    """The text of the screen after some keys."""
    session = open_image("rpi4", image_path(name))
    session.boot()
    try:
        return screen_text(session, size, keys.split(), "")
    finally:
        session.close()


def test_the_path_of_an_interrupt():
    seen = screen("cntp_gic", "i")
    assert "STEP 5/12 THE CPU TAKES IT" in seen
    assert "jumps to the code at VBAR_EL1 + 0x280" in seen.replace("\n", " ")


def test_the_next_instruction_and_the_function():
    seen = screen("cntp_gic", "i s s s 5 z")
    assert "ldr w2, [x1, #0xc] ; GICC_IAR" in " ".join(seen.split())
    assert "handle_irq" in seen


def test_what_cannot_be_seen_is_said():
    assert "This kernel offers no look inside: its timeouts cannot be seen." in screen(
        "cntp_gic", "3 z"
    )
    assert "This kernel offers no look inside: its tasks cannot be seen." in screen(
        "cntp_gic", "p z"
    )


@pytest.mark.parametrize("name", ["cntp_gic", "four_cores", "delay", "storm", "mmu", "el3"])
def test_any_keys_in_any_order(name):
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    pressed = chance.choices(KEYS.split(), k=12)
    size = chance.choice((WIDE, SMALL))
    session = open_image("rpi4", image_path(name))
    session.boot()
    try:
        assert screen_text(session, size, pressed, ""), f"seed {seed}: {pressed}"
    finally:
        session.close()
