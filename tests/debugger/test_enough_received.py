"""How many characters a UART waits for, by what its masks and its FIFO's level let through."""

from __future__ import annotations

import pytest

from kerneltui.debugger.naming import line_named
from kerneltui.debugger.verdict import Verdict
from kerneltui.debugger.why import why
from kerneltui.scenarios.scenario import open_session

PAUSE = {"rpi3": "32 bit times", "rpi4": "32 bit times", "x86": "four character times"}


def told(board, pokes, typed=b""):
    session = open_session(board, "timer-callbacks")
    session.boot()
    for poke in pokes:
        session.poke(poke, 0)
    if typed:
        session.type(typed)
        session.run_until(
            session.machine.now + 20_000
        )  # a character takes 11 us here, the pause 35 us
    found = why(session, line_named(session.machine, "uart0.irq"), 0)
    session.close()
    return found


@pytest.mark.parametrize(
    ("board", "pokes", "needs"),
    [
        ("rpi3", (), "2 characters in the receive FIFO (now 0), or one character, and then none"),
        ("rpi4", (), "2 characters in the receive FIFO (now 0), or one character, and then none"),
        ("rpi4", ("UARTIFLS=0x12",),
         "8 characters in the receive FIFO (now 0), or one character, and then none"),
        ("x86", ("FCR=0x81",),
         "8 characters in the receive FIFO (now 0), or one character, and then none"),
    ],
)  # fmt: skip
def test_fewer_characters_are_enough_with_a_pause_behind_them(board, pokes, needs):
    found = told(board, pokes)
    assert found.verdict is Verdict.WAITS
    assert found.advice == f"It needs {needs} for {PAUSE[board]}."


@pytest.mark.parametrize("board", ["rpi3", "rpi4"])
@pytest.mark.parametrize(
    ("mask", "needs"),
    [
        ("RTIM", "2 characters in the receive FIFO (now 0)"),
        ("RXIM", "one character, and then none for 32 bit times"),
    ],
)
def test_what_the_mask_keeps_out_is_not_offered(board, mask, needs):
    assert told(board, (f"UARTIMSC.{mask}=0",)).advice == f"It needs {needs}."


@pytest.mark.parametrize(
    ("board", "poke"),
    [("rpi3", "UARTLCR_H.FEN=0"), ("rpi4", "UARTLCR_H.FEN=0"), ("x86", "FCR=1"), ("x86", "FCR=0")],
)
def test_without_a_level_each_character_is_enough(board, poke):
    assert told(board, (poke,)).advice == "It needs a character to be received."


@pytest.mark.parametrize("board", ["rpi3", "rpi4"])
def test_a_character_that_waits_comes_when_the_pause_is_over(board):
    found = told(board, (), b"x")
    assert (found.gate.name, found.gate.field) == ("raised", "RTRIS")
    assert "is due in" in found.headline
