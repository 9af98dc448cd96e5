"""What a board file asks for, put together: memory, devices on their buses, and wires."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from kerneltui.devices import model
from kerneltui.errors import Mistakes, suggestion
from kerneltui.hw.bus import AddressSpace, Rom
from kerneltui.hw.clock import Clock
from kerneltui.hw.device import BusMaster, Device
from kerneltui.hw.line import Line, OrGate, Sink
from kerneltui.hw.register import BEHIND_WINDOW, MEMORY, NON_SECURE, PORTS
from kerneltui.hw.register_file import RegisterFile
from kerneltui.machine.board_spec import ADDRESS_BITS, FirmwareSpec
from kerneltui.machine.checked_board import Board
from kerneltui.machine.core import Core
from kerneltui.machine.cores import make_memory

if TYPE_CHECKING:
    from kerneltui.machine.native.image import NativeImage

LAST_PORT = 0xFFFF
Spaces = dict[str, AddressSpace]
"""The address spaces of a machine, by name."""
Ends = dict[tuple[str, int], list[tuple[Line, tuple[str, str]]]]
"""An input, as a board file names it, and a core -> lines, each with its device and output."""


def build_devices(
    board: Board,
    clock: Clock,
    spaces: Spaces,
    mistakes: Mistakes,
    image: NativeImage | None = None,
) -> dict[str, Device]:
    """Put the board's memory and devices into the address spaces; answers the devices by name.

    Where a device shows non-secure accesses another block, the space for these comes into being.
    Where the board contradicts itself that is noted as a mistake, and the device left out.
    """
    spec, file = board.spec, board.file
    bits = ADDRESS_BITS[spec.cpu.compatible]
    devices: dict[str, Device] = {}
    for name, region in spec.memory.items():
        try:
            _check_reach(name, region.base, region.size, bits)
            target = make_memory(region, image)
            spaces[MEMORY].attach(region.base, region.size, name, target)
        except ValueError as error:
            mistakes.add(file.error(("memory", name), str(error)))
    if spec.firmware is not None:
        with mistakes.noted():
            _install(board, spec.firmware, spaces[MEMORY])
    for name, item in spec.devices.items():
        cls = model(item.compatible)
        try:
            device = cls(name, board.device_config(name), clock, spec.cpu.cores)
        except ValueError as error:
            mistakes.add(board.error_of(name, ("config",), str(error)))
            continue
        devices[name] = device
        device.manual = spec.manual
        if isinstance(device, BusMaster):
            device.bus = spaces[MEMORY]
        for window, registers in device.files.items():
            try:
                _attach(spaces, name, window, registers, item.reg.get(window), bits)
            except ValueError as error:
                mistakes.add(board.error_of(name, ("reg", window), str(error)))
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


def _check_reach(name: str, base: int, size: int, bits: int) -> None:
    """Whether addresses of so many bits reach all of it.  Raises ValueError, in words."""
    last = base + size - 1
    if last >> bits:
        raise ValueError(
            f"{name} ({base:#x}-{last:#x}) goes beyond the last address of this processor, "
            f"{(1 << bits) - 1:#x}; choose a lower base"
        )


def _attach(
    spaces: Spaces, name: str, window: str, file: RegisterFile, base: int | None, bits: int
) -> None:
    label = f"{name}.{window}" if name != window else name
    table = file.table
    if table.space not in (BEHIND_WINDOW, NON_SECURE):
        start = table.base if base is None else base
        if table.space == PORTS and start + table.size > LAST_PORT + 1:
            raise ValueError(f"{label} goes beyond the last port, {LAST_PORT:#x}")
        if table.space == MEMORY:
            _check_reach(label, start, table.size, bits)
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
    board: Board,
    devices: Mapping[str, Device],
    cores: Sequence[Core],
    mistakes: Mistakes,
    left_out: Collection[str] = (),
) -> dict[str, list[str]]:
    """Connect outputs to inputs; where several meet at one input, through an OR gate.

    Answers where each line leads.  Where the board contradicts itself that is noted as a mistake.
    Of devices that are ``left_out``, or could not be made, a mistake is known already.
    """
    wiring: dict[str, list[str]] = {}
    unknown = {*left_out, *board.spec.devices}.difference(devices)
    wrong: dict[tuple[str, str, str], str] = {}
    """what is told of a wire once, for whatever core"""
    for (target, cpu), arrivals in _ends(board, devices, mistakes).items():
        if cpu >= len(cores) or target.partition(" ")[0] in unknown:
            continue  # the chip could serve more cores than this board has
        try:
            sink = _sink(devices, cores, target, cpu)
        except ValueError as error:
            for _, where in arrivals:
                wrong.setdefault((*where, target), str(error))
            continue
        gate = OrGate(sink) if len(arrivals) > 1 else None
        for line, _ in arrivals:
            line.connect(gate.input() if gate is not None else sink)
            wiring.setdefault(line.name, []).append(target)
    for (name, output, _), said in wrong.items():
        mistakes.add(board.error_of(name, ("interrupts", output), said))
    _check_console(board, devices, mistakes)
    return wiring


def _ends(board: Board, devices: Mapping[str, Device], mistakes: Mistakes) -> Ends:
    """Where outputs lead: of each input the lines, with their device and output."""
    ends: Ends = {}
    for name, item in board.spec.devices.items():
        device = devices.get(name)
        if device is None:
            continue
        for output in item.interrupts:
            lines = device.outputs.get(output)
            if lines is None:
                hint = suggestion(output, device.outputs)
                said = f"'{name}' has no output '{output}'{hint}"
                mistakes.add(board.error_of(name, ("interrupts", output), said))
                continue
            for target in item.targets(output):
                for cpu, line in enumerate(lines):
                    end = (" ".join(target.split()), cpu if len(lines) > 1 else 0)
                    ends.setdefault(end, []).append((line, (name, output)))
    return ends


def _check_console(board: Board, devices: Mapping[str, Device], mistakes: Mistakes) -> None:
    """The terminal is connected to a UART."""
    name = board.spec.console
    if name in devices and not hasattr(devices[name], "transmit"):
        uarts = [known for known, device in devices.items() if hasattr(device, "transmit")]
        hint = f"; write {' or '.join(uarts)}" if uarts else ""
        mistakes.add(board.file.error(("console",), f"'{name}' is not a UART{hint}"))


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
    if device is None or not 1 <= len(rest) <= 2:
        raise ValueError(f"'{target}' does not read 'DEVICE PIN [NUMBER]', like 'gic spi 121'")
    pin, written = rest[0], rest[-1]
    if len(rest) == 2 and not (written.isascii() and written.isdecimal()):
        hint = _decimal(written)
        raise ValueError(f"'{target}': '{written}' is no number in decimal digits{hint}")
    sink = device.input(pin, int(written) if len(rest) == 2 else 0, cpu)
    is_numbered = pin in device.NUMBERED_PINS
    if is_numbered and len(rest) == 1:
        raise ValueError(f"'{target}' has no number: write which one, like '{target} 1'")
    if not is_numbered and len(rest) == 2:
        raise ValueError(f"'{target}': '{pin}' has no number; write '{device_name} {pin}'")
    return sink


def _decimal(written: str) -> str:
    """A hint for a number that is written in another way."""
    try:
        return f"; write {int(written, 16)}" if written.lower().startswith("0x") else ""
    except ValueError:
        return ""
