"""The register reference in Markdown, written from the tables that the device models run on.

What a reader finds there is what the machine does: the same declarations serve the accesses.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterable, Sequence
from itertools import groupby, pairwise, takewhile
from typing import Any

import msgspec

from kerneltui.devices import MODELS, model
from kerneltui.hw.clock import Clock
from kerneltui.hw.device import Device
from kerneltui.hw.manual import cited
from kerneltui.hw.register import (
    BEHIND_WINDOW,
    MEMORY,
    MSRS,
    NON_SECURE,
    PORTS,
    SYSTEM_REGISTERS,
    Access,
    Field,
    Register,
    RegisterTable,
)
from kerneltui.machine.aarch64_registers import AARCH64
from kerneltui.machine.x86_registers import X86_64

_INTRODUCTION = """\
# Register reference

Every register that the emulated chips declare, as the device models know it. Made by
`kerneltui docs registers`.

Offsets and ports are from the base of the block, which a board file gives; an index is what the
window's select register takes. System registers stand under
their encoding, `S<op0>_<op1>_C<CRn>_C<CRm>_<op2>`, as MRS and MSR carry it. Reset is what core 0
of four reads right after power-on, with the default parameters; of an array, its first element.
Sections are those of the document that the block names, unless another one is named.

## Access kinds

What a load and a store do to a field; bits without a field are reserved."""

CORES = 4
_ADDRESS_TITLES = {
    MEMORY: "Offset", NON_SECURE: "Offset", PORTS: "Port", SYSTEM_REGISTERS: "Encoding",
    MSRS: "Number", BEHIND_WINDOW: "Index",
}  # fmt: skip
MOST_IN_HEADING = 3
BIT_PATTERN = 1 << 16
"""From here on a number that is not round is taken for an identification, not an amount."""

_CODE = re.compile(r"`([^`]*)`")


def register_reference(block: str = "") -> str:
    """The whole text, or that of one block; the same for the same tables, on every machine.

    Raises KeyError for a block that there is not.
    """
    return _Reference().block(block) if block else _Reference().text()


def block_names() -> list[str]:
    """Every block of registers: ``GICD``, ``SYSTEM_TIMER``."""
    return [table.name for compatible in MODELS for table in model(compatible).TABLES]


class _Reference:
    """Collects the text; headings are remembered, so that links point where GitHub puts them."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._headings: dict[str, int] = {}

    def text(self) -> str:
        """Introduction, contents, devices, core."""
        kinds = [(f"`{kind}`", _sentence(doc)) for kind, doc in _access_docs().items()]
        self._parts += [_INTRODUCTION, _table(("Kind", "Meaning"), kinds)]
        contents = len(self._parts)
        links = [self._device(compatible) for compatible in MODELS]
        links += [self._core(AARCH64), self._core(X86_64)]
        self._parts.insert(contents, "## Contents\n\n" + "\n".join(links))
        return "\n\n".join(self._parts) + "\n"

    def block(self, name: str) -> str:
        """One alone, from its heading on.  Raises KeyError."""
        for compatible in MODELS:
            found = model(compatible)
            for table in found.TABLES:
                if table.name == name:
                    self._heading(3, f"{table.name}: {table.title}")
                    self._block(table, _resets(found).get(name, {}))
                    return "\n\n".join(self._parts) + "\n"
        raise KeyError(name)

    def _heading(self, level: int, title: str) -> str:
        """Add a heading; the answer is its anchor."""
        self._parts.append(f"{'#' * level} {title}")
        anchor = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        number = self._headings.get(anchor, 0)
        self._headings[anchor] = number + 1
        return f"{anchor}-{number}" if number else anchor

    def _device(self, compatible: str) -> str:
        found = model(compatible)
        title = _common_title(found.TABLES)
        anchor = self._heading(2, title)
        self._parts.append(f"In board files: `compatible: {compatible}`")
        self._about(found.__module__)
        self._parts.append(_config(found.CONFIG))
        resets = _resets(found)
        for table in found.TABLES:
            whole = table.title == title
            self._heading(3, table.name if whole else f"{table.name}: {table.title}")
            self._block(table, resets.get(table.name, {}))
        return f"- [{title}](#{anchor}): `{compatible}`"

    def _core(self, table: RegisterTable) -> str:
        anchor = self._heading(2, table.title)
        self._about(table.module)
        self._heading(3, "Registers of the core")
        self._block(table, {})
        return f"- [{table.title}](#{anchor}): what every core answers itself"

    def _about(self, module: str) -> None:
        """A module's docstring, as far as it says what is modelled."""
        paragraphs = inspect.cleandoc(sys.modules[module].__doc__ or "").split("\n\n")
        last = max((n for n, text in enumerate(paragraphs) if "odelled:" in text), default=0)
        self._parts += [_prose(text) for text in paragraphs[: last + 1]]

    def _block(self, table: RegisterTable, resets: dict[str, int]) -> None:
        """``resets`` goes before what the table says: a device's parameters may have changed it."""
        self._parts.append(f"Document: {_prose(cited(table.ref, ''))}")
        place = len(self._parts)
        anchors: dict[str, str] = {}
        for fields, alike in groupby(table.registers, key=lambda register: register.fields):
            group = list(alike)
            if fields:
                anchor = self._heading(4, _group_name(group))
                anchors |= dict.fromkeys((register.stem for register in group), anchor)
                self._parts.append(_fields(fields))
        first = _ADDRESS_TITLES[table.space]
        head = (first, "Register", "Width", "Reset", "What", "Section")
        rows = [
            (
                f"`{_place(table, register)}`",
                _linked(range_name(register), anchors.get(register.stem)),
                str(register.width),
                f"`{resets.get(register.stem, register.reset):#x}`",
                _what(table, register),
                _cell(cited(register.ref, "")),
            )
            for register in table.registers
        ]
        self._parts.insert(place, _table(head, rows))


