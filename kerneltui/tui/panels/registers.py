"""Registers, decoded bit by bit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from msgspec import structs

from kerneltui.debugger.references import FieldReference, Reference, RegisterReference
from kerneltui.debugger.views import MachineView
from kerneltui.debugger.views.registers import BlockView, FieldView, RegisterView, digits
from kerneltui.tui import signs
from kerneltui.tui.panels.base import Panel
from kerneltui.tui.panels.fitting import fitted, shortened_piece
from kerneltui.tui.panels.kinds import REGISTERS
from kerneltui.tui.widgets.lines import Line, Piece, about, plain

NARROWEST_NAME, WIDEST_NAME = 6, 29
ACCESSES = {"read": f"{signs.READ} read", "wrote": f"{signs.WROTE} wrote"}
Settings = tuple[int, int, int, bool, bool]
Block = tuple[str, str]
"""A device, and the name of one of its register tables."""
PINNED = f"{signs.PINNED} Pinned"
ALL_BY = "z shows those at reset too"
NO_NAMES: frozenset[str] = frozenset()


class RegistersPanel(Panel):
    """The registers that have something to say, or all that match the filter."""

    KIND = REGISTERS
    HAS_MORE_ZOOMED = True
    PARTS = frozenset({"blocks", "deciding"})

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.filter = ""
        self.revealed: RegisterReference | None = None
        """shown whatever it holds: somebody wanted to see it"""
        self.pinned: list[RegisterReference] = []
        """at the top, in this order, whatever else shows"""
        self._leading_block: Block | None = None
        """what comes next below those; None: all blocks in their own order"""
        self._counts = (0, 0)
        self._known: dict[tuple[str, ...], tuple[RegisterView, Settings, tuple[Line, ...]]] = {}
        """of each register its view, how it was to be shown, and the lines: most stay the same"""

    def set_filter(self, text: str) -> None:
        """Show the registers whose name, device or fields contain ``text``."""
        self.filter = text
        self.scroll_to(y=0, animate=False)
        self.outdate()

    def show_from(self, reference: Reference | None, culprit: Reference | None) -> None:
        """Scroll so that a register is in sight, with its block at the top if there is room.

        ``culprit`` is shown whatever it holds.
        """
        wanted = culprit.register if isinstance(culprit, FieldReference) else culprit
        if wanted != self.revealed and isinstance(wanted, RegisterReference | None):
            self.revealed = wanted
            self.outdate()
        if isinstance(reference, FieldReference):
            reference = reference.register
        top = 0
        if isinstance(reference, RegisterReference):
            if self.pinned:  # these stay at the top: the block comes to them
                self.lead((reference.owner, reference.block))
            else:
                top = self._top_for(reference)
        if self.scroll_offset.y != top:
            self.scroll_to(y=top, animate=False, immediate=True)

    def _top_for(self, wanted: RegisterReference) -> int:
        """The row of its block's heading; where it would be out of sight below that, its own."""
        heading: int | None = None
        for row, line in enumerate(self.lines):
            found = {thing for thing in map(about, line) if isinstance(thing, RegisterReference)}
            if heading is None and any(
                (thing.owner, thing.block) == (wanted.owner, wanted.block) for thing in found
            ):
                heading = max(row - 1, 0)
            if wanted in found and heading is not None:
                return heading if row < heading + self.size.height else row
        return heading or 0

    def set_signs(self, signs: Mapping[Any, bool]) -> None:
        """A register with a breakpoint shows whatever it holds."""
        is_other = signs.keys() != self._signs.keys()
        super().set_signs(signs)
        if is_other:
            self.outdate()

    def lead(self, block: Block | None) -> None:
        """Show a block before all others, or each in its place again."""
        if block != self._leading_block:
            self._leading_block = block
            self.outdate()

    def toggle_pin(self, register: RegisterReference) -> bool:
        """Keep a register at the top, or no more; answers whether it is there now."""
        if register in self.pinned:
            self.pinned.remove(register)
        else:
            self.pinned.append(register)
        if not self.pinned:
            self._leading_block = None
        self.outdate()
        return register in self.pinned

    def reveal(self, reference: Reference) -> None:
        """A register, or that of a field; a filter that hides it is dropped."""
        if isinstance(reference, FieldReference):
            reference = reference.register
        if not isinstance(reference, RegisterReference):
            return
        self.revealed = reference
        words = self.filter.lower().split()
        if words and self._view is not None:
            blocks = [item for item in self._view.blocks if _holds(item, reference)]
            matching = {item.name for block in blocks for item in _matching(block, words)}
            if reference.name not in matching:
                self.filter = ""
        self.outdate()

    def forget(self) -> None:
        """The register of another board is of no interest."""
        super().forget()
        self.revealed = None
        self.pinned.clear()
        self._leading_block = None
        self._known.clear()

    @fitted
    def content(self, view: MachineView, width: int) -> list[Line]:
        """A heading for each block that shows registers, then its registers."""
        lines = self._pinned_lines(view, width)
        shown, total = len(self.pinned), 0
        words, pinned_match = self.filter.lower().split(), False
        for block in sorted(
            view.blocks, key=lambda item: (item.device, item.name) != self._leading_block
        ):
            deciding = frozenset(item.name for item in view.deciding if _holds(block, item))
            if words:
                chosen = _matching(block, words)
            elif self.zoomed:
                chosen = list(block.registers)
            else:
                chosen = telling(block, self._wanted_of(block) | deciding)
            if self.pinned:
                others = [item for item in chosen if _reference(block, item) not in self.pinned]
                pinned_match = pinned_match or len(others) < len(chosen)
                chosen = others
            total += len(block.registers)
            shown += len(chosen)
            if not chosen:
                continue
            place = block.base is not None
            where = f"  {block.device} {block.place}"
            lines.append(((f"{signs.HEADING} ", "head"), (block.title, "head"), (where, "dim")))
            longest = max(len(item.name) for item in chosen)
            name_width = min(max(longest, NARROWEST_NAME), WIDEST_NAME)
            revealed = self._revealed_in(block)
            for item, alike in collapse(chosen, deciding | {revealed}):
                full = bool(words) or self.alone or item.changed or item.name == revealed
                name = (block.device, block.name, item.name)
                settings = (name_width, width, alike, full, place)
                known = self._known.get(name)
                if known is None or known[0] is not item or known[1] != settings:
                    thing = RegisterReference(*name)
                    made = register_lines(
                        item, name_width, width, alike, thing=thing, full=full, place=place
                    )
                    known = self._known[name] = item, settings, tuple(made)
                lines += known[2]
        self._counts = (shown, total)
        if shown == len(self.pinned):
            other = "other " if pinned_match else ""
            lines.append(plain(f"No {other}register matches '{self.filter}'.", "dim"))
        return lines

    def _pinned_lines(self, view: MachineView, width: int) -> list[Line]:
        """With the device in front, where several have a register of that name."""
        if not self.pinned:
            return []
        found = {_reference(block, item): (block, item)
                 for block in view.blocks for item in block.registers}  # fmt: skip
        names = [reference.name for reference in found]
        pins = [reference for reference in self.pinned if reference in found]
        labels = [item.name if names.count(item.name) == 1 else f"{item.owner}/{item.name}"
                  for item in pins]  # fmt: skip
        longest = max((len(label) for label in labels), default=0)
        name_width = min(max(longest, NARROWEST_NAME), WIDEST_NAME)
        lines: list[Line] = [((PINNED, "head"), ("  P takes off", "dim"))]
        for reference, label in zip(pins, labels, strict=True):
            block, register = found[reference]
            lines += register_lines(
                structs.replace(register, name=label), name_width, width,
                thing=reference, place=block.base is not None,
            )  # fmt: skip
        return lines

    def _revealed_in(self, block: BlockView) -> str:
        found = self.revealed
        return found.name if found is not None and _holds(block, found) else ""

    def _wanted_of(self, block: BlockView) -> frozenset[str]:
        """Those of a block that show whatever they hold.

        The one that is revealed, the one under the cursor, and those with breakpoints.
        """
        things = (self.revealed, self.cursor.held, *self._signs)
        registers = (
            thing.register if isinstance(thing, FieldReference) else thing for thing in things
        )
        return frozenset(
            item.name
            for item in registers
            if isinstance(item, RegisterReference) and _holds(block, item)
        )

    def caption(self, view: MachineView) -> str:
        """How many registers of all are shown, and how to see the others."""
        shown, total = self._counts
        if self.filter:
            return f"/{self.filter}  {shown} of {total} registers match"
        if shown == total:
            return f"all {total} registers"
        return f"{shown} of {total} registers; {ALL_BY}"


