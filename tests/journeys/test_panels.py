"""What the panels make of a view, without a screen."""

from __future__ import annotations

from functools import cache

import msgspec
import pytest
from dashboard import booted
from hypothesis import given
from hypothesis import strategies as st
from panel_classes import PANELS

from kerneltui.debugger.console_text import ConsoleText
from kerneltui.debugger.numbering import set_bits
from kerneltui.debugger.views.interrupts import InterruptView
from kerneltui.debugger.views.registers import FieldView, RegisterView
from kerneltui.debugger.views.timeouts import TimeoutView
from kerneltui.debugger.views.timers import ComparatorView
from kerneltui.kernel.irq import IrqHandler
from kerneltui.tui.panels.base import fit, mark
from kerneltui.tui.panels.console import ConsolePanel
from kerneltui.tui.panels.fitting import table
from kerneltui.tui.panels.interrupts import (
    InterruptsPanel,
    interrupt_line,
    interrupt_rows,
    why_lines,
)
from kerneltui.tui.panels.registers import (
    RegistersPanel,
    collapse,
    field_text,
    register_lines,
)
from kerneltui.tui.panels.timeouts import TimeoutsPanel
from kerneltui.tui.panels.timers import comparator_lines
from kerneltui.tui.widgets.lines import cut, line_text
from kerneltui.tui.widgets.looks import GROUNDS, LOOKS


def console_with(sent):
    console = ConsoleText()
    for byte in sent:
        console.add(byte)
    return console


def field(name, value, width=1, meaning="", first_irq=None, **facts):
    return FieldView(name, value, width, meaning, first_irq, **facts)


def register(name="GICC_IAR", value=0x1E, fields=(), **facts):
    usual = {
        "address": 0xFF84200C, "width": 32, "alias_of": "", "at_reset": False,
        "changed": False, "access": "", "access_value": 0, "access_fields": (),
    }  # fmt: skip
    return RegisterView(name=name, value=value, fields=tuple(fields), **(usual | facts))


def interrupt(**facts):
    usual = {
        "controller": "gic", "numbering": "gic", "number": 30, "source": "PPI 14",
        "name": "Timer", "line": False, "enabled": True, "pending": False, "active": False,
        "priority": 0xA0, "targets": (0,),
        "trigger": "level", "count": 7, "blocked_by": "", "needs": "",
        "handler_runs": False, "onward": None,
    }  # fmt: skip
    return InterruptView(**(usual | facts))


def timeout(**facts):
    usual = {
        "ident": 1, "name": "Once 5", "due_ns": 5_008_265_814, "in_ns": 5_000_000_000,
        "period_ns": None, "armed": False, "handling": False,
    }  # fmt: skip
    return TimeoutView(**(usual | facts))


def comparator(**facts):
    usual = {
        "device": "timer", "name": "CNTP_CVAL_EL0", "counter": 1000, "compare": 2000,
        "hz": 54_000_000, "enabled": True, "masked": False, "met": False, "in_ns": 18_518,
    }  # fmt: skip
    return ComparatorView(**(usual | facts))


def texts(lines):
    return [line_text(line) for line in lines]


# -- fitting ---------------------------------------------------------------------------------------


@given(st.text(st.characters(codec="ascii", exclude_categories=["C"])), st.integers(-3, 60))
def test_fit_is_exactly_as_wide_as_asked(text, width):
    assert len(fit(text, width)) == max(width, 0)


def test_fit_marks_what_it_cuts():
    assert fit("GICD_ISENABLER", 8) == "GICD_IS…"
    assert fit("GICD", 8) == "GICD    "
    assert fit("GICD", 4) == "GICD"
    assert fit("GICD", 1) == "…"


def test_a_flag_is_a_letter_a_dot_or_nothing():
    assert [mark(flag, "P") for flag in (True, False, None)] == ["P", "·", " "]


# -- bits and fields -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "first", "text"),
    [
        (0, 0, ""),
        (0x4000_FFFF, 0, "0-15,30"),
        (0x0200_0000, 128, "153"),
        (1 << 31, 32, "63"),
        (0xFFFF_FFFF, 0, "0-31"),
        (0b0101, 96, "96,98"),
        (0b1011, 0, "0-1,3"),
    ],
)
def test_set_bits_are_interrupt_numbers(value, first, text):
    assert set_bits(value, first) == text


@given(st.integers(0, (1 << 32) - 1), st.integers(0, 992))
def test_interrupt_numbers_can_be_read_back(value, first):
    again = 0
    for run in set_bits(value, first).split(","):
        start, _, end = run.partition("-")
        for number in range(int(start or 0), int(end or start or -1) + 1):
            again |= 1 << (number - first)
    assert again == value


