"""Verdicts: each kind, on the Pi 4; those of all causes that people meet are in test_faults.py."""

from __future__ import annotations

import pytest

from kerneltui.configfile import available
from kerneltui.debugger.naming import (
    interrupt_named,
    line_named,
    timeout_named,
    timer_interrupt,
)
from kerneltui.debugger.references import InterruptReference, LineReference, TimeoutReference
from kerneltui.debugger.verdict import Verdict
from kerneltui.debugger.why import why
from kerneltui.errors import UserError
from kerneltui.hw.rule import Opens
from kerneltui.scenarios.scenario import open_session

GICD, GICC = 0xFF84_1000, 0xFF84_2000
PMR, EOIR, CTLR, ICENABLER0 = GICC + 4, GICC + 0x10, GICC, GICD + 0x180
TIMER, UART = InterruptReference("gic", "gic", 30), InterruptReference("gic", "gic", 153)


@pytest.fixture
def session():
    found = open_session("rpi4", "timer-callbacks")
    found.boot()
    yield found
    found.close()


def verdict(session, reference=TIMER, cpu=0):
    return why(session, reference, cpu)


def test_an_armed_timer_waits_and_says_until_when(session):
    told = verdict(session)
    due = next(iter(session.inspector.timeouts())).due_ns
    assert told.verdict is Verdict.WAITS
    assert told.gate.register == "CNTP_CVAL_EL0"
    # At the first nanosecond at which the counter of 54 MHz shows the compare value.
    assert 0 <= told.gate.due_ns - due < 1_000_000_000 / 54_000_000 + 1
    assert "999.629 ms" in told.headline
    assert told.mend == ()


def test_what_one_store_mends_is_told_as_a_store(session):
    session.machine.memory.write(PMR, 0)
    told = verdict(session)
    assert told.verdict is Verdict.SHUT
    assert "GICC_PMR.Priority is 0" in told.headline
    assert told.mend == ("GICC_PMR.Priority=0xff",)


def test_the_gates_that_are_shut_besides_are_counted_and_mended_too(session):
    session.machine.memory.write(PMR, 0)
    session.machine.memory.write(ICENABLER0, 1 << 30)
    told = verdict(session)
    assert told.headline.endswith("1 more gate is shut.")
    assert set(told.mend) == {"GICC_PMR.Priority=0xff", "GICD_ISENABLER0.PPI[14]=0x1"}


def test_mending_makes_it_arrive(session):
    session.machine.memory.write(PMR, 0)
    session.run_until(2_000_000_000)
    before = session.machine.core.interrupts_taken
    assert verdict(session).verdict is Verdict.SHUT
    session.machine.memory.write(PMR, 0xFF)
    session.run_until(2_000_100_000)
    assert session.machine.core.interrupts_taken > before


def test_its_own_handler_has_switched_the_timer_off(session):
    while session.inspector.handled_timeout() is None:
        session.step()
    told = verdict(session)
    assert told.verdict is Verdict.SERVED
    assert "Its handler is running: the callback of 'Periodic 1 sec'" in told.headline


def test_another_interrupt_waits_for_the_end_of_the_handler(session):
    session.next_interrupt()
    session.machine.devices["uart0"].outputs["irq"][0].set(True)
    told = verdict(session, UART)
    assert told.verdict is Verdict.WAITS
    assert told.gate.opens is Opens.END


def test_an_interrupt_that_never_ended_keeps_others_out(session):
    """The handler returns without writing GICC_EOIR: 30 stays active, and its priority runs."""
    machine = session.machine
    session.next_interrupt()
    machine.memory.read(GICC + 0xC)  # acknowledged by somebody who will not end it
    session.finish()
    machine.devices["uart0"].outputs["irq"][0].set(True)
    told = verdict(session, UART)
    assert told.verdict is Verdict.MISBEHAVES
    assert "never ended" in told.headline
    assert "GICC_EOIR" in told.advice


def test_all_gates_open_means_that_it_arrives(session):
    machine = session.machine
    for byte in b"ab":
        machine.devices["uart0"].receive(byte)
    told = verdict(session, UART)
    assert told.verdict is Verdict.ARRIVES
    machine.run(interrupt=True, until=machine.now + 1_000)
    assert machine.core.interrupts_taken == 1


def test_an_empty_queue_is_no_fault(tmp_path):
    file = tmp_path / "one.yaml"
    file.write_text(
        "title: One\nprogram: timer-callbacks\ntimeouts:\n- {once: 20ms, print: Once}\n"
    )
    session = open_session("rpi4", str(file))
    session.run_until(100_000_000)
    told = verdict(session)
    assert told.verdict is Verdict.WAITS
    assert "queue is empty" in told.headline
    session.close()


