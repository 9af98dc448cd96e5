"""Several cores: starting the others, and calls from core to core.

A call puts a function into the called core's inbox and interrupts that core, whose handler runs
what it finds there.  An interprocessor interrupt carries no data and several can melt into one, so
the inbox says what is to be done and the interrupt only that there is something.  The handler
empties the inbox as it begins: what is put in later has an interrupt of its own still to come.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Never

import msgspec

from kerneltui.kernel.arch.cpu import Cpu
from kerneltui.kernel.console import Console
from kerneltui.kernel.irq import IrqHandler, KernelError
from kerneltui.kernel.locks import LockWord, SharedLock
from kerneltui.kernel.platform import CoreSupport, EntryCode, Platform

SPIN_NS = 50
"""Pause between two looks at what another core is to change."""
INBOX_NS = 50
"""Putting a call into an inbox, or taking all out."""
START_LIMIT_NS = 100_000_000
STOP_LIMIT_NS = 10_000_000
POLL_NS = 10_000
"""Pause between two looks where nothing hurries."""
PARK_NS = 1_000_000_000
CALL_LIMIT_NS = 10_000_000


class Call(msgspec.Struct, eq=False):
    """A function for a core to run, in its interrupt handler; it gets the core."""

    function: Callable[[KernelCore], None]
    core: int
    """which is to run it"""
    sent_ns: int
    """system time"""
    done: bool = False


class Inbox:
    """The calls that wait for a core; whoever touches them holds the lock."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.lock = LockWord()


