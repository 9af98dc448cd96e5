"""What rows are about: every reference on any screen names something that is there."""

from __future__ import annotations

import pytest
from dashboard import booted
from faults import each_once, ordinary
from panel_classes import PANELS

from kerneltui.debugger.lookup import exists, register_of_event
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
from kerneltui.debugger.timeline import Window
from kerneltui.debugger.views import PARTS
from kerneltui.lessons.progress import StudentProgress
from kerneltui.tui.following import ON_ENTER, follow
from kerneltui.tui.panels.kinds import REGISTERS, TIMERS
from kerneltui.tui.panels.registers import RegistersPanel
from kerneltui.tui.requests import GoTo, Point, Situation, Tell
from kerneltui.tui.widgets.lines import about

MS = 1_000_000
GICD, GICC = "GICD", "GICC"
PLACES = [*each_once(ordinary(), 2)]


def situation(session):
    return Situation(session, session.setup.board.name, None, "", (), lambda: StudentProgress(None))


def shown(session, *, zoomed):
    """All that rows of all panels are about, and which panel shows it."""
    view = session.view(PARTS, Window(50 * MS, 100))
    found = {}
    for kind in PANELS:
        panel = kind()
        panel.zoomed = panel.alone = zoomed
        if kind is RegistersPanel and zoomed:
            panel.filter = "e"  # nearly all
        for line in panel.content(view, 138):
            for piece in line:
                if about(piece) is not None:
                    found.setdefault(about(piece), kind)
    return found


def moments(session):
    """The first idle, inside a handler, after it, and later on."""
    yield
    session.next_interrupt()
    session.step()
    session.step()
    yield
    session.next_timer_event()
    yield
    session.run_until(session.machine.now + 40 * MS)
    yield


@pytest.mark.parametrize(("board", "scenario"), PLACES, ids="-".join)
def test_every_reference_on_every_screen_names_something_and_enter_leads_somewhere(board, scenario):
    session = booted(board, scenario)
    try:
        kinds = set()
        for number, _ in enumerate(moments(session)):
            found = shown(session, zoomed=bool(number % 2))
            missing = [f"{kind.KIND.title}: {item}" for item, kind in found.items()
                       if not exists(session, item)]  # fmt: skip
            assert missing == []
            kinds |= {type(item) for item in found}
            now = situation(session)
            for item in found:
                check_enter(now, item)
        expected = {RegisterReference, FieldReference, InterruptReference, EventReference,
                    CoreReference, CodeReference, ConsoleReference, ComparatorReference,
                    CounterReference}  # fmt: skip
        assert kinds >= expected
    finally:
        session.close()


def check_enter(now, item):
    done = follow(now, item)
    if isinstance(item, EventReference) and not now.session.is_just_after(item.event):
        assert done == GoTo(item.event)
        return
    assert isinstance(done, Point | Tell), item
    if isinstance(item, EventReference) and register_of_event(now.session, item) is not None:
        assert isinstance(done, Point)
        assert exists(now.session, done.references[-1])
    elif isinstance(item, TimeoutReference | ComparatorReference | InterruptReference):
        assert isinstance(done, Point), item
        assert all(exists(now.session, to) for to in done.references), item
    elif isinstance(item, RegisterReference | FieldReference):
        assert done.references[0] == item


def test_all_kinds_are_shown_somewhere_and_have_an_enter():
    found = set()
    for board, scenario in (("x86", "round-robin"), ("rpi4", "nested")):
        session = booted(board, scenario)
        for _ in moments(session):
            found |= {type(item) for item in shown(session, zoomed=True)}
        if board == "rpi4":  # a gate is on show while an interrupt waits
            for _ in range(60):
                session.next_interrupt()
                found |= {type(item) for item in shown(session, zoomed=False)}
                if GateReference in found:
                    break
        session.close()
    assert found == set(ON_ENTER)


