"""Moments that the command line finds by a bookmark's name or number, and bookmarks in files."""

from pathlib import Path

import pytest
from saved import MS, booted

from kerneltui.debugger.bookmarks import Bookmark, Bookmarks
from kerneltui.errors import UserError
from kerneltui.machine.position import Position
from kerneltui.parameters import go_to_moment

HEAD = "title: t\nprogram: timer-callbacks\nbookmarks:\n"
GOOD = (
    HEAD
    + "  - {at: 20ms, name: first, note: 'one: [b]'}\n  - {at: 15ms}\n  - {at: 1h, name: late}\n"
)


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD)
    return path


def test_a_time_a_name_and_a_number(own):
    session = booted("rpi4", str(own))
    assert [item.title for item in session.bookmarks] == [
        "t 0.015 000 000 s", "first: one: [b]", "late",
    ]  # fmt: skip
    for at, wanted in (
        ("first", 20 * MS), ("FIRST", 20 * MS), ("1", 15 * MS), ("2", 20 * MS), (30 * MS, 30 * MS),
        (12 * MS, 12 * MS),
    ):  # fmt: skip
        go_to_moment(session, at)
        assert session.machine.now == wanted
    go_to_moment(session, None)
    assert session.machine.now == 12 * MS
    session.close()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("frist", "there is no bookmark 'frist'; did you mean 'first'?"),
        ("0", "there is no bookmark '0'; there are 1 to 3, first, late"),
        ("4", "there is no bookmark '4'; there are 1 to 3, first, late"),
        ("", "there is no bookmark ''; there are 1 to 3, first, late"),
        ("zzz", "there is no bookmark 'zzz'; there are 1 to 3, first, late"),
    ],
)
def test_an_unknown_one_is_told_with_what_there_is(name, words, own, said):
    arguments = "screenshot", "--scenario", own, "--at", f"bookmark:{name}", "-o", "-"
    assert said(*arguments) == (2, "", f"kerneltui: {words}\n")


def test_where_there_is_none_that_is_told(said):
    status, _, err = said("screenshot", "--at", "bookmark:x", "-o", "-")
    assert (status, err) == (2, "kerneltui: there is no bookmark 'x': none is set\n")
    status, _, err = said("screenshot", "--at", "bokmark:x", "-o", "-")
    assert status == 2
    assert "or write bookmark:NAME" in err


def test_a_key_that_there_is_not_is_told_before_anything_runs(said):
    status, _, err = said("screenshot", "--keys", "n entre", "-o", "-")
    assert status == 2
    assert "unknown key 'entre'; did you mean 'enter'?" in err


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ("{at: 20}", "needs a unit"),
        ("{name: x}", "at"),
        ("{at: 20ms, name: '12'}", "'12' is none of what can stand here: a name of letters"),
        ("{at: 20ms, name: 'a b'}", "at most 40, and not digits alone"),
        ('{at: 20ms, name: "a\\n"}', "a name of letters"),
        ('{at: 20ms, name: "12\\n"}', "a name of letters"),
        ("{at: 20ms, name: " + "x" * 41 + "}", "a name of letters"),
        ('{at: 20ms, note: "a\\tb"}', "control characters cannot stand here"),
        ('{at: 20ms, note: "a\\n"}', "control characters cannot stand here"),
        (
            "{at: 20ms, note: " + "x" * 1001 + "}",
            "has 1001 characters, at most 1000",
        ),
        ("{at: 20ms, notes: x}", "notes"),
        ("{at: 20ms, name: ONE}", "'ONE' is the name of the bookmark in line 4 already"),
        ("[]", ""),
    ],
)
def test_a_mistake_in_a_bookmark_is_told_with_its_line(item, words, tmp_path, said):
    path = tmp_path / "mine.yaml"
    path.write_text(f"{HEAD}  - {{at: 10ms, name: one}}\n  - {item}\n")
    status, out, err = said("validate", path)
    assert (status, out) == (2, "")
    assert f"{path}:5: " in err
    assert words in err


def test_they_are_in_order_of_time_and_of_steps():
    def at(ns, step=0, phase=0):
        return Bookmark(ns, f"{ns} {step} {phase}", "", Position(step, ns, False, 0, step), phase)

    items = [at(5, 2, 1), at(5, 2), Bookmark(5), at(5, 1), at(3, 1)]
    marks = Bookmarks(items)
    assert [*marks] == [items[4], items[2], items[3], items[1], items[0]]
    assert marks.changed == 0
    assert marks.add(at(4, 1)) == 2
    known = marks.learn(items[2], Position(9, 5, False, 0, 9))
    assert marks.number_of(known) == 6
    assert marks.changed == 1  # who comes to one has changed nothing
    marks.lose_after(Position(1, 5, False, 0, 1))
    assert [item.position is None for item in marks] == [False, False, False, True, True, True]
    with pytest.raises(UserError, match="there are 1 to 6"):
        marks.named("x")


SAVED = Path(__file__).parent / "saved" / "rpi4.session.yaml"


def first_line(told):
    status, out, err = told
    assert (status, err) == (0, "")
    return out.partition("\n")[0]


def test_why_is_asked_at_a_bookmark_and_else_where_one_was(said):
    asked = "explain", "--session", SAVED, "--irq", "30"
    here = first_line(said(*asked))
    assert here == "irq 30, core 0, at 0.188 703 859 s"
    marked = first_line(said(*asked, "--at", "bookmark:handler"))
    assert marked == "irq 30, core 0, at 0.188 658 378 s"
    assert first_line(said(*asked, "--at", "1ms")) == "irq 30, core 0, at 0.001 000 000 s"


def test_what_differs_is_told_of_bookmarks_too_the_earlier_one_first(own, said):
    asked = "diff", "--scenario", own
    times = said(*asked, "--at", "15ms", "--at", "20ms")
    for one, other in (("bookmark:1", "bookmark:first"), ("bookmark:first", "15ms")):
        assert first_line(said(*asked, "--at", one, "--at", other)) == first_line(times)
    status, _, err = said(*asked, "--at", "bookmark:frist", "--at", "1s")
    assert status == 2
    assert "did you mean 'first'" in err
