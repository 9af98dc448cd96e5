"""Files of a person's own with slips of the keyboard: each is told with its line, or runs."""

import os
import random
import re

from kerneltui.configfile import available
from kerneltui.errors import UserError
from kerneltui.lessons.skeleton import skeleton
from kerneltui.machine.board import load_board
from kerneltui.scenarios.reading import load_scenario
from kerneltui.scenarios.scenario import make_session, open_session
from kerneltui.validation import validate_file

MUTATIONS = 40
RUN_NS = 20_000_000
SCENARIOS = ("shell", "two-cores", "overload", "case-1", "missing-arat", "interval-drift")
GOOD = [
    *(path.read_text() for path in available("boards").values()),
    *(available("scenarios")[name].read_text() for name in SCENARIOS),
    *(path.read_text() for path in available("images").values()),
    skeleton("rpi4"),
]
VALUES = (
    "", "~", "[]", "{}", "x", "-1", "1_000_000_000_000", "yes", "a b", "0x1_0000_0000_0000", "[a]",
    "{a: 1}", "1.5", "10ms", "-5s", "'é'", "gic spi", "cpu irq", "'1'", "1:30", "010", "!!python/x",
    "*a", "&a 1", '"\\0"', "[[[]]]", "2026-01-01", "0", "65536",
)  # fmt: skip


def mutated(text, draw):
    """A file with a slip, or a few."""
    lines = text.split("\n")
    for _ in range(draw.choice((1, 1, 2, 3))):
        number = draw.randrange(len(lines))
        line, words = lines[number], re.findall(r"[\w-]+", lines[number])
        key = re.match(r"^(\s*(?:- )?[\w-]+:)", line)
        kind = draw.randrange(6)
        if kind <= 1 and key:
            lines[number] = f"{key[1]} {draw.choice(VALUES)}"
        elif kind == 2:
            del lines[number]
        elif kind == 3:
            lines.insert(number, line)
        elif kind == 4 and words:
            word = draw.choice(words)
            lines[number] = line.replace(word, word[:-1] or "q", 1)
        else:
            lines[number] = f" {line}"
    return "\n".join(lines)


def test_a_mutated_file_is_told_line_by_line_or_runs(tmp_path):
    seed = int(os.environ.get("KERNELTUI_SEED", "0")) or random.SystemRandom().randrange(1 << 32)
    draw = random.Random(seed)
    path = tmp_path / "mine.yaml"
    for number in range(MUTATIONS):
        path.write_text(mutated(draw.choice(GOOD), draw))
        label = f"KERNELTUI_SEED={seed}, number {number}"
        try:
            kind = validate_file(path).partition(" ")[0]
        except UserError as error:
            told = [str(item) for item in error.each]
            assert all(re.match(rf"{re.escape(str(path))}:\d+: .", text) for text in told), label
            assert not any("\n" in text for text in told), label
            assert len(told) == len(set(told)), label
            continue
        if kind in {"board", "scenario"}:
            session = (
                make_session(load_board(str(path)), load_scenario("timer-callbacks"))
                if kind == "board"
                else open_session(None, str(path))
            )
            session.run_until(RUN_NS)
            session.close()
