"""How far apart the moments are at which a machine's state can be saved."""

import pytest

from kerneltui.machine.machine import Machine
from kerneltui.scenarios.reading import load_scenario
from kerneltui.scenarios.scenario import open_session

MS = 1_000_000
SPANS = {
    "overload": 400, "round-robin": 600, "starvation": 600, "two-cores": 600, "burst": 1_020,
    "wake-tasks": 600,
}  # fmt: skip
"""Virtual time that is looked at, in ms after the boot."""
LONGEST = 5_000
"""Instructions of one core: a task that prints several lines has not come to rest between them."""


@pytest.mark.parametrize(
    ("board", "scenario"), [(board, name) for name in SPANS for board in load_scenario(name).boards]
)
def test_a_moment_at_rest_is_never_far(board, scenario):
    setup = open_session(board, scenario).setup
    machine = Machine(setup.board, setup.kernel)
    machine.run(idle=True)
    end, longest = machine.now + SPANS[scenario] * MS, 0
    while machine.now < end:
        before = [core.retired for core in machine.cores]
        machine.run(until=end, rest_after=1)
        spent = max(core.retired - then for core, then in zip(machine.cores, before, strict=True))
        longest = max(longest, spent)
    assert 0 < longest < LONGEST, longest
