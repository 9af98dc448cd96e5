"""Two moments compared: all that differs, nothing else, and the same whatever the way there."""

import re

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moments import picture

from kerneltui.debugger.difference import CONSOLE, NONE, REGISTERS, difference
from kerneltui.debugger.lookup import exists, registers
from kerneltui.debugger.watch import NEXT_INTERRUPT, NEXT_TIMER_EVENT, STEP
from kerneltui.errors import UserError
from kerneltui.scenarios.scenario import open_session

S = 1_000_000_000
MS = 1_000_000
BOARDS = {"rpi3": "shell", "rpi4": "two-cores", "x86": "round-robin"}


def opened(board="rpi4", scenario="timer-callbacks", at=None):
    session = open_session(board, scenario)
    session.boot()
    if at is not None:
        session.run_until(at)
    return session


def rows(found, group):
    return {thing.label: thing for one in found.groups if one.name == group for thing in one.things}


def facts(thing):
    return {fact.name: (fact.old, fact.new) for fact in thing.facts}


def exchanged(found):
    """The same with old and new exchanged, told by hand."""
    swap = [
        msgspec.structs.replace(group, things=tuple(
            msgspec.structs.replace(thing, old=thing.new, new=thing.old, facts=tuple(
                msgspec.structs.replace(fact, old=fact.new, new=fact.old) for fact in thing.facts
            ))
            for thing in group.things
        ))
        for group in found.groups
    ]  # fmt: skip
    return msgspec.structs.replace(found, old=found.new, new=found.old, groups=tuple(swap))


# -- registers, beside a reference that looks at each ----------------------------------------------


