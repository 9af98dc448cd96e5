"""Conditions of breakpoints: what they say, on real registers, and what is said of mistakes."""

import sys
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moments import differences, picture

from kerneltui.debugger.breakpoints.condition import (
    DEEPEST,
    LONGEST,
    Condition,
    ConditionError,
    Event,
    compile_condition,
)
from kerneltui.debugger.register_names import register_and_label, sites
from kerneltui.hw.register import RES0, WO
from kerneltui.scenarios.scenario import open_session

S, MS = 1_000_000_000, 1_000_000
BOARDS = ("rpi3", "rpi4", "x86")
BOTH = ("value", "old")
EXAMPLES = settings(max_examples=200, derandomize=False, database=None)


def running(board, at=S):
    session = open_session(board, "timer-callbacks")
    session.run_until(at)
    return session


def site_of(machine, name, *owners):
    return register_and_label(machine, owners, name)[0]


def compiled(text, machine, subject="", values=BOTH):
    own = site_of(machine, subject) if subject else None
    return compile_condition(text, machine, own, values=values)


def mistake(text, machine, subject="", values=BOTH):
    with pytest.raises(ConditionError) as caught:
        compiled(text, machine, subject, values)
    said = str(caught.value)
    assert said.startswith(f"column {caught.value.column}: ")
    return caught.value.column, said.partition(": ")[2]


# -- random conditions, and what they must say -------------------------------------------------
# A tree is a tuple: its kind, and what is below it.  It is written as a text, and evaluated by
# itself; of a register it knows a text, and a function from the event to its value.

LEVELS = {"or": 0, "and": 1, "not": 2, "compare": 3, "&": 4, "number": 5, "name": 5}
SIGNS = ("==", "!=", "<", "<=", ">", ">=")


def worth(tree, now):
    """A tree's value; of a truth, 0 or 1."""
    kind, *below = tree
    if kind == "number":
        return below[1]
    if kind == "name":
        return below[1](now)
    if kind == "compare":
        left, sign, right = worth(below[0], now), below[1], worth(below[2], now)
        order = (left > right) - (left < right)
        meant = {"==": {0}, "!=": {-1, 1}, "<": {-1}, "<=": {-1, 0}, ">": {1}, ">=": {0, 1}}
        return int(order in meant[sign])
    values = [worth(item, now) for item in below[0]]
    if kind == "&":
        wide = max(value.bit_length() for value in values)
        return sum(1 << bit for bit in range(wide) if all(item >> bit & 1 for item in values))
    zeros = values.count(0)
    return int({"or": zeros < len(values), "and": zeros == 0, "not": zeros == 1}[kind])


def words_of(tree, least, rnd):
    """The words of its text, with those parentheses that it needs, and some more."""
    kind, *below = tree
    if LEVELS[kind] < least or rnd.random() > 0.9:
        return ["(", *words_of(tree, 0, rnd), ")"]
    level = LEVELS[kind]
    if level == 5:
        return [below[0]]
    if kind == "compare":
        return [*words_of(below[0], 4, rnd), below[1], *words_of(below[2], 4, rnd)]
    if kind == "not":
        return ["not", *words_of(below[0][0], 2, rnd)]
    found = []
    for item in below[0]:
        found += [kind, *words_of(item, level + 1, rnd)]
    return found[1:]


def spaced(words, rnd):
    """Spaces where words would run together, and anywhere."""
    text = ""
    for word in words:
        runs_together = bool(text) and (text[-1].isalnum() or text[-1] == "_")
        needed = runs_together and (word[0].isalnum() or word[0] == "_")
        text += " " * rnd.randrange(needed, 3) + word
    return text


def scramble(machine, rnd):
    """Give every register some state."""
    files = [file for device in machine.devices.values() for file in device.files.values()]
    for file in (*files, *(core.regs for core in machine.cores)):
        for slot in file.slots():
            register, port = slot.register, file.port(slot)
            wide = register.width * (register.count + register.first if register.packed else 1)
            for cell in range(len(port.cells)):
                port.cells[cell] = rnd.getrandbits(rnd.choice((1, min(4, wide), wide)))


