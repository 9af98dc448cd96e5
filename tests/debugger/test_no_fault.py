"""What is shut and no fault: while a kernel boots, on cores that it does not use, in its waits."""

from __future__ import annotations

import pytest

from kerneltui.debugger.elsewhere import troubled
from kerneltui.debugger.naming import interrupt_named, main_interrupt, timer_interrupt
from kerneltui.debugger.troubles import is_booting, trouble_of
from kerneltui.debugger.verdict import TROUBLE, Verdict
from kerneltui.debugger.why import why
from kerneltui.machine.core import CoreState, StopReason
from kerneltui.scenarios.scenario import open_session
from kerneltui.sessions.saving import spec_of, text_of

MS = 1_000_000
IN_BOOT = {"rpi3": 3 * MS, "rpi4": 3 * MS, "x86": 10 * MS}
NOT_SET_UP = {"rpi3": "local:1", "rpi4": "30", "x86": "gsi:4"}
STRIDE = 41
"""Instructions between two looks at a boot."""


@pytest.fixture
def opened():
    made = []

    def make(board, scenario="timer-callbacks"):
        made.append(open_session(board, scenario))
        return made[-1]

    yield make
    for session in made:
        session.close()


def told_of(session, name="", cpu=0):
    machine = session.machine
    asked = interrupt_named(machine, name) if name else timer_interrupt(machine, session.inspector)
    return why(session, asked, cpu)


# -- a kernel that boots ---------------------------------------------------------------------------


@pytest.mark.parametrize("board", IN_BOOT)
def test_a_kernel_that_boots_is_not_accused(opened, board):
    session = opened(board)
    session.run_until(IN_BOOT[board])
    told = told_of(session, NOT_SET_UP[board])
    assert told.verdict is Verdict.WAITS
    assert "the kernel is still booting, and so far " in told.headline
    assert not told.mend
    assert not any(told.is_shut(gate) for gate in told.way.shut if gate in told.for_now)
    session.boot()
    assert not is_booting(session.machine, 0)
    assert "booting" not in told_of(session, NOT_SET_UP[board]).headline


@pytest.mark.parametrize("board", IN_BOOT)
def test_a_core_that_is_not_started_yet_waits_for_the_one_that_boots(opened, board):
    session = opened(board)
    session.run_until(IN_BOOT[board])
    told = told_of(session, NOT_SET_UP[board], cpu=1)
    assert told.verdict is Verdict.WAITS
    assert "waits for core 0 to start core 1" in told.headline
    assert told.advice == "The kernel may leave core 1 off: ask again when it has booted."
    is_on = [gate for gate in told.way.gates if gate.register == "core 1"]
    assert told.gate in (is_on or told.way.gates)


@pytest.mark.parametrize("board", IN_BOOT)
def test_no_moment_of_a_boot_is_a_trouble(opened, board):
    session = opened(board, "two-cores")
    machine = session.machine
    looks = 0
    while is_booting(machine, 0):
        for _ in range(STRIDE):
            session.step()
        for core in machine.cores if is_booting(machine, 0) else ():
            assert not [told.headline for _, told in troubled(session, core.index)]
            looks += 1
    assert looks > 10


def test_a_poke_in_the_boot_is_no_kernels_deed(opened):
    session = opened("rpi4")
    session.run_until(8 * MS)
    session.poke("GICC_PMR=0", 0)
    assert is_booting(session.machine, 0)
    assert told_of(session, "153").verdict is Verdict.SHUT


def test_a_character_typed_in_the_boot_is_no_alarm(opened):
    session = opened("x86")
    session.run_until(IN_BOOT["x86"])
    session.type(b"x")
    session.run_until(IN_BOOT["x86"] + 2 * MS)
    machine, inspector = session.machine, session.inspector
    way = told_of(session, "gsi:4").way
    assert is_booting(machine, 0)
    assert trouble_of(machine, session.recorder, inspector, way, 0, is_timers=False) is None


def test_a_report_says_that_the_kernel_still_boots(said, tmp_path, opened):
    session = opened("x86")
    session.run_until(IN_BOOT["x86"])
    path = tmp_path / "boot.session.yaml"
    path.write_text(text_of(spec_of(session), path))
    _, text, _ = said("report", "--session", path)
    assert "The kernel is still booting: what it has not opened" in text
    assert "does not come as it should" not in text


def test_explain_says_so_where_no_handler_is_registered_yet(said):
    status, _, err = said("explain", "--board", "x86", "--at", "1ms")
    assert status == 2
    assert "the kernel is still booting, and no interrupt has a handler yet: ask for one" in err
    _, _, err = said("explain", "--board", "x86", "--at", "1ms", "--core", "1")
    assert "core 1 is off: the kernel is still booting" in err


