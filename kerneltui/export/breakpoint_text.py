"""What a breakpoint may be, as text: ``kerneltui docs breakpoints``."""

from __future__ import annotations

from collections.abc import Iterable

from kerneltui.debugger.breakpoints.condition_names import NAMES
from kerneltui.debugger.breakpoints.grammar import FORMS, OPTIONS

_INTRODUCTION = """\
A breakpoint is WHAT [core N] [ignore N] [once] [if CONDITION]. Where several examples stand, they are
for a Pi 4, a PC and a Pi 3. Registers are named as in panel 1, or by an address (0xFF842010, port:0x21)."""
_CONDITIONS = """\
A CONDITION compares names and numbers with == != < <= > >=, joined by and, or, not; & masks bits.
Names are registers (GICC_PMR), fields (CNTP_CTL_EL0.IMASK; of the breakpoint's own register: IMASK),
and:"""


def breakpoint_text() -> str:
    """Every form, option and name of a condition, each with an example."""
    forms = [(form.form, "", *form.examples) for form in FORMS.values()]
    options = [(name, *said) for name, said in OPTIONS.items()]
    names = [(name, *said) for name, said in NAMES.items()]
    parts = (
        _INTRODUCTION, _table("WHAT", forms), _table("Options", options), _CONDITIONS,
        _table("Names", names),
    )  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _table(title: str, rows: Iterable[tuple[str, ...]]) -> str:
    """Each row is a word, what it means or nothing, and examples."""
    lines = [title]
    for word, meant, *examples in rows:
        lines.append(f"  {word}{f': {meant}' if meant else ''}")
        lines += [f"      {example}" for example in examples]
    return "\n".join(lines)
