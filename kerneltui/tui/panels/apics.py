"""The interrupt controllers of a PC: local APIC, I/O APICs, 8259s."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from kerneltui.debugger.references import (
    CoreReference,
    InterruptReference,
    LineReference,
    VectorReference,
)
from kerneltui.debugger.views import MachineView
from kerneltui.devices.x86.i8259_view import PicView
from kerneltui.devices.x86.io_apic_view import IoApicView, RedirectionView
from kerneltui.devices.x86.local_apic_view import LocalApicView
from kerneltui.tui import signs
from kerneltui.tui.panels.base import Panel, mark
from kerneltui.tui.panels.fitting import fitted, flow, table
from kerneltui.tui.panels.kinds import APICS
from kerneltui.tui.widgets.lines import Line, Piece, plain

HEADS = (">gsi", "vec", "mode   ", "to    ", "active", "trigger", "M R L", "wire")
CLASSES, VECTORS_OF_CLASS = 16, 16
SHORT_MODES = {"lowest priority": "lowest"}


class ApicsPanel(Panel):
    """What each controller holds and where it sends it."""

    KIND = APICS
    HAS_MORE_ZOOMED = True
    PARTS = frozenset({"local_apics", "io_apics", "pics", "cpu"})

    @fitted
    def content(self, view: MachineView, width: int) -> list[Line]:
        """Local APIC, I/O APICs, 8259s."""
        lines: list[Line] = []
        for apic in view.local_apics:
            if apic.core == view.cpu.index:
                lines += local_apic_lines(apic, width, full=self.zoomed)
        for chip in view.io_apics:
            lines += io_apic_lines(chip, width, full=self.zoomed)
        lines += pic_lines(view.pics)
        return lines or [plain("This board has no APICs.", "dim")]

    def caption(self, view: MachineView) -> str:
        """What waits in the local APIC on show."""
        apic = next((item for item in view.local_apics if item.core == view.cpu.index), None)
        if apic is None:
            return ""
        requested, serving = apic.irr.bit_count(), apic.isr.bit_count()
        return f"core {apic.core}: {requested} requested, {serving} in service"


# -- local APIC ------------------------------------------------------------------------------------


def local_apic_lines(apic: LocalApicView, width: int, *, full: bool) -> Iterator[Line]:
    """State, timer, local vector table, maps."""
    state = "enabled" if apic.enabled else "disabled by software: takes only NMI, INIT, SMI, ExtINT"
    if not apic.is_on:
        state = "off: LINT0 is INTR, LINT1 is NMI"
    core = CoreReference(apic.core)
    yield from flow([
        (f"{signs.HEADING} Local APIC of core {apic.core}", "head", core),
        (f"  ID {apic.ident}  ", "dim", core),
        (state, "text" if apic.enabled and apic.is_on else "alert", core),
    ], width)  # fmt: skip
    errors = ", ".join(apic.errors)
    yield from flow([
        (f" TPR {apic.tpr:#04x}  PPR {apic.ppr:#04x}", "strong", core),
        (f"  classes above {apic.ppr >> 4:#x} interrupt", "dim", core),
        (f"  ESR {errors}" if errors else "", "alert", core),
    ], width)  # fmt: skip
    yield from _timer(apic, width)
    yield from _lvt(apic, width, full=full)
    yield from _maps(apic, full=full)


def _timer(apic: LocalApicView, width: int) -> Iterator[Line]:
    if apic.timer_mode == "TSC-deadline":
        told = f"deadline {apic.timer_deadline}" if apic.timer_deadline else "disarmed"
    else:
        told = f"{apic.timer_current} of {apic.timer_initial}, clock / {apic.timer_divide}"
    core = CoreReference(apic.core)
    yield from flow([(f" timer {apic.timer_mode}  ", "text", core), (told, "strong", core)], width)


def _lvt(apic: LocalApicView, width: int, *, full: bool) -> Iterator[Line]:
    """As many entries in a row as fit; masked ones are M, as in the redirection tables."""
    row: list[Piece] = [(" LVT  ", "dim")]
    used = 6
    for item in apic.lvt:
        if item.masked and not full and not item.vector:
            continue
        target = f"{item.vector:#04x}" if item.mode == "fixed" else item.mode
        piece = f"{item.name} {target}{' M' if item.masked else ''}   "
        if used > 6 and used + len(piece) - 3 > width:
            yield tuple(row)
            row, used = [("      ", "dim")], 6
        thing = VectorReference(apic.core, item.vector) if item.mode == "fixed" else None
        row.append((piece, "dim" if item.masked else "strong", thing))
        used += len(piece)
    if used == 6:
        row.append(("all masked", "dim"))
    yield tuple(row)


def _maps(apic: LocalApicView, *, full: bool) -> Iterator[Line]:
    """Three maps side by side: a row is a priority class, the highest on top."""
    maps = (("R", apic.irr), ("S", apic.isr), ("T", apic.tmr))
    shown = [
        number
        for number in reversed(range(CLASSES))
        if full or any(_of_class(bits, number) for _, bits in maps)
    ]
    if not shown:
        yield plain(" No vector is requested or in service.", "dim")
        return
    yield plain(f"    {'IRR requested':<16} {'ISR in service':<16} TMR level", "dim")
    columns = "0123456789abcdef"
    yield plain(f"    {columns} {columns} {columns}", "dim")
    for number in shown:
        held = number <= apic.ppr >> 4
        look = "strong" if any(_of_class(bits, number) for _, bits in maps) else "dim"
        row: list[Piece] = [
            (f"{number:x}0{signs.HELD_BACK if held else ' '} ", "alert" if held else "dim")
        ]
        for letter, bits in maps:
            row += [(" ", look)] if len(row) > 1 else []
            row += _map_row(letter, _of_class(bits, number), look, apic.core, number)
        yield tuple(row)


def _of_class(bits: int, number: int) -> int:
    return bits >> VECTORS_OF_CLASS * number & (1 << VECTORS_OF_CLASS) - 1


def _map_row(letter: str, bits: int, look: str, core: int, number: int) -> Iterator[Piece]:
    """A cell for each vector of a class; those that are set can be pointed at."""
    for is_set, places in groupby(range(VECTORS_OF_CLASS), key=lambda place: bits >> place & 1):
        if not is_set:
            yield signs.BIT_CLEAR * len(list(places)), look
            continue
        for place in places:
            yield letter, look, VectorReference(core, number * VECTORS_OF_CLASS + place)


# -- I/O APICs -------------------------------------------------------------------------------------


def io_apic_lines(chip: IoApicView, width: int, *, full: bool) -> Iterator[Line]:
    """The entries that say something, or all."""
    used = [item for item in chip.entries if not item.at_reset]
    last = chip.gsi_base + len(chip.entries) - 1
    told = f"ID {chip.ident}  GSI {chip.gsi_base}-{last}  {len(used)} entries in use"
    yield from flow(
        [(f"{signs.HEADING} I/O APIC {chip.name}", "head"), (f"  {told}", "dim")], width
    )
    shown = chip.entries if full else [item for item in chip.entries if _says(item)]
    if shown:
        head, *rows = table(HEADS, map(_cells, shown), gap=" ")
        yield plain(f" {head}", "dim")
        for item, row in zip(shown, rows, strict=True):
            look = "dim" if item.masked else "text"
            stuck = not item.masked and (item.remote_irr or item.line)
            yield _redirection(chip, item, f" {row}", "strong" if stuck else look)


def _redirection(chip: IoApicView, item: RedirectionView, row: str, look: str) -> Line:
    """The entry is an interrupt's; one wire that leads to its pin can be pointed at too."""
    thing = InterruptReference(chip.name, "gsi", item.gsi)
    if not item.source or ", " in item.source or not row.endswith(item.source):
        return plain(row, look, thing)
    entry = row.removesuffix(item.source)
    return (entry, look, thing), (item.source, look, LineReference(item.source))


