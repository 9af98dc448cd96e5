"""What the goals of lessons can name."""

from kerneltui.lessons.goals import read_value
from kerneltui.lessons.lesson import load_lesson
from kerneltui.lessons.names import beginning
from kerneltui.lessons.play import Play


def test_the_number_of_the_step_is_known_while_another_panel_than_the_path_is_in_front():
    session = load_lesson("life-of-an-interrupt").session()
    session.boot()
    session.follows_story = False  # as the dashboard has it then
    Play(load_lesson("life-of-an-interrupt"), session)
    begin = beginning(session)
    assert read_value(session, "step", begin) == 1
    session.next_interrupt()
    assert read_value(session, "step", begin) == 5
    session.next_step()
    assert read_value(session, "step", begin) == 6
    session.finish()
    assert read_value(session, "step", begin) == 12
