"""A core alone: RAM, two wires that the kernel itself can pull, and a clock."""

from functools import partial

from kerneltui.hw.bus import AddressSpace, Memory
from kerneltui.hw.clock import NEVER, Clock
from kerneltui.machine.aarch64_core import Aarch64Core
from kerneltui.machine.aarch64_registers import AARCH64
from kerneltui.machine.core import FOREVER, Costs

COSTS = Costs(load=100, store=60, sysreg=10, exception_entry=40, exception_return=30, wait=20)
WIRES = 0x1_0000
IRQ_WIRE, FIQ_WIRE = WIRES, WIRES + 4
SYNC, IRQ, FIQ = 0x200, 0x280, 0x300
I_BIT, F_BIT = 1 << 7, 1 << 6
ALL_MASKED = 0x3C0


class Wires:
    """A store of 0 or 1 sets the level of the IRQ (offset 0) or FIQ (offset 4) input."""

    core = None

    def read(self, offset, size=4, cpu=0):
        return self.peek(offset)

    def peek(self, offset, size=4, cpu=0):
        return self.core.inputs

    def write(self, offset, value, size=4, cpu=0):
        (self.core.set_fiq if offset else self.core.set_irq)(bool(value))


class Kernel:
    """A kernel that does nothing; tests override what they need."""

    def __init__(self, cpu):
        self.cpu = cpu
        self.log = []

    def boot(self):
        pass

    def idle(self):
        while True:
            self.cpu.wait_for_interrupt()

    def vectors(self, **handlers):
        """Install handlers, each ended by ERET."""
        offsets = {"sync": SYNC, "irq": IRQ, "fiq": FIQ}
        table = {offsets[kind]: partial(self.entry, handler) for kind, handler in handlers.items()}
        self.cpu.write_sysreg(ENCODING["VBAR_EL1"], self.cpu.place_vectors(table))

    def entry(self, handler):
        handler()
        self.cpu.return_from_exception()


class Bench:
    """A core that runs a kernel."""

    def __init__(self, kernel, costs=COSTS):
        self.clock = Clock()
        memory = AddressSpace("memory")
        memory.attach(0, 4096, "ram", Memory(4096))
        wires = Wires()
        memory.attach(WIRES, 8, "wires", wires)
        self.core = Aarch64Core(0, self.clock, memory, AddressSpace("system register"), costs)
        wires.core = self.core
        self.kernel = kernel(self.core)
        self.core.power_on(self.kernel)

    def run(self, instructions=FOREVER, until=NEVER):
        self.core.stop_at = self.core.retired + instructions
        self.core.until = until
        return self.core.run()

    def at(self, due, action):
        self.clock.deadline("event", action).arm(due)

    def raise_irq_at(self, due):
        self.at(due, partial(self.core.set_irq, True))

    def raise_fiq_at(self, due):
        self.at(due, partial(self.core.set_fiq, True))

    def reg(self, name):
        return self.core.regs.peek(ENCODING[name], 8)


def _encodings():
    core = Aarch64Core(0, Clock(), AddressSpace("memory"), AddressSpace("sys"), COSTS)
    return {slot.name: slot.offset for slot in core.regs.slots()}


ENCODING = _encodings()
assert AARCH64.name == "AARCH64"
