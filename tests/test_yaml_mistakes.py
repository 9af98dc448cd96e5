"""Mistakes that people make in YAML: each is told with its file, its line and its mend."""

from pathlib import Path

import pytest
import yaml

from kerneltui import yamltext
from kerneltui.configfile import configs_dir
from kerneltui.errors import UserError
from kerneltui.validation import validate_file

GOOD = "title: t\nprogram: timer-callbacks\n"
TASKS = "title: t\nprogram: tasks\n"
TIMEOUT = f"{GOOD}timeouts:\n"
TASK = f"{TASKS}tasks:\n  - name: a\n"
RPI4 = (configs_dir() / "boards" / "rpi4.yaml").read_text()
X86 = (configs_dir() / "boards" / "x86.yaml").read_text()
LOADERS = [yaml.SafeLoader]
if hasattr(yaml, "CSafeLoader"):
    LOADERS.append(yaml.CSafeLoader)
SIXTIES = "(in sixties); write"
COLUMN = "keys of one mapping begin in the same column"

SYNTAX = {
    # tabs: the line where the tab stands, whatever stands before it
    "a tab before a key": (f"{GOOD}\tabout: x\n", 3, "a tab in the indentation; use spaces"),
    "a tab before a dash": (f"{TIMEOUT}\t- once: 1s\n", 4, "a tab in the indentation"),
    "a tab after a dash": (f"{TIMEOUT}  -\tonce: 1s\n    print: x\n", 4, "a tab in the indent"),
    "a tab after spaces": (f"{TIMEOUT}  - once: 1s\n  \tprint: x\n", 5, "a tab in the indentation"),
    "a tab in a mapping": (f"{GOOD}config:\n  rtc:\n\tbase: x\n", 5, "a tab in the indentation"),
    # quotes: the line where the quote opens
    "double quote": (f'{TIMEOUT}  - print: "tick\n    once: 1s\n', 4, 'end the text with "'),
    "single quote": (f"{TIMEOUT}  - print: 'tick\n    once: 1s\n", 4, "end the text with '"),
    "in the first line": ('title: "t\nprogram: x\n', 1, "is not closed; end the text with"),
    "after letters of two bytes": (f'{GOOD}# ééé\nabout: "é\n\n', 4, 'end the text with "'),
    "before a document": (f'{GOOD}about: "x\n---\n', 3, 'end the text with "'),
    "closed by the next one": (
        f'{TIMEOUT}  - print: "tick\n    once: 1s\n    name: "x"\n', 4, "closed only in line 6"
    ),
    "closed in a list": (f'{TASK}    do: [print: "x, yield]\n    name: "b"\n', 5, "only in line 6"),
    "closed before a colon": ('about: "x\ntitle: "y: z"\n', 1, "closed only in line 2"),
    "an apostrophe": ("title: 'it's'\n", 1, "part of the text, write it twice: ''"),
    "quotes in quotes": ('title: "say "hi" now"\n', 1, 'part of the text, write it as \\"'),
    # what else is not YAML
    "one item without its dash": (
        f"{TIMEOUT}  - every: 1s\n    print: x\n  once: 2s\n", 6, "begin it with '- '"
    ),
    "one dash too many": (f"{TIMEOUT}  every: 1s\n  - once: 2s\n", 5, COLUMN),
    "a key too far to the right": (f"{GOOD} about: x\n", 3, "check the indentation"),
    "a key too far to the left": (f"{GOOD}config:\n   rtc: 1\n  pit: 1\n", 5, COLUMN),
    "two colons": ("title: what: why\n", 1, "put text with ': ' in quotes"),
    "no colon": (f"{GOOD}cores\nsched: rr\n", 3, "write 'key: value'"),
    "an open list": (f"{GOOD}faults: [a, b\nboot: x\n", 3, "a list without its ']'"),
    "an open mapping": (f"{TIMEOUT}  - {{once: 1s\n", 4, "a mapping without its '}'"),
    "the other bracket": (f"{GOOD}faults: [a}}\n", 3, "a list without its ']'"),
    "a sign": ("title: @home\n", 1, "put it in quotes"),
    "an alias": ("title: *x\n", 1, "put text in quotes"),
    "a star": ("title: * x\n", 1, "put text in quotes"),
    "a tag": ("title: !x y\n", 1, "put text in quotes"),
    "a tag on a list": ("title: !!str [a]\n", 1, "does not fit its value: remove the tag"),
    "a tag on a word": ("title: !!seq a\n", 1, "does not fit its value: remove the tag"),
    "pairs": ("title: !!pairs a\n", 1, "does not fit its value: remove the tag"),
    "a question": (f"{GOOD}about: ? what\n", 3, "remove it, or put text in quotes"),
    "a percent sign": ("%title: t\n", 1, "put text in quotes"),
    "an indented block": ("title: |2x\n", 1, "put it there, or in quotes"),
    "a block": ("title: >x\n", 1, "put it there, or in quotes"),
    "an escape": ('title: "C:\\qed"\n', 1, "use single quotes"),
    "two documents": (f"{GOOD}---\n{GOOD}", 3, "remove the line '---'"),
    "a control character": ("# é\n# é\ntitle: a\0b\n", 3, "U+0000 cannot stand in YAML; remove it"),
    # numbers that YAML reads in another way
    "minutes and seconds": (f"{TIMEOUT}  - once: 1:30\n", 4, f"'1:30' as the number 90 {SIXTIES}"),
    "a time as a title": ("title: 12:30\n", 1, "or text in quotes: '12:30'"),
    "hours": (f"{TIMEOUT}  - once: 1:00:00\n", 4, f"the number 3600 {SIXTIES}"),
    "a fraction": (f"{TIMEOUT}  - once: 1:30.5\n", 4, f"the number 90.5 {SIXTIES}"),
    "octal": (f"{TASKS}cores: 010\n", 3, "'010' as the number 8 (octal); write 10 without the"),
    "octal in a mapping": (
        f"{GOOD}config:\n  rtc:\n    base: 0_17\n", 5, "the number 15 (octal); write 17"
    ),
    "octal in a list": (
        RPI4.replace("[0xD8, ", "[0330, "), 10, "number 216 (octal); write 330 without the leading"
    ),
    "a tag that does not fit": ("title: !!bool x\n", 1, "'x' is no bool; put text in quotes"),
    "an empty number": ("title: !!int ''\n", 1, "'' is no number; put text in quotes"),
    "no time": ("title: !!timestamp soon\n", 1, "'soon' is no date; put text in quotes"),
    "a fraction with a zero": ("title: !!float 012\n", 1, "'title' must be text, not '012'"),
    "no day": ("title: 2026-02-30\n", 1, "'2026-02-30' is no date; put text in quotes"),
}  # fmt: skip