def test_fields_in_words():
    assert field_text(field("ENABLE", 1)) == "ENABLE=1"
    assert field_text(field("INTERRUPT_ID", 1023, 10, "spurious")) == "INTERRUPT_ID=1023(spurious)"
    assert field_text(field("PPI", 1 << 14, 16, first_irq=16)) == "PPI: irq 30"
    assert field_text(field("SGI", 0, 16, first_irq=0)) == "SGI: none"
    vectors = field("VECTORS", 1 << 12 | 3, 32, first_irq=224, numbering="vector")
    assert field_text(vectors) == "VECTORS: vec 0xe0-0xe1,0xec"
    assert field_text(field("BASE", 0xFEE00, 40, hex_shift=12)) == "BASE=0xfee00000"


# -- registers -------------------------------------------------------------------------------------


def test_a_register_tells_offset_value_and_fields():
    shown = register(fields=[field("INTERRUPT_ID", 30, 10), field("CPUID", 0, 3)])
    assert texts(register_lines(shown, 9, 80)) == [
        " GICC_IAR  00c 0000001e INTERRUPT_ID=30 CPUID=0"
    ]


def test_the_value_now_and_what_was_read_stand_apart_each_with_its_fields():
    now = field("INTERRUPT_ID", 1023, 10, "spurious")
    read = register(value=0x3FF, fields=[now], changed=True, access="read", access_value=0x1E,
                    access_fields=(field("INTERRUPT_ID", 30, 10),))  # fmt: skip
    assert texts(register_lines(read, 9, 80)) == [
        "*GICC_IAR  00c 000003ff INTERRUPT_ID=1023(spurious)",
        "        → read 0000001e INTERRUPT_ID=30",
    ]


def test_a_register_that_is_only_written_shows_what_was_written():
    written = register("GICC_EOIR", 0, access="wrote", access_value=0x1E,
                       access_fields=(field("EOIINTID", 30, 10),))  # fmt: skip
    assert texts(register_lines(written, 9, 80)) == [
        " GICC_EOIR 00c 00000000 only written",
        "       ← wrote 0000001e EOIINTID=30",
    ]


def test_zero_fields_are_only_counted_in_the_short_form():
    shown = register(fields=[field("A", 1), field("B", 0), field("C", 0)])
    assert "A=1 B=0 C=0" in texts(register_lines(shown, 9, 80, full=True))[0]
    short = texts(register_lines(shown, 9, 80, full=False))[0]
    assert "A=1" in short
    assert "B=" not in short
    assert "2" in short.partition("A=1")[2]
    nothing = register(value=0, fields=[field("B", 0), field("C", 0)])
    assert "all fields are 0" in texts(register_lines(nothing, 9, 80, full=False))[0]


def test_64_bit_values_have_16_digits_once_they_need_them():
    low = register("CNTP_CVAL_EL0", 0x33EC91F, width=64)
    assert " 033ec91f " in texts(register_lines(low, 13, 80, place=False))[0]
    high = register("CNTP_CVAL_EL0", 0x5_57F4_051F, width=64)
    assert " 0000000557f4051f " in texts(register_lines(high, 13, 80, place=False))[0]


def test_a_run_of_equal_elements_is_one_line_that_counts_them():
    elements = [register(f"GICD_ITARGETSR{n}", 0x01010101) for n in range(5)]
    elements[3] = register("GICD_ITARGETSR3", 0x01010101, changed=True, address=1)
    runs = [(item.name, count) for item, count in collapse(elements)]
    assert runs == [("GICD_ITARGETSR0", 3), ("GICD_ITARGETSR3", 1), ("GICD_ITARGETSR4", 1)]
    assert "and 2 more alike:" in texts(register_lines(elements[0], 15, 80, 3))[0]


@pytest.mark.parametrize("width", [20, 30, 38, 60, 68, 138])
def test_fields_go_on_below_where_the_line_is_full(width):
    """A row is only wider than the panel where its one field alone does not fit."""
    fields = [field(f"FIELD{n}", n, 4) for n in range(12)]
    rows = texts(register_lines(register(fields=fields), 9, width))
    assert " ".join(rows).split()[3:] == [f"FIELD{n}={n}" for n in range(12)]
    for row in rows:
        assert len(row) <= width or row.count("FIELD") <= 1


# -- interrupts, timeouts, comparators -------------------------------------------------------------


