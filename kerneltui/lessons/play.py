"""A lesson under way: which step it has come to, and what has been done in it."""

from __future__ import annotations

from kerneltui.debugger.other_moments import Page
from kerneltui.debugger.references import Reference
from kerneltui.debugger.session import Session
from kerneltui.errors import UserError
from kerneltui.lessons.goals import Goal, Hands
from kerneltui.lessons.lesson import BOOTED, HERE, Lesson
from kerneltui.lessons.names import NOTHING_YET, beginning
from kerneltui.lessons.predict import LessonQuestion, question
from kerneltui.lessons.spec import LessonStepSpec
from kerneltui.lessons.twin import BACK, STEPPING
from kerneltui.units import parse_duration

LOOKING = frozenset((
    "w", "h", "escape", "d", "z", "?", "p", "t", "up", "down", "left", "right", "home", "end",
    "pageup", "pagedown", "y", "Y", "P", "v",
))  # fmt: skip
"""Keys after which the machine is as it was."""


def come_to(session: Session, lesson: Lesson, number: int) -> bool:
    """Do what the steps before one ask for, as far as that runs the machine.

    False where more is to be done than such keys do, and than keys do that only look.
    """
    is_all = True
    keys = STEPPING | BACK
    for step in lesson.spec.steps[lesson.start(number) : number]:
        _begin(session, step)
        for key in step.solution.split():
            if key in keys:
                keys[key](session)
            elif key not in LOOKING and not key.isdecimal():
                is_all = False
    return is_all


def _begin(session: Session, step: LessonStepSpec) -> None:
    """Where a step wants the machine."""
    if step.begin == BOOTED:
        session.go_to_booted()
    elif step.begin != HERE:
        session.go_to_time(parse_duration(step.begin))


