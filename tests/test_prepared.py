"""The prepared data of what comes with the program: the same as its YAML, and faster."""

import shutil
import subprocess
import sys

import msgspec
import pytest

from kerneltui import configfile
from kerneltui.builtin import configs_dir
from kerneltui.configfile import ConfigFile, available
from kerneltui.machine.board import load_board
from kerneltui.prepared import NAME
from kerneltui.preparing import READERS, prepare
from kerneltui.yamltext import parse

FILES = {f"{kind}/{name}": path for kind in ("boards", "scenarios")
         for name, path in available(kind).items()}  # fmt: skip


def test_the_prepared_file_says_what_the_yaml_files_say():
    stored = (configs_dir() / NAME).read_text(encoding="utf-8")
    assert stored == prepare(configs_dir()), "make it anew: python -m kerneltui.preparing"


@pytest.mark.parametrize("name", FILES)
def test_data_and_lines_are_those_of_the_source(name):
    path = FILES[name]
    file = ConfigFile.load(path)
    assert file._parsed is None, "it has not been prepared"
    parsed = parse(path, path.read_text(encoding="utf-8"))
    assert file.data == parsed.data
    assert len(parsed.lines) > 2
    assert {place: file.line(place) for place in parsed.lines} == parsed.lines


@pytest.mark.parametrize("name", FILES)
def test_what_is_known_of_a_file_is_what_the_checks_make_of_its_source(name):
    path = FILES[name]
    read = READERS[path.parent.name]
    known, source = ConfigFile.load(path), ConfigFile(path, path.read_text(encoding="utf-8"))
    schema = type(read(source, path).spec)
    assert known.checked(schema) is not None, "make it anew: python -m kerneltui.preparing"
    assert source.checked(schema) is None
    was, now = read(source, path).spec, read(known, path).spec
    assert was == now
    assert list(_types(was)) == list(_types(now))


def _types(value):
    """Of all that it is made of: a duration is equal to a number."""
    yield type(value)
    if isinstance(value, msgspec.Struct):
        value = msgspec.structs.astuple(value)
    for item in value.values() if isinstance(value, dict) else value:
        if isinstance(item, msgspec.Struct | dict | list | tuple):
            yield from _types(item)
        else:
            yield type(item)


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """A copy of all files that come with the program, in use instead of them."""
    copy = tmp_path / "configs"
    shutil.copytree(configs_dir(), copy)
    monkeypatch.setattr(configfile, "configs_dir", lambda: copy)
    return copy


def test_a_source_that_was_edited_is_read_itself(copied):
    path = copied / "boards" / "rpi4.yaml"
    path.write_text(path.read_text().replace("title: Raspberry Pi 4", "title: Mine"))
    assert load_board("rpi4").spec.title == "Mine"


@pytest.mark.parametrize("text", [None, "", "{}", "[1]", '{"boards/rpi4": 5}', "\xff"])
def test_without_a_usable_prepared_file_the_sources_are_read(copied, text):
    if text is None:
        (copied / NAME).unlink()
    else:
        (copied / NAME).write_bytes(text.encode("latin-1"))
    assert load_board("rpi4").spec.title == "Raspberry Pi 4"


def test_a_part_that_is_not_understood_is_made_of_the_source(copied):
    text = (copied / NAME).read_text(encoding="utf-8")
    (copied / NAME).write_text(text.replace(":BoardSpec", ":Board"), encoding="utf-8")
    assert load_board("rpi4").spec.title == "Raspberry Pi 4"


START = """
import sys
import kerneltui.tui.app, kerneltui.tui.themes
from kerneltui.scenarios.scenario import open_session
session = open_session("rpi4", "timer-callbacks")
session.boot()
session.view()
print("yaml" in sys.modules)
"""
MISTAKE = """
import sys
from kerneltui.errors import UserError
from kerneltui.scenarios.reading import load_scenario
error = load_scenario("timer-callbacks").file.error(("timeouts", 1, "once"), "wrong")
print(error)
"""


def python(code):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.strip()


def test_the_dashboard_of_a_built_in_board_and_scenario_starts_without_yaml():
    assert python(START) == "False"


def test_a_mistake_found_in_a_prepared_file_has_its_line():
    path = available("scenarios")["timer-callbacks"]
    number, _, _ = python(MISTAKE).removeprefix(f"{path}:").partition(":")
    assert "once" in path.read_text().splitlines()[int(number) - 1]
