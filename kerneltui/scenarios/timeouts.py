"""The timeouts of a scenario file: what is written there becomes what the kernel is asked to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kerneltui.configfile import ConfigFile
from kerneltui.errors import Mistakes
from kerneltui.kernel.workload import TimeoutRequest
from kerneltui.scenarios.spec import MOST_TIMEOUTS, TimeoutSpec


def timeout_requests(
    file: ConfigFile,
    specs: Mapping[int, TimeoutSpec],
    mistakes: Mistakes,
    where: tuple[Any, ...] = ("timeouts",),
) -> tuple[TimeoutRequest, ...]:
    """The timeouts at a place in the file, by their numbers; what is wrong with them is noted."""
    found: list[TimeoutRequest] = []
    for number, spec in specs.items():
        place = (*where, number)
        given = [kind for kind in ("once", "every", "at") if getattr(spec, kind) is not None]
        if len(given) != 1:
            said = " and ".join(given) or "none"
            mistakes.add(
                file.error(
                    place, f"a timeout needs exactly one of 'once', 'every' and 'at'; here: {said}"
                )
            )
        if spec.catch_up != "all" and spec.every is None:
            said = "'catch_up' needs 'every': only a period can be late by whole periods"
            mistakes.add(file.error((*place, "catch_up"), said))
        if spec.every == 0:
            mistakes.add(file.error((*place, "every"), "a period must be longer than 0s"))
        then = timeout_requests(file, dict(enumerate(spec.then)), mistakes, (*place, "then"))
        if not mistakes:  # else nothing runs
            found.extend(_repeat(spec, given[0], then))
        if len(found) > MOST_TIMEOUTS:
            said = f"a scenario has at most {MOST_TIMEOUTS} timeouts"
            mistakes.add(file.error(place, said))
            break
    return tuple(found)


def _repeat(spec: TimeoutSpec, kind: str, then: tuple[TimeoutRequest, ...]) -> list[TimeoutRequest]:
    text = "".join(char for char in spec.print or "" if char.isprintable()).strip()
    name = spec.name or text or kind
    first = int(getattr(spec, kind))
    return [
        TimeoutRequest(
            f"{name} {n + 1}" if spec.repeat > 1 else name,
            **{f"{kind}_ns": first + n * int(spec.apart)},
            text=spec.print,
            busy_ns=int(spec.busy),
            catch_up=spec.catch_up,
            then=then,
        )
        for n in range(spec.repeat)
    ]