def shown_interrupt(item):
    return line_text(interrupt_line(item, interrupt_rows([item])[1]))


def test_an_interrupt_says_its_state_in_marks_and_letters():
    assert shown_interrupt(interrupt()).startswith(" irq 30    PPI 14 · E · · 0xa0 0")
    pending = shown_interrupt(interrupt(line=True, pending=True))
    assert pending.startswith("!irq 30    PPI 14 L E P ·")
    active = shown_interrupt(interrupt(active=True))
    assert active.startswith("▶irq 30    PPI 14 · E · A")


def test_one_that_is_lost_stands_out_as_one_that_is_pending_does():
    item = interrupt(line=True, trigger="edge", blocked_by="requested", is_lost=True)
    row = line_text(interrupt_line(item, interrupt_rows([item])[1]))
    assert row.startswith("!irq 30    PPI 14 L E · ·")
    assert item.waits
    assert "only its edge asks" in " ".join(texts(why_lines(item, 200)))
    assert not interrupt(line=True, trigger="edge", blocked_by="requested").waits


@pytest.mark.parametrize(
    ("numbering", "number", "label"),
    [("gic", 30, "irq 30"), ("isa", 0, "irq 0"), ("gsi", 2, "gsi 2"), ("vector", 236, "vec 0xec")],
)
def test_the_numbering_is_named(numbering, number, label):
    assert interrupt(numbering=numbering, number=number).label == label


def test_a_controller_without_priorities_and_active_state_leaves_them_out():
    shown = shown_interrupt(interrupt(priority=None, active=None, targets=()))
    assert shown.split()[:8] == ["irq", "30", "PPI", "14", "·", "E", "·", "-"]


def interrupts_of(*items, width=68):
    view = msgspec.structs.replace(moments()[0], interrupts=items)
    return texts(InterruptsPanel().content(view, width))


def test_an_interrupt_that_waits_says_at_which_gate():
    def shown(item):
        return interrupts_of(item)[1:]

    stopped = shown(interrupt(pending=True, blocked_by="CPU mask", needs="DAIF.I is 1; needs 0"))
    assert len(stopped) == 2
    assert "gate 'CPU mask' is shut: DAIF.I is 1; needs 0" in stopped[1]
    assert len(stopped[1]) <= 68
    long = shown(interrupt(pending=True, blocked_by="enabled", needs="a reason " * 20))
    assert len(long) > 3
    assert max(len(row) for row in long) <= 68
    # One that nobody asks for waits for nothing, whatever gates are shut.
    assert len(shown(interrupt(blocked_by="line asserted"))) == 1
    assert "(no handler)" in shown_interrupt(interrupt(name="", count=None))


def test_rows_keep_their_place_whatever_becomes_pending_or_active():
    quiet = [interrupt(number=number) for number in (30, 40, 50)]
    busy = [
        interrupt(number=30, pending=True, blocked_by="x", needs="why", handler_runs=True),
        interrupt(number=40, active=True),
        interrupt(number=50, pending=True),
    ]
    places = [[line[1:7] for line in interrupts_of(*items)[1:4]] for items in (quiet, busy)]
    assert places[0] == places[1] == ["irq 30", "irq 40", "irq 50"]
    assert interrupts_of(*busy)[4] == "       └ irq 30: why"


@pytest.mark.parametrize("width", [50, 60, 68, 138])
def test_an_interrupt_fits_its_panel(width):
    lines = interrupts_of(
        interrupt(name="N" * 99), interrupt(number=31, pending=True, count=None), width=width
    )
    assert max(map(len, lines)) <= width - 1, "beside the scroll bar"
    assert lines[1].endswith("N…")


def shown_timeout(item):
    view = msgspec.structs.replace(moments()[0], timeouts=(item,), timeout_count=1)
    return texts(TimeoutsPanel().content(view, 68))[1]


def test_a_timeout_in_each_of_its_states():
    assert shown_timeout(timeout()).split() == [
        "5.008", "265", "814", "s", "5", "s", "once", "-", "Once", "5",
    ]  # fmt: skip
    armed = shown_timeout(timeout(armed=True, period_ns=1_000_000_000))
    assert armed.startswith("▶ ")
    assert " 1 s " in armed
    assert "181 ns late" in shown_timeout(timeout(in_ns=-181))
    running = shown_timeout(timeout(in_ns=-181, handling=True))
    assert running.startswith("* ")
    assert "callback runs" in running