def seen(machine, site, cpu):
    """A register as the bus shows it to a core, where it is on the bus."""
    if site.device == "core":
        return machine.cores[cpu].regs.peek(site.slot.offset, 8) % (1 << site.slot.register.width)
    space, size = machine.spaces.get(site.space), site.slot.register.width // 8
    if space is not None:
        return space.peek(site.address, size, cpu)
    return site.file.peek(site.slot.key, size, cpu)


def bits_of(value, lsb, width):
    digits = f"{value:0128b}"[::-1]
    return int(digits[lsb : lsb + width][::-1], 2)


def spellings(known, site):
    """All names that say which register it is."""
    name = site.slot.name
    alike = [item for item in known if item.slot.name == name]
    found = [f"{site.device}/{site.block}/{name}", f"{site.block}/{site.device}/{name}"]
    for front in (site.device, site.block):
        if len([item for item in alike if front in {item.device, item.block}]) == 1:
            found.append(f"{front}/{name}")
    if len(alike) == 1:
        found += [name, name.lower()]
    return found


class Leaves:
    """What conditions can name on a machine, for one breakpoint."""

    def __init__(self, machine):
        self.machine = machine
        self.known = list(sites(machine))
        self.readable = [site for site in self.known if self.is_readable(site)]

    def begin(self, own, rnd):
        """With another breakpoint's own register, and other random choices."""
        self.own, self.rnd = own, rnd

    @staticmethod
    def is_readable(site):
        kinds = {field.access for field in site.slot.register.fields}
        return not kinds or not kinds <= {WO, RES0}

    def register(self):
        """A readable one, or some of its bits; for the core of the event, or for another."""
        machine, rnd = self.machine, self.rnd
        site = rnd.choice(self.readable)
        fields = [field for field in site.slot.register.fields if field.access is not WO]
        text = rnd.choice(spellings(self.known, site))
        own = {field.name for field in self.own.slot.register.fields}
        if text in own or text.lower() in own:
            text = f"{site.device}/{site.block}/{site.slot.name}"
        lsb, width = 0, site.slot.register.width
        if fields and rnd.random() > 0.3:
            field = rnd.choice(fields)
            text, lsb, width = self.some_bits(f"{text}.{field.name}", field)
        cpu = None
        if rnd.random() > 0.8:
            cpu = rnd.randrange(len(machine.cores))
            text = f"core{cpu}/{text}"

        def read(now):
            return bits_of(seen(machine, site, now.core if cpu is None else cpu), lsb, width)

        return ("name", text, read), width

    def some_bits(self, text, field):
        if self.rnd.random() < 0.8:
            return text, field.lsb, field.width
        bit = self.rnd.randrange(field.width)
        return f"{text}[{bit}]", field.lsb + bit, 1

    def own_field(self):
        machine, own = self.machine, self.own
        field = self.rnd.choice(own.slot.register.fields)
        text, lsb, width = self.some_bits(field.name, field)

        def read(now):
            whole = now.value if field.access is WO else seen(machine, own, now.core)
            return bits_of(whole, lsb, width)

        return ("name", text, read), width

    def quantity(self):
        machine = self.machine
        found = {
            "value": lambda now: now.value,
            "old": lambda now: now.old,
            "core": lambda now: now.core,
            "time": lambda now: machine.clock.now,
            "depth": lambda now: machine.cores[now.core].depth,
            "interrupts": lambda now: sum(item.interrupts_taken for item in machine.cores),
        }
        name = self.rnd.choice(sorted(found))
        return ("name", name, found[name]), 64

    def number(self, near, width):
        """One that fits; often the very value, so that comparisons come out either way."""
        rnd = self.rnd
        number = rnd.choice((near, near + 1, near ^ 1, 0, 1, rnd.getrandbits(width)))
        number %= 1 << width
        forms = [f"{number}", f"{number:#x}", f"0B{number:b}", f"{number:_}", f"0X{number:_X}"]
        if number < 10**15:
            forms += [f"{number}ns", f"{number / 1000:.3f}us", f"{number / 1000:.3f} us"]
        return ("number", rnd.choice(forms), number)

    def value(self, now, deep=2):
        """A tree that is a value, and how many bits a number has that it is compared with."""
        rnd = self.rnd
        if deep and rnd.random() > 0.75:
            parts = [self.value(now, deep - 1)[0] for _ in range(rnd.randrange(2, 4))]
            if rnd.random() > 0.2:
                parts[-1] = self.number(worth(parts[0], now), 64)
            return ("&", parts), 64
        return rnd.choice((self.quantity, self.own_field, self.register))()

    def truth(self, now, deep=3):
        """A tree for a condition."""
        rnd = self.rnd
        kind = rnd.choice(("compare", "compare", "&", "not", "and", "or")) if deep else "compare"
        if kind == "&":
            return self.value(now)[0]
        if kind == "compare":
            left, width = self.value(now)
            right = self.number(worth(left, now), width)
            if rnd.random() > 0.8:
                right = self.value(now)[0]
            pair = (left, right) if rnd.random() < 0.7 else (right, left)
            return ("compare", pair[0], rnd.choice(SIGNS), pair[1])
        count = 1 if kind == "not" else rnd.randrange(2, 5)
        return (kind, [self.truth(now, deep - 1) for _ in range(count)])


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
    assert min(came_out.values()) > 20, came_out


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


