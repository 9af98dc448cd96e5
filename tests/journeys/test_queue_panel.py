"""The queue panel with the screen for itself: the structure that keeps the timeouts in order."""

from __future__ import annotations

import itertools

import pytest
from dashboard import QUEUE, booted, dashboard
from hypothesis import given, settings
from hypothesis import strategies as st

from kerneltui.debugger.views import PARTS
from kerneltui.debugger.views.queue_shapes import shape_view
from kerneltui.debugger.views.timeouts import QueueView
from kerneltui.debugger.watch import CALLBACK_DONE
from kerneltui.kernel.time.queues.timeout import Timeout
from kerneltui.kernel.time.timeout_queue import QUEUES, make_queue
from kerneltui.scenarios.changes import Changes
from kerneltui.scenarios.scenario import open_session
from kerneltui.tui.offers import OfferKind
from kerneltui.tui.panels.queue_shapes import shape_lines, work_lines
from kerneltui.tui.panels.timeouts import TimeoutsPanel
from kerneltui.tui.widgets.lines import line_text
from kerneltui.tui.widgets.looks import LOOKS

MS = 1_000_000
every = pytest.mark.parametrize("name", QUEUES)


def filled(name, dues):
    queue = make_queue(name)
    for ident, due in enumerate(dues, 1):
        queue.push(Timeout(ident, due, None, int, ""))
    return queue


def work(name, queue):
    done, head = queue.work, queue.head()
    return QueueView(
        name, done.operations, done.comparisons, done.moves, done.last_operation,
        done.last_comparisons, done.last_moves, None if head is None else head.ident,
    )  # fmt: skip


def drawn(name, queue, width=76):
    return [line_text(line) for line in shape_lines(work(name, queue), shape_view(queue), width)]


def body(name, queue, width=76):
    """Without the title, the work and the legend."""
    return [
        line for line in drawn(name, queue, width)[1:-1] if not line.startswith(("last", "tot"))
    ]


# -- work ------------------------------------------------------------------------------------------


def test_the_last_operation_and_the_total_are_told_in_words():
    view = QueueView("heap", 120, 1310, 95, "push", 3, 1, 7)
    last = "last: push, 3 comparisons, 1 move"
    total = "total: 120 operations, 1,310 comparisons, 95 moves"
    assert [line_text(line) for line in work_lines(view, 90)] == [f"{last}; {total}"]
    assert [line_text(line) for line in work_lines(view, 76)] == [last, total]


@every
def test_a_queue_that_nothing_was_done_to_has_no_work_to_tell(name):
    lines = drawn(name, make_queue(name))
    assert lines[0].startswith(f"▪ {name}: ")
    assert not [line for line in lines if line.startswith(("last", "total"))]


# -- shapes ----------------------------------------------------------------------------------------


def test_sublists_are_rows_and_long_ones_go_on_below():
    lines = body("sorted", filled("sorted", [n * MS for n in range(1, 21)]))
    assert lines[0].startswith("sublist 0   of   20  ▶1@1  2@2  3@3")
    assert len(lines) > 1
    assert all(line.startswith(" " * 21) for line in lines[1:])
    assert " ".join(lines).split()[4:] == ["▶1@1", *(f"{n}@{n}" for n in range(2, 21))]
    many = body("sorted", filled("sorted", range(3_000)))
    assert [line.split()[:4] for line in many if "of" in line] == [
        ["sublist", "0", "of", "1,000"], ["sublist", "1", "of", "2,000"]
    ]  # fmt: skip
    assert "… 969 more" in "\n".join(many)


def test_an_array_has_the_soonest_at_its_end_and_places_at_the_left():
    lines = body("vec", filled("vec", [n * MS for n in range(100)]))
    assert "37 that are due later" in lines[0]
    assert lines[1].startswith("[ 37]  63@62  62@61")
    assert " ".join(lines).endswith("2@1 [ 99]  ▶1@0")
    places = [int(line[1:4]) for line in lines[1:]]
    counts = [len(line.split("]")[1].split()) for line in lines[1:]]
    assert places == list(itertools.accumulate(counts[:-1], initial=37))


