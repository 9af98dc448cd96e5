"""Breakpoints: each kind halts exactly where a plain reading of the machine says, both ways."""

from __future__ import annotations

import random
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerneltui.debugger.breakpoints.breakpoint import Breakpoint
from kerneltui.debugger.breakpoints.grammar import FORMS, BreakpointError, bind, parse_breakpoint
from kerneltui.debugger.naming import inspector_of, interrupt_named
from kerneltui.debugger.watch import FREE, NEXT_TIMER_EVENT, PREVIOUS_HIT, until_time
from kerneltui.debugger.way import whole_ways
from kerneltui.machine.core import StopReason
from kerneltui.machine.instructions import EXTERNAL
from kerneltui.scenarios.scenario import open_session

S = 1_000_000_000
BOARDS = ("rpi3", "rpi4", "x86")
UNTIL = 2_600_000_000
all_boards = pytest.mark.parametrize("board", BOARDS)
TIMER = {"rpi3": "local:1", "rpi4": "30", "x86": "vector:0xec"}
"""The interrupt of the timer for timeouts."""
QUIET = {"rpi3": "CNTP_CTL_EL0", "rpi4": "CNTP_CTL_EL0", "x86": "INIT_COUNT"}
"""What the handler writes to arm the timer or to switch it off."""
WHO = {"rpi3": "CORE0_INTERRUPT_SOURCE", "rpi4": "GICC_IAR", "x86": "RBR"}
"""What handlers read."""


def session_on(board, *texts, scenario="timer-callbacks", boot=True):
    session = open_session(board, scenario)
    if boot:
        session.boot()
    for text in texts:
        session.breakpoints.add(session.machine, text)
    return session


def forwards(session, until=UNTIL, most=10_000):
    """Where it halts on the way, and what it says."""
    found = []
    while len(found) < most and session.run_until(until) is StopReason.BREAKPOINT:
        found.append((session.here, session.hits))
    assert len(found) == most or session.hits == ()
    return found


def back(session):
    search = session.back(PREVIOUS_HIT)
    while True:
        try:
            next(search)
        except StopIteration as end:
            return bool(end.value)


def backwards(session, since):
    """The same on the way back, the earliest first."""
    found = []
    while back(session) and session.here > since:
        found.append((session.here, session.hits))
    return found[::-1]


def events(board, scenario="timer-callbacks", until=UNTIL):
    """What a run without breakpoints tells: each event, with the register's name."""
    session = session_on(board, scenario=scenario)
    found = []
    session.recorder.sink = lambda event: found.append((event, session.names.as_dict(event)))
    session.run_until(until)
    session.close()
    return found


def steps_of(hits):
    return [(hit.core, hit.step) for _, found in hits for hit in found]


# -- where it halts: against the trace -------------------------------------------------------------


def accesses(board, register, ops):
    return [
        (event[2], event[0])
        for event, told in events(board)
        if told.get("reg") == register and event[3] in ops
    ]


STORING, LOADING = {"str", "msr", "store", "out", "wrmsr"}, {"ldr", "mrs", "load", "in", "rdmsr"}


@all_boards
def test_a_register_is_written(board):
    session = session_on(board, f"write {QUIET[board]}")
    expected = accesses(board, QUIET[board], STORING)
    assert expected
    assert steps_of(forwards(session)) == expected


@all_boards
def test_a_register_is_read(board):
    session = session_on(board, f"read {WHO[board]}")
    expected = accesses(board, WHO[board], LOADING)
    assert expected
    assert steps_of(forwards(session)) == expected


def test_both_are_accesses_and_an_address_names_the_register():
    by_name = forwards(session_on("rpi4", "access UARTIMSC", boot=False))
    by_address = forwards(session_on("rpi4", "access 0xFE201038", boot=False))
    assert [at for at, _ in by_name] == [at for at, _ in by_address]
    verbs = {hit.told.split()[2] for _, hits in by_name for hit in hits}
    assert {"wrote", "read"} >= verbs
    assert by_name


