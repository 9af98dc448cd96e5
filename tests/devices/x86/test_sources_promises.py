"""Sources of a PC: a line is up exactly when all gates of one cause are open."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerneltui.devices.x86 import acpi_pm_timer, hpet, i8254, mc146818, ns16550
from kerneltui.hw.clock import Clock
from kerneltui.hw.rule import first_shut

MS = 1_000_000


class Source:
    """A device whose registers are written at random, and whose time passes."""

    def __init__(self, device):
        self.device, self.clock = device, device.clock
        self.names = {
            slot.name: (file, slot) for file in device.files.values() for slot in file.slots()
        }

    def write(self, name, value):
        file, slot = self.names[name]
        file.write(slot.key, value, slot.register.width // 8 if file.table.byte_addressed else 1)

    def read(self, name):
        file, slot = self.names[name]
        return file.read(slot.key, slot.register.width // 8 if file.table.byte_addressed else 1)

    def play(self, step):
        kind, *rest = step
        if kind == "write":
            self.write(*rest)
        elif kind == "read":
            self.read(*rest)
        elif kind == "wait":
            self.clock.advance(self.clock.now + rest[0])
        elif kind == "pin":
            pin, number, level = rest
            self.device.input(pin, number)(level)
        else:
            self.device.receive(*rest)

    def open_causes(self, output):
        return [
            cause.title
            for cause in self.device.causes(output, 0)
            if first_shut(cause.gates) is None
        ]

    def check(self, output):
        """Each open cause holds the line up, and nothing else does."""
        level = self.device.outputs[output][0].level
        passes_on = self.device.passes_on(output)
        assert level == bool(self.open_causes(output)) or passes_on
        for cause in self.device.causes(output, 0):
            for gate in cause.gates:
                if gate.spot is not None:
                    file = self.device.files[gate.spot.window]
                    slot = file.slot_for(gate.spot.key)
                    shown = file.peek(slot.key, max(slot.register.width // 8, 1))
                    lsb = (gate.spot.mask & -gate.spot.mask).bit_length() - 1
                    assert (shown & gate.spot.mask) >> lsb == gate.value

    def check_mends(self, output):
        """A store of what a gate wants opens it."""
        for cause in self.device.causes(output, 0):
            for place, gate in enumerate(cause.gates):
                if gate.open or gate.wants is None:
                    continue
                file = self.device.files[gate.spot.window]
                slot = file.slot_for(gate.spot.key)
                size = slot.register.width // 8 if file.table.byte_addressed else 1
                lsb = (gate.spot.mask & -gate.spot.mask).bit_length() - 1
                held = file.peek(slot.key, max(slot.register.width // 8, 1))
                file.write(slot.key, held & ~gate.spot.mask | gate.wants << lsb, size)
                found = {item.title: item for item in self.device.causes(output, 0)}
                if cause.title not in found:
                    return  # another timer has the line now
                assert found[cause.title].gates[place].open, (cause.title, gate)

    def check_due(self, output):
        """What waits for nothing but time comes about when it is said to: of several the first."""
        found = []
        for cause in self.device.causes(output, 0):
            shut = [gate for gate in cause.gates if not gate.open]
            if len(shut) == 1 and shut[0].due_ns is not None:
                assert shut[0].due_ns >= self.clock.now
                found.append((cause.title, shut[0].due_ns))
        return min(found, key=lambda item: item[1], default=None)


def write(names, values):
    return st.tuples(st.just("write"), st.sampled_from(names), st.sampled_from(values))


waits = st.tuples(st.just("wait"), st.integers(1, 3000 * MS))

RTC = st.one_of(
    write(["REGISTER_B", "REGISTER_B"], [0x02, 0x12, 0x22, 0x42, 0x72, 0x92, 0xC2]),
    write(["REGISTER_A"], [0x26, 0x20, 0x2F, 0x66, 0x76]),
    write(["SECONDS_ALARM"], [0xC0, 0x01, 0x05]),
    write(["MINUTES_ALARM", "HOURS_ALARM"], [0xFF]),
    st.tuples(st.just("read"), st.just("REGISTER_C")),
    waits,
)
ACPI = st.one_of(
    write(["PM1_EN"], [0, 1, 0x100, 0x200, 0x400, 0x721]),
    write(["PM1_CNT"], [0, 1]),
    write(["PM1_STS"], [1, 0x700, 0xFFFF]),
    st.tuples(st.just("pin"), st.sampled_from(["power_button", "sleep_button", "rtc"]),
              st.just(0), st.booleans()),
    waits,
)  # fmt: skip
HPET = st.one_of(
    write(["GEN_CONF"], [0, 1, 2, 3]),
    write(["T0_CONF_CAP", "T1_CONF_CAP", "T2_CONF_CAP"],
          [0x2806, 0x2804, 0x2802, 0x2A06, 0x280E, 0x0006]),
    write(["T0_COMP", "T1_COMP", "T2_COMP"], [0, 100, 100_000]),
    write(["GINTR_STA"], [1, 2, 7]),
    st.tuples(st.just("wait"), st.integers(1, 3 * MS)),
)  # fmt: skip
PIT = st.one_of(
    write(["CONTROL_WORD"], [0x30 + 2 * mode for mode in range(6)]
          + [0x10, 0xB0, 0xB4, 0x76, 0x31]),
    write(["COUNTER0", "COUNTER1", "COUNTER2"], [1, 0, 4, 0x50]),
    write(["NMI_SC"], [0, 1]),
    st.tuples(st.just("pin"), st.just("gate"), st.integers(0, 1), st.booleans()),
    st.tuples(st.just("wait"), st.integers(1, 3 * MS)),
)  # fmt: skip
UART = st.one_of(
    write(["IER"], [0, 1, 2, 4, 8, 0xF]),
    write(["MCR"], [0, 8, 8, 0x18, 0x1B]),
    write(["FCR"], [0, 1, 0x41, 7, 0xC1]),
    write(["THR"], [0x41]),
    st.tuples(st.just("read"), st.sampled_from(["RBR", "IIR", "LSR", "MSR"])),
    st.tuples(st.just("receive"), st.just(0x42), st.sampled_from([0, 0, 1, 2])),
    st.tuples(st.just("pin"), st.sampled_from(["cts", "ri", "dcd"]), st.just(0), st.booleans()),
    st.tuples(st.just("wait"), st.integers(1, MS)),
)

KINDS = {
    "rtc": (mc146818.Mc146818, mc146818.Config(), RTC, ["irq"]),
    "acpi": (acpi_pm_timer.AcpiPmTimer, acpi_pm_timer.Config(), ACPI, ["sci"]),
    "hpet": (hpet.Hpet, hpet.Config(), HPET, ["irq20", "irq21", "irq0", "legacy_pit",
                                              "legacy_rtc"]),
    "pit": (i8254.I8254, i8254.Config(), PIT, ["out0", "out1", "out2"]),
    "uart": (ns16550.Ns16550, ns16550.Config(), UART, ["irq"]),
    "uart without gate": (ns16550.Ns16550, ns16550.Config(out2_gates_irq=False), UART, ["irq"]),
}  # fmt: skip


def made(kind):
    device, config, _, outputs = KINDS[kind]
    return Source(device("it", config, Clock())), outputs


def moments(kind, data, most=20):
    """A source after each of some random steps, and its outputs."""
    source, outputs = made(kind)
    for step in data.draw(st.lists(KINDS[kind][2], min_size=2, max_size=most)):
        source.play(step)
        yield source, outputs


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60)
@given(data=st.data())
def test_a_line_is_up_iff_all_gates_of_one_cause_are_open(kind, data):
    for source, outputs in moments(kind, data):
        for output in outputs:
            source.check(output)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40)
@given(data=st.data())
def test_what_comes_by_itself_comes_when_it_is_said_to(kind, data):
    *_, (source, outputs) = moments(kind, data)
    for output in outputs:
        due = source.check_due(output)
        line = source.device.outputs[output][0]
        if due is None or line.level or source.device.passes_on(output):
            continue
        rises = []
        line.connect(lambda level, rises=rises: rises.append(source.clock.now) if level else None)
        if due[1] > source.clock.now:
            source.clock.advance(due[1] - 1)
            assert not rises
        source.clock.advance(due[1])
        assert rises[:1] == [due[1]], due


def test_a_character_that_is_sent_in_loopback_comes_before_the_timeout():
    """It begins the wait of the one before it anew: so no time is promised."""
    source, (output, *_) = made("uart without gate")
    for step in (
        ("write", "FCR", 0x41), ("write", "IER", 1), ("write", "THR", 65), ("receive", 66, 0),
        ("write", "MCR", 0x18),
    ):  # fmt: skip
        source.play(step)
    assert source.check_due(output) is None
    source.clock.advance(source.clock.next_due)
    assert source.check_due(output) is not None


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40)
@given(data=st.data())
def test_what_a_gate_wants_opens_it(kind, data):
    *_, (source, outputs) = moments(kind, data, most=12)
    for output in outputs:
        source.check_mends(output)
