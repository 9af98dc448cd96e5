"""Bookmarks and session files as a person at the keys has them."""

from __future__ import annotations

from pathlib import Path

import pytest
from dashboard import booted, dashboard
from msgspec.structs import replace

from kerneltui.debugger.bookmarks import Bookmark
from kerneltui.sessions.autosave import Autosave
from kerneltui.sessions.opening import load_session, open_saved
from kerneltui.sessions.writing import Kept
from kerneltui.tui.keeping import free_name, why_no_file
from kerneltui.tui.places import read_place
from kerneltui.tui.screens.ask import AskScreen

MS = 1_000_000
S = 1_000_000_000
SIZES = (140, 40), (80, 24)


def told(seen):
    return [str(note.message) for note in seen.app._notifications]


def titles(seen):
    return [str(note.title) for note in seen.app._notifications]


async def asked(seen):
    await seen.until(lambda: isinstance(seen.app.screen, AskScreen) and seen.app.screen.focused)


async def says(seen, words):
    """Under a field of the dialog."""
    await seen.until(
        lambda: any(
            words in str(item.content) for item in seen.app.screen.query(".mistake") if item.display
        )
    )


async def hears(seen, words):
    await seen.until(lambda: any(words in said for said in told(seen)))


async def answer(seen, *fields):
    """Fill in the fields of the dialog, then Enter."""
    await asked(seen)
    for place, words in enumerate(fields):
        if place:
            await seen.press("tab")
        if words is not None:
            await seen.press("ctrl+u")
            await seen.write(words)
    await seen.press("enter")


@pytest.mark.parametrize("size", SIZES)
async def test_set_change_walk_and_delete(size):
    async with dashboard(scenario="overload", size=size, notifications=True) as seen:
        session = seen.session
        await seen.go("n")
        await seen.press("m")
        await answer(seen, "the [b]first[/b] one", "first")
        await hears(seen, "Bookmark 1 of 1 is set.")
        first = session.here
        await seen.go("n", "n")
        await seen.press("m")
        # A name that is there already, then one that is none.
        await answer(seen, "second", "FIRST")
        await says(seen, "Another bookmark has that name.")
        await answer(seen, "2")
        await says(seen, "letters, digits")
        await answer(seen, "")
        await seen.until(lambda: len(session.bookmarks) == 2)
        second = session.here
        assert [item.position for item in session.bookmarks] == [first, second]

        await seen.go("less_than_sign")
        assert session.here == first
        await seen.until(lambda: "★ 1 of 2: first" in titles(seen))
        assert "the [b]first[/b] one" in seen.screen()  # as it was written
        await seen.press("less_than_sign")
        await hears(seen, "There is no bookmark before this moment.")
        await seen.go("greater_than_sign")
        assert session.here == second

        # Again on one that is there: its words stand in the fields.
        await seen.go("less_than_sign")
        await seen.press("m")
        await asked(seen)
        await seen.press("tab", "tab", "d", "enter")
        assert [item.position for item in session.bookmarks] == [second]
        assert session.here == first
        await seen.press("m", "escape")
        assert len(session.bookmarks) == 1
        if size == SIZES[0]:
            assert "★" in seen.status()


@pytest.mark.parametrize("with_path", [True, False])
async def test_walking_comes_to_each_of_them_once(with_path):
    """Also where a moment has fewer steps to show than its bookmark says, as in a changed file."""
    session = booted("rpi4", "overload")
    session.follows_story = True
    for go in (session.next_timer_event, session.finish, session.next_step, session.next_step):
        go()
        session.bookmarks.add(session.bookmark(f"{len(session.bookmarks)}"))
    *_, here = session.bookmarks
    session.bookmarks.put(here, replace(here, phase=7))
    session.next_timer_event()
    session.bookmarks.add(session.bookmark("last"))
    session.go_to_booted()
    async with dashboard(session=session, notifications=True, with_path=with_path) as seen:
        places = []
        for key in ["greater_than_sign"] * 6 + ["less_than_sign"] * 5:
            await seen.go(key)
            places.append(session.bookmarks.number_of(session.bookmark_here))
    assert places == [1, 2, 3, 4, 5, 5, 4, 3, 2, 1, 1]


async def test_one_that_is_still_to_come_is_run_to_and_esc_ends_that():
    session = booted("rpi4", "timer-callbacks")
    session.bookmarks.add(Bookmark(1 * S, "soon"))
    session.bookmarks.add(Bookmark(3600 * S, "late"))
    async with dashboard(session=session, notifications=True) as seen:
        await seen.go("greater_than_sign")
        assert session.here.now_ns == 1 * S
        await seen.until(lambda: "★ 1 of 2" in titles(seen))
        await seen.press("greater_than_sign")
        assert seen.app.runner.running
        await seen.press("escape")
        await seen.arrived()
        assert session.here.now_ns < 3600 * S
        await seen.go("less_than_sign")
        assert session.here.now_ns == 1 * S