# -- registers ------------------------------------------------------------------------------------


def range_name(register: Register) -> str:
    """The datasheet's name; of an array with its range: ``GICD_ISENABLER1-15``."""
    if register.count == 1:
        return register.label(0)
    return register.name.replace("{n}", f"{register.first}-{register.first + register.count - 1}")


def encoding_name(encoding: int) -> str:
    """A system register's encoding, as assemblers write it."""
    op0, op1 = encoding >> 14 & 3, encoding >> 11 & 7
    return f"S{op0}_{op1}_C{encoding >> 7 & 15}_C{encoding >> 3 & 15}_{encoding & 7}"


def _group_name(group: list[Register]) -> str:
    """A heading for registers with the same fields, which stand side by side."""
    names = [range_name(register) for register in group]
    return ", ".join(names) if len(names) <= MOST_IN_HEADING else f"{names[0]} to {names[-1]}"


def _linked(name: str, anchor: str | None) -> str:
    return f"[{name}](#{anchor})" if anchor else name


def _place(table: RegisterTable, register: Register) -> str:
    offsets = [table.base + offset for _, offset in table.elements(register)]
    if table.space == SYSTEM_REGISTERS:
        return encoding_name(offsets[0])
    digits = max(3, len(f"{table.size - 1:x}"))
    ends = [offsets[0]] if len(offsets) == 1 else [offsets[0], offsets[-1]]
    return "-".join(f"0x{offset:0{digits}x}" for offset in ends)


def _what(table: RegisterTable, register: Register) -> str:
    sentences = [_sentence(register.doc)]
    if register.banked:
        sentences.append("One copy for each core.")
    if register.store_name != register.stem and register.store_name in table:
        sentences.append(f"The same state as {range_name(table[register.store_name])}.")
    return " ".join(sentence for sentence in sentences if sentence)


