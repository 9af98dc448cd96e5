"""Why a synchronous exception was taken, in words, by the class in ESR_ELx.EC.

Document: Arm Architecture Reference Manual for A-profile, DDI 0487, "ESR_EL1, Exception Syndrome
Register", field EC.
"""

from __future__ import annotations

CALLS = {0x15: "SVC", 0x16: "HVC", 0x17: "SMC", 0x3C: "BRK"}
"""Instructions that ask for an exception."""
FAULTS = {
    0x00: "an instruction that is undefined", 0x07: "a use of FP or SIMD that is trapped",
    0x0E: "a return to an illegal state", 0x18: "an access to a system register that is trapped",
    0x20: "a jump to where nothing can be executed",
    0x21: "a jump to where nothing can be executed", 0x22: "a jump to an unaligned address",
    0x24: "an access to an address that does not answer",
    0x25: "an access to an address that does not answer", 0x26: "a stack pointer that is unaligned",
}  # fmt: skip
"""What could not be done."""


def fault(syndrome: int) -> str:
    """What ESR_ELx says of an exception that nobody has asked for."""
    exception_class = syndrome >> 26
    return FAULTS.get(exception_class, f"an exception of class {exception_class:#x}")


def told(syndrome: int) -> str:
    """What ESR_ELx says of an exception, in a sentence."""
    exception_class = syndrome >> 26
    if exception_class in CALLS:
        return f"The instruction {CALLS[exception_class]} asks for an exception."
    if exception_class in FAULTS:
        return f"An exception is raised by {FAULTS[exception_class]}."
    return f"An exception of class {exception_class:#x} is raised."
