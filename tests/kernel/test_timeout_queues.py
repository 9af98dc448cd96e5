"""The structures of the timeout queue: one order for all, and each its own cost and shape."""

import json
import pickle

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from msgspec.structs import replace

from kerneltui.debugger.views.queue_shapes import MOST_SHOWN, shape_view
from kerneltui.kernel.time.queues.shapes import Array, Sublists, Tree, Wheel
from kerneltui.kernel.time.queues.timeout import Timeout
from kerneltui.kernel.time.timeout_queue import QUEUES, make_queue
from kerneltui.machine.board import load_board
from kerneltui.scenarios.changes import Changes
from kerneltui.scenarios.reading import load_scenario
from kerneltui.scenarios.scenario import make_session

MS = 1_000_000
S = 1_000 * MS
YEAR = 365 * 86_400 * S

every = pytest.mark.parametrize("name", QUEUES)


def timeout(ident, due, period=None):
    return Timeout(ident, due, period, int, f"t{ident}")


def filled(name, dues):
    queue = make_queue(name)
    for ident, due in enumerate(dues, 1):
        queue.push(timeout(ident, due))
    return queue


def scattered(count, span=1 << 62):
    return [(number * 2_654_435_761) % span for number in range(1, count + 1)]


def keys(timeouts):
    return [(item.due_ns, item.ident) for item in timeouts]


def drain(queue):
    return keys(queue.pop() for _ in range(len(queue)))


def drawn(shape):
    """All timeouts that a shape shows, stale ones left out."""
    match shape:
        case Sublists(count, rows):
            assert count == len(rows)
            return [item for row in rows for item in whole(row)]
        case Array(row):
            return list(whole(row))
        case Tree(size, levels, stale):
            assert size == sum(map(len, levels))
            places = [(lv, n, item) for lv, row in enumerate(levels) for n, item in enumerate(row)]
            return [item for level, n, item in places if (level, n) not in stale]
        case Wheel(ready, levels, beyond):
            slots = [item for level in levels for slot in level.slots for item in whole(slot.row)]
            return [*whole(ready), *slots, *whole(beyond)]


def whole(row):
    assert row.length == len(row.timeouts)
    return row.timeouts


def counters(queue):
    work = queue.work
    return (work.operations, work.comparisons, work.moves, work.last_operation,
            work.last_comparisons, work.last_moves)  # fmt: skip


# -- order -----------------------------------------------------------------------------------------

near = st.integers(-5, 5_000)
dues = st.one_of(
    st.sampled_from([0, 1000, 1023, 1024, 65_536, 4 * MS, S, YEAR, 1 << 56, 1 << 63]),
    near,
    st.integers(0, 20 * S),
    st.integers(0, 3 * YEAR),
    st.integers(0, 1 << 70),
)
operations = st.lists(
    st.one_of(
        st.tuples(st.just("push"), dues),
        st.tuples(st.just("after"), dues),
        st.tuples(st.just("pop"), st.none()),
        st.tuples(st.just("back"), dues),
        st.tuples(st.just("remove"), st.integers(0, 1000)),
        st.tuples(st.just("again"), st.integers(0, 1000)),
        st.tuples(st.just("pickle"), st.none()),
    ),
    max_size=80,
)


