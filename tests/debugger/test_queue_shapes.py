"""Views of the timeout queue: its structure's work, and how the timeouts lie in it."""

import msgspec
import pytest
from read_back import read_back

from kerneltui.debugger.views import PARTS
from kerneltui.debugger.views.queue_shapes import MOST_SHOWN, shape_view
from kerneltui.debugger.views.timeouts import (
    STRUCTURES,
    ArrayView,
    SublistsView,
    TreeView,
    WheelView,
)
from kerneltui.kernel.time.queues.timeout import Timeout
from kerneltui.kernel.time.timeout_queue import QUEUES, make_queue
from kerneltui.scenarios.changes import Changes
from kerneltui.scenarios.scenario import open_session

MS = 1_000_000
S = 1_000 * MS
every = pytest.mark.parametrize("name", QUEUES)


def filled(name, dues):
    queue = make_queue(name)
    for ident, due in enumerate(dues, 1):
        queue.push(Timeout(ident, due, None, int, ""))
    return queue


def ids(entries):
    return [entry.ident for entry in entries]


def session(queue, at_ns=0):
    made = open_session("rpi4", "queue-structures", Changes(queue=queue))
    made.boot()
    if at_ns:
        made.run_until(at_ns)
    return made


def test_every_structure_is_told_in_words():
    assert list(STRUCTURES) == list(QUEUES)
    for name, kind in (("sorted", "list"), ("vec", "array"), ("heap", "heap"), ("wheel", "wheel")):
        assert kind in STRUCTURES[name]


def test_a_sorted_queue_is_its_sublists():
    shape = shape_view(filled("sorted", [30, 10, 20]))
    assert isinstance(shape, SublistsView)
    assert (shape.count, shape.rows[0].length) == (1, 3)
    assert ids(shape.rows[0].entries) == [2, 3, 1]
    assert shape.rows[0].entries[0].due_ns == 10
    many = shape_view(filled("sorted", range(2_001)))
    assert [(row.length, len(row.entries)) for row in many.rows] == [(1_000, 31), (1_001, 31)]
    assert [row.entries[0].due_ns for row in many.rows] == [0, 1_000]


def test_a_vec_is_the_end_of_its_array():
    shape = shape_view(filled("vec", range(100)))
    assert isinstance(shape, ArrayView)
    assert shape.row.length == 100
    assert ids(shape.row.entries) == list(range(MOST_SHOWN, 0, -1))


def test_a_heap_is_its_upper_levels_with_stale_entries_marked():
    queue = filled("heap", range(100))
    gone = list(queue)[4]
    queue.remove(gone)
    shape = shape_view(queue)
    assert isinstance(shape, TreeView)
    assert shape.size == 100
    assert [len(level) for level in shape.levels] == [1, 2, 4, 8, 16, 32]
    assert [entry.ident for level in shape.levels for entry in level if entry.stale] == [gone.ident]


def test_a_wheel_is_its_levels_and_what_is_before_and_after_them():
    queue = filled("wheel", [0, 5 << 10, 5 << 10, 3 << 28, 1 << 50])
    shape = shape_view(queue)
    assert isinstance(shape, WheelView)
    assert [level.granularity_ns for level in shape.levels][:2] == [1 << 10, 1 << 16]
    assert (ids(shape.ready.entries), ids(shape.beyond.entries)) == ([1], [5])
    assert [(slot.index, ids(slot.row.entries)) for slot in shape.levels[0].slots] == [(5, [2, 3])]
    assert [(slot.index, ids(slot.row.entries)) for slot in shape.levels[3].slots] == [(3, [4])]
    queue.pop(), queue.pop()
    assert shape_view(queue).levels[0].current == 5


@every
def test_an_empty_queue_has_a_shape_and_no_head(name):
    empty = open_session("rpi4", "shell", Changes(queue=name))
    empty.boot()
    view = empty.view()
    assert view.queue.head is None
    assert b"ident" not in msgspec.json.encode(view.queue_shape)


@every
def test_a_view_has_the_shape_only_when_it_is_asked_for(name):
    made = session(name, 1_250 * MS)
    before, work = made.generation, msgspec.structs.asdict(made.view(frozenset({"queue"})).queue)
    assert made.view(PARTS - {"queue_shape"}).queue_shape is None
    assert made.view(frozenset({"queue_shape"})).queue_shape is not None
    assert made.generation == before
    assert msgspec.structs.asdict(made.view(frozenset({"queue"})).queue) == work
    assert work["structure"] == name
    assert work["head"] == made.view(frozenset({"timeouts"})).timeouts[0].ident
    view = made.view()
    assert read_back(view) == view


def test_a_program_without_such_a_queue_has_neither_work_nor_shape():
    made = open_session("rpi4", "system-timer")
    made.boot()
    view = made.view()
    assert (view.queue, view.queue_shape) == (None, None)


@pytest.mark.parametrize("board", ["rpi3", "rpi4", "x86"])
def test_the_scenario_gives_each_structure_a_telling_shape(board):
    """Stale entries in the tree, several levels of the wheel, and something beyond them."""

    def shape(queue):
        made = open_session(board, "queue-structures", Changes(queue=queue))
        made.boot()
        made.run_until(1_250 * MS)
        return made.view(frozenset({"queue_shape"})).queue_shape

    tree, wheel = shape("heap"), shape("wheel")
    assert any(entry.stale for level in tree.levels for entry in level)
    assert len(tree.levels) >= 5
    assert sum(bool(level.slots) for level in wheel.levels) >= 4
    assert wheel.beyond.length == 2
    assert max(slot.row.length for level in wheel.levels for slot in level.slots) >= 4
    assert shape("sorted").rows[0].length == shape("vec").row.length > 30
