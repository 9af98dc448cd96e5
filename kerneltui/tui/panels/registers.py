"""Registers, decoded bit by bit."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from kerneltui.debugger.numbering import interrupts_label
from kerneltui.debugger.views import MachineView
from kerneltui.debugger.views.registers import BlockView, FieldView, RegisterView
from kerneltui.tui.panels.base import Panel, fit
from kerneltui.tui.panels.fitting import fitted
from kerneltui.tui.widgets.line_view import Line, plain

NARROWEST_NAME, WIDEST_NAME = 6, 29
ACCESSES = {"read": "→ read", "wrote": "← wrote"}
Piece = tuple[str, str]


class RegistersPanel(Panel):
    """The registers that have something to say, or all that match the filter."""

    KEY = "1"
    TITLE = "Registers"
    SHORT = "Regs"
    PARTS = frozenset({"blocks"})
    ABOUT = (
        "The board's controllers, timers and UART, decoded. A star marks a value changed since "
        "the last stop; what an instruction read or wrote stands below the value that the register "
        "has now. Registers that hold their reset value are left out; the filter (/) searches all "
        "of them."
    )

    def __init__(self, number: int, **options: Any) -> None:
        super().__init__(number, **options)
        self.filter = ""
        self._counts = (0, 0)

    def set_filter(self, text: str) -> None:
        """Show the registers whose name, device or fields contain ``text``."""
        self.filter = text
        self.scroll_to(y=0, animate=False)
        self.update()

    @fitted
    def content(self, view: MachineView, width: int) -> list[Line]:
        """A heading for each block that shows registers, then its registers."""
        lines: list[Line] = []
        shown = total = 0
        words = self.filter.lower().split()
        for block in view.blocks:
            chosen = _matching(block, words) if words else telling(block)
            total += len(block.registers)
            shown += len(chosen)
            if not chosen:
                continue
            place = block.base is not None
            where = f"  {block.device} {block.place}"
            lines.append((("▪ ", "head"), (block.title, "head"), (where, "dim")))
            longest = max(len(item.name) for item in chosen)
            name_width = min(max(longest, NARROWEST_NAME), WIDEST_NAME)
            for item, alike in collapse(chosen):
                full = bool(words) or self.alone or item.changed
                lines.extend(register_lines(item, name_width, width, alike, full=full, place=place))
        self._counts = (shown, total)
        if not lines:
            lines.append(plain(f"No register matches '{self.filter}'.", "dim"))
        return lines

    def caption(self, view: MachineView) -> str:
        """How many of all are shown."""
        shown, total = self._counts
        wanted = f"/{self.filter}  " if self.filter else ""
        return f"{wanted}{shown} of {total}"


def telling(block: BlockView) -> list[RegisterView]:
    """Those that were accessed or are not at reset; of two that say the same only the first."""
    found = [item for item in block.registers if not item.at_reset]
    values = {item.name: item.value for item in found}
    return [
        item
        for item in found
        if item.access or not item.alias_of or values.get(item.alias_of) != item.value
    ]


def _matching(block: BlockView, words: list[str]) -> list[RegisterView]:
    def matches(register: RegisterView) -> bool:
        fields = " ".join(field.name for field in (*register.fields, *register.access_fields))
        text = f"{register.name} {block.device} {block.title} {fields}".lower()
        return all(word in text for word in words)

    return [item for item in block.registers if matches(item)]


def collapse(registers: list[RegisterView]) -> Iterator[tuple[RegisterView, int]]:
    """Runs of array elements that hold the same and were left alone: the first, and how many."""

    def sameness(item: RegisterView) -> object:
        if item.changed or item.access:
            return item.address
        return item.name.rstrip("0123456789"), item.value

    for _, run in groupby(registers, key=sameness):
        items = list(run)
        yield items[0], len(items)


def register_lines(
    register: RegisterView,
    name_width: int,
    width: int,
    alike: int = 1,
    *,
    full: bool = True,
    place: bool = True,
) -> Iterator[Line]:
    """The value now, below it what an instruction read or wrote; each goes on where it has to.

    ``alike`` counts the run that it stands for; without ``full`` fields that are 0 are only
    counted; ``place`` shows the offset.
    """
    marker = "*" if register.changed else " "
    style = "changed" if register.changed else "strong" if register.access else "text"
    offset = f" {register.address & 0xFFF:03x} " if place else "  "
    head = ((marker, "changed"), (fit(register.name, name_width), style), (offset, "dim"))
    pieces = _fields(register.fields, full=full)
    if alike > 1:
        pieces.insert(0, (f"and {alike - 1} more alike:", "dim"))
    if not register.fields:
        pieces.append(("only written", "dim"))
    yield from _folded(head, (_digits(register, register.value), style), pieces, width)
    if register.access:
        indent = 1 + name_width + len(offset)
        label = ((f"{ACCESSES[register.access]:>{indent - 1}} ", "strong"),)
        moved = (_digits(register, register.access_value), "strong")
        yield from _folded(label, moved, _fields(register.access_fields, full=full), width)


def _digits(register: RegisterView, value: int) -> str:
    digits = 8 if register.width <= 32 else 16 if value >> 32 else 8
    return f"{value:0{digits}x}"


def _folded(
    head: tuple[Piece, ...], number: Piece, pieces: list[Piece], width: int
) -> Iterator[Line]:
    """Fields behind the number, as many as fit; the others below it."""
    if not pieces:
        yield (*head, number)
        return
    left: tuple[Piece, ...] = (*head, number, (" ", "text"))
    indent = sum(len(text) for text, _ in head)
    used = indent + len(number[0]) + 1
    row: list[Piece] = []
    for text, look in pieces:
        if row and used + len(text) > width:
            yield (*left, *row[:-1])
            left, row, used = ((" " * indent, "text"),), [], indent
        row += [(text, look), (" ", "text")]
        used += len(text) + 1
    yield (*left, *row[:-1])


def _fields(fields: tuple[FieldView, ...], *, full: bool) -> list[Piece]:
    shown = [field for field in fields if full or field.value or len(fields) == 1]
    pieces = [(field_text(field), "text" if field.value else "dim") for field in shown]
    zeros = len(fields) - len(shown)
    if zeros:
        pieces.append((f"+{zeros} zero" if shown else "all fields are 0", "dim"))
    return pieces


def field_text(field: FieldView) -> str:
    """``ENABLE=1``, ``INTERRUPT_ID=1023(spurious)``, ``BASE=0xfee00000``, ``PPI: irq 30``."""
    if field.first_irq is not None:
        return f"{field.name}: {interrupts_label(field.numbering, field.value, field.first_irq)}"
    meaning = f"({field.meaning})" if field.meaning else ""
    value = f"{field.value}" if field.hex_shift is None else f"{field.value << field.hex_shift:#x}"
    return f"{field.name}={value}{meaning}"
