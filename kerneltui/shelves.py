"""The headings under which lessons and scenarios are listed, in order, and how hard they are."""

from __future__ import annotations

from typing import Literal

COURSES = (
    "Start", "Timers", "Interrupts", "Tasks", "The PC", "Write a driver", "Find the fault",
    "Your own",
)  # fmt: skip
"""The parts of the course."""
PUZZLES = "Find the fault"
"""Whose names say what is to be found."""
GROUPS = "Timers", "Interrupts", "Tasks", "The PC", "Cases of the course", PUZZLES
"""Those of the built-in scenarios."""
Level = Literal["first", "second", "third"]
LEVELS: tuple[Level, ...] = "first", "second", "third"
