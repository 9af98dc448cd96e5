"""The line discipline: what is echoed is what is in the line, whatever is typed."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerneltui.kernel.shell.line_editor import HISTORY, LIMIT, LineEditor

UP, DOWN = b"\x1b[A", b"\x1b[B"
KEYS = st.sampled_from([b"a", b"Z", b" ", b"\x7f", b"\b", b"\x15", b"\x03", b"\r", b"\n", b"\r\n",
                        UP, DOWN, b"\x1bOA", b"\x1b[1;5C", b"\x1b[3~", b"\x1b", b"\xff",
                        b"word " * 30])  # fmt: skip
TYPED = st.lists(KEYS | st.binary(max_size=4), max_size=60).map(b"".join)


class Terminal:
    """Shows an echo: the line that the cursor is in, and the bells."""

    def __init__(self):
        self.line, self.column, self.bells = "", 0, 0

    def show(self, echo):
        for char in echo:
            if char == "\n":
                self.line, self.column = "", 0
            elif char == "\b":
                assert self.column > 0
                self.column -= 1
            elif char == "\a":
                self.bells += 1
            else:
                assert " " <= char <= "~"
                self.line = self.line[: self.column] + char + self.line[self.column + 1 :]
                self.column += 1

    @property
    def text(self):
        return self.line[: self.column]


def type_into(editor, data, terminal=None):
    """The completed lines."""
    terminal = terminal or Terminal()
    lines = []
    for byte in data:
        fed = editor.feed(byte)
        terminal.show(fed.echo)
        if fed.line is not None:
            lines.append(fed.line)
    return lines


@given(TYPED)
def test_what_is_echoed_is_what_is_in_the_line(data):
    editor, terminal = LineEditor(), Terminal()
    for byte in data:
        shown = editor.text
        echo, line = editor.feed(byte)
        terminal.show(echo)
        assert terminal.text == editor.text
        assert terminal.line[terminal.column :].strip() == ""
        assert len(editor.text) <= LIMIT
        if line is not None:
            assert (line, editor.text) == (shown, "")
            assert line.isascii()
            assert line == "" or line.isprintable()


@given(st.binary(max_size=300), st.integers(0, 300))
def test_an_editor_goes_on_from_a_pickle_as_if_nothing_had_been(data, cut):
    whole = LineEditor()
    type_into(whole, data[:cut], terminal := Terminal())
    half, other_terminal = pickle.loads(pickle.dumps((whole, terminal)))
    assert type_into(half, data[cut:], other_terminal) == type_into(whole, data[cut:], terminal)
    assert half.text == whole.text == other_terminal.text


@pytest.mark.parametrize(
    ("typed", "lines", "left"),
    [
        (b"one\rtwo\r\nthree\n\nfour", ["one", "two", "three", ""], "four"),
        (b"\r\r\n\n", ["", "", ""], ""),
        (b"ax\x7fbx\bc\r", ["abc"], ""),
        (b"\x7f\b\x7fok\r", ["ok"], ""),
        (b"rubbish\x15good\r", ["good"], ""),
        (b"rubbish\x03good\r", ["good"], ""),
        (b"a\tb\x00c\x80\xffd\r", ["abcd"], ""),
        (b"a\x1b[1;5Cb\x1b[3~c\x1b[Hd\x1bMe\x1bOPf\r", ["abcdef"], ""),
        (b"a\x1b\rb\x1b[\rc\x1b[1\x7fd", ["a", "b"], "d"),
    ],
)
def test_editing(typed, lines, left):
    editor = LineEditor()
    assert type_into(editor, typed) == lines
    assert editor.text == left


def test_ctrl_c_says_so_and_begins_a_new_line():
    editor = LineEditor()
    type_into(editor, b"abc")
    assert editor.feed(3) == ("^C\n", None)
    assert editor.text == ""


def test_a_line_beyond_the_limit_rings_and_keeps_what_fits():
    editor, terminal = LineEditor(), Terminal()
    assert type_into(editor, b"x" * LIMIT, terminal) == []
    assert terminal.bells == 0
    assert type_into(editor, b"yy\x7fz\r", terminal) == ["x" * (LIMIT - 1) + "z"]
    assert terminal.bells == 2


def test_history_goes_back_and_returns_to_what_was_being_typed():
    editor, terminal = LineEditor(), Terminal()
    type_into(editor, b"first\rsecond\rsecond\r\r   \rdra", terminal)
    for key, text in [(UP, "second"), (UP, "first"), (UP, "first"), (DOWN, "second"),
                      (DOWN, "dra"), (DOWN, "dra"), (b"\x1bOA", "second")]:  # fmt: skip
        type_into(editor, key, terminal)
        assert editor.text == terminal.text == text
    assert terminal.bells == 2
    assert type_into(editor, b"!\r", terminal) == ["second!"]
    assert type_into(editor, UP + b"\r", terminal) == ["second!"]


def test_only_the_latest_lines_are_remembered():
    editor = LineEditor()
    type_into(editor, b"".join(b"%d\r" % n for n in range(HISTORY + 5)))
    type_into(editor, UP * (HISTORY + 20))
    assert editor.text == "5"
