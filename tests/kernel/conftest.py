"""What the tests of the kernel share."""

import pytest

from kerneltui.debugger.history import History
from kerneltui.machine.core import FOREVER


@pytest.fixture
def with_past():
    """Checkpoints are taken, as always outside of these tests: this one goes back."""


@pytest.fixture(autouse=True)
def _without_past(request, monkeypatch):
    """Most tests of the kernel never go back: they run on without checkpoints, which take time."""
    if "with_past" not in request.fixturenames:
        monkeypatch.setattr(History, "_until_checkpoint", lambda _: FOREVER)
