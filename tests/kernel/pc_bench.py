"""A PC without a core: real device models behind a processor that only accesses them.

Every access lets virtual time pass.  Interrupts are delivered by ``run`` alone, to ``handlers``,
and counted by ``taken``; ``hook``, once set, is called after each access and may act as an
interrupt that comes just then.
"""

from collections import Counter
from contextlib import contextmanager
from functools import partial

from kerneltui.devices.x86 import acpi_pm_timer, hpet, i8254, local_apic
from kerneltui.hw.bus import AddressSpace
from kerneltui.hw.clock import Clock, ns_to_ticks
from kerneltui.kernel.irq import Irq

HPET_BASE, APIC_BASE = 0xFED0_0000, 0xFEE0_0000
PM_BLOCK = 0x600
PM_TIMER = PM_BLOCK + 8
APIC_SVR, APIC_EOI = 0x0F0, 0x0B0
VECTOR = 0xE0
DEVICES = frozenset({"apic", "hpet", "acpi", "pit"})
FEATURES = frozenset({"apic", "arat", "invtsc"})
BITS = {
    "apic": (0x1, 3, 9),
    "tsc-deadline": (0x1, 2, 24),
    "arat": (0x6, 0, 2),
    "invtsc": (0x8000_0007, 3, 8),
}
MMIO_NS, PORT_NS, MSR_NS, TSC_NS, CPUID_NS = 250, 1000, 100, 20, 100
ENTRY_NS = 300
IF = 1 << 9