class KernelCore:
    """What the kernel keeps for each core; everything here executes on that core.

    ``calls`` is how many it has run, ``last_latency_ns`` and ``worst_latency_ns`` how long the last
    and the slowest were under way from being sent to being run.
    """

    def __init__(self, number: int, cpu: Cpu, support: CoreSupport, smp: Smp) -> None:
        self.number = number
        self.cpu = cpu
        self.arch = support.arch
        self.clock = support.timer
        self.console = Console(cpu, support.uart, support.timer, smp.screen)
        self.support = support
        self.vectors: EntryCode | None = None
        """once installed; of a further core alone"""
        self.work: Callable[[], None] | None = None
        """what a further core does outside handlers: it may be entered anew while the core waits"""
        self.online = False
        self.inbox = Inbox()
        self.calls = 0
        self.last_latency_ns = 0
        self.worst_latency_ns = 0
        self.panicked = ""
        self.is_parked = False
        """stopped, as another core panics"""
        self._uart = support.uart
        self._interrupts = support.interrupts
        self._smp = smp

    def go_online(self) -> None:
        """From here on the core takes calls.  Raises KernelError for a handler that is there."""
        self.register_handler(IrqHandler(self._smp.irq, "Call from a core", self.handle))
        self.online = True

    def kick(self, number: int) -> None:
        """Have a core look whether there is anything to do: an interrupt, and no call.

        Raises KernelError when the core is not online.
        """
        self._smp.online(number)
        self._interrupts.send_ipi(number)

    def register_handler(self, handler: IrqHandler) -> None:
        """Handle and enable one more of this core's own interrupts.

        Raises KernelError for a handler that is there.
        """
        self._interrupts.register_handler(handler)
        self._interrupts.enable(handler.irq)

    def _locked(self, inbox: Inbox) -> SharedLock:
        return SharedLock(self.cpu, self.arch.irq_lock(), inbox.lock)

    def irq_handlers(self) -> list[IrqHandler]:
        """What is registered with this core's interrupt interface; for the debugger."""
        return [handler for _, group in self._interrupts.handlers() for handler in group]

    # -- calling ----------------------------------------------------------------------------------

    def call(self, number: int, function: Callable[[KernelCore], None]) -> Call:
        """Have core ``number`` run ``function``; it may be this one.

        Raises KernelError when the core is not online.
        """
        target = self._smp.online(number)
        call = Call(function, number, self.clock.uptime_ns())
        with self._locked(target.inbox):
            # Read, link, write: what another core put in meanwhile would be lost without the lock.
            waiting = target.inbox.calls
            self.cpu.compute(INBOX_NS)
            target.inbox.calls = [*waiting, call]
        self._interrupts.send_ipi(number)
        return call

    def call_others(self, function: Callable[[KernelCore], None]) -> list[Call]:
        """Have every other core that is online run ``function``."""
        return [self.call(number, function) for number in self._smp.others_online(self.number)]

    def wait(self, call: Call) -> None:
        """Until the call has been run; raises KernelError when that takes longer than 10 ms.

        Two cores that wait for each other with interrupts masked, as handlers are, wait in vain.
        """
        limit_ns = self.clock.uptime_ns() + CALL_LIMIT_NS
        while not call.done:
            # A handler may have taken long since the look.
            if self.clock.uptime_ns() > limit_ns and not call.done:
                raise KernelError(f"core {call.core} has not run a call for 10 ms")
            self.cpu.compute(SPIN_NS)

    # -- being called -----------------------------------------------------------------------------

    def handle(self) -> None:
        """The interrupt: run what the inbox holds, in order of arrival."""
        if self._smp.stopped_by is not None:
            self.park()
        with self._locked(self.inbox):
            calls = self.inbox.calls
            self.cpu.compute(INBOX_NS)
            self.inbox.calls = []
        for call in calls:
            self.last_latency_ns = self.clock.uptime_ns() - call.sent_ns
            self.worst_latency_ns = max(self.worst_latency_ns, self.last_latency_ns)
            self.calls += 1
            call.function(self)
            call.done = True

    # -- the end ----------------------------------------------------------------------------------

    def park(self) -> Never:
        """Another core panics: do nothing more.

        Not by waiting for interrupts: one that is masked and pending would end each wait at once.
        """
        self.arch.disable_irqs()
        self.is_parked = True
        while True:
            self.cpu.compute(PARK_NS)

    def panic(self, reason: str) -> Never:
        """Say why on the console, by polling and with interrupts off, and stop for good."""
        self.arch.disable_irqs()
        self.stop_others()
        self.console.break_lock()
        if not self.panicked:
            self.panicked = reason
            # Another core may have been stopped in the middle of a line.
            self._uart.flush()
            self.console.write("\n")
            self.console.info(f"Kernel panic on core {self.number}!\n\n{reason}\n")
        self.cpu.halt(f"Kernel panic on core {self.number}: {self.panicked}")

    def stop_others(self) -> None:
        """Of several cores that panic the first goes on alone.

        Without the inboxes, whose locks may be held for ever.  A core that is in a handler gets
        10 ms to come to its end; one that hangs there with interrupts masked cannot be stopped.
        """
        smp = self._smp
        if smp.stopped_by not in {None, self.number}:
            self.park()
        if smp.stopped_by == self.number:
            return
        smp.stopped_by = self.number
        others = [smp.cores[number] for number in smp.others_online(self.number)]
        for core in others:
            self._interrupts.send_ipi(core.number)
        for _ in range(STOP_LIMIT_NS // POLL_NS):
            if all(core.is_parked for core in others):
                return
            self.cpu.compute(POLL_NS)


class FurtherCore:
    """The program of a core that another one has started."""

    def __init__(self, core: KernelCore, support: CoreSupport) -> None:
        self._core = core
        self._support = support

    def boot(self) -> None:
        """Vectors, the interrupt interface, interrupts on."""
        core, support = self._core, self._support
        core.vectors = support.install_vectors(core.panic)
        support.interrupts.init_core()
        try:
            core.go_online()
        except KernelError as error:
            core.panic(str(error))
        core.arch.enable_irqs()

    def idle(self) -> None:
        """Everything happens in handlers, until one of them has brought work.

        No instruction lies between the look and the wait, so no interrupt either.
        """
        core = self._core
        while True:
            if core.work is not None:
                core.work()
            core.cpu.wait_for_interrupt()


class Smp:
    """The cores, by number; those that have begun to execute.  Core 0 has booted the kernel."""

    def __init__(self, cpu: Cpu, platform: Platform, console: Console) -> None:
        self.cores: dict[int, KernelCore] = {}
        self.irq = platform.irq_call
        self.stopped_by: int | None = None
        """which core panics, so that the others are to stop"""
        self._cpu = cpu
        self.screen = console.screen
        self._platform = platform
        self._console = console

    def start_cores(self) -> None:
        """Start all that there are, one after the other, and log what has become of it.

        Takes up to 100 ms for each that does not come.  Raises KernelError when core 0 cannot take
        calls.
        """
        count = self._platform.core_count()
        if count > 1:
            support = self._platform.core_support(0, self._cpu)
            self.cores[0] = KernelCore(0, self._cpu, support, self)
            self.cores[0].go_online()
        for number in range(1, count):
            address = self._cpu.place_program(partial(self._begin, number))
            self._platform.start_core(number, address)
            if not self._comes_online(number):
                self._console.warn(f"core {number} did not start")
        online = sum(core.online for core in self.cores.values())
        self._console.info(f"Cores: {max(online, 1)} online")

    def online(self, number: int) -> KernelCore:
        """A core that takes calls.  Raises KernelError when it does not."""
        core = self.cores.get(number)
        if core is None or not core.online:
            raise KernelError(f"core {number} is not online")
        return core

    def others_online(self, number: int) -> list[int]:
        """The cores that take calls, without core ``number``."""
        return [n for n, core in sorted(self.cores.items()) if core.online and n != number]

    def irq_handlers(self, number: int) -> list[IrqHandler]:
        """The handlers of a core, none before it has begun; for the debugger."""
        core = self.cores.get(number)
        return [] if core is None else core.irq_handlers()

    def _begin(self, number: int, cpu: Any) -> FurtherCore:
        """A core begins to execute; nothing is executed here yet."""
        support = self._platform.core_support(number, cpu)
        core = self.cores[number] = KernelCore(number, cpu, support, self)
        return FurtherCore(core, support)

    def _comes_online(self, number: int) -> bool:
        for _ in range(START_LIMIT_NS // POLL_NS):
            core = self.cores.get(number)
            if core is not None and core.online:
                return True
            self._cpu.compute(POLL_NS)
        return False
