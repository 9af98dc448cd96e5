"""What a lesson speaks of can be seen: it stands out, it is in sight, and it is no answer."""

import pytest
from dashboard import dashboard

from kerneltui.lessons.play import Play
from kerneltui.lessons.predict import LessonQuestion
from kerneltui.tui.learning import ask
from kerneltui.tui.panels.path import ASKED
from kerneltui.tui.panels.path_picture import names
from kerneltui.tui.requests import StartLesson
from kerneltui.tui.widgets.lesson_pane import LessonPane, contents, keys
from kerneltui.tui.widgets.looks import look
from kerneltui.tui.widgets.standing_out import top_for

LESSON = """\
title: t
about: a
board: rpi4
steps:
  - {text: Press n., point: [station callback, station source], goal: {when: callbacks > 0},
     solution: n}
  - {text: What comes?, predict: {ask: next}, hints: [One, Two]}
  - {text: The mask., point: [register GICC_PMR]}
"""


async def begin(seen, tmp_path, number=0):
    path = tmp_path / "shown.yaml"
    path.write_text(LESSON)
    seen.app.carry_out(StartLesson(str(path), number))
    await seen.until(lambda: seen.app.play is not None and seen.app.play.number == number)
    await seen.painted()
    return seen.app.play


@pytest.mark.parametrize(
    ("rows", "top", "height", "wanted"),
    [
        ([3], 0, 10, 0),
        ([3], 5, 10, 3),
        ([12], 0, 10, 3),
        ([2, 11], 0, 10, 2),
        ([2, 40], 0, 10, 2),
        ([20, 22], 15, 10, 15),
    ],
)
def test_as_little_as_possible_is_scrolled(rows, top, height, wanted):
    assert top_for(rows, top, height) == wanted


def test_a_station_is_known_by_its_name_alone():
    assert names("CALLBACK   ", "callback")
    assert names("╭ 5 CALLBACK ─╮", "callback")
    assert names("┏ ▶3 CPU ━━━━┓  ", "cpu")
    assert not names("STEP 5/12 THE CPU TAKES IT", "cpu")
    assert not names("", "cpu")
    assert not names("QUEUE", "line")


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
async def test_a_station_stands_out_where_nothing_is_known_of_it_and_under_the_cursor(
    tmp_path, size
):
    async with dashboard(size=size, with_path=True) as seen:
        await begin(seen, tmp_path)
        path = seen.app.panels.path
        ground = look("pointed", seen.app.theme_variables).bgcolor
        lit = "".join(
            segment.text
            for row in range(path.size.height)
            for segment in path.render_line(row)
            if segment.style is not None and segment.style.bgcolor == ground
        )
        assert "SOURCE" in lit
        assert "CALLBACK" in lit
        assert "QUEUE" not in lit
        assert path.shows_cursor
        row = next(
            n for n, line in enumerate(path.lines) if any(p[0].strip() == "timer" for p in line)
        )
        assert path.cursor.row == row


async def test_what_is_pointed_at_is_scrolled_into_sight(tmp_path):
    async with dashboard(size=(80, 24), with_path=True) as seen:
        await begin(seen, tmp_path, 2)
        await seen.press("1")
        await seen.until(lambda: seen.app.panels.registers.is_in_front)
        await seen.until(lambda: "GICC_PMR" in seen.screen())


async def test_what_was_scrolled_for_a_step_comes_back_after_it(tmp_path):
    async with dashboard(size=(80, 24), with_path=True) as seen:
        path = tmp_path / "tall.yaml"
        tall = "This text is long, and has many words that say not much. " * 20
        path.write_text(
            "title: t\nabout: a\nboard: rpi4\nsteps:\n"
            f"  - {{text: {tall!r}, point: [station queue]}}\n"
            "  - {text: Short., point: [station source]}\n"
        )
        seen.app.carry_out(StartLesson(str(path), 0))
        await seen.until(lambda: seen.app.play is not None)
        await seen.until(lambda: "STEP 1/12 ASLEEP" not in seen.screen())
        await seen.until(lambda: "6 QUEUE" in seen.screen())
        await seen.press("l")
        await seen.until(lambda: "STEP 1/12 ASLEEP" in seen.screen())


async def test_the_path_keeps_to_itself_what_is_asked(tmp_path):
    async with dashboard(size=(80, 24), with_path=True) as seen:
        play = await begin(seen, tmp_path, 1)
        assert ASKED in seen.screen()
        play.tell_answer()
        seen.app.refresh_view()
        await seen.until(lambda: ASKED not in seen.screen())
        assert "NEXT Core 0 goes on" in seen.screen()


