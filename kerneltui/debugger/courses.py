"""The steps of each kind of episode, in their usual order, and what they are called."""

from __future__ import annotations

from kerneltui.debugger.marks import FAULTS, SYSCALL, StepKind
from kerneltui.debugger.origins import CALL, DEVICE, SERIAL, TIMER

COURSES: dict[str, tuple[StepKind, ...]] = {
    TIMER: (
        StepKind.ASLEEP,
        StepKind.DUE,
        StepKind.LINE,
        StepKind.PENDING,
        StepKind.TAKEN,
        StepKind.WHO,
        StepKind.QUIET,
        StepKind.EXPIRED,
        StepKind.CALLBACK,
        StepKind.ARMED,
        StepKind.ENDED,
        StepKind.RETURNED,
    ),
    SERIAL: (
        StepKind.ASLEEP,
        StepKind.ARRIVED,
        StepKind.LINE,
        StepKind.PENDING,
        StepKind.TAKEN,
        StepKind.WHO,
        StepKind.QUIET,
        StepKind.RECEIVED,
        StepKind.ECHOED,
        StepKind.ENDED,
        StepKind.RETURNED,
    ),
    DEVICE: (
        StepKind.ASLEEP,
        StepKind.LINE,
        StepKind.PENDING,
        StepKind.TAKEN,
        StepKind.WHO,
        StepKind.QUIET,
        StepKind.ENDED,
        StepKind.RETURNED,
    ),
    CALL: (
        StepKind.SENT,
        StepKind.TAKEN,
        StepKind.WHO,
        StepKind.QUIET,
        StepKind.ENDED,
        StepKind.RETURNED,
    ),
    SYSCALL: (
        StepKind.CALLED,
        StepKind.ENTERED,
        StepKind.ARMED,
        StepKind.SERVED,
        StepKind.RETURNED,
    ),
    FAULTS: (StepKind.FAULT, StepKind.RETURNED),
}
"""The usual steps of each kind of episode, in order; one that comes twice keeps its number."""
HEADINGS = {
    TIMER: "Timer interrupt",
    SERIAL: "UART interrupt",
    DEVICE: "Device interrupt",
    CALL: "Interrupt by software",
    SYSCALL: "System call",
    FAULTS: "Exception",
}
STANDS_FOR = {StepKind.DISARMED: StepKind.ARMED, StepKind.UNENDED: StepKind.ENDED}
"""Steps that have the number of another one."""
BEFORE = frozenset(
    (
        StepKind.ASLEEP,
        StepKind.DUE,
        StepKind.ARRIVED,
        StepKind.SENT,
        StepKind.LINE,
        StepKind.PENDING,
    )
)
"""What comes before the core takes an interrupt."""
TITLES = {
    StepKind.ASLEEP: "Asleep",
    StepKind.DUE: "Time reached",
    StepKind.ARRIVED: "A character arrives",
    StepKind.SENT: "An interrupt is sent",
    StepKind.LINE: "The line rises",
    StepKind.PENDING: "The controller notes it",
    StepKind.TAKEN: "The CPU takes it",
    StepKind.CALLED: "The task asks",
    StepKind.FAULT: "Exception",
    StepKind.WHO: "Who is it?",
    StepKind.QUIET: "Quiet the source",
    StepKind.RECEIVED: "Take the character",
    StepKind.ECHOED: "Send it back",
    StepKind.EXPIRED: "Take the timeout",
    StepKind.CALLBACK: "The callback",
    StepKind.WOKEN: "A task is woken",
    StepKind.SWITCHED: "Another task runs",
    StepKind.ARMED: "Arm the timer",
    StepKind.DISARMED: "Disarm the timer",
    StepKind.ENTERED: "Look the call up",
    StepKind.SERVED: "The result",
    StepKind.PASSED: "The kernel tells",
    StepKind.ENDED: "End of interrupt",
    StepKind.UNENDED: "No end of interrupt",
    StepKind.RETURNED: "Return",
}
STATIONS = {
    StepKind.ASLEEP: "source",
    StepKind.DUE: "source",
    StepKind.ARRIVED: "source",
    StepKind.SENT: "source",
    StepKind.LINE: "line",
    StepKind.PENDING: "controller",
    StepKind.TAKEN: "cpu",
    StepKind.CALLED: "cpu",
    StepKind.FAULT: "cpu",
    StepKind.RETURNED: "cpu",
    StepKind.WHO: "handler",
    StepKind.QUIET: "handler",
    StepKind.RECEIVED: "handler",
    StepKind.ECHOED: "handler",
    StepKind.ENTERED: "handler",
    StepKind.SERVED: "handler",
    StepKind.ENDED: "handler",
    StepKind.UNENDED: "handler",
    StepKind.PASSED: "callback",
    StepKind.CALLBACK: "callback",
    StepKind.WOKEN: "callback",
    StepKind.SWITCHED: "cpu",
    StepKind.EXPIRED: "handler",
    StepKind.ARMED: "queue",
    StepKind.DISARMED: "queue",
}
"""Where on an interrupt's way a step is: what a picture of that way lights up."""
