"""Time: timeouts on one comparator, timers, and the clocks that time is read from."""