REGISTER = RegisterReference("gic", GICD, "GICD_CTLR")
IRQ = InterruptReference("gic", "gic", 30)
NOWHERE = [
    RegisterReference("gic", GICC, "GICD_CTLR"),
    RegisterReference("uart0", GICD, "GICD_CTLR"),
    RegisterReference("core 9", "", "DAIF"),
    RegisterReference("core 0", "", "x9"),
    FieldReference(REGISTER, "EnableGrp7"),
    InterruptReference("gic", "gic", 5000),
    InterruptReference("gic", "vector", 30),
    InterruptReference("uart0", "gic", 30),
    GateReference(IRQ, "open on Sundays"),
    VectorReference(0, 0xEC),
    LineReference("gic.irq17"),
    TimeoutReference(99),
    ComparatorReference("timer", "C3"),
    ComparatorReference("gic", "CNTP_CVAL_EL0"),
    CounterReference("timer", "CLO"),
    TaskReference(1),
    CoreReference(4),
    EventReference((1, 2, 3, "ldr", 4, 5, "")),
    CodeReference("nobody", "timer_callbacks.py", 1),
    ConsoleReference(0),
    ConsoleReference(10_000),
    TableReference("APIC", 0xE0000),
]
SOMEWHERE = [
    REGISTER,
    RegisterReference("core 3", "", "DAIF"),
    FieldReference(REGISTER, "EnableGrp0"),
    IRQ,
    GateReference(IRQ, "enabled"),
    LineReference("gic.irq3"),
    TimeoutReference(1),
    ComparatorReference("timer", "CNTP_CVAL_EL0"),
    CounterReference("system-timer", "CLO"),
    CoreReference(3),
    ConsoleReference(1),
]


def test_what_is_not_there_is_not_found():
    session = booted()
    assert [item for item in NOWHERE if exists(session, item)] == []
    assert [item for item in SOMEWHERE if not exists(session, item)] == []
    session.close()


@pytest.mark.parametrize(
    ("board", "interrupt", "register"),
    [
        # What stops one that is idle: nothing has made it pending.
        ("rpi4", IRQ, "GICD_ISPENDR0"),
        ("rpi4", InterruptReference("gic", "gic", 153), "GICD_ISPENDR4"),
        ("rpi3", InterruptReference("local-ic", "local", 1), "CORE0_TIMER_INTERRUPT_CONTROL"),
        ("rpi3", InterruptReference("ic", "peripheral", 57), "ENABLE_IRQS_2"),
        ("x86", InterruptReference("lapic", "vector", 0xEC), "IRR7"),
        ("x86", InterruptReference("ioapic0", "gsi", 4), "IOREDTBL4_LOW"),
        ("x86", InterruptReference("ioapic1", "gsi", 26), "IOREDTBL2_LOW"),
        ("x86", InterruptReference("pic", "isa", 1), "IRR"),
    ],
)
def test_enter_on_an_interrupt_shows_the_register_that_decides(board, interrupt, register):
    session = booted(board)
    done = follow(situation(session), interrupt)
    assert done.panel is REGISTERS
    assert done.references[-1].name == register
    assert done.references[-1].owner == interrupt.controller
    session.close()


@pytest.mark.parametrize(
    ("board", "comparator"),
    [("rpi3", "CNTP_CVAL_EL0"), ("rpi4", "CNTP_CVAL_EL0"), ("x86", "CUR_COUNT")],
)
def test_enter_on_a_timeout_shows_the_comparator_that_is_armed(board, comparator):
    session = booted(board)
    for ident in (1, 2):
        done = follow(situation(session), TimeoutReference(ident))
        assert done.panel is TIMERS
        assert [item.name for item in done.references] == [comparator]
    session.close()


def test_enter_on_an_event_that_has_just_happened_shows_what_it_was_about(monkeypatch):
    session = booted("rpi4", "wake-tasks")
    session.run_until(1_100 * MS)
    monkeypatch.setattr(session, "is_just_after", lambda event: True)
    seen = {}
    for event in session.recorder.events:
        done = follow(situation(session), EventReference(event))
        place = done.panel.short if isinstance(done, Point) else done.text
        seen.setdefault(event[3] + (" sched" if event[6].startswith("sched_") else ""), set()).add(
            place
        )
    assert seen["str"] >= {"Reg"}
    assert seen["mrs"] <= {"Reg", "CPU"}
    assert seen["line"] <= {"IRQ", "CPU"}
    assert "IRQ" in seen["line"]
    assert seen["irq"] == {"CPU"}
    assert seen["tx"] == {"UART"}
    assert seen["tracepoint sched"] == {"Task"}
    session.close()


def test_of_a_window_onto_others_the_register_that_was_selected_is_meant():
    session = booted("x86")
    events = [EventReference(event) for event in session.recorder.events]
    named = {str(register_of_event(session, item)) for item in events
             if "IOWIN (" in session.names.as_text(item.event)}  # fmt: skip
    assert "IOREDTBL4_LOW of ioapic0" in named
    session.close()
