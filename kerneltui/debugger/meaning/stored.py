"""What has become of a poke: what was stored, what the register holds of it, and why no more.

Which bits a store can set says the register's table, with what the device has of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from kerneltui.debugger.lookup import register_of_event
from kerneltui.debugger.meaning.found import Found, find, value_of
from kerneltui.debugger.references import EventReference
from kerneltui.debugger.session import Session
from kerneltui.debugger.trace import is_wire_poke
from kerneltui.debugger.traveller import Input
from kerneltui.hw.register import RES0, RO, RW1C, W1C, W1S, WO, Register
from kerneltui.machine.poke import WIRES, Poke

LEVELS = "low", "high"
PAUSE_NS = 2_000_000_000
"""Who types on after so long (virtual time) begins anew."""
MOST_NAMED = 2
ACTS = {
    W1S: "a one sets its bit, and a zero leaves it",
    W1C: "a one clears its bit, and a zero leaves it",
    RW1C: "a one clears its bit, and a zero leaves it",
    WO: "a store is a command there, and is not kept",
}
"""What a store does by the kind of access, where it does not replace what is there."""
_FIELD = re.compile(r"(\w+)(?:\[(\d+)\])?")


def poke_in_words(session: Session) -> str:
    """``You stored 0xff to GICC_PMR; it holds 0xf8: ...``, of the poke that a person has just made.

    Of a wire ``You drove uart0.irq high.``  The trace has to be on.
    """
    event = next(item for item in reversed(session.recorder.events) if item[3] == "poke")
    label, value = event[6].partition(" ")[2], event[5]
    if is_wire_poke(event):
        return f"You drove {label} {LEVELS[value]}."
    reference = register_of_event(session, EventReference(event))
    found = None if reference is None else find(session, reference)
    kept = ""
    if found is not None:
        kept = kept_in_words(session, found, label.partition(".")[2], value)
    return f"You stored {number(value)} to {label}{kept}."


def given_in_words(given: Input, show: Callable[[str], str] = str) -> str:
    """``you stored 0xff to GICC_PMR at 0.700 s``, or what was typed.

    ``show`` makes the name, or the text, stand out.
    """
    at = f"at {given.position.now_ns / 1e9:.3f} s"
    what = given.given
    if isinstance(what, Poke):
        name = show(what.name or f"{what.space} {what.address:#x}")
        if what.space == WIRES:
            return f"you drove {name} {LEVELS[what.told_value]} {at}"
        return f"you stored {number(what.told_value)} to {name} {at}"
    return f"you typed {show(_typed(what))} {at}"


def all_in_words(given: Sequence[Input], show: Callable[[str], str] = str) -> list[str]:
    """As :func:`given_in_words`, each input on its own.

    Keys that were typed one by one are one input: up to Enter, or to a pause.
    """
    return [_together(keys, show) for keys in _inputs(given)]


def _inputs(given: Sequence[Input]) -> Iterator[list[Input]]:
    """Keys that belong together; a poke stands alone."""
    together: list[Input] = []
    for item in given:
        if together and not _goes_on(together[-1], item):
            yield together
            together = []
        together.append(item)
    if together:
        yield together


def _goes_on(before: Input, item: Input) -> bool:
    """Whether a key continues what was typed before."""
    if isinstance(before.given, Poke) or isinstance(item.given, Poke):
        return False
    pause_ns = item.position.now_ns - before.position.now_ns
    return pause_ns < PAUSE_NS and not before.given.endswith((b"\r", b"\n"))


def _together(keys: list[Input], show: Callable[[str], str]) -> str:
    if len(keys) == 1:
        return given_in_words(keys[0], show)
    first, last = (item.position.now_ns / 1e9 for item in (keys[0], keys[-1]))
    text = _typed(b"".join(item.given for item in keys if isinstance(item.given, bytes)))
    at = f"at {first:.3f} s" if first == last else f"from {first:.3f} s on"
    return f"you typed {show(text)} {at}"


def _typed(data: bytes) -> str:
    """In quotes; Enter is a new line."""
    return ascii(data.decode("latin-1").replace("\r", "\n"))


def kept_in_words(session: Session, found: Found, field: str, value: int) -> str:
    """``; it holds 0xf8: its low 3 bits are not implemented``; empty where it holds what it got.

    ``field`` is a field's name, with the bit's number in brackets where it was one bit; or empty.
    ``value`` is what was stored to it.
    """
    lowest, mask = _bits(found, field)
    register, port = found.slot.register, found.file.port(found.slot)
    brought, held = value << lowest & mask, value_of(session, found)
    if not port.writes & mask:
        return _acted(register, brought, held, mask, lowest)
    full = (1 << register.width) - 1
    there = (register.implemented >> port.shift if register.packed else register.implemented) & full
    reasons = []
    fields = [item.mask for item in register.fields if item.mask & mask]
    missing = sum(bits & ~there for bits in fields if brought & bits & ~there)
    reserved, fixed = mask & ~sum(fields), mask & register.mask_of(RO, RES0)
    if missing:
        reasons.append(f"{_named(missing & mask, lowest, mask)} not implemented")
    if brought & fixed & ~held:
        reasons.append(f"{_named(fixed, lowest, mask, _names(register, fixed))} read-only")
    if brought & reserved:
        reasons.append(f"{_named(reserved, lowest, mask)} reserved")
    changed = (brought ^ held) & port.writes & mask
    if not reasons and not changed:
        return ""
    why = f": {' and '.join(reasons)}" if reasons else ""
    return f"; it holds {number((held & mask) >> lowest)}{' now' if changed else ''}{why}"


def _acted(register: Register, brought: int, held: int, mask: int, lowest: int) -> str:
    """Of a register whose bits are no copy of what is stored: what a store does there instead."""
    if brought == held & mask:
        return ""
    does = []
    fixed = brought & ~held & register.mask_of(RO, RES0)
    if fixed:
        does.append(f"{_named(fixed, lowest, mask, _names(register, fixed))} read-only")
    does += [
        words for kind, words in ACTS.items() if (brought ^ held) & register.mask_of(kind) & mask
    ]
    if not does:
        return ""
    return f"; it holds {number((held & mask) >> lowest)}: {' and '.join(does)}"


def _names(register: Register, bits: int) -> str:
    """Of the fields that the bits are, if they are few."""
    names = [item.name for item in register.fields if item.mask & bits]
    return f" ({' and '.join(names)})" if len(names) <= MOST_NAMED else ""


def number(value: int) -> str:
    """As panels write it: in hex where it has two digits."""
    return str(value) if value < 10 else f"{value:#x}"


def _bits(found: Found, field: str) -> tuple[int, int]:
    """The lowest bit that was meant, and the mask of all."""
    register = found.slot.register
    named = _FIELD.fullmatch(field)
    if named is None:
        return 0, (1 << register.width) - 1
    item = register[named[1]]
    if named[2] is None:
        return item.lsb, item.mask
    lowest = item.lsb + int(named[2])
    return lowest, 1 << lowest


def _named(bits: int, lowest: int, mask: int, names: str = "") -> str:
    """Of the bits of ``mask``: ``its low 3 bits are``, ``its bit 5 is``, ``its bits 7:4, 1 are``.

    They are counted from the lowest one that was meant.  ``names`` stands behind them.
    """
    count = bits.bit_count()
    if bits >> lowest == (1 << count) - 1 and bits != mask and count > 1:
        return f"its low {count} bits{names} are"
    runs = []
    here = bits >> lowest
    while here:
        first = (here & -here).bit_length() - 1
        length = (~(here >> first) & (here >> first) + 1).bit_length() - 1
        runs.append(str(first) if length == 1 else f"{first + length - 1}:{first}")
        here &= ~(((1 << length) - 1) << first)
    if count == 1:
        return f"its bit {runs[0]}{names} is"
    return f"its bits {', '.join(reversed(runs))}{names} are"
