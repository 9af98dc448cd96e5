"""The explanation is the behaviour: an interrupt is taken exactly when all its gates are open."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerneltui.configfile import available
from kerneltui.debugger.way import best_way, ways_to_core
from kerneltui.hw.rule import first_shut
from kerneltui.scenarios.scenario import open_session

UART = {"rpi4": ("gic", 153), "rpi3": ("ic", 57)}
GICD, GICC = 0xFF84_1000, 0xFF84_2000
LOCAL, PERIPHERAL = 0x4000_0000, 0x3F00_B200

POKES = {
    "rpi4": {
        "disabled": (GICD + 0x190, 1 << 25),
        "distributor off": (GICD + 0x000, 0),
        "interface off": (GICC + 0x000, 0),
        "mask at the priority": (GICC + 0x004, 0),
        "aimed at core 1": (GICD + 0x898, 0x0202_0202),
        "in group 1": (GICD + 0x090, 1 << 25),
        "active already": (GICD + 0x310, 1 << 25),
        "group 1 enabled too": (GICD + 0x000, 3),
        "group 0 as FIQ": (GICC + 0x000, 9),
    },
    "rpi3": {
        "disabled": (PERIPHERAL + 0x20, 1 << 25),
        "routed to core 2": (LOCAL + 0x0C, 2),
        "made the FIQ too": (PERIPHERAL + 0x0C, 0x80 | 57),
        "GPU FIQs to core 1": (LOCAL + 0x0C, 4),
    },
}


@pytest.mark.parametrize("board", sorted(UART))
@given(data=st.data())
@settings(max_examples=40)
def test_an_interrupt_is_taken_exactly_when_all_gates_are_open(board, data):
    session = open_session(board, "timer-callbacks")
    session.boot()
    machine = session.machine
    pokes = POKES[board]
    for name in data.draw(st.lists(st.sampled_from(sorted(pokes)), max_size=3)):
        machine.memory.write(*pokes[name])
    if data.draw(st.booleans(), label="IRQs masked"):
        machine.core.regs.store("DAIF")[0] |= 1 << 7
    level = data.draw(st.booleans(), label="line up")
    machine.devices["uart0"].outputs["irq"][0].set(level)
    gates = best_way(ways_to_core(machine, *UART[board])).gates
    machine.run(interrupt=True, until=machine.now + 1_000)
    assert (machine.core.interrupts_taken == 1) == (first_shut(gates) is None)
    session.close()


@pytest.mark.parametrize(
    ("board", "poke", "gate", "register"),
    [
        ("rpi4", "disabled", "enabled", "GICD_ISENABLER4"),
        ("rpi4", "aimed at core 1", "targets this core", "GICD_ITARGETSR38"),
        ("rpi4", "mask at the priority", "passes the mask", "GICC_PMR"),
        ("rpi3", "disabled", "enabled", "ENABLE_IRQS_2"),
    ],
)
def test_the_shut_gate_names_what_to_look_at(board, poke, gate, register):
    session = open_session(board, "timer-callbacks")
    session.boot()
    session.machine.memory.write(*POKES[board][poke])
    session.machine.devices["uart0"].outputs["irq"][0].set(True)
    shut = first_shut(best_way(ways_to_core(session.machine, *UART[board])).gates)
    assert (shut.name, shut.register) == (gate, register)
    row = next(
        row
        for row in session.view(frozenset({"interrupts"})).interrupts
        if row.number == UART[board][1]
    )
    assert row.blocked_by == gate
    assert register in row.needs
    session.close()


def test_group_0_signalled_as_fiq_is_stopped_by_the_fiq_mask():
    session = open_session("rpi4", "timer-callbacks")
    session.boot()
    session.machine.memory.write(GICC, 9)
    session.machine.devices["uart0"].outputs["irq"][0].set(True)
    shut = first_shut(best_way(ways_to_core(session.machine, "gic", 153)).gates)
    assert (shut.name, shut.field) == ("FIQs let in", "F")
    session.close()


@pytest.mark.parametrize(
    "wires",
    ["fiq: cpu fiq", "irq: gic spi 3", "irq: uart0 cts", "irq: gic spi 3\n      fiq: cpu irq"],
)
def test_an_output_that_reaches_no_core_is_a_shut_gate(tmp_path, wires):
    text = available("boards")["rpi4"].read_text()
    board = tmp_path / "board.yaml"
    board.write_text(re.sub(r"irq: cpu irq\n      fiq: cpu fiq", wires, text))
    session = open_session(str(board), "timer-callbacks")
    session.run_until(1_500_000_000)
    row = next(
        row for row in session.view(frozenset({"interrupts"})).interrupts if row.number == 30
    )
    assert row.blocked_by == "wired to a core"
    assert "in the board file" in row.needs
    session.close()


def test_the_fiq_source_of_the_pi_3_goes_the_fiq_way():
    session = open_session("rpi3", "timer-callbacks")
    session.boot()
    session.machine.memory.write(*POKES["rpi3"]["disabled"])
    session.machine.memory.write(*POKES["rpi3"]["made the FIQ too"])
    session.machine.devices["uart0"].outputs["irq"][0].set(True)
    gates = best_way(ways_to_core(session.machine, "ic", 57)).gates
    assert [gate.name for gate in gates if not gate.open] == ["FIQs let in"]
    assert session.machine.core.inputs == 1 << 6
    session.close()


def test_time_opens_the_comparator_of_a_local_apic_and_nothing_else():
    session = open_session("x86", "case-3")
    session.boot()
    cause = session.machine.devices["lapic"].own_causes(0xEC, 0)[0]
    mask = next(gate for gate in cause.gates if gate.bits == "LVT_TIMER.MASK")
    assert (mask.open, mask.wants, mask.due_ns) == (False, 0, None)
    due = [gate for gate in cause.gates if gate.due_ns is not None]
    assert [gate.name for gate in due] == ["time reached"]
    assert due[0].due_ns > session.machine.now
    session.close()
