"""A word is explained only where it is meant: not a field, nor a heading, that is spelt alike."""

from __future__ import annotations

import pytest
from dashboard import booted

from kerneltui.debugger.meaning import meaning
from kerneltui.debugger.references import FieldReference, RegisterReference
from kerneltui.glossary import glossary
from kerneltui.tui.asking import IN_PROSE, _prose, told
from kerneltui.tui.panels.cpu import CpuPanel
from kerneltui.tui.panels.kinds import PATH
from kerneltui.tui.panels.path import PathPanel
from kerneltui.tui.panels.timers import TimersPanel


def words(session, owner, block, register, field=""):
    reference = RegisterReference(owner, block, register)
    asked = FieldReference(reference, field) if field else reference
    return {entry.term for entry in meaning(session, asked).with_words()}


@pytest.mark.parametrize(
    ("board", "owner", "block", "register", "field", "not_meant"),
    [
        ("rpi4", "gic", "GICC", "GICC_IAR", "CPUID", "CPUID"),  # the PC's instruction
        ("rpi4", "gic", "GICC", "GICC_AEOIR", "", "CPUID"),
        ("x86", "lapic", "LOCAL_APIC", "LDR", "LOGICAL_ID", "LDR"),  # an Arm instruction
        ("x86", "uart0", "NS16550", "MSR", "CTS", "MSR"),  # another one
        ("x86", "uart0", "NS16550", "MSR", "RI", "ring"),  # that of a processor
        ("x86", "lapic", "LOCAL_APIC", "SVR", "ENABLE", "ENABLE"),  # of the generic timer
        ("rpi4", "uart0", "PL011", "UARTFR", "DSR", "ready"),  # a task
        ("rpi4", "uart0", "PL011", "UARTRIS", "RTRIS", "timeout"),  # of the kernel
        ("rpi4", "uart0", "PL011", "UARTLCR_H", "FEN", "timeout queue"),
        ("rpi4", "gic", "GICC", "GICC_RPR", "", "number of runs"),
        ("rpi4", "gic", "GICC", "GICC_PMR", "", "one-shot"),
        ("x86", "ioapic0", "IO_APIC", "IOWIN", "", "window"),  # of the timeline
    ],
)  # fmt: skip
def test_what_is_spelt_like_a_word_is_not_that_word(
    board, owner, block, register, field, not_meant
):
    assert glossary().find(not_meant) is not None
    session = booted(board)
    assert not_meant not in words(session, owner, block, register, field)
    session.close()


@pytest.mark.parametrize(
    ("board", "owner", "block", "register", "meant"),
    [
        ("rpi4", "gic", "GICC", "GICC_IAR", "INTID"),
        ("rpi4", "timer", "GENERIC_TIMER", "CNTP_CTL_EL0", "IMASK"),
        ("x86", "lapic", "LOCAL_APIC", "PPR", "TPR"),
        ("x86", "rtc", "CMOS", "REGISTER_A", "UIP"),
        ("x86", "rtc", "CMOS", "REGISTER_B", "SET"),
    ],
)  # fmt: skip
def test_what_is_meant_is_still_explained(board, owner, block, register, meant):
    session = booted(board)
    assert meant in words(session, owner, block, register)
    session.close()


def test_who_writes_is_said_only_of_registers_that_the_kernel_writes():
    session = booted("rpi4")
    ends = "The kernel writes it, at the end of each handler."
    assert ends in meaning(session, RegisterReference("gic", "GICC", "GICC_EOIR")).who
    assert ends not in meaning(session, RegisterReference("gic", "GICC", "GICC_AEOIR")).who
    session.close()


@pytest.mark.parametrize(
    ("panel", "heading", "said"),
    [
        (CpuPanel, "next", "Is the instruction that the core executes next"),
        (CpuPanel, "state", "Says what the core does"),
        (PathPanel, "CHANGED", "Shows registers that hold another value"),
        (PathPanel, "SOURCE", "Is the device that asks for the interrupt"),
        (TimersPanel, "off", "Means that the comparator is switched off"),
    ],
)
def test_a_heading_is_explained_as_it_is_meant(panel, heading, said):
    session = booted("rpi4")
    _, lists = told(session, panel.KIND, None, f"  {heading}  ")
    (found,) = [text for word, text in dict(lists)["Words in this panel"] if word == heading]
    assert found.startswith(said)
    session.close()


def test_the_signs_of_the_path_are_explained():
    session = booted("rpi4")
    _, lists = told(session, PATH, None, "✓1 ○ not yet ▶2 ═→ ─→ ✗ shut +6")
    assert {"✓", "○", "✗", "▶", "═→", "─→", "+"} <= {word for word, _ in lists[-1][1]}
    session.close()


@pytest.mark.parametrize(
    ("board", "wanted"),
    [
        ("rpi4", {"ELR_EL1", "SPSR_EL1", "VBAR", "GICC_IAR", "ERET", "CNTP_CVAL_EL0"}),
        ("x86", {"RIP", "IDT", "vector", "IRET", "EOI", "gate"}),
    ],
)
def test_h_on_the_path_explains_the_words_of_its_sentences(board, wanted):
    session = booted(board)
    session.follows_story = True
    found = {}
    for _ in range(13):
        session.next_step()
        prose = _prose(session)
        _, lists = told(session, PATH, None, "", prose)
        found |= dict(dict(lists)[IN_PROSE])
    assert wanted <= set(found)
    if "GICC_IAR" in wanted:
        assert found["GICC_IAR"].endswith("A read acknowledges the signalled interrupt.")
    session.close()
