"""Questions about what comes next: a second machine finds the answer; nobody has stored it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple

from kerneltui.debugger.courses import COURSES, TITLES
from kerneltui.debugger.naming import main_interrupt
from kerneltui.debugger.references import Reference
from kerneltui.debugger.register_names import registers_named
from kerneltui.debugger.session import Session
from kerneltui.debugger.verdict import Explanation
from kerneltui.debugger.watch import until_time
from kerneltui.debugger.why import why
from kerneltui.errors import UserError
from kerneltui.hw.rule import Gate
from kerneltui.lessons.goals import read_value, width_of
from kerneltui.lessons.names import beginning
from kerneltui.lessons.pointing_at import pointed
from kerneltui.lessons.spec import PredictSpec
from kerneltui.lessons.twin import press, twin
from kerneltui.machine.core import StopReason
from kerneltui.units import format_duration

NO_HEAD = "nothing: the queue is empty"
MOST_OPTIONS = 6
LONGEST_NS = 20_000_000_000
"""So long a second machine runs for the next lines of the console."""
SLICE_NS = 50_000_000
FEWEST_BITS = 4
"""Of less of them an image is too easily the answer."""


EXAMPLES = 20, 24
"""Numbers that show how one is typed; the first that is not the answer."""
FROM_HEX = 10
"""Numbers from here on are told in hexadecimal as well."""


class LessonQuestion(NamedTuple):
    """What is asked.  Without options a number is to be typed."""

    text: str
    options: tuple[str, ...]
    right: str
    remarks: Mapping[str, str] = {}
    """what the machine says to an option that is not right"""
    before: int | None = None
    """the number that would be right if nothing happened before"""
    width: int | None = None
    """of the bits of a number that is no amount: nothing is more or less there"""

    def is_right(self, answer: str) -> bool:
        """Whether somebody has found it."""
        if self.options:
            return answer == self.right
        try:
            return int(answer.strip().replace("_", ""), 0) == int(self.right)
        except ValueError:
            return False

    def remark(self, answer: str) -> str:
        """A sentence that helps whoever has given a wrong answer; empty where there is none."""
        if self.options:
            return self.remarks.get(answer, "")
        try:
            given, right = int(answer.strip().replace("_", ""), 0), int(self.right)
        except ValueError:
            return ""
        if given == self.before:
            return "That is what it is now; something changes it."
        if self.width is not None:
            return _of_bits(given, right, self.width)
        if right in {0, 1}:
            return ""  # more would be the answer
        return "It is more than that." if given < right else "It is less than that."

    @property
    def example(self) -> str:
        """How a number is typed; never the answer."""
        found = next(number for number in EXAMPLES if str(number) != self.right)
        return f"{found} or {found:#x}"

    @property
    def told(self) -> str:
        """The answer, to be read."""
        return self.right if self.options else _number(int(self.right))


def _of_bits(given: int, right: int, width: int) -> str:
    """What has gone wrong with the bits of a number; empty where that is none of the usual."""
    if width < FEWEST_BITS or not 0 <= given < 1 << width:
        return ""
    if int(f"{given:0{width}b}"[::-1], 2) == right:
        return "That is the mirror image: in a number, bit 0 stands on the right."
    if given ^ right == (1 << width) - 1:
        return "Each bit is the other way round: 0 is 1, and 1 is 0."
    return ""


class UnfitQuestionError(UserError):
    """A question has no right answer at this moment, or more than one, or nothing to choose."""


def question(session: Session, spec: PredictSpec) -> LessonQuestion:
    """Ask it at the present moment.  Raises :class:`UserError` where it makes no sense there."""
    found = _ASKED[spec.ask](session, spec)
    if spec.ask in IN_THE_FILE:
        found = found._replace(options=_shuffled(found.options, spec))
    if spec.question is not None:
        found = found._replace(text=spec.question)
    if found.options:
        count = found.options.count(found.right)
        if len(found.options) < 2 or count != 1:
            said = f"the right answer, '{found.right}', stands {count} times among"
            raise UnfitQuestionError(f"{said} {', '.join(found.options) or 'nothing'}")
    return found


def _shuffled(options: Sequence[str], spec: PredictSpec) -> tuple[str, ...]:
    """Always the same for a question; the place of none says whether an author believes in it."""

    def place(option: str) -> bytes:
        return sha256(f"{spec.question} {spec.of} {spec.after} {option}".encode()).digest()

    return tuple(sorted(options, key=place))


def _after(spec: PredictSpec) -> str:
    """In words, which keys come before."""
    return f"after {_keys(spec)}" if spec.after.strip() else "now"


def _keys(spec: PredictSpec) -> str:
    keys = spec.after.split()
    return f"the key{'s' * (len(keys) > 1)} {' '.join(keys)}"


def _number(value: int) -> str:
    return str(value) if value < FROM_HEX else f"{value}, or {value:#x}"


def _told(value: int) -> str:
    """What a register holds, as the panels have it."""
    return str(value) if value < FROM_HEX else f"{value:#x}"


# -- the kinds -------------------------------------------------------------------------------------


def _head(session: Session, spec: PredictSpec) -> LessonQuestion:
    other = twin(session)
    try:
        before = [item.name for item in session.inspector.timeouts()]
        press(other, spec.after)
        queue = list(other.inspector.timeouts())
        after = [item.name for item in queue]
        due = {item.name: item.due_ns for item in reversed(queue)}
    finally:
        other.close()
    right = after[0] if after else NO_HEAD
    names = [*dict.fromkeys((*before, *after))]
    options = [right, *(name for name in names if name != right)][:MOST_OPTIONS]
    if len(options) < MOST_OPTIONS and NO_HEAD not in options:
        options.append(NO_HEAD)
    text = f"Which timeout is at the head of the queue {_after(spec)}?"
    remarks = {name: _not_the_head(name, due, right) for name in options if name != right}
    return LessonQuestion(text, tuple(sorted(options)), right, remarks)


def _not_the_head(name: str, due: Mapping[str, int], head: str) -> str:
    """Why it is another one; ``due`` has those that are in the queue then."""
    if name == NO_HEAD:
        return f"The queue has {len(due)} then."
    if name not in due:
        return f"'{name}' has been called by then, and is not in the queue."
    apart = due[name] - due[head]
    if not apart:
        return f"'{name}' is due at the same time as the head, and came into the queue later."
    return f"'{name}' is due {format_duration(apart)} after the head."


def _next(session: Session, spec: PredictSpec) -> LessonQuestion:
    """The title of the step that comes, among those of its course and of the one on show."""
    other = twin(session)
    try:
        press(other, spec.after)
        if other.next_step() is not StopReason.MEANINGFUL:
            raise UnfitQuestionError("no further step comes")
        found = other.story.step()
        here = session.story.step()
    finally:
        other.close()
    if found is None:
        raise UnfitQuestionError("no further step comes")
    kinds = (*COURSES.get(found.course, ()), *COURSES.get(here.course if here else "", ()))
    course = list(dict.fromkeys(TITLES[kind] for kind in kinds))  # its own first; it may be short
    said = here.title if here is not None else ""
    place = course.index(found.title) if found.title in course else 0
    near = sorted(course, key=lambda title: abs(course.index(title) - place))
    options = [found.title, *(title for title in near if title not in {found.title, said})]
    remarks = {title: _not_next(title, course, place) for title in options if title in course}
    text = f"Which step comes {_after(spec)}?" if spec.after.strip() else "Which step comes next?"
    return LessonQuestion(text, tuple(sorted(options[:4])), found.title, remarks)


def _not_next(title: str, course: Sequence[str], place: int) -> str:
    """Where a step stands on the way."""
    return f"'{title}' stands {'earlier' if course.index(title) < place else 'later'} on the way."


def _changes(session: Session, spec: PredictSpec) -> LessonQuestion:
    names = spec.among
    begin = beginning(session)
    before = [read_value(session, name, begin) for name in names]
    other = twin(session)
    try:
        press(other, spec.after)
        after = [read_value(other, name, begin) for name in names]
    finally:
        other.close()
    changed = [name for name, old, new in zip(names, before, after, strict=True) if old != new]
    if len(changed) != 1:
        said = ", ".join(changed) or "none"
        raise UnfitQuestionError(f"exactly one of {', '.join(names)} is to change; here: {said}")
    text = f"Which of these changes with {_keys(spec)}?"
    held = zip(names, before, strict=True)
    remarks = {name: f"{name} is {_told(value)}, and stays so." for name, value in held}
    return LessonQuestion(text, tuple(names), changed[0], remarks)


def _console(session: Session, spec: PredictSpec) -> LessonQuestion:
    other = twin(session)
    try:
        press(other, spec.after)
        lines = _next_lines(other)
    finally:
        other.close()
    if len(lines) < 2:
        raise UnfitQuestionError("the board sends too little from here on to choose from")
    remarks = {line: f"'{line}' comes later." for line in lines[1:]}
    return LessonQuestion("What does the UART send next?", tuple(sorted(lines)), lines[0], remarks)


def _next_lines(session: Session) -> list[str]:
    """The next different lines, without their times, in their order."""
    console = session.recorder.console
    start, now = console.total, session.machine.now
    found: list[str] = []
    for at_ns in range(now + SLICE_NS, now + LONGEST_NS, SLICE_NS):
        reason = session.advance(until_time(at_ns))
        text = console.before(console.total, console.total - start).decode("ascii", "replace")
        whole = text.replace("\r", "").rpartition("\n")[0]
        found = [*dict.fromkeys(filter(None, map(_without_time, whole.split("\n"))))]
        if len(found) >= MOST_OPTIONS or reason is StopReason.HALTED:
            break
    return found[:MOST_OPTIONS]


def _without_time(line: str) -> str:
    return line.rpartition("]")[2].strip() if line.startswith("[") else line.strip()


def _value(session: Session, spec: PredictSpec) -> LessonQuestion:
    begin = beginning(session)
    before = read_value(session, spec.of, begin)
    other = twin(session)
    try:
        press(other, spec.after)
        right = read_value(other, spec.of, begin)
    finally:
        other.close()
    text = f"What is {spec.of} {_after(spec)}? Type a number."
    return LessonQuestion(
        text, (), str(right), before=before if before != right else None,
        width=_bits_of(session, spec.of),
    )  # fmt: skip


def _bits_of(session: Session, word: str) -> int | None:
    """How many there are, of what is neither an amount nor the time of a counter."""
    width = width_of(session, word, beginning(session))
    if width is None:
        return None
    name = word.rpartition("/")[2].partition(".")[0]
    if any(site.slot.register.volatile for site in registers_named(session.machine, name)):
        return None
    view = session.view(frozenset({"comparators"}))
    return None if name in {item.name for item in view.comparators} else width


def _diagnosis(session: Session, spec: PredictSpec) -> LessonQuestion:
    """Whichever of the answers the explanation bears out: of the timer's interrupt, or another."""
    interrupt: Reference | None
    if spec.of:
        interrupt = pointed(session, spec.of).reference
    else:
        interrupt = main_interrupt(session.machine, session.inspector, session.focus)
    told = None if interrupt is None else why(session, interrupt, session.focus)
    if told is None or not spec.answers:
        raise UnfitQuestionError("write 'answers:' as ANSWER: WHAT MAKES IT RIGHT")
    right = [answer for answer, sign in spec.answers.items() if _bears_out(told, sign)]
    if len(right) != 1:
        said = ", ".join(right) or "none"
        raise UnfitQuestionError(
            f"exactly one answer is to be right; here: {said}. The explanation is: {told.headline}"
        )
    remarks = {answer: _not_the_cause(told, sign) for answer, sign in spec.answers.items()}
    return LessonQuestion("What is the matter?", tuple(spec.answers), right[0], remarks)


def _not_the_cause(told: Explanation, sign: str) -> str:
    """What holds there, where the interrupt's way has such a gate and it is open."""
    gate = next((gate for gate in told.way.gates if sign in _names(gate) and gate.open), None)
    if gate is None:
        return ""
    held = f"{gate.bits} is {gate.held}: " if gate.spot is not None else ""
    return f"{held}'{gate.name}' holds."


def _names(gate: Gate) -> set[str]:
    return {gate.register, gate.name, gate.bits}


def _bears_out(told: Explanation, sign: str) -> bool:
    """Whether an explanation is about a register or a gate, or says some words."""
    named = _names(told.gate) if told.gate is not None else set()
    return sign in named or sign.lower() in f"{told.verdict}: {told.headline}".lower()


IN_THE_FILE = frozenset(("changes", "diagnosis"))
"""What an author lists, mostly with the right answer first."""
_ASKED: dict[str, Callable[[Session, PredictSpec], LessonQuestion]] = {
    "head": _head,
    "next": _next,
    "changes": _changes,
    "console": _console,
    "value": _value,
    "diagnosis": _diagnosis,
}
