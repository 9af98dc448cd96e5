"""The code of a core: where its special instructions are, what comes next, and who has called."""

from __future__ import annotations

from functools import cache

from msgspec.structs import replace

from kerneltui.machine.core import Pending
from kerneltui.machine.kernel_image import SourceFrame
from kerneltui.machine.native import exceptions as ex
from kerneltui.machine.native.core_state import Alias, NativeCoreState
from kerneltui.machine.native.disassembly import next_access, text_at
from kerneltui.machine.native.image import NativeImage
from kerneltui.machine.native.mapping import leaves
from kerneltui.machine.native.opcodes import (
    LONGEST_IDLE,
    WORD,
    Decoded,
    Special,
    decode,
    loop_at,
    specials,
)

DEEPEST = 32
SHORT_FUNCTION = 24
"""Bytes of a function that only passes on what is to be stored, such as put32."""
RECORD_BYTES = 16
"""A frame record: the caller's X29, and the return address (AAPCS64, 6.4.6)."""


@cache
def special_addresses(image: NativeImage) -> dict[int, Special]:
    """Where the special instructions of an image are, by physical address."""
    return {
        segment.physical + offset: found.kind
        for segment in image.segments
        for offset, found in specials(segment.data)
    }


def exits_of(image: NativeImage, aliases: tuple[Alias, ...]) -> frozenset[int]:
    """The addresses of all special instructions: physical, as linked, and as they are mapped."""
    lie = special_addresses(image)
    found = set(lie)
    for segment in image.segments:
        if segment.virtual != segment.physical:
            off = segment.virtual - segment.physical
            end = segment.physical + len(segment.data)
            found.update(at + off for at in lie if segment.physical <= at < end)
    for virtual, leads_to, size in aliases:
        found.update(at - leads_to + virtual for at in lie if leads_to <= at < leads_to + size)
    return frozenset(found)


def aliases_of(core: NativeCoreState) -> tuple[Alias, ...]:
    """Where the MMU shows the image's code at other addresses than where it lies."""
    lie = [(item.physical, item.physical + len(item.data)) for item in core.image.segments]
    return tuple(
        (leaf.virtual, leaf.physical, leaf.size)
        for leaf in leaves(core, ex.level_of(core.engine.pstate))
        if leaf.virtual != leaf.physical
        and any(start < leaf.physical + leaf.size and leaf.physical < end for start, end in lie)
    )


def special_at(core: NativeCoreState, address: int) -> Decoded | None:
    """The special instruction that is there now; None where there is another one."""
    word = core.word_at(address)
    found = decode(word)
    if found is None:
        kind = loop_at(words_up_to(core, address))
        return Decoded(kind) if kind is not None else None
    return found


def words_up_to(core: NativeCoreState, address: int) -> list[int]:
    """The instruction at an address, and as many before it as a special loop can have."""
    start = max(address - WORD * (LONGEST_IDLE - 1), 0)
    data = core.fetch(start, address + WORD - start)
    if len(data) < address + WORD - start:
        return [core.word_at(address)]
    return [int.from_bytes(data[at : at + WORD], "little") for at in range(0, len(data), WORD)]


def pending(core: NativeCoreState) -> Pending:
    """The next instruction; of a load or a store outside the RAM, what it is to access."""
    pc = core.engine.pc
    text = text_at(core, pc)
    access = next_access(core, pc)
    if access is None:
        return Pending("execute", pc, 0, WORD, text)
    return replace(access, text=text)


def frames(core: NativeCoreState) -> list[SourceFrame]:
    """The functions on the stack, innermost first, by frame records (AAPCS64)."""
    symbols = core.image.symbols
    pc, *returns = stack(core)
    return [symbols.frame(pc, pc), *(symbols.frame(at, at - WORD) for at in returns)]


def stack(core: NativeCoreState) -> list[int]:
    """PC, and where each function on the stack returns to, innermost first."""
    engine, symbols = core.engine, core.image.symbols
    pc, record, link = engine.pc, engine.x(29), engine.x(30)
    found = [pc]
    saved = _record(core, record)
    # In a leaf, or before the prologue has made the record, the caller is in X30 only.
    is_leaf = symbols.function_at(pc) != symbols.function_at(link)
    if link and is_leaf and (saved is None or link != saved[1]):
        found.append(link)
    seen: set[int] = set()
    while saved is not None and record not in seen and len(found) < DEEPEST:
        seen.add(record)
        record, link = saved
        if not link:
            break
        found.append(link)
        saved = _record(core, record)
    return found


def place_of_instruction(
    core: NativeCoreState,
) -> tuple[SourceFrame | None, SourceFrame | None]:
    """The function that executes, and who wanted it, where it only passes on what to store."""
    found = frames(core)
    is_helper = 0 < core.image.symbols.size_of(core.engine.pc) <= SHORT_FUNCTION
    return found[0], found[1] if is_helper and len(found) > 1 else None


def _record(core: NativeCoreState, address: int) -> tuple[int, int] | None:
    if not address or address % 8:
        return None
    data = core.fetch(address, RECORD_BYTES)
    if len(data) < RECORD_BYTES:
        return None
    return int.from_bytes(data[:8], "little"), int.from_bytes(data[8:], "little")
