"""The signs that stand on the screen: panels draw these, and ``h`` and ``?`` explain them."""

from __future__ import annotations

from typing import Self


class Sign(str):
    """One of them, as it is drawn; ``says`` is a sentence whose subject it is."""

    __slots__ = ("says",)
    says: str

    def __new__(cls, drawn: str, says: str) -> Self:
        """A text with an explanation."""
        self = super().__new__(cls, drawn)
        self.says = says
        return self


# -- beside rows of all panels ---------------------------------------------------------------------

CURSOR = Sign("»", "Marks the row that the cursor is on.")
BREAKPOINT = Sign("●", "Marks a row about something that has a breakpoint.")
DISABLED = Sign("○", "Marks a row about something that has a breakpoint, which is disabled.")
CURSOR_ON_BREAKPOINT = Sign("◉", "Marks the row that the cursor is on; it has a breakpoint.")
CURSOR_ON_DISABLED = Sign("◎", "Marks the row that the cursor is on; its breakpoint is disabled.")
CUT = Sign(
    "…", "Stands where there is no room for all. The lower border has the row of the cursor."
)
HEADING = Sign("▪", "Stands before a heading.")
EVERYWHERE = (
    CURSOR, BREAKPOINT, DISABLED, CURSOR_ON_BREAKPOINT, CURSOR_ON_DISABLED, CUT, HEADING,
)  # fmt: skip

# -- row 1 -----------------------------------------------------------------------------------------

PAUSED = Sign("■", "Says that the machine is halted, and what it has halted for.")
RUNS = Sign("▶", "Says that the machine runs; '▶▶' is a way to another moment.")
GONE_BACK = Sign("◀", "Says how far back in the known past the moment on show is.")
HALTED = Sign("✖", "Says that the kernel has halted for good.")
AT = Sign("●", "Is the moment on show, on the strip of the known time.")
BOOKMARK = Sign("★", "Is a bookmark, on a strip of time.")
ROW_1 = (PAUSED, RUNS, GONE_BACK, HALTED, AT, BOOKMARK)

# -- the signal path -------------------------------------------------------------------------------

HERE = Sign("▶", "Marks the station, or the wire, where something has just happened.")
BEHIND = Sign("●", "Marks a station that is behind: nothing more happens there.")
HOLDS = Sign("✓", "Says that a condition is met.")
NOT_YET = Sign(
    "○", "Says that a condition is not met yet: it will be, without a mend. On the strip of time "
    "it is a timeout.",
)  # fmt: skip
SHUT = Sign("✗", "Says that a condition is not met, and that only a store can meet it.")
SOON = Sign("·", "Says that this is of the same instant, and is told with one of the next steps.")
MORE = Sign(
    "+",
    "Counts conditions for which there is no room here, and w lists all of them; or registers "
    "that have changed, and panel 1 marks them.",
)
HIGH = Sign("═→", "Is a wire that is high: it asks for an interrupt.")
LOW = Sign("─→", "Is a wire that is low: it asks for nothing.")
LEVEL_SOON = Sign("·→", "Is a wire whose level is told with one of the next steps.")
BROKEN = Sign("══✗", "Is where the interrupt gets no further.")
LEADS = Sign("→", "Leads to what comes next.")
TIMER_SET = Sign("◆", "Marks the timeout that the timer is set for.")
ON_PATH = (
    HERE, BEHIND, HOLDS, SOON, NOT_YET, SHUT, TIMER_SET, BOOKMARK, MORE, HIGH, LOW, LEVEL_SOON,
    BROKEN, LEADS,
)  # fmt: skip

# -- other panels ----------------------------------------------------------------------------------

CHANGED = Sign("*", "Marks a register that holds another value than at the last stop.")
READ = Sign("→", "Stands before what an instruction has read from the register above it.")
WROTE = Sign("←", "Stands before what an instruction has written to the register above it.")
PINNED = Sign("▲", "Stands above the registers that P has pinned to the top.")
ZEROS = Sign("+", "Counts fields that are 0 and are left out.")
ON_REGISTERS = (CHANGED, READ, WROTE, PINNED, ZEROS)

IN_SERVICE = Sign("▶", "Marks an interrupt that is active: its handler runs.")
ASKS = Sign("!", "Marks an interrupt that is pending, or that something stops.")
FLAG_OFF = Sign("·", "Says that a flag is off: no line (L), not enabled (E) and so on.")
STOPPED_BY = Sign("└", "Names the gate that stops the interrupt above it.")
SENT_BY = Sign("←", "Stands before the controller that sends it, as a message.")
ON_INTERRUPTS = (IN_SERVICE, ASKS, FLAG_OFF, STOPPED_BY, SENT_BY)

ARMED = Sign("▶", "Marks the timeout that the timer is set for.")
CALLBACK = Sign("*", "Marks the timeout whose callback runs.")
REMOVED = Sign("✗", "Marks one that is cancelled, and still lies in the way.")
WHEEL_AT = Sign("◆", "Is where a wheel stands.")
EMPTY_SLOT = Sign("·", "Is an empty slot of a wheel.")
ON_TIMEOUTS = (ARMED, CALLBACK, REMOVED, WHEEL_AT, EMPTY_SLOT)

ON_SHOW = Sign("▶", "Marks the core on show; k shows the next one.")
LET_IN = Sign("·", "Stands for a bit of DAIF that is 0: these exceptions are let in.")
ON_CPU = (ON_SHOW, LET_IN)

LINE_HERE = Sign("▶", "Marks the line where the function on show is.")
LINE_WAITS = Sign("▷", "Marks a line where another function of the call stack is.")
ON_SOURCE = (LINE_HERE, LINE_WAITS)

MET = Sign("!", "Marks a comparator that is enabled, and whose time has come.")
ON_TIMERS = (MET,)

WRONG_RATE = Sign("!", "Marks a counter that stands still, or does not count at its nominal rate.")
ON_CLOCKS = (WRONG_RATE,)

TASK_RUNS = Sign("▶", "Marks a task that a core runs.")
STARVES = Sign("!", "Marks a task that starves.")
COMPUTES = Sign("█", "Is the share of time in which the task computed.")
IN_KERNEL = Sign("▓", "Is the share of time that the kernel spent for the task.")
INTERRUPTED = Sign("░", "Is the share of time in which interrupts had the task's core.")
NOT_ITS_OWN = Sign("·", "Is the share of time that the task did not have.")
ON_TASKS = (TASK_RUNS, STARVES, COMPUTES, IN_KERNEL, INTERRUPTED, NOT_ITS_OWN)

POKED = Sign("▼", "Marks the moment of a poke; Enter goes there.")
ALL_OF_IT = Sign("█", "Is as high as the share of that moment in which somebody had the core.")
FORGOTTEN = Sign("?", "Stands for a time of which no record is kept any more.")
ON_TIMELINE = (POKED, ALL_OF_IT, FORGOTTEN)

BIT_CLEAR = Sign("·", "Is a bit that is 0, or a flag that is off.")
HELD_BACK = Sign("≤", "Marks a priority class that PPR holds back.")
ON_APICS = (BIT_CLEAR, HELD_BACK)
