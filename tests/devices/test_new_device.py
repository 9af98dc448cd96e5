"""The device and the board that ARCHITECTURE.md shows to newcomers work as they stand there."""

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from kerneltui.devices import MODELS
from kerneltui.scenarios.scenario import open_session

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
MS = 1_000_000
BASE, INTID = 0xFE00_4000, 32 + 70
LOAD, STATUS = BASE, BASE + 4


def block(language):
    (found,) = re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    return found


@pytest.fixture
def session(tmp_path, monkeypatch):
    """The example's board at its first idle."""
    line = re.search(r'`"(.+)": "kerneltui\.devices\.(\w+):(\w+)"`', TEXT)
    compatible, module, cls = line.groups()
    made = ModuleType(module)
    monkeypatch.setitem(sys.modules, module, made)
    exec(compile(block("python"), module, "exec"), vars(made))
    monkeypatch.setitem(MODELS, compatible, f"{module}:{cls}")
    path = tmp_path / "mine.yaml"
    rpi4 = (ROOT / "configs/boards/rpi4.yaml").read_text(encoding="utf-8")
    path.write_text(rpi4 + block("yaml"), encoding="utf-8")
    session = open_session(str(path), "timer-callbacks")
    session.boot()
    return session


def asserted(session):
    gic = session.machine.devices["gic"]
    return next(item.line for item in gic.interrupts(0) if item.number == INTID)


def test_it_rings_when_it_is_due_until_that_is_cleared(session):
    memory, began = session.machine.memory, session.machine.now
    memory.write(LOAD, 5_000)
    session.run_until(began + 5 * MS - 1)
    assert (asserted(session), memory.read(STATUS)) == (False, 0)
    session.run_until(began + 5 * MS)
    assert (asserted(session), memory.read(STATUS)) == (True, 1)
    memory.write(STATUS, 1)
    assert (asserted(session), memory.read(STATUS)) == (False, 0)


def test_the_dashboard_has_its_registers_and_its_comparator(session):
    session.machine.memory.write(LOAD, 5_000)
    view = session.view()
    (shown,) = (item for item in view.blocks if item.device == "egg-timer")
    assert [item.name for item in shown.registers] == ["LOAD", "STATUS"]
    (comparator,) = (item for item in view.comparators if item.device == "egg-timer")
    assert (comparator.counter, comparator.in_ns) == (5_000, 5 * MS)