def test_a_comparator_in_each_of_its_states():
    def shown(**facts):
        return texts(comparator_lines("CNTP_CVAL", comparator(**facts), 25))

    assert shown(enabled=False, compare=0) == [" CNTP_CVAL  off"]
    assert shown(enabled=False) == [" CNTP_CVAL  2000", "   off"], "no line less than armed"
    assert shown(met=True, masked=True) == ["!CNTP_CVAL  2000", "   met masked"]
    assert shown() == [" CNTP_CVAL  2000", "   in 18.518 us"]
    assert shown(in_ns=None) == [" CNTP_CVAL  2000", "   never"]


def test_a_number_without_room_goes_below_whole():
    item = comparator(compare=108_446_367)
    assert texts(comparator_lines("CNTP_CVAL", item, 19)) == [
        " CNTP_CVAL  ", "   108446367", "   in 18.518 us",
    ]  # fmt: skip


# -- what does not fit -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("width", "text"),
    [(20, "ab 123456 x"), (11, "ab 123456 x"), (10, "ab 123456…"), (5, "ab 1…"), (3, "ab…")],
)
def test_what_is_cut_ends_in_an_ellipsis(width, text):
    assert line_text(cut((("ab ", "dim"), ("123456", "text"), (" x", "dim")), width)) == text


def test_blanks_that_do_not_fit_are_no_loss():
    line = (("ab", "dim"), ("    ", "text"))
    assert cut(line, 3) == line


def test_columns_stand_under_their_headings():
    rows = table((">value", "name", "last"), [("1", "alpha", "x"), ("1234567", "b", "long one")])
    assert rows == ["  value  name   last", "      1  alpha  x", "1234567  b      long one"]


# -- the console -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "character", "sent"),
    [
        ("a", "a", b"a"),
        ("A", "A", b"A"),
        ("space", " ", b" "),
        ("slash", "/", b"/"),
        ("enter", "\r", b"\r"),
        ("tab", "\t", b"\t"),
        ("backspace", "\x7f", b"\x7f"),
        ("ctrl+a", "\x01", b"\x01"),
        ("ctrl+c", "\x03", b"\x03"),
        ("ctrl+z", "\x1a", b"\x1a"),
        ("é", "é", b"?"),
        ("ctrl+ж", None, None),
        ("ctrl+é", None, None),
        ("ctrl+1", None, None),
        ("ctrl+left", None, None),
        ("up", None, b"\x1b[A"),
        ("left", None, None),
        ("f5", None, None),
        ("pageup", None, None),
    ],
)
def test_keys_as_a_terminal_sends_them(key, character, sent):
    assert ConsolePanel().key_bytes(key, character) == sent


@given(st.text(max_size=8), st.none() | st.characters())
def test_any_key_is_some_bytes_or_none(key, character):
    sent = ConsolePanel().key_bytes(key, character)
    assert sent is None or all(byte < 128 for byte in sent)


def console(sent, width=40, *, typing=False):
    session = booted()
    session.recorder.console = console_with(sent)
    panel = ConsolePanel()
    panel.typing = typing
    return texts(panel.content(session.view(panel.PARTS), width))


def test_control_characters_do_not_reach_the_screen():
    assert console(b"a\x1b[2Jb\x07\x00\xff\tz") == ["a^[[2Jb^G^@� z"]


def test_long_lines_wrap_as_on_a_terminal():
    assert console(b"x" * 45 + b"\r\nnext\r\n", 21) == ["x" * 20, "x" * 20, "x" * 5, "next"]


def test_the_cursor_stands_behind_the_last_character_inside_the_panel():
    assert console(b"abc", 20, typing=True) == ["abc█"]
    assert console(b"", 20, typing=True) == ["█"]
    full = console(b"y" * 20, 20, typing=True)
    assert all(len(line) <= 20 for line in full)
    assert full[-1].endswith("█")


@given(st.binary(max_size=300), st.integers(28, 80), st.booleans())
def test_no_console_line_is_wider_than_the_panel(sent, width, typing):
    SESSION.recorder.console = console_with(sent)
    view = SESSION.view(ConsolePanel.PARTS)
    panel = ConsolePanel()
    panel.typing = typing
    for line in texts(panel.content(view, width)):
        assert len(line) <= width
        assert line.isprintable()


SESSION = booted()


# -- all panels ------------------------------------------------------------------------------------


