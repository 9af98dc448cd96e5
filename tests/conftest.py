"""What all tests share."""

import gc
import os
import sys
from contextlib import suppress
from importlib import import_module
from itertools import count
from pathlib import Path
from weakref import WeakSet

import pytest
from greenlet import greenlet
from hypothesis import settings

from kerneltui.cli import run
from kerneltui.machine import hosted_core

# A deadline would be a timing that a test asserts, and fail where the machine is busy.
settings.register_profile("kerneltui", deadline=None, max_examples=60)
settings.load_profile("kerneltui")

# Many objects stay: thousands of tests, and a machine or an app with its past in each.  To look
# through them after every 700 new ones takes a quarter of the time of the journeys; after so many
# as here it takes 3 % of the time, and a worker needs 100 MB more than it would with 300,000.
gc.set_threshold(1_000_000, 10, 20)


def pytest_sessionfinish():
    """What is left goes with the process: pytest would look through it five times before."""
    gc.freeze()


def pytest_xdist_auto_num_workers(config):
    """One more than there are processors: some tests wait for a process or for time to pass."""
    return (os.cpu_count() or 1) + 1


def pytest_collection(session):
    """Of all tests: each worker first imports its share of the files, then finds them all.

    Each worker needs every file, and in a fresh copy it takes three times as long to compile one as
    to import it compiled: so each file is compiled by one worker and not by all of them.
    """
    here, worker = Path(__file__).parent, os.environ.get("PYTEST_XDIST_WORKER", "")
    if not worker or [Path(item).resolve() for item in session.config.args] != [here]:
        return
    files = sorted(here.rglob("test_*.py"))
    sys.path[:0] = sorted({str(file.parent) for file in files})
    workers = int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
    for file in files[int(worker.removeprefix("gw")) :: workers]:
        with suppress(Exception, pytest.skip.Exception):  # told when it is imported again
            import_module(file.stem)


@pytest.fixture(autouse=True)
def _closed_cores(monkeypatch):
    """Close every core that a test leaves open: the stack of its kernel holds the whole machine.

    A greenlet that has begun and not ended is not seen by the garbage collector.
    """
    begun = WeakSet()

    def begin(main):
        begun.add(main.__self__)
        return greenlet(main)

    monkeypatch.setattr(hosted_core, "greenlet", begin)
    yield
    for core in [*begun]:
        core.close()


def _set_state(patch, folder):
    patch.setenv("XDG_STATE_HOME", str(folder / "state"))
    patch.setenv("XDG_DATA_HOME", str(folder / "data"))


@pytest.fixture(autouse=True, scope="session")
def _states(tmp_path_factory):
    """What a person has chosen on this computer is not read, nor written."""
    folder = tmp_path_factory.mktemp("states")
    with pytest.MonkeyPatch.context() as patch:
        _set_state(patch, folder / "shared")
        yield (folder / str(n) for n in count())


@pytest.fixture(autouse=True)
def _own_state(_states, monkeypatch):
    """Each test is the first on its computer: what another has opened is not offered to it."""
    _set_state(monkeypatch, next(_states))


@pytest.fixture
def said(capfdbinary):
    """Runs a command here and answers (status, standard output, standard error)."""

    def call(*arguments):
        status = run([str(item) for item in arguments])
        out, err = capfdbinary.readouterr()
        return status, out.decode(), err.decode()

    return call
