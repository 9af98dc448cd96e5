"""What a step has changed is told for every step, and a store by hand before what follows it."""

import pytest

from kerneltui.debugger.views.path_changes import MOST_CHANGES
from kerneltui.scenarios.scenario import open_session

S = 1_000_000_000
PARTS = frozenset({"path", "blocks"})
BOARDS = pytest.mark.parametrize("board", ["rpi3", "rpi4", "x86"])


def booted(board, scenario="timer-callbacks"):
    session = open_session(board, scenario)
    session.boot()
    session.follows_story = True
    return session


def path(session):
    return session.view(PARTS).path


def changed(session):
    """Registers and what they hold, by the first change."""
    return {text.split()[0]: text.split(maxsplit=1)[1] for text in path(session).changes}


@BOARDS
def test_every_step_says_what_it_has_changed_forwards_and_backwards(board):
    session = booted(board)
    told = {}
    for _ in range(26):
        found = path(session)
        assert found.changes or found.unchanged, found.heading
        assert not (found.changes and found.unchanged), found.heading
        told[session.here, found.heading] = found.changes, found.unchanged
        session.next_step()
    while session.previous_step():
        found = path(session)
        if (session.here, found.heading) in told:
            assert told[session.here, found.heading] == (found.changes, found.unchanged)


def test_a_step_that_changes_no_register_says_what_it_changes():
    session = booted("rpi4")
    told = {}
    for _ in range(12):
        session.next_step()
        told[path(session).heading] = path(session).unchanged
    assert told["STEP 5/12 THE CPU TAKES IT"] == (
        "only the core's own state: it keeps its place and masks interrupts"
    )
    assert told["STEP 8/12 TAKE THE TIMEOUT"] == "only the timeout queue, and no register"
    assert told["STEP 7/12 QUIET THE SOURCE"] == "", "that has changed some"


@pytest.mark.parametrize(
    ("board", "scenario", "store", "stored", "follows"),
    [
        ("rpi4", "fault-pmr", "GICC_PMR.Priority=0xff", "GICC_PMR", "GICC_IAR"),
        ("rpi4", "timer-callbacks", "CNTP_CVAL_EL0=1", "CNTP_CVAL_EL0", "CNTP_CTL_EL0"),
        ("rpi3", "timer-callbacks", "CNTP_CVAL_EL0=1", "CNTP_CVAL_EL0", "CNTP_CTL_EL0"),
        ("x86", "fault-tpr", "TPR=0", "TPR", "TPR"),
    ],
)
def test_after_a_store_come_what_was_stored_and_then_what_followed(
    board, scenario, store, stored, follows
):
    session = booted(board, scenario)
    session.run_until(3 * S if scenario.startswith("fault") else S)
    session.view(PARTS)
    session.poke(store)
    found, stored_at = changed(session), session.typed[0].position
    assert next(iter(found)) == stored
    assert follows in found
    assert len(found) <= MOST_CHANGES
    session.next_step()
    later = changed(session)
    assert stored not in later, "that was before"
    session.go_to(stored_at)
    while path(session).heading != "A STORE BY YOU":  # what the store has raised is told before it
        assert session.turn_page(1)
    assert changed(session) == found, "the same when one comes back"


def test_several_stores_stand_in_their_order_before_all_else():
    session = booted("rpi4")
    session.poke("GICC_BPR.Binary_point=4")
    session.poke("GICC_PMR.Priority=0xf0")
    assert list(changed(session)) == ["GICC_BPR", "GICC_PMR"]
    assert changed(session)["GICC_PMR"] == "0xf8 → 0xf0"


def test_a_store_that_changes_nothing_says_so():
    session = booted("rpi4")
    session.poke("GICC_PMR.Priority=0xf8")
    found = path(session)
    assert (found.changes, found.unchanged) == ((), "no register")
