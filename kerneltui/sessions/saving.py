"""Sessions as files: what is kept of one, and how that is written."""

from __future__ import annotations

import json
import platform
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from kerneltui import __version__
from kerneltui.configfile import LARGEST_FILE, ConfigFile, Duration
from kerneltui.debugger.bookmarks import Bookmark
from kerneltui.debugger.session import Session
from kerneltui.debugger.traveller import Input
from kerneltui.errors import UserError
from kerneltui.machine.meter import ALARM
from kerneltui.machine.poke import Poke
from kerneltui.machine.position import Position
from kerneltui.own.driver import OwnDriver
from kerneltui.scenarios.changes import UNCHANGED
from kerneltui.sessions.opening import SessionFile, content_hash, open_saved, run_to_end
from kerneltui.sessions.spec import (
    FORMAT,
    MOST_INPUTS,
    BreakpointSpec,
    DriverSpec,
    GivenSpec,
    KernelSpec,
    OriginSpec,
    SavedBookmarkSpec,
    SessionSpec,
    TraceSpec,
    VersionsSpec,
    moment_spec,
)
from kerneltui.sessions.witness import Witness

HEADING = """\
# A session of kerneltui: what was done by hand, and where.
#   kerneltui --session {name}    opens it
#   kerneltui replay {name}       runs it again, and tells whether the same comes of it
"""
WIDTH = 100

MOST_MIB = LARGEST_FILE >> 20


class NotKeptError(UserError):
    """A session that no file can hold."""


def spec_of(session: Session) -> SessionSpec:
    """What is to be kept of a session; what comes of running it again is not known yet."""
    setup, history = session.setup, session.history
    image = None if callable(setup.kernel) else setup.kernel
    if setup.scenario_file is None and image is None:
        raise NotKeptError("this session was not opened from a scenario's file: none can hold it")
    if ALARM in session.machine.halt_reason:
        raise NotKeptError("the alarm has ended this run, so it cannot be done again")
    if len(history.inputs) > MOST_INPUTS:
        raise NotKeptError(f"more than {MOST_INPUTS} inputs were given: no file can hold them")
    return _checked(SessionSpec(
        format=FORMAT,
        saved=datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
        versions=VersionsSpec(__version__, platform.python_version()),
        board=_origin(setup.board.name, setup.board.file),
        scenario=None if setup.scenario_file is None
        else _origin(setup.scenario_name, setup.scenario_file),
        kernel=None if image is None else KernelSpec(str(image.path.absolute()), image.sha256),
        changes=setup.changes,
        drivers=[
            DriverSpec(driver.role, driver.path.name, driver.sha256) for driver in setup.drivers
        ],
        inputs=_inputs(history.inputs),
        breakpoints=[BreakpointSpec(item.text, item.enabled) for _, item in session.breakpoints],
        bookmarks=[_bookmark(item) for item in session.bookmarks],
        here=moment_spec(history.here),
        phase=session.story.phase,
        end=moment_spec(max(history.end, history.here)),
    ))  # fmt: skip


def _checked(spec: SessionSpec) -> SessionSpec:
    """Raises :class:`NotKeptError` for what could not be opened again."""
    try:
        data = msgspec.to_builtins(spec, enc_hook=int)
        msgspec.convert(data, SessionSpec, dec_hook=lambda _, ns: Duration(ns))
    except msgspec.ValidationError as error:
        raise NotKeptError(f"no file can hold this session: {error}") from None
    return spec


def _origin(name: str, file: ConfigFile) -> OriginSpec:
    if file.is_builtin:
        return OriginSpec(name, sha256=content_hash(file))
    return OriginSpec(name, text=file.text)


def _inputs(items: Iterable[Input]) -> list[GivenSpec]:
    """What was typed at one moment is one input."""
    found: list[Input] = []
    for item in items:
        last = found[-1] if found else None
        if last is not None and last.position == item.position:
            typed = last.given, item.given
            if isinstance(typed[0], bytes) and isinstance(typed[1], bytes):
                found[-1] = Input(item.position, typed[0] + typed[1])
                continue
        found.append(item)
    return [_input(item) for item in found]


def _input(item: Input) -> GivenSpec:
    moment, given = moment_spec(item.position), item.given
    if isinstance(given, Poke):
        return GivenSpec(moment, poke=item.written, core=given.core)
    with suppress(UnicodeDecodeError):
        text = given.decode()
        if all(letter.isprintable() or letter in "\r\n\t" for letter in text):
            return GivenSpec(moment, type=text)
    return GivenSpec(moment, bytes=given.hex(" "))


def _bookmark(item: Bookmark) -> SavedBookmarkSpec:
    name = item.name or None
    if item.position is None:
        return SavedBookmarkSpec(item.note, name, at=Duration(item.at_ns))
    return SavedBookmarkSpec(item.note, name, moment_spec(item.position), item.phase)


