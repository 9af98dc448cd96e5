"""Alarms of the signal path: a healthy machine shows none, and a broken one does."""

from __future__ import annotations

import pytest
from faults import CAUSES, each_once

from kerneltui.debugger.naming import interrupt_named, timer_interrupt
from kerneltui.debugger.troubles import trouble_of
from kerneltui.debugger.way import best_way, whole_ways
from kerneltui.debugger.why import why
from kerneltui.machine.core import StopReason
from kerneltui.scenarios.scenario import open_session
from kerneltui.units import parse_duration

BOARDS = ("rpi3", "rpi4", "x86")
HEALTHY = [
    *((board, "timer-callbacks") for board in BOARDS),
    *each_once(("shell", "ipi", "starvation", "clock-sources", "missing-arat")),
]
STEPS = 80
"""From reset on; a PC's clock has been read by then."""
SOON_NS = 300_000
"""Later than a cause is asked about; and once more so much later as a kernel is never masked."""
TYPED_NS = 750_000_000
"""By then characters have been typed."""


def trouble_at(session, reference, cpu=0):
    machine, inspector = session.machine, session.inspector
    way = best_way(whole_ways(machine, inspector, reference.controller, reference.number, cpu))
    is_timers = reference == timer_interrupt(machine, inspector)
    return trouble_of(machine, session.recorder, inspector, way, cpu, is_timers=is_timers)


@pytest.mark.parametrize(("board", "scenario"), HEALTHY)
def test_a_healthy_machine_shows_no_alarm(board, scenario):
    session = open_session(board, scenario)
    session.follows_story = True
    for _ in range(STEPS):
        if session.next_step() is not StopReason.MEANINGFUL:
            break
        view = session.view(frozenset({"path", "interrupts"}))
        path = view.path
        assert not [item.label for item in view.interrupts if item.is_lost]
        if path is not None:
            assert not path.mend, (path.heading, path.mend)
            assert all(fact.state != "shut" for stop in path.stops for fact in stop.facts)
    session.close()


@pytest.mark.parametrize(
    "cause",
    [item for item in CAUSES if item.verdict == "shut"],
    ids=lambda cause: f"{cause.name}-{cause.board}",
)
def test_what_keeps_an_interrupt_out_is_an_alarm(cause):
    session = open_session(cause.board, cause.name)
    session.run_until(max(parse_duration(cause.at), TYPED_NS))
    reference = interrupt_named(session.machine, cause.interrupt)
    told = trouble_at(session, reference)
    assert told is not None
    assert why(session, reference, 0).gate in told.gates
    session.close()


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: f"{cause.name}-{cause.board}")
def test_the_path_and_the_verdict_agree_on_each_gate(cause):
    session = open_session(cause.board, cause.name)
    session.follows_story = True
    asked_ns = parse_duration(cause.at)
    for at_ns in (asked_ns, asked_ns + SOON_NS, asked_ns + 10 * SOON_NS):
        session.run_until(at_ns)
        session.next_step()
        path = session.view(frozenset({"path"})).path
        told = why(session, path.interrupt, path.core)
        drawn = {
            (stop.owner, fact.text): fact.state
            for stop in path.stops
            for fact in stop.facts
            if fact.state in {"open", "shut", "waiting"}
        }
        for station in told.way.stations:
            for gate in station.gates:
                state = "open" if gate.holds else "shut" if told.is_shut(gate) else "waiting"
                assert drawn.get((station.owner, gate.name), state) == state, gate.name
    session.close()


@pytest.mark.parametrize(("board", "end"), [("rpi4", "GICC_EOIR=0x1e"), ("x86", "EOI=0x0")])
def test_an_interrupt_that_never_ended_is_told_and_one_store_ends_it(board, end):
    session = open_session(board, "fault-no-eoi")
    session.run_until(2_100_000_000)
    reference = timer_interrupt(session.machine, session.inspector)
    told = trouble_at(session, reference)
    assert "never ended" in told.told
    explained = why(session, reference, 0)
    assert explained.mend == (end,)
    before = session.machine.core.interrupts_taken
    session.poke(end)
    session.run_until(2_200_000_000)
    assert session.machine.core.interrupts_taken > before
    session.close()


def test_an_edge_that_has_gone_by_is_told_when_all_gates_are_open_again():
    """The pin was masked when the UART's line rose: opening it brings nothing (82093AA 3.2.4)."""
    session = open_session("x86", "fault-ioapic-mask")
    session.run_until(750_000_000)
    uart = interrupt_named(session.machine, "gsi:4")
    assert "masks its pin" in trouble_at(session, uart).told
    session.poke("ioapic0/IOREDTBL4_LOW.MASK=0")
    told = trouble_at(session, uart)
    assert "lost: line uart0.irq is high, but only its edge asks" in told.told
    session.close()


