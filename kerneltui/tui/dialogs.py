"""What the dialogs ask, and what their answers want done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import structs
from msgspec.structs import replace

from kerneltui.debugger.lookup import spot_of, way
from kerneltui.debugger.references import (
    EventReference,
    FieldReference,
    GateReference,
    Reference,
    RegisterReference,
)
from kerneltui.debugger.traveller import Input
from kerneltui.debugger.views.timeouts import STRUCTURES
from kerneltui.errors import UserError
from kerneltui.kernel.programs.shell_program import ShellProgram
from kerneltui.kernel.shell.shell_arguments import UsageError, duration_ns
from kerneltui.recent import note_file
from kerneltui.scenarios.changes import UNCHANGED
from kerneltui.scenarios.reading import load_scenario
from kerneltui.scenarios.scenario import (
    DEFAULT_SCENARIO,
    changes_for,
    drivers_for,
    fits,
    open_session,
)
from kerneltui.tui.panels.console import CLEAR_LINE
from kerneltui.tui.places import read_place, read_register
from kerneltui.tui.requests import (
    Ask,
    CutAndPoke,
    CutAndType,
    ForgetRest,
    GoTo,
    GoToPlace,
    GoToWrite,
    OpenSession,
    Request,
    Situation,
    StartLesson,
    TakeBack,
    Tell,
    TypeText,
    UseSession,
    UseTheme,
)
from kerneltui.tui.screens.ask import AskScreen, Field, Mistake
from kerneltui.tui.screens.choose import Choice, ChooseScreen

if TYPE_CHECKING:
    from kerneltui.tui.offers import Offer

WHERE = (
    "a time (1.5s), an instruction (#1200), one of start, booted, end, "
    "a bookmark (bookmark:1), or a register: its last write."
)
KEEP, CUT, STORE, UNDO = "Stay", "Type", "Store", "Undo"
MOST_NAMED = 3
NO_LOOK = "This kernel offers no look inside: it has no shell and no queue that can be asked."
OTHER_BOARD = "This image stays on its board; for another: kerneltui --board NAME --kernel FILE."
NO_SHELL = "This kernel has no shell; press o and open the scenario shell."


def show_help(now: Situation) -> Request:
    """Keys and panels."""
    from kerneltui.tui.screens.help import HelpScreen

    return Ask(HelpScreen(now.session.setup.about))


def show_offers(now: Situation) -> Request:
    """Ask for a lesson, a scenario, a board, or a file of one's own; each starts anew."""
    from kerneltui.tui.offers import first_choice, is_new_here, offers
    from kerneltui.tui.screens.welcome import WelcomeScreen

    setup = now.session.setup
    current = now.board, setup.scenario_name
    progress = now.progress()
    found = offers(progress)
    screen = WelcomeScreen(
        found, is_new=is_new_here(progress), current=current,
        first=first_choice(found, setup.scenario_name),
    )  # fmt: skip

    def chosen(choice: Offer | None) -> Request | None:
        return None if choice is None else open_offer(now, choice)

    return Ask(screen, chosen)


def open_offer(now: Situation, choice: Offer) -> Request:
    """What a choice means here: with another board the scenario goes on, if it is for that."""
    from kerneltui.tui.offers import OfferKind
    from kerneltui.validation import kind_of_file

    kind, name = choice.kind, choice.name
    try:
        if kind is OfferKind.FILE:
            kind = OfferKind(kind_of_file(Path(name)))
            note_file(Path(name))
        if kind is OfferKind.LESSON:
            return StartLesson(name, None)
        if kind is OfferKind.LAST:
            return OpenSession(None)
        if kind is OfferKind.SESSION:
            return OpenSession(Path(name))
        if kind is OfferKind.BOARD:
            if now.session.runs_image and now.session.setup.scenario_file is None:
                return Tell(OTHER_BOARD, "warning")
            return start(now, name, now.session.setup.scenario_source)
        if fits(now.board, name):
            return start(now, now.board, name)
        return start(now, load_scenario(name).usual_board, name)
    except UserError as error:
        return Tell(str(error), "error")


def choose_queue(now: Situation) -> Request:
    """Ask for a structure of the timeout queue; the scenario starts with it, from reset."""
    session = now.session
    if session.runs_image:
        return Tell(NO_LOOK, "warning")
    if session.view(frozenset({"queue"})).queue is None:
        return Tell("This program has no queue of timeouts.", "warning")

    def chosen(choice: Choice | None) -> Request | None:
        if choice is None:
            return None
        changes = structs.replace(now.changes or UNCHANGED, queue=choice[1])
        return start(replace(now, changes=changes), now.board, session.setup.scenario_source)

    if session.inspector.queue_structure() not in STRUCTURES:
        return Tell("The queue is one of your own: leave out --driver queue to choose.", "warning")
    current = ("", session.inspector.queue_structure())
    screen = ChooseScreen("Structure of the timeout queue", {"": STRUCTURES}, [current], current)
    return Ask(screen, chosen)