def test_a_timeout_says_what_is_called_before_it(session):
    timeouts = list(session.inspector.timeouts())
    told = verdict(session, TimeoutReference(timeouts[1].ident))
    assert told.verdict is Verdict.WAITS
    assert "1 timeout is called before it" in told.headline


def test_a_timer_set_for_later_than_its_timeout_is_wrong(session):
    """The counter's rate is taken for half of what it is."""
    core, timer = session.machine.core, session.machine.devices["timer"]
    store = timer.regs.store("CNTP_CVAL_EL0")
    count = session.machine.now * 54_000_000 // 1_000_000_000
    store[core.index] = count + 2 * (store[core.index] - count)
    told = verdict(session)
    assert told.verdict is Verdict.MISBEHAVES
    assert "2 times as far" in told.headline


@pytest.mark.parametrize(
    ("board", "text", "found"),
    [
        ("rpi4", "30", ("gic", 30)),
        ("rpi4", "gic:0x1e", ("gic", 30)),
        ("rpi3", "local:1", ("local", 1)),
        ("rpi3", "periph:57", ("peripheral", 57)),
        ("x86", "gsi:2", ("gsi", 2)),
        ("x86", "vector:0xec", ("vector", 0xEC)),
        ("x86", "isa:0", ("isa", 0)),
        ("rpi4", "irq:30", ("gic", 30)),
        ("rpi4", "irq 30", ("gic", 30)),
        ("rpi3", "irq:57", ("peripheral", 57)),
        ("x86", "irq 0", ("isa", 0)),
        ("x86", "vec 0xec", ("vector", 0xEC)),
        ("x86", "gsi 2", ("gsi", 2)),
    ],
)
def test_interrupts_by_name(board, text, found):
    session = open_session(board, "timer-callbacks")
    reference = interrupt_named(session.machine, text)
    assert (reference.numbering, reference.number) == found
    session.close()


@pytest.mark.parametrize(
    ("board", "text", "said"),
    [
        ("rpi4", "abc", "names no interrupt of this board; write N, irq:N or gic:N"),
        ("rpi4", "gsi:3", "names no interrupt of this board; write N, irq:N or gic:N"),
        ("rpi4", "local:99", "names no interrupt of this board; write N, irq:N or gic:N"),
        ("rpi4", "5000", "there is no irq 5000"),
        ("rpi3", "1", "can be several interrupts here; write local:1 or peripheral:1"),
        ("rpi3", "irq:1", "can be several interrupts here; write local:1 or peripheral:1"),
        ("rpi3", "5000", "there is no interrupt '5000' on this board; write"),
        ("x86", "8", "can be several interrupts here; write vector:8, gsi:8 or isa:8"),
        ("x86", "local:1", "names no interrupt of this board; write vector:N, gsi:N or isa:N"),
        ("x86", "gsi:9999", "there is no gsi 9999"),
    ],
)
def test_names_that_mean_nothing_are_refused_in_words(board, text, said):
    session = open_session(board, "timer-callbacks")
    with pytest.raises(UserError, match=said):
        interrupt_named(session.machine, text)
    session.close()


def test_lines_and_timeouts_by_name(session):
    assert line_named(session.machine, "uart0.irq") == LineReference("uart0.irq")
    with pytest.raises(UserError, match=r"did you mean 'uart0\.irq'"):
        line_named(session.machine, "uart.irq")
    first = next(iter(session.inspector.timeouts()))
    assert timeout_named(session.inspector, first.name) == TimeoutReference(first.ident)
    with pytest.raises(UserError, match="did you mean"):
        timeout_named(session.inspector, "Periodic")


@pytest.mark.parametrize("board", ["rpi3", "rpi4", "x86"])
def test_the_timer_of_every_board_is_explained_to_its_handler(board):
    session = open_session(board, "timer-callbacks")
    session.boot()
    told = why(session, timer_interrupt(session.machine, session.inspector), 0)
    assert told.verdict is Verdict.WAITS
    assert told.gate.due_ns is not None
    owners = [station.owner for station in told.way.stations]
    assert owners[-2:] == ["core 0", "kernel"]
    assert all(gate.open or gate.opens is Opens.EVENT for gate in told.way.gates)
    session.close()


