"""Opening the dashboard, or at first what there is to open."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from kerneltui.errors import UserError, suggestion
from kerneltui.parameters import (
    boot,
    check_lesson_alone,
    go_to_moment,
    opened,
    set_breakpoints,
)
from kerneltui.streams import check_terminal, drawing, trust_the_terminal

if TYPE_CHECKING:
    from kerneltui.tui.offers import Offer


class Wishes(msgspec.Struct, frozen=True):
    """What the command line wants of the dashboard."""

    speed: float = 1.0
    theme: str = ""
    breaks: Sequence[str] = ()
    at: int | str | None = None
    keys: Sequence[str] = ()
    lesson: str = ""


def open_dashboard(wishes: Wishes, **machine: Any) -> int:
    """The dashboard on a machine; answers the exit status.  Raises :class:`UserError`."""
    # Imports and the first picture make many objects and little garbage; the app switches the
    # collector on again when it is ready.
    gc.disable()
    if wishes.lesson:
        check_lesson_alone()
        _check_lesson(wishes.lesson)
    found = opened(**machine)
    session = found.session
    check_terminal()
    trust_the_terminal()
    load_asyncio()
    from kerneltui.remembered import WITH_PATH, recall, remember
    from kerneltui.sessions.autosave import Autosave, is_ours
    from kerneltui.sessions.writing import Kept
    from kerneltui.tui.app import KernelTui

    if wishes.keys:
        from kerneltui.tui.pressing import check_keys

        check_keys(wishes.keys)
    check_theme(wishes.theme)
    session.history.first_can_wait = not session.machine.has_own_drivers
    boot(found)
    go_to_moment(session, wishes.at)
    set_breakpoints(session, tuple(wishes.breaks))
    for path in (machine["saved"], machine["scenario"], machine["board"], wishes.lesson):
        _note(path)
    file = None if found.saved is None else found.saved.file
    saved_as = None if file is None or is_ours(file.path) else Kept(file.path, file.text)
    app = KernelTui(
        session, speed=wishes.speed, theme=wishes.theme,
        board=machine["board"] or session.setup.board.name,
        with_path=recall(WITH_PATH, usual=True), on_path=partial(remember, WITH_PATH),
        keys=wishes.keys, autosave=Autosave(), saved_as=saved_as, lesson=wishes.lesson,
    )  # fmt: skip
    with drawing():
        return app.run() or app.return_code or 0


def _check_lesson(name: str) -> None:
    """Raises :class:`UserError` for what is no lesson."""
    from kerneltui.lessons.lesson import load_lesson

    try:
        load_lesson(name)
    except UserError:
        from kerneltui.validation import check_kinds

        check_kinds({"--lesson": name})
        raise


def open_welcome(theme: str, **machine: Any) -> int:
    """What there is to open, and then that; answers the exit status.

    ``machine`` is what :func:`open_dashboard` takes, where nothing was said of it.
    """
    gc.disable()
    check_terminal()
    trust_the_terminal()
    load_asyncio()
    from kerneltui.lessons.progress import StudentProgress, data_folder
    from kerneltui.tui.welcome import WelcomeApp

    check_theme(theme)
    told = ""
    while True:
        app = WelcomeApp(StudentProgress(data_folder()), theme, told)
        with drawing():
            chosen = app.run()
        if chosen is None:
            return app.return_code or 0
        try:
            wishes, said = wanted(chosen, theme)
            return open_dashboard(wishes, **machine | said)
        except UserError as error:  # a file of somebody's own, say
            told = str(error)


def wanted(chosen: Offer, theme: str) -> tuple[Wishes, dict[str, Any]]:
    """What a choice says: how the dashboard opens, and what of the machine.

    Raises :class:`UserError` for a file that is nothing to open.
    """
    from kerneltui.tui.offers import OfferKind

    wishes, name = Wishes(theme=theme), chosen.name
    kind = chosen.kind
    if kind is OfferKind.FILE:
        from kerneltui.validation import kind_of_file

        kind = OfferKind(kind_of_file(Path(name)))
    if kind is OfferKind.LESSON:
        from kerneltui.lessons.lesson import load_lesson

        spec = load_lesson(name).spec
        return replace(wishes, lesson=name), {"board": spec.board, "scenario": spec.scenario}
    if kind in {OfferKind.LAST, OfferKind.SESSION}:
        from kerneltui.sessions.autosave import latest

        return wishes, {"saved": latest() if kind is OfferKind.LAST else Path(name)}
    return wishes, {kind.value: name}


def load_asyncio() -> None:
    """What Textual stands on, as in a Python without TLS: nobody talks to a network here.

    To load OpenSSL takes half as long as the kernel's boot.  Who imports :mod:`ssl` later has it.
    """
    if "ssl" in sys.modules:
        return
    sys.modules["ssl"] = None  # type: ignore[assignment]  # so it cannot be imported, says Python
    try:
        import_module("asyncio")
    finally:
        del sys.modules["ssl"]


def check_theme(theme: str) -> None:
    """Raises :class:`UserError` for one that there is not."""
    from kerneltui.tui.themes import theme_names

    if theme and theme not in theme_names():
        raise UserError(f"unknown theme '{theme}'{suggestion(theme, theme_names())}")


def _note(words: object) -> None:
    """Remember a file of somebody's own; a name of something built in is none."""
    path = Path(str(words)) if words else None
    if path is not None and path.suffix in {".yaml", ".yml"} and path.is_file():
        from kerneltui.recent import note_file

        note_file(path)
