"""Board files: what a machine consists of.  They read like a device tree.

A board names its devices (``compatible``), where their register windows lie (``reg``), their
parameters (``config``) and where their interrupt outputs lead (``interrupts``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

import msgspec
from msgspec import Meta

from kerneltui.configfile import ConfigFile, Duration, Label, duration, find
from kerneltui.devices import MODELS, model
from kerneltui.errors import suggestion
from kerneltui.hw.register import MEMORY, PORTS
from kerneltui.machine.core import Costs
from kerneltui.machine.x86_cpuid import FEATURES

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
    port: Annotated[Duration, Meta(description="an I/O port; default 700ns")] = duration(700)


class CpuSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The processor."""

    compatible: str
    cores: CoreCount = 4
    costs: CostsSpec = msgspec.field(default_factory=CostsSpec)
    features: Annotated[list[str], Meta(description=f"of x86: {', '.join(FEATURES)}")] = []
    tsc_hz: Annotated[int, Meta(ge=1_000_000, le=10**10, description="of x86: TSC rate")] = 10**9
    deep_idle_after: Annotated[
        Duration, Meta(description="of x86: how long HLT lasts until clocks stop")
    ] = duration(100_000)
    release_addresses: Annotated[
        list[Address], Meta(description="of Arm: where each parked core looks for its entry")
    ] = []
    armstub: Annotated[
        bool,
        Meta(
            description="of Arm: the firmware has opened a GIC with security to the kernel; "
            "default true"
        ),
    ] = True


class MemorySpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A range of RAM."""

    base: Address
    size: Annotated[int, Meta(ge=4096, le=1 << 40, description="bytes")]
    rom: Annotated[bool, Meta(description="stores change nothing")] = False


class OverrideSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An ISA interrupt that is not the GSI of the same number, edge triggered and active high."""

    isa: Annotated[int, Meta(ge=0, le=15)]
    gsi: Annotated[int, Meta(ge=0, le=255)]
    polarity: Literal["bus", "high", "low"] = "bus"
    trigger: Literal["bus", "edge", "level"] = "bus"


class FirmwareSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a PC's firmware leaves in memory: ACPI tables, made from the devices on the board."""

    base: Annotated[int, Meta(description="where the tables begin, in a ROM at 0xE0000-0xFFFFF")]
    overrides: list[OverrideSpec] = []
    sci: Annotated[int, Meta(ge=0, le=15, description="the ISA interrupt that the SCI is")] = 9
    bad_checksums: Annotated[
        list[str], Meta(description="tables whose checksum is wrong, as APIC: a kernel refuses")
    ] = []


class DeviceSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One device."""

    compatible: Annotated[str, Meta(description="which model: see 'kerneltui docs registers'")]
    reg: Annotated[dict[str, Address], Meta(description="register window -> base address")] = {}
    config: Annotated[dict[str, int | bool | str], Meta(description="the model's parameters")] = {}
    interrupts: Annotated[
        dict[str, str | list[str]],
        Meta(description="output -> 'DEVICE PIN [NUMBER]', as 'gic spi 121', or 'cpu irq'"),
    ] = {}

    def targets(self, output: str) -> list[str]:
        """Where an output leads; several places where it meets several inputs."""
        target = self.interrupts.get(output, [])
        return [target] if isinstance(target, str) else target


class RegionSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Addresses at which the chip has something that is not modelled."""

    base: Address
    size: Annotated[int, Meta(ge=4, le=1 << 30, description="bytes")]


class ViewSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Addresses of peripherals: something answers everywhere."""

    base: Address
    size: Annotated[int, Meta(ge=4096, le=1 << 30, description="bytes")]
    high: Annotated[Address | None, Meta(description="where they lie too, in the 35-bit map")] = (
        None
    )


class ImageSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of what else there is when an image of machine code runs."""

    console: Annotated[str, Meta(description="the UART that the terminal is connected to")]
    also: Annotated[list[str], Meta(description="UARTs at the same wire of the terminal")] = []
    legacy: Annotated[
        str, Meta(description="the controller that has the cores where enable_gic=0")
    ] = ""
    model: Annotated[str, Meta(description="the name of its sections in config.txt, like pi4")] = ""
    core_hz: Annotated[int, Meta(ge=1, lt=1 << 32, description="the VideoCore's clock")] = (
        250_000_000
    )
    views: dict[Label, ViewSpec] = {}
    devices: Annotated[
        dict[Label, DeviceSpec], Meta(description="further ones, and others of the same name")
    ] = {}
    declared: Annotated[
        dict[Label, RegionSpec],
        Meta(description="not modelled: reads as zero, ignores stores, and is told"),
    ] = {}


class BoardSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A board file."""

    title: Annotated[Label, Meta(min_length=1, max_length=60)]
    bsp: Annotated[str, Meta(description="the kernel's board support: rpi3, rpi4 or x86")]
    cpu: CpuSpec
    console: Annotated[str, Meta(description="the UART that the terminal is connected to")]
    memory: dict[Label, MemorySpec]
    devices: dict[Label, DeviceSpec]
    firmware: FirmwareSpec | None = None
    manual: Annotated[
        str,
        Meta(description="of the chip's peripherals: what models that several chips have cite"),
    ] = ""
    image: Annotated[
        str, Meta(description="what an image of machine code finds besides: rpi3, rpi4 or a file")
    ] = ""


LOCAL_APIC = "intel,local-apic"
CPU_PINS = {
    "arm,cortex-a53": ("irq", "fiq"),
    "arm,cortex-a72": ("irq", "fiq"),
    "intel,x86-64": ("intr", "nmi"),
}
"""The processors, and the interrupt inputs of their cores."""


Store = tuple[int, int]
"""A physical address, and the 32-bit value that is stored there."""


class Board(msgspec.Struct, frozen=True):
    """A checked board; ``file`` gives places in it for errors found later.

    For an image of machine code ``for_image`` is there too, of ``image_file``, and the firmware has
    made these ``stores`` to devices before the first instruction.
    """

    name: str
    spec: BoardSpec
    file: ConfigFile
    for_image: ImageSpec | None = None
    image_file: ConfigFile | None = None
    stores: tuple[Store, ...] = ()

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
        """The parameters of a device, as its model's ``CONFIG``.

        A local APIC is a part of the processor: what they share is told of the processor.
        """
        device = self.spec.devices[name]
        config = model(device.compatible).CONFIG(**device.config)
        if device.compatible == LOCAL_APIC:
            deadline = "tsc-deadline" in self.spec.cpu.features
            config = msgspec.structs.replace(
                config, tsc_hz=self.spec.cpu.tsc_hz, tsc_deadline=deadline
            )
        return config

    # -- changes to a board, as options and scenarios ask for them --------------------------------

    def without(self, name: str) -> Self:
        """The board with one device removed; wires through it go straight on.

        Raises ValueError, in words.
        """
        devices = dict(self.spec.devices)
        if name not in devices:
            raise ValueError(f"no device '{name}' on {self.name}{suggestion(name, devices)}")
        if name == self.spec.console:
            raise ValueError(f"'{name}' is the console: without it nothing could be seen")
        gone = devices.pop(name)
        passes = getattr(model(gone.compatible), "PASSES", {})
        ways = {f"{name} {pin}": gone.targets(output) for pin, output in passes.items()}
        for other, item in devices.items():
            wires = {
                output: [
                    onward
                    for target in item.targets(output)
                    for onward in ways.get(target, [target])
                    if onward.partition(" ")[0] != name
                ]
                for output in item.interrupts
            }
            devices[other] = msgspec.structs.replace(item, interrupts=wires)
        return self._with(devices=devices)

    def with_features(self, changes: str) -> Self:
        """The processor's features changed: ``-arat,+invtsc``.  Raises ValueError, in words."""
        features = list(self.spec.cpu.features)
        for change in changes.split(","):
            sign, feature = change[:1], change[1:]
            if sign not in ("+", "-"):
                raise ValueError(f"'{change}' must begin with + or -")
            if feature not in FEATURES:
                hint = suggestion(feature, FEATURES)
                raise ValueError(f"no feature '{feature}'{hint}")
            if not self.is_x86:
                raise ValueError(f"{self.name} is no x86 board")
            features = [item for item in features if item != feature]
            features += [feature] * (sign == "+")
        return self._with(cpu=msgspec.structs.replace(self.spec.cpu, features=features))

    def with_config(self, name: str, changes: dict[str, int | bool | str]) -> Self:
        """Other parameters for a device.  Raises ValueError, in words."""
        device = self.spec.devices.get(name)
        if device is None:
            hint = suggestion(name, self.spec.devices)
            raise ValueError(f"no device '{name}' on {self.name}{hint}")
        changed = msgspec.structs.replace(device, config={**device.config, **changes})
        _check_config(changed)
        return self._with(devices={**self.spec.devices, name: changed})

    def _with(self, **changes: Any) -> Self:
        return msgspec.structs.replace(self, spec=msgspec.structs.replace(self.spec, **changes))

    @property
    def is_x86(self) -> bool:
        """Whether the processor is a PC's."""
        return self.spec.cpu.compatible.startswith("intel,")