def test_the_old_and_the_new_value_are_told():
    session = session_on("rpi4", "write GICC_PMR", boot=False)
    ((_, (hit,)),) = forwards(session, S)
    assert (hit.old, hit.value) == (0, 0xFF)
    assert hit.place.function.startswith("Gicv2.")
    assert "wrote 0xff to GICC_PMR" in hit.text
    assert "(was 0x0)" in hit.text


def test_a_field_is_told_alone():
    session = session_on("rpi4", "write CNTP_CTL_EL0.ENABLE")
    values = [hit.value for _, hits in forwards(session) for hit in hits]
    assert set(values) == {0, 1}


@all_boards
def test_any_interrupt_is_taken(board):
    session = session_on(board, "irq any taken")
    expected = [(event[2], event[1]) for event, _ in events(board) if event[3] in EXTERNAL]
    assert expected
    assert [(hit.core, hit.t_ns) for _, found in forwards(session) for hit in found] == expected


@all_boards
def test_one_interrupt_is_pending_then_taken_then_ended(board):
    irq = TIMER[board]
    session = session_on(board, *(f"irq {irq} {event}" for event in ("pending", "taken", "ended")))
    told = [hit.breakpoint.what.split()[-1] for _, hits in forwards(session) for hit in hits]
    callbacks = [event for event, told in events(board)
                 if str(told.get("text", "")).startswith("irq_handler_entry")
                 and "imer" in told["text"]]  # fmt: skip
    assert len(callbacks) >= 2
    assert told == ["pending", "taken", "ended"] * len(callbacks)


@all_boards
def test_a_wire_moves(board):
    session = session_on(board, "line uart0.irq")
    expected = [
        (event[1], told["level"])
        for event, told in events(board)
        if told.get("line") == "uart0.irq"
    ]
    assert expected
    found = [(hit.t_ns, int("rises" in hit.told)) for _, hits in forwards(session) for hit in hits]
    assert found == expected
    rising = session_on(board, "line uart0.irq rises")
    assert len(forwards(rising)) == sum(level for _, level in expected)


@all_boards
@pytest.mark.parametrize(
    ("event", "tracepoint"),
    [("called", "timer_callback "), ("done", "timer_callback_done "), ("set", "hrtimer_start ")],
)
def test_a_timeout_by_name(board, event, tracepoint):
    session = session_on(board, f"timeout Periodic* {event}")
    expected = [
        (event_[2], event_[0])
        for event_, told in events(board)
        if str(told.get("text", "")).startswith(tracepoint) and "name=Periodic " in
        told["text"]
    ]  # fmt: skip
    assert expected
    assert steps_of(forwards(session)) == expected


@all_boards
def test_a_task_runs_and_is_woken(board):
    told = events(board, "wake-tasks")
    names = {text.split("next=")[1].split(" ", maxsplit=1)[0] for _, item in told
             if (text := str(item.get("text", ""))).startswith("sched_switch")}  # fmt: skip
    assert names
    for name in sorted(names):
        session = session_on(board, f'task "{name}"', f'task "{name}" woken',
                             scenario="wake-tasks")  # fmt: skip
        expected = [
            (event[2], event[0])
            for event, item in told
            if (text := str(item.get("text", "")))
            and (
                (text.startswith("sched_switch") and f"next={name} " in text)
                or (text.startswith("sched_wakeup") and f"name={name} " in text)
            )
        ]
        assert steps_of(forwards(session)) == expected


@all_boards
def test_the_console_shows_a_text(board):
    session = session_on(board, 'console "Periodic 1 sec"')
    sent = [(event[1], chr(event[5])) for event, _ in events(board) if event[3] == "tx"]
    text = "".join(char for _, char in sent)
    expected, at = [], text.find("Periodic 1 sec")
    while at >= 0:
        expected.append(sent[at + len("Periodic 1 sec") - 1][0])
        at = text.find("Periodic 1 sec", at + 1)
    assert len(expected) == 2
    assert [hit.t_ns for _, hits in forwards(session) for hit in hits] == expected


