"""Any keys, bursts, clicks and sizes in any order: the dashboard never fails, its promises hold.

Each run walks other ways; Hypothesis prints the one that failed.  For longer than the suite does:
``python tests/journeys/test_random_walks.py MINUTES``.
"""

from __future__ import annotations

import asyncio
import sys
from time import monotonic

from dashboard import Dashboard, dashboard
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kerneltui.tui.commands import COMMANDS

LEAVING = ("leave_dashboard", "suspend_process")
COMMAND_KEYS = [
    key
    for command in COMMANDS
    for key in command.key.split(",")
    if key and command.ident not in LEAVING
]
DIALOGS = [
    command.key.split(",")[0]
    for command in COMMANDS
    if command.key
    and (
        command.group == "Choosing" or command.ident in {"help", "go_to", "compare", "breakpoints"}
    )
]
OTHER_KEYS = [*"1234567890pwtb", "enter", "escape", "up", "down", "left", "right", "pageup",
              "pagedown", "home", "end", "tab", "shift+tab", "backspace", "delete", "f1", "S", "N",
              "I", "F", "left_square_bracket", "right_square_bracket", "é", "ctrl+a",
              "ctrl+ж"]  # fmt: skip
ANY_KEY = st.sampled_from([*COMMAND_KEYS, *OTHER_KEYS])
IN_DIALOGS = st.sampled_from(["enter", "enter", "escape", "up", "down", "pageup", "pagedown", "q",
                              "home", "end", "tab", "x", "m", "n", "e", "space",
                              "B"])  # fmt: skip
SIZES = [(140, 40), (80, 24), (79, 24), (80, 23), (20, 5), (300, 100), (117, 40), (118, 34), (1, 1)]

moves = st.one_of(
    ANY_KEY.map(lambda key: ("keys", [key])),
    st.lists(ANY_KEY, min_size=2, max_size=8).map(lambda keys: ("burst", keys)),
    st.tuples(st.sampled_from([*"snif.SNIF,+-", "down", "pagedown"]), st.integers(2, 60)).map(
        lambda held: ("burst", [held[0]] * held[1])
    ),
    st.tuples(st.sampled_from(DIALOGS), st.lists(IN_DIALOGS, max_size=4)).map(
        lambda said: ("burst", [said[0], *said[1]])
    ),
    st.tuples(st.sampled_from(DIALOGS), st.lists(IN_DIALOGS, max_size=4)).map(
        lambda said: ("keys", [said[0], *said[1]])
    ),
    st.lists(st.sampled_from([*"gic [/]", "enter", "backspace"]), max_size=4).map(
        lambda text: ("keys", ["slash", *text, "enter"])
    ),
    st.lists(st.sampled_from([*"snq1 /?", "enter", "up"]), max_size=4).map(
        lambda text: ("burst", ["c", *text, "escape"])
    ),
    st.tuples(st.integers(0, 139), st.integers(0, 39), st.integers(1, 3)).map(
        lambda click: ("click", click)
    ),
    st.sampled_from(SIZES).map(lambda size: ("size", size)),
)


class Watch:
    """What must hold from one move to the next."""

    def __init__(self, seen: Dashboard):
        self.seen = seen

    async def check(self):
        seen = self.seen
        assert seen.app._exception is None
        if not seen.app.is_running:
            return
        seen.current()
        history = seen.session.history
        assert history.here <= history.end
        assert history.interrupts <= history.end_interrupts
        width, height = seen.app.size
        small = width < 80 or height < 24
        # Panels get their size a moment after the window has its.
        await seen.until(lambda: (len(seen.displayed()) == 0) == small)
        typing = seen.app.panels.console.typing
        assert not typing or seen.current() == 4
        assert seen.app.runner.goal is None or not seen.session.machine.core.halt_reason


async def walk(board, with_path, way):
    async with dashboard(board, with_path=with_path) as seen:
        watch = Watch(seen)
        for kind, what in way:
            if not seen.app.is_running:  # a click on Quit, or a q behind the Enter of a dialog
                break
            await {"size": seen.resize, "burst": seen.burst, "click": seen.click,
                   "keys": seen.press}[kind](*what)  # fmt: skip
            await watch.check()
        if seen.app.is_running:
            await seen.press("ctrl+q")
        assert not seen.app.is_running
    assert seen.app.return_code == 0


@settings(
    max_examples=16,
    deadline=None,
    database=None,
    print_blob=True,
    phases=[Phase.generate],  # a walk takes a second: shrinking one would take minutes
    suppress_health_check=list(HealthCheck),
)
@given(
    st.sampled_from(["rpi3", "rpi4", "x86"]),
    st.booleans(),
    st.lists(moves, min_size=3, max_size=6),
)
def test_a_random_walk_never_fails(board, with_path, way):
    asyncio.run(walk(board, with_path, way))


if __name__ == "__main__":
    end, count = monotonic() + 60 * float(sys.argv[1]), 0
    while monotonic() < end:
        test_a_random_walk_never_fails()
        count += 22
    sys.stdout.write(f"{count} walks, no failure\n")
