"""What runs in the process of :mod:`kerneltui.checks.confined`: a case, a line of JSON.

Not for people: ``python -m kerneltui.checks.inside ROLE FILE BOARD MEMORY FIRST``.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from kerneltui.checks.lacking import lacking
from kerneltui.checks.suite import cases_of, result
from kerneltui.errors import UserError
from kerneltui.hw.manual import cited
from kerneltui.machine.board import load_board
from kerneltui.own.loading import check_role, load_driver


def main(role: str, file: str, board: str, memory: int, first: int) -> None:
    """Load the driver, say which cases there are, and carry them out from the ``first`` on."""
    out = sys.stdout
    sys.stdout = sys.stderr  # what a driver writes all the same is no answer

    def tell(answer: dict[str, Any]) -> None:
        out.write(json.dumps(answer) + "\n")
        out.flush()

    try:
        loaded = load_board(board)
        spec = loaded.spec
        kind = spec.bsp
        check_role(role, kind)
        path = Path(file)
        path.read_bytes()
    except (UserError, OSError) as error:
        tell({"usage": str(error) if isinstance(error, UserError) else _unread(file, error)})
        return
    _limit(memory)
    try:
        driver = load_driver(role, path, kind)
    except UserError as error:
        tell({"load": str(error)})
        return
    lack = lacking(driver, loaded)
    if lack:
        tell({"usage": lack})
        return
    cases = [
        replace(case, ref=cited(case.ref, spec.manual)) for case in cases_of(driver, kind)
    ]  # each board has its manual
    tell({"cases": [[case.name, case.ref, case.seen] for case in cases]})
    for case in cases[first:]:
        outcome = result(case, driver, board)
        tell({
            "name": case.name, "ref": case.ref, "seen": case.seen, "failed": outcome.failed,
            "left_out": outcome.left_out,
        })  # fmt: skip


def _unread(file: str, error: OSError) -> str:
    return f"{file}: cannot be read: {error.strerror}"


def _limit(memory: int) -> None:
    """Where the system has such limits."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        from kerneltui.checks.confined import CPU_S

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        most = pages * resource.getpagesize() + memory
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S + 1))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    _, ROLE, FILE, BOARD, MEMORY, FIRST = sys.argv
    main(ROLE, FILE, BOARD, int(MEMORY), int(FIRST))
