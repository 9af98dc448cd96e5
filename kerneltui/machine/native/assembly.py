"""The cores of a board for an image, and the RAM that they execute it from."""

from __future__ import annotations

from kerneltui.errors import UserError
from kerneltui.hw.bus import AddressSpace
from kerneltui.hw.clock import Clock
from kerneltui.hw.register import MEMORY, NON_SECURE, SYSTEM_REGISTERS
from kerneltui.machine.checked_board import Board
from kerneltui.machine.native.calibration import calibration
from kerneltui.machine.native.core import NativeCore
from kerneltui.machine.native.engine import MODELS, Engine
from kerneltui.machine.native.image import NativeImage
from kerneltui.machine.native.ram import NativeRam
from kerneltui.machine.native.turns import QuantumTurns

UNKNOWN_ENGINE = (
    "this release of unicorn does not tell why an exception is taken; install one that does: "
    "pip install 'unicorn>=2.1.3,<2.2'"
)
SLOW_ENGINE = (
    "this release of unicorn does not tell how many instructions it has executed, so each is "
    "executed by itself: what comes of a run is the same, but it takes much longer"
)
APERTURE = 16 << 20
"""Devices lie in areas of this size: what is between them answers too, with zeros."""


def make_ram(base: int, size: int, image: NativeImage) -> NativeRam:
    """One region of a board's RAM, with what the image has in it."""
    ram = NativeRam(base, size, image.pool)
    for segment in image.segments:
        if base <= segment.physical and segment.physical + segment.size <= base + size:
            ram.load(segment.physical - base, segment.data)
    return ram


def make_cores(
    board: Board, clock: Clock, spaces: dict[str, AddressSpace], image: NativeImage
) -> list[NativeCore]:
    """All cores, powered off, taking turns with each other.  Raises :class:`UserError`."""
    cpu = board.spec.cpu
    if cpu.compatible not in MODELS:
        raise board.file.error(
            ("cpu", "compatible"), f"an image of machine code does not run on '{cpu.compatible}'"
        )
    if calibration().syndrome_at < 0:
        raise UserError(UNKNOWN_ENGINE)
    memory = spaces[MEMORY]
    rams = [item.target for item in memory.windows if isinstance(item.target, NativeRam)]
    image.check_fits((ram.base, ram.size) for ram in rams)
    windows = _apertures(memory, rams)
    turns = QuantumTurns(clock)
    both = memory, spaces.get(NON_SECURE, memory)
    cores = []
    for index in range(cpu.cores):
        core = NativeCore(
            index, turns, clock, both, spaces[SYSTEM_REGISTERS], board.costs,
            lambda user: Engine(cpu.compatible, rams, windows, user), image, rams,
        )  # fmt: skip
        core.parked_level = image.level
        addresses = cpu.release_addresses
        core.release_address = addresses[index] if index and index < len(addresses) else None
        cores.append(core)
    turns.cores.extend(cores)
    if not cores[0].engine.is_exact:
        cores[0].trouble = SLOW_ENGINE
    return cores


def _apertures(memory: AddressSpace, rams: list[NativeRam]) -> list[tuple[int, int]]:
    """The areas that devices lie in, as start and size; none reaches into RAM."""
    areas: list[list[int]] = []
    for window in memory.windows:
        if isinstance(window.target, NativeRam):
            continue
        start = window.base // APERTURE * APERTURE
        end = -(-(window.base + window.size) // APERTURE) * APERTURE
        for ram in rams:
            if ram.base < end and start < ram.base + ram.size:
                start = max(start, ram.base + ram.size) if ram.base <= start else start
                end = min(end, ram.base) if ram.base > window.base else end
        if areas and start <= areas[-1][1]:
            areas[-1][1] = max(areas[-1][1], end)
        else:
            areas.append([start, end])
    return [(start, end - start) for start, end in areas]