def _reference(block: BlockView, register: RegisterView) -> RegisterReference:
    return RegisterReference(block.device, block.name, register.name)


def _holds(block: BlockView, register: RegisterReference) -> bool:
    return (block.device, block.name) == (register.owner, register.block)


def telling(block: BlockView, wanted: frozenset[str] = NO_NAMES) -> list[RegisterView]:
    """Those that were accessed or are not at reset; of two that say the same only the first.

    Those that are ``wanted`` are among them in any case.
    """
    found = [item for item in block.registers if not item.at_reset or item.name in wanted]
    values = {item.name: item.value for item in found}
    return [
        item
        for item in found
        if item.access
        or item.name in wanted
        or not item.alias_of
        or values.get(item.alias_of) != item.value
    ]


def _matching(block: BlockView, words: list[str]) -> list[RegisterView]:
    def matches(register: RegisterView) -> bool:
        fields = " ".join(field.name for field in (*register.fields, *register.access_fields))
        text = f"{register.name} {block.device} {block.title} {fields}".lower()
        return all(word in text for word in words)

    return [item for item in block.registers if matches(item)]


def collapse(
    registers: list[RegisterView], apart: frozenset[str] = NO_NAMES
) -> Iterator[tuple[RegisterView, int]]:
    """Runs of array elements that hold the same and were left alone: the first, and how many.

    Those of the names ``apart`` stand in a row of their own.
    """

    def sameness(item: RegisterView) -> object:
        if item.changed or item.access or item.name in apart:
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
    thing: RegisterReference | None = None,
    full: bool = True,
    place: bool = True,
) -> Iterator[Line]:
    """The value now, below it what an instruction read or wrote; each goes on where it has to.

    ``alike`` counts the run that it stands for; without ``full`` fields that are 0 are only
    counted; ``place`` shows the offset; ``thing`` names the register.
    """
    marker = signs.CHANGED if register.changed else " "
    style = "changed" if register.changed else "strong" if register.access else "text"
    offset = f" {register.address & 0xFFF:03x} " if place else "  "
    name = shortened_piece(register.name, name_width, style, thing)
    head = ((marker, "changed", thing), name, (offset, "dim", thing))
    pieces = _fields(register.fields, thing, full=full)
    if alike > 1:
        pieces.insert(0, (f"and {alike - 1} more alike:", "dim"))
    if not register.fields:
        pieces.append(("only written", "dim"))
    yield from _folded(head, (digits(register.width, register.value), style, thing), pieces, width)
    if register.access:
        indent = 1 + name_width + len(offset)
        label = ((f"{ACCESSES[register.access]:>{indent - 1}} ", "strong", thing),)
        moved = (digits(register.width, register.access_value), "strong", thing)
        fields = _fields(register.access_fields, thing, full=full)
        yield from _folded(label, moved, fields, width)


