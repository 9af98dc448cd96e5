"""Pokes are inputs: going back undoes them, going forwards does them again; and how they read."""

import pytest
from moments import console_and_events, differences, picture

from kerneltui.debugger.marks import StepKind
from kerneltui.debugger.pokes import parse
from kerneltui.debugger.references import LineReference
from kerneltui.debugger.verdict import Verdict
from kerneltui.debugger.way import lines
from kerneltui.debugger.why import why
from kerneltui.errors import UserError
from kerneltui.export.trace_hash import hash_trace
from kerneltui.scenarios.changes import Changes
from kerneltui.scenarios.scenario import open_session
from kerneltui.validation import validate_file

S, MS = 1_000_000_000, 1_000_000
PAIRS = {
    "rpi3": ("CNTP_CTL_EL0.IMASK=1", "CNTP_CTL_EL0.IMASK=0"),
    "rpi4": ("GICC_PMR=0", "GICC_PMR=0xff"),
    "x86": ("RFLAGS.IF=0", "RFLAGS.IF=1"),
}


@pytest.mark.parametrize("board", PAIRS)
@pytest.mark.parametrize("scenario", ["timer-callbacks", "round-robin"])
def test_what_a_person_pokes_is_undone_and_done_again(board, scenario):
    shut, opened = PAIRS[board]
    session = open_session(board, scenario)
    session.run_until(S + 3 * MS)
    before = picture(session)
    session.poke(shut, 0)
    poked = session.here, picture(session), console_and_events(session)
    session.run_until(S + 9 * MS)
    session.poke(opened, 0)
    session.run_until(S + 100 * MS)
    end = session.here, picture(session), console_and_events(session)
    session.go_to_time(S)
    assert not any(event[3] == "poke" for event in session.recorder.events)
    session.go_to(poked[0])
    assert differences(picture(session), poked[1])[:3] == []
    assert console_and_events(session) == poked[2]
    assert before != poked[1]
    session.go_to_end()
    assert session.here == end[0]
    assert differences(picture(session), end[1])[:3] == []
    assert console_and_events(session) == end[2]
    assert [event[3] for event in session.recorder.events].count("poke") == 2


