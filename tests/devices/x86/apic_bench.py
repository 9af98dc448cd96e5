"""A bench for the local APIC: registers by name, messages, and what the cores are told."""

from kerneltui.devices.x86.local_apic import Config, LocalApic
from kerneltui.devices.x86.local_apic_registers import LOCAL_APIC, LOCAL_APIC_MSR
from kerneltui.hw.clock import Clock

SELF, ALL, OTHERS = 1 << 18, 2 << 18, 3 << 18
FIXED, LOWEST, SMI, NMI, INIT, STARTUP, EXTINT = 0, 1, 2, 4, 5, 6, 7
LEVEL = 1 << 15
MASKED = 1 << 16
PERIODIC, DEADLINE = 1 << 17, 2 << 17
LOGICAL = 1 << 11


class Bench:
    """APICs with everything software enabled, unless asked otherwise."""

    def __init__(self, cpus=1, enable=True, **config):
        self.clock = Clock()
        self.apic = LocalApic("lapic", Config(**config), self.clock, cpus)
        self.told = []
        self.ended = []
        self.nmis = [0] * cpus
        self.apic.signal = self.tell
        self.apic.eoi_listeners.append(self.end)
        self.pic_vector = 0x28
        for cpu in range(cpus):
            self.apic.outputs["nmi"][cpu].connect(NmiCounter(self.nmis, cpu))
            if enable:
                self.write("SVR", 0x1FF, cpu)

    def tell(self, cpu, mode, vector):
        self.told.append((cpu, mode, vector))

    def end(self, vector):
        self.ended.append(vector)

    def acknowledge_pic(self):
        return self.pic_vector

    def place(self, name):
        stem = name.rstrip("0123456789") if name not in LOCAL_APIC else name
        for table in (LOCAL_APIC, LOCAL_APIC_MSR):
            if stem in table:
                register = table[stem]
                number = int(name.removeprefix(stem) or 0)
                size = register.width // 8
                return self.apic.files[table.name], register.offset + number * register.stride, size
        raise KeyError(name)

    def read(self, name, cpu=0):
        file, offset, size = self.place(name)
        return file.read(offset, size, cpu)

    def peek(self, name, cpu=0):
        file, offset, size = self.place(name)
        return file.peek(offset, size, cpu)

    def write(self, name, value, cpu=0):
        file, offset, size = self.place(name)
        file.write(offset, value, size, cpu)

    def bitmap(self, name, cpu=0):
        """The vectors in IRR, ISR or TMR, as the eight registers show them."""
        words = [self.read(f"{name}{n}", cpu) for n in range(8)]
        return {
            32 * n + bit for n, word in enumerate(words) for bit in range(32) if word >> bit & 1
        }

    def send(self, value, destination=0, cpu=0):
        self.write("ICR_HIGH", destination << 24, cpu)
        self.write("ICR_LOW", value, cpu)

    def message(self, vector, mode=FIXED, destination=0, *, level=False, logical=False):
        self.apic.deliver(vector, mode, level, destination, logical)

    def intr(self, cpu=0):
        return self.apic.outputs["intr"][cpu].level

    def gates(self, entrance, cpu=0):
        (passage,) = self.apic.passages(entrance, cpu)
        return passage.gates

    def take(self, cpu=0):
        return self.apic.take(cpu)

    def end_of_interrupt(self, cpu=0):
        self.write("EOI", 0, cpu)

    def pin(self, name, level, cpu=0):
        self.apic.input(name, cpu=cpu)(level)

    def at(self, ns):
        self.clock.advance(ns)

    def errors(self, cpu=0):
        """What software does to see them: write, then read (10.5.3)."""
        self.write("ESR", 0, cpu)
        return self.read("ESR", cpu)


class NmiCounter:
    def __init__(self, counts, cpu):
        self.counts, self.cpu = counts, cpu

    def __call__(self, level):
        self.counts[self.cpu] += level
