"""The scenarios "Find the fault" show what they say, and one store mends them."""

import pytest
from faults import CAUSES, is_puzzle

from kerneltui.configfile import available
from kerneltui.errors import UserError
from kerneltui.kernel.drivers.gicv2 import Gicv2
from kerneltui.kernel.faults import FAULTS, variant
from kerneltui.kernel.faults.faulty_gicv2 import DistributorOff, NoTarget
from kerneltui.kernel.irq import Irq
from kerneltui.kernel.programs import PROGRAMS
from kerneltui.kernel.workload import Workload
from kerneltui.scenarios.reading import load_scenario
from kerneltui.scenarios.scenario import open_session
from kerneltui.tui.copying import panel_text
from kerneltui.tui.panels.path import PathPanel
from kerneltui.units import parse_duration

DOMAINS = {"": "gic", "periph": "peripheral"}
MS = 1_000_000
STORM = 100
"""More than this in 600 ms is none that was asked for."""


def irq_of(text):
    kind, _, number = text.rpartition(":")
    return Irq(DOMAINS.get(kind, kind), int(number, 0))


def handled(session, cause):
    irq = irq_of(cause.interrupt)
    handlers = session.kernel.platform.irq_handlers()
    return sum(handler.count for handler in handlers if handler.irq == irq)


def opened(cause, until):
    session = open_session(cause.board, cause.name)
    session.recorder.trace(False)
    session.boot()
    session.run_until(parse_duration(until))
    return session


def idents(cause):
    return f"{cause.name}-{cause.board}"


def test_every_scenario_of_the_group_has_a_row_for_each_of_its_boards():
    puzzles = [name for name in available("scenarios") if is_puzzle(name)]
    wanted = {(name, board) for name in puzzles for board in load_scenario(name).boards}
    assert sorted((cause.name, cause.board) for cause in CAUSES) == sorted(wanted)
    assert all(name.startswith("fault-") for name, _ in wanted)


@pytest.mark.parametrize("cause", CAUSES, ids=idents)
def test_a_fault_is_seen_as_the_scenario_tells(cause):
    session = opened(cause, cause.until)
    console = "\n".join(session.recorder.console.lines())
    for text in cause.seen:
        assert text in console
    for text in cause.unseen:
        assert text not in console
    reason = session.machine.core.halt_reason
    assert cause.halts in reason
    assert bool(reason) is bool(cause.halts)
    if cause.interrupts is not None:
        least, most = cause.interrupts
        assert least <= handled(session, cause) <= most


MENDED = [cause for cause in CAUSES if cause.mend is not None]


@pytest.mark.parametrize("cause", MENDED, ids=idents)
def test_one_store_mends_it(cause):
    session = opened(cause, cause.at)
    before = handled(session, cause)
    session.poke(cause.mend)
    session.run_until(parse_duration(cause.at) + 600 * MS)
    assert 0 < handled(session, cause) - before < STORM


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_changes_drivers_alone_and_nothing_else(name):
    fault = FAULTS[name]
    assert fault.boards
    assert variant(dict, asked(name)) is dict
    assert len(fault.classes) == len(set(fault.classes))


def asked(*faults):
    """A workload that asks for these."""
    return Workload(faults=frozenset(faults))


def test_a_persons_own_driver_comes_before_any_fault():
    class Mine(Gicv2):
        pass

    wanted = Workload(faults=frozenset({"no-target"}), own={"Gicv2": Mine})
    assert variant(Gicv2, wanted) is Mine
    assert variant(dict, wanted) is dict


def test_without_faults_the_driver_is_itself():
    assert variant(Gicv2, asked()) is Gicv2
    assert variant(Gicv2, asked("timer-off")) is Gicv2
    assert variant(Gicv2, asked("no-target")) is NoTarget


def test_two_faults_of_one_driver_go_together():
    both = variant(Gicv2, asked("no-target", "distributor-off"))
    assert issubclass(both, NoTarget)
    assert issubclass(both, DistributorOff)


def mine(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text(f"title: mine\nprogram: timer-callbacks\n{text}")
    return str(path)


def test_a_scenario_can_be_for_some_boards_alone(tmp_path):
    path = mine(tmp_path, "boards: [rpi3, x86]\n")
    assert load_scenario(path).boards == ("rpi3", "x86")
    with pytest.raises(UserError) as caught:
        open_session("rpi4", path)
    assert str(caught.value) == (
        "the scenario 'mine' is for rpi3 or x86, not for rpi4; write --board rpi3"
    )
    assert open_session(None, path).setup.board.name == "rpi3"


def test_a_board_that_does_not_exist_is_told_with_its_line(tmp_path):
    with pytest.raises(UserError, match=":3: unknown board 'rpi5'; did you mean 'rpi"):
        load_scenario(mine(tmp_path, "boards: [rpi5]\n"))


def test_a_fault_limits_the_boards():
    for name, fault in FAULTS.items():
        assert set(fault.boards) <= set(PROGRAMS["timer-callbacks"].boards), name
    assert load_scenario("fault-pmr").boards == ("rpi4",)


def test_a_scenario_that_no_board_can_run_is_told_as_such(tmp_path):
    from kerneltui.validation import validate_file

    path = tmp_path / "mine.yaml"
    path.write_text("title: t\nprogram: timer-callbacks\nboards: [rpi4]\nboot: hz=100\n")
    with pytest.raises(UserError, match=":2: no kind of board"):
        validate_file(path)


def test_what_a_person_sees_of_a_puzzle_does_not_name_the_fault(said):
    session = open_session("rpi4", "fault-pmr")
    title = "Everything is on, nothing comes"
    assert session.view(frozenset()).scenario == title
    assert panel_text(PathPanel(), session).startswith(f"{PathPanel.KIND.title}: rpi4, {title}, t ")
    session.close()
    _, out, _ = said("run", "--scenario", "fault-pmr", "--until", "1ms", "--json")
    assert '"scenario":"fault-pmr"' in out
