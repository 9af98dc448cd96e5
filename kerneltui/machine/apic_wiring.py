"""What wires cannot say of a PC: INTA cycles, messages between APICs, start-up of cores."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from kerneltui.devices.x86.i8259 import I8259Pair
from kerneltui.devices.x86.io_apic import IoApic
from kerneltui.devices.x86.local_apic import LocalApic
from kerneltui.devices.x86.local_apic_registers import DEFAULT_BASE, GLOBAL_ENABLE, INIT, STARTUP
from kerneltui.machine.x86_core import X86Core

if TYPE_CHECKING:
    from kerneltui.hw.device import Device
    from kerneltui.machine.checked_board import Board
    from kerneltui.machine.turns import Turns


def connect(board: Board, devices: Mapping[str, Device], turns: Turns) -> None:
    """Raises :class:`UserError` for I/O APICs without a local APIC to send to."""
    cores = [core for core in turns.cores if isinstance(core, X86Core)]
    local = next((item for item in devices.values() if isinstance(item, LocalApic)), None)
    pic = next((item for item in devices.values() if isinstance(item, I8259Pair)), None)
    chips: list[IoApic] = []
    for name, device in devices.items():
        if isinstance(device, IoApic):
            if local is None:
                raise board.file.error(
                    ("devices", name), f"'{name}' has no local APIC to send its messages to"
                )
            _check_gsis(board, device, chips)
            chips.append(device)
            device.connect(local)
            local.eoi_listeners.append(device.eoi)
    if local is not None:
        if board.spec.devices[local.name].reg["LOCAL_APIC"] != DEFAULT_BASE:
            raise board.file.error(
                ("devices", local.name, "reg", "LOCAL_APIC"),
                f"local APICs lie at {DEFAULT_BASE:#x}, as IA32_APIC_BASE says after reset",
            )
        local.external = pic.acknowledge if pic is not None else None
        local.signal = partial(deliver, turns)
        for core in cores:
            core.acknowledge = partial(local.take, core.index)
            core.clocks.local_apic = local
        if "apic" not in board.spec.cpu.features:
            _switch_off(local, cores)
    elif pic is not None and cores:
        cores[0].acknowledge = pic.acknowledge


def _check_gsis(board: Board, chip: IoApic, others: list[IoApic]) -> None:
    """Each global system interrupt is at one pin (ACPI 6.4, 5.2.13)."""
    first, end = chip.config.gsi_base, chip.config.gsi_base + chip.config.pins
    for other in others:
        start = other.config.gsi_base
        if first < start + other.config.pins and start < end:
            place = ("devices", chip.name, "config", "gsi_base")
            raise board.file.error(
                place,
                f"GSIs {first} to {end - 1} overlap those of '{other.name}', {start} to "
                f"{start + other.config.pins - 1}; move one of them",
            )


def _switch_off(local: LocalApic, cores: list[X86Core]) -> None:
    """A processor without APIC: its pins are INTR and NMI (SDM 3A, 10.4.3)."""
    file, place = local.msrs, local.msrs.table["IA32_APIC_BASE"].offset
    for core in cores:
        file.write(place, file.peek(place, 8, core.index) & ~GLOBAL_ENABLE, 8, core.index)
        core.find_local_apic()


def deliver(turns: Turns, cpu: int, mode: int, vector: int) -> None:
    """INIT and start-up messages are meant for the core itself."""
    core = turns.cores[cpu]
    if not isinstance(core, X86Core):
        return
    if mode == INIT:
        core.init()
    elif mode == STARTUP:
        core.start_up(vector)
