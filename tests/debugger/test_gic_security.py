"""A board whose GIC has the Security Extensions: the spaces, the firmware's set-up, the kernel."""

from __future__ import annotations

import random

import pytest
from msgspec.structs import replace

from kerneltui.debugger.ear import By
from kerneltui.debugger.last_write import last_write
from kerneltui.debugger.lookup import register_of_event
from kerneltui.debugger.pokes import mend_of, parse
from kerneltui.debugger.references import EventReference, InterruptReference, RegisterReference
from kerneltui.debugger.register_marks import RegisterLook
from kerneltui.debugger.register_names import register_and_label
from kerneltui.debugger.views.registers import register_blocks
from kerneltui.debugger.why import why
from kerneltui.hw.register import MEMORY, NON_SECURE
from kerneltui.hw.rule import Spot
from kerneltui.machine.board import load_board
from kerneltui.scenarios.reading import load_scenario
from kerneltui.scenarios.scenario import make_session

S, MS = 1_000_000_000, 1_000_000
GICD, GICC = 0xFF84_1000, 0xFF84_2000
TIMER = 30


def board_of(*, armstub=True, security=True):
    board = load_board("rpi4").with_config("gic", {"security": security})
    cpu = replace(board.spec.cpu, armstub=armstub)
    return replace(board, spec=replace(board.spec, cpu=cpu))


def session_of(scenario="timer-callbacks", **options):
    return make_session(board_of(**options), load_scenario(scenario))


@pytest.fixture
def session():
    made = session_of()
    yield made
    made.close()


def held(machine, block, name, cpu=0):
    file = machine.devices["gic"].files[block]
    return file.peek(file.table[name].offset, cpu=cpu)


# -- spaces ----------------------------------------------------------------------------------------


def test_the_non_secure_space_differs_by_the_blocks_of_the_gic_alone(session):
    machine = session.machine
    secure = {window.base: window for window in machine.spaces[MEMORY].windows}
    others = {window.base: window for window in machine.spaces[NON_SECURE].windows}
    assert {*secure} == {*others}
    different = {base for base in secure if secure[base] != others[base]}
    assert different == {GICD, GICC}
    assert [others[base].name for base in (GICD, GICC)] == ["gic.GICD_NS", "gic.GICC_NS"]
    assert all(core.memory is machine.spaces[NON_SECURE] for core in machine.cores)


def test_without_security_there_is_one_space_and_the_kernel_is_in_it():
    made = session_of(security=False)
    machine = made.machine
    assert NON_SECURE not in machine.spaces
    assert all(core.memory is machine.spaces[MEMORY] for core in machine.cores)
    assert (machine.sight, machine.met(MEMORY, GICC)) == (MEMORY, MEMORY)
    made.close()


def test_the_firmware_has_set_up_the_interfaces_of_all_cores(session):
    machine = session.machine
    assert held(machine, "GICD", "GICD_CTLR") == 3
    for cpu in range(4):
        assert held(machine, "GICC", "GICC_CTLR", cpu) == 0x1E7
        assert held(machine, "GICC", "GICC_PMR", cpu) == 0xF8
        assert held(machine, "GICD", "GICD_IGROUPR0", cpu) == 0xFFFF_FFFF


# -- the kernel ------------------------------------------------------------------------------------


def told(session):
    """All events but the one register that says which GIC it is."""
    return [event for event in session.recorder.events if event[4] != GICD + 4]


@pytest.mark.parametrize(
    ("scenario", "until"),
    [("timer-callbacks", 3 * S), ("two-cores", 400 * MS), ("ipi", 400 * MS), ("nested", 400 * MS),
     ("priority-of-irqs", 400 * MS), ("starvation", 400 * MS)],
)  # fmt: skip
def test_the_kernel_runs_as_on_a_gic_without_security(scenario, until):
    session, other = session_of(scenario), session_of(scenario, security=False)
    for one in (session, other):
        one.boot()
        one.run_until(until)
    ours, theirs = told(session), told(other)
    assert [event[:6] for event in ours] == [event[:6] for event in theirs]
    names = session.names.as_text, other.names.as_text
    assert [*map(names[0], ours)] == [*map(names[1], theirs)]
    assert "ignored" not in {event[3] for event in ours}
    session.close()
    other.close()


def test_going_back_and_forth_comes_to_the_same_state(session):
    session.boot()

    def look():
        machine = session.machine
        registers = [RegisterLook(machine).values(cpu) for cpu in range(4)]
        return registers, machine.position, [*session.recorder.events]

    looks = {}
    for at in (1_008_266_400, 1100 * MS, 2_008_266_500, 3100 * MS):
        session.run_until(at)
        looks[at] = look()
    for at in random.Random(4).choices([*looks], k=8):
        session.go_to_time(at)
        assert look() == looks[at]


def test_without_the_firmwares_set_up_it_is_told_who_was_not_heard():
    made = session_of(armstub=False)
    made.boot()
    made.run_until(1500 * MS)
    machine = made.machine
    assert machine.core.interrupts_taken == 0
    assert ("ignored", TIMER) in {(event[3], event[4]) for event in made.recorder.events}
    spot = Spot("GICD", 0x100, 1 << TIMER, 0)
    write = last_write(made.history, "gic", spot)
    assert (write.by, write.function, write.is_ignored) == (By.CODE, "Gicv2.enable", True)
    assert write.register == "GICD_ISENABLER0"
    assert last_write(made.history, "gic", Spot("GICD", 0x100, 1 << 29, 0)).by is By.RESET
    made.close()


