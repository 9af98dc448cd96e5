"""A program that offers no inspector: one sees the hardware, and nothing of the kernel."""

from __future__ import annotations

import pytest
from dashboard import QUEUE, dashboard, keys_to
from panel_classes import PANELS

from kerneltui.debugger.session import Session
from kerneltui.debugger.setup import Setup
from kerneltui.kernel.inspector import Inspector
from kerneltui.kernel.time.queues.timeout import Timeout
from kerneltui.machine.board import load_board

CLOCKS, TASKS = 8, 11
S = 1_000_000_000


class Plain:
    """``boot`` and ``idle``, as the core asks for, and no more."""

    def __init__(self, cpu):
        self.cpu = cpu

    def boot(self):
        pass

    def idle(self):
        while True:
            self.cpu.wait_for_interrupt()


ITSELF = Timeout(7, 5 * S, None, print, "the only one")


class OneTimeout(Inspector):
    def timeouts(self):
        return (ITSELF,)

    def armed_timeout(self):
        return ITSELF.ident


class Offering(Plain):
    inspector = OneTimeout()


def session_of(board, program):
    session = Session(Setup(load_board(board), program))
    session.boot()
    return session


@pytest.mark.parametrize("board", ["rpi3", "rpi4", "x86"])
def test_what_is_known_of_a_program_without_an_inspector_is_nothing(board):
    session = session_of(board, Plain)
    view = session.view()
    assert (view.timeouts, view.timeout_count, view.timers, view.tasks) == ((), 0, (), ())
    assert (view.queue, view.queue_shape, view.scheduling, view.wall_clock) == (None,) * 4
    assert view.worst_lateness_ns == 0
    assert {seen.count for seen in view.interrupts} <= {None}  # no handler is known
    session.close()


def test_a_program_shows_what_its_inspector_tells():
    session = session_of("rpi4", Offering)
    (timeout,) = session.view(frozenset({"timeouts"})).timeouts
    assert (timeout.ident, timeout.name, timeout.due_ns, timeout.armed) == (
        7, "the only one", 5 * S, True,
    )  # fmt: skip
    session.close()


@pytest.mark.parametrize("board", ["rpi4", "x86"])
async def test_every_panel_opens_on_a_program_without_an_inspector(board):
    async with dashboard(board, session=session_of(board, Plain)) as hand:
        for panel in PANELS:
            await hand.press(*keys_to(panel))
            number = panel.KIND.number
            assert number in hand.displayed()
            assert hand.lines(number), panel
        (said,) = hand.lines(QUEUE)
        assert said == "This kernel offers no look inside: its timeouts cannot be seen."
        assert any("It keeps none." in line for line in hand.lines(CLOCKS))
        assert "offers no look inside: its tasks cannot be seen" in hand.lines(TASKS)[0]
        for key in "axu":  # ask for a shell or a queue, of which there is none
            await hand.press(key)
            assert len(hand.app.screen_stack) == 1
        await hand.go("n")
        assert hand.session.machine.halt_reason == ""
