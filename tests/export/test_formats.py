"""Waves, tracks and rows tell what the JSON lines do, to the nanosecond."""

import io
import itertools
import re
from bisect import bisect_left, bisect_right
from collections import defaultdict

import pytest
from faults import each_once
from told_events import active_of, calls_of, masks_of, steady
from told_runs import read_csv, read_perfetto, read_vcd, told_run

from kerneltui.configfile import available
from kerneltui.debugger.remarks import KINDS as REMARKS
from kerneltui.export import vcd
from kerneltui.export.formats import write_as
from kerneltui.export.selection import Selection
from kerneltui.machine.instructions import EXTERNAL
from kerneltui.scenarios.scenario import open_session

MS = 1_000_000
S = 1000 * MS
SHORT = 1020 * MS
UNTIL = {"burst": 2 * MS, "timer-callbacks": 2600 * MS, "queue-structures": 500 * MS}
CANCELS = {"timer-syscalls", "two-cores", "wake-tasks"}
"""Scenarios whose timeouts are cancelled, which the trace does not tell."""
BUSY = {"ldr", "str", "load", "store", "compute", "mrs", "msr", "in", "out"}
OF_NO_CORE = {"line", "tx", "rx", "poke", "tracepoint", *REMARKS}
"""Events that can come between two instructions."""


# -- what the JSON lines tell ---------------------------------------------------------------------


def lines_of(events):
    """By line its edges; it is low at reset."""
    found = defaultdict(list)
    for event in events:
        if event["op"] == "line":
            found[event["line"]].append((event["t"], event["level"]))
    return found


def tracepoints(events, *names):
    for event in events:
        if event["op"] == "tracepoint":
            name, _, rest = event["text"].partition(" ")
            if name in names:
                yield event, name, rest


def spans(events, begin, end):
    """From one tracepoint to the other, on each core the innermost first: begin, end, what."""
    opened, found = defaultdict(list), []
    for event, name, rest in tracepoints(events, begin, end):
        stack = opened[event["cpu"]]
        if name == begin:
            stack.append((event["t"], rest))
        elif stack:
            found.append((stack[-1][0], event["t"], event["cpu"], stack.pop()[1]))
    return found


def accesses(events, op, register):
    return [
        (event["t"], int(event["value"], 16))
        for event in events
        if event["op"] == op and event.get("reg") == register
    ]


# -- all of them ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("board", "scenario"), each_once(sorted(available("scenarios")), turn=1))
def test_all_formats_tell_what_the_trace_does(board, scenario):
    session = open_session(board, scenario)
    run = told_run(session, UNTIL.get(scenario, SHORT))
    waves, tracks = read_vcd(run.texts["vcd"]), read_perfetto(run.texts["perfetto"])
    rows, timeouts = (read_csv(run.texts["csv"], kind) for kind in ("interrupt", "timeout"))
    assert waves.end == run.until
    edges_are_right(run, waves, tracks)
    handlers_are_right(run, waves, tracks, rows)
    callbacks_are_right(run, tracks, timeouts)
    bytes_are_right(run, waves, tracks)
    sleep_is_right(run, waves, tracks)
    waiting_is_right(run, tracks)
    if scenario not in CANCELS:
        armed_is_right(run, waves)
    wires_are_the_waves_of_one_bit(run, waves)
    the_arrangement_names_what_there_is(run, waves)
    pending_is_right(waves, rows)
    masks_are_right(run, waves)
    active_is_right(run, waves)
    calls_are_right(run, tracks)
    handling_is_right(run, waves)


def edges_are_right(run, waves, tracks):
    edges = lines_of(run.events)
    for name, found in edges.items():
        device, _, output = name.rpartition(".")
        assert waves.changes[f"{device}.{device}_{output}"] == without_pulses([(0, 0), *found])
        high = [(item.begin, item.end) for item in tracks.slices.get(("Lines", name), [])]
        ends = [*(t for t, _ in found), run.until]
        rises = [n for n, (_, level) in enumerate(found) if level]
        assert high == [(found[n][0], ends[n + 1]) for n in rises]
        starts = {t for flow in tracks.flows.values() for phase, t, where in flow
                  if phase == "s" and where == ("Lines", name)}  # fmt: skip
        assert starts == {found[n][0] for n in rises}
    still = {name for name, found in waves.changes.items() if len(found) == 1}
    moved = {f"{line.rpartition('.')[0]}.{line.replace('.', '_')}" for line in edges}
    assert moved.isdisjoint(still)


