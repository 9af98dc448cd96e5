"""What programs read: lists as JSON, accesses as rows, a story from some moment on."""

import csv
import json
from io import StringIO

import pytest

from kerneltui.configfile import available
from kerneltui.export.access_rows import COLUMNS
from kerneltui.lessons.lesson import lessons
from kerneltui.machine.board import load_board
from kerneltui.scenarios.reading import load_scenario


def listed(said, command):
    status, out, err = said(command, "--json")
    assert (status, err) == (0, "")
    found = json.loads(out)
    assert [*found] == list(found)
    return {item.pop("name"): item for item in found}


def test_boards_are_listed_with_their_devices(said):
    found = listed(said, "boards")
    assert [*found] == [*available("boards")]
    assert found["rpi4"]["devices"]["uart0"] == "arm,pl011"
    for name, facts in found.items():
        spec = load_board(name).spec
        assert facts["title"] == spec.title
        assert (facts["cpu"], facts["cores"]) == (spec.cpu.compatible, spec.cpu.cores)
        assert facts["bsp"] == spec.bsp


def test_scenarios_are_listed_in_the_order_of_the_list_for_people(said):
    found = listed(said, "scenarios")
    lines = said("scenarios")[1].splitlines()
    shown = [line.split()[0] for line in lines if line[:1].islower() and "  " in line]
    assert [*found] == shown
    assert {*found} == {*available("scenarios")}
    for name, facts in found.items():
        scenario = load_scenario(name)
        assert facts["boards"] == list(scenario.boards)
        assert (facts["title"], facts["level"]) == (scenario.spec.title, scenario.spec.level)
        assert (facts["group"], facts["about"]) == (scenario.spec.group, scenario.spec.about)


def test_lessons_are_listed_in_the_order_of_the_course(said):
    found = listed(said, "lessons")
    course = lessons()
    assert [*found] == [item.name for item in course]
    for item in course:
        facts = found[item.name]
        assert (facts["course"], facts["minutes"]) == (item.spec.course, item.spec.minutes)
        assert (facts["board"], facts["scenario"]) == (item.spec.board, item.spec.scenario)


def rows(said, *arguments):
    status, out, err = said("trace", "--until", "20ms", "--format", "csv-accesses", *arguments)
    assert (status, err) == (0, "")
    return list(csv.DictReader(StringIO(out)))


def test_each_access_has_a_row_as_the_trace_has_it(said):
    events = [json.loads(line) for line in said("trace", "--until", "20ms")[1].splitlines()[1:]]
    wanted = [
        (str(event["step"]), str(event["t"]), event["op"], event["reg"], event["addr"])
        for event in events
        if "reg" in event and event["op"] != "poke"
    ]
    found = rows(said)
    assert tuple(found[0]) == COLUMNS
    assert wanted == [
        (row["step"], row["t_ns"], row["instruction"], row["register"], row["address"])
        for row in found
    ]
    assert {row["access"] for row in found} == {"read", "write"}
    first = next(row for row in found if row["register"] == "GICC_PMR")
    assert (first["access"], first["instruction"], first["value"]) == ("write", "str", "0xff")


def test_rows_of_some_accesses_and_from_some_time_on(said):
    every = rows(said)
    some = rows(said, "--only", "write:GICC_*", "--from", "1ms")
    assert some == [
        row
        for row in every
        if row["access"] == "write" and row["register"].startswith("GICC_")
        and int(row["t_ns"]) >= 1_000_000
    ]  # fmt: skip
    assert {row["register"] for row in rows(said, "--only", "read:UARTFR")} == {"UARTFR"}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--only", "irq"), "--format csv-accesses cannot tell of it; it tells of read, write"),
        (("--break", "irq 30 taken"), "has a row for each read and write, and no place for"),
    ],
)
def test_what_rows_of_accesses_cannot_tell_is_said(said, arguments, told):
    status, out, err = said("trace", "--until", "1s", "--format", "csv-accesses", *arguments)
    assert (status, out) == (2, "")
    assert told in err


def steps(lines, since):
    """Those that happen from then on."""
    told = [line for line in lines if line.lstrip()[:1].isdigit()]
    return [line for line in told if float("".join(line.split(" s ")[0].split())) >= since]


@pytest.mark.parametrize("detail", ["step", "event"])
def test_a_story_can_begin_later(said, detail):
    options = ("narrate", "--board", "rpi4", "--until", "2100ms", "--detail", detail)
    whole = said(*options)[1].splitlines()
    status, out, err = said(*options, "--from", "1.5s")
    assert (status, err) == (0, "")
    assert steps(out.splitlines(), 0) == steps(whole, 1.5)
    assert steps(whole, 1.5)


def test_a_story_that_begins_in_an_episode_has_its_heading(said):
    whole = said("narrate", "--board", "rpi4", "--until", "1010ms")[1].splitlines()
    taken = next(line for line in whole if "9/12 The callback" in line)
    since = "".join(taken.split(" s ")[0].split()) + "s"
    out = said("narrate", "--board", "rpi4", "--until", "1010ms", "--from", since)[1].splitlines()
    assert out[:3] == ["", "Timer interrupt, core 0", taken]


def test_a_story_cannot_begin_after_its_end(said):
    told = "kerneltui: --from is later than --until\n"
    assert said("narrate", "--until", "1s", "--from", "2s") == (2, "", told)


def test_a_block_of_registers_can_be_named_in_small_letters(said):
    assert said("docs", "registers", "--block", "gicd") == said(
        "docs", "registers", "--block", "GICD"
    )
    assert "did you mean 'GICD'" in said("docs", "registers", "--block", "gicdd")[2]
