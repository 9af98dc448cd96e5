"""One run, told in all formats at once and as JSON lines, and readers for what comes out.

The readers know nothing of the writers: the one of waves follows the grammar of IEEE 1364-2005,
18.2, the one of tracks the description of the Trace Event Format, that of rows is Python's csv.
"""

import csv
import io
import json
from collections import defaultdict
from decimal import Decimal
from typing import NamedTuple

import pytest

from kerneltui.export.fold import Fold
from kerneltui.export.formats import teller_of
from kerneltui.export.selection import Selection
from kerneltui.export.teller import RunTeller

HOOKS = [name for name, item in vars(RunTeller).items() if callable(item) and name[0] != "_"]
NAMES = ("vcd", "vcd-wires", "perfetto", "csv")


class EventKeeper(Fold):
    """Notes each event as the JSON lines have it, too."""

    def __init__(self, session, tellers, selection):
        several = RunTeller(session, io.BytesIO(), selection)
        for hook in HOOKS:
            setattr(several, hook, self.all_of([getattr(item, hook) for item in tellers]))
        super().__init__(session, several, selection)
        self.events = []

    @staticmethod
    def all_of(calls):
        def call(*arguments):
            for item in calls:
                item(*arguments)

        return call

    def add(self, event):
        self.events.append(self._session.names.as_dict(event))
        super().add(event)


class ToldRun(NamedTuple):
    events: list
    texts: dict
    """by format"""
    waves: dict
    """what the arrangement of the waves would name"""
    until: int


def told_run(session, until_ns, only=(), from_ns=0, names=NAMES):
    outs = {name: io.BytesIO() for name in names}
    selection = Selection(only, from_ns)
    tellers = {name: teller_of(name, session, out, selection) for name, out in outs.items()}
    keeper = EventKeeper(session, list(tellers.values()), selection)
    keeper.run(until_ns)
    texts = {name: out.getvalue().decode() for name, out in outs.items()}
    waves = tellers["vcd"].waves if "vcd" in tellers else {}
    return ToldRun(keeper.events, texts, waves, session.machine.now)


# -- waves ----------------------------------------------------------------------------------------


class ReadWaves(NamedTuple):
    scopes: dict
    """full name -> (type, bits, code)"""
    changes: dict
    """full name -> [(time, value)], the value before the first change first"""
    begin: int
    end: int


def read_vcd(text):
    """Declaration commands, then simulation commands; tokens have white space between them."""
    tokens = iter(text.split())
    found = read_declarations(tokens)
    codes = {code for _, _, code in found.values()}
    begin, end, values = read_simulation(tokens, codes)
    changes = {
        full: [
            item
            for n, item in enumerate(values[code])
            if not n or item[1] != values[code][n - 1][1]
        ]
        for full, (_, _, code) in found.items()
    }
    return ReadWaves(found, changes, begin, end)


def read_declarations(tokens):
    scope, found = [], {}
    for token in tokens:
        words = list(iter(lambda: next(tokens), "$end"))
        if token == "$enddefinitions":
            assert not words
            return found
        if token == "$scope":
            scope.append(words[1])
        elif token == "$upscope":
            scope.pop()
        elif token == "$var":
            kind, bits, code, name = words
            full = ".".join([*scope, name])
            assert full not in found
            found[full] = kind, int(bits), code
        elif token == "$timescale":
            assert "".join(words) == "1ns"
        else:
            assert token in {"$comment", "$version", "$date"}
    pytest.fail("the declarations have no end")


def read_simulation(tokens, codes):
    time, begin, values = None, None, defaultdict(list)
    for token in tokens:
        head, rest = token[0], token[1:]
        if head == "#":
            assert time is None or int(rest) > time
            time = int(rest)
            begin = time if begin is None else begin
        elif head in "01bs":
            code = rest if head in "01" else next(tokens)
            assert code in codes
            value = int(head) if head in "01" else int(rest, 2) if head == "b" else unescaped(rest)
            values[code].append((time, value))
        else:
            assert token in {"$dumpvars", "$end"}
    return begin, time, values


def unescaped(text):
    """``\\x20`` and ``\\\\`` are bytes of UTF-8."""
    data, rest = bytearray(), text
    while rest:
        if rest.startswith("\\x"):
            data.append(int(rest[2:4], 16))
            rest = rest[4:]
        elif rest.startswith("\\"):
            data += b"\\"
            rest = rest[2:]
        else:
            data += rest[0].encode()
            rest = rest[1:]
    return data.decode()


# -- tracks ---------------------------------------------------------------------------------------


class ReadSlice(NamedTuple):
    begin: int
    end: int
    name: str
    args: dict


class ReadTracks(NamedTuple):
    slices: dict
    """(process, track) -> its slices, by their ends"""
    waits: list
    """nestable async slices"""
    instants: dict
    """(process, track) -> [(time, name, args)]"""
    counters: dict
    flows: dict
    """number -> [(phase, time, (process, track))]"""
    last: dict


def ns_of(event):
    found = event["ts"] * 1000
    assert found == int(found)
    return int(found)


def key_of(event):
    """An id of the whole file, or one that counts in its process alone."""
    return event["cat"], event.get("id") or (event["pid"], event["id2"]["local"])


def names_of(events):
    """Of the processes by number, and of the tracks by both numbers."""
    told = [event for event in events if event["ph"] == "M"]
    return (
        {event["pid"]: event["args"]["name"] for event in told if event["name"] == "process_name"},
        {(event["pid"], event["tid"]): event["args"]["name"]
         for event in told if event["name"] == "thread_name"},
    )  # fmt: skip


def read_perfetto(text):
    found = json.loads(text, parse_float=Decimal)
    processes, tracks = names_of(found["traceEvents"])
    slices, opened, last = defaultdict(list), defaultdict(list), {}
    asyncs, waits, instants = {}, [], defaultdict(list)
    counters, flows = defaultdict(list), defaultdict(list)
    for event in found["traceEvents"]:
        phase = event["ph"]
        if phase == "M":
            continue
        time, process = ns_of(event), processes[event["pid"]]
        if phase == "C":
            counters[event["name"]].append((time, tuple(event["args"].items())))
            continue
        track = process, tracks[event["pid"], event["tid"]]
        if phase == "B":
            assert time >= last.get(track, 0)
            last[track] = time
            opened[track].append((time, event))
        elif phase == "E":
            assert time >= last.get(track, 0)
            last[track] = time
            begin, first = opened[track].pop()
            args = first.get("args", {}) | event.get("args", {})
            slices[track].append(ReadSlice(begin, time, first["name"], args))
        elif phase == "b":
            assert asyncs.setdefault(key_of(event), (time, event)) == (time, event)
        elif phase == "e":
            begin, first = asyncs.pop(key_of(event))
            args = first.get("args", {}) | event.get("args", {})
            waits.append(ReadSlice(begin, time, first["name"], args))
        elif phase in "stf":
            flows[event["id"]].append((phase, time, track))
        else:
            assert phase == "i"
            instants[track].append((time, event["name"], event["args"]))
    assert not any(opened.values())
    assert not asyncs
    return ReadTracks(dict(slices), waits, instants, counters, flows, last)


# -- rows -----------------------------------------------------------------------------------------


def read_csv(text, kind):
    """The rows of a kind; numbers where they are such, None where a cell is empty.

    An apostrophe in front says that a text follows, and is no part of it.
    """
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    return [
        {
            name: (int(cell) if cell else None) if name.endswith("_ns") else cell.removeprefix("'")
            for name, cell in row.items()
        }
        for row in rows
        if row["kind"] == kind
    ]
