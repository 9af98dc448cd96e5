"""What the Raspberry Pi's firmware does before an image runs, and what config.txt says of it.

The firmware (``start.elf``, ``start4.elf``) reads ``config.txt``, loads the image, and releases the
Arm cores:

* As a rule at 0x8_0000, after its own first code (the armstub) at 0 has run at EL3: it sets the
  generic timer to the crystal, opens the GIC of a Raspberry Pi 4 to the non-secure world, and
  leaves core 0 at the image at EL2, non-secure.  The other cores wait (WFE) until their entry is
  stored to 0xE0, 0xE8 or 0xF0.
* With ``kernel_old=1``, or another address of 0, the image itself lies where the armstub would be.
  All cores begin there, at EL3, with nothing set up.
* With ``armstub=FILE`` that file lies at 0 in place of the firmware's own, and all cores begin in
  it, at EL3.  Where it has the magic word, the firmware has told it where the image is.

X0 is the address of the device tree.  There is none here, so it is 0, as it is with
``device_tree=`` in ``config.txt``; X1 to X3 are 0 as well.

Documents: the Raspberry Pi documentation, config.txt (boot options, GPU and UART); the public
source of armstub8.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import msgspec

from kerneltui.errors import UserError
from kerneltui.machine.board_spec import DeviceSpec, ImageSpec
from kerneltui.machine.checked_board import Board, Store
from kerneltui.machine.image_board import load_image
from kerneltui.machine.native.image import is_there

LOAD_ADDRESS, OLD_ADDRESS = 0x8_0000, 0
BAUD = 115_200
TIMER_PRESCALER = 0x8000_0000
"""The core timer's: one count for each clock of its source."""

Entry = Literal["el2", "el3"]


class FirmwareOptions(msgspec.Struct, frozen=True):
    """How an image is started.

    ``armstub`` is a file beside the image that all cores execute first, at 0 and EL3; empty for
    the firmware's own.  ``load`` is a physical address in bytes; ``entry`` the exception level of
    the first instruction, and at ``el3`` all cores start there; ``cmdline`` is what the mailbox
    tells the kernel, out of ``cmdline_file``; ``core_hz`` the VideoCore's clock in Hz, 0 for the
    board's, ``uart_hz`` the PL011's.  ``notes`` say, a line each, what of config.txt
    has no effect here.
    """

    entry: Entry = "el2"
    load: int = LOAD_ADDRESS
    kernel: str = ""
    armstub: str = ""
    cmdline: str = ""
    cmdline_file: str = "cmdline.txt"
    enable_uart: bool = False
    enable_gic: bool = True
    arm_peri_high: bool = False
    core_hz: int = 0
    uart_hz: int = 48_000_000
    baud: int = BAUD
    notes: tuple[str, ...] = ()

    @property
    def kernel_old(self) -> bool:
        """Whether all cores start at the image at EL3, without the armstub."""
        return self.entry == "el3"

    @property
    def from_reset(self) -> bool:
        """Whether all cores start at EL3 with nothing set up, in the image or in its own stub."""
        return self.kernel_old or bool(self.armstub)


def options_beside(image: Path, board: Board) -> FirmwareOptions:
    """What ``config.txt`` and ``cmdline.txt`` beside an image say; without them, the defaults.

    Raises :class:`UserError`.
    """
    config = image.with_name("config.txt")
    options = read_config_txt(config, board) if config.is_file() else FirmwareOptions()
    options = _with_stub(options, config)
    line = image.parent / options.cmdline_file
    if not is_there(line):
        return options
    try:
        text = line.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise UserError(f"{line}: cannot be read: {error.strerror}") from None
    return msgspec.structs.replace(options, cmdline=text.partition("\n")[0].strip())


def _with_stub(options: FirmwareOptions, config: Path) -> FirmwareOptions:
    """A stub that cannot be run is told, and left out."""
    name = options.armstub
    if not name:
        return options
    if options.kernel_old:
        why = "is not run: the image lies in its place"
    elif not is_there(config.parent / name):
        why = "is not beside it: the image starts as after the firmware's own"
    else:
        return options
    notes = (*options.notes, f"{config}: armstub={name} {why}")
    return msgspec.structs.replace(options, armstub="", notes=notes)