def _folded(
    head: tuple[Piece, ...], number: Piece, pieces: list[Piece], width: int
) -> Iterator[Line]:
    """Fields behind the number, as many as fit; the others below it."""
    if not pieces:
        yield (*head, number)
        return
    left: tuple[Piece, ...] = (*head, number, (" ", "text"))
    indent = sum(len(piece[0]) for piece in head)
    used = indent + len(number[0]) + 1
    row: list[Piece] = []
    for piece in pieces:
        text = piece[0]
        if row and used + len(text) > width:
            yield (*left, *row[:-1])
            left, row, used = ((" " * indent, "text"),), [], indent
        row += [piece, (" ", "text")]
        used += len(text) + 1
    yield (*left, *row[:-1])


def _fields(
    fields: tuple[FieldView, ...], register: RegisterReference | None, *, full: bool
) -> list[Piece]:
    shown = [field for field in fields if full or field.value or len(fields) == 1]
    pieces: list[Piece] = []
    for field in shown:
        thing = None if register is None else FieldReference(register, field.name)
        pieces.append((field_text(field), "text" if field.value else "dim", thing))
    zeros = len(fields) - len(shown)
    if zeros:
        pieces.append((f"{signs.ZEROS}{zeros} zero" if shown else "all fields are 0", "dim"))
    return pieces


def field_text(field: FieldView) -> str:
    """``ENABLE=1``, ``INTERRUPT_ID=1023(spurious)``, ``BASE=0xfee00000``, ``PPI: irq 30``."""
    return f"{field.name}{': ' if field.first_irq is not None else '='}{field.text}"
