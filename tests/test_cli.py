"""The command line: statuses, one line for every mistake, the same bytes every time."""

import inspect
import itertools
import json
import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click
import pytest
from faults import is_puzzle

import kerneltui
import kerneltui.kernel
from kerneltui import question
from kerneltui.cli import cli, run
from kerneltui.configfile import available
from kerneltui.kernel.drivers import arch_timer, gicv2
from kerneltui.kernel.time.time_manager import TimeManager
from kerneltui.machine.position import Position
from kerneltui.scenarios.reading import load_scenario
from kerneltui.scenarios.scenario import open_session
from kerneltui.shelves import GROUPS, LEVELS
from kerneltui.tui.screenshot import screen_text
from kerneltui.usage import EXAMPLES

MODULE = [sys.executable, "-m", "kerneltui"]
RPI4 = available("boards")["rpi4"].read_text()
TRACES = Path(__file__).parent / "conformance" / "traces" / "bcm2835_systmr"
ARCH_TIMER = Path(kerneltui.kernel.__file__).parent / "drivers" / "arch_timer.py"


def command(*arguments, **options):
    return subprocess.run(
        [*MODULE, *arguments], capture_output=True, timeout=60, check=False, **options
    )


# -- bad input -------------------------------------------------------------------------------------


def files(tmp_path):
    """Bad files by name."""
    scenario = "title: t\nprogram: timer-callbacks\n"
    made = {
        "typo.yaml": scenario + "timouts: []\n",
        "negative.yaml": scenario + "timeouts: [{once: -5s}]\n",
        "overlap.yaml": RPI4.replace("PL011: 0xFE20_1000", "PL011: 0xFE00_3000"),
        "newline.yaml": scenario + '"a\\nb\\x1b": 1\n',
        "deep.yaml": "a: " + "[" * 50_000,
        "bsp.yaml": RPI4.replace("bsp: rpi4", "bsp: rpi9"),
    }
    for name, text in made.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "binary.yaml").write_bytes(bytes(range(256)))
    (tmp_path / "bad.jsonl").write_text("{not json\n")


BAD = [
    ("run --board rpi5 --until 1s", "did you mean 'rpi4'"),
    ("run --scenario timer-calbacks --until 1s", "did you mean 'timer-callbacks'"),
    ("run --board {tmp}/none.yaml --until 1s", "No such file"),
    ("run --board {tmp} --until 1s", "directory"),
    ("run --board {tmp}/overlap.yaml --until 1s", "overlap.yaml:"),
    ("run --board {tmp}/bsp.yaml --until 1s", "bsp.yaml:"),
    ("run --board {tmp}/binary.yaml --until 1s", "UTF-8"),
    ("run --scenario {tmp}/typo.yaml --until 1s", "typo.yaml:3: unknown key 'timouts'"),
    ("run --scenario {tmp}/negative.yaml --until 1s", "negative.yaml:3"),
    ("run --scenario {tmp}/newline.yaml --until 1s", "newline.yaml:3"),
    ("run --scenario {tmp}/deep.yaml --until 1s", "levels deep"),
    ("run", "'--until' is missing; an example: kerneltui run --until 6s"),
    ("run --until 5", "'5' needs a unit"),
    ("run --until -5s", "negative"),
    ("run --until=-5s", "negative"),
    ("run --until 9999h", "more than a year"),
    ("run --until soon", "not a duration"),
    ("run --until 1s extra", "'kerneltui run' takes no word 'extra' here; remove it"),
    ("boards --jsn", "unknown option '--jsn'; did you mean '--json'?"),
    ("run --until", "'--until' needs a value"),
    ("run --until 1s --json=yes", "'--json' takes no value"),
    ("run --until 1s -x", "unknown option '-x'"),
    ("run --until 1s --queue heep", "'--queue': 'heep' is unknown; did you mean 'heap'?"),
    ("run --until 1s --sched cfs", "known: coop, rr"),
    ("run --untill 1s", "unknown option '--untill'; did you mean '--until'?"),
    ("run --for 1s", "unknown option '--for'; did you mean '--until'?"),
    ("run --tim 1s", "unknown option '--tim'; did you mean '--timeout'?"),
    ("run --speed 3", "unknown option '--speed'; 'kerneltui run -h' lists those that there are"),
    ("explain --x", "unknown option '--x'; 'kerneltui explain -h' lists those that there are"),
    ("rnu --until 1s", "did you mean 'run'"),
    ("--bord rpi4", "unknown option '--bord'; did you mean '--board'?"),
    ("--speed 0", "'--speed': '0' is not a speed"),
    ("--speed nan", "speed"),
    ("--speed fast", "speed"),
    ("--theme mauve", ""),
    ("", "terminal"),
    ("trace", "'--until' is missing; an example: kerneltui trace --until 6s"),
    ("screenshot", "'-o / --output' is missing; an example: kerneltui screenshot -o picture.svg"),
    ("trace --until 1ms -o {tmp}", "directory"),
    ("trace --until 1ms -o {tmp}/no/such/file", "No such file"),
    ("diff", "'--at' is missing, and needed twice; an example: kerneltui diff --at 1s --at 2s"),
    ("diff --at 1s", "'--at' is there once, and needed twice"),
    ("diff --at 1s --at 2s --at 3s", "'--at' is there 3 times"),
    ("diff --at 1s --at soon", "not a duration"),
    ("diff --at 1ms --at 2ms -o {tmp}/no/x.txt", "No such file"),
    ("screenshot -o {tmp}/x.svg --size 5x5", "out of range"),
    ("screenshot -o {tmp}/x.svg --size big", "not a size"),
    ("schema boards", "'boards' is unknown; did you mean 'board'?"),
    ("schema", "KIND is missing"),
    ("screenshot -o {tmp}/x.png", "x.png: a screenshot's name ends in .svg or .txt, or is - for"),
    ("screenshot -o {tmp}/x", "ends in .svg or .txt"),
    ("screenshot -o {tmp}", "ends in .svg or .txt"),
    ("screenshot -o {tmp}/no/x.txt", "No such file"),
    ("screenshot -o - --theme mauve", "unknown theme 'mauve'"),
    ("screenshot -o - --keys entr", "unknown key 'entr'"),
    ("docs", "docs: a command is missing; known: registers"),
    ("docs extra words", "unknown command 'extra'"),
    ("docs registrs", "did you mean 'registers'"),
    ("validate", "FILES is missing"),
    ("validate {tmp}/none.yaml", "No such file"),
    ("validate {tmp}/typo.yaml", "typo.yaml:3"),
    ("conformance {tmp}/none", "No such file"),
    ("conformance {tmp}/bad.jsonl", "bad.jsonl:1"),
]