def test_a_store_that_is_heard_is_the_last_write_of_the_secure_register(session):
    session.boot()
    for key, mask, register in ((0x100, 1 << TIMER, "GICD_ISENABLER0"), (0, 2, "GICD_CTLR")):
        write = last_write(session.history, "gic", Spot("GICD", key, mask, 0))
        assert (write.by, write.is_ignored, write.register) == (By.CODE, False, register)


# -- names -----------------------------------------------------------------------------------------


def test_a_plain_name_means_what_software_sees(session):
    machine = session.machine
    for fronts, block, label in (
        ([], "GICC_NS", "GICC_PMR"), (["GICC_NS"], "GICC_NS", "GICC_PMR"),
        (["GICC"], "GICC", "GICC/GICC_PMR"),
    ):  # fmt: skip
        site, found = register_and_label(machine, fronts, "GICC_PMR")
        assert (site.block, found) == (block, label)
    assert register_and_label(machine, [], "GICD_IGROUPR0")[0].block == "GICD_NS"


def test_a_poke_is_a_store_by_that_view(session):
    session.boot()
    machine = session.machine
    for text, stored in (
        ("GICC_PMR=0x40", 0xA0), ("0xff842004=0x20", 0x90), ("GICC/GICC_PMR=0x40", 0x40),
        ("GICC_PMR=0xf0", 0x40),
    ):  # fmt: skip
        machine.poke(parse(machine, text))
        assert held(machine, "GICC", "GICC_PMR") == stored
    with pytest.raises(ValueError, match="GICD_IGROUPR0 is read-only"):
        parse(machine, "GICD_IGROUPR0=0")


def test_an_access_in_the_trace_leads_to_the_view_that_it_met(session):
    session.boot()
    session.run_until(1100 * MS)
    (event,) = [event for event in session.recorder.events if event[4] == GICC + 0x10]
    assert session.names.as_text(event) == "str GICC_EOIR <- 0x1e"
    found = register_of_event(session, EventReference(event))
    assert found == RegisterReference("gic", "GICC_NS", "GICC_EOIR")


def test_an_access_by_secure_software_has_the_block_in_front(session):
    session.boot()
    machine = session.machine
    core = machine.core
    core.memory = machine.memory
    session.recorder.instruction(core, "str", GICC + 4, 0xF8)
    core.memory = machine.spaces[NON_SECURE]
    event = session.recorder.events[-1]
    assert session.names.as_text(event) == "str GICC/GICC_PMR <- 0xf8"
    found = register_of_event(session, EventReference(event))
    assert found == RegisterReference("gic", "GICC", "GICC_PMR")
    touched = session.recorder.touched(session.recorder.recorded - 1)
    assert [*touched] == [(MEMORY, GICC + 4, 0)]


@pytest.mark.parametrize(
    "text", ["read GICC_IAR", "write GICC_EOIR", "write 0xff842010", "change GICD_ISACTIVER0"]
)
def test_breakpoints_are_hit_by_what_the_kernel_does(session, text):
    session.boot()
    session.breakpoints.add(session.machine, text)
    session.run_until(1100 * MS)
    assert session.machine.now < 1100 * MS


def test_blocks_of_the_kernels_view_stand_first(session):
    blocks = list(register_blocks(session.machine, 0))[:4]
    assert [(block.table.name, block.title) for block in blocks] == [
        ("GICD_NS", "GIC-400 Distributor, non-secure view"),
        ("GICC_NS", "GIC-400 CPU interface, non-secure view"),
        ("GICD", "GIC-400 Distributor, secure view"),
        ("GICC", "GIC-400 CPU interface, secure view"),
    ]


# -- explanations ----------------------------------------------------------------------------------


def test_an_interrupt_that_the_kernel_cannot_see_is_told_so(session):
    session.boot()
    session.machine.poke(parse(session.machine, "GICD/GICD_IGROUPR0=0"))
    session.run_until(1_008_300_000)
    found = why(session, InterruptReference("gic", "gic", TIMER), 0)
    assert "of group 0, which non-secure accesses cannot see" in found.headline


def test_what_mends_it_are_secure_stores():
    made = session_of(armstub=False)
    made.boot()
    made.run_until(100 * MS)
    machine = made.machine
    way = why(made, InterruptReference("gic", "gic", TIMER), 0).way
    mends = [mend_of(machine, "gic", gate) for gate in way.shut if gate.wants is not None]
    assert [mend.partition("=")[0] for mend in mends] == [
        "GICD/GICD_ISENABLER0.PPI[14]", "GICD/GICD_IGROUPR0.GROUP_STATUS[30]",
        "GICC/GICC_PMR.Priority", "GICC/GICC_CTLR.EnableGrp0",
    ]  # fmt: skip
    for mend in mends[:3]:
        machine.poke(parse(machine, mend))
    made.run_until(1500 * MS)
    assert machine.core.interrupts_taken == 1
    assert made.recorder.console.lines()[-2].endswith("Periodic 1 sec")
    made.close()
