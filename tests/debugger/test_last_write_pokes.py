"""Who wrote it last, where that was a poke: of the scenario, on the command line, by a person."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moments import spot

from kerneltui.debugger import history as history_module
from kerneltui.debugger.ear import By
from kerneltui.debugger.last_write import find_last_writes, last_write
from kerneltui.scenarios.changes import Changes
from kerneltui.scenarios.scenario import open_session

S, MS = 1_000_000_000, 1_000_000
HEAD = "title: t\nprogram: timer-callbacks\ntimeouts: [{every: 100ms, print: x}]\npokes:\n"
PLACES = {
    "GICC_PMR": ("rpi4", "gic", "GICC", "GICC_PMR", 0xF0),
    "the same by its address": ("rpi4", "gic", "GICC", "GICC_PMR", 0xF0),
    "one field": ("rpi4", "gic", "GICD", "GICD_ISENABLER0", 1 << 29),
    "its other face": ("rpi4", "gic", "GICD", "GICD_ICENABLER0", 1 << 29),
    "a timer of the core": ("rpi3", "timer", "GENERIC_TIMER", "CNTV_CTL_EL0", 1 << 1),
    "DAIF": ("rpi4", "core 0", "", "DAIF", 1 << 6),
    "RFLAGS": ("x86", "core 0", "", "RFLAGS", 1 << 9),
    "behind a window": ("x86", "ioapic0", "IO_APIC_INDIRECT", "IOREDTBL2_LOW", 1 << 16),
    "by the window": ("x86", "ioapic0", "IO_APIC_INDIRECT", "IOREDTBL2_LOW", 1 << 16),
    "one of several at a port": ("x86", "pic", "I8259_MASTER", "IMR", 1),
    "behind the divisor latch": ("x86", "uart0", "NS16550", "DLM", 1),
    "the time-stamp counter": ("x86", "core 0", "", "IA32_TIME_STAMP_COUNTER", 1),
}
POKES = {
    "GICC_PMR": ("GICC_PMR=0x80", "GICC_PMR", 0x80),
    "the same by its address": ("0xFF842004=0x80", "GICC_PMR", 0x80),
    "one field": ("GICD_ISENABLER0.PPI[13]=1", "GICD_ISENABLER0", 1 << 29),
    "its other face": ("GICD_ISENABLER0.PPI[13]=1", "GICD_ISENABLER0", 1 << 29),
    "a timer of the core": ("CNTV_CTL_EL0.IMASK=1", "CNTV_CTL_EL0", 2),
    "DAIF": ("DAIF=0x40", "DAIF", 0x40),
    "RFLAGS": ("RFLAGS.IF=1", "RFLAGS", 0x200),
    "behind a window": ("ioapic0/IOREDTBL2_LOW.MASK=1", "IOREDTBL2_LOW", 0x10000),
    "by the window": ("ioapic0/IOWIN=0x10000", "IOREDTBL2_LOW", 0x10000),
    "one of several at a port": ("I8259_MASTER/IMR=0xff", "OCW1", 0xFF),
    "behind the divisor latch": ("DLM=1", "DLM", 1),
    "the time-stamp counter": ("IA32_TIME_STAMP_COUNTER=77", "IA32_TIME_STAMP_COUNTER", 77),
}


def before(name):
    """What has to be poked first: the window has to show the register."""
    return ["ioapic0/IOREGSEL=0x14"] if name == "by the window" else []


def found_at(session, place):
    _, owner, window, register, mask = place
    return last_write(session.history, owner, spot(session, owner, window, register, mask))


def checked(session, name, by, t_ns):
    text, register, value = POKES[name]
    found = found_at(session, PLACES[name])
    assert (found.by, found.t_ns, found.register, found.core) == (by, t_ns, register, 0), text
    assert found.value & value == value
    assert (found.function, found.file, found.line) == ("", "", 0)
    *_, event = (event for event in session.recorder.events if event[3] == "poke")
    assert (found.step, found.t_ns) == event[:2]
    return found


# The kernel saves and restores the masks of DAIF and RFLAGS in each interrupt: just after the poke.
AT_NS = 1_050 * MS
SOON = 1_000


@pytest.mark.parametrize("name", POKES)
def test_of_the_command_line(name):
    pokes = (f"1s:{first}" for first in before(name))
    pokes = (*pokes, f"1050ms:{POKES[name][0]}")
    session = open_session(PLACES[name][0], "timer-callbacks", Changes(pokes=pokes))
    session.boot()
    session.run_until(AT_NS + SOON)
    checked(session, name, By.POKE, AT_NS)
    session.close()


@pytest.mark.parametrize("name", POKES)
def test_of_the_scenario(name, tmp_path):
    path = tmp_path / "mine.yaml"
    lines = [f"  - {{at: 1s, store: {first!r}}}\n" for first in before(name)]
    path.write_text(HEAD + "".join(lines) + f"  - {{at: 1050ms, store: {POKES[name][0]!r}}}\n")
    session = open_session(PLACES[name][0], str(path))
    session.boot()
    session.run_until(AT_NS + SOON)
    checked(session, name, By.SCENARIO, AT_NS)
    session.close()


@pytest.mark.parametrize("name", POKES)
def test_of_a_person(name):
    session = open_session(PLACES[name][0], "timer-callbacks")
    session.boot()
    # Nothing runs between: the checkpoint of this very moment was made before the poke.
    for text in (*before(name), POKES[name][0]):
        session.poke(text, 0)
    checked(session, name, By.POKE, session.machine.now)
    session.run_until(session.machine.now + SOON)
    session.run_until(session.machine.now + 500 * MS)
    poked_at = session.typed[-1].position
    if name not in {"DAIF", "RFLAGS"}:
        assert checked(session, name, By.POKE, poked_at.now_ns).by is By.POKE
    earlier = found_at(session, PLACES[name])
    session.go_to(poked_at)
    assert checked(session, name, By.POKE, poked_at.now_ns).t_ns <= earlier.t_ns
    session.go_to_reset()
    assert found_at(session, PLACES[name]).by is By.RESET
    session.close()


def test_a_poke_amid_an_instruction_is_no_store_of_the_kernels(tmp_path):
    """While a core computes or stores, the scenario's poke is due: the core is not who wrote."""
    path = tmp_path / "mine.yaml"
    path.write_text(HEAD + "  - {at: 1us, store: 'GICD_ISENABLER0.PPI[13]=1'}\n")
    session = open_session("rpi4", str(path))
    session.boot()
    place = ("rpi4", "gic", "GICD", "GICD_ISENABLER0", 1 << 29)
    found = found_at(session, place)
    assert (found.by, found.t_ns) == (By.SCENARIO, 1_000)
    session.close()


