"""Conditions of breakpoints: what they say, on real registers."""

from random import Random

import pytest
from condition_trees import (
    BOTH,
    MS,
    Leaves,
    compiled,
    mistake,
    running,
    scramble,
    spaced,
    words_of,
    worth,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from moments import differences, picture

from kerneltui.debugger.breakpoints.condition import Event, compile_condition
from kerneltui.debugger.register_names import sites
from kerneltui.scenarios.scenario import open_session

BOARDS = ("rpi3", "rpi4", "x86")
EXAMPLES = settings(max_examples=100, derandomize=False, database=None)


@pytest.mark.parametrize("board", BOARDS)
def test_random_conditions_say_what_they_mean_of_random_registers(board):
    machine = running(board).machine
    leaves = Leaves(machine)
    owns = [site for site in leaves.known if site.slot.register.fields]
    came_out = {False: 0, True: 0}

    @EXAMPLES
    @given(state=st.integers(0, 1 << 32), rnd=st.randoms(use_true_random=False))
    def check(state, rnd):
        scramble(machine, Random(state))
        own = rnd.choice(owns)
        now = Event(rnd.randrange(len(machine.cores)), rnd.getrandbits(32), rnd.getrandbits(4))
        leaves.begin(own, rnd)
        tree = leaves.truth(now)
        text = spaced(words_of(tree, 0, rnd), rnd)
        condition = compile_condition(text, machine, own, values=BOTH)
        wanted = worth(tree, now) != 0
        came_out[wanted] += 1
        assert condition.holds(now) is wanted, text
        for core in machine.cores:
            other = Event(core.index, rnd.getrandbits(32), rnd.getrandbits(4))
            assert condition.holds(other) is (worth(tree, other) != 0), text
        again = compile_condition(condition.text, machine, own, values=BOTH)
        assert again[:2] == condition[:2], "its own text reads the same"
        assert "  " not in condition.text
        assert again.holds(now) is wanted

    check()
    assert min(came_out.values()) > 10, came_out


# -- what binds how -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "same", "other"),
    [
        ("value & 2 == 2", "(value & 2) == 2", None),
        ("2 == value & 2", "2 == (value & 2)", None),
        ("not value == 1", "not (value == 1)", None),
        ("not value & 1", "not (value & 1)", None),
        ("not value and old", "(not value) and old", "not (value and old)"),
        ("not value or old", "(not value) or old", "not (value or old)"),
        ("value or old and core", "value or (old and core)", "(value or old) and core"),
        ("core and value or old", "(core and value) or old", "core and (value or old)"),
        ("value and old == 1", "value and (old == 1)", None),
        ("value < 2 or old > 1 and core", "value < 2 or ((old > 1) and core)", None),
        ("not not value", "value", "not value"),
        ("value & 3 & old", "(value & 3) & old", "value"),
    ],
)
def test_and_binds_tighter_than_or_and_bits_than_comparisons(text, same, other):
    machine = running("rpi4", 0).machine
    nows = [Event(core, value, old) for core in (0, 1) for value in range(4) for old in range(4)]

    def table(text):
        condition = compiled(text, machine)
        return [condition.holds(now) for now in nows]

    assert table(text) == table(same)
    assert len({*table(text)}) == 2
    if other is not None:
        assert table(text) != table(other)


def test_a_text_is_told_with_single_spaces_and_names_in_their_spelling():
    machine = running("rpi4", 0).machine
    text = " (  gicc_pmr==0xF_0 )or not(IMASK&0b1)and\ttime>=1.5 s and gic/gicd_ctlr.EnableGrp0"
    found = compiled(text, machine, "CNTP_CTL_EL0")
    assert found.text == (
        "(GICC_PMR == 0xF_0) or not (IMASK & 0b1) and time >= 1.5s and gic/GICD_CTLR.EnableGrp0"
    )
    assert found.reads == {"GICC_PMR", "CNTP_CTL_EL0", "GICD_CTLR"}
    assert compiled("core1/DAIF.I and value", machine).reads == {"core1/DAIF"}
    assert compiled("value and time", machine).reads == frozenset()


def test_registers_of_one_name_are_told_apart():
    machine = running("x86", 0).machine
    found = compiled("I8259_SLAVE/imr.M[3] == 0 or ioapic1/IOREDTBL2_LOW.MASK", machine)
    assert found.reads == {"I8259_SLAVE/IMR", "ioapic1/IOREDTBL2_LOW"}
    column, said = mistake("1 == IMR", machine)
    assert column == 6
    assert said == (
        "there are several registers 'IMR'; write 'I8259_MASTER/IMR' or 'I8259_SLAVE/IMR'"
    )


# -- what is read, and from whom ------------------------------------------------------------------


