"""Boot parameters: what the kernel's command line may say, and what it answers otherwise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import fields

from kerneltui.kernel.irq import KernelError
from kerneltui.kernel.pc.boot_parameters import PARAMETERS, BootParameters, parse

DEFAULTS = BootParameters(clock=None, timer=None, hz=100, nohz=True, apic=True, smp=True)


def test_an_empty_line_leaves_all_to_the_kernel():
    assert parse("") == parse(" \t\n") == DEFAULTS


def test_every_parameter_can_be_chosen():
    assert parse("clock=hpet timer=acpi hz=250 nohz=off apic=off smp=off") == BootParameters(
        clock="hpet", timer="acpi", hz=250, nohz=False, apic=False, smp=False
    )


def test_any_whitespace_separates():
    assert parse("\tclock=pit\n  hz=20 ") == parse("clock=pit hz=20")


def test_of_several_the_last_counts():
    assert parse("hz=20 clock=pit hz=1000 clock=arat").hz == 1000
    assert parse("hz=20 clock=pit hz=1000 clock=arat").clock == "arat"


def test_the_table_documents_every_field_in_its_order():
    assert [parameter.name for parameter in PARAMETERS] == [f.name for f in fields(BootParameters)]
    assert all(parameter.doc.endswith(".") for parameter in PARAMETERS)


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda parameter: parameter.name)
def test_the_table_tells_the_truth(parameter):
    for choice in parameter.choices or ("20", "10000"):
        value = getattr(parse(f"{parameter.name}={choice}"), parameter.name)
        assert value in {choice, choice == "on", int(choice) if choice.isdecimal() else None}
        assert choice in parameter.values
    if parameter.default:
        assert parse(f"{parameter.name}={parameter.default}") == DEFAULTS


def test_the_choices_stand_in_the_order_of_fallback():
    assert PARAMETERS[0].values == "arat, hpet or pit"
    assert PARAMETERS[1].values == "tsc, hpet, acpi or pit"
    assert PARAMETERS[2].values == "20 to 10000"


UNKNOWN = "choose clock, timer, hz, nohz, apic or smp"
CLOCKS = "choose arat, hpet or pit"
TIMERS = "choose tsc, hpet, acpi or pit"
RATES = "choose 20 to 10000"


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("quiet", f"unknown boot parameter 'quiet': {UNKNOWN}"),
        ("=hpet", f"unknown boot parameter '': {UNKNOWN}"),
        ("clok=hpet", f"unknown boot parameter 'clok': {UNKNOWN} (did you mean 'clock'?)"),
        ("CLOCK=hpet", f"unknown boot parameter 'CLOCK': {UNKNOWN} (did you mean 'clock'?)"),
        ("clock=tsc", f"boot parameter 'clock' cannot be 'tsc': {CLOCKS}"),
        ("clock=hpt", f"boot parameter 'clock' cannot be 'hpt': {CLOCKS} (did you mean 'hpet'?)"),
        ("clock=a=b", f"boot parameter 'clock' cannot be 'a=b': {CLOCKS}"),
        ("timer=TSC", f"boot parameter 'timer' cannot be 'TSC': {TIMERS} (did you mean 'tsc'?)"),
        ("apic=yes", "boot parameter 'apic' cannot be 'yes': choose on or off"),
        ("nohz", "boot parameter 'nohz' needs a value: choose on or off"),
        ("smp=", "boot parameter 'smp' needs a value: choose on or off"),
        ("hz=19", f"boot parameter 'hz' cannot be '19': {RATES}"),
        ("hz=10001", f"boot parameter 'hz' cannot be '10001': {RATES}"),
        ("hz=-100", f"boot parameter 'hz' cannot be '-100': {RATES}"),
        ("hz=1e3", f"boot parameter 'hz' cannot be '1e3': {RATES}"),
        ("hz=\u0661\u0660\u0660", f"boot parameter 'hz' cannot be '\u0661\u0660\u0660': {RATES}"),
        ("hz=" + "9" * 5000, f"boot parameter 'hz' cannot be '{'9' * 5000}': {RATES}"),
    ],
    ids=lambda value: value[:20],
)
def test_what_is_not_understood_is_said_in_one_sentence(word, message):
    with pytest.raises(KernelError) as caught:
        parse(f"hz=100 {word} smp=on")
    assert str(caught.value) == message


def test_a_word_that_is_wrong_stays_wrong_when_a_right_one_follows():
    with pytest.raises(KernelError, match="'pitt'"):
        parse("clock=pitt clock=pit")


@given(st.text(max_size=40))
def test_no_line_is_too_odd_for_an_answer(line):
    try:
        parameters = parse(line)
    except KernelError:
        return
    assert 20 <= parameters.hz <= 10_000
