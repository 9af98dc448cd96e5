"""The rules of Arm's and Broadcom's chips are their behaviour, and none of them can be missing."""

import pytest
from gic400_bench import Bench
from hypothesis import given
from hypothesis import strategies as st

from kerneltui.devices.arm import generic_timer, pl011
from kerneltui.devices.arm.generic_timer import GenericTimer
from kerneltui.devices.arm.gic400_distributor import Distributor
from kerneltui.devices.arm.gic400_interfaces import CpuInterfaces
from kerneltui.devices.arm.pl011 import Pl011
from kerneltui.devices.bcm import bcm2835_ic, bcm2836_local_ic, system_timer
from kerneltui.devices.bcm.bcm2835_ic import Bcm2835Ic
from kerneltui.devices.bcm.bcm2836_local_ic import Bcm2836LocalIc
from kerneltui.devices.bcm.system_timer import SystemTimer
from kerneltui.hw.clock import Clock
from kerneltui.hw.rule import first_shut, required
from kerneltui.hw.rule import tests_of as the_tests


def store(device, name, value, cpu=0):
    (slot,) = (slot for slot in device.regs.slots() if slot.name == name)
    device.regs.write(slot.key, value, slot.register.width // 8, cpu)


def shut(gates):
    return [gate.name for gate in gates if not gate.open]


def is_held(cause):
    return first_shut(cause.gates) is None


def without(monkeypatch, owner, table, rule, **derived):
    """Take a rule out of a table, and out of what is computed from it."""
    left = tuple(item for item in getattr(owner, table) if item is not rule)
    monkeypatch.setattr(owner, table, left)
    for name, compute in derived.items():
        monkeypatch.setattr(owner, name, compute(left))


def rules_of(*tables):
    return [
        pytest.param(owner, table, rule, id=f"{owner.__name__}-{rule.name}")
        for owner, table in tables
        for rule in getattr(owner, table)
    ]


# -- the GIC ---------------------------------------------------------------------------------------


def preempting(bench):
    bench.enable(33, priority=0x10)
    bench.line(33, True)
    assert bench.read("GICC_IAR") == 33
    bench.line(33, False)


def outranking(bench):
    bench.enable(33, priority=0x10)
    bench.line(33, True)


GIC_SHUTS = {
    "enabled": lambda bench: bench.set_bit("GICD_ICENABLER", 40),
    "group forwarded": lambda bench: bench.write("GICD_CTLR", 2),
    "targets this core": lambda bench: bench.write_byte(0x800, 40, 2),
    "pending": lambda bench: bench.line(40, False),
    "inactive": lambda bench: bench.set_bit("GICD_ISACTIVER", 40),
    "comes first": outranking,
    "passes the mask": lambda bench: bench.write("GICC_PMR", 0x80),
    "may pre-empt": preempting,
    "group signalled": lambda bench: bench.write("GICC_CTLR", 2),
}
"""What shuts each gate alone."""
GIC_TABLES = (
    (Distributor, "STANDING"), (Distributor, "MOVING"),
    (CpuInterfaces, "CHOICE"), (CpuInterfaces, "RULES"),
)  # fmt: skip
GIC_DERIVED = {
    "STANDING": {"STANDING_TESTS": the_tests}, "MOVING": {"MOVING_TESTS": the_tests},
    "RULES": {"TESTS": the_tests}, "CHOICE": {},
}  # fmt: skip


def gic_is_right(name):
    """Whether the GIC holds up interrupt 40 for that one reason, and says so."""
    bench = Bench(cpus=2)
    bench.enable(40)
    bench.line(40, True)
    if not bench.irq() or shut(bench.gates(40, 0)):
        return False
    GIC_SHUTS[name](bench)
    told = shut(bench.gates(40, 0)) == [name]
    return told and bench.read("GICC_IAR") != 40


@pytest.mark.parametrize(("owner", "table", "rule"), rules_of(*GIC_TABLES))
def test_each_rule_of_the_gic_is_needed(monkeypatch, owner, table, rule):
    assert gic_is_right(rule.name)
    without(monkeypatch, owner, table, rule, **GIC_DERIVED[table])
    assert not gic_is_right(rule.name)


# -- the generic timer -----------------------------------------------------------------------------

TIMER_SHUTS = {
    "enabled": ("CTL", 0), "let through": ("CTL", 3), "time reached": ("CVAL", 2),
}  # fmt: skip


def make_timer():
    return GenericTimer("timer", generic_timer.Config(frequency_hz=1_000_000), Clock(), 2)


def timer_is_right(name):
    timer = make_timer()
    store(timer, "CNTP_CVAL_EL0", 1)
    store(timer, "CNTP_CTL_EL0", 1)
    timer.clock.advance(1000)
    line = timer.outputs["cntpnsirq"][0]
    if not line.level or shut(timer.causes("cntpnsirq", 0)[0].gates):
        return False
    view, value = TIMER_SHUTS[name]
    store(timer, f"CNTP_{view}_EL0", value)
    return not line.level and shut(timer.causes("cntpnsirq", 0)[0].gates) == [name]


@pytest.mark.parametrize(("owner", "table", "rule"), rules_of((GenericTimer, "RULES")))
def test_each_rule_of_the_generic_timer_is_needed(monkeypatch, owner, table, rule):
    assert timer_is_right(rule.name)
    without(monkeypatch, owner, table, rule)
    left = [item for item in generic_timer.SWITCHES if item is not rule]
    bits, value = required(generic_timer.GENERIC_TIMER["CNTP_CTL_EL0"], left)
    monkeypatch.setattr(generic_timer, "CARED_FOR", bits)
    monkeypatch.setattr(generic_timer, "WANTED", value)
    assert not timer_is_right(rule.name)


TIMER_REGISTERS = [
    *(timer.register(view) for timer in generic_timer.TIMERS for view in ("CTL", "CVAL", "TVAL")),
    "CNTVOFF_EL2",
]  # fmt: skip
VALUES = [0, 1, 1, 1, 2, 3, 5, 40, 2**31, 2**32 - 3, 2**64 - 1]


@given(
    st.lists(
        st.one_of(
            st.tuples(st.sampled_from(TIMER_REGISTERS), st.sampled_from(VALUES), st.integers(0, 1)),
            st.tuples(st.just("time"), st.integers(0, 20_000), st.just(0)),
        ),
        max_size=25,
    )
)
def test_a_timers_line_is_up_exactly_when_its_gates_are_open(steps):
    timer = make_timer()
    for what, value, cpu in steps:
        if what == "time":
            timer.clock.advance(timer.clock.now + value)
        else:
            store(timer, what, value, cpu)
        for output, lines in timer.outputs.items():
            for core, line in enumerate(lines):
                (cause,) = timer.causes(output, core)
                assert is_held(cause) is line.level
                due = cause.gates[-1].due_ns
                assert due is None or due > timer.clock.now


# -- the system timer ------------------------------------------------------------------------------


def make_system_timer():
    return SystemTimer("st", system_timer.Config(), Clock())


def system_timer_is_right():
    """Quiet, it tells both what it waits for and where a match would show; then it matches."""
    timer = make_system_timer()
    store(timer, "C1", 5)
    (cause,) = timer.causes("match1", 0)
    told = [(gate.register, gate.field, gate.due_ns) for gate in cause.gates if not gate.open]
    if told != [("C1", "CMP", 5000), ("CS", "M1", 5000)]:
        return False
    timer.clock.advance(5000)
    return is_held(timer.causes("match1", 0)[0]) and timer.outputs["match1"][0].level


@pytest.mark.parametrize(("owner", "table", "rule"), rules_of((SystemTimer, "RULES")))
def test_each_rule_of_the_system_timer_is_needed(monkeypatch, owner, table, rule):
    assert system_timer_is_right()
    without(monkeypatch, owner, table, rule, TESTS=the_tests)
    assert not system_timer_is_right()


@given(
    st.lists(
        st.tuples(st.sampled_from(["C0", "C1", "C3", "CS", "time"]), st.integers(0, 15)),
        max_size=25,
    )
)
def test_a_match_line_is_up_exactly_when_its_gates_are_open(steps):
    timer = make_system_timer()
    for what, value in steps:
        if what == "time":
            timer.clock.advance(timer.clock.now + value * 1000)
        else:
            store(timer, what, value)
        for output, (line,) in timer.outputs.items():
            (cause,) = timer.causes(output, 0)
            assert is_held(cause) is line.level


# -- the UART --------------------------------------------------------------------------------------

ENABLED = 0x301
RECEIVE, TRANSMIT = 4, 5


def make_uart(control=ENABLED, mask=0x7FF):
    uart = Pl011("uart", pl011.Config(), Clock())
    store(uart, "UARTIBRD", 26)
    store(uart, "UARTLCR_H", 0x60)
    store(uart, "UARTCR", control)
    store(uart, "UARTIMSC", mask)
    return uart


UART_SHUTS = {
    "raised": (make_uart, "the receive interrupt", ["raised"]),
    "let through": (
        lambda: make_uart(mask=0), "the receive interrupt", ["raised", "let through"],
    ),
    "UART enabled": (
        lambda: make_uart(0x300), "the receive interrupt", ["UART enabled", "raised"],
    ),
    "receiver enabled": (
        lambda: make_uart(0x101), "the receive interrupt", ["receiver enabled", "raised"],
    ),
    "transmitter enabled": (
        lambda: make_uart(0x201), "the transmit interrupt", ["transmitter enabled", "raised"],
    ),
}  # fmt: skip


def uart_is_right(name):
    make, title, expected = UART_SHUTS[name]
    uart = make()
    (cause,) = (cause for cause in uart.causes("irq", 0) if cause.title == title)
    if shut(cause.gates) != expected:
        return False
    store(uart, "UARTDR", 0x41)
    uart.receive(0x41)
    uart.clock.advance(10_000_000)
    up = not {"let through"} & set(expected) and expected == ["raised"]
    line = uart.outputs["tx" if "transmit" in title else "rx"][0].level
    return line is up


@pytest.mark.parametrize(
    ("owner", "table", "rule"),
    rules_of((Pl011, "RULES"), (Pl011, "TO_SEND"), (Pl011, "TO_RECEIVE")),
)
def test_each_rule_of_the_uart_is_needed(monkeypatch, owner, table, rule):
    assert uart_is_right(rule.name)
    if (table, rule.name) == ("TO_SEND", "UART enabled"):
        without(monkeypatch, owner, table, rule)
        (cause,) = make_uart(0x300).causes("tx", 0)
        assert shut(cause.gates) == ["raised"], "it would seem to wait, but never comes"
        return
    without(monkeypatch, owner, table, rule, **({"TESTS": the_tests} if table == "RULES" else {}))
    assert not uart_is_right(rule.name)


UART_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("receive"), st.integers(0, 7)),
        st.tuples(st.just("time"), st.integers(0, 4_000_000)),
        st.tuples(st.sampled_from(["cts", "dcd", "dsr", "ri"]), st.integers(0, 1)),
        st.tuples(st.just("UARTDR"), st.integers(0, 255)),
        st.tuples(st.just("UARTLCR_H"), st.sampled_from([0x60, 0x70, 0x71])),
        st.tuples(st.just("UARTCR"), st.sampled_from([0, 0x301, 0x301, 0x381, 0x101, 0x8301])),
        st.tuples(st.just("UARTIFLS"), st.sampled_from([0, 0x12])),
        st.tuples(st.sampled_from(["UARTIMSC", "UARTICR"]), st.integers(0, 0x7FF)),
        st.tuples(st.just("read"), st.just(0)),
    ),
    max_size=30,
)


