"""Images of machine code: instructions, timer interrupts, single steps, steps back."""

from __future__ import annotations

import struct
from pathlib import Path
from tempfile import TemporaryDirectory

from back_rows import StepsBack
from figures import Figure, Rate, rate

from kerneltui.debugger.session import Session
from kerneltui.debugger.watch import STEP
from kerneltui.scenarios.images import open_image

TIMER = Path(__file__).parents[1] / "tests" / "native" / "images" / "cntp_gic.elf"
"""A timer interrupt each millisecond: five accesses to devices and sixteen instructions."""
POLLS = TIMER.with_name("polls.elf")
"""Waits for a character, as a compiler's code does: calls, pushes, polls of two registers."""
PERIOD_NS = 1_000_000
LOOP = (
    0xD2E00020,  # movz x0, #1, lsl #48
    0x8B000021,  # add x1, x1, x0
    0xCA010042,  # eor x2, x2, x1
    0xF1000400,  # subs x0, x0, #1
    0x54FFFFA1,  # b.ne -12
)
MANY = 100_000
FIRST_MS, FURTHER_MS = 100, 40
PLAIN_S = 50e-9


def native(*, quick: bool) -> list[Figure]:
    """Each scaled to a machine on which a plain call takes 50 ns."""
    repeat = 3 if quick else 7
    found = [
        _scaled(_instructions(repeat, quick=quick), "instructions", 30_000_000),
        _scaled(_interrupts(repeat, quick=quick), "timer interrupts", 2_500),
        _scaled(_steps(repeat, quick=quick), "single steps", 20_000),
        _scaled(_waits(repeat, quick=quick), "ms of polling", 4_000),
    ]
    return found + _back(2_000 if quick else MANY, 5 if quick else 20)


def _scaled(measured: Rate, what: str, target: int) -> Figure:
    scaled = 1 / (measured.calls * PLAIN_S)
    return Figure(
        f"{what} of an image", f"{scaled:,.0f} /s",
        f"{measured.per_s:,.0f}/s here; one costs {measured.calls:,.3g} plain calls",
        f">= {target:,}/s",
    )  # fmt: skip


def _instructions(repeat: int, *, quick: bool) -> Rate:
    count = 5_000_000 if quick else 50_000_000
    with TemporaryDirectory() as folder:
        path = Path(folder) / "loop.img"
        path.write_bytes(struct.pack("<5I", *LOOP))
        session = open_image("rpi4", path)
        machine = session.machine

        def run() -> int:
            before = machine.core.retired
            machine.run(steps=count)
            return machine.core.retired - before

        found = rate(run, repeat)
        session.close()
    return found


def _timer_session(*, trace: bool) -> Session:
    session = open_image("rpi4", TIMER)
    session.boot()
    session.recorder.trace(trace)
    return session


def _interrupts(repeat: int, *, quick: bool) -> Rate:
    session = _timer_session(trace=False)
    machine = session.machine
    span_ns = (200 if quick else 2_000) * PERIOD_NS

    def run() -> int:
        before = machine.core.interrupts_taken
        machine.run(until=machine.now + span_ns)
        return machine.core.interrupts_taken - before

    found = rate(run, repeat)
    session.close()
    return found


def _steps(repeat: int, *, quick: bool) -> Rate:
    session = _timer_session(trace=False)
    machine = session.machine
    count = 1_000 if quick else 5_000

    def run() -> int:
        for _ in range(count):
            machine.run(steps=1, until=machine.now + 2 * PERIOD_NS)
        return count

    found = rate(run, repeat)
    session.close()
    return found


def _waits(repeat: int, *, quick: bool) -> Rate:
    session = open_image("rpi4", POLLS)
    machine = session.machine
    count = 200 if quick else 2_000

    def run() -> int:
        machine.run(until=machine.now + count * PERIOD_NS)
        return count

    found = rate(run, repeat)
    session.close()
    return found


def _back(count: int, repeat: int) -> list[Figure]:
    session = _timer_session(trace=True)
    session.run_until(count * PERIOD_NS)
    timing = StepsBack(session, STEP, PERIOD_NS)
    timing.repeat(repeat)
    name = f"back by S in an image, {count:,} interrupts"
    found = timing.figures(name, FIRST_MS, FURTHER_MS)
    size = session.history.size + session.setup.kernel.pool.size  # type: ignore[union-attr]
    per = f"{size / count:.1f} bytes an interrupt"
    found.append(Figure(f"size of the past of an image, {count:,}", f"{size / 1e6:.2f} MB", per))
    session.close()
    return found