def _says(item: RedirectionView) -> bool:
    return not item.at_reset or item.line


def _cells(item: RedirectionView) -> tuple[str, ...]:
    """One entry; M masked, R remote IRR, L line."""
    flags = ((item.masked, "M"), (item.remote_irr, "R"), (item.line, "L"))
    return (
        str(item.gsi),
        f"{item.vector:#04x}",
        SHORT_MODES.get(item.mode, item.mode),
        f"{'set' if item.logical else 'ID'} {item.destination:#04x}",
        "low" if item.active_low else "high",
        "level" if item.level else "edge",
        " ".join(mark(flag, letter) for flag, letter in flags),
        item.source or "-",
    )


# -- 8259s -----------------------------------------------------------------------------------------


def pic_lines(pics: tuple[PicView, ...]) -> Iterator[Line]:
    """Their registers, IR0 on the left."""
    if not pics:
        return
    yield plain(f"{signs.HEADING} 8259 pair", "head")
    yield plain("        IRR      IMR      ISR      ELCR     vectors", "dim")
    for chip in pics:
        maps = ((chip.irr, "R"), (chip.imr, "M"), (chip.isr, "S"), (chip.level, "L"))
        rows = [
            "".join(letter if bits >> n & 1 else signs.BIT_CLEAR for n in range(8))
            for bits, letter in maps
        ]
        look = "dim" if chip.imr == 0xFF else "strong"
        yield (
            (f" {chip.name:<6} ", "text"), (" ".join(rows), look),
            (f" {chip.base:#04x}-{chip.base + 7:#04x}", "dim"),
        )  # fmt: skip
