"""Registers, decoded bit by bit."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from kerneltui.debugger.views import DeviceView, FieldView, MachineView, RegisterView
from kerneltui.tui.panels.base import Panel, fit
from kerneltui.tui.widgets.line_view import Line, plain

WIDEST_NAME = 25


class RegistersPanel(Panel):
    """The registers that have something to say, or all that match the filter."""

    TITLE = "Registers"
    ABOUT = (
        "The board's controllers, timers and UART, decoded. A star marks a value changed since "
        "the last stop; what an instruction read or wrote stands behind. Registers that hold their "
        "reset value are left out; the filter (/) searches all of them."
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

    def content(self, view: MachineView, width: int) -> list[Line]:
        """A heading for each device that shows registers, then its registers."""
        lines: list[Line] = []
        shown = total = 0
        words = self.filter.lower().split()
        for device in view.devices:
            chosen = [item for item in device.registers if _chosen(device, item, words)]
            total += len(device.registers)
            shown += len(chosen)
            if not chosen:
                continue
            lines.append((("▪ ", "head"), (device.title, "head"), (f"  {device.name}", "dim")))
            name_width = min(max(len(item.name) for item in chosen), WIDEST_NAME)
            for item, alike in collapse(chosen):
                lines.extend(register_lines(item, name_width, width, alike))
        self._counts = (shown, total)
        if not lines:
            lines.append(plain(f"No register matches '{self.filter}'.", "dim"))
        return lines

    def caption(self, view: MachineView) -> str:
        """How many of all are shown."""
        shown, total = self._counts
        wanted = f"/{self.filter}  " if self.filter else ""
        return f"{wanted}{shown} of {total}"


def _chosen(device: DeviceView, register: RegisterView, words: list[str]) -> bool:
    if not words:
        if register.is_alias and not register.access:
            return False
        return not register.at_reset
    fields = " ".join(field.name for field in register.fields)
    text = f"{register.name} {device.name} {device.title} {fields}".lower()
    return all(word in text for word in words)


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
    register: RegisterView, name_width: int, width: int, alike: int = 1
) -> Iterator[Line]:
    """One line, and more where the fields need them; ``alike`` counts the run it stands for."""
    marker = "*" if register.changed else " "
    style = "changed" if register.changed else "strong" if register.access else "text"
    digits = 8 if register.width <= 32 else 16 if register.value >> 32 else 8
    value = f"{register.value:0{digits}x}"
    head = (
        (marker, "changed"),
        (fit(register.name, name_width), style),
        (f" {register.address & 0xFFF:03x} ", "dim"),
        (value, style),
        (" ", "text"),
    )
    indent = name_width + 6
    room = max(width - name_width - len(value) - 7, 12)
    pieces: list[tuple[str, str]] = []
    if register.access:
        pieces.append(
            (
                f"←{register.access}" if "wrote" in register.access else f"→{register.access}",
                "strong",
            )
        )
    if alike > 1:
        pieces.append((f"and {alike - 1} more alike:", "dim"))
    pieces.extend(_fields(register))
    first = True
    row: list[tuple[str, str]] = []
    used = 0
    for text, look in pieces:
        if used and used + 1 + len(text) > room:
            yield (*head, *row) if first else ((" " * indent, "text"), *row)
            first, row, used, room = False, [], 0, max(width - indent - 1, 12)
        row += [(" ", "text"), (text, look)] if used else [(text, look)]
        used += len(text) + (1 if used else 0)
    yield (*head, *row) if first else ((" " * indent, "text"), *row)


def _fields(register: RegisterView) -> list[tuple[str, str]]:
    if len(register.fields) == 1:
        return [_only_field(register.fields[0])]
    return [
        (f"{field.name}={_value(field)}", "text" if field.value else "dim")
        for field in register.fields
    ]


def _value(field: FieldView) -> str:
    shown = str(field.value) if field.value < 10 else f"{field.value:#x}"
    return f"{shown}({field.meaning})" if field.meaning else shown


def _only_field(field: FieldView) -> tuple[str, str]:
    """A field that is the whole register: as a number, and as bits when it reads like a bitmap."""
    if field.meaning:
        return f"{field.name}={field.meaning}", "text"
    if field.width == 1:
        return f"{field.name}={field.value}", "text" if field.value else "dim"
    if field.width == 32 and field.value and field.name not in _NUMBERS:
        return f"bits {bits_text(field.value)}", "text"
    return f"= {field.value}", "dim"


_NUMBERS = {"CNT", "CMP", "ClockFreq", "ClockFrequency"}


def bits_text(value: int) -> str:
    """The set bits, runs as ranges: ``0-15,30``."""
    runs: list[str] = []
    bit = 0
    while value >> bit:
        if value >> bit & 1:
            start = bit
            while value >> (bit + 1) & 1:
                bit += 1
            runs.append(str(start) if start == bit else f"{start}-{bit}")
        bit += 1
    return ",".join(runs)
