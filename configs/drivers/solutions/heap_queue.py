"""A queue of timeouts as a binary heap, as the lesson "Write a timeout queue" leads to it."""

from kerneltui.kernel.time.timeout_queue import TimeoutQueue, order


class MyQueue(TimeoutQueue):
    """Entry i is due before the entries 2i + 1 and 2i + 2; nothing is said of others."""

    def __init__(self):
        super().__init__()
        self._timeouts = []

    def push(self, timeout):
        """At the end, and from there up as long as it is due before the one above it."""
        self.work.begin("push")
        self._timeouts.append(timeout)
        self._rise(len(self._timeouts) - 1)

    def pop(self):
        """The top; the last one takes its place, and sinks."""
        if not self._timeouts:
            raise IndexError("no timeout is pending")
        self.work.begin("pop")
        return self._take(0)

    def remove(self, timeout):
        """Wherever it is: the last one takes its place."""
        for place, item in enumerate(self._timeouts):
            if item is timeout:
                self.work.begin("remove")
                self._take(place)
                return
        raise ValueError("this timeout is not pending")

    def head(self):
        """The top."""
        return self._timeouts[0] if self._timeouts else None

    def __len__(self):
        return len(self._timeouts)

    def __iter__(self):
        """In order: a heap has none of its own."""
        return iter(sorted(self._timeouts, key=order))

    def _is_before(self, one, other):
        self.work.count(1, 0)
        return order(self._timeouts[one]) < order(self._timeouts[other])

    def _swap(self, one, other):
        timeouts = self._timeouts
        timeouts[one], timeouts[other] = timeouts[other], timeouts[one]
        self.work.count(0, 2)

    def _rise(self, place):
        while place and self._is_before(place, (place - 1) // 2):
            self._swap(place, (place - 1) // 2)
            place = (place - 1) // 2

    def _sink(self, place):
        while 2 * place + 1 < len(self._timeouts):
            child = 2 * place + 1
            if child + 1 < len(self._timeouts) and self._is_before(child + 1, child):
                child += 1
            if not self._is_before(child, place):
                return
            self._swap(child, place)
            place = child

    def _take(self, place):
        timeouts = self._timeouts
        taken, last = timeouts[place], timeouts.pop()
        if taken is not last:
            timeouts[place] = last
            self._rise(place)
            self._sink(place)
        return taken
