"""After a store by hand the path tells that, and what comes of it."""

from __future__ import annotations

import pytest
from dashboard import booted

S = 1_000_000_000


def told(session):
    return session.view(frozenset({"path"})).path


@pytest.mark.parametrize(
    ("board", "scenario", "at_ns", "stores"),
    [
        ("rpi3", "fault-route", 3 * S, ("CORE0_TIMER_INTERRUPT_CONTROL.CNTPNSIRQ_IRQ=1",)),
        ("rpi4", "fault-pmr", 3 * S, ("GICC_PMR.Priority=0xff",)),
        ("rpi4", "fault-not-enabled", 3 * S, ("GICD_ISENABLER0=0x40000000",)),
        ("x86", "fault-tpr", 3 * S, ("TPR=0",)),
        ("rpi4", "timer-callbacks", 0, ("uart0.irq=1",)),
        ("x86", "timer-callbacks", 0, ("uart0.irq=1",)),
        ("rpi3", "timer-callbacks", 0, ("uart0.irq=1",)),
    ],
)
def test_what_a_store_lets_in_is_told_to_come_next(board, scenario, at_ns, stores):
    session = booted(board, scenario)
    session.follows_story = True
    session.run_until(at_ns)
    for store in stores:
        session.poke(store)
    path = told(session)
    said = "drove" if "uart0" in stores[0] else "stored"
    assert path.heading == ("A WIRE DRIVEN BY YOU" if said == "drove" else "A STORE BY YOU")
    assert path.sentence.startswith(f"You {said} {stores[0].partition('=')[0]}")
    assert "The interrupt input of core 0 is high." in path.sentence
    assert path.next_sentence.startswith("Core 0 takes ")
    assert path.next_sentence.endswith(" before its next instruction.")
    label, interrupt = path.subject.rpartition(", ")[2], path.interrupt
    assert label in path.next_sentence
    session.next_step()
    path = told(session)
    assert path.heading.endswith("THE CPU TAKES IT")
    assert (path.subject.rpartition(", ")[2], path.interrupt) == (label, interrupt)


def test_a_store_that_lets_nothing_in_names_what_is_due_next():
    session = booted("rpi4", "timer-callbacks")
    session.follows_story = True
    session.poke("GICC_PMR.Priority=0xf0")
    session.poke("GICC_BPR.Binary_point=1")
    path = told(session)
    assert path.sentence == (
        "You stored GICC_PMR.Priority=0xf0, GICC_BPR.Binary_point=1, and no time has passed since."
    )
    assert path.next_sentence.startswith("The counter reaches CNTP_CVAL_EL0 (")
    session.next_step()
    assert told(session).heading == "STEP 2/12 TIME REACHED"
    while session.here > session.typed[0].position:
        session.previous_step()
    assert told(session).heading == "A STORE BY YOU"  # it is done again at its moment


def test_a_store_between_two_steps_of_one_moment_comes_after_them_all():
    session = booted("rpi4", "timer-callbacks")
    session.follows_story = True
    session.next_step()
    assert told(session).heading == "STEP 2/12 TIME REACHED"
    session.poke("GICC_PMR.Priority=0")
    assert told(session).heading == "A STORE BY YOU"
    session.previous_step()
    assert told(session).heading.startswith("STEP 4/12")


def page(session):
    path = told(session)
    return session.here, path.heading, path.sentence, path.next_sentence


STORES = [("rpi3", "UARTIFLS=0"), ("rpi4", "GICC_BPR=1"), ("x86", "TPR=0"), ("rpi4", "uart0.irq=1"),
          ("x86", "uart0.irq=1")]  # fmt: skip
STEPS = [0, 1, 3, 4, 6]
"""So many before the store: each store after two or three of them, each board after all."""


@pytest.mark.parametrize(
    ("board", "store", "before"),
    [(*store, before) for row, store in enumerate(STORES) for column, before in enumerate(STEPS)
     if (row + column) % 2 == 0],
)  # fmt: skip
def test_backwards_the_pages_of_a_moment_with_a_store_are_those_of_forwards(board, store, before):
    session = booted(board, "timer-callbacks")
    session.follows_story = True
    session.run_until(1_020_000_000 if board == "x86" else 900_000_000)
    for _ in range(before):
        session.next_step()
    session.poke(store)
    stored_at = session.here
    for _ in range(5):
        session.next_step()
    end = session.here
    for _ in range(12):
        session.previous_step()
    forwards, backwards = [page(session)], []
    while session.here < end:
        session.next_step()
        forwards.append(page(session))
    while session.turn_page(1):
        forwards.append(page(session))
    for _ in forwards:
        backwards.append(page(session))
        session.previous_step()
    assert backwards[::-1] == forwards
    here = [heading for position, heading, *_ in forwards if position == stored_at]
    assert here or not before  # between two steps, where nothing halts
    assert not here or here[-1].endswith("BY YOU")
    assert len(here) == len(set(here))
    session.close()


def test_going_to_the_event_of_a_store_shows_the_store():
    session = booted("rpi4", "timer-callbacks")
    session.follows_story = True
    session.next_step()
    session.poke("GICC_BPR=1")
    [event] = [item for item in session.recorder.events if item[3] == "poke"]
    for _ in range(3):
        session.next_step()
    session.go_to_event(event)
    assert told(session).heading == "A STORE BY YOU"


def test_row_1_says_what_was_stored_in_place_of_why_the_machine_has_halted():
    session = booted("rpi4", "fault-pmr")
    session.run_until(3 * S)
    assert session.last_stop == "reached the time"
    session.poke("GICC_PMR.Priority=0xff")
    assert session.last_stop == "you stored GICC_PMR.Priority=0xff"
    session.poke("uart0.irq=1")
    assert session.last_stop == "you stored GICC_PMR.Priority=0xff, you drove uart0.irq high"
    for value in range(3):
        session.poke(f"GICC_BPR={value}")
    assert session.last_stop == (
        "you stored GICC_PMR.Priority=0xff, you drove uart0.irq high, and 3 more"
    )
    session.step()
    assert session.last_stop == "stepped"
    session.type(b"x")
    assert session.last_stop == "stepped"


def test_what_a_store_has_changed_is_not_what_came_before_it():
    session = booted("rpi4", "fault-pmr")
    session.follows_story = True
    for _ in range(4):
        session.next_step()
    assert "UARTDR 0x0 → 0x68" in told(session).changes
    session.poke("GICC_PMR.Priority=0xff")
    assert told(session).changes == ("GICC_PMR 0x0 → 0xf8", "GICC_IAR 0x3ff → 0x1e")
    session.poke("gic/gicc_bpr.Binary_point=4")
    assert told(session).changes[:2] == ("GICC_PMR 0x0 → 0xf8", "GICC_BPR 0x2 → 0x4")
    session.close()


@pytest.mark.parametrize("scenario", ["fault-pmr", "timer-callbacks"])
def test_the_steps_of_a_moment_are_shown_from_the_first_whenever_one_comes_there(scenario):
    session = booted("rpi4", scenario)
    session.follows_story = True
    seen = []
    for _ in range(2):
        session.go_to_booted()
        shown = []
        for _ in range(6):
            session.next_step()
            shown.append((session.machine.now, told(session).heading))
        seen.append(shown)
    assert seen[0] == seen[1]
    assert seen[0][0][1] == "STEP 2/12 TIME REACHED"
    session.close()
