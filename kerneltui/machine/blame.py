"""Whose an error is that came out of a core's greenlet: the kernel's, or the host's.

Kernel code may fail in any way that Python knows: that halts the kernel, and the host goes on.
Observers run on the same stack, below the core and its devices: what fails there (standard output
is closed, the disk is full) is the host's trouble, as is a Ctrl+C.  The traceback tells which.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Iterator
from enum import Enum
from types import FrameType, TracebackType

from kerneltui.machine.meter import DriverMistakeError

OWN_MODULES = "kerneltui.kernel.own."
"""How the names of modules begin that hold a person's own driver: it is a part of the kernel."""
_PACKAGE = __name__.partition(".")[0]
MACHINE = tuple(f"{_PACKAGE}.{part}." for part in ("machine", "hw", "devices"))
ENTRIES = frozenset(("_main", "_take", "_enter", "_start_at"))
"""The core's functions that call kernel code: from reset, at exceptions, and on a core's start."""
_RAISE = dis.opmap["RAISE_VARARGS"]


class Side(Enum):
    """Whose code a frame executes."""

    MACHINE = "machine"
    KERNEL = "kernel"
    HOST = "host"


def is_the_hosts(error: BaseException, observer: object) -> bool:
    """Whether ``error``, caught by the core, is none of the kernel's.

    What the machine raises because of what the kernel asked for is the kernel's.
    """
    sides = [side for _, side in _walk(error.__traceback__, observer)]
    if isinstance(error, RecursionError):
        # Whoever happens to be called last fails; whoever called most is to blame.
        return sides.count(Side.HOST) * 2 > len(sides)
    return Side.HOST in sides[-1:] or _is_interrupt(error)


def told(error: BaseException, observer: object) -> str:
    """A kernel's error in one line: what, and the kernel's innermost function and line.

    Where a driver of a person's own was on the way, it is its file and line: the kernel may have
    failed by what it was given there.
    """
    where, owns = "nowhere", None
    for trace, side in _walk(error.__traceback__, observer):
        if side is Side.KERNEL:
            where = f"{trace.tb_frame.f_code.co_qualname}, line {trace.tb_lineno}"
            if is_of_own(trace.tb_frame):
                owns = trace
    return f"{_what(error)} ({where})" if owns is None else told_of_own(error, owns)


def told_of_own(error: BaseException, at: TracebackType) -> str:
    """An error that came of a driver of a person's own: its file, the line and what is wrong."""
    code = at.tb_frame.f_code
    if isinstance(error, DriverMistakeError):
        what = str(error)
    elif isinstance(error, SystemExit):
        what = "SystemExit: it would end the program; here it halts the kernel"
    else:
        what = _what(error)
        if isinstance(error, TypeError) and "ellipsis" in what:
            what += "; a value is still to be looked up, where ... stands in its place"
    return f"{code.co_filename}, line {at.tb_lineno}: {what} (in {code.co_qualname})"


def told_outside(error: BaseException) -> str:
    """An error outside the machine, if it came of a driver of a person's own; else empty."""
    owns, trace = None, error.__traceback__
    while trace is not None:
        if is_of_own(trace.tb_frame):
            owns = trace
        trace = trace.tb_next
    return "" if owns is None else told_of_own(error, owns)


def is_of_own(frame: FrameType) -> bool:
    """Whether a frame is of a driver of a person's own."""
    return str(frame.f_globals.get("__name__", "")).startswith(OWN_MODULES)


def _what(error: BaseException) -> str:
    """The kind of error, and its words in one line."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # the kernel's own class of errors may be wrong too
        text = ""
    return f"{type(error).__name__}{': ' * bool(text)}{text}"


def _walk(trace: TracebackType | None, observer: object) -> Iterator[tuple[TracebackType, Side]]:
    """The calls that led to an error, outermost first, and the side of each."""
    side, caller = Side.MACHINE, ""
    while trace is not None:
        side = _side(trace.tb_frame, caller, side, observer)
        yield trace, side
        caller = trace.tb_frame.f_code.co_name
        trace = trace.tb_next


def _side(frame: FrameType, caller: str, before: Side, observer: object) -> Side:
    """The side of a frame that ``caller``, on the side ``before``, has called."""
    if before is Side.HOST:
        return Side.HOST
    module = str(frame.f_globals.get("__name__", ""))
    if module.startswith(MACHINE):
        return Side.MACHINE
    if before is Side.KERNEL:
        return Side.KERNEL
    names = frame.f_code.co_varnames
    if observer is not None and names and frame.f_locals.get(names[0]) is observer:
        return Side.HOST
    if caller in ENTRIES:
        return Side.KERNEL
    # A device may use Python's library.
    is_library = module.partition(".")[0] in sys.stdlib_module_names
    return Side.MACHINE if is_library else Side.HOST


def _is_interrupt(error: BaseException) -> bool:
    """Whether it is a Ctrl+C: that comes between instructions, and never at a ``raise``."""
    if not isinstance(error, KeyboardInterrupt):
        return False
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is None or trace.tb_frame.f_code.co_code[trace.tb_lasti] != _RAISE