async def test_a_bookmark_whose_moment_never_comes_is_told_and_another_past_keeps_its_time():
    session = booted("rpi4", "timer-callbacks")
    session.run_until(400 * MS)
    session.bookmarks.add(session.bookmark("later", "later"))
    session.go_to_time(100 * MS)
    async with dashboard(session=session, notifications=True) as seen:
        session.type(b"x")  # what was to come is another story
        (later,) = session.bookmarks
        assert (later.position, later.at_ns) == (None, 400 * MS)
        await seen.go("greater_than_sign")
        assert session.here.now_ns == 400 * MS
        here = session.here
        never = replace(here, retired=here.retired - 1, now_ns=here.now_ns - 50)
        session.bookmarks.add(Bookmark(never.now_ns, "never", position=never))
        await seen.go("less_than_sign")
        assert seen.app.is_running


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "Write the name of a file."),
        ("there", "There is a file of that name already. Write another name."),
        ("there.session.yaml", "There is a file of that name already. Write another name."),
        ("nowhere/x", "There is no folder nowhere."),
        ("there.session.yaml/x", "There is no folder there.session.yaml."),
        ("~no-such-person/x", "No file can have this name: Could not determine home directory."),
        ("x" * 300, "No file can have this name: File name too long."),
        *((name, "This is a folder. Add the name of a file.") for name in ("~", ".", "..", "/")),
        ("mine", ""), ("~/a", ""), ("sub/a.yaml", ""),
    ],
)  # fmt: skip
def test_why_a_name_is_none(name, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "there.session.yaml").write_text("")
    (tmp_path / "sub").mkdir()
    assert why_no_file(name, None) == words
    assert why_no_file("there", Path("there.session.yaml")) == ""
    assert free_name("there") == "there-2.session.yaml"
    assert free_name("overload") == "overload.session.yaml"
    assert free_name("One number too low?") == "One-number-too-low.session.yaml"


@pytest.mark.parametrize("size", SIZES)
async def test_save_again_and_elsewhere(size, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "there.session.yaml").write_text("mine")
    async with dashboard(size=size, notifications=True) as seen:
        seen.session.type(b"hello")
        await seen.go("n")
        await seen.press("ctrl+s")
        await asked(seen)
        await answer(seen, "there")
        await says(seen, "There is a file of that name already.")
        await answer(seen, "~/mine")
        path = tmp_path / "mine.session.yaml"
        await hears(seen, f"Saved to {path}: 1 input.")
        await seen.until(lambda: path.exists() and load_session(path).spec.trace is not None)
        assert load_session(path).spec.here.position == seen.session.here
        # Again without asking, in the past, and while it runs.
        await seen.go("N")
        await seen.press("ctrl+s")
        assert not isinstance(seen.app.screen, AskScreen)
        assert load_session(path).spec.here.position == seen.session.here < seen.session.history.end
        await seen.press("space")
        assert seen.app.runner.running
        await seen.press("ctrl+s")
        assert (
            load_session(path).spec.end.position > load_session(path).spec.inputs[0].moment.position
        )
        await seen.press("space")
        await seen.arrived()
        # Another program writes to it: that stays, and a sentence says what to do.
        await seen.until(lambda: load_session(path).spec.trace is not None)
        path.write_text("theirs")
        await seen.press("ctrl+s")
        await hears(seen, "another program has changed this file")
        assert path.read_text() == "theirs"
    assert (tmp_path / "there.session.yaml").read_text() == "mine"


async def test_what_was_opened_is_not_kept_before_more_is_done(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    session = booted("rpi4", "timer-callbacks")
    session.type(b"x")
    path = tmp_path / "x.session.yaml"
    from saved import file_of, resumed

    file = file_of(session, path)
    session.close()
    session = resumed(file)
    kept = Kept(path, file.file.text)
    async with dashboard(session=session, autosave=Autosave(), saved_as=kept) as seen:
        await seen.go("n")
        seen.app.keep()
        assert not (tmp_path / "state").exists()
        seen.session.type(b"y")
        seen.app.keep()
        (found,) = (tmp_path / "state").rglob("*.session.yaml")
        assert [item.type for item in load_session(found).spec.inputs] == ["x", "y"]
        await seen.press("ctrl+s")
        await seen.until(lambda: not found.exists())
        assert [item.type for item in load_session(path).spec.inputs] == ["x", "y"]
    open_saved(load_session(path)).close()


async def test_walking_over_a_scenarios_bookmarks_is_nothing_to_keep(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    own = tmp_path / "mine.yaml"
    own.write_text(
        "title: t\nprogram: timer-callbacks\nbookmarks:\n  - {at: 20ms, note: one, name: a}\n"
    )
    session = booted("rpi4", str(own))
    async with dashboard(session=session, autosave=Autosave()) as seen:
        await seen.go("greater_than_sign")
        assert seen.now == 20 * MS
        seen.app.keep()
        await seen.press("q")
    assert not [*tmp_path.rglob("*.session.yaml")]


async def test_g_goes_to_a_bookmark_by_number_and_by_name():
    async with dashboard() as seen:
        session = seen.session
        session.bookmarks.add(session.bookmark("booted"))
        await seen.go("n")
        session.bookmarks.add(session.bookmark("after the first event", name="first"))
        places = [session.bookmarks.named(words).position for words in ("1", "first")]
        await seen.go("n")
        for words, place in zip(("bookmark:first", "bookmark:1"), reversed(places), strict=True):
            seen.app.go_to(words)
            await seen.arrived()
            assert session.here == place
        await seen.press("backspace")
        assert session.here == places[1]


def test_a_bookmark_that_there_is_not_is_no_place():
    session = booted()
    with pytest.raises(ValueError, match="There is no bookmark 'x': none is set"):
        read_place(session, "bookmark:x")
    session.close()
