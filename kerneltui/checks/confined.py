"""The suite in a process of its own, with limits of time and memory.

What a driver does to that process, its end included, is told like any other failure.  The process
goes on behind a case that has taken too long; after a few of those it is not begun again.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import IO, Any

from kerneltui.checks.report import FAILED, LEFT_OUT, PASSED, CaseLine
from kerneltui.errors import UserError

CASE_S = 30.0
"""Seconds on the wall that a case may take: usual ones take a tenth of one."""
CPU_S = 120
"""Seconds of a processor for all."""
MEMORY = 1 << 30
"""Bytes of address space that the driver may add."""
MOST_ENDS = 3
"""So many times the process is begun again."""
LOADS = "the file can be loaded"


class Confined:
    """Runs the cases of a driver, one process after another where one does not suffice."""

    def __init__(
        self, path: Path, role: str, board: str, case_s: float = CASE_S, memory: int = MEMORY
    ) -> None:
        self._arguments = [role, str(path), board, str(memory)]
        self._path = path
        self._case_s = case_s
        self._names: list[tuple[str, str, str]] = []
        """of all cases: name, reference and what a kernel sees"""
        self._done = 0

    @property
    def count(self) -> int:
        """How many cases there are; 0 before the file is loaded."""
        return len(self._names)

    def progress(self) -> tuple[int, str]:
        """How many are done, and which one runs."""
        done = min(self._done, self.count - 1)
        return done, f"case {done + 1} of {self.count}: {self._names[done][0]}"

    def lines(self) -> Iterator[CaseLine]:
        """Each case as it comes out.

        Raises :class:`UserError` for a role or a board that there is not, or a file that cannot be
        read.
        """
        done = ends = 0
        while ends < MOST_ENDS:
            said = "its process has ended"
            for answer in self._answers(done):
                if isinstance(answer, str):
                    said = answer
                    break
                if "usage" in answer:
                    raise UserError(answer["usage"])
                if "load" in answer:
                    yield CaseLine(LOADS, "docs/drivers.md", "", FAILED, answer["load"])
                    return
                if "cases" in answer:
                    self._names = [(name, ref, seen) for name, ref, seen in answer["cases"]]
                    if not done:
                        yield CaseLine(LOADS, "docs/drivers.md", "", PASSED, "")
                    continue
                done += 1
                self._done = done
                yield _line(answer)
            if self._names and done >= len(self._names):
                return
            ends += 1
            if not self._names:
                yield CaseLine(LOADS, "docs/drivers.md", "", FAILED, f"{self._path}: {said}")
                return
            done += 1
            self._done = done
            yield CaseLine(*self._names[done - 1], FAILED, f"{self._path}: {said}")
            if done >= len(self._names):
                return
        for name in self._names[done:]:
            yield CaseLine(*name, LEFT_OUT, f"{MOST_ENDS} cases have ended the process already")

    def _answers(self, first: int) -> Iterator[Any]:
        """What a process tells; a text where that ends before its time."""
        command = [
            sys.executable, "-P", "-m", "kerneltui.checks.inside", *self._arguments,
            str(first),
        ]  # fmt: skip
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=_environment(),
        )  # fmt: skip
        found: Queue[str] = Queue()
        Thread(target=_pass_on, args=(process.stdout, found), daemon=True).start()
        try:
            while True:
                try:
                    text = found.get(timeout=self._case_s)
                except Empty:
                    yield f"after {self._case_s:g} s this case was not done, and was ended"
                    return
                if not text:
                    break
                with suppress(ValueError):
                    yield json.loads(text)
            _, wrong = process.communicate(timeout=self._case_s)
            if process.returncode:
                yield _ended(process.returncode, wrong)
        except subprocess.TimeoutExpired:
            yield "its process did not end"
        finally:
            process.kill()
            process.communicate()


def _environment() -> dict[str, str]:
    """The same package is found, wherever this one is run from."""
    root = str(Path(__file__).parent.parent.parent)
    before = os.environ.get("PYTHONPATH", "")
    return os.environ | {"PYTHONPATH": f"{root}{os.pathsep}{before}" if before else root}


def _pass_on(stream: IO[bytes] | None, found: Queue[str]) -> None:
    for line in stream or ():
        found.put(line.decode(errors="replace"))
    found.put("")


def _ended(status: int, wrong: bytes) -> str:
    """Why a process has ended."""
    if status < 0:
        import signal

        number = -status
        if number in {signal.SIGKILL, getattr(signal, "SIGXCPU", -1)}:
            return f"it has used up its {CPU_S} s of a processor, or its memory, and was ended"
        return f"its process was ended by {signal.Signals(number).name}"
    last = wrong.decode(errors="replace").strip().rpartition("\n")[2]
    return f"its process has ended with status {status}" + (f" ({last})" if last else "")


def _line(answer: dict[str, Any]) -> CaseLine:
    failed, left_out = answer["failed"], answer["left_out"]
    outcome = FAILED if failed else LEFT_OUT if left_out else PASSED
    return CaseLine(answer["name"], answer["ref"], answer["seen"], outcome, failed or left_out)