def test_an_entry_without_a_legal_vector_says_so():
    """Vectors 0 to 15 are illegal: no task priority lets them in (SDM 3A 10.5.2)."""
    session = open_session("x86", "fault-override")
    session.run_until(2_100_000_000)
    session.poke("ioapic0/IOREDTBL2_LOW.MASK=0")
    told = why(session, InterruptReference("ioapic0", "gsi", 2), 0)
    assert told.gate.name == "vector is legal"
    assert "no legal vector" in told.headline
    assert "IOREDTBL2_LOW.INTVEC is 0" in told.headline
    assert told.advice == "It needs a vector of 16 to 255 in IOREDTBL2_LOW."
    illegal = why(session, InterruptReference("lapic", "vector", 15), 0)
    assert "below 16" in illegal.headline
    session.poke("ioapic0/IOREDTBL2_LOW.INTVEC=0x10")
    legal = why(session, InterruptReference("ioapic0", "gsi", 2), 0)
    assert legal.gate is None or legal.gate.name != "vector is legal"
    session.close()


def test_a_wrong_end_is_told_of_the_interrupt_whose_handler_made_it():
    """Each handler ends the next number: each interrupt is kept out by its own mistake."""
    session = open_session("rpi4", "fault-wrong-eoi")
    session.run_until(2_100_000_000)
    for number in (30, 153):
        told = why(session, InterruptReference("gic", "gic", number), 0)
        assert told.gate.name == "inactive"
        assert f"its own handler ended it wrongly: core 0 ended {number + 1}" in told.headline
        assert f"so irq {number} stays active" in told.headline
    session.close()


def test_a_kernel_that_has_stopped_is_the_first_cause_and_no_store_mends_it(session):
    session.poke("CNTP_CTL_EL0.ENABLE=0")  # and this is shut, too
    session.machine.core._halted("its driver is not finished")
    told = verdict(session)
    assert (told.verdict, told.gate.name, told.mend) == (Verdict.SHUT, "core is on", ())
    assert "its driver is not finished" in told.headline


@pytest.mark.parametrize("board", ["rpi3", "rpi4", "x86"])
def test_a_critical_section_keeps_interrupts_out_and_is_no_fault(board):
    found = open_session(board, "two-cores")
    found.boot()
    reference, seen = timer_interrupt(found.machine, found.inspector), []
    core = found.machine.cores[0]
    for _ in range(400):
        found.step()
        if not core.depth and not core.is_asleep and core.masks()[1]:
            told = why(found, reference, 0)
            mask = [gate for gate in told.way.shut if gate.register == core.MASK_REGISTER]
            assert set(mask) <= set(told.for_now), told.headline
            assert told.gate not in mask or told.verdict is Verdict.WAITS
            assert "all that software decides is open" not in told.headline
            seen.append(told.headline)
    assert any("keeps interrupts out now" in headline for headline in seen)
    found.close()


@pytest.mark.parametrize(
    ("scenario", "irq", "due"),
    [("pair-of-8259s", "isa:0", "0.087 507 700 s"), ("pit-by-apics", "gsi:2", "0.099 072 460 s")],
)
def test_the_next_edge_of_a_line_that_is_up_has_its_time(scenario, irq, due):
    # Mode 4 of the 8254: OUT stays high until the count is over, and its next rise asks.
    session = open_session("x86", scenario)
    session.boot()
    found = why(session, interrupt_named(session.machine, irq), 0)
    assert found.verdict is Verdict.WAITS
    assert f"is due in 54.55 ms, at {due}" in found.headline
    handled = sum(handler.count for handler in session.inspector.irq_handlers())
    at_ns = int(due.replace(" ", "").replace(".", "").rstrip("s"))
    session.run_until(at_ns - 1)
    assert sum(handler.count for handler in session.inspector.irq_handlers()) == handled
    session.run_until(at_ns + 20_000)
    assert sum(handler.count for handler in session.inspector.irq_handlers()) > handled
    session.close()


def test_an_interrupt_to_which_nothing_is_wired_does_not_wait_for_its_line(tmp_path):
    path = tmp_path / "mine.yaml"
    usual = available("boards")["rpi4"].read_text(encoding="utf-8")
    path.write_text(usual.replace("gic spi 121", "gic spi 122"), encoding="utf-8")
    session = open_session(str(path), "timer-callbacks")
    session.boot()
    told = verdict(session, UART)
    assert told.verdict is Verdict.WAITS
    assert told.headline == "irq 153 waits, but nothing on this board is wired to gic spi 121."
    assert "line asserted" not in told.advice
    session.close()
