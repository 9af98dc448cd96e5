"""Views: pictures of the machine that mark what has changed and say what blocks an interrupt."""

import json

import msgspec
import pytest
from panel_classes import PANELS
from read_back import read_back

from kerneltui.debugger.views import PARTS, MachineView
from kerneltui.debugger.watch import BOOT
from kerneltui.machine.core import CoreState
from kerneltui.scenarios.scenario import open_session

S = 1_000_000_000
both = pytest.mark.parametrize("board", ["rpi3", "rpi4"])


def booted(board, scenario="timer-callbacks"):
    session = open_session(board, scenario)
    session.boot()
    session.view()
    return session


def register(session, name):
    view = session.view()
    return next(r for block in view.blocks for r in block.registers if r.name == name)


def field(found, name):
    return next(item.value for item in found.fields if item.name == name)


def test_acknowledge_and_end_show_one_after_the_other():
    session = booted("rpi4")
    session.next_interrupt()
    names = []
    while session.machine.core.depth:
        session.step()
        for block in session.view().blocks:
            names += [
                f"{r.name} {r.access} {r.access_value:#x}" for r in block.registers if r.access
            ]
    expected = [
        "GICC_IAR read 0x1e",
        next(name for name in names if name.startswith("CNTP_CTL_EL0 wrote")),
        next(name for name in names if name.startswith("CNTP_CVAL_EL0 wrote")),
        "GICC_EOIR wrote 0x1e",
    ]
    assert [names.index(name) for name in expected] == sorted(map(names.index, expected))


def test_a_changed_value_is_marked_at_its_moment_however_often_one_looks():
    session = booted("rpi4")
    assert not register(session, "GICC_RPR").changed
    session.next_interrupt()
    while not register(session, "GICC_IAR").access:
        session.step()
    moment = session.here
    for _ in range(2):
        for _ in range(2):
            assert register(session, "GICC_RPR").changed
            assert register(session, "GICC_IAR").access == "read"
        session.step()
        assert not register(session, "GICC_RPR").changed
        assert not register(session, "GICC_IAR").access
        session.go_to(moment)


@pytest.mark.parametrize("board", ["rpi3", "rpi4", "x86"])
def test_after_a_handler_what_all_of_it_has_changed_is_marked(board):
    session = booted(board)
    session.next_interrupt()
    accessed = set()
    while session.machine.core.depth:
        session.step()
        accessed |= marked(session)
    assert len(accessed) > 3
    assert marked(session) == accessed
    moment = session.here
    session.advance(BOOT)
    assert session.machine.core.state is CoreState.WAITING
    asleep = marked(session)
    assert accessed <= asleep, "and what came before the wait"
    session.go_to(moment)
    assert marked(session) == accessed


def marked(session):
    """The registers that instructions have accessed."""
    return {r.name for block in session.view().blocks for r in block.registers if r.access}


def test_at_reset_is_said_of_registers_that_nobody_has_touched():
    session = booted("rpi4")
    assert register(session, "GICD_SGIR").at_reset
    assert not register(session, "GICD_CTLR").at_reset


def test_set_and_clear_enable_are_two_faces_of_one_state():
    session = booted("rpi4")
    enabled, cleared = register(session, "GICD_ISENABLER4"), register(session, "GICD_ICENABLER4")
    assert enabled.value == cleared.value == 1 << 25
    assert not enabled.alias_of
    assert cleared.alias_of == "GICD_ISENABLER4"


@pytest.mark.parametrize(
    ("board", "name", "first"),
    [
        ("rpi3", "ENABLE_IRQS_2", ""),
        ("rpi3", "DISABLE_IRQS_2", "ENABLE_IRQS_2"),
        ("rpi3", "ENABLE_BASIC_IRQS", ""),  # other bits of the state that ENABLE_IRQS_2 is part of
        ("rpi3", "DISABLE_BASIC_IRQS", "ENABLE_BASIC_IRQS"),
        ("rpi3", "PMU_INTERRUPT_ROUTING_CLEAR", "PMU_INTERRUPT_ROUTING_SET"),
        ("rpi4", "GICD_ICACTIVER0", "GICD_ISACTIVER0"),
        ("rpi4", "GICD_ISACTIVER0", ""),
        ("x86", "OCW1", ""),
        ("x86", "IMR", "OCW1"),
    ],
)
def test_of_the_faces_of_one_state_one_is_the_first(board, name, first):
    assert register(booted(board), name).alias_of == first


def test_the_value_now_and_what_was_read_are_two_things():
    session = booted("rpi4")
    session.next_interrupt()
    while not register(session, "GICC_IAR").access:
        session.step()
    found = register(session, "GICC_IAR")
    assert (found.value, field(found, "INTERRUPT_ID")) == (1023, 1023)
    assert (found.access, found.access_value) == ("read", 30)
    assert {item.name: item.value for item in found.access_fields}["INTERRUPT_ID"] == 30
    while not register(session, "GICC_EOIR").access:
        session.step()
    ended = register(session, "GICC_EOIR")
    assert (ended.fields, ended.access_value) == ((), 30), "nothing can be read there"
    assert ended.access_fields[0].value == 30


@both
def test_the_blocks_are_those_of_the_board_and_every_field_fits(board):
    view = booted(board).view()
    devices = {block.device for block in view.blocks}
    expected = {
        "rpi3": {"local-ic", "ic", "timer", "system-timer", "uart0"},
        "rpi4": {"gic", "timer", "system-timer", "uart0"},
    }
    assert devices == expected[board]
    assert view.blocks[0].is_controller
    for block in view.blocks:
        for item in block.registers:
            assert 0 <= item.value < 1 << item.width
            assert all(0 <= part.value < 1 << part.width for part in item.fields)


