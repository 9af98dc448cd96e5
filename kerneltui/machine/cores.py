"""The cores of a board, by the processor that it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerneltui.hw.bus import Memory, Rom
from kerneltui.hw.register import MEMORY, MSRS, NON_SECURE, PORTS, SYSTEM_REGISTERS
from kerneltui.machine.kernel_image import KernelImage
from kerneltui.machine.turns import Turns

if TYPE_CHECKING:
    from kerneltui.hw.bus import AddressSpace
    from kerneltui.hw.clock import Clock
    from kerneltui.machine.board_spec import MemorySpec
    from kerneltui.machine.checked_board import Board
    from kerneltui.machine.core import Core
    from kerneltui.machine.hosted_core import HostedCore
    from kerneltui.machine.native.image import NativeImage
    from kerneltui.machine.native.ram import NativeRam


def make_memory(region: MemorySpec, image: NativeImage | None) -> Memory | NativeRam:
    """A region of memory; with an image of machine code, RAM that can be executed from."""
    if region.rom:
        return Rom(region.size)
    if image is None:
        return Memory(region.size)
    from kerneltui.machine.native.assembly import make_ram

    return make_ram(region.base, region.size, image)


def make_cores(
    board: Board, clock: Clock, spaces: dict[str, AddressSpace], image: NativeImage | None = None
) -> list[Core]:
    """All cores, powered off, taking turns with each other.

    They share one kernel image: without ``image`` it is that of a kernel in Python.
    Raises :class:`UserError` where the image is not for the board.
    """
    if image is not None:
        from kerneltui.machine.native import assembly

        return [*assembly.make_cores(board, clock, spaces, image)]
    cpu = board.spec.cpu
    make = _x86 if board.is_x86 else _aarch64
    cores = [make(board, index, clock, spaces) for index in range(cpu.cores)]
    turns, linked = Turns(clock), KernelImage()
    turns.cores.extend(cores)
    for core in cores:
        core.turns, core.image = turns, linked
    return [*cores]


def _aarch64(board: Board, index: int, clock: Clock, spaces: dict[str, AddressSpace]) -> HostedCore:
    from kerneltui.machine.aarch64_core import Aarch64Core

    # At EL1 of a kernel that the firmware has started: the non-secure world.
    memory = spaces.get(NON_SECURE, spaces[MEMORY])
    core = Aarch64Core(index, clock, memory, spaces[SYSTEM_REGISTERS], board.costs)
    addresses = board.spec.cpu.release_addresses
    core.release_address = addresses[index] if index < len(addresses) else None
    return core


def _x86(board: Board, index: int, clock: Clock, spaces: dict[str, AddressSpace]) -> HostedCore:
    from kerneltui.machine.x86_clocks import CoreClocks
    from kerneltui.machine.x86_core import X86Core

    cpu = board.spec.cpu
    features = frozenset(cpu.features)
    clocks = CoreClocks(index, clock, features, cpu.tsc_hz, int(cpu.deep_idle_after))
    return X86Core(
        index, clock, spaces[MEMORY], spaces[PORTS], spaces[MSRS], board.costs, features, clocks
    )