@all_boards
def test_a_time_comes(board):
    session = session_on(board, "time 1.5s", "time 2s")
    assert [(at.now_ns, at.asleep) for at, _ in forwards(session)] == [
        (1_500_000_000, True), (2 * S, True)
    ]  # fmt: skip


# -- what is looked at: against single steps -------------------------------------------------------


def naive(session, look, until):
    """Step by step: where ``look(machine)`` gives another answer than before."""
    found, before = [], look(session.machine)
    while session.machine.now < until:
        session.step()
        now = look(session.machine)
        if now != before and session.machine.now <= until:
            found.append((session.here.retired, now))
        before = now
    return found


CHANGING = {
    "rpi3": "CNTP_CTL_EL0.ENABLE", "rpi4": "GICD_ISACTIVER0.PPI[14]", "x86": "IRR7.VECTORS[12]",
}  # fmt: skip


@pytest.mark.parametrize(
    ("board", "text"),
    [("rpi3", "CNTP_CTL_EL0.ENABLE"), ("rpi4", "GICD_ISACTIVER0"), ("rpi4", "DAIF.I"),
     ("rpi4", "CNTP_CTL_EL0.ISTATUS"), ("x86", "ISR7"), ("x86", "RFLAGS.IF")],
)  # fmt: skip
def test_bits_change(board, text):
    session = session_on(board, f"change {text}")
    trigger = bind(session.machine, 1, parse_breakpoint(f"change {text}")).trigger
    plain = session_on(board)
    bits = bind(plain.machine, 1, parse_breakpoint(f"change {text}")).trigger
    expected = naive(plain, lambda _: bits._now(0), 1_100_000_000)
    assert expected
    found = [
        (at.retired, hit.value) for at, hits in forwards(session, 1_100_000_000) for hit in hits
    ]
    assert found == expected
    assert trigger.offers == {"value", "old"}


@pytest.mark.parametrize(
    ("board", "irq", "gate"),
    [("rpi4", "30", "IRQs let in"), ("rpi3", "local:1", "IRQs let in"),
     ("x86", "vector:0xec", "INTR let in")],
)  # fmt: skip
def test_a_gate_opens_and_shuts(board, irq, gate):
    plain = session_on(board)
    asked = interrupt_named(plain.machine, irq)

    def gates(machine):
        ways = whole_ways(machine, inspector_of(machine), asked.controller, asked.number, 0)
        return [item for way in ways for item in way.gates]

    def is_open(machine):
        return any(item.open for item in gates(machine) if item.name == gate)

    expected = naive(plain, is_open, 1_100_000_000)
    assert len(expected) >= 2
    session = session_on(board, f'gate "{gate}" of irq {irq}')
    found = [
        (at.retired, "opens" in hit.told)
        for at, hits in forwards(session, 1_100_000_000)
        for hit in hits
    ]
    assert found == expected
    shutting = session_on(board, f'gate "{gate}" of irq {irq} shuts')
    assert len(forwards(shutting, 1_100_000_000)) == sum(not opens for _, opens in expected)


HANDLER = {"rpi3": "TimeManager.handle", "rpi4": "TimeManager.handle",
           "x86": "TimeManager.handle_tick"}  # fmt: skip


def test_of_two_gates_of_one_name_the_owners_are_told_apart():
    """The timer's is shut in every handler; the distributor's never."""
    timer = forwards(session_on("rpi4", 'gate "timer/enabled" of irq 30 shuts'))
    cleared = forwards(session_on("rpi4", "change CNTP_CTL_EL0.ENABLE if value == 0"))
    assert [at for at, _ in timer] == [at for at, _ in cleared] != []
    assert forwards(session_on("rpi4", 'gate "gic/enabled" of irq 30')) == []