@given(UART_STEPS)
def test_a_uarts_line_is_up_exactly_when_a_cause_holds_it(steps):
    uart = make_uart()
    for what, value in steps:
        if what == "receive":
            uart.receive(0x55, value)
        elif what == "time":
            uart.clock.advance(uart.clock.now + value)
        elif what == "read":
            uart.regs.read(0)
        elif what.startswith("UART"):
            store(uart, what, value)
        else:
            uart.input(what)(bool(value))
        held = [is_held(cause) for cause in uart.causes("irq", 0)]
        assert len(held) == 11
        assert uart.regs.peek(0x40) == sum(up << n for n, up in enumerate(held))
        for output, (line,) in uart.outputs.items():
            assert line.level is any(is_held(cause) for cause in uart.causes(output, 0))


def test_a_uart_says_when_it_interrupts_by_itself():
    uart = make_uart()
    uart.receive(0x41)
    store(uart, "UARTDR", 0x41)
    store(uart, "UARTDR", 0x42)
    for output in ("rt", "tx"):
        (cause,) = uart.causes(output, 0)
        due = next(gate.due_ns for gate in cause.gates if gate.name == "raised")
        assert not uart.outputs[output][0].level
        twin = make_uart()
        twin.receive(0x41)
        store(twin, "UARTDR", 0x41)
        store(twin, "UARTDR", 0x42)
        twin.clock.advance(due - 1)
        assert not twin.outputs[output][0].level
        twin.clock.advance(due)
        assert twin.outputs[output][0].level


