"""What the tests of machine code share."""

import native_bench
import pytest


@pytest.fixture(autouse=True)
def _closed_machines():
    """An engine holds what it calls, and that holds the engine: the collector does not see it."""
    yield
    for machine in native_bench.OPEN:
        machine.close()
    native_bench.OPEN.clear()
