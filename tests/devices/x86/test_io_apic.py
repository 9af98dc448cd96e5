"""I/O APIC: the window, the redirection table, edges, levels and their end."""

import pickle

import pytest
from apic_bench import EXTINT, INIT, LOWEST, NMI, SMI, STARTUP, Bench
from hypothesis import given, settings
from hypothesis import strategies as st

from kerneltui.devices.x86.io_apic import Config, IoApic
from kerneltui.hw.clock import Clock
from kerneltui.hw.rule import first_shut
from kerneltui.machine.state import State

SELECT, WINDOW, EOIR = 0x00, 0x10, 0x40
LOGICAL, LOW_ACTIVE, REMOTE_IRR, LEVEL, MASKED = 1 << 11, 1 << 13, 1 << 14, 1 << 15, 1 << 16
SEND_PENDING = 1 << 12


class Messages:
    """Takes what the I/O APIC sends, in place of local APICs."""

    name = "lapic"

    def __init__(self):
        self.sent = []
        self.accepts = True

    def deliver(self, vector, mode, level_triggered, destination, logical):
        self.sent.append((vector, mode, level_triggered, destination, logical))
        return self.accepts

    def reaches(self, cpu, destination, logical):
        return cpu == destination

    def is_chosen(self, cpu, mode, destination, logical):
        return True


class IoBench:
    def __init__(self, **config):
        self.apic = IoApic("ioapic", Config(**config), Clock(), 2)
        self.messages = Messages()
        self.apic.connect(self.messages)

    def read(self, index):
        self.apic.regs.write(SELECT, index)
        return self.apic.regs.read(WINDOW)

    def write(self, index, value):
        self.apic.regs.write(SELECT, index)
        self.apic.regs.write(WINDOW, value)

    def entry(self, pin):
        return self.read(0x10 + 2 * pin)

    def route(self, pin, low, destination=0):
        self.write(0x11 + 2 * pin, destination << 24)
        self.write(0x10 + 2 * pin, low)

    def gates(self, gsi, cpu):
        (passage,) = self.apic.passages(gsi, cpu)
        return passage.gates

    def pin(self, number, level):
        self.apic.input("pin", number)(level)

    def sent(self):
        vectors = [message[0] for message in self.messages.sent]
        self.messages.sent.clear()
        return vectors


def test_reset_masks_every_pin():
    bench = IoBench()
    assert [bench.entry(pin) for pin in range(24)] == [MASKED] * 24
    assert [bench.read(0x11 + 2 * pin) for pin in range(24)] == [0] * 24
    assert bench.read(0x40) == 0, "there is no 25th entry"


@pytest.mark.parametrize(
    ("config", "value"),
    [({}, 0x0017_0020), ({"version": 0x11, "pins": 16}, 0x000F_0011), ({"pins": 120}, 0x0077_0020)],
)
def test_the_version_tells_how_many_pins_there_are(config, value):
    bench = IoBench(**config)
    assert bench.read(1) == value
    bench.write(1, 0)
    assert bench.read(1) == value
    last = config.get("pins", 24) - 1
    bench.route(last, 0x55)
    assert bench.entry(last) == 0x55


def test_the_arbitration_id_follows_the_id():
    bench = IoBench()
    bench.write(0, 0xFFFF_FFFF)
    assert (bench.read(0), bench.read(2)) == (0x0F00_0000, 0x0F00_0000)
    bench.write(2, 0)
    assert bench.read(2) == 0x0F00_0000


def test_the_select_register_keeps_eight_bits():
    bench = IoBench()
    bench.apic.regs.write(SELECT, 0xABC1)
    assert bench.apic.regs.read(SELECT) == 0xC1


def test_status_bits_of_an_entry_cannot_be_written():
    bench = IoBench()
    bench.route(3, 0xFFFF_FFFF, 0xA5)
    assert (bench.entry(3), bench.read(0x17)) == (0x0001_AFFF, 0xA500_0000)


def test_a_message_says_all_that_the_entry_says():
    bench = IoBench()
    bench.route(4, LEVEL | LOGICAL | LOWEST << 8 | 0x93, 0x0C)
    bench.route(5, LOW_ACTIVE | NMI << 8, 1)
    bench.pin(4, True)
    bench.pin(5, True)
    assert bench.messages.sent == [(0x93, LOWEST, True, 0x0C, True), (0, NMI, False, 1, False)]


