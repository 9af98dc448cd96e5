"""YAML files: every complaint is one line with file and line; hostile files do no harm."""

import os
import re
import threading
from pathlib import Path

import pytest
import yaml

from kerneltui import configfile, yamltext
from kerneltui.builtin import configs_dir
from kerneltui.configfile import LARGEST_FILE, ConfigFile, available, find
from kerneltui.errors import UserError
from kerneltui.scenarios.spec import ScenarioSpec
from kerneltui.validation import validate_file
from kerneltui.yamltext import DEEPEST

GOOD = "title: t\nprogram: timer-callbacks\n"


def complaint(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UserError) as caught:
        validate_file(path)
    message = str(caught.value)
    assert message.startswith(f"{path}:"), message
    return message.removeprefix(str(path))


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(9)
)


def nested_then(depth):
    inner = "{once: 1s, then: [" * depth + "]}" * depth
    return GOOD + f"timeouts:\n  - {inner}\n"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", 1, "must be a mapping"),
        ("~\n", 1, "must be a mapping"),
        ("- a\n", 1, "must be a mapping"),
        ("just words\n", 1, "must be a mapping"),
        (GOOD + "title: u\n", 3, "second time (first in line 1)"),
        (GOOD + "timeouts:\n  - once: 1s\n    once: 2s\n", 5, "second time (first in line 4)"),
        (GOOD + "timouts: []\n", 3, "did you mean 'timeouts'?"),
        (GOOD + "timeouts:\n  - onec: 5s\n", 4, "did you mean 'once'?"),
        (GOOD + "inputs:\n  - at: 1s\n    uarf: x\n", 5, "did you mean 'uart'?"),
        (GOOD + "timeouts: 5\n", 3, "'timeouts' must be a list, not '5'"),
        (GOOD + "timeouts:\n  - 5\n", 4, "item 1 of 'timeouts' must be a mapping, not '5'"),
        (GOOD + "sched: cfs\n", 3, "'sched' must be 'coop' or 'rr', not 'cfs'"),
        (GOOD + "cores: yes\n", 3, "'cores' must be a whole number, not 'yes'"),
        (GOOD + "cores: 9\n", 3, "'cores' is out of range: from 1 to 8, not '9'"),
        (GOOD + "tasks:\n  - name: a\n    do: []\n", 5, "'do' needs at least 1 item"),
        (GOOD + "tasks:\n  - name: a\n    do: [jump]\n", 5, "a mapping or 'exit' or 'yield', not"),
        (GOOD + "tasks:\n  - name: a\n    do:\n      - compute: 5\n", 6, "needs a unit"),
        (GOOD + "tasks:\n  - do: [exit]\n", 4, "the key 'name' is missing here"),
        (GOOD + "config:\n  hpet:\n    timers: []\n", 5, "or text, not a list"),
        (
            GOOD + f"about: {'x' * 9}\ninputs:\n  - at: 1s\n    uart: {'x' * 5000}\n",
            6,
            "'uart' has 5000 characters, at most 4096 can stand here",
        ),
        (GOOD + "timeouts:\n  - once: 5\n", 4, "needs a unit"),
        (GOOD + "timeouts:\n  - once: [5s]\n", 4, "must be a duration, not a list"),
        (GOOD + "timeouts:\n  - once: 1s\n  - once: -5s\n", 5, "cannot be negative"),
        (GOOD + "timeouts:\n  - once: 500000h\n", 4, "more than a year"),
        (GOOD + "title2: [\n", 3, "not valid YAML"),
        (GOOD + "\tabout: x\n", 3, "not valid YAML"),
        (GOOD + "about: !!python/object:os.system x\n", 3, "not valid YAML"),
        (GOOD + "---\n" + GOOD, 3, "not valid YAML"),
        (GOOD + "about: *nowhere\n", 3, "not valid YAML"),
        (GOOD + "5: 1\n", 3, "must be text"),
        (GOOD + "yes: 1\n", 3, "must be text"),
        (GOOD + "? [a]\n: b\n", 3, "must be text"),
        (GOOD + '"a\\nb": 1\n', 3, "unknown key"),
        (GOOD + "about: 2020-99-99\n", 3, "'2020-99-99' is no date; put text in quotes"),
        (GOOD + f"about: {'9' * 5000}\n", 3, "is no number; put text in quotes"),
        ("title: t\n", 1, "'program' is missing"),
        ("a: " + "[" * 100_000, 1, f"more than {DEEPEST} levels"),
        ("\n".join(" " * n + "a:" for n in range(1500)), DEEPEST + 1, "levels deep"),
        (nested_then(1000), 4, "levels deep"),
        (GOOD + "timeouts: &a\n  - once: 1s\n    then: *a\n", None, "levels deep"),
        ("a: &a [*a]\n", 1, "levels deep"),
        ("title: a\0b\n", 1, "not valid YAML"),
    ],
)
def test_the_place_and_the_mend_are_named(tmp_path, text, line, said):
    message = complaint(tmp_path, text)
    place = re.match(r":(\d+): ", message)
    assert place, message
    assert line in {None, int(place[1])}, message
    assert said in message


