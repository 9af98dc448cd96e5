"""What a board file asks for, put together: memory, devices on their buses, and wires."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from kerneltui.devices import model
from kerneltui.errors import suggestion
from kerneltui.hw.bus import AddressSpace, Rom
from kerneltui.hw.clock import Clock
from kerneltui.hw.device import BusMaster, Device
from kerneltui.hw.line import Line, OrGate, Sink
from kerneltui.hw.register import BEHIND_WINDOW, MEMORY, NON_SECURE, PORTS
from kerneltui.hw.register_file import RegisterFile
from kerneltui.machine.board import Board, FirmwareSpec
from kerneltui.machine.core import Core
from kerneltui.machine.cores import make_memory

if TYPE_CHECKING:
    from kerneltui.machine.native.image import NativeImage

LAST_PORT = 0xFFFF
Spaces = dict[str, AddressSpace]
"""The address spaces of a machine, by name."""


def build_devices(
    board: Board, clock: Clock, spaces: Spaces, image: NativeImage | None = None
) -> dict[str, Device]:
    """Put the board's memory and devices into the address spaces; answers the devices by name.

    Where a device shows non-secure accesses another block, the space for these comes into being.
    Raises :class:`UserError` where the board contradicts itself.
    """
    spec, file = board.spec, board.file
    devices: dict[str, Device] = {}
    for name, region in spec.memory.items():
        try:
            target = make_memory(region, image)
            spaces[MEMORY].attach(region.base, region.size, name, target)
        except ValueError as error:
            raise file.error(("memory", name), str(error)) from None
    if spec.firmware is not None:
        _install(board, spec.firmware, spaces[MEMORY])
    for name, item in spec.devices.items():
        cls = model(item.compatible)
        try:
            device = cls(name, board.device_config(name), clock, spec.cpu.cores)
        except ValueError as error:
            raise file.error(("devices", name, "config"), str(error)) from None
        devices[name] = device
        device.manual = spec.manual
        if isinstance(device, BusMaster):
            device.bus = spaces[MEMORY]
        for window, registers in device.files.items():
            where = ("devices", name, "reg", window)
            try:
                _attach(spaces, name, window, registers, item.reg.get(window))
            except ValueError as error:
                raise file.error(where, str(error)) from None
    if board.for_image is not None:
        from kerneltui.machine import image_board

        image_board.attach(board, board.for_image, spaces[MEMORY])
    _divide(spaces, devices)
    return devices


def _divide(spaces: Spaces, devices: Mapping[str, Device]) -> None:
    """Where a device shows non-secure accesses other blocks, these get a space of their own."""
    views = {
        id(device.files[view.table.stands_for]): (f"{name}.{view.table.name}", view)
        for name, device in devices.items()
        for view in device.files.values()
        if view.table.space == NON_SECURE
    }
    if views:
        space = spaces[NON_SECURE] = AddressSpace(NON_SECURE)
        for window in spaces[MEMORY].windows:
            label, target = views.get(id(window.target), (window.name, window.target))
            space.attach(window.base, window.size, label, target)


def _attach(spaces: Spaces, name: str, window: str, file: RegisterFile, base: int | None) -> None:
    label = f"{name}.{window}" if name != window else name
    table = file.table
    if table.space not in (BEHIND_WINDOW, NON_SECURE):
        start = table.base if base is None else base
        if table.space == PORTS and start + table.size > LAST_PORT + 1:
            raise ValueError(f"{label} goes beyond the last port, {LAST_PORT:#x}")
        spaces[table.space].attach(start, table.size, label, file)


def _install(board: Board, firmware: FirmwareSpec, memory: AddressSpace) -> None:
    """Put the firmware's tables into its ROM."""
    from kerneltui.machine.firmware import tables

    try:
        data = tables(board, firmware)
    except ValueError as error:
        raise board.file.error(("firmware",), str(error)) from None
    window = memory.window_at(firmware.base)
    fits = window is not None and firmware.base + len(data) <= window.base + window.size
    if window is None or not fits or not isinstance(window.target, Rom):
        where = f"{firmware.base:#x}-{firmware.base + len(data) - 1:#x}"
        raise board.file.error(("firmware", "base"), f"no 'rom: true' memory at {where}")
    window.target.load(firmware.base - window.base, data)


def connect_wires(
    board: Board, devices: Mapping[str, Device], cores: Sequence[Core]
) -> dict[str, list[str]]:
    """Connect outputs to inputs; where several meet at one input, through an OR gate.

    Answers where each line leads.  Raises :class:`UserError` where the board contradicts itself.
    """
    wiring: dict[str, list[str]] = {}
    ends: dict[tuple[str, int], list[tuple[Line, tuple[str, ...]]]] = {}
    for name, item in board.spec.devices.items():
        device = devices[name]
        for output in item.interrupts:
            where = ("devices", name, "interrupts", output)
            lines = device.outputs.get(output)
            if lines is None:
                hint = suggestion(output, device.outputs)
                raise board.file.error(where, f"'{name}' has no output '{output}'{hint}")
            for target in item.targets(output):
                for cpu, line in enumerate(lines):
                    end = (" ".join(target.split()), cpu if len(lines) > 1 else 0)
                    ends.setdefault(end, []).append((line, where))
    for (target, cpu), arrivals in ends.items():
        if cpu >= len(cores):
            continue  # the chip could serve more cores than this board has
        try:
            sink = _sink(devices, cores, target, cpu)
        except ValueError as error:
            raise board.file.error(arrivals[0][1], str(error)) from None
        gate = OrGate(sink) if len(arrivals) > 1 else None
        for line, _ in arrivals:
            line.connect(gate.input() if gate is not None else sink)
            wiring.setdefault(line.name, []).append(target)
    return wiring


def _sink(devices: Mapping[str, Device], cores: Sequence[Core], target: str, cpu: int) -> Sink:
    """The input that a board file names.  Raises ValueError, in words."""
    device_name, *rest = target.split() or [""]
    if device_name == "cpu":
        pins = cores[cpu].PINS
        if len(rest) != 1 or rest[0] not in pins:
            said = " and ".join(f"'cpu {pin}'" for pin in pins)
            raise ValueError(f"'{target}': a core's inputs are {said}")
        return cores[cpu].input(rest[0])
    device = devices.get(device_name)
    if device is None and device_name:
        hint = suggestion(device_name, [*devices, "cpu"])
        raise ValueError(f"no device '{device_name}'{hint}")
    if device is None or not rest or len(rest) > 2 or not (len(rest) == 1 or rest[1].isdecimal()):
        raise ValueError(f"'{target}' does not read 'DEVICE PIN [NUMBER]', like 'gic spi 121'")
    return device.input(rest[0], int(rest[1]) if len(rest) == 2 else 0, cpu)
