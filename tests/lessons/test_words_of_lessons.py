"""What lessons say of the program and of the hardware is so."""

import re

import pytest

from kerneltui.configfile import available
from kerneltui.glossary import glossary
from kerneltui.lessons.lesson import load_lesson
from kerneltui.lessons.play import come_to
from kerneltui.lessons.progress import StudentProgress
from kerneltui.tui.offers import OfferKind, offers

EXPANDED = re.compile(r"advanced(?: \w+)? interrupt controllers?", re.IGNORECASE)


def texts():
    for name in available("lessons"):
        for number, step in enumerate(load_lesson(name).spec.steps, 1):
            for text in (step.text, step.done or "", *step.hints):
                yield f"{name} {number}", " ".join(text.split())


def test_only_the_command_undo_undoes_a_store():
    for place, text in texts():
        if "undo" in text.replace("undoes nothing", "").replace("undone", "undo"):
            assert "Ctrl+P" in text, place


def test_going_back_leaves_a_store_to_be_done_again():
    lesson = load_lesson("from-8259-to-apic")
    session = lesson.session()
    session.boot()
    session.follows_story = True
    come_to(session, lesson, 9)
    session.finish()
    before = session.here.now_ns
    session.poke("ioapic0/IOREDTBL2_LOW=0x10030")
    table = session.machine.controllers["ioapic0"]

    def masked():
        return not table.interrupt(2, 0).enabled

    session.go_to_time(60_000_000)
    assert not masked()
    session.run_until(before + 1)
    assert masked(), "it is done again"
    session.take_back()
    session.run_until(before + 1)
    assert not masked(), "it was taken back"
    session.close()


def test_an_apic_is_an_advanced_programmable_interrupt_controller():
    words = [*texts(), *((item.term, f"{item.short} {item.text}") for item in glossary().entries)]
    found = [(place, said) for place, text in words for said in EXPANDED.findall(text)]
    assert found
    for place, said in found:
        assert "programmable" in said, place


def test_the_session_of_the_last_time_says_that_it_has_no_lesson(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    folder = tmp_path / "kerneltui" / "sessions"
    folder.mkdir(parents=True)
    (folder / "last.session.yaml").write_text("")
    last = [item for item in offers(StudentProgress(None)) if item.kind is OfferKind.LAST]
    assert [item.about.endswith("without its lesson") for item in last] == [True]


@pytest.mark.parametrize("name", available("lessons"))
def test_no_key_stands_before_a_full_stop_that_reads_as_a_key(name):
    for step in load_lesson(name).spec.steps:
        for text in (step.text, step.done or ""):
            assert "`.`." not in text, text