def load_board(name: str) -> Board:
    """A built-in board by name, or a board file by path.  Raises :class:`UserError`."""
    path = find("boards", name)
    return read_board(ConfigFile.load(path), path)


def read_board(file: ConfigFile, path: Path) -> Board:
    """Check a parsed board file.  Raises :class:`UserError`."""
    return Board(path.stem, file.checked(BoardSpec) or _check(file), file)


def _check(file: ConfigFile) -> BoardSpec:
    devices = file.data.get("devices")
    if isinstance(devices, dict):
        for name, data in devices.items():
            if not isinstance(data, dict):
                raise file.error(("devices", name), f"device '{name}' needs a 'compatible:'")
            where = ("devices", str(name))
            check_device(file, where, file.decode(DeviceSpec, data, where))
    spec = file.decode(BoardSpec)
    if spec.cpu.compatible not in CPU_PINS:
        hint = suggestion(spec.cpu.compatible, CPU_PINS)
        raise file.error(("cpu", "compatible"), f"unknown CPU '{spec.cpu.compatible}'{hint}")
    if spec.console not in spec.devices:
        hint = suggestion(spec.console, spec.devices)
        raise file.error(("console",), f"no device '{spec.console}'{hint}")
    told: set[int] = set()
    for number, override in enumerate(spec.firmware.overrides if spec.firmware else ()):
        if override.isa in told:
            place = ("firmware", "overrides", number)
            raise file.error(place, f"ISA IRQ {override.isa} has an override already")
        told.add(override.isa)
    for number, feature in enumerate(spec.cpu.features):
        if feature not in FEATURES:
            hint = suggestion(feature, FEATURES)
            raise file.error(("cpu", "features", number), f"unknown feature '{feature}'{hint}")
    return spec


def check_device(file: ConfigFile, where: tuple[str, ...], device: DeviceSpec) -> None:
    """Check one device against its model; ``where`` ends in its name.  Raises UserError."""
    name = where[-1]
    if device.compatible not in MODELS:
        hint = suggestion(device.compatible, MODELS)
        raise file.error((*where, "compatible"), f"unknown device '{device.compatible}'{hint}")
    cls = model(device.compatible)
    windows = [table.name for table in cls.TABLES if table.space in (MEMORY, PORTS)]
    for window in device.reg:
        if window not in windows:
            hint = suggestion(window, windows)
            raise file.error((*where, "reg", window), f"no register window '{window}'{hint}")
    for window in windows:
        if window not in device.reg:
            raise file.error(where, f"device '{name}' needs 'reg: {{{window}: ADDRESS}}'")
    for key, item in _parameters(device).items():
        if item.required and key not in device.config:
            raise file.error(where, f"device '{name}' needs 'config: {{{key}: ...}}'")
    for key in device.config:
        try:
            _check_config(msgspec.structs.replace(device, config={key: device.config[key]}))
        except ValueError as error:
            raise file.error((*where, "config", key), str(error)) from None


def _parameters(device: DeviceSpec) -> dict[str, Any]:
    return {item.name: item for item in msgspec.structs.fields(model(device.compatible).CONFIG)}


def _check_config(device: DeviceSpec) -> None:
    """Whether the parameters exist, and can be what they are.  Raises ValueError, in words."""
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

        wrong = list(misfits(schema, device.config))
        for place, text in wrong:
            if place:  # what is missing is asked for where the board is read
                name = f"'{place[0]}'"
                raise ValueError(text if name in text else f"{text} ({name})") from None
        if not wrong:  # then the model itself has refused them
            raise ValueError(str(error.__cause__ or error)) from None
