"""What a board file may say: its keys, as they stand in the file."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from kerneltui.configfile import Duration, Label, duration
from kerneltui.errors import told
from kerneltui.machine.x86_cpuid import FEATURES

CoreCount = Annotated[int, Meta(ge=1, le=8, description="number of cores; core 0 runs the kernel")]
Address = Annotated[int, Meta(ge=0, lt=1 << 48, description="physical address")]
DeviceName = Annotated[
    str,
    Meta(
        pattern=told(
            r"^[A-Za-z][A-Za-z0-9_-]{0,39}$(?!\n)",
            "a name of letters, digits, - and _ that begins with a letter, at most 40",
        )
    ),
]
Wire = Annotated[
    str,
    Meta(pattern=told(r"^\s*\S+(\s+\S+){1,2}\s*$", "DEVICE PIN [NUMBER], like 'gic spi 121'")),
]
"""Where an output leads: an input of another device, or of the cores."""


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
        dict[str, Wire | list[Wire]],
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
        dict[DeviceName, DeviceSpec], Meta(description="further ones, and others of the same name")
    ] = {}
    declared: Annotated[
        dict[Label, RegionSpec],
        Meta(description="not modelled: reads as zero, ignores stores, and is told"),
    ] = {}


class BoardSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A board file."""

    title: Annotated[Label, Meta(min_length=1, max_length=60, description="what lists call it")]
    bsp: Annotated[str, Meta(description="the kernel's board support: rpi3, rpi4 or x86")]
    cpu: Annotated[CpuSpec, Meta(description="the processor: which cores, and how many")]
    console: Annotated[str, Meta(description="the UART that the terminal is connected to")]
    memory: Annotated[
        dict[Label, MemorySpec], Meta(description="RAM and ROM: where each begins, and its bytes")
    ]
    devices: Annotated[
        dict[DeviceName, DeviceSpec],
        Meta(description="name -> its model, where its registers lie, where its interrupts lead"),
    ]
    firmware: Annotated[
        FirmwareSpec | None, Meta(description="of a PC: the ACPI tables that it leaves in memory")
    ] = None
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
ADDRESS_BITS = {"arm,cortex-a53": 40, "arm,cortex-a72": 44, "intel,x86-64": 36}
"""The width of their physical addresses (A53 TRM r0p4 and A72 TRM r0p3: ID_AA64MMFR0_EL1.PARange;
a PC's is what CPUID leaf 8000_0008h says)."""
PC = "intel,"
"""What the name of a PC's processor begins with."""
