"""The trace file: what it may hold, checked before anything is replayed.

A file is JSON, one object a line: a header that names the device, then operations in the order in
which they were recorded.  An ``irq`` or ``tx`` record is an answer: it belongs to the operation
before it.  Whatever is wrong with a file is a ``ValueError`` with the file's name and the line.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

ANSWERS = ("irq", "tx")
TIMED = ("gentimer-", "lapic")
"""Families whose operations each carry the time before and after it, t0 and t1."""

_NUMBERS = {
    "write": ("addr", "size", "value"),
    "read": ("addr", "size", "value"),
    "sysreg_write": ("value",),
    "sysreg_read": ("value",),
    "clock_step": ("now",),
    "irq_in": ("line", "level"),
    "irq": ("line", "level"),
    "rx": (),
    "tx": (),
    "window": (),
}
_TEXTS = {"sysreg_write": "reg", "sysreg_read": "reg", "irq_in": "gpio", "rx": "data", "tx": "data"}
_SIZES = (1, 2, 4, 8)
_LIMIT = 1 << 64
_LONGEST = 10_000
"""ticks that an access may take; each is tried as the moment at which it happened"""


class TraceRecord(msgspec.Struct, frozen=True):
    """One operation, and the answers that follow it."""

    line: int
    """its line in the file, the header being line 1"""
    op: dict[str, Any]
    answers: list[TraceRecord] = msgspec.field(default_factory=list)

    @property
    def kind(self) -> str:
        """What is done: ``read``, ``write``, ``clock_step`` ..."""
        kind: str = self.op["op"]
        return kind


class Trace(msgspec.Struct, frozen=True):
    """A whole file."""

    path: Path
    header: dict[str, Any]
    records: list[TraceRecord]

    @property
    def timed(self) -> bool:
        """Whether each operation carries the time before and after it."""
        return is_timed(self.header)

    @property
    def total(self) -> int:
        """How many records there are, answers included."""
        return sum(1 + len(record.answers) for record in self.records)


def load(path: Path) -> Trace:
    """Read and check one file.  Raises ValueError: file, line, and what is wrong there."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not UTF-8 text at byte {error.start}") from error
    rows = [(n, row) for n, row in enumerate(text.splitlines(), 1) if row.strip()]
    if not rows:
        raise ValueError(f"{path}:1: empty, where a header should be")
    try:
        line = rows[0][0]
        header = _object(rows[0][1])
        if not isinstance(header.get("device"), str):
            raise ValueError('the header names no "device"')  # noqa: TRY004 - the file's fault
        timed = is_timed(header)
        records: list[TraceRecord] = []
        for line, row in rows[1:]:
            record = TraceRecord(line, _checked(_object(row), timed=timed))
            if timed and records and record.op.get("t0", _LIMIT) < records[-1].op["t1"]:
                raise ValueError(f"{record.kind}: t0 is before the t1 of the record before it")
            _append(records, record)
    except ValueError as error:
        raise ValueError(f"{path}:{line}: {error}") from error
    return Trace(path, header, records)


def is_timed(header: dict[str, Any]) -> bool:
    """Whether a header's family is one of those that give each operation's time."""
    device: str = header["device"]
    return device.startswith(TIMED)


def _append(records: list[TraceRecord], record: TraceRecord) -> None:
    if record.kind not in ANSWERS:
        records.append(record)
    elif records:
        records[-1].answers.append(record)
    else:
        raise ValueError(f"{record.kind!r} answers nothing: no operation stands before it")


def _object(row: str) -> dict[str, Any]:
    try:
        found = json.loads(row)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} at column {error.colno}") from error
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(found, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - the file's fault
    return found


def _checked(op: dict[str, Any], *, timed: bool) -> dict[str, Any]:
    kind = op.get("op")
    if not isinstance(kind, str) or kind not in _NUMBERS:
        raise ValueError(f"unknown op {kind!r}")
    _require_numbers(op, kind, _NUMBERS[kind])
    if kind in _TEXTS and not isinstance(op.get(_TEXTS[kind]), str):
        raise ValueError(f'{kind}: "{_TEXTS[kind]}" is missing or no text')
    _require_numbers(op, kind, [name for name in ("mask", "cpu") if name in op])
    if "size" in _NUMBERS[kind] and op["size"] not in _SIZES:
        raise ValueError(f"{kind}: size {op['size']} is none of 1, 2, 4, 8")
    if not isinstance(op.get("space", ""), str):
        raise ValueError(f'{kind}: "space" is no text')  # noqa: TRY004 - the file's fault
    if kind in ("rx", "tx"):
        _require_hex(kind, op["data"])
    if kind == "window":
        _require_list(op)
    if kind == "clock_step" and not timed:
        _require_numbers(op, kind, ("ns",))
    if "level" in _NUMBERS[kind] and op["level"] > 1:
        raise ValueError(f"{kind}: level {op['level']} is neither 0 nor 1")
    if timed and kind not in ANSWERS:
        _require_numbers(op, kind, ("t0", "t1"))
        longest = _LIMIT if kind == "clock_step" else _LONGEST
        if not 0 <= op["t1"] - op["t0"] <= longest:
            raise ValueError(f"{kind}: no time can pass from t0 {op['t0']} to t1 {op['t1']}")
    return op


def _require_numbers(op: dict[str, Any], kind: str, names: Iterable[str]) -> None:
    for name in names:
        value = op.get(name)
        if type(value) is not int or not 0 <= value < _LIMIT:
            raise ValueError(f'{kind}: "{name}" is missing or no number of 64 bits')


def _require_hex(kind: str, data: str) -> None:
    try:
        bytes.fromhex(data)
    except ValueError as error:
        raise ValueError(f"{kind}: {data!r} is no string of hex bytes") from error


def _require_list(op: dict[str, Any]) -> None:
    taken = op.get("ids", op.get("vectors"))
    if not isinstance(taken, list) or any(type(item) is not int for item in taken):
        raise ValueError('window: "ids" (or "vectors") is missing or no list of numbers')