def test_an_edge_is_sent_each_time_and_leaves_nothing_behind():
    bench = IoBench()
    bench.route(4, 0x44)
    for level in (True, True, False, True):
        bench.pin(4, level)
    assert bench.sent() == [0x44, 0x44]
    assert bench.entry(4) == 0x44


def test_an_edge_at_a_masked_pin_is_neither_delivered_nor_held_pending():
    bench = IoBench()
    bench.route(4, MASKED | 0x44)
    bench.pin(4, True)
    bench.route(4, 0x44)
    assert bench.sent() == []
    bench.pin(4, False)
    bench.pin(4, True)
    assert bench.sent() == [0x44]


def test_a_level_is_sent_once_until_its_end():
    bench = IoBench()
    bench.route(9, LEVEL | 0x59)
    bench.pin(9, True)
    assert bench.entry(9) == LEVEL | REMOTE_IRR | 0x59
    bench.pin(9, False)
    bench.pin(9, True)
    assert bench.sent() == [0x59], "the local APIC has not ended it"
    bench.apic.eoi(0x58)
    assert bench.sent() == [], "that was another vector"
    bench.apic.eoi(0x59)
    assert (bench.sent(), bench.entry(9) & REMOTE_IRR) == ([0x59], REMOTE_IRR)
    bench.pin(9, False)
    bench.apic.eoi(0x59)
    assert (bench.sent(), bench.entry(9)) == ([], LEVEL | 0x59)


def test_a_level_at_a_masked_pin_is_sent_when_it_is_unmasked_and_still_there():
    bench = IoBench()
    bench.route(9, MASKED | LEVEL | 0x59)
    bench.pin(9, True)
    bench.pin(9, False)
    bench.route(9, LEVEL | 0x59)
    assert bench.sent() == []
    bench.route(9, MASKED | LEVEL | 0x59)
    bench.pin(9, True)
    bench.route(9, LEVEL | 0x59)
    assert bench.sent() == [0x59]


def test_masking_does_not_take_back_what_was_accepted():
    bench = IoBench()
    bench.route(9, LEVEL | 0x59)
    bench.pin(9, True)
    bench.route(9, MASKED | LEVEL | 0x59)
    assert bench.entry(9) == MASKED | LEVEL | REMOTE_IRR | 0x59
    bench.apic.eoi(0x59)
    assert (bench.sent(), bench.entry(9)) == ([0x59], MASKED | LEVEL | 0x59)
    bench.route(9, LEVEL | 0x59)
    assert bench.sent() == [0x59]


def test_one_end_serves_all_entries_with_its_vector():
    bench = IoBench()
    for pin in (8, 9, 10):
        bench.route(pin, LEVEL | (0x61 if pin == 10 else 0x59))
        bench.pin(pin, True)
    bench.pin(8, False)
    bench.sent()
    bench.apic.eoi(0x59)
    assert bench.sent() == [0x59]
    assert [bench.entry(pin) & REMOTE_IRR for pin in (8, 9, 10)] == [0, REMOTE_IRR, REMOTE_IRR]


@pytest.mark.parametrize(("version", "sent"), [(0x20, [0x59]), (0x11, [])])
def test_the_eoi_register_came_with_version_20h(version, sent):
    bench = IoBench(version=version)
    bench.route(9, LEVEL | 0x59)
    bench.pin(9, True)
    bench.sent()
    bench.apic.regs.write(EOIR, 0xFFFF_FF59)
    assert bench.sent() == sent
    assert bench.apic.regs.read(EOIR) == 0


def test_software_ends_a_level_by_making_it_an_edge_for_a_moment():
    """How drivers do without the EOI register: mask and edge, then level again."""
    bench = IoBench(version=0x11)
    bench.route(9, LEVEL | 0x59)
    bench.pin(9, True)
    bench.route(9, MASKED | 0x59)
    assert bench.entry(9) == MASKED | 0x59
    bench.route(9, LEVEL | 0x59)
    assert bench.sent() == [0x59, 0x59]


def test_global_system_interrupts_begin_at_the_base():
    bench = IoBench(gsi_base=24, pins=8)
    bench.route(2, 0x42)
    bench.apic.input("gsi", 26)(True)
    assert bench.sent() == [0x42]
    assert bench.apic.interrupts(0)[2].source == "GSI 26"
    for pin, number in (("gsi", 23), ("gsi", 32), ("pin", 8), ("irq", 0)):
        with pytest.raises(ValueError, match=r"'pin' 0-7 and 'gsi' 24-31"):
            bench.apic.input(pin, number)


