"""The obvious breakpoint of everything that a panel can point at: the grammar reads it back."""

from __future__ import annotations

import pytest
from dashboard import booted
from test_references import moments, shown

from kerneltui.debugger.breakpoints.grammar import bind, parse_breakpoint
from kerneltui.debugger.obvious import obvious
from kerneltui.debugger.references import (
    CodeReference,
    ComparatorReference,
    ConsoleReference,
    CoreReference,
    CounterReference,
    EventReference,
    FieldReference,
    GateReference,
    InterruptReference,
    LineReference,
    RegisterReference,
    TableReference,
    TaskReference,
    TimeoutReference,
    VectorReference,
)
from kerneltui.scenarios.scenario import open_session

PLACES = [
    ("rpi3", "timer-callbacks"), ("rpi4", "wake-tasks"), ("x86", "timer-callbacks"),
]  # fmt: skip
WITHOUT = {CounterReference, TableReference}
GIC = InterruptReference("gic", "gic", 30)
REFUSED = {*WITHOUT, CodeReference, ConsoleReference, EventReference, RegisterReference}
"""Of these some have no breakpoint, and say why."""
GICD = RegisterReference("gic", "GICD", "GICD_ISENABLER0")


@pytest.mark.parametrize(("board", "scenario"), PLACES, ids="-".join)
def test_the_text_of_every_reference_on_every_screen_binds(board, scenario):
    session = booted(board, scenario)
    tried, kinds = set(), set()
    for number, _ in enumerate(moments(session)):
        for item in shown(session, zoomed=bool(number % 2)):
            try:
                text = obvious(session, item)
            except ValueError as error:
                said = str(error)
                assert said.endswith(".")
                assert said[0].isupper() or "general register" in said
                assert type(item) in REFUSED
                continue
            kinds.add(type(item))
            if text not in tried:
                tried.add(text)
                written = parse_breakpoint(text)
                assert written.text == text
                bind(session.machine, 1, written)
    session.close()
    assert kinds >= {RegisterReference, FieldReference, InterruptReference, CoreReference,
                     EventReference, CodeReference, ConsoleReference}  # fmt: skip
    assert not kinds & WITHOUT


@pytest.mark.parametrize(
    ("board", "reference", "text"),
    [
        ("rpi4", GICD, "write GICD_ISENABLER0"),
        ("rpi4", RegisterReference("gic", "GICC", "GICC_IAR"), "read GICC_IAR"),
        ("rpi4", RegisterReference("core 0", "", "DAIF"), "write DAIF"),
        ("rpi4", FieldReference(GICD, "PPI"), "change GICD_ISENABLER0.PPI"),
        ("rpi4", GIC, "irq 30 taken"),
        ("rpi4", GateReference(GIC, "enabled"), 'gate "timer/enabled" of irq 30'),
        ("rpi4", GateReference(GIC, "time reached"), 'gate "timer/time reached" of irq 30'),
        ("rpi4", LineReference("gic.irq0"), "line gic.irq0 rises"),
        ("rpi4", TimeoutReference(2), 'timeout "Once 2"'),
        ("rpi4", CoreReference(2), "irq any taken core 2"),
        ("rpi4", CodeReference("f", "gicv2.py", 60), "code gicv2.py:60"),
        ("rpi4", ComparatorReference("timer", "CNTP_CVAL_EL0"), "line timer.cntpnsirq0 rises"),
        ("rpi4", ComparatorReference("system-timer", "C3"), "line system-timer.match3 rises"),
        ("rpi3", InterruptReference("ic", "peripheral", 57), "irq peripheral:57 taken"),
        ("x86", InterruptReference("lapic", "vector", 0xEC), "irq vector:0xec taken"),
        ("x86", InterruptReference("ioapic1", "gsi", 26), "irq gsi:26 taken"),
        ("x86", VectorReference(0, 0xEC), "irq vector:0xec taken core 0"),
        ("x86", ComparatorReference("lapic", "CUR_COUNT"), "irq vector:0xec taken"),
        ("x86", RegisterReference("ioapic1", "IOAPIC_TABLE", "nothing"), None),
        ("rpi4", CounterReference("timer", "CNTPCT_EL0"), None),
        ("rpi4", TableReference("APIC", 0xE0000), None),
        ("rpi4", TimeoutReference(99), None),
        ("rpi4", TaskReference(1), None),
        ("rpi4", GateReference(GIC, "open on Sundays"), None),
        ("rpi4", None, None),
    ],
    ids=str,
)
def test_what_is_meant_by_pointing_at_one(board, reference, text):
    session = booted(board)
    if text is None:
        with pytest.raises(ValueError, match=r"\.$"):
            obvious(session, reference)
    else:
        assert obvious(session, reference) == text
    session.close()


def test_of_an_event_it_is_by_its_kind():
    """In a run of several scenarios' events, each kind leads to what it was."""
    session = booted("rpi4")
    session.run_until(1_100_000_000)
    found = {}
    for event in session.recorder.events:
        try:
            text = obvious(session, EventReference(event))
        except ValueError as error:
            text = str(error)
        words = session.names.as_text(event).split()
        found.setdefault((event[3], words[1] if len(words) > 1 else ""), set()).add(text)
    session.close()
    assert found["str", "GICC_EOIR"] == {"write GICC_EOIR"}
    assert found["ldr", "GICC_IAR"] == {"read GICC_IAR"}
    assert found["msr", "CNTP_CTL_EL0"] == {"write CNTP_CTL_EL0"}
    assert found["line", "gic.irq0"] == {"line gic.irq0 rises", "line gic.irq0 falls"}
    assert found["irq", "taken,"] == {"irq 30 taken"}
    assert 'timeout "Periodic 1 sec"' in found["tracepoint", "timer_callback"]
    assert 'timeout "Periodic 1 sec" set' in found["tracepoint", "hrtimer_start"]
    assert 'timeout "Periodic 1 sec" done' in found["tracepoint", "timer_callback_done"]
    assert found["tracepoint", "irq_handler_entry"] == {"irq 30 taken"}


def test_an_interrupt_that_has_just_been_taken_is_known_before_its_handler_says_so():
    session = booted("rpi4")
    session.next_interrupt()
    event = next(item for item in reversed(session.recorder.events) if item[3] == "irq")
    assert obvious(session, EventReference(event)) == "irq 30 taken"
    session.close()


def test_of_a_task_its_name_and_of_a_core_its_registers():
    session = booted("rpi4", "wake-tasks")
    session.run_until(1_100_000_000)
    tasks = session.inspector.scheduling().tasks
    number, task = next(iter(tasks.items()))
    assert obvious(session, TaskReference(number)) == f'task "{task.name}"'
    session.close()


def test_of_a_console_line_what_was_sent_without_control_characters():
    session = booted("rpi4", "shell")
    before = len(session.recorder.console.lines())
    session.type(b'say "a\\b"\x08\x08cd\r')
    session.run_until(session.machine.now + 200_000_000)
    text = obvious(session, ConsoleReference(before))
    assert text.startswith('console "')
    session.close()
    again = open_session("rpi4", "shell")
    again.boot()
    again.breakpoints.add(again.machine, text)
    again.type(b'say "a\\b"\x08\x08cd\r')
    again.run_until(again.machine.now + 200_000_000)
    assert [hit.breakpoint.text for hit in again.hits] == [text]
    again.close()