@pytest.mark.parametrize("board", BOARDS)
def test_nothing_is_lost_while_its_handler_runs(board):
    """The line of an edge-triggered interrupt stays high until the handler has served it."""
    session = open_session(board, "timer-callbacks")
    session.run_until(2_499_000_000)
    while True:
        session.next_step()
        step = session.story.step()
        if step.course == "uart" and step.kind == "taken":
            break
    reference = interrupt_named(session.machine, {"rpi3": "periph:57", "rpi4": "153",
                                                  "x86": "gsi:4"}[board])  # fmt: skip
    assert trouble_at(session, reference) is None
    assert why(session, reference, 0).verdict != "lost"
    session.close()


@pytest.mark.parametrize("board", ["rpi3", "rpi4"])
def test_of_several_sources_the_one_that_asks_is_told(board):
    """The receive timeout is due later, but the level of the FIFO holds the line up."""
    session = open_session(board, "shell")
    session.run_until(499_000_000)
    while session.story.step() is None or session.story.step().kind != "pending":
        session.next_step()
    reference = interrupt_named(session.machine, {"rpi3": "periph:57", "rpi4": "153"}[board])
    machine = session.machine
    way = best_way(whole_ways(machine, session.inspector, reference.controller, reference.number))
    assert all(gate.open for gate in way.stations[0].gates)
    session.close()


def test_the_path_follows_the_timer_to_the_controller_in_use_and_ends_its_alarm():
    """IRQ 0 of a PC is wired to the 8259, which a kernel with APICs masks, and to GSI 2."""
    session = open_session("x86", "fault-override")
    session.run_until(2_100_000_000)
    told = session.view(frozenset({"path"})).path
    assert (told.interrupt.controller, told.interrupt.number) == ("ioapic0", 2)
    assert told.stops[told.broken_at].owner == "ioapic0"
    assert told.culprit.register.name == "IOREDTBL2_LOW"
    for store in ("ioapic0/IOREDTBL2_LOW.MASK=0", "ioapic0/IOREDTBL2_LOW.INTVEC=0x30",
                  "pit.out0=0", "pit.out0=1"):  # fmt: skip
        session.poke(store)
    session.run_until(2_200_000_000)
    assert "Tick" in "\n".join(session.recorder.console.lines())
    told = session.view(frozenset({"path"})).path
    assert (told.interrupt.controller, told.mend) == ("ioapic0", "")
    asked = timer_interrupt(session.machine, session.inspector)
    assert why(session, asked, 0).verdict == "waits"
    session.close()


@pytest.mark.parametrize(("scenario", "controller"), [("fault-lost-tick", "ioapic0"),
                                                      ("fault-hpet-legacy", "pic")])  # fmt: skip
def test_the_timer_is_asked_about_where_it_arrives(scenario, controller):
    session = open_session("x86", scenario)
    session.run_until(1_000_000_000)
    assert timer_interrupt(session.machine, session.inspector).controller == controller
    session.close()


@pytest.mark.parametrize(
    ("scenario", "at_ns", "number"),
    [
        ("fault-lost-edge", 1_200_000_000, 4),
        ("fault-lost-tick", 2_100_000_000, 2),
        ("fault-rtc-c", 6_500_000_000, 8),
    ],
)
def test_an_interrupt_that_is_lost_stands_out_among_all(scenario, at_ns, number):
    session = open_session("x86", scenario)
    session.run_until(at_ns)
    views = session.view(frozenset({"interrupts"})).interrupts
    lost = [(item.numbering, item.number) for item in views if item.is_lost and item.waits]
    assert lost == [("gsi", number)]
    session.close()


def test_a_timer_whose_line_stays_high_between_two_times_is_not_lost():
    """The 8254 in mode 4 holds OUT high, but for one tick of its clock."""
    session = open_session("x86", "fault-lost-tick")
    session.run_until(600_000_000)
    views = session.view(frozenset({"interrupts"})).interrupts
    timer = next(item for item in views if (item.numbering, item.number) == ("gsi", 2))
    assert timer.line
    assert timer.enabled
    assert not timer.is_lost
    assert why(session, timer_interrupt(session.machine, session.inspector), 0).verdict == "waits"
    session.close()