def _fields(fields: Iterable[Field]) -> str:
    rows = [
        (
            str(item.lsb) if item.width == 1 else f"{item.lsb + item.width - 1}:{item.lsb}",
            f"`{item.name}`",
            str(item.access),
            _meaning(item),
        )
        for item in sorted(fields, key=lambda item: -item.lsb)
    ]
    return _table(("Bits", "Field", "Access", "Meaning"), rows)


def _meaning(item: Field) -> str:
    values = "; ".join(
        f"{value if value < 10 else hex(value)} = {_cell(text)}" for value, text in item.values
    )
    return " ".join(text for text in (_sentence(item.doc), values) if text)


# -- devices --------------------------------------------------------------------------------------


def _common_title(tables: Sequence[RegisterTable]) -> str:
    """What the blocks of one chip are called together: ``GIC-400``."""
    titles = [table.title for table in tables]
    alike = takewhile(
        lambda words: len(set(words)) == 1, zip(*map(str.split, titles), strict=False)
    )
    return " ".join(words[0] for words in alike) or " and ".join(titles)


def _resets(cls: type[Device]) -> dict[str, dict[str, int]]:
    """Block -> register -> what it reads after reset; nothing when a parameter has no default."""
    required = [item for item in msgspec.structs.fields(cls.CONFIG) if item.required]
    if required:
        return {}
    device = cls("reference", cls.CONFIG(), Clock(), CORES)
    return {
        name: {
            slot.register.stem: file.peek(slot.offset, slot.register.width // 8)
            for slot in file.slots()
            if slot.index == 0
        }
        for name, file in device.files.items()
    }


def _config(config: type[Any]) -> str:
    about = _prose(inspect.cleandoc(config.__doc__ or ""))
    rows = [
        (
            f"`{item.name}`",
            f"`{_type_name(item.type)}`".replace("|", r"\|"),
            "none: the board gives it" if item.required
            else f"`{_plain(item.default)}`",
        )
        for item in msgspec.structs.fields(config)
    ]  # fmt: skip
    if not rows:
        return about
    return f"Parameters: {about}\n\n" + _table(("Parameter", "Type", "Default"), rows)


def _type_name(kind: Any) -> str:
    return kind.__name__ if isinstance(kind, type) else str(kind)


def _plain(value: Any) -> str:
    """A default as a board file writes it: amounts in groups of digits, bit patterns in hex."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:_}" if value % 1000 == 0 or value < BIT_PATTERN else f"{value:#x}"
    return str(value) or '""'


def _access_docs() -> dict[str, str]:
    """Access kind -> the docstring that stands under it."""
    (cls,) = ast.parse(inspect.getsource(Access)).body
    body = cls.body if isinstance(cls, ast.ClassDef) else []
    docs = {}
    for statement, after in pairwise(body):
        if isinstance(statement, ast.Assign) and isinstance(after, ast.Expr):
            docs[ast.literal_eval(statement.value)] = ast.literal_eval(after.value)
    return docs


# -- Markdown -------------------------------------------------------------------------------------


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _prose(text: str) -> str:
    """Docstring text as Markdown: literals and references to code become code spans."""
    text = re.sub(r":\w+:`~?([^`]*)`|``([^`]*)``", lambda found: f"`{found[1] or found[2]}`", text)
    pieces = _CODE.split(re.sub(r"  +", " ", text))
    pieces[::2] = [re.sub(r"([*<])", r"\\\1", piece) for piece in pieces[::2]]
    pieces[1::2] = [f"`{piece}`" for piece in pieces[1::2]]
    return "".join(pieces)


def _cell(text: str) -> str:
    """Text in a table's cell; ``{n}`` in it is the number of the array's element."""
    return _prose(" ".join(text.replace("{n}", "n").split())).replace("|", r"\|")


def _sentence(text: str) -> str:
    """A cell that begins with a capital and ends with a full stop."""
    cell = _cell(text)
    if not cell:
        return ""
    first = cell.split()[0]
    # Names keep their spelling: nRTS, a value of a register.
    if first.islower():
        cell = cell[0].upper() + cell[1:]
    return cell if cell.endswith((".", "?", "!")) else f"{cell}."