class PcCpu:
    """``devices`` are there, ``features`` shown by CPUID; keyword arguments configure devices."""

    def __init__(
        self, devices=DEVICES, features=FEATURES, *,
        timer_hz=1_000_000_000, tsc_hz=2_999_999_977, pm_bits=24, highest_leaf=0x7, **of_hpet,
    ):  # fmt: skip
        self.clock = Clock()
        self.features = features
        self.highest_leaf = highest_leaf
        self.tsc_hz = tsc_hz
        self.memory, self.ports = AddressSpace("memory"), AddressSpace("port")
        self.msrs = AddressSpace("MSR")
        self.handlers = {}
        self.taken = Counter()
        self.accesses = 0
        self.tracepoints = []
        self.hook = None
        self.flags = IF
        self.apic = self.hpet = self.pit = self.pm = None
        self._levels, self._pending = set(), {}
        self._build(devices, timer_hz, pm_bits, of_hpet)

    def _build(self, devices, timer_hz, pm_bits, of_hpet):
        clock = self.clock
        if "hpet" in devices:
            self.hpet = hpet.Hpet("hpet", hpet.Config(**of_hpet), clock)
            self.memory.attach(HPET_BASE, 0x400, "hpet", self.hpet.files["HPET"])
            self.hpet.outputs["legacy_pit"][0].connect(partial(self._wire, Irq("isa", 0)))
            self.hpet.outputs["legacy_rtc"][0].connect(partial(self._wire, Irq("isa", 8)))
            for number in range(32):
                line = self.hpet.outputs[f"irq{number}"][0]
                line.connect(partial(self._wire, Irq("gsi", number)))
        if "pit" in devices:
            self.pit = i8254.I8254("pit", i8254.Config(), clock)
            self.ports.attach(0x40, 4, "pit", self.pit.files["I8254_PORTS"])
            self.ports.attach(0x61, 1, "port61", self.pit.files["NMI_SC"])
            irq0 = self.hpet.input("pit") if self.hpet else partial(self._wire, Irq("isa", 0))
            self.pit.outputs["out0"][0].connect(irq0)
        if "acpi" in devices:
            self.pm = acpi_pm_timer.AcpiPmTimer("acpi", acpi_pm_timer.Config(bits=pm_bits), clock)
            self.ports.attach(PM_BLOCK, 0x0C, "acpi", self.pm.files["ACPI_PM"])
        if "apic" in devices:
            config = local_apic.Config(timer_hz=timer_hz, tsc_hz=self.tsc_hz)
            self.apic = local_apic.LocalApic("apic", config, clock)
            self.memory.attach(APIC_BASE, 0x1000, "apic", self.apic.files["LOCAL_APIC"])
            self.msrs.attach(0x1B, 0x6C6, "apic", self.apic.files["LOCAL_APIC_MSR"])
            self.memory.write(APIC_BASE + APIC_SVR, 0x1FF)

    def _wire(self, irq, level):
        if level:
            self._levels.add(irq)
            self._pending[irq] = True
        else:
            self._levels.discard(irq)

    @property
    def now(self):
        return self.clock.now

    # -- instructions -----------------------------------------------------------------------------

    def _spend(self, ns):
        self.accesses += 1
        self.clock.advance(self.clock.now + ns)
        hook, self.hook = self.hook, None
        if hook is not None:
            hook()
            self.hook = hook

    def _load(self, space, address, size, ns):
        window = space.window_at(address)
        value = space.read(address, size) if window else (1 << 8 * size) - 1
        self._spend(ns)
        return value

    def _store(self, space, address, value, size, ns):
        if space.window_at(address):
            space.write(address, value, size)
        self._spend(ns)

    def read(self, address, size=4):
        return self._load(self.memory, address, size, MMIO_NS)

    def write(self, address, value, size=4):
        self._store(self.memory, address, value, size, MMIO_NS)

    def read_port(self, port, size=1):
        return self._load(self.ports, port, size, PORT_NS)

    def write_port(self, port, value, size=1):
        self._store(self.ports, port, value, size, PORT_NS)

    def read_msr(self, number):
        return self._load(self.msrs, number, 8, MSR_NS)

    def write_msr(self, number, value):
        self._store(self.msrs, number, value, 8, MSR_NS)

    def read_tsc(self):
        value = ns_to_ticks(self.clock.now, self.tsc_hz)
        self._spend(TSC_NS)
        return value

    def cpuid(self, leaf, subleaf=0):
        self._spend(CPUID_NS)
        registers = [0, 0, 0, 0]
        if leaf == 0:
            registers[0] = self.highest_leaf
        elif leaf == 0x8000_0000:
            registers[0] = 0x8000_0008
        for name, (number, register, bit) in BITS.items():
            if name in self.features and number == leaf:
                registers[register] |= 1 << bit
        return tuple(registers)

    def compute(self, ns):
        self.clock.advance(self.clock.now + ns)

    is_traced = True

    def tracepoint(self, name, /, **facts):
        self.tracepoints.append((name, facts))

    def read_flags(self):
        return self.flags

    def write_flags(self, value):
        self.flags = value

    def cli(self):
        self.flags &= ~IF

    def sti(self):
        self.flags |= IF

    # -- interrupts -------------------------------------------------------------------------------

    def _take(self):
        if self.apic and self.apic.outputs["intr"][0].level:
            return Irq("vector", self.apic.take(0))
        for irq in self._pending:
            del self._pending[irq]
            return irq
        return None

    def _deliver(self, irq):
        self.taken[irq] += 1
        self.compute(ENTRY_NS)
        self.handlers.get(irq, int)()
        if irq.domain == "vector":
            self.write(APIC_EOI + APIC_BASE, 0)
        elif irq.domain == "gsi" and irq in self._levels:
            self._pending[irq] = True

    def run(self, until_ns):
        """Idle until then, taking interrupts; those at the start too that came up to now."""
        while True:
            irq = self._take()
            if irq is not None:
                self._deliver(irq)
            elif self.clock.next_due <= until_ns:
                self.clock.advance(self.clock.next_due)
            else:
                break
        self.clock.advance(until_ns)

    def forget_interrupts(self):
        """What came so far was masked at the controller."""
        self._pending.clear()


class Lock:
    """Counts how often it is taken, and knows whether it is held."""

    def __init__(self):
        self.taken = 0
        self.is_held = False

    def __enter__(self):
        assert not self.is_held
        self.taken += 1
        self.is_held = True

    def __exit__(self, *error):
        self.is_held = False


@contextmanager
def counting(cpu):
    """The accesses of a block, as a list of one number that is valid at its end."""
    found = [0]
    before = cpu.accesses
    yield found
    found[0] = cpu.accesses - before
