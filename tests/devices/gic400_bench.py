"""What the GIC-400's tests share."""

from kerneltui.devices.arm.gic400 import Config, Gic400
from kerneltui.hw.clock import Clock
from kerneltui.machine import armstub

SPURIOUS = 1023


class Bench:
    """A GIC with its registers by name."""

    def __init__(self, cpus=4, ready=True, **config):
        self.gic = Gic400("gic", Config(**{"priority_bits": 8, **config}), Clock(), cpus)
        self.places = {
            slot.name: (file, slot.offset)
            for file in self.gic.files.values()
            for slot in file.slots()
            if not file.table.stands_for
        }
        for cpu in range(cpus if ready else 0):
            self.write("GICC_CTLR", 1, cpu)
            self.write("GICC_PMR", 0xFF, cpu)
        if ready:
            self.write("GICD_CTLR", 1)

    def read(self, name, cpu=0):
        file, offset = self.places[name]
        return file.read(offset, cpu=cpu)

    def peek(self, name, cpu=0):
        file, offset = self.places[name]
        return file.peek(offset, cpu=cpu)

    def write(self, name, value, cpu=0):
        file, offset = self.places[name]
        file.write(offset, value, cpu=cpu)

    def write_byte(self, base, number, value, cpu=0):
        self.gic.files["GICD"].write(base + number, value, 1, cpu)

    def bit(self, stem, number, cpu=0):
        return self.peek(f"{stem}{number // 32}", cpu) >> number % 32 & 1

    def set_bit(self, stem, number, cpu=0):
        self.write(f"{stem}{number // 32}", 1 << number % 32, cpu)

    def enable(self, number, priority=0x80, targets=1, cpu=0):
        self.set_bit("GICD_ISENABLER", number, cpu)
        self.write_byte(0x400, number, priority, cpu)
        if number >= 32:
            self.write_byte(0x800, number, targets)

    def edge(self, number):
        name = f"GICD_ICFGR{number // 16}"
        self.write(name, self.peek(name) | 2 << number % 16 * 2)

    def line(self, number, level, cpu=0):
        pin, first = ("spi", 32) if number >= 32 else ("ppi", 16)
        self.gic.input(pin, number - first, cpu)(level)

    def irq(self, cpu=0):
        return self.gic.outputs["irq"][cpu].level

    def fiq(self, cpu=0):
        return self.gic.outputs["fiq"][cpu].level

    def remarks(self):
        """What it remarks from now on: kind and number."""
        told = []
        self.gic.on_remark = lambda device, kind, number, text: told.append((kind, number))
        return told

    def gate(self, name, number, cpu=0):
        return next(gate for gate in self.gates(number, cpu) if gate.name == name)

    def gates(self, number, cpu):
        """The rules of its one passage."""
        (passage,) = self.gic.passages(number, cpu)
        return passage.gates


class SecureBench(Bench):
    """One with the Security Extensions, reset or as the firmware leaves it."""

    def __init__(self, cpus=2, ready=True, **config):
        super().__init__(cpus, ready=False, **{"security": True, "priority_bits": 5, **config})
        self.seen = {
            slot.name: (file, slot.offset)
            for file in self.gic.files.values()
            for slot in file.slots()
            if file.table.stands_for
        }
        if ready:
            armstub.set_up([self.gic], cpus)

    def ns_read(self, name, cpu=0):
        """A non-secure load."""
        file, offset = self.seen[name]
        return file.read(offset, cpu=cpu)

    def ns_peek(self, name, cpu=0):
        """What a non-secure load would give."""
        file, offset = self.seen[name]
        return file.peek(offset, cpu=cpu)

    def ns_write(self, name, value, cpu=0):
        """A non-secure store."""
        file, offset = self.seen[name]
        file.write(offset, value, cpu=cpu)

    def group(self, number, group, cpu=0):
        """Put an interrupt into a group."""
        name, bit = f"GICD_IGROUPR{number // 32}", 1 << number % 32
        held = self.peek(name, cpu)
        self.write(name, held | bit if group else held & ~bit, cpu)

    def gates(self, number, cpu):
        """The rules of the passage that it takes."""
        return self.gic.passages(number, cpu)[0].gates
