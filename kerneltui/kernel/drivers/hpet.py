"""Drivers of the HPET: comparator 0 as a clock device, the main counter as a timer device,
comparator 2 as a heartbeat.

Offsets and bits from the IA-PC HPET Specification 1.0a, 2.3.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from kerneltui.kernel.arch.cpu import X86Cpu
from kerneltui.kernel.irq import Irq, KernelError

GCAP_ID = 0x000
GEN_CONF = 0x010
GINTR_STA = 0x020
MAIN_CNT = 0x0F0
T0_CONF_CAP = 0x100
T0_COMP = 0x108
T2_CONF_CAP = 0x140
T2_COMP = 0x148

REV_ID = 0xFF
COUNT_SIZE_CAP = 1 << 13
LEG_RT_CAP = 1 << 15
ENABLE_CNF = 1 << 0
LEG_RT_CNF = 1 << 1
TN_INT_TYPE_LEVEL = 1 << 1
TN_INT_ENB = 1 << 2
TN_PERIODIC = 1 << 3
TN_PER_INT_CAP = 1 << 4
TN_SIZE_CAP = 1 << 5
TN_VAL_SET = 1 << 6
TN_ROUTE_SHIFT = 9
T0_INT_STS = 1 << 0
T2_INT_STS = 1 << 2

LONGEST_PERIOD_FS = 100_000_000
"""COUNTER_CLK_PERIOD may say no more (2.3.4)."""
NARROW, WIDE = (1 << 32) - 1, (1 << 64) - 1
MAX_TICKS = 0x7FFF_FFFF
"""As far ahead as a comparator of 32 bits can be without looking as if it lay behind."""
LEAST_TICKS = 32
"""Enough for the comparator to be written before the counter gets there, as a rule."""

FS_PER_NS = 1_000_000
FS_PER_S = 10**15


class HpetDriver:
    """What both roles share: the block, its capabilities and its main counter.

    ``base`` is what the ACPI HPET table says, None when there is no such table.
    """

    name = "hpet"
    compatible = "HPET (High Precision Event Timers)"

    def __init__(self, cpu: X86Cpu, base: int | None) -> None:
        self._cpu = cpu
        self._base = base or 0
        self._has_table = base is not None
        self._period_fs = 0

    def missing(self) -> str:
        """A revision or period that the specification excludes: no HPET answers (2.3.4)."""
        if not self._has_table:
            return "there is no ACPI HPET table"
        capabilities = self._cpu.read(self._base + GCAP_ID, 8)
        if not capabilities & REV_ID or not 0 < capabilities >> 32 <= LONGEST_PERIOD_FS:
            return f"its capability register makes no sense ({capabilities:#018x})"
        return ""

    def _start(self, routing: int) -> int:
        """The capabilities.  The counter is not halted: it may be in use already (2.3.5)."""
        capabilities = self._cpu.read(self._base + GCAP_ID, 8)
        self._period_fs = capabilities >> 32
        self._cpu.write(self._base + GEN_CONF, ENABLE_CNF | routing, 8)
        return capabilities

    def _count(self) -> int:
        return self._cpu.read(self._base + MAIN_CNT, 8)


class HpetClockEvent(HpetDriver):
    """Comparator 0.

    With ``standard_routing`` it interrupts at the lowest I/O APIC input that it can be routed to;
    PIT and RTC keep their own.  Without, or when it has no such input, it takes the place of the
    PIT at IRQ 0, and comparator 1 that of the RTC (2.3.5, LEG_RT_CNF).  It always holds its line
    until that is concluded: the pulse of an edge could be over before an 8259 is acknowledged.
    """

    LEGACY_ROUTING = LEG_RT_CNF

    def __init__(self, cpu: X86Cpu, base: int | None, *, standard_routing: bool) -> None:
        super().__init__(cpu, base)
        self._standard_routing = standard_routing
        self.irq = Irq("isa", 0)
        self._routing = 0
        self._mask = NARROW
        self._config = 0
        """what T0_CONF_CAP holds"""

    def missing(self) -> str:
        """Periodic interrupts are optional, and so is legacy replacement routing (2.3.4, 2.3.8)."""
        reason = super().missing()
        if reason:
            return reason
        if not self._cpu.read(self._base + T0_CONF_CAP, 8) & TN_PER_INT_CAP:
            return "comparator 0 has no periodic mode"
        replaces = self._cpu.read(self._base + GCAP_ID, 8) & LEG_RT_CAP
        if self._gsi() is None and not replaces:
            return "comparator 0 can be routed neither to the I/O APIC nor to IRQ 0"
        return ""

    def _gsi(self) -> int | None:
        inputs = self._cpu.read(self._base + T0_CONF_CAP, 8) >> 32
        if not self._standard_routing or not inputs:
            return None
        return (inputs & -inputs).bit_length() - 1

    def init(self) -> None:
        """Choose the route; the comparator is as wide as it and the counter are."""
        gsi = self._gsi()
        if gsi is None:
            capabilities = self._start(self.LEGACY_ROUTING)
            self._routing = TN_INT_ENB | TN_INT_TYPE_LEVEL
        else:
            capabilities = self._start(0)
            self._routing = TN_INT_ENB | TN_INT_TYPE_LEVEL | gsi << TN_ROUTE_SHIFT
            self.irq = Irq("gsi", gsi)
        is_wide = self._cpu.read(self._base + T0_CONF_CAP, 8) & TN_SIZE_CAP
        self._mask = WIDE if is_wide and capabilities & COUNT_SIZE_CAP else NARROW
        self.stop()

    def _configure(self, config: int) -> None:
        """A match while interrupts were off may have left its status."""
        self.conclude()
        self._config = config
        self._cpu.write(self._base + T0_CONF_CAP, config, 8)

    @property
    def max_oneshot_ns(self) -> int:
        """Half of what 32 bits hold, whatever the comparator's width."""
        return MAX_TICKS * self._period_fs // FS_PER_NS

    def start_periodic(self, hz: int) -> Fraction:
        """Of two writes the first is the next match, because of VAL_SET, the second the period
        (2.3.9.2.2).
        """
        ticks = round(Fraction(FS_PER_S, hz * self._period_fs))
        if not LEAST_TICKS <= ticks <= MAX_TICKS:
            raise KernelError(f"{self.compatible} cannot interrupt at {hz} Hz")
        self._configure(self._routing | TN_PERIODIC | TN_VAL_SET)
        self._cpu.write(self._base + T0_COMP, self._count() + ticks & self._mask, 8)
        self._cpu.write(self._base + T0_COMP, ticks, 8)
        return Fraction(ticks * self._period_fs, FS_PER_NS)

    def set_oneshot(self, delay_ns: int) -> None:
        """The comparator matches only when the counter shows it: one that was passed before it was
        written would match a whole round later (2.3.9.2.1), so make sure, and try farther ahead.

        One tick more than the delay, as the present one has partly gone.
        """
        if self._config != self._routing:
            self._configure(self._routing)
        ticks = -(-delay_ns * FS_PER_NS // self._period_fs) + 1
        ticks = min(max(ticks, LEAST_TICKS), MAX_TICKS)
        while True:
            compare = self._count() + ticks & self._mask
            self._cpu.write(self._base + T0_COMP, compare, 8)
            if 0 < (compare - self._count() & self._mask) <= ticks:
                return
            ticks *= 2

    def stop(self) -> None:
        """The comparator goes on, without interrupts (2.3.8, Tn_INT_ENB_CNF)."""
        self._configure(self._routing & ~TN_INT_ENB)

    def conclude(self) -> None:
        """A level stays until its status is cleared, by writing one (2.3.6)."""
        self._cpu.write(self._base + GINTR_STA, T0_INT_STS, 8)


class HpetHeartbeat(HpetDriver):
    """Comparator 2: calls ``beat`` once a second, by an I/O APIC input of one's choice."""

    compatible = "HPET comparator 2"

    def __init__(self, cpu: X86Cpu, base: int, gsi: int, beat: Callable[[], None]) -> None:
        super().__init__(cpu, base)
        self.irq = Irq("gsi", gsi)
        self._beat = beat

    def init(self) -> None:
        """Raises KernelError where the comparator cannot be routed to the input (2.3.8)."""
        inputs = self._cpu.read(self._base + T2_CONF_CAP, 8) >> 32
        if not inputs >> self.irq.number & 1:
            raise KernelError(f"{self.compatible} cannot be routed to GSI {self.irq.number}")
        routing = self._cpu.read(self._base + GEN_CONF, 8) & LEG_RT_CNF
        ticks = FS_PER_S // (self._start(routing) >> 32)
        config = self.irq.number << TN_ROUTE_SHIFT | TN_INT_ENB | TN_INT_TYPE_LEVEL
        self._cpu.write(self._base + T2_CONF_CAP, config | TN_PERIODIC | TN_VAL_SET, 8)
        self._cpu.write(self._base + T2_COMP, self._count() + ticks, 8)
        self._cpu.write(self._base + T2_COMP, ticks, 8)

    def handle(self) -> None:
        """Take the level back first: the next beat is a second away."""
        self._cpu.write(self._base + GINTR_STA, T2_INT_STS, 8)
        self._beat()


class HpetClockSource(HpetDriver):
    """The main counter."""

    def __init__(self, cpu: X86Cpu, base: int | None) -> None:
        super().__init__(cpu, base)
        self.hz = Fraction(0)
        self.mask = NARROW

    def init(self) -> None:
        """The rate is exact: the period is told in femtoseconds (2.3.4)."""
        routing = self._cpu.read(self._base + GEN_CONF, 8) & LEG_RT_CNF
        capabilities = self._start(routing)
        self.hz = Fraction(FS_PER_S, self._period_fs)
        self.mask = WIDE if capabilities & COUNT_SIZE_CAP else NARROW

    def read(self) -> int:
        """The counter, in one access of 64 bits (2.4.7)."""
        return self._count()