DEEP = {
    "brackets": "a: " + "[" * 50_000,
    "brackets alone": "[" * 1_020,
    "braces": "a: " + "{" * 2_000,
    "both": "a: " + "[{" * 2_000,
    "mappings in a line": "{a: " * 2_000,
    "one a line": "a: " + "[\n" * 2_000,
    "sequences": "- " * 2_000,
    "keys": "? " * 2_000,
    "blocks": "\n".join(" " * n + "a:" for n in range(1_500)),
    "anchors": "a: " + "".join(f"&a{n} [" for n in range(2_000)),
    "tags": "a: " + "!!seq [" * 2_000,
    "closed again": "a: " + "[" * 2_000 + "]" * 2_000,
    "after brackets that were closed": f"a: {'[' * 60 + ']' * 60}\nb: {'[' * 2_000}",
    "one more than allowed": "a: " + "[" * DEEPEST + "]" * DEEPEST,
}
FLAT = {
    "the most that is allowed": f"a: {'[' * (DEEPEST - 1) + ']' * (DEEPEST - 1)}",
    "in quotes": f"a: '{'[' * 2_000}'",
    "in plain text": f"a: b{'[' * 2_000}",
    "in a block of text": f"a: |\n  {'[' * 2_000}",
    "in a comment": f"a: b  # {'[' * 2_000}",
    "one after the other": f"a: [{'[], ' * 1_000}]",
}
LOADERS = [yaml.SafeLoader]
if hasattr(yaml, "CSafeLoader"):
    LOADERS.append(yaml.CSafeLoader)


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP)
def test_deep_nesting_is_told_in_our_words_whatever_the_parser_allows(
    tmp_path, monkeypatch, loader, text
):
    monkeypatch.setattr(yamltext, "_Loader", loader)
    assert f": nested more than {DEEPEST} levels deep" in complaint(tmp_path, text)


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("text", FLAT.values(), ids=FLAT)
def test_brackets_that_nest_nothing_are_text(tmp_path, monkeypatch, loader, text):
    monkeypatch.setattr(yamltext, "_Loader", loader)
    assert list(ConfigFile(tmp_path, text).data) == ["a"]


def test_a_few_lines_of_aliases_that_stand_for_billions_of_values_are_refused_quickly(tmp_path):
    assert "stands for more than" in complaint(tmp_path, BOMB)


@pytest.mark.parametrize(
    "data", [bytes(range(256)) * 10, GOOD.encode("utf-16"), b"\xff\xfe", b"\x80abc"]
)
def test_binary_is_not_text(tmp_path, data):
    assert "not UTF-8 text" in complaint(tmp_path, data)


def test_a_huge_file_is_refused_unread(tmp_path):
    assert "larger than" in complaint(tmp_path, GOOD + "#" * (LARGEST_FILE + 1))


def test_ten_thousand_entries_are_no_trouble(tmp_path):
    path = tmp_path / "many.yaml"
    path.write_text(GOOD + "timeouts:\n" + "  - {once: 1s}\n" * 10_000)
    assert validate_file(path) == "scenario 't'"


@pytest.mark.parametrize(
    "text",
    ["\ufeff" + GOOD, GOOD.replace("\n", "\r\n"), GOOD + "# comment\n", nested_then(20)],
    ids=["byte order mark", "CR LF", "comment", "nested"],
)
def test_what_editors_make_is_read(tmp_path, text):
    path = tmp_path / "fine.yaml"
    path.write_bytes(text.encode())
    assert validate_file(path) == "scenario 't'"


def test_what_cannot_be_read_is_said_plainly(tmp_path):
    for path, said in (
        (tmp_path / "none.yaml", "No such file"),
        (tmp_path, "directory"),
        (tmp_path / "x.yaml" / "y.yaml", "No such file"),
    ):
        with pytest.raises(UserError, match=said) as caught:
            ConfigFile.load(path)
        assert str(path) in str(caught.value)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="a device that never ends")
def test_a_device_that_never_ends_is_read_no_further_than_the_limit():
    with pytest.raises(UserError, match="larger than"):
        ConfigFile.load(Path("/dev/zero"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes")
def test_a_pipe_can_be_read(tmp_path):
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(GOOD,))
    writer.start()
    assert validate_file(pipe) == "scenario 't'"
    writer.join()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes")
def test_a_pipe_to_which_nobody_writes_is_not_waited_for_long(tmp_path, monkeypatch):
    monkeypatch.setattr(configfile, "PIPE_PATIENCE_S", 0.1)
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)
    with pytest.raises(UserError, match="must be a mapping"):
        validate_file(pipe)


def test_the_line_of_a_place_that_has_none_is_that_of_what_is_above_it(tmp_path):
    file = ConfigFile(tmp_path, "a: 1\nb:\n  - c: 1\n  - d: 2\n")
    assert file.line(("b", 1, "d")) == 4
    assert file.line(("b", 1, "nothing")) == 4
    assert file.line(("b", 7)) == 2
    assert file.line(("z",)) == 1


def test_a_part_is_decoded_with_its_place_in_the_whole(tmp_path):
    file = ConfigFile(tmp_path, "x: 1\nlist:\n  - title: t\n    program: p\n    inputs: 3\n")
    with pytest.raises(UserError, match=":5: "):
        file.decode(ScenarioSpec, file.data["list"][0], ("list", 0))


def test_names_and_paths():
    assert set(available("boards")) >= {"rpi3", "rpi4"}
    assert configs_dir().is_dir()
    assert find("scenarios", "nested") == available("scenarios")["nested"]
    assert str(find("boards", "./x")) == "x"
    with pytest.raises(UserError, match=r"unknown scenario 'nestd'; did you mean 'nested'\?"):
        find("scenarios", "nestd")


@pytest.mark.parametrize(
    "path", sorted(configs_dir().glob("*/*.yaml")), ids=lambda p: f"{p.parent.name}/{p.name}"
)
def test_every_file_that_comes_with_the_program_is_right(path):
    assert validate_file(path)
