"""Several cores: what a step of a sleeping one is, and whose handlers and registers are shown."""

import pytest

from kerneltui.debugger.recorder import EVENTS_BEHIND
from kerneltui.debugger.watch import STEP
from kerneltui.machine.core import CoreState, StopReason
from kerneltui.scenarios.scenario import open_session

MS = 1_000_000


def booted(board, scenario="ipi"):
    session = open_session(board, scenario)
    session.boot()
    return session


# -- steps -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("board", ["rpi3", "rpi4", "x86"])
def test_a_step_of_a_sleeping_core_leaps_over_one_event_at_most(board):
    session = booted(board)
    session.pinned = 1
    core, others = session.core, [core for core in session.machine.cores if core.index != 1]
    said = set()
    for _ in range(40):
        taken = sum(core.interrupts_taken for core in others)
        retired, begun = core.retired, session.machine.now
        session.step()
        assert session.focus == 1
        assert sum(core.interrupts_taken for core in others) <= taken + 1
        assert session.machine.now - begun <= 600 * MS
        if core.retired == retired:
            assert core.state is CoreState.WAITING
            assert session.last_stop == "core 1 sleeps on"
        else:
            assert core.retired == retired + 1
            assert session.last_stop == "stepped"
        said.add(session.last_stop)
    assert said == {"core 1 sleeps on", "stepped"}


def test_a_core_that_is_off_executes_nothing_and_says_so():
    session = booted("rpi4", "timer-callbacks")
    session.pinned = 1
    before = session.machine.now, session.generation
    assert session.step() is StopReason.NOTHING_DUE
    assert session.last_stop == "core 1 is off"
    assert (session.machine.now, session.generation) == before


def test_a_core_that_sleeps_alone_is_stepped_until_it_wakes():
    session = booted("rpi4", "timer-callbacks")
    retired = session.core.retired
    assert session.step() is StopReason.STEP
    assert session.core.retired == retired + 1
    assert session.core.pending.kind == "irq"


# -- interrupts ------------------------------------------------------------------------------------


def rows(session):
    return {
        (item.controller, item.number): item
        for item in session.view(frozenset({"interrupts"})).interrupts
    }


def test_an_edge_that_was_sent_on_raises_no_alarm_while_its_line_is_up():
    session = booted("x86", "timer-callbacks")
    while session.machine.devices["lapic"].interrupts(0)[0].number != 0x38:
        session.next_interrupt()
    found = rows(session)
    vector, gsi = found["lapic", 0x38], found["ioapic0", 8]
    assert (vector.active, vector.source) == (True, "\u2190 GSI 8")
    assert (gsi.line, gsi.enabled, gsi.pending, gsi.waits) == (True, True, False, False)
    assert vector.name == gsi.name
    assert not any(item.pending or item.waits for item in found.values())


def test_the_masked_8259s_are_not_listed_while_the_apics_are_used():
    session = booted("x86", "timer-callbacks")
    session.run_until(3_500 * MS)
    assert {name for name, _ in rows(session)} == {"lapic", "ioapic0"}


def test_an_edge_that_was_lost_at_a_masked_pin_still_says_why():
    session = booted("x86", "gsi-override")
    session.next_interrupt()
    found = rows(session)["ioapic0", 2]
    assert found.waits
    assert (found.blocked_by, found.pending) == ("let through", False)


def test_a_core_shows_the_counts_of_its_own_handlers():
    session = booted("x86")
    session.run_until(2_300 * MS)
    sent, taken = session.kernel.asked, session.machine.cores[1].interrupts_taken
    assert sent > 2
    counts = {}
    for core in (0, 1):
        session.pinned = core
        found = rows(session)
        counts[core] = found["lapic", 0xFD].count
        assert found["lapic", 0xFD].targets == (core,)
    assert counts == {0: sent, 1: taken}
    assert ("lapic", 0xEC) not in found


def test_the_call_of_the_pi_4_is_counted_by_core_too():
    session = booted("rpi4")
    session.run_until(1_600 * MS)
    counts = []
    for session.pinned in range(4):
        counts.append(rows(session)["gic", 1].count)
    assert counts == [3, 1, 1, 1]


