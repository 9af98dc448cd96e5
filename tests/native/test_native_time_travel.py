"""Back and forth in the past of an image: each moment is as it was when it came first."""

import hashlib
import random

import native_bench
import pytest
from native_bench import MS, Run, image_path

from kerneltui.debugger.watch import NEXT_INTERRUPT, STEP
from kerneltui.machine.board import load_board
from kerneltui.machine.native.firmware import FirmwareOptions, board_for_image
from kerneltui.scenarios.images import open_image

CASES = {
    "cntp_gic": 30 * MS,
    "four_cores": 1 * MS,
    "mmu": 1 * MS,
    "delay": 420 * MS,
    "el0_svc": 3 * MS,
}


def content(machine):
    """All that a moment of a machine is: registers, RAM, devices, time."""
    memory = hashlib.sha256()
    cores = machine.cores
    for ram in cores[0].rams:
        memory.update(ram.bytes_at(0, 0x10_0000))
    return (
        machine.now, memory.hexdigest(),
        tuple((core.retired, core.depth, core.inputs, core.ready_at, core.state) for core in cores),
        tuple(core.engine.general() if core.engine.is_started else () for core in cores),
        tuple(
            file.peek(slot.key, slot.register.width // 8, 0)
            for device in machine.devices.values()
            for file in device.files.values()
            for slot in file.slots()
        ),
    )  # fmt: skip


def finish(generator):
    while True:
        try:
            next(generator)
        except StopIteration as end:
            return end.value


@pytest.fixture
def opened():
    sessions = []

    def call(name):
        session = open_image("rpi4", image_path(name))
        sessions.append(session)
        return session

    yield call
    for session in sessions:
        session.close()


@pytest.mark.parametrize("name", CASES)
def test_to_random_moments(opened, name):
    session, until = opened(name), CASES[name]
    session.boot()
    session.run_until(until)
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    moments = sorted(chance.randrange(until) for _ in range(4))
    known = {}
    run = Run(name)
    for moment in moments:
        run.until(moment)
        known[moment] = content(run.machine)
    for moment in chance.choices(moments, k=8):
        session.go_to_time(moment)
        if session.machine.now == moment:  # not before it had booted
            assert content(session.machine) == known[moment], f"seed {seed}"
    session.go_to_end()
    end = content(session.machine)
    assert end == content(Run(name).until(session.machine.now).machine), f"seed {seed}"


@pytest.mark.parametrize(
    ("name", "since"), [("cntp_gic", 22 * MS), ("four_cores", 20_000), ("el0_svc", 300_000)]
)
def test_steps_back_and_forward(opened, name, since):
    session = opened(name)
    session.boot()
    session.go_to_time(since)
    session.step()  # whatever was under way, a wait perhaps, is over
    seen = []
    for _ in range(25):
        seen.append((session.here, content(session.machine)))
        session.step()
        if session.machine.core.is_asleep and name == "el0_svc":
            break  # for ever
    for here, then in reversed(seen):
        assert finish(session.back(STEP))
        assert (session.here.retired, content(session.machine)) == (here.retired, then)


def test_back_to_the_interrupt_before(opened):
    session = opened("cntp_gic")
    session.boot()
    taken = []
    for _ in range(5):
        session.next_interrupt()
        taken.append(session.machine.now)
    for moment in reversed(taken[:-1]):
        assert finish(session.back(NEXT_INTERRUPT))
        assert session.machine.now == moment


def test_a_checkpoint_is_small(opened):
    session = opened("cntp_gic")
    session.boot()
    session.run_until(1000 * MS)
    history = session.history
    assert history.size < 200_000 + 20_000 * len(history._past.checkpoints)
    assert session.setup.kernel.pool.size < 10_000


def test_machines_of_a_session_share_what_pages_held():
    first, second = Run("cntp_gic"), Run("cntp_gic")
    assert first.machine.program.pool is not second.machine.program.pool
    image = first.machine.program
    board = board_for_image(load_board("rpi4"), FirmwareOptions())
    other = native_bench.Machine(board, image)
    native_bench.OPEN.append(other)
    first.machine.save()
    other.save()
    first.until(3 * MS)
    other.load(first.machine.save())
    assert content(other) == content(first.machine)
