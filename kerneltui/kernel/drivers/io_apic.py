"""Driver of the I/O APICs.

Registers from Intel 82093AA I/O Advanced Programmable Interrupt Controller (290566-001), section 3;
global system interrupts from the ACPI specification 6.4, 5.2.13.
"""

from __future__ import annotations

from collections.abc import Iterable

from kerneltui.kernel.arch.cpu import Cpu
from kerneltui.kernel.irq import KernelError
from kerneltui.kernel.pc.acpi import IoApicEntry

IOREGSEL = 0x00
IOWIN = 0x10

IOAPICID = 0x00
IOAPICVER = 0x01
IOREDTBL = 0x10
"""Two registers a pin: the lower half of its entry, then the upper."""

ACTIVE_LOW = 1 << 13
LEVEL_TRIGGERED = 1 << 15
MASKED = 1 << 16


class IoApicDriver:
    """One chip: pin 0 is global system interrupt ``gsi_base``.

    Its registers are behind a window of two words, so to be used with interrupts off or by one
    party alone.
    """

    def __init__(self, cpu: Cpu, base: int, gsi_base: int, number: int = 0) -> None:
        """``number`` is the chip's APIC ID."""
        self._cpu = cpu
        self._base = base
        self.gsi_base = gsi_base
        self._number = number
        self.pins = 0

    def init(self) -> None:
        """Give it its ID, ask how many pins there are, and mask them."""
        self._write(IOAPICID, self._number << 24)
        self.pins = (self._read(IOAPICVER) >> 16 & 0xFF) + 1
        self.mask_all()

    def mask_all(self) -> None:
        """Keep every pin out."""
        for pin in range(self.pins):
            self.mask(pin)

    def route(self, pin: int, vector: int, apic_id: int, *, active_low: bool, level: bool) -> None:
        """Send a pin to one core as ``vector``; it stays masked.

        Masked from the first word on, as an entry that is half new could send anything anywhere.
        """
        mode = (ACTIVE_LOW if active_low else 0) | (LEVEL_TRIGGERED if level else 0)
        self._write(IOREDTBL + 2 * pin, MASKED | mode | vector)
        self._write(IOREDTBL + 2 * pin + 1, apic_id << 24)

    def mask(self, pin: int) -> None:
        """Keep a pin out; an edge that comes now is lost (3.2.4)."""
        self._write(IOREDTBL + 2 * pin, self._read(IOREDTBL + 2 * pin) | MASKED)

    def unmask(self, pin: int) -> None:
        """Let a pin through."""
        self._write(IOREDTBL + 2 * pin, self._read(IOREDTBL + 2 * pin) & ~MASKED)

    def _read(self, index: int) -> int:
        self._cpu.write(self._base + IOREGSEL, index)
        return self._cpu.read(self._base + IOWIN)

    def _write(self, index: int, value: int) -> None:
        self._cpu.write(self._base + IOREGSEL, index)
        self._cpu.write(self._base + IOWIN, value)


class IoApics:
    """All chips: together they take the global system interrupts."""

    def __init__(self, cpu: Cpu, entries: Iterable[IoApicEntry]) -> None:
        self.chips = [
            IoApicDriver(cpu, entry.address, entry.gsi_base, entry.id) for entry in entries
        ]

    def init(self) -> None:
        """Bring every chip up, with all pins masked."""
        for chip in self.chips:
            chip.init()

    def controller_for(self, gsi: int) -> IoApicDriver:
        """The chip that a GSI is at.  Raises KernelError where there is none."""
        for chip in self.chips:
            if chip.gsi_base <= gsi < chip.gsi_base + chip.pins:
                return chip
        ranges = [f"{chip.gsi_base}-{chip.gsi_base + chip.pins - 1}" for chip in self.chips]
        raise KernelError(
            f"No I/O APIC has GSI {gsi}: there are {', '.join(ranges) if ranges else 'none at all'}"
        )

    def route(self, gsi: int, vector: int, apic_id: int, *, active_low: bool, level: bool) -> None:
        """As :meth:`IoApic.route`.  Raises KernelError for a GSI that no chip has."""
        chip = self.controller_for(gsi)
        chip.route(gsi - chip.gsi_base, vector, apic_id, active_low=active_low, level=level)

    def mask(self, gsi: int) -> None:
        """Keep a GSI out.  Raises KernelError for one that no chip has."""
        chip = self.controller_for(gsi)
        chip.mask(gsi - chip.gsi_base)

    def unmask(self, gsi: int) -> None:
        """Let a GSI through.  Raises KernelError for one that no chip has."""
        chip = self.controller_for(gsi)
        chip.unmask(gsi - chip.gsi_base)
