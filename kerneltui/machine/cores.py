"""The cores of a board, by the processor that it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerneltui.hw.register import MEMORY, MSRS, NON_SECURE, PORTS, SYSTEM_REGISTERS
from kerneltui.machine.kernel_image import KernelImage
from kerneltui.machine.turns import Turns

if TYPE_CHECKING:
    from kerneltui.hw.bus import AddressSpace
    from kerneltui.hw.clock import Clock
    from kerneltui.machine.board import Board
    from kerneltui.machine.hosted_core import HostedCore


def make_cores(board: Board, clock: Clock, spaces: dict[str, AddressSpace]) -> list[HostedCore]:
    """All cores, powered off, taking turns with each other and sharing one kernel image."""
    cpu = board.spec.cpu
    make = _x86 if board.is_x86 else _aarch64
    cores = [make(board, index, clock, spaces) for index in range(cpu.cores)]
    turns, image = Turns(clock), KernelImage()
    turns.cores.extend(cores)
    for core in cores:
        core.turns, core.image = turns, image
    return cores


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
