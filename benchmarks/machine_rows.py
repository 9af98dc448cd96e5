"""The machine without a screen: register accesses, timer interrupts, single steps."""

from __future__ import annotations

import msgspec
from figures import Figure, rate

from kerneltui.debugger.session import Session
from kerneltui.kernel.workload import TimeoutRequest, Workload
from kerneltui.machine.board import load_board
from kerneltui.scenarios.changes import Changes
from kerneltui.scenarios.reading import load_scenario
from kerneltui.scenarios.scenario import make_session

GICD, GICC, SYSTEM_TIMER, UART = 0xFF84_1000, 0xFF84_2000, 0xFE00_3000, 0xFE20_1000
READS = (
    GICD + 0x104,  # GICD_ISENABLER1
    GICD + 0x820,  # GICD_ITARGETSR8
    GICC + 0x004,  # GICC_PMR
    GICC + 0x018,  # GICC_HPPIR
    SYSTEM_TIMER + 0x00,  # CS
    SYSTEM_TIMER + 0x04,  # CLO
    UART + 0x18,  # UARTFR
    UART + 0x38,  # UARTIMSC
)
WRITES = (
    (GICD + 0x104, 1 << 2),  # GICD_ISENABLER1
    (GICD + 0x420, 0x8080_8080),  # GICD_IPRIORITYR8
    (GICC + 0x004, 0xF0),  # GICC_PMR
    (SYSTEM_TIMER + 0x18, 5_000),  # C3
    (UART + 0x38, 1 << 4),  # UARTIMSC
)

PERIOD_NS = 100_000
SILENT = Workload((TimeoutRequest("tick", every_ns=PERIOD_NS),), frozenset())
TUTORIAL = Workload(
    (TimeoutRequest("Periodic 1 sec", every_ns=1_000_000_000, text="Periodic 1 sec"),),
    frozenset(),
)


def session_with(board: str, workload: Workload, *, trace: bool, queue: str = "") -> Session:
    """A booted session whose timeouts are ``workload``'s."""
    scenario = msgspec.structs.replace(load_scenario("timer-callbacks"), workload=workload)
    session = make_session(load_board(board), scenario, changes=Changes(queue=queue))
    session.boot()
    session.recorder.trace(trace)
    return session


def accesses(*, quick: bool) -> list[Figure]:
    """Loads and stores through the bus and the register files of rpi4, without a CPU."""
    session = session_with("rpi4", SILENT, trace=False)
    memory = session.machine.memory
    turns = 2_000 if quick else 20_000

    def read() -> int:
        for _ in range(turns):
            for address in READS:
                memory.read(address, 4, 0)
        return turns * len(READS)

    def write() -> int:
        for _ in range(turns):
            for address, value in WRITES:
                memory.write(address, value, 4, 0)
        return turns * len(WRITES)

    def mixed() -> int:
        return read() + write()

    repeat = 3 if quick else 9
    return [
        rate(mixed, repeat).figure("register accesses", "accesses", ">= 500,000/s"),
        rate(read, repeat).figure("  loads only", "loads"),
        rate(write, repeat).figure("  stores only", "stores"),
    ]


def interrupts(*, quick: bool) -> list[Figure]:
    """Timer interrupts from the comparator to the end of the handler, callback included."""
    found = []
    for board in ("rpi4", "rpi3", "x86"):
        for text, workload in (("no print", SILENT), ("print", TUTORIAL)):
            for trace in (False, True):
                wanted = ">= 20,000/s" if board == "x86" else ">= 25,000/s"
                target = wanted if text == "no print" and not trace else ""
                name = f"timer interrupts, {board}, {text}, trace {'on' if trace else 'off'}"
                count = {"no print": 10_000, "print": 20}[text] // (5 if quick else 1)
                timing = _Interrupts(session_with(board, workload, trace=trace), count)
                found.append(
                    rate(timing, 3 if quick else 7).figure(name, "interrupts", target)
                )  # fmt: skip
    return found


class _Interrupts:
    """Runs a session on for so many periods of its one timeout."""

    def __init__(self, session: Session, count: int) -> None:
        self._session = session
        (timeout,) = session.kernel.inspector.timeouts()
        self._span_ns = count * (timeout.period_ns or 0)

    def __call__(self) -> int:
        machine = self._session.machine
        before = machine.core.interrupts_taken
        self._session.run_until(machine.now + self._span_ns)
        return machine.core.interrupts_taken - before


def steps(*, quick: bool) -> list[Figure]:
    """One instruction at a time, as the key ``s`` does; with the trace on."""
    session = session_with("rpi4", SILENT, trace=True)
    count = 2_000 if quick else 20_000

    def step() -> int:
        for _ in range(count):
            session.step()
        return count

    return [rate(step, 3 if quick else 9).figure("single steps", "steps")]
