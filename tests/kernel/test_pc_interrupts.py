"""The PC's interrupt controllers: drivers against the chips, from a device's line to its handler.

Register offsets and bits are written out from the manuals here, not taken from the drivers.
"""

import pickle
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerneltui.devices.x86 import io_apic as io_apic_device
from kerneltui.devices.x86 import local_apic as local_apic_device
from kerneltui.devices.x86.i8259 import Config as PicConfig
from kerneltui.devices.x86.i8259 import I8259Pair
from kerneltui.hw.bus import AddressSpace
from kerneltui.hw.clock import Clock
from kerneltui.hw.line import Line
from kerneltui.kernel.drivers.i8259 import I8259Driver
from kerneltui.kernel.drivers.io_apic import IoApics
from kerneltui.kernel.drivers.local_apic import LocalApicDriver
from kerneltui.kernel.drivers.pc_interrupts import ApicInterrupts, PicInterrupts
from kerneltui.kernel.faults.faulty_pc_interrupts import IgnoreOverrides
from kerneltui.kernel.irq import Irq, IrqHandler, IrqManager, KernelError
from kerneltui.kernel.pc.acpi import IoApicEntry, LocalApicEntry, Madt, Override

APIC = 0xFEE0_0000
IO_APICS = (0xFEC0_0000, 0xFEC1_0000)
ACCESS_NS = 100
MASKED, LEVEL, LOW = 1 << 16, 1 << 15, 1 << 13
ISA = [irq for irq in range(16) if irq != 2]

OVERRIDES = (
    Override(0, 2, active_low=False, level=False),
    Override(9, 9, active_low=False, level=True),
    Override(5, 21, active_low=True, level=True),
)
MADT = Madt(
    APIC,
    has_pic=True,
    processors=(LocalApicEntry(0, 0, enabled=True), LocalApicEntry(1, 1, enabled=True)),
    io_apics=(IoApicEntry(2, IO_APICS[0], 0), IoApicEntry(3, IO_APICS[1], 24)),
    overrides=OVERRIDES,
)


class Core:
    """One processor of the PC: each access takes its time, and then interrupts are not taken."""

    def __init__(self, pc, number):
        self.pc = pc
        self.number = number
        self.flags = 0x202
        self.log = []

    def _pass(self, *what):
        self.log.append(what)
        self.pc.clock.advance(self.pc.clock.now + ACCESS_NS)

    is_traced = True

    def tracepoint(self, name, /, **facts):
        pass

    def read(self, address, size=4):
        self._pass("read", address)
        return self.pc.memory.read(address, size, self.number)

    def write(self, address, value, size=4):
        self._pass("write", address, value)
        self.pc.memory.write(address, value, size, self.number)

    def read_port(self, port, size=1):
        self._pass("in", port)
        return self.pc.ports.read(port, size)

    def write_port(self, port, value, size=1):
        self._pass("out", port, value)
        self.pc.ports.write(port, value, size)

    def read_msr(self, number):
        return self.pc.msr.read(number - 0x1B, 8, self.number)

    def write_msr(self, number, value):
        self.pc.msr.write(number - 0x1B, value, 8, self.number)

    def cpuid(self, leaf, subleaf=0):
        enabled = self.read_msr(0x1B) >> 11 & 1
        return (0, 0, 0, (self.pc.has_apic and enabled) << 9 if leaf == 1 else 0)

    def read_flags(self):
        return self.flags

    def write_flags(self, value):
        self.flags = value

    def cli(self):
        self.flags &= ~0x200