# -- mistakes -------------------------------------------------------------------------------------

NO_CHAIN = "comparisons do not chain; write 'and' between two, as in 1 < core and core < 3"
NO_VALUE = "and this is true or false; write 'and' or 'or' between conditions"
KNOWN = "means nothing here; known: == != < <= > >= & and or not ( )"
UNITS = "ns, us, ms, s, m (or min), h"
MISTAKES = [
    ("", 1, "a condition is missing; write one like IMASK == 1 and core == 0"),
    ("  \t", 1, "a condition is missing; write one like IMASK == 1 and core == 0"),
    ("core == ", 8, "a value is missing at the end"),
    ("core ==   ", 8, "a value is missing at the end"),
    ("core &", 7, "a value is missing at the end"),
    ("not", 4, "a value is missing at the end"),
    ("core and", 9, "a value is missing at the end"),
    ("== 1", 1, "a value is missing before '=='"),
    ("or core", 1, "a value is missing before 'or'"),
    ("core == not 1", 9, "a value is missing before 'not'"),
    ("core & & 1", 8, "a value is missing before '&'"),
    ("()", 2, "a value is missing before ')'"),
    ("(core == 1", 11, "a ')' is missing for the '(' in column 1"),
    ("1 or ((core)  ", 13, "a ')' is missing for the '(' in column 6"),
    ("core == 1)", 10, "this ')' closes nothing"),
    ("(core 1)", 7, "an operator is missing before '1'"),
    ("core core", 6, "an operator is missing before 'core'"),
    ("core (1)", 6, "an operator is missing before '('"),
    ("core not 1", 6, "an operator is missing before 'not'"),
    ("1 < core < 3", 10, NO_CHAIN),
    ("1 == core & 1 == 1", 15, NO_CHAIN),
    ("1 < (core) != 3", 12, NO_CHAIN),
    ("(1 < core) < 3", 1, f"'<' compares values, {NO_VALUE}"),
    ("0 == (not core)", 6, f"'==' compares values, {NO_VALUE}"),
    ("1 & (core and 1)", 5, f"'&' takes bits of values, {NO_VALUE}"),
    ("core = 1", 6, "write '==' instead of '='"),
    ("core=1", 5, "write '==' instead of '='"),
    ("core === 1", 6, "write '==' instead of '==='"),
    ("core !== 1", 6, "write '!=' instead of '!=='"),
    ("core <> 1", 6, "write '!=' instead of '<>'"),
    ("core => 1", 6, "write '>=' instead of '=>'"),
    ("core =< 1", 6, "write '<=' instead of '=<'"),
    ("core && 1", 6, "write 'and' instead of '&&'"),
    ("core || 1", 6, "write 'or' instead of '||'"),
    ("!core", 1, "write 'not' instead of '!'"),
    ("core and !core", 10, "write 'not' instead of '!'"),
    ("core AND 1", 6, "write 'and' instead of 'AND'"),
    ("core Or 1", 6, "write 'or' instead of 'Or'"),
    ("NOT core", 1, "no register or name 'NOT'; did you mean 'not'?"),
    ("core == -1", 9, f"'-' {KNOWN}"),
    ("core | 1", 6, f"'|' {KNOWN}"),
    ("core == \x00", 9, f"U+0000 {KNOWN}"),
    ("core\u2028== 1", 5, f"U+2028 {KNOWN}"),
    ("core == é", 9, f"'é' {KNOWN}"),
    ("core == 0x", 9, "'0x' is not a number; write it like 10, 0x0a or 0b1010"),
    ("core == 0b12", 9, "'0b12' is not a number; write it like 10, 0x0a or 0b1010"),
    ("time > 1.5", 8, f"'1.5' needs a unit ({UNITS}), as in 250us, 1.5s or 2m"),
    ("time > 5parsecs", 8, f"'parsecs' is not a unit of time; the units are {UNITS}"),
    ("time > 9000h", 8, "'9000h' is more than a year; the longest duration is 8784h"),
    ("time > 0.1ns", 8, "'0.1ns' is finer than a nanosecond"),
    (f"time > {'7x' * 200}", 8, f"'{'7x' * 50}...' is not a number"),
    ("1 or IMSK == 1", 6, "no register or name 'IMSK'; did you mean 'IMASK'?"),
    ("imask", 1, "no register or name 'imask'; did you mean 'IMASK'?"),
    ("Core == 1", 1, "no register or name 'Core'; did you mean 'core'?"),
    ("core == GICC_PMX", 9, "no register or name 'GICC_PMX'; did you mean 'GICC_PMR'"),
    ("FIQEn", 1, "no register or name 'FIQEn'; did you mean 'GICC_CTLR.FIQEn'?"),
    ("xyzzyq", 1, "no register or name 'xyzzyq'; panel 1 shows the registers"),
    ("A" * 101, 1, f"no register or name is as long as '{'A' * 100}...'"),
    ("gix/GICC_PMR", 1, "no device or block 'gix' on rpi4; did you mean 'gic'?"),
    ("1 & timer/GICC_PMR", 5, "'timer' has no register 'GICC_PMR'; there is 'GICC_PMR'"),
    ("core4/DAIF", 1, "there is no core 4; rpi4 has cores 0 to 3"),
    ("GICC_PMR.Prio", 1, "GICC_PMR has no field 'Prio'; did you mean 'Priority'?"),
    ("GICC_PMR.", 1, "GICC_PMR has no field ''; known: Priority"),
    ("GICC_PMR.Priority[8]", 1, "GICC_PMR.Priority has bits 0 to 7, and no bit 8"),
    ("IMASK[1]", 1, "CNTP_CTL_EL0.IMASK has bits 0 to 0, and no bit 1"),
    ("GICC_PMR[3]", 1, "a bit is one of a field; write GICC_PMR.FIELD[3]"),
    ("core.X", 1, "'core' is a number and has no fields; write core & MASK"),
    ("1 or value[3]", 6, "'value' is a number and has no fields; write value & MASK"),
    ("IMASK == 2", 10, "0x2 does not fit into IMASK, which has one bit"),
    ("0x1_00 > GICC_PMR.Priority", 1, "0x100 does not fit into GICC_PMR.Priority, which has 8"),
    ("1" * (LONGEST + 1), LONGEST + 1, f"a condition has at most {LONGEST} characters"),
    ("core" + "&1" * 300, 605, f"a condition has at most {LONGEST} characters, with the spaces"),
]


