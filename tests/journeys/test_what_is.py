"""What is this?  Every reference and every heading of every panel has an answer in known words."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from dashboard import booted, dashboard, keys_to
from panel_classes import PANELS
from test_cursor import SMALL_SCREEN, WIDE_SCREEN, busy
from test_references import NOWHERE, moments, shown

from kerneltui.debugger.meaning import MEANINGS, meaning
from kerneltui.debugger.meaning.found import find
from kerneltui.debugger.references import (
    ConsoleReference,
    EventReference,
    FieldReference,
    InterruptReference,
    LineReference,
    RegisterReference,
    TimeoutReference,
    VectorReference,
)
from kerneltui.debugger.timeline import Window
from kerneltui.debugger.views import PARTS
from kerneltui.devices import MODELS, model
from kerneltui.glossary import glossary
from kerneltui.machine.aarch64_registers import AARCH64
from kerneltui.machine.x86_registers import X86_64
from kerneltui.tui.asking import told
from kerneltui.tui.following import ON_ENTER
from kerneltui.tui.headings import HEADINGS, Own
from kerneltui.tui.panels import apics, clocks, interrupts, tasks, timeouts
from kerneltui.tui.panels.kinds import KINDS, REGISTERS
from kerneltui.tui.screens.what import WhatScreen, what_lines
from kerneltui.tui.widgets.lines import about, line_text

MS = 1_000_000
NARROW, WIDE = 68, 92
"""Cells for the text in a window at 80x24 and at 140x40."""
ACRONYM = re.compile(r"\b[A-Z][A-Z0-9]+(?:[_.][A-Za-z0-9]+)*s?\b")
TABLES = [table for name in MODELS for table in model(name).TABLES] + [AARCH64, X86_64]
ENOUGH_EVENTS = 4
"""Of each kind."""
ENOUGH_ALIKE = 3
"""Of registers, or fields of them, that are one entry of a table, as IOREDTBL0 to IOREDTBL23."""
HARDLY_CHANGING = (RegisterReference, FieldReference, EventReference, ConsoleReference)
MAKERS = {
    "CPU",
    "II",
    "ARM",
    "BCM",
    "OK",
    "IBM",
    "ID",
    "IDs",
    "JEP106",
    "MCS",
    "XT",
    "AT",
    "LSI",
    "RAM",
    "ROM",
}
"""Words in capitals that are no words of ours: makers and their products."""


def known_names():
    """What the tables themselves explain."""
    for table in TABLES:
        yield from (table.name, *re.findall(r"\w+", table.title))
        for register in table.registers:
            for index in range(register.count):
                yield register.label(index)
            yield from (register.stem, register.name.replace("{n}", ""))
            yield from re.findall(r"[A-Z][A-Z0-9_]+", register.doc)
            for field in register.fields:
                yield field.name
                yield from re.findall(r"[A-Z][A-Z0-9_]+", f"{field.doc} {field.values}")


NAMES = set(known_names())


def undefined(text, session):
    """Words in capitals that neither the glossary nor a table explains."""
    given = " ".join((*session.machine.devices, session.setup.scenario_title)).upper()
    return {
        word
        for word in ACRONYM.findall(text)
        if len(set(word)) > 1  # a row of flags
        and glossary().find(word) is None
        and glossary().find(word.removesuffix("s")) is None
        and not {word, word.removesuffix("s"), word.partition(".")[0]} & (NAMES | MAKERS)
        and word not in given
    }


def alike(session, item):
    """The entry of the table that a register, or a field of it, is one of many of."""
    register = item.register if isinstance(item, FieldReference) else item
    found = find(session, register)
    entry = register.name if found is None else found.slot.register.name
    return register.owner, register.block, entry, "" if item is register else item.name


def rows(session, *, zoomed, width=138):
    """Of each panel the kind and its lines."""
    view = session.view(PARTS, Window(50 * MS, 100))
    for kind in PANELS:
        panel = kind()
        panel.zoomed = panel.alone = zoomed
        yield kind, panel.content(view, width)


@pytest.mark.parametrize(
    ("board", "scenario"),
    [("rpi3", "ipi"), ("rpi4", "timer-callbacks"), ("rpi4", "round-robin"), ("x86", "nested"),
     ("x86", "timer-syscalls")],
)  # fmt: skip
def test_every_reference_is_explained_in_known_words(board, scenario):
    session = booted(board, scenario)
    explained, of_kind = set(), Counter()
    for number, _ in enumerate(moments(session)):
        here, events = session.here, session.recorder.recorded
        for item, kind in shown(session, zoomed=bool(number % 2)).items():
            if item in explained and isinstance(item, HARDLY_CHANGING):
                continue
            if isinstance(item, EventReference):
                of_kind[item.event[3]] += 1
                if of_kind[item.event[3]] > ENOUGH_EVENTS:
                    continue
            if isinstance(item, RegisterReference | FieldReference):
                of_kind[alike(session, item)] += 1
                if of_kind[alike(session, item)] > ENOUGH_ALIKE:
                    continue
            explained.add(item)
            what, lists = told(session, kind.KIND, item, kind.KIND.about)
            said = " ".join(what.sentences)
            assert what.title, item
            assert len(what.sentences) >= 1, item
            assert all(sentence[-1] in ".?!" for sentence in what.sentences), what.sentences
            assert "There is no" not in said, item
            if not isinstance(item, ConsoleReference):
                own = f"{said} {what.who}"
                assert undefined(own, session) == set(), (item, own)
            for _, words in lists:
                assert all(text for _, text in words)
            if isinstance(item, HARDLY_CHANGING) and number:
                continue
            for width in (NARROW, WIDE):
                lines = what_lines(what, lists, width)
                assert all(line.cell_length <= width for line in lines), [
                    line.plain for line in lines if line.cell_length > width
                ]
        assert (session.here, session.recorder.recorded) == (here, events), (
            "looking changes nothing"
        )
    assert len(explained) > 100
    session.close()


def test_every_kind_of_reference_has_an_explanation():
    assert set(MEANINGS) == set(ON_ENTER)


@pytest.mark.parametrize("item", NOWHERE, ids=str)
def test_what_is_not_there_any_more_says_so(item):
    session = booted()
    what = meaning(session, item)
    assert what.sentences == (f"There is no {item} at present.",)
    session.close()


# -- headings --------------------------------------------------------------------------------------


def test_every_heading_and_flag_of_a_table_is_explained():
    heads = {
        interrupts: interrupts.HEADS,
        timeouts: timeouts.HEADS,
        clocks: clocks.HEADS,
        apics: apics.HEADS,
        tasks: (*tasks.FIGURES.split(), "share of a core", *tasks.PARTS),
    }
    panels = {kind.__module__: kind.KIND for kind in PANELS}
    missing = []
    for module, titles in heads.items():
        known = HEADINGS[panels[module.__name__]]
        for title in titles:
            name = title.removeprefix(">").strip()
            words = [name] if name in known else re.findall(r"\w+", name)
            missing += [(module.__name__, word) for word in words if word not in known]
    assert missing == []


@pytest.mark.parametrize("board", ["rpi3", "rpi4", "x86"])
def test_every_abbreviation_in_a_line_about_nothing_is_explained(board):
    session = booted(board)
    session.run_until(1_300 * MS)
    missing = {}
    for zoomed in (False, True):
        for kind, lines in rows(session, zoomed=zoomed):
            for line in lines:
                if any(about(piece) is not None for piece in line):
                    continue
                for word in undefined(line_text(line), session):
                    if word not in HEADINGS.get(kind.KIND, {}):
                        missing.setdefault(kind.__name__, set()).add(word)
    assert missing == {}
    session.close()


@pytest.mark.parametrize("kind", PANELS, ids=lambda kind: kind.KIND.short)
def test_the_explanation_of_a_panel_uses_known_words(kind):
    session = booted("x86")
    what, lists = told(session, kind.KIND, None, " ".join(HEADINGS.get(kind.KIND, {})))
    assert undefined(kind.KIND.about, session) == set()
    assert what.title.endswith(kind.KIND.title)
    shown_words = {word for word, _ in lists[1][1]}
    used = {word for word, _ in lists[0][1]}
    assert set(HEADINGS.get(kind.KIND, {})) <= shown_words | used
    session.close()


def test_headings_lead_to_entries_and_stand_in_their_panels():
    for kind, words in HEADINGS.items():
        assert kind in KINDS
        terms = [meant for meant in words.values() if not isinstance(meant, Own)]
        assert [term for term in terms if glossary().find(term) is None] == []
        own = [meant.text for meant in words.values() if isinstance(meant, Own)]
        assert [text for text in own if text[-1] != "." or not text[0].isupper()] == []


# -- what is said ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def in_handler():
    session = booted("rpi4")
    session.next_interrupt()
    yield session
    session.close()


def all_of(session, item):
    what, _ = told(session, REGISTERS, item, "")
    return "\n".join(line.plain for line in what_lines(what, [], 1_000))


def test_a_register_tells_its_fields_who_uses_it_and_where_it_is_written():
    session = booted("rpi4")
    session.run_until(1_100 * MS)
    text = all_of(session, RegisterReference("gic", "GICC", "GICC_IAR"))
    assert "A read acknowledges the signalled interrupt." in text
    assert "Software only reads it; a write has no effect." in text
    assert "A read by software changes something in the device; looking here does not." in text
    assert "DDI 0471B 3.4; 4.4.4" in text
    assert re.search(r"INTERRUPT_ID 9:0 +1023: spurious\. Interrupt ID\.", text)
    assert re.search(r"last read +gave 0x1e, at 1\.008 \d{3} \d{3} s, by core 0", text)
    assert "last write  none in the trace that is kept" in text
    session.close()


def test_a_register_of_an_array_says_which_one_it_is(in_handler):
    text = all_of(in_handler, RegisterReference("gic", "GICD", "GICD_IPRIORITYR7"))
    assert "Priorities of IDs 4n to 4n+3, lower is more urgent (n is 7 here)." in text


def test_a_field_tells_what_it_can_say(in_handler):
    place = RegisterReference("gic", "GICC", "GICC_CTLR")
    text = all_of(in_handler, FieldReference(place, "EOImode"))
    assert "What GICC_EOIR does." in text
    assert re.search(r"EOImode 9 +0: drop and deactivate\.", text)
    assert re.search(r"1 +drop only, GICC_DIR deactivates", text)
    assert "Software reads and writes it." in text


def test_fields_of_the_same_name_in_other_registers_are_other_things(in_handler):
    timer = RegisterReference("timer", "GENERIC_TIMER", "CNTP_CTL_EL0")
    assert "IMASK keeps the line" in all_of(in_handler, FieldReference(timer, "IMASK"))
    session = booted("x86")
    svr = RegisterReference("lapic", "LOCAL_APIC", "SVR")
    assert "comparator" not in all_of(session, FieldReference(svr, "ENABLE"))
    session.close()


@pytest.mark.parametrize(
    ("board", "item", "said"),
    [
        ("rpi4", InterruptReference("gic", "gic", 30), ["its input is PPI 14", "A PPI is", "timer",
         "TimeManager.handle"]),
        ("rpi4", InterruptReference("gic", "gic", 153), ["SPI 121", "uart0.irq",
         "Pl011Driver.handle"]),
        ("rpi3", InterruptReference("ic", "peripheral", 57), ["GPU 57", "uart0"]),
        ("rpi3", InterruptReference("local-ic", "local", 8), ["asked for by ic", "no handler"]),
        ("x86", InterruptReference("lapic", "vector", 0x34), ["a message from gsi 4 of ioapic0"]),
        ("x86", InterruptReference("ioapic0", "gsi", 4), ["becomes vec 0x34 of lapic", "uart0"]),
        ("x86", VectorReference(0, 0x34), ["Its priority class is 3", "gsi 4 of ioapic0"]),
        ("x86", VectorReference(0, 0x0E), ["belongs to an exception"]),
        ("rpi4", LineReference("uart0.irq"), ["It leads to gic spi 121", "irq 153 of gic"]),
        ("rpi4", LineReference("uart0.rx"), ["uart0"]),
    ],
    ids=str,
)  # fmt: skip
def test_an_interrupt_tells_its_number_source_and_handler(board, item, said):
    session = booted(board)
    text = all_of(session, item)
    assert [word for word in said if word not in text] == [], text
    session.close()


def test_a_timeout_that_is_armed_says_so():
    session = booted("rpi4")
    first, second = (item.ident for item in session.view(frozenset({"timeouts"})).timeouts[:2])
    assert "The comparator is armed for it." in all_of(session, TimeoutReference(first))
    assert "one that is due sooner" in all_of(session, TimeoutReference(second))
    session.close()


def test_a_console_line_tells_who_typed_what_it_echoes():
    session = booted("rpi4")
    session.run_until(2_600 * MS)
    lines = session.recorder.console.lines()
    number = next(n for n, line in enumerate(lines, 1) if line == "hello")
    text = all_of(session, ConsoleReference(number))
    assert "The scenario typed 'hello'. It began to arrive at the UART at 2.5" in text
    log = next(n for n, line in enumerate(lines, 1) if "Periodic" in line)
    assert "kernel's log" in all_of(session, ConsoleReference(log))
    assert "typed" not in all_of(session, ConsoleReference(log))
    session.close()


# -- in the dashboard ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "size"),
    [(number, (WIDE_SCREEN, SMALL_SCREEN)[number % 2]) for number in range(1, len(PANELS) + 1)],
    ids=[kind.KIND.short for kind in PANELS],
)
async def test_h_explains_every_kind_of_thing_in_a_panel_and_the_machine_stays(number, size):
    async with dashboard(session=busy(number), size=size) as seen:
        await seen.press(*keys_to(PANELS[number - 1]), "home")
        panel, here = seen.app.panels.numbered(number), seen.session.here
        asked = set()
        for row in range(len(panel.lines)):
            panel.cursor.put(row, 0, panel.lines)
            item = panel.under_cursor
            if type(item) in asked:
                continue
            asked.add(type(item))
            await seen.press("h")
            window = seen.app.screen
            assert isinstance(window, WhatScreen)
            box = window.query_one("#dialog")
            width, height = size
            assert 0 < box.region.y < box.region.bottom <= height
            assert 0 < box.region.x < box.region.right <= width
            assert box.virtual_size.width <= box.size.width, "it is wider than the window"
            await seen.press("end")
            await seen.until(lambda box=box: box.scroll_offset.y == box.max_scroll_y)
            await seen.press(("escape", "h", "enter")[row % 3])
            assert len(seen.app.screen_stack) == 1
            assert panel.cursor.row == row
        assert asked
        assert seen.session.here == here


async def test_the_window_shows_the_words_of_the_row():
    async with dashboard(keys=("2",)) as seen:
        await seen.press("home", "down", "h")
        text = seen.screen()
        assert "irq 30 of gic" in text
        box = seen.app.screen.query_one("#dialog")
        await seen.press("end")
        await seen.until(lambda: box.scroll_offset.y == box.max_scroll_y)
        assert re.search(
            r"E +\(enabled\) Means that a controller lets an interrupt pass", seen.screen()
        )
        assert "vec " not in seen.screen(), "no word of another board"


async def test_h_is_text_while_somebody_types():
    async with dashboard(keys=("c", "h")) as seen:
        assert len(seen.app.screen_stack) == 1
        await seen.press("escape", "ctrl+p")
        await seen.press("escape")
        await seen.choose_in_palette("What?")
        assert isinstance(seen.app.screen, WhatScreen)