@pytest.mark.parametrize(("length", "title"), [(64, "W" * 64), (65, "Your answer")])
async def test_a_question_is_the_title_of_its_dialog_where_it_fits(tmp_path, length, title):
    async with dashboard(size=(80, 24), with_path=True) as seen:
        await begin(seen, tmp_path)
        seen.app.carry_out(ask(LessonQuestion("W" * length, ("one", "two"), "one")))
        await seen.until(lambda: len(seen.app.screen_stack) == 2)
        await seen.until(lambda: f"╭─ {title} ─" in seen.screen())


async def test_hints_make_room_when_the_step_is_done(tmp_path):
    async with dashboard(size=(80, 24), with_path=True) as seen:
        play = await begin(seen, tmp_path, 1)
        play.next_hint()
        assert len(contents(play)) == 3
        play.tell_answer()
        assert [type(part).__name__ for part in contents(play)] == ["Markdown", "Text", "Markdown"]


async def test_the_last_step_that_is_done_ends_the_lesson(tmp_path, monkeypatch):
    async with dashboard(size=(80, 24), with_path=True) as seen:
        play = await begin(seen, tmp_path, 2)
        assert isinstance(play, Play)
        assert play.is_over
        assert keys(play).startswith("l: choose a lesson")  # nothing follows one's own
        with monkeypatch.context() as patched:
            patched.setattr("kerneltui.tui.widgets.lesson_pane.following", lambda lesson: lesson)
            assert keys(play).startswith("l: the next lesson")
        assert not play.go_on()
        assert "This lesson is over." in seen.screen()
        assert seen.app.progress.is_finished(play.lesson)
        await seen.press("l")
        await seen.until(lambda: len(seen.app.screen_stack) == 2)  # it is in no course: choose


async def test_d_in_a_lesson_goes_to_a_path_that_is_beside_other_panels(tmp_path):
    async with dashboard(size=(140, 40), with_path=True) as seen:
        await begin(seen, tmp_path)
        path = seen.app.panels.path
        await seen.press("5", "d")
        assert path.is_in_front
        assert seen.app.arrangement.current is path
        await seen.press("d")
        assert not path.is_in_front


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
async def test_a_panel_behind_that_has_what_is_pointed_at_is_marked_among_the_tabs(tmp_path, size):
    async with dashboard(size=size, with_path=True) as seen:
        await begin(seen, tmp_path, 2)
        tabs = seen.app._tabs

        def marked():
            looks = {part.text.strip(): part.style for part in tabs.render_line(0)}
            return looks["Reg"].bgcolor != looks["UART"].bgcolor

        assert marked() is not seen.app.panels.registers.is_in_front
        await seen.press("2")
        await seen.until(lambda: marked() is not seen.app.panels.registers.is_in_front)
        seen.app.leave_lesson()
        await seen.until(lambda: not marked())


async def test_the_row_under_the_cursor_stays_in_view_when_a_lesson_needs_more_room():
    async with dashboard("x86", "pair-of-8259s", size=(80, 24), with_path=True) as seen:
        seen.app.carry_out(StartLesson("the-pair-of-8259s", 1))
        await seen.until(lambda: seen.app.play is not None and seen.app.query(LessonPane))
        await seen.press("9", "end")
        await seen.until(lambda: " slave " in seen.screen())
        rows = seen.app.query_one(LessonPane).rows
        await seen.press("L", "home", "enter")
        await seen.until(lambda: seen.app.query_one(LessonPane).rows > rows)
        await seen.painted()
        assert " slave " in seen.screen()


async def test_a_vector_stands_out_in_the_maps_of_its_local_apic(tmp_path):
    path = tmp_path / "vector.yaml"
    path.write_text(LESSON.replace("rpi4", "x86").replace("register GICC_PMR", "irq vector:0xec"))
    async with dashboard("x86", size=(140, 40), with_path=True) as seen:
        seen.app.carry_out(StartLesson(str(path), 2))
        await seen.until(lambda: seen.app.play is not None and seen.app.play.number == 2)
        await seen.press("9")
        await seen.go(*["."] * 4)
        await seen.painted()
        panel = seen.app.panels.apics
        found = [piece[0] for line in panel.lines for piece in line if panel.stands_out(piece)]
        assert found == ["TIMER 0xec   ", "R"]  # its entry, and the request
        assert "│ e0" in seen.screen() or "┃ e0" in seen.screen()  # it has come into sight
