"""What came of a suite, for people, for programs, and for graders (JUnit)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

import msgspec

PASSED, FAILED, LEFT_OUT = "passed", "failed", "left out"
WORDS = {PASSED: "ok     ", FAILED: "FAILS  ", LEFT_OUT: "left   "}
INDENT = " " * 9


class CaseLine(NamedTuple):
    """One case, and what came of it."""

    name: str
    ref: str
    seen: str
    outcome: str
    """one of :data:`WORDS`"""
    said: str
    """what the driver does instead, or why the case was left out"""


class Report(msgspec.Struct, frozen=True):
    """All of them."""

    file: str
    role: str
    board: str
    cases: tuple[CaseLine, ...]

    def count(self, outcome: str) -> int:
        """How many came out so."""
        return sum(line.outcome == outcome for line in self.cases)


def told(line: CaseLine, before: Collection[str] = ()) -> str:
    """A case in the report for people; what has been said ``before`` is not said at length."""
    text = f"{WORDS[line.outcome]}{line.name}\n"
    if line.outcome == PASSED:
        return text
    if line.said in before:
        return f"{text}{INDENT}(the same as above)\n"
    text += f"{INDENT}{line.said}\n"
    if line.outcome == FAILED and line.seen:
        text += f"{INDENT}A kernel sees: {line.seen}.\n{INDENT}See {line.ref}.\n"
    return text


def summary(report: Report) -> str:
    """The last line; the board decides what a role asks for."""
    failed, left = report.count(FAILED), report.count(LEFT_OUT)
    more = f", {left} left out" if left else ""
    what = f"{report.file}, {report.role} of {report.board}"
    return f"{report.count(PASSED)} passed, {failed} failed{more}: {what}\n"


def as_json(report: Report) -> bytes:
    """One object."""
    cases = [line._asdict() for line in report.cases]
    return msgspec.json.encode({
        "file": report.file, "role": report.role, "board": report.board,
        "passed": report.count(PASSED), "failed": report.count(FAILED),
        "left_out": report.count(LEFT_OUT), "cases": cases,
    }) + b"\n"  # fmt: skip


def as_junit(report: Report) -> str:
    """The XML that test runners write."""
    suite = (
        f"<testsuite name={_attribute(f'{report.role} on {report.board}')} "
        f'tests="{len(report.cases)}" failures="{report.count(FAILED)}" '
        f'skipped="{report.count(LEFT_OUT)}" errors="0">'
    )
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        suite,
        *_cases(report.file, report.cases),
        "</testsuite>",
        "",
    ]
    return "\n".join(lines)


def _cases(file: str, cases: Sequence[CaseLine]) -> list[str]:
    found = []
    for line in cases:
        begin = f"  <testcase classname={_attribute(file)} name={_attribute(line.name)}"
        if line.outcome == PASSED:
            found.append(f"{begin}/>")
            continue
        if line.outcome == FAILED:
            more = f"A kernel sees: {line.seen}. See {line.ref}." if line.seen else ""
            inside = f"<failure message={_attribute(line.said)}>{escape(_clean(more))}</failure>"
        else:
            inside = f"<skipped message={_attribute(line.said)}/>"
        found.append(f"{begin}>{inside}</testcase>")
    return found


def _attribute(text: str) -> str:
    return quoteattr(_clean(text))


def _clean(text: str) -> str:
    """Without what XML cannot hold: a driver's words can have anything in them."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
