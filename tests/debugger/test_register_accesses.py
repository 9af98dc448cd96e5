"""What ``h`` says of a register: who wrote it last on the core on show, and what was kept of it."""

from __future__ import annotations

import pytest

from kerneltui.debugger.meaning import meaning
from kerneltui.debugger.meaning.stored import poke_in_words
from kerneltui.debugger.references import RegisterReference
from kerneltui.scenarios.scenario import open_session

MS = 1_000_000
PMR = RegisterReference("gic", "GICC", "GICC_PMR")


def running(board, scenario, until_ms):
    session = open_session(board, scenario)
    session.boot()
    session.run_until(until_ms * MS)
    return session


def last(session, reference, label="last write"):
    sections = {
        section.title: dict(section.rows) for section in meaning(session, reference).sections
    }
    return sections["By software and by you"][label]


@pytest.mark.parametrize("name", ["LDR", "SVR"])
def test_a_register_of_each_core_tells_of_the_core_on_show(name):
    session = running("x86", "timer-callbacks", 100)
    reference = RegisterReference("lapic", "LOCAL_APIC", name)
    said = {}
    for core in (0, 1):
        session.pinned = core
        what = meaning(session, reference)
        assert "this is that of the core on show" in " ".join(what.sentences)
        said[core] = last(session, reference)
        value = dict(what.sections[0].rows)["value"].partition(",")[0]
        assert said[core].startswith(f"brought {value}, at ")
        assert said[core].endswith(f"by core {core}")
    assert said[0] != said[1]
    session.close()


def test_what_a_core_of_its_own_has_not_written_is_not_told_of_another_core():
    session = running("x86", "timer-callbacks", 100)
    reference = RegisterReference("lapic", "LOCAL_APIC", "LDR")
    session.pinned = 1
    session.poke("LDR=0x7000000", core=1)
    assert last(session, reference).startswith("you stored 0x7000000")
    session.pinned = 0
    assert last(session, reference).startswith("brought 0x1000000")
    session.close()


def test_a_poke_is_the_last_write_and_says_which_bits_were_not_kept():
    """GIC-400 (DDI 0471B 2.3.2): 32 priorities, so of eight bits the low three are not there."""
    session = running("rpi4", "fault-pmr", 700)
    assert last(session, PMR).startswith("brought 0x0, at ")
    session.poke("gic/GICC_PMR.Priority=0xff")
    kept = "it holds 0xf8: its low 3 bits are not implemented"
    assert (
        last(session, PMR) == f"you stored 0xff to Priority, at 0.700 000 000 s, as core 0; {kept}"
    )
    assert poke_in_words(session) == f"You stored 0xff to GICC_PMR.Priority; {kept}."
    session.close()


def test_a_poke_of_the_scenario_is_told_as_one():
    session = running("rpi4", "fault-left-raised", 1_300)
    assert last(session, PMR) == "the scenario stored 0, at 1.200 000 000 s, as core 0"
    session.close()


@pytest.mark.parametrize(
    ("board", "poke", "said"),
    [
        ("rpi4", "GICC_PMR=0xf8", "You stored 0xf8 to GICC_PMR."),
        ("rpi4", "GICC_PMR=0x1f8",
         "You stored 0x1f8 to GICC_PMR; it holds 0xf8: its bits 31:8 are reserved."),
        ("rpi4", "0xFF842004=0xff",
         "You stored 0xff to GICC_PMR; it holds 0xf8: its low 3 bits are not implemented."),
        ("rpi4", "CNTP_CTL_EL0=4",
         "You stored 4 to CNTP_CTL_EL0; it holds 0: its bit 2 (ISTATUS) is read-only."),
        ("rpi4", "GICD_ISENABLER0=0x4000ffff", "You stored 0x4000ffff to GICD_ISENABLER0."),
        ("rpi4", "GICD_ISENABLER0=0",
         ("You stored 0 to GICD_ISENABLER0; "
          "it holds 0x4000ffff: a one sets its bit, and a zero leaves it.")),
        ("rpi4", "GICD_ICENABLER0=0x40000000",
         ("You stored 0x40000000 to GICD_ICENABLER0; "
          "it holds 0xffff: a one clears its bit, and a zero leaves it.")),
        ("rpi4", "UARTICR=0xff",
         ("You stored 0xff to UARTICR; "
          "it holds 0: a store is a command there, and is not kept.")),
        ("rpi4", "CNTP_CTL_EL0.IMASK=1", "You stored 1 to CNTP_CTL_EL0.IMASK."),
        ("rpi4", "GICC_BPR=0", "You stored 0 to GICC_BPR; it holds 2 now."),
        ("rpi4", "GICD_ITARGETSR8=0xf1",
         "You stored 0xf1 to GICD_ITARGETSR8; it holds 1: its bits 7:4 are not implemented."),
        ("x86", "ioapic0/IOREDTBL2_LOW=0x5034",
         ("You stored 0x5034 to ioapic0/IOREDTBL2_LOW; "
          "it holds 0x34: its bits 14, 12 (DELIVS and REMOTE_IRR) are read-only.")),
        ("x86", "I8259_MASTER/IMR.M[3]=1", "You stored 1 to I8259_MASTER/IMR.M[3]."),
    ],
)  # fmt: skip
def test_what_becomes_of_a_store_follows_from_the_table(board, poke, said):
    session = running(board, "timer-callbacks", 100)
    session.poke(poke)
    assert poke_in_words(session) == said
    session.close()


def test_registers_behind_two_windows_are_told_apart():
    session = running("x86", "gsi-override", 100)
    stored = {}
    for owner in ("ioapic0", "ioapic1"):
        reference = RegisterReference(owner, "IO_APIC_INDIRECT", "IOREDTBL2_LOW")
        session.poke(f"{owner}/IOREDTBL2_LOW=0x1003{owner[-1]}")
        stored[owner] = last(session, reference)
    assert stored["ioapic0"].startswith("you stored 0x10030,")
    assert stored["ioapic1"].startswith("you stored 0x10031,")
    first = RegisterReference("ioapic0", "IO_APIC_INDIRECT", "IOREDTBL2_LOW")
    assert last(session, first).startswith("you stored 0x10030,")
    session.close()


def test_another_face_of_the_register_is_a_way_to_write_it():
    session = running("rpi4", "timer-callbacks", 100)
    session.poke("GICD_ICENABLER1=0x10")
    reference = RegisterReference("gic", "GICD", "GICD_ISENABLER1")
    assert last(session, reference).startswith("you stored 0x10 by way of GICD_ICENABLER1, at ")
    session.close()
    session = running("x86", "timer-callbacks", 100)
    imr = RegisterReference("pic", "I8259_MASTER", "IMR")
    session.poke("port:0x21=0xfb")
    assert last(session, imr).startswith("you stored 0xfb by way of OCW1, at ")
    assert (
        "Software reads it here, and writes it by way of ICW1 and OCW1."
        in meaning(session, imr).who
    )
    session.close()


def test_what_writes_a_core_s_register_without_naming_it_is_its_last_write():
    session = running("rpi4", "timer-callbacks", 1_100)
    assert last(session, RegisterReference("core 0", "", "ELR_EL1")).startswith(
        "IRQ taken, from 0x"
    )
    session.next_interrupt()
    at = f"{session.machine.now / 1e9:.3f}"
    assert at in last(session, RegisterReference("core 0", "", "SPSR_EL1"))
    session.close()
