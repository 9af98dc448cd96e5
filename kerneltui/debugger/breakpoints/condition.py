"""The conditions of breakpoints: ``IMASK == 1 and core == 0``.

The grammar, loosest first; a bare value is true where it is not 0::

    condition  = both {"or" both}
    both       = negation {"and" negation}
    negation   = "not" negation | comparison
    comparison = bits [("==" | "!=" | "<" | "<=" | ">" | ">=") bits]
    bits       = value {"&" value}
    value      = number | duration | name | "(" condition ")"

Comparisons do not chain.  What is true or false is no value: it is neither compared nor masked.
Numbers are decimal, or begin with ``0x`` or ``0b``, and fit into the bits that they are compared
with; durations (``1.5s``) are in ns.  Names are those of :data:`NAMES`, fields of the breakpoint's
own register (``IMASK``, ``M[3]``), and registers and their fields as
:mod:`kerneltui.debugger.register_names` has them.

A register is read without any effect, as the event's core sees it, or the core that ``core1/`` in
front names.  A write-only field shows nothing: that of the breakpoint's own register is taken from
what the store has brought.

A text is read once, into functions.  Python is never given any of it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Sequence
from types import MappingProxyType
from typing import NamedTuple

from kerneltui.debugger.breakpoints.condition_names import (
    NAMES,
    ConditionNames,
    Event,
    Quantities,
    Reading,
)
from kerneltui.debugger.breakpoints.condition_words import (
    COMPARISONS,
    CONNECTIVES,
    number_of,
    quoted,
    word_at,
)
from kerneltui.debugger.register_names import RegisterSite
from kerneltui.machine.machine import Machine

__all__ = ["NAMES", "Condition", "ConditionError", "Event", "compile_condition"]

NO_QUANTITIES: Quantities = MappingProxyType({})
LONGEST = 1_000
"""characters of a condition"""
DEEPEST = 50
"""``(`` and ``not`` within each other"""
EXAMPLE = "IMASK == 1 and core == 0"
WITH_NUMBER, ONCE = ("core", "ignore"), "once"
"""What a breakpoint may have beside a condition."""
OPTIONS_FIRST = "write CNTP_CTL_EL0 ignore 1 if ENABLE == 0"
_FUNCTIONS: dict[str, Callable[[int, int], bool]] = dict(
    zip(
        COMPARISONS,
        (operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge),
        strict=True,
    )
)


class Condition(NamedTuple):
    """A condition, ready to be asked on the machine that it was made for."""

    text: str
    """with single spaces, and names as the datasheets spell them; it reads the same again"""
    reads: frozenset[str]
    """the registers that it looks at, by the shortest names that tell them apart"""
    holds: Callable[[Event], bool]
    """whether it is true of an event, on the machine as it stands"""


class ConditionError(ValueError):
    """A condition cannot be read; ``str()`` says where and why, in a line."""

    def __init__(self, column: int, text: str) -> None:
        super().__init__(f"column {column}: {text}")
        self.column = column
        """from 1, in the text of the condition"""


def compile_condition(
    text: str,
    machine: Machine,
    subject: RegisterSite | None = None,
    *,
    values: Collection[str],
    quantities: Quantities = NO_QUANTITIES,
) -> Condition:
    """The condition that a text says.

    ``subject`` is the breakpoint's own register, on this machine.  ``values`` are those of
    ``value`` and ``old`` that its events carry, ``quantities`` are further names that it may use.
    Raises :class:`ConditionError`.
    """
    if len(text) > LONGEST:
        said = f"a condition has at most {LONGEST} characters; this one has {len(text)}"
        raise ConditionError(LONGEST + 1, said)
    names = ConditionNames(machine, subject, values, quantities)
    reader = _ConditionReader(text, names)
    run = reader.whole().run
    return Condition(reader.canonical(), frozenset(names.reads), lambda now: run(now) != 0)


class _Phrase(NamedTuple):
    """Of a condition, a part that has been read."""

    column: int
    run: Reading
    is_truth: bool = False
    """it is true or false, and no value"""
    name: str = ""
    width: int | None = None
    """bits, of a register or a part of it"""
    number: int | None = None
    """what it always is"""


class _ConditionReader:
    """Reads one text, from left to right; one word ahead."""

    def __init__(self, text: str, names: ConditionNames) -> None:
        self._text = text
        self._names = names
        self._depth = 0
        self._read: list[str] = []
        self._next = word_at(text, 0)

    def canonical(self) -> str:
        """What has been read, with single spaces."""
        return " ".join(self._read).replace("( ", "(").replace(" )", ")")

    def whole(self) -> _Phrase:
        """The condition, which must be all that there is."""
        if self._next.kind == "end":
            raise ConditionError(1, f"a condition is missing; write one like {EXAMPLE}")
        part = self._condition()
        if self._next.kind != "end":
            raise self._unexpected()
        if len(self.canonical()) > LONGEST:
            said = f"a condition has at most {LONGEST} characters, with the spaces in place"
            raise ConditionError(self._next.column, said)
        return part

    # -- words ------------------------------------------------------------------------------------

    def _take(self, spelling: str = "") -> int:
        """Go on to the next word.  The column of the one before, which has been read."""
        done = self._next
        self._read.append(spelling or done.text.replace(" ", ""))
        self._next = word_at(self._text, done.end)
        return done.column

    def _is(self, *signs: str) -> bool:
        if self._next.mistake:
            raise ConditionError(self._next.column, self._next.mistake)
        return self._next.kind == "sign" and self._next.text in signs

    def _unexpected(self) -> ConditionError:
        """The next word is none that can stand behind a whole part."""
        word, column = self._next.text, self._next.column
        if word == ")":
            return ConditionError(column, "this ')' closes nothing")
        if word.lower() in CONNECTIVES and word != "not":
            return ConditionError(column, f"write '{word.lower()}' instead of '{word}'")
        has_number = word_at(self._text, self._next.end).kind == "number"
        if word == ONCE or (word in WITH_NUMBER and has_number):
            return ConditionError(column, f"'{word}' stands before 'if', as in {OPTIONS_FIRST}")
        return ConditionError(column, f"an operator is missing before {quoted(word)}")

    def _deepen(self) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            said = f"parentheses and 'not' go at most {DEEPEST} deep"
            raise ConditionError(self._next.column, said)

    # -- the grammar ------------------------------------------------------------------------------

    def _condition(self) -> _Phrase:
        return self._series("or", self._both, _any_of)

    def _both(self) -> _Phrase:
        return self._series("and", self._negation, _all_of)

    def _series(
        self, word: str, item: Callable[[], _Phrase], joined: Callable[[Sequence[Reading]], Reading]
    ) -> _Phrase:
        parts = [item()]
        while self._is(word):
            self._take()
            parts.append(item())
        if len(parts) == 1:
            return parts[0]
        return _Phrase(parts[0].column, joined([part.run for part in parts]), is_truth=True)

    def _negation(self) -> _Phrase:
        if not self._is("not"):
            return self._comparison()
        self._deepen()
        column = self._take()
        run = self._negation().run
        self._depth -= 1
        return _Phrase(column, lambda now: not run(now), is_truth=True)

    def _comparison(self) -> _Phrase:
        left = self._bits()
        if not self._is(*COMPARISONS):
            return left
        sign = self._next.text
        self._take()
        right = self._bits()
        if self._is(*COMPARISONS):
            said = "comparisons do not chain; write 'and' between two, as in 1 < core and core < 3"
            raise ConditionError(self._next.column, said)
        for part, other in ((left, right), (right, left)):
            _check_value(part, f"'{sign}' compares values")
            _check_fit(part, other)
        return _Phrase(left.column, _compared(_FUNCTIONS[sign], left.run, right.run), is_truth=True)

    def _bits(self) -> _Phrase:
        parts = [self._value()]
        while self._is("&"):
            self._take()
            parts.append(self._value())
        if len(parts) == 1:
            return parts[0]
        for part in parts:
            _check_value(part, "'&' takes bits of values")
        return _Phrase(parts[0].column, _common_bits([part.run for part in parts]))

    def _value(self) -> _Phrase:
        if self._is("("):
            return self._in_parentheses()
        kind, column = self._next.kind, self._next.column
        try:
            if kind == "name":
                spelling, run, width = self._names.find(self._next.text)
                return _Phrase(self._take(spelling), run, name=spelling, width=width)
            if kind in {"number", "duration"}:
                number = number_of(self._next)
                return _Phrase(self._take(), lambda _: number, number=number)
        except ValueError as error:
            raise ConditionError(column, str(error)) from None
        where = "at the end" if kind == "end" else f"before '{self._next.text}'"
        raise ConditionError(column, f"a value is missing {where}")

    def _in_parentheses(self) -> _Phrase:
        self._deepen()
        column = self._take()
        part = self._condition()
        if self._next.kind == "end":
            raise ConditionError(self._next.column, "a ')' is missing for a '(' before")
        if not self._is(")"):
            raise self._unexpected()
        self._take()
        self._depth -= 1
        return part._replace(column=column)


def _check_value(part: _Phrase, use: str) -> None:
    if part.is_truth:
        said = f"{use}, and this is true or false; write 'and' or 'or' between conditions"
        raise ConditionError(part.column, said)


def _check_fit(number: _Phrase, part: _Phrase) -> None:
    """A number that some bits can never be is a mistake, whatever the comparison."""
    if number.number is not None and part.width is not None and number.number >> part.width:
        bits = f"{part.width} bits" if part.width > 1 else "one bit"
        said = f"{number.number:#x} does not fit into {part.name}, which has {bits}"
        raise ConditionError(number.column, said)


# -- functions ------------------------------------------------------------------------------------


def _any_of(parts: Sequence[Reading]) -> Reading:
    def holds(now: Event) -> bool:
        for part in parts:  # noqa: SIM110 - any() would take a second frame at each level
            if part(now):
                return True
        return False

    return holds


def _all_of(parts: Sequence[Reading]) -> Reading:
    def holds(now: Event) -> bool:
        for part in parts:  # noqa: SIM110 - as above
            if not part(now):
                return False
        return True

    return holds


def _compared(compare: Callable[[int, int], bool], left: Reading, right: Reading) -> Reading:
    return lambda now: compare(left(now), right(now))


def _common_bits(parts: Sequence[Reading]) -> Reading:
    first, *others = parts

    def bits(now: Event) -> int:
        value = first(now)
        for part in others:
            value &= part(now)
        return value

    return bits
