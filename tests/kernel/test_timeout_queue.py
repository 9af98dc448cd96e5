"""The default timeout queue against the simplest model: a list that is sorted each time."""

from hypothesis import given
from hypothesis import strategies as st

from kerneltui.kernel.time.queues.timeout import Timeout
from kerneltui.kernel.time.timeout_queue import make_queue


def timeout(ident, due, period=None):
    return Timeout(ident, due, period, int, f"t{ident}")


def test_an_empty_queue_has_nothing_due():
    queue = make_queue()
    assert queue.head() is None
    assert len(queue) == 0
    assert list(queue) == []


def test_equal_due_times_are_first_in_first_out():
    queue = make_queue()
    for ident in range(1, 200):
        queue.push(timeout(ident, 1000))
    queue.push(timeout(200, 999))
    assert [queue.pop().ident for _ in range(200)] == [200, *range(1, 200)]


@given(st.lists(st.one_of(st.none(), st.integers(0, 20), st.integers(0, 1 << 62)), max_size=200))
def test_what_comes_out_is_what_a_sorted_list_would_give(operations):
    """A number pushes a timeout due then; None pops."""
    queue, model = make_queue(), []
    for ident, due in enumerate(operations):
        if due is not None:
            queue.push(timeout(ident, due))
            model.append((due, ident))
        elif model:
            model.sort()
            expected = model.pop(0)
            popped = queue.pop()
            assert (popped.due_ns, popped.ident) == expected
        assert len(queue) == len(model)
        head = queue.head()
        assert (head and (head.due_ns, head.ident)) == (min(model) if model else None)
        assert [(item.due_ns, item.ident) for item in queue] == sorted(model)


@given(st.integers(0, 1 << 60), st.integers(1, 1 << 40), st.integers(1, 50))
def test_a_periodic_timeout_counts_from_its_last_due_time(due, period, times):
    item = timeout(1, due, period)
    assert item.is_periodic
    for _ in range(times):
        item.refresh()
    assert item.due_ns == due + times * period


def test_a_one_shot_timeout_does_not_come_back():
    item = timeout(1, 500)
    assert not item.is_periodic
    item.refresh()
    assert item.due_ns == 500