def test_a_store_after_the_poke_is_the_kernels():
    session = open_session("rpi4", "timer-callbacks", Changes(pokes=("1us:GICC_PMR=0",)))
    session.boot()
    found = found_at(session, PLACES["GICC_PMR"])
    assert (found.by, found.function) == (By.CODE, "Gicv2.init_core")
    session.close()


def test_a_poke_that_does_not_drive_the_bit_is_not_the_writer():
    session = open_session("rpi4", "timer-callbacks", Changes(pokes=("1s:GICD_ISENABLER0=0",)))
    session.boot()
    session.run_until(S + MS)
    assert found_at(session, PLACES["one field"]).by is By.RESET
    session.close()


def test_a_poke_of_another_core_is_told_with_that_core():
    session = open_session("rpi4", "ipi", Changes(pokes=("50ms:core2/GICC_PMR=0x80",)))
    session.boot()
    session.run_until(60 * MS)
    for cpu, by in ((1, By.CODE), (2, By.POKE)):
        place = spot(session, "gic", "GICC", "GICC_PMR", 0xF0, cpu)
        found = last_write(session.history, "gic", place)
        assert (found.by, found.core) == (by, cpu)
    session.close()


# -- any story of pokes ----------------------------------------------------------------------------

BITS = (27, 28, 29)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["GICD_ISENABLER0", "GICD_ICENABLER0", "GICC_PMR"]),
        st.integers(0, 7),
        st.integers(0, 3).map(lambda count: count * 30 * MS),
    ),
    min_size=1,
    max_size=8,
)


