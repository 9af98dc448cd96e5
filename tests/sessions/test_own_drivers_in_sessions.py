"""Session files and drivers of a person's own: noted, never named to be executed."""

import pytest
from own.broken import SYSTEM_TIMER

from kerneltui.builtin import configs_dir
from kerneltui.configfile import ConfigFile
from kerneltui.errors import UserError
from kerneltui.own.options import drivers_named
from kerneltui.scenarios.scenario import open_session
from kerneltui.sessions.opening import changed_origins, open_saved, read_session, resume
from kerneltui.sessions.saving import spec_of, text_of, with_trace


@pytest.fixture
def driver(tmp_path):
    path = tmp_path / "folder" / "my_timer.py"
    path.parent.mkdir()
    path.write_text(SYSTEM_TIMER)
    return path


@pytest.fixture
def kept(driver, tmp_path):
    """A session file, made with that driver."""
    session = open_session("rpi4", "timer-callbacks", drivers=drivers_named([f"timer={driver}"]))
    session.boot()
    session.type(b"hi")
    session.run_until(1_500_000_000)
    making = with_trace(spec_of(session), session.setup.drivers)
    while True:
        try:
            next(making)
        except StopIteration as end:
            spec = end.value
            break
    path = tmp_path / "kept.session.yaml"
    path.write_text(text_of(spec, path))
    session.close()
    return path


def reopened(path, *drivers):
    saved = read_session(ConfigFile.load(path))
    session = open_saved(saved, drivers_named(drivers))
    for _ in resume(session, saved):
        pass
    return session


def test_it_notes_role_name_and_hash_and_no_place(kept, driver):
    text = kept.read_text()
    assert "  - role: timer\n    name: my_timer.py\n    sha256: " in text
    assert "folder" not in text


def test_with_the_driver_it_opens_where_it_was(kept, driver):
    session = reopened(kept, f"timer={driver}")
    assert session.machine.now == 1_500_000_000
    assert b"hi" in session.recorder.console.data
    session.close()


def test_without_it_one_line_says_what_to_add(kept, said):
    status, _, err = said("run", "--session", kept, "--until", "2s")
    assert status == 2
    assert err.count("\n") == 1
    assert "made with a driver of one's own, my_timer.py; add --driver timer=FILE" in err


def test_the_command_line_gives_it_anew(kept, driver, said):
    status, out, _ = said("run", "--session", kept, "--until", "2s", "--driver", f"timer={driver}")
    assert status == 0
    assert "Timer: My System Timer" in out
    status, out, err = said("replay", kept, "--driver", f"timer={driver}")
    assert (status, err) == (0, "")


def test_one_that_has_changed_is_named_where_the_machine_departs(kept, driver):
    clears = "        self._cpu.write(BASE + CS, 1 << 3)\n"
    driver.write_text(SYSTEM_TIMER.replace(clears, 2 * clears))
    saved = read_session(ConfigFile.load(kept))
    session = open_saved(saved, drivers_named([f"timer={driver}"]))
    told = list(changed_origins(saved, session.setup.drivers))
    assert told == [f"the driver {driver} has changed since this was saved"]
    with pytest.raises(UserError, match="has changed since this was saved"):
        for _ in resume(session, saved):
            pass
    session.close()


def test_one_too_many_is_refused(kept, driver, tmp_path):
    session = open_session("rpi4", "timer-callbacks")
    session.boot()
    path = tmp_path / "plain.session.yaml"
    path.write_text(text_of(spec_of(session), path))
    session.close()
    with pytest.raises(UserError, match="made without a driver of one's own; leave out timer"):
        reopened(path, f"timer={driver}")


@pytest.mark.parametrize("key", ["driver: timer=my_timer.py", "drivers: [my_timer.py]"])
def test_a_scenario_cannot_name_one(key, tmp_path, said):
    path = tmp_path / "mine.yaml"
    path.write_text(f"title: Mine\nprogram: timer-callbacks\n{key}\n")
    status, _, err = said("validate", path)
    assert status == 2
    assert "driver" in err


def test_a_session_cannot_name_a_file(kept, driver, said):
    kept.write_text(kept.read_text().replace("name: my_timer.py", f"path: {driver}"))
    status, _, err = said("run", "--session", kept, "--until", "2s", "--driver", f"timer={driver}")
    assert (status, "and 1 more" in err) == (2, True)
    assert "unknown key 'path'; known: role, name, sha256" in said("validate", kept)[2]


def test_it_can_be_validated_with_the_driver(kept, driver, said):
    told = f"kerneltui: {kept}: it was made with a driver of one's own, my_timer.py; add"
    assert said("validate", kept)[2].startswith(told)
    status, out, err = said("validate", kept, "--driver", f"timer={driver}")
    assert (status, err) == (0, "")
    assert out == f"ok {kept}: session on rpi4, 'timer-callbacks'\n"


def test_scenarios_and_boards_are_validated_with_the_driver_and_lessons_refuse_it(
    driver, tmp_path, said
):
    configs = configs_dir()
    wrong = tmp_path / "wrong.py"
    wrong.write_text("x = (\n")
    for path in ("scenarios/timer-callbacks.yaml", "boards/rpi4.yaml"):
        assert said("validate", configs / path, "--driver", f"timer={driver}")[0] == 0
        status, _, err = said("validate", configs / path, "--driver", f"timer={wrong}")
        assert (status, err) == (2, f"kerneltui: {wrong}, line 1: '(' was never closed\n")
    for path in ("lessons/tour.yaml", "images/rpi4.yaml"):
        status, _, err = said("validate", configs / path, "--driver", f"timer={driver}")
        assert status == 2
        assert "'--driver' is nothing for it" in err
        assert err.count("\n") == 1


def test_a_driver_that_cannot_be_loaded_is_told_with_its_own_name(kept, tmp_path, said):
    wrong = tmp_path / "wrong.py"
    wrong.write_text("x = (\n")
    status, _, err = said("replay", kept, "--driver", f"timer={wrong}")
    assert status == 2
    assert err == f"kerneltui: {wrong}, line 1: '(' was never closed\n"


def test_a_report_with_a_driver_that_has_changed_says_so(kept, driver, said, tmp_path):
    out = tmp_path / "out.md"
    command = ["report", "--session", kept, "--driver", f"timer={driver}", "-o", out]
    assert said(*command) == (0, "", "")
    before = out.read_text()
    assert "Changed" not in before
    assert "When it was saved" not in before
    noted = next(line for line in before.splitlines() if "Hash of all events" in line).split("`")[1]
    clears = "        self._cpu.write(BASE + CS, 1 << 3)\n"
    driver.write_text(SYSTEM_TIMER.replace(clears, clears.replace("1 << 3", "0xF")))
    status, _, err = said(*command)
    assert (status, err.count("\n")) == (1, 1)
    assert f"the driver {driver} has changed since this was saved" in err
    now = out.read_text()
    rows = {line.split("|")[1].strip(): line for line in now.splitlines() if line[:2] == "| "}
    assert "has changed since this was saved" in rows["Changed"]
    assert noted in rows["When it was saved"]
    assert noted not in rows["Hash of all events"]
    assert "**This is not what was saved any more:** it departs at event " in now
    _, told, _ = said("validate", kept, "--driver", f"timer={driver}")
    assert told == (
        f"ok {kept}: session on rpi4, 'timer-callbacks'; "
        f"the driver {driver} has changed since this was saved\n"
    )
