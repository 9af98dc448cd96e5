"""The source of the kernel where a core is: stack, lines, variables."""

import ast
import enum
import json
import re
import types
from pathlib import Path

import msgspec
import pytest

import kerneltui.kernel
from kerneltui.debugger.breakpoints.marked import Marked
from kerneltui.debugger.kernel_source import function_around, functions_in, source_lines
from kerneltui.debugger.meaning import meaning
from kerneltui.debugger.obvious import obvious, toggle
from kerneltui.debugger.references import CodeReference
from kerneltui.debugger.session import Session
from kerneltui.debugger.setup import Setup
from kerneltui.debugger.variables import told
from kerneltui.debugger.watch import STEP
from kerneltui.machine.board import load_board
from kerneltui.machine.core import CoreState
from kerneltui.scenarios.scenario import open_session

SOURCE = frozenset({"source"})
KERNEL = Path(kerneltui.kernel.__file__).parent
PLACES = pytest.mark.parametrize(
    ("board", "scenario"),
    [("rpi4", "timer-callbacks"), ("rpi3", "ipi"), ("x86", "timer-callbacks"),
     ("rpi4", "round-robin"), ("x86", "nested")],
)  # fmt: skip
CALLS = {
    "ldr": "read", "str": "write", "load": "read", "store": "write", "mrs": "read_sysreg|_read",
    "msr": "write_sysreg|_write", "daifset": "mask|_mask", "daifclr": "unmask",
    "compute": "compute|run_task", "eret": "return_from_exception",
    "wfi": "wait_for_interrupt", "hlt": "wait_for_interrupt", "sev": "send_event",
    "in": "read_port", "out": "write_port", "rdtsc": "read_tsc", "pushf": "_read|read_flags",
    "popf": "_write|write_flags", "cli": "_mask|cli", "sti": "sti", "push": "push",
    "add rsp": "release_stack", "iret": "return_from_interrupt", "rdmsr": "read_msr",
    "wrmsr": "write_msr",
}  # fmt: skip
"""By the instruction that comes next: what the kernel calls for it."""


def booted(board="rpi4", scenario="timer-callbacks"):
    session = open_session(board, scenario)
    session.boot()
    return session


def source(session):
    return session.view(SOURCE).source


def line_of(view, frame):
    return view.files[frame.text].lines[frame.line - 1]


def step_into(session, file):
    """To an access that a function of a file makes."""
    for _ in range(200):
        if source(session).frames[0].file == file:
            return source(session)
        session.step()
    raise AssertionError(f"{file} is never reached")


# -- the stack -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("board", "driver", "vector", "controller"),
    [
        ("rpi4", "arch_timer.py", "Vectors.irq", "Gicv2.handle_pending"),
        ("rpi3", "arch_timer.py", "Vectors.irq", "BcmInterrupts.handle_pending"),
        ("x86", "rtc.py", "Vectors.interrupt", "LocalApicInterrupts.handle_vector"),
    ],
)
def test_in_a_handler_the_stack_goes_from_the_main_function_by_the_vector_to_the_driver(
    board, driver, vector, controller
):
    session = booted(board)
    session.next_interrupt()
    view = step_into(session, driver)
    names = [frame.function for frame in reversed(view.frames)]
    assert names[:2] == ["TimerCallbacks.idle", vector]
    assert controller.rpartition(".")[2] in names[2] or controller in names
    assert "run_handler" in names
    assert view.frames[0].file == driver
    assert line_of(view, view.frames[-1]).strip() == "self.cpu.wait_for_interrupt()"
    for outer, inner in zip(view.frames[1:-2], view.frames, strict=False):
        called = inner.function.rpartition(".")[2]
        said = line_of(view, outer)
        assert called in said or "handler" in said or called.startswith("__"), (said, called)


@PLACES
def test_the_line_is_the_one_that_makes_the_access_that_comes_next(board, scenario):
    session = booted(board, scenario)
    kinds = set()
    for _ in range(5):
        session.next_interrupt()
        for _ in range(45):
            pending, view = session.core.pending, source(session)
            if pending is not None and pending.kind in CALLS:
                said = line_of(view, view.frames[0])
                assert re.search(rf"\b({CALLS[pending.kind]})\(", said), (pending.kind, said)
                kinds.add(pending.kind)
            session.step()
    assert len(kinds) >= 6