@all_boards
def test_the_kernel_enters_a_function(board):
    plain, name = session_on(board), HANDLER[board]
    expected, inside = [], False
    while plain.machine.now < 2_100_000_000:
        plain.step()
        now = any(frame.function == name for frame in plain.machine.core.frames())
        if now and not inside:
            expected.append(plain.here.retired)
        inside = now
    assert len(expected) == 2
    session = session_on(board, f"code {name}")
    assert [at.retired for at, _ in forwards(session, 2_100_000_000)] == expected
    assert session_on(board, f"code {name.partition('.')[2]}").breakpoints


@all_boards
def test_the_kernel_comes_to_a_line(board):
    plain, name = session_on(board), HANDLER[board]
    stacks = []
    while plain.machine.now < 2_100_000_000:
        plain.step()
        stacks.append((plain.here.retired, plain.machine.core.frames()))
    lines = {
        (frame.file, frame.line) for _, stack in stacks for frame in stack if frame.function == name
    }
    assert lines
    for file, line in lines:
        there = [any((frame.file, frame.line) == (file, line) for frame in stack)
                 for _, stack in stacks]  # fmt: skip
        expected = [
            retired
            for (retired, _), now, before in zip(stacks, there, [False, *there], strict=False)
            if now and not before
        ]
        session = session_on(board, f"code {file.rpartition('/')[2]}:{line}")
        assert [at.retired for at, _ in forwards(session, 2_100_000_000)] == expected


# -- both ways, in any slices ----------------------------------------------------------------------

MANY = {
    board: (
        f"irq {TIMER[board]} taken", f"irq {TIMER[board]} ended", f"write {QUIET[board]}",
        f"read {WHO[board]}", "line uart0.irq rises", 'timeout "Periodic 1 sec" done', "time 1.5s",
        'console "sec"', f"irq {TIMER[board]} pending",
    )
    for board in BOARDS
}  # fmt: skip
LOOKED_AT = {
    "rpi3": ("change CNTP_CTL_EL0.ENABLE", "code TimeManager.handle",
             'gate "IRQs let in" of irq local:1'),
    "rpi4": ("change GICD_ISACTIVER0", "code TimeManager.handle", "code gicv2.py:130",
             'gate "IRQs let in" of irq 30'),
    "x86": ("change ISR7", "code TimeManager.handle_tick",
            'gate "INTR let in" of irq vector:0xec'),
}  # fmt: skip


@all_boards
@pytest.mark.parametrize("looked", [False, True])
def test_backwards_they_are_hit_where_they_were_forwards(board, looked):
    texts = LOOKED_AT[board] if looked else MANY[board]
    session = session_on(board, *texts)
    since = session.here
    ahead = forwards(session, 1_600_000_000)
    assert len(ahead) >= 4
    assert backwards(session, since) == ahead
    session.go_to(since)
    assert forwards(session, 1_600_000_000) == ahead  # the past is replayed with the same hits


@pytest.mark.parametrize(
    ("board", "scenario"),
    [("rpi3", "two-cores"), ("rpi4", "wake-tasks"), ("x86", "round-robin"), ("rpi4", "overload"),
     ("x86", "two-cores")],
)  # fmt: skip
def test_in_programs_that_never_rest_too(board, scenario):
    texts = ("irq any taken", "timeout * done", "task *", "task * woken")
    session = session_on(board, *texts, scenario=scenario)
    since = session.here
    ahead = forwards(session, 3 * S, most=40)
    assert len(ahead) > 5
    session.go_to(ahead[-1][0])
    found = backwards(session, since)
    assert [*found, ahead[-1]] == ahead