# -- registers -------------------------------------------------------------------------------------


def banked(session, name):
    return next(
        item
        for block in session.view().blocks
        for item in block.registers
        if item.name == name and block.device in {"lapic", "gic"}
    )


def test_the_next_core_shows_its_own_changes_and_accesses_alone():
    session = booted("x86")
    session.view()
    session.next_interrupt()
    assert session.focus == 0
    shown = {"changed": [], "access": []}
    for session.pinned in (0, 1):
        registers = [item for block in session.view().blocks for item in block.registers]
        lapic = [item.name for item in registers if item.name.startswith(("ISR", "LVT_", "APIC_"))]
        shown["changed"].append([r.name for r in registers if r.changed and r.name in lapic])
        shown["access"].append([r.name for r in registers if r.access and r.name in lapic])
    assert shown["changed"] == [["ISR7"], []]
    assert shown["access"] == [[], []]
    session.pinned = 0
    while not banked(session, "ICR_LOW").access.startswith("wrote"):
        session.step()
    session.pin_next_core()
    assert session.focus == 1
    assert banked(session, "ICR_LOW").access == ""


def test_a_change_of_focus_keeps_what_changed_on_the_other_core():
    session = booted("x86")
    session.next_interrupt()
    session.view()
    session.next_interrupt()
    assert session.focus == 1
    assert banked(session, "ISR7").changed
    session.pin_next_core()
    assert not banked(session, "ISR7").changed


def test_after_the_last_core_that_of_the_event_is_shown_again():
    session = booted("x86")
    shown = []
    for _ in range(3):
        session.pin_next_core()
        shown.append((session.pinned, session.focus))
    assert shown == [(1, 1), (None, 0), (1, 1)]
    session.pin_next_core()
    session.next_interrupt()
    session.next_interrupt()
    assert (session.pinned, session.focus) == (None, 1)


@pytest.mark.parametrize("board", ["rpi3", "rpi4"])
def test_a_step_back_of_a_core_that_has_slept_long_is_to_before_its_wait(board):
    """So long that its last event is not kept any more."""
    session = booted(board)
    session.next_interrupt()
    session.next_interrupt()
    assert session.focus == 1
    session.pinned = 1
    for _ in range(20_000):
        session.run_until(session.machine.now + MS // 5)
        if all(event[2] != 1 for event in session.recorder.last(EVENTS_BEHIND)):
            break
    core = session.core
    assert core.state is CoreState.WAITING
    retired = core.retired
    for _ in session.back(STEP):
        pass
    assert (core.retired, core.pending.kind) == (retired, core.WAIT)
    assert core.state is not CoreState.WAITING


# -- calls from core to core, as the scenario tells them -------------------------------------------

ANSWERS = {"x86": "store ICR_LOW", "rpi4": "str GICD_SGIR", "rpi3": "str MAILBOX0_SET"}


def call_to_core_0(session):
    session.pinned = 0
    return next(
        row
        for row in session.view(frozenset({"interrupts"})).interrupts
        if row.name == "Call from a core"
    )


@pytest.mark.parametrize("board", ANSWERS)
def test_the_answer_waits_while_core_0_is_in_the_timers_handler(board):
    session = booted(board)
    session.next_interrupt()
    assert session.focus == 0
    session.next_interrupt()
    assert session.focus == 1
    assert not call_to_core_0(session).pending
    session.pinned = 1
    while not session.view(frozenset()).cpu.next_instruction.startswith(ANSWERS[board]):
        assert session.core.depth == 1
        session.step()
    session.step()
    waiting = call_to_core_0(session)
    assert session.core.depth == 1
    assert (waiting.pending, waiting.waits) == (True, True)
    if board == "x86":
        apic = session.view(frozenset({"local_apics"})).local_apics[0]
        assert (apic.irr, apic.isr) == (1 << 0xFD, 1 << 0xEC)
    session.next_interrupt()
    assert session.focus == 0
    assert session.core.depth == 1
