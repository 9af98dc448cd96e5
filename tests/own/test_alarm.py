"""What takes long on the wall without an access is ended, and said not to be reproducible."""

import pytest
from own.broken import SYSTEM_TIMER, changed

from kerneltui.machine import meter
from kerneltui.own.options import drivers_named
from kerneltui.scenarios.scenario import open_session
from kerneltui.sessions.saving import NotKeptError, spec_of

BEGIN = "    def set_timeout_irq(self, due_ns):\n"
SLOW = f"{BEGIN}        for _ in range(400_000):  # BAD\n            sum(range(400))\n"


def test_the_alarm_ends_the_run_and_no_file_holds_it(tmp_path, monkeypatch):
    monkeypatch.setattr(meter, "LOOK_S", 0.01)
    monkeypatch.setattr(meter, "STALL_LOOKS", 3)
    path = tmp_path / "mine.py"
    path.write_text(changed(SYSTEM_TIMER, BEGIN, SLOW))
    session = open_session("rpi4", "timer-callbacks", drivers=drivers_named([f"timer={path}"]))
    session.boot()
    reason = session.machine.halt_reason
    assert f"{path}, line 29: {meter.ALARM}: " in reason
    assert "the run cannot be done again (in MyTimer.set_timeout_irq)" in reason
    session.view()
    with pytest.raises(NotKeptError, match="the alarm has ended this run"):
        spec_of(session)
    session.close()