# -- the Raspberry Pi 3's controllers --------------------------------------------------------------

IC_SHUTS = {
    ("TO_IRQ", "enabled"): ("irq", lambda ic: store(ic, "DISABLE_IRQS_2", 1 << 25)),
    ("TO_FIQ", "FIQ on"): ("fiq", lambda ic: store(ic, "FIQ_CONTROL", 57)),
    ("TO_FIQ", "FIQ source"): ("fiq", lambda ic: store(ic, "FIQ_CONTROL", 0x80 | 56)),
}


def ic_is_right(key):
    ic = Bcm2835Ic("ic", bcm2835_ic.Config(), Clock())
    store(ic, "ENABLE_IRQS_2", 1 << 25)
    store(ic, "FIQ_CONTROL", 0x80 | 57)
    ic.input("gpu", 57)(True)
    output, act = IC_SHUTS[key]
    (passage,) = (item for item in ic.passages(57, 0) if item.output == output)
    if shut(passage.gates) or not ic.outputs[output][0].level:
        return False
    act(ic)
    (passage,) = (item for item in ic.passages(57, 0) if item.output == output)
    return shut(passage.gates) == [key[1]] and not ic.outputs[output][0].level


@pytest.mark.parametrize(
    ("owner", "table", "rule"), rules_of((Bcm2835Ic, "TO_IRQ"), (Bcm2835Ic, "TO_FIQ"))
)
def test_each_rule_of_the_peripheral_controller_is_needed(monkeypatch, owner, table, rule):
    key = table, rule.name
    assert ic_is_right(key)
    derived = {"IRQ_TESTS": the_tests} if table == "TO_IRQ" else {
        "FIQ_TESTS": the_tests,
        "FIQ_SWITCHES": lambda left: required(bcm2835_ic.BCM2835_IC["FIQ_CONTROL"], left),
    }  # fmt: skip
    without(monkeypatch, owner, table, rule, **derived)
    assert not ic_is_right(key)


