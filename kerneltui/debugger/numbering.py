"""What interrupts are called: a number alone does not tell a vector from an input."""

from __future__ import annotations

FORMATS = {"vector": ("vec", "{:#04x}"), "gsi": ("gsi", "{}")}
"""By the numbering of a controller; all others number interrupts."""
INTERRUPT = ("irq", "{}")


def interrupt_label(numbering: str, number: int) -> str:
    """``irq 30``, ``vec 0xec``, ``gsi 2``."""
    word, form = FORMATS.get(numbering, INTERRUPT)
    return f"{word} {form.format(number)}"


def interrupts_label(numbering: str, bits: int, first: int) -> str:
    """Those whose bits are set, bit 0 being ``first``, runs as ranges: ``irq 0-15,30``."""
    word, form = FORMATS.get(numbering, INTERRUPT)
    found = set_bits(bits, first, form)
    return f"{word} {found}" if found else "none"


def set_bits(value: int, first: int = 0, form: str = "{}") -> str:
    """The set bits' numbers, bit 0 being ``first``, runs as ranges: ``0-15,30``."""
    runs: list[str] = []
    bit = 0
    while value >> bit:
        if value >> bit & 1:
            start = bit
            while value >> (bit + 1) & 1:
                bit += 1
            last = "-" + form.format(bit + first) if bit > start else ""
            runs.append(form.format(start + first) + last)
        bit += 1
    return ",".join(runs)
