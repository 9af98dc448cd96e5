"""A machine: a board's devices on a bus, wired up, and its cores."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Protocol, cast

from kerneltui.devices import model
from kerneltui.errors import suggestion
from kerneltui.hw.bus import AddressSpace, Memory
from kerneltui.hw.device import Device, InterruptController
from kerneltui.hw.line import Line, OrGate, Sink
from kerneltui.hw.register_file import RegisterFile
from kerneltui.hw.scheduler import NEVER, Scheduler
from kerneltui.machine.aarch64_core import Aarch64Core
from kerneltui.machine.board import CPU_PINS, Board
from kerneltui.machine.hosted_core import FOREVER, CoreState, Observer, Program, StopReason
from kerneltui.machine.serial_terminal import SerialDevice, SerialTerminal

MEMORY, SYSTEM_REGISTERS = "memory", "system register"
"""The names of a machine's address spaces."""
KernelFactory = Callable[[Aarch64Core], Program]


class MachineObserver(Observer, Protocol):
    """Who is told what happens in the whole machine."""

    def line(self, line: Line) -> None:
        """An interrupt wire changed its level."""

    def unmodelled(self, text: str) -> None:
        """An access to something that is declared but not modelled, or not declared."""


class Machine:
    """One board, powered on.

    ``program`` is made by ``kernel(core 0)``.  The whole object, kernel included, is plain data
    whenever :attr:`at_rest` holds: that is what :meth:`snapshot` relies on.
    """

    def __init__(self, board: Board, kernel: KernelFactory) -> None:
        """Raises :class:`UserError` where the board contradicts itself."""
        self.board_name = board.name
        self.board_title = board.spec.title
        self.scheduler = Scheduler()
        self.memory = AddressSpace(MEMORY)
        self.sysregs = AddressSpace(SYSTEM_REGISTERS)
        self.devices: dict[str, Device] = {}
        self._build(board)
        self.cores = [
            Aarch64Core(index, self.scheduler, self.memory, self.sysregs, board.costs)
            for index in range(board.spec.cpu.cores)
        ]
        self.wiring: dict[str, str] = {}
        self._wire(board)
        uart = self.devices[board.spec.console]
        if not hasattr(uart, "transmit"):
            raise board.file.error(("console",), f"'{board.spec.console}' is not a UART")
        self.terminal = SerialTerminal(cast("SerialDevice", uart), self.scheduler)
        self.core = self.cores[0]
        self.program = kernel(self.core)
        self.core.program = self.program
        self.core.state = CoreState.RUNNING

    # -- construction -----------------------------------------------------------------------------

    def _build(self, board: Board) -> None:
        spec, file = board.spec, board.file
        for name, region in spec.memory.items():
            try:
                self.memory.attach(region.base, region.size, name, Memory(region.size))
            except ValueError as error:
                raise file.error(("memory", name), str(error)) from None
        for name, item in spec.devices.items():
            cls = model(item.compatible)
            try:
                device = cls(name, board.device_config(name), self.scheduler, spec.cpu.cores)
            except ValueError as error:
                raise file.error(("devices", name, "config"), str(error)) from None
            self.devices[name] = device
            for window, registers in device.files.items():
                where = ("devices", name, "reg", window)
                try:
                    self._attach(name, window, registers, item.reg.get(window))
                except ValueError as error:
                    raise file.error(where, str(error)) from None

    def _attach(self, name: str, window: str, file: RegisterFile, base: int | None) -> None:
        label = f"{name}.{window}" if name != window else name
        if base is None:
            self.sysregs.attach(file.table.base, file.table.size, label, file)
        else:
            self.memory.attach(base, file.table.size, label, file)

    def _wire(self, board: Board) -> None:
        """Connect outputs to inputs; where several meet at one input, through an OR gate."""
        ends: dict[tuple[str, int], list[tuple[Line, tuple[str, ...]]]] = {}
        for name, item in board.spec.devices.items():
            device = self.devices[name]
            for output, target in item.interrupts.items():
                where = ("devices", name, "interrupts", output)
                lines = device.outputs.get(output)
                if lines is None:
                    hint = suggestion(output, device.outputs)
                    raise board.file.error(where, f"'{name}' has no output '{output}'{hint}")
                for cpu, line in enumerate(lines):
                    per_core = cpu if len(lines) > 1 else 0
                    ends.setdefault((" ".join(target.split()), per_core), []).append((line, where))
        for (target, cpu), arrivals in ends.items():
            if cpu >= len(self.cores):
                continue  # the chip could serve more cores than this board has
            try:
                sink = self._sink(target, cpu)
            except ValueError as error:
                raise board.file.error(arrivals[0][1], str(error)) from None
            gate = OrGate(sink) if len(arrivals) > 1 else None
            for line, _ in arrivals:
                line.connect(gate.input() if gate is not None else sink)
                self.wiring[line.name] = target

    def _sink(self, target: str, cpu: int) -> Sink:
        """The input that a board file names.  Raises ValueError, in words."""
        device_name, *rest = target.split() or [""]
        if device_name == "cpu":
            pin = rest[0] if len(rest) == 1 else ""
            if pin not in CPU_PINS:
                raise ValueError(f"'{target}': a core's inputs are 'cpu irq' and 'cpu fiq'")
            core = self.cores[cpu]
            return core.set_irq if pin == "irq" else core.set_fiq
        device = self.devices.get(device_name)
        if device is None and device_name:
            hint = suggestion(device_name, [*self.devices, "cpu"])
            raise ValueError(f"no device '{device_name}'{hint}")
        if (
            device is None
            or not rest
            or len(rest) > 2
            or not (len(rest) == 1 or rest[1].isdecimal())
        ):
            raise ValueError(f"'{target}' does not read 'DEVICE PIN [NUMBER]', like 'gic spi 121'")
        return device.input(rest[0], int(rest[1]) if len(rest) == 2 else 0, cpu)

    # -- what is where ----------------------------------------------------------------------------

    @property
    def controllers(self) -> dict[str, InterruptController]:
        """The interrupt controllers, by device name."""
        return {
            name: device
            for name, device in self.devices.items()
            if isinstance(device, InterruptController)
        }

    def windows(self, device: Device) -> list[tuple[str, int, RegisterFile]]:
        """Where a device's register files lie: ``(space, base, file)``."""
        spaces = (self.memory, self.sysregs)
        return [
            (space.name, window.base, file)
            for file in device.files.values()
            for space in spaces
            for window in space.windows
            if window.target is file
        ]

    # -- running ----------------------------------------------------------------------------------

    @property
    def now(self) -> int:
        """Virtual time since power-on, in ns."""
        return self.scheduler.now

    def run(
        self,
        *,
        until: int = NEVER,
        instructions: int = FOREVER,
        interrupt: bool = False,
        idle: bool = False,
        tracepoint: str = "",
        below_depth: int = 0,
    ) -> StopReason:
        """Run until the first of the given conditions, and say which it was.

        ``until``: virtual time in ns; ``instructions``: that many have retired; ``interrupt``: one
        was taken; ``idle``: the core began to wait; ``tracepoint``: the kernel passed it;
        ``below_depth``: fewer handlers than that are in progress.
        """
        core = self.core
        core.until = until
        core.stop_at = core.retired + instructions
        core.stop_on_interrupt = interrupt
        core.stop_on_idle = idle
        core.stop_on_tracepoint = tracepoint
        core.stop_below_depth = below_depth
        return core.run()

    def close(self) -> None:
        """Let go of the kernels' stacks."""
        for core in self.cores:
            core.close()

    # -- observing --------------------------------------------------------------------------------

    def observe(self, observer: MachineObserver | None) -> None:
        """Report everything that happens to ``observer``; None ends it."""
        self.core.observer = observer
        for device in self.devices.values():
            for lines in device.outputs.values():
                for line in lines:
                    line.watcher = observer.line if observer is not None else None
            for file in device.files.values():
                file.on_unmodelled = observer.unmodelled if observer is not None else None

    # -- snapshots --------------------------------------------------------------------------------

    @property
    def at_rest(self) -> bool:
        """Whether all state is plain data: the core is idle, no exception is in progress."""
        return self.core.at_rest

    def snapshot(self) -> bytes:
        """The machine's and the kernel's state.  Raises ValueError unless :attr:`at_rest`."""
        if not self.at_rest:
            raise ValueError("a snapshot can only be taken while the core is idle")
        return pickle.dumps(self, protocol=pickle.HIGHEST_PROTOCOL)

    @staticmethod
    def restore(snapshot: bytes) -> Machine:
        """A machine that goes on from a snapshot; nobody observes it yet."""
        machine: Machine = pickle.loads(snapshot)
        return machine
