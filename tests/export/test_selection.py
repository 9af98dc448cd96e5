"""--from and --only, in every format; hostile names; what the command line refuses."""

import csv
import io
import json
import shutil
import subprocess
import sys
from decimal import Decimal

import pytest
from told_runs import ns_of, read_csv, read_perfetto, read_vcd, told_run, unescaped
from vcdvcd import VCDVCD

from kerneltui.errors import UserError
from kerneltui.export.selection import Selection
from kerneltui.export.tracepoints import facts_of
from kerneltui.export.vcd import escaped
from kerneltui.scenarios.scenario import open_session

MS = 1_000_000
FROM, UNTIL = 120 * MS, 200 * MS
HOSTILE = (
    "a, b", 'say "so"', "two\nlines", "$end", "$dumpvars", "#100", "b101 !", "é ✓ \\x20", "=1+1",
    "+1", "-2+3", "@SUM(A1)", "'=1", "\uff1d1",
    "x id=9 due=1", "x due=3 id=4 due=5", "name=y id=7", " ", "\t\r\x0b", "1!",
)  # fmt: skip
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
IN_FILES = [name for name in HOSTILE if name.isprintable() and name.strip()]
"""Those that a scenario may use."""


@pytest.fixture(scope="module")
def whole():
    session = open_session("x86", "two-cores")
    try:
        return told_run(session, UNTIL)
    finally:
        session.close()


def part(only=(), from_ns=0, **more):
    session = open_session("x86", "two-cores")
    try:
        return told_run(session, UNTIL, only, from_ns, **more)
    finally:
        session.close()


# -- from -----------------------------------------------------------------------------------------


def value_at(changes, t):
    return [value for at, value in changes if at <= t][-1]


def test_waves_from_a_time_on_are_the_end_of_the_whole(whole):
    cut = part(from_ns=FROM)
    all_of_it, found = (read_vcd(run.texts["vcd"]) for run in (whole, cut))
    assert (found.begin, found.end) == (FROM, all_of_it.end)
    assert set(found.changes) <= set(all_of_it.changes)
    for name, changes in all_of_it.changes.items():
        later = [item for item in changes if item[0] > FROM]
        if name.endswith("_toggle"):
            continue  # which way it begins means nothing
        if name not in found.changes:
            assert not later, name
            continue
        shown = found.changes[name]
        assert [item for item in shown if item[0] > FROM] == later, name
        # What was called last, or sent last, is over.
        if "called" not in name and "_byte" not in name:
            assert value_at(shown, FROM) == value_at(changes, FROM), name


def test_tracks_from_a_time_on_begin_with_what_is_in_progress(whole):
    cut = part(from_ns=FROM)
    all_of_it, found = (read_perfetto(run.texts["perfetto"]) for run in (whole, cut))
    for track, slices in all_of_it.slices.items():
        expected = [(max(s.begin, FROM), s.end, s.name) for s in slices if s.end > FROM]
        assert [tuple(s)[:3] for s in found.slices.get(track, []) if s.end > FROM] == expected
    for counter, values in all_of_it.counters.items():
        assert [item for item in found.counters[counter] if item[0] > FROM] == [
            item for item in values if item[0] > FROM
        ]


def test_rows_from_a_time_on_are_those_that_begin_then(whole):
    cut = part(from_ns=FROM)
    for kind, begin in (("interrupt", "handler_begin_ns"), ("timeout", "called_ns")):
        rows = [row for row in read_csv(whole.texts["csv"], kind) if row[begin] >= FROM]
        assert rows
        assert read_csv(cut.texts["csv"], kind) == rows


def test_nothing_happens_after_the_end(whole):
    cut = part(from_ns=UNTIL)
    assert read_csv(cut.texts["csv"], "interrupt") == []
    waves = read_vcd(cut.texts["vcd"])
    assert waves.begin == UNTIL
    assert not any(t > UNTIL + MS for changes in waves.changes.values() for t, _ in changes)


# -- only -----------------------------------------------------------------------------------------


