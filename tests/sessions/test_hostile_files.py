"""Whatever stands in a session file: one line that names it, and nothing of it is carried out."""

import os
import random
import re
import sys
import time

import pytest
from msgspec.structs import replace
from saved import MS, booted, file_of, resumed

from kerneltui.errors import UserError
from kerneltui.sessions.opening import load_session
from kerneltui.sessions.saving import text_of
from kerneltui.sessions.spec import MOST_INPUTS

MUTATIONS = int(os.environ.get("KERNELTUI_MUTATIONS", "100"))
LONGEST_S = 8.0
"""of processor time"""
NUMBERS = (
    "-1", "0", "1", "2", "7", "8", "200000000", "200000001", "99999999999999999999999999", "1e9",
    ".inf", ".nan", "0x10", "010", "1_000", "true", "null", "~", "[]", "{}", "'1'", "1.5s", "9999h",
    "0.0000000001s", "12:30:45", "2020-13-45", "!!float 1", "''",
)  # fmt: skip
PIECES = (
    "!!python/object/apply:os.system ['touch {canary}']", "!!python/object/new:os.system [x]",
    "!!python/name:os.system", "!!python/module:this", "!!binary aGVsbG8=", "!!set {a, b}",
    "&a [*a]", "&a {x: *a}", "*nowhere", "!<tag:x> y", "{" * 200, "[" * 2000, "? " * 500,
    "- " * 500,
    "\0", "\ufeff", "\u2028", "\x07", "'", '"', "|", ">", "%YAML 9.9\n---", "---\n", "...\n", "\t",
    "<<: {format: 2}", "format: 2", "format: true", "format: 1\nformat: 1", "trace: {}", "x: y",
    "[b]bold[/b]", "{" + ", ".join(f"k{n}: v" for n in range(300)) + "}", "\r", "é", "\U0001f600",
)  # fmt: skip
SWAPS = {
    "rpi4": ("rpi3", "x86", "nowhere", "../boards/rpi4", "/etc/passwd", ""),
    "timer-callbacks": ("shell", "two-cores", "fault-if", "clock-sources", "a" * 300),
    "GICC_PMR": ("TPR", "core1/GICC_PMR", "core9/GICC_PMR", "0xffffffff", "port:0x21", "=", "a=b"),
    "core: 0": ("core: 7", "core: 1"),
    "asleep: true": ("asleep: false", "asleep: 1", "core: 3"),
    "moment": ("at", "moments", "phase"),
    "type": ("bytes", "poke"),
    "title": ("titel", "program", "boot"),
}  # fmt: skip
OWN = """\
title: mine
program: timer-callbacks
timeouts:
  - {every: 20ms, print: tick}
"""


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """Texts of files that are right: with a built-in scenario, and with one of a person's own."""
    folder = tmp_path_factory.mktemp("good")
    (folder / "mine.yaml").write_text(OWN)
    found = []
    for scenario in ("timer-callbacks", str(folder / "mine.yaml")):
        session = booted("rpi4", scenario)
        session.run_until(30 * MS)
        session.type(b"x\r")
        session.poke("GICC_PMR=0x80")
        session.next_interrupt()
        session.bookmarks.add(session.bookmark("here", "one"))
        session.breakpoints.add(session.machine, "write GICC_EOIR")
        session.run_until(60 * MS)
        session.type(b"\x03")
        path = folder / "x.session.yaml"
        spec = file_of(session, path, with_checks=True).spec
        # Few checks: more of what is changed means something.
        short = replace(spec, trace=replace(spec.trace, checks=spec.trace.checks[:40]))
        found += [text_of(spec, path), text_of(short, path)]
        session.close()
    return found


def mutated(text, draw, canary):
    """One text more or less like it, as bytes."""
    rows = text.splitlines(keepends=True)
    at = draw.randrange(len(rows))
    kind = draw.randrange(11)
    if kind == 0:
        data = bytearray(text.encode())
        for _ in range(draw.choice((1, 1, 3, 30))):
            data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        return bytes(data)
    if kind == 1:
        return text.encode()[: draw.randrange(len(text))]
    if kind == 2:
        del rows[at]
    elif kind == 3:
        rows.insert(draw.randrange(len(rows)), rows[at])
    elif kind == 4:
        other = draw.randrange(len(rows))
        rows[at], rows[other] = rows[other], rows[at]
    elif kind in {5, 6}:
        numbers = [*re.finditer(r"\b\d[\d.]*s?\b", text)]
        found = draw.choice(numbers[: 40 + draw.randrange(len(numbers))])
        return f"{text[: found.start()]}{draw.choice(NUMBERS)}{text[found.end() :]}".encode()
    elif kind == 7:
        head, colon, _ = rows[at].partition(": ")
        piece = draw.choice(PIECES).replace("{canary}", str(canary))
        rows[at] = f"{head}{colon or ': '}{piece}\n"
    elif kind == 8:
        old = draw.choice([word for word in SWAPS if word in text] or ["format"])
        return text.replace(old, draw.choice(SWAPS.get(old, ("x",))), draw.choice((1, -1))).encode()
    elif kind == 9:
        place = draw.randrange(len(text))
        return (text[:place] + draw.choice(PIECES) + text[place:]).encode("utf-8", "replace")
    else:
        return draw.choice((
            text.replace("\n", "\r\n").encode(), b"\xef\xbb\xbf" + text.encode(),
            text.encode("utf-16"), text.encode() + b"\xff\xfe", text.encode().replace(b"a", b"\0"),
            (text * 2).encode(), b"", b"\n" * 1000, text.encode().replace(b"  ", b"\t"),
        ))  # fmt: skip
    return "".join(rows).encode()