def test_each_mistake_is_told_with_its_column():
    machine = running("rpi4", 0).machine
    for text, column, said in MISTAKES:
        found = mistake(text, machine, "CNTP_CTL_EL0")
        assert found[0] == column, (text, found)
        assert found[1].startswith(said), (text, found)


@pytest.mark.parametrize("name", BOTH)
def test_values_that_a_breakpoint_does_not_have_are_told(name):
    machine = running("x86", 0).machine
    others = tuple(other for other in BOTH if other != name)
    said = f"only breakpoints of the kind 'write' have '{name}'"
    assert mistake(f"1 or {name} == 1", machine, values=others) == (6, said)
    assert compiled(f"{name} == 7", machine, values=(name,)).holds(Event(0, 7, 7))


# -- limits ---------------------------------------------------------------------------------------


def calls_of(work):
    """How many functions are called, those of C too: time that does not depend on the computer."""
    count = 0

    def tell(frame, event, arg):
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(tell)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("opening", ["(", "not ", "(not ", "core or (", "1 == (", "core and not ("])
def test_nesting_has_a_limit(opening):
    machine = running("x86", 0).machine
    each = opening.count("(") + opening.count("not")
    most = DEEPEST // each
    if "==" not in opening:
        text = opening * most + "core" + ")" * (most * opening.count("("))
        condition = compiled(text, machine)
        assert condition.holds(Event(0)) in {False, True}
        assert compiled(condition.text, machine).text == condition.text
    text = opening * (most + 1) + "core" + ")" * (most + 1)
    column, said = mistake(text, machine)
    if "==" not in opening:
        assert said == f"parentheses and 'not' go at most {DEEPEST} deep"
        signs = [at for at in range(len(text)) if text[at] == "(" or text.startswith("not", at)]
        assert column == signs[DEEPEST] + 1


