"""Pictures of the cores: what they do, what keeps interrupts out, what comes next."""

from __future__ import annotations

import linecache
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from kerneltui.machine.core import CoreState
from kerneltui.machine.instructions import INSTRUCTIONS

if TYPE_CHECKING:
    from kerneltui.debugger.sight import Makers
    from kerneltui.debugger.trace import EventNames
    from kerneltui.machine.core import Core
    from kerneltui.machine.machine import Machine


class FrameView(msgspec.Struct, frozen=True):
    """One function on the kernel's stack."""

    function: str
    file: str
    line: int
    source: str


class CpuView(msgspec.Struct, frozen=True):
    """The core on show."""

    index: int
    state: str
    wait: str
    """what the core calls its sleep: ``WFI`` or ``HLT``"""
    privilege: str
    """``EL1`` or ``ring 0``"""
    masks: str
    """the mask bits: ``DAIF D·I·`` or ``IF=0``"""
    masked: bool
    """whether ordinary interrupts are kept out"""
    inputs: str
    """which interrupt inputs are high, as ``IRQ``"""
    depth: int
    """exceptions in progress"""
    registers: dict[str, int]
    """those that matter to interrupts"""
    general: dict[str, int]
    """general registers that a system call has used: number, arguments, result; of an image X0 to
    X30, SP, PC and PSTATE"""
    next_instruction: str
    frames: tuple[FrameView, ...]
    instructions: int
    interrupts: int
    is_image: bool = False
    """it executes machine code"""


class CoreView(msgspec.Struct, frozen=True):
    """One of the cores, in short."""

    index: int
    state: str
    depth: int
    masked: bool
    instructions: int
    interrupts: int


def core_views(machine: Machine) -> Iterator[CoreView]:
    """All cores, in short."""
    for core in machine.cores:
        yield CoreView(
            core.index, str(core.state), core.depth, core.masks()[1], core.retired,
            core.interrupts_taken,
        )  # fmt: skip


def cpu_view(core: Core, names: EventNames) -> CpuView:
    """One core, in full."""
    masks, masked = core.masks()
    return CpuView(
        index=core.index,
        state=str(core.state),
        wait=core.WAIT.upper(),
        privilege=core.privilege(),
        masks=masks,
        masked=masked,
        inputs=" ".join(pin.upper() for pin, bit in core.PINS.items() if core.inputs & bit),
        depth=core.depth,
        registers={slot.name: core.regs.peek(slot.offset, 8) for slot in core.regs.slots()},
        general=dict(core.registers) or core.general_registers(),
        next_instruction=_instruction(core, names),
        frames=tuple(
            FrameView(
                frame.function,
                frame.file.rpartition("/")[2],
                frame.line,
                linecache.getline(_path(core, frame.file), frame.line).strip(),
            )
            for frame in core.frames()
        ),
        instructions=core.retired,
        interrupts=core.interrupts_taken,
        is_image=core.can_rest_anywhere,
    )


def _path(core: Core, file: str) -> str:
    """Where a source file is on this computer."""
    if not core.can_rest_anywhere:
        return file
    from kerneltui.debugger.image_source import path_of

    return path_of(core.program, file)


def _call(core: Core) -> str:
    """The system call that a trap would make, in words."""
    from kerneltui.kernel.syscalls import described  # programs without calls do not wait for it

    number, *arguments = core.CALL_REGISTERS
    if number not in core.registers:
        return ""
    values = [core.registers.get(name, 0) for name in arguments]
    signed = [value - (1 << 64) if value >> 63 else value for value in values]
    return f": {described(core.registers[number], signed)}"


def _instruction(core: Core, names: EventNames) -> str:
    """What the core executes next, like a disassembly."""
    pending, asleep = core.pending, core.state is CoreState.WAITING
    if core.state is CoreState.HALTED:
        return "(halted)"
    if pending is None:
        if asleep:
            return f"{core.WAIT} (asleep)"
        return "(waits for its turn)" if core.retired else "(reset)"
    kind, target, value = pending.kind, pending.target, pending.value
    if kind == core.WAIT and asleep:
        return f"{kind} (asleep)"
    known = INSTRUCTIONS.get(kind)
    if known is None:
        return pending.text
    if pending.text:  # of machine code, with what it is about
        name = names.name(kind, target, value)
        return f"{pending.text}  ; {name}" if name else pending.text
    name = _call(core) if known.is_call else names.name(kind, target, value) or f"{target:#x}"
    return known.announced(target, value, name)


MAKERS: Makers = {
    "cores": lambda of: tuple(core_views(of.machine)),
}