def without_pulses(changes):
    """Of several values at one time all are in the file; equal ones behind each other are one."""
    return [item for n, item in enumerate(changes) if not n or item[1] != changes[n - 1][1]]


def handlers_are_right(run, waves, tracks, rows):
    told = spans(run.events, "irq_handler_entry", "irq_handler_exit")
    ended = [row for row in rows if row["handler_end_ns"] is not None]
    assert [
        (row["handler_begin_ns"], row["handler_end_ns"], int(row["core"])) for row in ended
    ] == [item[:3] for item in told]
    taken, risen, rises = defaultdict(set), defaultdict(set), set()
    for event in run.events:
        if event["op"] in EXTERNAL:
            taken[event["cpu"]].add(event["t"])
        elif event["op"] == "line" and event["level"]:
            rises.add(event["t"])
    for row, (begin, end, core, text) in zip(ended, told, strict=True):
        number, name = re.fullmatch(r"irq=(\d+) domain=\w+ name=(.*)", text, re.DOTALL).groups()
        assert (row["id"], row["handler"]) == (number, name)
        assert row["handler_ns"] == end - begin
        assert row["raised_to_handler_ns"] == begin - row["raised_ns"]
        if row["taken_ns"] is None:
            assert max(t for t in taken[core] if t <= begin) < row["raised_ns"]
        else:
            assert row["taken_ns"] in taken[core]
            assert row["raised_ns"] <= row["taken_ns"] <= begin
            assert row["raised_to_taken_ns"] == row["taken_ns"] - row["raised_ns"]
    for core in {item[2] for item in told}:
        found = tracks.slices["Cores", f"core {core}: kernel"]
        begun = [item for item in found if "handler" in item.args]
        expected = [item[:2] for item in told if item[2] == core]
        done = [(item.begin, item.end) for item in begun][: len(expected)]
        assert done == expected
        for item in begun:
            assert item.args["latency_ns"] == item.begin - item.args["raised_ns"]
    risen.clear()


def callbacks_are_right(run, tracks, timeouts):
    told = [
        (*item[:3], re.fullmatch(r"name=(.*) id=(\d+) due=(\d+)", item[3], re.DOTALL))
        for item in spans(run.events, "timer_callback", "timer_callback_done")
    ]
    due = [(begin, end, core, *found.groups()) for begin, end, core, found in told if found]
    ended = [row for row in timeouts if row["callback_end_ns"] is not None]
    assert len(ended) == len(due)
    for row, (begin, end, core, name, ident, due_ns) in zip(ended, due, strict=True):
        assert (row["name"], row["id"], row["core"]) == (name, ident, str(core))
        assert (row["called_ns"], row["due_ns"]) == (begin, int(due_ns))
        assert (row["callback_begin_ns"], row["callback_end_ns"]) == (begin, end)
        assert (row["callback_ns"], row["late_ns"]) == (end - begin, begin - int(due_ns))
    slices = [
        (item.begin, item.end, item.name, item.args["late_ns"])
        for (group, _), found in tracks.slices.items()
        for item in found
        if group == "Cores" and "late_ns" in item.args
    ]
    expected = [(t, end, f"callback {name}", t - int(at)) for t, end, _, name, _, at in due]
    assert set(expected) <= set(slices)
    assert len(slices) <= len(expected) + 2  # what has not ended


def bytes_are_right(run, waves, tracks):
    uarts = [name.partition(".")[0] for name in waves.scopes if name.endswith("x_toggle")]
    for way in ("tx", "rx"):
        told = [(event["t"], event["byte"]) for event in run.events if event["op"] == way]
        if not told:
            continue
        uart = uarts[0]
        toggles = [t for t, _ in waves.changes[f"{uart}.{uart}_{way}_toggle"]][1:]
        assert toggles == [t for t, _ in told]
        values = waves.changes[f"{uart}.{uart}_{way}_byte[7:0]"]
        assert values == without_pulses([(0, 0), *told])
        marks = tracks.instants["Serial line", way]
        assert [(t, args["byte"]) for t, _, args in marks] == told


