"""Names of registers whose address does not tell which one it was: as the access found them."""

import json

import msgspec
import pytest

from kerneltui.scenarios.scenario import open_session

MS = 1_000_000


@pytest.fixture
def session():
    made = open_session("x86", "timer-callbacks")
    yield made
    made.close()


def texts_of(session):
    return [session.names.as_text(event) for event in session.recorder.events]


def last_text(session):
    """Of the last event alone: after each of many steps, all of them would take long."""
    return session.names.as_text(session.recorder.events[-1])


def boot_in_slices(session, view):
    """All texts of the boot; with ``view`` each is worded soon, without at the end."""
    said = []
    while "idle" not in session.last_stop:
        before = session.recorder.recorded
        session.run_until(session.machine.now + MS // 20)
        fresh = session.recorder.last(session.recorder.recorded - before)
        said += [session.names.as_text(event) if view else event for event in fresh]
        if session.machine.now > 20 * MS:
            break
    return said if view else [session.names.as_text(event) for event in said]


def test_stores_to_the_uart_are_named_by_direction_and_divisor_latch(session):
    texts = boot_in_slices(session, view=False)
    stores = [text.split(" <- ")[0] for text in texts if text.startswith("out ")]
    assert {"out THR", "out DLL", "out DLM", "out FCR", "out LCR"} <= set(stores)
    assert not {"out RBR", "out IIR"} & set(stores)


def test_the_8259s_command_words_are_told_apart(session):
    texts = boot_in_slices(session, view=False)
    order = [text.split()[1] for text in texts if text.startswith("out ")]
    words = [name for name in order if name.startswith(("ICW", "OCW", "IRR", "IMR"))]
    assert words[:8] == ["ICW1", "ICW2", "ICW3", "ICW4"] * 2
    assert set(words[8:]) == {"OCW1"}


def test_words_do_not_depend_on_when_they_are_read(session):
    early = boot_in_slices(session, view=True)
    again = open_session("x86", "timer-callbacks")
    assert boot_in_slices(again, view=False) == early
    again.close()


def test_a_window_names_the_register_behind_it(session):
    session.boot()
    session.run_until(2_000 * MS)
    assert {"store IOWIN (IOREDTBL4_LOW) <- 0x34", "in RTC_DATA (SECONDS) = 0x1"} <= {
        text for text in texts_of(session) if "(" in text
    }


def test_json_says_the_same_as_the_panel(session):
    session.boot()
    events = [event for event in session.recorder.events if event[3] == "out"]
    assert {event[2] for event in events} == {0}
    assert len(events) > 100
    for event in events:
        found = json.loads(msgspec.json.encode(session.names.as_dict(event)))
        assert session.names.as_text(event) == f"out {found['reg']} <- {found['value']}"


def test_the_next_instruction_is_named_by_what_it_will_do(session):
    while True:
        session.step()
        following = session.view(frozenset()).cpu.next_instruction
        session.step()
        if following.startswith("out "):
            told = next(
                text
                for text in map(session.names.as_text, reversed(session.recorder.events))
                if text.startswith("out ")
            )
            assert following == told
            if following.startswith("out THR"):
                break


def test_registers_at_one_port_are_shown_apart(session):
    session.run_until(20 * MS)
    (uart,) = (block for block in session.view().blocks if block.device == "uart0")
    registers = {item.name: item for item in uart.registers}
    assert len(registers) == len(uart.registers)
    assert (registers["DLL"].value, registers["DLM"].value) == (1, 0)
    assert (registers["RBR"].access, registers["IIR"].access) == ("", "")
    while not last_text(session).startswith("out THR"):
        session.step()
    registers = {item.name: item for block in session.view().blocks for item in block.registers}
    assert registers["THR"].access.startswith("wrote")
    assert (registers["RBR"].access, registers["DLL"].access) == ("", "")


def test_a_window_onto_nothing_shows_the_number(session):
    space = session.machine.memory
    space.write(0xFEC0_0000, 0x0F)
    assert space.name_at(0xFEC0_0010) == "IOWIN (0xf)"