@PLACES
def test_lines_and_functions_are_those_of_the_files(board, scenario):
    session = booted(board, scenario)
    session.next_interrupt()
    for _ in range(25):
        session.step()
        view = source(session)
        for frame, real in zip(view.frames, session.core.frames(), strict=True):
            path, file = Path(real.file), view.files[frame.text]
            assert (frame.function, frame.file, frame.line) == (real.function, path.name, real.line)
            assert "\n".join(file.lines) == "\n".join(
                line.rstrip() for line in path.read_text(encoding="utf-8").splitlines()
            )
            plain = frame.function.partition(".<locals>.<")[0]
            assert file.function_at(frame.line) == plain


def test_the_pictures_are_made_only_when_they_are_asked_for():
    session = booted()
    assert session.view(frozenset({"cpu"})).source is None
    assert session.view().source == source(session)


# -- variables -------------------------------------------------------------------------------------


def test_variables_are_those_of_each_function():
    session = booted()
    session.next_interrupt()
    view = step_into(session, "arch_timer.py")
    frames = {frame.function: frame for frame in view.frames}
    handler = {item.name: item.value for item in frames["Gicv2.handle_pending"].variables}
    assert handler == {
        "self": "Gicv2", "served": "True", "acknowledge": "30 (0x1e)", "intid": "30 (0x1e)",
    }  # fmt: skip
    vector = {item.name: item.value for item in frames["Vectors.irq"].variables}
    elr = session.core.regs.peek(
        next(slot.offset for slot in session.core.regs.slots() if slot.name == "ELR_EL1"), 8
    )
    assert vector["cpu"] == "Aarch64Core 0"
    assert f"ELR_EL1: {elr:#x}" in vector["context"]


@pytest.mark.parametrize("board", ["rpi4", "x86"])
def test_the_character_that_is_sent_is_the_variable_of_the_driver(board):
    session = booted(board)
    session.next_interrupt()
    sent = []
    for _ in range(300):
        pending, view = session.core.pending, source(session)
        if "char" in line_of(view, view.frames[0]) and pending.kind in {"str", "out"}:
            char = next(v for v in view.frames[0].variables if v.name == "char")
            assert char.value == f"{pending.value} ({pending.value:#x})"
            sent.append(chr(pending.value))
        session.step()
    assert "Periodic" in "".join(sent)


class Colour(enum.Enum):
    RED = 1


class Armed:
    """Whatever is called of it goes off."""

    def __init__(self):
        self.number = 7

    @property
    def name(self):
        raise AssertionError("a property has been called")

    def __repr__(self):
        raise AssertionError("its text has been asked for")

    __str__ = __repr__

    def __getattr__(self, name):
        raise AssertionError(f"{name} has been asked for")


class Slotted:
    __slots__ = ("name",)

    def __init__(self):
        self.name = "uart0"


class Nameless:
    pass


class FalseInt(int):
    def __repr__(self):
        raise AssertionError("its text has been asked for")

    __str__ = __repr__


class Deceiver:
    @property
    def __class__(self):
        raise ValueError("nobody knows")


class Titled(msgspec.Struct):
    title: str


VALUES = [
    ("n", 5, "5"), ("n", 30, "30 (0x1e)"), ("late_ns", 30, "30"), ("n", -3, "-3"),
    ("n", True, "True"), ("n", None, "None"), ("n", 1.5, "1.5"), ("n", "a\n", r"'a\n'"),
    ("n", b"\x00a", r"b'\x00a'"), ("n", "x" * 500, f"'{'x' * 60}…'"),
    ("n", Colour.RED, "Colour.RED"), ("n", (1, "a"), "(1, 'a')"), ("n", (1,), "(1,)"),
    ("n", (), "()"), ("n", [1, 2], "[1, 2]"), ("n", (1, 2, 3, 4, 5), "tuple of 5"),
    ("n", (object(),), "tuple of 1"), ("n", [[1]], "list of 1"), ("n", {}, "dict of 0"),
    ("n", {"ELR": 64, "IF": 1}, "{ELR: 0x40, IF: 1}"), ("n", {1: 2}, "dict of 1"),
    ("n", {1, 2}, "set of 2"), ("n", Armed(), "Armed 7"), ("n", Slotted(), "Slotted 'uart0'"),
    ("n", Nameless(), "Nameless"), ("n", Titled("clock"), "Titled 'clock'"),
    ("n", Armed, "class Armed"), ("n", told, "function told"), ("n", FalseInt(4), "4"),
    ("n", [Armed()], "list of 1"), ("n", 1 << 20_000, "int"), ("n", Deceiver(), "Deceiver"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "expected"), VALUES, ids=[expected for *_, expected in VALUES]
)
def test_a_value_is_told_without_calling_anything_of_it(name, value, expected):
    assert told(name, value) == expected


# -- every moment ----------------------------------------------------------------------------------