def choose_theme(now: Situation) -> Request:
    """Ask for a theme."""

    def chosen(choice: Choice | None) -> Request | None:
        return None if choice is None else UseTheme(choice[1])

    current = ("", now.theme)
    names = dict.fromkeys(sorted(now.themes), "")
    return Ask(ChooseScreen("Theme", {"": names}, [current], current), chosen)


def ask_for_timeout(now: Situation) -> Request:
    """Ask whether it comes once or again and again, after how long, and what it prints."""
    if not isinstance(now.session.kernel, ShellProgram):
        return Tell(NO_LOOK if now.session.runs_image else NO_SHELL, "warning")
    fields: dict[str, Field] = {
        "When": ("every", "once"),
        "After (250us, 1.5s, 2m)": "1s",
        "Text to print": "tick",
    }
    return Ask(AskScreen("Add timeout", fields, _wrong_with_timeout), _typed)


def _wrong_with_timeout(words: Sequence[str]) -> Mistake | None:
    """What the shell would refuse."""
    often, after, text = words
    try:
        delay_ns = duration_ns(after.strip())
    except UsageError as error:
        return Mistake(1, f"{str(error)[:1].upper()}{str(error)[1:]}.")
    if often == "every" and not delay_ns:
        return Mistake(1, "A period of 0 leaves no time for anything else.")
    return None if text.strip() else Mistake(2, "Write the text that it is to print.")


def ask_where_to_go(now: Situation, reference: Reference | None) -> Request:
    """Ask for a time, an instruction, a moment that has a name, or a register.

    Enter alone goes to the event under the cursor, or to the last write of the register there.
    """
    first, said_first = _moment_of(now, reference)
    label = f"{said_first}\nOr write {WHERE}" if first is not None else f"Write {WHERE}"

    def check(words: Sequence[str]) -> Mistake | None:
        if first is not None and not words[0].strip():
            return None
        try:
            _place(now, words[0])
        except ValueError as error:
            return Mistake(0, str(error))
        return None

    screen = AskScreen("Go to another moment", dict[str, Field]({label: ""}), check)

    def chosen(said: tuple[str, ...] | None) -> Request | None:
        if said is None:
            return None
        return _place(now, said[0]) if said[0].strip() or first is None else first

    # The last write of a register would be another one soon.
    return Ask(screen, chosen, halts=first is not None, unanswered="Nothing was changed.")


def _place(now: Situation, words: str) -> Request:
    """What goes to the moment that somebody has written.  Raises ValueError, in sentences."""
    register = read_register(now.session, words)
    last_write = None if register is None else _last_write(now, register)
    if last_write is not None:
        return last_write
    read_place(now.session, words)
    return GoToPlace(words)


def _moment_of(now: Situation, reference: Reference | None) -> tuple[Request | None, str]:
    """Where Enter alone goes, and how the dialog says that; None where nowhere."""
    if isinstance(reference, EventReference):
        return GoTo(reference.event), "Enter alone: the moment of this event."
    if isinstance(reference, GateReference):
        found = way(now.session, reference.interrupt)
        gate = next((item for item in found.gates if item.name == reference.name), None)
        if gate is None or gate.spot is None:
            return None, ""
        place = found.station_of(gate).owner, gate.spot
        return GoToWrite(*place, gate.register), _offer_of_last_write(gate.register)
    if isinstance(reference, RegisterReference | FieldReference):
        last_write = _last_write(now, reference)
        if last_write is not None:
            return last_write, _offer_of_last_write(last_write.name)
    return None, ""


def _last_write(now: Situation, reference: RegisterReference | FieldReference) -> GoToWrite | None:
    """What goes to the last write of a register, or a field; None where it is in no table."""
    spot = spot_of(now.session, reference)
    if spot is None:
        return None
    name = reference.name
    if isinstance(reference, FieldReference):
        reference = reference.register
        name = f"{reference.name}.{name}"
    return GoToWrite(reference.owner, spot, name)


def _offer_of_last_write(name: str) -> str:
    return f"Enter alone: the last write of {name}."