@settings(max_examples=3, deadline=None)
@given(st.sampled_from(BOARDS), st.booleans(), st.integers(0, 1 << 32))
def test_slices_make_no_difference(board, looked, seed):
    """The dashboard runs in slices of instructions, and of time at a speed."""
    texts = LOOKED_AT[board] if looked else MANY[board]
    whole = forwards(session_on(board, *texts), 1_200_000_000)
    session, choose, found = session_on(board, *texts), random.Random(seed), []
    goal = until_time(1_200_000_000)
    while session.machine.now < 1_200_000_000:
        limit = choose.choice([1, 2, 3, 7, 50, 400])
        time_ns = session.machine.now + choose.choice([1_000, 300_000, 50_000_000])
        reason = session.advance(goal, instructions=limit, until=min(time_ns, 1_200_000_000))
        if reason is StopReason.BREAKPOINT:
            found.append((session.here, session.hits))
    assert found == whole


@all_boards
def test_the_machine_does_the_same_with_breakpoints(board):
    traced = []
    for texts in ((), (*MANY[board], *LOOKED_AT[board])):
        session, seen = session_on(board, *texts), []
        session.recorder.sink = seen.append
        while session.run_until(UNTIL) is StopReason.BREAKPOINT:
            pass
        traced.append(seen)
    assert traced[0] == traced[1]


# -- beside commands -------------------------------------------------------------------------------


def test_every_command_halts_at_one_and_goes_on_after_it():
    session = session_on("rpi4", "write GICC_EOIR")
    assert session.next_timer_event() is StopReason.BREAKPOINT
    assert session.last_stop.startswith("breakpoint 1 (write GICC_EOIR): core 0 wrote 0x1e")
    assert session.finish() is StopReason.HANDLER_DONE
    assert session.advance(FREE) is StopReason.BREAKPOINT
    session.breakpoints.toggle(1)
    assert session.advance(NEXT_TIMER_EVENT) is StopReason.TRACEPOINT


def test_meaningful_steps_go_on_across_one():
    plain, session = session_on("rpi4"), session_on("rpi4", "write CNTP_CTL_EL0")
    kinds = []
    for _ in range(24):
        plain.next_step()
        kinds.append(plain.story.step().heading)
    told, stops = [], 0
    while len(told) < 24:
        if session.next_step() is StopReason.BREAKPOINT:
            stops += 1
        step = session.story.step()
        if step is not None and session.last_stop:
            told.append(step.heading)
    assert stops >= 2
    assert list(dict.fromkeys(told)) == list(dict.fromkeys(kinds))


def test_a_poke_of_a_person_is_a_store_too():
    session = session_on("rpi4")
    session.run_until(S)
    session.poke("GICC_PMR=0xf0")
    session.run_until(1_200_000_000)
    session.breakpoints.add(session.machine, "write GICC_PMR")
    assert back(session)
    (hit,) = session.hits
    assert hit.told == "your poke wrote 0xf0 to GICC_PMR"
    assert session.here.now_ns == S
    assert back(session)
    assert session.hits[0].told.startswith("core 0 wrote 0xff")
    assert not back(session)


def test_what_was_cut_off_is_not_found():
    session = session_on("rpi4", "time 2s")
    session.run_until(2 * S)
    session.run_until(3 * S)
    assert back(session)
    session.go_to_time(S)
    session.type(b"x")
    session.run_until(1_500_000_000)
    assert not back(session)
    assert session.machine.now == 1_500_000_000


@pytest.mark.parametrize("text", ["code TimeManager.handle", "change GICC_PMR", "irq 30 ended",
                                  "write GICC_EOIR", "time 5s"])  # fmt: skip
def test_a_search_looks_no_farther_than_to_where_it_begins(text):
    session = session_on("rpi4")
    session.run_until(4 * S)
    session.go_to_time(S)
    session.breakpoints.add(session.machine, text)
    scout, begun = session.history.scout, session.here
    positions = []

    def watched(*arguments, original=scout.run, **conditions):
        reason = original(*arguments, **conditions)
        positions.append(scout.machine.position)
        return reason

    scout.run = watched
    back(session)
    assert positions
    assert max(positions) <= begun