def test_banked_registers_are_those_of_the_core_of_the_event():
    session = running("rpi4")
    machine = session.machine
    for core in range(4):
        session.poke(f"CNTP_CTL_EL0.IMASK={core & 1}", core)
        session.poke(f"GICC_PMR={core << 4:#x}", core)
        session.poke(f"DAIF.I={core >> 1}", core)
    for text, wanted in {
        "CNTP_CTL_EL0.IMASK": [False, True, False, True],
        "GICC_PMR == 0x20": [False, False, True, False],
        "DAIF.I": [False, False, True, True],
        "core2/GICC_PMR == 0x20": [True] * 4,
        "core3/DAIF.I == 1 and core0/DAIF.I == 0": [True] * 4,
        "core == 3": [False, False, False, True],
    }.items():
        condition = compiled(text, machine)
        assert [condition.holds(Event(core)) for core in range(4)] == wanted, text


def test_a_local_apic_is_that_of_the_core_of_the_event():
    session = running("x86")
    session.poke("TPR=0x20", 0)
    session.poke("TPR=0x30", 1)
    condition = compiled("TPR == 0x30", session.machine)
    assert [condition.holds(Event(core)) for core in (0, 1)] == [False, True]


def test_the_fields_of_the_own_register_need_no_name_in_front():
    session = running("rpi4")
    condition = compiled("IMASK == 1 and ENABLE", session.machine, "CNTP_CTL_EL0")
    for imask, enable in ((0, 0), (0, 1), (1, 0), (1, 1)):
        session.poke(f"CNTP_CTL_EL0={imask << 1 | enable}", 0)
        assert condition.holds(Event(0)) is (imask == enable == 1)


def test_a_write_only_field_of_the_own_register_is_what_the_store_brought():
    machine = running("rpi4").machine
    condition = compiled("EOIINTID == 30 and GICC_EOIR.CPUID == 2", machine, "GICC_EOIR")
    assert condition.holds(Event(0, 30 | 2 << 10))
    assert not condition.holds(Event(0, 30))
    assert not condition.holds(Event(0, 31 | 2 << 10))
    assert condition.reads == frozenset()
    said = "is write-only: it shows nothing to compare"
    assert mistake("EOIINTID == 30", machine, "GICC_EOIR", ()) == (1, f"EOIINTID {said}")
    assert mistake("1 or GICC_EOIR", machine) == (6, f"GICC_EOIR {said}")
    other = "GICC_DIR.INTERRUPT_ID"
    assert mistake(f"{other} == 30", machine, "GICC_EOIR") == (1, f"{other} {said}")


def test_time_depth_and_interrupts_are_those_of_the_machine():
    session = open_session("rpi4", "timer-callbacks")
    machine = session.machine
    inside = compiled("depth == 1", machine)
    taken = compiled("interrupts == 1", machine)
    late = compiled("time >= 1100ms", machine)
    assert [item.holds(Event(0)) for item in (inside, taken, late)] == [False, False, False]
    session.next_interrupt()
    assert [item.holds(Event(0)) for item in (inside, taken)] == [True, True]
    assert not inside.holds(Event(1)), "of another core"
    session.run_until(1100 * MS - 1)
    assert not late.holds(Event(0))
    session.run_until(1100 * MS + 1)
    assert late.holds(Event(0))
    session.go_to_time(10 * MS)
    assert not late.holds(Event(0)), "the machine has gone back, and the condition with it"
    assert not taken.holds(Event(0))


def pending_unacknowledged(board):
    """A machine with an interrupt that waits to be acknowledged."""
    session = running(board, 1008 * MS)
    session.poke("RFLAGS.IF=0" if board == "x86" else "DAIF.I=1", 0)
    session.type(b"x")
    session.run_until(1009 * MS)  # the first tick has come; the core cannot sleep any more
    return session


def test_an_interrupt_that_a_condition_sees_is_not_acknowledged():
    session = pending_unacknowledged("rpi4")
    machine = session.machine
    condition = compiled("GICC_IAR.INTERRUPT_ID == 30", machine)
    active = compiled("GICD_ISACTIVER0 & 0x4000_0000", machine)
    assert [condition.holds(Event(0)) for _ in range(3)] == [True] * 3
    assert not active.holds(Event(0))
    session.poke("DAIF.I=0", 0)
    session.next_interrupt()
    while condition.holds(Event(0)):
        session.step()
    assert active.holds(Event(0)), "the kernel's own load has acknowledged it"


@pytest.mark.parametrize("board", BOARDS)
def test_no_register_of_a_board_changes_by_being_looked_at(board):
    session = pending_unacknowledged(board)
    machine = session.machine

    def state():
        files = [file for device in machine.devices.values() for file in device.files.values()]
        files += [core.regs for core in machine.cores]
        return [[[*cells] for cells in file.stores()] for file in files]

    before = picture(session), state()
    looked = 0
    for site in sites(machine):
        if not Leaves.is_readable(site):
            continue
        name = f"{site.device}/{site.block}/{site.slot.name}"
        condition = compiled(f"{name} or {name} == 1", machine)
        for core in machine.cores:
            condition.holds(Event(core.index))
            looked += 1
    assert looked > 100 * len(machine.cores)
    assert differences(picture(session), before[0]) == []
    assert state() == before[1]
