"""My driver: the queue of timeouts.  What is due first comes out first.

A timeout has due_ns (when it is due) and ident (a number that grows from one to the next, and tells
which was set first).  order(timeout) is both as one number: the smaller comes first, and no two are
equal.

self.work counts what the structure costs, if you tell it: self.work.begin("push") at the beginning
of push, pop and remove, self.work.count(comparisons, moves) as it goes on.  Panel 3 shows it.
What you print() is an event of the trace (panel 6), with the line that printed it.
"""

from kerneltui.kernel.time.timeout_queue import TimeoutQueue, order


class MyDriver(TimeoutQueue):
    """Any structure will do: a sorted list, a heap, a tree, a wheel."""

    def __init__(self):
        super().__init__()
        self._timeouts = []

    def push(self, timeout):
        """Put in a timeout that is not in yet."""
        raise NotImplementedError("put it in")

    def pop(self):
        """Take out the one that is due first, and answer it.  Empty: raise IndexError."""
        raise NotImplementedError("take the first out")

    def remove(self, timeout):
        """Take out this very object, wherever it is.  Not in: raise ValueError."""
        raise NotImplementedError("take this one out")

    def head(self):
        """Answer the one that is due first and leave it there.  Empty: None."""
        raise NotImplementedError("tell the first")

    def __len__(self):
        raise NotImplementedError("tell how many are in")

    def __iter__(self):
        """All of them, in order; the queue stays as it is."""
        raise NotImplementedError("go through them in order")