def test_a_configuration_must_make_sense():
    for wrong in ({"pins": 0}, {"pins": 121}, {"version": 256}, {"gsi_base": -1}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Config(**wrong)


def test_gates_and_the_view_of_a_pin():
    bench = IoBench()
    bench.route(9, MASKED | LEVEL | 0x59, destination=1)
    assert [gate.name for gate in bench.gates(9, 1) if not gate.open] == ["line", "let through"]
    bench.pin(9, True)
    gate = first_shut(bench.gates(9, 1))
    assert (gate.register, gate.field, gate.value) == ("IOREDTBL9_LOW", "MASK", 1)
    assert bench.apic.interrupts(0)[9].pending
    bench.route(9, LEVEL | 0x59, destination=1)
    gate = first_shut(bench.gates(9, 1))
    assert (gate.field, gate.value) == ("REMOTE_IRR", 1)
    assert "0x59" in gate.needs
    gate = next(gate for gate in bench.gates(9, 0) if gate.name == "destination")
    assert (gate.open, gate.register, gate.field, gate.value) == (
        False, "IOREDTBL9_HIGH", "DESTINATION", 1,
    )  # fmt: skip
    state = bench.apic.interrupts(0)[9]
    assert (state.line, state.enabled, state.pending, state.active) == (True, True, False, True)
    assert (state.priority, state.targets, state.trigger, state.pin) == (5, (1,), "level", "gsi 9")
    with pytest.raises(ValueError, match="GSIs 0 to 23"):
        bench.apic.passages(24, 0)


@pytest.mark.parametrize("mode", [NMI, INIT])
def test_nmi_and_init_are_edges_whatever_the_trigger_mode_says(mode):
    bench = IoBench()
    bench.route(5, MASKED | LEVEL | mode << 8)
    bench.pin(5, True)
    bench.route(5, LEVEL | mode << 8)
    assert bench.sent() == [], "the edge came while the pin was masked"
    for level in (False, True, False, True):
        bench.pin(5, level)
    assert bench.messages.sent == [(0, mode, False, 0, False)] * 2
    assert bench.entry(5) == LEVEL | mode << 8
    state = bench.apic.interrupts(0)[5]
    assert (state.trigger, state.active, state.pending) == ("edge", None, False)


def test_an_entry_that_becomes_an_nmi_has_no_level_in_service():
    bench = IoBench()
    bench.route(5, LEVEL | 0x55)
    bench.pin(5, True)
    bench.route(5, LEVEL | NMI << 8 | 0x55)
    assert bench.entry(5) == LEVEL | NMI << 8 | 0x55
    bench.pin(5, False)
    bench.pin(5, True)
    assert bench.sent() == [0x55, 0x55]


@pytest.mark.parametrize("mode", [3, STARTUP])
@pytest.mark.parametrize("trigger", [0, LEVEL])
def test_the_reserved_delivery_modes_reach_nobody(mode, trigger):
    bench = IoBench()
    bench.route(5, trigger | mode << 8 | 0x55)
    bench.pin(5, True)
    assert bench.sent() == []
    assert not bench.entry(5) & REMOTE_IRR


def test_remote_irr_waits_for_a_local_apic_to_accept():
    bench = IoBench()
    bench.messages.accepts = False
    bench.route(9, LEVEL | 0x59)
    bench.pin(9, True)
    assert (bench.sent(), bench.entry(9)) == ([0x59], LEVEL | SEND_PENDING | 0x59)
    bench.messages.accepts = True
    bench.apic.retry()
    assert (bench.sent(), bench.entry(9)) == ([0x59], LEVEL | REMOTE_IRR | 0x59)
    bench.apic.retry()
    assert bench.sent() == [], "once accepted it is not sent again"


def test_a_level_that_falls_before_anybody_accepts_it_is_gone():
    bench = IoBench()
    bench.messages.accepts = False
    bench.route(9, LEVEL | 0x59)
    bench.pin(9, True)
    bench.pin(9, False)
    bench.messages.accepts = True
    bench.sent()
    bench.apic.retry()
    assert (bench.sent(), bench.entry(9)) == ([], LEVEL | 0x59)


def test_a_masked_level_is_not_pending_and_not_tried_again():
    bench = IoBench()
    bench.messages.accepts = False
    bench.route(9, LEVEL | 0x59)
    bench.pin(9, True)
    bench.route(9, MASKED | LEVEL | 0x59)
    bench.sent()
    bench.apic.retry()
    assert (bench.sent(), bench.entry(9)) == ([], MASKED | LEVEL | 0x59)


def test_an_edge_that_nobody_accepts_is_lost():
    bench = IoBench()
    bench.messages.accepts = False
    bench.route(4, 0x44)
    bench.pin(4, True)
    bench.messages.accepts = True
    bench.sent()
    bench.apic.retry()
    assert (bench.sent(), bench.entry(4)) == ([], 0x44)


def test_a_refused_level_goes_to_the_destination_that_is_written_next():
    bench = IoBench()
    bench.messages.accepts = False
    bench.route(9, LEVEL | 0x59, destination=7)
    bench.pin(9, True)
    bench.messages.accepts = True
    bench.write(0x11 + 2 * 9, 1 << 24)
    assert bench.messages.sent[-1] == (0x59, 0, True, 1, False)
    assert bench.entry(9) & REMOTE_IRR


def test_without_local_apics_nothing_is_accepted():
    chip = IoApic("ioapic", Config(), Clock())
    chip.indirect.write(0x10 + 2 * 9, LEVEL | 0x59)
    chip.input("pin", 9)(True)
    assert chip.indirect.read(0x10 + 2 * 9) == LEVEL | SEND_PENDING | 0x59


@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize("trigger", [0, LEVEL])
def test_a_narrow_store_through_the_window_changes_its_own_lanes_of_the_selected_entry(
    size, trigger
):
    bench = IoBench()
    bench.route(9, MASKED | trigger | 0x59)
    bench.route(10, MASKED | 0x77, destination=0xA5)
    bench.apic.regs.write(SELECT, 0x10 + 2 * 9)
    bench.apic.regs.write(WINDOW + 2, 0, size)
    assert bench.entry(9) == trigger | 0x59
    bench.apic.regs.write(WINDOW, (trigger | 0x161) & (1 << 8 * size) - 1, size)
    assert bench.entry(9) == trigger | (0x161 if size == 2 else 0x61)
    assert (bench.entry(10), bench.read(0x11 + 2 * 10)) == (MASKED | 0x77, 0xA5 << 24)


def test_a_narrow_store_that_drives_no_vector_ends_nothing():
    bench = IoBench()
    bench.route(9, LEVEL | 0x20)
    bench.route(10, LEVEL | 0x00)
    bench.pin(9, True)
    bench.pin(10, True)
    bench.sent()
    bench.apic.regs.write(EOIR + 1, 0x20, 1)
    assert bench.sent() == []
    bench.apic.regs.write(EOIR, 0x20, 1)
    assert bench.sent() == [0x20]


# -- with local APICs ---------------------------------------------------------------------------


class Pair(IoBench):
    """An I/O APIC and the local APICs of two cores."""

    def __init__(self):
        super().__init__()
        self.local = Bench(cpus=2)
        self.apic.connect(self.local.apic)
        self.local.apic.eoi_listeners.append(self.apic.eoi)


def test_a_level_reaches_the_core_again_after_each_end_until_the_device_lets_go():
    pair = Pair()
    pair.route(9, LEVEL | 0x59, destination=1)
    pair.pin(9, True)
    for _ in range(3):
        assert (pair.local.intr(0), pair.local.take(1)) == (False, 0x59)
        assert not pair.local.intr(1)
        pair.local.end_of_interrupt(1)
    pair.local.take(1)
    pair.pin(9, False)
    pair.local.end_of_interrupt(1)
    assert (pair.local.intr(1), pair.entry(9)) == (False, LEVEL | 0x59)


def test_extint_reaches_the_core_as_such():
    pair = Pair()
    pair.local.apic.external = pair.local.acknowledge_pic
    pair.route(0, EXTINT << 8)
    pair.pin(0, True)
    assert pair.local.take() == 0x28


@pytest.mark.parametrize("mode", [SMI, EXTINT])
def test_a_level_of_a_mode_that_has_no_vector_is_accepted_by_an_apic_that_is_on(mode):
    pair = Pair()
    pair.route(9, LEVEL | mode << 8)
    pair.pin(9, True)
    assert pair.entry(9) == LEVEL | REMOTE_IRR | mode << 8


def refused(**changes):
    """A level at pin 9 that no local APIC accepts, for one reason."""
    pair = Pair()
    low, destination = changes.get("low", 0x59), changes.get("destination", 1)
    for name, value in changes.get("apic", {}).items():
        pair.local.write(name, value, 1)
    pair.route(9, LEVEL | low, destination)
    pair.pin(9, True)
    assert pair.entry(9) & (REMOTE_IRR | SEND_PENDING) == SEND_PENDING
    return pair


def delivered(pair, cpu=1, vector=0x59):
    assert pair.local.bitmap("IRR", cpu) == {vector}
    assert pair.entry(9) & (REMOTE_IRR | SEND_PENDING) == REMOTE_IRR
    return pair.local.take(cpu) == vector


def test_a_software_disabled_apic_accepts_no_level_until_it_is_enabled():
    pair = refused(apic={"SVR": 0xFF})
    pair.local.write("TPR", 0, 1)
    assert not pair.local.intr(1)
    pair.local.write("SVR", 0x1FF, 1)
    assert delivered(pair)


def test_a_level_for_nobody_is_delivered_to_the_apic_that_gets_its_id():
    pair = refused(destination=5)
    pair.local.write("APIC_ID", 5 << 24, 1)
    assert delivered(pair)


@pytest.mark.parametrize(
    ("before", "name", "value"),
    [
        ({"LDR": 0x0200_0000}, "LDR", 0x0100_0000),
        ({"DFR": 0x0FFF_FFFF, "LDR": 0x2100_0000}, "DFR", 0xFFFF_FFFF),
    ],
)
def test_a_level_for_a_logical_destination_waits_for_an_apic_that_matches(before, name, value):
    pair = refused(low=LOGICAL | 0x59, apic=before)
    pair.local.write(name, value, 1)
    assert delivered(pair)


def test_of_an_empty_set_of_candidates_for_lowest_priority_none_accepts():
    pair = refused(low=LOWEST << 8 | 0x59, apic={"SVR": 0xFF})
    pair.local.write("SVR", 0x1FF, 1)
    assert delivered(pair)


def test_an_illegal_vector_is_accepted_by_nobody_until_the_entry_has_another():
    pair = refused(low=0x0F)
    assert pair.local.errors(1) == 1 << 6
    pair.route(9, LEVEL | 0x59, 1)
    assert delivered(pair)


def test_an_apic_that_is_off_accepts_nothing_until_it_is_on_and_enabled():
    pair = refused(apic={"IA32_APIC_BASE": 0xFEE0_0000})
    pair.local.write("IA32_APIC_BASE", 0xFEE0_0800, 1)
    assert not pair.entry(9) & REMOTE_IRR, "it comes back software disabled"
    pair.local.write("SVR", 0x1FF, 1)
    assert delivered(pair)


def test_one_apic_that_accepts_is_enough():
    pair = Pair()
    pair.local.write("SVR", 0xFF, 0)
    pair.route(9, LEVEL | 0x59, destination=0xFF)
    pair.pin(9, True)
    assert delivered(pair)


# -- promises -----------------------------------------------------------------------------------

pins = st.sampled_from([2, 9])
steps = st.one_of(
    st.tuples(st.just("pin"), pins, st.booleans()),
    st.tuples(st.just("route"), pins, st.sampled_from(
        [0x59, MASKED | 0x59, LEVEL | 0x59, LEVEL | MASKED | 0x59, LEVEL | 0x61])),
    st.tuples(st.just("eoi"), st.sampled_from([0x59, 0x61])),
)  # fmt: skip


def play(bench, step):
    kind, *rest = step
    if kind == "eoi":
        bench.apic.eoi(*rest)
    else:
        getattr(bench, kind)(*rest)


SEND = {"line", "let through", "last one ended"}
"""What lets a pin send; the others say who receives it as what."""


def is_open(bench, pin):
    """All gates of sending but that of the line, which an edge is about to open."""
    return all(gate.open for gate in bench.gates(pin, 0) if gate.name in SEND - {"line"})


@settings(max_examples=100)
@given(st.lists(steps, min_size=1, max_size=40))
def test_a_message_goes_out_iff_the_gates_were_open(history):
    bench = IoBench()
    high = {2: False, 9: False}
    for step in history:
        before = {pin: is_open(bench, pin) for pin in high}
        play(bench, step)
        sent = bench.sent()
        if step[0] == "pin":
            rises = step[2] and not high[step[1]]
            high[step[1]] = step[2]
            assert len(sent) == (rises and before[step[1]])
        for pin, level in high.items():
            states = bench.apic.interrupts(0)[pin]
            if states.trigger == "level" and level:
                gates = [gate for gate in bench.gates(pin, 0) if gate.name in SEND]
                assert first_shut(gates) is not None, "sent, so not open"


entries = st.builds(
    lambda vector, mode, logical, low: vector | mode << 8 | logical | low,
    st.sampled_from([0x0F, 0x10, 0x59, 0x61]),
    st.sampled_from([0, 0, 0, LOWEST, LOWEST, SMI, 3, NMI, STARTUP, EXTINT]),
    st.sampled_from([0, LOGICAL]),
    st.sampled_from([0, LEVEL, MASKED, LEVEL | MASKED]),
)
local_pokes = st.one_of(
    st.tuples(st.just("TPR"), st.sampled_from([0, 0x40, 0x80]), st.integers(0, 1)),
    st.tuples(st.just("SVR"), st.sampled_from([0x1FF, 0x1FF, 0xFF]), st.integers(0, 1)),
    st.tuples(st.just("LDR"), st.sampled_from([1 << 24, 2 << 24, 3 << 24]), st.integers(0, 1)),
    st.tuples(st.just("IA32_APIC_BASE"), st.just(0xFEE0_0000), st.just(1)),
)


def arrivals(low, destination, pokes, up):
    """Of an edge at pin 9: for each core whether it gets it now, and whether all gates are open.

    An APIC that is off or disabled takes nothing: that is told by its own gates.
    """
    pair = Pair()
    for cpu in (0, 1):
        pair.local.write("LDR", 1 << 24 + cpu, cpu)
    for poke in pokes:
        pair.local.write(*poke)
    if up:
        pair.pin(9, True)
    pair.route(9, low, destination)
    pair.pin(9, False)
    for cpu in (0, 1):
        if up:
            pair.local.take(cpu)
    enabled = [pair.local.peek("SVR", cpu) & 0x100 != 0 for cpu in (0, 1)]
    before = [pair.local.bitmap("IRR", cpu) for cpu in (0, 1)]
    found = []
    for cpu in (0, 1):
        (passage,) = pair.apic.passages(9, cpu)
        others = [gate for gate in passage.gates if gate.name != "line"]
        told = first_shut(others) is None and enabled[cpu]
        found.append((passage, told))
    pair.pin(9, True)
    for cpu, (passage, told) in enumerate(found):
        came = pair.local.bitmap("IRR", cpu) - before[cpu]
        if told:
            assert passage.message == ("lapic", low & 0xFF)
        yield bool(came), told and low & 0xFF not in before[cpu]


@settings(max_examples=150)
@given(entries, st.sampled_from([0, 1, 2, 3, 7, 0xFF]), st.lists(local_pokes, max_size=4),
       st.booleans())  # fmt: skip
def test_a_core_gets_the_vector_iff_all_gates_are_open(low, destination, pokes, up):
    for came, told in arrivals(low, destination, pokes, up):
        assert came == told


@settings(max_examples=40)
@given(st.lists(steps, max_size=25), st.lists(steps, max_size=20))
def test_a_restored_copy_goes_on_alike_and_looking_changes_nothing(before, after):
    bench = IoBench()
    for step in before:
        play(bench, step)
    frozen, state = pickle.dumps(bench), State(bench)
    held = state.save()
    for file in bench.apic.files.values():
        for slot in file.slots():
            file.peek(slot.offset)
    bench.apic.interrupts(0)
    bench.gates(9, 1)
    assert state.save() == held
    copy = pickle.loads(frozen)
    for step in after:
        play(bench, step)
        play(copy, step)
    assert bench.messages.sent == copy.messages.sent
    assert [bench.entry(pin) for pin in range(24)] == [copy.entry(pin) for pin in range(24)]


def test_reset_forgets_the_table_and_keeps_the_wires():
    bench = IoBench()
    bench.route(9, LEVEL | 0x59)
    bench.write(0, 0x0300_0000)
    bench.pin(9, True)
    bench.sent()
    bench.apic.reset()
    assert (bench.entry(9), bench.read(0)) == (MASKED, 0)
    bench.route(9, LEVEL | 0x59)
    assert bench.sent() == [0x59], "the line is still up"