def commands(path):
    return (
        ("validate", path), ("replay", path), ("run", "--session", path, "--until", "70ms"),
        ("trace", "--session", path, "--until", "1ms"),
    )  # fmt: skip


def check(said, path, arguments, label):
    """One command on one file."""
    started = time.process_time()
    status, _, err = said(*arguments)
    assert time.process_time() - started < LONGEST_S, label
    # A breakpoint, or a kernel that halts, is no mistake in the file.
    assert status in {0, 1, 2} or (status == 3 and arguments[0] == "run"), f"{label}: {status}"
    assert "Traceback" not in err, label
    # A breakpoint that was changed may be hit no more: that is told, and no mistake either.
    told = "" if err == "kerneltui: no breakpoint was hit\n" else err
    if "nothing was compared" not in err:
        assert (status == 0) == (told == ""), f"{label}: {status} {err}"
    # Several breakpoints may be hit at once, and each is told; and so is what is wrong in a file.
    is_each_told = status == 3 or arguments[0] == "validate"
    assert err.count("\n") <= 1 or is_each_told, f"{label}: {err}"
    for line in told.splitlines():
        assert path.name in line or status == 3, f"{label}: {err}"
        assert line.startswith("kerneltui: "), label
    return status


def test_mutated_files_are_refused_in_one_line_or_used(good, said, tmp_path):
    seed = int(os.environ.get("KERNELTUI_SEED", "0")) or random.SystemRandom().randrange(1 << 32)
    draw = random.Random(seed)
    canary = tmp_path / "canary"
    path = tmp_path / "hostile.session.yaml"
    for number in range(MUTATIONS):
        data = mutated(draw.choice(good), draw, canary)
        path.write_bytes(data)
        label = f"KERNELTUI_SEED={seed}, number {number}"
        check(said, path, draw.choice(commands(path)), label)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name], seed
    assert "this" not in sys.modules
    assert "antigravity" not in sys.modules


@pytest.mark.parametrize("name", ["tags", "aliases", "deep", "large", "wide", "numbers"])
def test_what_yaml_could_do_it_does_not(name, good, said, tmp_path):
    bomb = "\n".join(
        [f"a0: &a0 {['x'] * 10}", *(f"a{n}: &a{n} [{f'*a{n - 1}, ' * 10}]" for n in range(1, 12))]
    )
    texts = {
        "tags": f"note: !!python/object/apply:os.system ['touch {tmp_path}/canary']\n{good[0]}",
        "aliases": f"{bomb}\n{good[0]}",
        "deep": good[0] + "x: " + "[" * 100_000,
        "large": good[0] + "#" * (10 << 20),
        "wide": good[0] + "x: [" + "1, " * 1_100_000 + "]\n",
        "numbers": good[0].replace("format: 1", "format: " + "9" * 1_000_000),
    }
    path = tmp_path / "hostile.session.yaml"
    path.write_text(texts[name])
    assert check(said, path, ("replay", path), name) == 2
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_what_is_no_file_is_told(said, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (tmp_path, pipe, tmp_path / "nowhere", tmp_path / ("x" * 300)):
        for arguments in commands(path)[1:3]:
            check(said, path, arguments, path)


EDITS = {
    "a scenario that is none": (3, "    program: timer-callbacks\n", "    program: nothing\n"),
    "a text that is no yaml": (3, "    title: mine\n", "    title: [\n"),
    "a text of many timeouts": (3, "every: 20ms", "every: 20ms, repeat: 100000"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_text_in_the_file_is_checked_as_a_file_is(edit, good, said, tmp_path):
    number, old, new = EDITS[edit]
    path = tmp_path / "hostile.session.yaml"
    assert old in good[number]
    path.write_text(good[number].replace(old, new))
    for arguments in commands(path)[:2]:
        check(said, path, arguments, edit)


def test_moments_that_never_come_are_told(good, said, tmp_path):
    path = tmp_path / "hostile.session.yaml"
    path.write_text(good[0])
    spec = load_session(path).spec
    end = spec.end
    far = replace(end, at=type(end.at)(3600 * 10**9), step=200_000_000)
    inside = replace(end, step=end.step - 1, instructions=end.instructions + 5)
    misplaced = replace(spec, inputs=[replace(spec.inputs[0], moment=inside)])
    for changed in (
        replace(spec, end=far), misplaced, replace(spec, inputs=spec.inputs[:1] * MOST_INPUTS),
    ):  # fmt: skip
        path.write_text(text_of(changed, path))
        assert check(said, path, ("replay", path), changed) == 1
    for changed in (replace(spec, here=inside), misplaced):
        path.write_text(text_of(changed, path))
        with pytest.raises(UserError, match="the machine does not come to this moment") as caught:
            resumed(load_session(path))
        assert str(caught.value).startswith(f"{path}:")
