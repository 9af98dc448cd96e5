"""The two ways in which a PC takes interrupts: by its APICs, or by its pair of 8259s alone.

Vectors, all chosen here: 0x30 + n is ISA interrupt n (0x20 + n with the 8259s alone), other global
system interrupts get the next free one from 0x50 on, and what the core itself or another one raises
is registered with its vector, above 0xE0 by custom.  The upper four bits of a vector are its
priority (Intel SDM, volume 3A, 10.8.3): timers and messages of the core come first.
"""

from __future__ import annotations

import msgspec

from kerneltui.kernel.arch.cpu import X86Cpu
from kerneltui.kernel.drivers.i8259 import CASCADE, I8259Driver
from kerneltui.kernel.drivers.io_apic import IoApics
from kerneltui.kernel.drivers.local_apic import ERROR_VECTOR, SPURIOUS_VECTOR, LocalApicDriver
from kerneltui.kernel.irq import Irq, IrqHandler, KernelError, run_handler, tell_spurious
from kerneltui.kernel.pc.acpi import Madt, Override

CALL_VECTOR = 0xFD
"""What calls from core to core come as."""
FIRST_FREE_VECTOR = 0x20
"""Those below are the processor's own exceptions (Intel SDM 3A 6.2)."""
RESERVED_VECTORS = {0x80: "system calls", SPURIOUS_VECTOR: "spurious interrupts"}
ISA_VECTOR_BASE = 0x30
GSI_VECTORS = range(0x50, 0xE0)
LAST_ISA_IRQ = 15
SOFTWARE_VECTOR = 0xD
"""Software interrupts have it, and the two above, as the lower four bits of their vectors."""
MOST_CORES = 8
"""In the flat model a core is a bit of eight (Intel SDM 3A 10.6.2.2)."""
DOMAIN_TITLES = {"isa": "ISA IRQ", "gsi": "GSI", "vector": "vector"}

SPURIOUS_IRQS = frozenset((7, 15))
"""What the 8259s make of a request that is gone before it is taken."""
ESR_BITS = {
    4: "redirectable IPI",
    5: "illegal vector sent",
    6: "illegal vector received",
    7: "illegal register address",
}
"""Intel SDM 3A 10.5.3; the lower ones are of processors before the Pentium 4."""


class VectorTable:
    """Which interrupt has which vector, and the handlers: at most one of each a vector."""

    def __init__(self) -> None:
        self.handlers: dict[int, IrqHandler] = {}
        self._irqs: dict[int, Irq] = {}

    def assign(self, irq: Irq, vector: int) -> int:
        """Give an interrupt a vector.  Raises KernelError for one that it cannot have."""
        if not FIRST_FREE_VECTOR <= vector <= SPURIOUS_VECTOR:
            raise KernelError(
                f"Vector {vector:#04x} is not for interrupts: "
                f"those are {FIRST_FREE_VECTOR:#04x} to {SPURIOUS_VECTOR - 1:#04x}"
            )
        if vector in RESERVED_VECTORS:
            raise KernelError(f"Vector {vector:#04x} is reserved for {RESERVED_VECTORS[vector]}")
        if self._irqs.setdefault(vector, irq) != irq:
            raise KernelError(f"Vector {self._describe(vector)} is taken already")
        return vector

    def vector_of(self, irq: Irq) -> int | None:
        """The interrupt's vector, if it has one yet."""
        return next((vector for vector, owner in self._irqs.items() if owner == irq), None)

    def free_vector(self, among: range) -> int:
        """The lowest that is free.  Raises KernelError when all are taken."""
        for vector in among:
            if vector not in self._irqs and vector not in RESERVED_VECTORS:
                return vector
        raise KernelError(f"All vectors {among.start:#04x} to {among.stop - 1:#04x} are taken")

    def register(self, vector: int, handler: IrqHandler) -> None:
        """Raises KernelError when the vector has a handler already."""
        if vector in self.handlers:
            raise KernelError(f"IRQ handler already registered for vector {self._describe(vector)}")
        self.handlers[vector] = handler

    def unhandled(self, vector: int) -> KernelError:
        """The error of an interrupt that nobody handles."""
        return KernelError(f"No handler registered for vector {self._describe(vector)}")

    def handlers_of(self, *domains: str) -> list[IrqHandler]:
        """The handlers of some kinds of interrupts, by vector."""
        listed = [handler for _, handler in sorted(self.handlers.items())]
        return [handler for handler in listed if handler.irq.domain in domains]

    def _describe(self, vector: int) -> str:
        """With the interrupt that has it, as ``0x50 (GSI 30)``."""
        irq = self._irqs.get(vector)
        if irq is None or irq.domain == "vector":
            return f"{vector:#04x}"
        return f"{vector:#04x} ({_title(irq)})"


def _title(irq: Irq) -> str:
    return f"{DOMAIN_TITLES[irq.domain]} {irq.number}"


def _check_isa(irq: Irq) -> None:
    """Raises KernelError for what is no ISA interrupt."""
    if not 0 <= irq.number <= LAST_ISA_IRQ or irq.number == CASCADE:
        raise KernelError(
            f"There is no ISA IRQ {irq.number}: they are 0 to {LAST_ISA_IRQ} "
            f"without {CASCADE}, which joins the two 8259s"
        )


