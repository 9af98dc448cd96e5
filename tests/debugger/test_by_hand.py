"""What a person may set by hand, and what is refused before anything is asked."""

import pytest

from kerneltui.debugger.by_hand import checked, parse_bytes, setting
from kerneltui.debugger.lookup import registers
from kerneltui.debugger.references import (
    CoreReference,
    FieldReference,
    LineReference,
    RegisterReference,
    TimeoutReference,
)
from kerneltui.hw.register import RES0, RO, TAG
from kerneltui.scenarios.scenario import open_session

MS = 1_000_000
READ_ONLY = (RO, RES0, TAG)
DEVICES = {
    "rpi3": ("local-ic", "ic", "timer", "uart0"),
    "rpi4": ("gic", "timer", "uart0", "core 0"),
    "x86": ("lapic", "ioapic0", "pic", "hpet", "rtc", "uart0", "core 0"),
}


def booted(board):
    session = open_session(board, "timer-callbacks")
    session.boot()
    return session


def place(owner, block, name, field=""):
    register = RegisterReference(owner, block, name)
    return FieldReference(register, field) if field else register


@pytest.mark.parametrize("board", DEVICES)
def test_every_read_only_field_is_refused_with_one_sentence(board):
    session, kinds, seen = booted(board), set(), set()
    for owner, _, _, slot, block in registers(session.machine):
        for item in slot.register.fields:
            kind = (owner, slot.register.stem, item.name)
            # The 8259's mask is stored to by another register at the same address.
            if owner not in DEVICES[board] or kind in seen or slot.register.stem == "IMR":
                continue
            seen.add(kind)
            reference = FieldReference(RegisterReference(owner, block, slot.name), item.name)
            if item.access in READ_ONLY:
                with pytest.raises(ValueError, match=rf"\({item.access}\)") as caught:
                    setting(session, reference)
                said = str(caught.value)
                assert said.startswith(f"{slot.name}.{item.name} is "), said
                assert said.endswith(".")
                assert "\n" not in said
                kinds.add(item.access)
    assert RO in kinds
    assert TAG in kinds


CHANGED_BY = {
    "the raw status": ("rpi4", ("uart0", "PL011", "UARTRIS", "RXRIS"), "UARTICR=0x7ff"),
    "a timer's status": ("rpi4", ("timer", "GENERIC_TIMER", "CNTP_CTL_EL0", "ISTATUS"),
                         "CNTP_CVAL_EL0=0"),
    "an SGI": ("rpi4", ("gic", "GICD", "GICD_ISPENDR0", "SGI"), "GICD_SPENDSGIR0=1"),
    "processor priority": ("x86", ("lapic", "LOCAL_APIC", "PPR", "CLASS"), "TPR=0x40"),
    "the count": ("x86", ("lapic", "LOCAL_APIC", "CUR_COUNT", "COUNT"), "INIT_COUNT=7777777"),
    "the arbitration": ("x86", ("ioapic0", "IO_APIC_INDIRECT", "IOAPICARB", "ID"),
                        "ioapic0/IOAPICID.ID=9"),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGED_BY)
