"""Replays a recorded trace on the device models, and compares every answer.

Compared are the values that were read (in the bits of the mask), the changes of the intercepted
output lines in their order and no other, the bytes that were sent, the time after a step of the
clock, and which interrupts were taken.

In the timed families an operation happened at some unknown moment between its t0 and t1.  A read is
right when the model gives the value at any of these moments.  Where the moment of another operation
decides what comes later, it is chosen by looking ahead: each moment is tried on a copy of the rig,
which goes on until the choice cannot matter any more; the first one without a difference is taken,
else the one with the fewest.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path
from typing import Any

import msgspec

from kerneltui.conformance.rig import Instants, Rig
from kerneltui.conformance.rigs import UnknownDeviceError, build
from kerneltui.conformance.trace import Trace, TraceRecord, load
from kerneltui.hw.bus import AddressSpace, BusFault

_LOOK_AHEAD = 100
"""Records; far enough to meet a timer's next compare value."""


class Replay(msgspec.Struct, frozen=True):
    """What became of one trace: how many of its records agree, and the first that does not."""

    path: Path
    agreed: int
    total: int
    difference: str | None


class Difference(msgspec.Struct, frozen=True):
    """A record whose answer the model does not give: its line in the file, and why."""

    line: int
    text: str


def replay(path: Path) -> Replay:
    """Replay one file.

    Raises ValueError, with file and line, when it cannot be replayed: UnknownDeviceError when there
    is no rig for it.
    """
    trace = load(path)
    try:
        rig = build(trace.header)
    except UnknownDeviceError as error:
        raise UnknownDeviceError(f"{path}:1: {error}") from error
    except ValueError as error:
        raise ValueError(f"{path}:1: {error}") from error
    differences: list[Difference] = []
    for place, record in enumerate(trace.records):
        try:
            at = _choose(rig, trace, place)
            differences += _play(rig, trace, record, at)
        except (ValueError, BusFault) as error:
            raise ValueError(f"{path}:{record.line}: {record.kind}: {error}") from error
    missed = len({difference.line for difference in differences})
    first = min(differences, key=lambda difference: difference.line, default=None)
    text = None if first is None else f"{path}:{first.line}: {first.text}"
    return Replay(path, trace.total - missed, trace.total, text)


# -- when it happened -------------------------------------------------------------------------


def _choose(rig: Rig, trace: Trace, place: int) -> Instants:
    """The moment (or moments) of a record, by what the records after it say."""
    if not trace.timed:
        return ()
    candidates = rig.instants(trace.records[place].op)
    if len(candidates) == 1:
        return candidates[0]
    frozen = pickle.dumps(rig)
    tried: list[tuple[int, Instants]] = []
    for at in candidates:
        missed = _missed(pickle.loads(frozen), trace, place, at)
        if not missed:
            return at
        tried.append((missed, at))
    return min(tried)[1]


def _missed(rig: Rig, trace: Trace, place: int, at: Instants) -> int:
    """How many differences follow when the record at ``place`` happens at ``at``.

    Records between that have a choice of their own take their first: what they then get wrong
    they get wrong for all candidates alike.
    """
    chosen = trace.records[place]
    missed = len(_play(rig, trace, chosen, at))
    for record in trace.records[place + 1 : place + _LOOK_AHEAD]:
        if rig.settles(chosen.op, record.op):
            break
        missed += len(_play(rig, trace, record, rig.instants(record.op)[0]))
    return missed


# -- playing and comparing --------------------------------------------------------------------


def _play(rig: Rig, trace: Trace, record: TraceRecord, at: Instants) -> list[Difference]:
    rig.changes.clear()
    rig.sent.clear()
    rig.select(record.op.get("cpu", 0))
    if at:
        rig.advance_to_tick(at[0])
    if record.kind == "window":
        problem = _window(rig, record.op, at)
    else:
        problem = _ACTIONS[record.kind](rig, record.op)
    if at:
        rig.advance_to_tick(record.op["t1"])
    differences = [] if problem is None else [Difference(record.line, f"{record.kind} {problem}")]
    rises_only = bool(trace.header.get("irq_rises_only"))
    return (
        differences + _lines_differ(rig, record, rises_only=rises_only) + _bytes_differ(rig, record)
    )


def _lines_differ(rig: Rig, record: TraceRecord, *, rises_only: bool) -> list[Difference]:
    answers = [answer for answer in record.answers if answer.kind == "irq"]
    wanted = [(answer.op["line"], answer.op["level"]) for answer in answers]
    got = [change for change in rig.changes if change[1] or not rises_only]
    if got == wanted:
        return []
    text = (
        f"output lines after {_name(rig, record)}: expected {_changes(wanted)}, "
        f"got {_changes(got)}{_when(rig)}"
    )
    found = zip_longest(answers, wanted, got[: len(wanted)])
    wrong = [answer.line for answer, want, change in found if want != change]
    if len(got) > len(wanted):
        wrong.append(record.line)
    return [Difference(line, text) for line in wrong]