@PLACES
def test_gone_back_it_is_the_same_bytes_as_on_the_way_there(board, scenario):
    session = booted(board, scenario)
    seen = {}
    for _ in range(3):
        session.next_interrupt()
        for _ in range(25):
            seen[session.here] = msgspec.json.encode(source(session))
            session.step()
    compared = 0
    for _ in range(100):
        for _ in session.back(STEP):
            pass
        if session.here in seen:
            assert msgspec.json.encode(source(session)) == seen[session.here], session.here
            compared += 1
    assert compared >= 20


@pytest.mark.parametrize("board", ["rpi3", "rpi4", "x86"])
def test_all_of_it_as_json_is_the_same_each_time_and_names_nothing_of_this_computer(board):
    texts = []
    for _ in range(2):
        session = booted(board)
        session.next_interrupt()
        for _ in range(12):
            session.step()
        texts.append(msgspec.json.encode(session.view().source).decode())
        session.close()
    assert texts[0] == texts[1]
    view = json.loads(texts[0])
    said = json.dumps([view["frames"], [file["name"] for file in view["files"]]])
    assert "/" not in said
    assert " at 0x" not in said
    assert str(Path.home()) not in texts[0]


def test_each_core_has_its_own():
    session = booted("rpi3", "ipi")
    stacks = {}
    for core in range(4):
        session.pinned = core
        view = source(session)
        assert view.core == core
        stacks[core] = view
    assert {view.state for view in stacks.values()} == {"waiting"}
    assert stacks[1].frames != stacks[0].frames
    assert all("wait_for_interrupt" in line_of(view, view.frames[0]) for view in stacks.values())


def test_where_no_code_runs_there_is_none():
    session = booted()
    session.pinned = 1
    view = source(session)
    assert (view.state, view.frames, view.files) == (str(CoreState.OFF), (), ())
    session.pinned = 0
    session.go_to_reset()
    assert source(session).frames == ()


def test_a_kernel_that_panics_shows_where_and_one_that_fails_has_no_stack_left():
    session = booted()
    session.kernel.platform.irq_manager._table._handlers = {}
    session.next_timer_event()
    view = source(session)
    assert view.state == str(CoreState.HALTED)
    assert [frame.function for frame in view.frames][-2:] == ["Vectors.irq", "TimerCallbacks.idle"]
    assert view.frames[0].function == "Kernel.panic"
    reason = {item.name: item.value for item in view.frames[0].variables}["reason"]
    assert reason.strip("'") in session.machine.halt_reason
    session = booted()
    session.kernel.platform.irq_manager._table._handlers = None
    session.next_timer_event()
    assert (source(session).state, source(session).frames) == (str(CoreState.HALTED), ())


# -- a program of one's own ------------------------------------------------------------------------

PROGRAM = '''"""A program of somebody's own."""


class Base:
    def idle(self):
        while True:
            self.pause(3)

    def pause(self, times):
        for turn in range(times):
            self.cpu.compute(1000 * turn)
        self.cpu.wait_for_interrupt()


class Own(Base):
    def __init__(self, cpu):
        self.cpu = cpu

    def boot(self):
        pass
'''


def test_a_program_outside_of_the_package_shows_and_takes_breakpoints(tmp_path, monkeypatch):
    path = tmp_path / "somebodys_own.py"
    path.write_text(PROGRAM, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    import somebodys_own

    session = Session(Setup(load_board("rpi4"), somebodys_own.Own))
    session.boot()
    view = source(session)
    assert [frame.function for frame in view.frames] == ["Base.pause", "Base.idle"]
    assert view.files[0].lines == tuple(PROGRAM.splitlines())
    assert {item.name: item.value for item in view.frames[0].variables} == {
        "self": "Own", "times": "3", "turn": "2",
    }  # fmt: skip
    assert str(tmp_path) not in msgspec.json.encode(session.view()).decode()
    here = CodeReference("", "somebodys_own.py", 7)
    assert obvious(session, here) == "code somebodys_own.py:7"
    assert toggle(session, here).startswith("Breakpoint 1 is set")
    assert Marked(session.machine, session.breakpoints).marks() == {
        CodeReference("Base.idle", "somebodys_own.py", 7): True
    }


# -- functions of a file ---------------------------------------------------------------------------


def codes(code):
    for item in code.co_consts:
        if isinstance(item, types.CodeType):
            yield item
            yield from codes(item)


def test_functions_and_their_lines_are_those_that_python_finds():
    count = 0
    for path in KERNEL.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        compiled = compile(text, str(path), "exec")
        known = {item.name: item for item in functions_in(str(path))}
        for code in codes(compiled):
            if not code.co_flags & 0x2 or "<" in code.co_name:  # a class, or without a name
                continue
            item = known[code.co_qualname]
            lines = {line for *_, line in code.co_lines() if line is not None}
            first = {code.co_firstlineno, item.line}
            assert lines - first <= item.code, (path.name, code.co_qualname)
            assert all(item.line <= line <= item.last for line in item.code)
            assert re.match(
                rf"\s*(async )?def {code.co_name}\b", source_lines(str(path))[item.line - 1]
            )
            count += 1
    assert count > 500


def test_no_blank_line_no_comment_and_no_docstring_holds_code():
    for path in KERNEL.rglob("*.py"):
        lines = source_lines(str(path))
        tree = ast.parse("\n".join(lines))
        docs = {
            line
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef) and ast.get_docstring(node) is not None
            for line in range(node.body[0].lineno, node.body[0].end_lineno + 1)
            if len(node.body) > 1
        }
        for item in functions_in(str(path)):
            for line in item.code:
                text = lines[line - 1].strip()
                assert text, (path.name, line)
                assert not text.startswith("#"), (path.name, line)
                assert line not in docs, (path.name, line)


