"""Files of a person's own say for which boards they are, without being read in full."""

from __future__ import annotations

from pathlib import Path

import pytest
from dashboard import dashboard

from kerneltui.configfile import available
from kerneltui.lessons.progress import StudentProgress
from kerneltui.recent import note_file
from kerneltui.tui.offers import GO_ON, OWN, OfferKind, offers
from kerneltui.tui.own_files import boards_of_file

SAVED = Path(__file__).parents[1] / "sessions" / "saved"
ALL = ("rpi3", "rpi4", "x86")


def in_words(boards):
    return "all boards" if boards == ALL else " ".join(boards)


def test_every_built_in_file_says_as_a_file_what_it_says_in_the_list():
    listed = {
        (f"{item.kind}s", item.name): item.boards
        for item in offers(StudentProgress(None)) if item.section != GO_ON
    }  # fmt: skip
    for kind in ("scenarios", "lessons", "boards"):
        for name, path in available(kind).items():
            assert in_words(boards_of_file(path)) == listed[kind, name], name


@pytest.mark.parametrize("board", ALL)
def test_a_session_names_its_board(board):
    assert boards_of_file(SAVED / f"{board}.session.yaml") == (board,)


@pytest.mark.parametrize(
    ("text", "boards"),
    [
        ("board:\n  name: mine\n  text: |\n    title: x\n    bsp: rpi4\nhere: {}\n", ("rpi4",)),
        ("title: mine\nprogram: timer-callbacks\nboards: [x86]\n", ("x86",)),
        ("title: mine\nprogram: timer-callbacks\ncpu: -arat\n", ("x86",)),
        ("title: mine\nimage: kernel8.img\nboards: [rpi3, rpi4]\n", ("rpi3", "rpi4")),
        ("title: mine\nimage: kernel8.img\n", ()),
        ("title: mine\nprogram: timer-callbacks\nboards: [x86\n", ()),
        ("program: no-such\n", ()),
        ("program: [1]\nfaults: 7\n", ()),
        ("board: [rpi4]\n", ()),
        ("board: {name: [rpi4]}\n", ()),
        ("", ()),
        ("just words", ()),
        ("\tboard: rpi4\n", ()),
    ],
)
def test_what_is_clear_is_told_and_what_is_broken_is_not(tmp_path, text, boards):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    assert boards_of_file(path) == boards
    path.write_bytes(b"\xff\xfe" + text.encode())
    boards_of_file(path)
    assert boards_of_file(tmp_path / "gone.yaml") == ()


@pytest.mark.parametrize("size", [(140, 40), (80, 24)])
async def test_the_list_of_o_shows_it(tmp_path, monkeypatch, size):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    good = tmp_path / "only-on-the-pc-and-with-a-name-that-has-no-end-at-all.yaml"
    good.write_text("title: mine\nprogram: timer-callbacks\nboards: [x86]\n")
    broken = tmp_path / "broken.yaml"
    broken.write_text("title: mine\nprogram: [\n")
    note_file(broken)
    note_file(good)
    async with dashboard(size=size, keys=["o", "end"]) as seen:
        rows = [row for row in seen.screen().split("\n") if "only-on-the-pc" in row]
        assert len(rows) == 1
        assert rows[0].split("…")[1].split()[0] == "x86"
    found = {item.title: item for item in offers(StudentProgress(None)) if item.section == OWN}
    assert found["broken.yaml"].boards == ""
    assert found["broken.yaml"].kind is OfferKind.FILE
