"""Lessons in the dashboard: what they say, whether a step is done, and how to go on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kerneltui.debugger.session import Session
from kerneltui.errors import UserError
from kerneltui.scenarios.changes import UNCHANGED, Changes
from kerneltui.tui.commands import BY_IDENT, COMMANDS
from kerneltui.tui.layout import Layout
from kerneltui.tui.panels import Panels
from kerneltui.tui.requests import (
    Ask,
    LessonAnswer,
    LessonDo,
    Request,
    StartLesson,
    Tell,
    UseSession,
)
from kerneltui.tui.steering import Steering

if TYPE_CHECKING:
    from kerneltui.debugger.references import Reference
    from kerneltui.lessons.lesson import Lesson
    from kerneltui.lessons.play import Play
    from kerneltui.lessons.predict import LessonQuestion
    from kerneltui.lessons.progress import StudentProgress
    from kerneltui.own.driver import OwnDriver
    from kerneltui.sessions.autosave import Autosave

NEXT, HINT, SHOW, BACK, AGAIN, LEAVE = "Next", "Hint", "Show me", "Back", "Again", "Leave"
STEPS = "Steps"
LONGEST_HEADING = 44
"""cells of what a list says of a step"""
LONGEST_TITLE = 64
"""cells of the upper edge of a dialog"""
HINT_SHOWN_S = 5
RETURNED = "The machine is back where the step before was done: this step begins there."
ALWAYS = frozenset((
    "help", "lesson", "lesson_menu", "lesson_back", "leave_dashboard", "command_palette",
    "suspend_process", "follow", "zoom", "path", "theme", "copy", "copy_panel", "what_is",
))  # fmt: skip
"""Commands that no step of a lesson takes away."""
IDENTS = {command.call: command.ident for command in COMMANDS}


class Learning(Steering):
    """Stands before the app's own base class, with what it steers."""

    panels: Panels
    arrangement: Layout
    play: Play | None = None
    """the lesson under way"""
    _progress: StudentProgress | None = None
    own_drivers: tuple[OwnDriver, ...] = ()
    """those that the command line has named, as they were loaded last"""
    _left: tuple[str, int] | None = None
    """the lesson that was left, and its step"""
    _has_gone_on = False
    """the text of the step says that the machine has, since it was done"""

    if TYPE_CHECKING:  # the app's
        autosave: Autosave | None
        board: str

        def carry_out(self, request: Request | None) -> None:
            """Do what a dialog wants done."""

        def use(self, session: Session, board: str, changes: Changes | None) -> None:
            """Go on with another session."""

        def show_lesson(self) -> None:
            """Show the text of the step, and what it points at."""

        @property
        def under_cursor(self) -> Reference | None:
            """What the cursor of the current panel stands on."""

    @property
    def progress(self) -> StudentProgress:
        """How far a student is: kept where anything is kept by itself."""
        if self._progress is None:
            from kerneltui.lessons.progress import StudentProgress, data_folder

            self._progress = StudentProgress(data_folder() if self.autosave is not None else None)
        return self._progress

    # -- a lesson ---------------------------------------------------------------------------------

    def start_lesson(self, wanted: StartLesson) -> None:
        """Begin a lesson, or go on with it, on a machine of its own."""
        from kerneltui.lessons.lesson import load_lesson
        from kerneltui.lessons.play import Play, come_to

        progress = self.progress
        try:
            lesson = load_lesson(wanted.name)
            number = progress.step_of(lesson) if wanted.number is None else wanted.number
            drivers = self.session.setup.drivers or self.own_drivers
            session = progress.session_at(lesson, number, drivers)
            if session is None:
                session = lesson.session(number, drivers)
                session.boot()
                session.follows_story = True
                come_to(session, lesson, number)
            self.play = None
            session.is_taught = True
            self.own_drivers = drivers
            self.use(session, lesson.board(number), session.setup.changes or UNCHANGED)
            self.play = Play(lesson, session, number)
        except UserError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self._left = None
        self._step_begins()

    def _step_begins(self) -> None:
        """Note how far it is, and show it."""
        play = self.play
        if play is not None:
            self.progress.note(play)
            self.clear_notifications()
        self._show_play()
        self.refresh_view()

    def _show_play(self) -> None:
        """What a lesson says now; whether it is over may have changed."""
        play = self.play
        if play is not None and play.is_over:
            self.progress.finish(play)
        self._has_gone_on = play is not None and play.has_gone_on
        self.show_lesson()

    def leave_lesson(self) -> None:
        """The machine stays as it is."""
        if self.play is not None:
            self._left = self.play.lesson.source, self.play.number
            self.play.session.is_taught = False
            self.play = None
            self.show_lesson()
            self.notify("You have left the lesson. l goes back to it.")
            self.refresh_view()

    def use_another(self, wanted: UseSession) -> None:
        """What was opened: another queue for the lesson, or another machine without it."""
        if self.play is not None:
            before, after = self.session.setup, wanted.session.setup
            if (self.board, before.scenario_source) != (wanted.board, after.scenario_source):
                self.leave_lesson()
        play, self.play = self.play, None  # its machine is closed
        self.use(wanted.session, wanted.board, wanted.changes)
        if play is not None:
            play.move(wanted.session)
            self.play = play
            self.show_lesson()
            self.refresh_view()

    def note_command(self, action: str) -> None:
        """A command has been used."""
        ident = IDENTS.get(action)
        if self.play is not None and ident is not None:
            self.play.used(ident, self.under_cursor)
            self.refresh_view()

    def takes_away(self, action: str, parameters: tuple[object, ...]) -> bool:
        """Whether a step of the lesson wants other commands than this one."""
        if self.play is None or not self.play.step.allow:
            return False
        given = ", ".join(repr(item) for item in parameters)
        ident = IDENTS.get(f"{action}({given})" if given else action)
        return ident is not None and ident not in ALWAYS and ident not in self.play.step.allow

    def which_keys(self) -> str:
        """What helps whoever has pressed a key in vain."""
        if self.play is None or not self.play.step.allow:
            return "? lists the keys."
        keys = [BY_IDENT[ident].keys for ident in self.play.step.allow if ident in BY_IDENT]
        return f"This step of the lesson is about {', '.join(keys)}. L leaves it."

    @property
    def words_of_lesson(self) -> str:
        """All that a lesson says at present; empty without one."""
        if self.play is None:
            return ""
        from kerneltui.tui.widgets.lesson_pane import read

        return read(self.play)

    def look_at_lesson(self) -> None:
        """After each picture: whether the goal is reached."""
        from kerneltui.lessons.goals import Hands

        play = self.play
        if play is None or self.runner.searching:
            return
        hands = Hands(play.commands, self.arrangement.kind.key, self.under_cursor)
        is_new = play.observe(hands, is_running=self.runner.running)
        if is_new or play.has_gone_on is not self._has_gone_on:
            self._show_play()

    # -- its commands -----------------------------------------------------------------------------

    def action_lesson(self) -> None:
        """Go on with the lesson; without one, choose."""
        play = self.play
        if play is None:
            self.carry_out(self._start_or_choose())
        elif play.is_over:
            self.carry_out(next_lesson(play.lesson, self.progress))
        elif play.is_done and play.next_is_elsewhere:
            self.carry_out(StartLesson(play.lesson.source, play.number + 1))
        elif play.is_done:
            self.runner.stop()
            play.go_on()
            self._step_begins()
            if play.has_returned:
                self.tell_in_passing(RETURNED, HINT_SHOWN_S)
        elif play.question is not None:
            self.carry_out(ask(play.question))
        else:
            self.tell_in_passing("This step is not done yet. L gives a hint.", HINT_SHOWN_S)

    def _start_or_choose(self) -> Request:
        if self._left is not None:
            return StartLesson(*self._left)
        return choose_lesson(self.progress)

    def action_lesson_menu(self) -> None:
        """Hints, all steps, leave."""
        play = self.play
        self.carry_out(choose_lesson(self.progress) if play is None else menu(play))

    def action_lesson_back(self) -> None:
        """The machine as it was when the step began; what was done since is undone."""
        play = self.play
        if play is None:
            self.carry_out(self._start_or_choose())
            return
        self.runner.stop()
        if play.has_lost_its_start:
            self.carry_out(StartLesson(play.lesson.source, play.number))
            return
        play.go_back()
        self._step_begins()

    def do_in_lesson(self, wanted: LessonDo) -> None:
        """What was chosen from the menu."""
        play = self.play
        if play is None:
            return
        if wanted.what == NEXT:
            self.action_lesson()
        elif wanted.what == HINT:
            if not play.next_hint():
                self.notify("There is no further hint. L offers to show it to you.")
            self.show_lesson()
            self.refresh_view()
        elif wanted.what == SHOW and play.question is not None:
            play.tell_answer()
            self._show_play()
            self.refresh_view()
        elif wanted.what == SHOW:
            from kerneltui.tui.pressing import press_on_screen

            self.run_worker(press_on_screen(self, play.solution.split()), "keys")
        elif wanted.what == BACK:
            self.action_lesson_back()
        elif wanted.what == AGAIN:
            self.carry_out(StartLesson(play.lesson.source, 0))
        elif wanted.what == LEAVE:
            self.leave_lesson()

    def answer_in_lesson(self, answer: LessonAnswer) -> None:
        """Right, or think again: the text of the step says it, and nothing lies over that."""
        play = self.play
        if play is None:
            return
        play.answer(answer.words)
        self._show_play()
        self.refresh_view()