def sleep_is_right(run, waves, tracks):
    for core in range(4):
        waits = [event["t"] for event in run.events
                 if event["cpu"] == core and event["op"] in {"wfi", "hlt"}]  # fmt: skip
        found = waves.changes.get(f"core{core}.core{core}_asleep", [])
        falls = [t for t, level in found if level]
        assert set(falls) <= set(waits)
        slices = [item for item in tracks.slices.get(("Cores", f"core {core}"), [])
                  if item.name == "asleep"]  # fmt: skip
        assert {item.begin for item in slices if item.begin < item.end} >= set(falls) - {run.until}
        for begin, end in itertools.pairwise(found):
            if begin[1]:
                assert not between(waits, begin[0], end[0])
        busy = [event["t"] for event in run.events if event["cpu"] == core and event["op"] in BUSY]
        for item in slices:  # whoever sleeps executes nothing
            assert not between(busy, item.begin, item.end)


def between(times, begin, end):
    """Those after ``begin`` and before ``end``, of times in order."""
    return times[bisect_right(times, begin) : bisect_left(times, end)]


def armed_is_right(run, waves):
    """Whoever falls asleep on core 0 has armed the comparator for what is due first."""
    alive, falls = {}, []
    for event in run.events:
        if event["op"] in {"wfi", "hlt"} and event["cpu"] == 0 and alive:
            falls.append((event["t"], min(alive.values())))
        for _, name, rest in tracepoints([event], "hrtimer_start", "hrtimer_expire_entry"):
            found = re.fullmatch(r"name=(.*?) id=(\d+)(?: expires=(\d+))?", rest, re.DOTALL)
            if name == "hrtimer_start":
                alive[found[2]] = int(found[3]), int(found[2]), found[1]
            else:
                del alive[found[2]]
    armed = waves.changes.get("timeouts.timeouts_armed", [])
    due = waves.changes.get("timeouts.timeouts_armed_due_ns[63:0]", [])
    for t, (due_ns, _, name) in falls:
        assert [value for at, value in armed if at <= t][-1] == name
        assert [value for at, value in due if at <= t][-1] == due_ns


def waiting_is_right(run, tracks):
    begun, found = {}, []
    for event, name, rest in tracepoints(run.events, "hrtimer_start", "hrtimer_expire_entry"):
        called, ident = re.match(r"name=(.*) id=(\d+)", rest, re.DOTALL).groups()
        if name == "hrtimer_start":
            begun[ident] = event["t"], called
        else:
            since, _ = begun.pop(ident)
            found.append((since, event["t"], called))
    waits = [(item.begin, item.end, item.name) for item in tracks.waits]
    assert set(found) <= set(waits)
    assert len(waits) == len(found) + len(begun)


def wires_are_the_waves_of_one_bit(run, waves):
    wires = read_vcd(run.texts["vcd-wires"])
    assert {kind for kind, _, _ in wires.scopes.values()} == {"wire"}
    assert wires.changes == {
        name: found for name, found in waves.changes.items() if waves.scopes[name][0] == "wire"
    }


def the_arrangement_names_what_there_is(run, waves):
    named = [name for group in run.waves.values() for name in group]
    assert len(set(named)) == len(named)
    changed = {name for name, found in waves.changes.items() if len(found) > 1}
    assert changed <= set(named) <= set(waves.scopes)


def pending_is_right(waves, rows):
    """From when it is raised the interrupt is pending, until a core takes it."""
    for row in rows:
        label = row["name"].replace(" ", "_")
        scope = row["controller"]
        names = [f"{scope}.{scope}_{label}_core{row['core']}_pending",
                 f"{scope}.{scope}_{label}_pending"]  # fmt: skip
        found = [waves.changes[name] for name in names if name in waves.changes]
        assert found, names
        assert any((row["raised_ns"], 1) in changes or is_high(changes, row["raised_ns"])
                   for changes in found), row  # fmt: skip


