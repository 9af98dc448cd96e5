"""The engine: what it does not tell is found, and what if not."""

import pytest
from native_bench import MS, Run, image_path

from kerneltui.machine.native import assembly, engine
from kerneltui.machine.native.calibration import Calibration, calibration

NOTHING = Calibration(-1, -1)


def test_the_places_are_found():
    found = calibration()
    assert found.is_exact
    assert found.syndrome_at > 0


@pytest.mark.parametrize("name", ["cntp_gic", "el0_svc", "mmu", "el3"])
def test_without_the_counter_the_same_comes_of_a_run(monkeypatch, name):
    until = 2 * MS
    usual = Run(name, traced=True).until(until)
    monkeypatch.setattr(engine, "calibration", lambda: calibration()._replace(counter_at=-1))
    slow = Run(name, traced=True).until(until)
    assert not slow.machine.core.engine.is_exact
    assert slow.outcome == usual.outcome
    assert "takes much longer" in slow.machine.core.trouble


def test_without_the_syndrome_no_image_is_run(monkeypatch, said):
    monkeypatch.setattr(assembly, "calibration", lambda: NOTHING)
    status, out, err = said("run", "--kernel", image_path("storm"), "--until", "1ms")
    assert (status, out) == (2, "")
    assert err.startswith("kerneltui: this release of unicorn does not tell why")
    assert err.count("\n") == 1


def test_registers_and_state_are_kept():
    run = Run("cntp_gic").until(1 * MS)
    core = run.machine.core
    frozen, before = core.engine.freeze(), core.engine.general()
    run.until(5 * MS)
    assert core.engine.general() != before
    core.engine.thaw(frozen)
    assert core.engine.general() == before


def test_an_engine_that_was_never_started_has_no_state():
    core = Run("cntp_gic").machine.cores[1]
    assert core.engine.freeze() is None
    assert core.privilege() == "off"
    assert core.frames() == []
    assert core.pending is None


def test_what_a_device_raises_reaches_the_caller():
    run = Run("cntp_gic")

    def broken(_index, _cpu):
        raise RuntimeError("broken")

    file = run.machine.devices["gic"].files["GICC_NS"]
    file.port(file.slot_at(0x0C)).read = broken
    with pytest.raises(RuntimeError, match="broken"):
        run.until(3 * MS)
