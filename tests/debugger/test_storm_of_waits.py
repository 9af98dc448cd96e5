"""A core whose waits are over at once, millions of them: what that costs who looks back at it."""

from __future__ import annotations

import pytest
from moments import spot

from kerneltui.debugger.ear import By
from kerneltui.debugger.last_write import last_write
from kerneltui.debugger.traveller import Traveller
from kerneltui.scenarios.scenario import open_session

BEGINS_NS = {"rpi3": 1_958_441_719, "rpi4": 1_958_244_982}
"""The timer's line rises, and WFI ends for it; IRQs are masked."""


@pytest.fixture(params=sorted(BEGINS_NS))
def storm(request):
    """2 ms of it."""
    session = open_session(request.param, "fault-daif")
    session.run_until(BEGINS_NS[request.param] + 2_000_000)
    yield session, BEGINS_NS[request.param]
    session.close()


def test_stretches_without_an_exception_are_left_out_of_the_search_for_a_mask(storm, monkeypatch):
    session, _ = storm
    loads, load = [], Traveller.load

    def counted(self, checkpoint):
        loads.append(checkpoint)
        return load(self, checkpoint)

    monkeypatch.setattr(Traveller, "load", counted)
    found = last_write(session.history, "core 0", spot(session, "core 0", "", "DAIF", 1 << 7))
    assert (found.by, found.function) == (By.CODE, "IrqLock.__exit__")
    # How many there are depends on how fast this computer saves one.
    stormy = [item for item in session.history._past.checkpoints if item.accessed == frozenset()]
    assert stormy
    assert not set(map(id, stormy[:-1])) & set(map(id, loads))


def test_a_wait_that_is_over_at_once_is_no_sleep_on_the_timeline(storm):
    session, begins_ns = storm
    assert session.recorder.recorded > 50_000
    lane = session.recorder.timeline.lanes[0]
    assert len(lane.boundaries(begins_ns)) < 5


def test_an_exception_is_found_where_it_was_the_last_to_write_the_mask():
    session = open_session("rpi4", "timer-callbacks")
    session.boot()
    session.next_interrupt()
    taken_ns = session.machine.now
    found = last_write(session.history, "core 0", spot(session, "core 0", "", "DAIF", 1 << 7))
    assert (found.by, found.instruction) == (By.EXCEPTION, "irq")
    session.finish()
    session.run_until(taken_ns + 30_000_000)
    found = last_write(session.history, "core 0", spot(session, "core 0", "", "SPSR_EL1", 0b1111))
    assert (found.by, found.instruction) == (By.EXCEPTION, "irq")
    session.close()
