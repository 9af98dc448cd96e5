"""The beginning of a lesson: one that works, with a step of each kind."""

from __future__ import annotations

TEXT = """\
# A lesson.  Play it: kerneltui --lesson FILE    Check it: kerneltui lesson check FILE
title: My lesson
about: You can say what a timer event is.
board: {board}
scenario: timer-callbacks
minutes: 10
steps:
  # Something to read.  The student goes on with l.
  - text: |
      The machine sleeps until its timer fires. The **queue** says for what it waits.
    point: [panel 3]

  # A question.  Nobody writes down the answer: a second machine finds it out.
  - text: |
      In the queue timeouts stand in the order of their times.
    predict: {{ask: head, after: n}}
    hints:
      - Look at the second row of the queue.

  # Something to do.  The goal is a condition, as for breakpoints, with further names.
  - text: |
      Run one timer event with `n`.
    goal: {{when: callbacks > 0}}
    hints:
      - Press `n` once.
    solution: "n"
    done: The callback has printed a line on the UART.
"""


def skeleton(board: str) -> str:
    """The text of the file."""
    return TEXT.format(board=board)
