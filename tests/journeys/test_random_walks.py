"""Any keys in any order, at any size: the dashboard never fails, and its promises hold."""

from __future__ import annotations

import asyncio

from dashboard import Dashboard, dashboard
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kerneltui.tui.commands import COMMANDS

COMMAND_KEYS = [
    key
    for command in COMMANDS
    for key in command.key.split(",")
    if command.ident != "leave_dashboard"
]
OTHER_KEYS = [*"1234567890pw", "enter", "escape", "up", "down", "left", "right", "pageup",
              "pagedown", "home", "end", "tab", "shift+tab", "backspace", "delete", "f1", "S", "N",
              "I", "F", "left_square_bracket", "right_square_bracket", "é", "ctrl+a",
              "ctrl+ж"]  # fmt: skip
SIZES = [(140, 40), (80, 24), (79, 24), (80, 23), (20, 5), (300, 100), (117, 40), (118, 34), (1, 1)]

moves = st.one_of(
    st.sampled_from(COMMAND_KEYS).map(lambda key: ("keys", [key])),
    st.sampled_from(OTHER_KEYS).map(lambda key: ("keys", [key])),
    st.lists(st.sampled_from([*"gic [/]", "enter", "backspace"]), max_size=4).map(
        lambda text: ("keys", ["slash", *text, "enter"])
    ),
    st.lists(st.sampled_from([*"snq1 /?", "enter", "up"]), max_size=4).map(
        lambda text: ("keys", ["c", *text, "escape"])
    ),
    st.just(("keys", ["ctrl+p", "escape"])),
    st.lists(st.sampled_from(["up", "down"]), max_size=3).map(
        lambda way: ("keys", ["o", *way, "enter"])
    ),
    st.lists(st.sampled_from(["up", "down"]), max_size=2).map(
        lambda way: ("keys", ["b", *way, "enter"])
    ),
    st.sampled_from(SIZES).map(lambda size: ("size", size)),
)


class Watch:
    """What must hold from one move to the next."""

    def __init__(self, seen: Dashboard):
        self.seen = seen
        self.machine = seen.session.machine
        self.now = seen.now
        self.retired = self.machine.core.retired

    def check(self):
        seen = self.seen
        assert seen.app.is_running
        assert seen.app._exception is None
        seen.current()
        if seen.session.machine is not self.machine:  # restarted, or another board or scenario
            self.machine, self.now, self.retired = seen.session.machine, 0, 0
        assert seen.now >= self.now
        assert self.machine.core.retired >= self.retired
        self.now, self.retired = seen.now, self.machine.core.retired
        width, height = seen.app.size
        small = width < 80 or height < 24
        assert (len(seen.displayed()) == 0) == small
        typing = seen.app.panels[3].typing
        assert not typing or seen.current() == 4
        assert seen.app.runner.goal is None or not self.machine.core.halt_reason


async def walk(way):
    async with dashboard() as seen:
        watch = Watch(seen)
        for kind, what in way:
            if kind == "size":
                await seen.resize(*what)
            else:
                await seen.press(*what)
            watch.check()
        await seen.press("ctrl+q")
        assert not seen.app.is_running
    assert seen.app.return_code == 0


@settings(
    max_examples=22,
    derandomize=True,
    database=None,
    phases=[Phase.generate],  # a walk takes a second: shrinking one would take minutes
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(moves, min_size=3, max_size=6))
def test_a_random_walk_never_fails(way):
    asyncio.run(walk(way))