# -- options ---------------------------------------------------------------------------------------


def test_a_condition_decides():
    session = session_on("rpi4", "write GICC_EOIR if value & 0x3ff == 30 and GICC_PMR == 0xf8")
    values = [hit.value for _, hits in forwards(session) for hit in hits]
    assert values
    assert set(values) == {30}


def test_a_load_is_judged_by_what_it_has_shown():
    """GICC_IAR shows another interrupt after the acknowledge, or none."""
    every = forwards(session_on("rpi4", "read GICC_IAR"))
    session = session_on("rpi4", "read GICC_IAR if INTERRUPT_ID == 30 and value == 30")
    assert (
        [at for at, _ in forwards(session)]
        == [at for at, hits in every if hits[0].value == 30]
        != []
    )


def test_a_part_of_a_register_has_values_of_its_own():
    whole = session_on("rpi4", "write GICC_EOIR if EOIINTID == 30")
    part = session_on("rpi4", "write GICC_EOIR.EOIINTID if value == 30 and EOIINTID == 30")
    assert [at for at, _ in forwards(whole)] == [at for at, _ in forwards(part)] != []


@pytest.mark.parametrize(
    ("board", "field", "writers"),
    [("rpi4", "DAIF.I", {"an exception", "'eret'"}), ("rpi3", "DAIF.I", {"an exception", "'eret'"}),
     ("x86", "RFLAGS.IF", {"an exception", "'iret'"})],
)  # fmt: skip
def test_what_writes_a_register_without_naming_it_is_a_store_too(board, field, writers):
    session = session_on(board, f"write {field} if old != value")
    changes = session_on(board, f"change {field}")
    found = forwards(session, 1_100_000_000)
    assert [at for at, _ in found] == [at for at, _ in forwards(changes, 1_100_000_000)] != []
    assert {hit.told.partition(" by ")[2] for _, hits in found for hit in hits} >= writers
    assert all(hit.value != hit.old for _, hits in found for hit in hits)


def test_so_many_hits_are_passed_over_after_each_start():
    every = forwards(session_on("rpi4", "write CNTP_CTL_EL0"))
    session = session_on("rpi4", "write CNTP_CTL_EL0 ignore 2")
    third = forwards(session)
    assert [at for at, _ in third] == [at for at, _ in every[2::3]]
    session.go_to(every[-1][0])
    assert back(session)
    assert session.here == every[-4][0]


def test_one_that_is_to_be_hit_once_is_deleted():
    session = session_on("rpi4", "write CNTP_CTL_EL0 once")
    assert len(forwards(session)) == 1
    assert len(session.breakpoints) == 0


def test_only_the_core_that_is_meant():
    anywhere = forwards(session_on("rpi4", "irq any taken", scenario="ipi"))
    cores = {hit.core for _, hits in anywhere for hit in hits}
    assert len(cores) > 1
    core = max(cores)
    there = forwards(session_on("rpi4", f"irq any taken core {core}", scenario="ipi"))
    assert [at for at, _ in there] == [at for at, hits in anywhere if hits[0].core == core]


