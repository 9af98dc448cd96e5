"""The story of exceptions that an image takes: their cause, and the level that they go to."""

import pytest
from native_bench import image_path

from kerneltui.debugger.event_words import EventWords
from kerneltui.debugger.lookup import register_named
from kerneltui.debugger.marks import StepKind
from kerneltui.debugger.meaning import meaning
from kerneltui.debugger.references import EventReference
from kerneltui.machine import syndromes
from kerneltui.scenarios.images import open_image


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("el0_svc", StepKind.FAULT, "The instruction SVC asks for an exception. Core 0 keeps its"),
        ("el0_svc", StepKind.FAULT, "place in ELR_EL1 (0x800e0) and its state in SPSR_EL1"),
        ("storm", StepKind.FAULT, "An exception is raised by an instruction that is undefined."),
        ("storm", StepKind.FAULT, "keeps its place in ELR_EL2 (0x80008) and its state in SPSR_EL2"),
        ("cntp_gic", StepKind.TAKEN, "interrupts were open. Core 0 keeps its place in ELR_EL1 "),
        ("el0_svc", StepKind.RETURNED, "takes its state back from SPSR_EL1. Interrupts are open"),
        ("cntp_gic", StepKind.RETURNED, "takes its state back from SPSR_EL1. Interrupts are open"),
    ],
)  # fmt: skip
def test_an_exception_is_told_with_its_cause_and_its_level(name, kind, words):
    session = open_image("rpi4", image_path(name))
    try:
        step = session.story.step()
        for _ in range(40):
            if step is not None and step.kind is kind:
                break
            session.next_step()
            step = session.story.step()
        assert words in step.sentence
    finally:
        session.close()


def test_classes_of_the_syndrome_are_told():
    assert syndromes.told(0x16 << 26) == "The instruction HVC asks for an exception."
    assert syndromes.told(0x25 << 26 | 0x10).startswith("An exception is raised by an access to ")
    assert syndromes.told(0x2C << 26) == "An exception of class 0x2c is raised."


@pytest.mark.parametrize(
    ("name", "kind", "level"),
    [("storm", "sync", "EL2"), ("el3", "sync", "EL2"), ("cntp_gic", "irq", "EL1"),
     ("cntp_gic", "eret", "EL2")],
)  # fmt: skip
def test_an_old_event_is_told_with_the_registers_of_its_level(name, kind, level):
    """The first ERET of an image leaves EL2, where the firmware enters it."""
    session = open_image("rpi4", image_path(name))
    try:
        session.run_until(5_000_000)
        event = next(item for item in session.recorder.events if item[3] == kind)
        told = EventWords(session.machine, session.names).sentence(event)
        assert f"SPSR_{level}" in told
        said = " ".join(meaning(session, EventReference(event)).sentences)
        assert told in said
        others = {"EL1", "EL2", "EL3"} - {level}
        assert not [other for other in others if f"_{other}" in said]
        assert "ELx" not in said
    finally:
        session.close()


def test_the_level_of_an_event_is_none_of_its_exported_facts():
    session = open_image("rpi4", image_path("storm"))
    try:
        session.run_until(1_000)
        event = next(item for item in session.recorder.events if item[3] == "sync")
        assert "text" not in session.names.as_dict(event)
        assert event[6] not in session.names.as_text(event)
        register = register_named(session.machine, "SPSR_EL2", "core 0")
        rows = [row for section in meaning(session, register).sections for row in section.rows]
        assert dict(rows)["last write"].startswith("SYNC taken")
    finally:
        session.close()