class Model:
    """A plain list, sorted each time, and a queue that must agree."""

    def __init__(self, name):
        self.queue, self.pending, self.ident, self.now = make_queue(name), [], 0, 0

    def put(self, item):
        self.queue.push(item)
        self.pending.append(item)
        self.pending.sort(key=lambda other: (other.due_ns, other.ident))

    def push(self, due):
        self.ident += 1
        self.put(timeout(self.ident, due))

    def after(self, delay):
        self.push(self.now + delay)

    def pop(self, _):
        if not self.pending:
            with pytest.raises(IndexError):
                self.queue.pop()
            return None
        expected, found = self.pending.pop(0), self.queue.pop()
        assert found is expected
        self.now = max(self.now, found.due_ns)
        return found

    def back(self, period):
        """A periodic timeout comes back, maybe due already."""
        item = self.pop(None)
        if item is not None:
            item.period_ns = period
            item.refresh()
            self.put(item)

    def remove(self, number):
        if not self.pending:
            return None
        item = self.pending.pop(number % len(self.pending))
        assert item in self.queue
        self.queue.remove(item)
        return item

    def again(self, number):
        """Removed, and set anew for the same time."""
        item = self.remove(number)
        if item is not None:
            self.put(item)

    def pickle(self, _):
        self.queue, self.pending = pickle.loads(pickle.dumps((self.queue, self.pending)))

    def check(self):
        queue, pending = self.queue, self.pending
        assert queue.head() is (pending[0] if pending else None)
        assert len(queue) == len(pending)
        assert bool(queue) == bool(pending)
        assert list(queue) == pending
        assert sorted(keys(drawn(queue.shape()))) == keys(pending)
        assert all(item in queue for item in pending)


@every
@settings(max_examples=75)
@given(steps=operations)
def test_every_structure_does_what_a_list_sorted_each_time_does(name, steps):
    model = Model(name)
    for kind, amount in steps:
        getattr(model, kind)(amount)
        model.check()
    assert drain(model.queue) == keys(model.pending)


@every
def test_thousands_in_any_order_come_out_in_order(name):
    """So many that sublists split and join, and that every level of the wheel cascades."""
    times = [*scattered(3_000), *scattered(3_000, S), *[S] * 500]
    if name == "vec":
        times = times[::8]
    queue = filled(name, times)
    pending = list(queue)
    for item in pending[::3]:
        queue.remove(item)
    del pending[::3]
    assert list(queue) == pending
    assert sorted(keys(drawn(queue.shape()))) == keys(pending)
    assert drain(queue) == keys(pending)


@every
def test_equal_due_times_are_first_in_first_out_even_when_one_comes_back(name):
    queue = filled(name, [1000] * 50)
    first = queue.pop()
    queue.push(first)
    assert [queue.pop().ident for _ in range(50)] == list(range(1, 51))


@every
def test_what_is_due_before_the_latest_popped_goes_first(name):
    queue = filled(name, [5 * S, 6 * S])
    queue.pop()
    for ident, due in ((3, 2 * S), (4, S), (5, 5 * S), (6, S)):
        queue.push(timeout(ident, due))
    assert [queue.pop().ident for _ in range(5)] == [4, 6, 3, 5, 2]


@every
def test_a_far_head_does_not_keep_near_ones_from_being_set(name):
    queue = filled(name, [YEAR])
    queue.push(timeout(2, MS))
    assert queue.head().ident == 2
    assert drain(queue) == [(MS, 2), (YEAR, 1)]


@every
def test_remove_is_by_identity_and_says_what_is_not_pending(name):
    queue = filled(name, [10, 2_000, 5 * S])
    before = counters(queue)
    for due in (10, 2_000, 5 * S, YEAR):
        twin = timeout({10: 1, 2_000: 2}.get(due, 3), due)
        assert twin not in queue
        with pytest.raises(ValueError, match=f"timeout {twin.ident} 't{twin.ident}' is not pend"):
            queue.remove(twin)
    assert "t1" not in queue
    assert counters(queue) == before
    assert len(queue) == 3


@every
def test_a_popped_or_removed_timeout_is_not_in(name):
    queue = filled(name, [10, 20, 30])
    popped, (removed, _) = queue.pop(), queue
    queue.remove(removed)
    assert popped not in queue
    assert removed not in queue
    with pytest.raises(ValueError, match="not pending"):
        queue.remove(removed)


@every
def test_looking_changes_nothing(name):
    queue = filled(name, scattered(300))
    for item in list(queue)[5:60:5]:
        queue.remove(item)
    before, work = pickle.dumps(queue), counters(queue)
    half = iter(queue)
    next(half), next(half)
    list(queue), queue.head(), queue.shape(), len(queue), queue.head() in queue
    assert pickle.dumps(queue) == before
    assert counters(queue) == work


