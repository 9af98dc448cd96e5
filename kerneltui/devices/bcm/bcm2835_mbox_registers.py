"""The registers of the mailboxes between the Arm cores and the VideoCore.

No manual describes them.  Documents: the Raspberry Pi firmware's wiki, "Mailboxes" and "Accessing
mailboxes"; the bits of status and configuration as Broadcom's published header has them
(``arm_control.h``).
"""

from __future__ import annotations

from kerneltui.hw.register import RO, TAG, WO, Access, Field, Register, RegisterTable, Role

WIKI, HEADER = "wiki: Mailboxes", "arm_control.h: mailboxes"


def _message(access: Access) -> tuple[Field, ...]:
    return (Field("CHANNEL", 0, 4, access, "What it is about; 8: the property tags"),
            Field("DATA", 4, 28, access, "Bits 31:4 of it; mostly an address",
                  hex_shift=4))  # fmt: skip


def _mailbox(number: int, base: int, whose: str) -> tuple[Register, ...]:
    """Peek, sender, status and configuration of one mailbox."""
    name = f"MAIL{number}_"
    data = Access.RW if number == 0 else TAG
    return (
        Register(f"{name}PEEK", base + 0x10, _message(RO),
                 f"The oldest message {whose}, which stays", WIKI),
        Register(f"{name}SENDER", base + 0x14, (Field("SENDER", 0, 2, RO, "Who has sent it"),),
                 "The sender of the oldest message; always 0", WIKI),
        Register(
            f"{name}STATUS", base + 0x18,
            (Field("LEVEL", 0, 8, RO, "Messages in the mailbox, 0-8"),
             Field("EMPTY", 30, 1, RO, "There is no message"),
             Field("FULL", 31, 1, RO, "There is no room for another one")),
            f"How full the mailbox {whose} is", HEADER, reset=1 << 30,
            changed_by="MAIL1_WRITE",
        ),
        Register(
            f"{name}CONFIG", base + 0x1C,
            (Field("DATA_IRQ", 0, 1, data, "Interrupt while there is a message"),
             Field("SPACE_IRQ", 1, 1, TAG, "Interrupt while there is room"),
             Field("EMPTY_IRQ", 2, 1, TAG, "Interrupt while the opposite mailbox is empty"),
             Field("CLEAR", 3, 1, WO, "Empties the mailbox"),
             Field("DATA_PENDING", 4, 1, RO, "There is a message"),
             Field("SPACE_PENDING", 5, 1, RO, "There is room"),
             Field("EMPTY_PENDING", 6, 1, RO, "The opposite mailbox is empty"),
             Field("OVERFLOW", 9, 1, RO, "A store came while it was full; any store clears it"),
             Field("UNDERFLOW", 10, 1, RO, "A read came while it was empty; any store clears it")),
            f"Interrupts of the mailbox {whose}", HEADER,
            may_write=(f"{name}STATUS", f"{name}PEEK"),
        ),
    )  # fmt: skip


BCM2835_MBOX = RegisterTable(
    __name__,
    "BCM2835_MBOX",
    "VideoCore mailboxes",
    size=0x40,
    ref="Raspberry Pi firmware wiki, Mailboxes",
    registers=(
        Register("MAIL0_READ", 0x00, _message(RO), "Takes the oldest message to the Arm cores",
                 WIKI, role_of_read=Role.QUIET),
        *_mailbox(0, 0x00, "to the Arm cores"),
        Register("MAIL1_WRITE", 0x20, _message(WO), "Sends a message to the VideoCore", WIKI,
                 may_write=("MAIL1_STATUS", "MAIL1_PEEK", "MAIL1_CONFIG")),
        *_mailbox(1, 0x20, "to the VideoCore"),
    ),
)  # fmt: skip
