"""What of a board file can be checked without building the board."""

from __future__ import annotations

from typing import Any

import msgspec

from kerneltui.configfile import ConfigFile, is_left_out
from kerneltui.devices import MODELS, model
from kerneltui.errors import Mistakes, near, suggestion
from kerneltui.hw.register import MEMORY, PORTS, RegisterTable
from kerneltui.kernel.bsp import BOARDS, PC_BOARD
from kerneltui.machine.board_spec import CPU_PINS, PC, BoardSpec, DeviceSpec
from kerneltui.machine.x86_cpuid import FEATURES
from kerneltui.units import write_duration

LONGEST_COST_NS = 1_000_000
ONLY_PC = (("cpu", "features"), ("cpu", "tsc_hz"), ("cpu", "deep_idle_after"), ("firmware",))
ONLY_ARM = (("cpu", "release_addresses"), ("cpu", "armstub"), ("image",))
WORD = 4
"""bytes"""


def check_spec(file: ConfigFile, spec: BoardSpec, found: Mistakes) -> set[str]:
    """Check what fits the schema; answers the names of the devices that are right.

    What is named may stand in a part of the file that does not fit.
    """
    right = set()
    for name, device in spec.devices.items():
        mine = Mistakes()
        with mine.noted():
            check_device(file, ("devices", name), device)
        found.add_all(mine)
        if not mine:
            right.add(name)
    named = file.data.get("devices")
    is_named = not isinstance(named, dict) or spec.console in named
    if not is_named and not is_left_out(spec.console):
        hint = suggestion(spec.console, map(str, named or ()))
        found.add(file.error(("console",), f"no device '{spec.console}'{hint}"))
    for name, region in spec.memory.items():
        for key in ("base", "size"):
            if getattr(region, key) % WORD:
                said = f"'{key}' must be a multiple of {WORD}, not {getattr(region, key):#x}"
                found.add(file.error(("memory", name, key), said))
    _check_bsp(file, spec, found)
    _check_cpu(file, spec, found)
    told: set[int] = set()
    for number, override in enumerate(spec.firmware.overrides if spec.firmware else ()):
        if override.isa in told:
            place = ("firmware", "overrides", number)
            found.add(
                file.error(place, f"ISA IRQ {override.isa} has an override already; remove one")
            )
        told.add(override.isa)
    return right


def _check_bsp(file: ConfigFile, spec: BoardSpec, found: Mistakes) -> None:
    """The board support must be there, and be for such a processor."""
    bsp, cpu = spec.bsp, spec.cpu.compatible
    if is_left_out(bsp):
        return
    if bsp not in BOARDS:
        said = f"unknown board support '{bsp}'{suggestion(bsp, BOARDS)}"
        found.add(file.error(("bsp",), said))
    elif cpu in CPU_PINS and (bsp == PC_BOARD) != cpu.startswith(PC):
        fitting = [name for name in BOARDS if (name == PC_BOARD) == cpu.startswith(PC)]
        said = f"the kernel of '{bsp}' does not run on '{cpu}'; write {' or '.join(fitting)}"
        found.add(file.error(("bsp",), said))


def _check_cpu(file: ConfigFile, spec: BoardSpec, found: Mistakes) -> None:
    cpu = spec.cpu
    for number, feature in enumerate(cpu.features):
        if feature not in FEATURES:
            said = f"unknown feature '{feature}'{suggestion(feature, FEATURES)}"
            found.add(file.error(("cpu", "features", number), said))
    for name, cost in msgspec.structs.asdict(cpu.costs).items():
        if not 1 <= cost <= LONGEST_COST_NS:
            longest = write_duration(LONGEST_COST_NS)
            said = f"'{name}' must be from 1ns to {longest}, not {write_duration(int(cost))}"
            found.add(file.error(("cpu", "costs", name), said))
    if is_left_out(cpu.compatible):
        return
    if cpu.compatible not in CPU_PINS:
        said = f"unknown CPU '{cpu.compatible}'{suggestion(cpu.compatible, CPU_PINS)}"
        found.add(file.error(("cpu", "compatible"), said))
        return
    for place in ONLY_ARM if cpu.compatible.startswith(PC) else ONLY_PC:
        above = file.data.get(place[0], {}) if len(place) > 1 else file.data
        if isinstance(above, dict) and place[-1] in above:
            said = f"'{place[-1]}' is nothing for the processor '{cpu.compatible}'; remove it"
            found.add(file.error(place, said))
    _check_release(file, spec, found)