def test_a_tree_stands_level_by_level_with_branches_between():
    queue = filled("heap", [n * MS for n in (10, 20, 30, 40, 50)])
    queue.remove(list(queue)[3])
    assert body("heap", queue, 40) == [
        "                  ▶1@10",
        "          ┌─────────┴─────────┐",
        "        2@20                3@30",
        "     ┌────┴────┐",
        "   ✗4@40     5@50",
    ]  # fmt: skip


def test_every_entry_of_a_tree_hangs_from_the_one_above_it():
    queue = filled("heap", [n * MS for n in range(1, 13)])
    rows = body("heap", queue, 78)
    for above, branches, below in zip(rows[::2], rows[1::2], rows[2::2], strict=False):
        for column, mark in enumerate(branches):
            if mark in "┌┐":
                assert below[max(column - 3, 0) : column + 3].strip(), (column, below)
            if mark in "┴┘":
                assert above[max(column - 3, 0) : column + 3].strip(), (column, above)
    assert sum(row.count("┌") + row.count("┐") for row in rows[1::2]) == 11


def test_levels_of_a_tree_that_do_not_fit_are_counted():
    lines = body("heap", filled("heap", [n * MS for n in range(1_000)]), 76)
    assert lines[-1] == "… 969 more below"
    assert len(lines) == 5 + 4 + 1
    assert "… 937 more below" in body("heap", filled("heap", range(1_000)), 300)


def test_rings_of_a_wheel_show_how_many_are_in_each_slot_and_where_it_stands():
    queue = filled("wheel", [0, 5 << 10, *[9 << 10] * 3, *[7 << 16] * 12, 1 << 50])
    lines = body("wheel", queue)
    assert lines[0].split() == ["ready", "▶1@0"]
    assert lines[-1].split() == ["beyond", f"18@{(1 << 50) // MS}"]
    rings = {line.split()[0]: line for line in lines[1:-1] if "◆" in line}
    assert list(rings) == ["0", "1", "2", "3", "4", "5"]
    assert rings["0"].split()[1:3] == ["1.024", "us"]
    assert rings["0"].split()[3] == "◆····1···3" + "·" * 54
    assert rings["1"].split()[3] == "◆······+" + "·" * 56
    assert "5: 2@0  9: 3@0  4@0  5@0" in "\n".join(lines)
    assert "… 1 more" in "\n".join(body("wheel", filled("wheel", [9 << 20] * 64), 900))
    assert {line.split("◆")[0].strip()[0] for line in lines if "◆" in line} == set("012345")


def test_the_ring_with_the_head_has_the_arrow():
    queue = filled("wheel", [5 << 10, 9 << 10, 7 << 16])
    assert body("wheel", queue)[1].startswith("▶0 ")
    queue.pop(), queue.pop()
    lines = body("wheel", queue)
    assert [line[0] for line in lines if "◆" in line] == [" ", "▶", " ", " ", " ", " "]
    assert lines[1].split()[3].index("◆") == 9


def test_slots_are_told_beside_the_ring_where_there_is_room():
    queue = filled("wheel", [5 << 10, 7 << 16])
    assert len(body("wheel", queue, 137)) == 8
    assert len(body("wheel", queue, 76)) == 10


@every
@settings(max_examples=60)
@given(st.lists(st.integers(0, 1 << 51), max_size=120), st.integers(0, 40), st.integers(76, 300))
def test_every_line_fits_its_width_and_has_a_known_look(name, dues, removed, width):
    queue = filled(name, dues)
    for item in list(queue)[1 : removed + 1]:
        queue.remove(item)
    lines = shape_lines(work(name, queue), shape_view(queue), width)
    for line in lines:
        assert len(line_text(line)) <= width
        assert line_text(line).isprintable()
        assert all(style in LOOKS for _, style, *_ in line)
    if len(queue) and name != "wheel":
        assert sum(f"▶{queue.head().ident}@" in line_text(line) for line in lines) == 1