# -- what comes of it ------------------------------------------------------------------------------


def with_trace(
    spec: SessionSpec, drivers: tuple[OwnDriver, ...] = ()
) -> Generator[Position, None, SessionSpec]:
    """Run a session again, with a machine of its own: the same with what comes of that.

    Yields how far it has come.  Raises :class:`UserError` where the machine does not do the same
    again.
    """
    saved = SessionFile(spec, ConfigFile(Path("session"), text_of(spec, Path("session"))))
    trace = yield from traced(saved, drivers)
    return msgspec.structs.replace(spec, trace=trace)


def traced(
    saved: SessionFile, drivers: tuple[OwnDriver, ...] = ()
) -> Generator[Position, None, TraceSpec]:
    """What comes of running it.  Raises :class:`UserError` where it does not come to its end."""
    session = open_saved(saved, lambda _: drivers)
    try:
        witness = Witness(session)
        session.history.on = False
        session.recorder.sink = witness.see
        if not (yield from run_to_end(session, saved)):
            raise NotKeptError("the kernel does not do the same again: no number can stand for it")
        return witness.spec
    finally:
        session.close()


# -- the text --------------------------------------------------------------------------------------


class _Flow(dict[str, Any]):
    """In one line."""


def text_of(spec: SessionSpec, path: Path) -> str:
    """The file.  Raises :class:`NotKeptError` for one that would be too large to be opened."""
    import yaml

    class Writer(yaml.SafeDumper):
        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
            super().increase_indent(flow, indentless=False)

        def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
            return True

    def flow(writer: yaml.SafeDumper, data: _Flow) -> yaml.Node:
        return writer.represent_mapping("tag:yaml.org,2002:map", data, flow_style=True)

    def text(writer: yaml.SafeDumper, data: str) -> yaml.Node:
        is_long = "\n" in data.rstrip("\n") or len(data) > WIDTH
        return writer.represent_scalar(
            "tag:yaml.org,2002:str", data, style="|" if is_long and "\r" not in data else None
        )

    Writer.add_representer(_Flow, flow)
    Writer.add_representer(str, text)

    def part(keys: Sequence[str]) -> str:
        found = {key: data[key] for key in keys if data.get(key)}
        if not found:
            return ""
        return yaml.dump(found, Dumper=Writer, sort_keys=False, allow_unicode=True, width=WIDTH)

    data = _plain(spec)
    at = ORDER.index("inputs")
    written = "".join((
        HEADING.format(name=_in_a_line(path)), part(ORDER[:at]),
        *_input_lines(data.get("inputs", ())), part(ORDER[at + 1 :]),
    ))  # fmt: skip
    if len(written.encode()) > LARGEST_FILE:
        raise NotKeptError(f"no file can hold this session: it has more than {MOST_MIB} MiB")
    return written


def _input_lines(inputs: Iterable[dict[str, Any]]) -> Iterator[str]:
    """There can be thousands of them: a writer of any YAML would take seconds."""
    for number, item in enumerate(inputs):
        if not number:
            yield "inputs:\n"
        moment = ", ".join(
            f"{key}: {str(value).lower()}" for key, value in item.pop("moment").items()
        )
        yield f"  - moment: {{{moment}}}\n"
        for key, value in item.items():
            yield f"    {key}: {json.dumps(value, ensure_ascii=False)}\n"


def _in_a_line(path: Path) -> str:
    """Its name, whatever a person has called it."""
    return "".join(letter if letter.isprintable() else "?" for letter in path.name)


MOMENTS = frozenset(("moment", "here", "end"))
ORDER = (
    "format", "saved", "versions", "board", "scenario", "kernel", "changes", "drivers", "bookmarks",
    "breakpoints", "inputs", "here", "phase", "end", "trace",
)  # fmt: skip
"""What people look for stands first."""


def _plain(spec: SessionSpec) -> dict[str, Any]:
    """The keys in a good order, moments in one line, times as people write them."""
    data: dict[str, Any] = msgspec.to_builtins(spec, enc_hook=_time)
    if "versions" in data:
        data["versions"] = _Flow(data["versions"])
    usual = msgspec.to_builtins(UNCHANGED)
    data["changes"] = {
        key: item for key, item in data.get("changes", {}).items() if item != usual[key]
    }
    for item in (data, *data.get("bookmarks", ())):
        for key in MOMENTS & item.keys():
            item[key] = _Flow(item[key])
    return data


def _time(ns: int) -> str:
    """Seconds, exactly."""
    return f"{ns // 10**9}.{ns % 10**9:09}".rstrip("0").rstrip(".") + "s"
