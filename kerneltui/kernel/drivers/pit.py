"""Drivers of the 8254: counter 0 as a clock device, counter 2 as a timer device.

Commands from the Intel 8254 data sheet (231164), ports from the ICH9 data sheet (316972), 13.4 and,
for the gate of counter 2, 13.7.1.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from fractions import Fraction

from kerneltui.kernel.arch.cpu import X86Cpu
from kerneltui.kernel.irq import Irq, KernelError

COUNTER0 = 0x40
COUNTER2 = 0x42
CONTROL = 0x43
NMI_SC = 0x61

COUNTER0_RATE = 0b00_11_010_0
"""Control words: both bytes, binary; mode 2, rate generator, and mode 4, strobe."""
COUNTER0_STROBE = 0b00_11_100_0
COUNTER2_RATE = 0b10_11_010_0
COUNTER2_LATCH = 0b10_00_000_0
COUNTER2_STATUS = 0b11_10_1000
"""Read-back command: latch the status of counter 2."""
NO_DEVICE = 0xFF
NMI_SC_GATE2 = 1 << 0
NMI_SC_ENABLES = 0b1100
"""Bits 3:2 keep what they are; bits 7:4 are to be written as zero."""

HZ = 1_193_182
MAX_COUNT = 0x1_0000
NS_PER_S = 1_000_000_000


class Pit:
    """What both roles share: whether the chip is there."""

    name = "pit"
    compatible = "8254 programmable interval timer"

    def __init__(self, cpu: X86Cpu) -> None:
        self._cpu = cpu

    def missing(self) -> str:
        """Ports that nobody drives read all ones.

        As a status that would be a counter in mode 7, counting in decimal: a mode that is only an
        alias of mode 3 ("Control Word Format").  Reading the status disturbs no counter.
        """
        self._cpu.write_port(CONTROL, COUNTER2_STATUS)
        if self._cpu.read_port(COUNTER2) == NO_DEVICE:
            return "there is no PIT (its status reads FFh)"
        return ""

    def _load(self, counter: int, count: int) -> None:
        """Least significant byte first; 65536 is written as 0 ("Write Operations")."""
        self._cpu.write_port(counter, count & 0xFF)
        self._cpu.write_port(counter, count >> 8 & 0xFF)


class PitClockEvent(Pit):
    """Counter 0, whose OUT is IRQ 0.

    One-shots use mode 4, not mode 0: OUT stays high while a new count is written.  So an interrupt
    that was not taken yet is not withdrawn from the 8259, which would then give a spurious one.
    """

    irq = Irq("isa", 0)
    max_oneshot_ns = (MAX_COUNT + 1) * NS_PER_S // HZ

    def __init__(self, cpu: X86Cpu) -> None:
        super().__init__(cpu)
        self._is_strobe = False

    def init(self) -> None:
        """Silent."""
        self.stop()

    def start_periodic(self, hz: int) -> Fraction:
        """Mode 2: OUT is low for the last clock of each period, and rises at its end."""
        count = round(Fraction(HZ, hz))
        if not 2 <= count <= MAX_COUNT:
            raise KernelError(f"{self.compatible} cannot interrupt at {hz} Hz")
        self._is_strobe = False
        self._cpu.write_port(CONTROL, COUNTER0_RATE)
        self._load(COUNTER0, count)
        return Fraction(count * NS_PER_S, HZ)

    def set_oneshot(self, delay_ns: int) -> None:
        """Mode 4: OUT falls at the end of the count, and rises one clock later."""
        if not self._is_strobe:
            self.stop()
        count = -(-delay_ns * HZ // NS_PER_S) - 1
        self._load(COUNTER0, min(max(count, 1), MAX_COUNT))

    def stop(self) -> None:
        """A counter stands still from its control word to its first count, in mode 4 with OUT high
        ("Mode Definitions").
        """
        self._is_strobe = True
        self._cpu.write_port(CONTROL, COUNTER0_STROBE)

    def conclude(self) -> None:
        """Nothing: the interrupt was an edge."""


class PitClockSource(Pit):
    """Counter 2, running free; the speaker's data bit keeps it silent.

    A reading takes three accesses that belong together, so ``lock`` keeps interrupt handlers, which
    may want to read too, from coming between them.
    """

    hz = Fraction(HZ)
    mask = MAX_COUNT - 1

    def __init__(self, cpu: X86Cpu, lock: AbstractContextManager[object]) -> None:
        super().__init__(cpu)
        self._lock = lock

    def init(self) -> None:
        """Gate open, speaker off, highest count: it then wraps like a counter of 16 bits."""
        enables = self._cpu.read_port(NMI_SC) & NMI_SC_ENABLES
        self._cpu.write_port(NMI_SC, enables | NMI_SC_GATE2)
        self._cpu.write_port(CONTROL, COUNTER2_RATE)
        self._load(COUNTER2, MAX_COUNT)

    def read(self) -> int:
        """It counts down; latched, both bytes are of one moment ("Counter Latch Command")."""
        cpu = self._cpu
        with self._lock:
            cpu.write_port(CONTROL, COUNTER2_LATCH)
            low = cpu.read_port(COUNTER2)
            high = cpu.read_port(COUNTER2)
        return -(high << 8 | low) & self.mask