@every
def test_a_restored_queue_goes_on_exactly_alike_counters_too(name):
    queue = filled(name, scattered(3_500 if name != "vec" else 300, S))
    for item in list(queue)[::5]:
        queue.remove(item)
    for _ in range(40):
        queue.pop()
    twin = pickle.loads(pickle.dumps(queue))
    for ident in range(10_000, 10_100):
        seen = []
        for each in (queue, twin):
            item = each.pop()
            each.push(timeout(ident, item.due_ns + ident * 997))
            third = list(each)[2]
            each.remove(third)
            seen.append((keys([item, third]), counters(each)))
        assert seen[0] == seen[1]


def test_an_unknown_structure_is_a_key_error():
    with pytest.raises(KeyError):
        make_queue("bag")


# -- work ------------------------------------------------------------------------------------------


def per_turn(name, count, turns=64):
    """Comparisons and moves of a pop and a push, on average, with so many pending."""
    queue = filled(name, scattered(count, S))
    comparisons, moves = queue.work.comparisons, queue.work.moves
    for due in scattered(turns, S):
        item = queue.pop()
        item.due_ns += due
        queue.push(item)
    work = queue.work
    return (work.comparisons - comparisons) / turns, (work.moves - moves) / turns


def test_the_vec_compares_with_all_that_is_pending():
    small, large = per_turn("vec", 100)[0], per_turn("vec", 800)[0]
    assert 99 <= small <= 99 + 20
    assert 799 <= large <= 799 + 30


@pytest.mark.parametrize("name", ["sorted", "heap"])
def test_sorted_and_heap_compare_a_few_times_more_when_doubled_often(name):
    small, large = per_turn(name, 64)[0], per_turn(name, 64 * 256)[0]
    assert small + 4 <= large <= small + 12


def test_the_wheel_compares_and_moves_no_more_with_many_than_with_few():
    small, large = per_turn("wheel", 64, 400), per_turn("wheel", 64 * 256, 40_000)
    assert small[0] <= large[0] <= 8
    assert large[1] <= 8


@every
def test_a_lone_timeout_is_compared_with_nothing(name):
    queue = filled(name, [S])
    assert counters(queue)[:5] == (1, 0, 1, "push", 0)
    queue.pop()
    assert counters(queue)[:2] == (2, 0)
    assert queue.work.last_operation == "pop"


def test_what_the_last_operation_did_is_told_apart_from_the_total():
    queue = filled("heap", [30, 20, 10])
    assert counters(queue) == (3, 2, 5, "push", 1, 2)
    queue.pop()
    assert (queue.work.last_operation, queue.work.last_comparisons) == ("pop", 1)
    assert queue.work.comparisons == 3


def test_moves_of_the_sorted_structures_are_those_that_make_room():
    queue = filled("sorted", [10, 20, 30])
    queue.push(timeout(4, 15))
    assert queue.work.last_moves == 3
    queue.pop()
    assert (queue.work.last_comparisons, queue.work.last_moves) == (0, 3)
    queue = filled("vec", [10, 20, 30])
    queue.push(timeout(4, 25))
    assert queue.work.last_moves == 3
    queue.pop()
    assert (queue.work.last_comparisons, queue.work.last_moves) == (0, 0)


def test_splits_and_joins_of_sublists_count_as_moves():
    queue = filled("sorted", range(2_000))
    queue.push(timeout(3_000, 5_000))
    assert queue.work.last_moves == 1 + 1_001
    assert [row.length for row in queue.shape().rows] == [1_000, 1_001]
    for _ in range(499):
        queue.pop()
    queue.pop()
    assert queue.work.last_moves == 500 + 1_001
    assert [row.length for row in queue.shape().rows] == [1_501]


def test_the_same_timeouts_cost_the_same_wherever_they_are():
    one, other = filled("wheel", scattered(500)), filled("wheel", scattered(500))
    drain(one), drain(other)
    assert counters(one) == counters(other)


# -- shapes ----------------------------------------------------------------------------------------