class Pc:
    """Local APICs, two I/O APICs and the 8259 pair, wired as on a board."""

    def __init__(self, cpus=1, *, has_apic=True):
        self.clock = Clock()
        self.has_apic = has_apic
        self.apic = local_apic_device.LocalApic(
            "lapic", local_apic_device.Config(), self.clock, cpus
        )
        self.io_apics = [
            io_apic_device.IoApic(
                f"ioapic{n}", io_apic_device.Config(pins=24, gsi_base=24 * n), self.clock, cpus
            )
            for n in range(2)
        ]
        self.pic = I8259Pair("pic", PicConfig(), self.clock)
        self.memory = AddressSpace("memory")
        self.memory.attach(APIC, 0x1000, "LAPIC", self.apic.regs)
        for base, chip in zip(IO_APICS, self.io_apics, strict=True):
            self.memory.attach(base, 0x44, chip.name, chip.regs)
            chip.connect(self.apic)
            self.apic.eoi_listeners.append(chip.eoi)
        self.ports = AddressSpace("ports")
        for base, name in ((0x20, "I8259_MASTER"), (0xA0, "I8259_SLAVE")):
            self.ports.attach(base, 2, name, self.pic.files[name])
        self.msr = self.apic.msrs
        self.pic.outputs["int"][0].connect(self.apic.input("lint0"))
        self.apic.external = self.pic.acknowledge
        self.cores = [Core(self, number) for number in range(cpus)]
        self.lines = {}
        self.told = []
        self.apic.signal = self.tell

    def tell(self, *message):
        self.told.append(message)

    def line(self, source, number):
        """A device's wire to a pin: ``gsi`` or, by both ways, the ``isa`` number."""
        if (source, number) not in self.lines:
            made = self.lines[source, number] = Line(f"{source} {number}")
            if source == "isa":
                made.connect(self.pic.input("irq", number))
                routed = next((o.gsi for o in OVERRIDES if o.isa_irq == number), number)
                made.connect(self.io_apics[0].input("gsi", routed))
            else:
                made.connect(self.io_apics[number // 24].input("gsi", number))
        return self.lines[source, number]

    def pulse(self, source, number):
        line = self.line(source, number)
        line.set(True)
        line.set(False)

    def intr(self, cpu=0):
        return self.apic.outputs["intr"][cpu].level

    def serve(self, manager, limit=100):
        """Take and handle interrupts until there is none; the vectors in order."""
        vectors = []
        while self.intr():
            assert len(vectors) < limit, "an interrupt that never ends"
            vectors.append(self.apic.take(0))
            manager.handle_vector(vectors[-1])
        return vectors

    def in_service(self, cpu=0):
        return self.vectors("ISR", cpu)

    def vectors(self, name, cpu=0):
        offset = {"ISR": 0x100, "IRR": 0x200}[name]
        words = [self.apic.regs.peek(offset + 16 * n, 4, cpu) for n in range(8)]
        return [32 * n + bit for n in range(8) for bit in range(32) if words[n] >> bit & 1]

    def entry(self, gsi):
        """Both halves of a redirection entry."""
        indirect = self.io_apics[gsi // 24].indirect
        pin = gsi % 24
        return indirect.peek(0x10 + 2 * pin) | indirect.peek(0x11 + 2 * pin) << 32


class Device:
    """A handler that counts, and lets go of its line."""

    def __init__(self, line=None):
        self.line = line
        self.count = 0

    def handle(self):
        self.count += 1
        if self.line is not None:
            self.line.set(False)


@pytest.fixture
def pc():
    return Pc()


def apic_manager(pc, kind=ApicInterrupts):
    manager = kind(pc.cores[0], MADT)
    manager.init()
    return manager


def pic_manager(pc):
    manager = PicInterrupts(pc.cores[0])
    manager.init()
    return manager


def attach(manager, irq, handle=None):
    """Register and enable; the device."""
    device = Device()
    manager.register_handler(IrqHandler(irq, f"device {irq.number}", handle or device.handle))
    manager.enable(irq)
    return device


def test_both_are_what_the_kernel_expects(pc):
    managers: list[IrqManager] = [ApicInterrupts(pc.cores[0], MADT), PicInterrupts(pc.cores[0])]
    for manager in managers:
        for name in ("register_handler", "enable", "handlers", "init", "handle_vector"):
            assert callable(getattr(manager, name))


# -- by the APICs: bring-up ------------------------------------------------------------------------


def test_bring_up_masks_every_pin_and_the_8259s(pc):
    for gsi in range(48):
        pc.io_apics[gsi // 24].indirect.write(0x10 + 2 * (gsi % 24), 0x31)
    apic_manager(pc)
    assert all(pc.entry(gsi) & MASKED for gsi in range(48))
    assert (pc.pic.master.mask[0], pc.pic.slave.mask[0]) == (0xFF, 0xFF)
    assert (pc.pic.master.icw2[0], pc.pic.slave.icw2[0]) == (0x20, 0x28)


def test_bring_up_of_the_local_apic(pc):
    for offset, value in ((0x080, 0x40), (0x0E0, 0), (0x0F0, 0x1EF), (0x350, 0x700)):
        pc.apic.regs.write(offset, value)
    apic_manager(pc)
    peek = pc.apic.regs.peek
    assert peek(0x0F0) == 0x1FF
    assert peek(0x080) == 0
    assert peek(0x0D0) == 1 << 24
    assert peek(0x0E0) == 0xFFFF_FFFF
    assert peek(0x350) & MASKED
    assert peek(0x360) == 0x400
    assert peek(0x370) == 0xFE
    assert pc.msr.peek(0, 8) >> 11 & 1


def test_the_local_apic_comes_back_after_a_global_disable():
    pc = Pc(cpus=2)
    apic = LocalApicDriver(pc.cores[1], APIC)
    LocalApicDriver.disable(pc.cores[1])
    assert not LocalApicDriver.present(pc.cores[1])
    apic.enable(1)
    assert LocalApicDriver.present(pc.cores[1])
    assert apic.id() == 1
    assert pc.apic.regs.peek(0x0D0, 4, 1) == 2 << 24
    assert pc.apic.regs.peek(0x0F0, 4, 1) == 0x1FF


def test_no_local_apic_is_told():
    with pytest.raises(KernelError, match="no local APIC"):
        apic_manager(Pc(has_apic=False))


def test_lint1_is_nmi(pc):
    apic_manager(pc)
    nmis = []
    pc.apic.outputs["nmi"][0].connect(nmis.append)
    pc.apic.input("lint1")(True)
    assert nmis == [True, False]


def test_without_8259s_their_ports_are_left_alone(pc):
    madt = Madt(APIC, False, MADT.processors, MADT.io_apics, MADT.overrides)
    ApicInterrupts(pc.cores[0], madt).init()
    assert not [access for access in pc.cores[0].log if access[0] in {"in", "out"}]


# -- by the APICs: from line to handler ------------------------------------------------------------


def test_an_isa_interrupt_follows_its_override(pc):
    manager = apic_manager(pc)
    timer = attach(manager, Irq("isa", 0))
    assert pc.entry(2) == 0x30
    assert pc.entry(0) & MASKED
    pc.pulse("isa", 0)
    assert pc.serve(manager) == [0x30]
    assert timer.count == 1
    assert pc.in_service() == []


def test_with_overrides_ignored_the_timer_never_arrives(pc):
    manager = apic_manager(pc, IgnoreOverrides)
    timer = attach(manager, Irq("isa", 0))
    pc.pulse("isa", 0)
    assert pc.serve(manager) == []
    assert timer.count == 0
    assert pc.entry(0) == 0x30
    attach(manager, Irq("isa", 9))
    assert not pc.entry(9) & LEVEL


@pytest.mark.parametrize(
    ("irq", "gsi", "bits"),
    [
        (Irq("isa", 4), 4, 0x34),
        (Irq("isa", 9), 9, 0x39 | LEVEL),
        (Irq("isa", 5), 21, 0x35 | LEVEL | LOW),
        (Irq("gsi", 17), 17, 0x50 | LEVEL | LOW),
        (Irq("gsi", 47), 47, 0x50 | LEVEL | LOW),
    ],
)
def test_vector_polarity_and_trigger(pc, irq, gsi, bits):
    attach(apic_manager(pc), irq)
    assert pc.entry(gsi) == bits
    assert all(pc.entry(other) & MASKED for other in range(48) if other != gsi)


def test_a_gsi_can_be_told_to_be_an_edge(pc):
    manager = apic_manager(pc)
    manager.set_trigger(Irq("gsi", 20), active_low=False, level=False)
    device = attach(manager, Irq("gsi", 20))
    assert pc.entry(20) == 0x50
    for _ in range(3):
        pc.pulse("gsi", 20)
        pc.serve(manager)
    assert device.count == 3


def test_the_interrupt_goes_to_the_core_that_enables_it(pc):
    pc.apic.regs.write(0x020, 5 << 24)
    manager = apic_manager(pc)
    device = attach(manager, Irq("isa", 4))
    assert pc.entry(4) == 5 << 56 | 0x34
    pc.pulse("isa", 4)
    pc.serve(manager)
    assert device.count == 1


def test_a_gsi_of_the_second_chip_goes_there(pc):
    manager = apic_manager(pc)
    device = attach(manager, Irq("gsi", 30))
    line = pc.line("gsi", 30)
    device.line = line
    line.set(True)
    assert pc.serve(manager) == [0x50]
    assert device.count == 1
    assert pc.io_apics[1].interrupts(0)[6].enabled
    assert not any(state.enabled for state in pc.io_apics[0].interrupts(0))


def test_a_level_interrupts_until_its_device_lets_go(pc):
    manager = apic_manager(pc)
    line = pc.line("gsi", 17)
    calls = []

    def handle():
        calls.append(pc.in_service())
        if len(calls) == 3:
            line.set(False)

    attach(manager, Irq("gsi", 17), handle)
    line.set(True)
    assert pc.serve(manager) == [0x50] * 3
    assert calls == [[0x50]] * 3, "the end comes after the handler"
    assert pc.in_service() == []


def test_a_gsi_beyond_every_chip_is_told_with_the_ranges(pc):
    manager = apic_manager(pc)
    with pytest.raises(KernelError, match=r"^No I/O APIC has GSI 48: there are 0-23, 24-47$"):
        manager.enable(Irq("gsi", 48))
    with pytest.raises(KernelError, match="none at all"):
        IoApics(pc.cores[0], ()).controller_for(0)


@pytest.mark.parametrize("gsi", [0, 23, 24, 47])
def test_the_controller_is_chosen_by_range(pc, gsi):
    manager = apic_manager(pc)
    assert manager.io_apics.controller_for(gsi) is manager.io_apics.chips[gsi // 24]
    assert manager.io_apics.chips[0].pins == 24


@pytest.mark.parametrize("gsi", [0, 23, 24, 47])
def test_the_order_of_the_entries_does_not_matter(pc, gsi):
    io_apics = IoApics(pc.cores[0], reversed(MADT.io_apics))
    io_apics.init()
    assert io_apics.controller_for(gsi).gsi_base == gsi // 24 * 24


def test_masking_one_gsi_leaves_its_entry(pc):
    manager = apic_manager(pc)
    attach(manager, Irq("gsi", 30))
    before = pc.entry(30)
    manager.io_apics.mask(30)
    assert pc.entry(30) == before | MASKED
    manager.io_apics.unmask(30)
    assert pc.entry(30) == before


def test_an_entry_is_never_unmasked_while_half_written(pc):
    manager = apic_manager(pc)
    line = pc.line("gsi", 30)
    line.set(True)
    pc.io_apics[1].indirect.write(0x11 + 2 * 6, 0xFF << 24)
    manager.register_handler(IrqHandler(Irq("gsi", 30), "x", Device(line).handle))
    states = []
    write = pc.memory.write
    pc.memory.write = lambda *access: (
        write(*access),
        states.append((pc.entry(30) & MASKED, pc.entry(30) >> 56)),
    )
    manager.enable(Irq("gsi", 30))
    assert {destination for masked, destination in states if not masked} == {0}


def test_timers_of_the_core_come_before_devices_and_devices_by_class(pc):
    manager = apic_manager(pc)
    for irq in (Irq("isa", 4), Irq("gsi", 30), Irq("vector", 0xEF)):
        attach(manager, irq)
    manager.set_trigger(Irq("gsi", 31), active_low=False, level=False)
    manager.local_apic.send_self(0xEF)
    pc.pulse("isa", 4)
    pc.line("gsi", 30).set(True)
    taken = pc.apic.take(0)
    assert taken == 0xEF
    manager.handle_vector(taken)
    assert pc.apic.take(0) == 0x50
    assert not pc.intr(), "ISA interrupts are of a lower class"


def test_an_interrupt_costs_one_access_besides_its_handler(pc):
    manager = apic_manager(pc)
    device = attach(manager, Irq("vector", 0xEF))
    manager.local_apic.send_self(0xEF)
    pc.cores[0].log.clear()
    manager.handle_vector(pc.apic.take(0))
    assert pc.cores[0].log == [("write", APIC + 0xB0, 0)]
    assert device.count == 1


def test_a_spurious_interrupt_is_counted_and_ends_nothing(pc):
    manager = apic_manager(pc)
    attach(manager, Irq("vector", 0x40))
    manager.local_apic.send_self(0x40)
    assert pc.apic.take(0) == 0x40
    assert pc.apic.take(0) == 0xFF
    manager.handle_vector(0xFF)
    assert manager.spurious == 1
    assert pc.in_service() == [0x40]


def test_an_unhandled_interrupt_is_told_by_vector_and_source(pc):
    manager = apic_manager(pc)
    manager.enable(Irq("isa", 0))
    manager.enable(Irq("gsi", 29))
    manager.enable(Irq("gsi", 30))
    for vector, name in ((0x51, "0x51 (GSI 30)"), (0x30, "0x30 (ISA IRQ 0)"), (0x77, "0x77")):
        with pytest.raises(KernelError) as caught:
            manager.handle_vector(vector)
        assert str(caught.value) == f"No handler registered for vector {name}"
    assert pc.in_service() == []


# -- by the APICs: vectors -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("vector", "said"),
    [
        (0, "Vector 0x00 is not for interrupts: those are 0x20 to 0xfe"),
        (31, "Vector 0x1f is not for interrupts"),
        (256, "Vector 0x100 is not for interrupts"),
        (-1, "is not for interrupts"),
        (0x80, "Vector 0x80 is reserved for system calls"),
        (0xFF, "Vector 0xff is reserved for spurious interrupts"),
        (0x33, r"Vector 0x33 \(ISA IRQ 3\) is taken already"),
        (0xFE, "IRQ handler already registered for vector 0xfe"),
    ],
)
def test_vectors_that_cannot_be_had(pc, vector, said):
    manager = apic_manager(pc)
    attach(manager, Irq("isa", 3))
    with pytest.raises(KernelError, match=said):
        attach(manager, Irq("vector", vector))


@pytest.mark.parametrize("vector", [0x20, 0x7F, 0x81, 0xFD])
def test_vectors_at_the_bounds_can_be_had(pc, vector):
    manager = apic_manager(pc)
    device = attach(manager, Irq("vector", vector))
    manager.local_apic.send_self(vector)
    assert pc.serve(manager) == [vector]
    assert device.count == 1


@pytest.mark.parametrize("irq", [Irq("isa", 4), Irq("gsi", 30), Irq("vector", 0xEF)])
def test_one_handler_an_interrupt(pc, irq):
    manager = apic_manager(pc)
    attach(manager, irq)
    with pytest.raises(KernelError, match="already registered for vector"):
        attach(manager, irq)


def test_one_name_a_gsi(pc):
    manager = apic_manager(pc)
    attach(manager, Irq("isa", 0))
    with pytest.raises(KernelError, match=r"^GSI 2 and ISA IRQ 0 are the same interrupt$"):
        attach(manager, Irq("gsi", 2))


@pytest.mark.parametrize("irq", [Irq("isa", 2), Irq("isa", 16), Irq("isa", -1)])
@pytest.mark.parametrize("make", [apic_manager, pic_manager])
def test_there_is_no_such_isa_interrupt(pc, make, irq):
    with pytest.raises(KernelError, match=f"no ISA IRQ {irq.number}: they are 0 to 15 without 2"):
        attach(make(pc), irq)


def test_other_numberings_are_told(pc):
    with pytest.raises(KernelError, match="no gic interrupts"):
        attach(apic_manager(pc), Irq("gic", 30))
    with pytest.raises(KernelError, match="no gsi interrupts"):
        attach(pic_manager(pc), Irq("gsi", 4))


def test_gsis_get_the_next_free_vector_and_never_the_system_call(pc):
    manager = apic_manager(pc)
    attach(manager, Irq("vector", 0x52))
    vectors = [manager.vector_of(Irq("gsi", gsi)) for gsi in range(142)]
    assert vectors == [v for v in range(0x50, 0xE0) if v not in {0x52, 0x80}]
    assert manager.vector_of(Irq("gsi", 3)) == vectors[3], "it keeps its vector"
    with pytest.raises(KernelError, match="All vectors 0x50 to 0xdf are taken"):
        manager.vector_of(Irq("gsi", 500))


def test_the_handlers_by_group_in_order_of_vector(pc):
    manager = apic_manager(pc)
    for irq in (Irq("gsi", 30), Irq("vector", 0xEF), Irq("isa", 4), Irq("isa", 0)):
        attach(manager, irq)
    listed = [(title, [handler.irq for handler in group]) for title, group in manager.handlers()]
    assert listed == [
        ("Local handler", [Irq("vector", 0xEF), Irq("vector", 0xFE)]),
        ("Peripheral handler", [Irq("isa", 0), Irq("isa", 4), Irq("gsi", 30)]),
    ]


# -- messages between cores ------------------------------------------------------------------------


@pytest.fixture
def two():
    pc = Pc(cpus=2)
    pc.senders = [LocalApicDriver(core, APIC) for core in pc.cores]
    for number, apic in enumerate(pc.senders):
        apic.enable(number)
    return pc


@pytest.mark.parametrize(
    ("send", "reached"),
    [
        (lambda apic: apic.send_ipi(1, 0xF0), [1]),
        (lambda apic: apic.send_ipi(0, 0xF0), [0]),
        (lambda apic: apic.send_ipi(0xFF, 0xF0), [0, 1]),
        (lambda apic: apic.send_self(0xF0), [0]),
        (lambda apic: apic.send_all(0xF0), [0, 1]),
        (lambda apic: apic.send_others(0xF0), [1]),
    ],
)
def test_a_message_reaches_whom_it_names(two, send, reached):
    send(two.senders[0])
    assert [cpu for cpu in (0, 1) if two.vectors("IRR", cpu) == [0xF0]] == reached


@pytest.mark.parametrize(
    ("number", "priority", "vector"), [(0, 4, 0x4D), (1, 8, 0x8E), (2, 13, 0xDF)]
)
def test_a_software_interrupt_is_a_message_to_itself_whose_class_is_its_priority(
    pc, number, priority, vector
):
    manager = apic_manager(pc)
    irq = manager.software_irq(number, priority)
    assert irq == Irq("vector", vector)
    manager.raise_software_irq(irq)
    assert pc.vectors("IRR") == [vector]
    manager.hold_back(priority)
    assert not pc.intr()
    manager.hold_back(priority - 1)
    assert pc.intr()
    manager.hold_back(0)
    assert pc.apic.regs.peek(0x080) == 0


def test_each_core_ends_its_own(two):
    two.senders[0].send_all(0xF0)
    assert (two.apic.take(0), two.apic.take(1)) == (0xF0, 0xF0)
    two.senders[1].eoi()
    assert (two.in_service(0), two.in_service(1)) == ([0xF0], [])


def test_init_and_start_up(two):
    two.senders[0].send_init(1)
    two.senders[0].send_startup(1, 0x9A)
    assert two.told == [(1, 5, 0), (1, 6, 0x9A)]
    assert two.apic.regs.peek(0x310) == 1 << 24
    two.senders[0].send_startup(1, 0x9A)
    assert len(two.told) == 2, "it does not wait any more"


@pytest.mark.parametrize("flags", [0x002, 0x202])
def test_no_handler_comes_between_destination_and_command(two, flags):
    core = two.cores[0]
    core.flags = flags
    seen = []
    write = core.write
    core.write = lambda address, value: (seen.append((address, core.flags)), write(address, value))
    two.senders[0].send_ipi(1, 0xF0)
    assert seen == [(APIC + 0x310, 0x002), (APIC + 0x300, 0x002)]
    assert core.flags == flags


def test_the_last_message_must_have_left(two):
    core = two.cores[0]
    answers = [1 << 12 | 0xF0, 1 << 12, 0]
    reads = []
    core.read = lambda address: (reads.append(address), answers.pop(0))[1]
    two.senders[0].send_others(0xF0)
    assert reads == [APIC + 0x300] * 3
    assert two.vectors("IRR", 1) == [0xF0]


@pytest.mark.parametrize("send", ["send_ipi", "send_self"])
def test_an_illegal_vector_is_an_error_interrupt(pc, send):
    manager = apic_manager(pc)
    arguments = (0, 9) if send == "send_ipi" else (9,)
    getattr(manager.local_apic, send)(*arguments)
    assert pc.apic.take(0) == 0xFE
    with pytest.raises(KernelError, match=r"^Local APIC error: illegal vector sent"):
        manager.handle_vector(0xFE)


def test_errors_from_before_are_not_held_against_it(pc):
    pc.memory.read(APIC + 0x3F0)
    manager = apic_manager(pc)
    assert not pc.intr()
    assert manager.local_apic.errors() == 0
    pc.memory.read(APIC + 0x3F0)
    assert manager.local_apic.errors() == 1 << 7
    assert manager.local_apic.errors() == 0


# -- by the 8259s alone ----------------------------------------------------------------------------


@pytest.mark.parametrize("has_apic", [True, False])
@pytest.mark.parametrize("irq", ISA)
def test_every_isa_interrupt_by_the_8259s(irq, has_apic):
    pc = Pc(has_apic=has_apic)
    if not has_apic:
        pc.msr.write(0, 0, 8)
    manager = pic_manager(pc)
    device = attach(manager, Irq("isa", irq))
    device.line = pc.line("isa", irq)
    device.line.set(True)
    assert pc.serve(manager) == [0x20 + irq]
    assert device.count == 1
    assert (pc.pic.master.in_service, pc.pic.slave.in_service) == (0, 0)
    assert manager.spurious == 0


def test_what_is_not_enabled_does_not_come(pc):
    manager = pic_manager(pc)
    attach(manager, Irq("isa", 4))
    assert (pc.pic.master.mask[0], pc.pic.slave.mask[0]) == (0xEF, 0xFF)
    attach(manager, Irq("isa", 8))
    assert (pc.pic.master.mask[0], pc.pic.slave.mask[0]) == (0xEB, 0xFE)
    manager.pic.mask(4)
    manager.pic.mask(8)
    assert (pc.pic.master.mask[0], pc.pic.slave.mask[0]) == (0xFB, 0xFF)


@pytest.mark.parametrize(("irq", "chip"), [(7, "master"), (15, "slave")])
def test_a_request_that_is_gone_is_spurious(pc, irq, chip):
    manager = pic_manager(pc)
    device = attach(manager, Irq("isa", irq))
    other = attach(manager, Irq("isa", irq - 1))
    pc.pulse("isa", irq - 1)
    assert pc.intr()
    assert pc.serve(manager) == [0x20 + irq]
    assert manager.spurious == 1
    assert (device.count, other.count) == (0, 0)
    assert (pc.pic.master.in_service, pc.pic.slave.in_service) == (0, 0)
    other.line = pc.line("isa", irq - 1)
    other.line.set(True)
    pc.serve(manager)
    assert other.count == 1, "the way is free again"


def test_a_spurious_interrupt_without_a_handler_is_no_error(pc):
    manager = pic_manager(pc)
    attach(manager, Irq("isa", 3))
    pc.pulse("isa", 3)
    assert pc.serve(manager) == [0x27]
    assert manager.spurious == 1


def test_the_end_comes_after_the_handler_and_ends_this_one(pc):
    manager = pic_manager(pc)
    seen = []
    attach(
        manager,
        Irq("isa", 12),
        lambda: seen.append((pc.pic.master.in_service, pc.pic.slave.in_service)),
    )
    pc.line("isa", 12).set(True)
    manager.handle_vector(pc.apic.take(0))
    assert seen == [(1 << 2, 1 << 4)]
    assert (pc.pic.master.in_service, pc.pic.slave.in_service) == (0, 0)


def test_an_end_leaves_what_was_interrupted_in_service(pc):
    """The handler of IRQ 12 is interrupted by IRQ 0, which ends first; then out of order."""
    manager = pic_manager(pc)
    attach(manager, Irq("isa", 0))
    attach(manager, Irq("isa", 12))
    pc.line("isa", 12).set(True)
    assert pc.apic.take(0) == 0x2C
    pc.line("isa", 0).set(True)
    assert pc.apic.take(0) == 0x20
    manager.pic.end_of_interrupt(12)
    assert (pc.pic.master.in_service, pc.pic.slave.in_service) == (1, 0)


def test_so_does_an_end_at_the_slave(pc):
    """In special fully nested mode the slave interrupts itself: IRQ 8 within IRQ 12."""
    manager = pic_manager(pc)
    for port, word in ((0x20, 0x11), (0x21, 0x20), (0x21, 4), (0x21, 0x11)):
        pc.ports.write(port, word, 1)
    attach(manager, Irq("isa", 8))
    attach(manager, Irq("isa", 12))
    for irq in (12, 8):
        pc.line("isa", irq).set(True)
        assert pc.apic.take(0) == 0x20 + irq
    manager.pic.end_of_interrupt(12)
    assert pc.pic.slave.in_service == 1


@pytest.mark.parametrize("vector", [0x24, 0x51])
def test_an_unhandled_vector_of_the_8259s_is_told(pc, vector):
    manager = pic_manager(pc)
    manager.enable(Irq("isa", 4))
    name = "0x24 (ISA IRQ 4)" if vector == 0x24 else "0x51"
    with pytest.raises(KernelError) as caught:
        manager.handle_vector(vector)
    assert str(caught.value) == f"No handler registered for vector {name}"


def test_handlers_of_the_8259s(pc):
    manager = pic_manager(pc)
    attach(manager, Irq("isa", 8))
    attach(manager, Irq("isa", 0))
    ((title, group),) = manager.handlers()
    assert title == "Peripheral handler"
    assert [handler.irq.number for handler in group] == [0, 8]
    with pytest.raises(KernelError, match=r"already registered for vector 0x28 \(ISA IRQ 8\)"):
        attach(manager, Irq("isa", 8))


def test_vectors_elsewhere():
    pc = Pc()
    LocalApicDriver.disable(pc.cores[0])
    pic = I8259Driver(pc.cores[0], vector_base=0x70)
    pic.init()
    pic.unmask(8)
    pc.line("isa", 8).set(True)
    assert pc.apic.take(0) == 0x78


# -- whatever happens ------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [apic_manager, pic_manager])
def test_all_of_it_can_be_kept_and_brought_back(pc, make):
    manager = make(pc)
    device = attach(manager, Irq("isa", 4))
    pc.line("isa", 4).set(True)
    pc, manager, device = pickle.loads(pickle.dumps((pc, manager, device)))
    device.line = pc.line("isa", 4)
    pc.serve(manager)
    assert device.count == 1
    groups = manager.handlers()
    assert groups[-1][1][0].count == 1


@settings(max_examples=40)
@given(
    st.sampled_from([apic_manager, pic_manager]),
    st.lists(st.tuples(st.sampled_from(ISA), st.booleans()), max_size=40),
)
def test_every_rise_of_a_line_is_handled_once(make, events):
    """A line stays up until its handler lets go; meanwhile others rise, served or not."""
    pc = Pc()
    manager = make(pc)
    devices = {irq: attach(manager, Irq("isa", irq)) for irq in ISA}
    rises = dict.fromkeys(ISA, 0)
    for irq, device in devices.items():
        device.line = pc.line("isa", irq)
    for irq, serve in events:
        rises[irq] += not devices[irq].line.level
        devices[irq].line.set(True)
        if serve:
            pc.serve(manager)
    pc.serve(manager)
    assert {irq: device.count for irq, device in devices.items()} == rises
    assert manager.spurious == 0
    assert not any(device.line.level for device in devices.values())
    counts = {handler.irq.number: handler.count for handler in manager.handlers()[-1][1]}
    assert counts == rises


@settings(max_examples=40)
@given(st.permutations(range(48)), st.integers(1, 48))
def test_any_set_of_gsis_each_by_its_own_vector(order, count):
    pc = Pc()
    manager = apic_manager(pc)
    served = []
    for gsi in order[:count]:
        line = pc.line("gsi", gsi)
        attach(manager, Irq("gsi", gsi), partial(release, served, gsi, line))
    for gsi in range(48):
        pc.line("gsi", gsi).set(True)
    pc.serve(manager)
    assert served == sorted(order[:count], key=lambda gsi: -manager.vector_of(Irq("gsi", gsi)))


def release(served, gsi, line):
    served.append(gsi)
    line.set(False)