TIMER_ROUTING, LOCAL_ROUTING = "CORE0_TIMER_INTERRUPT_CONTROL", "LOCAL_INTERRUPT_ROUTING"
LOCAL_SHUTS = {
    ("irq", "enabled"): (11, lambda ic: store(ic, "LOCAL_TIMER_CONTROL_STATUS", 1 << 28 | 100)),
    ("irq", "this core"): (11, lambda ic: store(ic, LOCAL_ROUTING, 1)),
    ("irq", "routed to IRQ"): (1, lambda ic: store(ic, TIMER_ROUTING, 0)),
    ("irq", "FIQ bit clear"): (1, lambda ic: store(ic, TIMER_ROUTING, 0x22)),
    ("fiq", "enabled"): (11, lambda ic: store(ic, "LOCAL_TIMER_CONTROL_STATUS", 1 << 28 | 100)),
    ("fiq", "this core"): (11, lambda ic: store(ic, LOCAL_ROUTING, 5)),
    ("fiq", "routed to FIQ"): (1, lambda ic: store(ic, TIMER_ROUTING, 2)),
}


def local_is_right(output, name):
    ic = Bcm2836LocalIc("local", bcm2836_local_ic.Config(), Clock())
    store(ic, "LOCAL_TIMER_CONTROL_STATUS", 3 << 28 | 100)
    store(ic, LOCAL_ROUTING, 4 if output == "fiq" else 0)
    store(ic, TIMER_ROUTING, 0x20 if output == "fiq" else 2)
    number, act = LOCAL_SHUTS[output, name]
    if number == 11:
        ic.clock.advance(10_000)
    else:
        ic.input("cntpnsirq")(True)
    line = ic.outputs[output][0]

    def told():
        (passage,) = (item for item in ic.passages(number, 0) if item.output == output)
        return shut(passage.gates)

    if told() or not line.level:
        return False
    act(ic)
    return told() == [name] and not line.level