# -- config.txt ------------------------------------------------------------------------------------


def read_config_txt(path: Path, board: Board) -> FirmwareOptions:
    """The options that a file sets, as far as they say how and where an image starts.

    Sections ``[all]``, ``[none]`` and those of models (``[pi3]``, ``[pi4]``) are followed; what
    stands under any other filter is left out.  Unknown keys are left out too.  Raises
    :class:`UserError` with file and line for a value that cannot be, and for a 32-bit kernel.
    """
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    model = load_image(board)[0].model
    filters: dict[str, bool] = {}
    options = FirmwareOptions()
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.partition("#")[0].strip()
        if words.startswith("[") and words.endswith("]"):
            _filter(words[1:-1].strip().lower(), model, filters)
        elif words and all(filters.values()):
            try:
                changes = _setting(words)
            except ValueError as error:
                raise UserError(f"{path}:{number}: {error}") from None
            options = msgspec.structs.replace(options, **changes)
    return options


def _filter(name: str, model: str, filters: dict[str, bool]) -> None:
    """A section begins; filters of different kinds hold together, until ``[all]``."""
    if name == "all":
        filters.clear()
    elif name == "none":
        filters["none"] = False
    elif name.startswith(("pi", "cm")):
        filters["model"] = name == model
    else:
        filters["other"] = False


def _setting(words: str) -> dict[str, Any]:
    """What a line changes.  Raises ValueError, in words."""
    key, equals, value = (part.strip() for part in words.partition("="))
    if key.lower() not in SETTINGS:
        named = key.split()[0].lower()
        if not equals and named in SETTINGS:
            raise ValueError(f"'{words}' does not read {named}=VALUE")
        return {}
    return SETTINGS[key.lower()](key.lower(), value)


def _number(key: str, value: str, highest: int) -> int:
    try:
        number = int(value, 0)
    except ValueError:
        number = -1
    if not 0 <= number <= highest:
        raise ValueError(f"{key} must be a number from 0 to {highest:#x}, not '{value}'")
    return number


def _flag(name: str) -> Callable[[str, str], dict[str, Any]]:
    return lambda key, value: {name: _number(key, value, 1) == 1}


def _megahertz(key: str, value: str) -> dict[str, Any]:
    return {"core_hz": _number(key, value, 4000) * 1_000_000}


def _hertz(name: str) -> Callable[[str, str], dict[str, Any]]:
    return lambda key, value: {name: _number(key, value, 0xFFFF_FFFF)}


def _at(load: int) -> dict[str, Any]:
    return {"load": load, "entry": "el2" if load else "el3"}


def _old(key: str, value: str) -> dict[str, Any]:
    return _at(OLD_ADDRESS) if _number(key, value, 1) else {}


def _address(key: str, value: str) -> dict[str, Any]:
    return _at(_number(key, value, 0x3FFF_FFFF))


def _bits(key: str, value: str) -> dict[str, Any]:
    if not _number(key, value, 1):
        raise ValueError("arm_64bit=0 asks for a 32-bit kernel: only 64-bit images run here")
    return {}


def _name(name: str) -> Callable[[str, str], dict[str, Any]]:
    def named(key: str, value: str) -> dict[str, Any]:
        inside = value.lstrip("/")  # the card's root is the folder that the image lies in
        if not inside or "\0" in value:
            raise ValueError(f"{key} must be the name of a file")
        return {name: inside}

    return named


SETTINGS: dict[str, Callable[[str, str], dict[str, Any]]] = {
    "arm_64bit": _bits,
    "arm_peri_high": _flag("arm_peri_high"),
    "armstub": _name("armstub"),
    "cmdline": _name("cmdline_file"),
    "core_freq": _megahertz,
    "enable_gic": _flag("enable_gic"),
    "enable_uart": _flag("enable_uart"),
    "init_uart_baud": _hertz("baud"),
    "init_uart_clock": _hertz("uart_hz"),
    "kernel": _name("kernel"),
    "kernel_address": _address,
    "kernel_old": _old,
}
"""The keys that are followed, and what a value of each changes."""


# -- the board -------------------------------------------------------------------------------------