# -- what is asked ---------------------------------------------------------------------------------


def ask(question: LessonQuestion) -> Request:
    """The question of a step."""
    from kerneltui.tui.screens.ask import AskScreen, Field, Mistake
    from kerneltui.tui.screens.choose import ChooseScreen

    if question.options:
        # A longer one would be cut; it stands whole in the text of the step.
        title = question.text if len(question.text) <= LONGEST_TITLE else "Your answer"
        screen: Any = ChooseScreen(title, {"": dict.fromkeys(question.options, "")})
        return Ask(
            screen, lambda found: None if found is None else LessonAnswer(found[1]), halts=True
        )

    def check(words: Sequence[str]) -> Mistake | None:
        try:
            int(words[0].strip().replace("_", ""), 0)
        except ValueError:
            return Mistake(0, f"Type a number, like {question.example}.")
        return None

    # The whole question stands in the text of the step; here it could be too long for its line.
    label = f"A number, like {question.example}"
    screen = AskScreen("Your answer", dict[str, Field]({label: ""}), check)
    return Ask(screen, lambda found: None if found is None else LessonAnswer(found[0]), halts=True)


def menu(play: Play) -> Request:
    """What one can do in a lesson."""
    from kerneltui.tui.screens.choose import ChooseScreen

    more = len(play.step.hints) - play.hints
    doing = {}
    if play.is_done:
        doing[NEXT] = "l: the next lesson" if play.is_over else "l: the next step"
    if not play.is_done and more:
        doing[HINT] = f"one of {more} for this step"
    if not play.is_done and not more and play.solution:
        doing[SHOW] = "press the keys that reach the goal"
    if not play.is_done and not more and play.question is not None:
        doing[SHOW] = "tell the answer"
    doing[BACK] = "F2: as it was when this step began"
    doing[AGAIN] = "the lesson from its first step"
    doing[LEAVE] = "the machine stays; l comes back to the lesson"
    steps = {
        str(number): heading(step.text) for number, step in enumerate(play.lesson.spec.steps, 1)
    }
    here = STEPS, str(play.number + 1)

    def chosen(choice: tuple[str, str] | None) -> Request | None:
        if choice is None:
            return None
        if choice[0] == STEPS:
            return StartLesson(play.lesson.source, int(choice[1]) - 1)
        return LessonDo(choice[1])

    screen = ChooseScreen(play.lesson.spec.title, {"": doing, STEPS: steps}, [here])
    return Ask(screen, chosen)


