"""Boot parameters: the words of the kernel's command line, such as ``clock=hpet nohz=off``.

Whitespace separates them, case matters, and of several for one thing the last counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

import msgspec

from kerneltui.kernel.irq import KernelError

ON_OFF = ("on", "off")
LOWEST_HZ = 20
"""The PIT's 16 bits reach down to 18.2 Hz."""
HIGHEST_HZ = 10_000


class Parameter(msgspec.Struct, frozen=True):
    """What the command line may say about one thing.  Without ``choices`` it is a rate in Hz."""

    name: str
    choices: tuple[str, ...]
    default: str
    """a value, or empty for none"""
    doc: str

    @property
    def values(self) -> str:
        """What can be chosen, in words."""
        return _either(self.choices) if self.choices else f"{LOWEST_HZ} to {HIGHEST_HZ}"

    def accepts(self, value: str) -> bool:
        """Whether the parameter can have this value."""
        if self.choices:
            return value in self.choices
        is_number = value.isascii() and value.isdecimal() and len(value) <= len(str(HIGHEST_HZ))
        return is_number and LOWEST_HZ <= int(value) <= HIGHEST_HZ


PARAMETERS = (
    Parameter(
        "clock",
        ("arat", "hpet", "pit"),
        "",
        "The device whose interrupts drive the system clock. "
        "By default, or where the machine lacks it, the best there is, in this order.",
    ),
    Parameter(
        "timer",
        ("tsc", "hpet", "acpi", "pit"),
        "",
        "The counter that measures time. "
        "By default, or where the machine lacks it, the best there is, in this order.",
    ),
    Parameter("hz", (), "100", "Ticks of the system clock in a second."),
    Parameter(
        "nohz",
        ON_OFF,
        "on",
        "Without periodic ticks: the clock interrupts when a timeout is due.",
    ),
    Parameter(
        "apic",
        ON_OFF,
        "on",
        "Interrupts through the local and I/O APICs; off, through the pair of 8259s.",
    ),
    Parameter("smp", ON_OFF, "on", "Start the other cores."),
)
"""All there are; help and reference are made from this table."""

_BY_NAME = {parameter.name: parameter for parameter in PARAMETERS}


class BootParameters(msgspec.Struct, frozen=True):
    """What the command line asks for; :data:`PARAMETERS` says what each field means."""

    clock: str | None
    """None leaves the choice to the kernel, here and for ``timer``"""
    timer: str | None
    hz: int
    nohz: bool
    apic: bool
    smp: bool


def parse(text: str) -> BootParameters:
    """Read a command line.  Raises KernelError, naming the word that it does not understand."""
    chosen = {parameter.name: parameter.default for parameter in PARAMETERS}
    for word in text.split():
        name, _, value = word.partition("=")
        _check(name, value)
        chosen[name] = value
    return BootParameters(
        clock=chosen["clock"] or None,
        timer=chosen["timer"] or None,
        hz=int(chosen["hz"]),
        nohz=chosen["nohz"] == "on",
        apic=chosen["apic"] == "on",
        smp=chosen["smp"] == "on",
    )


def _check(name: str, value: str) -> None:
    parameter = _BY_NAME.get(name)
    if parameter is None:
        names = tuple(_BY_NAME)
        hint = _did_you_mean(name, names)
        raise KernelError(f"unknown boot parameter {name!r}: choose {_either(names)}{hint}")
    if not value:
        raise KernelError(f"boot parameter {name!r} needs a value: choose {parameter.values}")
    if not parameter.accepts(value):
        hint = _did_you_mean(value, parameter.choices)
        text = f"boot parameter {name!r} cannot be {value!r}: choose {parameter.values}"
        raise KernelError(text + hint)


def _either(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"


def _did_you_mean(word: str, words: Sequence[str]) -> str:
    """Empty when nothing is near; capitals are as near as can be."""
    near = get_close_matches(word.lower(), words, n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""
