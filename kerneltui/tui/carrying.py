"""What a dialog, or a key on what is under the cursor, wants done: here it is carried out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kerneltui.debugger.watch import FREE
from kerneltui.tui.bookmarking import Bookmarking
from kerneltui.tui.breaking import Breaking
from kerneltui.tui.comparing import Comparing
from kerneltui.tui.keeping import Keeping
from kerneltui.tui.learning import Learning
from kerneltui.tui.requests import (
    Ask,
    CutAndPoke,
    CutAndType,
    ForgetRest,
    GoTo,
    GoToPlace,
    GoToWrite,
    LessonAnswer,
    LessonDo,
    OpenSession,
    Point,
    PokeRegisters,
    Request,
    SaveAs,
    SetBookmark,
    Situation,
    StartLesson,
    TakeBack,
    Tell,
    TypeText,
    UseSession,
    UseTheme,
)
from kerneltui.tui.travelling import TOLD_S
from kerneltui.units import format_time

if TYPE_CHECKING:
    from kerneltui.scenarios.changes import Changes


class Carrying(Breaking, Comparing, Bookmarking, Keeping, Learning):
    """Stands before the app's own base class, with all commands that ask or are asked for."""

    board: str
    changes: Changes | None

    def action_dialog(self, name: str) -> None:
        """One of :data:`kerneltui.tui.dialogs.DIALOGS`."""
        from kerneltui.tui.dialogs import DIALOGS

        self.carry_out(DIALOGS[name](self.situation))

    @property
    def situation(self) -> Situation:
        """What dialogs need to know."""
        themes = tuple(self.available_themes)
        return Situation(
            self.session, self.board, self.changes, self.theme, themes, lambda: self.progress
        )

    def carry_out(self, request: Request | None) -> None:
        """Do what a dialog or its answer, or Enter on a row, wants done."""
        if request is not None:
            _CARRIED_OUT[type(request)](self, request)

    def _ask(self, ask: Ask) -> None:
        ran = ask.halts and self.runner.goal is FREE
        has_halted = ask.halts and self.runner.running
        if ask.halts and self.runner.running:
            if not self.runner.searching:
                self.session.last_stop = "paused"
            self.runner.stop()
            self.refresh_view()

        def answered(answer: Any) -> None:
            if answer is None and (has_halted or ask.unanswered):
                self.tell_in_passing(
                    self._where_it_stands(ask.unanswered, has_halted=has_halted), TOLD_S
                )
            wanted = ask.then(answer)
            self.carry_out(wanted)
            if ran and isinstance(wanted, TypeText) and len(self.screen_stack) == 1:
                self.runner.start(FREE)

        self.push_screen(ask.screen, answered)

    def _where_it_stands(self, unanswered: str, *, has_halted: bool) -> str:
        """What is to be said when a dialog is closed: what has become of the machine."""
        now = f"{format_time(self.session.machine.now)} s"
        stands = f"The machine stands at {now}, as before."
        if has_halted:
            stands = f"The machine was halted at {now}; space runs it on."
        elif self.runner.running:
            stands = "The machine runs on."
        return f"{unanswered} {stands}".strip()


def _tell(app: Carrying, wanted: Tell) -> None:
    app.notify(wanted.text, severity=wanted.severity, markup=False)


def _use_theme(app: Carrying, wanted: UseTheme) -> None:
    app.theme = wanted.name


_CARRIED_OUT: dict[type, Callable[[Carrying, Any], object]] = {
    Tell: _tell,
    Ask: Carrying._ask,  # noqa: SLF001 - this module's own
    TypeText: lambda app, wanted: app.type(wanted.data),
    UseTheme: _use_theme,
    UseSession: Carrying.use_another,
    Point: Carrying.point,
    GoTo: Carrying.go_there,
    GoToPlace: Carrying.go_there,
    GoToWrite: Carrying.go_there,
    PokeRegisters: lambda app, wanted: app.poke(wanted.stores),
    CutAndType: Carrying.change_past,
    CutAndPoke: Carrying.change_past,
    ForgetRest: Carrying.undo,
    TakeBack: Carrying.undo,
    SetBookmark: Carrying.set_bookmark,
    OpenSession: lambda app, wanted: app.open_session_file(wanted.path),
    StartLesson: Carrying.start_lesson,
    LessonDo: Carrying.do_in_lesson,
    LessonAnswer: Carrying.answer_in_lesson,
    SaveAs: lambda app, wanted: app.save_as(wanted.path),
}
