"""Looking at an image: instructions, source, call stack, accesses, timer events, breakpoints."""

import pytest
from native_bench import image_path

from kerneltui.debugger.lookup import exists
from kerneltui.debugger.marks import StepKind
from kerneltui.debugger.meaning import meaning
from kerneltui.debugger.obvious import obvious, toggle
from kerneltui.debugger.references import CodeReference
from kerneltui.debugger.watch import NEXT_ACCESS, PREVIOUS_HIT
from kerneltui.machine.core import CoreState, StopReason
from kerneltui.scenarios.images import open_image

LOADS = frozenset({"ldr", "str", "mrs", "msr"})


@pytest.fixture
def opened():
    """A session on an image, at reset."""
    made = []

    def _open(name, board="rpi4"):
        made.append(open_image(board, image_path(name)))
        return made[-1]

    yield _open
    for session in made:
        session.close()


def _back(session, goal):
    for _ in session.back(goal):
        pass


def test_the_source_and_the_instructions_around_pc(opened):
    session = opened("system_timer_rpi4")
    session.next_interrupt()
    session.step()
    session.step()
    source = session.view(frozenset({"source"})).source
    (frame,) = source.frames
    assert (frame.function, frame.file, frame.line) == ("handle_irq", "system_timer.S", 28)
    # What the committed source says is in the file that the image names, in a folder above it.
    assert source.files[frame.text].lines[27].strip() == "ldr w2, [x1, #12]"
    here = next(item for item in frame.listing if item.address == frame.address)
    assert (here.text, here.symbol) == ("ldr w2, [x1, #0xc]", "handle_irq+0x4")
    assert frame.listing[0].address < frame.address < frame.listing[-1].address
    registers = dict(source.registers)
    assert registers["pc"] == frame.address
    assert registers["x1"] == 0xFF84_2000  # the GIC's CPU interface, where BCM2711 has it


def test_an_image_without_symbols_has_instructions_alone(opened, tmp_path):
    raw = tmp_path / "kernel8.img"
    raw.write_bytes((0xD503207F).to_bytes(4, "little") + (0x17FFFFFF).to_bytes(4, "little"))
    session = open_image("rpi4", raw)
    try:
        source = session.view(frozenset({"source"})).source
        (frame,) = source.frames
        assert frame.line == 0
        assert not source.files[frame.text].lines
        texts = [item.text for item in frame.listing if item.address >= frame.address]
        assert texts[:2] == ["wfi", "b #0x80000"]
    finally:
        session.close()


def test_j_goes_from_access_to_access_and_back(opened):
    session = opened("system_timer_rpi4")
    places = []
    for _ in range(12):
        assert session.advance(session.access_goal) is StopReason.STEP
        places.append(session.here)
        step, *_, kind, _target, _value, _text = session.recorder.events[-1]
        assert kind in LOADS
        assert step == session.core.retired - 1
    for place in reversed(places[:-1]):
        _back(session, NEXT_ACCESS)
        assert session.here == place


def test_in_a_kernel_in_python_j_is_s(opened):
    from kerneltui.debugger.watch import STEP
    from kerneltui.scenarios.scenario import open_session

    session = open_session(None, "timer-callbacks")
    assert session.access_goal is STEP
    session.close()


def test_a_timer_event_ends_with_its_handler(opened):
    session = opened("system_timer_rpi4")
    ends = []
    for number in range(1, 4):
        assert session.next_timer_event() is StopReason.TRACEPOINT
        assert session.last_stop == "timer event done"
        assert (session.core.interrupts_taken, session.core.depth) == (number, 0)
        ends.append(session.here)
    _back(session, session.timer_event_goal)
    assert session.here == ends[1]


def test_what_is_typed_is_seen_by_a_loop_that_polls(opened):
    """However long it could have dozed: nothing was due when somebody typed."""
    session = opened("echo")
    session.run_until(2_000_000_000)
    session.type(b"a")
    session.run_until(2_001_000_000)
    assert session.recorder.console.data == b"a"
    here, moment = session.here, session.moment()
    _back(session, NEXT_ACCESS)
    session.run_until(2_001_000_000)
    assert (session.here, session.moment()) == (here, moment)


def test_without_a_timer_there_is_no_timer_event(opened):
    session = opened("echo")
    assert session.next_timer_event() is StopReason.NOTHING_DUE
    assert session.last_stop == "no timer event in 10 s"


