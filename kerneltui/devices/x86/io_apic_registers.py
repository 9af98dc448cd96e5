"""The registers of the I/O APIC: the index/data window and what stands behind it."""

from __future__ import annotations

from kerneltui.devices.x86.local_apic_registers import INIT, MODES, NMI, STARTUP
from kerneltui.hw.register import (
    BEHIND_WINDOW,
    RO,
    WO,
    Field,
    Register,
    RegisterTable,
    Role,
    WriteRole,
)

FIRST_ENTRY = 0x10
MOST_PINS = (0x100 - FIRST_ENTRY) // 2
EOI_VERSION = 0x20
SECTION = "82093AA 3.2.4"

SENT_MODES = tuple(mode for mode in MODES if mode[0] != STARTUP)
_MASK = Field("MASK", 16, 1, doc="Pin masked")

IO_APIC = RegisterTable(
    __name__,
    "IO_APIC",
    "I/O APIC",
    size=0x44,
    ref="Intel 82093AA, 3.1; 82801DB, 9.5",
    registers=(
        Register("IOREGSEL", 0x00, (Field("INDEX", 0, 8, doc="Which register IOWIN shows"),),
                 "Register select", "82093AA 3.1.1"),
        Register("IOWIN", 0x10, (Field("DATA", 0, 32, doc="The selected register"),),
                 "Window to the selected register", "82093AA 3.1.2",
                 window=("IO_APIC_INDIRECT", "IOREGSEL")),
        Register("EOIR", 0x40, (Field("VECTOR", 0, 8, WO, "Entries with it lose remote IRR",
                                       hex_shift=0),),
                 "End of interrupt, from version 20h on", "82801DB 9.5.5",
                 roles_of_write=(WriteRole(Role.END),)),
    ),
)  # fmt: skip

IO_APIC_INDIRECT = RegisterTable(
    __name__,
    "IO_APIC_INDIRECT",
    "I/O APIC, behind the window",
    size=0x100,
    space=BEHIND_WINDOW,
    ref="Intel 82093AA, 3.2",
    byte_addressed=False,
    registers=(
        Register("IOAPICID", 0x00, (Field("ID", 24, 4, doc="APIC ID"),),
                 "Identification", "82093AA 3.2.1"),
        Register(
            "IOAPICVER", 0x01,
            (
                Field("VERSION", 0, 8, RO, "Version"),
                Field("MAX_ENTRY", 16, 8, RO, "Pins, less one"),
            ),
            "Version", "82093AA 3.2.2",
        ),
        Register("IOAPICARB", 0x02, (Field("ID", 24, 4, RO, "Arbitration ID"),),
                 "Arbitration: the ID, as nobody ever loses", "82093AA 3.2.3",
                 changed_by="IOAPICID"),
        Register(
            "IOREDTBL{n}_LOW", FIRST_ENTRY,
            (
                Field("INTVEC", 0, 8, doc="Vector", hex_shift=0),
                Field("DELMOD", 8, 3, doc="Delivery mode", values=SENT_MODES),
                Field("DESTMOD", 11, 1, doc="Destination mode",
                      values=((0, "physical"), (1, "logical"))),
                Field("DELIVS", 12, 1, RO, "Delivery status",
                      values=((0, "idle"), (1, "send pending: no local APIC accepts it"))),
                Field("INTPOL", 13, 1, doc="Pin is active low"),
                Field("REMOTE_IRR", 14, 1, RO, "A level was accepted and is not yet ended"),
                Field("TRIGGER", 15, 1, doc="Trigger mode", values=((0, "edge"), (1, "level"))),
                _MASK,
            ),
            "Redirection table, low half", SECTION, count=24, stride=2, reset=_MASK.mask,
        ),
        Register("IOREDTBL{n}_HIGH", FIRST_ENTRY + 1,
                 (Field("DESTINATION", 24, 8, doc="APIC ID, or set of logical destinations"),),
                 "Redirection table, high half", SECTION, count=24, stride=2),
    ),
)  # fmt: skip

ENTRY = IO_APIC_INDIRECT["IOREDTBL_LOW"]
VECTOR, LOGICAL, DELIVS, REMOTE_IRR, LEVEL, MASKED = ENTRY.masks(
    "INTVEC", "DESTMOD", "DELIVS", "REMOTE_IRR", "TRIGGER", "MASK"
)
MODE_SHIFT = ENTRY["DELMOD"].lsb
DESTINATION_SHIFT = IO_APIC_INDIRECT["IOREDTBL_HIGH"]["DESTINATION"].lsb
ALWAYS_EDGES = frozenset((NMI, INIT))
RESERVED_MODES = frozenset(range(8)) - {mode for mode, _ in SENT_MODES}
