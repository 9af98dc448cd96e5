"""x86 cores: RAM, wires that kernels can pull, local APICs, a port, and a clock."""

from functools import partial

from kerneltui.devices.x86.local_apic import Config, LocalApic
from kerneltui.hw.bus import AddressSpace, Memory
from kerneltui.hw.clock import NEVER, Clock
from kerneltui.kernel.arch.x86_64 import INTERRUPT_GATE, KERNEL_CS
from kerneltui.machine.apic_wiring import deliver
from kerneltui.machine.core import FOREVER, Costs
from kerneltui.machine.kernel_image import KernelImage
from kerneltui.machine.turns import Turns
from kerneltui.machine.x86_clocks import CoreClocks
from kerneltui.machine.x86_core import X86Core

COSTS = Costs(
    load=100, store=60, sysreg=10, exception_entry=40, exception_return=30, wait=20, port=700
)
RAM = 0x10_0000
WIRES = 0x20_0000
INTR_WIRE, NMI_WIRE = WIRES, WIRES + 4
APIC = 0xFEE0_0000
SVR, EOI, ICR_LOW, ICR_HIGH = APIC + 0x0F0, APIC + 0x0B0, APIC + 0x300, APIC + 0x310
LVT_TIMER, INIT_COUNT, CUR_COUNT, DIV_CONF = (APIC + it for it in (0x320, 0x380, 0x390, 0x3E0))
TSC_DEADLINE = 0x6E0
PORT = 0x80
IDT, IDT_SIZE = 0x2_0000, 0x1000
VECTOR = 0x31
IF = 1 << 9
ALL = frozenset(("apic", "tsc-deadline", "arat", "invtsc"))
TSC_HZ, TIMER_HZ = 2_400_000_000, 100_000_000
DEEP_NS = 100_000


class Wires:
    """A store of 0 or 1 sets core 0's INTR (offset 0) or NMI (offset 4) input."""

    core = None

    def read(self, offset, size=4, cpu=0):
        return self.peek(offset)

    def peek(self, offset, size=4, cpu=0):
        return self.core.inputs

    def write(self, offset, value, size=4, cpu=0):
        (self.core.set_nmi if offset else self.core.set_intr)(bool(value))


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

    def gate(self, vector, handler, *, has_error_code=False):
        """Write the gate of a handler, which is ended by IRET."""
        write_gate(self.cpu, vector, partial(self.entry, handler, has_error_code))

    def entry(self, handler, has_error_code):
        handler()
        if has_error_code:
            self.cpu.release_stack(8)
        self.cpu.return_from_interrupt()


def write_gate(cpu, vector, code):
    """A gate of the core's own table (SDM 3A 6.14.1), without spending instructions."""
    address = cpu.place_code(code)
    low = address & 0xFFFF | KERNEL_CS << 16 | INTERRUPT_GATE << 32 | address >> 16 << 48
    place = IDT + IDT_SIZE * cpu.index + 16 * vector
    cpu.memory.write(place, low & (1 << 64) - 1, 8)
    cpu.memory.write(place + 8, address >> 32, 8)


class Bench:
    """Cores that each run a kernel; ``vector`` is what core 0's INTA cycle answers.

    With ``apic`` the cores have local APICs, which answer it instead.
    """

    def __init__(self, *kernels, features=ALL, apic=False, costs=COSTS):
        self.clock = Clock()
        self.memory = AddressSpace("memory")
        self.ports, self.msrs = AddressSpace("port"), AddressSpace("MSR")
        self.memory.attach(0, RAM, "ram", Memory(RAM))
        self.ports.attach(PORT, 4, "port80", Memory(4))
        self.vector = VECTOR
        turns, image = Turns(self.clock), KernelImage()
        self.cores = []
        for index in range(len(kernels)):
            clocks = CoreClocks(index, self.clock, features, TSC_HZ, DEEP_NS)
            core = X86Core(
                index, self.clock, self.memory, self.ports, self.msrs, costs, features, clocks
            )
            core.turns, core.image = turns, image
            self.cores.append(core)
        turns.cores.extend(self.cores)
        self.turns, self.core = turns, self.cores[0]
        wires = Wires()
        wires.core = self.core
        self.memory.attach(WIRES, 8, "wires", wires)
        self.core.acknowledge = self.acknowledge
        self.apic = None
        if apic:
            self.add_apics(len(kernels))
        self.kernels = [kernel(core) for kernel, core in zip(kernels, self.cores, strict=True)]
        self.kernel = self.kernels[0]
        for core, kernel in zip(self.cores, self.kernels, strict=True):
            core.regs.store("IDTR_BASE")[0] = IDT + IDT_SIZE * core.index
            core.regs.store("IDTR_LIMIT")[0] = IDT_SIZE - 1
            core.power_on(kernel)

    def add_apics(self, count):
        config = Config(timer_hz=TIMER_HZ, tsc_hz=TSC_HZ)
        self.apic = LocalApic("lapic", config, self.clock, count)
        self.memory.attach(APIC, 0x1000, "lapic", self.apic.files["LOCAL_APIC"])
        self.msrs.attach(0x1B, 0x6C6, "lapic", self.apic.files["LOCAL_APIC_MSR"])
        self.apic.signal = partial(deliver, self.turns)
        for core in self.cores:
            core.acknowledge = partial(self.apic.take, core.index)
            core.clocks.local_apic = self.apic
            self.apic.outputs["intr"][core.index].connect(core.set_intr)
            self.apic.outputs["nmi"][core.index].connect(core.set_nmi)

    def acknowledge(self):
        self.core.set_intr(False)
        return self.vector

    def run(self, instructions=FOREVER, until=NEVER):
        for core in self.cores:
            core.stop_at = core.retired + instructions
            core.until = until
        return self.turns.run()[1]

    def observe(self, observer):
        for core in self.cores:
            core.observer = observer

    def at(self, due, action):
        self.clock.deadline("event", action).arm(due)

    def raise_intr_at(self, due):
        self.at(due, partial(self.core.set_intr, True))

    def raise_nmi_at(self, due):
        self.at(due, partial(self.core.set_nmi, True))

    def reg(self, name):
        return self.core.regs.store(name)[0]