# -- the panel -------------------------------------------------------------------------------------


def view_of(name, *, shape=True):
    session = open_session("rpi4", "queue-structures", Changes(queue=name))
    session.boot()
    return session.view(PARTS if shape else PARTS - {"queue_shape"})


@every
def test_alone_the_panel_shows_list_and_structure_and_hides_nothing(name):
    panel = TimeoutsPanel()
    view = view_of(name)
    small = [line_text(line) for line in panel.content(view, 100)]
    assert len(small) == 45
    panel.alone = True
    alone = [line_text(line) for line in panel.content(view, 100)]
    titles = [number for number, line in enumerate(alone) if line.startswith(f"▪ {name}")]
    assert titles == [6]
    assert alone[1].startswith("▶")
    for item in view.timeouts:
        assert sum(line.rstrip().endswith(f"  {item.name}") for line in alone) == 1
        assert f"  {item.ident}  " in next(x for x in alone if x.rstrip().endswith(item.name))


def test_without_a_shape_the_panel_alone_is_the_list():
    panel = TimeoutsPanel()
    panel.alone = True
    view = view_of("heap", shape=False)
    assert len(panel.content(view, 76)) == 45


def structure(seen):
    return [line for line in seen.lines(QUEUE) if line.startswith("▪ ")]


async def test_zoom_shows_the_structure_and_all_panels_together_do_not():
    async with dashboard(scenario="queue-structures", keys=["3"]) as seen:
        assert structure(seen) == []
        await seen.press("z")
        await seen.until(lambda: structure(seen))
        assert "▪ sorted: a sorted list of sublists" in seen.screen()
        assert "last: push, 6 comparisons" in seen.screen()
        await seen.press("z")
        await seen.until(lambda: not structure(seen))


async def test_a_small_terminal_shows_it_too_when_the_queue_is_chosen():
    async with dashboard(scenario="queue-structures", size=(80, 24)) as seen:
        assert structure(seen) == []
        await seen.press("3")
        await seen.until(lambda: "▪ sorted" in seen.screen())
        drawn = [line for line in seen.lines(QUEUE) if "@" in line]
        assert all(line.rstrip() in seen.screen() for line in drawn), "nothing is cut"
        await seen.resize(140, 40)
        await seen.until(lambda: not structure(seen))
        await seen.resize(80, 24)
        await seen.until(lambda: "▪ sorted" in seen.screen())


async def test_the_structure_follows_what_happens():
    async with dashboard(scenario="queue-structures", keys=["3", "z"]) as seen:
        await seen.until(lambda: structure(seen))
        before = seen.line(QUEUE, "last: ")
        seen.app.runner.start(CALLBACK_DONE)
        await seen.arrived()
        assert "last: pop" in seen.line(QUEUE, "last: ")
        await seen.go("n")
        assert "last: push" in seen.line(QUEUE, "last: ")
        assert seen.line(QUEUE, "last: ") != before


async def test_another_structure_is_chosen_from_inside_and_kept_for_the_next_scenario():
    async with dashboard(scenario="queue-structures", keys=["3", "z"]) as seen:
        await seen.press("u")
        assert "a hierarchical timing wheel" in seen.screen()
        await seen.press("end", "enter")
        await seen.until(lambda: "▪ wheel" in seen.screen())
        assert "queue-structures" in seen.status()
        await seen.open("rpi3", OfferKind.BOARD)
        await seen.until(lambda: "rpi3" in seen.status())
        assert seen.session.kernel.workload.queue == "wheel"
        await seen.press("u", "escape")
        assert seen.session.kernel.workload.queue == "wheel"


async def test_a_kernel_without_the_queue_can_be_shown_alone():
    session = booted("rpi4", "system-timer")
    async with dashboard(session=session, size=(80, 24), keys=["3"]) as seen:
        empty, armed = seen.lines(QUEUE)
        assert empty == "The queue is empty."
        assert armed == "Armed without it: system-timer C3 = 1000003, in 998.811 ms"
