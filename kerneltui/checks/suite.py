"""A role's suite: which cases there are, and what comes of each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from kerneltui.checks import (
    bench,
    clock_device,
    irq_controller,
    pic,
    queue,
    timer,
    uart,
    whole,
)
from kerneltui.checks.case import Case
from kerneltui.checks.outcome import Outcome
from kerneltui.own.driver import OwnDriver

CASES = {
    "irq-controller": irq_controller.CASES, "timer": timer.CASES, "uart": uart.CASES,
    "clock": clock_device.CASES, "queue": queue.CASES,
}  # fmt: skip


class Result(NamedTuple):
    """A case, and what came of it."""

    case: Case
    outcome: Outcome


def cases_of(driver: OwnDriver, board: str) -> list[Case]:
    """Those for a driver on a kind of board, those with the whole kernel last."""
    role = pic.CASES if driver.post.stands_for == "I8259Driver" else CASES[driver.role]
    fitting = [case for case in role if case.needs in {"", driver.post.name, board}]
    return [*fitting, *whole.CASES]


def results(driver: OwnDriver, board: str, name: str) -> Iterator[Result]:
    """One after the other, on board ``name`` of the kind ``board``."""
    for case in cases_of(driver, board):
        yield Result(case, result(case, driver, name))


def result(case: Case, driver: OwnDriver, name: str) -> Outcome:
    """What comes of one case, on board ``name``."""
    if case in whole.CASES:
        return whole.carry_out(case, driver, name)
    if driver.role == "queue":
        return queue.carry_out(case, driver)
    return bench.carry_out(case, driver, name)