@pytest.mark.parametrize(
    "text",
    [
        "(" * LONGEST, "not " * 250, "a" * LONGEST, "a/" * 500, "a-" * 500, "1_" * 500,
        "9" * LONGEST, "1.0 " * 250, "0 000 " * 166, "core/" * 19 + "DAIF", "x." * 500,
        "&" * LONGEST, " " * LONGEST, " or ".join(["IER"] * 140), "&".join(["IER"] * 160),
        "IER.ERBFI" * 100, "TIMER", "A" * 100, "1 < " * 250, "(1)&" * 200 + "1",
        "1." + "0 000" * 190 + "x", ")" * LONGEST, "[" * LONGEST,
    ],
    ids=lambda text: text[:9],
)  # fmt: skip
def test_any_text_is_read_in_bounded_time(text):
    assert len(text) <= LONGEST
    machine = running("x86", 0).machine

    def work():
        try:
            found = compile_condition(text, machine, site_of(machine, "LCR"), values=BOTH)
        except ConditionError:
            return
        found.holds(Event(0, 1, 1))

    assert calls_of(work) < 2_000_000


def test_a_condition_of_the_greatest_length_is_read():
    machine = running("rpi4", 0).machine
    text = "core == 1 or " * 76 + "core == 1234"
    assert len(text) == LONGEST
    assert compiled(text, machine).holds(Event(1))
    assert mistake(f"{text}5", machine)[0] == LONGEST + 1


# -- anything -------------------------------------------------------------------------------------

PIECES = (
    "core", "value", "old", "time", "and", "or", "not", "(", ")", "&", "==", "=", "!=", "<", "<=",
    ">", "&&", "||", "!", "1", "0x1f", "0b1", "1.5s", "250 us", "1.5", "IMASK", "GICC_PMR",
    "GICC_IAR", "gic/", "core1/", "DAIF", ".I", "[0]", "[", "]", ".", "/", "_", "-", " ", "\t",
    "\n", "'", '"', "\\", "{", "%s", "__import__('os')", "lambda: 0", "\u0661", "\ud800",
    "\U0001f600", "e\u0301", "\xa0", "\x00",
)  # fmt: skip
"""What texts are made of that are nearly conditions, or not at all."""


def test_whatever_is_written_is_a_condition_or_a_mistake_in_it():
    machine = running("rpi4", 0).machine
    came = {Condition: 0, ConditionError: 0}
    pieces = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)
    parted = st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join)

    @EXAMPLES
    @given(text=st.one_of(pieces, parted, st.text(), st.text(st.sampled_from("()!&=<>0x1._ "))))
    def check(text):
        try:
            found = compiled(text, machine, "CNTP_CTL_EL0")
        except ConditionError as error:
            found = error
        came[type(found)] += 1
        if isinstance(found, ConditionError):
            assert 1 <= found.column <= len(text) + 1
            assert str(found).isprintable()
            assert len(str(found)) < 500
        else:
            assert found.holds(Event(0, 1, 0)) in {False, True}
            assert compiled(found.text, machine, "CNTP_CTL_EL0").text == found.text

    check()
    assert min(came.values()) > 0, came
