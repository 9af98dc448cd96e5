"""Instructions as text, and what the next one accesses."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import capstone
from capstone import arm64 as operands

from kerneltui.hw.register_file import RegisterFile
from kerneltui.machine.core import Pending
from kerneltui.machine.native import exceptions as ex
from kerneltui.machine.native.core_state import NativeCoreState
from kerneltui.machine.native.mapping import physical
from kerneltui.machine.native.opcodes import WORD, is_system_register_access
from kerneltui.machine.native.system_registers import by_encoding

ADDRESS_MASK = (1 << 64) - 1
_SIZES = {"b": 1, "h": 2}


class DisassembledLine(NamedTuple):
    """One instruction."""

    address: int
    word: int
    text: str
    symbol: str
    """the name of what begins here; else empty"""


@cache
def _decoder() -> Any:
    decoder = capstone.Cs(capstone.CS_ARCH_ARM64, capstone.CS_MODE_ARM)
    decoder.detail = True
    return decoder


def _decoded(core: NativeCoreState, address: int) -> Any:
    return next(_decoder().disasm(core.fetch(address), address, 1), None)


def _text(core: NativeCoreState, found: Any, word: int) -> str:
    if found is None:
        return f".inst {word:#010x}"
    text = f"{found.mnemonic} {found.op_str}".strip()
    if found.group(capstone.CS_GRP_JUMP) or found.mnemonic in {"bl", "adr", "adrp"}:
        target = next((o.imm for o in found.operands if o.type == operands.ARM64_OP_IMM), None)
        name = "" if target is None else core.image.symbols.name_at(target & ADDRESS_MASK)
        return f"{text} <{name}>" if name else text
    return text


def text_at(core: NativeCoreState, address: int) -> str:
    """The instruction at an address, with the names of what it branches to."""
    return _text(core, _decoded(core, address), core.word_at(address))


def disassemble(core: NativeCoreState, address: int, count: int) -> Iterator[DisassembledLine]:
    """So many instructions from a virtual address on, as far as memory is there."""
    for at in range(address, address + count * WORD, WORD):
        data = core.fetch(at)
        if len(data) < WORD:
            return
        word = int.from_bytes(data, "little")
        yield DisassembledLine(at, word, text_at(core, at), core.image.symbols.exact_name(at))


def next_access(core: NativeCoreState, pc: int) -> Pending | None:
    """The access to a device that the instruction at PC makes; None where it makes none."""
    word = core.word_at(pc)
    system = is_system_register_access(word)
    if system is not None:
        reads, encoding, number = system
        if not isinstance(core.route(by_encoding(encoding)), tuple):
            return None
        return Pending(
            "mrs" if reads else "msr", encoding, 0 if reads else core.engine.x(number), 8
        )
    found = _decoded(core, pc)
    if found is None:
        return None
    for operand in found.operands:
        if operand.type == operands.ARM64_OP_MEM:
            return _memory_access(core, found, operand)
    return None


def _memory_access(core: NativeCoreState, found: Any, operand: Any) -> Pending | None:
    at = physical(core, _address(core, found, operand), ex.level_of(core.engine.pstate))
    window = None if at is None else core.memory.window_at(at)
    if at is None or window is None or not isinstance(window.target, RegisterFile):
        return None
    first = found.operands[0]
    size = _SIZES.get(found.mnemonic[-1]) or (8 if found.reg_name(first.reg)[0] == "x" else 4)
    if found.mnemonic.startswith("st"):
        return Pending(core.STORE, at, _value(core, found, first.reg), size)
    return Pending(core.LOAD, at, 0, size)


def store_address(core: NativeCoreState, pc: int) -> int | None:
    """The virtual address that the store at PC goes to; None where that is not told."""
    found = _decoded(core, pc)
    if found is not None:
        for operand in found.operands:
            if operand.type == operands.ARM64_OP_MEM:
                return _address(core, found, operand)
    return None


def _address(core: NativeCoreState, found: Any, operand: Any) -> int:
    virtual = _value(core, found, operand.mem.base) + operand.mem.disp
    if operand.mem.index:
        virtual += _value(core, found, operand.mem.index) << operand.shift.value
    return int(virtual) & ADDRESS_MASK


def _value(core: NativeCoreState, found: Any, register: int) -> int:
    name = found.reg_name(register)
    if name in {"sp", "wsp"}:
        return core.engine.sp
    if name in {"xzr", "wzr"} or name[0] not in "xwfl":
        return 0
    number = {"fp": 29, "lr": 30}.get(name)
    value = core.engine.x(int(name[1:]) if number is None else number)
    return value & 0xFFFF_FFFF if name[0] == "w" else value