class Route(msgspec.Struct, frozen=True):
    """Where an interrupt arrives, and how."""

    gsi: int
    active_low: bool
    level: bool


class IsaRouting:
    """Which global system interrupts the ISA interrupts are (ACPI 6.4, 5.2.12.5 and 5.2.13)."""

    def __init__(self, overrides: tuple[Override, ...]) -> None:
        self._overrides = {
            entry.isa_irq: Route(entry.gsi, entry.active_low, entry.level) for entry in overrides
        }

    def isa_to_gsi(self, irq: int) -> Route:
        """The route of an ISA interrupt; without an override it is on its own number's GSI."""
        return self._overrides.get(irq) or Route(irq, active_low=False, level=False)


class LocalApicInterrupts:
    """Interrupts by a core's local APIC alone: what it raises itself and what other cores send.

    ``number`` is the core's; ``apic_ids`` says what physical destination each core has, by number.
    ``spurious`` counts the interrupts that were gone before they could be taken.
    """

    compatible = "Local APIC"
    has_priorities = True

    def __init__(
        self, cpu: X86Cpu, base: int, number: int = 0, apic_ids: tuple[int, ...] = ()
    ) -> None:
        self._cpu = cpu
        self.local_apic = LocalApicDriver(cpu, base)
        self.apic_ids = apic_ids
        self.spurious = 0
        self._number = number
        self._table = VectorTable()
        self._handlers = self._table.handlers

    def init_core(self) -> None:
        """The local APIC on, and its mistakes reported."""
        error = Irq("vector", ERROR_VECTOR)
        self.register_handler(IrqHandler(error, "Local APIC error", self.handle_error))
        self.local_apic.enable(self._number)

    def register_handler(self, handler: IrqHandler) -> None:
        """Raises KernelError when the interrupt has a handler already, or can have no vector."""
        self._table.register(self.vector_of(handler.irq), handler)

    def vector_of(self, irq: Irq) -> int:
        """The interrupt's vector.  Raises KernelError when it can have none."""
        if irq.domain != "vector":
            raise KernelError(f"A local APIC has no {irq.domain} interrupts: only vector")
        return self._table.assign(irq, irq.number)

    def enable(self, irq: Irq) -> None:
        """Of a ``vector`` its source decides."""

    def send_ipi(self, core: int) -> None:
        """Interrupt a core, by number."""
        self.local_apic.send_ipi(self.apic_ids[core], CALL_VECTOR)

    def software_irq(self, number: int, priority: int) -> Irq:
        """A vector of that class, which is its priority (Intel SDM 3A 10.8.3)."""
        return Irq("vector", priority << 4 | SOFTWARE_VECTOR + number)

    def raise_software_irq(self, irq: Irq) -> None:
        """A message to itself."""
        self.local_apic.send_self(irq.number)

    def hold_back(self, priority: int) -> None:
        """By the task's priority."""
        self.local_apic.set_task_priority(priority)

    def handle_vector(self, vector: int) -> None:
        """Serve the interrupt that came as ``vector``, then end it.

        A spurious one is not to be ended (Intel SDM 3A 10.9).  Raises KernelError when nobody
        handles it.
        """
        handler = self._handlers.get(vector)
        if handler is not None:
            run_handler(self._cpu, handler, Irq("vector", vector))
            self.local_apic.eoi()
        elif vector == SPURIOUS_VECTOR:
            self.spurious += 1
            tell_spurious(self._cpu, "vector", vector)
        else:
            raise self._table.unhandled(vector)

    def handle_error(self) -> None:
        """The local APIC has found a mistake of software.  Raises KernelError, which names it."""
        bits = self.local_apic.errors()
        found = [ESR_BITS.get(bit, f"ESR bit {bit}") for bit in range(8) if bits >> bit & 1]
        raise KernelError(f"Local APIC error: {', '.join(found)}")

    def handlers(self) -> list[tuple[str, list[IrqHandler]]]:
        """All handlers, in one group."""
        return [("Local handler", self._table.handlers_of("vector"))]


