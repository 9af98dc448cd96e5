"""``kerneltui new driver``: what it writes loads, and says what is still to be done."""

import pytest
from own.places import IDS, PLACES

from kerneltui.checks.suite import results
from kerneltui.errors import UserError
from kerneltui.own.loading import load_driver
from kerneltui.own.skeleton import class_name, skeleton


@pytest.mark.parametrize(("board", "post"), PLACES, ids=IDS)
def test_a_beginning_loads_and_every_failure_says_what_is_to_be_done(board, post, tmp_path):
    path = tmp_path / "my_own.py"
    path.write_text(skeleton("my_own", post.role, board, post.name))
    driver = load_driver(post.role, path, board)
    assert (driver.post, driver.cls.__name__) == (post, "MyOwn")
    found = [item.outcome.failed for item in results(driver, board, board)]
    failed = [text for text in found if text]
    assert len(failed) > len(found) / 2
    for text in failed:
        assert text.startswith(f"{path}, line ")
        assert "NotImplementedError" in text or "still to be looked up" in text


def test_the_rpi3_has_its_system_timer_elsewhere():
    here, there = skeleton("t", "timer", "rpi4"), skeleton("t", "timer", "rpi3")
    assert "0xFE00_3000" in here
    assert "0xFE00_3000" not in there
    assert 'Irq("peripheral", 3)' in there


def test_a_class_is_called_as_its_file():
    assert class_name("my_timer") == "MyTimer"
    assert class_name("folder/my-gic.py") == "MyGic"
    with pytest.raises(UserError, match="no name for a driver"):
        class_name("2 x")


def test_the_command_writes_a_file_and_never_over_another(said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, out, _ = said("new", "driver", "my_timer", "--role", "timer")
    assert status == 0
    assert "--driver timer=my_timer.py" in out
    assert "kerneltui check my_timer.py --role timer --board rpi4" in out
    status, _, err = said("new", "driver", "my_timer", "--role", "timer")
    assert (status, "is there already" in err) == (2, True)
    status, _, err = said("new", "driver", "x", "--role", "timer", "--board", "x86")
    assert (status, "the role is clock" in err) == (2, True)
