"""What gates are called: the name says what holds where the gate is open, so ✗ denies it once."""

from __future__ import annotations

import pytest

from kerneltui.debugger.naming import interrupt_named
from kerneltui.debugger.verdict import Verdict
from kerneltui.debugger.way import lines, ways_of_line
from kerneltui.debugger.why import why
from kerneltui.hw.rule import Opens
from kerneltui.scenarios.scenario import open_session

BOARDS = "rpi3", "rpi4", "x86"


def gates_of(session):
    machine, inspector = session.machine, session.inspector
    for _, _, _, line in lines(machine):
        for way in ways_of_line(machine, inspector, line.name):
            yield from way.gates


@pytest.mark.parametrize("board", BOARDS)
def test_a_gate_that_software_shuts_has_a_name_without_a_negation(board):
    session = open_session(board, "timer-callbacks")
    session.boot()
    names = {gate.name for gate in gates_of(session) if gate.opens is not Opens.EVENT}
    assert len(names) > 10
    assert not {name for name in names if name.startswith(("no ", "not ", "un"))}
    session.close()


@pytest.mark.parametrize(
    ("board", "in_handler", "outside"),
    [
        ("rpi3", "DAIF.I to be 0: the handler to return (ERET), or MSR DAIFClr, #2",
         "DAIF.I to be 0: MSR DAIFClr, #2"),
        ("rpi4", "DAIF.I to be 0: the handler to return (ERET), or MSR DAIFClr, #2",
         "DAIF.I to be 0: MSR DAIFClr, #2"),
        ("x86", "RFLAGS.IF to be 1: the handler to return (IRET), or STI",
         "RFLAGS.IF to be 1: STI"),
    ],
)  # fmt: skip
def test_a_return_is_advised_in_a_handler_alone(board, in_handler, outside):
    session = open_session(board, "timer-callbacks")
    session.boot()
    core = session.machine.core
    session.poke("RFLAGS.IF=0" if board == "x86" else "DAIF.I=1", 0)
    mask = [gate for gate in core.gates("intr" if board == "x86" else "irq") if not gate.open]
    assert [gate.needs for gate in mask] == [outside]
    session.poke("RFLAGS.IF=1" if board == "x86" else "DAIF.I=0", 0)
    session.next_interrupt()
    mask = [gate for gate in core.gates("intr" if board == "x86" else "irq") if not gate.open]
    assert mask[0].needs == in_handler
    session.close()


@pytest.mark.parametrize(("board", "irq"), [("rpi3", "local:1"), ("rpi4", "30")])
def test_the_mask_of_a_core_has_one_name(board, irq):
    session = open_session(board, "fault-daif")
    session.run_until(1_958_600_000)
    told = why(session, interrupt_named(session.machine, irq), 0)
    assert told.verdict is Verdict.SHUT
    assert told.headline.endswith("cannot arrive: the core masks IRQs (DAIF.I is 1).")
    assert told.advice == "It needs DAIF.I to be 0: MSR DAIFClr, #2."
    assert told.mend == ("core0/DAIF.I=0x0",)
    session.close()
