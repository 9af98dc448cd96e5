"""Files that were saved once: every Python, and every later version, does the same from them.

Where a change to the kernel or a board is meant to move events, save them anew: open each with
``kerneltui --session``, and press Ctrl+S.
"""

from pathlib import Path

import pytest

FILES = sorted((Path(__file__).parent / "saved").glob("*.session.yaml"))


def test_there_is_one_for_each_board():
    assert [path.name.partition(".")[0] for path in FILES] == ["rpi3", "rpi4", "x86"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_same_comes_of_it_here(path, said):
    status, out, err = said("replay", path)
    assert (status, err) == (0, "")
    assert out.strip() in path.read_text()
    assert said("validate", path)[0] == 0
