"""The same comes of an image however it is run: in one go, in slices, in steps, observed or not."""

import random
from functools import cache

import pytest
from native_bench import MS, Run

CASES = {
    "cntp_gic": ("rpi4", 12 * MS, ()),
    "system_timer_rpi3": ("rpi3", 450 * MS, ()),
    "system_timer_rpi4": ("rpi4", 450 * MS, ()),
    "four_cores": ("rpi4", 2 * MS, ()),
    "mmu": ("rpi4", 2 * MS, ()),
    "el0_svc": ("rpi4", 4 * MS, ()),
    "el3": ("rpi4", 6 * MS, ()),
    "storm": ("rpi4", 4 * MS, ()),
    "delay": ("rpi4", 420 * MS, ()),
    "echo": ("rpi4", 20 * MS, ((5 * MS, b"hi\r"),)),
    "polls": ("rpi4", 26 * MS, ((7 * MS, b"k"),)),
    "watch": ("rpi4", 6 * MS, ()),
}
STEPPED = ("cntp_gic", "el3", "mmu", "el0_svc", "storm")


def _run(name, *, traced):
    board, until, typed = CASES[name]
    return Run(name, board, typed, traced), until


@cache
def in_one_go(name, traced):
    run, until = _run(name, traced=traced)
    return run.until(until).outcome


def in_pieces(machine, until, seed):
    chance = random.Random(seed)
    while machine.now < until and not machine.halt_reason:
        kind = chance.random()
        if kind < 0.5:
            machine.run(
                until=until, instructions=chance.choice((1, 2, 3, 7, 20, 100, 1000, 20_000))
            )
        elif kind < 0.8:
            later = chance.choice((1, 10, 333, 5000, 100_000, 3_000_000))
            machine.run(until=min(until, machine.now + later))
        elif kind < 0.85:
            machine.run(until=until, interrupt=True)
        elif kind < 0.9:
            machine.run(until=until, instructions=500_000)
        else:
            for _ in range(chance.randint(1, 60)):
                machine.run(steps=1, until=until, focus=machine.stopped)


@pytest.mark.parametrize("name", CASES)
def test_in_pieces(name):
    """Observed or not, as it falls out."""
    seed = random.randrange(1 << 32)
    traced = seed % 2 == 1
    run, until = _run(name, traced=traced)
    in_pieces(run.machine, until, seed)
    assert run.outcome == in_one_go(name, traced), f"seed {seed}"


@pytest.mark.parametrize("name", STEPPED)
def test_in_single_steps(name):
    run, until = _run(name, traced=True)
    machine = run.machine
    while machine.now < until and not machine.halt_reason:
        machine.run(steps=1, until=until, focus=machine.stopped)
    assert run.outcome == in_one_go(name, traced=True)


@pytest.mark.parametrize("name", CASES)
def test_observing_changes_nothing(name):
    free, observed = in_one_go(name, traced=False), in_one_go(name, traced=True)
    assert free[:-2] == observed[:-2]


def test_pieces_that_once_told_another_time():
    """A turn ends at its grid, wherever the clock was looked at last."""
    run, until = _run("el3", traced=True)
    in_pieces(run.machine, until, 1_299_026_200)
    assert run.outcome == in_one_go("el3", traced=True)


@pytest.mark.parametrize("name", ["cntp_gic", "el0_svc", "mmu", "four_cores", "delay"])
def test_a_halt_is_at_the_same_moment_however_it_was_reached(name):
    stepped, _ = _run(name, traced=False)
    moments = {}
    for _ in range(300):
        stepped.machine.run(steps=1, until=5 * MS)
        core = stepped.machine.core
        moments[core.retired] = stepped.machine.position
    for count in (1, 7, 40, 45, 90, 200):
        run, _ = _run(name, traced=False)
        run.machine.run(steps=count, until=5 * MS)
        if run.machine.core.retired == count:
            assert run.machine.position == moments[count]