def test_a_breakpoint_on_what_is_pointed_at(opened):
    session = opened("system_timer_rpi4")
    symbol = session.machine.program.symbols.by_name["handle_irq"]
    begin = CodeReference("handle_irq", "", 0, symbol)
    inside = CodeReference("handle_irq+0x4", "", 0, symbol + 4)
    line = CodeReference("", "system_timer.S", 34)
    assert obvious(session, begin) == "code handle_irq"
    assert obvious(session, inside) == f"code {symbol + 4:#x}"
    assert obvious(session, line) == "code system_timer.S:34"
    with pytest.raises(ValueError, match="No code comes from line 20 of "):
        obvious(session, CodeReference("", "system_timer.S", 20))
    assert all(exists(session, item) for item in (begin, inside, line))
    assert not exists(session, CodeReference("", "", 0, 0x3_0000_0000_0000))
    toggle(session, line)
    assert session.advance(session.access_goal) is not StopReason.BREAKPOINT
    hits = []
    while len(hits) < 3:
        if session.advance(session.timer_event_goal) is StopReason.BREAKPOINT:
            hits.append(session.here)
            assert session.core.source_at(session.core.engine.pc)[1] == 34
    _back(session, PREVIOUS_HIT)
    assert session.here == hits[1]


def test_breakpoints_are_marked_by_line_and_by_address(opened):
    from kerneltui.debugger.breakpoints.marked import Marked

    session = opened("system_timer_rpi4")
    session.breakpoints.add(session.machine, "code handle_irq")
    marks = Marked(session.machine, session.breakpoints).marks()
    symbol = session.machine.program.symbols.by_name["handle_irq"]
    assert marks == {
        CodeReference("handle_irq", "", 0, symbol): True,
        CodeReference("", "system_timer.S", 27): True,
    }


def test_what_an_instruction_is(opened):
    session = opened("system_timer_rpi4")
    session.next_interrupt()
    pc = session.core.engine.pc
    found = meaning(session, CodeReference("", "", 0, pc))
    assert "The core on show executes it next." in found.sentences
    rows = dict(found.sections[0].rows)
    assert rows["instruction"].startswith("b ")  # the vector's entry
    assert rows["as a word"] == f"{session.core.word_at(pc):#010x}"


def test_the_registers_of_the_cpu_panel(opened):
    session = opened("cntp_gic")
    session.boot()
    cpu = session.view(frozenset()).cpu
    assert cpu.is_image
    assert list(cpu.general)[:2] == ["x0", "x1"]
    assert cpu.general["pc"] == session.core.engine.pc
    assert cpu.privilege == "EL1"
    assert cpu.general["pstate"] & 0xC == 4  # PSTATE.EL


@pytest.mark.parametrize(
    ("name", "handler"), [("system_timer_rpi4", "handle_irq"), ("cntp_gic", "handle_irq")]
)
def test_the_path_ends_at_the_function_behind_the_vector(opened, name, handler):
    session = opened(name)
    session.boot()
    *_, at_handler, callback, queue = session.view(frozenset({"path"})).path.stops
    assert at_handler.title == handler
    assert [item.facts[0].text for item in (callback, queue)] == ["no look inside"] * 2
    session.next_interrupt()
    assert session.core.handler_of("irq") == handler


def test_an_interrupt_that_comes_next_is_told_with_its_vector(opened):
    session = opened("cntp_gic")
    session.boot()
    session.run_until(999_000)
    while session.core.pending is None or session.core.pending.kind != "irq":
        session.step()
        assert not session.core.depth
    vector = session.core.pending.target
    session.step()
    assert session.core.engine.pc == vector


@pytest.mark.parametrize("board", ["rpi3", "rpi4"])
def test_the_end_of_a_handler_is_told_as_its_return(board, opened):
    """The Pi 3's controllers forget an interrupt by themselves, at the very ERET."""
    session = opened(f"system_timer_{board}", board)
    session.next_interrupt()
    session.finish()
    assert (session.core.depth, session.story.step().kind) == (0, StepKind.RETURNED)
    before = session.here
    session.advance(session.timer_event_goal)
    assert session.story.step().kind is StepKind.RETURNED
    _back(session, session.timer_event_goal)
    assert (session.here, session.story.step().kind) == (before, StepKind.RETURNED)


@pytest.mark.parametrize("name", ["system_timer_rpi4", "echo"])
def test_booted_is_where_the_image_had_booted_and_reset_tells_of_no_sleep(name, opened):
    session = opened(name)
    session.follows_story = True
    session.boot()
    booted, stop = session.here, session.last_stop
    session.run_until(booted.now_ns + 1_000_000)
    session.go_to_booted()
    assert (session.here, session.last_stop) == (booted, stop)
    session.go_to_reset()
    assert session.machine.core.state is CoreState.RUNNING
    assert session.story.told() is None
    session._booted = None  # as after a session file
    session.go_to_booted()
    assert session.here == booted


def test_a_step_that_begins_after_a_long_loop_marks_what_has_changed(opened):
    session = opened("delay")
    session.run_until(202_000_000)  # after a loop of a hundred million steps
    session.next_interrupt()
    session.view(frozenset({"blocks"}))
    found = {slot.register.name for _, _, slot, _, _ in session.registers.changed(session.focus)}
    assert {"GICD_ISPENDR0", "CNTP_CTL_EL0"} <= found
    session.finish()
    session.view(frozenset({"blocks"}))
    found = {slot.register.name for _, _, slot, _, _ in session.registers.changed(session.focus)}
    assert "CNTP_CVAL_EL0" in found
