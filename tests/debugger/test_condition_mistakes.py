"""Mistakes in conditions of breakpoints: each is told, with its column, whatever the text is."""

import sys

import pytest
from condition_trees import BOTH, compiled, mistake, running, site_of
from hypothesis import given, settings
from hypothesis import strategies as st

from kerneltui.debugger.breakpoints.condition import (
    DEEPEST,
    LONGEST,
    Condition,
    ConditionError,
    Event,
    compile_condition,
)

EXAMPLES = settings(max_examples=100, derandomize=False, database=None)

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
    ("(core == 1", 11, "a ')' is missing for a '(' before"),
    ("1 or ((core)  ", 13, "a ')' is missing for a '(' before"),
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
    kinds = {"value": "read, write, access and change", "old": "write and change"}[name]
    said = f"of breakpoints only {kinds} have '{name}'"
    assert mistake(f"1 or {name} == 1", machine, values=others) == (6, said)
    assert compiled(f"{name} == 7", machine, values=(name,)).holds(Event(0, 7, 7))
    proposed = f"'{name}'"
    assert proposed in mistake(name.upper() + "X", machine, values=BOTH)[1]
    assert proposed not in mistake(name.upper() + "X", machine, values=others)[1]


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


@pytest.mark.parametrize("opening", ["(", "not ", "(not ", "core or (", "core and not ("])
def test_nesting_has_a_limit(opening):
    machine = running("x86", 0).machine
    most = DEEPEST // (opening.count("(") + opening.count("not"))
    deepest = compiled(opening * most + "core" + ")" * (most * opening.count("(")), machine)
    assert deepest.holds(Event(0)) in {False, True}
    assert compiled(deepest.text, machine).text == deepest.text
    text = opening * (most + 1) + "core" + ")" * (most + 1)
    signs = [at for at in range(len(text)) if text[at] == "(" or text.startswith("not", at)]
    said = f"parentheses and 'not' go at most {DEEPEST} deep"
    assert mistake(text, machine) == (signs[DEEPEST] + 1, said)


@pytest.mark.parametrize("part", ["(core)", "not core", "not (core)"])
def test_parts_beside_each_other_do_not_nest(part):
    machine = running("x86", 0).machine
    count = DEEPEST + 5
    found = compiled(" and ".join([part] * count), machine)
    assert [found.holds(Event(core)) for core in (0, 1)] == [part[0] == "n", part[0] != "n"]


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
