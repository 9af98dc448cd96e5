"""The PC: firmware tables tell what is there; clock and timer devices are chosen among it.

Fixed places are those that every PC has (Intel ICH9 data sheet, 9.2); all others come from ACPI.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Never

import msgspec

from kerneltui.kernel.arch.cpu import Arch, X86Cpu
from kerneltui.kernel.arch.x86_64 import Vectors, X86Arch
from kerneltui.kernel.console import Console
from kerneltui.kernel.driver import DriverManager
from kerneltui.kernel.drivers.acpi_pm_timer import AcpiPmTimerDriver
from kerneltui.kernel.drivers.apic_timer import MAX_COUNT, ApicTimerDriver
from kerneltui.kernel.drivers.hpet import HpetClockEvent, HpetClockSource
from kerneltui.kernel.drivers.i8259 import I8259Driver
from kerneltui.kernel.drivers.local_apic import LocalApicDriver
from kerneltui.kernel.drivers.ns16550 import Ns16550Driver
from kerneltui.kernel.drivers.pc_interrupts import (
    CALL_VECTOR,
    ApicInterrupts,
    LocalApicInterrupts,
    PicInterrupts,
)
from kerneltui.kernel.drivers.pit import PitClockEvent, PitClockSource
from kerneltui.kernel.drivers.rtc import Rtc
from kerneltui.kernel.drivers.tsc import Tsc
from kerneltui.kernel.faults import variant
from kerneltui.kernel.irq import Irq, IrqHandler, KernelError
from kerneltui.kernel.locks import LockWord, SharedLock
from kerneltui.kernel.pc.acpi import AcpiTables, Madt, find_tables
from kerneltui.kernel.pc.boot_parameters import parse
from kerneltui.kernel.pc.calibration import calibrate, reference_among
from kerneltui.kernel.pc.clock_selection import choose
from kerneltui.kernel.pc.pc_timer import CoreTimer, PcTimer
from kerneltui.kernel.pc.wall_clock import WallClock
from kerneltui.kernel.platform import CoreSupport, Platform
from kerneltui.kernel.time.calendar import UNIX_EPOCH_XT, XT_NS, xt_to_date
from kerneltui.kernel.time.clockevent import ClockEvent
from kerneltui.kernel.time.clocksource import ClockSource
from kerneltui.kernel.time.time_manager import NEVER, TimeManager
from kerneltui.kernel.time.timekeeping import Timekeeper
from kerneltui.kernel.workload import Workload

COM1 = 0x3F8
IRQ_COM1, IRQ_RTC = Irq("isa", 4), Irq("isa", 8)
APIC_TIMER_VECTOR = 0xEC
INIT_NS, STARTUP_NS = 10_000_000, 200_000
"""What a core needs after an INIT message, and after a start-up message (Intel SDM 3A 8.4.4.1)."""
PAGE_SHIFT = 12
NS_PER_S = 1_000_000_000
LONG_S = 4


class ComparedCounter(msgspec.Struct, frozen=True):
    """A counter that can be compared with others."""

    label: str
    device: ApicTimerDriver | ClockSource
    mask: int

    @property
    def hz(self) -> Fraction:
        """Its rate, as known or measured."""
        return self.device.hz

    def read(self) -> int:
        """Counting up."""
        return self.device.read()


class NoTimer:
    """What the timer device is until one has been chosen."""

    compatible = "none yet"

    def uptime_ns(self) -> int:
        """Nothing measures time."""
        return 0

    def set_timeout_irq(self, due_ns: int) -> None:
        """Nothing interrupts."""

    def conclude_timeout_irq(self) -> None:
        """There was no interrupt."""


class Pc(Platform):
    """The platform; ``clock`` and ``source`` are the devices chosen by :meth:`bring_up`."""

    STARTS_CORES = True
    board_name = "x86 PC"

    def __init__(
        self,
        cpu: X86Cpu,
        board: str,  # noqa: ARG002 - as its siblings
        workload: Workload,
        *,
        drain: bool,  # noqa: ARG002
    ) -> None:
        """Raises KernelError for boot parameters that are none."""
        self.cpu = cpu
        self._wanted = workload
        self._boot = workload.boot
        self.parameters = parse(workload.boot)
        self.arch = variant(X86Arch, workload)(cpu)
        self.uart = variant(Ns16550Driver, workload)(cpu, COM1)
        self.irq_uart = IRQ_COM1
        self.irq_call = Irq("vector", CALL_VECTOR)
        self.irq_manager: ApicInterrupts | PicInterrupts = PicInterrupts(
            cpu, variant(I8259Driver, workload)(cpu)
        )
        self.timer: PcTimer | NoTimer = NoTimer()
        self.vectors: Vectors | None = None
        self.tables = AcpiTables()
        self.clock: ClockEvent | None = None
        self.source: ClockSource | None = None
        self.wall_clock: WallClock | None = None
        self._apic_timer = self._make_apic_timer(cpu, None)
        self._counters: list[ComparedCounter] = []
        self._decisions: list[str] = []
        self._pit_lock = LockWord()
        self._timekeeper: Timekeeper | None = None

    def _make_apic_timer(self, cpu: X86Cpu, base: int | None) -> ApicTimerDriver:
        """A core's; ``base`` as there."""
        return variant(ApicTimerDriver, self._wanted)(cpu, base, APIC_TIMER_VECTOR)

    def install_vectors(self, panic: Callable[[str], Never]) -> Vectors:
        """The processor tells the vector."""
        self.vectors = _install_vectors(self.cpu, 0, self.handle_vector, panic)
        return self.vectors

    def handle_vector(self, vector: int) -> None:
        """What the entry code calls: the interrupt manager is only chosen later."""
        self.irq_manager.handle_vector(vector)

    @property
    def irq_timer(self) -> Irq | None:
        return self.clock.irq if self.clock is not None else None

    def uptime_ns(self) -> int:
        """Time since power-on."""
        return self.timer.uptime_ns()

    # -- finding out ------------------------------------------------------------------------------

    def bring_up(self, console: Console) -> None:
        """Console first, then firmware tables, interrupts, clocks.

        Raises KernelError for broken tables, and when no clock or no timer device is left.
        """
        self.uart.init()
        self._note(console, f"Boot parameters: {self._boot or '(none)'}")
        self.tables = find_tables(self.cpu)
        for text in self.tables.passed_over:
            self._note(console, f"Passed over: {text}")
        madt, reason = self._apics()
        if madt is not None:
            self.irq_manager = variant(ApicInterrupts, self._wanted)(self.cpu, madt)
        else:
            self._note(console, f"Interrupts by the 8259s alone: {reason}")
        self.irq_manager.init()
        self._bring_up_clocks(console, madt)
        self._bring_up_wall_clock(console)

    def _bring_up_wall_clock(self, console: Console) -> None:
        """Without a FADT there is an RTC, as in every PC of old."""
        fadt = self.tables.fadt
        if fadt is not None and not fadt.has_cmos_rtc:
            self._note(console, "There is no RTC (FADT, IAPC_BOOT_ARCH bit 5)")
            return
        century = fadt.century_index if fadt is not None else 0
        rtc = variant(Rtc, self._wanted)(self.cpu, century)
        self.wall_clock = WallClock(rtc, self.timer, console)

    def _note(self, console: Console, text: str) -> None:
        self._decisions.append(text)
        console.info(text)

    def _apics(self) -> tuple[Madt | None, str]:
        """The MADT, where the kernel is to use APICs; or None, and why not."""
        madt = self.tables.madt
        if not self.parameters.apic:
            return None, "apic=off"
        if I8259Driver.__name__ in self._wanted.own:
            return None, "there is a driver of one's own for them"
        if not LocalApicDriver.present(self.cpu):
            return None, "the CPU has no local APIC (CPUID.01H:EDX[9] = 0)"
        if madt is None:
            return None, "there is no MADT"
        if not madt.io_apics:
            return None, "the MADT lists no I/O APIC"
        return madt, ""

    def _bring_up_clocks(self, console: Console, madt: Madt | None) -> None:
        """Choose, bring up, calibrate; from then on time is known."""
        cpu, tables = self.cpu, self.tables
        hpet = tables.hpet.address if tables.hpet is not None else None
        base = madt.local_apic_address if madt is not None else None
        apic_timer = self._make_apic_timer(cpu, base)
        self._apic_timer = apic_timer
        clocks: list[ClockEvent] = [
            apic_timer,
            variant(HpetClockEvent, self._wanted)(cpu, hpet, standard_routing=madt is not None),
            variant(PitClockEvent, self._wanted)(cpu),
        ]
        tsc = Tsc(cpu)
        sources = self._sources(tsc, cpu, self.arch)
        clock, clock_log = choose("clock", self._wanted_clock(), clocks)
        source, source_log = choose("timer", self.parameters.timer, sources)
        for line in (*clock_log, *source_log):
            self._note(console, line)
        reference = reference_among(sources)
        subjects: list[ApicTimerDriver | Tsc] = [tsc] if madt is None else [apic_timer, tsc]
        used = (source, reference)
        present = [item for item in sources if item in used or self._is_idle(item)]
        for counter in present:
            counter.init()
        for device in self._clocks_in_use(clock, apic_timer, madt):
            device.init()
        calibrate(cpu, reference, subjects)
        self._note(console, f"Calibrated against {reference.compatible}: {_rates(subjects)}")
        already_ns = int(tsc.read() * NS_PER_S / tsc.hz)
        self.clock, self.source = clock, source
        self._counters = [ComparedCounter(item.name.upper(), item, item.mask) for item in present]
        if madt is not None and clock is not apic_timer:
            self._counters.append(ComparedCounter("APIC timer", apic_timer, MAX_COUNT))
        self._timekeeper = Timekeeper(source, already_ns)
        self.timer = PcTimer(clock, self._timekeeper)

    def _wanted_clock(self) -> str | None:
        """What the boot parameter says; else the device that a person has written a driver of."""
        own = self._wanted.own
        kinds = (ApicTimerDriver, HpetClockEvent, PitClockEvent)
        found = (kind.name for kind in kinds if kind.__name__ in own)
        return self.parameters.clock or next(found, None)

    def _sources(self, tsc: Tsc, cpu: X86Cpu, arch: Arch) -> list[ClockSource]:
        """The timer devices as a core reads them."""
        hpet, fadt = self.tables.hpet, self.tables.fadt
        pm_timer = fadt.pm_timer_port if fadt is not None else None
        is_wide = fadt is not None and fadt.pm_timer_32bit
        return [
            tsc,
            HpetClockSource(cpu, hpet.address if hpet is not None else None),
            AcpiPmTimerDriver(cpu, pm_timer, is_wide=is_wide),
            PitClockSource(cpu, SharedLock(cpu, arch.irq_lock(), self._pit_lock)),
        ]

    @staticmethod
    def _is_idle(source: ClockSource) -> bool:
        """Whether a counter can be read for comparison: the PIT's would have to be started."""
        return isinstance(source, Tsc) or not (
            isinstance(source, PitClockSource) or source.missing()
        )

    @staticmethod
    def _clocks_in_use(
        clock: ClockEvent, apic_timer: ApicTimerDriver, madt: Madt | None
    ) -> list[ClockEvent]:
        """The APIC timer counts for comparison, where it is not the clock device itself."""
        return [clock] if madt is None or clock is apic_timer else [clock, apic_timer]

    # -- bring-up ---------------------------------------------------------------------------------

    def register_drivers(self, drivers: DriverManager, time_manager: TimeManager | None) -> None:
        """Timer, UART, wall clock; the interrupt controllers are up already."""
        if time_manager is not None and self.clock is not None:
            drivers.register(time_manager, self.clock.irq, time_manager.handle_tick)
        drivers.register(self.uart, self.irq_uart)
        if self.wall_clock is not None:
            drivers.register(self.wall_clock, IRQ_RTC)

    def start(self) -> None:
        """Ticks, if they are wanted, and the fraction of the second from the RTC."""
        if isinstance(self.timer, PcTimer):
            with self.arch.irq_lock():
                if not self.parameters.nohz:
                    self.timer.start_ticks(self.parameters.hz)
                else:
                    self.timer.set_timeout_irq(NEVER)
        if self.wall_clock is not None:
            self.wall_clock.resync()

    # -- further cores ----------------------------------------------------------------------------

    def core_count(self) -> int:
        """Those of the MADT; the 8259s serve the boot core alone."""
        manager = self.irq_manager
        if not self.parameters.smp or isinstance(manager, PicInterrupts):
            return 1
        return len(manager.apic_ids)

    def start_core(self, number: int, address: int) -> None:
        """INIT and two start-up messages, of which a core that runs already ignores the second.

        Intel SDM 3A 8.4.4.1.  ``address`` is a page below 1 MiB, as the message names it in a byte.
        """
        manager = self._apic_interrupts()
        apic, apic_id = manager.local_apic, manager.apic_ids[number]
        apic.send_init(apic_id)
        self.cpu.compute(INIT_NS)
        for _ in range(2):
            apic.send_startup(apic_id, address >> PAGE_SHIFT)
            self.cpu.compute(STARTUP_NS)

    def core_support(self, number: int, cpu: X86Cpu) -> CoreSupport:
        """Raises KernelError with the 8259s alone, or before :meth:`bring_up`."""
        manager, source, timekeeper = self._apic_interrupts(), self.source, self._timekeeper
        if source is None or timekeeper is None:
            raise KernelError("There is no clock yet")
        if number == 0:
            return CoreSupport(
                arch=self.arch,
                interrupts=manager,
                uart=self.uart,
                timer=self.timer,
                irq_timer=self._apic_timer.irq,
                install_vectors=self.install_vectors,
            )
        arch = X86Arch(cpu, number)
        all_sources = self._sources(Tsc(cpu), cpu, arch)
        same = next(item for item in all_sources if item.name == source.name)
        same.hz, same.mask = source.hz, source.mask
        base, apic_ids = manager.local_apic.base, manager.apic_ids
        interrupts = LocalApicInterrupts(cpu, base, number, apic_ids)
        apic_timer = self._make_apic_timer(cpu, base)
        apic_timer.hz = self._apic_timer.hz
        timer = CoreTimer(apic_timer, timekeeper, same)
        return CoreSupport(
            arch=arch,
            interrupts=interrupts,
            uart=variant(Ns16550Driver, self._wanted)(cpu, COM1),
            timer=timer,
            irq_timer=apic_timer.irq,
            install_vectors=partial(_install_vectors, cpu, number, interrupts.handle_vector),
        )

    def _apic_interrupts(self) -> ApicInterrupts:
        if isinstance(self.irq_manager, PicInterrupts):
            raise KernelError("The 8259s serve devices and the boot core alone")
        return self.irq_manager

    # -- for the boot log and the debugger --------------------------------------------------------

    def idle_counters(self) -> list[ComparedCounter]:
        """All that count and are free to be read, if they do not wrap within some seconds."""
        return [item for item in self._counters if item.mask / item.hz > LONG_S]

    def timer_lines(self) -> list[str]:
        """How time goes on."""
        mode = f"ticks at {self.parameters.hz} Hz" if not self.parameters.nohz else "no ticks"
        return [f"System clock: {self.timer.compatible}; {mode}"]

    def time_of_day(self, raw: Callable[[str], int]) -> tuple[int, int, str, int | None] | None:
        """The uptime at what the timer device shows, on the wall clock's base."""
        clock, timer = self.wall_clock, self.timer
        if clock is None or not isinstance(timer, PcTimer):
            return None
        keeper = timer.timekeeper
        xt = clock.base_xt + keeper.uptime_at(raw(keeper.source_name)) // XT_NS
        drift_ns = clock.drift_ns if clock.resyncs else None
        return xt, (xt - UNIX_EPOCH_XT) * XT_NS, str(xt_to_date(xt)), drift_ns

    def irq_handlers(self) -> list[IrqHandler]:
        """Where the APICs serve them: by vector, and what comes through an I/O APIC by GSI too.

        An ISA interrupt is its GSI there: the 8259s' pins are masked, nobody handles them.
        """
        manager, handlers = self.irq_manager, super().irq_handlers()
        if not isinstance(manager, ApicInterrupts):
            return handlers
        found = []
        for handler in handlers:
            irq = handler.irq
            found.append(_alias(handler, Irq("vector", manager.vector_of(irq))))
            if irq.domain == "isa":
                irq = Irq("gsi", manager.gsi_of(irq))
            if irq.domain == "gsi":
                found.append(_alias(handler, irq))
        return found


def _install_vectors(
    cpu: X86Cpu, number: int, handle_vector: Callable[[int], None], panic: Callable[[str], Never]
) -> Vectors:
    """A core's table, installed by that core."""
    vectors = Vectors(cpu, handle_vector, panic, number)
    vectors.install()
    return vectors


def _alias(handler: IrqHandler, irq: Irq) -> IrqHandler:
    return IrqHandler(irq, handler.name, handler.handle, handler.count)


def _rates(subjects: list[ApicTimerDriver | Tsc]) -> str:
    return ", ".join(f"{item.compatible} {float(item.hz) / 1e6:.6f} MHz" for item in subjects)