def test_only_lines_are_the_lines_of_the_whole(whole):
    cut = part(["line:lapic.*"])
    all_of_it, found = (read_vcd(run.texts["vcd"]).changes for run in (whole, cut))
    assert found == {
        name: changes for name, changes in all_of_it.items()
        if name.startswith("lapic.lapic_") and ("intr" in name or "nmi" in name)
    }  # fmt: skip
    groups = {group for group, _ in read_perfetto(cut.texts["perfetto"]).slices}
    assert groups == {"Lines"}
    assert read_csv(cut.texts["csv"], "interrupt") == []


@pytest.mark.parametrize("name", ["236", "0xec", "vector:0xec", "vector:236", "vec?0xe*"])
def test_an_interrupt_by_any_of_its_names(whole, name):
    cut = part([f"irq:{name}"], names=("csv", "vcd"))
    rows = [row for row in read_csv(whole.texts["csv"], "interrupt") if row["id"] == "236"]
    assert rows
    assert read_csv(cut.texts["csv"], "interrupt") == rows
    assert read_csv(cut.texts["csv"], "timeout") == []
    assert all("0xec" in wave for wave in read_vcd(cut.texts["vcd"]).changes
               if wave.endswith(("pending", "active")))  # fmt: skip


def test_registers_are_told_where_they_are_named(whole):
    cut = part(["write:EOI", "read:uart0_lsr,timeout"], names=("vcd", "perfetto"))
    stores = [(e["t"], e["cpu"]) for e in cut.events if e["op"] == "store" and e["reg"] == "EOI"]
    assert stores
    tracks = read_perfetto(cut.texts["perfetto"])
    found = {
        (t, int(track.rpartition(" ")[2]))
        for (group, track), marks in tracks.instants.items()
        for t, _, args in marks
        if group == "Registers" and args["register"] == "EOI"
    }
    assert found == set(stores)
    assert not [group for group, _ in read_perfetto(whole.texts["perfetto"]).instants
                if group == "Registers"]  # fmt: skip


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["lien"], "'lien': unknown; did you mean 'line'?"),
        (["line,,irq"], "'': unknown"),
        (["LINE"], "'LINE': unknown"),
    ],
)
def test_an_unknown_thing_is_refused_in_words(texts, said):
    with pytest.raises(UserError) as caught:
        Selection(texts)
    assert said in str(caught.value)


# -- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HOSTILE)
def test_facts_of_names_that_look_like_facts(name):
    told = f"timer_callback name={name} id=12 due=34"
    assert facts_of(told) == ("timer_callback", {"name": name, "id": "12", "due": "34"})
    told = f"hrtimer_start name={name} id=12 expires=34"
    assert facts_of(told)[1] == {"name": name, "id": "12", "due": "34"}
    assert facts_of(f"sched_wakeup name={name} id=3")[1] == {"name": name, "id": "3"}
    assert facts_of(f"irq_handler_entry irq=3 domain=gic name={name}")[1]["name"] == name


@pytest.mark.parametrize("name", HOSTILE)
def test_texts_in_waves_are_one_word(name):
    assert escaped(name).isascii()
    assert len(escaped(name).split()) == 1
    assert unescaped(escaped(name)) == name


def test_hostile_names_of_timeouts_come_out_as_they_are(tmp_path):
    items = "".join(f"  - once: {n + 1}ms\n    name: {json.dumps(name)}\n"
                    for n, name in enumerate(IN_FILES))  # fmt: skip
    path = tmp_path / "hostile.yaml"
    path.write_text(f"title: hostile\nprogram: timer-callbacks\ntimeouts:\n{items}")
    session = open_session("rpi4", str(path))
    run = told_run(session, 30 * MS)
    names = [row["name"] for row in read_csv(run.texts["csv"], "timeout")]
    assert names == list(IN_FILES)
    for row in csv.reader(io.StringIO(run.texts["csv"], newline="")):
        for cell in row:  # which a spreadsheet would take for a formula, but numbers
            assert cell[:1] not in FORMULAS or cell.removeprefix("-").isdecimal()
    waves = read_vcd(run.texts["vcd"])
    armed = [value for _, value in waves.changes["timeouts.timeouts_armed"] if value]
    assert list(dict.fromkeys(armed)) == list(IN_FILES)  # the first is armed at each insertion
    waits = read_perfetto(run.texts["perfetto"]).waits
    assert [item.name for item in waits] == list(IN_FILES)


