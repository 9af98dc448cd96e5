"""A moment that one goes to shows its first step; what comes back comes to the step it was at."""

import pytest

from kerneltui.debugger.watch import NEXT_INTERRUPT, STEP
from kerneltui.scenarios.scenario import open_session
from kerneltui.sessions.opening import load_session, open_saved, resume
from kerneltui.sessions.saving import spec_of, text_of

PARTS = frozenset({"path"})


@pytest.fixture(params=["rpi3", "rpi4", "x86"])
def session(request):
    found = open_session(request.param, "timer-callbacks")
    found.boot()
    found.follows_story = True
    found.next_step()
    while not heading(found).endswith("THE CONTROLLER NOTES IT"):
        found.next_step()
    assert found.story.phase > 0, "a later step of its moment"
    yield found
    found.close()


def heading(session):
    return session.view(PARTS).path.heading


def first(session):
    """The heading of the first step of the moment on show."""
    return session.story.steps()[0].heading


def elsewhere(session):
    here = session.here
    session.next_timer_event()
    return here


def test_going_to_a_moment_shows_its_first_step(session):
    there, time_ns = elsewhere(session), session.here.now_ns
    for go in (
        lambda: session.go_to(there),
        lambda: session.go_to_time(there.now_ns),
        lambda: session.go_to_instruction(there.retired),
    ):
        session.go_to_time(time_ns)
        go()
        if session.here == there:
            assert heading(session) == first(session)
    session.go_to(there)
    session.turn_page(1)
    session.go_to(there)
    assert heading(session) == first(session), "also where one is there already"


def test_stepping_back_to_a_moment_shows_its_first_step(session):
    there = session.here
    session.step()
    for _ in session.back(STEP):
        pass
    if session.here == there:
        assert heading(session) == first(session)


def test_running_there_again_shows_its_first_step(session):
    there, before = session.here, heading(session)
    session.previous_step()
    while session.here == there:
        session.previous_step()
    session.next_step()
    assert session.here == there
    assert heading(session) == first(session) != before


def test_the_way_back_from_a_jump_leads_to_the_step_that_was_on_show(session):
    before = session.here, heading(session)
    session.leave_mark()
    session.go_to_end()
    session.next_timer_event()
    for _ in session.back(NEXT_INTERRUPT):
        pass
    assert session.jump_back()
    assert (session.here, heading(session)) == before


def test_what_is_known_to_come_is_forgotten_without_leaving_the_step(session):
    before = session.here, heading(session)
    page = session.page
    session.next_timer_event()
    session.go_to_page(page)
    session.forget_rest()
    assert (session.here, heading(session)) == before


def test_a_session_that_was_saved_opens_at_its_step(session, tmp_path):
    path = tmp_path / "x.session.yaml"
    path.write_text(text_of(spec_of(session), path))
    saved = load_session(path)
    again = open_saved(saved)
    for _ in resume(again, saved):
        pass
    again.follows_story = True
    assert (again.here, heading(again)) == (session.here, heading(session))
    again.close()


def test_a_bookmark_keeps_its_step(session):
    item = session.bookmark("here")
    session.bookmarks.add(item)
    before = session.here, heading(session)
    elsewhere(session)
    session.go_to_bookmark(item)
    assert (session.here, heading(session)) == before
