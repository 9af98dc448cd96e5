"""``replay`` says whether the same happens, and else which event is the first that is another."""

import re

import pytest
from msgspec.structs import replace
from saved import MS, booted, ended, file_of, replayed

from kerneltui.export.trace_hash import TraceHash
from kerneltui.scenarios.changes import Changes
from kerneltui.sessions import witness
from kerneltui.sessions.opening import SessionFile, open_saved, run_to_end
from kerneltui.sessions.saving import text_of

SETUPS = ("rpi4", "timer-callbacks"), ("rpi3", "timer-callbacks"), ("x86", "two-cores")


@pytest.fixture(scope="module", params=SETUPS, ids=str)
def saved_file(request, tmp_path_factory):
    board, scenario = request.param
    session = booted(board, scenario)
    session.run_until(40 * MS)
    session.type(b"ab")
    session.run_until(60 * MS)
    session.poke("uart0.irq=1")
    session.run_until(70 * MS)
    session.poke("TPR=0x10" if board == "x86" else "CNTP_CTL_EL0.IMASK=1")
    session.run_until(90 * MS)
    session.type(b"c")
    session.run_until(300 * MS)
    path = tmp_path_factory.mktemp("replay") / "x.session.yaml"
    yield file_of(session, path, with_checks=True)
    session.close()


def events_of(file):
    """All events that count, as the hash has them."""
    session = open_saved(file)
    summed = TraceHash(session)
    found = []
    session.recorder.sink = lambda event: found.append(summed.add(event))
    ended(run_to_end(session, file))
    session.close()
    return found


def first_difference(one, other):
    """The number of the first event that is another, from 1."""
    pairs = zip(one, other, strict=False)
    return next((n for n, (mine, theirs) in enumerate(pairs, 1) if mine != theirs), None)


def with_input(file, number, **changes):
    items = list(file.spec.inputs)
    items[number] = replace(items[number], **changes)
    return SessionFile(replace(file.spec, inputs=items), file.file)


CHANGED = {
    "a typed byte": lambda file: with_input(file, 0, type="ax"),
    "one more byte": lambda file: with_input(file, 0, type="abc"),
    "the last byte": lambda file: with_input(file, 3, type="d"),
    "a wire's level": lambda file: with_input(file, 1, poke="uart0.irq=0"),
    "another register": lambda file: with_input(file, 2, poke="uart0.irq=0"),
    "an input less": lambda file: SessionFile(
        replace(file.spec, inputs=file.spec.inputs[1:]), file.file
    ),
    "the queue": lambda file: SessionFile(
        replace(file.spec, changes=Changes(queue="wheel")), file.file
    ),
    "a poke at a time": lambda file: SessionFile(
        replace(file.spec, changes=Changes(pokes=("80ms:uart0.irq=0",))), file.file
    ),
}


def number_in(departs):
    return int(re.search(r"event ([\d,]+)", departs)[1].replace(",", ""))


@pytest.fixture(scope="module")
def events_as_saved(saved_file):
    return events_of(saved_file)


@pytest.mark.parametrize("change", CHANGED)
def test_the_first_event_that_is_another_is_the_one_that_two_traces_show(
    change, saved_file, events_as_saved
):
    assert saved_file.spec.trace.every == 1
    if change == "the queue" and saved_file.spec.scenario.name == "two-cores":
        pytest.skip("it has none")
    other = CHANGED[change](saved_file)
    before, after = events_as_saved, events_of(other)
    wanted = first_difference(before, after)
    found = replayed(other)
    if wanted is None and len(before) > len(after):  # where something is to be given it never comes
        assert f"its last event is number {len(after):,}:" in found.departs
    elif wanted is None:  # a wire that had that level already
        assert found.departs == ""
    else:
        assert found.departs.startswith("departs at event")
        assert number_in(found.departs) == wanted


@pytest.mark.parametrize("change", ["the last byte"])
def test_of_a_long_session_one_of_a_few_events_is_told(change, saved_file, monkeypatch):
    monkeypatch.setattr(witness, "MOST_CHECKS", 512)
    session = open_saved(saved_file)
    seen = witness.Witness(session)
    session.recorder.sink = seen.see
    ended(run_to_end(session, saved_file))
    session.close()
    known = seen.spec
    assert known.sha256 == saved_file.spec.trace.sha256
    assert known.every > 1
    assert 256 <= len(witness.read_checks(known.checks)) < 512
    long = SessionFile(replace(saved_file.spec, trace=known), saved_file.file)
    assert replayed(long).departs == ""
    other = CHANGED[change](long)
    wanted = first_difference(events_of(long), events_of(other))
    found = replayed(other).departs
    assert f"one of the {known.every} events" in found
    assert 0 <= number_in(found) - wanted < known.every


def test_the_end_is_compared_too(saved_file):
    spec, trace = saved_file.spec, saved_file.spec.trace
    less = replace(trace, events=trace.events - 3)
    found = replayed(SessionFile(replace(spec, trace=less), saved_file.file))
    assert number_in(found.departs) == trace.events - 2
    more = replace(trace, events=trace.events + 3, sha256="0" * 64)
    found = replayed(SessionFile(replace(spec, trace=more), saved_file.file))
    assert f"it has {trace.events:,} events, and had {trace.events + 3:,}" in found.departs


def test_a_session_that_does_not_come_to_its_end_is_told(saved_file):
    end = saved_file.spec.end
    far = replace(end, step=end.step + 1)
    found = replayed(SessionFile(replace(saved_file.spec, end=far), saved_file.file))
    assert found.departs


def test_a_builtin_file_that_has_changed_is_told(saved_file):
    spec = saved_file.spec
    scenario = replace(spec.scenario, sha256="0" * 64)
    changed = SessionFile(replace(spec, scenario=scenario), saved_file.file)
    assert replayed(changed).departs == ""
    departed = replayed(CHANGED["a typed byte"](changed)).departs
    assert f"the built-in scenario '{scenario.name}' has changed since this was saved" in departed


# -- as a command ----------------------------------------------------------------------------------


def test_the_command_prints_the_hash_or_says_what_departs(saved_file, tmp_path, said):
    path = tmp_path / "same.session.yaml"
    path.write_text(text_of(saved_file.spec, path))
    assert said("replay", path) == (0, f"{saved_file.spec.trace.sha256}\n", "")
    path.write_text(text_of(CHANGED["a typed byte"](saved_file).spec, path))
    status, out, err = said("replay", path)
    assert (status, out) == (1, "")
    assert err.startswith(f"kerneltui: {path}: departs at event")
    assert err.count("\n") == 1
    path.write_text(text_of(replace(saved_file.spec, trace=None), path))
    status, out, err = said("replay", path)
    assert (status, out) == (0, f"{saved_file.spec.trace.sha256}\n")
    assert "nothing was compared" in err