def heading(text: str) -> str:
    """The first sentence of a text, without marks of Markdown."""
    sentence = " ".join(text.split()).partition(". ")[0]  # the key `.` ends none
    said = sentence.replace("*", "").replace("`", "").replace("#", "")
    return said if len(said) <= LONGEST_HEADING else f"{said[: LONGEST_HEADING - 1]}…"


def choose_lesson(progress: StudentProgress) -> Request:
    """All lessons, as the course has them."""
    from kerneltui.lessons.lesson import lessons
    from kerneltui.tui.screens.choose import ChooseScreen

    sections: dict[str, dict[str, str]] = {}
    done = []
    for lesson in lessons():
        course = lesson.spec.course
        told = f"{lesson.spec.title} ({lesson.spec.minutes} min){progress.in_words(lesson)}"
        sections.setdefault(course, {})[lesson.name] = told
        if progress.is_finished(lesson):
            done.append((course, lesson.name))
    if not sections:
        return Tell("There are no lessons.", "warning")

    def chosen(choice: tuple[str, str] | None) -> Request | None:
        return None if choice is None else StartLesson(choice[1], None)

    return Ask(ChooseScreen("Lessons", sections, done), chosen)


def next_lesson(lesson: Lesson, progress: StudentProgress) -> Request:
    """The one that comes after it in the course; after the last, all of them."""
    from kerneltui.lessons.lesson import following

    found = following(lesson)
    return choose_lesson(progress) if found is None else StartLesson(found.name, None)