def is_high(changes, t):
    """At a time, or just before."""
    before = [level for at, level in changes if at <= t]
    return bool(before and before[-1]) or any(at == t for at, _ in changes)


def masks_are_right(run, waves):
    for core, changes in masks_of(run.events).items():
        found = steady(waves.changes[f"core{core}.core{core}_masked"])
        # From when it is switched on it is masked, as after each reset.
        began = next(t for t, is_masked in found if is_masked)
        assert began <= changes[0][0]
        assert [item for item in found if item[0] > began] == [
            item for item in steady([(began, 1), *changes]) if item[0] > began
        ]


def active_is_right(run, waves):
    told = active_of(run.events)
    shown = {name: steady(changes) for name, changes in waves.changes.items()
             if name.endswith("_active")}  # fmt: skip
    for (controller, number, core), changes in told.items():
        label = f"vec_{number:#04x}" if controller == "lapic" else f"irq_{number}"
        of_core = "" if core is None else f"_core{core}"
        name = f"{controller}.{controller}_{label}{of_core}_active"
        assert shown.pop(name) == steady([(0, 0), *changes]), name
    # Whether an I/O APIC waits for the end of a level (its remote IRR) no event tells.
    others = {name for name, changes in shown.items() if len(changes) > 1}
    assert {name for name in others if not name.startswith("ioapic")} == set()


def calls_are_right(run, tracks):
    told = calls_of(run.events)
    shown = [
        (item.begin, item.end, int(track.removeprefix("core ").partition(":")[0]), item.name)
        for (group, track), found in tracks.slices.items()
        for item in found
        if group == "Cores" and "task" in item.args
    ]
    assert set(told) <= set(shown)
    ends = {(t, core) for t, core in ((item[1], item[2]) for item in shown)}
    assert len(shown) - len(told) <= len({core for t, core in ends if t == run.until})


def handling_is_right(run, waves):
    """From an interrupt until the return from it has been executed, with all that is in between."""
    depths, found = defaultdict(list), defaultdict(lambda: [(0, 0, 0)])
    returned, costs = {}, set()
    shown = {core: steady(waves.changes.get(f"core{core}.core{core}_handler", []))
             for core in range(4)}  # fmt: skip
    for event in run.events:
        t, core, kind = event["t"], event["cpu"], event["op"]
        is_exception = kind in EXTERNAL or kind in {"sync", "int", "fault"}
        if core in returned and kind not in OF_NO_CORE:
            since = returned.pop(core)
            # It is told as it begins.  An interrupt that waits may come without a moment between.
            if not is_exception or any(since <= at <= t for at, level in shown[core] if not level):
                found[core].append((since, t, int(any(depths[core]))))
        if is_exception:
            depths[core].append(kind in EXTERNAL)
            found[core].append((t, t, int(any(depths[core]))))
        elif kind in {"eret", "iret"} and depths[core]:
            depths[core].pop()
            returned[core] = t
    for core, changes in found.items():
        levels = [item for n, item in enumerate(changes) if not n or item[2] != changes[n - 1][2]]
        own = shown[core]
        if len(own) == len(levels) + 1:  # the end comes before another event does
            assert own.pop()[0] >= returned[core]
        assert [level for _, level in own] == [level for _, _, level in levels]
        for (t, level), (first, last, _) in list(zip(own, levels, strict=True))[1:]:
            assert first <= t <= last
            if not level:
                costs.add(t - first)
    assert len(costs) <= 1  # what the return itself takes


def test_a_run_that_ends_in_an_error_leaves_no_file_open(monkeypatch):
    opened = []
    make = vcd.TemporaryFile
    monkeypatch.setattr(vcd, "TemporaryFile", lambda **how: opened.append(make(**how)) or opened[0])

    def full(self, t):
        raise OSError("no space left")

    monkeypatch.setattr(vcd.VcdWaves, "begin", full)
    with pytest.raises(OSError, match="no space left"):
        write_as("vcd", open_session("rpi4", "timer-callbacks"), MS, io.BytesIO(), Selection())
    assert [file.closed for file in opened] == [True]