def told_by(deeds, bit):
    """The last of some pokes that has written an enable bit; of None, the priority mask."""
    writers = [
        at_ns
        for at_ns, name, value in deeds
        if (name == "GICC_PMR" if bit is None else name != "GICC_PMR" and value >> bit & 1)
    ]
    return writers[-1] if writers else None


@settings(max_examples=25, deadline=None)
@given(STEPS, st.integers(0, 7), st.booleans())
def test_a_story_of_pokes(story, shown, cut):
    """One search for several places at once, at any moment; pokes in the past cut the story."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(history_module, "EVERY", 40)
        patch.setattr(history_module, "SHARE", 0)
        session = open_session("rpi4", "timer-callbacks")
        session.boot()
        deeds = []
        for name, bits, pause in story:
            value = 0xF8 if name == "GICC_PMR" else bits << 27
            session.poke(f"{name}={value:#x}", 0)
            deeds.append((session.machine.now, name, value))
            session.run_until(session.machine.now + pause)
        session.run_until(session.machine.now + 150 * MS)
        moment = deeds[min(shown, len(deeds) - 1)][0]
        session.go_to_time(moment)
        if cut:
            deeds = [deed for deed in deeds if deed[0] <= moment]
            deeds = deeds[: session.history._main.given]
            session.poke("GICD_ISENABLER0=0x20000000", 0)
            deeds.append((session.machine.now, "GICD_ISENABLER0", 1 << 29))
            session.run_until(moment + 500 * MS)
        known = deeds[: session.history._main.given]
        places = [
            *(("gic", spot(session, "gic", "GICD", "GICD_ISENABLER0", 1 << bit)) for bit in BITS),
            ("gic", spot(session, "gic", "GICC", "GICC_PMR", 0xF0)),
        ]
        search = find_last_writes(session.history, places)
        try:
            while True:
                next(search)
        except StopIteration as end:
            found = end.value
        for bit, write in zip((*BITS, None), found, strict=True):
            at_ns = told_by(known, bit)
            if at_ns is not None:
                assert (write.by, write.t_ns) == (By.POKE, at_ns)
            else:
                assert write.by is (By.CODE if bit is None else By.RESET)
        session.close()


def test_a_story_that_was_cut_behind_a_checkpoint_on_the_way(monkeypatch):
    """Who goes on from there has not seen what came before it since the last regular one."""
    monkeypatch.setattr(history_module, "EVERY", 10**9)
    session = open_session("rpi4", "timer-callbacks")
    session.boot()
    history = session.history

    def take_a_checkpoint_at(now_ns):
        history._next_work = 0
        session.run_until(now_ns)
        history._next_work = 10**9

    session.run_until(500 * MS)
    session.poke("GICC_PMR=0xf8", 0)
    session.run_until(1_500 * MS)
    session.go_to_time(1_300 * MS)
    history._keep_close()
    session.run_until(1_350 * MS)
    later = session.here
    session.go_to_end()
    take_a_checkpoint_at(1_600 * MS)
    session.go_to(later)
    session.poke("GICD_ISENABLER0=0x20000000", 0)
    take_a_checkpoint_at(1_700 * MS)
    session.run_until(1_800 * MS)
    assert len(history._past.checkpoints) == 2
    found = found_at(session, PLACES["GICC_PMR"])
    assert (found.by, found.t_ns) == (By.POKE, 500 * MS)
    session.close()