def test_tasks_named_like_keywords(tmp_path):
    tasks = [f"  - {{name: {json.dumps(name)}, repeat: forever, do: [compute: 3ms]}}\n"
             for name in IN_FILES[:8]]  # fmt: skip
    path = tmp_path / "tasks.yaml"
    path.write_text(f"title: t\nprogram: tasks\nsched: rr\nquantum: 1ms\ntasks:\n{''.join(tasks)}")
    session = open_session("rpi4", str(path))
    run = told_run(session, 60 * MS)
    doing = {value for _, value in read_vcd(run.texts["vcd"]).changes["core0.core0_doing"]}
    tracks = read_perfetto(run.texts["perfetto"])
    shown = {track for group, track in tracks.slices if group == "Tasks"}
    assert set(IN_FILES[:8]) <= doing
    assert set(IN_FILES[:8]) <= shown


# -- other readers --------------------------------------------------------------------------------


def test_another_reader_finds_the_same_waves(whole, tmp_path):
    path = tmp_path / "x.vcd"
    path.write_text(whole.texts["vcd"])
    read, own = VCDVCD(str(path)), read_vcd(whole.texts["vcd"])
    assert set(read.signals) == set(own.changes)
    for name, changes in own.changes.items():
        if own.scopes[name][0] != "string":  # which that reader leaves out
            found = [(t, int(value, 2)) for t, value in read[name].tv]
            assert found[0][0] == own.begin
            assert [
                item for n, item in enumerate(found) if not n or found[n - 1][1] != item[1]
            ] == (changes)


