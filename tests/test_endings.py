"""Signals that end a command, whenever they come."""

from __future__ import annotations

import signal
import sys
import time
import weakref

import pytest

from kerneltui.endings import Endings


class Thing:
    pass


def work(thing=None):
    del thing
    end = time.monotonic() + 10
    while time.monotonic() < end:
        pass


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_command_with_its_status(number):
    with Endings() as endings, pytest.raises(KeyboardInterrupt):
        signal.raise_signal(number)
    assert endings.status == 128 + number
    assert signal.getsignal(number) is signal.SIG_DFL


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_that_comes_where_python_ignores_errors_is_not_lost(number):
    things = [Thing()]
    gone = weakref.ref(things[0], lambda _: signal.raise_signal(number))
    before = sys.unraisablehook
    with Endings() as endings, pytest.raises(KeyboardInterrupt):
        work(things.pop())
    assert gone() is None
    assert endings.status == 128 + number
    assert sys.unraisablehook is before


def test_other_errors_that_python_ignores_are_told_as_before(monkeypatch):
    told = []
    monkeypatch.setattr(sys, "unraisablehook", lambda lost: told.append(lost.exc_type))

    def fail(_):
        raise ValueError

    thing = Thing()
    gone = weakref.ref(thing, fail)
    with Endings():
        del thing
    assert gone() is None
    assert told == [ValueError]