class Play:
    """``session`` is the lesson's machine, booted."""

    def __init__(self, lesson: Lesson, session: Session, number: int = 0) -> None:
        """Begin with the step of a number, from 0.  Raises :class:`UserError`."""
        self.lesson = lesson
        self.session = session
        session.is_taught = True
        self.number = number
        self.commands: dict[str, set[Reference | None]] = {}
        """used since the step began, and what the cursor was on then"""
        self.hints = 0
        """how many have been shown"""
        self.wrong = 0
        """answers to the question of this step that were not right"""
        self.remark = ""
        """what the machine says to the last of them"""
        self.is_done = False
        """the goal of the step is reached, or its question answered"""
        self.is_told = False
        """the answer was not found, but told"""
        self._goal: Goal | None = None
        self._question: LessonQuestion | None = None
        self.problem = ""
        """why the question of the step makes no sense here"""
        self.has_returned = False
        """the machine had gone on since the step before was done, and was brought back"""
        self._begin()

    @property
    def step(self) -> LessonStepSpec:
        """The present one."""
        return self.lesson.spec.steps[self.number]

    @property
    def count(self) -> int:
        """Steps of the lesson."""
        return len(self.lesson.spec.steps)

    @property
    def is_over(self) -> bool:
        """Whether the last step is done."""
        return self.is_done and self.number + 1 == self.count

    @property
    def next_is_elsewhere(self) -> bool:
        """Whether the next step is on another machine."""
        rest = self.lesson.spec.steps[self.number + 1 :]
        return bool(rest) and rest[0].is_elsewhere

    def _begin(self) -> None:
        step, session = self.step, self.session
        self.commands.clear()
        self.hints = self.wrong = 0
        self.remark = ""
        self.is_told = False
        _begin(session, step)
        if step.predict is not None:
            self._come_back()
        self.start = session.page
        """where the machine was when the step began"""
        self.given = session.history.given
        """and how many inputs it had been given"""
        self.reached, self._reached_given = self.start, self.given
        """where it was when the goal was reached: a question is about the moment of the step"""
        self._is_settled = True
        """the command that has reached the goal is over"""
        self._goal = None
        self._ask()
        if step.goal is not None:
            self._goal = Goal(session, step.goal, beginning(session))
        self.is_done = step.goal is None and self._question is None

    def _come_back(self) -> None:
        """A question is about the moment that the steps before lead to; who is beyond it goes back.

        That is known where they are done with keys that run the machine, and nothing was given.
        """
        session, number = self.session, self.number
        other = self.lesson.session(number, session.setup.drivers)
        try:
            other.boot()
            other.follows_story = True
            if not come_to(other, self.lesson, number) or session.history.given:
                return
            _begin(other, self.step)
            there, phase = other.here, other.story.place()
        finally:
            other.close()
        if there < session.here and session.setup.changes == other.setup.changes:
            session.go_to_page((there, phase))

    def _ask(self) -> None:
        """Have the question of the step ready, if it has one."""
        self._question = None
        self.problem = ""
        if self.step.predict is not None:
            try:
                self._question = question(self.session, self.step.predict)
            except UserError as error:
                self.problem = str(error)

    def move(self, session: Session) -> None:
        """Go on with the same step on another machine, booted: another queue, or driver."""
        self.session = session
        session.is_taught = True
        self.start, self.given = session.page, session.history.given
        self.reached, self._reached_given = self.start, self.given
        self._ask()
        if self.step.goal is not None:
            # With a driver that was edited the boot itself is what was to be reached.
            begin = NOTHING_YET if session.setup.drivers else beginning(session)
            self._goal = Goal(session, self.step.goal, begin)

    def observe(self, hands: Hands, *, is_running: bool = False) -> bool:
        """Something may have happened; True where the goal has been reached just now."""
        if self._goal is None or (self.is_done and self._is_settled):
            return False
        is_new = not self.is_done
        if is_new and not self._goal.is_met(hands):
            return False
        self.is_done = True
        self.reached, self._reached_given = self.session.page, self.session.history.given
        self._is_settled = not is_running
        return is_new

    def used(self, command: str, cursor: Reference | None = None) -> None:
        """A student has used a command."""
        self.commands.setdefault(command, set()).add(cursor)

    def go_on(self) -> bool:
        """To the next step; False where this one is not done, or was the last."""
        if not self.is_done:
            return False
        if self.is_over:
            return False
        self._return()
        self.jump(self.number + 1)
        return True

    def _return(self) -> None:
        """The next step speaks of the moment at which this one was done; bring the machine there.

        What a student has stored or typed since then is theirs: the machine stays with it.
        """
        session = self.session
        self.has_returned = False
        is_free = session.history.given != self._reached_given
        if is_free or self.lesson.spec.steps[self.number + 1].begin != HERE:
            return
        self.has_returned = self.has_gone_on
        if self.has_returned:
            self._go_back_to(self.reached)

    def _go_back_to(self, page: Page) -> None:
        """What has come after that is forgotten: a goal can ask for what is known to come."""
        session, history = self.session, self.session.history
        if page[0] > history.end:  # the machine was reset: nothing is known any more
            for _ in history.do_again(page[0]):
                pass
        session.go_to_page(page)
        if history.in_past or history.given < len(history.inputs):
            session.forget_rest()

    @property
    def has_gone_on(self) -> bool:
        """Whether what was said as the step was done is about another moment than that on show."""
        return self.is_done and self._is_settled and self.session.page != self.reached

    def jump(self, number: int) -> None:
        """To the step of a number, from 0."""
        self.number = number
        self._begin()

    @property
    def asks_what_comes(self) -> bool:
        """Whether the answer would stand on the screen if it said what comes next."""
        predict = self.step.predict
        if predict is None or predict.after.strip():
            return False
        return predict.ask == "next" and not self.is_done

    @property
    def question(self) -> LessonQuestion | None:
        """That of this step, about the moment when it began."""
        return self._question

    def answer(self, words: str) -> bool:
        """Whether an answer is right; a wrong one is counted."""
        asked = self._question
        if asked is None:
            return False
        if asked.is_right(words):
            self.is_done = True
        else:
            self.wrong += 1
            self.remark = asked.remark(words)
        return self.is_done

    def tell_answer(self) -> None:
        """Somebody wants to be told it: that ends the step as well."""
        if self._question is not None:
            self.is_told = self.is_done = True

    def next_hint(self) -> str:
        """One more hint; empty where there is none left."""
        hints = self.step.hints
        if self.hints >= len(hints):
            return ""
        self.hints += 1
        return hints[self.hints - 1]

    @property
    def shown_hints(self) -> list[str]:
        """Those so far."""
        return self.step.hints[: self.hints]

    @property
    def has_lost_its_start(self) -> bool:
        """Whether what was stored or typed before the step is forgotten: the machine was reset."""
        return len(self.session.history.inputs) < self.given

    def go_back(self) -> None:
        """To where the step began, if that is not lost; what was done since then is undone."""
        session, history = self.session, self.session.history
        while history.given > self.given:
            session.take_back()
        self._go_back_to(self.start)
        self.jump(self.number)

    @property
    def solution(self) -> str:
        """The keys that reach the goal."""
        return self.step.solution
