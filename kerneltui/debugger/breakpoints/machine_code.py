"""Breakpoints in an image of machine code: at a symbol, a source line, an address.

The engine stops there by itself, so they cost nothing elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from kerneltui.debugger.breakpoints.trigger import Trigger
from kerneltui.debugger.references import CodeReference
from kerneltui.errors import suggestion
from kerneltui.machine.core import Core
from kerneltui.machine.machine import Machine


def addresses_of(machine: Machine, text: str) -> frozenset[int]:
    """Where ``main``, ``timer.c:31`` or ``0x80100`` is in the machine's image.

    Raises ValueError, in words.
    """
    symbols = machine.program.symbols
    if text[:2].lower() == "0x":
        try:
            address = int(text, 16)
        except ValueError:
            raise ValueError(f"'{text}' is no address; write 0x80100") from None
        if address % 4:
            raise ValueError(f"{text} is no multiple of 4: no instruction is there")
        return frozenset((address,))
    file, colon, line = text.rpartition(":")
    if colon and line.isdecimal():
        found = symbols.addresses_of_line(file, int(line))
        if found:
            return frozenset(found)
        if not symbols.lines:
            raise ValueError("the image has no line numbers: it needs an ELF file made with -g")
        files = symbols.files
        if not any(f"/{name}".endswith(f"/{file}") for name in files):
            names = [name.rpartition("/")[2] for name in files]
            raise ValueError(f"the image has no source file '{file}'{suggestion(file, names)}")
        raise ValueError(f"no code comes from line {line} of {file}")
    if text in symbols.by_name:
        return frozenset(symbols.where(symbols.by_name[text]))
    if not symbols.by_name:
        raise ValueError(
            "the image has no symbols: put its .elf beside it, or write an address such as 0x80100"
        )
    raise ValueError(f"the image has no symbol '{text}'{suggestion(text, symbols.by_name)}")


class AddressTrigger(Trigger):
    """A core is about to execute the instruction at one of some addresses."""

    def __init__(self, machine: Machine, text: str) -> None:
        """Raises ValueError for what is not in the image."""
        super().__init__(machine)
        self._text = text
        self.addresses = addresses_of(machine, text)
        """before the instructions there it halts"""

    @contextmanager
    def listening(self) -> Iterator[None]:
        """See :class:`Trigger`."""
        with ExitStack() as stack:
            for core in self._cores():
                for address in self.addresses:
                    core.add_breakpoint(address, self._comes)
                    stack.callback(core.remove_breakpoint, address, self._comes)
            yield

    def _cores(self) -> list[Any]:
        return [*self.machine.cores]

    def begin(self) -> None:
        """See :class:`Trigger`."""
        for core in self._cores():
            core.pass_breakpoint()

    def marks(self) -> Iterator[CodeReference]:
        """Each instruction, and its source line."""
        symbols = self.machine.program.symbols
        for address in self.addresses:
            yield CodeReference(symbols.name_at(address), "", 0, address)
            row = symbols.line_at(address)
            if row is not None:
                yield CodeReference("", row.file.rpartition("/")[2], row.line)

    def _comes(self, core: Core) -> None:
        frames = core.frames()
        place = frames[0] if frames else None
        if place is not None and place.line and ":" in self._text:
            self.reference = CodeReference(place.function, place.file, place.line)
        else:
            self.reference = CodeReference("", "", 0, self._cores()[core.index].engine.pc)
        self.tell(f"core {core.index} came to {self._text}", core.index, place=place)