def test_a_removed_entry_stays_in_the_heap_as_a_stale_one():
    queue = filled("heap", [10, 20, 30, 40])
    gone = list(queue)[2]
    queue.remove(gone)
    shape = queue.shape()
    assert [keys(level) for level in shape.levels] == [[(10, 1)], [(20, 2), (30, 3)], [(40, 4)]]
    assert shape.stale == {(1, 1)}
    queue.push(gone)
    assert queue.shape().stale == frozenset()
    assert counters(queue)[3:] == ("push", 0, 0), "it still lay where it belongs"


def test_the_top_of_the_heap_is_never_stale():
    queue = filled("heap", [10, 20, 30, 40])
    queue.remove(queue.head())
    assert keys([queue.head()]) == [(20, 2)]
    assert keys(queue.shape().levels[0]) == [(20, 2)]


def test_stale_entries_do_not_pile_up():
    queue = filled("heap", [10])
    for ident in range(2, 5_000):
        item = timeout(ident, S + ident)
        queue.push(item)
        queue.remove(item)
        assert sum(len(level) for level in queue.shape().levels) < 40
    assert len(queue) == 1


def test_what_was_cleaned_out_of_the_heap_can_be_put_in_again():
    queue = filled("heap", range(100))
    gone = list(queue)[10:]
    for item in gone:
        queue.remove(item)
    for item in gone:
        queue.push(item)
    assert drain(queue) == [(due, due + 1) for due in range(100)]


