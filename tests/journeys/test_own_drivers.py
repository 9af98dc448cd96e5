"""The dashboard with a driver of a person's own: its source, its prints, and `r` after an edit."""

import pytest
from journeys.dashboard import SOURCE, dashboard, keys_to
from own.broken import ESCAPING, HALTING, SYSTEM_TIMER

from kerneltui.debugger.event_words import EventWords
from kerneltui.own.options import drivers_named
from kerneltui.scenarios.scenario import open_session
from kerneltui.tui.panels.source import SourcePanel
from kerneltui.tui.requests import StartLesson


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "my_timer.py"
    path.write_text(SYSTEM_TIMER)
    return path


def booted(path, role="timer"):
    session = open_session("rpi4", "timer-callbacks", drivers=drivers_named([f"{role}={path}"]))
    session.boot()
    return session


def said(seen):
    return [str(note.message) for note in seen.app._notifications]


async def test_it_is_stepped_and_shown_like_ours(file):
    async with dashboard(session=booted(file)) as seen:
        await seen.press(*keys_to(SourcePanel))
        await seen.go("i", "s", "s", "s")
        while seen.session.core.frames()[0].function != "MyTimer.conclude_timeout_irq":
            await seen.go("s")
        shown = "\n".join(seen.lines(SOURCE))
        assert "my_timer.py" in shown
        assert "▶ 36         self._cpu.write(BASE" in shown
        here = seen.session.here
        await seen.go("s", "S")
        assert seen.session.here == here


async def test_its_prints_are_events_of_the_trace_and_not_on_the_screen(file, capfd):
    clears = "        self._cpu.write(BASE + CS, 1 << 3)\n"
    prints = "        print('concluded at', self._count())\n"
    file.write_text(SYSTEM_TIMER.replace(clears, prints + clears))
    async with dashboard(session=booted(file)) as seen:
        await seen.go("n")
        told = [event for event in seen.session.recorder.last(1_000) if "driver_print" in event[6]]
        assert told[-1][6].startswith("driver_print line=36 text=concluded at")
        sentence = EventWords(seen.session.machine, seen.session.names).sentence(told[-1])
        assert sentence.startswith("The driver prints, in line 36: concluded at")
    assert "concluded" not in capfd.readouterr().out


async def test_r_after_an_edit_boots_anew_with_the_same_inputs(file):
    session = booted(file)
    async with dashboard(session=session, notifications=True) as seen:
        await seen.go("n")
        seen.app.type(b"hi")
        await seen.go("n", "n")
        await seen.go("r")
        assert seen.session is session  # nothing has changed
        assert seen.session.history.in_past
        file.write_text(SYSTEM_TIMER.replace('"My System Timer"', '"My other timer"'))
        await seen.go("r")
        assert seen.session is not session
        assert said(seen)[-1] == (
            "my_timer.py has changed: booted anew with it. 1 input given again."
        )
        log = seen.session.kernel.console.screen.log
        assert any("My other timer" in line for line in log)
        (given,) = seen.session.typed
        assert given.given == b"hi"
        assert seen.session.here == seen.session.history.first
        assert seen.session.history.in_past
        await seen.go("n", "n", "n")
        assert b"hi" in seen.session.recorder.console.data


async def test_r_after_a_bad_edit_tells_what_is_wrong_and_keeps_what_is_there(file):
    session = booted(file)
    async with dashboard(session=session, notifications=True) as seen:
        file.write_text(SYSTEM_TIMER.replace("class MyTimer:", "class MyTimer"))
        await seen.go("r")
        assert seen.session is session
        assert "my_timer.py, line 11: expected ':'" in said(seen)[-1]
        await seen.go("n")
        assert seen.session.machine.halt_reason == ""


@pytest.mark.parametrize(
    "name", ["exception in a handler", "endless loop", "end of the program", "a generator in self"]
)
async def test_whatever_it_does_the_dashboard_is_alive(name, file):
    file.write_text(HALTING[name].text)
    async with dashboard(session=booted(file), notifications=True) as seen:
        await seen.go("n", "n", "space", "N", "S", "r", "x", ".", ",")
        assert seen.session.machine.halt_reason or seen.session.history.in_past
        file.write_text(SYSTEM_TIMER)
        await seen.go("r")
        assert not seen.session.machine.halt_reason
        await seen.go("n")
        assert not seen.session.machine.halt_reason
        assert seen.app.is_running


async def test_a_driver_that_remembers_elsewhere_leaves_the_dashboard_alive(file):
    file.write_text(ESCAPING["a global"].text)
    async with dashboard(session=booted(file), notifications=True) as seen:
        await seen.go("n", "n", "N", "N", "S", "S", "n", "r", "x", ",", ".")
        assert seen.app.is_running


async def test_a_lesson_uses_the_driver_from_the_step_on_that_asks_for_it(file):
    file.write_text(SYSTEM_TIMER)
    async with dashboard(session=booted(file), notifications=True) as seen:
        seen.app.carry_out(StartLesson("write-a-timer", 2))
        assert seen.session.setup.drivers == ()
        assert seen.app.play.question is not None
        seen.app.carry_out(StartLesson("write-a-timer", 3))
        await seen.until(lambda: seen.app.play.is_done)
        (driver,) = seen.session.setup.drivers
        assert driver.path == file
        seen.app.action_lesson()
        assert seen.app.play.number == 4
        file.write_text(f"{SYSTEM_TIMER}# edited\n")
        await seen.go("r")
        await seen.until(lambda: seen.app.play.is_done)
        assert seen.app.play.number == 4