def ask_to_cut(data: bytes) -> Request:
    """Ask whether typing in the past is worth the future that is known."""
    choices = {
        KEEP: "type nothing; what comes after this moment stays known",
        CUT: "and forget what comes after this moment",
    }
    screen = ChooseScreen("You are in the past", {"": choices}, [], ("", KEEP))
    return Ask(screen, lambda choice: CutAndType(data) if choice == ("", CUT) else None, halts=True)


def ask_to_poke(stores: tuple[str, ...]) -> Request:
    """Ask whether a store in the past is worth the future that is known."""
    choices = {
        KEEP: "store nothing; what comes after this moment stays known",
        STORE: f"{'; '.join(stores)}, and forget what comes after this moment",
    }
    screen = ChooseScreen("You are in the past", {"": choices}, [], ("", KEEP))
    return Ask(
        screen, lambda choice: CutAndPoke(stores) if choice == ("", STORE) else None, halts=True
    )


def ask_to_forget(now: Situation) -> Request:
    """Ask whether what is known to come after this moment is to be forgotten."""
    history = now.session.history
    if not (history.in_past or history.given < len(history.inputs)):
        return Tell("Nothing is known to come after this moment. To undo what you did: undo.")
    ahead = history.inputs[history.given :]
    return _ask_to_undo(_list(ahead) or "what has run since then", ForgetRest())


def ask_to_undo(now: Situation) -> Request:
    """Ask whether what a person stored or typed is to be undone: what is to come, else the last."""
    history = now.session.history
    if history.given < len(history.inputs):
        return ask_to_forget(now)
    if not history.inputs:
        return Tell("You have stored and typed nothing that could be undone.")
    last = history.inputs[-1].position
    at_once = [item for item in history.inputs if item.position == last]
    return _ask_to_undo(_list(at_once), TakeBack())


def _list(given: Sequence[Input]) -> str:
    from kerneltui.debugger.meaning.stored import all_in_words

    said = all_in_words(given)
    more = [f"{len(said) - MOST_NAMED} more"] if len(said) > MOST_NAMED else []
    return "; ".join((*said[:MOST_NAMED], *more))


def _ask_to_undo(what: str, undo: Request) -> Request:
    back = ", and go back to before that" if isinstance(undo, TakeBack) else ""
    choices = {
        KEEP: "undo nothing; all that is known stays known",
        UNDO: f"{what}{back}; what came after is forgotten",
    }
    screen = ChooseScreen("Undo", {"": choices}, [], ("", KEEP))
    return Ask(screen, lambda choice: undo if choice == ("", UNDO) else None, halts=True)


def ask_which_to_cancel(now: Situation) -> Request:
    """Ask for one of the pending timeouts."""
    kernel = now.session.kernel
    if not isinstance(kernel, ShellProgram):
        return Tell(NO_LOOK if now.session.runs_image else NO_SHELL, "warning")
    pending = {str(item.ident): item.name for item in kernel.own_timeouts()}
    if not pending:
        return Tell("No timeout is pending that could be cancelled.")

    def chosen(choice: Choice | None) -> Request | None:
        return None if choice is None else _typed(("cancel", choice[1]))

    return Ask(ChooseScreen("Cancel timeout", {"": pending}), chosen, halts=True)


def _typed(words: tuple[str, ...] | None) -> Request | None:
    if words is None:
        return None
    return TypeText(f"{CLEAR_LINE}{' '.join(words)}\r".encode("ascii", "replace"))


def start(now: Situation, board: str, scenario: str) -> Request:
    """Start a scenario on a board, each by name or file; what cannot be opened is told.

    What the command line pokes and types, and how an image starts, is meant for the scenario and
    the board that it names.
    """
    changes = now.changes or UNCHANGED
    if (board, scenario) != (now.board, now.session.setup.scenario_source):
        changes = structs.replace(changes, pokes=(), typed=(), entry="", load="", cmdline=None)
    try:
        if board != now.board and not fits(board, scenario):
            scenario = DEFAULT_SCENARIO
        own = partial(drivers_for, scenario, now.session.setup.drivers)
        session = open_session(board, scenario, changes_for(board, scenario, changes), own)
    except UserError as error:
        return Tell(str(error), "error")
    return UseSession(session, board, changes)


DIALOGS: dict[str, Callable[[Situation], Request]] = {
    asked.__name__: asked
    for asked in (
        show_help, show_offers, choose_queue, choose_theme, ask_for_timeout,
        ask_which_to_cancel, ask_to_forget, ask_to_undo,
    )
}  # fmt: skip
"""By the names that the table of commands gives them."""