def peeked(session):
    """Every register as every core sees it, by one peek each: (owner, block, name, core)."""
    machine = session.machine
    found = {}
    files = [(d.name, f) for d in machine.devices.values() for f in d.files.values()]
    for core in machine.cores:
        for owner, file in files:
            for slot in file.slots():
                size = slot.register.width // 8
                key = (owner, file.table.name, slot.name, core.index)
                found[key] = file.peek(slot.key, size, core.index)
        for slot in core.regs.slots():
            key = (f"core {core.index}", "", slot.name, core.index)
            found[key] = core.regs.peek(slot.key, slot.register.width // 8, core.index)
    return found


def catalogue(session):
    return {
        (owner, block, slot.name): slot for owner, _, _, slot, block in registers(session.machine)
    }


def told(found):
    """What is told of registers: (owner, block, name, core or None) -> old and new."""
    result = {}
    for group in found.groups:
        if group.name == REGISTERS:
            core = re.search(r", core (\d+)$", group.title)
            for thing in group.things:
                place = thing.reference
                key = (place.owner, place.block, place.name, int(core[1]) if core else None)
                assert key not in result
                result[key] = thing
    return result


def check_registers(session, before, after, found):
    """Whatever differs is told, by the register or by another face of it; nothing else is."""
    slots, said, counted = catalogue(session), told(found), " ".join(found.counters)
    stores = {}
    for (owner, block, name, core), thing in said.items():
        slot = slots.get((owner, block, name))
        if slot is None:
            continue  # a general register: no table has it
        at = 0 if core is None else core
        if owner.startswith("core "):
            at = int(owner.removeprefix("core "))
        pair = before[owner, block, name, at], after[owner, block, name, at]
        assert pair[0] != pair[1], (owner, name, core)
        assert (int(thing.old, 16), int(thing.new, 16)) == pair
        assert slot.register.banked == (core is not None)
        face = (owner, block, slot.register.store_name, slot.index, core)
        stores.setdefault(face, set()).add(pair)
        whole = {field.name: field for field in slot.register.fields}
        for fact in thing.facts:
            field = whole[fact.name]
            assert field.extract(pair[0]) != field.extract(pair[1])
        if thing.facts:
            changed = pair[0] ^ pair[1]
            expected = {field.name for field in whole.values() if field.mask & changed}
            assert {fact.name for fact in thing.facts} == expected
    for (owner, block, name, core), value in before.items():
        other = after[owner, block, name, core]
        slot = slots[owner, block, name]
        if value == other:
            continue
        if f"{name} of {owner}" in counted:
            assert slot.register.volatile
            continue
        whose = core if slot.register.banked else None
        face = (owner, block, slot.register.store_name, slot.index, whose)
        assert (value, other) in stores.get(face, ()), (owner, name, core)


POKES = {
    "rpi3": ["UARTIBRD=7", "C1=0x1234", "core1/CNTP_CVAL_EL0=5", "ENABLE_IRQS_1=2", "DAIF=0x3c0"],
    "rpi4": ["GICC_PMR=0x40", "GICD_ISENABLER0.PPI[14]=1", "core1/CNTP_CTL_EL0=1", "UARTIMSC=0",
             "core2/GICC_CTLR=0", "GICD_IPRIORITYR7=0x10203040", "C3=99"],
    "x86": ["TPR=0x20", "core1/LVT_TIMER=0x10000", "ioapic0/IOREDTBL2_LOW.MASK=1", "IER=0",
            "T1_COMP=77", "SECONDS_ALARM=9"],
}  # fmt: skip

moves = st.lists(
    st.one_of(
        st.sampled_from([("s", STEP), ("i", NEXT_INTERRUPT), ("n", NEXT_TIMER_EVENT)]),
        st.tuples(st.just("back"), st.sampled_from([STEP, NEXT_INTERRUPT])),
        st.tuples(st.just("time"), st.integers(0, 60 * MS)),
        st.tuples(st.just("poke"), st.integers(0, 6)),
        st.just(("type", b"x\r")),
    ),
    min_size=1,
    max_size=4,
)


def go(session, board, way):
    for kind, what in way:
        if kind == "back":
            for _ in session.back(what):
                pass
        elif kind == "time":
            session.run_until(session.machine.now + what)
        elif kind == "poke":
            session.poke(POKES[board][what % len(POKES[board])])
        elif kind == "type":
            session.type(what)
        else:
            session.advance(what, until=session.machine.now + S // 10, instructions=3_000)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(sorted(BOARDS)), st.integers(0, 300), moves, moves)
def test_registers_are_those_that_peeks_tell_apart(board, ms, first, second):
    session = opened(board, BOARDS[board], ms * MS)
    try:
        go(session, board, first)
        before, old = peeked(session), session.moment()
        go(session, board, second)
        seen = picture(session)
        after, new = peeked(session), session.moment()
        assert picture(session) == seen  # looking changes nothing
        found = difference(old, new)
        check_registers(session, before, after, found)
        assert difference(new, old) == exchanged(found)
        for same in (old, new):
            empty = difference(same, same)
            assert (empty.groups, empty.counters) == ((), ())
            assert empty.passed == "No time passed."
        things = [thing for group in found.groups for thing in group.things]
        assert all(thing.old != thing.new or thing.facts for thing in things)
        assert all(fact.old != fact.new for thing in things for fact in thing.facts)
        for thing in things:
            if thing.new != NONE and thing.reference is not None:
                assert exists(session, thing.reference), thing
    finally:
        session.close()


def test_the_pokes_of_the_walk_are_all_possible():
    for board, stores in POKES.items():
        session = opened(board, BOARDS[board])
        for store in stores:
            session.poke(store)
        with pytest.raises(UserError):
            session.poke("NOTHING=1")
        session.close()


# -- the same whatever the way ---------------------------------------------------------------------


@pytest.mark.parametrize(("board", "scenario"), [
    ("rpi3", "shell"), ("rpi4", "two-cores"), ("x86", "round-robin"), ("x86", "timer-syscalls"),
    ("rpi4", "ipi"),
])  # fmt: skip
def test_the_difference_is_the_same_whatever_the_way_to_the_moments(board, scenario):
    session = opened(board, scenario, 20 * MS)
    session.next_interrupt()
    session.step()
    first, one = session.here, session.moment()
    session.run_until(900 * MS)
    session.next_timer_event()
    second, other = session.here, session.moment()
    found = difference(one, other)
    assert found.groups
    session.go_to_reset()
    session.pin_next_core()
    session.go_to(second)
    again = session.moment()
    session.run_until(S)
    session.go_to_time(100 * MS)
    session.go_to(first)
    assert difference(session.moment(), again) == found
    assert msgspec.json.encode(difference(session.moment(), again)) == msgspec.json.encode(found)
    assert difference(one, session.moment()).groups == ()
    session.close()


# -- what is told ----------------------------------------------------------------------------------


def test_a_poke_is_told_by_register_and_fields_and_nothing_else_differs():
    session = opened(at=1_500 * MS)
    old = session.moment()
    session.poke("CNTP_CTL_EL0.IMASK=1")
    found = difference(old, session.moment())
    (group,) = found.groups[:1]
    assert group.title == "Registers of timer, GENERIC_TIMER, core 0"
    (thing,) = group.things
    assert (thing.label, thing.old, thing.new) == ("CNTP_CTL_EL0", "00000001", "00000003")
    assert facts(thing) == {"IMASK": ("0", "1")}
    assert [one.name for one in found.groups] == [REGISTERS, "Timers"]
    (timer,) = rows(found, "Timers").values()
    assert facts(timer) == {"masked": ("no", "yes")}
    assert found.counters == ()
    assert found.passed == "No time passed."


def test_bits_of_interrupts_are_told_by_their_numbers_and_faces_of_one_state_once():
    session = opened(at=1_500 * MS)
    old = session.moment()
    session.poke("GICD_ICENABLER0.PPI[14]=1")
    found = difference(old, session.moment())
    things = rows(found, REGISTERS)
    assert list(things) == ["GICD_ISENABLER0"]  # and not GICD_ICENABLER0, its other face
    assert facts(things["GICD_ISENABLER0"])["PPI"] == ("irq 30", "none")
    assert facts(rows(found, "Interrupts")["irq 30 of gic"]) == {"enabled": ("yes", "no")}


def test_timeouts_come_go_and_move_and_the_handlers_count():
    """The scenario's Periodic 1 sec is due 1 s after it was set, Once 3 sec after 3 s."""
    session = opened(at=S)
    old, pending = session.moment(), {item.ident: item for item in session.inspector.timeouts()}
    due = {ident: item.due_ns for ident, item in pending.items()}
    session.run_until(3_500 * MS)
    found = difference(old, session.moment())
    things = rows(found, "Timeouts")
    left = {item.ident: item.due_ns for item in session.inspector.timeouts()}
    for ident, before in due.items():
        thing = next((one for label, one in things.items() if label.startswith(f"{ident} ")), None)
        if left.get(ident) == before:
            assert thing is None or "due" not in facts(thing)
        elif ident in left:
            assert facts(thing)["due"] == (seconds(before), seconds(left[ident]))
        else:
            assert thing.new == NONE
            assert thing.old.startswith(f"due {seconds(before)}")
    assert any(ident not in left for ident in due)
    assert any(ident in left for ident in due)
    counts = [facts(thing)["handled"] for thing in rows(found, "Interrupts").values()]
    assert "irq 30 of gic" in rows(found, "Interrupts")
    taken = facts(rows(found, "Cores")["core 0"])["interrupts taken"]
    assert sum(int(new) - int(before) for before, new in counts) == int(taken[1]) - int(taken[0])


def seconds(ns):
    digits = f"{ns // S}.{ns % S:09}"
    return f"{digits[:-6]} {digits[-6:-3]} {digits[-3:]} s"


def test_counters_are_told_apart_and_the_time_with_them():
    session = opened("x86", at=S)
    old = session.moment()
    session.run_until(2 * S)
    found = difference(old, session.moment())
    assert found.passed.startswith("Time passed: 1 s; counters went on: ")
    for name in ("MAIN_CNT of hpet", "PM_TMR of acpi", "IA32_TIME_STAMP_COUNTER of core 0",
                 "SECONDS of rtc"):  # fmt: skip
        assert name in found.counters
        assert name.partition(" ")[0] not in rows(found, REGISTERS)
    assert len(set(found.counters)) == len(found.counters)


def test_a_flag_beside_a_count_is_no_counter():
    """MC146818 REGISTER_A: UIP is set for the 244 us before an update of the time."""
    session = opened("x86", at=S)
    end = 4 * S
    while not rtc(session, "REGISTER_A") & 0x80 and session.machine.now < end:
        session.run_until(session.machine.now + MS // 10)
    old = session.moment()
    session.run_until(session.machine.now + 10 * MS)
    thing = rows(difference(old, session.moment()), REGISTERS)["REGISTER_A"]
    assert facts(thing) == {"UIP": ("1", "0")}


def test_a_window_onto_registers_tells_that_it_shows_another_one():
    """MC146818 at port 71h: the byte that was selected at port 70h, which cannot be read."""
    session = opened("x86", at=S)
    old = session.moment()
    session.poke("RTC_INDEX=0x0d")
    (thing,) = rows(difference(old, session.moment()), REGISTERS).values()
    assert (thing.label, thing.new) == ("RTC_DATA", "00000080")


def rtc(session, name):
    return peeked(session)["rtc", "CMOS", name, 0]


def test_tasks_their_run_queue_and_the_timers_of_system_calls_are_told():
    session = opened("rpi4", "round-robin", at=200 * MS)
    old, was = session.moment(), running(session)
    while running(session) == was:
        session.next_interrupt()
        session.finish()
    found = difference(old, session.moment())
    things = rows(found, "Tasks")
    before = next(thing for label, thing in things.items() if label.startswith(f"{was} "))
    after = next(
        thing for label, thing in things.items() if label.startswith(f"{running(session)} ")
    )
    assert facts(before)["state"] == ("running", "ready")
    assert facts(after)["state"] == ("ready", "running")
    assert facts(things["the run queue"])["ready"][0].split()[0] == str(running(session))
    assert facts(rows(found, "Cores")["core 0"])["runs task"] == (str(was), str(running(session)))


def running(session):
    return session.inspector.scheduling().schedulers[0].current.id


def test_timers_of_system_calls_tell_their_states():
    session = opened("x86", "timer-syscalls")
    session.go_to_reset()
    old = session.moment()
    session.run_until(60 * MS)
    known = list(session.inspector.timer_service().known())
    new = session.moment()
    for timer in known:
        thing = rows(difference(old, new), "Timeouts")[f"timer {timer.id} of a system call"]
        assert thing.old == NONE
        assert thing.new.startswith(f"state {timer.state.value}, due {seconds(timer.due_ns)}")
    waiting = next(timer for timer in known if timer.state.value == "Pending")
    session.run_until(waiting.due_ns + MS)
    found = rows(difference(new, session.moment()), "Timeouts")
    assert facts(found[f"timer {waiting.id} of a system call"])["fired"] == ("0", "1")


def test_general_registers_of_a_system_call_come_and_change():
    session = opened("x86", "timer-syscalls", at=2 * S)
    old = session.moment()
    reset = opened("x86", "timer-syscalls")
    reset.go_to_reset()
    found = rows(difference(reset.moment(), old), REGISTERS)
    assert found["rax"].old == NONE
    assert found["rax"].new != NONE


def test_lines_tell_their_levels():
    session = opened(at=S)
    old = session.moment()
    session.next_interrupt()
    found = rows(difference(old, session.moment()), "Lines")
    assert (found["gic.irq0"].old, found["gic.irq0"].new) == ("low", "HIGH")
    assert found["gic.irq0"].facts == ()


def test_only_cores_that_run_tell_of_their_interrupts_and_each_its_own():
    session = opened("rpi4", "two-cores", at=500 * MS)
    old = session.moment()
    session.run_until(600 * MS)
    things = rows(difference(old, session.moment()), "Interrupts")
    names = {name for thing in things.values() for name in facts(thing)}
    assert not any("core 2" in name or "core 3" in name for name in names)
    assert any(name.endswith(("on core 0", "on core 1")) for name in names)


def test_a_kernel_that_halts_says_why():
    session = opened("rpi4", "timer-callbacks", at=S)
    old = session.moment()
    session.machine.cores[0].halt_reason = "out of order"
    found = facts(rows(difference(old, session.moment()), "Cores")["core 0"])
    assert found["halted by"] == (NONE, "out of order")


# -- the console -----------------------------------------------------------------------------------


def printed(session, old):
    found = difference(old, session.moment())
    return [(thing.old, thing.new) for thing in rows(found, CONSOLE).values()]


def send(session, text):
    for byte in text:
        session.recorder.console.add(byte)


def test_lines_printed_between_are_told_and_the_one_under_way():
    session = opened(at=1_500 * MS)
    start = session.moment()
    assert printed(session, start) == []
    send(session, b"one\r\n\r\ntw")
    half = session.moment()
    assert printed(session, start) == [(NONE, "one"), (NONE, ""), (NONE, "tw")]
    send(session, b"o\r\n")
    assert printed(session, half) == [("tw", "two")]
    assert printed(session, start) == [(NONE, "one"), (NONE, ""), (NONE, "two")]
    lines = session.recorder.console.lines()
    for thing in rows(difference(start, session.moment()), CONSOLE).values():
        assert lines[thing.reference.number - 1] == thing.new
        assert thing.label == f"line {thing.reference.number}"


def test_a_text_longer_than_what_is_kept_says_what_is_missing():
    session = opened(at=1_500 * MS)
    start, total = session.moment(), session.recorder.console.total
    send(session, b"123456789\n" * 40_000)
    found = difference(start, session.moment())
    things = [thing for group in found.groups for thing in group.things]
    kept = len(session.recorder.console.data)
    assert things[0].new == f"{400_000 - kept} characters that are not kept"
    assert len(things) == 1 + kept // 10
    assert {thing.new for thing in things[1:]} == {"123456789"}
    assert difference(session.moment(), start) == exchanged(found)
    assert total + 400_000 == session.recorder.console.total
