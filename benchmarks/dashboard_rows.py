"""The dashboard in a terminal, against an empty Textual app beside it."""

from __future__ import annotations

from pathlib import Path
from statistics import median

from figures import Figure, paired, plain_call_s
from terminal import Terminal

EMPTY = str(Path(__file__).with_name("empty_app.py"))
OURS = ("-m", "kerneltui", "--board", "rpi4")
PAINTED = ("Registers", "Echoing input now", "Quit")
"""A title, a panel's content and the footer: with these the frame is whole."""
WELCOME_PAINTED = ("laboratory", "Course: Start", "writes a file")
EMPTY_PAINTED = ("empty app",)
WHY_PAINTED = ("Registers", "Quit")
ASKED_WHY = (("rpi4", "fault-pmr"), ("rpi3", "timer-callbacks"), ("x86", "fault-tpr"))
"""Where a gate is shut, and where the answer is when the interrupt comes."""
WHY_MS = 100
PLAIN_S = 50e-9
"""A plain call, on the machine that CPU times are scaled to."""
IDLE_S = 1.0
"""Within that time the dashboard prepares what the first answers would have to wait for."""
ESCAPE = "\x1b"


def first_paint(*, quick: bool) -> list[Figure]:
    """From the start of the process to the first whole frame, by turns with the empty app."""
    boards: dict[str, list[float]] = {"rpi4": [], "x86": []}
    welcome: list[float] = []
    empty: list[float] = []
    for turn in range((3 if quick else 15) + 1):
        round_s = [_paint(*OURS[:-1], board, markers=PAINTED) for board in boards]
        round_s.append(_paint(*OURS[:-2], markers=WELCOME_PAINTED))
        round_s.append(_paint(EMPTY, markers=EMPTY_PAINTED))
        if turn:  # the first one fills the file cache
            for times, seconds in zip((*boards.values(), welcome, empty), round_s, strict=True):
                times.append(seconds)
    return [
        Figure(
            f"start to first paint, {board}",
            f"{median(ours) * 1e3:.0f} ms",
            f"{paired(ours, empty):.2f}x the empty app's {median(empty) * 1e3:.0f} ms",
            "<= 1.6x" if board in boards else "<= 1.4x",
        )
        for board, ours in {**boards, "nothing said": welcome}.items()
    ]


def _paint(*arguments: str, markers: tuple[str, ...]) -> float:
    terminal = Terminal(*arguments)
    seconds = terminal.until(*markers)
    terminal.settle(0.1)
    terminal.close()
    return seconds


def _both(board: str = "rpi4") -> tuple[Terminal, Terminal]:
    """Both programs, painted and at rest."""
    ours, empty = Terminal(*OURS[:-1], board), Terminal(EMPTY)
    ours.until(*PAINTED)
    empty.until(*EMPTY_PAINTED)
    ours.settle()
    empty.settle()
    return ours, empty


def key(*, quick: bool) -> list[Figure]:
    """From a key to the last byte of its frame: a step on the path, a changed label there."""
    return [
        _key(board, pressed, 10 if quick else 60) for board in ("rpi4", "x86") for pressed in "s."
    ]


def _key(board: str, pressed: str, turns: int) -> Figure:
    ours, empty = _both(board)
    times: tuple[list[float], list[float]] = ([], [])
    try:
        for turn in range(turns + 5):
            pair = ours.key(pressed), empty.key("s")
            if turn >= 5:
                times[0].append(pair[0])
                times[1].append(pair[1])
    finally:
        ours.close()
        empty.close()
    return Figure(
        f"key {pressed} to painted frame, {board}",
        f"{median(times[0]) * 1e3:.1f} ms",
        f"{paired(*times):.2f}x the empty app's {median(times[1]) * 1e3:.1f} ms",
        "<= 5.5x",
    )


def why(*, quick: bool) -> list[Figure]:
    """From ``w`` to its window, in CPU time: the first one of a process, and further ones."""
    return [
        figure
        for board, scenario in ASKED_WHY
        for figure in _why(board, scenario, *((2, 4) if quick else (6, 10)))
    ]


def _why(board: str, scenario: str, processes: int, further: int) -> list[Figure]:
    first: list[float] = []
    later: list[float] = []
    for _ in range(processes):
        ours = Terminal(*OURS[:-1], board, "--scenario", scenario)
        try:
            ours.until(*WHY_PAINTED)
            ours.watch(IDLE_S)
            ours.press("n")  # or the signal path asks about nothing yet
            ours.watch(IDLE_S)
            for turn in range(further + 1):
                before = plain_call_s(20_000)
                seconds = ours.key_cpu("w")
                scale = 2 * PLAIN_S / (before + plain_call_s(20_000))
                (later if turn else first).append(seconds * scale)
                ours.watch(0.3)
                ours.press(ESCAPE)
                ours.watch(0.5)
        finally:
            ours.close()
    return [
        Figure(
            f"key w to its window, {name}, {board} {scenario}",
            f"{median(times) * 1e3:.0f} ms",
            f"CPU time; worst of {len(times)} {max(times) * 1e3:.0f} ms",
            f"<= {WHY_MS} ms",
        )
        for name, times in (("first", first), ("further", later))
    ]


def cpu(*, quick: bool) -> list[Figure]:
    """CPU seconds for each second on the clock, paused and at x1; the empty app stands beside."""
    seconds = 2.0 if quick else 10.0
    ours, empty = _both()
    try:
        paused = _load(ours, seconds), _load(empty, seconds)
        ours.press(" ")
        ours.watch(1.0)
        running = _load(ours, seconds), _load(empty, seconds)
    finally:
        ours.close()
        empty.close()
    return [
        Figure(f"CPU, {name}", f"{load * 100:.2f} % of one core", f"empty app: {idle * 100:.2f} %")
        for name, (load, idle) in (("paused", paused), ("running at x1", running))
    ]


def _load(terminal: Terminal, seconds: float) -> float:
    before = terminal.cpu_s()
    terminal.watch(seconds)
    return (terminal.cpu_s() - before) / seconds
