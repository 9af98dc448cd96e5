"""Every mend that is offered can be poked: its text is one that pokes read."""

from __future__ import annotations

import pytest
from faults import CAUSES

from kerneltui.debugger.naming import interrupt_named
from kerneltui.debugger.pokes import end_of, mend_of, parse
from kerneltui.debugger.register_names import registers_named
from kerneltui.debugger.way import whole_ways
from kerneltui.debugger.why import why
from kerneltui.scenarios.scenario import open_session
from kerneltui.units import parse_duration

BOARDS = ("rpi3", "rpi4", "x86")
NUMBERS = range(256)
NO_REGISTERS = {"IRET"}
"""What ends a handler, and is an instruction."""
READ_ONLY = (
    *(f"GICD_ITARGETSR{n}." for n in range(8)), "GICD_ISENABLER0.SGI",
    "CNTPS_CTL_EL1.", "CNTHP_CTL_EL2.",
)  # fmt: skip
"""Targets of private interrupts and enables of SGIs are fixed (IHI 0048B 4.3.5, 4.3.12); the timers
of other exception levels are out of reach of EL1 (DDI 0487 D13.8)."""


def stations_of(session, cpu):
    """Every station of every interrupt that a controller of the board has, with its core."""
    machine = session.machine
    for name, controller in machine.controllers.items():
        for number in NUMBERS:
            try:
                controller.passages(number, cpu)
            except ValueError:
                continue
            for way in whole_ways(machine, session.inspector, name, number, cpu):
                yield from way.stations


def is_apic_off(machine, owner):
    """Nothing answers at its registers then (SDM 3A 10.4.3)."""
    device = machine.devices.get(owner)
    return owner == "lapic" and not device.msrs.store("IA32_APIC_BASE")[0] >> 11 & 1


def cannot_be_stored_to(machine, owner, gate):
    return gate.bits.startswith(READ_ONLY) or (
        is_apic_off(machine, owner) and not gate.register.startswith("IA32_")
    )


def check_gate(machine, owner, gate, cpu):
    """Its mend opens it: it stores what the gate wants to the bits that decide, and to no other."""
    text = mend_of(machine, owner, gate)
    if gate.wants is not None and gate.spot is not None:
        if cannot_be_stored_to(machine, owner, gate):
            assert not text
            return
        assert text, (owner, gate)
        poke = parse(machine, text, cpu)
        assert poke.value == gate.wants << (gate.spot.mask & -gate.spot.mask).bit_length() - 1
    else:
        assert not text
    if gate.ends_by and gate.ends_by not in NO_REGISTERS:
        assert registers_named(machine, gate.ends_by), gate.ends_by
    if gate.ends_with is not None and not is_apic_off(machine, owner):
        parse(machine, end_of(machine, owner, gate), cpu)


@pytest.mark.parametrize("board", BOARDS)
def test_the_mend_of_every_gate_is_a_poke(board):
    session = open_session(board, "timer-callbacks")
    session.run_until(100_000_000)
    checked = 0
    seen = set()
    for cpu in sorted({0, len(session.machine.cores) - 1}):  # and those between as the last
        for station in stations_of(session, cpu):
            for gate in station.gates:
                key = station.owner, gate.bits, gate.wants, cpu
                if key not in seen:
                    seen.add(key)
                    check_gate(session.machine, station.owner, gate, cpu)
                    checked += 1
    assert checked > 100
    session.close()


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: f"{cause.name}-{cause.board}")
def test_what_mends_a_fault_is_a_poke(cause):
    session = open_session(cause.board, cause.name)
    session.run_until(parse_duration(cause.at))
    machine = session.machine
    reference = interrupt_named(machine, cause.interrupt)
    for text in why(session, reference, 0).mend:
        parse(machine, text, 0)
    ways = whole_ways(machine, session.inspector, reference.controller, reference.number, 0)
    for way in ways:
        for station in way.stations:
            for gate in station.gates:
                check_gate(machine, station.owner, gate, 0)
    session.close()


def test_the_mask_of_an_8259_is_stored_to_by_its_chip():
    session = open_session("x86", "fault-override")
    session.run_until(2_100_000_000)
    for way in whole_ways(session.machine, session.inspector, "pic", 0, 0):
        station = next(item for item in way.stations if item.owner == "pic")
        gate = next(item for item in station.gates if item.name == "let through")
        text = mend_of(session.machine, "pic", gate)
        assert text == "I8259_MASTER/OCW1.M[0]=0x0"
    session.poke(text)
    assert session.machine.devices["pic"].interrupt(0, 0).enabled
    session.close()