TYPES = {
    "no": (
        "title: no\nprogram: tasks\n",
        1,
        "'title' must be text, not 'no'; put it in quotes: 'no'",
    ),
    "on": (
        f"{TASK}    do: [print: on]\n",
        5,
        "'print' must be text, not 'on'; put it in quotes: 'on'",
    ),
    "a number": (f"{GOOD}inputs:\n  - at: 1s\n    uart: 0x10\n", 5, "put it in quotes: '0x10'"),
    "a date": ("title: 2026-01-01\n", 1, "put it in quotes: '2026-01-01'"),
    "a list": ("title: [t]\n", 1, "'title' must be text, not a list"),
    "empty": ("title:\n", 1, "'title' must be text; nothing stands after the colon"),
    "an empty item": (f"{TIMEOUT}  -\n", 4, "must be a mapping; nothing stands after the dash"),
    "54e6": (
        RPI4.replace("48_000_000", "54e6"),
        52,
        "must be a whole number, not '54e6'; write 54_000_000",
    ),
    "5.4e+7": (f"{TASKS}cores: 5.4e+7\n", 3, "not '5.4e+7'; write 54_000_000"),
    "2.0": (f"{TASKS}cores: 2.0\n", 3, "not '2.0'; write 2"),
    "2.5": (f"{TASKS}cores: 2.5\n", 3, "not '2.5'; write it like 48_000_000 or 0x1F"),
    "commas": (f"{TASKS}cores: 48,000\n", 3, "write 48_000"),
    "spaces": (f"{TASKS}cores: 48 000\n", 3, "write 48_000"),
    "in quotes": (f'{TASKS}cores: "2"\n', 3, "not '2'; write 2"),
    "octal as elsewhere": (f"{TASKS}cores: 0o17\n", 3, "write 15"),
    "words": (f"{TASKS}cores: two\n", 3, "write it like 48_000_000 or 0x1F"),
    "true in quotes": (
        X86.replace("rom: true", 'rom: "true"'),
        24,
        "true or false, not 'true'; write it without quotes",
    ),
    "policy": (f"{TASKS}sched: cfs\n", 3, "'sched' must be 'coop' or 'rr', not 'cfs'"),
    "queue": (
        f"{TASKS}queue: hep\n",
        3,
        "'heap' or 'sorted' or 'vec' or 'wheel', not 'hep'; did you mean 'heap'?",
    ),
    "late periods": (f"{TIMEOUT}  - every: 1s\n    catch_up: no\n", 5, "'all' or 'skip', not 'no'"),
    "a trigger": (
        X86.replace("trigger: level", "trigger: lvl"),
        32,
        "'bus' or 'edge' or 'level', not 'lvl'; did you mean 'level'?",
    ),
    "a program": ("title: t\nprogram: zzz\n", 2, "known: timer-callbacks, system-timer, ipi"),
    "a fault": (f"{GOOD}faults: [zzz]\n", 3, "known: round-due-down, "),
    "a wait": (f"{TASK}    do: [wait: 5ms]\n", 5, "'wait' must be 'timer', not '5ms'"),
    "a repeat": (
        f"{TASK}    do: [exit]\n    repeat: forevr\n",
        6,
        "or 'forever', not 'forevr'; did you mean 'forever'?",
    ),
    "an operation": (f"{TASK}    do: [yeld]\n", 5, "did you mean 'yield'?"),
    "an unknown operation": (
        f"{TASK}    do: [zzz]\n",
        5,
        "its keys are compute, sleep, print, every, wait, cancel",
    ),
    "a half operation": (f"{TASK}    do: [wait]\n", 5, "'wait' needs a value: 'wait: ...'"),
    "no colon": (f"{TASK}    do: [compute 5ms]\n", 5, "'compute: 5ms'"),
    "no space": (f"{TIMEOUT}  - every:1s\n", 4, "put a space after 'every': 'every: 1s'"),
    "no dash": (
        f"{TIMEOUT}  every: 1s\n  print: x\n",
        3,
        "must be a list, not a mapping; begin each item with a dash: '- every: 1s'",
    ),
    "no dash in a task": (
        f"{TASK}    do:\n      compute: 1s\n",
        5,
        "begin each item with a dash: '- compute: 1s'",
    ),
    "no space after a dash": (
        f"{TIMEOUT}  -every: 1s\n",
        3,
        "put a space after the dash: '- every: ...'",
    ),
    "nor a colon": (f"{TIMEOUT}  -every 1s\n", 3, "put a space after the dash: '- every 1s'"),
    "a word for a list": (f"{GOOD}faults: round-due-down\n", 3, "write it as [round-due-down]"),
    "an item for a list": (
        f"{TIMEOUT.rstrip()} every\n",
        3,
        "begin each item with a dash: '- once: ...'",
    ),
    "a list for a mapping": (
        f"{GOOD}config: [rtc]\n",
        3,
        "write 'key: value' lines without dashes",
    ),
    "device": (
        RPI4.replace("devices:", "device:"),
        22,
        "unknown key 'device'; did you mean 'devices'?",
    ),
    "memry": (RPI4.replace("memory:", "memry:"), 19, "unknown key 'memry'; did you mean 'memory'?"),
    "timeout": (
        TIMEOUT.replace("timeouts", "timeout") + "  - once: 1s\n",
        3,
        "did you mean 'timeouts'?",
    ),
    "an address": (
        RPI4.replace("0xFE20_1000", "0xFE20_1000_0000_0"),
        51,
        "from 0x0 to 0xFFFF_FFFF_FFFF",
    ),
    "a size": (
        RPI4.replace("size: 0x4000_0000", "size: 0x10"),
        20,
        "from 0x1000 to 0x100_0000_0000",
    ),
    "seconds": (
        f"{TIMEOUT}  - once: 5sec\n",
        4,
        "'sec' is not a unit of time; the units are ns, us, ms, s, m (or min), h",
    ),
    "yes": (f"{TIMEOUT}  - once: yes\n", 4, "'yes' is not a duration like 250us"),
    "no unit": (f"{TIMEOUT}  - once: 5\n", 4, "'5' needs a unit (ns, us, ms, s, m (or min), h)"),
    "quantum": (f"{TASKS}quantum: 19us\n", 3, "the shortest quantum that lets a task run is 20us"),
    "sleep": (f"{TASK}    do: [sleep: 10us]\n", 5, "whole milliseconds, from 1ms to 8784h"),
}


