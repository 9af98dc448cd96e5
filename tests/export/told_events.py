"""What the JSON lines of a run say of masks, active interrupts and system calls.

Read by the manuals' rules, and without the models: DAIF and RFLAGS.IF from the instructions that
write them; active from acknowledge to end of interrupt (GIC-400 and 8259 by register, local APIC
by vector, the highest first).
"""

import re
from collections import defaultdict

from kerneltui.kernel.syscalls import Syscall

I_BIT, IF_BIT = 7, 9
DAIF_I = 2
"""of the operand of DAIFSET and DAIFCLR"""
NO_INTERRUPT = 1020
PRIVATE = 32
SPECIFIC_EOI, EOI_BITS = 0x60, 0xE0
PIC_VECTORS = range(0x20, 0x30)
CASCADE, SLAVE, SLAVE_PORT = 2, 8, "0xa0"
SPURIOUS = 0xFF
"""The vector for which no bit of the ISR is set."""


def steady(changes):
    """Of several values at one time the last; equal ones behind each other are one."""
    found = []
    for t, value in dict(changes).items():
        if not found or found[-1][1] != value:
            found.append((t, value))
    return found


def masks_of(events):
    """By core the changes of what keeps ordinary interrupts out, from the first event on it."""
    found = defaultdict(list)
    for event in events:
        is_masked = mask_after(event)
        if is_masked is not None:
            found[event["cpu"]].append((event["t"], int(is_masked)))
    return found


def mask_after(event):
    """Whether it masks or unmasks; None where it leaves the mask."""
    op = event["op"]
    if op in {"daifset", "daifclr"}:
        return op == "daifset" if event["bits"] & DAIF_I else None
    if op == "msr" and event.get("reg") == "DAIF":
        return int(event["value"], 16) >> I_BIT & 1 == 1
    if op == "eret":
        return int(event["spsr"], 16) >> I_BIT & 1 == 1
    if op in {"irq", "fiq", "sync", "intr", "nmi", "fault", "cli"}:
        return True  # of the kernel's gates all but that of system calls are interrupt gates
    if op == "sti":
        return False
    if op in {"popf", "iret"}:
        flags = event["value"] if op == "popf" else event["rflags"]
        return int(flags, 16) >> IF_BIT & 1 == 0
    return None


def active_of(events):
    """By controller, number and core (None: of all) the times since when, and until when."""
    found, running = defaultdict(list), defaultdict(list)
    for event in events:
        op, t, core = event["op"], event["t"], event["cpu"]
        register, value = event.get("reg"), event.get("value")
        if op == "ldr" and register == "GICC_IAR":
            number = int(value, 16) & 0x3FF
            if number < NO_INTERRUPT:
                found["gic", number, core if number < PRIVATE else None].append((t, 1))
        elif op == "str" and register == "GICC_EOIR":
            number = int(value, 16) & 0x3FF
            changes = found.get(("gic", number, core if number < PRIVATE else None))
            if changes:  # else it ends what nobody has begun
                changes.append((t, 0))
        elif op == "intr":
            vector = int(event["vector"], 16)
            if vector in PIC_VECTORS:
                found["pic", vector - PIC_VECTORS.start, None].append((t, 1))
            elif vector != SPURIOUS:
                found["lapic", vector, core].append((t, 1))
                running[core].append(vector)
        elif op == "store" and register == "EOI" and running[core]:
            vector = max(running[core])
            running[core].remove(vector)
            found["lapic", vector, core].append((t, 0))
        elif op == "out" and register == "OCW2" and int(value, 16) & EOI_BITS == SPECIFIC_EOI:
            number = (int(value, 16) & 7) + (SLAVE if event["addr"] == SLAVE_PORT else 0)
            if number != CASCADE:  # it stands for the slave and is no interrupt
                found["pic", number, None].append((t, 0))
    return found


def calls_of(events):
    """Begin, end, core and name of each system call that has returned, by their ends."""
    opened, found = defaultdict(list), []
    names = {int(call): call.name.lower() for call in Syscall}
    for event in events:
        told = re.match(r"sys_(enter|exit) id=(-?\d+)", event.get("text", ""))
        if told is None:
            continue
        number, stack = int(told[2]), opened[event["cpu"]]
        if told[1] == "enter":
            stack.append((event["t"], number))
        else:
            begin, entered = stack.pop()
            assert entered == number
            found.append(
                (begin, event["t"], event["cpu"], f"{names.get(number, f'system call {number}')}()")
            )
    return found
