"""Make every picture in this folder anew: ``python screenshots/make.py``."""

from __future__ import annotations

from pathlib import Path

from kerneltui.cli import run

PICTURES = {
    "rpi4-path": ["--keys", ". . . ."],
    "rpi4-path-broken": ["--scenario", "fault-pmr", "--keys", ". . ."],
    "rpi4-path-80x24": ["--keys", ". . . . .", "--size", "80x24"],
    "x86-path": ["--board", "x86", "--scenario", "shell", "--keys", ". . . . ."],
    "rpi4-why": ["--scenario", "fault-pmr", "--keys", ". . . w"],
    "rpi4-breakpoint": ["--keys", "b n"],
    "x86-difference": ["--board", "x86", "--keys", "v n v", "--size", "100x30"],
    "course": ["--keys", "o", "--size", "110x40"],
    "lesson": ["--keys", "l enter", "--size", "110x40"],
    "rpi4-source": ["--keys", "n i s s s 5 5 z"],
    "rpi4-timer-event": ["--keys", "d n"],
    "rpi4-interrupt-taken": ["--keys", "d n i s s s s"],
    "rpi4-in-the-past": ["--keys", "d n n n N 6"],
    "rpi4-80x24-registers": ["--keys", "d i s s", "--size", "80x24"],
    "rpi4-80x24-console": ["--keys", "d n n n 4", "--size", "80x24"],
    "rpi4-filter": ["--keys", "d i / g i c c enter"],
    "rpi4-help": ["--keys", "d question_mark"],
    "rpi3-timer-event": ["--board", "rpi3", "--keys", "d n"],
    "x86-timer-event": ["--board", "x86", "--keys", "d n 9"],
    "x86-missing-arat": ["--scenario", "missing-arat", "--at", "3.5s", "--keys", "d n 8"],
    "x86-gsi-override": ["--scenario", "gsi-override", "--at", "3.2s", "--keys", "d"],
    "x86-firmware": ["--board", "x86", "--keys", "d 0 z", "--size", "100x40"],
    "x86-80x24-ipi": [
        "--scenario", "ipi", "--board", "x86", "--keys", "d i i 9", "--size", "80x24",
    ],
    "rpi4-system-timer": ["--scenario", "system-timer", "--keys", "d n n"],
    "rpi4-round-robin": ["--scenario", "round-robin", "--at", "1s", "--keys", "d p t"],
    "rpi4-timeline": [
        "--scenario", "round-robin", "--at", "1s", "--keys", "d t [ z", "--size", "120x24",
    ],
    "rpi4-overload-projector-light": [
        "--scenario", "overload", "--at", "2s", "--keys", "d i s", "--theme", "projector-light",
    ],
    "rpi4-burst-projector-dark": [
        "--scenario", "burst", "--at", "1.5s", "--keys", "d", "--theme", "projector-dark",
    ],
}  # fmt: skip


def main() -> int:
    """Answers how many pictures could not be made."""
    folder = Path(__file__).parent
    failed = 0
    for name, arguments in PICTURES.items():
        failed += bool(run(["screenshot", "-o", str(folder / f"{name}.svg"), *arguments]))
    return failed


if __name__ == "__main__":
    raise SystemExit(main())