def complaint(path, text):
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        validate_file(path)
    return str(caught.value)


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("case", SYNTAX)
def test_what_yaml_does_not_allow(tmp_path, monkeypatch, loader, case):
    monkeypatch.setattr(yamltext, "_Loader", loader)
    text, line, said = SYNTAX[case]
    path = tmp_path / "mine.yaml"
    message = complaint(path, text)
    assert message.startswith(f"{path}:{line}: "), message
    assert said in message
    assert "\n" not in message


@pytest.mark.parametrize("case", TYPES)
def test_what_a_key_cannot_be(tmp_path, case):
    text, line, said = TYPES[case]
    path = tmp_path / "mine.yaml"
    message = complaint(path, text)
    assert message.startswith(f"{path}:{line}: "), message
    assert said in message


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "byte order mark"])
def test_the_line_is_right_whatever_the_editor(tmp_path, line_end, mark):
    text = f'{mark}{GOOD}about: "x\n'.replace("\n", line_end)
    path = tmp_path / "mine.yaml"
    path.write_bytes(text.encode())
    with pytest.raises(UserError, match=r'mine.yaml:3: .* end the text with "'):
        validate_file(path)


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize(
    "text",
    [
        TASKS + "cores: 2\n", TASKS + "cores: 0x2\n",
        TASKS + "cores: +2\n", "title: '010'\nprogram: tasks\n", 'title: "1:30"\nprogram: tasks\n',
        "title: a 1:30\nprogram: tasks\n", "title: it's 5 o'clock\nprogram: tasks\n",
        f'{TIMEOUT}  - print: "two\n      lines"\n    once: 10 min\n',
        f"{TIMEOUT}  - once: 1.008 266 116 s\n    repeat: 1_0\n",
        f"{GOOD}about: |\n  a\tb\n", f"{GOOD}about: 'a\tb'\n", f"{GOOD}about: x  # \ttab\n",
    ],
)  # fmt: skip
def test_what_only_looks_like_a_mistake_is_none(tmp_path, monkeypatch, loader, text):
    monkeypatch.setattr(yamltext, "_Loader", loader)
    path = Path(tmp_path / "mine.yaml")
    path.write_text(text)
    if "about: |" in text or "'a\tb'" in text:
        assert "control characters" in complaint(path, text)
    else:
        assert validate_file(path).startswith("scenario ")


def test_a_file_in_another_encoding_is_told_with_its_line(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_bytes(f"{GOOD}about: caf\xe9\n".encode("latin-1"))
    with pytest.raises(UserError, match=r"mine.yaml:3: not UTF-8 text; save the file as UTF-8"):
        validate_file(path)