class ApicInterrupts(LocalApicInterrupts):
    """Interrupts by I/O APICs and the local APIC of core 0, which gets them all."""

    compatible = "Local APIC and I/O APIC"

    def __init__(self, cpu: X86Cpu, madt: Madt) -> None:
        super().__init__(cpu, madt.local_apic_address)
        self._processors = madt.processors
        self.io_apics = IoApics(cpu, madt.io_apics)
        self.pic = I8259Driver(cpu) if madt.has_pic else None
        self.isa = IsaRouting(madt.overrides)
        self._gsis: dict[int, Irq] = {}
        self._triggers: dict[Irq, Route] = {}

    def init(self) -> None:
        """8259s first, which are to be masked before APICs are used (ACPI 6.4, 5.2.12).

        Raises KernelError when the processor has no local APIC.
        """
        if not LocalApicDriver.present(self._cpu):
            raise KernelError("CPUID says that the processor has no local APIC")
        if self.pic is not None:
            self.pic.init()
        self.io_apics.init()
        self.init_core()
        own = self.local_apic.id()
        others = (entry.apic_id for entry in self._processors if entry.enabled)
        self.apic_ids = (own, *(apic_id for apic_id in others if apic_id != own))[:MOST_CORES]

    def set_trigger(self, irq: Irq, *, active_low: bool, level: bool) -> None:
        """How a GSI behaves that does not as PCI interrupts do; to be told before ``enable``."""
        self._triggers[irq] = Route(irq.number, active_low, level)

    def vector_of(self, irq: Irq) -> int:
        """The interrupt's vector; one that has none gets it here.

        Raises KernelError for an interrupt that does not exist, or is known by another name.
        """
        vector = self._table.vector_of(irq)
        if vector is not None:
            return vector
        if irq.domain == "vector":
            return self._table.assign(irq, irq.number)
        owner = self._gsis.setdefault(self._route(irq).gsi, irq)
        if owner != irq:
            raise KernelError(f"{_title(irq)} and {_title(owner)} are the same interrupt")
        if irq.domain == "isa":
            return self._table.assign(irq, ISA_VECTOR_BASE + irq.number)
        return self._table.assign(irq, self._table.free_vector(GSI_VECTORS))

    def _route(self, irq: Irq) -> Route:
        """What is no ISA interrupt is PCI's: low and level triggered, unless told otherwise."""
        if irq.domain == "isa":
            _check_isa(irq)
            return self._isa_route(irq.number)
        if irq.domain == "gsi":
            return self._triggers.get(irq) or Route(irq.number, active_low=True, level=True)
        raise KernelError(f"A PC with APICs has no {irq.domain} interrupts: isa, gsi or vector")

    def gsi_of(self, irq: Irq) -> int:
        """The global system interrupt that an ISA or GSI interrupt is."""
        return self._route(irq).gsi

    def _isa_route(self, irq: int) -> Route:
        return self.isa.isa_to_gsi(irq)

    def enable(self, irq: Irq) -> None:
        """Route the interrupt here and unmask it; of a ``vector`` its source decides.

        Raises KernelError when no I/O APIC has it, and as :meth:`vector_of`.
        """
        vector = self.vector_of(irq)
        if irq.domain == "vector":
            return
        route, apic_id = self._route(irq), self.local_apic.id()
        self.io_apics.route(
            route.gsi, vector, apic_id, active_low=route.active_low, level=route.level
        )
        self.io_apics.unmask(route.gsi)

    def handlers(self) -> list[tuple[str, list[IrqHandler]]]:
        """Handlers of what the core raises itself, and of what comes by the I/O APICs."""
        return [
            ("Local handler", self._table.handlers_of("vector")),
            ("Peripheral handler", self._table.handlers_of("isa", "gsi")),
        ]


class PicInterrupts:
    """Interrupts by the pair of 8259s alone, as on a PC without APICs.

    ``spurious`` counts the interrupts that were gone before they could be taken.
    """

    compatible = "8259A pair"

    def __init__(self, cpu: X86Cpu, pic: I8259Driver | None = None) -> None:
        self._cpu = cpu
        self.pic = pic or I8259Driver(cpu)
        self.spurious = 0
        self._table = VectorTable()
        self._handlers = self._table.handlers

    def init(self) -> None:
        """A local APIC is switched off: it would keep the 8259s from the core."""
        if LocalApicDriver.present(self._cpu):
            LocalApicDriver.disable(self._cpu)
        self.pic.init()

    def register_handler(self, handler: IrqHandler) -> None:
        """Raises KernelError for a second handler and for what is no ISA interrupt."""
        self._table.register(self.vector_of(handler.irq), handler)

    def vector_of(self, irq: Irq) -> int:
        """The interrupt's vector.  Raises KernelError for what is no ISA interrupt."""
        if irq.domain != "isa":
            raise KernelError(f"The 8259s have no {irq.domain} interrupts: only isa")
        _check_isa(irq)
        return self._table.assign(irq, self.pic.vector_base + irq.number)

    def enable(self, irq: Irq) -> None:
        """Unmask it.  Raises KernelError for what is no ISA interrupt."""
        self.vector_of(irq)
        self.pic.unmask(irq.number)

    def handle_vector(self, vector: int) -> None:
        """Serve the interrupt that came as ``vector``, then end it, if it is one.

        Raises KernelError when nobody handles it.
        """
        irq = vector - self.pic.vector_base
        if irq in SPURIOUS_IRQS and self.pic.is_spurious(irq):
            self.spurious += 1
            tell_spurious(self._cpu, "isa", irq)
            self.pic.end_spurious(irq)
            return
        handler = self._handlers.get(vector)
        if handler is None:
            raise self._table.unhandled(vector)
        run_handler(self._cpu, handler, handler.irq)
        self.pic.end_of_interrupt(irq)

    def handlers(self) -> list[tuple[str, list[IrqHandler]]]:
        """All handlers, in one group."""
        return [("Peripheral handler", self._table.handlers_of("isa"))]