@pytest.mark.parametrize(("line", "words"), BAD, ids=[line or "(no terminal)" for line, _ in BAD])
def test_every_mistake_is_one_line_and_status_2(line, words, said, tmp_path, monkeypatch):
    files(tmp_path)
    with Path(os.devnull).open() as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        status, out, err = said(*line.format(tmp=tmp_path).split())
    assert status == 2
    assert out == ""
    assert err.startswith("kerneltui: ")
    assert err.count("\n") == 1
    assert err.rstrip("\n").isprintable()
    assert words in err
    assert not (tmp_path / "x.svg").exists()


@pytest.mark.parametrize("name", ["x" * 5000, "", ".", "a\nb"])
def test_odd_names_are_unknown_boards(name, said):
    status, _, err = said("run", "--board", name, "--until", "1s")
    assert (status, err.count("\n")) == (2, 1)
    assert "unknown board" in err


def test_a_mistake_in_a_process_of_its_own_has_no_traceback(tmp_path):
    files(tmp_path)
    done = command("run", "--board", tmp_path / "overlap.yaml", "--until", "1s")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"Traceback" not in done.stderr
    assert done.stderr.count(b"\n") == 1


def test_the_dashboard_without_a_terminal_says_what_works_without_one():
    done = command(stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert b"kerneltui run" in done.stderr


# -- run -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("board", ["rpi3", "rpi4"])
def test_run_writes_the_serial_output_with_plain_line_ends(board, said):
    status, out, err = said("run", "--board", board, "--until", "6s")
    assert (status, err) == (0, "")
    assert "\r" not in out
    found = [line.partition("] ")[2] for line in out.splitlines() if re.match(r"\[ +[1-5]\.", line)]
    assert found == [
        "Periodic 1 sec", "Periodic 1 sec", "Once 2", "Periodic 1 sec", "Periodic 1 sec",
        "Once 5", "Periodic 1 sec",
    ]  # fmt: skip
    assert "\nhello\n" in out


def test_running_until_zero_is_nothing_at_all(said):
    assert said("run", "--until", "0s") == (0, "", "")


def test_the_final_view_is_one_json_object(said):
    status, out, err = said("run", "--until", "2.6s", "--json")
    assert (status, err) == (0, "")
    found = json.loads(out)
    assert found["board"] == "rpi4"
    assert found["scenario"] == "timer-callbacks"
    assert found["now_ns"] == 2_600_000_000
    assert found["cpu"]["state"] == "waiting"
    assert found["cpu"]["registers"]["DAIF"] == 0x340
    assert [item["name"] for item in found["timeouts"]] == ["Once 2", "Periodic 1 sec", "Once 5"]
    registers = {r["name"]: r["value"] for block in found["blocks"] for r in block["registers"]}
    assert registers["GICD_CTLR"] == 1
    assert registers["CNTP_CTL_EL0"] & 1 == 1
    interrupts = {item["number"]: item for item in found["interrupts"]}
    assert interrupts[30]["count"] == 2
    assert interrupts[153]["enabled"]


def test_the_figures_go_to_standard_error(said):
    status, out, err = said("run", "--until", "2s", "--stats")
    assert status == 0
    assert "Periodic" in out
    figures = dict(line.split(": ") for line in err.splitlines())
    assert list(figures) == [
        "virtual_seconds", "accesses", "interrupts", "wall_seconds", "accesses_per_second",
        "interrupts_per_second",
    ]  # fmt: skip
    assert float(figures["virtual_seconds"]) >= 2
    assert int(figures["accesses"]) > 1000
    assert int(figures["interrupts"]) in {1, 2}
    assert float(figures["wall_seconds"]) > 0


def test_a_kernel_that_halts_is_status_1_and_one_line(said, tmp_path):
    path = tmp_path / "wrong.yaml"
    path.write_text(RPI4.replace("bsp: rpi4", "bsp: rpi3"))
    for arguments in (["run"], ["run", "--json"], ["trace", "-o", tmp_path / "t"]):
        status, _, err = said(*arguments, "--board", path, "--until", "1s")
        assert status == 1
        assert err.startswith("kerneltui: the kernel halted: Kernel panic: ")
        assert err.count("\n") == 1


# -- trace -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("board", ["rpi3", "rpi4"])
def test_the_trace_is_the_same_bytes_whatever_the_hash_seed(board, tmp_path):
    found = set()
    for seed in ("0", "1", "4242"):
        path = tmp_path / f"{seed}.jsonl"
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = command("trace", "--board", board, "--until", "2600ms", "-o", path, env=environment)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
        found.add(path.read_bytes())
    (data,) = found
    assert data.count(b"\n") > 1000


def test_the_trace_is_json_lines_with_a_header_and_rising_times(said, tmp_path):
    path = tmp_path / "t.jsonl"
    assert said("trace", "--until", "1100ms", "-o", path) == (0, "", "")
    header, *events = map(json.loads, path.read_text().splitlines())
    assert header == {"board": "rpi4", "scenario": "timer-callbacks", "unit": "ns"}
    order = [(event["step"], event["t"]) for event in events]
    assert order == sorted(order)
    assert {"reg": "GICC_IAR", "value": "0x1e"}.items() <= next(
        event for event in events if event.get("reg") == "GICC_IAR"
    ).items()


def test_the_trace_to_standard_output_is_the_same(said, tmp_path):
    path = tmp_path / "t.jsonl"
    said("trace", "--until", "5ms", "-o", path)
    for where in (["-o", "-"], []):
        assert said("trace", "--until", "5ms", *where) == (0, path.read_text(), "")


# -- a host that does not play along ---------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "--until", "2000s"], ["trace", "--until", "300s", "-o", "-"],
        ["run", "--until", "1s", "--json"], ["docs", "registers"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_reader_that_goes_away_is_no_error(arguments):
    with subprocess.Popen(
        [*MODULE, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.read(1)
        process.stdout.close()
        err = process.stderr.read()
        assert process.wait(timeout=60) == 0
    assert err == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
@pytest.mark.parametrize(
    "arguments",
    [["run", "--until", "2000s"], ["run", "--until", "1s"], ["boards"],
     ["trace", "--until", "1ms", "-o", "-"]],
    ids=" ".join,
)  # fmt: skip
def test_a_full_disk_is_one_line(arguments):
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*MODULE, *arguments], stdout=full, stderr=subprocess.PIPE, timeout=60, check=False
        )
    assert done.returncode == 2
    assert done.stderr == b"kerneltui: cannot write: No space left on device\n"


# -- the other commands ----------------------------------------------------------------------------


def test_boards_and_scenarios_are_listed(said):
    status, out, _ = said("boards")
    assert status == 0
    assert "rpi3" in out
    assert "4 x arm,cortex-a72" in out
    status, out, _ = said("scenarios")
    assert status == 0
    headings = [line for line in out.splitlines() if line in GROUPS]
    assert headings == list(GROUPS)
    named = {}
    for line in out.splitlines():
        if line in GROUPS:
            heading = line
        elif line and not line.startswith(" "):
            named.setdefault(heading, []).append(line.split()[0])
    assert sorted(itertools.chain(*named.values())) == sorted(available("scenarios"))
    for group, names in named.items():
        assert {is_puzzle(name) for name in names} == {group == GROUPS[-1]}
    for names in named.values():
        levels = [LEVELS.index(load_scenario(name).spec.level) for name in names]
        assert levels == sorted(levels)


def test_every_example_of_a_missing_word_is_enough(said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my-scenario.yaml").write_text("title: t\nprogram: timer-callbacks\n")
    (tmp_path / "my_timer.py").write_text(ARCH_TIMER.read_text())
    traces = tmp_path / "tests" / "conformance" / "traces"
    traces.mkdir(parents=True)
    (traces / "a.jsonl").write_text((TRACES / "seed-1.jsonl").read_text())
    for name, least in EXAMPLES.items():
        status, _, err = said(*name.split())
        assert (status, err.count("\n")) == (2, 1)
        assert err.endswith(f" is missing; an example: kerneltui {name} {least}\n")
        assert said(*name.split(), *least.split())[0] == 0


def test_validate_goes_through_all_files_and_tells_good_from_bad(said, tmp_path):
    files(tmp_path)
    good = available("scenarios")["burst"]
    board = available("boards")["rpi3"]
    status, out, err = said("validate", tmp_path / "typo.yaml", good, board)
    assert status == 2
    assert out.splitlines() == [
        f"ok {good}: scenario 'Burst'",
        f"ok {board}: board 'Raspberry Pi 3'",
    ]
    assert err.count("\n") == 1
    assert said("validate", good, board)[0] == 0


@pytest.mark.parametrize("kind", ["board", "scenario"])
def test_schemas_are_json_schema_and_fit_what_comes_with_the_program(kind, said):
    status, out, _ = said("schema", kind)
    assert status == 0
    schema = json.loads(out)
    definitions = schema["$defs"]
    kinds = schema.get("anyOf", [schema])
    assert len(kinds) == (2 if kind == "scenario" else 1)
    tops = [definitions[item["$ref"].rpartition("/")[2]] for item in kinds]
    assert all(top["additionalProperties"] is False for top in tops)
    top = tops[0]
    for path in available(f"{kind}s").values():
        keys = {
            line.partition(":")[0]
            for line in path.read_text().splitlines()
            if re.match(r"\w", line)
        }
        assert keys <= set(top["properties"])


def test_the_register_reference_names_every_block(said, tmp_path):
    status, out, _ = said("docs", "registers")
    assert status == 0
    for name in ("GICD_ISENABLER", "CNTP_CVAL_EL0", "UARTDR", "CORE{n}_INTERRUPT_SOURCE", "CLO"):
        assert name.partition("{")[0] in out
    path = tmp_path / "registers.md"
    assert said("docs", "registers", "-o", path)[0] == 0
    assert path.read_text() == out
    assert said("docs", "registers", "-o", "-")[:2] == (0, out)


def test_conformance_replays_files_and_folders(said):
    status, out, err = said("conformance", TRACES)
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert len(lines) == 8
    for line in lines:
        agreed, total = re.fullmatch(r"ok .*\.jsonl (\d+)/(\d+)", line).groups()
        assert agreed == total != "0"


def test_a_trace_that_differs_is_status_1_with_the_first_difference(said, tmp_path):
    lines = (TRACES / "seed-1.jsonl").read_text().splitlines(keepends=True)
    number = next(n for n, line in enumerate(lines) if '"op":"read"' in line)
    entry = json.loads(lines[number])
    lines[number] = json.dumps({**entry, "value": entry["value"] ^ 1}) + "\n"
    path = tmp_path / "spoilt.jsonl"
    path.write_text("".join(lines))
    status, out, _ = said("conformance", path)
    assert status == 1
    assert out.startswith(f"DIFFERS {path} ")
    assert len(out.splitlines()) > 1


def test_a_trace_of_an_unknown_device_is_skipped_and_the_others_are_replayed(said, tmp_path):
    for name in ("a", "c"):
        (tmp_path / f"{name}.jsonl").write_text((TRACES / "seed-1.jsonl").read_text())
    (tmp_path / "b.jsonl").write_text('{"device": "toaster\\nor not"}\n')
    status, out, err = said("conformance", tmp_path)
    assert (status, err) == (2, "")
    lines = out.splitlines()
    assert [line.split()[0] for line in lines] == ["ok", "SKIPS", "ok"]
    assert lines[1].startswith(f"SKIPS {tmp_path / 'b.jsonl'} unknown device 'toaster\\nor not'")


def test_a_malformed_trace_is_one_line_with_its_place_and_the_others_are_replayed(said, tmp_path):
    lines = (TRACES / "seed-1.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "c.jsonl").write_text("".join(lines))
    (tmp_path / "a.jsonl").write_text("{}")
    lines[6] = lines[6][:9] + "\n"
    (tmp_path / "b.jsonl").write_text("".join(lines))
    status, out, err = said("conformance", tmp_path)
    assert (status, out.split()[0], out.count("\n")) == (2, "ok", 1)
    places = [f"kerneltui: {tmp_path / 'a.jsonl'}:1: ", f"kerneltui: {tmp_path / 'b.jsonl'}:7: "]
    assert len(err.splitlines()) == 2
    assert all(line.startswith(place) for line, place in zip(err.splitlines(), places, strict=True))


def test_a_difference_does_not_hide_that_a_trace_was_skipped(said, tmp_path):
    lines = (TRACES / "seed-1.jsonl").read_text().splitlines(keepends=True)
    number = next(n for n, line in enumerate(lines) if '"op":"read"' in line)
    entry = json.loads(lines[number])
    lines[number] = json.dumps({**entry, "value": entry["value"] ^ 1}) + "\n"
    (tmp_path / "b.jsonl").write_text("".join(lines))
    (tmp_path / "a.jsonl").write_text('{"device": "toaster"}\n')
    status, out, _ = said("conformance", tmp_path)
    assert status == 2
    assert [line.split()[0] for line in out.splitlines()[:2]] == ["SKIPS", "DIFFERS"]
    assert len(out.splitlines()) == 3, "the difference itself is told too"


def test_the_version_and_help(said):
    status, out, _ = said("--version")
    assert (status, out.split()[0]) == (0, "kerneltui")
    assert re.fullmatch(r"\d+\.\d+\.\d+", out.split()[1])
    for arguments in every_command(cli):
        status, out, err = said(*arguments, "--help")
        assert (status, err) == (0, "")
        assert " ".join(["kerneltui", *arguments]) in out
        assert said(*arguments, "-h") == (0, out, "")


def every_command(group, *path):
    """The words before the options of all commands, groups among them."""
    yield path
    if isinstance(group, click.Group):
        context = click.Context(group)
        for name in group.list_commands(context):
            yield from every_command(group.get_command(context, name), *path, name)


@pytest.mark.parametrize("name", ["x.svg", "x.SVG"])
def test_a_screenshot_is_an_svg(said, tmp_path, name):
    path = tmp_path / name
    status, _, err = said("screenshot", "-o", path, "--size", "80x24")
    assert (status, err) == (0, "")
    assert path.read_text().lstrip().startswith("<svg")


@pytest.mark.parametrize(("columns", "rows"), [(140, 40), (80, 24), (200, 60)])
def test_a_screenshot_as_text_is_the_rows_of_the_screen(said, tmp_path, columns, rows):
    path = tmp_path / "x.txt"
    arguments = ["screenshot", "--size", f"{columns}x{rows}", "--keys", "n"]
    assert said(*arguments, "-o", path) == (0, "", "")
    text = path.read_text(encoding="utf-8")
    assert said(*arguments, "-o", "-") == (0, text, "")
    lines = text.split("\n")
    assert lines.pop() == ""
    assert len(lines) == rows
    assert all(line == line.rstrip() and len(line) <= columns for line in lines)
    assert "paused: timer event done" in lines[0]
    assert any(len(line) == columns for line in lines)
    assert ("─ 4 UART console" in text) == (columns != 80)


def test_below_its_smallest_size_a_screenshot_says_what_the_dashboard_says(said):
    status, out, err = said("screenshot", "-o", "-", "--size", "79x24")
    assert (status, err) == (0, "")
    assert out.count("\n") == 24
    said = "kerneltui needs 80x24; this terminal has 79x24. Make it larger. q quits."
    assert " ".join(out.split()) == said


def test_a_screenshot_waits_for_a_goal_that_is_far_away(said):
    found = [
        said("screenshot", "-o", "-", "--scenario", "overload", "--keys", "n n n i")
        for _ in range(2)
    ]
    assert found[0] == found[1]
    assert "paused: interrupt taken" in found[0][1]


def test_a_kernel_that_an_error_has_halted_is_told_on_the_screen(monkeypatch):
    monkeypatch.setattr(TimeManager, "handle", lambda manager: sys.exit(3))
    session = open_session("rpi4", "timer-callbacks")
    session.boot()
    shown = " ".join(screen_text(session, keys=["n"]).split())
    assert "SystemExit: 3" in shown


def test_a_module_and_a_function_are_the_same_program(said):
    done = command("run", "--until", "10ms")
    assert (done.returncode, done.stdout.decode()) == said("run", "--until", "10ms")[:2]
    assert len(set(itertools.chain(done.stderr))) == 0


# -- options before a command ----------------------------------------------------------------


def test_options_before_a_command_mean_the_same(capfdbinary):
    assert run(["--board", "rpi3", "run", "--until", "2ms"]) == 0
    assert b"Raspberry Pi 3" in capfdbinary.readouterr().out


@pytest.mark.parametrize(
    "before", [["--board", "nosuch"], ["--scenario", "nosuch"], ["--speed", "2"]]
)
def test_options_before_a_command_are_not_ignored(before, capfdbinary):
    assert run([*before, "run", "--until", "1ms"]) == 2
    assert len(capfdbinary.readouterr().err.splitlines()) == 1


def test_an_unknown_key_of_a_screenshot_is_named(tmp_path, capfdbinary):
    assert run(["screenshot", "-o", str(tmp_path / "x.svg"), "--keys", "n entr"]) == 2
    assert b"unknown key 'entr'; did you mean 'enter'?" in capfdbinary.readouterr().err


def test_control_characters_in_a_title_are_refused(tmp_path, capfdbinary):
    path = tmp_path / "evil.yaml"
    path.write_text('program: timer-callbacks\ntitle: "red \\e[31m"\n')
    assert run(["validate", str(path)]) == 2
    error = capfdbinary.readouterr().err
    assert b"evil.yaml:2: control characters" in error
    assert b"\x1b" not in error


def test_changes_may_stand_before_and_behind_the_command(said):
    status, out, _ = said(
        "--no", "hpet", "--cpu", "-arat", "run", "--board", "x86", "--no", "acpi", "--cpu=-invtsc",
        "--append", "clock=pit", "--append", "nohz=off", "--until", "70ms",
    )  # fmt: skip
    assert status == 0
    for text in ("Boot parameters: clock=pit nohz=off", "no ACPI FADT", "no ACPI HPET table",
                 "timer=tsc refused"):  # fmt: skip
        assert text in out
    status, out, _ = said("--append", "clock=hpet", "run", "--board", "x86", "--until", "50ms")
    assert "Boot parameters: clock=hpet" in out


def test_an_option_that_does_not_apply_is_named_as_it_was_written(said):
    status, _, err = said("--no", "hpet", "boards")
    assert (status, "'--no' does not apply to 'boards'" in err) == (2, True)


@pytest.mark.parametrize("board", ["rpi4", "x86"])
def test_the_trace_does_not_tell_the_structure_of_the_queue(said, board, tmp_path):
    traces = set()
    for structure in ("sorted", "vec", "heap", "wheel"):
        path = tmp_path / f"{structure}.jsonl"
        said("trace", "--board", board, "--scenario", "nested", "--queue", structure,
             "--until", "2.5s", "-o", str(path))  # fmt: skip
        traces.add(path.read_bytes())
    assert len(traces) == 1


@pytest.mark.parametrize(
    ("structure", "kind"),
    [("sorted", "sublists"), ("vec", "array"), ("heap", "tree"), ("wheel", "wheel")],
)
def test_the_final_view_tells_the_shape_of_the_queue(said, structure, kind):
    status, out, _ = said("run", "--scenario", "queue-structures", "--queue", structure,
                          "--until", "1s", "--json")  # fmt: skip
    found = json.loads(out)
    assert (status, found["queue"]["structure"], found["queue_shape"]["type"]) == (
        0, structure, kind
    )  # fmt: skip
    assert json.dumps(found["queue_shape"]).count('"ident"') >= found["timeout_count"] // 2


# -- explain ---------------------------------------------------------------------------------------


def test_explain_tells_the_way_gate_by_gate(said):
    status, out, _ = said("explain", "--board", "rpi4", "--irq", "30")
    assert status == 0
    first, _, verdict, *_ = out.splitlines()
    assert first.startswith("irq 30, core 0, at 0.0")
    assert verdict.startswith("waits: irq 30 is due in ")
    assert "open     enabled                  GICD_ISENABLER0.PPI[14] = 1" in out


def test_explain_as_json_has_gates_with_registers_and_addresses(said):
    _, out, _ = said("explain", "--board", "rpi4", "--irq", "30", "--at", "1.5s", "--json")
    told = json.loads(out)
    assert told["verdict"] == "waits"
    mask = next(gate for gate in told["gates"] if gate["name"] == "passes the mask")
    assert mask["open"] is True
    assert (mask["register"], mask["field"], mask["address"]) == (
        "GICC_PMR", "Priority", "0xff842004",
    )  # fmt: skip
    assert mask["ref"] == "IHI 0048B 3.3; 4.4.2"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--irq", "30", "--line", "uart0.irq"], "ask for one of"),
        (["--irq", "x"], "'x' names no interrupt of this board; write N, irq:N or gic:N"),
        (["--irq", "30", "--core", "9"], "there is no core 9: this board has 0 to 3"),
        (["--line", "uart0.iqr"], "there is no line 'uart0.iqr'; did you mean 'uart0.irq'?"),
        (["--timeout", "x"], "no timeout 'x' is pending"),
    ],
)
def test_explain_refuses_in_one_line_what_cannot_be_asked(said, arguments, told):
    status, _, err = said("explain", "--board", "rpi4", *arguments)
    assert status == 2
    assert told in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("board", "asked"), [("rpi3", "local:1"), ("rpi4", "30"), ("x86", "vector:0xec")]
)
def test_explain_asks_for_the_timer_where_nothing_is_named(said, board, asked):
    assert said("explain", "--board", board) == said("explain", "--board", board, "--irq", asked)


def gates_of(out):
    return {(gate["station"], gate["name"]): gate for gate in json.loads(out)["gates"]}


def test_explain_tells_who_wrote_each_gate_last(said):
    arguments = ["explain", "--board", "rpi4", "--irq", "30", "--at", "2s", "--json"]
    _, out, _ = said(*arguments, "--poke", "1.5s:GICC_PMR=0")
    gates = gates_of(out)
    assert gates["gic", "passes the mask"]["open"] is False
    assert gates["gic", "passes the mask"]["last_write"]["by"] == "poke"
    assert gates["gic", "passes the mask"]["last_write"]["t_ns"] == 1_500_000_000
    assert gates["gic", "passes the mask"]["last_write"]["file"] is None
    enabled = gates["gic", "enabled"]["last_write"]
    assert (enabled["by"], enabled["function"], enabled["file"]) == (
        "code", "Gicv2.enable", "kernel/drivers/gicv2.py",
    )  # fmt: skip
    lines = (Path(gicv2.__file__).read_text()).splitlines()
    assert "1 << irq.number % 32" in lines[enabled["line"] - 1]
    # Since the poke no interrupt has come, so the trace still has the store to the comparator.
    _, trace, _ = said("trace", "--board", "rpi4", "--until", "1.2s", "-o", "-")
    events = [json.loads(line) for line in trace.splitlines()]
    reached = gates["timer", "time reached"]["last_write"]
    assert {"step": reached["step"], "t": reached["t_ns"], "cpu": reached["core"]} in [
        {"step": event["step"], "t": event["t"], "cpu": event["cpu"]}
        for event in events
        if event.get("reg") == "CNTP_CVAL_EL0"
    ]
    nobody = gates["gic", "pending"]["last_write"]
    assert nobody == {
        "by": "reset", "is_reset": False, "is_ignored": False, "step": None, "t_ns": None,
        "core": None, "function": None, "file": None, "line": None,
    }  # fmt: skip
    assert gates["gic", "may pre-empt"]["last_write"] is None, "a register that is only read"
    assert gates["core 0", "core is on"]["last_write"] is None, "no register"


def test_explain_writes_the_last_writer_below_each_shut_gate(said, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "title: t\nprogram: timer-callbacks\ntimeouts: [{every: 100ms, print: x}]\n"
        "pokes:\n  - {at: 500ms, store: CNTP_CTL_EL0.IMASK=1}\n"
    )
    pokes = ["--poke", "1.5s:GICC_PMR=0"]
    arguments = ["--board", "rpi4", "--scenario", path, "--irq", "30", "--at", "2s", *pokes]
    _, out, _ = said("explain", *arguments)
    lines = out.splitlines()
    below = {
        line[11:35].strip(): lines[place + 1].strip()
        for place, line in enumerate(lines)
        if "; needs " in line
    }
    assert below["let through"] == "last written by a poke of the scenario at 0.500 000 000 s"
    assert below["passes the mask"] == "last written by your poke at 1.500 000 000 s"
    assert below["pending"] == "written by nobody since reset"
    assert [line[11:].split("  ")[0] for line in lines if line.startswith("  not yet ")] == [
        "pending", "comes first",
    ]  # fmt: skip
    assert sum("written by" in line for line in lines) == len(below)


def test_explain_names_the_kernels_line(said):
    _, out, _ = said("explain", "--board", "rpi4", "--irq", "30", "--at", "2s")
    number = arch_timer_line("CNTP_CVAL_EL0")
    assert (
        f"last written by ArchTimer.set_timeout_irq (kernel/drivers/arch_timer.py:{number}) at 1.00"
    ) in out


def arch_timer_line(register):
    function, first = inspect.getsourcelines(arch_timer.ArchTimer.set_timeout_irq)
    return first + next(place for place, line in enumerate(function) if register in line)


def test_explain_ends_at_ctrl_c_without_a_word(said, monkeypatch):
    def interrupted(*_, **__):
        yield Position(0, 0, False, 0, 0)
        raise KeyboardInterrupt

    monkeypatch.setattr(question, "find_writers", interrupted)
    assert said("explain", "--board", "rpi4", "--irq", "30") == (130, "", "")


# -- diff ------------------------------------------------------------------------------------------


def test_diff_tells_registers_timeouts_lines_of_the_console_and_the_time(said, tmp_path):
    status, out, err = said("diff", "--board", "rpi4", "--at", "1s", "--at", "2s")
    assert (status, err) == (0, "")
    lines = out.split("\n")
    assert re.fullmatch(r"1\.000 000 000 s, #5863 -> 2\.000 000 000 s, #6110", lines[0])
    assert "Registers of timer, GENERIC_TIMER, core 0" in lines
    assert "  irq 30 of gic  handled 0 -> 1" in lines
    due = "  CNTP_CVAL_EL0 of timer  due 1.008 266 056 s -> 2.008 266 056 s"
    assert due in lines
    assert any(re.fullmatch(r"  line \d+  \(none\) -> .*Periodic 1 sec", line) for line in lines)
    assert lines[-2].startswith("Time passed: 1 s; counters went on: CNTPCT_EL0 of timer, ")
    # The order in which the moments are given does not matter, nor where it is written.
    assert said("diff", "--board", "rpi4", "--at", "2s", "--at", "1s") == (0, out, "")
    path = tmp_path / "x.txt"
    assert said("diff", "--at", "1s", "--at", "2s", "-o", path) == (0, "", "")
    assert path.read_text() == out


def test_diff_of_equal_times_says_that_nothing_differs(said):
    status, out, _ = said("diff", "--at", "1s", "--at", "1s")
    assert status == 0
    assert out.endswith("\n\nNothing differs.\nNo time passed.\n")


def test_diff_sees_a_poke_and_its_scenario(said):
    arguments = ["diff", "--scenario", "shell", "--poke", "1.5s:GICC_PMR=0x10", "--at", "1.4s"]
    _, out, _ = said(*arguments, "--at", "1.6s")
    assert "  GICC_PMR  000000f8 -> 00000010, Priority 0xf8 -> 0x10" in out


def test_diff_as_json_has_the_groups_with_references_and_the_time(said):
    status, out, _ = said("diff", "--board", "x86", "--at", "2s", "--at", "1s", "--json")
    assert status == 0
    found = json.loads(out)
    assert (found["old"]["t_ns"], found["new"]["t_ns"]) == (10**9, 2 * 10**9)
    assert found["passed_ns"] == 10**9
    assert "MAIN_CNT of hpet" in found["counters"]
    groups = {group["title"]: group["things"] for group in found["groups"]}
    (core,) = groups["Cores"]
    assert core["reference"] == {"place": "core", "index": 0}
    assert {fact["name"] for fact in core["facts"]} >= {"instructions", "interrupts taken"}
    names = [group["name"] for group in found["groups"]]
    assert names == sorted(names, key=["Registers", "Interrupts", "Timers", "Timeouts", "Tasks",
                                       "Cores", "Lines", "Console"].index)  # fmt: skip


def test_every_module_of_commands_is_known_by_the_names_of_all_its_commands():
    ctx = click.Context(cli)
    for path in Path(kerneltui.__file__).parent.glob("*_commands.py"):
        module = f"kerneltui.{path.stem}"
        names = {command.name for command in import_module(module).COMMANDS}
        assert names == {name for name, where in cli.MODULES.items() if where == module}
        for name in names:
            assert cli.get_command(ctx, name).name == name