@both
def test_the_armed_timeout_is_the_head_and_the_comparator_agrees(board):
    session = booted(board)
    view = session.view()
    assert [item.name for item in view.timeouts] == ["Periodic 1 sec", "Once 2", "Once 5"]
    assert [item.armed for item in view.timeouts] == [True, False, False]
    dues = [item.due_ns for item in view.timeouts]
    assert dues == sorted(dues)
    assert all(item.in_ns == item.due_ns - view.now_ns for item in view.timeouts)
    comparator = next(item for item in view.comparators if item.name == "CNTP_CVAL_EL0")
    assert comparator.enabled
    assert not comparator.met
    tick = -(-S // comparator.hz)
    assert 0 <= comparator.in_ns - view.timeouts[0].in_ns <= tick


@both
def test_while_a_callback_runs_no_timeout_is_armed(board):
    session = booted(board)
    session.next_callback()
    view = session.view()
    assert not any(item.armed for item in view.timeouts)
    assert sum(item.handling for item in view.timeouts) <= 1


def interrupt(session, number):
    return next(
        item for item in session.view(frozenset({"interrupts"})).interrupts if item.number == number
    )


def test_an_interrupt_is_blocked_by_its_silent_line_and_then_by_the_core():
    session = booted("rpi4")
    asleep = interrupt(session, 30)
    assert (asleep.line, asleep.pending, asleep.active) == (False, False, False)
    assert (asleep.enabled, asleep.blocked_by) == (True, "pending")
    session.next_interrupt()
    taken = interrupt(session, 30)
    assert (taken.line, taken.pending, taken.blocked_by) == (True, True, "IRQs let in")
    while "irq_handler_entry" not in session.recorder.last(1)[0][6]:
        session.step()
    handled = interrupt(session, 30)
    assert (handled.active, handled.count, handled.blocked_by) == (True, 1, "inactive")


@both
def test_handlers_are_counted_and_named(board):
    session = booted(board)
    timer, uart = {"rpi3": (1, 57), "rpi4": (30, 153)}[board]
    session.run_until(4 * S)
    assert interrupt(session, timer).count == 4
    assert "Timer" in interrupt(session, timer).name
    assert "PL011" in interrupt(session, uart).name
    assert interrupt(session, uart).count > 0


def test_a_disabled_interrupt_says_that_it_is():
    session = booted("rpi4")
    session.machine.memory.write(0xFF84_1180 + 4 * 4, 1 << 25)  # GICD_ICENABLER4: INTID 153
    found = interrupt(session, 153)
    assert not found.enabled
    session.type(b"x")
    session.run_until(session.machine.now + 10_000_000)
    found = interrupt(session, 153)
    assert (found.line, found.pending) == (True, True)
    assert "enable" in found.blocked_by.lower()
    assert session.recorder.console.lines()[-1] == ""


@both
@pytest.mark.parametrize(
    "moment", ["at reset", "booted", "in a handler", "in a callback", "halted", "before"]
)
def test_a_view_of_any_moment_is_json(board, moment):
    session = open_session(board, "timer-callbacks")
    if moment != "at reset":
        session.boot()
    if moment == "in a handler":
        session.next_interrupt()
        session.step()
    elif moment == "in a callback":
        session.next_timer_event()
    elif moment == "halted":
        session.kernel.platform.uart.handle = None
        session.machine.core._halted("on purpose")
    elif moment == "before":
        before = session.here
        session.run_until(S)
        session.go_to(before)
    view = session.view()
    found = json.loads(msgspec.json.encode(view))
    assert found["now_ns"] == session.machine.now
    assert found["cpu"]["privilege"] == "EL1"
    assert found["cpu"]["next_instruction"]
    assert read_back(view) == view


@both
def test_ten_thousand_timeouts_are_counted_though_not_all_are_shown(board):
    view = booted(board, "burst").view()
    assert view.timeout_count == 10_001
    assert 100 <= len(view.timeouts) <= 1000


# -- parts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("board", ["rpi4", "x86"])
def test_a_view_holds_the_parts_that_are_asked_for_and_no_others(board):
    session = booted(board, "shell")
    whole = session.view()
    nothing = session.view(frozenset())
    assert nothing.cpu == whole.cpu
    for part in PARTS:
        view = session.view(frozenset({part}))
        for other in PARTS:
            assert getattr(view, other) == getattr(whole if other == part else nothing, other)


def test_every_panel_shows_parts_that_there_are():
    assert set(MachineView.__struct_fields__) > PARTS
    for panel in PANELS:
        assert set(MachineView.__struct_fields__) >= panel.PARTS


def test_counters_are_looked_at_though_nobody_asks_for_them():
    session = booted("x86")
    for _ in range(3):
        session.run_until(session.machine.now + S // 4)
        session.view(frozenset())
    assert any(counter.measured_hz for counter in session.view(frozenset({"counters"})).counters)


@pytest.mark.parametrize("board", ["rpi3", "rpi4", "x86"])
def test_a_block_that_has_not_changed_is_not_made_again(board):
    session = booted(board)
    first, again = session.view(), session.view()
    assert all(one is other for one, other in zip(first.blocks, again.blocks, strict=True))
    session.next_interrupt()
    before = session.view()
    while not marked(session):
        session.step()
    after = session.view()
    assert not all(one is other for one, other in zip(before.blocks, after.blocks, strict=True))


def test_an_access_leaves_no_mark_behind_in_a_block_that_is_taken_again():
    session = booted("rpi4")
    session.next_interrupt()
    while not marked(session):
        session.step()
    assert not any(r.access for block in session.view(marks=False).blocks for r in block.registers)
    assert marked(session)
