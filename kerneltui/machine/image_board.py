"""What a board has besides its devices when an image of machine code runs on it.

Peripherals that are only declared, the addresses where something answers all the same, the second
view of everything in the 35-bit map, further UARTs at the terminal, and what the firmware has
stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from kerneltui.configfile import LEFT_OUT, ConfigFile, available
from kerneltui.errors import Mistakes, UserError, suggestion
from kerneltui.hw.bus import AddressSpace
from kerneltui.hw.declared import Declared
from kerneltui.hw.device import Device
from kerneltui.machine.board_check import check_device
from kerneltui.machine.board_spec import ImageSpec, ViewSpec
from kerneltui.machine.checked_board import Board
from kerneltui.machine.serial_terminal import SerialDevice, SerialTerminal


def looks_like_image(data: dict[str, object]) -> bool:
    """Whether a file is of the kind that a board names under ``image``."""
    return "views" in data or "declared" in data


def read_image(file: ConfigFile) -> ImageSpec:
    """Check such a file, as far as that goes without its board.  Raises :class:`UserError`."""
    found = Mistakes()
    image = file.decode_most(ImageSpec, {"console": LEFT_OUT}, found)
    for name, device in image.devices.items() if image is not None else ():
        with found.noted():
            check_device(file, ("devices", name), device)
    found.tell()
    assert image is not None, "what does not fit is a mistake"
    return image


def load_image(board: Board) -> tuple[ImageSpec, ConfigFile]:
    """What a board has for images, checked, and its file.  Raises :class:`UserError`.

    The board names a built-in one, or a file: its path is relative to the board's own.
    """
    name = board.spec.image
    if not name:
        raise UserError(f"{board.name} has no 'image:': no kernel image can run on it")
    known = available("images")
    path = known.get(name, board.file.path.parent / name)
    if name not in known and not path.is_file():
        hint = suggestion(name, known)
        raise board.file.error(("image",), f"no file '{path}', and no built-in '{name}'{hint}")
    file = ConfigFile.load(path)
    image = read_image(file)
    there = {**board.spec.devices, **image.devices}
    named: list[tuple[tuple[str | int, ...], str]] = [
        (("console",), image.console),
        (("legacy",), image.legacy),
        *((("also", number), uart) for number, uart in enumerate(image.also)),
    ]
    for place, device_name in named:
        if device_name and device_name not in there:
            hint = suggestion(device_name, there)
            raise file.error(place, f"no device '{device_name}'{hint}")
    return image, file


def attach(board: Board, image: ImageSpec, memory: AddressSpace) -> None:
    """Map all that answers.  Raises :class:`UserError` where regions overlap."""
    file = board.image_file or board.file
    for name, region in image.declared.items():
        try:
            memory.attach(region.base, region.size, name, Declared(name))
        except ValueError as error:
            raise file.error(("declared", name), str(error)) from None
    for name, view in image.views.items():
        for base, size in _gaps(memory, view):
            memory.attach(base, size, f"{name} {base:#x}", Declared(name, base - view.base))
        if view.high is not None:
            for window in list(memory.windows):
                if view.base <= window.base < view.base + view.size:
                    base = window.base - view.base + view.high
                    memory.attach(base, window.size, window.name, window.target)


def _gaps(memory: AddressSpace, view: ViewSpec) -> list[tuple[int, int]]:
    """The addresses of a view that nobody has yet: base and size of each stretch."""
    gaps, at, end = [], view.base, view.base + view.size
    for window in memory.windows:
        if window.base + window.size > at and window.base < end:
            if window.base > at:
                gaps.append((at, window.base - at))
            at = window.base + window.size
    if at < end:
        gaps.append((at, end - at))
    return gaps


def finish(
    board: Board,
    image: ImageSpec,
    devices: Mapping[str, Device],
    memory: AddressSpace,
    terminal: SerialTerminal,
) -> list[Declared]:
    """Connect the terminal, and store what the firmware stores; answers what is only declared."""
    for name in image.also:
        if name in devices:  # somebody may have removed it
            terminal.join(cast("SerialDevice", devices[name]))
    for address, value in board.stores:
        memory.write(address, value)
    targets = (window.target for window in memory.windows)
    return list({id(item): item for item in targets if isinstance(item, Declared)}.values())