def test_a_poke_in_the_past_forgets_what_came_after():
    session = open_session("rpi4", "timer-callbacks")
    session.run_until(3 * S)
    session.go_to_time(S // 2)
    session.poke("GICC_PMR=0")
    assert not session.history.in_past
    session.run_until(3 * S)
    assert "Periodic" not in "".join(session.recorder.console.lines())


def test_timed_pokes_are_in_the_trace_and_in_its_hash():
    pokes = ("1.2s:GICC_PMR=0xff", "0s:DAIF=0x3c0", "1.1s:GICC_PMR=0")
    session = open_session("rpi4", "timer-callbacks", Changes(pokes=pokes))
    found = hash_trace(session, S + S // 4)
    told = [event for event in session.recorder.events if event[3] == "poke"]
    assert [event[1] for event in told] == [0, S + S // 10, S + S // 5]
    assert told[0][0] == 0, "before the first instruction"
    assert session.names.as_text(told[1]) == "poke GICC_PMR = 0x0, by you"
    assert session.names.as_dict(told[1])["reg"] == "GICC_PMR"
    again = open_session("rpi4", "timer-callbacks", Changes(pokes=pokes))
    assert hash_trace(again, S + S // 4) == found
    other = open_session("rpi4", "timer-callbacks", Changes(pokes=pokes[:2]))
    assert hash_trace(other, S + S // 4) != found


def test_a_scenario_pokes_and_is_told_its_line(tmp_path):
    path = tmp_path / "mine.yaml"
    head = "title: t\nprogram: timer-callbacks\ntimeouts: [{every: 100ms, print: x}]\n"
    path.write_text(f"{head}pokes:\n  - at: 500ms\n    store: GICC_PMR=0\n    core: 0\n")
    session = open_session("rpi4", str(path))
    session.run_until(S)
    (told,) = (event for event in session.recorder.events if event[3] == "poke")
    assert session.names.as_text(told) == "poke GICC_PMR = 0x0, by the scenario"
    assert session.machine.core.interrupts_taken == 4
    session.go_to_time(S // 4)
    session.go_to_end()
    assert session.machine.core.interrupts_taken == 4
    with pytest.raises(UserError, match=r"mine\.yaml:6: no register 'GICC_PMR' on rpi3"):
        open_session("rpi3", str(path))
    assert validate_file(path) == "scenario 't'"


@pytest.mark.parametrize(
    ("board", "text", "said"),
    [
        ("rpi4", "GICC_PMX=0", "did you mean 'GICC_PMR'"),
        ("rpi4", "GICC_PMR=0x1_0000_0000", "does not fit into GICC_PMR, which has 32 bits"),
        ("rpi4", "CNTP_CTL_EL0.IMASK=2", "which has one bit"),
        ("rpi4", "GICD_TYPER=1", "GICD_TYPER is read-only"),
        ("rpi4", "CNTP_CTL_EL0.ISTATUS=1", "ISTATUS is read-only"),
        ("rpi4", "GICC_PMR", "a value is missing; write GICC_PMR=VALUE"),
        ("rpi4", "=1", "does not read REGISTER=VALUE"),
        ("rpi4", "uart0.irq", "write uart0.irq=1 (high) or uart0.irq=0 (low)"),
        ("rpi4", "uart0=1", "no line 'uart0' on rpi4; the lines of uart0 are uart0.irq, uart0.rx"),
        ("rpi4", "uart0.foo=1", "the lines of uart0 are uart0.irq"),
        ("rpi4", "foo.irq", "there is no line 'foo.irq' on rpi4; did you mean 'uart0.irq'?"),
        ("rpi4", "foo.irq=1", "there is no line 'foo.irq' on rpi4; did you mean 'uart0.irq'?"),
        ("rpi4", "GICC_PMR=ten", "'ten' is not a number"),
        ("rpi4", "gix/GICC_PMR=0", "did you mean 'gic'"),
        ("rpi4", "core4/DAIF=0", "rpi4 has cores 0 to 3"),
        ("rpi4", "port:0x21=0", "nothing answers at port 0x21"),
        ("rpi4", "0xFF842006=0", "no multiple of 4"),
        ("rpi4", "CNTVOFF_EL2=0", "it would take an exception"),
        ("rpi4", "uart0.ir=1", "there is no line 'uart0.ir' on rpi4; did you mean 'uart0.irq'?"),
        ("rpi4", "uarto.irq=1", "there is no line 'uarto.irq' on rpi4; did you mean 'uart0.irq'?"),
        ("rpi4", "uart0.irq=2", "2 is no level of a line; write uart0.irq=0 (low) or uart0.irq=1"),
        ("rpi4", "uart0.irq=high", "'high' is not a number"),
        ("rpi4", "core1/uart0.irq=1", "a line stands alone: write uart0.irq=1"),
        ("rpi4", "GICC_PMR.Prio=1", "GICC_PMR has no field 'Prio'"),
        ("x86", "IMR=0", "write 'I8259_MASTER/IMR' or 'I8259_SLAVE/IMR'"),
        ("x86", "IOREDTBL_LOW2=0", "did you mean 'IOREDTBL2_LOW'"),
        ("x86", "0xE0000=0", "read-only"),
        ("x86", "IA32_APIC_BASE=0xffffffffffffffff", "it would take an exception"),
    ],
)
def test_what_makes_no_sense_is_said(board, text, said):
    with pytest.raises(ValueError, match=r".") as caught:
        parse(open_session(board, "timer-callbacks").machine, text)
    assert said in str(caught.value)


@pytest.mark.parametrize("text", ["GICC_PMR=0", "port:0x21=0", "5:GICC_PMR=0", "1s:GICC_PMX=0"])
def test_a_mistake_on_the_command_line_names_the_option(text):
    with pytest.raises(UserError, match=r"^--poke"):
        open_session("rpi4", "timer-callbacks", Changes(pokes=(text,)))


# -- lines ----------------------------------------------------------------------------------------

LINES = {"rpi3": "uart0.irq", "rpi4": "timer.cntpnsirq0", "x86": "uart0.irq"}


def told_lines(session):
    names = session.names
    return [names.as_text(it) for it in session.recorder.last(1_000) if it[3] in {"poke", "line"}]


@pytest.mark.parametrize("board", LINES)
def test_a_line_that_is_driven_interrupts_and_falls_when_the_device_computes_it(board):
    name = LINES[board]
    session = open_session(board, "timer-callbacks")
    session.run_until(S + S // 4)
    before = session.machine.core.interrupts_taken
    session.poke(f"{name.upper()}=1")
    told = told_lines(session)
    poked = told.index(f"poke {name} = 1, by you")
    assert told[poked + 1] == f"line {name} rises"
    session.run_until(S + S // 4 + 5 * MS)
    assert session.machine.core.interrupts_taken == before + 1
    # The 16550's handler finds nothing to do there, and nothing has it compute its output anew.
    falls = f"line {name} falls" in told_lines(session)[poked:]
    assert falls == (board != "x86")


@pytest.mark.parametrize(
    ("board", "name", "act"),
    [("rpi4", "uart0.rx", "UARTICR=0"), ("x86", "hpet.irq2", "GEN_CONF=0"),
     ("x86", "rtc.irq", "REGISTER_B=2"), ("rpi3", "timer.cntvirq0", "CNTV_CTL_EL0=0")],
)  # fmt: skip
def test_the_next_update_of_its_device_drives_it_anew(board, name, act):
    session = open_session(board, "timer-callbacks")
    session.boot()
    wires = {line.name: line for _, _, _, line in lines(session.machine)}
    session.poke(f"{name}=1")
    assert wires[name].level
    session.poke(act, 0)
    assert not wires[name].level


def test_timed_pokes_and_scenarios_drive_lines(tmp_path):
    path = tmp_path / "mine.yaml"
    head = "title: t\nprogram: timer-callbacks\ntimeouts: [{every: 100ms, print: x}]\n"
    path.write_text(f"{head}pokes:\n  - at: 550ms\n    store: uart0.irq=1\n")
    session = open_session("rpi4", str(path), Changes(pokes=("560ms:uart0.irq=0b1",)))
    found = hash_trace(session, S)
    told = told_lines(session)
    assert "poke uart0.irq = 1, by the scenario" in told
    assert "poke uart0.irq = 1, by you" in told
    event = next(item for item in session.recorder.events if item[3] == "poke")
    assert session.names.as_dict(event) == {
        "step": event[0], "t": 550 * MS, "cpu": 0, "op": "poke", "line": "uart0.irq", "level": 1,
        "by": "scenario",
    }  # fmt: skip
    again = open_session("rpi4", str(path), Changes(pokes=("560ms:uart0.irq=1",)))
    assert hash_trace(again, S) == found
    plain = open_session("rpi4", str(path))
    assert hash_trace(plain, S) != found


def explained(session, name):
    return why(session, LineReference(name), 0)


def test_the_explanation_knows_that_a_poke_has_raised_or_lowered_a_line():
    session = open_session("rpi4", "timer-callbacks")
    session.run_until(S + S // 4)
    session.poke("DAIF.I=1", 0)
    session.poke("uart0.irq=1")
    told = explained(session, "uart0.irq")
    assert told.way.stations[0].title == "line uart0.irq, driven by a poke"
    assert told.verdict is Verdict.SHUT
    session.poke("uart0.irq=0")
    told = explained(session, "uart0.irq")
    assert "poke" not in told.way.stations[0].title
    session.poke("CNTP_CVAL_EL0=0", 0)  # the timer's line is high, of its own accord
    session.poke("timer.cntpnsirq0=0")
    told = explained(session, "timer.cntpnsirq0")
    shut = [gate.says for gate in told.way.stations[0].gates if not gate.open]
    assert shut == ["a poke has driven line timer.cntpnsirq0 low"]


def test_the_story_says_that_a_poke_raises_the_line_and_that_no_time_has_come():
    session = open_session("rpi4", "timer-callbacks")
    session.boot()
    session.run_until(S + S // 4)
    session.poke("timer.cntpnsirq0=1")
    (line, *_) = session.story.steps()
    assert line.kind is StepKind.LINE
    assert "rises: a poke by you drives it" in line.sentence
    while session.story.step().kind is not StepKind.QUIET:
        session.next_step()
    assert session.story.step().next_sentence == "The kernel looks for timeouts that are due."


def test_a_core_that_a_person_interrupts_takes_the_spurious_vector():
    """Nothing is requested at its local APIC; the line falls with the acknowledge."""
    session = open_session("x86", "timer-callbacks")
    session.boot()
    session.run_until(500_000_000)
    session.poke("lapic.intr0=1")
    session.run_until(1_200_000_000)
    assert not session.machine.halt_reason
    texts = [event[6] for event in session.recorder.last(1_000) if event[3] == "spurious"]
    assert texts == ["lapic: core 0 took the spurious vector: nothing was to be taken any more"]
    assert "Periodic 1 sec" in session.recorder.console.data.decode()
    session.close()
