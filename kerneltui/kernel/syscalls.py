"""System calls: their numbers, and what each does with the argument registers.

The entry code of :mod:`kerneltui.kernel.arch` gets here with what it found in the registers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import IntEnum

from kerneltui.kernel.errno import Errno, SyscallError
from kerneltui.kernel.time.timers import TimerService


class Syscall(IntEnum):
    """The numbers of the calls."""

    TIMER_SET = 1
    """delay in ms, task to wake or 0; answers the timer's id"""
    TIMER_INTERVAL = 2
    """interval in ms, task to wake or 0; answers the timer's id"""
    TIMER_CANCEL = 3
    """id; answers 0"""


def described(number: int, arguments: Sequence[int]) -> str:
    """A call in words: ``timer_set(50 ms, task 1)``, ``timer_cancel(timer 3)``.

    Arguments beyond those that it takes are left out.
    """
    if number not in set(Syscall):
        return f"system call {number}"
    call = Syscall(number)
    forms = ("timer {}",) if call is Syscall.TIMER_CANCEL else ("{} ms", "task {}")
    told = ", ".join(form.format(value) for form, value in zip(forms, arguments, strict=False))
    return f"{call.name.lower()}({told})"


class Syscalls:
    """The table of calls: for each number the function, and how many arguments it takes."""

    def __init__(self, timers: TimerService) -> None:
        self._timers = timers
        self._table: dict[int, tuple[Callable[..., int], int]] = {
            Syscall.TIMER_SET: (timers.timer_set, 2),
            Syscall.TIMER_INTERVAL: (timers.timer_interval, 2),
            Syscall.TIMER_CANCEL: (self._timer_cancel, 1),
        }

    def handle(self, number: int, arguments: tuple[int, ...]) -> int:
        """The result, from 0 on, or an error's number with a minus sign."""
        if number not in self._table:
            return -Errno.ENOSYS
        function, count = self._table[number]
        try:
            return function(*arguments[:count])
        except SyscallError as error:
            return -error.errno

    def _timer_cancel(self, timer_id: int) -> int:
        self._timers.timer_cancel(timer_id)
        return 0
