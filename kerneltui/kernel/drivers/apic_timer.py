"""Driver of the local APIC's timer, as a clock device.

Offsets and bits from the Intel SDM, volume 3A, 10.5.1 (LVT) and 10.5.4 (timer); CPUID leaves from
volume 2A.
"""

from __future__ import annotations

from fractions import Fraction

from kerneltui.kernel.arch.cpu import X86Cpu
from kerneltui.kernel.irq import Irq, KernelError

LVT_TIMER = 0x320
INIT_COUNT = 0x380
CUR_COUNT = 0x390
DIV_CONF = 0x3E0

LVT_MASKED = 1 << 16
LVT_PERIODIC = 1 << 17
DIVIDE_BY_1 = 0b1011
MAX_COUNT = 0xFFFF_FFFF

FEATURES = 0x1
EDX_APIC = 1 << 9
THERMAL_AND_POWER = 0x6
EAX_ARAT = 1 << 2

NS_PER_S = 1_000_000_000


class ApicTimerDriver:
    """The timer of the core that runs the driver; its rate has to be calibrated.

    ``base`` is where the local APIC lies, None when the kernel does without (``apic=off``);
    ``vector`` is from 32 to 255.
    """

    name = "arat"
    compatible = "Local APIC timer"

    def __init__(self, cpu: X86Cpu, base: int | None, vector: int) -> None:
        self._cpu = cpu
        self._base = base or 0
        self._is_off = base is None
        self.irq = Irq("vector", vector)
        self.hz = Fraction(0)
        self._lvt = 0
        """what LVT_TIMER holds"""

    def missing(self) -> str:
        """Without ARAT the timer may stop in deep idle states (10.5.4)."""
        if self._is_off:
            return "the local APIC is not in use"
        if not self._cpu.cpuid(FEATURES)[3] & EDX_APIC:
            return "the CPU has no local APIC (CPUID.01H:EDX[9] = 0)"
        if self._has_arat():
            return ""
        return "the CPU has no ARAT (CPUID.06H:EAX[2] = 0): its APIC timer stops in deep idle"

    def _has_arat(self) -> bool:
        highest = self._cpu.cpuid(0)[0]
        if highest < THERMAL_AND_POWER:
            return False
        return bool(self._cpu.cpuid(THERMAL_AND_POWER)[0] & EAX_ARAT)

    def init(self) -> None:
        """Count down from the top, masked, undivided: what ``read`` needs."""
        self._cpu.write(self._base + DIV_CONF, DIVIDE_BY_1)
        self._set_lvt(LVT_MASKED)
        self._cpu.write(self._base + INIT_COUNT, MAX_COUNT)

    def read(self) -> int:
        """How far it has counted since ``init``; for calibration, before any other use."""
        return MAX_COUNT - self._cpu.read(self._base + CUR_COUNT)

    def _set_lvt(self, mode: int) -> None:
        wanted = mode | self.irq.number
        if self._lvt != wanted:
            self._lvt = wanted
            self._cpu.write(self._base + LVT_TIMER, wanted)

    @property
    def max_oneshot_ns(self) -> int:
        """What the count's 32 bits allow."""
        return int(MAX_COUNT * NS_PER_S / self.hz)

    def start_periodic(self, hz: int) -> Fraction:
        """The mode first: changing it disarms a count that runs (10.5.4.1)."""
        count = round(self.hz / hz)
        if not 1 <= count <= MAX_COUNT:
            raise KernelError(f"{self.compatible} cannot interrupt at {hz} Hz")
        self._set_lvt(LVT_PERIODIC)
        self._cpu.write(self._base + INIT_COUNT, count)
        return count * NS_PER_S / self.hz

    def set_oneshot(self, delay_ns: int) -> None:
        """Writing the count starts it; a count of zero would stop it (10.5.4)."""
        hz = self.hz
        count = -(-delay_ns * hz.numerator // (NS_PER_S * hz.denominator))
        self._set_lvt(0)
        self._cpu.write(self._base + INIT_COUNT, min(max(count, 1), MAX_COUNT))

    def stop(self) -> None:
        """An initial count of zero stops it (10.5.4)."""
        self._cpu.write(self._base + INIT_COUNT, 0)

    def conclude(self) -> None:
        """Nothing: the interrupt was an edge."""
