"""The kernel's source around where a core is: its stack, variables, and the files of both."""

from __future__ import annotations

from functools import lru_cache
from types import FrameType

import msgspec

from kerneltui.debugger.sight import Sight


class VariableView(msgspec.Struct, frozen=True):
    """A local variable of a function that has not returned."""

    name: str
    value: str
    """in a few words: see :mod:`kerneltui.debugger.variables`"""


class InstructionView(msgspec.Struct, frozen=True):
    """One instruction of an image."""

    address: int
    word: int
    text: str
    symbol: str
    """``handle_irq+0x10``; empty where no name is known"""


class StackFrameView(msgspec.Struct, frozen=True):
    """A function on the kernel's stack, with its variables."""

    function: str
    file: str
    line: int
    """where it is now, from 1"""
    text: int
    """the place of its file among those of the view"""
    variables: tuple[VariableView, ...]
    address: int = -1
    """of an image: the instruction that comes next, or the call"""
    listing: tuple[InstructionView, ...] = ()
    """of an image: what is around it"""


class FunctionView(msgspec.Struct, frozen=True):
    """Where a function stands in its file."""

    name: str
    line: int
    """of its ``def``"""
    last: int


class SourceFileView(msgspec.Struct, frozen=True):
    """A file that a function of the stack stands in."""

    name: str
    lines: tuple[str, ...]
    functions: tuple[FunctionView, ...]

    def function_at(self, line: int) -> str:
        """The innermost function around a line; empty outside of all."""
        around = [item for item in self.functions if item.line <= line <= item.last]
        return max(around, key=lambda item: item.line).name if around else ""


class SourceView(msgspec.Struct, frozen=True):
    """Of the core on show; without frames where no code of the kernel's runs on it."""

    core: int
    state: str
    frames: tuple[StackFrameView, ...]
    """innermost first"""
    files: tuple[SourceFileView, ...]
    registers: tuple[tuple[str, int], ...] = ()
    """of an image: X0 to X30, SP, PC and PSTATE"""


@lru_cache(200)
def source_file_view(path: str) -> SourceFileView:
    """A file, as it was when it was first asked for."""
    from kerneltui.debugger.kernel_source import functions_in, source_lines

    functions = tuple(FunctionView(item.name, item.line, item.last) for item in functions_in(path))
    return SourceFileView(file_name(path), source_lines(path), functions)


def file_name(path: str) -> str:
    """As people read it: the folders of this computer are left out."""
    return path.replace("\\", "/").rpartition("/")[2]


def variables_of(frame: FrameType) -> tuple[VariableView, ...]:
    """Those with a name of their own, as they stand now, in the order of the function's code.

    The order of ``f_locals`` tells when somebody has looked at the frame before.
    """
    from kerneltui.debugger.variables import told

    code, values = frame.f_code, frame.f_locals
    return tuple(
        VariableView(name, told(name, values[name]))
        for name in dict.fromkeys((*code.co_varnames, *code.co_cellvars, *code.co_freevars))
        # Python calls the iterator of a comprehension .0, and keeps __class__ for super().
        if name in values and name.isidentifier() and name != "__class__"
    )


def source_view(of: Sight) -> SourceView:
    """What the core on show executes, and who has called that."""
    core = of.machine.cores[of.focus]
    frames = list(core.kernel_frames())
    paths = list(dict.fromkeys(frame.f_code.co_filename for frame in frames))
    return SourceView(
        core.index,
        str(core.state),
        tuple(
            StackFrameView(
                frame.f_code.co_qualname, file_name(frame.f_code.co_filename), frame.f_lineno,
                paths.index(frame.f_code.co_filename), variables_of(frame),
            )
            for frame in frames
        ),
        tuple(map(source_file_view, paths)),
    )  # fmt: skip
