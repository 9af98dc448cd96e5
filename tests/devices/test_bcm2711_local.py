"""The local block of the BCM2711: BCM2711 ARM Peripherals, 6.5.2.

What it shares with the BCM2836 is tested in test_bcm2836_local_ic.py; here is that it does share
it, by its own names, and what differs.
"""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerneltui.devices.bcm import bcm2836_local_ic
from kerneltui.devices.bcm.bcm2711_local import Bcm2711Local
from kerneltui.devices.bcm.bcm2836_local_ic import Bcm2836LocalIc
from kerneltui.hw.clock import Clock
from kerneltui.hw.rule import first_shut

NAMES = {
    0x00: "ARM_CONTROL", 0x08: "CORE_TIMER_PRESCALER", 0x0C: "CORE_IRQ_CONTROL",
    0x10: "PMU_CONTROL_SET", 0x14: "PMU_CONTROL_CLR", 0x24: "PERI_IRQ_ROUTE0",
    0x30: "AXI_QUIET_TIME", 0x34: "LOCAL_TIMER_CONTROL", 0x38: "LOCAL_TIMER_IRQ",
    0x40: "TIMER_CNTRL0", 0x4C: "TIMER_CNTRL3", 0x50: "MAILBOX_CNTRL0", 0x60: "IRQ_SOURCE0",
    0x7C: "FIQ_SOURCE3", 0x80: "MBOX_SET0", 0xBC: "MBOX_SET15", 0xC0: "MBOX_CLR0",
    0xFC: "MBOX_CLR15",
}  # fmt: skip
TIMER_CNTRL, IRQ_SOURCE, FIQ_SOURCE, MBOX_SET, MBOX_CLR = 0x40, 0x60, 0x70, 0x80, 0xC0
each_core = pytest.mark.parametrize("core", range(4))


def make(cls=Bcm2711Local):
    return cls("local", bcm2836_local_ic.Config(), Clock(), 4)


@pytest.fixture
def local():
    return make()


def up(local):
    return {
        (kind, core) for kind in ("irq", "fiq") for core in range(4)
        if local.outputs[kind][core].level
    }  # fmt: skip


def test_the_registers_have_the_names_of_the_manual(local):
    found = {slot.offset: slot.name for slot in local.regs.slots()}
    assert {offset: found[offset] for offset in NAMES} == NAMES


@each_core
@pytest.mark.parametrize(("pin", "source"), [("gpu-irq", "irq"), ("gpu-fiq", "fiq")])
def test_each_core_has_a_request_of_its_own_from_the_legacy_controller(local, core, pin, source):
    line = local.input(pin, 0, core)
    line(True)
    assert up(local) == {(source, core)}
    at = IRQ_SOURCE if source == "irq" else FIQ_SOURCE
    assert [local.regs.read(at + 4 * n) for n in range(4)] == [
        0x100 if n == core else 0 for n in range(4)
    ]
    local.regs.write(0x0C, 0xFF)
    assert up(local) == {(source, core)}
    line(False)
    assert up(local) == set()


@each_core
def test_the_generic_timer_is_routed_by_core(local, core):
    local.input("cntpnsirq", 0, core)(True)
    assert up(local) == set()
    local.regs.write(TIMER_CNTRL + 4 * core, 0x2)
    assert (up(local), local.regs.read(IRQ_SOURCE + 4 * core)) == ({("irq", core)}, 0x2)
    local.regs.write(TIMER_CNTRL + 4 * core, 0x22)
    assert (up(local), local.regs.read(FIQ_SOURCE + 4 * core)) == ({("fiq", core)}, 0x2)


def test_mailboxes_interrupt_the_core_that_they_belong_to(local):
    local.regs.write(0x58, 0x1)
    local.regs.write(MBOX_SET + 4 * 8, 0xF0)
    assert (up(local), local.regs.read(MBOX_CLR + 4 * 8)) == ({("irq", 2)}, 0xF0)
    local.regs.write(MBOX_CLR + 4 * 8, 0xF0)
    assert up(local) == set()


def test_the_gates_name_its_own_registers(local):
    (way, _) = local.passages(1, 3)
    shut = [gate.register for gate in way.gates if not gate.open]
    assert shut == ["cntpnsirq", "TIMER_CNTRL3"]
    (own,) = local.own_causes(4, 2)
    assert own.gates[0].register == "MBOX_CLR8"


STORES = st.tuples(
    st.sampled_from((0x10, 0x14, 0x24, 0x30, 0x34, 0x38, 0x40, 0x44, 0x50, 0x5C, 0x80, 0x90, 0xC0)),
    st.sampled_from((0, 1, 2, 0x11, 0x22, 0xFF, 0x3000_0010, 0x8000_0000, 0xC000_0000)),
)
PINS = st.tuples(st.sampled_from(("cntpsirq", "cntvirq", "pmu", "axi")), st.booleans())


@given(st.lists(st.one_of(STORES, PINS), max_size=30))
def test_it_does_what_the_block_of_the_bcm2836_does(actions):
    local, other = make(), make(Bcm2836LocalIc)
    for first, second in actions:
        for one in (local, other):
            if isinstance(first, str):
                one.input(first, 0, 1)(second)
            else:
                one.regs.write(first, second)
            one.clock.advance(one.clock.now + 100)
        assert up(local) == up(other)
        for offset in (*range(0x10, 0x18, 4), *range(0x24, 0x100, 4)):
            assert local.regs.peek(offset) == other.regs.peek(offset)
        for core in range(4):
            ways = [way for number in range(12) for way in local.passages(number, core)]
            ways += local.passages("gpu-fiq", core)
            for kind in ("irq", "fiq"):
                held = any(first_shut(way.gates) is None for way in ways if way.output == kind)
                assert local.outputs[kind][core].level == held
    assert up(pickle.loads(pickle.dumps(local))) == up(local)