def _check_release(file: ConfigFile, spec: BoardSpec, found: Mistakes) -> None:
    """The firmware's spin table: a doubleword in RAM for each core."""
    seen: set[int] = set()
    is_all = bool(spec.memory) and [*spec.memory] == [*(file.data.get("memory") or ())]
    for number, address in enumerate(spec.cpu.release_addresses):
        said = ""
        if address % 8:
            said = f"{address:#x} is no multiple of 8: an entry has 8 bytes"
        elif address in seen:
            said = f"{address:#x} stands here twice; each core has an entry of its own"
        elif is_all and not any(
            at.base <= address < at.base + at.size for at in spec.memory.values()
        ):
            said = f"there is no memory at {address:#x}; write an address in 'memory'"
        if said:
            found.add(file.error(("cpu", "release_addresses", number), said))
        seen.add(address)


def check_device(file: ConfigFile, where: tuple[str, ...], device: DeviceSpec) -> None:
    """Check one device against its model; ``where`` ends in its name.

    Raises :class:`UserError`, with all mistakes.
    """
    if device.compatible not in MODELS:
        hint = suggestion(device.compatible, MODELS)
        raise file.error((*where, "compatible"), f"unknown device '{device.compatible}'{hint}")
    found = Mistakes()
    if where[-1] == "cpu" or where[-1].rstrip("0123456789") == "core":
        said = f"'{where[-1]}' stands for a core where wires and pokes name one; choose another"
        found.add(file.error(where, said))
    _check_windows(file, where, device, found)
    _check_parameters(file, where, device, found)
    for output in device.interrupts:
        targets = [" ".join(target.split()) for target in device.targets(output)]
        twice = next((item for n, item in enumerate(targets) if item in targets[:n]), None)
        if twice is not None:
            said = f"'{twice}' stands here twice; remove one"
            found.add(file.error((*where, "interrupts", output), said))
    found.tell()


def _check_windows(
    file: ConfigFile, where: tuple[str, ...], device: DeviceSpec, found: Mistakes
) -> None:
    tables = model(device.compatible).TABLES
    windows = {table.name: table for table in tables if table.space in (MEMORY, PORTS)}
    meant: set[str] = set()
    for window, base in device.reg.items():
        place = (*where, "reg", window)
        if window not in windows:
            meant.update(near(window, windows))
            said = f"no register window '{window}'{suggestion(window, windows)}"
            found.add(file.error(place, said))
        elif base % _alignment(windows[window]):
            unit = _alignment(windows[window])
            said = (
                f"{window} must lie at a multiple of {unit}, by the width or number of its "
                f"registers, not at {base:#x}"
            )
            found.add(file.error(place, said))
    for window in windows:
        if window not in device.reg and window not in meant:
            said = f"device '{where[-1]}' needs 'reg: {{{window}: ADDRESS}}'"
            found.add(file.error(where, said))


def _alignment(table: RegisterTable) -> int:
    """How many bytes its widest register has, which no access may cross.

    Of a block of ports as many as it has: the low address lines choose among them (so of the 8254,
    8259 and 16550: their pins A0 to A2).
    """
    if table.space == PORTS and table.size & (table.size - 1) == 0:
        return table.size
    return max(register.width for register in table.registers) // 8


def _check_parameters(
    file: ConfigFile, where: tuple[str, ...], device: DeviceSpec, found: Mistakes
) -> None:
    known = _parameters(device)
    meant = {name for key in device.config if key not in known for name in near(key, known)}
    for key, item in known.items():
        if item.required and key not in device.config and key not in meant:
            said = f"device '{where[-1]}' needs 'config: {{{key}: ...}}'"
            found.add(file.error(where, said))
    for key in device.config:
        place = (*where, "config", key)
        try:
            one = msgspec.structs.replace(device, config={key: device.config[key]})
            check_config(one, file.written(place))
        except ValueError as error:
            found.add(file.error(place, str(error)))


def _parameters(device: DeviceSpec) -> dict[str, Any]:
    return {item.name: item for item in msgspec.structs.fields(model(device.compatible).CONFIG)}


def check_config(device: DeviceSpec, written: str | None = None) -> None:
    """Whether the parameters exist, and can be what they are.

    ``written`` is how the only one stands in a file.  Raises ValueError, in words.
    """
    known = _parameters(device)
    for key in device.config:
        if key not in known:
            hint = suggestion(key, known)
            raise ValueError(f"'{device.compatible}' has no parameter '{key}'{hint}")
    schema = model(device.compatible).CONFIG
    try:
        msgspec.convert(device.config, schema)
    except msgspec.ValidationError as error:
        from kerneltui.misfit import misfits

        wrong = list(misfits(schema, device.config, written=lambda _: written))
        for place, text in wrong:
            if place:  # what is missing is asked for where the board is read
                name = f"'{place[0]}'"
                raise ValueError(text if name in text else f"{text} ({name})") from None
        if not wrong:  # then the model itself has refused them
            raise ValueError(str(error.__cause__ or error)) from None
