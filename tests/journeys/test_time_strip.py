"""The strip of time: to scale, of one width, and nothing stands where something else does."""

import re

from hypothesis import given
from hypothesis import strategies as st

from kerneltui.debugger.views.path import Due
from kerneltui.tui.panels.time_strip import time_strip
from kerneltui.tui.widgets.lines import cells, line_text

S = 1_000_000_000


def due(*items):
    return [Due(name, in_ns, number == 0) for number, (name, in_ns) in enumerate(items)]


def test_what_is_due_stands_where_its_time_is():
    text = line_text(time_strip(due(("a", S), ("b", 2 * S), ("c", 4 * S)), 111))
    assert text.startswith("now ├")
    assert text.endswith("┤ 5 s")
    strip = text[len("now ├") : text.index("┤")]
    places = [strip.index(sign) / (len(strip) - 1) for sign in ("◆ a", "○ b", "○ c")]
    for place, wanted in zip(places, (1 / 5, 2 / 5, 4 / 5), strict=True):
        assert abs(place - wanted) < 0.01


def test_nothing_due_and_no_room_leave_it_empty():
    assert line_text(time_strip([], 100)) == ""
    assert line_text(time_strip(due(("a", 1)), 20)) == ""


@given(
    st.lists(st.tuples(st.text("abc ü漢", min_size=1, max_size=30), st.integers(-S, 3_000 * S)),
             min_size=1, max_size=5),
    st.integers(30, 300),
)  # fmt: skip
def test_it_always_has_its_width_and_no_time_is_late_on_it(items, width):
    ordered = sorted(items, key=lambda item: item[1])
    text = line_text(time_strip(due(*ordered), width))
    assert cells(text) == width
    assert re.fullmatch(r"now ├.*┤ [0-9.]+ (ns|us|ms|s|min|h)", text)
