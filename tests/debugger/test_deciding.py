"""Panel 1 has the registers that decide: a guilty one may hold just its reset value."""

import pytest

from kerneltui.debugger.lookup import place_of_gate
from kerneltui.debugger.references import FieldReference, RegisterReference
from kerneltui.debugger.way import best_way, ways_to_core
from kerneltui.hw.rule import decisive
from kerneltui.scenarios.scenario import open_session
from kerneltui.tui.panels.registers import RegistersPanel
from kerneltui.tui.widgets.lines import about

MS = 1_000_000
PARTS = frozenset({"blocks", "deciding", "interrupts"})


def at(board, scenario, ms=2_100):
    session = open_session(board, scenario)
    session.boot()
    session.run_until(ms * MS)
    return session


def in_sight(session, parts=PARTS, width=68):
    """The registers that panel 1 has rows of."""
    rows = RegistersPanel().content(session.view(parts), width)
    return {about(piece) for row in rows for piece in row}


def guilty(session):
    """The register of the gate that panel 2 names, for each interrupt that waits."""
    machine = session.machine
    for item in session.view(PARTS).interrupts:
        if item.waits:
            way = best_way(ways_to_core(machine, item.controller, item.number, session.focus))
            gate = decisive(way.gates)
            place = place_of_gate(session, way.station_of(gate).owner, gate)
            yield place.register if isinstance(place, FieldReference) else place


@pytest.mark.parametrize(
    ("board", "scenario", "name"),
    [
        ("rpi4", "fault-pmr", "GICC_PMR"),
        ("rpi4", "fault-distributor-off", "GICD_CTLR"),
        ("rpi4", "fault-cpu-interface", "GICC_CTLR"),
        ("rpi4", "fault-no-target", "GICD_ITARGETSR38"),
        ("rpi3", "fault-route", "CORE0_TIMER_INTERRUPT_CONTROL"),
        ("rpi3", "fault-imask", "CNTP_CTL_EL0"),
        ("x86", "fault-tpr", "TPR"),
        ("x86", "fault-ioapic-mask", "IOREDTBL4"),
    ],
)
def test_the_guilty_register_is_in_panel_1(board, scenario, name):
    session = at(board, scenario)
    found = {item.name for item in in_sight(session) if isinstance(item, RegisterReference)}
    assert any(item.startswith(name) for item in found)
    for register in guilty(session):
        assert register is None or not register.block or register in in_sight(session)


@pytest.mark.parametrize("board", ["rpi3", "rpi4", "x86"])
def test_every_register_that_a_station_of_the_path_reads_is_in_panel_1(board):
    session = at(board, "timer-callbacks", 9)
    session.follows_story = True
    for _ in range(14):
        path = session.view(frozenset({"path"})).path
        shown = in_sight(session, PARTS | {"path"})
        for stop in path.stops:
            for item in [fact.about for fact in stop.facts]:
                register = item.register if isinstance(item, FieldReference) else item
                if isinstance(register, RegisterReference) and register.block:
                    assert register in shown, (path.heading, register)
        session.next_step()


def test_zoomed_all_registers_are_there_and_the_count_says_what_it_counts():
    session = at("rpi4", "timer-callbacks", 9)
    panel, view = RegistersPanel(), session.view(PARTS)
    panel.content(view, 68)
    total = sum(len(block.registers) for block in view.blocks)
    few = panel.caption(view)
    assert few.endswith(f" of {total} registers; z shows those at reset too")
    panel.zoomed = True
    panel.content(view, 68)
    assert panel.caption(view) == f"all {total} registers"
    panel.filter = "pmr"
    panel.content(view, 68)
    assert panel.caption(view) == f"/pmr  1 of {total} registers match"


def test_the_part_is_the_same_however_often_it_is_made():
    session = at("rpi4", "timer-callbacks", 9)
    views = [session.view(frozenset({"deciding"})).deciding for _ in range(2)]
    assert views[0] == views[1]
