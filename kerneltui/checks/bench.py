"""A machine with nothing on it but a driver, and a case that exercises it.

The case runs as a kernel does, on core 0: each access of the driver is one of that core.  What the
case looks at besides, it sees from outside, without an access.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any

from greenlet import GreenletExit

from kerneltui.checks.case import Case, CheckFailure, LeftOutError, expect, nothing_seen
from kerneltui.checks.outcome import Outcome
from kerneltui.debugger.register_names import register_and_label
from kerneltui.errors import UserError
from kerneltui.hw.rule import Opens
from kerneltui.kernel.bsp import platform_class
from kerneltui.kernel.inspector import Inspector
from kerneltui.kernel.irq import Irq, IrqHandler
from kerneltui.kernel.platform import Platform
from kerneltui.kernel.workload import Workload
from kerneltui.machine.blame import is_of_own
from kerneltui.machine.board import load_board
from kerneltui.machine.core import StopReason
from kerneltui.machine.machine import Machine
from kerneltui.machine.meter import METER, DriverMistakeError
from kerneltui.machine.poke import wire_poke
from kerneltui.own.driver import OwnDriver, in_place
from kerneltui.own.loading import told

MOST_ACCESSES = 300_000
MOST_NAMED = 2
"""So many gates are named where an interrupt is kept out."""
MOST_NS = 200_000_000_000_000
"""Two days of virtual time: a case may wait for a counter to wrap."""


class Bench:
    """See the module.  A case gets this: the driver, and what it works on."""

    def __init__(self, driver: OwnDriver, board: str, run: Callable[[Bench], None]) -> None:
        """``board`` is a built-in one's name, or a file."""
        self.file = driver
        self.output = bytearray()
        """what has come out of the UART"""
        self.remarks: list[str] = []
        """what the controllers find wrong"""
        self.calls: list[tuple[int, int]] = []
        """of each handled interrupt its number and when, in virtual ns"""
        self._run = run
        self._board = load_board(board)
        self._error: BaseException | None = None
        self._is_done = False
        self.machine = Machine(self._board, self._begin)
        self.machine.terminal.on_output = self.output.append
        for device in self.machine.devices.values():
            device.on_remark = self._note

    def _begin(self, cpu: Any) -> Bench:
        self.cpu = cpu
        wanted = Workload(own=in_place([self.file]), boot=self._parameters())
        with METER.alone():
            bsp = self._board.spec.bsp
            self.platform: Platform = platform_class(bsp)(cpu, bsp, wanted, drain=False)
        return self

    def _parameters(self) -> str:
        """On a PC: what makes the kernel use the driver, and nothing else interrupt."""
        if not self._board.is_x86:
            return ""
        return f"clock={self.file.post.name}" if self.file.role == "clock" else "apic=off"

    def _note(self, device: str, kind: str, _: int, text: str) -> None:
        self.remarks.append(f"{device}: {kind}: {text}")

    # -- as the core's program --------------------------------------------------------------------

    def boot(self) -> None:
        """The case."""
        try:
            self.platform.install_vectors(self.panic)
            self._run(self)
        except GreenletExit:
            raise
        except BaseException as error:  # a driver can fail in any way
            self._error = error
        self._is_done = True
        self.cpu.halt("the case is over")

    def idle(self) -> None:
        """Nothing comes here."""

    def panic(self, reason: str) -> Any:
        """What the kernel cannot go on with."""
        raise CheckFailure(f"the kernel panics: {reason}{_own_place()}")

    def go(self) -> Outcome:
        """Run the case to its end, or until it is clear that it has none."""
        machine = self.machine
        try:
            reason = machine.run(instructions=MOST_ACCESSES, until=MOST_NS)
            if not self._is_done:
                return Outcome(f"{self._busy(reason)}{self._where()}")
        finally:
            machine.close()
        error = self._error
        if error is None:
            return Outcome()
        if isinstance(error, CheckFailure):
            return Outcome(str(error))
        if isinstance(error, LeftOutError):
            return Outcome(left_out=str(error))
        return Outcome(told(error, self.file.path))

    def _busy(self, reason: StopReason) -> str:
        if reason is StopReason.BUDGET:
            return f"it is not done after {MOST_ACCESSES:,} accesses to the hardware"
        if reason is StopReason.HALTED:
            return f"the core has halted: {self.machine.halt_reason}"
        return "it waits for something that does not come"

    def _where(self) -> str:
        for frame in self.machine.core.frames():
            if frame.file == str(self.file.path):
                return f" ({frame.file}, line {frame.line}, in {frame.function})"
        return ""

    # -- what cases do ----------------------------------------------------------------------------

    @property
    def driver(self) -> Any:
        """The driver, as the kernel has made it."""
        role, platform = self.file.role, self.platform
        if role == "irq-controller":
            manager: Any = platform.irq_manager
            return getattr(manager, "pic", manager)
        if role == "clock":
            return platform.clock  # type: ignore[attr-defined]
        return platform.timer if role == "timer" else platform.uart

    @property
    def bsp(self) -> str:
        """The kind of board."""
        return self._board.spec.bsp

    @property
    def now(self) -> int:
        """Virtual time in ns."""
        return self.machine.now

    def pass_time(self, ns: int) -> None:
        """Let virtual time pass; interrupts are taken on the way."""
        self.cpu.compute(ns)

    def until(self, done: Callable[[], object], most_ns: int, step_ns: int = 1_000) -> bool:
        """Let time pass until something is so: False where that takes longer."""
        end = self.now + most_ns
        while not done():
            if self.now >= end:
                return False
            self.cpu.compute(step_ns)
        return True

    def pin(self, wire: str) -> Irq | None:
        """What a wire arrives as, by the board's own wiring; None where there is no such wire."""
        from kerneltui.debugger.way import interrupts_of_line

        found = interrupts_of_line(self.machine, wire, 0)
        if not found:
            return None
        controller, number = found[0]
        return Irq(self.machine.controllers[controller].NUMBERING, number)

    def pins(self, wires: Iterable[str]) -> dict[str, Irq]:
        """The same of several, without those that the board has not.

        Raises :class:`LeftOutError` where that leaves none.
        """
        named = list(wires)
        found = {wire: irq for wire in named if (irq := self.pin(wire)) is not None}
        nothing_seen(found, f"this board has no wire {' or '.join(named)} to a controller")
        return found

    def wire(self, name: str, *, level: bool, unseen: bool = False) -> None:
        """Drive a wire from outside; unless ``unseen``, the core then has a moment to notice it.

        Raises :class:`LeftOutError` where the board has no such wire.
        """
        nothing_seen(name in self.machine.wiring, f"this board has no wire {name}")
        self.machine.poker.store(wire_poke(name, level=level))
        if not unseen:
            self.cpu.compute(100)

    def register(self, name: str, *fronts: str) -> int:
        """What a register holds, by its name and its block's; to look changes nothing."""
        site, _ = register_and_label(self.machine, fronts, name)
        key = (site.slot.offset, site.slot.register.overlay)
        width = site.slot.register.width // 8
        return site.file.peek(key if key[1] else key[0], width, 0)

    def handle(self, irq: Irq, handle: Callable[[], None]) -> None:
        """Register a handler that counts, and let the interrupt through the controller."""

        def counted() -> None:
            self.calls.append((irq.number, self.now))
            expect(len(self.calls) < 1000, "the interrupt comes again and again: it is not ended")
            handle()

        self.platform.irq_manager.register_handler(IrqHandler(irq, "the case's", counted))
        self.platform.irq_manager.enable(irq)

    def expect_arrived(self, holds: object, irq: Irq | None, said: str) -> None:
        """Raise :class:`CheckFailure` unless it holds: what keeps the interrupt out is named."""
        if not holds:
            raise CheckFailure(f"{said}{self._what_keeps_out(irq)}")

    def _what_keeps_out(self, irq: Irq | None) -> str:
        """What software has to open on the way of an interrupt; empty where that is nothing."""
        from kerneltui.debugger.naming import interrupt_numbered
        from kerneltui.debugger.way import best_way, whole_ways

        if irq is None:
            return ""
        machine, inspector = self.machine, Inspector()
        try:
            found = interrupt_numbered(machine, irq.domain, irq.number)
            ways = whole_ways(machine, inspector, found.controller, found.number)
        except UserError:
            return ""
        shut = [gate for gate in best_way(ways).holding if gate.opens is not Opens.EVENT]
        told = [f"{gate.says or gate.needs} ({gate.bits} is {gate.held})" for gate in shut]
        return f": {' and '.join(told[:MOST_NAMED])}" if told else ""

    def let_in(self) -> None:
        """Let the core take interrupts."""
        self.platform.arch.enable_irqs()

    def keep_out(self) -> None:
        """Mask them."""
        self.platform.arch.disable_irqs()


def _own_place() -> str:
    """Where the driver stands that runs, for a person; empty where it does not."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - the documented way to a frame
    while frame is not None:
        if is_of_own(frame):
            code = frame.f_code
            return f" ({code.co_filename}, line {frame.f_lineno}, in {code.co_qualname})"
        frame = frame.f_back
    return ""


def carry_out(case: Case, driver: OwnDriver, board: str) -> Outcome:
    """One case, on a machine of its own.  Whatever the driver does becomes a sentence."""
    try:
        return Bench(driver, board, case.run).go()
    except (Exception, SystemExit, DriverMistakeError) as error:
        return Outcome(told(error, driver.path))