# -- breakpoints -----------------------------------------------------------------------------------


def line_with(file, words):
    path = next(KERNEL.rglob(file))
    return next(n for n, text in enumerate(source_lines(str(path)), 1) if words in text)


def test_what_is_meant_by_a_line():
    session = booted()
    line = line_with("gicv2.py", "GICC_IAR)")
    assert obvious(session, CodeReference("", "gicv2.py", line)) == f"code gicv2.py:{line}"
    definition = line_with("gicv2.py", "def handle_pending")
    found = obvious(session, CodeReference("", "gicv2.py", definition))
    assert found == "code Gicv2.handle_pending"
    for number in (1, definition - 1, definition + 1):
        with pytest.raises(ValueError, match=f"No code stands in line {number} of gicv2.py"):
            obvious(session, CodeReference("", "gicv2.py", number))


@pytest.mark.parametrize("words", ["GICC_IAR)", "def handle_pending"])
def test_one_that_is_set_marks_its_line_and_halts_there(words):
    session = booted()
    line = line_with("gicv2.py", words)
    reference = CodeReference("Gicv2.handle_pending", "gicv2.py", line)
    assert toggle(session, reference).startswith("Breakpoint 1 is set")
    assert Marked(session.machine, session.breakpoints).marks() == {reference: True}
    session.next_timer_event()
    assert [hit.number for hit in session.hits] == [1]
    frame = source(session).frames[0]
    assert (frame.function, frame.line) == (reference.function, line_with("gicv2.py", "GICC_IAR)"))
    session.breakpoints.toggle(1)
    assert Marked(session.machine, session.breakpoints).marks() == {reference: False}
    assert toggle(session, reference).startswith("Breakpoint 1 is deleted")
    assert Marked(session.machine, session.breakpoints).marks() == {}


def test_every_function_of_a_name_is_marked():
    session = booted()
    session.breakpoints.add(session.machine, "code write_char")
    marks = Marked(session.machine, session.breakpoints).marks()
    assert {item.function for item in marks} >= {
        "Pl011Driver.write_char",
        "Ns16550Driver.write_char",
    }
    for item in marks:
        (path,) = KERNEL.rglob(item.file)
        assert "def write_char" in source_lines(str(path))[item.line - 1]


# -- in words --------------------------------------------------------------------------------------


def test_a_line_is_explained_by_its_function_and_file():
    session = booted()
    session.next_interrupt()
    view = step_into(session, "arch_timer.py")
    frame = next(item for item in view.frames if item.function == "Gicv2.handle_pending")
    here = meaning(session, CodeReference(frame.function, frame.file, frame.line))
    assert "has not returned yet" in here.sentences[0]
    assert ("intid", "30 (0x1e)") in here.sections[-1].rows
    line = line_with("gicv2.py", "GICC_IAR)")
    there = meaning(session, CodeReference("Gicv2.handle_pending", "gicv2.py", line))
    assert (
        "Gicv2.handle_pending is a function of the kernel, in the file gicv2.py." in there.sentences
    )
    assert ("line", source_lines(str(next(KERNEL.rglob("gicv2.py"))))[line - 1].strip()) in (
        there.sections[0].rows
    )
    outside = meaning(session, CodeReference("", "gicv2.py", 1))
    assert "outside of all functions" in outside.sentences[0]
    assert function_around(str(next(KERNEL.rglob("gicv2.py"))), 1) is None