@cache
def moments():
    """Views at reset, at idle, in a handler, after events, and halted; on both boards."""
    views = []
    for board in ("rpi4", "rpi3"):
        for scenario in ("timer-callbacks", "system-timer", "burst"):
            session = booted(board, scenario)
            views.append(session.view())
            session.next_interrupt()
            views.append(session.view())
            session.next_timer_event()
            views.append(session.view())
            session.restart()
            views.append(session.view())
    session = booted()
    session.kernel.platform.irq_manager._table._handlers = dict[int, IrqHandler]()
    session.next_timer_event()
    views.append(session.view())
    return views


@pytest.mark.parametrize("panel", PANELS)
@pytest.mark.parametrize("width", [20, 38, 68, 78, 138, 298])
def test_every_panel_has_something_to_say_at_every_moment_and_width(panel, width):
    for view in moments():
        made = panel()
        lines = list(made.content(view, width))
        assert lines
        assert all(
            {*style.split()} <= {*LOOKS, *GROUNDS} for line in lines for _, style, *_ in line
        )
        assert all("\n" not in text and text.isprintable() for text in texts(lines))
        for text in texts(lines):
            assert len(text.rstrip()) < width, "nothing is left to the edge, which cuts silently"
        assert isinstance(made.caption(view), str)


@pytest.mark.parametrize("width", [20, 30, 38, 68])
def test_the_cpu_panel_cuts_its_source_lines_to_its_width(width):
    from kerneltui.tui.panels.cpu import CpuPanel

    for view in moments():
        shown = texts(CpuPanel().content(view, width))
        stack = shown[shown.index("call stack") + 1 :]
        assert all(len(line) <= width for line in stack)
        assert len(shown[0]) <= width


def test_the_filter_finds_by_name_device_and_field():
    view = moments()[0]
    panel = RegistersPanel()
    for text, expected in (("gicc_pmr", "GICC_PMR"), ("uart0 baud", "UARTIBRD"),
                           ("istatus", "CNTP_CTL_EL0"), ("GIC eoi", "GICC_EOIR")):  # fmt: skip
        panel.filter = text
        shown = texts(panel.content(view, 100))
        assert any(expected in line for line in shown), text
        count = int(panel.caption(view).partition(" of ")[0].split()[-1])
        assert 0 < count < 30


def test_without_a_filter_only_registers_with_something_to_say_are_listed():
    panel = RegistersPanel()
    shown = "\n".join(texts(panel.content(moments()[0], 100)))
    assert "GICD_ISENABLER0" in shown
    assert "GICD_ICENABLER0" not in shown, "the same state by another name"
    assert "GICD_ISPENDR1" not in shown, "at its reset value"
    assert "GICD_ISPENDR0" in shown, "too, but the timer's interrupt passes here"


# -- the registers of each board, at the widths of both layouts ------------------------------------

WIDTHS = pytest.mark.parametrize("width", [67, 77])
"""Of a panel that takes half of 140 columns, and of one alone in 80."""


def registers_of(board, width, *commands, scenario="timer-callbacks"):
    session = booted(board, scenario)
    for command in commands:
        getattr(session, command)()
    shown = texts(RegistersPanel().content(session.view(RegistersPanel.PARTS), width))
    session.close()
    return shown


@WIDTHS
def test_a_face_that_alone_holds_a_value_shows_and_its_twin_does_not(width):
    shown = registers_of("rpi3", width)
    assert " ENABLE_IRQS_2 214 02000000 IRQS: irq 57" in shown
    assert "DISABLE_IRQS_2" not in "\n".join(shown)
    assert "ENABLE_BASIC_IRQS" not in "\n".join(shown), "at reset"


@WIDTHS
def test_addresses_and_vectors_are_hex(width):
    shown = "\n".join(registers_of("x86", width, "next_callback"))
    assert "BSP=1 EN=1 BASE=0xfee00000" in shown
    assert "LVT_TIMER  320 000000ec VECTOR=0xec" in shown
    assert "VECTORS: vec 0xec" in shown
    assert "INTVEC=0x34" in shown
    assert "T7_T3=0x28" in shown, "the slave's vectors begin there"


@WIDTHS
def test_an_acknowledge_stands_below_the_value_now(width):
    steps = ["next_interrupt", *["step"] * 4]
    for count in range(2, len(steps) + 1):
        shown = registers_of("rpi4", width, *steps[:count])
        if any("→ read 0000001e" in line for line in shown):
            break
    place = next(n for n, line in enumerate(shown) if line[1:].startswith("GICC_IAR"))
    assert "000003ff INTERRUPT_ID=1023(spurious)" in shown[place]
    assert shown[place + 1].strip().startswith("→ read 0000001e INTERRUPT_ID=30")
    assert shown[place].index("000003ff") == shown[place + 1].index("0000001e")
