"""A lesson under way: which step it has come to, and what has been done in it."""

from __future__ import annotations

from kerneltui.debugger.session import Session
from kerneltui.lessons.goals import Goal, Hands
from kerneltui.lessons.lesson import BOOTED, HERE, Lesson
from kerneltui.lessons.names import beginning
from kerneltui.lessons.predict import Question, question
from kerneltui.lessons.spec import LessonStepSpec
from kerneltui.units import parse_duration


class Play:
    """``session`` is the lesson's machine, booted."""

    def __init__(self, lesson: Lesson, session: Session, number: int = 0) -> None:
        """Begin with the step of a number, from 0.  Raises :class:`UserError`."""
        self.lesson = lesson
        self.session = session
        self.number = number
        self.commands: set[str] = set()
        """used since the step began"""
        self.hints = 0
        """how many have been shown"""
        self.wrong = 0
        """answers to the question of this step that were not right"""
        self.is_done = False
        """the goal of the step is reached, or its question answered"""
        self.is_over = False
        """the last step is behind"""
        self._goal: Goal | None = None
        self._question: Question | None = None
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
    def next_is_elsewhere(self) -> bool:
        """Whether the next step is on another machine."""
        rest = self.lesson.spec.steps[self.number + 1 :]
        return bool(rest and (rest[0].scenario or rest[0].board))

    def _begin(self) -> None:
        step, session = self.step, self.session
        self.commands.clear()
        self.hints = self.wrong = 0
        if step.begin == BOOTED:
            session.go_to_booted()
        elif step.begin != HERE:
            session.go_to_time(parse_duration(step.begin))
        self.start = session.here
        """where the machine was when the step began"""
        self.given = session.history.given
        """and how many inputs it had been given"""
        self._goal = None
        self._question = None
        if step.goal is not None:
            self._goal = Goal(session, step.goal, beginning(session))
        self.is_done = step.goal is None and step.predict is None

    def move(self, session: Session) -> None:
        """Go on with the same step on another machine, booted: one with another queue."""
        self.session = session
        self.start, self.given = session.here, session.history.given
        self._question = None
        if self.step.goal is not None:
            self._goal = Goal(session, self.step.goal, beginning(session))

    def observe(self, hands: Hands) -> bool:
        """Something may have happened; True where the goal has been reached just now."""
        if self.is_done or self._goal is None or not self._goal.is_met(hands):
            return False
        self.is_done = True
        return True

    def used(self, command: str) -> None:
        """A student has used a command."""
        self.commands.add(command)

    def go_on(self) -> bool:
        """To the next step; False where this one is not done, or was the last."""
        if not self.is_done:
            return False
        if self.number + 1 == self.count:
            self.is_over = True
            return False
        self.jump(self.number + 1)
        return True

    def jump(self, number: int) -> None:
        """To the step of a number, from 0."""
        self.number = number
        self.is_over = False
        self._begin()

    def question(self) -> Question | None:
        """That of this step, as it is at this moment.  Raises :class:`UserError`."""
        if self.step.predict is None:
            return None
        if self._question is None:
            self._question = question(self.session, self.step.predict)
        return self._question

    def answer(self, words: str) -> bool:
        """Whether an answer is right; a wrong one is counted."""
        asked = self.question()
        if asked is None:
            return False
        if asked.is_right(words):
            self.is_done = True
        else:
            self.wrong += 1
        return self.is_done

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
    def solution(self) -> str:
        """The keys that reach the goal."""
        return self.step.solution