def board_for_image(board: Board, options: FirmwareOptions) -> Board:
    """The board with all that an image finds on it, as the firmware leaves it.

    Raises :class:`UserError` for a board on which no image can run.
    """
    image, file = load_image(board)
    image = msgspec.structs.replace(image, core_hz=options.core_hz or image.core_hz)
    devices = {**board.spec.devices, **image.devices}
    for name, device in devices.items():
        config = {**device.config, **_parameters(device, image, options)}
        devices[name] = msgspec.structs.replace(device, config=config)
    if image.legacy and not options.enable_gic:
        devices = {name: _other_cores(name, item, image.legacy) for name, item in devices.items()}
    cpu = msgspec.structs.replace(board.spec.cpu, armstub=not options.from_reset)
    spec = msgspec.structs.replace(board.spec, devices=devices, console=image.console, cpu=cpu)
    stores = _stores(devices, image, options)
    found = msgspec.structs.replace(
        board, spec=spec, for_image=image, image_file=file, stores=stores
    )
    return _moved(found, image) if options.arm_peri_high else found


def _parameters(device: DeviceSpec, image: ImageSpec, options: FirmwareOptions) -> dict[str, Any]:
    """What the firmware decides of a device."""
    if device.compatible == "brcm,bcm2835-aux":
        return {"clock_hz": image.core_hz}
    if device.compatible == "arm,pl011":
        return {"clock_hz": options.uart_hz}
    if device.compatible == "arm,gic-400":
        return {"security": True}
    if device.compatible == "brcm,bcm2835-mbox":
        return {"core_hz": image.core_hz, "uart_hz": options.uart_hz, "cmdline": options.cmdline}
    return {}


def _other_cores(name: str, device: DeviceSpec, legacy: str) -> DeviceSpec:
    """With ``enable_gic=0`` the cores listen to the legacy controller, and to nobody else."""
    if name == legacy:
        wires: dict[str, str | list[str]] = {"irq": "cpu irq", "fiq": "cpu fiq"}
        return msgspec.structs.replace(device, interrupts={**device.interrupts, **wires})
    kept: dict[str, str | list[str]] = {
        output: [target for target in device.targets(output) if not target.startswith("cpu ")]
        for output in device.interrupts
    }
    return msgspec.structs.replace(device, interrupts=kept)


def _stores(
    devices: dict[str, DeviceSpec], image: ImageSpec, options: FirmwareOptions
) -> tuple[Store, ...]:
    """What the firmware has stored to devices, but to the GIC: that is the armstub's, by core."""
    stores: list[Store] = []
    if options.enable_uart:
        for device in devices.values():
            if device.compatible.endswith("-gpio"):
                (gpio,) = device.reg.values()
                stores.append((gpio + 0x04, 2 << 12 | 2 << 15))  # pins 14 and 15: alternate 5
            if device.compatible == "brcm,bcm2835-aux":
                (aux,) = device.reg.values()
                divisor = image.core_hz // (8 * options.baud) - 1
                stores += [(aux + 0x04, 1), (aux + 0x4C, 3), (aux + 0x68, divisor)]
    if not options.from_reset:
        for device in devices.values():
            for window, base in device.reg.items():
                if window == "BCM2711_LOCAL":
                    stores += [(base, 0), (base + 0x08, TIMER_PRESCALER)]
    return tuple(stores)


def _moved(board: Board, image: ImageSpec) -> Board:
    """Everything at its place in the 35-bit map, and nowhere else (``arm_peri_high=1``)."""

    def moved(address: int) -> int:
        for view in image.views.values():
            if view.high is not None and view.base <= address < view.base + view.size:
                return address - view.base + view.high
        return address

    replace = msgspec.structs.replace
    devices = {
        name: replace(item, reg={window: moved(base) for window, base in item.reg.items()})
        for name, item in board.spec.devices.items()
    }
    high = replace(
        image,
        declared={
            name: replace(item, base=moved(item.base)) for name, item in image.declared.items()
        },
        views={
            name: replace(item, base=moved(item.base), high=None)
            for name, item in image.views.items()
        },
    )
    return replace(
        board,
        spec=replace(board.spec, devices=devices),
        for_image=high,
        stores=tuple((moved(address), value) for address, value in board.stores),
    )