def _bytes_differ(rig: Rig, record: TraceRecord) -> list[Difference]:
    answers = [answer for answer in record.answers if answer.kind == "tx"]
    wanted = b"".join(bytes.fromhex(answer.op["data"]) for answer in answers)
    if rig.sent == wanted:
        return []
    text = (
        f"bytes sent after {_name(rig, record)}: expected {wanted.hex() or 'none'}, "
        f"got {rig.sent.hex() or 'none'}{_when(rig)}"
    )
    return [Difference((answers[0] if answers else record).line, text)]


def _write(rig: Rig, op: dict[str, Any]) -> None:
    rig.space(op.get("space")).write(op["addr"], op["value"], op["size"], rig.cpu)


def _sysreg_write(rig: Rig, op: dict[str, Any]) -> None:
    rig.space("sysreg").write(rig.sysreg(op["reg"]), op["value"], 8)


def _read(rig: Rig, op: dict[str, Any]) -> str | None:
    return _compare(rig, rig.space(op.get("space")), op["addr"], op["size"], op)


def _sysreg_read(rig: Rig, op: dict[str, Any]) -> str | None:
    return _compare(rig, rig.space("sysreg"), rig.sysreg(op["reg"]), 8, op)


def _compare(
    rig: Rig, space: AddressSpace, address: int, size: int, op: dict[str, Any]
) -> str | None:
    mask = op.get("mask", (1 << 64) - 1)
    wanted = op["value"] & mask
    if "t0" in op:
        _wait_for(rig, space, address, size, op)
    when = _when(rig)
    got = space.read(address, size, rig.cpu)
    if got & mask == wanted:
        return None
    masked = f" (mask {mask:#x})" if "mask" in op else ""
    name = space.name_at(address)
    return f"of {name} ({address:#x}): expected {wanted:#x}, got {got & mask:#x}{masked}{when}"


def _wait_for(rig: Rig, space: AddressSpace, address: int, size: int, op: dict[str, Any]) -> None:
    """Go to the first moment from t0 to t1 at which the value is as recorded, else stay at t1."""
    mask = op.get("mask", (1 << 64) - 1)
    for tick in range(op["t0"], op["t1"] + 1):
        rig.advance_to_tick(tick)
        if not (space.peek(address, size, rig.cpu) ^ op["value"]) & mask:
            return


def _clock_step(rig: Rig, op: dict[str, Any]) -> str | None:
    if "t1" in op:
        return None  # a timed operation ends at its t1 in any case
    rig.clock.advance(rig.clock.now + op["ns"])
    if rig.clock.now == op["now"]:
        return None
    return f"of {op['ns']} ns: expected to be at {op['now']} ns, is{_when(rig)}"


def _irq_in(rig: Rig, op: dict[str, Any]) -> None:
    rig.pin(op["gpio"], op["line"])(bool(op["level"]))


def _receive(rig: Rig, op: dict[str, Any]) -> None:
    rig.receive(bytes.fromhex(op["data"]))


def _window(rig: Rig, op: dict[str, Any], at: Instants) -> str | None:
    wanted = op.get("ids", op.get("vectors"))
    got = rig.window(at)
    if got == wanted:
        return None
    return f"for interrupts: expected {wanted}, got {got}{_when(rig)}"


_ACTIONS: dict[str, Callable[[Rig, dict[str, Any]], str | None]] = {
    "write": _write,
    "read": _read,
    "sysreg_write": _sysreg_write,
    "sysreg_read": _sysreg_read,
    "clock_step": _clock_step,
    "irq_in": _irq_in,
    "rx": _receive,
}


# -- words ------------------------------------------------------------------------------------


def _when(rig: Rig) -> str:
    return f" at {rig.clock.now} ns"


def _changes(changes: list[tuple[int, int]]) -> str:
    return ", ".join(f"{line} -> {level}" for line, level in changes) or "no change"


def _name(rig: Rig, record: TraceRecord) -> str:
    """An operation in words: ``write of CS (0x3f003000) <- 0x1``."""
    op = record.op
    if "addr" in op:
        name = rig.space(op.get("space")).name_at(op["addr"])
        return f"{record.kind} of {name} ({op['addr']:#x}), value {op['value']:#x}"
    if "reg" in op:
        return f"{record.kind} of {op['reg']}, value {op['value']:#x}"
    if record.kind == "irq_in":
        return f"irq_in of {op['gpio']} {op['line']} -> {op['level']}"
    return record.kind
