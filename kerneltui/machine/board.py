"""Board files: what a machine consists of.  They read like a device tree.

A board names its devices (``compatible``), where their register windows lie (``reg``), their
parameters (``config``) and where their interrupt outputs lead (``interrupts``).
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from kerneltui.configfile import ConfigFile, Duration, Label, duration, find
from kerneltui.devices import MODELS, model
from kerneltui.errors import suggestion
from kerneltui.machine.hosted_core import Costs

CoreCount = Annotated[int, Meta(ge=1, le=8, description="number of cores; core 0 runs the kernel")]
Address = Annotated[int, Meta(ge=0, lt=1 << 48, description="physical address")]


class CostsSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What each kind of instruction takes."""

    load: Annotated[Duration, Meta(description="default 100ns")] = duration(100)
    store: Annotated[Duration, Meta(description="default 60ns")] = duration(60)
    sysreg: Annotated[Duration, Meta(description="default 10ns")] = duration(10)
    exception_entry: Annotated[Duration, Meta(description="default 40ns")] = duration(40)
    exception_return: Annotated[Duration, Meta(description="default 40ns")] = duration(40)
    wait: Annotated[Duration, Meta(description="default 20ns")] = duration(20)


class CpuSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The processor."""

    compatible: str
    cores: CoreCount = 4
    costs: CostsSpec = msgspec.field(default_factory=CostsSpec)


class MemorySpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A range of RAM."""

    base: Address
    size: Annotated[int, Meta(ge=4096, le=1 << 40, description="bytes")]


class DeviceSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One device."""

    compatible: Annotated[str, Meta(description="which model: see 'kerneltui docs registers'")]
    reg: Annotated[dict[str, Address], Meta(description="register window -> base address")] = {}
    config: Annotated[dict[str, int | bool], Meta(description="the model's parameters")] = {}
    interrupts: Annotated[
        dict[str, str],
        Meta(description="output -> 'DEVICE PIN [NUMBER]', as 'gic spi 121', or 'cpu irq'"),
    ] = {}


class BoardSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A board file."""

    title: Annotated[Label, Meta(min_length=1, max_length=60)]
    bsp: Annotated[str, Meta(description="the kernel's board support: rpi3 or rpi4")]
    cpu: CpuSpec
    console: Annotated[str, Meta(description="the UART that the terminal is connected to")]
    memory: dict[Label, MemorySpec]
    devices: dict[Label, DeviceSpec]


CPUS = ("arm,cortex-a53", "arm,cortex-a72")
CPU_PINS = ("irq", "fiq")


@dataclasses.dataclass(frozen=True)
class Board:
    """A checked board; ``file`` gives places in it for errors found later."""

    name: str
    spec: BoardSpec
    file: ConfigFile

    @property
    def costs(self) -> Costs:
        """Instruction costs, in ns."""
        return Costs(
            **{
                key: int(value)
                for key, value in msgspec.structs.asdict(self.spec.cpu.costs).items()
            }
        )

    def device_config(self, name: str) -> Any:
        """The parameters of a device, as its model's ``CONFIG``."""
        device = self.spec.devices[name]
        return model(device.compatible).CONFIG(**device.config)


def load_board(name: str) -> Board:
    """A built-in board by name, or a board file by path.  Raises :class:`UserError`."""
    path = find("boards", name)
    return read_board(ConfigFile.load(path), path)


def read_board(file: ConfigFile, path: Path) -> Board:
    """Check a parsed board file.  Raises :class:`UserError`."""
    devices = file.data.get("devices")
    if isinstance(devices, dict):
        for name, data in devices.items():
            if not isinstance(data, dict):
                raise file.error(("devices", name), f"device '{name}' needs a 'compatible:'")
            _check_device(file, str(name), file.decode(DeviceSpec, data, ("devices", str(name))))
    spec = file.decode(BoardSpec)
    if spec.cpu.compatible not in CPUS:
        hint = suggestion(spec.cpu.compatible, CPUS)
        raise file.error(("cpu", "compatible"), f"unknown CPU '{spec.cpu.compatible}'{hint}")
    if spec.console not in spec.devices:
        hint = suggestion(spec.console, spec.devices)
        raise file.error(("console",), f"no device '{spec.console}'{hint}")
    return Board(path.stem, spec, file)


def _check_device(file: ConfigFile, name: str, device: DeviceSpec) -> None:
    where = ("devices", name)
    if device.compatible not in MODELS:
        hint = suggestion(device.compatible, MODELS)
        raise file.error((*where, "compatible"), f"unknown device '{device.compatible}'{hint}")
    cls = model(device.compatible)
    windows = [table.name for table in cls.TABLES if table.byte_addressed]
    for window in device.reg:
        if window not in windows:
            hint = suggestion(window, windows)
            raise file.error((*where, "reg", window), f"no register window '{window}'{hint}")
    for window in windows:
        if window not in device.reg:
            raise file.error(where, f"device '{name}' needs 'reg: {{{window}: ADDRESS}}'")
    fields = {item.name: item for item in dataclasses.fields(cls.CONFIG)}
    for key in device.config:
        if key not in fields:
            hint = suggestion(key, fields)
            raise file.error(
                (*where, "config", key), f"'{device.compatible}' has no parameter '{key}'{hint}"
            )
    for key, item in fields.items():
        if item.default is dataclasses.MISSING and key not in device.config:
            raise file.error(where, f"device '{name}' needs 'config: {{{key}: ...}}'")
    try:
        msgspec.convert(device.config, cls.CONFIG)
    except msgspec.ValidationError as error:
        text, _, place = str(error).partition(" - at `$.")
        raise file.error((*where, "config", place.rstrip("`")), text.replace("`", "'")) from None