@pytest.mark.parametrize("tool", ["vcd2fst", "vcd2lxt2"])
def test_the_converters_of_gtkwave_take_the_waves(whole, tool, tmp_path):
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} of GTKWave is not installed")
    path = tmp_path / "x.vcd"
    path.write_text(whole.texts["vcd"])
    out = tmp_path / "x.out"
    done = subprocess.run([tool, path, out], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert out.stat().st_size > 0


def test_sigrok_reads_the_wires(whole, tmp_path):
    if shutil.which("sigrok-cli") is None:
        pytest.skip("sigrok-cli is not installed")
    path = tmp_path / "x.vcd"
    path.write_text(whole.texts["vcd-wires"])
    done = subprocess.run(
        ["sigrok-cli", "-i", path, "-I", "vcd:downsample=100000", "-O", "csv"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) > UNTIL // 100_000


def test_times_of_tracks_have_three_decimals(whole):
    events = json.loads(whole.texts["perfetto"], parse_float=str)["traceEvents"]
    for event in events:
        if event["ph"] != "M":
            whole_us, _, decimals = event["ts"].partition(".")
            assert len(decimals) == 3
            assert ns_of({"ts": Decimal(event["ts"])}) == int(whole_us) * 1000 + int(decimals)


# -- the command line -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--hash --format csv", "leave out --format"),
        ("--hash --from 1ms", "leave out --from"),
        ("--hash --only line", "leave out --only"),
        ("--format csv --only line", "--format csv cannot tell of it; it tells of irq, timeout"),
        ("--format csv --only poke", "cannot tell of it"),
        ("--format vcd-wires --only write:GICC_PMR", "cannot tell of it"),
        ("--format csv --break write_GICC_PMR", "no place for breakpoints; leave out --break"),
        ("--only line --break write_GICC_PMR", "leave out --only"),
        ("--only line:uart.irq", "there is no such line; did you mean 'uart0.irq'?"),
        ("--only write:GICC_PMRR", "did you mean 'gicc_pmr'?"),
        ("--only write:INIT_COUNT", "there is no such register"),
        ("--from 9s", "--from is later than --until"),
        ("--format vcd -o {tmp}/x.gtkw", "write x.vcd"),
        ("--format wave", "'wave' is unknown"),
        ("--format vcd -o {tmp}/no/such.vcd", "No such file"),
    ],
)
def test_a_contradiction_is_one_line(said, arguments, words, tmp_path):
    given = [item.replace("write_", "write ") for item in arguments.format(tmp=tmp_path).split()]
    status, out, err = said("trace", "--board", "rpi4", "--until", "2ms", *given)
    assert (status, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1


def test_waves_in_a_file_get_their_arrangement(said, tmp_path):
    path = tmp_path / "my waves.vcd"
    assert said("trace", "--until", "30ms", "--format", "vcd", "-o", path) == (0, "", "")
    text = path.with_suffix(".gtkw").read_text()
    assert '[dumpfile] "my waves.vcd"' in text
    named = [line for line in text.splitlines() if line[0] not in "[*@-"]
    assert named
    assert set(named) <= set(read_vcd(path.read_text()).changes)
    assert said("trace", "--until", "30ms", "--format", "vcd") == (0, path.read_text(), "")


@pytest.mark.parametrize("form", ["vcd", "perfetto", "csv"])
def test_a_full_disk_is_one_line(form):
    command = [sys.executable, "-m", "kerneltui", "trace", "--until", "2ms", "--format", form]
    done = subprocess.run([*command, "-o", "/dev/full"], capture_output=True, check=False)
    assert done.returncode == 2
    assert b"No space left" in done.stderr
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize("form", ["vcd", "perfetto", "csv", "jsonl"])
def test_a_reader_that_goes_away_is_no_error(form):
    command = [sys.executable, "-m", "kerneltui", "trace", "--until", "2s", "--format", form]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        child.stdout.read(1)
        child.stdout.close()
        assert child.stderr.read() == b""
        assert child.wait() == 0


def test_hits_are_marked_among_the_tracks(said, tmp_path):
    path = tmp_path / "x.json"
    said("trace", "--board", "rpi4", "--until", "30ms", "--format", "perfetto",
         "--break", "write GICC_PMR", "-o", path)  # fmt: skip
    marks = read_perfetto(path.read_text()).instants["Cores", "breakpoints"]
    _, lines, _ = said("trace", "--board", "rpi4", "--until", "30ms", "--break", "write GICC_PMR")
    hits = [json.loads(line)["t"] for line in lines.splitlines()[1:]]
    assert hits
    assert [t for t, _, _ in marks] == hits
    assert all("write GICC_PMR" in name for _, name, _ in marks)


def test_hits_and_pokes_are_marked_among_the_waves(said):
    given = ("trace", "--board", "rpi4", "--until", "30ms", "--poke", "10ms:GICC_PMR=0x80",
             "--poke", "20ms:GICC_PMR=0x80")  # fmt: skip
    broken = (*given, "--break", "write GICC_PMR")
    _, text, _ = said(*broken, "--format", "vcd")
    marks = read_vcd(text).changes
    hits = [json.loads(line)["t"] for line in said(*broken)[1].splitlines()[1:]]
    told = [json.loads(line) for line in said(*given)[1].splitlines()]
    pokes = [event["t"] for event in told if event.get("op") == "poke"]
    assert hits
    assert pokes == [10 * MS, 20 * MS]
    for kind, times in (("breakpoint", hits), ("poke", pokes)):
        assert [t for t, _ in marks[f"marks.marks_{kind}_toggle"]][1:] == times
        texts = [value for _, value in marks[f"marks.marks_{kind}"]][1:]
        assert texts
        assert all("GICC_PMR" in value for value in texts)
    _, wires, _ = said(*broken, "--format", "vcd-wires", "--only", "poke,core")
    assert [t for t, _ in read_vcd(wires).changes["marks.marks_poke_toggle"]][1:] == pokes


def test_the_same_lines_as_without_a_selection(said):
    _, lines, _ = said("trace", "--board", "x86", "--until", "3ms")
    _, named, _ = said("trace", "--board", "x86", "--until", "3ms", "--format", "jsonl")
    assert lines == named
    _, later, _ = said("trace", "--board", "x86", "--until", "3ms", "--from", "2ms")
    header, *events = lines.splitlines()
    wanted = [line for line in events if json.loads(line)["t"] >= 2 * MS]
    assert later.splitlines() == [header, *wanted]
    _, stores, _ = said("trace", "--board", "x86", "--until", "3ms", "--only", "write:*,line")
    told = [json.loads(line) for line in events]
    wanted = [e for e in told if e["op"] in {"store", "out", "wrmsr", "line"}]
    assert [json.loads(line) for line in stores.splitlines()[1:]] == wanted