def test_the_heap_is_a_heap():
    queue = filled("heap", scattered(200))
    for item in list(queue)[3:150:2]:
        queue.remove(item)
    order = [item for level in queue.shape().levels for item in level]
    for place, item in enumerate(order[1:], 1):
        assert keys([order[(place - 1) // 2]]) < keys([item])


def test_slots_of_the_wheel_are_coarser_from_level_to_level():
    queue = filled("wheel", [5 << 10, 3 << 16, 2 << 22, 63 << 28, 1 << 34, 1 << 40, YEAR, 0])
    shape = queue.shape()
    assert [level.granularity_ns for level in shape.levels] == [
        1 << 10, 1 << 16, 1 << 22, 1 << 28, 1 << 34, 1 << 40
    ]  # fmt: skip
    assert [[slot.index for slot in level.slots] for level in shape.levels] == [
        [5], [3], [2], [63], [1], [1]
    ]  # fmt: skip
    assert keys(shape.ready.timeouts) == [(0, 8)]
    assert keys(shape.beyond.timeouts) == [(YEAR, 7)]


def test_beyond_the_wheel_is_what_differs_above_its_highest_level():
    queue = filled("wheel", [(1 << 46) - 1, 1 << 46, 30 * 86_400 * S, YEAR])
    shape = queue.shape()
    assert [slot.index for slot in shape.levels[5].slots] == [63]
    assert [item.ident for item in shape.beyond.timeouts] == [2, 3, 4]
    queue.pop(), queue.pop()
    assert [item.ident for item in queue.shape().beyond.timeouts] == [3, 4]
    assert [queue.pop().ident for _ in range(2)] == [3, 4]


def test_a_slot_is_taken_apart_when_the_base_gets_into_it():
    queue = filled("wheel", [(1 << 16) + 7, (1 << 16) + 5, (1 << 16) + 3000, 2 << 16])
    queue.pop()
    shape = queue.shape()
    assert keys(shape.ready.timeouts) == [((1 << 16) + 7, 1)]
    assert [level.current for level in shape.levels[:2]] == [0, 1]
    assert [[slot.index for slot in level.slots] for level in shape.levels[:2]] == [[2], [2]]
    assert queue.work.last_moves == 3
    assert queue.work.last_comparisons == 1


@every
@settings(max_examples=40)
@given(st.lists(dues, min_size=1, max_size=90), st.integers(1, 40), st.integers(0, 20))
def test_a_part_of_a_shape_is_the_whole_but_for_what_is_cut(name, times, limit, popped):
    queue = filled(name, times)
    for _ in range(min(popped, len(times) - 1)):
        queue.pop()
    part, shape = queue.shape(limit), queue.shape()
    match part:
        case Sublists(count, rows):
            assert (count, len(rows)) == (shape.count, min(count, limit))
            assert all(is_start(row, full) for row, full in zip(rows, shape.rows, strict=False))
        case Array(row):
            assert (row.length, row.timeouts) == (len(queue), shape.row.timeouts[-limit:])
        case Tree(size, levels, stale):
            assert (size, levels) == (shape.size, shape.levels[: len(levels)])
            assert stale == {place for place in shape.stale if place[0] < len(levels)}
            assert len(levels) == len(shape.levels) or sum(map(len, levels)) >= limit
        case Wheel(ready, levels, beyond):
            assert ready.length == shape.ready.length
            assert ready.timeouts == shape.ready.timeouts[-limit:]
            assert is_start(beyond, shape.beyond)
            for level, full in zip(levels, shape.levels, strict=True):
                assert [slot.index for slot in level.slots] == [slot.index for slot in full.slots]
                for slot, other in zip(level.slots, full.slots, strict=True):
                    assert is_start(slot.row, other.row)


def is_start(row, full):
    assert row.length == full.length
    return row.timeouts == full.timeouts[: max(len(row.timeouts), 1)]


@pytest.mark.parametrize("name", ["sorted", "heap", "wheel"])
def test_the_picture_of_thousands_is_small_and_has_the_head_in_it(name):
    queue = filled(name, [*scattered(5_000, 100 * S), *[50 * S] * 500])
    for item in list(queue)[1::7]:
        queue.remove(item)
    picture = json.dumps(msgspec.to_builtins(shape_view(queue)))
    assert f'"ident": {queue.head().ident},' in picture
    assert picture.count('"ident"') <= 6 * MOST_SHOWN


@settings(max_examples=50)
@given(st.lists(st.one_of(st.integers(0, 1 << 50), near), min_size=1, max_size=60))
def test_the_occupied_slots_of_the_wheel_are_all_ahead(times):
    queue = filled("wheel", times)
    for _ in range(len(times)):
        for level in queue.shape().levels:
            assert all(level.current < slot.index < 64 for slot in level.slots)
            assert all(slot.row.length for slot in level.slots)
        queue.pop()


# -- the whole machine -----------------------------------------------------------------------------


def trace_with(queue, scenario, until, board="rpi4"):
    loaded = load_scenario(scenario)
    some = loaded.workload.timeouts[:1_000]
    changed = structs.replace(loaded, workload=replace(loaded.workload, timeouts=some))
    session = make_session(load_board(board), changed, changes=Changes(queue=queue))
    session.run_until(until)
    structure = type(session.kernel.time_manager.queue).__name__
    return structure, list(session.recorder.events), session.recorder.console.lines()


@pytest.mark.parametrize(
    ("scenario", "until"),
    [
        ("burst", 1_200 * MS),
        ("same-deadline", 3 * S),
        ("nested", 3 * S),
        ("timer-callbacks", 6 * S),
    ],
)
def test_a_trace_does_not_tell_which_structure_was_used(scenario, until):
    ran = {queue: trace_with(queue, scenario, until) for queue in QUEUES}
    assert len({structure for structure, _, _ in ran.values()}) == len(QUEUES)
    for _, trace, lines in ran.values():
        assert len(trace) > 100
        assert trace == ran["sorted"][1]
        assert lines == ran["sorted"][2]
        assert len(lines) > 10


@pytest.mark.parametrize("board", ["rpi3", "rpi4", "x86"])
def test_the_queue_structures_scenario_says_the_same_with_each(board):
    ran = {queue: trace_with(queue, "queue-structures", 30 * S, board) for queue in QUEUES}
    assert len({structure for structure, _, _ in ran.values()}) == len(QUEUES)
    said = "\n".join(ran["sorted"][2])
    for words in ("no answer, given up", "> cancel 42", "typed late, due early"):
        assert words in said
    assert "no timeout" not in said
    assert all(trace == ran["sorted"][1] for _, trace, _ in ran.values())
    assert all(lines == ran["sorted"][2] for _, _, lines in ran.values())