# -- words -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["write GICC_EOIR", "write GICC_EOIR core 0 ignore 3 once if value == 30",
     'timeout "Once 5" done', 'console "say \\"hello\\""', "read 0xFF842000", "irq any pending",
     'gate "gic/enabled" of irq 30 shuts', "code gicv2.py:130", "change DAIF.I", "time 1.5s"],
)  # fmt: skip
def test_the_text_reads_the_same_again(text):
    item = parse_breakpoint(text)
    assert item.text == text
    assert parse_breakpoint(item.text) == item


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [("", 1, "it is empty"),
     ("wrte GICC_EOIR", 1, "did you mean 'write'?"),
     ("write", 6, "something is missing; the form is: write REGISTER"),
     ("write GICC_EOI", 7, "did you mean 'GICC_EOIR'"),
     ("write GICC_EOIR.ID", 7, "has no field 'ID'"),
     ("write GICC_EOIR now", 17, "'now' is too much; the form is: write REGISTER"),
     ("write GICC_EOIR if", 19, "a condition is missing"),
     ("write GICC_EOIR if vale == 1", 20, "did you mean 'value'"),
     ("write GICC_EOIR core 4", 1, "there is no core 4"),
     ("write GICC_EOIR ignore x", 24, "'x' is not a number"),
     ("write 0xF0000000", 7, "nothing answers at memory address 0xf0000000"),
     ("irq 30 take", 8, "did you mean 'taken'"),
     ("irq 2000", 5, "there is no irq 2000"),
     ("line uart.irq", 6, "did you mean 'uart0.irq'"),
     ("time soon", 6, "soon"),
     ('console "x', 9, "a quote is not closed"),
     ("code handel", 6, "did you mean 'handle'"),
     ("code gicv2.py:9999", 6, "has lines 1 to"),
     ('gate "enabld" of irq 30', 6, "there is no gate 'enabld'"),
     ("gate enabled irq 30", 1, "the form is: gate"),
     ("gate enabled of irq 30", 6, 'several gates \'enabled\' on the way; write one of "timer/en'),
     ("gate uart0/enabled of irq 30", 6, "there is no gate"),
     ("write PMR", 7, "did you mean 'GICC_PMR'"),
     ("write ENABLER0", 7, "'GICD_ISENABLER0'")],
)  # fmt: skip
def test_errors_name_the_column_and_the_mend(text, column, words):
    session = session_on("rpi4")
    with pytest.raises(BreakpointError) as caught:
        session.breakpoints.add(session.machine, text)
    assert f"column {column}: " in str(caught.value)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(session.breakpoints) == 0


@settings(max_examples=75, deadline=None)
@given(st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from([*FORMS, "if", "core", "1", "ignore", "once", '"', "GICC_EOIR", "of",
                              "irq", "30", "any", "taken", "==", "(", "value"]), max_size=9)
    .map(" ".join),
))  # fmt: skip
def test_any_text_is_read_or_refused_in_words(text):
    with suppress(BreakpointError):
        item = parse_breakpoint(text)
        bind(MACHINE, 1, item)
        assert parse_breakpoint(item.text) == item


MACHINE = session_on("rpi4").machine


def test_one_is_found_by_what_it_waits_for():
    session = session_on("rpi4", "write GICC_EOIR once if value == 30", "irq 30 taken")
    assert session.breakpoints.number_of(Breakpoint("irq 30 taken")) == 2
    session.breakpoints.remove(1)
    assert session.breakpoints.add(session.machine, "time 1s") == 3
    assert [number for number, _ in session.breakpoints] == [2, 3]


@pytest.mark.parametrize(
    ("text", "where"),
    [("change CNTP_CTL_EL0.ENABLE if value == 0", "ArchTimer.conclude_timeout_irq"),
     ('gate "timer/enabled" of irq 30 shuts', "ArchTimer.conclude_timeout_irq"),
     ("change CNTP_CTL_EL0.ISTATUS if value == 1", None)],
)  # fmt: skip
def test_a_change_tells_who_did_it_where_an_instruction_did(text, where):
    ((_, (hit,)), *_) = forwards(session_on("rpi4", text))
    assert (hit.place.function if hit.place else None) == where


def test_what_only_stores_show_has_no_value_before():
    session = session_on("rpi4", "write GICC_EOIR")
    assert all(hit.old is None for _, hits in forwards(session) for hit in hits)
    with pytest.raises(BreakpointError, match="of breakpoints only"):
        session.breakpoints.add(session.machine, "write GICC_EOIR if old == 0")
