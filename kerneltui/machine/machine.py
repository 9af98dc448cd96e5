"""A machine: the devices and the cores of a board, that run, are observed, saved and loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, cast

from kerneltui.errors import Mistakes
from kerneltui.hw.bus import AddressSpace
from kerneltui.hw.clock import NEVER, Clock
from kerneltui.hw.device import Device, InterruptController
from kerneltui.hw.line import Line
from kerneltui.hw.register import (
    BEHIND_WINDOW,
    MEMORY,
    MSRS,
    NON_SECURE,
    PORTS,
    SYSTEM_REGISTERS,
    RegisterTable,
)
from kerneltui.hw.register_file import RegisterFile
from kerneltui.machine.checked_board import Board
from kerneltui.machine.construction import build_devices, connect_wires
from kerneltui.machine.core import FOREVER, Core, CoreState, Observer, Program, StopReason
from kerneltui.machine.cores import make_cores
from kerneltui.machine.poke import Poke, Poker
from kerneltui.machine.position import Position
from kerneltui.machine.saving import Savable
from kerneltui.machine.serial_terminal import SerialDevice, SerialTerminal
from kerneltui.machine.turns import Turns

if TYPE_CHECKING:
    from kerneltui.machine.native.image import NativeImage

if TYPE_CHECKING:
    from kerneltui.hw.declared import Declared

KernelFactory = Callable[[Any], Program]
"""Makes the kernel that begins on a core."""


class MachineObserver(Observer, Protocol):
    """Who is told what happens in the whole machine."""

    def line(self, line: Line) -> None:
        """An interrupt wire changed its level."""

    def pending(self, controller: InterruptController, number: int, cpu: int, again: bool) -> None:
        """An interrupt becomes pending by no wire; ``again``: it was so already."""

    def remark(self, device: str, kind: str, number: int, text: str) -> None:
        """Something went wrong with an interrupt: see :meth:`Device._remark`."""

    def split(self, text: str) -> None:
        """An access was wider than the registers of one byte that it reached."""


class Stopper(Protocol):
    """An observer that lets a machine run until it has seen something."""

    def begin(self) -> None:
        """A run begins, with its limits: what it has stopped for last is no reason any more."""

    def judge(self, core: int, reason: StopReason) -> StopReason | None:
        """Why this core has halted: because of what was seen, or for the reason given.

        None: it need not have halted, and goes on.
        """


class Machine(Savable):
    """One board, powered on.

    ``program`` is made by ``kernel(core 0)``, or it is the image of machine code that is given
    instead.  All state, that of the kernel included, is plain
    data whenever :attr:`at_rest` holds: that is what :meth:`save` relies on.
    """

    TRANSIENT: ClassVar = frozenset(
        ("_states", "known_sites", "numbered_at", "observer", "stopper")
    )

    known_sites: Any = None
    """what the debugger has found: where registers stand does not change"""

    def __init__(self, board: Board, kernel: KernelFactory | NativeImage) -> None:
        """Raises :class:`UserError` where the board contradicts itself."""
        self.board_name, self.board_title = board.name, board.spec.title
        self.clock = Clock()
        self.spaces = {name: AddressSpace(name) for name in (MEMORY, PORTS, SYSTEM_REGISTERS, MSRS)}
        self.memory = self.spaces[MEMORY]
        image = None if callable(kernel) else kernel
        mistakes = Mistakes()
        self.devices = build_devices(board, self.clock, self.spaces, mistakes, image)
        self._divided = _divided_blocks(self.devices.values())
        """the blocks that are there twice: for secure accesses, and for all others"""
        self.controllers = {
            name: device
            for name, device in self.devices.items()
            if isinstance(device, InterruptController)
        }
        """the interrupt controllers, by device name"""
        self.cores: list[Core] = make_cores(board, self.clock, self.spaces, image)
        self.turns: Turns = self.cores[0].turns
        self.wiring = connect_wires(board, self.devices, self.cores, mistakes)
        """where each line leads"""
        with mistakes.noted():
            self._prepare(board)
        mistakes.tell()
        uart = self.devices[board.spec.console]
        self.terminal = SerialTerminal(cast("SerialDevice", uart), self.clock)
        self.declared: list[Declared] = []
        """what is on the chip but not modelled"""
        if board.for_image is not None:
            from kerneltui.machine import image_board

            self.declared = image_board.finish(
                board, board.for_image, self.devices, self.memory, self.terminal
            )
        self.poker = self._poker()
        self.core = self.cores[0]
        """the boot core"""
        self.stopped = 0
        """which core ended the last run"""
        self.program: Any = kernel(self.core) if callable(kernel) else kernel
        self.core.power_on(self.program)
        if image is not None and image.all_cores:
            for core in self.cores[1:]:
                core.power_on(image)
        self._states = {}
        self.stopper: Stopper | None = None
        self.observer: MachineObserver | None = None
        """see :meth:`observe`"""

    def _prepare(self, board: Board) -> None:
        """What wires cannot say of a board, and what its firmware has done."""
        if NON_SECURE in self.spaces and board.spec.cpu.armstub:
            from kerneltui.machine import armstub

            armstub.set_up(self.devices.values(), len(self.cores))
        if board.is_x86:
            from kerneltui.machine import apic_wiring

            apic_wiring.connect(board, self.devices, self.turns)

    def _poker(self) -> Poker:
        """Who carries out pokes: it knows all blocks and wires by name."""
        blocks = {
            f"{device.name}.{file.table.name}": file
            for device in self.devices.values()
            for file in device.files.values()
        }
        wires = {
            line.name: (device, line)
            for device in self.devices.values()
            for lines in device.outputs.values()
            for line in lines
        }
        return Poker(self.clock, self.cores, self.spaces, blocks, wires)

    # -- what is where ----------------------------------------------------------------------------

    def windows(self, device: Device) -> list[tuple[str, int, RegisterFile]]:
        """Where a device's register files lie: ``(space, base, file)``.

        A file behind an index/data window is a space of its own, by device and table.  Of blocks
        that stand for each other those of :attr:`sight` come first.
        """
        found = []
        files = sorted(device.files.values(), key=lambda file: self.is_out_of_sight(file.table))
        for file in files:
            if file.table.space == BEHIND_WINDOW:
                found.append((f"{device.name}.{file.table.name}", 0, file))
                continue
            space = self.spaces[file.table.space]
            found += [(space.name, at.base, file) for at in space.windows if at.target is file]
        return found

    @property
    def sight(self) -> str:
        """The space in which software meets memory: where there is one, the non-secure.

        What of a device is only there or only elsewhere, plain names mean as it is there.
        """
        return NON_SECURE if NON_SECURE in self.spaces else MEMORY

    def is_out_of_sight(self, table: RegisterTable) -> bool:
        """Whether software meets another block in the place of this one."""
        if self.sight == MEMORY or table.space not in (MEMORY, NON_SECURE):
            return False
        return table.space != self.sight and table.name in self._divided

    def met(self, space: str, address: int, front: str = "") -> str:
        """The space of the block that an access to an address has met.

        An access to memory is one to the non-secure block there, if there is one, but where the
        register's name tells of it that it was not (``front`` is what stands before its name).
        """
        if space != MEMORY or front or self.sight == MEMORY:
            return space
        window = self.spaces[NON_SECURE].window_at(address)
        target = None if window is None else window.target
        is_divided = isinstance(target, RegisterFile) and target.table.space == NON_SECURE
        return NON_SECURE if is_divided else MEMORY

    def poke(self, poke: Poke) -> None:
        """A store, or a wire's level, from outside: it takes no time, and is noticed next."""
        self.poker.store(poke)

    # -- running ----------------------------------------------------------------------------------

    @property
    def now(self) -> int:
        """Virtual time since power-on, in ns."""
        return self.clock.now

    def run(
        self,
        *,
        until: int = NEVER,
        instructions: int = FOREVER,
        focus: int = 0,
        steps: int = FOREVER,
        access: bool = False,
        interrupt: bool = False,
        idle: bool = False,
        rest: bool = False,
        tracepoint: str = "",
        below_depth: int = 0,
        rest_after: int = FOREVER,
        to: Position | None = None,
    ) -> StopReason:
        """Run until the first of the given conditions, and say which it was.

        ``until``: virtual time in ns; ``instructions``: so many have retired on one core, or it has
        done so much :attr:`~kerneltui.machine.core.Core.work` with machine code;
        ``interrupt``: one was taken, on any core; ``tracepoint``: the kernel passed it, on any
        core; ``rest``: a core began to wait; ``rest_after``: all are :attr:`at_rest` after so much
        work of one; ``to``: a position that lies ahead.  Of core ``focus``: ``steps``
        instructions have retired; ``access``: machine code has accessed a device; ``idle``: it
        began to wait; ``below_depth``: fewer handlers than that are in progress.
        """
        if self.halt_reason:
            return StopReason.HALTED
        for core in self.cores:
            core.until = until
            core.limit(instructions)
            core.stop_on_interrupt = interrupt
            core.stop_on_idle = rest or (idle and core.index == focus)
            core.stop_on_wait = False
            core.stop_on_tracepoint = tracepoint
            core.is_traced = bool(tracepoint) or core.observer is not None
            core.stop_below_depth = 0
            core.stop_on_access = False
            core.rest_after = core.work + rest_after
        focused = self.cores[focus]
        focused.stop_below_depth = below_depth
        focused.stop_on_access = access
        last = focused.retired + steps
        focused.stop_at = min(focused.stop_at, last)
        reason = self._run() if to is None else self._run_to(to)
        if reason is StopReason.BUDGET and self.stopped == focus and focused.retired >= last:
            return StopReason.STEP
        return reason

    def _run(self) -> StopReason:
        if self.stopper is not None:
            self.stopper.begin()
        while True:
            stopped, reason = self.turns.run()
            self.stopped = stopped.index
            if self.stopper is None:
                return reason
            judged = self.stopper.judge(stopped.index, reason)
            if judged is not None:
                return judged

    def _run_to(self, to: Position) -> StopReason:
        """First to the instruction, then into the wait, then to the time."""
        core = self.cores[to.core]
        while core.retired < to.retired:
            limit = core.stop_at
            core.stop_at = min(limit, to.retired)
            last = core.until
            if core.can_rest_anywhere:  # its last instruction may take longer, as a poll that dozes
                core.until = min(last, max(to.now_ns, self.now))
            reason = self._run()
            core.until = last
            has_come = core.retired >= min(limit, to.retired)
            if reason is not StopReason.BUDGET or not has_come or core.retired >= limit:
                return reason
            if self._is_spent(core):
                return reason
            core.stop_at = limit
        if to.asleep and core.state is not CoreState.WAITING:
            core.stop_on_wait = True
            reason = self._run()
            core.stop_on_wait = False
            if reason is not StopReason.IDLE or self.stopped != to.core:
                return reason
            core.stop_at = FOREVER
        if self.now < to.now_ns or self.step < to.step:
            until = core.until
            for item in self.cores:
                item.until = min(until, to.now_ns)
            reason = self._run()
            if reason is not StopReason.TIME or self.now >= until:
                return reason
        self.stopped = core.index
        return StopReason.REACHED

    def _is_spent(self, but: Core) -> bool:
        """Whether another core has used up its instructions."""
        return any(core.retired >= core.stop_at for core in self.cores if core is not but)

    @property
    def halt_reason(self) -> str:
        """Why a core has halted for good; empty while none has."""
        return next((core.halt_reason for core in self.cores if core.halt_reason), "")

    def close(self) -> None:
        """Let go of what the cores hold of this computer; the machine is of no use any more."""
        for core in self.cores:
            core.close()

    # -- observing --------------------------------------------------------------------------------

    def observe(self, observer: MachineObserver | None) -> None:
        """Report everything that happens to ``observer``; None ends it."""
        self.observer = observer
        for core in self.cores:
            core.observer = observer
            core.is_traced = observer is not None or bool(core.stop_on_tracepoint)
        for device in self.devices.values():
            device.on_remark = observer.remark if observer is not None else None
            device.on_reset = observer.reset_begins if observer is not None else None
            for lines in device.outputs.values():
                for line in lines:
                    line.watcher = observer.line if observer is not None else None
            if isinstance(device, InterruptController):
                device.on_pending = observer.pending if observer is not None else None
            for file in device.files.values():
                file.on_unmodelled = observer.unmodelled if observer is not None else None
                file.on_split = observer.split if observer is not None else None
        for region in self.declared:
            region.on_unmodelled = observer.unmodelled if observer is not None else None

    # -- time travel ------------------------------------------------------------------------------

    @property
    def step(self) -> int:
        """How much has happened: instructions retired and deadlines run, of the whole machine."""
        step = self.clock.fired
        for core in self.cores:
            step += core.retired
        return step

    @property
    def work(self) -> int:
        """How long it takes to come here again, in instructions of a kernel in Python."""
        return sum(core.work for core in self.cores) + self.clock.fired

    @property
    def position(self) -> Position:
        """Where the machine has halted."""
        core = self.cores[self.stopped]
        asleep = core.state is CoreState.WAITING
        return Position(self.step, self.now, asleep, core.index, core.retired)

    @property
    def at_rest(self) -> bool:
        """Whether all state is plain data: outside handlers, each core in a wait, a task or a
        landing of its boot.
        """
        return self.turns.at_rest

    @property
    def is_asleep(self) -> bool:
        """Whether each core that is on waits for an interrupt, outside any handler."""
        return self.at_rest and all(
            core.is_asleep for core in self.cores if core.state is not CoreState.OFF
        )

    def leave_landing(self) -> None:
        """Halted at a landing: halt before the instruction that follows."""
        if self.cores[self.stopped].is_landed:
            self.show_next()

    def show_next(self) -> None:
        """Let the core that had halted halt there again: it shows what it is about to do."""
        halted = self.cores[self.stopped]
        halted.stop_at = halted.retired
        halted.run()


def _divided_blocks(devices: Iterable[Device]) -> frozenset[str]:
    tables = [file.table for device in devices for file in device.files.values()]
    pairs = [(table.name, table.stands_for) for table in tables if table.stands_for]
    return frozenset(name for pair in pairs for name in pair)
