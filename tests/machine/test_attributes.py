"""What is asked at each interrupt has attributes that are found at once."""

import pytest

from kerneltui.debugger.session import Session
from kerneltui.machine.board import load_board
from kerneltui.scenarios.reading import load_scenario
from kerneltui.scenarios.scenario import make_session

MOST_SHARED = 30
"""So many attributes an object keeps beside those of others of its class (up to CPython 3.12); of
one that has more each access takes half as long again.  Slots do not count."""


def _asked(session: Session):
    yield from session.machine.cores
    yield session.recorder
    yield session.machine.program
    for device in session.machine.devices.values():
        yield device
        yield from (file.owner for file in device.files.values())


@pytest.mark.parametrize("board", ["rpi4", "rpi3", "x86"])
def test_nothing_that_is_asked_at_each_interrupt_has_too_many_attributes(board):
    session = make_session(load_board(board), load_scenario("timer-callbacks"))
    session.boot()
    too_many = {type(thing).__name__: len(vars(thing)) for thing in _asked(session)}
    assert {name: count for name, count in too_many.items() if count > MOST_SHARED} == {}
