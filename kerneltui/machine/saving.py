"""A machine's state, saved and loaded: it is told by the numbers of what the machine is made of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from kerneltui.machine import blame
from kerneltui.machine.core import Core
from kerneltui.machine.position import Position

if TYPE_CHECKING:
    from kerneltui.machine.state import State

NOT_AT_REST = "state can only be saved while every core waits or runs a task"


class UnsavableError(Exception):
    """A driver of a person's own holds what cannot be saved, so nothing could go back there."""


class Savable:
    """What of a machine saves and loads it."""

    numbered_at: Position | None = None
    """where the parts got their numbers by which state is saved now; see :meth:`number`"""
    cores: list[Core]
    core: Core
    program: Any
    _states: dict[Position, State]

    if TYPE_CHECKING:  # the machine's

        @property
        def at_rest(self) -> bool:
            """Whether all state is plain data."""

        @property
        def position(self) -> Position:
            """Where the machine has halted."""

        def show_next(self) -> None:
            """The core that had halted shows what it is about to do."""

    @property
    def has_own_drivers(self) -> bool:
        """Whether the kernel has a driver of a person's own in it."""
        return bool(getattr(getattr(self.program, "workload", None), "own", None))

    def save(self) -> bytes:
        """The machine's and the kernel's state.  Raises ValueError unless :attr:`at_rest`.

        Raises :class:`UnsavableError` where a driver of a person's own holds what is no plain data.
        """
        if self.numbered_at is None:
            self.number()
        elif not self.at_rest:
            raise ValueError(NOT_AT_REST)
        assert self.numbered_at is not None
        with self._told_of_own():
            return self._states[self.numbered_at].save()

    def number(self, here: Position | None = None) -> None:
        """What the machine is made of now gets numbers: from now on state is told in terms of it.

        ``here`` is what the present moment is called.  Raises as :meth:`save` does.
        """
        if not self.at_rest:
            raise ValueError(NOT_AT_REST)
        here = here or self.position
        self.forget_numbers(here)
        with self._told_of_own():
            from kerneltui.machine.state import State  # the first picture does not wait for it

            self._states[here] = State(self)
        self.numbered_at = here

    def has_numbers_of(self, position: Position) -> bool:
        """Whether it was numbered there, and can load what is told in terms of that."""
        return position in self._states

    def forget_numbers(self, after: Position) -> None:
        """What comes after a moment will be another story: there are other parts."""
        for position in [position for position in self._states if position > after]:
            del self._states[position]
        if self.numbered_at not in self._states:
            self.numbered_at = max(self._states, default=None)

    @contextmanager
    def _told_of_own(self) -> Iterator[None]:
        """What fails because of a driver of a person's own is told as that."""
        try:
            yield
        except Exception as error:
            state = self._states[self.numbered_at] if self.numbered_at is not None else None
            said = state.why_unsavable() if state is not None else ""
            said = said or blame.told_outside(error)
            if not self.has_own_drivers or not said:
                raise
            raise UnsavableError(said) from error

    def load(self, data: bytes, numbered_at: Position | None = None) -> None:
        """Put back what :meth:`save` gave, here or in a machine with the same setup.

        ``numbered_at`` says where the one that has saved got its numbers, None: as this one.
        Raises ValueError in a machine that got none there, and :class:`UnsavableError` as
        :meth:`save` does.
        """
        numbered_at = numbered_at or self.numbered_at
        if numbered_at not in self._states:
            raise ValueError("this machine has not come to where the first state was saved")
        for core in self.cores:
            core.leave()
        with self._told_of_own():
            state = self._states[numbered_at]
            if numbered_at != self.numbered_at or not self.core.booted:
                state.begin_anew()  # while it boots a kernel's objects still get attributes
            state.load(data)
        self.numbered_at = numbered_at
        for core in self.cores:
            core.enter_anew()
        self.show_next()