# -- cores -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("board", ["rpi3", "rpi4"])
def test_a_core_that_nobody_has_started_is_told_as_that(opened, board):
    session = opened(board)
    session.boot()
    told = told_of(session, cpu=2)
    assert told.verdict is Verdict.UNUSED
    assert told.headline.endswith(" does not come to core 2: nobody has started that core.")
    assert told.advice == "That is no fault: a core that is off executes nothing."
    assert not told.mend


@pytest.mark.parametrize(("board", "name"), [("rpi4", "153"), ("x86", "gsi:4")])
def test_what_is_routed_to_another_core_names_that_one(opened, board, name):
    session = opened(board, "two-cores")
    session.boot()
    told = told_of(session, name, cpu=1)
    assert told.verdict is Verdict.UNUSED
    assert told.advice == "That is no fault: it goes to core 0."
    assert told_of(session, name).verdict is Verdict.WAITS


def test_a_message_to_another_core_is_no_fault_of_the_sender(opened):
    session = opened("x86", "two-cores")
    session.run_until(44_074_000)
    told = told_of(session, "vector:0xfd")
    assert told.verdict is Verdict.UNUSED
    assert "the message was sent to another core (ICR_HIGH.DESTINATION is 1)" in told.headline
    assert told.advice == "That is no fault: it goes to core 1."
    assert not list(troubled(session, 0))


def test_a_core_that_sleeps_without_its_timer_is_no_fault(opened):
    session = opened("rpi4", "two-cores")
    session.boot()
    told = told_of(session, cpu=1)
    assert session.machine.cores[1].state is CoreState.WAITING
    assert told.verdict is Verdict.UNUSED
    assert "does not come to core 1, which sleeps: the timer is switched off" in told.headline


def test_what_asks_a_core_that_is_off_is_a_fault(opened):
    session = opened("rpi4", "fault-other-core")
    session.run_until(2_100 * MS)
    assert told_of(session, "153").verdict is Verdict.SHUT
    told = told_of(session, "153", cpu=1)
    assert told.verdict is Verdict.SHUT
    assert told.headline == "irq 153 cannot arrive at core 1: nobody has started that core."


def test_a_gate_that_a_person_has_shut_on_another_core_is_shut(opened):
    session = opened("rpi4", "two-cores")
    session.boot()
    session.poke("GICC_PMR=0", 1)
    told = told_of(session, "1", cpu=1)  # by which core 0 calls it
    assert told.verdict is Verdict.SHUT
    assert "GICC_PMR.Priority is 0" in told.headline


@pytest.mark.parametrize("board", IN_BOOT)
def test_no_core_of_a_healthy_machine_is_accused_of_its_timer(opened, board):
    session = opened(board, "two-cores")
    session.boot()
    for _ in range(60):
        if session.next_step() is not StopReason.MEANINGFUL:
            break
        for core in session.machine.cores[1:]:
            asked = main_interrupt(session.machine, session.inspector, core.index)
            told = why(session, asked, core.index)
            assert told.verdict not in TROUBLE, told.headline


# -- interrupts kept out ---------------------------------------------------------------------------


@pytest.mark.parametrize("board", ["rpi3", "rpi4"])
def test_interrupts_that_stay_out_are_a_fault_as_soon_as_that_is_known(opened, board):
    """When the core waits a second time, and has not let them in after the first."""
    session = opened(board, "fault-daif")
    machine = session.machine
    session.run_until(1_900 * MS)
    told = told_of(session)
    assert machine.core.state is CoreState.WAITING
    assert told.verdict is Verdict.WAITS
    assert "core 0 sleeps with interrupts kept out (DAIF.I is 1)" in told.headline
    due_ns = told.gate.due_ns
    session.run_until(due_ns + 100)
    told = told_of(session)
    assert told.verdict is Verdict.SHUT
    assert "DAIF.I is 1" in told.headline
    assert told.mend


def test_a_wait_that_no_interrupt_ends_is_a_fault_at_once(opened):
    """HLT with RFLAGS.IF clear waits for ever (Intel SDM 2A, HLT)."""
    session = opened("x86", "fault-if")
    session.run_until(100 * MS)
    told = told_of(session)
    assert told.verdict is Verdict.SHUT
    assert "RFLAGS.IF is 0" in told.headline


@pytest.mark.parametrize("board", ["rpi3", "rpi4"])
@pytest.mark.parametrize("scenario", ["wake-tasks", "two-cores"])
def test_a_kernel_that_lets_interrupts_in_after_its_wait_is_not_accused(opened, board, scenario):
    """WFI ends for masked interrupts too (Arm DDI 0487, D1.6.2)."""
    session = opened(board, scenario)
    session.boot()
    slept = 0
    for _ in range(400):
        session.step()
        core = session.machine.core
        slept += core.is_asleep and core.masks()[1]
        assert told_of(session).verdict not in TROUBLE
    assert slept
