"""A rest for a checkpoint does not hide that a handler has returned: the next interrupt waits."""

import pytest

from kerneltui.machine.core import StopReason
from kerneltui.scenarios.changes import UNCHANGED
from kerneltui.scenarios.scenario import open_session


@pytest.mark.parametrize("board", ["rpi3", "rpi4", "x86"])
def test_the_end_of_a_handler_halts_where_a_rest_is_due_as_well(board):
    session = open_session(board, "priority-of-irqs", UNCHANGED)
    session.boot()
    session.next_callback()  # which has raised what is taken as soon as its handler returns
    machine = session.machine
    assert machine.cores[0].depth == 1
    assert machine.run(below_depth=1, rest_after=1) is StopReason.HANDLER_DONE
    assert machine.cores[0].depth == 0
