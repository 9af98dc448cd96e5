"""All mistakes of a board file: of its keys, and of what can be built of it."""

from __future__ import annotations

from msgspec.structs import replace

from kerneltui.configfile import LEFT_OUT, ConfigFile
from kerneltui.errors import Mistakes
from kerneltui.hw.bus import AddressSpace
from kerneltui.hw.clock import Clock
from kerneltui.hw.register import MEMORY, MSRS, PORTS, SYSTEM_REGISTERS
from kerneltui.machine.board_check import check_spec
from kerneltui.machine.board_spec import CPU_PINS, BoardSpec
from kerneltui.machine.checked_board import Board
from kerneltui.machine.construction import build_devices, connect_wires
from kerneltui.machine.cores import make_cores

SPARE = {
    "title": "a board",
    "bsp": LEFT_OUT,
    "console": LEFT_OUT,
    "cpu": {"compatible": LEFT_OUT},
    "memory": {},
    "devices": {},
}
"""Stand for what a file lacks, or has wrong."""


def check_all(file: ConfigFile) -> BoardSpec:
    """The board that a file describes.  Raises :class:`UserError`, with all mistakes."""
    found = Mistakes()
    spec = file.decode_most(BoardSpec, SPARE, found)
    right = check_spec(file, spec, found) if spec is not None else set()
    if spec is not None and found and spec.cpu.compatible in CPU_PINS:
        _build(file, spec, right, found)
    found.tell()
    assert spec is not None, "what does not fit is a mistake"
    return spec


def _build(file: ConfigFile, spec: BoardSpec, right: set[str], found: Mistakes) -> None:
    """Look for overlaps and bad wiring among the devices that are right."""
    devices = {name: item for name, item in spec.devices.items() if name in right}
    board = Board(file.path.stem, replace(spec, devices=devices, firmware=None), file)
    clock = Clock()
    spaces = {name: AddressSpace(name) for name in (MEMORY, PORTS, SYSTEM_REGISTERS, MSRS)}
    built = build_devices(board, clock, spaces, found)
    named = file.data.get("devices")
    others = set(map(str, named)) - set(built) if isinstance(named, dict) else set()
    connect_wires(board, built, make_cores(board, clock, spaces), found, others)
