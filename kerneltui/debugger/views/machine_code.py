"""The code of an image where a core is: its stack, the source of that, and the instructions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kerneltui.debugger.image_source import path_of
from kerneltui.debugger.views.source import (
    InstructionView,
    SourceView,
    StackFrameView,
    file_name,
    source_file_view,
)

if TYPE_CHECKING:
    from kerneltui.machine.native.core import NativeCore
    from kerneltui.machine.native.image import NativeImage

INSTRUCTION_BYTES = 4
BLOCK = 32
"""Instructions that are put into words, and kept, together."""
BLOCK_BYTES = BLOCK * INSTRUCTION_BYTES
AROUND = 3
"""Blocks before the one of an address, and after it, that can be seen."""
MOST_KEPT = 2_000
_kept: dict[tuple[NativeImage, int, bytes], tuple[InstructionView, ...]] = {}
"""By image, address and what is there: only new code has to be put into words."""


def _block(core: NativeCore, address: int) -> tuple[InstructionView, ...]:
    image = core.image
    key = image, address, core.fetch(address, BLOCK_BYTES)
    found = _kept.get(key)
    if found is None:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        symbols = image.symbols
        found = _kept[key] = tuple(
            InstructionView(item.address, item.word, item.text, symbols.name_at(item.address))
            for item in core.disassemble(address, BLOCK)
        )
    return found


def listing(core: NativeCore, address: int) -> tuple[InstructionView, ...]:
    """The instructions around an address, as far as memory is there."""
    block = address // BLOCK_BYTES
    return tuple(
        item
        for number in range(max(block - AROUND, 0), block + AROUND + 1)
        for item in _block(core, number * BLOCK_BYTES)
    )


def machine_code_view(core: Any) -> SourceView:
    """What a core with machine code executes, and who has called that."""
    if not core.engine.is_started:
        return SourceView(core.index, str(core.state), (), ())
    frames, paths = list[StackFrameView](), list[str]()
    for place, address in zip(core.frames(), core.stack(), strict=True):
        path = path_of(core.image, place.file) or place.file
        if path not in paths:
            paths.append(path)
        at = address - INSTRUCTION_BYTES if frames else address  # a caller is at its call
        frames.append(
            StackFrameView(
                place.function, file_name(path), place.line, paths.index(path), (), at,
                listing(core, at),
            )
        )  # fmt: skip
    return SourceView(
        core.index, str(core.state), tuple(frames), tuple(map(source_file_view, paths)),
        tuple(core.general_registers().items()),
    )  # fmt: skip
