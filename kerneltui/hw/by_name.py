"""Registers and their fields by name, for whoever shows them; all of it peeks."""

from __future__ import annotations

from kerneltui.hw.register import Register
from kerneltui.hw.register_file import RegisterFile


def peek(file: RegisterFile, stem: str, cpu: int = 0, index: int = 0) -> int:
    """What a register shows core ``cpu``; ``index`` counts those of one stem."""
    register = file.table[stem]
    offset = register.offset + index * register.stride
    key = (offset, register.overlay) if register.overlay else offset
    return file.peek(key, register.width // 8, cpu)


def fields(register: Register, value: int) -> dict[str, int]:
    """The fields of a value."""
    return {item.name: item.extract(value) for item in register.fields}


def meaning(register: Register, name: str, value: int) -> str:
    """What a field's value stands for."""
    item = next(item for item in register.fields if item.name == name)
    return dict(item.values).get(value, f"reserved {value}")