def test_the_refusal_names_the_register_that_changes_it_and_that_is_true(name):
    board, where, store = CHANGED_BY[name]
    session = booted(board)
    register = store.partition("=")[0].rpartition("/")[2].partition(".")[0]
    if name == "the raw status":
        session.machine.devices["uart0"].receive(ord("x"))
        session.poke("UARTIFLS=0")
        session.machine.devices["uart0"].receive(ord("x"))
        session.machine.devices["uart0"].receive(ord("x"))
    with pytest.raises(ValueError, match=r".") as caught:
        setting(session, place(*where))
    said = str(caught.value).rpartition("a store to ")[2].removesuffix(" changes it.")
    assert said == ("GICD_SPENDSGIR" if name == "an SGI" else register)
    (file,) = (
        item for item in session.machine.devices[where[0]].files.values()
        if item.table.name == where[1]
    )  # fmt: skip
    slot = next(item for item in file.slots() if item.name == where[2])

    def held():
        return slot.register[where[3]].extract(file.peek(slot.key, slot.register.width // 8, 0))

    before = held()
    session.poke(store, 0)
    assert held() != before


def test_a_register_is_shown_with_its_bits_and_what_is_allowed():
    session = booted("rpi4")
    found = setting(session, place("gic", "GICC", "GICC_PMR"))
    assert (found.target, found.value) == ("GICC_PMR", "0xf8")
    assert found.label == "New value, 0 to 0xffffffff, like 10, 0x0a or 0b1010"
    rows = dict(found.now.rows)
    assert rows["value"] == "0xf8 = 248 = 0b1111_1000"
    assert rows["bits 31:0"] == "0000 0000 0000 0000 0000 0000 1111 1000"
    assert "Only interrupts of higher priority" in found.about.text
    assert checked(session, found, "0b1010") == "0xa = 10 = 0b1010"
    for wrong in ("", "ten", "-1", "0x1_0000_0000", "0=1"):
        with pytest.raises(ValueError, match=r"."):
            checked(session, found, wrong)


def test_a_field_is_shown_in_its_register_and_its_values_have_names():
    session = booted("rpi4")
    found = setting(session, place("gic", "GICC", "GICC_CTLR", "FIQEn"))
    assert (found.target, found.value, found.label) == ("GICC_CTLR.FIQEn", "0", "New value, 0 or 1")
    assert dict(found.now.rows)["bits 31:0"].endswith("···· 0···")
    assert checked(session, found, "1") == "1: FIQ"
    wide = setting(session, place("timer", "GENERIC_TIMER", "CNTP_CVAL_EL0"))
    assert [label for label, _ in wide.now.rows] == ["value", "bits 63:32", "bits 31:0"]


def test_a_core_has_its_own_registers_and_a_write_only_face_is_found():
    session = booted("rpi4")
    assert setting(session, place("core 2", "", "DAIF")).target == "core2/DAIF"
    session = booted("x86")
    found = setting(session, place("pic", "I8259_SLAVE", "IMR", "M"))
    assert found.target == "I8259_SLAVE/IMR.M"
    assert ("stored as", "OCW1, at the same address") in setting(
        session, place("pic", "I8259_SLAVE", "IMR")
    ).now.rows


def test_a_line_is_high_or_low():
    session = booted("rpi4")
    found = setting(session, LineReference("uart0.irq"))
    assert (found.target, found.value) == ("uart0.irq", "0")
    assert checked(session, found, "1") == "1: high"
    with pytest.raises(ValueError, match="no level of a line"):
        checked(session, found, "2")
    session.poke("uart0.irq=1")
    assert setting(session, LineReference("uart0.irq")).value == "1"


def test_what_is_neither_cannot_be_set():
    session = booted("rpi4")
    for reference in (None, CoreReference(0), TimeoutReference(1)):
        with pytest.raises(ValueError, match="Put the cursor on a register"):
            setting(session, reference)
    with pytest.raises(ValueError, match="it would take an exception"):
        setting(session, place("timer", "GENERIC_TIMER", "CNTVOFF_EL2"))


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("03 1b 5b 41", b"\x03\x1b[A"),
        ('"help" 0d', b"help\r"),
        ("'a \"b\"'", b'a "b"'),
        ("0x0D", b"\r"),
        ('41"bc"44', b"AbcD"),
    ],
)
def test_bytes_are_hex_or_quoted(text, data):
    assert parse_bytes(text) == data


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "nothing to type"),
        ("help", "'help' is no byte"),
        ("3", "'3' is no byte"),
        ("414", "'414' is no byte"),
        ('"open', "'\"open' is no byte"),
        ('"é"', "'é' is not ASCII"),
    ],
)
def test_what_is_no_byte_is_said(text, said):
    with pytest.raises(ValueError, match=r".") as caught:
        parse_bytes(text)
    assert said in str(caught.value)