@pytest.mark.parametrize(
    ("output", "rule"),
    [(output, rule) for output, (rules, _) in Bcm2836LocalIc.WAYS.items() for rule, _ in rules],
    ids=lambda item: getattr(item, "name", item),
)
def test_each_rule_of_the_local_controller_is_needed(monkeypatch, output, rule):
    assert local_is_right(output, rule.name)
    rules, sources = Bcm2836LocalIc.WAYS[output]
    left = tuple(item for item in rules if item[0] is not rule)
    monkeypatch.setitem(Bcm2836LocalIc.WAYS, output, (left, sources))
    assert not local_is_right(output, rule.name)


@pytest.mark.parametrize("rule", Bcm2836LocalIc.TIMER, ids=lambda rule: rule.name)
def test_each_rule_of_the_local_timer_is_needed(monkeypatch, rule):
    ic = Bcm2836LocalIc("local", bcm2836_local_ic.Config(), Clock())
    assert rule.name in shut(ic.own_causes(11, 0)[0].gates)
    without(monkeypatch, Bcm2836LocalIc, "TIMER", rule)
    assert rule.name not in shut(ic.own_causes(11, 0)[0].gates)


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("time"), st.integers(0, 30_000)),
            st.tuples(
                st.just("LOCAL_TIMER_CONTROL_STATUS"),
                st.builds(int.__or__, st.integers(0, 1000), st.sampled_from([0, 1 << 28, 3 << 28])),
            ),
            st.tuples(st.just("LOCAL_TIMER_CLEAR_RELOAD"), st.sampled_from([1 << 31, 1 << 30])),
            st.tuples(st.sampled_from(["MAILBOX5_SET", "MAILBOX5_CLEAR"]), st.integers(0, 3)),
        ),
        max_size=25,
    )
)
def test_what_is_inside_is_up_exactly_when_its_gates_are_open(steps):
    ic = Bcm2836LocalIc("local", bcm2836_local_ic.Config(), Clock())
    for what, value in steps:
        if what == "time":
            ic.clock.advance(ic.clock.now + value)
        else:
            store(ic, what, value)
        states = ic.interrupts(1)
        (timer,) = ic.own_causes(11, 1)
        assert is_held(timer) is states[11].line
        assert first_shut(timer.gates) is None or len(timer.gates) == 3
        (mailbox,) = ic.own_causes(5, 1)
        (slot,) = (slot for slot in ic.regs.slots() if slot.name == "MAILBOX5_CLEAR")
        assert is_held(mailbox) is (ic.regs.peek(slot.key) != 0)
