"""A PC's firmware: what it tells the kernel of a board, as ACPI tables in ROM."""

from __future__ import annotations

from kerneltui.devices.x86 import acpi_pm_timer, hpet, i8254, i8259, io_apic, local_apic, mc146818
from kerneltui.machine import acpi
from kerneltui.machine.board_spec import DeviceSpec, FirmwareSpec
from kerneltui.machine.checked_board import Board

HPET_MINIMUM_TICK = 128
CENTURY_INDEX = 0x32


def tables(board: Board, firmware: FirmwareSpec) -> bytes:
    """The tables for the devices that a board has.  Raises ValueError, in words."""
    told = acpi.Firmware(_madt(board, firmware), _fadt(board, firmware), _hpet(board))
    return acpi.build(told, firmware.base, firmware.bad_checksums)


def _word(board: Board, what: str, value: int) -> int:
    """ACPI's tables have 32 bits for it.  Raises ValueError."""
    if value >> 32:
        raise ValueError(f"{what} of {board.name}, {value:#x}, has more than 32 bits")
    return value


def _of(board: Board, compatible: str) -> dict[str, DeviceSpec]:
    return {
        name: device
        for name, device in board.spec.devices.items()
        if device.compatible == compatible
    }


def _madt(board: Board, firmware: FirmwareSpec) -> acpi.MadtContent | None:
    apics = list(_of(board, local_apic.LocalApic.COMPATIBLE).values())
    if not apics or "apic" not in board.spec.cpu.features:
        return None
    chips = _of(board, io_apic.IoApic.COMPATIBLE)
    return acpi.MadtContent(
        local_apic_address=_word(board, "the local APIC's address", apics[0].reg["LOCAL_APIC"]),
        processors=tuple(acpi.Processor(cpu, cpu) for cpu in range(board.spec.cpu.cores)),
        io_apics=tuple(
            acpi.IoApicContent(
                number,
                _word(board, f"the address of '{name}'", chip.reg["IO_APIC"]),
                _word(board, f"gsi_base of '{name}'", board.device_config(name).gsi_base),
            )
            for number, (name, chip) in enumerate(chips.items(), board.spec.cpu.cores)
        ),
        overrides=tuple(
            acpi.OverrideContent(item.isa, item.gsi, item.polarity, item.trigger)
            for item in firmware.overrides
        ),
        nmi_lint=1,
        has_pic=bool(_of(board, i8259.I8259Pair.COMPATIBLE)),
    )


def _fadt(board: Board, firmware: FirmwareSpec) -> acpi.FadtContent | None:
    for name, device in _of(board, acpi_pm_timer.AcpiPmTimer.COMPATIBLE).items():
        block = device.reg["ACPI_PM"]
        return acpi.FadtContent(
            sci_interrupt=firmware.sci,
            pm1a_event_port=block,
            pm1a_control_port=block + 4,
            pm_timer_port=block + 8,
            pm_timer_32bit=board.device_config(name).bits == 32,
            century_index=CENTURY_INDEX,
            has_legacy_devices=bool(_of(board, i8254.I8254.COMPATIBLE)),
            has_cmos_rtc=bool(_of(board, mc146818.Mc146818.COMPATIBLE)),
        )
    return None


def _hpet(board: Board) -> acpi.HpetContent | None:
    for name, device in _of(board, hpet.Hpet.COMPATIBLE).items():
        config = board.device_config(name)
        return acpi.HpetContent(
            device.reg["HPET"],
            HPET_MINIMUM_TICK,
            comparators=config.timers,
            counter_64bit=config.counter_bits == 64,
        )
    return None
